/*
 * large.h - blocks that have a region of their own: large ones, and with pageheap every one.
 */
#pragma once

#include "heap/span.h"

/* A zeroed block; `grows`: with room to grow in place, if possible. NULL: no memory. */
struct span *large_open(struct thread *self, void *owner, SIZE_T bytes, int grows);
/* Resizes it in place and zeroes what it grows by; 0: it has to move. */
int large_resize(struct thread *self, struct span *large, SIZE_T bytes);

static inline char *large_block(const struct span *large)
{
    return large->region.base + large->offset;
}
