/*
 * forward_stubs.c - natively the forwarded exports have no code: each stub is only an address,
 * which tests compare.
 */
#include "forward_stubs.h"

#define OURS(...)
#define FORWARDED(name, ...)                                                                       \
    char forward_behind_##name[1], forward_resolve_##name[1], forward_failure_##name[1];
#define GUARDED(name, ...) FORWARDED(name) char forward_stopped_##name[1];
#include "forward/exports.h"

BOOL standin_in_loader;

int forward_in_loader(void)
{
    return standin_in_loader;
}
