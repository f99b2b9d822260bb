/*
 * lock.h - a lock that its holder's death does not lock for ever.
 *
 * Whoever waits and finds the holder dead takes the lock over and is told so: what the lock guards may
 * be half-written then, and the taker puts it right before anything else. A thread that takes a lock again
 * and again lets one that has waited for long go first. Locks are not recursive.
 * Order, outermost first: experts (by address), expert table, snapshots, record heap, shared spans, regions,
 * permanent memory.
 */
#ifndef NMAPI_LOCK_H
#define NMAPI_LOCK_H

#include "base/thread.h"

struct lock {
    volatile LONG holder; /* id of the thread that has it, 0: nobody */
    volatile LONG wanted; /* id of one that has waited for long, 0: nobody; a hint */
};

/* Returns 1 if the lock was taken from a dead thread, or from an earlier call of the thread itself that an
   exception ended; else 0. */
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

/* The same without waiting, *died as its result; 0 if a living thread has the lock. */
int lock_acquire_now(struct lock *lock, struct thread *self, int *died);

static inline void lock_release(struct lock *lock)
{
    atomic_store(&lock->holder, 0);
}

/* DLL unload, no thread left. */
static inline void lock_reset(struct lock *lock)
{
    lock->holder = lock->wanted = 0;
}

#endif
