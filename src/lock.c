#include "lock.h"

/* Pauses before the second look: who looks rarely lets the other do many calls meanwhile. */
#define PAUSES 32
#define SPINS 5 /* doublings of the pause before the processor is given away */

int lock_is_busy(const struct lock *lock)
{
    LONG holder = atomic_load(&lock->holder);

    return holder && thread_is_alive(holder);
}

int lock_acquire_slow(struct lock *lock, struct thread *self)
{
    struct thread_wait wait = {.rounds = 0};

    for (unsigned round = 0;; round++) {
        LONG holder = atomic_load(&lock->holder);

        if (!holder && lock_try(lock, self))
            return 0;
        if (holder == self->id) /* since a call that an exception ended */
            return 1;
        if (round < SPINS) {
            for (unsigned i = 0; i < (unsigned)PAUSES << round; i++)
                atomic_pause();
            continue;
        }
        if (thread_wait_for(&wait, holder) && atomic_cas(&lock->holder, holder, self->id) == holder)
            return 1;
    }
}
