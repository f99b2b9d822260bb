/* test_standin_thread.c - threads: how they end, are suspended and killed, and their TLS. */
#include "test_standin.h"

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
    assert_true(TerminateThread(thread, 5)); /* suspended as before */
    assert_int_equal(WaitForSingleObject(thread, PATIENCE), WAIT_OBJECT_0);
    CloseHandle(thread);

    thread = CreateThread(NULL, 0, wait_long, events, 0, NULL);
    assert_int_equal(WaitForSingleObject(events[1], PATIENCE), WAIT_OBJECT_0);
    assert_int_equal(WaitForSingleObject(events[1], 0), WAIT_TIMEOUT);
    assert_true(TerminateThread(thread, 5));
    assert_int_equal(WaitForSingleObject(thread, PATIENCE), WAIT_OBJECT_0);
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
        HANDLE thread = CreateThread(NULL, 0, test_allocate_for_ever, (LPVOID)&count, 0, NULL);
        while (__atomic_load_n(&count, __ATOMIC_ACQUIRE) < i % 8)
            SwitchToThread();
        assert_true(TerminateThread(thread, 77));
        assert_int_equal(WaitForSingleObject(thread, PATIENCE), WAIT_OBJECT_0);
        GetExitCodeThread(thread, &code);
        assert_int_equal(code, 77);
        CloseHandle(thread);
    }
    assert_int_equal(detached, 0);
    standin_get_usage(&usage);
    /* A kill between the two calls loses the region; nothing else may be lost. */
    assert_int_equal(usage.reserved - test_usage.reserved, usage.committed - test_usage.committed);
    left = (usage.reserved - test_usage.reserved) / GRANULE;
    assert_true(left <= 200);
    test_usage.reservations = usage.reservations;
    test_usage.reserved = usage.reserved;
    test_usage.committed = usage.committed;
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

/* The biased lock's protocol in small: a plain flag, taken away by a suspension. ThreadSanitizer
   must report nothing. */
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

int test_threads(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_thread_ends_and_tells_its_code),
        TEST(a_suspended_thread_stands_still),
        TEST(a_blocked_thread_can_be_suspended_and_killed),
        TEST(a_killed_thread_leaves_no_lock_and_no_detach),
        TEST(threads_attach_and_detach),
        TEST(a_thread_can_begin_suspended),
        TEST(suspension_takes_ownership_away),
        TEST(tls_is_each_threads_own),
    };

    return cmocka_run_group_tests_name("stand-in: threads", tests, NULL, NULL);
}
