#include "misuse.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef NMAPI_NATIVE
#include "standin.h"
#endif

enum { WHOLE = 4096, END = 256 };

DWORD misuse_count;
BOOL misuse_pageheap;

#ifdef NMAPI_NATIVE

static void catch_faults(void)
{
}

DWORD WINAPI misuse_attempt(LPVOID argument)
{
    struct attempt *attempt = argument;
    void *fault;

    if (standin_faults(attempt->run, attempt->argument, &fault))
        attempt->fault = fault;
    return 0;
}

#else

static DWORD attempt_slot;

/* A thread that faulted has nothing more to do. */
static LONG CALLBACK on_exception(EXCEPTION_POINTERS *pointers)
{
    const EXCEPTION_RECORD *record = pointers->ExceptionRecord;
    struct attempt *attempt;

    if (record->ExceptionCode != (DWORD)EXCEPTION_ACCESS_VIOLATION)
        return EXCEPTION_CONTINUE_SEARCH;
    attempt = TlsGetValue(attempt_slot);
    if (!attempt)
        return EXCEPTION_CONTINUE_SEARCH;
    attempt->fault = (void *)record->ExceptionInformation[1];
    ExitThread(1);
}

static void catch_faults(void)
{
    attempt_slot = TlsAlloc();
    AddVectoredExceptionHandler(1, on_exception);
}

DWORD WINAPI misuse_attempt(LPVOID argument)
{
    struct attempt *attempt = argument;

    TlsSetValue(attempt_slot, attempt);
    attempt->run(attempt->argument);
    TlsSetValue(attempt_slot, NULL);
    return 0;
}

#endif

void misuse_begin(int argc, char **argv)
{
    const char *options = NULL;
    char *others[16];
    int count = 0;

    for (int i = 0; i < argc && count < 16; i++) {
        if (strncmp(argv[i], "--options=", 10) == 0)
            options = argv[i] + 10;
        else if (strncmp(argv[i], "--count=", 8) == 0)
            misuse_count = (DWORD)strtoul(argv[i] + 8, NULL, 0);
        else
            others[count++] = argv[i];
    }
    SetEnvironmentVariableA("NMAPI_OPTIONS", options);
    misuse_pageheap = options && strstr(options, "pageheap");
    soak_begin(count, others);
    catch_faults();
}

void misuse_fill(void *block, SIZE_T bytes, uint32_t seed)
{
    content_fill(block, bytes > WHOLE ? END : bytes, seed);
    if (bytes > WHOLE)
        content_fill((char *)block + bytes - END, END, seed);
}

BOOL misuse_holds(const void *block, SIZE_T bytes, uint32_t seed)
{
    return content_holds(block, bytes > WHOLE ? END : bytes, seed) &&
           (bytes <= WHOLE || content_holds((const char *)block + bytes - END, END, seed));
}

static BOOL is_committed(const char *page)
{
    MEMORY_BASIC_INFORMATION area;

    return VirtualQuery(page, &area, sizeof area) == sizeof area && area.State == MEM_COMMIT;
}

BOOL misuse_run(const void *address, char **from, char **to)
{
    char *reservation = misuse_reservation(address);
    char *page = (char *)((ULONG_PTR)address & ~(ULONG_PTR)(MISUSE_PAGE - 1));

    if (!is_committed(page))
        return FALSE;
    for (*from = page; *from > reservation && is_committed(*from - MISUSE_PAGE);)
        *from -= MISUSE_PAGE;
    for (*to = page + MISUSE_PAGE; misuse_reservation(*to) == reservation && is_committed(*to);)
        *to += MISUSE_PAGE;
    return TRUE;
}

char *misuse_reservation(const void *address)
{
    MEMORY_BASIC_INFORMATION area;

    if (VirtualQuery(address, &area, sizeof area) != sizeof area || area.State == MEM_FREE)
        return NULL;
    return area.AllocationBase;
}

struct sweep {
    char *from;
    const char *limit;
    int step;
    unsigned char value;
};

static void sweep_run(void *argument)
{
    const struct sweep *sweep = argument;

    for (char *at = sweep->from; at != sweep->limit; at += sweep->step)
        *(volatile unsigned char *)at = sweep->value;
}

char *misuse_sweep(char *from, const char *limit, int step, unsigned char value)
{
    struct sweep sweep = {from, limit, step, value};
    struct attempt attempt = {sweep_run, &sweep, NULL};

    assert_true(soak_join(soak_start(misuse_attempt, &attempt)));
    return attempt.fault;
}
