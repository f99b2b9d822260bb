/*
 * heap_walk.c - what concerns a whole heap: close, repair, census.
 */
#include "heap/heap.h"

#include "heap/large.h"
#include "heap/shared.h"

static struct span *first_of(const struct heap *heap, int list)
{
    return heap->current[list] == &heap_no_span ? NULL : heap->current[list];
}

static void free_all(struct thread *self, struct span *first, int quarantined)
{
    for (struct span *s = first, *next; s; s = next) {
        next = s->next;
        span_free(self, s, quarantined);
    }
}

void heap_close(struct thread *self, struct heap *heap, int quarantined)
{
    if (heap->shares) /* others' closes do not depend on how many spans are shared */
        shared_release(self, heap->owner, quarantined);
    for (int i = 0; i <= HEAP_OTHERS; i++)
        free_all(self, first_of(heap, i), quarantined);
}

/* What was found in a heap. */
struct census {
    SIZE_T blocks, bytes;
    struct heap_entry *entries; /* the first blocks, at most `room` */
    SIZE_T room;
};

static void note(void *block, SIZE_T bytes, void *context)
{
    struct census *census = context;

    if (census->blocks < census->room)
        census->entries[census->blocks] = (struct heap_entry){block, bytes};
    census->blocks++;
    census->bytes += bytes;
}

SIZE_T heap_blocks(struct thread *self, struct heap *heap, struct heap_entry *entries, SIZE_T room)
{
    struct census census = {.entries = entries, .room = room};

    heap_visit(self, heap, note, &census);
    return census.blocks < room ? census.blocks : room;
}

struct repair {
    struct heap *heap;
    struct span *unfinished; /* those without a block */
};

/* A full span is listed as one with room, until an allocation finds it full. */
static void relist(struct region *region, void *context)
{
    struct repair *repair = context;
    struct span *s = span_of(region);

    if (region->owner != repair->heap->owner)
        return;
    if (s->kind <= SPAN_OWNERS) {
        s->next = repair->unfinished;
        repair->unfinished = s;
        return;
    }
    if (s->kind != SPAN_LARGE) {
        span_repair(s);
        s->kind = SPAN_OPEN;
    }
    heap_list(repair->heap, s);
}

void heap_repair(struct thread *self, struct heap *heap, int quarantined)
{
    struct repair repair = {.heap = heap};
    struct census census = {.room = 0};

    heap_unlist_all(heap);
    region_lock(self);
    record_each(relist, &repair);
    region_unlock();
    free_all(self, repair.unfinished, quarantined);
    heap_visit(self, heap, note, &census);
    if (heap->sums.allocations - heap->sums.frees < census.blocks)
        heap->sums.allocations = heap->sums.frees + census.blocks;
    else
        heap->sums.frees = heap->sums.allocations - census.blocks;
    heap_set_live(heap, census.bytes);
}

static void visit_blocks(const struct span *s, heap_visitor *visit, void *context)
{
    if (s->kind == SPAN_LARGE) {
        visit(large_block(s), s->bytes, context);
        return;
    }
    for (unsigned i = 0; i < s->bump; i++)
        if (!(s->region.states[i] & SPAN_FREE))
            visit(span_block(s, i), s->region.states[i], context);
}

void heap_visit(struct thread *self, struct heap *heap, heap_visitor *visit, void *context)
{
    for (int i = 0; i <= HEAP_OTHERS; i++)
        for (struct span *s = first_of(heap, i); s; s = s->next)
            visit_blocks(s, visit, context);
    shared_visit(self, heap->owner, visit, context);
}
