/*
 * pointers.h - addresses that are no live block's.
 */
#pragma once

#include "group.h"

struct no_block {
    const char *name;
    /* NULL: there is no such address in this group. */
    void *(*make)(struct group *group);
};
extern const struct no_block no_blocks[];
extern const int no_block_count;
