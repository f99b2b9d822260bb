/* test_standin_failures.c - calls that fail, and threads killed at a call or an instruction. */
#include "test_standin.h"

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

static void system_calls_are_counted_by_kind(void **state)
{
    unsigned long before[STANDIN_KINDS], more[STANDIN_KINDS];
    DWORD slot;
    void *at;
    int i;

    (void)state;
    for (i = 0; i < STANDIN_KINDS; i++)
        before[i] = standin_system_calls((enum standin_kind)i);
    at = VirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_NOACCESS);
    VirtualAlloc(at, PAGE, MEM_COMMIT, PAGE_READWRITE);
    VirtualFree(at, 0, MEM_RELEASE);
    VirtualFree(at, 0, MEM_RELEASE); /* fails, and counts */
    WaitForSingleObject(GetCurrentThread(), 0);
    Sleep(0);
    Sleep(1);
    slot = TlsAlloc();
    TlsFree(slot);
    GetFileAttributesA("test_standin.none");
    for (i = 0; i < STANDIN_KINDS; i++)
        more[i] = standin_system_calls((enum standin_kind)i) - before[i];
    assert_int_equal(more[STANDIN_MEMORY], 4);
    assert_int_equal(more[STANDIN_THREADS], 3);
    assert_int_equal(more[STANDIN_FILES], 1);
    assert_int_equal(more[STANDIN_NONE], 2);
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
    thread = CreateThread(NULL, 0, test_allocate_for_ever, (LPVOID)&count, 0, NULL);
    while (GetExitCodeThread(thread, &code) && code == STILL_ACTIVE)
        SwitchToThread();
    standin_on_call(NULL);
    assert_int_equal(code, 9);
    assert_int_equal(count, 1); /* alloc before and after, free before */
    assert_int_equal(hook_calls, 3);
    CloseHandle(thread);
    standin_get_usage(&test_usage); /* its region is lost */
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
        assert_int_equal(WaitForSingleObject(thread, PATIENCE), WAIT_OBJECT_0);
        GetExitCodeThread(thread, &code);
        killed += code == 3;
        CloseHandle(thread);
    }
    assert_int_equal(code, 4);
    assert_true(killed > 5);
    standin_get_usage(&test_usage); /* regions are lost */
}

int test_failures(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(the_nth_call_fails_once_or_from_then_on),
        TEST(system_calls_are_counted_by_kind),
        TEST(a_hook_can_kill_at_a_call),
        TEST(single_steps_reach_every_instruction),
        TEST(a_thread_can_be_killed_at_each_step),
    };

    return cmocka_run_group_tests_name("stand-in: failures", tests, NULL, NULL);
}
