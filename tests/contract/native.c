/*
 * native.c - lets contract.c "load" the library that is linked into the program, on systems that have no
 * DLLs. forward.c looks for an original DLL through the same calls: it finds none.
 */
#include "nmapi.h"
#include "standin.h"

#include <string.h>

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved);

static int library;

static HMODULE load(LPCSTR name, DWORD flags)
{
    (void)flags;
    if (strcmp(name, "Nmapi.dll") != 0)
        return NULL;
    standin_set_dllmain(DllMain);
    DllMain((HINSTANCE)(void *)&library, DLL_PROCESS_ATTACH, NULL);
    return (HMODULE)(void *)&library;
}

static FARPROC address(HMODULE module, LPCSTR name)
{
#define FUNCTION(name)                                                                             \
    {                                                                                              \
#name, (FARPROC)(void (*)(void))name                                                       \
    }
    static const struct {
        const char *name;
        FARPROC address;
    } functions[] = {
        FUNCTION(ExpertAllocMemory), FUNCTION(ExpertReallocMemory), FUNCTION(ExpertFreeMemory),
        FUNCTION(ExpertMemorySize),  FUNCTION(NmapiOpenExpert),     FUNCTION(NmapiTerminateExpert),
        FUNCTION(NmapiCloseExpert),  FUNCTION(NmapiQueryExpert),    FUNCTION(NmapiEnumExperts),
        FUNCTION(NmapiEnumMemory),   FUNCTION(NmapiTransferMemory),
    };

    for (size_t i = 0;
         module == (HMODULE)(void *)&library && i < sizeof functions / sizeof *functions; i++)
        if (strcmp(functions[i].name, name) == 0)
            return functions[i].address;
    return NULL;
}

__attribute__((constructor)) static void offer(void)
{
    static const struct standin_module_hooks hooks = {.load = load, .address = address};

    standin_set_module_hooks(&hooks);
}
