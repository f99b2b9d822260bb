/*
 * span.h - a region cut into equal blocks, with one 16-bit state word for each block.
 *
 * A live block's word is the size asked for; a free one's is SPAN_FREE | index of the next free block.
 * So the words are the free list, the double-free check, the exact size and the leak list at once, and
 * head and used can be made anew from them. A word counts only below `fresh`.
 */
#ifndef NMAPI_SPAN_H
#define NMAPI_SPAN_H

#ifdef _WIN64
#include <emmintrin.h>
#endif
#include <string.h>

#include "region.h"

#define SPAN_FREE 0x8000U
#define SPAN_NONE 0x7FFFU
#define SPAN_ALIGNMENT 16
#define SPAN_BAD (-1)

/* Zeroes bytes, rounded up to SPAN_ALIGNMENT. The block has room for that. */
static inline void span_zero(void *block, SIZE_T bytes)
{
    if (bytes > 512) {
        memset(block, 0, bytes);
        return;
    }
#ifdef _WIN64
    for (char *at = block, *end = at + bytes; at < end; at += SPAN_ALIGNMENT) {
        _mm_store_si128((__m128i *)(void *)at, _mm_setzero_si128());
        atomic_compiler_fence(); /* or compilers make a slower memset of it */
    }
#else
    for (volatile LONG *at = block, *end = at + (bytes + 3) / 4; at < end; at++)
        *at = 0;
#endif
}

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

/* Takes a zeroed block of `bytes` bytes; NULL unless span_has_room. */
static inline void *span_take(struct region *span, SIZE_T bytes)
{
    unsigned index = span->head;
    char *block;

    if (LIKELY(index != SPAN_NONE)) {
        span->head = atomic_peek(&span->words[index]) & SPAN_NONE;
        block = span->base + (SIZE_T)index * span->block;
        span_zero(block, bytes);
        atomic_poke(&span->words[index], (uint16_t)bytes);
    } else {
        index = span->fresh;
        if (UNLIKELY(index >= span->limit))
            return NULL;
        block = span->base + (SIZE_T)index * span->block;
        if (block < span->base + span->dirty * OS_PAGE)
            span_zero(block, bytes);
        atomic_poke(&span->words[index], (uint16_t)bytes);
        atomic_compiler_fence(); /* a word counts from here on */
        atomic_poke(&span->fresh, (uint16_t)(index + 1));
    }
    span->used++;
    return block;
}

/* The index of the live block that begins at this address inside the span; SPAN_BAD if none does. */
static inline int span_index(const struct region *span, const void *address)
{
    uint32_t offset = (uint32_t)((const char *)address - span->base);
    uint32_t index = (uint32_t)(((uint64_t)offset * span->reciprocal) >> 32);

    if (index >= atomic_peek(&span->fresh) || index * span->block != offset ||
        (atomic_peek(&span->words[index]) & SPAN_FREE))
        return SPAN_BAD;
    return (int)index;
}

static inline SIZE_T span_size(const struct region *span, int index)
{
    return atomic_peek(&span->words[index]);
}

static inline void span_give(struct region *span, int index)
{
    atomic_poke(&span->words[index], (uint16_t)(SPAN_FREE | span->head));
    span->head = (uint16_t)index;
    span->used--;
}

/* Makes head and used anew from the words; returns the bytes asked for in live blocks. */
SIZE_T span_repair(struct region *span);

#endif
