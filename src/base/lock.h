/*
 * lock.h - a robust lock: its holder's death does not lock it for ever.
 *
 * A waiter that finds the holder dead takes the lock and is told so. What the lock guards may be
 * half-written then, and the taker repairs it before anything else. A thread that takes a lock
 * again and again lets one that has waited long go first. Locks are not recursive.
 * The order, outermost first: experts (by address), expert table, snapshots, record heap, shared
 * spans, regions, permanent memory.
 */
#pragma once

#include "base/thread.h"

struct lock {
    volatile LONG holder; /* id of the thread that has it; 0: nobody */
    volatile LONG wanted; /* 1: a thread has waited long; only a hint */
};

/* Returns 1 if the lock was taken from a dead thread, or from an earlier call of this thread that
   an exception ended; otherwise 0. */
int lock_acquire_slow(struct lock *lock, struct thread *self);

static inline int lock_try(struct lock *lock, struct thread *self)
{
    if (atomic_cas(&lock->holder, 0, self->id) != 0)
        return 0;
    store_relaxed(&self->locks, self->locks + 1);
    return 1;
}

static inline int lock_acquire(struct lock *lock, struct thread *self)
{
    return LIKELY(!load_relaxed(&lock->wanted)) && LIKELY(lock_try(lock, self))
               ? 0
               : lock_acquire_slow(lock, self);
}

/* The same without waiting; *died is what the others return. 0: a living thread has the lock. */
int lock_acquire_now(struct lock *lock, struct thread *self, int *died);

static inline void lock_release(struct lock *lock)
{
    atomic_store(&lock->holder, 0);
}
