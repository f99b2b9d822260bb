/* The table of src/forward/exports.h as data, for the tests. */
#pragma once

#include <windows.h>

enum provider { PROVIDER_OURS, PROVIDER_FORWARDED, PROVIDER_GUARDED };

typedef struct export_row {
    const char *name;
    enum provider provider;
    ULONG_PTR popped; /* bytes that a call takes off the stack */
    LONGLONG failure;
    void *recorder;
} export_row;

/* clang-format off */
#define OURS(name, ...) extern char recorder_##name[];
#define FORWARDED(name, ...) extern char recorder_##name[];
#define GUARDED(name, ...) extern char recorder_##name[];
#include "forward/exports.h"

/* A cdecl function has 0 in the table: its caller clears the stack. */
#ifdef _WIN64
#define POPPED(bytes) 0
#else
#define POPPED(bytes) bytes
#endif

static const export_row exports[] = {
#define ROW(provider, name, bytes, failure) \
    {#name, provider, POPPED(bytes), failure, recorder_##name},
#define OURS(name, convention, bytes, returns, failure) \
    ROW(PROVIDER_OURS, name, bytes, failure)
#define FORWARDED(name, convention, bytes, returns, failure) \
    ROW(PROVIDER_FORWARDED, name, bytes, failure)
#define GUARDED(name, convention, bytes, returns, failure) \
    ROW(PROVIDER_GUARDED, name, bytes, failure)
#include "forward/exports.h"
};
/* clang-format on */

enum { EXPORT_ROWS = sizeof exports / sizeof *exports };
