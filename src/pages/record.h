/*
 * record.h - one record for each region: its owner, its place, which of its pages are committed.
 *
 * Records are never returned to the system, because readers take no lock. The word `owner` alone
 * decides who has a region; it is set last and cleared first. `base` decides whether a record
 * stands for a region. Lists and sums follow from the records, so a repair can make them anew.
 * Everything here is called under the lock of region.h.
 */
#pragma once

#include <stdint.h>

#include "base/lock.h"

/* The owner of the regions in quarantine.h. The layer above may choose further owners for its own
   purposes from the numbers up to REGION_RESERVED. */
#define REGION_QUARANTINED ((void *)1)
#define REGION_RESERVED ((void *)15)

/* What the region's owner may read. */
struct region {
    void *volatile owner;        /* who has it; NULL: nobody */
    char *volatile base;         /* its first address */
    uint16_t *states;            /* its block states, not initialized */
    volatile uint32_t committed; /* pages from base on that certainly are committed */
    volatile uint32_t dirty;     /* pages from base on that may not be zero, or may be committed */
    uint16_t state_count;        /* block states that it has, or its last owner had */
};

/* Bytes of a record from its struct region on that belong to the region's owner. */
#define REGION_USE 80

struct segment;

/* Each has a pair of cache lines of its own. */
struct record {
    _Alignas(APART) union {
        struct region region;
        char use[REGION_USE];
    };
    struct segment *segment;      /* it lies in; NULL: it has its own reservation */
    struct record *next, **link;  /* the list of equals in cache.c, or next: unused ones */
    struct record *newer, *older; /* the order of freeing in cache.c; newer: in quarantine.c */
    uint32_t pages;               /* of addresses, the last of which is never committed */
};
_Static_assert(sizeof(struct record) == APART, "a block of them fills a page");

/* The most pages that a region may have: 32 bits count them. */
#define RECORD_PAGES_MOST 0xFFFFF000U

/* Committed pages. */
extern struct record_sums {
    SIZE_T used;    /* in regions that have an owner */
    SIZE_T free;    /* in cached ones */
    SIZE_T refused; /* in quarantined ones: the system did not take them back */
} record_sums;

/* A record without base; NULL: no memory. */
struct record *record_new(struct thread *self);
/* Clears its base: from now on it stands for no region. */
void record_free(struct record *record);

/* The only functions that change owners, numbers of committed pages, and the sums of these. */
void record_set_owner(struct record *record, void *owner);
void record_set_committed(struct record *record, SIZE_T pages);
/* Returns all pages from `keep` on to the system; 0: it refused, and they stay as they were. */
int record_decommit(struct record *record, SIZE_T keep);

/* Visits every region there is, whoever has it. Slow. */
void record_each(void (*visit)(struct region *, void *), void *context);
/* Makes the sums and the list of unused records anew. */
void record_repair(void);
void record_shutdown(void);
