#include "base/lock.h"

/* Pauses before the second look: a waiter that looks rarely lets the holder make many calls. */
#define PAUSES 32
#define SPINS 5 /* doublings of the pause before the processor is given away */

#define LONG_WAIT 64 /* rounds after which a waiter asks to go first */
#define COURTESY 16  /* rounds that others wait for it: it may be dead or suspended */

int lock_acquire_now(struct lock *lock, struct thread *self, int *died)
{
    LONG holder = atomic_load(&lock->holder);

    *died = holder && !thread_is_alive(holder);
    return (!holder || *died) && atomic_cas(&lock->holder, holder, self->id) == holder;
}

/* Lets a thread that has waited long go first. 0: there is none, or it had its chances. */
static int stood_back(const struct lock *lock, const struct thread *self, unsigned *courtesy)
{
    LONG wanted = atomic_load(&lock->wanted);

    if (!wanted || wanted == self->id || *courtesy == COURTESY)
        return 0;
    os_yield(++*courtesy < COURTESY / 2 ? 0 : OS_ROUNDS);
    return 1;
}

int lock_acquire_slow(struct lock *lock, struct thread *self)
{
    struct thread_wait wait = {.rounds = 0};
    unsigned courtesy = 0;
    LONG wanted;
    int died = 0;

    for (unsigned round = 0; !died; round++) {
        LONG holder = atomic_load(&lock->holder);

        if (!holder) {
            if (!stood_back(lock, self, &courtesy) && lock_try(lock, self))
                break;
        } else if (holder == self->id) { /* kept by a call that an exception ended */
            died = 1;
        } else if (round < SPINS) {
            for (unsigned i = 0; i < (unsigned)PAUSES << round; i++)
                YieldProcessor();
        } else {
            if (round >= LONG_WAIT)
                atomic_cas(&lock->wanted, 0, self->id);
            died = thread_wait_for(&wait, holder) &&
                   atomic_cas(&lock->holder, holder, self->id) == holder;
        }
    }
    KILL_POINT("lock taken after a wait");
    wanted = atomic_load(&lock->wanted);
    if (wanted == self->id || courtesy == COURTESY) /* the other may have died */
        atomic_cas(&lock->wanted, wanted, 0);
    return died;
}
