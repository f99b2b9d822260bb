/*
 * pointers.h - addresses that are no live block of anybody.
 */
#ifndef MISUSE_POINTERS_H
#define MISUSE_POINTERS_H

#include "cast.h"

struct no_block {
    const char *name;
    /* NULL: there is no such address in this cast. */
    void *(*make)(struct cast *cast);
};
extern const struct no_block no_blocks[];
extern const int no_block_count;

#endif
