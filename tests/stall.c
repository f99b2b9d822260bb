#include "stall.h"

static volatile LONG stop;
static DWORD longest;
static HANDLE thread;

static DWORD WINAPI run(LPVOID argument)
{
    (void)argument;
    while (!InterlockedCompareExchange(&stop, 0, 0)) {
        DWORD since = GetTickCount();
        Sleep(1);
        since = GetTickCount() - since;
        if (since > longest)
            longest = since;
    }
    return 0;
}

BOOL stall_watch(void)
{
    stop = 0;
    longest = 0;
    thread = CreateThread(NULL, 65536, run, NULL, 0x10000, NULL);
    return thread != NULL;
}

DWORD stall_longest(void)
{
    InterlockedExchange(&stop, 1);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    return longest;
}
