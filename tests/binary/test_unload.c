/* test_unload.c - a thousand rounds of LoadLibrary, use with blocks left live, and FreeLibrary
   leave nothing behind. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <windows.h>

#include "nmapi.h"

#define ROUNDS 1000
#define WARM_UP 20 /* rounds until the system's own pools have their size */
/* The loader's own memory varies by a page; a leak of one page a round is 60 times this. */
#define SLACK ((SIZE_T)64 << 10)

static HMODULE module;
static PFN_ExpertAllocMemory expert_alloc;
static PFN_ExpertReallocMemory expert_realloc;
static PFN_ExpertFreeMemory expert_free;
static PFN_NmapiOpenExpert open_expert;

/* The functions' pointers have other types than FARPROC; a cast through void * avoids a warning. */
static void *find(HMODULE library, const char *name)
{
    return (void *)(ULONG_PTR)GetProcAddress(library, name);
}

static void load(void)
{
    module = LoadLibraryA("Nmapi.dll");
    assert_non_null(module);
    expert_alloc = (PFN_ExpertAllocMemory)find(module, "ExpertAllocMemory");
    expert_realloc = (PFN_ExpertReallocMemory)find(module, "ExpertReallocMemory");
    expert_free = (PFN_ExpertFreeMemory)find(module, "ExpertFreeMemory");
    open_expert = (PFN_NmapiOpenExpert)find(module, "NmapiOpenExpert");
    assert_non_null(expert_alloc);
    assert_non_null(expert_realloc);
    assert_non_null(expert_free);
    assert_non_null(open_expert);
}

static void unload(void)
{
    assert_true(FreeLibrary(module));
    assert_null(GetModuleHandleA("Nmapi.dll"));
}

/* Small, large, freed and grown blocks; most stay alive. */
static DWORD use(ULONG_PTR key)
{
    HEXPERTKEY expert = (HEXPERTKEY)key;
    DWORD error = 1;
    void *block = NULL;

    for (SIZE_T bytes = 1; bytes < 100000; bytes = bytes * 3 + 1) {
        block = expert_alloc(expert, bytes, &error);
        if (!block || error)
            return 1;
        memset(block, 0x5a, bytes);
    }
    block = expert_realloc(expert, block, 3000000, &error);
    if (!block || error)
        return 2;
    block = expert_alloc(expert, 40, &error);
    return expert_free(expert, block) ? 3 : 0;
}

/* A thread that lives through all rounds and calls in each. */
static HANDLE wake, done;
static volatile LONG finished;
static DWORD companion_result;

static DWORD WINAPI companion(void *unused)
{
    (void)unused;
    for (;;) {
        WaitForSingleObject(wake, INFINITE);
        if (finished)
            return 0;
        companion_result = use(0x7000);
        SetEvent(done);
    }
}

static DWORD WINAPI visitor(void *key)
{
    return use((ULONG_PTR)key);
}

static void round_of_use(unsigned round)
{
    HANDLE thread;
    DWORD result = 9;

    load();
    assert_int_equal(open_expert((HEXPERTKEY)0x5000, NULL), 0);
    assert_int_equal(use(0x5000), 0);
    assert_int_equal(use(0x6000 + round * 16), 0);
    SetEvent(wake);
    assert_int_equal(WaitForSingleObject(done, 30000), WAIT_OBJECT_0);
    assert_int_equal(companion_result, 0);
    if (round % 8 == 0) { /* a thread that ends before the DLL goes */
        thread = CreateThread(NULL, 0, visitor, (void *)0x8000, 0, NULL);
        assert_non_null(thread);
        assert_int_equal(WaitForSingleObject(thread, 30000), WAIT_OBJECT_0);
        assert_true(GetExitCodeThread(thread, &result));
        assert_int_equal(result, 0);
        CloseHandle(thread);
    }
    unload();
}

struct standing {
    SIZE_T committed;
    SIZE_T reserved; /* committed or not */
    DWORD handles;
    DWORD tls_index; /* the one that TlsAlloc gives next */
};

/* Counts one by one: GetProcessHandleCount is newer than Windows 2000, and does nothing in Wine
   8. */
static DWORD count_handles(void)
{
    DWORD count = 0;
    DWORD flags;

    for (ULONG_PTR value = 4; value < 0x10000; value += 4)
        if (GetHandleInformation((HANDLE)value, &flags))
            count++;
    return count;
}

static struct standing take_stock(void)
{
    struct standing now = {0, 0, 0, 0};
    MEMORY_BASIC_INFORMATION area;
    char *at = NULL;

    while (VirtualQuery(at, &area, sizeof area) == sizeof area) {
        if (area.State != MEM_FREE && area.Type == MEM_PRIVATE) {
            now.reserved += area.RegionSize;
            if (area.State == MEM_COMMIT)
                now.committed += area.RegionSize;
        }
        if ((char *)area.BaseAddress + area.RegionSize <= at)
            break;
        at = (char *)area.BaseAddress + area.RegionSize;
    }
    now.handles = count_handles();
    now.tls_index = TlsAlloc();
    assert_int_not_equal(now.tls_index, TLS_OUT_OF_INDEXES);
    TlsFree(now.tls_index);
    return now;
}

static void thousand_rounds_leave_nothing_behind(void **state)
{
    HANDLE thread;
    struct standing before, after;

    (void)state;
    wake = CreateEventA(NULL, FALSE, FALSE, NULL);
    done = CreateEventA(NULL, FALSE, FALSE, NULL);
    thread = CreateThread(NULL, 0, companion, NULL, 0, NULL);
    assert_non_null(thread);

    for (unsigned round = 0; round < WARM_UP; round++)
        round_of_use(round);
    before = take_stock();
    for (unsigned round = 0; round < ROUNDS; round++)
        round_of_use(round);
    after = take_stock();

    print_message("committed %lu -> %lu KiB, reserved %lu -> %lu KiB, handles %lu -> %lu\n",
                  (unsigned long)(before.committed >> 10), (unsigned long)(after.committed >> 10),
                  (unsigned long)(before.reserved >> 10), (unsigned long)(after.reserved >> 10),
                  (unsigned long)before.handles, (unsigned long)after.handles);
    assert_true(after.committed <= before.committed + SLACK);
    assert_true(after.reserved <= before.reserved + SLACK);
    assert_true(after.handles <= before.handles);
    assert_int_equal(after.tls_index, before.tls_index);

    finished = 1;
    SetEvent(wake);
    WaitForSingleObject(thread, 30000);
    CloseHandle(thread);
    CloseHandle(wake);
    CloseHandle(done);
}

/* The measurement itself must detect a leak of each kind. */
static void the_measurement_detects_a_leak(void **state)
{
    struct standing before = take_stock();
    struct standing after;
    void *memory = VirtualAlloc(NULL, 2 * SLACK, MEM_COMMIT, PAGE_READWRITE);
    HANDLE handle = CreateEventA(NULL, FALSE, FALSE, NULL);
    DWORD index = TlsAlloc();

    (void)state;
    after = take_stock();
    assert_true(after.committed > before.committed + SLACK);
    assert_true(after.reserved > before.reserved + SLACK);
    assert_true(after.handles > before.handles);
    assert_int_not_equal(after.tls_index, before.tls_index);
    TlsFree(index);
    CloseHandle(handle);
    VirtualFree(memory, 0, MEM_RELEASE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_measurement_detects_a_leak),
        cmocka_unit_test(thousand_rounds_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
