/* test_span.c - the promises of span.h. */
#include "unit.h"

#define ME ((void *)0x4440)

static unsigned index_of(const struct span *span, const char *block)
{
    SIZE_T bytes;

    return span_index(span, block, &bytes);
}

static const void *at(const struct span *span, SIZE_T offset)
{
    return (const char *)((SIZE_T)span->region.base + offset);
}

static struct span *make(unsigned units, unsigned bytes)
{
    unsigned size_class = heap_class(bytes);
    struct span *span = span_open(self, ME, units, size_class, heap_class_bytes(size_class));

    assert_non_null(span);
    return span;
}

static void the_reciprocal_is_exact_for_every_class_and_every_offset(void **state)
{
    static const unsigned units[] = {SPAN_FIRST, SPAN_SECOND, SPAN_LATER};

    (void)state;
    for (unsigned u = 0; u < 3; u++) {
        for (unsigned c = 0; c < HEAP_CLASSES; c++) {
            struct span *span;
            SIZE_T bytes;
            if (heap_class_bytes(c) > REGION_BYTES(units[u]))
                continue;
            span =
                make(units[u], heap_class_bytes(c) < HEAP_SMALL ? heap_class_bytes(c) : HEAP_SMALL);
            memset(span->region.states, 0, span->region.state_count * 2); /* every block is live */
            span_set_bump(span, span->region.state_count);
            for (uint32_t offset = 0; offset < REGION_BYTES(units[u]); offset++) {
                unsigned expected = offset % span->block == 0 && offset / span->block < span->bump
                                        ? offset / span->block
                                        : SPAN_BAD;
                if (span_index(span, at(span, offset), &bytes) != expected)
                    fail_msg("%u units, class %u, offset %u", units[u], c, offset);
            }
            assert_int_equal(span_index(span, at(span, (SIZE_T)-16), &bytes), SPAN_BAD);
            assert_int_equal(span_index(span, at(span, units[u] * UNIT_BYTES), &bytes), SPAN_BAD);
            assert_int_equal(span_index(span, at(span, (SIZE_T)1 << 35), &bytes), SPAN_BAD);
            span_free(self, span, 0);
        }
    }
}

static struct span *grown(unsigned bytes)
{
    struct span *span = make(SPAN_LATER, bytes);

    assert_true(span_grow(self, span, 16384));
    return span;
}

static void the_states_are_the_free_list_and_the_sizes(void **state)
{
    struct span *span = grown(100);
    char *a = span_take(span, 100), *b = span_take(span, 90), *c = span_take(span, 80);
    uint16_t head = span->head;
    SIZE_T bytes = 0;

    (void)state;
    assert_int_equal(span_index(span, b, &bytes), 1);
    assert_int_equal(bytes, 90);
    span_give(span, 0);
    span_give(span, 2);
    assert_int_equal(span->region.states[2], SPAN_FREE | 0);
    assert_int_equal(span->region.states[0], head);
    assert_int_equal(span->used, 1);
    assert_int_equal(index_of(span, a), SPAN_BAD);
    assert_ptr_equal(span_take(span, 1), c);
    assert_ptr_equal(span_take(span, 1), a);
    assert_int_equal(span->used, 3);
    span_free(self, span, 0);
}

static void a_state_counts_only_below_the_bump_index(void **state)
{
    struct span *span = grown(64);
    char *first = span_take(span, 64);

    (void)state;
    assert_int_equal(index_of(span, first), 0);
    assert_int_equal(index_of(span, first + 64), SPAN_BAD);
    assert_int_equal(index_of(span, first - 64), SPAN_BAD);
    span_free(self, span, 0);
}

static void only_blocks_in_committed_pages_are_put_on_the_list(void **state)
{
    struct span *span = grown(48);
    unsigned limit = span_limit(span), extended = 0;

    (void)state;
    assert_int_not_equal(limit % (OS_PAGE / 48), 0); /* the last page has no whole block */
    while (span->bump < limit) {
        unsigned before = span->bump;
        assert_ptr_equal(span_take(span, 48), span->region.base + (SIZE_T)before * 48);
        assert_in_range(span->bump, before + 1, before + OS_PAGE / 48);
        for (unsigned i = before + 1; i < span->bump; i++)
            assert_ptr_equal(span_take_freed(span, 48), span->region.base + (SIZE_T)i * 48);
        extended += span->bump - before;
        assert_int_equal(span->head, SPAN_NONE);
    }
    assert_int_equal(extended, limit);
    span_free(self, span, 0);
}

static void repair_makes_head_and_used_anew(void **state)
{
    struct span *span = grown(100);

    (void)state;
    for (unsigned i = 0; i < 50; i++)
        span_take(span, i);
    for (unsigned i = 0; i < 50; i += 3)
        span_give(span, i);
    span->head = 49;
    span->used = 999;
    span_repair(span);
    assert_int_equal(span->used, 33);
    for (unsigned i = 0; i < 17; i++)
        assert_int_equal(index_of(span, span_take(span, 7)) % 3, 0);
    assert_int_equal(span->head, SPAN_FREE | 50); /* on the list, but never handed out */
    span_free(self, span, 0);
}

static void a_span_grows_to_its_capacity_and_ends_at_the_guard_page(void **state)
{
    struct span *span = grown(5000);
    unsigned count = 0;
    char *last = NULL, *block;

    (void)state;
    while (span_has_room(span) || span_grow(self, span, 1)) {
        block = span_take(span, 5000);
        assert_non_null(block);
        last = block;
        count++;
    }
    assert_int_equal(count, span->region.state_count);
    assert_false(span_has_room(span));
    assert_false(standin_faults(unit_touch, last + span->block - 1, NULL));
    assert_true(standin_faults(unit_touch, span->region.base + REGION_BYTES(SPAN_LATER), NULL));
    span_free(self, span, 0);
}

static void a_span_that_can_not_grow_stays_as_it_is(void **state)
{
    struct span *span;

    (void)state;
    region_trim(self);
    span = make(SPAN_LATER, 1000);
    standin_fail_at("VirtualAlloc.commit", 1, TRUE);
    assert_false(span_grow(self, span, 100000));
    standin_fail_never();
    assert_int_equal(span_limit(span), 0);
    assert_int_equal(region_committed(&span->region), 0);
    assert_true(span_grow(self, span, 0));
    assert_int_equal(span_limit(span), OS_PAGE / 1008);
    span_free(self, span, 0);
}

static void where_memory_is_short_a_span_grows_by_one_block(void **state)
{
    struct standin_usage now;
    struct span *span;

    (void)state;
    region_trim(self);
    span = make(SPAN_LATER, 5000);
    standin_get_usage(&now);
    standin_set_commit_limit(now.committed + 2 * OS_PAGE);
    assert_true(span_grow(self, span, 100000));
    assert_int_equal(span_limit(span), 1);
    assert_false(span_grow(self, span, 100000)); /* a second block would need more pages */
    standin_set_commit_limit((SIZE_T)1 << 46);
    assert_int_equal(span_limit(span), 1);
    assert_true(span_grow(self, span, 100000));
    assert_in_range(span_limit(span), 20, 22);
    span_free(self, span, 0);
}

/* Pages that an earlier owner had committed are used first. */
static void a_span_of_cached_pages_has_room_at_once(void **state)
{
    struct span *span = make(SPAN_LATER, 5000);
    unsigned long commits;

    (void)state;
    assert_true(region_commit(self, &span->region, region_room(&span->region)));
    span_free(self, span, 0);
    commits = standin_calls("VirtualAlloc.commit");
    span = make(SPAN_LATER, 3000);
    assert_true(span_has_room(span));
    assert_int_equal(span_limit(span), span->region.state_count);
    assert_false(span_grow(self, span, 1));
    assert_int_equal(standin_calls("VirtualAlloc.commit"), commits);
    span_free(self, span, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reciprocal_is_exact_for_every_class_and_every_offset),
        cmocka_unit_test(the_states_are_the_free_list_and_the_sizes),
        cmocka_unit_test(a_state_counts_only_below_the_bump_index),
        cmocka_unit_test(only_blocks_in_committed_pages_are_put_on_the_list),
        cmocka_unit_test(repair_makes_head_and_used_anew),
        cmocka_unit_test(a_span_grows_to_its_capacity_and_ends_at_the_guard_page),
        cmocka_unit_test(a_span_that_can_not_grow_stays_as_it_is),
        cmocka_unit_test(where_memory_is_short_a_span_grows_by_one_block),
        cmocka_unit_test(a_span_of_cached_pages_has_room_at_once),
    };

    return UNIT_RUN(tests);
}
