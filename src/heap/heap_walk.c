/*
 * heap_walk.c - what concerns a whole heap: close, repair, census.
 */
#include "heap/heap.h"

#include "heap/large.h"
#include "heap/shared.h"

static void for_each_span(struct heap *heap, void (*act)(struct thread *, struct span *),
                          struct thread *self)
{
    for (int i = -2; i < HEAP_CLASSES; i++) {
        struct span *span = i == -2 ? heap->large : i < 0 ? heap->full : heap->current[i];
        for (struct span *next; span && span != &heap_no_span; span = next) {
            next = span->next;
            act(self, span);
        }
    }
}

void heap_close(struct thread *self, struct heap *heap, int quarantined)
{
    shared_release(self, heap->owner, quarantined);
    for_each_span(heap, quarantined ? span_quarantine : span_release, self);
}

struct repair {
    struct heap *heap;
    struct span *unfinished; /* those without a block */
    SIZE_T blocks, bytes;
};

static void relist(struct region *region, void *context)
{
    struct repair *repair = context;
    struct heap *heap = repair->heap;
    struct span *s = span_of(region);

    /* A span that is shared has another owner: here a thread died before it became shared. */
    if (s->kind == SPAN_OPEN || s->kind == SPAN_FULL || s->kind == SPAN_SHARED) {
        repair->bytes += span_repair(s);
        repair->blocks += s->used;
        s->kind = span_has_room(s) || s->bump < span_capacity(s) ? SPAN_OPEN : SPAN_FULL;
        heap_list(heap, s);
    } else if (s->kind == SPAN_LARGE) {
        repair->bytes += s->bytes;
        repair->blocks++;
        heap_list(heap, s);
    } else {
        s->next = repair->unfinished;
        repair->unfinished = s;
    }
}

static void count_shared(void *block, SIZE_T bytes, void *context)
{
    struct repair *repair = context;

    (void)block;
    repair->bytes += bytes;
    repair->blocks++;
}

/* Makes the lists anew from the owners of the regions. */
static struct repair list_anew(struct thread *self, struct heap *heap)
{
    struct repair repair = {.heap = heap};

    for (int i = 0; i < HEAP_CLASSES; i++)
        heap->current[i] = &heap_no_span;
    heap->full = heap->large = NULL;
    heap->recent = &heap_no_span;
    store_relaxed(&heap->committed, 0);
    region_lock(self);
    region_visit(heap->owner, relist, &repair);
    region_unlock();
    return repair;
}

void heap_repair(struct thread *self, struct heap *heap)
{
    struct repair repair = list_anew(self, heap);

    for (struct span *s = repair.unfinished, *next; s; s = next) {
        next = s->next;
        span_release(self, s);
    }
    shared_visit(self, heap->owner, count_shared, &repair);
    if (heap->allocations - heap->frees < repair.blocks)
        heap->allocations = heap->frees + repair.blocks;
    else
        heap->frees = heap->allocations - repair.blocks;
    store_relaxed(&heap->live_bytes, repair.bytes);
    /* A block that was being moved may exist twice. The peak must not exceed the limit for that,
       because heap_admit relies on it. */
    if (heap->peak_bytes < repair.bytes)
        store_relaxed(&heap->peak_bytes, repair.bytes < heap->limit ? repair.bytes : heap->limit);
}

void heap_close_again(struct thread *self, struct heap *heap, int quarantined)
{
    struct repair repair = list_anew(self, heap);

    for (struct span *s = repair.unfinished, *next; s; s = next) {
        next = s->next;
        heap_list(heap, s);
    }
    heap_close(self, heap, quarantined);
}

void heap_visit(struct thread *self, struct heap *heap, heap_visitor *visit, void *context)
{
    for (int i = -1; i < HEAP_CLASSES; i++) {
        struct span *s = i < 0 ? heap->full : heap->current[i];
        for (; s && s != &heap_no_span; s = s->next)
            for (unsigned k = 0; k < s->bump; k++)
                if (!(s->region.states[k] & SPAN_FREE))
                    visit(span_block(s, k), s->region.states[k], context);
    }
    for (struct span *s = heap->large; s; s = s->next)
        visit(large_block(s), s->bytes, context);
    shared_visit(self, heap->owner, visit, context);
}

static int span_is_valid(const struct heap *heap, const struct span *s, int size_class, int current)
{
    const uint16_t *states = s->region.states;
    unsigned free_blocks = 0;

    if (s->region.owner != heap->owner || s->kind != (size_class < 0 ? SPAN_FULL : SPAN_OPEN) ||
        (size_class >= 0 && s->size_class != size_class))
        return 0;
    for (unsigned state = s->head; state != SPAN_NONE; state = states[state & ~SPAN_FREE])
        if (!(state & SPAN_FREE) || (state & ~SPAN_FREE) >= s->bump || free_blocks++ > s->bump)
            return 0;
    return s->used - (current ? 1U : 0U) + free_blocks == s->bump && s->bump <= s->limit &&
           s->end * 8U == (unsigned)s->bump * s->block &&
           s->limit * (SIZE_T)s->block <= region_committed(&s->region);
}

int heap_is_valid(struct thread *self, struct heap *heap)
{
    struct repair found = {.heap = heap};
    SIZE_T committed = 0;

    heap_visit(self, heap, count_shared, &found);
    for (int i = -1; i < HEAP_CLASSES; i++) {
        struct span *s = i < 0 ? heap->full : heap->current[i];
        for (struct span *prev = NULL; s && s != &heap_no_span; prev = s, s = s->next) {
            if (s->prev != prev || !span_is_valid(heap, s, i, i >= 0 && !prev))
                return 0;
            committed += region_footprint(&s->region);
        }
    }
    for (struct span *s = heap->large; s; s = s->next) {
        if (s->region.owner != heap->owner || s->kind != SPAN_LARGE ||
            region_committed(&s->region) < s->bytes)
            return 0;
        committed += region_footprint(&s->region);
    }
    return found.bytes == heap->live_bytes && committed == heap->committed &&
           found.blocks == heap->allocations - heap->frees;
}
