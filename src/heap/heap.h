/*
 * heap.h - one expert's memory: a list of spans for each size class, large blocks, and the sums.
 *
 * One thread at a time is in a heap; the caller sees to that (bias.h). A span with room is in the
 * list of its class, the current span first. Spans that were found full, and large blocks, are in
 * the last list. A region is in one list. heap_repair makes the lists anew from the owners of the
 * regions.
 */
#pragma once

#include "nmapi.h"

#include "base/bits.h"
#include "heap/span.h"

#define HEAP_CLASSES 105
#define HEAP_OTHERS HEAP_CLASSES /* the list of full spans and large blocks */
#define HEAP_SMALL 32767         /* bytes; a larger block has a region of its own */
_Static_assert(HEAP_SMALL < SPAN_FREE, "a live block's state is its size");

struct heap_sums {
    SIZE_T live_bytes;    /* asked for, all live blocks */
    SIZE_T peak_bytes;    /* the most that live_bytes ever was; never over limit */
    SIZE_T limit;         /* of live_bytes */
    uint64_t allocations; /* blocks that came; live blocks = allocations - frees */
    uint64_t frees;       /* blocks that went */
};

struct heap {
    /* First of its list; heap_no_span where it is empty. The array comes first, the coarse classes
       before the fine ones, so that neither a class's pointer nor the sums lie at the same offset
       of a page as a small first block of a span (4K aliasing, see thread.c). */
    struct span *current[HEAP_OTHERS + 1];
    void *owner; /* of its regions */
    struct heap_sums sums;
    struct span *recent; /* the span allocated from last, where a free looks first */
    SIZE_T committed;    /* bytes, block states included, shared spans not */
    int shares;          /* blocks were handed over by it or to it, perhaps in shared spans */
};

/* A span that never has room. With it the fast path needs no test for "no span". */
extern struct span heap_no_span;

/* As the calls answer. */
enum heap_result {
    HEAP_OK = NMERR_SUCCESS,
    HEAP_BAD = NMERR_INVALID_PARAMETER, /* not a live block of anybody */
    HEAP_FOREIGN = NMERR_ACCESS_DENIED, /* a live block of somebody else */
    HEAP_FULL = NMERR_OUT_OF_MEMORY     /* no memory, or over the limit */
};

/* The block that a caller's pointer belongs to. */
struct heap_block {
    void *owner;
    struct span *span;
    unsigned index; /* in a span */
    SIZE_T bytes;
};

/* Bytes up to which classes are 16 bytes apart; then there are eight for each doubling. The coarse
   classes have the lower numbers. Blocks of size 0 have a class of their own. */
#define HEAP_FINE 1024
#define HEAP_COARSE 40 /* classes */
_Static_assert(HEAP_CLASSES == HEAP_COARSE + HEAP_FINE / 16 + 1, "one numbering for both");
_Static_assert(SPAN_QUICK <= HEAP_FINE, "heap_alloc_fast knows the fine classes only");

static ALWAYS_INLINE SIZE_T heap_class_fine(SIZE_T bytes)
{
    return HEAP_COARSE + ((bytes + 15) >> 4);
}

static inline unsigned heap_class(SIZE_T bytes)
{
    if (bytes <= HEAP_FINE)
        return (unsigned)heap_class_fine(bytes);
    return bits_eighths((uint32_t)bytes - 1) - bits_eighths(HEAP_FINE);
}

static inline uint32_t heap_class_bytes(unsigned size_class)
{
    if (size_class < HEAP_COARSE)
        return ((size_class & 7) + 9) << (7 + size_class / 8);
    return size_class == HEAP_COARSE ? 16 : (size_class - HEAP_COARSE) * 16;
}

/* The owner is stored last. */
void heap_open(struct heap *heap, void *owner, SIZE_T limit);
/* Empties the lists and what counts of them; for heap.c and heap_walk.c. */
void heap_unlist_all(struct heap *heap);
/* Puts a span that it owns into the list where it belongs; for both files, too. */
void heap_list(struct heap *heap, struct span *span);
/* Sets live_bytes, and peak_bytes if that is more; for both files, too. */
void heap_set_live(struct heap *heap, SIZE_T bytes);

/* Counts a block that is about to be allocated; 0: it would exceed the limit. */
static ALWAYS_INLINE int heap_admit(struct heap *heap, SIZE_T bytes)
{
    SIZE_T live = heap->sums.live_bytes + bytes;

    if (UNLIKELY(live > heap->sums.peak_bytes)) {
        if (UNLIKELY(live > heap->sums.limit))
            return 0;
        store_relaxed(&heap->sums.peak_bytes, live);
    }
    store_relaxed(&heap->sums.live_bytes, live);
    atomic_count(&heap->sums.allocations);
    return 1;
}

/* The common cases of heap_alloc. For at most SPAN_QUICK bytes a freed block: counts it and returns
   its span, from which the caller takes it; NULL if it is not that case. */
static ALWAYS_INLINE struct span *heap_alloc_fast(struct heap *heap, SIZE_T bytes)
{
    struct span *span = heap->current[heap_class_fine(bytes)];

    if (UNLIKELY(span->head == SPAN_NONE) || UNLIKELY(!heap_admit(heap, bytes)))
        return NULL;
    heap->recent = span;
    return span;
}

/* The common case of heap_free: returns the block's span, which the caller passes to
   heap_span_emptied if none of it is `used` any more; NULL if it is not that case, and nothing was
   done. */
static ALWAYS_INLINE struct span *heap_free_fast(struct heap *heap, const void *address)
{
    struct span *span = heap->recent;
    SIZE_T distance = span_distance(span, address), bytes;
    unsigned index;

    if (!span_reaches(span, distance)) {
        span = span_of(region_find(address));
        if (UNLIKELY(!span) || UNLIKELY(atomic_load(&span->region.owner) != heap->owner) ||
            UNLIKELY(span->kind != SPAN_OPEN))
            return NULL;
        distance = span_distance(span, address);
        if (UNLIKELY(!span_reaches(span, distance)))
            return NULL;
    }
    index = span_index_at(span, distance, &bytes);
    if (UNLIKELY(index == SPAN_BAD))
        return NULL;
    atomic_lower(&heap->sums.live_bytes, bytes);
    atomic_count(&heap->sums.frees);
    span_give(span, index);
    return span;
}

/* Takes a large block, or a span without live blocks, off its list and frees its region. */
void heap_span_emptied(struct thread *self, struct heap *heap, struct span *span);

/* A zeroed block, or NULL: HEAP_FULL. */
void *heap_alloc(struct thread *self, struct heap *heap, SIZE_T bytes);
/* Finds the owner and the size of a block: HEAP_OK, HEAP_BAD or HEAP_FOREIGN. This is the only way
   from a caller's pointer to a block. `heap` may be NULL; then every block is foreign. */
enum heap_result heap_find(struct thread *self, const struct heap *heap, const void *address,
                           struct heap_block *found);
enum heap_result heap_free(struct thread *self, struct heap *heap, void *address);
/* On failure neither *address nor the block changes. */
enum heap_result heap_realloc(struct thread *self, struct heap *heap, void **address, SIZE_T bytes);
/* Hands a block over, with address and content unchanged. The caller is in both heaps. */
enum heap_result heap_transfer(struct thread *self, struct heap *from, struct heap *to,
                               void *address);

/* Releases everything, in time proportional to the regions. `quarantined`: the addresses go into
   quarantine. */
void heap_close(struct thread *self, struct heap *heap, int quarantined);
/* Makes the lists and sums anew after a thread died in the heap. `quarantined`: what it was
   freeing goes into quarantine, as it does in such a close or with pageheap. */
void heap_repair(struct thread *self, struct heap *heap, int quarantined);

typedef void heap_visitor(void *block, SIZE_T bytes, void *context);
void heap_visit(struct thread *self, struct heap *heap, heap_visitor *visit, void *context);

struct heap_entry {
    void *address;
    SIZE_T bytes;
};
/* Lists the first live blocks, at most `room`; returns how many it has listed. */
SIZE_T heap_blocks(struct thread *self, struct heap *heap, struct heap_entry *entries, SIZE_T room);
