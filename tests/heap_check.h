/*
 * heap_check.h - whether a heap's lists and sums agree with its blocks, which are counted anew.
 */
#pragma once

#include <stddef.h>

#include "heap/record_heap.h"
#include "region_check.h"

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
           s->bump <= s->region.state_count && s->end * 8U == (unsigned)s->bump * s->block;
}

/* Whether all spans of a list belong there and agree with their blocks. */
static inline int heap_check_list(const struct heap *heap, unsigned list, struct heap_check *found)
{
    const struct span *first = heap->current[list];

    for (const struct span *s = first; s && s != &heap_no_span; s = s->next) {
        const int is_open = list != HEAP_OTHERS;

        if (s->region.owner != heap->owner || *s->link != s)
            return 0;
        if (is_open ? s->kind != SPAN_OPEN || s->size_class != list
                    : s->kind != SPAN_FULL && s->kind != SPAN_LARGE)
            return 0;
        if (s->kind == SPAN_LARGE ? region_committed(&s->region) < s->bytes
                                  : !heap_check_blocks(s, s == first))
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
    for (unsigned list = 0; list <= HEAP_OTHERS; list++)
        if (!heap_check_list(heap, list, &found))
            return 0;
    return found.bytes == heap->sums.live_bytes && found.committed == heap->committed &&
           found.blocks == heap->sums.allocations - heap->sums.frees;
}

/* The heap of the DLL's own records is found by the list that a new large one is in. No other
   thread uses it meanwhile. */
static inline int record_heap_is_valid(struct thread *self)
{
    void *record = record_heap_alloc(self, HEAP_SMALL + 1);
    struct span *before = record ? span_of(region_find(record)) : NULL, *first;

    if (!record)
        return 0;
    do { /* until what has the link is no span */
        first = before;
        before = (void *)((char *)first->link - offsetof(struct span, next));
    } while (region_find(before->region.base) == &before->region);
    record_heap_free(self, record);
    return heap_is_valid(self, (void *)(first->link - HEAP_OTHERS));
}
