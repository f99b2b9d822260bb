/* An expert for captures.c: tells when it had the capture's first frame, as the performance
   counter's 16 digits. */
#include <windows.h>

#include "netmon.h"

BOOL WINAPI Register(PEXPERTENUMINFO info);
BOOL WINAPI Configure(HEXPERTKEY key, PEXPERTCONFIG *config, PEXPERTSTARTUPINFO startup,
                      DWORD startup_flags, HWND window);
BOOL WINAPI Run(HEXPERTKEY key, PEXPERTCONFIG config, PEXPERTSTARTUPINFO startup,
                DWORD startup_flags, HWND window);

BOOL WINAPI Register(PEXPERTENUMINFO info)
{
    lstrcpyA(info->szName, "first frame");
    return TRUE;
}

BOOL WINAPI Configure(HEXPERTKEY key, PEXPERTCONFIG *config, PEXPERTSTARTUPINFO startup,
                      DWORD startup_flags, HWND window)
{
    (void)key, (void)config, (void)startup, (void)startup_flags, (void)window;
    return FALSE;
}

BOOL WINAPI Run(HEXPERTKEY key, PEXPERTCONFIG config, PEXPERTSTARTUPINFO startup,
                DWORD startup_flags, HWND window)
{
    EXPERTFRAMEDESCRIPTOR frame;
    LARGE_INTEGER now;
    char text[17];
    (void)config, (void)startup, (void)startup_flags, (void)window;

    DWORD error =
        ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, 0, INVALID_FRAME_NUMBER, NULL, &frame);
    QueryPerformanceCounter(&now);
    wsprintfA(text, "%08lX%08lX", (DWORD)now.HighPart, now.LowPart);
    return error == NMERR_SUCCESS &&
           ExpertIndicateStatus(key, EXPERTSTATUS_DONE, 0, text, 99) == NMERR_SUCCESS;
}
