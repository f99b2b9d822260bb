/*
 * unit.h - for the tests of single modules: registers the calling thread, and checks that a test
 * leaves as much memory in use as it found.
 */
#pragma once

#include "expert/closing.h"
#include "expert/bias.h"
#include "expert/reclaim.h"
#include "heap/record_heap.h"
#include "base/options.h"
#include "../heap_check.h"
#include "../region_check.h"
#include "standin.h"
#include "stores.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved);

static struct thread *self; /* the calling thread's record */
static struct standin_usage usage_before;

static inline int unit_setup(void **state)
{
    (void)state;
    standin_get_usage(&usage_before);
    DllMain(NULL, DLL_PROCESS_ATTACH, NULL);
    standin_set_dllmain(DllMain);
    self = bias_thread();
    return self == NULL;
}

static inline int unit_teardown(void **state)
{
    struct standin_usage now;
    int valid = region_is_valid(self);

    (void)state;
    standin_set_dllmain(NULL);
    DllMain(NULL, DLL_PROCESS_DETACH, NULL);
    standin_get_usage(&now);
    if (valid && now.reserved == usage_before.reserved && now.handles == usage_before.handles &&
        now.committed == usage_before.committed && now.tls_indexes == usage_before.tls_indexes)
        return 0;
    print_error("left: %zu reserved, %zu committed, %zu handles, %zu TLS indexes; pool valid: %d\n",
                now.reserved - usage_before.reserved, now.committed - usage_before.committed,
                now.handles - usage_before.handles, now.tls_indexes - usage_before.tls_indexes,
                valid);
    exit(1); /* cmocka prints that a group's teardown failed, but does not count it */
}

/* Unloads and loads the DLL's modules, as it were. */
static inline void unit_load_anew(void **state)
{
    assert_int_equal(unit_teardown(state), 0);
    assert_int_equal(unit_setup(state), 0);
}

#define UNIT_RUN(tests) cmocka_run_group_tests(tests, unit_setup, unit_teardown)

/* Touches a byte; for standin_faults. */
static inline void unit_touch(void *byte)
{
    ++*(volatile char *)byte;
}

static inline unsigned unit_random(unsigned *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

/* Runs a function on another thread to its end. */
static inline DWORD unit_on_thread(LPTHREAD_START_ROUTINE function, void *argument)
{
    HANDLE thread = CreateThread(NULL, 0, function, argument, 0, NULL);
    DWORD code = 0;

    WaitForSingleObject(thread, INFINITE);
    GetExitCodeThread(thread, &code);
    CloseHandle(thread);
    return code;
}

/* In a child process: a failure ends the child, and fails the test. */
#define UNIT_MUST(condition)                                                                       \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

/* Runs a function in its own process, for what happens once in a process. */
static inline void unit_child(void (*body)(void))
{
    int status = -1;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        alarm(60);
        body();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* Returns once another thread, just started, waits for this one. It must not finish meanwhile. */
static inline void unit_let_wait(volatile LONG *through)
{
    /* A waiting thread asks again and again whether this one lives; at first it may ask about
       others. */
    unsigned long asked = standin_calls("WaitForSingleObject") + 10;

    for (int i = 0; i < 20 || standin_calls("WaitForSingleObject") < asked; i++) {
        Sleep(1);
        assert_false(atomic_load(through));
    }
}

/* Whether a thread is in the heap of its last expert by the bias, without the lock. */
static inline int unit_is_inside(const struct thread *thread)
{
    return atomic_load(&thread->key) == THREAD_INSIDE(thread);
}

/* Whether an address is quarantined after an abnormal close. */
static inline int unit_is_quarantined(const void *address)
{
    struct region *region = region_find(address);

    return region && region->owner == REGION_QUARANTINED;
}

struct unit_death {
    void (*act)(void *);
    unsigned long at;
};

static inline void unit_die(void *argument)
{
    (void)argument;
    TerminateThread(GetCurrentThread(), 1);
}

static inline DWORD WINAPI unit_victim(LPVOID parameter)
{
    const struct unit_death *death = parameter;

    standin_step_count(stores_to_memory);
    if (bias_thread())
        standin_step(death->act, NULL, death->at, unit_die, NULL);
    return 0;
}

/* Runs `act` on another thread and kills it behind its n-th store to memory or call of the system,
   or with 0 before its first instruction. FALSE if it ended before. Deaths elsewhere leave the
   same. */
static inline DWORD unit_kill_at(void (*act)(void *), unsigned long n)
{
    struct unit_death death = {act, n};

    return unit_on_thread(unit_victim, &death);
}

static inline DWORD WINAPI unit_use_key(LPVOID key)
{
    return ExpertAllocMemory(key, 100, NULL) != NULL;
}
