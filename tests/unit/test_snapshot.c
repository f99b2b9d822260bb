/* test_snapshot.c - the promises of snapshot.h. */
#include "unit.h"

#include "expert/snapshot.h"

#define A ((HEXPERTKEY)0x1000)
#define B ((HEXPERTKEY)0x2000)

enum { BLOCKS = 2200 }; /* whose list is a large block */

static void fill(HEXPERTKEY key)
{
    for (int i = 0; i < BLOCKS; i++)
        assert_non_null(ExpertAllocMemory(key, 10, NULL));
}

static SIZE_T committed(void)
{
    struct standin_usage now;

    standin_get_usage(&now);
    return now.committed;
}

static void a_snapshot_has_the_blocks_of_the_moment_it_was_taken(void **state)
{
    struct snapshot *first, *second;
    char *more;

    (void)state;
    fill(A);
    assert_int_equal(snapshot_take(self, A, &first), NMERR_SUCCESS);
    more = ExpertAllocMemory(A, 99, NULL);
    assert_int_equal(snapshot_take(self, A, &second), NMERR_SUCCESS);
    assert_int_equal(first->count, BLOCKS);
    assert_int_equal(second->count, BLOCKS + 1);
    assert_int_equal(ExpertFreeMemory(A, more), NMERR_SUCCESS);
    snapshot_free(self, first);
    for (SIZE_T i = 0; i < second->count; i++)
        if (second->entries[i].address == more)
            assert_int_equal(second->entries[i].bytes, 99);
    snapshot_free(self, second);
    assert_int_equal(NmapiTerminateExpert(A), NMERR_SUCCESS);
    assert_int_equal(snapshot_take(self, A, &first), NMERR_SUCCESS);
    snapshot_free(self, first);
    assert_int_equal(NmapiCloseExpert(A, NULL), NMERR_SUCCESS);
    assert_int_equal(snapshot_take(self, A, &first), NMERR_EXPERT_TERMINATE);
    assert_int_equal(snapshot_take(self, (HEXPERTKEY)0x5000, &first), NMERR_INVALID_EXPERT_HANDLE);
    assert_non_null(table_make(self, (HEXPERTKEY)0x5000));
    assert_int_equal(snapshot_take(self, (HEXPERTKEY)0x5000, &first), NMERR_INVALID_EXPERT_HANDLE);
    assert_true(record_heap_is_valid(self));
}

static BOOL CALLBACK first_one(HEXPERTKEY key, LPVOID memory, SIZE_T bytes, LPVOID context)
{
    (void)key, (void)memory, (void)bytes, (void)context;
    return FALSE;
}

static DWORD WINAPI look_at(LPVOID key)
{
    return NmapiEnumMemory(key, first_one, NULL);
}

static void a_thread_that_takes_a_snapshot_is_no_visitor(void **state)
{
    HEXPERTKEY key = (HEXPERTKEY)0x3000;

    (void)state;
    assert_non_null(ExpertAllocMemory(key, 10, NULL));
    assert_int_equal(unit_on_thread(look_at, key), NMERR_SUCCESS);
    assert_int_equal(table_find(key)->visitor_count, 1);
    assert_int_equal(NmapiCloseExpert(key, NULL), NMERR_SUCCESS);
}

static BOOL CALLBACK never_come_back(HEXPERTKEY key, LPVOID memory, SIZE_T bytes, LPVOID killed)
{
    (void)key, (void)memory, (void)bytes;
    if (killed)
        TerminateThread(GetCurrentThread(), 1);
    ExitThread(1);
    return FALSE;
}

static DWORD WINAPI enumerate(LPVOID killed)
{
    return NmapiEnumMemory(B, never_come_back, killed);
}

static void a_snapshot_whose_thread_never_came_back_is_freed_with_the_next(void **state)
{
    SIZE_T before = 0;

    (void)state;
    fill(B);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(unit_on_thread(enumerate, i % 2 ? self : NULL), 1);
        assert_int_equal(NmapiEnumMemory(B, first_one, NULL), NMERR_SUCCESS);
        if (i == 1)
            before = committed();
    }
    assert_true(committed() <= before + 65536);
    assert_true(record_heap_is_valid(self));
}

static void a_snapshot_whose_thread_never_came_back_is_freed_when_another_is_taken(void **state)
{
    SIZE_T before = 0;

    (void)state;
    for (int i = 0; i < 50; i++) {
        assert_int_equal(unit_on_thread(enumerate, i % 2 ? self : NULL), 1);
        if (i == 1)
            before = committed();
    }
    assert_true(committed() <= before + 65536);
}

static void take(void *context)
{
    struct snapshot *taken;

    (void)context;
    snapshot_take(thread_self(), B, &taken);
}

static void a_snapshot_half_filled_by_a_killed_thread_is_freed_with_the_next(void **state)
{
    SIZE_T before = 0;
    unsigned deaths = 0;

    (void)state;
    if (!standin_can_step())
        skip();
    for (unsigned long n = 0; unit_kill_at(take, n); n += standin_is_slow() ? 4999 : 2999) {
        assert_int_equal(NmapiEnumMemory(B, first_one, NULL), NMERR_SUCCESS);
        if (deaths++ == 1)
            before = committed();
    }
    assert_in_range(deaths, 8, 1000);
    assert_true(committed() < before + 2 * BLOCKS * sizeof(struct heap_entry));
    assert_true(record_heap_is_valid(self));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snapshot_has_the_blocks_of_the_moment_it_was_taken),
        cmocka_unit_test(a_thread_that_takes_a_snapshot_is_no_visitor),
        cmocka_unit_test(a_snapshot_whose_thread_never_came_back_is_freed_with_the_next),
        cmocka_unit_test(a_snapshot_whose_thread_never_came_back_is_freed_when_another_is_taken),
        cmocka_unit_test(a_snapshot_half_filled_by_a_killed_thread_is_freed_with_the_next),
    };

    return UNIT_RUN(tests);
}
