/*
 * helper.h - a helper thread for tests: it runs what the test tells it to, one thing at a time.
 */
#pragma once

#include "unit.h"

struct helper {
    LPTHREAD_START_ROUTINE volatile part;
    void *volatile argument;
    volatile DWORD result;
    volatile LONG busy, ended;
    HANDLE thread;
};

static inline DWORD WINAPI helper_main(LPVOID parameter)
{
    struct helper *helper = parameter;

    while (!atomic_load(&helper->ended)) {
        if (atomic_load(&helper->busy)) {
            helper->result = helper->part(helper->argument);
            atomic_store(&helper->busy, 0);
        } else {
            Sleep(0);
        }
    }
    return 0;
}

static inline void helper_begin(struct helper *helper)
{
    memset(helper, 0, sizeof *helper);
    helper->thread = CreateThread(NULL, 0, helper_main, helper, 0, NULL);
}

static inline void helper_start(struct helper *helper, LPTHREAD_START_ROUTINE part, void *argument)
{
    helper->part = part;
    helper->argument = argument;
    atomic_store(&helper->busy, 1);
}

static inline DWORD helper_run(struct helper *helper, LPTHREAD_START_ROUTINE part, void *argument)
{
    helper_start(helper, part, argument);
    while (atomic_load(&helper->busy))
        Sleep(0);
    return helper->result;
}

static inline void helper_end(struct helper *helper)
{
    atomic_store(&helper->ended, 1);
    WaitForSingleObject(helper->thread, INFINITE);
    CloseHandle(helper->thread);
}
