/* test_heap_repair.c - the promises of heap.h about what a dead thread left: it is detected and
   repaired. */
#include "heaps.h"

static void the_validator_detects_every_wrong_field(void **state)
{
    struct span *span, *full, *large;
    char *last = NULL;

    (void)state;
    for (int i = 0; i < 300; i++)
        last = take(2000);
    take(100000);
    assert_int_equal(heap_free(self, &mine, last), HEAP_OK);
    span = mine.current[heap_class(2000)];
    full = mine.current[HEAP_OTHERS];
    large = full->next;
    assert_true(heap_is_valid(self, &mine));
#define DECEIVE(field, value)                                                                      \
    do {                                                                                           \
        __typeof__(field) was = (field);                                                           \
        (field) = (value);                                                                         \
        assert_false(heap_is_valid(self, &mine));                                                  \
        (field) = was;                                                                             \
        assert_true(heap_is_valid(self, &mine));                                                   \
    } while (0)
    DECEIVE(mine.sums.live_bytes, mine.sums.live_bytes + 1);
    DECEIVE(mine.committed, mine.committed + 1);
    DECEIVE(mine.sums.frees, mine.sums.frees + 1);
    DECEIVE(span->link, &mine.current[HEAP_OTHERS]);
    DECEIVE(large->link, &mine.current[HEAP_OTHERS]);
    DECEIVE(span->region.owner, YOU);
    DECEIVE(full->region.owner, YOU);
    DECEIVE(large->region.owner, YOU);
    DECEIVE(span->kind, SPAN_FULL);
    DECEIVE(full->kind, SPAN_OPEN);
    DECEIVE(large->kind, SPAN_NEW);
    DECEIVE(span->size_class, 3);
    DECEIVE(span->used, (uint16_t)(span->used + 1));
    DECEIVE(full->used, (uint16_t)(full->used - 1));
    DECEIVE(span->head, (uint16_t)SPAN_NONE);
    DECEIVE(span->head, (uint16_t)SPAN_FREE); /* a live block */
    DECEIVE(span->head, 3);
    DECEIVE(span->head, (uint16_t)(SPAN_FREE | span->bump));
    DECEIVE(span->region.states[span->head & ~SPAN_FREE], span->head); /* a cycle */
    DECEIVE(large->bytes, large->bytes + OS_PAGE);
    DECEIVE(large->region.committed, (uint32_t)(large->bytes / OS_PAGE));
}

static void repair_finds_the_spans_with_free_blocks(void **state)
{
    static char *blocks[300];

    (void)state;
    for (int i = 0; i < 300; i++)
        blocks[i] = take(2000);
    assert_int_equal(heap_free(self, &mine, blocks[0]), HEAP_OK);
    assert_int_equal(heap_free(self, &mine, blocks[299]), HEAP_OK);
    for (struct span *r = mine.current[HEAP_OTHERS]; r; r = r->next)
        r->kind = SPAN_OPEN; /* as if killed while it made the lists anew */
    for (struct span *r = mine.current[heap_class(2000)]; r; r = r->next)
        r->kind = SPAN_FULL;
    heap_repair(self, &mine, 0);
    assert_true(heap_is_valid(self, &mine));
    assert_ptr_equal(mine.recent, &heap_no_span);
    assert_int_equal(mine.sums.peak_bytes, 600000);
    for (int i = 0; i < 300; i++)
        take(2000); /* the full ones are found again on the way */
    assert_true(heap_is_valid(self, &mine));
    assert_ptr_not_equal(mine.current[HEAP_OTHERS], &heap_no_span);
    for (struct span *r = mine.current[HEAP_OTHERS]; r; r = r->next)
        assert_false(span_has_room(r) || r->bump < r->region.state_count);
}

static void counts_never_fall_in_a_repair(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        take(10);
    assert_int_equal(heap_free(self, &mine, take(10)), HEAP_OK);
    mine.sums.frees = 0; /* as if killed before it counted a free */
    heap_repair(self, &mine, 0);
    assert_int_equal(mine.sums.allocations, 11);
    assert_int_equal(mine.sums.frees, 1);
    mine.sums.allocations = 10; /* as if killed before it counted an allocation */
    heap_repair(self, &mine, 0);
    assert_int_equal(mine.sums.allocations, 11);
    assert_int_equal(mine.sums.frees, 1);
    heap_repair(self, &mine, 0);
    assert_int_equal(mine.sums.allocations, 11);
    assert_int_equal(mine.sums.frees, 1);
    mine.sums.peak_bytes = mine.sums.live_bytes = 50;
    heap_repair(self, &mine, 0);
    assert_int_equal(mine.sums.live_bytes, 100);
    assert_int_equal(mine.sums.peak_bytes, 100);
}

static void what_was_taken_but_never_filled_is_freed_in_a_repair(void **state)
{
    struct region *r[4] = {region_take(self, ME, 1, 100), region_take(self, ME, 8, 0),
                           region_take_block(self, ME, 100000, 0),
                           region_take_block(self, ME, 3 << 20, 0)};

    (void)state;
    take(10);
    heap_repair(self, &mine, 0);
    for (int i = 0; i < 4; i++)
        assert_null(r[i]->owner);
    assert_int_equal(mine.sums.live_bytes, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_validator_detects_every_wrong_field),
        TEST(repair_finds_the_spans_with_free_blocks),
        TEST(counts_never_fall_in_a_repair),
        TEST(what_was_taken_but_never_filled_is_freed_in_a_repair),
    };

    return UNIT_RUN(tests);
}
