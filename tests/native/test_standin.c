/* The stand-in keeps what it promises: whatever the other native tests find rests on it. */
#include <windows.h>

#include "standin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PAGE ((SIZE_T)4096)
#define GRANULE ((SIZE_T)65536)

static struct standin_usage before;

static int take_usage(void **state)
{
    (void)state;
    standin_get_usage(&before);
    return 0;
}

static int compare_usage(void **state)
{
    struct standin_usage after;

    (void)state;
    standin_fail_never();
    standin_on_call(NULL);
    standin_set_dllmain(NULL);
    standin_get_usage(&after);
    return memcmp(&before, &after, sizeof after) != 0;
}

static void write_byte(void *at)
{
    *(volatile char *)at = 1;
}

static void read_byte(void *at)
{
    (void)*(volatile char *)at;
}

static BOOL writable(void *at)
{
    return !standin_faults(write_byte, at, NULL);
}

static BOOL readable(void *at)
{
    return !standin_faults(read_byte, at, NULL);
}

/* Memory */

static void reservations_are_aligned_and_fault_until_committed(void **state)
{
    char *at = VirtualAlloc(NULL, 3 * GRANULE, MEM_RESERVE, PAGE_NOACCESS);

    (void)state;
    assert_non_null(at);
    assert_int_equal((ULONG_PTR)at % GRANULE, 0);
    assert_false(readable(at));
    assert_ptr_equal(VirtualAlloc(at + PAGE, 2 * PAGE, MEM_COMMIT, PAGE_READWRITE), at + PAGE);
    assert_false(readable(at));
    assert_true(writable(at + PAGE));
    assert_true(writable(at + 3 * PAGE - 1));
    assert_false(readable(at + 3 * PAGE));
    assert_true(VirtualFree(at, 0, MEM_RELEASE));
    assert_false(readable(at + PAGE));
}

static void recommitted_pages_are_zero(void **state)
{
    char *at = VirtualAlloc(NULL, GRANULE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

    (void)state;
    memset(at, 7, GRANULE);
    assert_true(VirtualFree(at + PAGE, PAGE, MEM_DECOMMIT));
    assert_false(readable(at + PAGE));
    assert_int_equal(at[0], 7);
    assert_non_null(VirtualAlloc(at, 3 * PAGE, MEM_COMMIT, PAGE_READWRITE));
    assert_int_equal(at[PAGE - 1], 7);
    assert_int_equal(at[PAGE], 0);
    assert_int_equal(at[2 * PAGE - 1], 0);
    assert_int_equal(at[2 * PAGE], 7);
    assert_true(VirtualFree(at, 0, MEM_RELEASE));
}

static void a_given_address_is_honoured_or_refused(void **state)
{
    char *at = VirtualAlloc(NULL, 4 * GRANULE, MEM_RESERVE, PAGE_NOACCESS);
    int local;

    (void)state;
    assert_null(VirtualAlloc(at + GRANULE, GRANULE, MEM_RESERVE, PAGE_NOACCESS));
    assert_int_equal(GetLastError(), ERROR_INVALID_ADDRESS);
    assert_true(VirtualFree(at, 0, MEM_RELEASE));
    assert_ptr_equal(VirtualAlloc(at + GRANULE, GRANULE, MEM_RESERVE, PAGE_NOACCESS), at + GRANULE);
    assert_null(VirtualAlloc(at, 2 * GRANULE, MEM_RESERVE, PAGE_NOACCESS));
    assert_ptr_equal(VirtualAlloc(at + 123, GRANULE - 123, MEM_RESERVE, PAGE_NOACCESS), at);
    assert_null(VirtualAlloc(&local, GRANULE, MEM_RESERVE, PAGE_NOACCESS));
    assert_true(VirtualFree(at, 0, MEM_RELEASE));
    assert_true(VirtualFree(at + GRANULE, 0, MEM_RELEASE));
}

static void only_whole_reservations_are_released(void **state)
{
    char *at = VirtualAlloc(NULL, 2 * GRANULE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

    (void)state;
    assert_false(VirtualFree(at, GRANULE, MEM_RELEASE));
    assert_false(VirtualFree(at + GRANULE, 0, MEM_RELEASE));
    assert_false(VirtualFree(&state, 0, MEM_RELEASE));
    assert_false(VirtualFree(NULL, 0, MEM_RELEASE));
    assert_true(writable(at));
    assert_true(VirtualFree(at, 0, MEM_RELEASE));
    assert_false(VirtualFree(at, 0, MEM_RELEASE));
}

static void commit_stays_inside_one_reservation(void **state)
{
    char *at = VirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_NOACCESS);

    (void)state;
    assert_null(VirtualAlloc(at + GRANULE - PAGE, 2 * PAGE, MEM_COMMIT, PAGE_READWRITE));
    assert_null(VirtualAlloc(&state, PAGE, MEM_COMMIT, PAGE_READWRITE));
    assert_null(VirtualAlloc(at, 0, MEM_COMMIT, PAGE_READWRITE));
    assert_null(VirtualAlloc(at, ~(SIZE_T)0, MEM_COMMIT, PAGE_READWRITE));
    assert_null(VirtualAlloc(NULL, ~(SIZE_T)0, MEM_RESERVE, PAGE_NOACCESS));
    assert_null(VirtualAlloc(NULL, (SIZE_T)1 << 47, MEM_RESERVE, PAGE_NOACCESS));
    assert_non_null(VirtualAlloc(at + GRANULE - PAGE, PAGE, MEM_COMMIT, PAGE_READWRITE));
    assert_true(VirtualFree(at, 0, MEM_RELEASE));
}

static void query_tells_state_and_extent(void **state)
{
    MEMORY_BASIC_INFORMATION info;
    char *at = VirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_NOACCESS);
    DWORD old;

    (void)state;
    VirtualAlloc(at + PAGE, 3 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    assert_int_equal(VirtualQuery(at + 5, &info, sizeof info), sizeof info);
    assert_ptr_equal(info.BaseAddress, at);
    assert_ptr_equal(info.AllocationBase, at);
    assert_int_equal(info.AllocationProtect, PAGE_NOACCESS);
    assert_int_equal(info.RegionSize, PAGE);
    assert_int_equal(info.State, MEM_RESERVE);
    assert_int_equal(info.Protect, 0);
    VirtualQuery(at + 2 * PAGE, &info, sizeof info);
    assert_ptr_equal(info.BaseAddress, at + 2 * PAGE);
    assert_ptr_equal(info.AllocationBase, at);
    assert_int_equal(info.RegionSize, 2 * PAGE);
    assert_int_equal(info.State, MEM_COMMIT);
    assert_int_equal(info.Protect, PAGE_READWRITE);
    assert_int_equal(info.Type, MEM_PRIVATE);
    assert_true(VirtualProtect(at + 3 * PAGE, 1, PAGE_READONLY, &old));
    assert_int_equal(old, PAGE_READWRITE);
    assert_false(writable(at + 3 * PAGE));
    assert_true(readable(at + 3 * PAGE));
    assert_false(VirtualProtect(at + 3 * PAGE, 2 * PAGE, PAGE_READWRITE, &old));
    assert_true(VirtualProtect(at + PAGE, PAGE, PAGE_READWRITE | PAGE_GUARD, &old));
    assert_false(readable(at + PAGE));
    VirtualQuery(at + PAGE, &info, sizeof info);
    assert_int_equal(info.Protect, PAGE_READWRITE | PAGE_GUARD);
    assert_int_equal(info.RegionSize, PAGE);
    assert_true(VirtualFree(at, 0, MEM_RELEASE));
    VirtualQuery(at, &info, sizeof info);
    assert_int_equal(info.State, MEM_FREE);
    assert_ptr_equal(info.BaseAddress, at);
    assert_true(info.RegionSize >= GRANULE);
    assert_int_equal(VirtualQuery((void *)0x7fffffff0000, &info, sizeof info), 0);
    assert_int_equal(VirtualQuery(&state, &info, sizeof info), sizeof info);
    assert_int_equal(info.State, MEM_COMMIT);
}

/* What a hunter for an aligned hole does; every free area that it meets can be had. */
static void a_walk_by_query_covers_all_and_finds_room(void **state)
{
    MEMORY_BASIC_INFORMATION info;
    ULONG_PTR at = 0;
    ULONG_PTR alignment = (ULONG_PTR)1 << 22;
    unsigned areas = 0, got = 0;

    (void)state;
    while (VirtualQuery((void *)at, &info, sizeof info)) {
        assert_ptr_equal(info.BaseAddress, (void *)at);
        assert_true(info.RegionSize > 0);
        areas++;
        if (info.State == MEM_FREE) {
            ULONG_PTR first = (at + alignment - 1) & ~(alignment - 1);
            if (first && first + alignment <= at + info.RegionSize) {
                void *room = VirtualAlloc((void *)first, alignment, MEM_RESERVE, PAGE_NOACCESS);
                if (room) {
                    got++;
                    assert_true(VirtualFree(room, 0, MEM_RELEASE));
                }
            }
        }
        at += info.RegionSize;
    }
    assert_int_equal(at, 0x7fffffff0000);
    assert_true(areas > 5);
    assert_true(got > 0);
}

static void many_reservations_are_found_again(void **state)
{
    enum { COUNT = 3000 };
    static char *at[COUNT];
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT; i++) {
        at[i] = VirtualAlloc(NULL, GRANULE * (1 + i % 5), MEM_RESERVE, PAGE_NOACCESS);
        assert_non_null(at[i]);
        assert_ptr_equal(VirtualAlloc(at[i], PAGE, MEM_COMMIT, PAGE_READWRITE), at[i]);
        memcpy(at[i], &i, sizeof i);
    }
    for (i = 0; i < COUNT; i += 2) {
        assert_true(VirtualFree(at[i], 0, MEM_RELEASE));
        at[i] = VirtualAlloc(NULL, GRANULE * (1 + i % 3), MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        assert_non_null(at[i]);
        memcpy(at[i], &i, sizeof i);
    }
    for (i = 0; i < COUNT; i++) {
        MEMORY_BASIC_INFORMATION info;
        assert_memory_equal(at[i], &i, sizeof i);
        VirtualQuery(at[i], &info, sizeof info);
        assert_ptr_equal(info.AllocationBase, at[i]);
        assert_true(VirtualFree(at[i], 0, MEM_RELEASE));
    }
}

static void the_commit_limit_holds(void **state)
{
    struct standin_usage usage;
    char *at = VirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_NOACCESS);

    (void)state;
    standin_get_usage(&usage);
    assert_int_equal(usage.reserved - before.reserved, GRANULE);
    standin_set_commit_limit(usage.committed + 2 * PAGE);
    assert_non_null(VirtualAlloc(at, 2 * PAGE, MEM_COMMIT, PAGE_READWRITE));
    assert_non_null(VirtualAlloc(at, 2 * PAGE, MEM_COMMIT, PAGE_READWRITE));
    assert_null(VirtualAlloc(at + 2 * PAGE, PAGE, MEM_COMMIT, PAGE_READWRITE));
    assert_int_equal(GetLastError(), ERROR_COMMITMENT_LIMIT);
    assert_null(VirtualAlloc(NULL, GRANULE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
    standin_set_commit_limit(0); /* the machine's */
    assert_non_null(VirtualAlloc(at + 2 * PAGE, PAGE, MEM_COMMIT, PAGE_READWRITE));
    standin_get_usage(&usage);
    assert_int_equal(usage.committed - before.committed, 3 * PAGE);
    assert_true(VirtualFree(at, 0, MEM_RELEASE));
}

/* Threads */

static DWORD WINAPI return_parameter(LPVOID parameter)
{
    return (DWORD)(ULONG_PTR)parameter;
}

static DWORD WINAPI exit_with_parameter(LPVOID parameter)
{
    ExitThread((DWORD)(ULONG_PTR)parameter);
}

static void a_thread_ends_and_tells_its_code(void **state)
{
    DWORD id, code;
    HANDLE thread = CreateThread(NULL, 0, return_parameter, (LPVOID)42, 0, &id);

    (void)state;
    assert_non_null(thread);
    assert_int_not_equal(id, GetCurrentThreadId());
    assert_int_equal(WaitForSingleObject(thread, INFINITE), WAIT_OBJECT_0);
    assert_int_equal(WaitForSingleObject(thread, 0), WAIT_OBJECT_0);
    assert_true(GetExitCodeThread(thread, &code));
    assert_int_equal(code, 42);
    assert_int_equal(SuspendThread(thread), (DWORD)-1);
    assert_false(TerminateThread(thread, 1));
    assert_true(CloseHandle(thread));
    assert_false(CloseHandle(thread));
    thread = CreateThread(NULL, 0, exit_with_parameter, (LPVOID)43, 0, NULL);
    assert_int_equal(WaitForSingleObject(thread, INFINITE), WAIT_OBJECT_0);
    GetExitCodeThread(thread, &code);
    assert_int_equal(code, 43);
    CloseHandle(thread);
}

struct spinner {
    volatile LONG count; /* runs while it is not suspended */
    volatile LONG stop;
    HANDLE own;
};

static DWORD WINAPI spin(LPVOID parameter)
{
    struct spinner *spinner = parameter;

    DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &spinner->own, 0,
                    FALSE, DUPLICATE_SAME_ACCESS);
    while (!__atomic_load_n(&spinner->stop, __ATOMIC_ACQUIRE))
        InterlockedIncrement(&spinner->count);
    return 0;
}

static LONG count_of(struct spinner *spinner)
{
    return __atomic_load_n(&spinner->count, __ATOMIC_ACQUIRE);
}

static void wait_for_progress(struct spinner *spinner)
{
    LONG seen = count_of(spinner);
    while (count_of(spinner) == seen)
        SwitchToThread();
}

static void a_suspended_thread_stands_still(void **state)
{
    struct spinner spinner = {0};
    HANDLE thread = CreateThread(NULL, 0, spin, &spinner, 0, NULL);
    CONTEXT context;
    LONG seen;
    int i;

    (void)state;
    for (i = 0; i < 300; i++) {
        wait_for_progress(&spinner);
        assert_int_equal(SuspendThread(spinner.own), 0);
        context.ContextFlags = CONTEXT_CONTROL;
        assert_true(GetThreadContext(spinner.own, &context));
        seen = count_of(&spinner);
        if (i % 16 == 0) {
            assert_int_equal(SuspendThread(thread), 1);
            Sleep(1);
            assert_int_equal(ResumeThread(thread), 2);
        }
        assert_int_equal(count_of(&spinner), seen);
        assert_true(GetThreadContext(thread, &context));
        assert_int_equal(ResumeThread(thread), 1);
    }
    assert_int_equal(ResumeThread(thread), 0);
    assert_int_equal(WaitForSingleObject(thread, 1), WAIT_TIMEOUT);
    __atomic_store_n(&spinner.stop, 1, __ATOMIC_RELEASE);
    assert_int_equal(WaitForSingleObject(thread, INFINITE), WAIT_OBJECT_0);
    assert_false(GetThreadContext(thread, &context));
    CloseHandle(spinner.own);
    CloseHandle(thread);
}

static DWORD WINAPI sleep_long(LPVOID parameter)
{
    InterlockedIncrement(parameter);
    Sleep(INFINITE);
    return 0;
}

static DWORD WINAPI wait_long(LPVOID parameter)
{
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL);

    *(HANDLE *)parameter = event;
    SetEvent(*((HANDLE *)parameter + 1));
    WaitForSingleObject(event, INFINITE);
    return 0;
}

static void a_blocked_thread_can_be_suspended_and_killed(void **state)
{
    volatile LONG began = 0;
    HANDLE events[2] = {NULL, CreateEventA(NULL, FALSE, FALSE, NULL)};
    CONTEXT context;
    HANDLE thread = CreateThread(NULL, 0, sleep_long, (LPVOID)&began, 0, NULL);

    (void)state;
    while (!__atomic_load_n(&began, __ATOMIC_ACQUIRE))
        Sleep(1);
    assert_int_equal(SuspendThread(thread), 0);
    context.ContextFlags = CONTEXT_CONTROL;
    assert_true(GetThreadContext(thread, &context));
    assert_true(TerminateThread(thread, 5)); /* suspended as it is */
    assert_int_equal(WaitForSingleObject(thread, 10000), WAIT_OBJECT_0);
    CloseHandle(thread);

    thread = CreateThread(NULL, 0, wait_long, events, 0, NULL);
    assert_int_equal(WaitForSingleObject(events[1], 10000), WAIT_OBJECT_0);
    assert_int_equal(WaitForSingleObject(events[1], 0), WAIT_TIMEOUT);
    assert_true(TerminateThread(thread, 5));
    assert_int_equal(WaitForSingleObject(thread, 10000), WAIT_OBJECT_0);
    CloseHandle(thread);
    CloseHandle(events[0]);
    CloseHandle(events[1]);
}

static volatile LONG attached, detached;

static BOOL WINAPI count_dllmain(HINSTANCE instance, DWORD reason, LPVOID reserved)
{
    (void)instance;
    assert_null(reserved);
    if (reason == DLL_THREAD_ATTACH)
        InterlockedIncrement(&attached);
    if (reason == DLL_THREAD_DETACH)
        InterlockedIncrement(&detached);
    return TRUE;
}

static DWORD WINAPI allocate_for_ever(LPVOID parameter)
{
    while (InterlockedIncrement(parameter)) {
        void *at = VirtualAlloc(NULL, GRANULE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        VirtualFree(at, 0, MEM_RELEASE);
    }
    return 0;
}

static void a_killed_thread_leaves_no_lock_and_no_detach(void **state)
{
    struct standin_usage usage;
    SIZE_T left;
    int i;

    (void)state;
    attached = 0;
    detached = 0;
    standin_set_dllmain(count_dllmain);
    for (i = 0; i < 200; i++) {
        volatile LONG count = 0;
        DWORD code;
        HANDLE thread = CreateThread(NULL, 0, allocate_for_ever, (LPVOID)&count, 0, NULL);
        while (__atomic_load_n(&count, __ATOMIC_ACQUIRE) < i % 8)
            SwitchToThread();
        assert_true(TerminateThread(thread, 77));
        assert_int_equal(WaitForSingleObject(thread, 10000), WAIT_OBJECT_0);
        GetExitCodeThread(thread, &code);
        assert_int_equal(code, 77);
        CloseHandle(thread);
    }
    assert_int_equal(detached, 0);
    standin_get_usage(&usage);
    /* A kill between the two calls loses the region; nothing else may be lost. */
    assert_int_equal(usage.reserved - before.reserved, usage.committed - before.committed);
    left = (usage.reserved - before.reserved) / GRANULE;
    assert_true(left <= 200);
    before.reservations = usage.reservations;
    before.reserved = usage.reserved;
    before.committed = usage.committed;
}

static void threads_attach_and_detach(void **state)
{
    HANDLE thread;

    (void)state;
    attached = 0;
    detached = 0;
    standin_set_dllmain(count_dllmain);
    thread = CreateThread(NULL, 0, return_parameter, NULL, 0, NULL);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    assert_int_equal(attached, 1);
    assert_int_equal(detached, 1);
    thread = CreateThread(NULL, 0, exit_with_parameter, NULL, 0, NULL);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    assert_int_equal(attached, 2);
    assert_int_equal(detached, 2);
}

static void a_thread_can_begin_suspended(void **state)
{
    struct spinner spinner = {0};
    HANDLE thread = CreateThread(NULL, 0, spin, &spinner, CREATE_SUSPENDED, NULL);

    (void)state;
    Sleep(5);
    assert_int_equal(count_of(&spinner), 0);
    assert_int_equal(ResumeThread(thread), 1);
    wait_for_progress(&spinner);
    assert_true(TerminateThread(thread, 0));
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(spinner.own);
    CloseHandle(thread);
}

/* The ownership protocol of the core in small: a plain flag, taken away by a suspension. Must be
   without a finding under ThreadSanitizer. */
struct owned {
    volatile LONG inside;
    volatile LONG revoked;
    LONG plain; /* the owner's, then the taker's */
    volatile LONG rounds;
};

static DWORD WINAPI own(LPVOID parameter)
{
    struct owned *owned = parameter;

    for (;;) {
        __atomic_store_n(&owned->inside, 1, __ATOMIC_RELEASE);
        if (__atomic_load_n(&owned->revoked, __ATOMIC_ACQUIRE)) {
            __atomic_store_n(&owned->inside, 0, __ATOMIC_RELEASE);
            return 0;
        }
        owned->plain++;
        owned->plain--;
        __atomic_store_n(&owned->inside, 0, __ATOMIC_RELEASE);
        InterlockedIncrement(&owned->rounds);
    }
}

static void suspension_takes_ownership_away(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < 100; i++) {
        struct owned owned = {0};
        CONTEXT context;
        HANDLE thread = CreateThread(NULL, 0, own, &owned, 0, NULL);
        while (__atomic_load_n(&owned.rounds, __ATOMIC_ACQUIRE) < 3)
            SwitchToThread();
        __atomic_store_n(&owned.revoked, 1, __ATOMIC_RELEASE);
        if (SuspendThread(thread) != (DWORD)-1) { /* else it has ended */
            context.ContextFlags = CONTEXT_CONTROL;
            assert_true(GetThreadContext(thread, &context));
            assert_int_equal(ResumeThread(thread), 1);
        }
        while (__atomic_load_n(&owned.inside, __ATOMIC_ACQUIRE))
            SwitchToThread();
        assert_int_equal(owned.plain, 0);
        owned.plain = 1;
        WaitForSingleObject(thread, INFINITE);
        assert_int_equal(owned.plain, 1);
        CloseHandle(thread);
    }
}

/* TLS */

static DWORD WINAPI use_tls(LPVOID parameter)
{
    DWORD index = *(DWORD *)parameter;

    if (TlsGetValue(index) != NULL)
        return 1;
    TlsSetValue(index, &index);
    return TlsGetValue(index) == &index ? 0 : 2;
}

static void tls_is_each_threads_own(void **state)
{
    int round;

    (void)state;
    for (round = 0; round < 2; round++) {
        DWORD index, again, code;
        HANDLE thread;
        standin_use_tls_expansion(round);
        index = TlsAlloc();
        standin_use_tls_expansion(FALSE);
        assert_true(round ? index >= 64 : index < 64);
        assert_null(TlsGetValue(index));
        assert_true(TlsSetValue(index, &round));
        if (!round)
            assert_int_equal(__readgsqword(0x1480 + index * 8), (ULONG_PTR)&round);
        thread = CreateThread(NULL, 0, use_tls, &index, 0, NULL);
        WaitForSingleObject(thread, INFINITE);
        GetExitCodeThread(thread, &code);
        assert_int_equal(code, 0);
        CloseHandle(thread);
        assert_ptr_equal(TlsGetValue(index), &round);
        assert_true(TlsFree(index));
        assert_false(TlsFree(index));
        standin_use_tls_expansion(round);
        again = TlsAlloc();
        standin_use_tls_expansion(FALSE);
        assert_int_equal(again, index);
        assert_null(TlsGetValue(again));
        assert_true(TlsFree(again));
    }
}

/* Injected failures */

static void the_nth_call_fails_once_or_from_then_on(void **state)
{
    unsigned long commits = standin_calls("VirtualAlloc.commit");
    char *at = VirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_NOACCESS);

    (void)state;
    standin_fail_at("VirtualAlloc", 2, FALSE);
    assert_non_null(VirtualAlloc(at, PAGE, MEM_COMMIT, PAGE_READWRITE));
    assert_null(VirtualAlloc(at, PAGE, MEM_COMMIT, PAGE_READWRITE));
    assert_int_equal(GetLastError(), ERROR_NOT_ENOUGH_MEMORY);
    assert_non_null(VirtualAlloc(at, PAGE, MEM_COMMIT, PAGE_READWRITE));
    assert_int_equal(standin_failed(), 1);
    standin_fail_at("VirtualAlloc.commit", 1, TRUE);
    assert_null(VirtualAlloc(at, PAGE, MEM_COMMIT, PAGE_READWRITE));
    assert_null(VirtualAlloc(at, PAGE, MEM_COMMIT, PAGE_READWRITE));
    assert_true(VirtualFree(at, PAGE, MEM_DECOMMIT));
    assert_int_equal(standin_failed(), 2);
    standin_fail_never();
    assert_int_equal(standin_calls("VirtualAlloc.commit") - commits, 5);
    standin_fail_at(NULL, 2, FALSE);
    assert_non_null(VirtualAlloc(at, PAGE, MEM_COMMIT, PAGE_READWRITE));
    assert_false(VirtualFree(at, 0, MEM_RELEASE));
    assert_true(VirtualFree(at, 0, MEM_RELEASE));
    standin_fail_never();
}

static unsigned hook_calls;

static void kill_at_third(const char *name, BOOL after)
{
    (void)name;
    (void)after;
    if (++hook_calls == 3)
        TerminateThread(GetCurrentThread(), 9);
}

static void a_hook_can_kill_at_a_call(void **state)
{
    volatile LONG count = 0;
    HANDLE thread;
    DWORD code;

    (void)state;
    hook_calls = 0;
    standin_on_call(kill_at_third);
    thread = CreateThread(NULL, 0, allocate_for_ever, (LPVOID)&count, 0, NULL);
    while (GetExitCodeThread(thread, &code) && code == STILL_ACTIVE)
        SwitchToThread();
    standin_on_call(NULL);
    assert_int_equal(code, 9);
    assert_int_equal(count, 1); /* alloc before and after, free before */
    assert_int_equal(hook_calls, 3);
    CloseHandle(thread);
    standin_get_usage(&before); /* its region is lost */
}

static void some_work(void *argument)
{
    volatile LONG *count = argument;
    int i;

    for (i = 0; i < 10; i++) {
        void *at = VirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_NOACCESS);
        *count = *count + 1;
        VirtualFree(at, 0, MEM_RELEASE);
    }
}

static void note_count(void *argument)
{
    LONG *counts = argument;
    counts[1] = counts[0];
}

static void single_steps_reach_every_instruction(void **state)
{
    LONG counts[2] = {0, -1};
    LONG last = 0;
    unsigned long all, n;

    (void)state;
    if (standin_under_tsan())
        skip();
    all = standin_step(some_work, counts, ~0UL, note_count, counts);
    assert_int_equal(counts[0], 10);
    assert_int_equal(counts[1], -1);
    assert_true(all > 50);
    assert_true(all < 5000);
    for (n = 0; n < all; n += 7) {
        counts[0] = 0;
        counts[1] = -1;
        assert_int_equal(standin_step(some_work, counts, n, note_count, counts), n);
        assert_int_equal(counts[0], 10);
        assert_true(counts[1] >= last);
        last = counts[1];
    }
    assert_true(last >= 9);
}

static void kill_self(void *argument)
{
    (void)argument;
    TerminateThread(GetCurrentThread(), 3);
}

struct stepped {
    unsigned long n;
    volatile LONG count;
};

static DWORD WINAPI step_and_die(LPVOID parameter)
{
    struct stepped *stepped = parameter;

    standin_step(some_work, (void *)&stepped->count, stepped->n, kill_self, NULL);
    return 4;
}

static void a_thread_can_be_killed_at_each_step(void **state)
{
    unsigned killed = 0;
    DWORD code = 3;
    struct stepped stepped = {0, 0};

    (void)state;
    if (standin_under_tsan())
        skip();
    for (; code == 3; stepped.n += 23) {
        HANDLE thread = CreateThread(NULL, 0, step_and_die, &stepped, 0, NULL);
        assert_int_equal(WaitForSingleObject(thread, 10000), WAIT_OBJECT_0);
        GetExitCodeThread(thread, &code);
        killed += code == 3;
        CloseHandle(thread);
    }
    assert_int_equal(code, 4);
    assert_true(killed > 5);
    standin_get_usage(&before); /* regions are lost */
}

/* The rest */

static void debug_text_is_collected(void **state)
{
    (void)state;
    standin_clear_debug_text();
    OutputDebugStringA("one\n");
    OutputDebugStringA("two\n");
    assert_string_equal(standin_debug_text(), "one\ntwo\n");
    standin_clear_debug_text();
    assert_string_equal(standin_debug_text(), "");
}

static void environment_sizes_are_those_of_windows(void **state)
{
    char text[8] = "before";

    (void)state;
    assert_true(SetEnvironmentVariableA("STANDIN_TEST", "seven77"));
    assert_int_equal(GetEnvironmentVariableA("STANDIN_TEST", text, 7), 8);
    assert_string_equal(text, "before");
    assert_int_equal(GetEnvironmentVariableA("STANDIN_TEST", text, 8), 7);
    assert_string_equal(text, "seven77");
    assert_true(SetEnvironmentVariableA("STANDIN_TEST", NULL));
    assert_int_equal(GetEnvironmentVariableA("STANDIN_TEST", text, 8), 0);
    assert_int_equal(GetLastError(), ERROR_ENVVAR_NOT_FOUND);
}

static void files_append(void **state)
{
    const char *name = "test_standin.txt";
    char text[16] = "";
    DWORD bytes;
    HANDLE file;
    int i;

    (void)state;
    DeleteFileA(name);
    assert_ptr_equal(CreateFileA(name, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL),
                     INVALID_HANDLE_VALUE);
    for (i = 0; i < 2; i++) {
        file = CreateFileA(name, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_ALWAYS, 0, NULL);
        assert_ptr_not_equal(file, INVALID_HANDLE_VALUE);
        assert_int_equal(SetFilePointer(file, 0, NULL, FILE_END), (DWORD)i * 3);
        assert_true(WriteFile(file, "abc", 3, &bytes, NULL));
        assert_int_equal(bytes, 3);
        assert_true(CloseHandle(file));
    }
    file = CreateFileA(name, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    assert_true(ReadFile(file, text, sizeof text - 1, &bytes, NULL));
    assert_string_equal(text, "abcabc");
    CloseHandle(file);
    assert_true(DeleteFileA(name));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, take_usage, compare_usage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reservations_are_aligned_and_fault_until_committed),
        TEST(recommitted_pages_are_zero),
        TEST(a_given_address_is_honoured_or_refused),
        TEST(only_whole_reservations_are_released),
        TEST(commit_stays_inside_one_reservation),
        TEST(query_tells_state_and_extent),
        TEST(a_walk_by_query_covers_all_and_finds_room),
        TEST(many_reservations_are_found_again),
        TEST(the_commit_limit_holds),
        TEST(a_thread_ends_and_tells_its_code),
        TEST(a_suspended_thread_stands_still),
        TEST(a_blocked_thread_can_be_suspended_and_killed),
        TEST(a_killed_thread_leaves_no_lock_and_no_detach),
        TEST(threads_attach_and_detach),
        TEST(a_thread_can_begin_suspended),
        TEST(suspension_takes_ownership_away),
        TEST(tls_is_each_threads_own),
        TEST(the_nth_call_fails_once_or_from_then_on),
        TEST(a_hook_can_kill_at_a_call),
        TEST(single_steps_reach_every_instruction),
        TEST(a_thread_can_be_killed_at_each_step),
        TEST(debug_text_is_collected),
        TEST(environment_sizes_are_those_of_windows),
        TEST(files_append),
    };

    return cmocka_run_group_tests_name("stand-in", tests, NULL, NULL);
}
