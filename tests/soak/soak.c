#include "soak.h"

#include <stdio.h>
#include <stdlib.h>

DWORD soak_seconds = 2, soak_kills = 60;
uint32_t soak_seed = 20240229;

void soak_begin(int argc, char **argv)
{
    const char *path = "Nmapi.dll";

    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--seconds=", 10) == 0)
            soak_seconds = (DWORD)strtoul(argv[i] + 10, NULL, 0);
        else if (strncmp(argv[i], "--kills=", 8) == 0)
            soak_kills = (DWORD)strtoul(argv[i] + 8, NULL, 0);
        else if (strncmp(argv[i], "--seed=", 7) == 0)
            soak_seed = (uint32_t)strtoul(argv[i] + 7, NULL, 0);
        else
            path = argv[i];
    }
    if (!soak_seed)
        soak_seed = 1;
    functions_load(path);
    printf("seed %lu\n", (unsigned long)soak_seed);
}

#ifndef NMAPI_NATIVE
/* cmocka's own handler would jump from the thread's stack to the test's, and the process would end
   without a message. */
static LONG WINAPI tell_and_end(EXCEPTION_POINTERS *exception)
{
    const EXCEPTION_RECORD *record = exception->ExceptionRecord;
    HMODULE module = NULL;

    GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                           GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                       (LPCSTR)record->ExceptionAddress, &module);
    print_error("exception 0x%08lx at %p, module at %p\n", (unsigned long)record->ExceptionCode,
                record->ExceptionAddress, (void *)module);
    TerminateProcess(GetCurrentProcess(), 3);
    return EXCEPTION_EXECUTE_HANDLER;
}
#endif

HANDLE soak_start(LPTHREAD_START_ROUTINE routine, void *argument)
{
    HANDLE thread;

#ifndef NMAPI_NATIVE
    SetUnhandledExceptionFilter(tell_and_end); /* now: cmocka has set its own handler before */
#endif
    /* Small stacks: a system may keep those of killed threads. */
    thread = CreateThread(NULL, 65536, routine, argument, 0x10000, NULL);
    assert_non_null(thread);
    return thread;
}

BOOL soak_join(HANDLE thread)
{
    BOOL ended = WaitForSingleObject(thread, 60000) == WAIT_OBJECT_0;

    CloseHandle(thread);
    return ended;
}

enum { BYSTANDER_BLOCKS = 40 };

static DWORD WINAPI bystander_run(LPVOID argument)
{
    struct bystander *b = argument;
    unsigned char *blocks[BYSTANDER_BLOCKS] = {NULL};
    SIZE_T sizes[BYSTANDER_BLOCKS] = {0};
    uint32_t random = b->seed;

    while (!InterlockedCompareExchange(&b->stop, 0, 0)) {
        uint32_t which = content_random(&random) % BYSTANDER_BLOCKS;
        uint32_t kind = content_random(&random);
        SIZE_T bytes = kind % (kind % 64 ? 600 : 90000);
        DWORD error = NMERR_SUCCESS, since;
        unsigned char *block;
        if (blocks[which] && !content_holds(blocks[which], sizes[which], which))
            b->failures++;
        since = GetTickCount();
        if (blocks[which] && kind % 3 == 0) {
            error = nm.free(b->key, blocks[which]);
            block = NULL;
        } else {
            block = blocks[which] ? nm.realloc(b->key, blocks[which], bytes, &error)
                                  : nm.alloc(b->key, bytes, &error);
        }
        since = GetTickCount() - since;
        if (since > b->longest)
            b->longest = since;
        b->calls++;
        if (error != NMERR_SUCCESS) {
            b->failures++;
            continue;
        }
        blocks[which] = block;
        sizes[which] = bytes;
        if (block)
            content_fill(block, bytes, which);
        if (b->calls % 64 == 0)
            Sleep(0);
    }
    for (int i = 0; i < BYSTANDER_BLOCKS; i++)
        if (blocks[i] && (!content_holds(blocks[i], sizes[i], (uint32_t)i) ||
                          nm.free(b->key, blocks[i]) != NMERR_SUCCESS))
            b->failures++;
    return 0;
}

void bystander_begin(struct bystander *b, HEXPERTKEY key, uint32_t seed)
{
    memset(b, 0, sizeof *b);
    b->key = key;
    b->seed = seed;
    b->thread = soak_start(bystander_run, b);
}

void bystander_end(struct bystander *b)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};

    InterlockedExchange(&b->stop, 1);
    assert_true(soak_join(b->thread));
    assert_int_equal(b->failures, 0);
    assert_int_equal(nm.close(b->key, &usage), NMERR_SUCCESS);
    assert_int_equal(usage.LiveBlocks, 0);
    assert_int_equal(usage.LiveBytes, 0);
    assert_int_equal(usage.Refused, 0);
    assert_true(usage.Allocations > 0);
}
