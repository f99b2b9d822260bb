/*
 * lock.h - a lock that its holder's death does not lock for ever.
 *
 * Whoever waits and finds the holder dead takes the lock over and is told so: what the lock guards may
 * be half-written then, and the taker puts it right before anything else. Locks are not recursive.
 * Order, outermost first: experts (by address), expert table, shared spans, regions, arena.
 */
#ifndef NMAPI_LOCK_H
#define NMAPI_LOCK_H

#include "thread.h"

struct lock {
    volatile LONG holder; /* id of the thread that has it, 0: nobody */
};

#define LOCK_PATIENCE_ENDLESS 0xFFFFFFFFU

/* Returns 1 if the lock was taken from a dead thread, or after `patience` milliseconds from a living one
   that does not move (a host may have suspended it for good); else 0. */
int lock_acquire_within(struct lock *lock, struct thread *self, DWORD patience);

static inline int lock_try(struct lock *lock, struct thread *self)
{
    return atomic_cas(&lock->holder, 0, self->id) == 0;
}

static inline int lock_acquire(struct lock *lock, struct thread *self)
{
    return LIKELY(lock_try(lock, self)) ? 0
                                        : lock_acquire_within(lock, self, LOCK_PATIENCE_ENDLESS);
}

/* Nothing happens if the lock was taken away. */
static inline void lock_release(struct lock *lock, const struct thread *self)
{
    if (LIKELY(lock->holder == self->id))
        atomic_store(&lock->holder, 0);
}

#endif
