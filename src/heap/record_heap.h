/*
 * record_heap.h - memory for the DLL's own short-lived records: a heap like an expert's, with a
 * lock.
 */
#pragma once

#include "heap/heap.h"

/* Zeroed; NULL if there is no memory. */
void *record_heap_alloc(struct thread *self, SIZE_T bytes);
void record_heap_free(struct thread *self, void *record);
void record_heap_shutdown(void);
