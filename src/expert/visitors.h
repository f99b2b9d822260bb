/*
 * visitors.h - the threads that have entered an expert since it was opened. When all of them have
 * ended, no thread of the expert's can call again. The expert is locked.
 */
#pragma once

#include "expert/expert.h"

/* Forgets all, when an expert is closed. */
void visitors_forget(struct thread *self, struct expert *expert);
/* Notes the calling thread. If there is no memory, the expert is `crowded` from now on. */
void visitors_note(struct thread *self, struct expert *expert);
/* Whether something is so (thread_is_alive, thread_was_killed) of one that is noted, other than the
   thread with the id `but`. */
int visitors_any(const struct expert *expert, LONG but, int (*is_so)(LONG id));
