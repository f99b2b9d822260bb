/*
 * permanent.h - memory for records that stay readable as long as the DLL is loaded.
 */
#pragma once

#include "base/lock.h"

/* Zeroed memory at a multiple of APART, which map.h relies on; NULL if there is none. It is freed
   at unload, never before. */
void *permanent_alloc(struct thread *self, SIZE_T bytes);
/* Pages that were committed for it. A thread killed right after a commit leaves some uncounted. */
extern SIZE_T permanent_pages;
void permanent_shutdown(void);
