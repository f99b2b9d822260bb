/*
 * actor.h - a thread for tests: it does what it is told, one thing at a time.
 */
#ifndef ACTOR_H
#define ACTOR_H

#include "unit.h"

struct actor {
    LPTHREAD_START_ROUTINE volatile part;
    void *volatile argument;
    volatile DWORD result;
    volatile LONG busy, ended;
    HANDLE thread;
};

static inline DWORD WINAPI act(LPVOID parameter)
{
    struct actor *a = parameter;

    while (!atomic_load(&a->ended)) {
        if (atomic_load(&a->busy)) {
            a->result = a->part(a->argument);
            atomic_store(&a->busy, 0);
        } else {
            Sleep(0);
        }
    }
    return 0;
}

static inline void begin(struct actor *a)
{
    memset(a, 0, sizeof *a);
    a->thread = CreateThread(NULL, 0, act, a, 0, NULL);
}

static inline void tell(struct actor *a, LPTHREAD_START_ROUTINE part, void *argument)
{
    a->part = part;
    a->argument = argument;
    atomic_store(&a->busy, 1);
}

static inline DWORD let(struct actor *a, LPTHREAD_START_ROUTINE part, void *argument)
{
    tell(a, part, argument);
    while (atomic_load(&a->busy))
        Sleep(0);
    return a->result;
}

static inline void end(struct actor *a)
{
    atomic_store(&a->ended, 1);
    WaitForSingleObject(a->thread, INFINITE);
    CloseHandle(a->thread);
}

#endif
