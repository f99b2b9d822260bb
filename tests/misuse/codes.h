/*
 * codes.h - the code of every call for each kind of key and of pointer, as the contract has it.
 */
#pragma once

#include "group.h"

/* What a pointer is: NULL, a live block of some kind of expert, or no live block. */
enum column {
    NOTHING,
    OF_OPENED,
    OF_OTHER,
    OF_IMPLICIT,
    OF_IMPLICIT_TOO,
    OF_TERMINATED,
    OF_TERMINATED_IMPLICIT,
    NO_BLOCK,
    COLUMNS
};

enum call { CALL_FREE, CALL_REALLOC, CALL_SIZE, CALL_TRANSFER_FROM, CALL_TRANSFER_TO, CALLS };

extern const char *const column_names[COLUMNS];
extern const int column_owners[COLUMNS]; /* a key_kind, or -1 */
extern const char *const call_names[CALLS];

struct row {
    enum key_kind key;
    const char *codes[CALLS];
};
extern const struct row rows[];
extern const int row_count;

/* The letter (codes.c) of a cell, and the code that it stands for. */
char codes_letter(const struct row *row, enum call call, enum column column);
DWORD codes_value(char letter);
