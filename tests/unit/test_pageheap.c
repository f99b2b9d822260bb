/* test_pageheap.c - the promises of large.h with pageheap. */
#include "heaps.h"

static int open_page_heaps(void **state)
{
    large_pages = pool_keeps_nothing = 1;
    return open_heaps(state);
}

static int close_page_heaps(void **state)
{
    int failed = close_heaps(state);

    large_pages = pool_keeps_nothing = 0;
    return failed;
}

static void a_page_heaps_blocks_end_with_their_page(void **state)
{
    static const SIZE_T sizes[] = {
        0, 1, 16, 17, 4095, 4096, 4097, 30000, SLOT_DATA, SLOT_DATA + 1, 1000000};

    (void)state;
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        SIZE_T room = (sizes[i] + 15) / 16 * 16;
        char *block = take(sizes[i]);
        struct region *r = region_find(block);
        assert_int_equal(((ULONG_PTR)block + room) % OS_PAGE, 0);
        assert_false(standin_faults(unit_touch, block + room - 1, NULL));
        assert_true(standin_faults(unit_touch, block + room, NULL));
        assert_int_equal(r->committed, room ? PAGES(room) : OS_PAGE);
        assert_int_equal(region_room(r) == MINI_DATA, PAGES(room) <= OS_PAGE);
        assert_int_equal(heap_free(self, &mine, block), HEAP_OK);
        assert_true(standin_faults(unit_touch, block, NULL));
        assert_int_equal(heap_free(self, &mine, block), HEAP_BAD);
        assert_int_equal(heap_free(self, &yours, block), HEAP_BAD);
        assert_int_equal(mine.committed, 0);
    }
    for (int i = 0; i < 100; i++) { /* always another place */
        void *block = take(100), *at = block;
        assert_int_equal(heap_realloc(self, &mine, &at, 100), HEAP_OK);
        assert_ptr_not_equal(block, at);
        assert_true(standin_faults(unit_touch, block, NULL));
    }
}

static void a_page_heap_remembers_a_gib_of_freed_blocks(void **state)
{
    enum { BLOCKS = 40 };
    SIZE_T bytes = (SIZE_T)64 << 20, rooms = 0;
    struct standin_usage before, now;
    static char *blocks[BLOCKS];
    int kept = 0;

    (void)state;
    standin_get_usage(&before);
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = take(bytes);
        assert_int_equal(heap_free(self, &mine, blocks[i]), HEAP_OK);
    }
    for (int i = BLOCKS; i-- > 0;) {
        struct region *r = region_find(blocks[i]);
        if (!r || r->owner != ME)
            break;
        rooms += region_room(r);
        kept++;
    }
    assert_int_equal(rooms, mine.freed_bytes);
    assert_true(rooms <= (SIZE_T)1 << 30);
    assert_true(rooms + 2 * bytes > (SIZE_T)1 << 30);
    assert_ptr_equal(mine.last_freed, region_find(blocks[BLOCKS - kept]));
    standin_get_usage(&now);
    assert_true(now.reserved - before.reserved < ((SIZE_T)1 << 30) + 2 * bytes);
    heap_close(self, &mine);
    heap_open(&mine, ME, (SIZE_T)-1);
    standin_get_usage(&now);
    assert_true(now.reserved <= before.reserved + 2 * CHUNK_BYTES);
}

static void what_is_larger_than_all_that_is_remembered_goes_at_once(void **state)
{
    struct region *r;
    char *block;

    (void)state;
    large_pages = 0; /* so much room, without so much memory */
    r = large_open(self, ME, 100, (SIZE_T)1 << 30);
    large_pages = 1;
    assert_non_null(r);
    heap_list(&mine, r);
    mine.live_bytes = 100;
    mine.allocations++;
    block = large_block(r);
    assert_int_equal(heap_free(self, &mine, block), HEAP_OK);
    assert_null(mine.last_freed);
    assert_int_equal(mine.freed_bytes, 0);
    assert_true(!region_find(block) || !region_find(block)->owner);
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
        PAGE_TEST(a_page_heap_remembers_a_gib_of_freed_blocks),
        PAGE_TEST(what_is_larger_than_all_that_is_remembered_goes_at_once),
        PAGE_TEST(a_page_heap_that_gets_no_memory_loses_no_addresses),
    };

    return UNIT_RUN(tests);
}
