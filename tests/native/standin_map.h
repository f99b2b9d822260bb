/*
 * standin_map.h - the map of memory: reservations, and mappings that are not the stand-in's. The
 * caller holds the lock of standin_memory.c.
 */
#pragma once

#include "standin_private.h"

#define PAGE ((ULONG_PTR)4096)
#define GRANULE ((ULONG_PTR)65536)
#define ADDRESS_END ((ULONG_PTR)0x7fffffff0000) /* first address that is not the program's */

/* A page's byte: 0 while only reserved, else its PAGE_... protection; PAGE_GUARD is shown by
   PAGE_NOACCESS beside another. */
struct region {
    ULONG_PTR base;
    ULONG_PTR size;
    DWORD protect; /* of the reservation */
    BYTE pages[];
};

struct region *standin_map_find(ULONG_PTR address);
/* Call it before standin_map_set. FALSE: no memory. */
BOOL standin_map_prepare(ULONG_PTR base, ULONG_PTR end);
void standin_map_set(ULONG_PTR base, ULONG_PTR end, struct region *region);

/* Address space without access, from the system; `more` are flags of mmap. 0: it can't be had. */
ULONG_PTR standin_map_at(ULONG_PTR address, ULONG_PTR size, int more);
/* At exactly this address or not at all. */
ULONG_PTR standin_map_exactly(ULONG_PTR address, ULONG_PTR size);
ULONG_PTR standin_map_anywhere(ULONG_PTR size);
/* Notes that addresses became free here. */
void standin_map_hole(ULONG_PTR base, ULONG_PTR size);

struct mapping {
    ULONG_PTR begin, end;
    DWORD protect;
    BOOL file;
};
/* The first mapping that ends above the address; FALSE: there is none. */
BOOL standin_mapping_from(ULONG_PTR address, struct mapping *found);
