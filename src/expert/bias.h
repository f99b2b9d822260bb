/*
 * bias.h - who is in an expert's heap: one thread at a time, by a biased lock.
 *
 * Nearly every expert runs on one thread. That thread gets the bias. From then on it enters with
 * two plain moves: it stores that it is inside, then reads whether the bias is still its own.
 * Another thread takes the expert's lock and revokes the bias. A barrier on the former thread makes
 * sure that it sees this. Then the new thread waits until the former one is outside. If that was
 * killed inside, the heap is recovered. How soon a thread gets the bias again depends on how many
 * calls the last one served. An expert that several threads really share stays with the lock.
 */
#pragma once

#include "expert/table.h"

/* Enters the heap of the expert self->last without its lock; 0: the slow path is needed. */
static ALWAYS_INLINE int bias_enter_fast(struct thread *self, HEXPERTKEY key)
{
    const struct expert *e;

    if (UNLIKELY(load_relaxed(&self->key) != key))
        return 0; /* THREAD_INSIDE: an exception has ended an earlier call */
    store_relaxed(&self->key, THREAD_INSIDE(self));
    atomic_compiler_fence(); /* the processor's part is os_flush_stores' */
    e = self->last;
    if (LIKELY(atomic_load(&e->bias) == self->id))
        return 1;
    atomic_store(&self->key, key);
    return 0;
}

static ALWAYS_INLINE void bias_leave_fast(struct thread *self, HEXPERTKEY key)
{
    atomic_store(&self->key, key);
}

/* The same with another key than the last one: a thread that serves several experts in turn may
   have the bias of each. `self` may be NULL. */
int bias_enter_other(struct thread *self, HEXPERTKEY key);

/* The calling thread's record, or NULL: NMERR_OUT_OF_MEMORY. */
struct thread *bias_thread(void);

enum bias_entry {
    BIAS_KNOWN = 0,
    BIAS_CREATE = 1,         /* a key never seen is opened implicitly */
    BIAS_EVEN_TERMINATED = 2 /* a terminated one is entered too; the caller looks at the state */
};

/* Enters the heap of a key's expert under its lock, if it returns NMERR_SUCCESS. *expert is set
   whenever the key is known. */
DWORD bias_enter(struct thread *self, HEXPERTKEY key, int how, struct expert **expert);
void bias_leave(struct thread *self, struct expert *expert);
/* Enters two heaps at once, to hand blocks over; they may be the same. It looks at no state: either
   expert may be closed. */
void bias_enter_both(struct thread *self, struct expert *a, struct expert *b);
void bias_leave_both(struct expert *a, struct expert *b);

/* Opens an expert that is locked and not live: 0 for no limit. */
DWORD bias_open(struct thread *self, struct expert *expert, SIZE_T limit, int isolated);

/* Takes an expert's lock, revokes the bias, even the caller's own, and recovers what a dead thread
   left. */
void bias_lock(struct thread *self, struct expert *expert);
/* What bias_lock does once it has the lock; `died`: it was taken over from a dead thread. */
void bias_recover(struct thread *self, struct expert *expert, int died);
