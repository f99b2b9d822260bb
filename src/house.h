/*
 * house.h - memory for the DLL's own short-lived records: a heap like an expert's, behind a lock.
 */
#ifndef NMAPI_HOUSE_H
#define NMAPI_HOUSE_H

#include "heap.h"

/* Zeroed; NULL if there is no memory. */
void *house_alloc(struct thread *self, SIZE_T bytes);
void house_free(struct thread *self, void *record);
void house_shutdown(void);
/* For tests. */
int house_is_valid(struct thread *self);

#endif
