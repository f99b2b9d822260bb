/*
 * arena.h - memory for records that stay readable as long as the DLL is loaded.
 */
#ifndef NMAPI_ARENA_H
#define NMAPI_ARENA_H

#include "lock.h"

/* Zeroed, at a multiple of APART, which region_find relies on; NULL if there is no memory. Never freed one by
   one. */
void *arena_alloc(struct thread *self, SIZE_T bytes);
void arena_shutdown(void);

#endif
