/* test_span.c - the promises of span.h. */
#include "unit.h"

static uint16_t words[SLOT_WORDS / 2];

static unsigned index_of(const struct region *span, const char *block)
{
    SIZE_T bytes;

    return span_index(span, (SIZE_T)(block - span->base), &bytes);
}

static char *take(struct region *span, SIZE_T bytes)
{
    return span->head == SPAN_NONE ? span_take_fresh(span, bytes) : span_take_freed(span, bytes);
}

static void the_reciprocal_is_exact_for_every_class_and_every_offset(void **state)
{
    (void)state;
    memset(words, 0, sizeof words); /* every block is live */
    for (unsigned c = 0; c < HEAP_CLASSES; c++) {
        struct region span = {.words = words};
        SIZE_T bytes;
        span_open(&span, c, heap_class_bytes(c));
        span_set_fresh(&span, (unsigned)(SLOT_DATA / span.block));
        for (uint32_t offset = 0; offset < SLOT_DATA; offset++) {
            unsigned expected = offset % span.block == 0 && offset / span.block < span.fresh
                                    ? offset / span.block
                                    : SPAN_BAD;
            if (span_index(&span, offset, &bytes) != expected)
                fail_msg("class %u, offset %u", c, offset);
        }
        assert_int_equal(span_index(&span, (SIZE_T)-16, &bytes), SPAN_BAD);
        assert_int_equal(span_index(&span, SLOT_BYTES, &bytes), SPAN_BAD);
        assert_int_equal(span_index(&span, (SIZE_T)1 << 35, &bytes), SPAN_BAD);
    }
}

static struct region *make(unsigned bytes)
{
    struct region *span = region_take(self, RECORD_HEAP_OWNER, 0);

    assert_non_null(span);
    span_open(span, heap_class(bytes), heap_class_bytes(heap_class(bytes)));
    assert_true(span_grow(span, 16384));
    return span;
}

static void the_words_are_the_free_list_and_the_sizes(void **state)
{
    struct region *span = make(100);
    char *a = take(span, 100), *b = take(span, 90), *c = take(span, 80);
    SIZE_T bytes = 0;

    (void)state;
    assert_int_equal(span_index(span, (SIZE_T)(b - span->base), &bytes), 1);
    assert_int_equal(bytes, 90);
    span_give(span, 0);
    span_give(span, 2);
    assert_int_equal(span->words[2], SPAN_FREE | 0);
    assert_int_equal(span->words[0], SPAN_NONE);
    assert_int_equal(span->used, 1);
    assert_int_equal(index_of(span, a), SPAN_BAD);
    assert_ptr_equal(take(span, 1), c);
    assert_ptr_equal(take(span, 1), a);
    assert_int_equal(span->used, 3);
    region_release(self, span);
}

static void a_word_counts_only_below_fresh(void **state)
{
    struct region *span = make(64);
    char *first = take(span, 64);

    (void)state;
    assert_int_equal(index_of(span, first), 0);
    assert_int_equal(index_of(span, first + 64), SPAN_BAD);
    assert_int_equal(index_of(span, first - 64), SPAN_BAD);
    region_release(self, span);
}

static void only_blocks_in_committed_pages_are_put_on_the_list(void **state)
{
    struct region *span = make(48);
    unsigned limit = span->limit, carved = 0;

    (void)state;
    assert_int_not_equal(limit % (OS_PAGE / 48), 0); /* the last page's worth is no whole one */
    while (span->fresh < limit) {
        unsigned before = span->fresh;
        span_carve(span);
        assert_in_range(span->fresh, before + 1, before + OS_PAGE / 48);
        for (unsigned i = before; i < span->fresh; i++, carved++)
            assert_ptr_equal(span_take_freed(span, 48), span->base + (SIZE_T)i * 48);
        assert_int_equal(span->head, SPAN_NONE);
    }
    assert_int_equal(carved, limit);
    region_release(self, span);
}

static void repair_makes_head_and_used_anew(void **state)
{
    struct region *span = make(100);
    SIZE_T bytes = 0;

    (void)state;
    for (unsigned i = 0; i < 50; i++)
        take(span, i);
    for (unsigned i = 0; i < 50; i += 3)
        span_give(span, i);
    for (unsigned i = 0; i < 50; i++)
        bytes += i % 3 ? i : 0;
    span->head = 49;
    span->used = 999;
    assert_int_equal(span_repair(span), bytes);
    assert_int_equal(span->used, 33);
    for (unsigned i = 0; i < 17; i++)
        assert_int_equal(index_of(span, take(span, 7)) % 3, 0);
    assert_int_equal(span->head, SPAN_NONE);
    region_release(self, span);
}

static void a_span_grows_to_its_capacity_and_ends_at_the_guard_page(void **state)
{
    struct region *span = make(5000);
    unsigned count = 0;
    char *last = NULL, *block;

    (void)state;
    while (span_has_room(span) || span_grow(span, 1)) {
        block = take(span, 5000);
        assert_non_null(block);
        last = block;
        count++;
    }
    assert_int_equal(count, span_capacity(span));
    assert_false(span_has_room(span));
    assert_false(standin_faults(unit_touch, last + span->block - 1, NULL));
    assert_true(standin_faults(unit_touch, span->base + SLOT_DATA, NULL));
    region_release(self, span);
}

static void a_span_that_can_not_grow_stays_as_it_is(void **state)
{
    struct region *span = region_take(self, RECORD_HEAP_OWNER, 0);
    unsigned limit;

    (void)state;
    span_open(span, heap_class(1000), heap_class_bytes(heap_class(1000)));
    standin_fail_at("VirtualAlloc.commit", 1, TRUE);
    limit = span->limit;
    if (span->pages == 0)
        assert_false(span_grow(span, 100000));
    standin_fail_never();
    if (span->pages == 0)
        assert_int_equal(span->limit, limit);
    assert_true(span_grow(span, 0));
    assert_true(span_has_room(span));
    region_release(self, span);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reciprocal_is_exact_for_every_class_and_every_offset),
        cmocka_unit_test(the_words_are_the_free_list_and_the_sizes),
        cmocka_unit_test(a_word_counts_only_below_fresh),
        cmocka_unit_test(only_blocks_in_committed_pages_are_put_on_the_list),
        cmocka_unit_test(repair_makes_head_and_used_anew),
        cmocka_unit_test(a_span_grows_to_its_capacity_and_ends_at_the_guard_page),
        cmocka_unit_test(a_span_that_can_not_grow_stays_as_it_is),
    };

    return UNIT_RUN(tests);
}
