/* test_large.c - the promises of large.h: blocks of any length, and with pageheap each ends at a
   page. */
#include "heap/large.h"
#include "unit.h"

#define ME ((void *)0x4440)
#define A ((HEXPERTKEY)0x1000)

static int with_pageheap(void **state)
{
    SetEnvironmentVariableA("NMAPI_OPTIONS", "pageheap");
    unit_load_anew(state);
    SetEnvironmentVariableA("NMAPI_OPTIONS", NULL);
    return !options.pageheap;
}

static int without(void **state)
{
    unit_load_anew(state);
    return options.pageheap;
}

static void lengths_beyond_reason_are_refused(void **state)
{
    (void)state;
    assert_null(large_open(self, ME, (SIZE_T)-1, 0));
    assert_null(large_open(self, ME, (SIZE_T)1 << 50, 0));
    assert_null(ExpertAllocMemory(A, (SIZE_T)-1, NULL));
    assert_null(ExpertAllocMemory(A, (SIZE_T)-1 / 2, NULL));
}

static void only_the_block_itself_is_found(void **state)
{
    char *block = ExpertAllocMemory(A, 70000, NULL);

    (void)state;
    assert_int_equal(ExpertMemorySize(A, block), 70000);
    assert_int_equal(ExpertMemorySize(A, block + 16), 0);
    assert_int_equal(ExpertFreeMemory(A, block + 4096), NMERR_INVALID_PARAMETER);
    assert_int_equal(ExpertFreeMemory(A, block), NMERR_SUCCESS);
    assert_int_equal(ExpertFreeMemory(A, block), NMERR_INVALID_PARAMETER);
}

static void what_a_former_block_left_behind_a_shorter_one_is_zero_when_that_grows(void **state)
{
    char *former = ExpertAllocMemory(A, 200000, NULL), *block;

    (void)state;
    memset(former, 0x55, 200000);
    assert_int_equal(ExpertFreeMemory(A, former), NMERR_SUCCESS);
    block = ExpertAllocMemory(A, 160000, NULL); /* six classes smaller */
    assert_ptr_equal(block, former);
    for (int i = 0; i < 160000; i++)
        assert_int_equal(block[i], 0);
    assert_ptr_equal(ExpertReallocMemory(A, block, 200000, NULL), block);
    for (int i = 0; i < 200000; i++)
        assert_int_equal(block[i], 0);
    assert_int_equal(ExpertFreeMemory(A, block), NMERR_SUCCESS);
}

static void with_pageheap_a_block_of_any_length_ends_at_a_page_that_faults(void **state)
{
    static const SIZE_T lengths[] = {0,    1,      16,        4095,   4096,
                                     5000, 200000, 63 * 4096, 300000, 5 << 20};

    (void)state;
    for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char *block = ExpertAllocMemory(A, lengths[i], NULL);
        char *end = block + ((lengths[i] + 15) & ~(SIZE_T)15);
        assert_non_null(block);
        assert_int_equal(ExpertMemorySize(A, block), lengths[i]);
        assert_false(standin_faults(unit_touch, end - 1, NULL));
        assert_true(standin_faults(unit_touch, end, NULL));
        block = ExpertReallocMemory(A, block, lengths[i] / 2, NULL);
        assert_int_equal(ExpertMemorySize(A, block), lengths[i] / 2);
        assert_int_equal(ExpertFreeMemory(A, block), NMERR_SUCCESS);
        assert_true(standin_faults(unit_touch, block, NULL));
        assert_int_equal(ExpertFreeMemory(A, block), NMERR_INVALID_PARAMETER);
    }
    assert_true(heap_is_valid(self, table_find(A)->heap));
}

static struct span *freed;

static void free_it(void *argument)
{
    (void)argument;
    span_free(thread_self(), freed, 1);
}

/* The thread that recovers finds a block that is live or about to be freed; or the block is gone
   and its address faults. */
static void with_pageheap_a_free_that_is_cut_short_leaves_the_block_or_nothing(void **state)
{
    unsigned long n = 0, live = 0, going = 0, gone = 0;

    (void)state;
    if (!standin_can_step())
        skip();
    for (DWORD died = 1; died; n++) {
        char *block;
        freed = large_open(self, ME, 5000, 0);
        block = large_block(freed);
        died = unit_kill_at(free_it, n);
        assert_true(region_is_valid(self));
        if (freed->region.owner == ME) {
            live += freed->kind == SPAN_LARGE;
            going += freed->kind == SPAN_NEW;
            assert_true(freed->kind == SPAN_NEW || !standin_faults(unit_touch, block + 4999, NULL));
            span_free(self, freed, 1);
        } else {
            gone++;
        }
        assert_ptr_equal(region_find(block), &freed->region);
        assert_ptr_equal(freed->region.owner, REGION_QUARANTINED);
        assert_true(standin_faults(unit_touch, block, NULL));
        assert_true(standin_faults(unit_touch, block + 4999, NULL));
    }
    print_message("%lu live, %lu going, %lu gone\n", live, going, gone);
    assert_true(live > 0 && going > 0 && gone > 0);
}

static void with_pageheap_an_allocation_without_memory_is_refused(void **state)
{
    static const char *const calls[] = {"VirtualAlloc.reserve", "VirtualAlloc.commit"};
    void *blocks[1000];
    DWORD code = NMERR_SUCCESS;
    int count = 0;

    (void)state;
    assert_int_equal(NmapiOpenExpert(A, NULL), NMERR_SUCCESS);
    for (int i = 0; i < 2; i++) {
        standin_fail_at(calls[i], 1, TRUE);
        while (count < 1000 && (blocks[count] = ExpertAllocMemory(A, 5000, &code)))
            count++;
        standin_fail_never();
        assert_true(count < 1000);
        assert_int_equal(code, NMERR_OUT_OF_MEMORY);
        assert_true(heap_is_valid(self, table_find(A)->heap));
    }
    while (count--)
        assert_int_equal(ExpertFreeMemory(A, blocks[count]), NMERR_SUCCESS);
}

static void with_pageheap_the_oldest_freed_blocks_go_first(void **state)
{
    enum { BYTES = 30 << 20, BLOCKS = 80 }; /* 2.4 GB of addresses, of which 1 GiB is quarantined */
    struct standin_usage before, after;

    (void)state;
    assert_non_null(ExpertAllocMemory(A, 10, NULL));
    standin_get_usage(&before);
    for (int i = 0; i < BLOCKS; i++) {
        void *block = ExpertAllocMemory(A, BYTES, NULL);
        assert_non_null(block);
        assert_int_equal(ExpertFreeMemory(A, block), NMERR_SUCCESS);
    }
    standin_get_usage(&after);
    assert_true(after.reserved - before.reserved < (SIZE_T)5 << 28);
    assert_true(after.reserved - before.reserved > (SIZE_T)3 << 28);
    assert_true(after.committed < before.committed + (1 << 20));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lengths_beyond_reason_are_refused, without, without),
        cmocka_unit_test_setup_teardown(only_the_block_itself_is_found, without, without),
        cmocka_unit_test_setup_teardown(
            what_a_former_block_left_behind_a_shorter_one_is_zero_when_that_grows, without,
            without),
        cmocka_unit_test_setup_teardown(
            with_pageheap_a_block_of_any_length_ends_at_a_page_that_faults, with_pageheap, without),
        cmocka_unit_test_setup_teardown(
            with_pageheap_a_free_that_is_cut_short_leaves_the_block_or_nothing, with_pageheap,
            without),
        cmocka_unit_test_setup_teardown(with_pageheap_an_allocation_without_memory_is_refused,
                                        with_pageheap, without),
        cmocka_unit_test_setup_teardown(with_pageheap_the_oldest_freed_blocks_go_first,
                                        with_pageheap, without),
    };

    return UNIT_RUN(tests);
}
