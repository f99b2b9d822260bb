/*
 * cache.h - regions without owner that wait, with their committed pages, for the next one.
 *
 * A cached region keeps its size and its guard page, so that the next owner needs no system call.
 * How many pages may wait depends on the pages in use and on the option keep. Called under the lock
 * of region.h.
 */
#pragma once

#include "pages/own.h"
#include "pages/segment.h"

/* Pages that may be cached now; record_sums.free are. */
SIZE_T cache_limit(void);

/* Caches a region that has no owner. */
void cache_put(struct record *record);
/* The same if there is room for it; otherwise returns what is too much to the system. */
void cache_accept(struct record *record);

/* Takes a cached region in a segment, of at least so many units: for a span of this class, for a
   single block perhaps some classes larger. It has no owner yet. NULL: there is none. */
struct record *cache_take(unsigned units, int for_span);

/* Takes an own reservation of at least so many pages and about twice as many at the most; any
   number of them is committed. */
struct record *cache_take_own(SIZE_T pages);

/* Purges what is cached beyond so many pages, the oldest first; 0: there was nothing. */
int cache_purge(SIZE_T pages);
/* Returns all of a region that has no owner and is not cached to the system. 0: the system refused,
   and the region is cached. */
int cache_discard(struct record *record);

/* Empties the lists after a thread died under the lock; cache_put follows for each region. */
void cache_repair(void);
