/*
 * heap.h - one expert's memory: a list of spans for each size class, large blocks, and what it adds up to.
 *
 * One thread at a time is in a heap; the caller sees to that (expert.h). A heap's spans with room are in
 * the list of their class, the current one first; full ones in `full`, large blocks in `large`. A region
 * is in one list, and what the lists say can be made anew from the region owners (heap_repair).
 */
#ifndef NMAPI_HEAP_H
#define NMAPI_HEAP_H

#include "span.h"

#define HEAP_CLASSES 80
#define HEAP_SMALL 32767 /* bytes; what is larger gets a region of its own */

struct heap {
    void *owner;                          /* of its regions */
    SIZE_T live_bytes;                    /* asked for, all live blocks */
    SIZE_T peak_bytes;                    /* the most that live_bytes ever was; never over limit */
    SIZE_T limit;                         /* of live_bytes */
    SIZE_T committed;                     /* bytes, state words included, shared spans not */
    uint64_t allocations;                 /* blocks that came; live blocks = allocations - frees */
    uint64_t frees;                       /* blocks that went */
    struct region *current[HEAP_CLASSES]; /* heap_no_span where there is none */
    struct region *full;
    struct region *large;
    struct region *buried, *last_buried; /* pageheap: freed, no access, newest first */
    unsigned buried_count;
};

/* A span that never has room, so that the fast path needs no test for "none". */
extern struct region heap_no_span;

enum heap_result {
    HEAP_OK,
    HEAP_BAD,     /* not a live block of anybody */
    HEAP_FOREIGN, /* a live block of somebody else */
    HEAP_FULL     /* no memory, or over the limit */
};

/* What a caller's pointer turned out to be. */
struct heap_block {
    void *owner;
    struct region *region;
    int index; /* in a span */
    SIZE_T bytes;
};

/* pageheap: each block in a region of its own that ends where it ends. Set once, at load. */
extern int heap_pages;

static inline unsigned heap_top_bit(uint32_t value)
{
#if defined(__GNUC__) || defined(__clang__)
    return 31U - (unsigned)__builtin_clz(value);
#else
    unsigned long index;
    _BitScanReverse(&index, value);
    return index;
#endif
}

/* 16 bytes apart up to 512, then eight classes for each doubling. */
static inline unsigned heap_class(SIZE_T bytes)
{
    uint32_t last = (uint32_t)bytes - (bytes != 0);
    unsigned shift;

    if (LIKELY(last < 512))
        return last >> 4;
    shift = heap_top_bit(last) - 3;
    return 32 + (shift - 6) * 8 + ((last >> shift) & 7);
}

static inline uint32_t heap_class_bytes(unsigned size_class)
{
    if (size_class < 32)
        return (size_class + 1) * 16;
    return ((size_class & 7) + 9) << (6 + (size_class - 32) / 8);
}

void heap_open(struct heap *heap, void *owner, SIZE_T limit);

/* The common case of heap_alloc, NULL when it is not. */
static inline void *heap_alloc_fast(struct heap *heap, SIZE_T bytes)
{
    SIZE_T live;
    void *block;

    if (UNLIKELY(bytes > HEAP_SMALL))
        return NULL;
    live = heap->live_bytes + bytes;
    if (UNLIKELY(live > heap->limit))
        return NULL;
    block = span_take(heap->current[heap_class(bytes)], bytes);
    if (UNLIKELY(!block))
        return NULL;
    atomic_poke(&heap->live_bytes, live);
    if (live > heap->peak_bytes)
        atomic_poke(&heap->peak_bytes, live);
    atomic_count(&heap->allocations);
    return block;
}

void heap_relist(struct thread *self, struct heap *heap, struct region *span);

/* The common case of heap_free, 0 when it is not: then nothing was done. */
static inline int heap_free_fast(struct thread *self, struct heap *heap, const void *address)
{
    struct region *span = region_find(address);
    int index;

    if (UNLIKELY(!span || atomic_load(&span->owner) != heap->owner || span->kind != REGION_SPAN))
        return 0;
    index = span_index(span, address);
    if (UNLIKELY(index == SPAN_BAD))
        return 0;
    atomic_poke(&heap->live_bytes, heap->live_bytes - span_size(span, index));
    atomic_count(&heap->frees);
    span_give(span, index);
    if (UNLIKELY(span->full | !span->used))
        heap_relist(self, heap, span);
    return 1;
}

/* A zeroed block, or NULL: HEAP_FULL. */
void *heap_alloc(struct thread *self, struct heap *heap, SIZE_T bytes);
/* Whose and how large a block is: HEAP_OK, HEAP_BAD or HEAP_FOREIGN. The one gate from a caller's pointer
   to a block; `heap` may be NULL, then every block is foreign. */
enum heap_result heap_find(struct thread *self, const struct heap *heap, const void *address,
                           struct heap_block *found);
enum heap_result heap_free(struct thread *self, struct heap *heap, void *address);
/* On failure *address stays as it is and the block is untouched. */
enum heap_result heap_realloc(struct thread *self, struct heap *heap, void **address, SIZE_T bytes);
/* Hands a block over, address and content unchanged; the caller is in both heaps. */
enum heap_result heap_transfer(struct thread *self, struct heap *from, struct heap *to,
                               void *address);

/* Everything back, in time proportional to regions. */
void heap_close(struct thread *self, struct heap *heap);
/* The same, but the addresses stay reserved and fault, until heap_close. Returns their bytes. */
SIZE_T heap_retire(struct thread *self, struct heap *heap);
/* Makes lists and sums anew, after a thread died in the heap. */
void heap_repair(struct thread *self, struct heap *heap);

typedef void heap_visitor(void *block, SIZE_T bytes, void *context);
void heap_visit(struct thread *self, struct heap *heap, heap_visitor *visit, void *context);

/* Recounts everything against the sums; 0 if they disagree. For tests and debug builds. */
int heap_is_valid(struct thread *self, struct heap *heap);

#endif
