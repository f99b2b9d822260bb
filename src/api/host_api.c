/*
 * host_api.c - the functions that hosts call (nmapi.h).
 */
#include "expert/bias.h"
#include "expert/control.h"
#include "base/options.h"
#include "expert/snapshot.h"

#define OPTIONS_MIN sizeof(NMAPI_EXPERT_OPTIONS) /* of the first version */
#define USAGE_MIN sizeof(NMAPI_EXPERT_USAGE)

/* With reclaim=thread this also closes the experts whose threads have all ended.
   NmapiTerminateExpert does not call it, because that never waits. */
static struct thread *enter(void)
{
    struct thread *self = bias_thread();

    if (self && options.reclaim_thread)
        control_reclaim(self, 0);
    return self;
}

DWORD WINAPI NmapiOpenExpert(HEXPERTKEY hExpertKey, const NMAPI_EXPERT_OPTIONS *pOptions)
{
    struct thread *self;

    if (!hExpertKey)
        return NMERR_INVALID_EXPERT_HANDLE;
    if (pOptions && (pOptions->cbSize < OPTIONS_MIN || pOptions->Flags))
        return NMERR_INVALID_PARAMETER;
    self = enter();
    return self ? control_open(self, hExpertKey, pOptions ? pOptions->MemoryLimit : 0)
                : NMERR_OUT_OF_MEMORY;
}

DWORD WINAPI NmapiTerminateExpert(HEXPERTKEY hExpertKey)
{
    return expert_terminate(table_find(hExpertKey));
}

DWORD WINAPI NmapiCloseExpert(HEXPERTKEY hExpertKey, NMAPI_EXPERT_USAGE *pUsage)
{
    struct thread *self;

    if (pUsage && pUsage->cbSize < USAGE_MIN)
        return NMERR_INVALID_PARAMETER;
    self = enter();
    return self ? control_close(self, hExpertKey, pUsage) : NMERR_OUT_OF_MEMORY;
}

DWORD WINAPI NmapiQueryExpert(HEXPERTKEY hExpertKey, NMAPI_EXPERT_USAGE *pUsage)
{
    struct thread *self;

    if (!hExpertKey)
        return NMERR_INVALID_EXPERT_HANDLE;
    if (!pUsage || pUsage->cbSize < USAGE_MIN)
        return NMERR_INVALID_PARAMETER;
    self = enter();
    return self ? control_query(self, hExpertKey, pUsage) : NMERR_OUT_OF_MEMORY;
}

DWORD WINAPI NmapiEnumExperts(NMAPI_EXPERT_CALLBACK pCallback, LPVOID pContext)
{
    if (!pCallback)
        return NMERR_INVALID_PARAMETER;
    enter();
    for (struct expert *e = table_first(); e; e = e->next)
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

static DWORD transfer(struct thread *self, struct expert *from, struct expert *to, LPVOID memory)
{
    struct heap_block block;

    if (!expert_is_live(from) || to->state != EXPERT_OPEN)
        return NMERR_EXPERT_TERMINATE;
    if (from == to)
        return (DWORD)heap_find(self, from->heap, memory, &block);
    return (DWORD)heap_transfer(self, from->heap, to->heap, memory);
}

DWORD WINAPI NmapiTransferMemory(HEXPERTKEY hFrom, HEXPERTKEY hTo, LPVOID pMemory)
{
    struct expert *from = table_find(hFrom);
    struct expert *to = table_find(hTo);
    struct thread *self;
    DWORD code;

    if (!from || !to || from->state == EXPERT_NEVER || to->state == EXPERT_NEVER)
        return NMERR_INVALID_EXPERT_HANDLE;
    self = enter();
    if (!self)
        return NMERR_OUT_OF_MEMORY;
    bias_enter_both(self, from, to);
    code = transfer(self, from, to, pMemory);
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
