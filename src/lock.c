#include "lock.h"

#define SPINS 10 /* doublings of the pause before the processor is given away */

int lock_acquire_within(struct lock *lock, struct thread *self, DWORD patience)
{
    DWORD since = 0;

    for (unsigned round = 0;; round++) {
        LONG holder = atomic_load(&lock->holder);

        if (!holder && atomic_cas(&lock->holder, 0, self->id) == 0)
            return 0;
        if (round < SPINS) {
            for (unsigned i = 0; i < 1U << round; i++)
                atomic_pause();
            continue;
        }
        if (round == SPINS)
            since = os_milliseconds();
        if (holder && (!thread_is_alive(holder) || os_milliseconds() - since > patience) &&
            atomic_cas(&lock->holder, holder, self->id) == holder) {
            thread_rescue(self);
            return 1;
        }
        thread_rescue(self);
        os_yield(round - SPINS);
    }
}
