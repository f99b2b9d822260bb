/*
 * map.h - the reservations of address space, and the map from any address to what lies there.
 *
 * Readers of the map take no lock. Everything else is called under the lock of region.h. One
 * reservation at a time is made or released. It is noted before, so that a repair finds it if the
 * thread is killed (map_repair_begin, map_repair_end).
 */
#pragma once

#include "base/lock.h"

#ifdef _WIN64
#define MAP_SHIFT 22
#define MAP_LEAF_BITS 12
#else
#define MAP_SHIFT 16
#define MAP_LEAF_BITS 6
#endif
/* Bytes of addresses for each entry. */
#define MAP_BYTES ((SIZE_T)1 << MAP_SHIFT)
#define MAP_ROOT_BITS (OS_ADDRESS_BITS - MAP_SHIFT - MAP_LEAF_BITS)
_Static_assert(MAP_BYTES % OS_GRANULE == 0, "no two reservations share an entry");

/* An entry is MAP_SEGMENT plus the address of a segment; or the address of a region that has its
   own reservation, of which only the first entry is set; or 0. */
#define MAP_SEGMENT ((ULONG_PTR)1)

struct map_leaf {
    volatile ULONG_PTR entries[1 << MAP_LEAF_BITS];
};
extern struct map_leaf *volatile map_root[1 << MAP_ROOT_BITS];

static ALWAYS_INLINE ULONG_PTR map_find(ULONG_PTR address)
{
    ULONG_PTR root = address >> (MAP_SHIFT + MAP_LEAF_BITS);
    struct map_leaf *leaf;

#ifdef _WIN64
    if (UNLIKELY(root >= (ULONG_PTR)1 << MAP_ROOT_BITS))
        return 0;
#endif
    leaf = atomic_load(&map_root[root]);
    if (UNLIKELY(!leaf))
        return 0;
    return atomic_load(&leaf->entries[(address >> MAP_SHIFT) & ((1 << MAP_LEAF_BITS) - 1)]);
}

/* Whether the last call of map_reserve failed, since the caller set this to 0. */
extern int map_exhausted;

/* Reserves addresses at a multiple of `alignment`. NULL: no free ones, or no memory for the map. */
char *map_reserve(struct thread *self, SIZE_T bytes, SIZE_T alignment);
/* Enters a new reservation into the map, after its record is complete. */
void map_publish(const char *base, SIZE_T bytes, ULONG_PTR entry);
/* Begins to release a reservation. The caller then clears its record and calls map_release. */
void map_note_release(char *base, SIZE_T bytes);
void map_release(void);

/* After a thread died under the lock: the caller calls map_repair_begin, then map_enter for each
   reservation that has a record, then map_repair_end. */
void map_repair_begin(void);
void map_enter(const char *base, SIZE_T bytes, ULONG_PTR entry);
void map_repair_end(void);
void map_shutdown(void);
