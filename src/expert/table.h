/*
 * table.h - the hash table HEXPERTKEY -> expert: read without a lock, grown without moving records.
 */
#ifndef NMAPI_TABLE_H
#define NMAPI_TABLE_H

#include "nmapi.h"

#include "base/lock.h"

struct expert;

/* The expert of a key; NULL if the key was never seen, as NULL never is. */
struct expert *table_find(HEXPERTKEY key);
/* The same; makes one if there is none: `bytes` zeroed bytes that begin with a struct table_entry.
   NULL: no memory. */
struct expert *table_make(struct thread *self, HEXPERTKEY key, SIZE_T bytes);
/* The newest; the others by their entries. */
struct expert *table_first(void);
void table_shutdown(void);

/* What a record begins with. */
struct table_entry {
    HEXPERTKEY key;
    struct expert *next; /* older than this one; never changes */
};

#endif
