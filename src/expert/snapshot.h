/*
 * snapshot.h - the list of an expert's blocks at one moment, in memory of its own, so that the
 * host's callback runs under no lock.
 *
 * A callback may leave by longjmp, and its thread may be killed. The snapshot of a thread that has
 * ended is freed when the next one is taken or freed.
 */
#pragma once

#include "nmapi.h"

#include "heap/heap.h"

struct snapshot {
    struct snapshot *next;
    LONG thread; /* id of the one that took it */
    SIZE_T count;
    struct heap_entry entries[];
};

/* Unless NMERR_SUCCESS there is none: NMERR_OUT_OF_MEMORY, or what the key's state says. */
DWORD snapshot_take(struct thread *self, HEXPERTKEY key, struct snapshot **snapshot);
void snapshot_free(struct thread *self, const struct snapshot *snapshot);
void snapshot_shutdown(void);
