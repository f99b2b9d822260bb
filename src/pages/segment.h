/*
 * segment.h - segments: aligned reservations that are cut into units, of which regions are made.
 *
 * The first sixteenth of a segment holds block states, two bytes each, in lines of 64 bytes. The
 * rest is data units. A region is a run of units with one record; its last page is never committed
 * and is its guard page. A unit without region is cold: no page of it is committed. Everything
 * here is called under the lock of region.h. Which units and lines are taken follows from the
 * records.
 */
#ifndef NMAPI_SEGMENT_H
#define NMAPI_SEGMENT_H

#include "pages/map.h"
#include "pages/record.h"

#define UNIT_SHIFT 13
#define UNIT_BYTES ((SIZE_T)1 << UNIT_SHIFT)
#define UNIT_PAGES ((unsigned)(UNIT_BYTES / OS_PAGE))
#define SEGMENT_BYTES ((SIZE_T)4 << 20)
#define SEGMENT_UNITS ((unsigned)(SEGMENT_BYTES / UNIT_BYTES))
/* A segment may be a quarter of that where the whole does not fit, but at least a map entry. */
#define SEGMENT_LEAST (MAP_BYTES > SEGMENT_BYTES / 4 ? MAP_BYTES : SEGMENT_BYTES / 4)
#define LINE_BYTES 64
#define SEGMENT_LINES ((unsigned)(SEGMENT_BYTES / 16 / LINE_BYTES))
#define LINE_STATES ((unsigned)(LINE_BYTES / sizeof(uint16_t)))
_Static_assert(SEGMENT_LEAST >= MAP_BYTES && SEGMENT_LEAST / 16 % UNIT_BYTES == 0,
               "a segment is whole map entries, its block states are whole units");

struct segment {
    char *volatile base;                /* NULL: the record stands for nothing */
    SIZE_T bytes;                       /* reserved; a power of two, as is the alignment */
    struct segment *all;                /* every record there is */
    struct segment *next, **link;       /* list of those with as long a run of cold units */
    uint16_t longest;                   /* cold units in a row, at the most */
    uint16_t free_lines;                /* lines that no region has */
    uint16_t state_pages;               /* committed pages of block states, from base on */
    uint32_t cold[SEGMENT_UNITS / 32];  /* a bit for each unit that is cold */
    uint32_t lines[SEGMENT_LINES / 32]; /* a bit for each line that no region has */
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
/* The smallest class that holds so many units. */
unsigned unit_class(unsigned units);
/* The largest one that so many units are enough for. */
unsigned unit_class_within(unsigned units);
unsigned unit_class_units(unsigned size_class);

/* Makes a region of cold units with so many lines of block states. It has no owner yet. NULL: no
   address space or no memory. */
struct record *segment_take(struct thread *self, unsigned units, unsigned lines);
/* Gives a region lines; 0: its segment has not so many in a row, or there is no memory. */
int segment_take_lines(struct record *record, unsigned lines);
void segment_free_lines(struct record *record);
/* Makes a region's units cold; no page is committed. A segment without regions is released. */
void segment_free(struct record *record);

/* Committed pages of block states in segments where no region has any; and their return. */
SIZE_T segment_idle_pages(void);
void segment_purge_states(void);

/* After a thread died under the lock: the caller calls segment_repair_begin, then segment_enter for
   each region in a segment, then segment_repair_end. */
void segment_repair_begin(void);
void segment_enter(struct record *record);
void segment_repair_end(void);
void segment_shutdown(void);

#endif
