/*
 * closing.h - the ends of experts: the bulk free, the quarantine of what strays may still write to, and
 * reclaim=thread.
 */
#ifndef NMAPI_CLOSING_H
#define NMAPI_CLOSING_H

#include "expert/expert.h"

/* The bulk free. */
DWORD closing_close(struct thread *self, HEXPERTKEY key, NMAPI_EXPERT_USAGE *usage);
/* reclaim=thread: closes implicit experts whose threads have all ended, the calling one counted among
   them if it is `ending`. One that is busy is not waited for. */
void closing_reclaim(struct thread *self, int ending);
/* At an unload or the process's end: reports what is still open. */
void closing_report_open(void);

#endif
