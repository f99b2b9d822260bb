/*
 * pattern.h - what the blocks hold: all of a small one; of a large one both ends, and a little here
 * and there.
 */
#ifndef PATTERN_H
#define PATTERN_H

#include <windows.h>
#include <stdint.h>

void pattern_fill(void *block, SIZE_T bytes, uint32_t seed);
/* Whether a block that was filled when it had `bytes` bytes still holds that up to `end`. */
int pattern_holds(const void *block, SIZE_T bytes, SIZE_T end, uint32_t seed);
int pattern_is_zero(const void *block, SIZE_T begin, SIZE_T end);

#endif
