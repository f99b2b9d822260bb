#include "functions.h"

#include <stdio.h>
#include <string.h>

struct functions nm;

static const struct {
    const char *name;
    void *slot;
} wanted[] = {
    {"ExpertAllocMemory", &nm.alloc},        {"ExpertReallocMemory", &nm.realloc},
    {"ExpertFreeMemory", &nm.free},          {"ExpertFreeMemory", &nm.free_wide},
    {"ExpertMemorySize", &nm.size},          {"NmapiOpenExpert", &nm.open},
    {"NmapiTerminateExpert", &nm.terminate}, {"NmapiCloseExpert", &nm.close},
    {"NmapiQueryExpert", &nm.query},         {"NmapiEnumExperts", &nm.enum_experts},
    {"NmapiEnumMemory", &nm.enum_memory},    {"NmapiTransferMemory", &nm.transfer},
    {"NmapiTrimMemory", &nm.trim},
};

#ifdef NMAPI_NATIVE

#include "standin.h"

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved);

static char library; /* its address is the module's */

static BOOL is_library(HMODULE module)
{
    return module == (HMODULE)(void *)&library;
}

/* forward.c looks for an original DLL by the same call: it finds none. */
static HMODULE load(LPCSTR name, DWORD flags)
{
    (void)flags;
    if (strcmp(name, "Nmapi.dll") != 0) {
        SetLastError(ERROR_MOD_NOT_FOUND);
        return NULL;
    }
    standin_set_dllmain(DllMain);
    DllMain((HINSTANCE)(void *)&library, DLL_PROCESS_ATTACH, NULL);
    return (HMODULE)(void *)&library;
}

static FARPROC address(HMODULE module, LPCSTR name)
{
    static const struct {
        const char *name;
        FARPROC address;
    } exports[] = {
#define EXPORT(name) {#name, (FARPROC)(void (*)(void))name}
        EXPORT(ExpertAllocMemory), EXPORT(ExpertReallocMemory), EXPORT(ExpertFreeMemory),
        EXPORT(ExpertMemorySize),  EXPORT(NmapiOpenExpert),     EXPORT(NmapiTerminateExpert),
        EXPORT(NmapiCloseExpert),  EXPORT(NmapiQueryExpert),    EXPORT(NmapiEnumExperts),
        EXPORT(NmapiEnumMemory),   EXPORT(NmapiTransferMemory), EXPORT(NmapiTrimMemory),
    };

    for (size_t i = 0; is_library(module) && i < sizeof exports / sizeof *exports; i++)
        if (strcmp(exports[i].name, name) == 0)
            return exports[i].address;
    SetLastError(ERROR_PROC_NOT_FOUND);
    return NULL;
}

static BOOL release(HMODULE module)
{
    if (!is_library(module)) {
        SetLastError(ERROR_INVALID_HANDLE);
        return FALSE;
    }
    standin_set_dllmain(NULL);
    DllMain((HINSTANCE)(void *)&library, DLL_PROCESS_DETACH, NULL);
    return TRUE;
}

static void offer_library(void)
{
    static const struct standin_module_hooks hooks = {
        .load = load, .address = address, .release = release};

    standin_set_module_hooks(&hooks);
}

#else

static void offer_library(void)
{
}

#endif

static void refuse(const char *what, const char *which)
{
    fprintf(stderr, "%s: %s (error %lu)\n", what, which, (unsigned long)GetLastError());
    fflush(stderr);
    ExitProcess(2);
}

HMODULE functions_load(const char *path)
{
    HMODULE dll;

    offer_library();
    dll = LoadLibraryA(path);
    if (dll == NULL)
        refuse("cannot load", path);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        FARPROC function = GetProcAddress(dll, wanted[i].name);
        if (function == NULL)
            refuse("not exported", wanted[i].name);
        memcpy(wanted[i].slot, &function, sizeof function);
    }
    return dll;
}
