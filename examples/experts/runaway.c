/*
 * runaway.c - allocates without end. The host's limit does not stop it; NMERR_EXPERT_TERMINATE
 * does.
 */
#include "expert.h"

enum { PIECE = 1000 }; /* bytes */

BOOL WINAPI Register(PEXPERTENUMINFO info)
{
    return expert_describe(info, "runaway", "allocates without end, obeys when told to stop", 0);
}

BOOL WINAPI Run(HEXPERTKEY key, PEXPERTCONFIG config, PEXPERTSTARTUPINFO startup,
                DWORD startup_flags, HWND window)
{
    DWORD error = NMERR_SUCCESS, pieces = 0;
    BOOL met_limit = FALSE;
    (void)config, (void)startup, (void)startup_flags, (void)window;

    while (error != NMERR_EXPERT_TERMINATE) {
        if (ExpertAllocMemory(key, PIECE, &error) != NULL) {
            pieces++;
        } else if (error == NMERR_OUT_OF_MEMORY && !met_limit) {
            say("   out of memory after %lu pieces of %u bytes; going on\n", pieces, PIECE);
            met_limit = TRUE;
        }
    }
    say("   told to terminate; returning\n");
    return FALSE;
}
