/* The other way to call a DLL's function, for headers that say dllimport: through the import table,
   which asks the library for __imp__ExpertFreeMemory@8. */
#include <windows.h>

__declspec(dllimport) DWORD WINAPI ExpertFreeMemory(LPVOID key, LPVOID block);
DWORD free_through_import(LPVOID key, void *block);

DWORD free_through_import(LPVOID key, void *block)
{
    return ExpertFreeMemory(key, block);
}
