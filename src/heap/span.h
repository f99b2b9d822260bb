/*
 * span.h - a region cut into equal blocks, with one 16-bit state word for each block.
 *
 * A live block's word is the size asked for; a free one's is SPAN_FREE | index of the next free block, or
 * SPAN_NONE; `head` is such a word too. So the words are the free list, the double-free check, the exact size and
 * the leak list at once, and head and used can be made anew from them. A word counts only below `fresh`; `end` is
 * the same in units of 8 bytes.
 */
#ifndef NMAPI_SPAN_H
#define NMAPI_SPAN_H

#include <string.h>

#include "pages/region.h"
#include "base/zero.h"

#define SPAN_FREE 0x8000U
#define SPAN_NONE 0xFFFFU
#define SPAN_BAD 0xFFFFFFFFU
#define SPAN_LEAST 16 /* bytes of the smallest blocks */

#define SPAN_QUICK 1024 /* bytes of the largest block that is always zeroed when it is handed out */

/* Makes a span of a region that its owner has just taken. */
void span_open(struct region *span, unsigned size_class, uint32_t block);
/* Blocks that it can ever hold. */
unsigned span_capacity(const struct region *span);
/* Commits room for at least one more block, about `bytes` at once; 0 if there is none or no memory. */
int span_grow(struct region *span, SIZE_T bytes);

static inline int span_has_room(const struct region *span)
{
    return span->head != SPAN_NONE || span->fresh < span->limit;
}

/* Puts a page's worth of blocks that were never handed out on the free list, which is empty. For blocks up
   to SPAN_QUICK; there are some in committed pages. */
void span_carve(struct region *span);

/* Takes a block of `bytes` bytes from a span that has a freed one; it is not zero. */
static ALWAYS_INLINE void *span_take_freed(struct region *span, SIZE_T bytes)
{
    unsigned index = span->head & ~SPAN_FREE;
    uint16_t *word = &span->words[index];

    span->head = atomic_peek(word);
    atomic_poke(word, (uint16_t)bytes);
    span->used++;
    return span->base + (SIZE_T)index * span->block;
}

/* Lets the words of more blocks count, once they are written. */
static ALWAYS_INLINE void span_set_fresh(struct region *span, unsigned fresh)
{
    atomic_compiler_fence();
    atomic_poke(&span->fresh, (uint16_t)fresh);
    atomic_poke(&span->end, (uint16_t)(fresh * (span->block / 8)));
}

/* Takes one that was never handed out, of which there is one in committed pages; an earlier owner may have
   written into it. */
static inline void *span_take_untouched(struct region *span, SIZE_T bytes)
{
    unsigned index = span->fresh;

    atomic_poke(&span->words[index], (uint16_t)bytes);
    span_set_fresh(span, index + 1);
    span->used++;
    return span->base + (SIZE_T)index * span->block;
}

/* The same, zeroed. */
static inline void *span_take_fresh(struct region *span, SIZE_T bytes)
{
    char *block = span->base + (SIZE_T)span->fresh * span->block;

    if (block < span->base + span->dirty * OS_PAGE)
        memset(block, 0, bytes);
    return span_take_untouched(span, bytes);
}

/* The index of the live block at an offset inside the span, and its size; SPAN_BAD if none begins there.
   The offset may be anything. In units of 8 bytes, lower bits rotated to where they make it too large,
   one product has the index in its upper half and, in its lower, less than the reciprocal only where
   nothing remains (test_span.c tries every offset of every class). */
static ALWAYS_INLINE unsigned span_index(const struct region *span, SIZE_T offset, SIZE_T *bytes)
{
    SIZE_T units = offset >> 3 | offset << (8 * sizeof offset - 3);
    uint32_t reciprocal = span->reciprocal, index;
    uint64_t product;
    unsigned word;

    if (units >= atomic_peek(&span->end))
        return SPAN_BAD;
    product = (uint64_t)(uint32_t)units * reciprocal;
    index = (uint32_t)(product >> 32);
    if (UNLIKELY((uint32_t)product >= reciprocal))
        return SPAN_BAD;
    word = atomic_peek(&span->words[index]);
    *bytes = word;
    return LIKELY(word < SPAN_FREE) ? index : SPAN_BAD;
}

static ALWAYS_INLINE void span_give(struct region *span, unsigned index)
{
    uint16_t *word = &span->words[index];

    atomic_poke(word, span->head);
    span->head = (uint16_t)(SPAN_FREE | index);
    span->used--;
}

/* Makes head and used (live blocks alone) anew from the words; returns the bytes asked for in them. */
SIZE_T span_repair(struct region *span);

#endif
