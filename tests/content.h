/*
 * content.h - the content of blocks: a pattern, which is a function of its seed; and random
 * numbers.
 */
#pragma once

#include "nmapi.h"

#include <stdint.h>

/* The i-th byte. */
unsigned char content_byte(SIZE_T i, uint32_t seed);
void content_fill(void *block, SIZE_T bytes, uint32_t seed);
BOOL content_holds(const void *block, SIZE_T bytes, uint32_t seed);
BOOL content_is_zero(const void *block, SIZE_T bytes);

/* xorshift; the state must not be 0. */
uint32_t content_random(uint32_t *state);
