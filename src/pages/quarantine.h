/*
 * quarantine.h - regions whose addresses stay reserved and fault, so that a stale access harms
 * nobody: those of experts whose close was abnormal, and freed blocks with pageheap.
 *
 * They are a queue, bounded by the addresses in it; when it holds more, the oldest regions leave
 * it. A region in the queue has the queue's owner and no committed page. Called under the lock of
 * region.h.
 */
#pragma once

#include "pages/record.h"

/* Adds a region whose pages have been decommitted and that has no block states. */
void quarantine_put(struct record *record);
/* Releases the oldest regions until so many pages of addresses are free; 0: there were none. */
int quarantine_drop(SIZE_T pages);
/* After a thread died under the lock, before the other lists are made anew. */
void quarantine_repair(void);
/* Pages of addresses in the queue. */
extern SIZE_T quarantine_pages;
