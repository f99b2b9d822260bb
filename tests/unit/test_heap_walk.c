/* test_heap_walk.c - the validator detects each kind of damage, so a clean result means
   something. */
#include "unit.h"

#define ME ((void *)0x4440)
#define YOU ((void *)0x5550)

static struct heap heap;
static void *small[600], *large;

/* Full spans, the current one with a freed block, a large block. */
static int fill_heap(void **state)
{
    (void)state;
    heap_open(&heap, ME, (SIZE_T)-1);
    for (int i = 0; i < 600; i++)
        small[i] = heap_alloc(self, &heap, 1000);
    large = heap_alloc(self, &heap, 70000);
    return !large || heap_free(self, &heap, small[599]) || !heap_is_valid(self, &heap);
}

static int close_heap(void **state)
{
    int valid = heap_is_valid(self, &heap);

    heap_close(self, &heap, 0);
    unit_load_anew(state);
    return !valid;
}

/* Gives a field another value for one validation. */
#define NOTICED(field, value)                                                                      \
    do {                                                                                           \
        __typeof__(field) before = (field);                                                        \
        (field) = (__typeof__(field))(value);                                                      \
        assert_false(heap_is_valid(self, &heap));                                                  \
        (field) = before;                                                                          \
        assert_true(heap_is_valid(self, &heap));                                                   \
    } while (0)

static struct span *span_at(const void *block)
{
    return span_of(region_find(block));
}

static void sums_that_are_wrong_are_noticed(void **state)
{
    (void)state;
    NOTICED(heap.sums.live_bytes, heap.sums.live_bytes + 1);
    NOTICED(heap.committed, heap.committed + OS_PAGE);
    NOTICED(heap.sums.allocations, heap.sums.allocations + 1);
    NOTICED(heap.sums.frees, heap.sums.frees + 1);
}

static void spans_that_are_wrong_are_noticed(void **state)
{
    struct span *full = span_at(small[0]), *current = span_at(small[598]);
    unsigned last = current->head & ~SPAN_FREE; /* the freed one */

    (void)state;
    assert_int_equal(full->kind, SPAN_FULL);
    assert_int_equal(current->kind, SPAN_OPEN);
    assert_int_not_equal(current->head, SPAN_NONE);
    assert_false(current->region.states[0] & SPAN_FREE);
    for (struct span *r = full;; r = current) {
        NOTICED(r->link, &r->next);
        NOTICED(r->region.owner, YOU);
        NOTICED(r->kind, r == full ? SPAN_OPEN : SPAN_FULL);
        NOTICED(r->used, r->used + 1);
        NOTICED(r->end, r->end - 1);
        NOTICED(r->region.committed, 0);
        if (r == current)
            break;
    }
    NOTICED(current->size_class, current->size_class + 1);
    NOTICED(current->head, SPAN_FREE | current->bump); /* beyond the bump index */
    NOTICED(current->head, SPAN_FREE);                 /* a live block */
    NOTICED(current->head, 0);
    NOTICED(current->region.states[last], SPAN_FREE | last); /* a cycle */
}

static void large_blocks_that_are_wrong_are_noticed(void **state)
{
    struct span *r = span_at(large);

    (void)state;
    NOTICED(r->region.owner, YOU);
    NOTICED(r->kind, SPAN_NEW);
    NOTICED(r->region.committed, r->bytes / OS_PAGE);
}

/* As if a thread was killed when the block was live and not yet counted, or free and still
   counted. */
static void repair_counts_what_is_there(void **state)
{
    uint64_t live = heap.sums.allocations - heap.sums.frees;

    (void)state;
    heap.sums.allocations--;
    heap_repair(self, &heap, 0);
    assert_true(heap_is_valid(self, &heap));
    assert_int_equal(heap.sums.allocations - heap.sums.frees, live);
    heap.sums.allocations += 2;
    heap_repair(self, &heap, 0);
    assert_true(heap_is_valid(self, &heap));
    assert_int_equal(heap.sums.allocations - heap.sums.frees, live);
    heap.sums.peak_bytes = 0;
    heap_repair(self, &heap, 0);
    assert_int_equal(heap.sums.peak_bytes, heap.sums.live_bytes);
}

#define ONE(test) cmocka_unit_test_setup_teardown(test, fill_heap, close_heap)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(sums_that_are_wrong_are_noticed),
        ONE(spans_that_are_wrong_are_noticed),
        ONE(large_blocks_that_are_wrong_are_noticed),
        ONE(repair_counts_what_is_there),
    };

    return UNIT_RUN(tests);
}
