/*
 * visitors.h - the threads that have entered an expert since it was opened. When all of them have
 * ended, no thread of the expert's can call again. The expert is locked.
 */
#ifndef NMAPI_VISITORS_H
#define NMAPI_VISITORS_H

#include "expert/expert.h"

/* Forgets all, when an expert is opened. */
void visitors_forget(struct thread *self, struct expert *expert);
/* Notes the calling thread. If there is no memory, the expert is `crowded` from now on. */
void visitors_note(struct thread *self, struct expert *expert);
/* Whether one lives, other than the thread with the id `but`. */
int visitors_live(const struct expert *expert, LONG but);
/* Whether one was killed. */
int visitors_killed(const struct expert *expert, LONG but);

#endif
