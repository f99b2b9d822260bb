/* library.h - Nmapi.dll as a host loads it. */
#ifndef LIBRARY_H
#define LIBRARY_H

#include "nmapi.h"

typedef DWORD(WINAPI *OPEN_EXPERT)(HEXPERTKEY, const NMAPI_EXPERT_OPTIONS *);
typedef DWORD(WINAPI *TERMINATE_EXPERT)(HEXPERTKEY);
typedef DWORD(WINAPI *CLOSE_EXPERT)(HEXPERTKEY, NMAPI_EXPERT_USAGE *);
typedef DWORD(WINAPI *QUERY_EXPERT)(HEXPERTKEY, NMAPI_EXPERT_USAGE *);
typedef DWORD(WINAPI *TRANSFER_MEMORY)(HEXPERTKEY, HEXPERTKEY, LPVOID);
typedef DWORD(WINAPI *SET_FUNCTION)(LPCSTR, FARPROC);
typedef LPVOID(WINAPI *ALLOC_MEMORY)(HEXPERTKEY, SIZE_T, DWORD *);
typedef LPVOID(WINAPI *REALLOC_MEMORY)(HEXPERTKEY, LPVOID, SIZE_T, DWORD *);
typedef DWORD(WINAPI *FREE_MEMORY)(HEXPERTKEY, LPVOID);
typedef SIZE_T(WINAPI *MEMORY_SIZE)(HEXPERTKEY, LPVOID);

typedef struct LIBRARY {
    HMODULE module;
    OPEN_EXPERT open_expert;
    TERMINATE_EXPERT terminate_expert;
    CLOSE_EXPERT close_expert;
    QUERY_EXPERT query_expert;
    TRANSFER_MEMORY transfer_memory;
    SET_FUNCTION set_function;
    /* The expert functions, for what a supplied function allocates on an expert's behalf. */
    ALLOC_MEMORY alloc_memory;
    REALLOC_MEMORY realloc_memory;
    FREE_MEMORY free_memory;
    MEMORY_SIZE memory_size;
} LIBRARY;

/* Loads the Nmapi.dll that lies beside the host, no other: Network Monitor 3.x has an unrelated
   DLL of that name. To be called before the first expert is loaded, whose import it then
   satisfies. Says what is wrong when it fails. */
BOOL library_load(LIBRARY *library);

void library_unload(LIBRARY *library);

/* What a DLL's function is cast through on its way to its own type, since compilers warn of a
   cast from FARPROC to anything else. */
typedef void (*LIBRARY_FUNCTION)(void);

/* NULL if the DLL has no such function. */
LIBRARY_FUNCTION library_function(HMODULE module, const char *name);

#endif
