/*
 * region.h - regions: a run of pages that one owner has, with a guard page behind it.
 *
 * A region's owner commits its pages without the lock, because nobody else touches it. The lock
 * guards taking, freeing and the sums. A thread that finds the holder of the lock dead makes all
 * lists and sums anew. An owner is an opaque pointer.
 */
#pragma once

#include "pages/quarantine.h"
#include "pages/segment.h"

/* The region that an address lies in, for any address at all; NULL if there is none. Without owning
   the region a caller may read only `owner`, unless it holds region_lock. */
static ALWAYS_INLINE struct region *region_find(const void *address)
{
    ULONG_PTR at = (ULONG_PTR)address, entry = map_find(at);

    if (UNLIKELY(!(entry & MAP_SEGMENT)))
        return (struct region *)entry;
    return atomic_load(&((struct segment *)(entry - MAP_SEGMENT))->regions[segment_unit(at)]);
}

/* Bytes of a region of so many units, without the guard page. */
#define REGION_BYTES(units) ((units)*UNIT_BYTES - OS_PAGE)

/* A region of so many units and block states, at most UNIT_STATES for each unit. NULL: no memory or
   no address space. */
struct region *region_take(struct thread *self, void *owner, unsigned units, unsigned states);
/* A region for one block, `bytes` of it committed; `grows`: with room to grow. */
struct region *region_take_block(struct thread *self, void *owner, SIZE_T bytes, int grows);

/* Bytes that can be committed. */
SIZE_T region_room(const struct region *region);
/* Committed bytes, those of its block states included. */
SIZE_T region_footprint(const struct region *region);

/* By the owner: */

/* Commits at least `bytes`; 0: no memory, even after the cache was purged. */
int region_commit(struct thread *self, struct region *region, SIZE_T bytes);
/* Decommits what lies behind `bytes`; if the system refuses, it stays committed. */
void region_shrink(struct thread *self, struct region *region, SIZE_T bytes);
/* Notes that the first `bytes` may have been written. */
void region_soil(struct region *region, SIZE_T bytes);
/* Makes another its owner. */
void region_give(struct thread *self, struct region *region, void *owner);
/* Frees it. Its pages are cached if the cache has room. */
void region_release(struct thread *self, struct region *region);
/* Frees it, but nobody gets its addresses for a time. Any access faults. */
void region_quarantine(struct thread *self, struct region *region);

/* Purges the whole cache; 0: there was nothing. */
int region_trim(struct thread *self);

/* While this is locked no region is taken or freed, and record_each may be called. */
void region_lock(struct thread *self);
void region_unlock(void);

/* Makes all lists and sums anew, after a thread died under the lock. */
void region_repair(void);
/* At unload, without other threads: returns everything to the system. */
void region_shutdown(void);
