/*
 * functions.h - the functions of the library under test, as a host finds them. Natively the library
 * that is linked into the program appears as Nmapi.dll.
 */
#pragma once

#include "nmapi.h"

extern struct functions {
    PFN_ExpertAllocMemory alloc;
    PFN_ExpertReallocMemory realloc;
    PFN_ExpertFreeMemory free;
    SIZE_T(WINAPI *free_wide)(HEXPERTKEY, LPVOID); /* the same, typed as on its page */
    PFN_ExpertMemorySize size;
    PFN_NmapiOpenExpert open;
    PFN_NmapiTerminateExpert terminate;
    PFN_NmapiCloseExpert close;
    PFN_NmapiQueryExpert query;
    PFN_NmapiEnumExperts enum_experts;
    PFN_NmapiEnumMemory enum_memory;
    PFN_NmapiTransferMemory transfer;
    PFN_NmapiTrimMemory trim;
} nm;

/* Loads the DLL and finds them all; ends the process with a message if that fails. FreeLibrary
   unloads it. */
HMODULE functions_load(const char *path);
