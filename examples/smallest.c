/*
 * smallest.c - the smallest host: one expert, one key, two seconds, 64 MiB. It releases all memory.
 *
 *     smallest EXPERT.dll
 */
#include <windows.h>

#include "netmon.h"
#include "nmapi.h"
#include "say.h"

#define FIND(module, name) (PFN_##name)(void *) GetProcAddress((module), #name)

static PEXPERTRUNPROC run;

static DWORD WINAPI call(LPVOID key)
{
    static EXPERTSTARTUPINFO startup;
    return (DWORD)run(key, NULL, &startup, 0, NULL);
}

static DWORD run_expert(HMODULE nmapi, HEXPERTKEY key, NMAPI_EXPERT_USAGE *usage)
{
    PFN_NmapiOpenExpert open_expert = FIND(nmapi, NmapiOpenExpert);
    PFN_NmapiTerminateExpert terminate_expert = FIND(nmapi, NmapiTerminateExpert);
    PFN_NmapiCloseExpert close_expert = FIND(nmapi, NmapiCloseExpert);
    NMAPI_EXPERT_OPTIONS options = {.cbSize = sizeof options, .MemoryLimit = 64 << 20};
    if (open_expert == NULL || terminate_expert == NULL || close_expert == NULL)
        return NMERR_NOT_SUPPORTED; /* another DLL of that name */
    DWORD error = open_expert(key, &options);
    if (error != NMERR_SUCCESS)
        return error;
    HANDLE thread = CreateThread(NULL, 0, call, key, 0, NULL);
    if (thread != NULL && WaitForSingleObject(thread, 2000) != WAIT_OBJECT_0) {
        terminate_expert(key); /* its calls answer NMERR_EXPERT_TERMINATE now */
        if (WaitForSingleObject(thread, 1000) != WAIT_OBJECT_0) {
            TerminateThread(thread, ERROR_TIMEOUT);
            WaitForSingleObject(thread, INFINITE);
        }
    }
    if (thread != NULL)
        CloseHandle(thread);
    error = close_expert(key, usage); /* releases all its memory, whatever it did */
    return thread != NULL ? error : NMERR_OUT_OF_MEMORY;
}

int main(int argc, char **argv)
{
    char path[MAX_PATH] = "";
    DWORD length = GetModuleFileNameA(NULL, path, MAX_PATH - sizeof "Nmapi.dll");
    while (length > 0 && path[length - 1] != '\\')
        length--;
    lstrcpyA(path + length, "Nmapi.dll");
    HMODULE nmapi = LoadLibraryA(path); /* before the expert, whose imports it serves */
    HMODULE expert = argc == 2 ? LoadLibraryA(argv[1]) : NULL;
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};

    run = expert != NULL ? (PEXPERTRUNPROC)(void *)GetProcAddress(expert, "Run") : NULL;
    if (nmapi == NULL || run == NULL) {
        say("usage: smallest EXPERT.dll\n");
        return 1;
    }
    /* The key is any number but 0, a new one for each call of an expert. */
    DWORD error = run_expert(nmapi, (HEXPERTKEY)1, &usage);
    say("error %lu; took back %lu blocks\n", error, (DWORD)usage.LiveBlocks);
    return error == NMERR_SUCCESS ? 0 : 1;
}
