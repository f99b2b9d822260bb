/*
 * control.h - open, query and close for the host; and reclaim=thread, which closes experts for
 * hosts that do not.
 */
#ifndef NMAPI_CONTROL_H
#define NMAPI_CONTROL_H

#include "expert/expert.h"

DWORD control_open(struct thread *self, HEXPERTKEY key, SIZE_T limit);
DWORD control_query(struct thread *self, HEXPERTKEY key, NMAPI_EXPERT_USAGE *usage);
/* The bulk free; usage may be NULL. */
DWORD control_close(struct thread *self, HEXPERTKEY key, NMAPI_EXPERT_USAGE *usage);
/* reclaim=thread: closes implicit experts whose threads have all ended. With `ending` the calling
   thread counts as ended. An expert whose lock is taken is skipped. */
void control_reclaim(struct thread *self, int ending);

#endif
