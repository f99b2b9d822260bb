/*
 * cache.h - regions that nobody has, with their committed pages, which wait for the next owner.
 *
 * A cached region keeps its size and its guard page, so that the next owner needs no system call. How many
 * pages may wait goes by what is in use and by the option keep. Called under the lock of region.h.
 */
#ifndef NMAPI_CACHE_H
#define NMAPI_CACHE_H

#include "pages/own.h"
#include "pages/segment.h"

/* Pages that may wait just now, and that do. */
SIZE_T cache_limit(void);
SIZE_T cache_pages(void);

/* Takes in a region that has no owner any more. */
void cache_put(struct record *record);
/* Whether it can be of use again. */
int cache_suits(const struct record *record);

/* A cached region in a segment: at least so many units, at most `wider` classes larger, with lines of block
   states. It has no owner yet. NULL: there is none. */
struct record *cache_take(unsigned units, unsigned wider, unsigned lines);
/* One with a reservation of its own: so many pages committed and room for so many. */
struct record *cache_take_own(SIZE_T committed, SIZE_T pages);

/* Returns to the system what waits beyond so many pages, the longest waiting first; 0 if there was nothing. */
int cache_purge(SIZE_T pages);
/* Returns all of a region that has no owner and is not cached. If the system refuses, it is cached; then 0. */
int cache_discard(struct record *record);

/* After a thread died under the lock; cache_put follows for each. */
void cache_repair(void);

#endif
