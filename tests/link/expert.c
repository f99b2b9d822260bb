/* A legacy expert like the SDK's samples: three exports, and memory from Configure to Run. */
#include <windows.h>

#include <netmon.h>

BOOL WINAPI Register(PEXPERTENUMINFO info)
{
    lstrcpyA(info->szName, "legacy");
    return TRUE;
}

BOOL WINAPI Configure(HEXPERTKEY key, PEXPERTCONFIG *config, PEXPERTSTARTUPINFO startup,
                      DWORD startup_flags, HWND window)
{
    (void)startup, (void)startup_flags, (void)window;
    *config = (PEXPERTCONFIG)ExpertAllocMemory(key, 100, NULL);
    return *config != NULL;
}

BOOL WINAPI Run(HEXPERTKEY key, PEXPERTCONFIG config, PEXPERTSTARTUPINFO startup,
                DWORD startup_flags, HWND window)
{
    DWORD error;
    void *block = ExpertReallocMemory(key, config, 70000, &error);

    (void)startup, (void)startup_flags, (void)window;
    return block != NULL && ExpertMemorySize(key, block) == 70000 &&
           ExpertFreeMemory(key, block) == NMERR_SUCCESS;
}
