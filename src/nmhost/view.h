/*
 * view.h - a window that slides over a file, so that a file may be larger than the address space.
 */
#pragma once

#include <windows.h>

typedef struct VIEW_FILE {
    HANDLE mapping;
    ULONGLONG size; /* of the file when it was opened, in bytes */
} VIEW_FILE;

/* Zero: nothing is mapped yet. For one thread at a time. */
typedef struct VIEW {
    const VIEW_FILE *file;
    const BYTE *base; /* of what is mapped; NULL: nothing */
    ULONGLONG start;  /* its place in the file */
    SIZE_T bytes;     /* its length */
} VIEW;

/* FALSE if there is no such file, or it is empty. */
BOOL view_open(VIEW_FILE *file, const char *path);
void view_close(VIEW_FILE *file);

/* The bytes at the offset, until the next call with this view; NULL if they are not all in the
   file, or cannot be mapped. */
const BYTE *view_at(VIEW *view, ULONGLONG offset, DWORD bytes);

void view_release(VIEW *view);
