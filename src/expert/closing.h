/*
 * closing.h - the end of an expert: the bulk free, and the report of what it leaked.
 *
 * Whether a close is abnormal is decided once, when it begins, and noted in the expert's record, so that
 * whoever takes its lock over from a killed closer can finish the close.
 */
#ifndef NMAPI_CLOSING_H
#define NMAPI_CLOSING_H

#include "expert/expert.h"
#include "base/report.h"

/* What an expert leaked, for a report once its lock is released. */
struct closing_leaks {
    SIZE_T blocks, bytes, peak;
    unsigned count;
    struct report_leak first[REPORT_LEAKS];
};

/* Closes an expert that is live, locked and recovered. `died`: a thread had died in it. `reclaims`: its key
   may come again. */
void closing_end(struct thread *self, struct expert *expert, int died, int reclaims,
                 struct closing_leaks *leaks);
/* Whether a close has begun and not ended. */
static inline int closing_has_begun(const struct expert *expert)
{
    return load_relaxed(&expert->closing) != 0;
}
/* Finishes the close of a thread that was killed in it; the expert is locked. */
void closing_finish(struct thread *self, struct expert *expert);
/* Reports leaks, if there are any and the option says so. Under no lock. */
void closing_report(const struct expert *expert, const struct closing_leaks *leaks);
/* At an unload or the process's end: reports what is still open. */
void closing_report_open(void);

#endif
