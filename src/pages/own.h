/*
 * own.h - regions that have a reservation of their own: large blocks, and those that keep growing.
 *
 * Called under the lock of region.h.
 */
#pragma once

#include "pages/map.h"
#include "pages/record.h"

/* A region with at least so many pages, its guard page included. None is committed, and it has no
   owner yet. NULL: no address space or no memory. */
struct record *own_take(struct thread *self, SIZE_T pages);
/* Returns its addresses and committed pages to the system. */
void own_release(struct record *record);
