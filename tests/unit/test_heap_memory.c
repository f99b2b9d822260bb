/* test_heap_memory.c - the promises of heap.h, large.h and shared.h about where blocks lie and how
   much memory they take. */
#include "heaps.h"

#include "pages/cache.h"

#define SLACK ((SIZE_T)64 << 10) /* as in large.c */

/* The span of the next block of this size that lies in another span than `span`. */
static struct span *next_span(const struct span *span, SIZE_T bytes)
{
    struct span *next;

    do
        next = span_at(take(bytes));
    while (next == span);
    return next;
}

static void a_classes_spans_grow_with_what_it_holds_already(void **state)
{
    struct span *first = span_at(take(100)), *second = next_span(first, 100), *third;

    (void)state;
    assert_int_equal(region_room(&first->region), REGION_BYTES(SPAN_FIRST));
    assert_int_equal(region_room(&second->region), REGION_BYTES(SPAN_SECOND));
    assert_int_equal(first->kind, SPAN_FULL);
    third = next_span(second, 100);
    assert_int_equal(second->kind, SPAN_FULL);
    assert_int_equal(region_room(&third->region), REGION_BYTES(SPAN_LATER));
    assert_int_equal(region_room(&next_span(third, 100)->region), REGION_BYTES(SPAN_LATER));
    /* each class has its own spans; larger blocks begin with larger spans */
    assert_int_equal(region_room(region_find(take(1024))), REGION_BYTES(SPAN_FIRST));
    assert_int_equal(region_room(region_find(take(1025))), REGION_BYTES(SPAN_SECOND));
    assert_int_equal(region_room(region_find(take(4096))), REGION_BYTES(SPAN_SECOND));
    assert_int_equal(region_room(region_find(take(4097))), REGION_BYTES(SPAN_LATER));
    assert_int_equal(region_room(region_find(take(HEAP_SMALL))), REGION_BYTES(SPAN_LATER));
}

/* The bytes of block states of all spans of this heap. */
static SIZE_T state_bytes(void)
{
    SIZE_T bytes = 0;

    for (int i = 0; i <= HEAP_OTHERS; i++)
        for (struct span *s = mine.current[i]; s && s != &heap_no_span; s = s->next)
            bytes += region_footprint(&s->region) - region_committed(&s->region);
    return bytes;
}

static SIZE_T committed_by_the_system(void)
{
    return mine.committed - state_bytes() + segment_state_pages * OS_PAGE;
}

static void what_is_committed_is_counted(void **state)
{
    struct standin_usage before, now;
    char *blocks[400];

    (void)state;
    take(2000); /* so that all records exist */
    heap_close(self, &mine, 0);
    open_heaps(state);
    standin_get_usage(&before);
    take(2000);
    assert_int_equal(mine.committed, region_footprint(region_find(take(2000))));
    standin_get_usage(&now);
    assert_int_equal(now.committed - before.committed, committed_by_the_system());
    for (int i = 0; i < 400; i++)
        blocks[i] = take(3000);
    take(200000);
    standin_get_usage(&now);
    assert_int_equal(now.committed - before.committed, committed_by_the_system());
    /* spans grow by an eighth of what the class has: no more than that is unused */
    assert_true(mine.committed < mine.sums.live_bytes + mine.sums.live_bytes / 4);
    for (int i = 0; i < 400; i++)
        assert_int_equal(heap_free(self, &mine, blocks[i]), HEAP_OK);
    /* one span of each class stays */
    assert_true(mine.committed <=
                PAGES(200000) + REGION_BYTES(SPAN_SECOND) + REGION_BYTES(SPAN_LATER) + 256);
    assert_true(heap_is_valid(self, &mine));
}

static void a_small_block_moves_only_if_it_must_or_leaves_half_unused(void **state)
{
    char *small = take(64), *block = take(80);

    (void)state;
    take(80);
    assert_ptr_equal(resize(&mine, small, 0), small);
    assert_ptr_equal(resize(&mine, small, 64), small);
    assert_ptr_equal(resize(&mine, block, 40), block);
    assert_ptr_equal(resize(&mine, block, 80), block);
    assert_ptr_not_equal(resize(&mine, block, 39), block);
    block = take(80);
    assert_ptr_not_equal(resize(&mine, block, 81), block);
    block = take(HEAP_SMALL);
    assert_ptr_not_equal(resize(&mine, block, HEAP_SMALL + 1), block);
}

static void a_large_block_grows_and_shrinks_where_it_is(void **state)
{
    char *block = take(300 * OS_PAGE);
    struct region *r = region_find(block);

    (void)state;
    assert_int_equal(region_committed(r), 300 * OS_PAGE);
    memset(block, 0x55, 300 * OS_PAGE);
    /* within what it has, nothing is committed or returned */
    assert_ptr_equal(resize(&mine, block, 300 * OS_PAGE - 1), block);
    assert_ptr_equal(resize(&mine, block, 300 * OS_PAGE), block);
    assert_int_equal(block[300 * OS_PAGE - 1], 0);
    assert_int_equal(block[300 * OS_PAGE - 2], 0x55);
    assert_int_equal(region_committed(r), 300 * OS_PAGE);
    /* beyond it, some pages more are committed for later growth */
    assert_ptr_equal(resize(&mine, block, 300 * OS_PAGE + 1), block);
    assert_int_equal(region_committed(r),
                     PAGES(300 * OS_PAGE + 1 + SLACK + (300 * OS_PAGE + 1) / 16));
    assert_int_equal(block[300 * OS_PAGE], 0);
    /* a little less changes nothing, much less returns the rest */
    assert_ptr_equal(resize(&mine, block, 298 * OS_PAGE), block);
    assert_int_equal(region_committed(r),
                     PAGES(300 * OS_PAGE + 1 + SLACK + (300 * OS_PAGE + 1) / 16));
    assert_ptr_equal(resize(&mine, block, 60 * OS_PAGE + 5), block);
    assert_int_equal(region_committed(r), 61 * OS_PAGE);
    assert_true(standin_faults(unit_touch, block + 61 * OS_PAGE, NULL));
    assert_int_equal(mine.committed, 61 * OS_PAGE);
    assert_ptr_equal(resize(&mine, block, 80 * OS_PAGE), block);
    for (SIZE_T i = 60 * OS_PAGE + 5; i < 80 * OS_PAGE; i++)
        assert_int_equal(block[i], 0);
    assert_int_equal(block[60 * OS_PAGE + 4], 0x55);
    /* small spans leave it */
    assert_ptr_equal(resize(&mine, block, HEAP_SMALL + 1), block);
    assert_ptr_not_equal(resize(&mine, block, HEAP_SMALL), block);
}

static void the_slack_that_a_shrinking_block_may_keep_is_64_kib_and_an_eighth(void **state)
{
    SIZE_T bytes = 280 * OS_PAGE, most = bytes + SLACK + bytes / 8;
    char *block = take(most), *other = take(most + OS_PAGE);

    (void)state;
    assert_int_equal(most % OS_PAGE, 0);
    assert_ptr_equal(resize(&mine, block, bytes), block);
    assert_int_equal(region_committed(region_find(block)), most);
    assert_ptr_equal(resize(&mine, other, bytes), other);
    assert_int_equal(region_committed(region_find(other)), bytes);
}

static void a_large_block_ends_with_its_room(void **state)
{
    char *block = take(100000);
    SIZE_T room = region_room(region_find(block));

    (void)state;
    block[99999] = 7;
    assert_ptr_equal(resize(&mine, block, room - 1), block);
    assert_ptr_equal(resize(&mine, block, room), block);
    assert_int_equal(region_committed(region_find(block)), room);
    assert_true(standin_faults(unit_touch, block + room, NULL));
    assert_int_equal(block[99999], 7);
    block = resize(&mine, block, room + 1); /* a copy, with as much room again */
    assert_true(region_room(region_find(block)) >= 2 * room);
    assert_int_equal(block[99999], 7);
    assert_int_equal(block[room], 0);
}

static void growing_takes_no_more_than_asked_for_when_memory_is_short(void **state)
{
    char *block = take(1100000);
    struct standin_usage now;

    (void)state;
    region_trim(self);
    standin_get_usage(&now);
    standin_set_commit_limit(now.committed + 10 * OS_PAGE);
    assert_ptr_equal(resize(&mine, block, 1100000 + 8 * OS_PAGE), block);
    assert_int_equal(region_committed(region_find(block)), PAGES(1100000 + 8 * OS_PAGE));
    standin_set_commit_limit((SIZE_T)1 << 46);
}

static void a_block_that_shrinks_is_never_refused(void **state)
{
    static const SIZE_T sizes[] = {100, 5000, 100000, 3000000};

    (void)state;
    for (int i = 0; i < 4; i++) {
        void *block = take(sizes[i]);
        memset(block, 0x44, sizes[i]);
        the_system_gives_nothing();
        for (int again = 0; again < 2; again++)
            assert_int_equal(heap_realloc(self, &mine, &block, 7), HEAP_OK);
        standin_fail_never();
        assert_memory_equal(block, "DDDDDDD", 7);
        assert_int_equal(mine.sums.live_bytes, 7);
        block = resize(&mine, block, sizes[i]);
        for (SIZE_T k = 7; k < sizes[i]; k++)
            assert_int_equal(((char *)block)[k], 0);
        assert_int_equal(heap_free(self, &mine, block), HEAP_OK);
    }
}

static void a_span_that_can_not_grow_now_grows_later(void **state)
{
    struct span *span = span_at(take(3000));
    unsigned count = 1;

    (void)state;
    the_system_gives_nothing();
    while (heap_alloc(self, &mine, 3000))
        count++;
    standin_fail_never();
    assert_int_equal(span->kind, SPAN_OPEN);
    assert_int_equal(count, span_limit(span));
    assert_int_equal(mine.sums.live_bytes, 3000 * count);
    assert_int_equal(mine.sums.allocations, count);
    assert_true(heap_is_valid(self, &mine));
    assert_ptr_equal(region_find(take(3000)), span);
}

static void while_a_span_can_not_grow_a_block_that_is_freed_in_another_serves(void **state)
{
    char *first = take(3000);

    (void)state;
    while (span_at(take(3000)) == span_at(first))
        ;
    the_system_gives_nothing();
    while (heap_alloc(self, &mine, 3000))
        ;
    assert_int_equal(heap_free(self, &mine, first), HEAP_OK);
    assert_ptr_equal(heap_alloc(self, &mine, 3000), first);
    assert_null(heap_alloc(self, &mine, 3000));
    standin_fail_never();
    assert_ptr_not_equal(span_at(take(3000)), span_at(first));
}

static void cached_pages_are_returned_before_a_block_is_refused(void **state)
{
    char *block = heap_alloc(self, &yours, 900000);
    struct standin_usage now;

    (void)state;
    assert_int_equal(heap_free(self, &yours, block), HEAP_OK);
    standin_get_usage(&now);
    standin_set_commit_limit(now.committed + OS_PAGE);
    take(30000);
    take(500000);
    standin_set_commit_limit((SIZE_T)1 << 46);
}

static void a_full_span_that_has_room_again_comes_second(void **state)
{
    static char *blocks[300];
    struct span *full[2], *current;

    (void)state;
    for (int i = 0; i < 300; i++)
        blocks[i] = take(2000);
    full[0] = span_at(blocks[0]);
    full[1] = span_at(blocks[140]);
    current = span_at(blocks[299]);
    assert_int_equal(full[0]->kind, SPAN_FULL);
    assert_int_equal(full[1]->kind, SPAN_FULL);
    assert_int_equal(current->kind, SPAN_OPEN);
    assert_ptr_equal(mine.current[heap_class(2000)], current);
    assert_int_equal(heap_free(self, &mine, blocks[0]), HEAP_OK);
    assert_int_equal(heap_free(self, &mine, blocks[140]), HEAP_OK);
    assert_ptr_equal(mine.current[heap_class(2000)], current);
    assert_ptr_equal(current->next, full[1]);
    assert_ptr_equal(full[1]->next, full[0]);
    assert_true(heap_is_valid(self, &mine));
    for (int i = 0; i < 300; i++)
        if (i && i != 140)
            assert_int_equal(heap_free(self, &mine, blocks[i]), HEAP_OK);
    assert_ptr_equal(mine.current[HEAP_OTHERS], &heap_no_span);
    assert_null(current->next); /* only the current span stays, empty */
    assert_int_equal(mine.committed, region_footprint(&current->region));
}

static void with_no_other_a_full_span_that_has_room_again_comes_first(void **state)
{
    char *block = take(30000), *last = block;
    struct span *span = span_at(block);

    (void)state;
    assert_true(region_commit(self, &span->region, region_room(&span->region)));
    heap_repair(self, &mine, 0);
    while (span_at(last) == span && span->bump < span->region.state_count)
        last = take(30000);
    the_system_gives_nothing();
    assert_null(heap_alloc(self, &mine, 30000));
    assert_int_equal(span->kind, SPAN_FULL);
    assert_ptr_equal(mine.current[heap_class(30000)], &heap_no_span);
    assert_int_equal(heap_free(self, &mine, block), HEAP_OK);
    assert_ptr_equal(mine.current[heap_class(30000)], span);
    assert_ptr_equal(span->link, &mine.current[heap_class(30000)]);
    assert_null(heap_no_span.next);
    assert_ptr_equal(heap_alloc(self, &mine, 30000), block);
    standin_fail_never();
}

static void a_block_handed_over_stays_in_place_while_it_fits(void **state)
{
    char *block = take(70), *other = take(70);

    (void)state;
    memset(block, 0x33, 70);
    assert_int_equal(heap_transfer(self, &mine, &yours, block), HEAP_OK);
    assert_ptr_equal(resize(&yours, block, 80), block);
    assert_int_equal(block[69], 0x33);
    for (int i = 70; i < 80; i++)
        assert_int_equal(block[i], 0);
    assert_ptr_equal(resize(&yours, block, 60), block);
    assert_ptr_equal(resize(&yours, block, 80), block);
    assert_int_equal(block[59], 0x33);
    for (int i = 60; i < 80; i++)
        assert_int_equal(block[i], 0);
    assert_int_equal(yours.sums.live_bytes, 80);
    assert_int_equal(heap_free(self, &mine, other), HEAP_OK);
    assert_int_equal(heap_free(self, &yours, block), HEAP_OK);
}

static void each_block_of_a_shared_span_is_its_owners_alone(void **state)
{
    char *blocks[40], *foreign = heap_alloc(self, &yours, 100);
    struct heap_block found;
    struct span *span;

    (void)state;
    for (int i = 0; i < 40; i++)
        blocks[i] = take(100);
    span = span_at(blocks[0]);
    assert_int_equal(heap_free(self, &mine, blocks[0]), HEAP_OK);
    for (int i = 1; i < 40; i += 2)
        assert_int_equal(heap_transfer(self, &mine, &yours, blocks[i]), HEAP_OK);
    for (int i = 0; i < 40; i++) {
        struct heap *owner = i % 2 ? &yours : &mine, *other = i % 2 ? &mine : &yours;
        if (span_at(blocks[i]) != span)
            continue;
        assert_int_equal(heap_find(self, owner, blocks[i], &found), i ? HEAP_OK : HEAP_BAD);
        assert_int_equal(heap_find(self, other, blocks[i], &found), i ? HEAP_FOREIGN : HEAP_BAD);
        assert_int_equal(heap_find(self, NULL, blocks[i], &found), i ? HEAP_FOREIGN : HEAP_BAD);
        assert_int_equal(heap_find(self, owner, blocks[i] + 16, &found), HEAP_BAD);
    }
    assert_true(heap_is_valid(self, &mine) && heap_is_valid(self, &yours));
    assert_int_equal(mine.sums.live_bytes, 1900);
    assert_int_equal(yours.sums.live_bytes, 2100);
    heap_close(self, &mine, 0);
    for (int i = 0; i < 40; i++)
        if (span_at(blocks[i]) == span)
            assert_int_equal(heap_find(self, &yours, blocks[i], &found),
                             i % 2 ? HEAP_OK : HEAP_BAD);
    heap_open(&mine, ME, (SIZE_T)-1);
    heap_close(self, &mine, 0); /* the next heap of the same owner has no part in them */
    heap_open(&mine, ME, (SIZE_T)-1);
    assert_ptr_equal(span->region.owner, SHARED_OWNER);
    for (int i = 1; i < 40; i += 2)
        assert_int_equal(heap_free(self, &yours, blocks[i]), HEAP_OK);
    assert_ptr_not_equal(span->region.owner, SHARED_OWNER); /* released with its last block */
    assert_int_equal(heap_free(self, &yours, foreign), HEAP_OK);
}

static void note_table(struct region *r, void *context)
{
    if (span_of(r)->kind == SPAN_OWNERS)
        *(struct region **)context = r;
}

static void the_records_of_shared_spans_are_no_blocks_and_go_with_them(void **state)
{
    struct standin_usage before, now;
    struct region *table = NULL;
    struct heap_block found;

    (void)state;
    for (int round = 0; round < 600; round++) {
        char *block = take(48);
        region_trim(self);
        if (round < 2)
            standin_get_usage(&before);
        assert_int_equal(heap_transfer(self, &mine, &yours, block), HEAP_OK);
        region_lock(self);
        region_visit(SHARED_OWNER, note_table, &table);
        region_unlock();
        assert_non_null(table);
        for (int i = 0; i < 256; i += 8) {
            assert_int_equal(heap_find(self, &mine, table->base + i, &found), HEAP_BAD);
            assert_int_equal(heap_find(self, &yours, table->base + i, &found), HEAP_BAD);
        }
        assert_int_equal(heap_free(self, &yours, block), HEAP_OK);
        region_trim(self);
        standin_get_usage(&now);
        /* A segment far from all others may cost the map a leaf. */
        assert_true(now.committed <= before.committed + 65536);
        assert_ptr_not_equal(table->owner, SHARED_OWNER);
    }
}

static void a_failing_hand_over_changes_nothing(void **state)
{
    char *small = take(50), *large = take(50000);
    SIZE_T committed = mine.committed;
    struct heap_block found;

    (void)state;
    yours.sums.limit = 49;
    assert_int_equal(heap_transfer(self, &mine, &yours, small), HEAP_FULL);
    assert_int_equal(heap_transfer(self, &mine, &yours, large), HEAP_FULL);
    yours.sums.limit = 50;
    the_system_gives_nothing();
    assert_int_equal(heap_transfer(self, &mine, &yours, small), HEAP_FULL);
    standin_fail_never();
    assert_int_equal(heap_find(self, &mine, small, &found), HEAP_OK);
    assert_int_equal(mine.committed, committed);
    assert_true(heap_is_valid(self, &mine));
    assert_int_equal(heap_transfer(self, &mine, &yours, small), HEAP_OK);
    assert_int_equal(yours.sums.live_bytes, 50);
    assert_int_equal(yours.sums.peak_bytes, 50);
    assert_int_equal(yours.sums.allocations, 1);
    assert_int_equal(mine.sums.frees, 1);
}

/* In a region that is committed whole, more of them would fit than have a state. */
static void blocks_under_64_bytes_all_have_a_state(void **state)
{
    const SIZE_T many = 3 * REGION_BYTES(SPAN_LATER) / 16;

    (void)state;
    for (SIZE_T bytes = 0; bytes <= 48; bytes += 16) {
        for (int i = 0; i < 4; i++) { /* what serves the spans */
            struct region *r = region_take(self, &yours, SPAN_LATER, 1);
            assert_true(region_commit(self, r, REGION_BYTES(SPAN_LATER)));
            region_release(self, r);
        }
        for (SIZE_T i = 0; i < many; i++)
            *(volatile char *)take(bytes ? bytes : 1) = 1;
        assert_true(heap_is_valid(self, &mine));
        heap_close(self, &mine, 0);
        open_heaps(NULL);
    }
}

static void a_block_too_large_for_any_system_leaves_the_cache_alone(void **state)
{
    SIZE_T before;

    (void)state;
    assert_int_equal(heap_free(self, &mine, take(40000)), HEAP_OK);
    before = cache_pages();
    assert_true(before > 0);
    assert_null(heap_alloc(self, &yours, (SIZE_T)-1));
    assert_null(heap_alloc(self, &yours, (SIZE_T)-1 / 4));
    assert_int_equal(cache_pages(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_classes_spans_grow_with_what_it_holds_already),
        TEST(what_is_committed_is_counted),
        TEST(a_small_block_moves_only_if_it_must_or_leaves_half_unused),
        TEST(a_large_block_grows_and_shrinks_where_it_is),
        TEST(the_slack_that_a_shrinking_block_may_keep_is_64_kib_and_an_eighth),
        TEST(a_large_block_ends_with_its_room),
        TEST(growing_takes_no_more_than_asked_for_when_memory_is_short),
        TEST(a_block_that_shrinks_is_never_refused),
        TEST(a_span_that_can_not_grow_now_grows_later),
        TEST(while_a_span_can_not_grow_a_block_that_is_freed_in_another_serves),
        TEST(cached_pages_are_returned_before_a_block_is_refused),
        TEST(a_full_span_that_has_room_again_comes_second),
        TEST(with_no_other_a_full_span_that_has_room_again_comes_first),
        TEST(a_block_handed_over_stays_in_place_while_it_fits),
        TEST(each_block_of_a_shared_span_is_its_owners_alone),
        TEST(the_records_of_shared_spans_are_no_blocks_and_go_with_them),
        TEST(a_failing_hand_over_changes_nothing),
        TEST(blocks_under_64_bytes_all_have_a_state),
        TEST(a_block_too_large_for_any_system_leaves_the_cache_alone),
    };

    return UNIT_RUN(tests);
}
