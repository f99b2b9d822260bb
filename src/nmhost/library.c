#include "library.h"

#include "say.h"

LIBRARY_FUNCTION library_function(HMODULE module, const char *name)
{
    return (LIBRARY_FUNCTION)GetProcAddress(module, name);
}

const char *library_why(DWORD error)
{
    switch (error) {
    case ERROR_MOD_NOT_FOUND:
        return ": it, or a DLL that it needs, is not there";
    case ERROR_PROC_NOT_FOUND:
        return ": a function that it needs is in none of its DLLs";
    case ERROR_BAD_EXE_FORMAT:
        return sizeof(void *) == 8 ? ": not for x64; the x86 nmhost runs experts for x86"
                                   : ": not for x86; the x64 nmhost runs experts for x64";
    default:
        return "";
    }
}

BOOL library_load(LIBRARY *library)
{
    char path[MAX_PATH];
    DWORD length = GetModuleFileNameA(NULL, path, MAX_PATH);

    while (length > 0 && path[length - 1] != '\\')
        length--;
    if (length + sizeof "Nmapi.dll" > MAX_PATH) {
        say("nmhost: its own path is too long\n");
        return FALSE;
    }
    lstrcpyA(path + length, "Nmapi.dll");
    library->module = LoadLibraryA(path);
    if (library->module == NULL) {
        DWORD error = GetLastError();
        say("nmhost: %s cannot be loaded: error %lu%s\n", path, error, library_why(error));
        return FALSE;
    }
    HMODULE module = library->module;
    library->open_expert = (PFN_NmapiOpenExpert)library_function(module, "NmapiOpenExpert");
    library->terminate_expert =
        (PFN_NmapiTerminateExpert)library_function(module, "NmapiTerminateExpert");
    library->close_expert = (PFN_NmapiCloseExpert)library_function(module, "NmapiCloseExpert");
    library->query_expert = (PFN_NmapiQueryExpert)library_function(module, "NmapiQueryExpert");
    library->transfer_memory =
        (PFN_NmapiTransferMemory)library_function(module, "NmapiTransferMemory");
    library->set_function = (PFN_NmapiSetFunction)library_function(module, "NmapiSetFunction");
    library->alloc_memory = (PFN_ExpertAllocMemory)library_function(module, "ExpertAllocMemory");
    library->realloc_memory =
        (PFN_ExpertReallocMemory)library_function(module, "ExpertReallocMemory");
    library->free_memory = (PFN_ExpertFreeMemory)library_function(module, "ExpertFreeMemory");
    library->memory_size = (PFN_ExpertMemorySize)library_function(module, "ExpertMemorySize");
    if (library->open_expert == NULL || library->terminate_expert == NULL ||
        library->close_expert == NULL || library->query_expert == NULL ||
        library->transfer_memory == NULL || library->set_function == NULL ||
        library->alloc_memory == NULL || library->realloc_memory == NULL ||
        library->free_memory == NULL || library->memory_size == NULL) {
        say("nmhost: %s is another DLL of that name; put this project's there\n", path);
        library_unload(library);
        return FALSE;
    }
    return TRUE;
}

void library_unload(LIBRARY *library)
{
    FreeLibrary(library->module);
    library->module = NULL;
}
