/* test_standin_memory.c - memory: what is reserved and committed, where it lies, and what
   VirtualQuery says. */
#include "test_standin.h"

static void write_byte(void *at)
{
    *(volatile char *)at = 1;
}

static void read_byte(void *at)
{
    (void)*(volatile char *)at;
}

static BOOL writable(void *at)
{
    return !standin_faults(write_byte, at, NULL);
}

static BOOL readable(void *at)
{
    return !standin_faults(read_byte, at, NULL);
}

static void reservations_are_aligned_and_fault_until_committed(void **state)
{
    char *at = VirtualAlloc(NULL, 3 * GRANULE, MEM_RESERVE, PAGE_NOACCESS);

    (void)state;
    assert_non_null(at);
    assert_int_equal((ULONG_PTR)at % GRANULE, 0);
    assert_false(readable(at));
    assert_ptr_equal(VirtualAlloc(at + PAGE, 2 * PAGE, MEM_COMMIT, PAGE_READWRITE), at + PAGE);
    assert_false(readable(at));
    assert_true(writable(at + PAGE));
    assert_true(writable(at + 3 * PAGE - 1));
    assert_false(readable(at + 3 * PAGE));
    assert_true(VirtualFree(at, 0, MEM_RELEASE));
    assert_false(readable(at + PAGE));
}

static void recommitted_pages_are_zero(void **state)
{
    char *at = VirtualAlloc(NULL, GRANULE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

    (void)state;
    memset(at, 7, GRANULE);
    assert_true(VirtualFree(at + PAGE, PAGE, MEM_DECOMMIT));
    assert_false(readable(at + PAGE));
    assert_int_equal(at[0], 7);
    assert_non_null(VirtualAlloc(at, 3 * PAGE, MEM_COMMIT, PAGE_READWRITE));
    assert_int_equal(at[PAGE - 1], 7);
    assert_int_equal(at[PAGE], 0);
    assert_int_equal(at[2 * PAGE - 1], 0);
    assert_int_equal(at[2 * PAGE], 7);
    assert_true(VirtualFree(at, 0, MEM_RELEASE));
}

static void a_given_address_is_honoured_or_refused(void **state)
{
    char *at = VirtualAlloc(NULL, 4 * GRANULE, MEM_RESERVE, PAGE_NOACCESS);
    int local;

    (void)state;
    assert_null(VirtualAlloc(at + GRANULE, GRANULE, MEM_RESERVE, PAGE_NOACCESS));
    assert_int_equal(GetLastError(), ERROR_INVALID_ADDRESS);
    assert_true(VirtualFree(at, 0, MEM_RELEASE));
    assert_ptr_equal(VirtualAlloc(at + GRANULE, GRANULE, MEM_RESERVE, PAGE_NOACCESS), at + GRANULE);
    assert_null(VirtualAlloc(at, 2 * GRANULE, MEM_RESERVE, PAGE_NOACCESS));
    assert_ptr_equal(VirtualAlloc(at + 123, GRANULE - 123, MEM_RESERVE, PAGE_NOACCESS), at);
    assert_null(VirtualAlloc(&local, GRANULE, MEM_RESERVE, PAGE_NOACCESS));
    assert_true(VirtualFree(at, 0, MEM_RELEASE));
    assert_true(VirtualFree(at + GRANULE, 0, MEM_RELEASE));
}

static void only_whole_reservations_are_released(void **state)
{
    char *at = VirtualAlloc(NULL, 2 * GRANULE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

    (void)state;
    assert_false(VirtualFree(at, GRANULE, MEM_RELEASE));
    assert_false(VirtualFree(at + GRANULE, 0, MEM_RELEASE));
    assert_false(VirtualFree(&state, 0, MEM_RELEASE));
    assert_false(VirtualFree(NULL, 0, MEM_RELEASE));
    assert_true(writable(at));
    assert_true(VirtualFree(at, 0, MEM_RELEASE));
    assert_false(VirtualFree(at, 0, MEM_RELEASE));
}

static void commit_stays_inside_one_reservation(void **state)
{
    char *at = VirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_NOACCESS);

    (void)state;
    assert_null(VirtualAlloc(at + GRANULE - PAGE, 2 * PAGE, MEM_COMMIT, PAGE_READWRITE));
    assert_null(VirtualAlloc(&state, PAGE, MEM_COMMIT, PAGE_READWRITE));
    assert_null(VirtualAlloc(at, 0, MEM_COMMIT, PAGE_READWRITE));
    assert_null(VirtualAlloc(at, ~(SIZE_T)0, MEM_COMMIT, PAGE_READWRITE));
    assert_null(VirtualAlloc(NULL, ~(SIZE_T)0, MEM_RESERVE, PAGE_NOACCESS));
    assert_null(VirtualAlloc(NULL, (SIZE_T)1 << 47, MEM_RESERVE, PAGE_NOACCESS));
    assert_non_null(VirtualAlloc(at + GRANULE - PAGE, PAGE, MEM_COMMIT, PAGE_READWRITE));
    assert_true(VirtualFree(at, 0, MEM_RELEASE));
}

static void query_tells_state_and_extent(void **state)
{
    MEMORY_BASIC_INFORMATION info;
    char *at = VirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_NOACCESS);
    DWORD old;

    (void)state;
    VirtualAlloc(at + PAGE, 3 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    assert_int_equal(VirtualQuery(at + 5, &info, sizeof info), sizeof info);
    assert_ptr_equal(info.BaseAddress, at);
    assert_ptr_equal(info.AllocationBase, at);
    assert_int_equal(info.AllocationProtect, PAGE_NOACCESS);
    assert_int_equal(info.RegionSize, PAGE);
    assert_int_equal(info.State, MEM_RESERVE);
    assert_int_equal(info.Protect, 0);
    VirtualQuery(at + 2 * PAGE, &info, sizeof info);
    assert_ptr_equal(info.BaseAddress, at + 2 * PAGE);
    assert_ptr_equal(info.AllocationBase, at);
    assert_int_equal(info.RegionSize, 2 * PAGE);
    assert_int_equal(info.State, MEM_COMMIT);
    assert_int_equal(info.Protect, PAGE_READWRITE);
    assert_int_equal(info.Type, MEM_PRIVATE);
    assert_true(VirtualProtect(at + 3 * PAGE, 1, PAGE_READONLY, &old));
    assert_int_equal(old, PAGE_READWRITE);
    assert_false(writable(at + 3 * PAGE));
    assert_true(readable(at + 3 * PAGE));
    assert_false(VirtualProtect(at + 3 * PAGE, 2 * PAGE, PAGE_READWRITE, &old));
    assert_true(VirtualProtect(at + PAGE, PAGE, PAGE_READWRITE | PAGE_GUARD, &old));
    assert_false(readable(at + PAGE));
    VirtualQuery(at + PAGE, &info, sizeof info);
    assert_int_equal(info.Protect, PAGE_READWRITE | PAGE_GUARD);
    assert_int_equal(info.RegionSize, PAGE);
    assert_true(VirtualFree(at, 0, MEM_RELEASE));
    VirtualQuery(at, &info, sizeof info);
    assert_int_equal(info.State, MEM_FREE);
    assert_ptr_equal(info.BaseAddress, at);
    assert_true(info.RegionSize >= GRANULE);
    assert_int_equal(VirtualQuery((void *)0x7fffffff0000, &info, sizeof info), 0);
    assert_int_equal(VirtualQuery(&state, &info, sizeof info), sizeof info);
    assert_int_equal(info.State, MEM_COMMIT);
}

/* Searches for an aligned hole; every free area that it finds can be reserved. */
static void a_walk_by_query_covers_all_and_finds_room(void **state)
{
    MEMORY_BASIC_INFORMATION info;
    ULONG_PTR at = 0;
    ULONG_PTR alignment = (ULONG_PTR)1 << 22;
    unsigned areas = 0, got = 0;

    (void)state;
    while (VirtualQuery((void *)at, &info, sizeof info)) {
        assert_ptr_equal(info.BaseAddress, (void *)at);
        assert_true(info.RegionSize > 0);
        areas++;
        if (info.State == MEM_FREE) {
            ULONG_PTR first = (at + alignment - 1) & ~(alignment - 1);
            if (first && first + alignment <= at + info.RegionSize) {
                void *room = VirtualAlloc((void *)first, alignment, MEM_RESERVE, PAGE_NOACCESS);
                if (room) {
                    got++;
                    assert_true(VirtualFree(room, 0, MEM_RELEASE));
                }
            }
        }
        at += info.RegionSize;
    }
    assert_int_equal(at, 0x7fffffff0000);
    assert_true(areas > 5);
    assert_true(got > 0);
}

static void many_reservations_are_found_again(void **state)
{
    enum { COUNT = 3000 };
    static char *at[COUNT];
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT; i++) {
        at[i] = VirtualAlloc(NULL, GRANULE * (1 + i % 5), MEM_RESERVE, PAGE_NOACCESS);
        assert_non_null(at[i]);
        assert_ptr_equal(VirtualAlloc(at[i], PAGE, MEM_COMMIT, PAGE_READWRITE), at[i]);
        memcpy(at[i], &i, sizeof i);
    }
    for (i = 0; i < COUNT; i += 2) {
        assert_true(VirtualFree(at[i], 0, MEM_RELEASE));
        at[i] = VirtualAlloc(NULL, GRANULE * (1 + i % 3), MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        assert_non_null(at[i]);
        memcpy(at[i], &i, sizeof i);
    }
    for (i = 0; i < COUNT; i++) {
        MEMORY_BASIC_INFORMATION info;
        assert_memory_equal(at[i], &i, sizeof i);
        VirtualQuery(at[i], &info, sizeof info);
        assert_ptr_equal(info.AllocationBase, at[i]);
        assert_true(VirtualFree(at[i], 0, MEM_RELEASE));
    }
}

static void the_commit_limit_holds(void **state)
{
    struct standin_usage usage;
    char *at = VirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_NOACCESS);

    (void)state;
    standin_get_usage(&usage);
    assert_int_equal(usage.reserved - test_usage.reserved, GRANULE);
    standin_set_commit_limit(usage.committed + 2 * PAGE);
    assert_non_null(VirtualAlloc(at, 2 * PAGE, MEM_COMMIT, PAGE_READWRITE));
    assert_non_null(VirtualAlloc(at, 2 * PAGE, MEM_COMMIT, PAGE_READWRITE));
    assert_null(VirtualAlloc(at + 2 * PAGE, PAGE, MEM_COMMIT, PAGE_READWRITE));
    assert_int_equal(GetLastError(), ERROR_COMMITMENT_LIMIT);
    assert_null(VirtualAlloc(NULL, GRANULE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
    standin_set_commit_limit(0); /* the machine's */
    assert_non_null(VirtualAlloc(at + 2 * PAGE, PAGE, MEM_COMMIT, PAGE_READWRITE));
    standin_get_usage(&usage);
    assert_int_equal(usage.committed - test_usage.committed, 3 * PAGE);
    assert_true(VirtualFree(at, 0, MEM_RELEASE));
}

int test_memory(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(reservations_are_aligned_and_fault_until_committed),
        TEST(recommitted_pages_are_zero),
        TEST(a_given_address_is_honoured_or_refused),
        TEST(only_whole_reservations_are_released),
        TEST(commit_stays_inside_one_reservation),
        TEST(query_tells_state_and_extent),
        TEST(a_walk_by_query_covers_all_and_finds_room),
        TEST(many_reservations_are_found_again),
        TEST(the_commit_limit_holds),
    };

    return cmocka_run_group_tests_name("stand-in: memory", tests, NULL, NULL);
}
