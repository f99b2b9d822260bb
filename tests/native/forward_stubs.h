/*
 * forward_stubs.h - replaces the assembly of forward_*.S.
 */
#pragma once

#include "standin.h"

#define OURS(...)
#define FORWARDED(name, ...)                                                                       \
    extern char forward_behind_##name[1], forward_resolve_##name[1], forward_failure_##name[1];
#define GUARDED(name, ...) FORWARDED(name) extern char forward_stopped_##name[1];
#include "forward/exports.h"

/* Whether the calling thread counts as one that holds the loader's lock. */
extern BOOL standin_in_loader;
int forward_in_loader(void);
