/*
 * region.h - regions: taking, committing and freeing them, and what is kept for reuse.
 *
 * What regions, slots, minis and owners are stands in chunk.h.
 */
#ifndef NMAPI_REGION_H
#define NMAPI_REGION_H

#include "pages/chunk.h"

/* The record of the region that an address lies in, for any address at all; NULL if it is not ours. Who
   does not own the region may look at `owner` only, or hold it still with chunk_hold. */
static ALWAYS_INLINE struct region *region_find(const void *address)
{
    ULONG_PTR at = (ULONG_PTR)address;
    struct chunk *chunk = region_chunk(at);
    ULONG_PTR records;

    if (UNLIKELY(!chunk))
        return NULL;
    records = atomic_load(&chunk->records[(at >> SLOT_SHIFT) & (CHUNK_SLOTS - 1)]);
    return (struct region *)(records & ~(ULONG_PTR)(RECORD_BYTES - 1)) +
           ((at >> MINI_SHIFT) & records & (RECORD_BYTES - 1));
}

/* One mini or one slot for the owner. Its first `pages` pages are committed, `dirty` of them not zero.
   NULL if there is no memory or no address space. */
struct region *region_take(struct thread *self, void *owner, int mini);
/* A region for one block, at least `bytes` of it committed, `touched` of them not zero, room to grow for `room`
   if it is a reservation of its own. Its kind is REGION_UNBORN; the caller makes it REGION_LARGE. */
struct region *region_take_large(struct thread *self, void *owner, SIZE_T bytes, SIZE_T room);
/* The same in as few addresses as there are. */
struct region *region_take_tight(struct thread *self, void *owner, SIZE_T bytes);

/* By the owner. Returns 0 if there is no memory; then what was committed stays. */
int region_commit(struct region *region, SIZE_T data, SIZE_T words);
int region_commit_large(struct region *region, SIZE_T bytes);
/* Returns what lies behind `bytes` to the system; it is zero when it is committed again. */
void region_shrink_large(struct region *region, SIZE_T bytes);
/* Bytes that it can be committed to. */
SIZE_T region_room(const struct region *region);
/* Bytes that are committed, state words too. */
SIZE_T region_footprint(const struct region *region);

/* Returns all of a large region's pages: its block is none any more and faults, the addresses stay. */
void region_empty(struct region *region);

/* Another owner for a large region. */
void region_give(struct thread *self, struct region *region, void *owner);
/* Makes the blocks fault but keeps the addresses: the owner becomes REGION_RETIRED. */
void region_retire(struct thread *self, struct region *region);

/* Frees one region; its pages are kept for the next owner while there is room for that. */
void region_release(struct thread *self, struct region *region);
/* The same for one of many: all their pages wait until pool_settle, which is faster with whole chunks. */
void region_release_first(struct thread *self, struct region *region);

/* DLL unload: everything back to the system, no thread left. */
void region_shutdown(void);

#endif
