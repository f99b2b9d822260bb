/*
 * permanent.h - memory for records that stay readable as long as the DLL is loaded.
 */
#ifndef NMAPI_PERMANENT_H
#define NMAPI_PERMANENT_H

#include "base/lock.h"

/* Zeroed, at a multiple of APART, which region_find relies on; NULL if there is no memory. Never freed one by
   one. */
void *permanent_alloc(struct thread *self, SIZE_T bytes);
void permanent_shutdown(void);

#endif
