/*
 * host_api.c - the functions that hosts call (nmapi.h).
 */
#include "base/options.h"
#include "expert/bias.h"
#include "expert/closing.h"
#include "expert/reclaim.h"
#include "expert/snapshot.h"

#define OPTIONS_MIN sizeof(NMAPI_EXPERT_OPTIONS) /* of the first version */
#define USAGE_MIN sizeof(NMAPI_EXPERT_USAGE)

/* With reclaim=thread this also closes the experts whose threads have all ended.
   NmapiTerminateExpert does not call it, because that never waits. */
static struct thread *enter(void)
{
    struct thread *self = bias_thread();

    if (self && options.reclaim_thread)
        reclaim_experts(self, 0);
    return self;
}

DWORD WINAPI NmapiOpenExpert(HEXPERTKEY hExpertKey, const NMAPI_EXPERT_OPTIONS *pOptions)
{
    SIZE_T limit = 0;
    DWORD code = NMERR_INVALID_EXPERT_HANDLE;
    struct thread *self;
    struct expert *e;

    if (!hExpertKey)
        return NMERR_INVALID_EXPERT_HANDLE;
    if (pOptions && (pOptions->cbSize < OPTIONS_MIN || pOptions->Flags))
        return NMERR_INVALID_PARAMETER;
    if (pOptions)
        limit = pOptions->MemoryLimit;
    self = enter();
    e = self ? table_make(self, hExpertKey) : NULL;
    if (!e)
        return NMERR_OUT_OF_MEMORY;
    bias_lock(self, e);
    if (!expert_is_live(e))
        code = bias_open(self, e, limit ? limit : options.limit, 1);
    lock_release(&e->lock);
    return code;
}

DWORD WINAPI NmapiTerminateExpert(HEXPERTKEY hExpertKey)
{
    return expert_terminate(table_find(hExpertKey));
}

DWORD WINAPI NmapiCloseExpert(HEXPERTKEY hExpertKey, NMAPI_EXPERT_USAGE *pUsage)
{
    struct closing_leaks leaks;
    struct thread *self;
    struct expert *e;
    DWORD code;

    if (pUsage && pUsage->cbSize < USAGE_MIN)
        return NMERR_INVALID_PARAMETER;
    self = enter();
    if (!self)
        return NMERR_OUT_OF_MEMORY;
    e = table_find(hExpertKey);
    if (!e)
        return NMERR_INVALID_EXPERT_HANDLE;
    if (pUsage) /* what can't be written faults here, where no lock is held */
        *(volatile NMAPI_EXPERT_USAGE *)pUsage = *pUsage;
    bias_lock(self, e);
    if (!expert_is_live(e)) {
        code = expert_terminate(e); /* a reclaimed one is closed by the host from now on */
        lock_release(&e->lock);
        return code;
    }
    if (pUsage) { /* before the close: it may lie in one of the expert's blocks */
        expert_usage(e, &leaks.usage);
        leaks.usage.cbSize = pUsage->cbSize;
        leaks.usage.State = EXPERT_CLOSED;
        leaks.usage.CommittedBytes = 0;
        *pUsage = leaks.usage;
    }
    closing_end(self, e, 0, &leaks);
    lock_release(&e->lock);
    closing_report(e, &leaks);
    return NMERR_SUCCESS;
}

DWORD WINAPI NmapiQueryExpert(HEXPERTKEY hExpertKey, NMAPI_EXPERT_USAGE *pUsage)
{
    NMAPI_EXPERT_USAGE found = {.cbSize = 0}; /* its padding, too */
    struct thread *self;
    struct expert *e;

    if (!hExpertKey)
        return NMERR_INVALID_EXPERT_HANDLE;
    if (!pUsage || pUsage->cbSize < USAGE_MIN)
        return NMERR_INVALID_PARAMETER;
    self = enter();
    if (!self)
        return NMERR_OUT_OF_MEMORY;
    e = table_find(hExpertKey);
    if (!e || atomic_load(&e->state) == EXPERT_NEVER)
        return NMERR_INVALID_EXPERT_HANDLE;
    found.cbSize = pUsage->cbSize;
    /* The bias need not be revoked: the lock alone keeps the heap. */
    if (!lock_try(&e->lock, self))
        bias_lock(self, e);
    expert_usage(e, &found);
    lock_release(&e->lock);
    *pUsage = found; /* under no lock: it may fault */
    return NMERR_SUCCESS;
}

DWORD WINAPI NmapiEnumExperts(NMAPI_EXPERT_CALLBACK pCallback, LPVOID pContext)
{
    if (!pCallback)
        return NMERR_INVALID_PARAMETER;
    enter();
    for (struct expert *e = atomic_load(&table_newest); e; e = e->next)
        if (atomic_load(&e->state) != EXPERT_NEVER && !pCallback(e->key, pContext))
            break;
    return NMERR_SUCCESS;
}

DWORD WINAPI NmapiEnumMemory(HEXPERTKEY hExpertKey, NMAPI_MEMORY_CALLBACK pCallback,
                             LPVOID pContext)
{
    struct snapshot *snapshot;
    struct thread *self;
    DWORD code;

    if (!hExpertKey)
        return NMERR_INVALID_EXPERT_HANDLE;
    if (!pCallback)
        return NMERR_INVALID_PARAMETER;
    self = enter();
    code = self ? snapshot_take(self, hExpertKey, &snapshot) : NMERR_OUT_OF_MEMORY;
    if (code != NMERR_SUCCESS)
        return code;
    for (SIZE_T i = 0; i < snapshot->count; i++)
        if (!pCallback(hExpertKey, snapshot->entries[i].address, snapshot->entries[i].bytes,
                       pContext))
            break;
    snapshot_free(self, snapshot);
    return NMERR_SUCCESS;
}

DWORD WINAPI NmapiTransferMemory(HEXPERTKEY hFrom, HEXPERTKEY hTo, LPVOID pMemory)
{
    struct expert *from = table_find(hFrom);
    struct expert *to = table_find(hTo);
    struct heap_block block;
    struct thread *self;
    DWORD code;

    if (!from || !to || from->state == EXPERT_NEVER || to->state == EXPERT_NEVER)
        return NMERR_INVALID_EXPERT_HANDLE;
    self = enter();
    if (!self)
        return NMERR_OUT_OF_MEMORY;
    bias_enter_both(self, from, to);
    if (!expert_is_live(from) || to->state != EXPERT_OPEN)
        code = NMERR_EXPERT_TERMINATE;
    else if (from == to)
        code = (DWORD)heap_find(self, from->heap, pMemory, &block);
    else
        code = (DWORD)heap_transfer(self, from->heap, to->heap, pMemory);
    bias_leave_both(from, to);
    return code;
}

DWORD WINAPI NmapiTrimMemory(void)
{
    struct thread *self = enter();

    if (!self)
        return NMERR_OUT_OF_MEMORY;
    region_trim(self);
    return NMERR_SUCCESS;
}
