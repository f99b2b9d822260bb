/*
 * unconfigured.c - for experts without a configuration: they must export Configure nevertheless.
 */
#include "expert.h"

BOOL WINAPI Configure(HEXPERTKEY key, PEXPERTCONFIG *config, PEXPERTSTARTUPINFO startup,
                      DWORD startup_flags, HWND window)
{
    (void)key, (void)config, (void)startup, (void)startup_flags, (void)window;
    return TRUE;
}
