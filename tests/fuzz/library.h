/*
 * library.h - the library under test: on Windows the DLL, loaded and unloaded each time; natively what
 * is linked in, attached and detached.
 */
#ifndef LIBRARY_H
#define LIBRARY_H

#include "nmapi.h"

extern struct library {
    LPVOID(WINAPI *alloc)(HEXPERTKEY, SIZE_T, DWORD *);
    LPVOID(WINAPI *realloc)(HEXPERTKEY, LPVOID, SIZE_T, DWORD *);
    DWORD(WINAPI *free)(HEXPERTKEY, LPVOID);
    SIZE_T(WINAPI *size)(HEXPERTKEY, LPVOID);
    DWORD(WINAPI *open)(HEXPERTKEY, const NMAPI_EXPERT_OPTIONS *);
    DWORD(WINAPI *terminate)(HEXPERTKEY);
    DWORD(WINAPI *close)(HEXPERTKEY, NMAPI_EXPERT_USAGE *);
    DWORD(WINAPI *query)(HEXPERTKEY, NMAPI_EXPERT_USAGE *);
    DWORD(WINAPI *enum_experts)(NMAPI_EXPERT_CALLBACK, LPVOID);
    DWORD(WINAPI *enum_memory)(HEXPERTKEY, NMAPI_MEMORY_CALLBACK, LPVOID);
    DWORD(WINAPI *transfer)(HEXPERTKEY, HEXPERTKEY, LPVOID);
} nm;

/* Where the DLL is; natively without meaning. */
extern const char *library_path;

void library_begin(const char *options);

/* What the library says of itself: NULL if all is well, else what is not. On Windows always NULL. */
const char *library_check_expert(HEXPERTKEY key);
/* Once every expert is closed: nothing but the pool may be committed. */
const char *library_check_closed(void);
/* Unloads; whatever was there at the beginning, and no more, may be there now. */
const char *library_end(void);

/* The n-th system call of a kind fails, and with `forever` all later ones. Does nothing on Windows. */
void library_fail(unsigned kind, unsigned long n, int forever);
void library_fail_never(void);

#endif
