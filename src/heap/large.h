/*
 * large.h - regions that are one block: large ones, and with pageheap every one.
 */
#ifndef NMAPI_LARGE_H
#define NMAPI_LARGE_H

#include "pages/region.h"

/* pageheap: each block in a region of its own, that ends where the block ends, up to the alignment. Set
   once, at load. */
extern int large_pages;

/* A zeroed block with room to grow for at least `room` bytes; NULL: no memory. */
struct region *large_open(struct thread *self, void *owner, SIZE_T bytes, SIZE_T room);
/* Makes it another length in place, zeroing what it grows by; 0 if it has to move. */
int large_resize(struct region *r, SIZE_T bytes);

static inline char *large_block(const struct region *r)
{
    return r->base + r->offset;
}

#endif
