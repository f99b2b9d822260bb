/*
 * zero.h - zeroes blocks. Most allocations are of some dozens of bytes, where a call, and branches that
 * nobody can foresee, would cost more than the stores.
 */
#ifndef NMAPI_ZERO_H
#define NMAPI_ZERO_H

#include "atomic.h"

#ifdef _WIN64
#include <emmintrin.h>
#endif

#define ZERO_UNIT 16 /* bytes; blocks are aligned to it and have room for whole ones */

/* Zeroes `bytes` bytes, rounded up to whole units, at least one. */
static ALWAYS_INLINE void zero_block(void *block, SIZE_T bytes)
{
    SIZE_T last_unit = (bytes - (bytes != 0)) / ZERO_UNIT;
#ifdef _WIN64
    const __m128i zero = _mm_setzero_si128();
    __m128i *at = block, *last = at + last_unit;

    /* Stores from both ends, which may overlap: without a loop, and the first four without a branch. */
    _mm_store_si128(at, zero);
    _mm_store_si128(last, zero);
    _mm_store_si128(at + (last_unit != 0), zero);
    _mm_store_si128(last - (last_unit != 0), zero);
    if (last_unit < 4)
        return;
    _mm_store_si128(at + 2, zero);
    _mm_store_si128(last - 2, zero);
    _mm_store_si128(at + 3, zero);
    _mm_store_si128(last - 3, zero);
    for (at += 4; at < last - 3; at += 4) {
        _mm_store_si128(at, zero);
        _mm_store_si128(at + 1, zero);
        _mm_store_si128(at + 2, zero);
        _mm_store_si128(at + 3, zero);
        atomic_compiler_fence(); /* or compilers make a slower memset of it */
    }
#else
    for (LONG *at = block, *last = at + 4 * last_unit; at <= last; at += 4) {
        at[0] = at[1] = at[2] = at[3] = 0;
        atomic_compiler_fence();
    }
#endif
}

#endif
