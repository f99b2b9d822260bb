/*
 * pattern.h - the content of blocks: every byte of a small one; both ends and some places in
 * between of a large one.
 */
#pragma once

#include <windows.h>
#include <stdint.h>

void pattern_fill(void *block, SIZE_T bytes, uint32_t seed);
/* Whether a block that was filled at a size of `bytes` is intact up to `end`. */
int pattern_holds(const void *block, SIZE_T bytes, SIZE_T end, uint32_t seed);
int pattern_is_zero(const void *block, SIZE_T begin, SIZE_T end);
