#include "process.h"

#include <string.h>

#ifdef NMAPI_NATIVE

#include "standin.h"

/* The stand-in's own records are in the address space too. */
void process_memory(SIZE_T *committed, SIZE_T *reserved)
{
    struct standin_usage usage;

    standin_get_usage(&usage);
    *committed = usage.committed;
    *reserved = usage.reserved;
}

#else

void process_memory(SIZE_T *committed, SIZE_T *reserved)
{
    MEMORY_BASIC_INFORMATION area;
    ULONG_PTR at = 0;

    *committed = *reserved = 0;
    while (VirtualQuery((const void *)at, &area, sizeof area) == sizeof area) {
        ULONG_PTR next = (ULONG_PTR)area.BaseAddress + area.RegionSize;
        if (area.State == MEM_COMMIT && area.Type == MEM_PRIVATE)
            *committed += area.RegionSize;
        if (area.State != MEM_FREE)
            *reserved += area.RegionSize;
        if (next <= at)
            break;
        at = next;
    }
}

#endif

void process_kill(HANDLE thread, DWORD code)
{
    CONTEXT context;

    memset(&context, 0, sizeof context);
    context.ContextFlags = CONTEXT_CONTROL;
    SuspendThread(thread);
    GetThreadContext(thread, &context); /* returns when it has stopped */
    TerminateThread(thread, code);
}
