/* A DLL that calls an exported function of Nmapi.dll from its DllMain. */
#include <windows.h>

typedef DWORD(WINAPI *get_frame_length)(LPVOID frame);

static DWORD answer;

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved);
DWORD dllmain_answer(void);

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved)
{
    (void)instance;
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH) {
        HMODULE nmapi = GetModuleHandleA("Nmapi.dll");
        FARPROC function = GetProcAddress(nmapi, "GetFrameLength");
        answer = ((get_frame_length)(ULONG_PTR)function)(NULL);
    }
    return TRUE;
}

DWORD dllmain_answer(void)
{
    return answer;
}
