/* test_forward_threads.c - threads that call while functions are supplied and taken back, and while
   the original is loaded. */
#include "forward.h"

enum { THREADS = 4 };

static volatile LONG stop, strange, answered[4];
static HANDLE go;

static DWORD WINAPI answer_a(LPVOID frame)
{
    (void)frame;
    return 0xAAAA;
}

static DWORD WINAPI answer_b(LPVOID frame)
{
    (void)frame;
    return 0xBBBB;
}

static DWORD WINAPI call_without_end(LPVOID context)
{
    forward_one_argument function =
        (forward_one_argument)(ULONG_PTR)forward_function(forward_dll, "GetFrameLength");
    forward_one_argument guarded =
        (forward_one_argument)(ULONG_PTR)forward_function(forward_dll, "GetFrameMacType");
    (void)context;
    while (!stop) {
        DWORD answer = function(NULL);
        InterlockedIncrement(&answered[answer == 0 ? 0 : answer == 0xAAAA ? 1 : 2]);
        if (answer != 0 && answer != 0xAAAA && answer != 0xBBBB)
            InterlockedIncrement(&strange);
        answer = guarded(NULL);
        if (answer != 0 && answer != 0xAAAA)
            InterlockedIncrement(&strange);
    }
    return 0;
}

static void functions_come_and_go_while_threads_call(void **state)
{
    HANDLE threads[THREADS];
    (void)state;
    forward_load(NULL);
    stop = strange = 0;
    memset((void *)answered, 0, sizeof answered);
    for (int i = 0; i < THREADS; i++)
        threads[i] = CreateThread(NULL, 0, call_without_end, NULL, 0, NULL);
    FARPROC a = (FARPROC)(ULONG_PTR)answer_a;
    FARPROC b = (FARPROC)(ULONG_PTR)answer_b;
    /* Runs until every thread has had each of the three results often enough; the test's time limit
       bounds it. */
    for (int i = 0; i < 600 || answered[0] < 200 || answered[1] < 200 || answered[2] < 200; i++) {
        FARPROC next = i % 3 == 0 ? a : i % 3 == 1 ? b : NULL;
        assert_int_equal(forward_set("GetFrameLength", next), NMERR_SUCCESS);
        assert_true(forward_get("GetFrameLength") == next);
        assert_int_equal(forward_set("GetFrameMacType", i & 1 ? a : NULL), NMERR_SUCCESS);
        if (i % 16 == 0)
            Sleep(0);
    }
    stop = 1;
    WaitForMultipleObjects(THREADS, threads, TRUE, INFINITE);
    for (int i = 0; i < THREADS; i++)
        CloseHandle(threads[i]);
    assert_int_equal(strange, 0);
}

static DWORD WINAPI call_once(LPVOID context)
{
    forward_one_argument function =
        (forward_one_argument)(ULONG_PTR)forward_function(forward_dll, "GetFrameLength");
    WaitForSingleObject(go, INFINITE);
    *(DWORD *)context = function(NULL);
    return 0;
}

static void threads_that_need_the_original_at_once_all_get_it(void **state)
{
    (void)state;
    forward_copy_in(forward_original_file, "Nmapi.original.dll");
    for (int round = 0; round < 20; round++) {
        HANDLE threads[THREADS];
        DWORD answers[THREADS];
        forward_load(NULL);
        go = CreateEventA(NULL, TRUE, FALSE, NULL);
        for (int i = 0; i < THREADS; i++)
            threads[i] = CreateThread(NULL, 0, call_once, &answers[i], 0, NULL);
        SetEvent(go);
        WaitForMultipleObjects(THREADS, threads, TRUE, INFINITE);
        for (int i = 0; i < THREADS; i++) {
            CloseHandle(threads[i]);
            assert_int_equal(answers[i], forward_original_frame_length());
        }
        CloseHandle(go);
        /* The threads that were too late released their references: one is left. */
        HMODULE original = forward_original_module();
        assert_non_null(original);
        FreeLibrary(original);
        assert_null(forward_original_module());
        forward_unload();
    }
}

int forward_test_threads(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(functions_come_and_go_while_threads_call),
        TEST(threads_that_need_the_original_at_once_all_get_it),
    };

    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
