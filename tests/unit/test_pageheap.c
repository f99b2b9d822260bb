/* test_pageheap.c - the promises of large.h with pageheap. */
#include "heaps.h"

static int open_page_heaps(void **state)
{
    options.pageheap = 1;
    return open_heaps(state);
}

static int close_page_heaps(void **state)
{
    int failed = close_heaps(state);

    unit_load_anew(state); /* empties the quarantine and resets the option */
    return failed;
}

static void a_page_heaps_blocks_end_with_their_page(void **state)
{
    static const SIZE_T sizes[] = {
        0, 1, 16, 17, 4095, 4096, 4097, 30000, 239 * 4096, 239 * 4096 + 1, 2000000};

    (void)state;
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        SIZE_T room = (sizes[i] + 15) / 16 * 16;
        char *block = take(sizes[i]);
        struct region *r = region_find(block);
        assert_int_equal(((ULONG_PTR)block + room) % OS_PAGE, 0);
        assert_false(standin_faults(unit_touch, block + room - 1, NULL));
        assert_true(standin_faults(unit_touch, block + room, NULL));
        assert_int_equal(region_committed(r), room ? PAGES(room) : OS_PAGE);
        assert_int_equal(!record_of(r)->segment, sizes[i] > 239 * OS_PAGE);
        /* in the fewest addresses possible */
        assert_true(region_room(r) - region_committed(r) <
                    (record_of(r)->segment ? UNIT_BYTES : MAP_BYTES));
        assert_int_equal(heap_free(self, &mine, block), HEAP_OK);
        assert_true(standin_faults(unit_touch, block, NULL));
        assert_int_equal(heap_free(self, &mine, block), HEAP_BAD);
        assert_int_equal(heap_free(self, &yours, block), HEAP_BAD);
        assert_int_equal(mine.committed, 0);
    }
    for (int i = 0; i < 100; i++) { /* always at another address */
        void *block = take(100), *at = block;
        assert_int_equal(heap_realloc(self, &mine, &at, 100), HEAP_OK);
        assert_ptr_not_equal(block, at);
        assert_true(standin_faults(unit_touch, block, NULL));
    }
}

static int is_remembered(const void *block)
{
    struct region *r = region_find(block);

    return r && r->owner == REGION_QUARANTINED;
}

/* The newest freed blocks, whoever had them, also after their expert's close. */
static void a_gib_of_freed_blocks_is_remembered(void **state)
{
    enum { BLOCKS = 40 };
    SIZE_T bytes = (SIZE_T)64 << 20, addresses = 0;
    struct standin_usage before, now;
    static char *blocks[BLOCKS];
    int kept = 0;

    (void)state;
    standin_get_usage(&before);
    for (int i = 0; i < BLOCKS; i++) {
        struct heap *heap = i % 2 ? &mine : &yours;
        blocks[i] = heap_alloc(self, heap, bytes);
        assert_non_null(blocks[i]);
        assert_int_equal(heap_free(self, heap, blocks[i]), HEAP_OK);
    }
    heap_close(self, &mine, 0);
    heap_open(&mine, ME, (SIZE_T)-1);
    while (kept < BLOCKS && is_remembered(blocks[BLOCKS - 1 - kept]))
        addresses += region_room(region_find(blocks[BLOCKS - 1 - kept++])) + OS_PAGE;
    for (int i = 0; i < BLOCKS - kept; i++) {
        int again = 0; /* its address may have been given to one of those that are remembered */
        for (int k = BLOCKS - kept; k < BLOCKS; k++)
            again |= blocks[k] == blocks[i];
        assert_true(again || !is_remembered(blocks[i]));
    }
    assert_int_equal(addresses, quarantine_pages * OS_PAGE);
    assert_true(addresses <= (SIZE_T)1 << 30);
    assert_true(addresses + 2 * bytes > (SIZE_T)1 << 30);
    standin_get_usage(&now);
    assert_true(now.reserved - before.reserved < ((SIZE_T)1 << 30) + 2 * bytes);
    assert_true(now.committed < before.committed + bytes);
}

static void a_page_heap_that_gets_no_memory_loses_no_addresses(void **state)
{
    struct standin_usage before, now;

    (void)state;
    assert_int_equal(heap_free(self, &mine, take(100)), HEAP_OK);
    assert_int_equal(heap_free(self, &mine, take(10000)), HEAP_OK);
    standin_get_usage(&before);
    for (int i = 0; i < 200; i++) {
        standin_fail_at("VirtualAlloc.commit", 1, TRUE);
        assert_null(heap_alloc(self, &mine, i % 2 ? 100 : 10000));
        standin_fail_never();
    }
    standin_get_usage(&now);
    assert_int_equal(now.reserved, before.reserved);
    assert_int_equal(now.committed, before.committed);
}

#define PAGE_TEST(name) cmocka_unit_test_setup_teardown(name, open_page_heaps, close_page_heaps)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAGE_TEST(a_page_heaps_blocks_end_with_their_page),
        PAGE_TEST(a_gib_of_freed_blocks_is_remembered),
        PAGE_TEST(a_page_heap_that_gets_no_memory_loses_no_addresses),
    };

    return UNIT_RUN(tests);
}
