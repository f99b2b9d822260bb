/*
 * child.h - tests that need a process of their own: for another NMAPI_OPTIONS, or for a fault. The
 * program runs itself with --child=NAME. A child returns 0, or the line of the check that failed.
 */
#pragma once

#include "contract.h"

struct child {
    const char *name;
    int (*run)(void);
};

/* The number after --expect=, for children that serve several tests. */
extern ULONGLONG child_expect;

/* Whether this process is a child; then *code is its exit code. */
BOOL child_main(int argc, char **argv, const struct child *children, size_t count, int *code);

/* Runs a child under NMAPI_OPTIONS=options; NULL leaves the variable unset. */
DWORD child_run(const char *options, const char *name, ULONGLONG expect);

#define CHILD_CHECK(good)                                                                          \
    do {                                                                                           \
        if (!(good))                                                                               \
            return __LINE__;                                                                       \
    } while (0)

/* What the DLL wrote to the debugger output since the child began. */
extern char child_debug_text[8192];
size_t child_debug_count(const char *word);

/* The exit code of a child that faulted at the expected address, in its own code. */
#define CHILD_FAULTED 20086u
/* Reads or writes the address; returns only if that did not fault. */
void child_read_fault(const void *address);
void child_write_fault(void *address);

/* The exit code of a thread, or 0xFFFFFFFF if it does not end. */
DWORD child_join(HANDLE thread);
