/*
 * table.h - the hash table HEXPERTKEY -> expert, read without a lock.
 *
 * Experts whose hashes begin alike are a tree by the bits that follow, so the table never grows.
 */
#pragma once

#include "expert/expert.h"

/* The expert of a key; NULL if the key was never seen, as NULL never is. */
struct expert *table_find(HEXPERTKEY key);
/* The same; makes one if there is none: zeroed but for the key. NULL: no memory. */
struct expert *table_make(struct thread *self, HEXPERTKEY key);
/* The newest expert; the others by `next`. Some were never opened. */
extern struct expert *volatile table_newest;
void table_shutdown(void);
