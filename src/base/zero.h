/*
 * zero.h - zeroes blocks. Most blocks have some dozens of bytes. For these a call and branches that
 * can't be predicted would cost more than the stores.
 */
#pragma once

#include "base/os.h"

#ifdef _WIN64
#include <emmintrin.h>
#endif

#define ZERO_UNIT 16 /* bytes; blocks are aligned to it and have room for whole ones */

/* Zeroes `bytes` bytes, rounded up to whole units; at least one unit. */
static ALWAYS_INLINE void zero_block(void *block, SIZE_T bytes)
{
    SIZE_T last_unit = (bytes - (bytes != 0)) / ZERO_UNIT;
#ifdef _WIN64
    const __m128i zero = _mm_setzero_si128();
    __m128i *at = block, *last = at + last_unit;

    /* Stores from both ends, which may overlap: without a loop, and the first four without a
       branch. */
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

/* Blocks of more bytes than this are zeroed by stores of 32 bytes where the processor has them.
   Otherwise the DLL for x86 uses no instruction that a Pentium lacks. */
#ifdef _WIN64
#define ZERO_SHORT 64
#else
#define ZERO_SHORT 48 /* zero_wide needs more */
#endif

/* ZERO_WIDE marks a function that calls zero_wide. Clang's header for Microsoft's ABI has the type
   of 32 bytes only if all code may use it; hence the vector type. */
#if defined(__GNUC__) || defined(__clang__)
typedef char zero_unit_wide __attribute__((vector_size(32), aligned(1), may_alias));
#define ZERO_WIDE __attribute__((target("avx")))
#define ZERO_STORE(at) ((void)(*(at) = (zero_unit_wide){0}))
#else
#include <immintrin.h>
typedef __m256i zero_unit_wide;
#define ZERO_WIDE
#define ZERO_STORE(at) _mm256_storeu_si256((at), _mm256_setzero_si256())
#endif

/* The same for more than ZERO_SHORT bytes, and only if os_has_avx. Up to 256 bytes no branch
   depends on the length: with blocks of mixed sizes it could not be predicted. */
ZERO_WIDE static ALWAYS_INLINE void zero_wide(void *block, SIZE_T bytes)
{
    SIZE_T length = (bytes + ZERO_UNIT - 1) & ~(SIZE_T)(ZERO_UNIT - 1);
    SIZE_T more = 2 * (SIZE_T)(length > 128);
    zero_unit_wide *at = block, *end = (void *)((char *)block + length);

    ZERO_STORE(at);
    ZERO_STORE(at + 1);
    ZERO_STORE(end - 1);
    ZERO_STORE(end - 2);
    ZERO_STORE(at + more);
    ZERO_STORE(at + more + 1);
    ZERO_STORE(end - 1 - more);
    ZERO_STORE(end - 2 - more);
    if (length <= 256)
        return;
    /* Aligned: a store that crosses the end of a page takes as long as all the others. */
    at = (void *)((ULONG_PTR)(at + 4) & ~(ULONG_PTR)(sizeof *at - 1));
    for (; at < end - 4; at += 4) {
        ZERO_STORE(at);
        ZERO_STORE(at + 1);
        ZERO_STORE(at + 2);
        ZERO_STORE(at + 3);
        atomic_compiler_fence();
    }
}
