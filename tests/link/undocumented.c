/* An expert that calls functions which no header of the SDK declares. It has its own declarations,
   as such experts do. */
#include <windows.h>

#include <netmon.h>

DWORD WINAPI HelperFormatUnicodeString(LPSTR szOut, LPCWSTR szIn, WORD Len);
DWORD WINAPI DecodeSNMPObjectIdentifier(LPBYTE lpData, DWORD DataLen, LPOBJECT_IDENTIFIER lpOID);

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

/* Nobody supplies them. */
BOOL WINAPI Run(HEXPERTKEY key, PEXPERTCONFIG config, PEXPERTSTARTUPINFO startup,
                DWORD startup_flags, HWND window)
{
    OBJECT_IDENTIFIER identifier = {0, NULL};
    BYTE data[4] = {0};
    char text[8] = "before";

    (void)startup, (void)startup_flags, (void)window;
    return HelperFormatUnicodeString(text, L"x", 1) == 0 && text[0] == 'b' &&
           DecodeSNMPObjectIdentifier(data, sizeof data, &identifier) == NMERR_NOT_SUPPORTED &&
           ExpertMemorySize(key, ExpertReallocMemory(key, config, 7, NULL)) == 7 &&
           ExpertFreeMemory(key, config) != NMERR_EXPERT_TERMINATE;
}
