/*
 * pool.h - the committed pages of freed regions, which wait for the next owner: how many, and their return.
 *
 * How many may wait goes by what is in use (pool_limit). What waits is known to chunk.h.
 */
#ifndef NMAPI_POOL_H
#define NMAPI_POOL_H

#include "pages/chunk.h"

/* pageheap: nothing may wait. Set once, at load. */
extern int pool_keeps_nothing;

/* Adds to the bytes that are committed in regions with an owner, or takes them off. */
void pool_count_used(SIZE_T bytes, int sign);
/* Bytes that may wait just now. */
SIZE_T pool_limit(void);

/* Returns to the system what is over the limit. */
void pool_settle(struct thread *self);
/* Returns all of it now; 0 if there was nothing. */
int pool_trim(struct thread *self);
/* The pages of a run of free slots, the chunks held; 0 if the system did not take them all. */
int pool_cool_run(struct chunk *chunk, int first, int slots);
void pool_shutdown(void);

#endif
