/*
 * visitors.h - the threads that have entered an expert since it was opened: when all of them have ended,
 * nobody can come back. The expert is locked.
 */
#ifndef NMAPI_VISITORS_H
#define NMAPI_VISITORS_H

#include "expert/expert.h"

/* An expert that is being opened. */
void visitors_forget(struct thread *self, struct expert *expert);
/* The calling thread; if there is no memory for it, the expert is `crowded` from now on. */
void visitors_note(struct thread *self, struct expert *expert);
/* Whether one lives, but for the thread with the id `but`. */
int visitors_live(const struct expert *expert, LONG but);
/* Whether one was killed. */
int visitors_killed(const struct expert *expert, LONG but);

#endif
