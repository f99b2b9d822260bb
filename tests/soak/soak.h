/*
 * soak.h - what the long tests share: arguments, threads and bystanders. The same sources run
 * against the DLL (Windows) and against the native library.
 *
 *   --seconds=N  --kills=N  --seed=N; on Windows the first other argument is the path of Nmapi.dll
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "content.h"
#include "functions.h"
#include "process.h"

extern DWORD soak_seconds, soak_kills;
extern uint32_t soak_seed;

void soak_begin(int argc, char **argv);
HANDLE soak_start(LPTHREAD_START_ROUTINE routine, void *argument);
/* FALSE: the thread did not end within a minute. */
BOOL soak_join(HANDLE thread);

/* A bystander: an expert of its own whose blocks carry patterns, on a thread of its own. */
struct bystander {
    HEXPERTKEY key;
    uint32_t seed;
    volatile LONG stop;
    uint64_t calls; /* these two are read once the thread has ended */
    LONG failures;
    DWORD longest; /* the longest call in milliseconds */
    HANDLE thread;
};
void bystander_begin(struct bystander *bystander, HEXPERTKEY key, uint32_t seed);
void bystander_end(struct bystander *bystander);
