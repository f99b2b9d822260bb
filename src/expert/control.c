#include "expert/control.h"

#include "base/options.h"
#include "expert/bias.h"
#include "expert/closing.h"
#include "expert/visitors.h"

DWORD control_open(struct thread *self, HEXPERTKEY key, SIZE_T limit)
{
    struct expert *e = table_make(self, key);
    DWORD code = NMERR_INVALID_EXPERT_HANDLE;

    if (!e)
        return NMERR_OUT_OF_MEMORY;
    bias_lock(self, e);
    if (!expert_is_live(e))
        code = bias_open(self, e, limit ? limit : options.limit, 1);
    lock_release(&e->lock);
    return code;
}

DWORD control_query(struct thread *self, HEXPERTKEY key, NMAPI_EXPERT_USAGE *usage)
{
    struct expert *e = table_find(key);
    NMAPI_EXPERT_USAGE found = {.cbSize = usage->cbSize};

    if (!e || atomic_load(&e->state) == EXPERT_NEVER)
        return NMERR_INVALID_EXPERT_HANDLE;
    /* The bias need not be revoked: the lock alone keeps the heap. */
    if (!lock_try(&e->lock, self))
        bias_lock(self, e);
    expert_usage(e, &found);
    lock_release(&e->lock);
    *usage = found; /* under no lock: it may fault */
    return NMERR_SUCCESS;
}

DWORD control_close(struct thread *self, HEXPERTKEY key, NMAPI_EXPERT_USAGE *usage)
{
    struct expert *e = table_find(key);
    struct closing_leaks leaks;
    LONG state;
    int died;

    if (!e)
        return NMERR_INVALID_EXPERT_HANDLE;
    if (usage) /* what can't be written faults here, where no lock is held */
        *(volatile NMAPI_EXPERT_USAGE *)usage = *usage;
    died = bias_lock(self, e);
    if (!expert_is_live(e)) {
        atomic_cas(&e->state, EXPERT_RECLAIMED, EXPERT_CLOSED); /* by the host from now on */
        state = atomic_load(&e->state);
        lock_release(&e->lock);
        return state == EXPERT_NEVER ? NMERR_INVALID_EXPERT_HANDLE : NMERR_EXPERT_TERMINATE;
    }
    if (usage) { /* before the close: it may lie in one of the expert's blocks */
        expert_usage(e, &leaks.usage);
        leaks.usage.cbSize = usage->cbSize;
        leaks.usage.State = EXPERT_CLOSED;
        leaks.usage.CommittedBytes = 0;
        *usage = leaks.usage;
    }
    closing_end(self, e, died, 0, &leaks);
    lock_release(&e->lock);
    closing_report(e, &leaks);
    return NMERR_SUCCESS;
}

static int may_be_reclaimed(const struct expert *e)
{
    return expert_is_implicit(e) && expert_is_live(e);
}

/* The expert is locked. */
static int is_deserted(const struct expert *e, LONG ending)
{
    return may_be_reclaimed(e) && !e->crowded && e->visitor_count && !visitors_live(e, ending);
}

void control_reclaim(struct thread *self, int ending)
{
    for (struct expert *e = table_first(); e; e = e->next) {
        struct closing_leaks leaks;
        int died;
        if ((!may_be_reclaimed(e) && !closing_has_begun(e)) ||
            !lock_acquire_now(&e->lock, self, &died))
            continue;
        leaks.usage.LiveBlocks = 0;
        if (is_deserted(e, ending ? self->id : 0)) {
            died = bias_recover(self, e, died);
            if (expert_is_live(e)) /* otherwise it was a killed close, now finished */
                closing_end(self, e, died, 1, &leaks);
        } else if (died) { /* the lock tells it only once */
            bias_recover(self, e, died);
        }
        lock_release(&e->lock);
        closing_report(e, &leaks);
    }
}
