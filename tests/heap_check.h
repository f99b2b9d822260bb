/*
 * heap_check.h - whether a heap's lists and sums agree with its blocks, which are counted anew.
 */
#ifndef HEAP_CHECK_H
#define HEAP_CHECK_H

#include <stddef.h>

#include "heap/record_heap.h"

struct heap_check {
    SIZE_T blocks, bytes, committed;
};

static inline void heap_check_count(void *block, SIZE_T bytes, void *context)
{
    struct heap_check *found = context;

    (void)block;
    found->blocks++;
    found->bytes += bytes;
}

/* Whether a span with equal blocks agrees with its states. */
static inline int heap_check_blocks(const struct span *s, int is_current)
{
    const uint16_t *states = s->region.states;
    unsigned free_blocks = 0;

    for (unsigned state = s->head; state != SPAN_NONE; state = states[state & ~SPAN_FREE])
        if (!(state & SPAN_FREE) || (state & ~SPAN_FREE) >= s->bump || free_blocks++ > s->bump)
            return 0;
    return s->used - (unsigned)is_current + free_blocks == s->bump && s->bump <= span_limit(s) &&
           s->end * 8U == (unsigned)s->bump * s->block;
}

/* Whether all spans of a list belong there and agree with their blocks: those of a class, whose
   first one is the current span, or with HEAP_CLASSES the others. */
static inline int heap_check_list(const struct heap *heap, const struct span *first,
                                  unsigned size_class, struct heap_check *found)
{
    for (const struct span *s = first; s; s = s->next) {
        const int is_open = size_class < HEAP_CLASSES;

        if (s->region.owner != heap->owner || *s->link != s)
            return 0;
        if (is_open ? s->kind != SPAN_OPEN || s->size_class != size_class
                    : s->kind != SPAN_FULL && s->kind != SPAN_LARGE)
            return 0;
        if (s->kind == SPAN_LARGE ? region_committed(&s->region) < s->bytes
                                  : !heap_check_blocks(s, is_open && s == first))
            return 0;
        found->committed += region_footprint(&s->region);
    }
    return 1;
}

/* The caller is in the heap. */
static inline int heap_is_valid(struct thread *self, struct heap *heap)
{
    struct heap_check found = {0, 0, 0};

    heap_visit(self, heap, heap_check_count, &found);
    for (unsigned c = 0; c < HEAP_CLASSES; c++)
        if (heap->current[c] != &heap_no_span &&
            !heap_check_list(heap, heap->current[c], c, &found))
            return 0;
    return heap_check_list(heap, heap->others, HEAP_CLASSES, &found) &&
           found.bytes == heap->sums.live_bytes && found.committed == heap->committed &&
           found.blocks == heap->sums.allocations - heap->sums.frees;
}

/* The heap of the DLL's own records is found by a large one, the first of its list. No other thread
   uses it meanwhile. */
static inline int record_heap_is_valid(struct thread *self)
{
    void *record = record_heap_alloc(self, HEAP_SMALL + 1);
    struct span **first = record ? span_of(region_find(record))->link : NULL;

    if (!first)
        return 0;
    record_heap_free(self, record);
    return heap_is_valid(self, (void *)((char *)first - offsetof(struct heap, others)));
}

#endif
