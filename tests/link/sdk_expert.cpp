/* An expert like the SDK's C++ samples: its three functions are declared as in the SDK's headers,
   without extern "C", and it has a filter of the types before IPv6 on the stack. */
#include <windows.h>
#include <netmon.h>

#ifdef EXTERN_C_FOR_GNU
extern "C" {
#endif
BOOL WINAPI Register(PEXPERTENUMINFO lpExpertInfo);
BOOL WINAPI Configure(HEXPERTKEY hExpertKey, PEXPERTCONFIG *ppConfig,
                      PEXPERTSTARTUPINFO pStartupInfo, DWORD StartupFlags, HWND hWnd);
BOOL WINAPI Run(HEXPERTKEY hExpertKey, PEXPERTCONFIG pConfig, PEXPERTSTARTUPINFO pStartupInfo,
                DWORD StartupFlags, HWND hWnd);
#ifdef EXTERN_C_FOR_GNU
}
#endif

BOOL WINAPI Register(PEXPERTENUMINFO lpExpertInfo)
{
    lpExpertInfo->Flags = EXPERT_ENUM_FLAG_CONFIGURABLE | EXPERT_ENUM_FLAG_VIEWER_PRIVATE;
    lpExpertInfo->Version = 1;
    lstrcpynA(lpExpertInfo->szName, "legacy", MAX_PATH);
    return TRUE;
}

BOOL WINAPI Configure(HEXPERTKEY hExpertKey, PEXPERTCONFIG *ppConfig, PEXPERTSTARTUPINFO, DWORD,
                      HWND)
{
    DWORD rc;

    *ppConfig = (PEXPERTCONFIG)ExpertAllocMemory(hExpertKey, 100, &rc);
    return *ppConfig != NULL && rc == NMERR_SUCCESS;
}

/* Its host supplies only the functions for memory: the others fail as documented. */
BOOL WINAPI Run(HEXPERTKEY hExpertKey, PEXPERTCONFIG pConfig, PEXPERTSTARTUPINFO, DWORD, HWND)
{
    FILTEROBJECT FilterObj;
    EXPERTSTATUS Status;
    NMEVENTDATA *pEvent;
    DWORD rc;

    ZeroMemory(&Status, sizeof Status);
    ZeroMemory(&FilterObj, sizeof FilterObj);
    Status.Status = EXPERTSTATUS_STARTING;
    lstrcpyA(Status.szStatusText, "starting");
    if (ExpertIndicateStatus(hExpertKey, Status.Status, Status.SubStatus, Status.szStatusText,
                             (LONG)Status.PercentDone) != NMERR_NOT_SUPPORTED)
        return FALSE;
    FilterObj.Action = FILTERACTION_PROPERTY;
    if (CreateFilter() != NULL || FilterAddObject(NULL, &FilterObj) != NMERR_NOT_SUPPORTED)
        return FALSE;
    pEvent = (NMEVENTDATA *)ExpertReallocMemory(
        hExpertKey, pConfig, sizeof(NMEVENTDATA) + 2 * sizeof(NMCOLUMNINFO), &rc);
    if (pEvent == NULL || rc != NMERR_SUCCESS)
        return FALSE;
    pEvent->szUrl = NULL;
    pEvent->Column[1].VariantData.Type = NMCOLUMNTYPE_IPADDR;
    if (ExpertSubmitEvent(hExpertKey, pEvent) != NMERR_NOT_SUPPORTED ||
        ExpertMemorySize(hExpertKey, pEvent) != sizeof(NMEVENTDATA) + 2 * sizeof(NMCOLUMNINFO))
        return FALSE;
    return ExpertFreeMemory(hExpertKey, pEvent) == NMERR_SUCCESS;
}
