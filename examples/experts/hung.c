/*
 * hung.c - stops calling the DLL, so that no error code can reach it: only killing its thread
 * helps.
 */
#include "expert.h"

enum { PIECES = 100, PIECE = 4096 /* bytes */ };

BOOL WINAPI Register(PEXPERTENUMINFO info)
{
    return expert_describe(info, "hung", "allocates, then loops and never calls again", 0);
}

BOOL WINAPI Run(HEXPERTKEY key, PEXPERTCONFIG config, PEXPERTSTARTUPINFO startup,
                DWORD startup_flags, HWND window)
{
    volatile BOOL never = FALSE;
    (void)config, (void)startup, (void)startup_flags, (void)window;

    for (int piece = 0; piece < PIECES; piece++) {
        if (ExpertAllocMemory(key, PIECE, NULL) == NULL)
            return FALSE;
    }
    while (!never)
        continue;
    return TRUE;
}
