#include "expert/expert.h"

struct expert expert_nobody;

int expert_may_come(const struct expert *e)
{
    LONG state = e ? atomic_load(&e->state) : EXPERT_NEVER;

    return state == EXPERT_NEVER || state == EXPERT_RECLAIMED;
}

int expert_is_implicit(const struct expert *e)
{
    return !load_relaxed(&e->isolated);
}

DWORD expert_terminate(HEXPERTKEY key)
{
    struct expert *e = table_find(key);
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

int expert_is_stopped(HEXPERTKEY key)
{
    const struct expert *e = table_find(key);
    LONG state = e ? atomic_load(&e->state) : EXPERT_NEVER;

    return state == EXPERT_TERMINATED || state == EXPERT_CLOSED;
}

void expert_usage(const struct expert *e, NMAPI_EXPERT_USAGE *usage)
{
    const struct heap *heap = e->heap;
    LONG state = atomic_load(&e->state);
    SIZE_T limit;

    usage->State = (DWORD)(state == EXPERT_RECLAIMED ? EXPERT_CLOSED : state);
    usage->Flags = expert_is_implicit(e) ? NMAPI_USAGE_IMPLICIT : 0;
    usage->Reserved = 0;
    usage->Refused = (ULONG)load_relaxed(&e->refused);
    if (!expert_is_live(e)) {
        usage->MemoryLimit = e->final.limit;
        usage->LiveBlocks = e->final.blocks;
        usage->LiveBytes = e->final.bytes;
        usage->PeakBytes = e->final.peak;
        usage->CommittedBytes = 0;
        usage->Allocations = e->final.allocations;
        usage->Frees = e->final.frees;
        return;
    }
    limit = heap->limit;
    usage->MemoryLimit = limit == (SIZE_T)-1 ? 0 : limit;
    usage->LiveBytes = load_relaxed(&heap->live_bytes);
    usage->PeakBytes = load_relaxed(&heap->peak_bytes);
    usage->CommittedBytes = load_relaxed(&heap->committed);
    do { /* until no block was freed between the two: then their difference was true at a moment */
        usage->Frees = atomic_read_count(&heap->frees);
        atomic_compiler_fence();
        usage->Allocations = atomic_read_count(&heap->allocations);
        atomic_compiler_fence();
    } while (atomic_read_count(&heap->frees) != usage->Frees);
    usage->LiveBlocks = (SIZE_T)(usage->Allocations - usage->Frees);
}

void expert_keep_usage(struct expert *e, const NMAPI_EXPERT_USAGE *usage)
{
    e->final.limit = usage->MemoryLimit;
    e->final.blocks = usage->LiveBlocks;
    e->final.bytes = usage->LiveBytes;
    e->final.peak = usage->PeakBytes;
    e->final.allocations = usage->Allocations;
    e->final.frees = usage->Frees;
}
