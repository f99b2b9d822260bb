/* test_limit_after_fault.c - a call that ended half-way may leave more than the limit live; that
   does not raise the limit. */
#include "unit.h"

#define A ((HEXPERTKEY)0x1000)

enum { LIMIT = 50000, OLD = 20000, NEW = 40000, LESS = 19000 };

static void *block;

static void move_it(void *argument)
{
    (void)argument;
    ExpertReallocMemory(A, block, NEW, NULL);
}

static void peak_and_limit_hold_when_a_block_is_there_twice(void **state)
{
    const NMAPI_EXPERT_OPTIONS limited = {.cbSize = sizeof limited, .MemoryLimit = LIMIT};
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    DWORD before;

    (void)state;
    assert_int_equal(NmapiOpenExpert(A, &limited), NMERR_SUCCESS);
    block = ExpertAllocMemory(A, OLD, NULL);
    assert_non_null(block);
    assert_true(VirtualProtect(block, 1, PAGE_NOACCESS, &before));
    assert_true(standin_faults(move_it, NULL, NULL));
    assert_true(VirtualProtect(block, 1, PAGE_READWRITE, &before));
    assert_int_equal(ExpertMemorySize(A, block), OLD); /* recovers it */
    NmapiQueryExpert(A, &usage);
    assert_int_equal(usage.LiveBytes, OLD + NEW);
    assert_int_equal(usage.PeakBytes, LIMIT);
    block = ExpertReallocMemory(A, block, LESS, NULL);
    assert_non_null(block);
    assert_int_equal(ExpertFreeMemory(A, block), NMERR_SUCCESS);
    assert_null(ExpertAllocMemory(A, LESS, NULL)); /* for NEW bytes are live */
    NmapiQueryExpert(A, &usage);
    assert_int_equal(usage.PeakBytes, LIMIT);
    assert_int_equal(NmapiCloseExpert(A, NULL), NMERR_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peak_and_limit_hold_when_a_block_is_there_twice),
    };
    return UNIT_RUN(tests);
}
