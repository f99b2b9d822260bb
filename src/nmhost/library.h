/*
 * library.h - Nmapi.dll as a host loads it.
 */
#pragma once

#include "nmapi.h"

typedef struct LIBRARY {
    HMODULE module;
    PFN_NmapiOpenExpert open_expert;
    PFN_NmapiTerminateExpert terminate_expert;
    PFN_NmapiCloseExpert close_expert;
    PFN_NmapiQueryExpert query_expert;
    PFN_NmapiTransferMemory transfer_memory;
    PFN_NmapiSetFunction set_function;
    /* The expert functions, for what a supplied function allocates on an expert's behalf. */
    PFN_ExpertAllocMemory alloc_memory;
    PFN_ExpertReallocMemory realloc_memory;
    PFN_ExpertFreeMemory free_memory;
    PFN_ExpertMemorySize memory_size;
} LIBRARY;

/* Loads the Nmapi.dll that lies beside the host, no other: Network Monitor 3.x has an unrelated
   DLL of that name. To be called before the first expert is loaded, whose import it then
   satisfies. Says what is wrong when it fails. */
BOOL library_load(LIBRARY *library);

void library_unload(LIBRARY *library);

/* What a system error of LoadLibrary means, to stand behind its number; "": nothing to add. */
const char *library_why(DWORD error);

/* What a DLL's function is cast through on its way to its own type, since compilers warn of a
   cast from FARPROC to anything else. */
typedef void (*LIBRARY_FUNCTION)(void);

/* NULL if the DLL has no such function. */
LIBRARY_FUNCTION library_function(HMODULE module, const char *name);
