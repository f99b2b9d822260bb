/*
 * control.h - what a host does to an expert: opens, queries, closes it; and reclaim=thread, which closes
 * experts for a host that does not.
 */
#ifndef NMAPI_CONTROL_H
#define NMAPI_CONTROL_H

#include "expert/expert.h"

DWORD control_open(struct thread *self, HEXPERTKEY key, SIZE_T limit);
DWORD control_query(struct thread *self, HEXPERTKEY key, NMAPI_EXPERT_USAGE *usage);
/* The bulk free; usage may be NULL. */
DWORD control_close(struct thread *self, HEXPERTKEY key, NMAPI_EXPERT_USAGE *usage);
/* reclaim=thread: closes implicit experts whose threads have all ended, the calling one counted among
   them if it is `ending`. One that is busy is not waited for. */
void control_reclaim(struct thread *self, int ending);
void control_shutdown(void);

#endif
