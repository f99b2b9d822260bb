/*
 * segment.h - segments: aligned reservations that are cut into units, of which regions are made.
 *
 * The first part of a segment holds block states, two bytes each. Those of a region have a place
 * that follows from its first unit. The rest is data units. A region is a run of units with one
 * record; its last page is never committed and is its guard page. A unit without region is cold: no
 * page of it is committed. Everything here is called under the lock of region.h. Which units are
 * taken follows from the records.
 */
#pragma once

#include "pages/map.h"
#include "pages/record.h"

#define UNIT_SHIFT 13
#define UNIT_BYTES ((SIZE_T)1 << UNIT_SHIFT)
#define UNIT_PAGES ((unsigned)(UNIT_BYTES / OS_PAGE))
#define SEGMENT_BYTES ((SIZE_T)4 << 20)
#define SEGMENT_UNITS ((unsigned)(SEGMENT_BYTES / UNIT_BYTES))
/* A segment may be a quarter of that where the whole does not fit, but at least a map entry. */
#define SEGMENT_LEAST (MAP_BYTES > SEGMENT_BYTES / 4 ? MAP_BYTES : SEGMENT_BYTES / 4)
/* Block states for each unit, at the most: enough for blocks of 64 bytes. A region with smaller
   ones does not use its last addresses. */
#define UNIT_STATES 128U
#define SEGMENT_STATES 32 /* the part of a segment that they are: one in so many bytes */
_Static_assert(UNIT_STATES * sizeof(uint16_t) * SEGMENT_STATES == UNIT_BYTES, "each has its place");
_Static_assert(SEGMENT_LEAST >= MAP_BYTES && SEGMENT_LEAST / SEGMENT_STATES % UNIT_BYTES == 0,
               "a segment is whole map entries, its block states are whole units");

struct segment {
    char *volatile base;               /* NULL: the record stands for nothing */
    SIZE_T bytes;                      /* reserved; a power of two, as is the alignment */
    struct segment *all;               /* every record there is */
    struct segment *next, **link;      /* list of those with as long a run of cold units */
    uint16_t longest;                  /* cold units in a row, at the most */
    uint16_t with_states;              /* regions that have block states */
    uint16_t state_pages;              /* committed pages of block states, from base on */
    uint32_t cold[SEGMENT_UNITS / 32]; /* a bit for each unit that is cold */
    /* The region that a unit belongs to; NULL: none. The index is the address's bits; a smaller
       segment uses a quarter of the array. */
    struct region *volatile regions[SEGMENT_UNITS];
};

static ALWAYS_INLINE unsigned segment_unit(ULONG_PTR address)
{
    return (unsigned)(address >> UNIT_SHIFT) & (SEGMENT_UNITS - 1);
}

/* Region sizes, in units: every one up to 16, then eight for each doubling. */
#define UNIT_CLASSES 56
/* The smallest class that holds so many units. The one below that of units + 1 is the largest that
   so many units are enough for. */
unsigned unit_class(unsigned units);
unsigned unit_class_units(unsigned size_class);

/* Makes a region of cold units, no more than the smallest segment has. It has no owner yet. NULL:
   no address space or no memory. */
struct record *segment_take(struct thread *self, unsigned units);
/* Gives a region so many block states instead of those that it has; 0: there is no memory. Where no
   region of a segment has any, the pages of block states are decommitted. */
int segment_set_states(struct record *record, unsigned states);
/* Makes the units of a region without committed pages cold. A segment without regions is
   released. */
void segment_free(struct record *record);

/* Committed pages of block states, in all segments. */
extern SIZE_T segment_state_pages;

/* After a thread died under the lock: the caller calls segment_repair_begin, then segment_enter for
   each region in a segment, then segment_repair_end. */
void segment_repair_begin(void);
void segment_enter(struct record *record);
void segment_repair_end(void);
void segment_shutdown(void);
