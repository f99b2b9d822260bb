/*
 * map.h - the reservations of address space, and the map from any address to what lies there.
 *
 * Readers of the map take no lock. All else is called under the lock of region.h. One reservation at a
 * time is made or released; it is noted before, so that a thread that is killed meanwhile leaves nothing
 * that could not be found (map_repair_begin, map_repair_end).
 */
#ifndef NMAPI_MAP_H
#define NMAPI_MAP_H

#include "base/lock.h"

#ifdef _WIN64
#define MAP_SHIFT 22
#define MAP_LEAF_BITS 12
#else
#define MAP_SHIFT 16
#define MAP_LEAF_BITS 6
#endif
/* Bytes of addresses that one entry stands for. */
#define MAP_BYTES ((SIZE_T)1 << MAP_SHIFT)
#define MAP_ROOT_BITS (OS_ADDRESS_BITS - MAP_SHIFT - MAP_LEAF_BITS)
_Static_assert(MAP_BYTES % OS_GRANULE == 0, "no two reservations share an entry");

/* An entry is 0, the address of a segment, or MAP_OWN and the address of the region that is alone in its
   reservation; of such a one only the first entry is set. */
#define MAP_OWN ((ULONG_PTR)1)

struct map_leaf {
    volatile ULONG_PTR entries[1 << MAP_LEAF_BITS];
};
extern struct map_leaf *volatile map_root[1 << MAP_ROOT_BITS];

static ALWAYS_INLINE ULONG_PTR map_find(ULONG_PTR address)
{
    struct map_leaf *leaf;

#ifdef _WIN64
    if (UNLIKELY(address >> OS_ADDRESS_BITS))
        return 0;
#endif
    leaf = atomic_load(&map_root[address >> (MAP_SHIFT + MAP_LEAF_BITS)]);
    if (UNLIKELY(!leaf))
        return 0;
    return atomic_load(&leaf->entries[(address >> MAP_SHIFT) & ((1 << MAP_LEAF_BITS) - 1)]);
}

/* Whether the last call of map_reserve failed for want of addresses. */
extern int map_exhausted;

/* Reserves addresses at a multiple of `alignment`; NULL: there are none, or no memory for the map. */
char *map_reserve(struct thread *self, SIZE_T bytes, SIZE_T alignment);
/* Lets `bytes` of a new reservation be found, once its record is complete. */
void map_publish(const char *base, SIZE_T bytes, ULONG_PTR entry);
/* Begins to release a reservation: the caller clears its record now, then calls map_release. */
void map_note_release(char *base, SIZE_T bytes);
void map_release(void);

/* After a thread died under the lock: the caller calls the first, then map_enter for each reservation that
   a record knows, then the second. */
void map_repair_begin(void);
void map_enter(const char *base, SIZE_T bytes, ULONG_PTR entry);
void map_repair_end(void);
void map_shutdown(void);

#endif
