#include "base/lock.h"

/* Pauses before the second look: a waiter that looks rarely lets the holder make many calls. */
#define PAUSES 32
#define SPINS 5      /* doublings of the pause before the processor is given away */
#define LONG_WAIT 64 /* rounds after which a waiter asks that others stand back */

int lock_acquire_now(struct lock *lock, struct thread *self, int *died)
{
    LONG holder = atomic_load(&lock->holder);

    *died = holder && !thread_is_alive(holder);
    return (!holder || *died) && atomic_cas(&lock->holder, holder, self->id) == holder;
}

int lock_acquire_slow(struct lock *lock, struct thread *self)
{
    struct thread_wait wait = {.rounds = 0};
    int died = 0;

    if (atomic_load(&lock->wanted)) /* once: that thread may be dead or suspended */
        os_yield(OS_ROUNDS);
    for (unsigned round = 0; !died; round++) {
        LONG holder = atomic_load(&lock->holder);

        if (!holder) {
            if (lock_try(lock, self))
                break;
        } else if (holder == self->id) { /* kept by a call that an exception ended */
            died = 1;
        } else if (round < SPINS) {
            for (unsigned i = 0; i < (unsigned)PAUSES << round; i++)
                YieldProcessor();
        } else {
            if (round >= LONG_WAIT)
                atomic_store(&lock->wanted, 1);
            died = thread_wait_for(&wait, holder) &&
                   atomic_cas(&lock->holder, holder, self->id) == holder;
        }
    }
    KILL_POINT("lock taken after a wait");
    atomic_store(&lock->wanted, 0);
    return died;
}
