/*
 * functions.h - the functions of the library under test, as a host finds them. Natively the library that is
 * linked into the program appears as Nmapi.dll.
 */
#ifndef FUNCTIONS_H
#define FUNCTIONS_H

#include "nmapi.h"

extern struct functions {
    LPVOID(WINAPI *alloc)(HEXPERTKEY, SIZE_T, DWORD *);
    LPVOID(WINAPI *realloc)(HEXPERTKEY, LPVOID, SIZE_T, DWORD *);
    DWORD(WINAPI *free)(HEXPERTKEY, LPVOID);
    SIZE_T(WINAPI *free_wide)(HEXPERTKEY, LPVOID); /* the same function as the pages type it */
    SIZE_T(WINAPI *size)(HEXPERTKEY, LPVOID);
    DWORD(WINAPI *open)(HEXPERTKEY, const NMAPI_EXPERT_OPTIONS *);
    DWORD(WINAPI *terminate)(HEXPERTKEY);
    DWORD(WINAPI *close)(HEXPERTKEY, NMAPI_EXPERT_USAGE *);
    DWORD(WINAPI *query)(HEXPERTKEY, NMAPI_EXPERT_USAGE *);
    DWORD(WINAPI *enum_experts)(NMAPI_EXPERT_CALLBACK, LPVOID);
    DWORD(WINAPI *enum_memory)(HEXPERTKEY, NMAPI_MEMORY_CALLBACK, LPVOID);
    DWORD(WINAPI *transfer)(HEXPERTKEY, HEXPERTKEY, LPVOID);
} nm;

/* Loads the DLL and finds them all; ends the process with a message if that fails. FreeLibrary unloads it. */
HMODULE functions_load(const char *path);

#endif
