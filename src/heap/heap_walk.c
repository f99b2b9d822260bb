/*
 * heap_walk.c - what concerns all of a heap at once: its end, its repair, its census.
 */
#include "heap/heap.h"

#include "heap/large.h"
#include "pages/pool.h"
#include "heap/shared.h"

static SIZE_T for_each_region(struct heap *heap, void (*act)(struct thread *, struct region *),
                              struct thread *self)
{
    SIZE_T addresses = 0;
    struct region *lists[HEAP_CLASSES + 3];

    for (int i = 0; i < HEAP_CLASSES; i++)
        lists[i] = heap->current[i] == &heap_no_span ? NULL : heap->current[i];
    lists[HEAP_CLASSES] = heap->full;
    lists[HEAP_CLASSES + 1] = heap->large;
    lists[HEAP_CLASSES + 2] = heap->freed;
    for (int i = 0; i < HEAP_CLASSES + 3; i++) {
        for (struct region *r = lists[i], *next; r; r = next) {
            next = r->next;
            addresses += region_room(r) + OS_PAGE;
            act(self, r);
        }
    }
    return addresses;
}

void heap_discard(struct thread *self, struct heap *heap)
{
    for_each_region(heap, region_release_first, self);
    shared_release(self, SHARED_GRAVE(heap));
    pool_settle(self);
}

void heap_close(struct thread *self, struct heap *heap)
{
    shared_release(self, heap->owner);
    heap_discard(self, heap);
}

SIZE_T heap_retire(struct thread *self, struct heap *heap)
{
    return for_each_region(heap, region_retire, self) +
           shared_retire(self, heap->owner, SHARED_GRAVE(heap));
}

static void note_region(struct region *r, void *context)
{
    struct region **all = context;

    r->next = *all;
    *all = r;
}

void heap_retire_unlisted(struct thread *self, struct heap *heap)
{
    struct region *all = NULL;

    chunk_hold(self);
    chunk_visit(heap->owner, note_region, &all);
    chunk_let_go();
    while (all) {
        struct region *r = all;
        all = r->next;
        region_retire(self, r);
    }
    shared_retire(self, heap->owner, SHARED_GRAVE(heap));
}

struct repair {
    struct heap *heap;
    struct region *unfinished; /* taken, but never filled; or emptied, but not freed yet */
    SIZE_T blocks, bytes;
};

static void relist(struct region *r, void *context)
{
    struct repair *repair = context;
    struct heap *heap = repair->heap;

    /* A shared one would have another owner by now: its thread died before it was. */
    if (r->kind == REGION_SPAN || r->kind == REGION_FULL || r->kind == REGION_SHARED) {
        repair->bytes += span_repair(r);
        repair->blocks += r->used;
        r->kind = span_has_room(r) || r->fresh < span_capacity(r) ? REGION_SPAN : REGION_FULL;
        heap_list(heap, r);
    } else if (r->kind == REGION_LARGE) {
        repair->bytes += r->bytes;
        repair->blocks++;
        heap_list(heap, r);
    } else {
        r->next = repair->unfinished;
        repair->unfinished = r;
    }
}

static void count_shared(void *block, SIZE_T bytes, void *context)
{
    struct repair *repair = context;

    (void)block;
    repair->bytes += bytes;
    repair->blocks++;
}

void heap_repair(struct thread *self, struct heap *heap)
{
    struct repair repair = {.heap = heap};

    for (int i = 0; i < HEAP_CLASSES; i++)
        heap->current[i] = &heap_no_span;
    heap->full = heap->large = heap->freed = heap->last_freed = NULL;
    heap->freed_bytes = 0;
    heap->recent = &heap_no_span;
    atomic_poke(&heap->committed, 0);
    chunk_hold(self);
    chunk_visit(heap->owner, relist, &repair);
    chunk_let_go();
    while (repair.unfinished) {
        struct region *r = repair.unfinished;
        repair.unfinished = r->next;
        region_release(self, r);
    }
    shared_visit(self, heap->owner, count_shared, &repair);
    if (heap->allocations - heap->frees < repair.blocks)
        heap->allocations = heap->frees + repair.blocks;
    else
        heap->frees = heap->allocations - repair.blocks;
    atomic_poke(&heap->live_bytes, repair.bytes);
    /* A block that was being moved may be there twice: not what the peak, and so heap_admit, goes by. */
    if (heap->peak_bytes < repair.bytes)
        atomic_poke(&heap->peak_bytes, repair.bytes < heap->limit ? repair.bytes : heap->limit);
}

void heap_visit(struct thread *self, struct heap *heap, heap_visitor *visit, void *context)
{
    for (int i = -1; i < HEAP_CLASSES; i++) {
        struct region *r = i < 0 ? heap->full : heap->current[i];
        for (; r && r != &heap_no_span; r = r->next)
            for (unsigned k = 0; k < r->fresh; k++)
                if (!(r->words[k] & SPAN_FREE))
                    visit(r->base + (SIZE_T)k * r->block, r->words[k], context);
    }
    for (struct region *r = heap->large; r; r = r->next)
        visit(large_block(r), r->bytes, context);
    shared_visit(self, heap->owner, visit, context);
}

int heap_is_valid(struct thread *self, struct heap *heap)
{
    struct repair found = {.heap = heap};
    SIZE_T committed = 0;

    heap_visit(self, heap, count_shared, &found);
    for (int i = -1; i < HEAP_CLASSES; i++) {
        struct region *r = i < 0 ? heap->full : heap->current[i];
        for (struct region *prev = NULL; r && r != &heap_no_span; prev = r, r = r->next) {
            unsigned free_blocks = 0;
            if (r->prev != prev || r->owner != heap->owner ||
                r->kind != (i < 0 ? REGION_FULL : REGION_SPAN) || (i >= 0 && r->size_class != i))
                return 0;
            for (unsigned word = r->head; word != SPAN_NONE; word = r->words[word & ~SPAN_FREE])
                if (!(word & SPAN_FREE) || (word & ~SPAN_FREE) >= r->fresh ||
                    free_blocks++ > r->fresh)
                    return 0;
            if (r->used - (i >= 0 && !prev ? 1U : 0U) + free_blocks != r->fresh ||
                r->fresh > r->limit || r->end * 8U != r->fresh * r->block ||
                r->limit * (SIZE_T)r->block > r->pages * OS_PAGE)
                return 0;
            committed += region_footprint(r);
        }
    }
    for (struct region *r = heap->large; r; r = r->next) {
        if (r->owner != heap->owner || r->kind != REGION_LARGE || r->committed < r->bytes)
            return 0;
        committed += region_footprint(r);
    }
    return found.bytes == heap->live_bytes && committed == heap->committed &&
           found.blocks == heap->allocations - heap->frees;
}
