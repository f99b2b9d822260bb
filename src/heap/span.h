/*
 * span.h - a region cut into equal blocks, each with a 16-bit state; or a region with one block.
 *
 * The state of a live block is its size. The state of a free one is SPAN_FREE | the index of the
 * next free block, or SPAN_NONE; `head` is such a state too. So the states are free list,
 * double-free check, exact size and leak list at once, and `head` and `used` can be made anew from
 * them. A state counts only below `bump`; `end` is the same place in units of 8 bytes.
 */
#pragma once

#include <string.h>

#include "base/zero.h"
#include "pages/region.h"

#define SPAN_FREE 0x8000U
#define SPAN_NONE 0xFFFFU
#define SPAN_BAD 0xFFFFFFFFU
#define SPAN_LEAST 16   /* bytes of the smallest blocks */
#define SPAN_MOST 32768 /* bytes of the largest */

#define SPAN_QUICK 1024 /* bytes of the largest block that is always zeroed at its allocation */

/* Who frees a region makes it SPAN_NEW first: if the next owner's thread is killed early, the
   region must not look as if it had blocks. */
enum span_kind {
    SPAN_NEW,    /* no live block yet, or about to be freed */
    SPAN_OWNERS, /* no block, but the list of a shared span's owners (shared.c) */
    SPAN_OPEN,   /* equal blocks */
    SPAN_FULL,   /* the same, known to have no room left */
    SPAN_LARGE   /* one block (large.h) */
};

struct span {
    struct region region;
    volatile uint8_t kind; /* enum span_kind */
    uint8_t size_class;    /* heap.h */
    uint16_t offset;       /* SPAN_LARGE: of the block from the base on */
    uint16_t used;         /* live blocks of equal ones; one more while it is first of its list */
    union {
        struct {                 /* SPAN_OPEN, SPAN_FULL */
            uint32_t reciprocal; /* of block / 8, times 2^32, rounded up */
            uint16_t block;      /* bytes of one block */
            uint16_t bump;       /* blocks whose states count: handed out, or on the free list */
            uint16_t end;        /* where the first other one begins, in units of 8 bytes */
            uint16_t head;       /* SPAN_FREE | the first free block below bump, or SPAN_NONE */
        };
        SIZE_T bytes; /* SPAN_LARGE: asked for */
    };
    struct span *next, **link; /* the list of its heap that it is in */
};
_Static_assert(sizeof(struct span) <= REGION_USE, "it lies in the owner's part of a record");

static inline struct span *span_of(struct region *region)
{
    return (struct span *)(void *)region;
}

/* Units of a span: of a class's first one, its second one, and the others. */
enum { SPAN_FIRST = 1, SPAN_SECOND = 8, SPAN_LATER = 32 };
_Static_assert(REGION_BYTES(SPAN_LATER) / SPAN_LEAST <= 0x7FFF, "15 bits number the blocks");
_Static_assert(REGION_BYTES(SPAN_LATER) / 8 <= 0xFFFF, "16 bits hold a place in a span");
_Static_assert(REGION_BYTES(SPAN_LATER) >= (SIZE_T)7 * SPAN_MOST, "few addresses are left over");

/* A span of so many units for blocks of one size; perhaps none is committed. NULL: no memory. */
struct span *span_open(struct thread *self, void *owner, unsigned units, unsigned size_class,
                       uint32_t block);
/* Frees a span of any kind. `quarantined`: nobody gets its addresses for a time. */
void span_free(struct thread *self, struct span *span, int quarantined);
/* The number of blocks that lie in committed pages. */
unsigned span_limit(const struct span *span);
/* Commits room for one more block or for about `bytes`; 0: there is no room or no memory. */
int span_grow(struct thread *self, struct span *span, SIZE_T bytes);

static inline int span_has_room(const struct span *span)
{
    return span->head != SPAN_NONE || span->bump < span_limit(span);
}

/* A zeroed block from a span that has room. */
void *span_take(struct span *span, SIZE_T bytes);

static inline char *span_block(const struct span *span, unsigned index)
{
    return span->region.base + (SIZE_T)index * span->block;
}

/* Takes a block of `bytes` bytes from a span that has a freed one; it is not zero. */
static ALWAYS_INLINE void *span_take_freed(struct span *span, SIZE_T bytes)
{
    unsigned index = span->head & ~SPAN_FREE;
    uint16_t *state = &span->region.states[index];

    span->head = load_relaxed(state);
    store_relaxed(state, (uint16_t)bytes);
    span->used++;
    return span_block(span, index);
}

/* Lets the states of more blocks count, once they are written. */
static ALWAYS_INLINE void span_set_bump(struct span *span, unsigned bump)
{
    atomic_compiler_fence();
    store_relaxed(&span->bump, (uint16_t)bump);
    KILL_POINT("bump index moved");
    store_relaxed(&span->end, (uint16_t)(bump * (span->block / 8)));
}

/* The distance of an address from a span's base in units of 8 bytes. A remainder is rotated to the
   top, where it makes the distance too large for any span. */
static ALWAYS_INLINE SIZE_T span_distance(const struct span *span, const void *address)
{
    SIZE_T offset = (SIZE_T)((const char *)address - span->region.base);

    return offset >> 3 | offset << (8 * sizeof offset - 3);
}

/* Whether there are blocks at such a distance. */
static ALWAYS_INLINE int span_reaches(const struct span *span, SIZE_T distance)
{
    return distance < load_relaxed(&span->end);
}

/* The index and size of the live block that begins at a distance that the span reaches; SPAN_BAD if
   none does. The product with the reciprocal has the index in its upper half. Its lower half is
   less than the reciprocal only if the division leaves no remainder (test_span.c tries every offset
   of every class). */
static ALWAYS_INLINE unsigned span_index_at(const struct span *span, SIZE_T distance, SIZE_T *bytes)
{
    uint32_t reciprocal = span->reciprocal;
    uint64_t product = (uint64_t)(uint32_t)distance * reciprocal;
    uint32_t index = (uint32_t)(product >> 32);
    unsigned state;

    if (UNLIKELY((uint32_t)product >= reciprocal))
        return SPAN_BAD;
    state = load_relaxed(&span->region.states[index]);
    *bytes = state;
    return LIKELY(state < SPAN_FREE) ? index : SPAN_BAD;
}

/* The same for an address, which may be anything. */
static inline unsigned span_index(const struct span *span, const void *address, SIZE_T *bytes)
{
    SIZE_T distance = span_distance(span, address);

    return span_reaches(span, distance) ? span_index_at(span, distance, bytes) : SPAN_BAD;
}

/* Puts a live block on the free list. */
static ALWAYS_INLINE void span_give(struct span *span, unsigned index)
{
    uint16_t *state = &span->region.states[index];

    store_relaxed(state, span->head);
    span->head = (uint16_t)(SPAN_FREE | index);
    span->used--;
}

/* Makes head and used anew from the states; used counts live blocks alone. */
void span_repair(struct span *span);
