#include "formatter.h"

#include <string.h>

#include "frames.h"
#include "handle.h"
#include "text.h"

enum { LEAST_ROOM = 512 /* bytes for a text that has no room of its own */ };

/*
 * Where text goes
 */

/* Room for the instance's text; FALSE: it is no instance, or there is none. */
static BOOL begin(LPPROPERTYINST instance, TEXT *text)
{
    CALLER *caller = caller_here();

    if (instance == NULL || instance->lpPropertyInfo == NULL || caller == NULL)
        return FALSE;
    if (instance->szPropertyText != NULL) {
        *text = (TEXT){instance->szPropertyText, 0, instance->lpPropertyInfo->FormatStringSize};
    } else {
        PROPERTY_SPACE *space = &caller->shown;
        DWORD size = instance->lpPropertyInfo->FormatStringSize;
        if (size < LEAST_ROOM)
            size = LEAST_ROOM;
        if (size > sizeof space->text - space->text_used)
            return FALSE;
        *text = (TEXT){space->text + space->text_used, 0, size};
        space->text_used += size;
        instance->szPropertyText = text->start;
    }
    if (text->size == 0)
        return FALSE;
    *text->start = '\0';
    return TRUE;
}

static BOOL begin_with_label(LPPROPERTYINST instance, TEXT *text)
{
    if (!begin(instance, text))
        return FALSE;
    text_put_label(text, instance);
    text_put(text, " = ");
    return TRUE;
}

/* Whether it points to an instance in memory of ours, where the thread's lie. */
static BOOL is_instance(const CALLER *caller, const PROPERTYINST *instance)
{
    const PROPERTY_SPACE *const spaces[3] = {&caller->shown, &caller->asked,
                                             frames_startup_space()};

    for (int space = 0; space < 3; space++) {
        ULONG_PTR offset = (ULONG_PTR)instance - (ULONG_PTR)spaces[space]->instances;
        if (spaces[space]->frame != INVALID_FRAME_NUMBER && offset % sizeof *instance == 0 &&
            offset / sizeof *instance < spaces[space]->table.nTotalPropertyInsts)
            return TRUE;
    }
    return FALSE;
}

LPSTR WINAPI formatter_property_text(HFRAME frame, LPPROPERTYINST instance, LPSTR buffer,
                                     DWORD size)
{
    CALLER *caller = caller_here();
    TEXT text = {buffer, 0, size};

    if (caller == NULL || buffer == NULL || size == 0 ||
        handle_to_frame(frame) == INVALID_FRAME_NUMBER || !is_instance(caller, instance))
        return NULL;
    *buffer = '\0';
    return text_put_instance(&text, instance) ? buffer : NULL;
}

DWORD WINAPIV formatter_instance(LPPROPERTYINST instance, ...)
{
    TEXT text;

    if (instance == NULL || instance->lpPropertyInfo == NULL)
        return NMERR_INVALID_PARAMETER;
    if (!begin(instance, &text))
        return NMERR_OUT_OF_MEMORY;
    return text_put_instance(&text, instance) ? NMERR_SUCCESS : NMERR_NOT_SUPPORTED;
}

/*
 * One form each
 */

/* So many bytes of the data as a number; 0 where there are fewer. */
static ULONGLONG number_in(const PROPERTYINST *instance, DWORD width)
{
    DWORD bytes;
    const BYTE *data = property_data(instance, &bytes);
    BOOL swapped = (instance->IFlags & IFLAG_SWAPPED) != 0;
    ULONGLONG number = 0;

    for (DWORD byte = 0; bytes >= width && byte < width; byte++)
        number = number << 8 | data[swapped ? byte : width - 1 - byte];
    return number;
}

/* Base 10 or 16; another one: both. */
static void formatter_number(LPPROPERTYINST instance, DWORD width, DWORD base)
{
    TEXT text;

    if (!begin_with_label(instance, &text))
        return;
    ULONGLONG number = number_in(instance, width);
    if (base == 16)
        text_put(&text, "0x");
    if (base == 10 || base == 16)
        text_put_number(&text, number, base);
    else
        text_put_value(&text, number);
}

VOID WINAPIV formatter_as_byte(LPPROPERTYINST instance, DWORD base)
{
    formatter_number(instance, 1, base);
}

VOID WINAPIV formatter_as_word(LPPROPERTYINST instance, DWORD base)
{
    formatter_number(instance, 2, base);
}

VOID WINAPIV formatter_as_dword(LPPROPERTYINST instance, DWORD base)
{
    formatter_number(instance, 4, base);
}

VOID WINAPIV formatter_as_int64(LPPROPERTYINST instance, DWORD base)
{
    formatter_number(instance, 8, base);
}

VOID WINAPIV formatter_as_time(LPPROPERTYINST instance)
{
    SYSTEMTIME time;
    TEXT text;
    DWORD bytes;

    if (!begin_with_label(instance, &text))
        return;
    const BYTE *data = property_data(instance, &bytes);
    if (bytes < sizeof time)
        return;
    memcpy(&time, data, sizeof time);
    text_put_time(&text, &time);
}

VOID WINAPIV formatter_as_string(LPPROPERTYINST instance)
{
    TEXT text;

    if (begin_with_label(instance, &text))
        text_put_string(&text, instance);
}

VOID WINAPIV formatter_as_hex_string(LPPROPERTYINST instance)
{
    TEXT text;
    DWORD bytes;

    if (!begin_with_label(instance, &text))
        return;
    const BYTE *data = property_data(instance, &bytes);
    for (DWORD at = 0; at < bytes && text.used + 1 < text.size; at++) {
        if (at > 0)
            text_put_character(&text, ' ');
        text_put_hex_byte(&text, data[at]);
    }
}

static void formatter_set(LPPROPERTYINST instance, DWORD width)
{
    TEXT text;

    if (!begin_with_label(instance, &text))
        return;
    ULONGLONG number = number_in(instance, width);
    const char *label = text_label(instance->lpPropertyInfo->lpSet, width, number);
    if (label != NULL)
        text_put(&text, label);
    else
        text_put_value(&text, number);
}

VOID WINAPIV formatter_byte_set(LPPROPERTYINST instance)
{
    formatter_set(instance, 1);
}

VOID WINAPIV formatter_word_set(LPPROPERTYINST instance)
{
    formatter_set(instance, 2);
}

VOID WINAPIV formatter_dword_set(LPPROPERTYINST instance)
{
    formatter_set(instance, 4);
}

static void formatter_flags(LPPROPERTYINST instance, DWORD width)
{
    TEXT text;

    if (begin(instance, &text))
        text_put_flags(&text, instance->lpPropertyInfo->lpSet, width, number_in(instance, width));
}

VOID WINAPIV formatter_byte_set_as_flags(LPPROPERTYINST instance)
{
    formatter_flags(instance, 1);
}

VOID WINAPIV formatter_word_set_as_flags(LPPROPERTYINST instance)
{
    formatter_flags(instance, 2);
}

VOID WINAPIV formatter_dword_set_as_flags(LPPROPERTYINST instance)
{
    formatter_flags(instance, 4);
}

/* The masked bits as digits, dots for the others; returns how many characters. */
static DWORD flags_text(LPSTR string, DWORD value, DWORD mask, DWORD bits)
{
    if (string == NULL)
        return 0;
    for (DWORD bit = 0; bit < bits; bit++) {
        DWORD one = (DWORD)1 << (bits - 1 - bit);
        string[bit] = !(mask & one) ? '.' : value & one ? '1' : '0';
    }
    string[bits] = '\0';
    return bits;
}

DWORD WINAPIV formatter_byte_flags(LPSTR string, DWORD value, DWORD mask)
{
    return flags_text(string, value, mask, 8);
}

DWORD WINAPIV formatter_word_flags(LPSTR string, DWORD value, DWORD mask)
{
    return flags_text(string, value, mask, 16);
}

DWORD WINAPIV formatter_dword_flags(LPSTR string, DWORD value, DWORD mask)
{
    return flags_text(string, value, mask, 32);
}

LPSTR WINAPIV formatter_time(SYSTEMTIME *time, LPSTR string)
{
    TEXT text = {string, 0, sizeof "2026-01-01 00:00:00.000"};

    if (time == NULL || string == NULL)
        return NULL;
    text_put_time(&text, time);
    return string;
}
