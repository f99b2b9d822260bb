/*
 * test_permanent.c - permanent records: zeroed, aligned, apart, from the built-in memory first, and
 * none lost when a thread is killed.
 */
#include "base/permanent.h"
#include "unit.h"

enum { PERMANENT_FIRST = 28 << 10, PERMANENT_BLOCK = 64 << 10 };

static int is_zero(const char *at, SIZE_T bytes)
{
    for (SIZE_T i = 0; i < bytes; i++)
        if (at[i])
            return 0;
    return 1;
}

static SIZE_T reservations(void)
{
    struct standin_usage now;

    standin_get_usage(&now);
    return now.reservations;
}

static void records_are_zeroed_aligned_and_apart(void **state)
{
    char *before = NULL;

    (void)state;
    for (SIZE_T bytes = 1; bytes < 3000; bytes += 77) {
        char *record = permanent_alloc(self, bytes);
        assert_non_null(record);
        assert_int_equal((ULONG_PTR)record % APART, 0);
        assert_true(is_zero(record, bytes));
        memset(record, 0x77, bytes);
        if (before)
            assert_int_equal(*before, 0x77);
        before = record;
    }
}

static void a_small_host_costs_no_reservation(void **state)
{
    SIZE_T before;

    unit_load_anew(state);
    before = reservations();
    for (int i = 0; i < PERMANENT_FIRST / APART - 1; i++)
        assert_non_null(permanent_alloc(self, APART));
    assert_int_equal(reservations(), before);
    assert_non_null(permanent_alloc(self, APART));
    assert_int_equal(reservations(), before + 1);
}

static void records_of_any_size_have_room(void **state)
{
    char *record;

    (void)state;
    record = permanent_alloc(self, 3 * PERMANENT_BLOCK + 1);
    assert_non_null(record);
    assert_true(is_zero(record, 3 * PERMANENT_BLOCK + 1));
    /* To the last byte of a block, whose length is not a multiple of a step. */
    for (int i = 0; i < 2 * PERMANENT_BLOCK / 4096; i++)
        assert_non_null(permanent_alloc(self, 4096));
}

static void a_failure_loses_nothing(void **state)
{
    static const char *const calls[] = {"VirtualAlloc.reserve", "VirtualAlloc.commit"};
    SIZE_T before = reservations();

    (void)state;
    for (int i = 0; i < 2; i++) {
        standin_fail_at(calls[i], 1, TRUE);
        assert_null(permanent_alloc(self, 2 * PERMANENT_BLOCK));
        assert_true(standin_failed() > 0);
        standin_fail_never();
        assert_int_equal(reservations(), before);
    }
    assert_non_null(permanent_alloc(self, 2 * PERMANENT_BLOCK));
    for (int i = 0; i < PERMANENT_BLOCK / 4096; i++) { /* a step within a block */
        standin_fail_at("VirtualAlloc.commit", 1, FALSE);
        if (!permanent_alloc(self, 4096))
            break;
        assert_true(i < PERMANENT_BLOCK / 4096 - 1);
    }
    standin_fail_never();
    assert_non_null(permanent_alloc(self, 4096));
}

/* cache_limit subtracts them. */
static void the_pages_that_records_take_are_counted(void **state)
{
    struct standin_usage before, now;

    unit_load_anew(state);
    assert_int_equal(permanent_pages, 0);
    standin_get_usage(&before);
    for (int i = 0; i < 400; i++) {
        assert_non_null(permanent_alloc(self, i % 100 == 99 ? 2 * PERMANENT_BLOCK : 5000));
        standin_get_usage(&now);
        assert_int_equal(permanent_pages * OS_PAGE, now.committed - before.committed);
    }
    assert_true(permanent_pages > 0);
}

static void from_the_first_room(void *argument)
{
    (void)argument;
    permanent_alloc(thread_self(), 100);
}

static void from_a_block(void *argument)
{
    (void)argument;
    permanent_alloc(thread_self(), PERMANENT_FIRST);
    permanent_alloc(thread_self(), 100000);
}

/* Wherever the thread dies, the next thread gets its record, and an unload leaves nothing
   (unit_load_anew). */
static void die_everywhere(void **state, void (*act)(void *))
{
    struct standin_usage now;
    unsigned long deaths = 0;

    if (!standin_can_step())
        skip();
    for (unsigned long n = 0;; n++) {
        char *record;
        DWORD killed;
        unit_load_anew(state);
        killed = unit_kill_at(act, n);
        record = permanent_alloc(self, 200);
        standin_get_usage(&now);
        assert_true(permanent_pages * OS_PAGE <= now.committed - usage_before.committed);
        if (!record || !is_zero(record, 200))
            print_message("killed behind store %lu\n", n);
        assert_non_null(record);
        assert_true(is_zero(record, 200));
        deaths += killed;
        if (!killed)
            break;
    }
    print_message("%lu deaths\n", deaths);
    assert_true(deaths > 4);
}

static void the_first_record_may_be_its_threads_last(void **state)
{
    die_everywhere(state, from_the_first_room);
}

static void a_killed_thread_leaves_no_block_behind(void **state)
{
    die_everywhere(state, from_a_block);
}

static void pages_are_asked_for_once_for_many_records(void **state)
{
    unsigned long calls;

    (void)state;
    assert_non_null(permanent_alloc(self, 60000)); /* more than the first block has */
    calls = standin_calls("VirtualAlloc");
    for (int i = 0; i < 500; i++)
        assert_non_null(permanent_alloc(self, 128));
    assert_in_range(standin_calls("VirtualAlloc") - calls, 1, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_zeroed_aligned_and_apart),
        cmocka_unit_test(a_small_host_costs_no_reservation),
        cmocka_unit_test(records_of_any_size_have_room),
        cmocka_unit_test(a_failure_loses_nothing),
        cmocka_unit_test(pages_are_asked_for_once_for_many_records),
        cmocka_unit_test(the_pages_that_records_take_are_counted),
        cmocka_unit_test(the_first_record_may_be_its_threads_last),
        cmocka_unit_test(a_killed_thread_leaves_no_block_behind),
    };

    return UNIT_RUN(tests);
}
