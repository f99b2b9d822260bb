#include "expert/expert.h"

struct expert expert_nobody;

static LONG state_of(const struct expert *e)
{
    return e ? atomic_load(&e->state) : EXPERT_NEVER;
}

int expert_may_come(const struct expert *e)
{
    LONG state = state_of(e);

    return state == EXPERT_NEVER || state == EXPERT_RECLAIMED;
}

int expert_is_stopped(const struct expert *e)
{
    LONG state = state_of(e);

    return state == EXPERT_TERMINATED || state == EXPERT_CLOSED;
}

int expert_is_implicit(const struct expert *e)
{
    return !load_relaxed(&e->isolated);
}

DWORD expert_terminate(struct expert *e)
{
    LONG state = EXPERT_NEVER;

    while (e) {
        state = atomic_cas(&e->state, EXPERT_OPEN, EXPERT_TERMINATED);
        /* A reclaimed one is closed from now on, because the host says so, unless a call just opens
           it. */
        if (state != EXPERT_RECLAIMED || atomic_cas(&e->state, state, EXPERT_CLOSED) == state)
            break;
    }
    if (state == EXPERT_NEVER)
        return NMERR_INVALID_EXPERT_HANDLE;
    if (state >= EXPERT_CLOSED)
        return NMERR_EXPERT_TERMINATE;
    atomic_swap(&e->bias, 0);
    return NMERR_SUCCESS;
}

void expert_usage(const struct expert *e, NMAPI_EXPERT_USAGE *usage)
{
    LONG state = atomic_load(&e->state);
    const struct heap *heap = expert_is_live(e) ? e->heap : NULL;
    const struct heap_sums *sums = heap ? &heap->sums : &e->final;

    usage->State = (DWORD)(state == EXPERT_RECLAIMED ? EXPERT_CLOSED : state);
    usage->Flags = expert_is_implicit(e) ? NMAPI_USAGE_IMPLICIT : 0;
    usage->Reserved = 0;
    usage->Refused = (ULONG)load_relaxed(&e->refused);
    usage->MemoryLimit = sums->limit == (SIZE_T)-1 ? 0 : sums->limit;
    usage->LiveBytes = load_relaxed(&sums->live_bytes);
    usage->PeakBytes = load_relaxed(&sums->peak_bytes);
    usage->CommittedBytes = heap ? load_relaxed(&heap->committed) : 0;
    do { /* until no block was freed between the two: then their difference was true at a moment */
        usage->Frees = atomic_read_count(&sums->frees);
        atomic_compiler_fence();
        usage->Allocations = atomic_read_count(&sums->allocations);
        atomic_compiler_fence();
    } while (atomic_read_count(&sums->frees) != usage->Frees);
    usage->LiveBlocks = (SIZE_T)(usage->Allocations - usage->Frees);
}
