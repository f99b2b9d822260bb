/*
 * region.h - regions: a run of pages that one owner has, with a guard page behind it.
 *
 * A region's owner commits and decommits its pages without the lock, for nobody else touches it; the lock
 * is for taking and freeing regions and for the sums. Who finds the holder of the lock dead makes all
 * lists and sums anew. An owner is an opaque pointer.
 */
#ifndef NMAPI_REGION_H
#define NMAPI_REGION_H

#include "pages/quarantine.h"
#include "pages/segment.h"

/* The record of the region that an address lies in, for any address at all; NULL if it is not ours. Who
   does not own the region may look at `owner` only, or hold it still with region_lock. */
static ALWAYS_INLINE struct region *region_find(const void *address)
{
    return segment_find(address);
}

/* Usable bytes of a region of so many units. */
#define REGION_BYTES(units) ((units)*UNIT_BYTES - OS_PAGE)

/* A region of so many units with so many block states, for the owner. NULL: no memory or no address space. */
struct region *region_take(struct thread *self, void *owner, unsigned units, unsigned states);
/* A region for one block, `bytes` of it committed; `grows`: with room to grow. */
struct region *region_take_block(struct thread *self, void *owner, SIZE_T bytes, int grows);

/* Bytes from its base on that are committed, that may not be zero, that can be committed at most. */
SIZE_T region_committed(const struct region *region);
SIZE_T region_dirty(const struct region *region);
SIZE_T region_room(const struct region *region);
/* Committed bytes, those of its block states included. */
SIZE_T region_footprint(const struct region *region);

/* By the owner: */

/* Commits at least `bytes`; 0 if there is no memory, even after what is cached has been returned. */
int region_commit(struct thread *self, struct region *region, SIZE_T bytes);
/* Returns to the system what lies behind `bytes`; if it refuses, that stays committed. */
void region_shrink(struct thread *self, struct region *region, SIZE_T bytes);
/* Notes that the first `bytes` may have been written. */
void region_soil(struct region *region, SIZE_T bytes);
void region_give(struct thread *self, struct region *region, void *owner);
/* Frees it: its pages wait for the next owner while they may. */
void region_release(struct thread *self, struct region *region);
/* The same for one of many: all their pages wait until region_purge_excess. */
void region_release_first(struct thread *self, struct region *region);
void region_purge_excess(struct thread *self);
/* Frees it, but keeps its addresses from everybody for a time; any access faults. */
void region_quarantine(struct thread *self, struct region *region, enum quarantine queue);

/* Returns all that is cached to the system. */
void region_trim(struct thread *self);

/* Holds every region still: while it is locked, none is taken or freed. */
void region_lock(struct thread *self);
void region_unlock(void);
/* Visits every region of an owner; the caller has locked. Slow: it looks at all there are. */
void region_visit(void *owner, void (*visit)(struct region *, void *), void *context);

/* DLL unload: everything back to the system, no thread left. */
void region_shutdown(void);
/* Makes all lists and sums anew and returns whether they were right. For tests and debug builds. */
int region_is_valid(struct thread *self);

#endif
