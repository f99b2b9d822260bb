/* For the experts that have nothing to configure: the export must be there all the same. */
#include "expert.h"

BOOL WINAPI Configure(HEXPERTKEY key, PEXPERTCONFIG *config, PEXPERTSTARTUPINFO startup,
                      DWORD startup_flags, HWND window)
{
    (void)key, (void)config, (void)startup, (void)startup_flags, (void)window;
    return TRUE;
}
