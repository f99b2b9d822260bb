/*
 * bias.h - who is in an expert's heap: one thread at a time, by a biased lock.
 *
 * Nearly every expert runs on one thread. That thread is given the bias, and from then on enters with two
 * plain moves: it stores that it is inside, then reads whether the bias is still its own. Any other thread
 * takes the expert's lock, revokes the bias, makes sure with a barrier on the former thread that it saw
 * that, and waits until it is not inside. A thread that was killed inside is found dead, and what it left
 * in the heap is recovered. Whether a thread is given the bias again goes by what it was worth. Experts
 * that several threads really share stay with the lock.
 */
#ifndef NMAPI_BIAS_H
#define NMAPI_BIAS_H

#include "expert/expert.h"

/* The way in without the lock, into the heap of the expert self->last; 0: take the other one. */
static ALWAYS_INLINE int bias_enter_fast(struct thread *self, HEXPERTKEY key)
{
    const struct expert *e;

    if (UNLIKELY(load_relaxed(&self->key) != key))
        return 0; /* THREAD_INSIDE: an exception has ended an earlier call */
    store_relaxed(&self->key, THREAD_INSIDE(self));
    atomic_compiler_fence(); /* the processor's part is thread_barrier's */
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

/* The heap that bias_enter_fast led into. */
static ALWAYS_INLINE struct heap *bias_heap(const struct thread *self)
{
    return self->heap;
}

/* The same with another key than the last one: a thread that serves several experts in turn may have the
   bias of all of them. `self` may be NULL. */
int bias_enter_other(struct thread *self, HEXPERTKEY key);

/* The calling thread's record, or NULL: NMERR_OUT_OF_MEMORY. */
struct thread *bias_thread(void);

enum bias_entry {
    BIAS_KNOWN = 0,
    BIAS_CREATE = 1,         /* a key never seen is opened implicitly */
    BIAS_EVEN_TERMINATED = 2 /* go in all the same; look at the state */
};

/* Goes into the heap of a key's expert under its lock. Unless NMERR_SUCCESS it is not in; *expert is set
   whenever the key is known. */
DWORD bias_enter(struct thread *self, HEXPERTKEY key, int how, struct expert **expert);
void bias_leave(struct thread *self, struct expert *expert);
/* Into two at once, for handing blocks over; they may be the same. Looks at no state: either may be closed. */
void bias_enter_both(struct thread *self, struct expert *a, struct expert *b);
void bias_leave_both(struct expert *a, struct expert *b);

/* Opens an expert that is locked and not live: 0 for no limit. */
DWORD bias_open(struct thread *self, struct expert *expert, SIZE_T limit, int isolated);

/* Takes an expert's lock, revokes the bias, be it the caller's, and recovers what the dead have left.
   Returns 1 if somebody died inside. */
int bias_lock(struct thread *self, struct expert *expert);
/* What bias_lock does once it has the lock; `died`: it was taken over from a dead thread. */
int bias_recover(struct thread *self, struct expert *expert, int died);

#endif
