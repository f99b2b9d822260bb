/*
 * quarantine.h - regions whose addresses stay reserved and fault, so that a stale access harms
 * nobody.
 *
 * There are two queues. Each is bounded by the addresses in it; when it holds more, the oldest
 * regions leave it. A region in a queue has the queue's owner and no committed page. Called under
 * the lock of region.h.
 */
#ifndef NMAPI_QUARANTINE_H
#define NMAPI_QUARANTINE_H

#include "pages/record.h"

enum quarantine {
    QUARANTINE_CLOSED, /* regions of experts whose close was abnormal */
    QUARANTINE_FREED   /* pageheap: freed blocks */
};
/* The owner of the regions in a queue. */
#define QUARANTINE_OWNER(queue) ((void *)((ULONG_PTR)(queue) + 1))
_Static_assert(QUARANTINE_FREED + 1 <= 2, "REGION_NOBODY covers both queues");

/* Adds a region whose pages have been decommitted. */
void quarantine_put(struct record *record, enum quarantine queue);
/* Releases the oldest region; 0: there is none. */
int quarantine_drop(void);
/* After a thread died under the lock, before the other lists are made anew. */
void quarantine_repair(void);
/* Pages of addresses in both queues. */
SIZE_T quarantine_pages(void);
void quarantine_shutdown(void);

#endif
