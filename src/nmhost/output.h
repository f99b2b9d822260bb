/*
 * output.h - a text file that is written piece by piece.
 */
#pragma once

#include <windows.h>

typedef struct OUTPUT {
    HANDLE file; /* NULL: none is open */
    BOOL failed;
    DWORD used;
    char buffer[16 * 1024];
} OUTPUT;

BOOL output_open(OUTPUT *output, const char *path);

void output_text(OUTPUT *output, const char *text);
void output_character(OUTPUT *output, char letter);
void output_number(OUTPUT *output, ULONGLONG number);

/* TRUE if all of it could be written. */
BOOL output_close(OUTPUT *output);
