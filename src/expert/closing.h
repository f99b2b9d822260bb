/*
 * closing.h - the end of an expert: the bulk free, and the report of what it leaked.
 *
 * Whether a close is abnormal is decided once, when it begins. The expert's record notes that, so
 * that whoever takes the lock from a killed closer can finish the close.
 */
#pragma once

#include "expert/table.h"

#define CLOSING_LEAKS 16 /* blocks that a report lists */

/* What an expert leaked; it is reported after the lock is released. */
struct closing_leaks {
    NMAPI_EXPERT_USAGE usage;
    SIZE_T count;
    struct heap_entry first[CLOSING_LEAKS];
};

/* Closes an expert that is live, locked and recovered. `reclaims`: a call may open its key
   again. */
void closing_end(struct thread *self, struct expert *expert, int reclaims,
                 struct closing_leaks *leaks);
/* Finishes a close whose thread was killed; the expert is locked. */
void closing_finish(struct thread *self, struct expert *expert);
/* Reports leaks if there are any and the option says so. The caller holds no lock. */
void closing_report(const struct expert *expert, const struct closing_leaks *leaks);
/* Reports what is still open; at an unload or the process's end. */
void closing_report_open(void);
