#include "expert/reclaim.h"

#include "expert/bias.h"
#include "expert/closing.h"
#include "expert/visitors.h"

static int may_be_reclaimed(const struct expert *e)
{
    return expert_is_implicit(e) && expert_is_live(e);
}

/* The expert is locked. */
static int is_deserted(const struct expert *e, LONG ending)
{
    return may_be_reclaimed(e) && !e->crowded && e->visitors &&
           !visitors_any(e, ending, thread_is_alive);
}

void reclaim_experts(struct thread *self, int ending)
{
    for (struct expert *e = atomic_load(&table_newest); e; e = e->next) {
        struct closing_leaks leaks;
        int died;
        if ((!may_be_reclaimed(e) && !load_relaxed(&e->closing)) ||
            !lock_acquire_now(&e->lock, self, &died))
            continue;
        leaks.usage.LiveBlocks = 0;
        if (is_deserted(e, ending ? self->id : 0)) {
            bias_recover(self, e, died);
            if (expert_is_live(e)) /* otherwise it was a killed close, now finished */
                closing_end(self, e, 1, &leaks);
        } else if (died) { /* the lock tells it only once */
            bias_recover(self, e, died);
        }
        lock_release(&e->lock);
        closing_report(e, &leaks);
    }
}
