/* test_event_view.c - event_view.h: events of both layouts, made byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <windows.h>

#include <cmocka.h>

#include "event_view.h"

/* The members' offsets on x86, packed to the byte. */
enum {
    EVENT_IDENT = 5,
    FLAGS = 9,
    SEVERITY = 13,
    NUM_COLUMNS = 17,
    SOURCE_NAME = 18,
    EVENT_NAME = 22,
    DESCRIPTION = 26,
    MACHINE = 30,
    JUSTIFICATION = 34,
    SYS_TIME = 42,
    COLUMNS = 58,
    COLUMN_BYTES = 18,
    COLUMN_TYPE = 4,
    COLUMN_VALUE = 8
};

static char name[] = "name";
static unsigned seed = 20261129;

static DWORD random_below(DWORD limit)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % limit;
}

static LPSTR random_text(void)
{
    static char somewhere[1 << 18];

    return random_below(3) == 0 ? NULL : &somewhere[random_below(sizeof somewhere)];
}

static union {
    NMEVENTDATA event;
    BYTE bytes[sizeof(NMEVENTDATA) + 256 * sizeof(NMCOLUMNINFO)];
} made;

static void an_event_of_todays_layout_is_shown_as_it_is(void **state)
{
    EVENT_VIEW view;
    NMCOLUMNINFO column;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        NMEVENTDATA *event = &made.event;
        memset(&made, 0, sizeof made);
        event->EventIdent = random_below(1000000);
        event->Flags = random_below(2) ? 0xFFFFFFFF : random_below(0x1000000) * 256;
        event->Severity = random_below(6);
        event->NumColumns = (BYTE)random_below(256);
        event->szSourceName = random_text();
        event->szEventName = random_text();
        event->szDescription = random_text();
        event->szMachine = random_text();
        event->Justification = random_text();
        event->SysTime.wMilliseconds = (WORD)random_below(1000);
        event->Column[3].szColumnName = name;
        event->Column[3].VariantData.Type = NMCOLUMNTYPE_FLOAT64;
        event->Column[3].VariantData.Value.Float64Val = 1.5;
        event_view(&view, event);
        assert_false(view.packed);
        assert_int_equal(view.EventIdent, event->EventIdent);
        assert_int_equal(view.Flags, event->Flags);
        assert_int_equal(view.Severity, event->Severity);
        assert_int_equal(view.NumColumns, event->NumColumns);
        assert_ptr_equal(view.szSourceName, event->szSourceName);
        assert_ptr_equal(view.szEventName, event->szEventName);
        assert_ptr_equal(view.szDescription, event->szDescription);
        assert_ptr_equal(view.szMachine, event->szMachine);
        assert_ptr_equal(view.Justification, event->Justification);
        assert_int_equal(view.SysTime.wMilliseconds, event->SysTime.wMilliseconds);
        event_column(&view, 3, &column);
        assert_ptr_equal(column.szColumnName, name);
        assert_int_equal(column.VariantData.Type, NMCOLUMNTYPE_FLOAT64);
        assert_true(column.VariantData.Value.Float64Val == 1.5);
    }
}

static void an_event_that_makes_no_sense_either_way_is_todays(void **state)
{
    EVENT_VIEW view;

    (void)state;
    memset(&made, 0xFF, sizeof made);
    event_view(&view, &made.event);
    assert_false(view.packed);
    memset(&made, 0, sizeof made);
    made.event.Severity = 100;
    event_view(&view, &made.event);
    assert_false(view.packed);
    assert_int_equal(view.Severity, 100);
}

#ifndef _WIN64

static char text[] = "text";

static void put(int at, const void *value, size_t bytes)
{
    memcpy(made.bytes + at, value, bytes);
}

static void put_number(int at, DWORD value)
{
    put(at, &value, sizeof value);
}

static void put_text(int at, LPCSTR value)
{
    put(at, &value, sizeof value);
}

static LPSTR text_at(int at)
{
    LPSTR value;

    memcpy(&value, made.bytes + at, sizeof value);
    return value;
}

static void a_packed_event_is_told_by_its_columns_or_any_text(void **state)
{
    static const int texts[] = {SOURCE_NAME, EVENT_NAME, DESCRIPTION, MACHINE, JUSTIFICATION};
    static const DWORD flags[] = {0, 1, 0x80000000, 0x08000000, 0xFE000000, 0xFE000001, 0xFFFFFFFF};
    EVENT_VIEW view;
    int told = 0;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        BOOL empty = TRUE;
        memset(&made, 0, sizeof made);
        put_number(EVENT_IDENT, random_below(1000000));
        put_number(FLAGS, flags[random_below(7)]);
        put_number(SEVERITY, random_below(6));
        made.bytes[NUM_COLUMNS] = (BYTE)random_below(3);
        for (int i = 0; i < 5; i++) {
            LPSTR value = random_text();
            put_text(texts[i], value);
            empty = empty && value == NULL;
        }
        if (empty && made.bytes[NUM_COLUMNS] == 0)
            continue;
        event_view(&view, &made.event);
        if (!view.packed)
            fail_msg("round %d is taken for one of today's", round);
        told++;
        assert_int_equal(view.NumColumns, made.bytes[NUM_COLUMNS]);
        assert_true(view.Severity <= 5);
        assert_ptr_equal(view.szSourceName, text_at(SOURCE_NAME));
        assert_ptr_equal(view.szEventName, text_at(EVENT_NAME));
        assert_ptr_equal(view.szDescription, text_at(DESCRIPTION));
        assert_ptr_equal(view.szMachine, text_at(MACHINE));
        assert_ptr_equal(view.Justification, text_at(JUSTIFICATION));
    }
    assert_true(told > 19000);
}

static void a_packed_event_without_anything_is_an_empty_one(void **state)
{
    EVENT_VIEW view;

    (void)state;
    memset(&made, 0, sizeof made);
    put_number(EVENT_IDENT, 1);
    event_view(&view, &made.event);
    assert_false(view.packed);
    assert_int_equal(view.NumColumns, 0);
    assert_null(view.szEventName);
}

static void packed_columns_are_read(void **state)
{
    static const BYTE ipx[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    static const double number = 2.25;
    EVENT_VIEW view;
    NMCOLUMNINFO column;
    SYSTEMTIME time = {2001, 10, 2, 16, 12, 30, 15, 999};

    (void)state;
    memset(&made, 0, sizeof made);
    put_text(EVENT_NAME, text);
    put_number(FLAGS, NMEVENTFLAG_DO_NOT_DISPLAY_MACHINE);
    put_number(SEVERITY, NMEVENT_SEVERITY_ERROR);
    made.bytes[NUM_COLUMNS] = 16;
    put(SYS_TIME, &time, sizeof time);
    for (int i = 0; i < 16; i++) {
        put_text(COLUMNS + COLUMN_BYTES * i, name);
        put_number(COLUMNS + COLUMN_BYTES * i + COLUMN_TYPE, (DWORD)i);
        put(COLUMNS + COLUMN_BYTES * i + COLUMN_VALUE, ipx, sizeof ipx);
    }
    put(COLUMNS + COLUMN_BYTES * NMCOLUMNTYPE_FLOAT64 + COLUMN_VALUE, &number, sizeof number);
    put_text(COLUMNS + COLUMN_BYTES * NMCOLUMNTYPE_STRING + COLUMN_VALUE, text);

    event_view(&view, &made.event);
    assert_true(view.packed);
    assert_memory_equal(&view.SysTime, &time, sizeof time);
    assert_int_equal(view.Flags, NMEVENTFLAG_DO_NOT_DISPLAY_MACHINE);
    assert_int_equal(view.Severity, NMEVENT_SEVERITY_ERROR);
    assert_int_equal(view.NumColumns, 16);
    for (int i = 0; i < 16; i++) {
        event_column(&view, i, &column);
        assert_ptr_equal(column.szColumnName, name);
        assert_int_equal(column.VariantData.Type, i);
        if (i == NMCOLUMNTYPE_FLOAT64)
            assert_true(column.VariantData.Value.Float64Val == number);
        else if (i == NMCOLUMNTYPE_STRING)
            assert_ptr_equal(column.VariantData.Value.pStringVal, text);
        else
            assert_memory_equal(&column.VariantData.Value.IPXAddrVal, ipx, sizeof ipx);
    }
}

#endif

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_of_todays_layout_is_shown_as_it_is),
        cmocka_unit_test(an_event_that_makes_no_sense_either_way_is_todays),
#ifndef _WIN64
        cmocka_unit_test(a_packed_event_is_told_by_its_columns_or_any_text),
        cmocka_unit_test(a_packed_event_without_anything_is_an_empty_one),
        cmocka_unit_test(packed_columns_are_read),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
