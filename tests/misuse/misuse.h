/*
 * misuse.h - what the tests of wrong calls share. They use the arguments and threads of soak.h, and
 * like those run against the DLL (Windows) and against the native library.
 *
 *   --seed=N  --count=N  --options=WORDS (NMAPI_OPTIONS; otherwise it is cleared)
 *   On Windows the first other argument is the path of Nmapi.dll.
 */
#pragma once

#include "../soak/soak.h"

extern DWORD misuse_count; /* --count, 0: the test's own */
extern BOOL misuse_pageheap;

#define MISUSE_ALIGNMENT ((SIZE_T)MEMORY_ALLOCATION_ALIGNMENT)
#define MISUSE_PAGE ((SIZE_T)4096)
#define MISUSE_COUNT(array) (sizeof(array) / sizeof((array)[0]))

void misuse_begin(int argc, char **argv);

/* Patterns. Of a block above 4 KiB only the ends carry one. */
void misuse_fill(void *block, SIZE_T bytes, uint32_t seed);
BOOL misuse_holds(const void *block, SIZE_T bytes, uint32_t seed);

/* The committed pages around an address: [*from, *to). FALSE: it is not committed. */
BOOL misuse_run(const void *address, char **from, char **to);
/* The reservation that an address lies in. */
char *misuse_reservation(const void *address);

/* Stores `value` into bytes from `from` on, upwards or downwards (`step` 1 or -1), on a thread of
   its own, until one faults or `limit` is reached. Returns the address that faulted, or NULL. */
char *misuse_sweep(char *from, const char *limit, int step, unsigned char value);

/* A thread routine whose argument is a struct attempt: calls run(argument), and where that faults
   ends the thread there and notes the address. */
struct attempt {
    void (*run)(void *);
    void *argument;
    void *volatile fault; /* NULL: none */
};
DWORD WINAPI misuse_attempt(LPVOID attempt);
