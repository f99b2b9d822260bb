/* test_large_free_death.c - a thread is killed while it releases a large block: its memory is
   returned nevertheless. */
#include "unit.h"

#define A ((HEXPERTKEY)0x1000)
#define B ((HEXPERTKEY)0x2000)

enum { LARGE = 100 << 20, NOT_CACHED = 2 << 20, WAITS_MOST = 65 << 20 };

static void *block;

static void free_it(void *argument)
{
    (void)argument;
    ExpertFreeMemory(A, block);
}

static DWORD WINAPI dies_freeing(LPVOID n)
{
    block = ExpertAllocMemory(A, LARGE, NULL);
    standin_step_count(stores_to_memory);
    standin_step(free_it, NULL, (unsigned long)(ULONG_PTR)n, unit_die, NULL);
    return 0;
}

static SIZE_T committed(void)
{
    struct standin_usage usage;

    standin_get_usage(&usage);
    return usage.committed;
}

static void memory_that_a_dead_thread_was_returning_goes_back_once_others_go_on(void **state)
{
    (void)state;
    if (!standin_can_step() || standin_is_slow())
        skip();
    for (ULONG_PTR n = 0, died = 1; died; n++) {
        SIZE_T before = committed();
        assert_int_equal(NmapiOpenExpert(A, NULL), NMERR_SUCCESS);
        died = unit_on_thread(dies_freeing, (void *)n);
        if (!ExpertMemorySize(A, block)) {
            ExpertFreeMemory(B, ExpertAllocMemory(B, NOT_CACHED, NULL));
            assert_in_range(committed() - before, 0, WAITS_MOST);
        }
        assert_int_equal(NmapiCloseExpert(A, NULL), NMERR_SUCCESS);
        NmapiTrimMemory();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_that_a_dead_thread_was_returning_goes_back_once_others_go_on),
    };
    return UNIT_RUN(tests);
}
