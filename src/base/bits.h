/*
 * bits.h - the highest and the lowest set bit of a word, and runs of set bits in an array.
 */
#pragma once

#include <stdint.h>

#include "base/atomic.h"

/* The index of the highest set bit; the value is not 0. */
static inline unsigned bits_highest(uint32_t value)
{
    DWORD index = 0;

    _BitScanReverse(&index, value);
    return index;
}

/* Numbers values in steps of an eighth of their highest power of two; the value is at least 8. */
static inline unsigned bits_eighths(uint32_t value)
{
    unsigned shift = bits_highest(value) - 3;

    return shift * 8 + ((value >> shift) & 7);
}

/* The index of the lowest set bit; the value is not 0. */
static inline unsigned bits_lowest(uint32_t value)
{
    DWORD index = 0;

    _BitScanForward(&index, value);
    return index;
}

/* The first bit from `from` on that is set, or with `set` 0 clear; `count` if there is none. */
static inline unsigned bits_next(const uint32_t *bits, unsigned count, unsigned from, int set)
{
    const uint32_t flip = set ? 0 : 0xFFFFFFFFU;

    while (from < count) {
        uint32_t word = (bits[from / 32] ^ flip) >> from % 32;
        if (word) {
            from += bits_lowest(word);
            break;
        }
        from = (from / 32 + 1) * 32;
    }
    return from < count ? from : count;
}

/* Where the first `length` set bits in a row begin; `count` if there are none. */
static inline unsigned bits_find_run(const uint32_t *bits, unsigned count, unsigned length)
{
    unsigned end = 0;

    for (unsigned begin = 0; (begin = bits_next(bits, count, end, 1)) < count;) {
        end = bits_next(bits, begin + length < count ? begin + length : count, begin, 0);
        if (end - begin >= length)
            return begin;
    }
    return count;
}

/* The length of the longest run of set bits. */
static inline unsigned bits_longest_run(const uint32_t *bits, unsigned count)
{
    unsigned longest = 0, end = 0;

    for (unsigned begin = 0; (begin = bits_next(bits, count, end, 1)) < count;) {
        end = bits_next(bits, count, begin, 0);
        if (end - begin > longest)
            longest = end - begin;
    }
    return longest;
}

/* Sets or clears a run of bits. */
static inline void bits_set_run(uint32_t *bits, unsigned begin, unsigned length, int set)
{
    while (length) {
        unsigned here = 32 - begin % 32 < length ? 32 - begin % 32 : length;
        uint32_t mask = (here < 32 ? (1U << here) - 1 : 0xFFFFFFFFU) << begin % 32;
        bits[begin / 32] = set ? bits[begin / 32] | mask : bits[begin / 32] & ~mask;
        begin += here;
        length -= here;
    }
}
