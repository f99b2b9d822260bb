/*
 * slot.h - who has which piece of a chunk: slots, minis, runs of slots, and large regions with a chunk of their own.
 *
 * A region's `owner` decides, set last and cleared first; masks and figures follow from it (chunk.c, repair).
 * The caller holds the chunks (chunk_hold). What waits with its pages is taken before what has none; how many
 * pages wait is the caller's business (region.h, pool.h).
 */
#ifndef NMAPI_SLOT_H
#define NMAPI_SLOT_H

#include "pages/chunk.h"

/* Each returns a region that is the owner's now, NULL if there is no address space or no memory for records. Its
   first `pages` pages are committed, `dirty` of them not zero. */
struct region *slot_take(struct thread *self, void *owner);
struct region *slot_take_mini(struct thread *self, void *owner);
/* So many slots in a row for a large region: REGION_UNBORN, and REGION_TAIL all but the first. */
struct region *slot_take_run(struct thread *self, void *owner, int slots);
/* A large region, REGION_UNBORN, with room to grow for `room` bytes, of which `used` are wanted now; `committed` of
   them are. */
struct region *slot_take_lone(struct thread *self, void *owner, SIZE_T used, SIZE_T room);

/* The last slot of a region, which is its only one unless it is a run. By the owner, who need not hold the chunks. */
int slot_last(const struct chunk *chunk, const struct region *region);
/* Another owner for all of a region. */
void slot_give(struct region *region, void *owner);
/* Frees any of them, with the pages that it has. A chunk that is of no more use goes back to the system. */
void slot_free(struct region *region);

#endif
