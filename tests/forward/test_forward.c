/*
 * What an exported function that is not ours does: in each state every one is called through the
 * DLL with the stack, the registers and the result checked.
 *
 *   test_forward Nmapi.dll ORIGINAL.dll DLLMAIN_CALLER.dll BACKWARD.dll FOLDER
 */
#include "forward.h"

#include <stdio.h>

static void every_function_of_microsofts_is_in_the_table(void **state)
{
    int microsofts = 0;
    (void)state;
    for (int row = 0; row < EXPORT_ROWS; row++)
        microsofts += exports[row].provider != PROVIDER_OURS || forward_is_memory_function(row);
    assert_int_equal(microsofts, 211);
}

static void with_nothing_behind_each_fails_in_its_way(void **state)
{
    (void)state;
    forward_load(NULL);
    for (int row = 0; row < EXPORT_ROWS; row++) {
        if (forward_is_memory_function(row))
            forward_check_memory_function(row);
        else if (exports[row].provider != PROVIDER_OURS)
            forward_check_failure(row);
    }
    for (int row = 0; row < EXPORT_ROWS; row++)
        if (exports[row].provider != PROVIDER_OURS)
            forward_check_failure(row); /* not only the first time */
}

static void the_first_failure_of_each_is_reported_in_one_line(void **state)
{
    int expected = 0;
    (void)state;
    forward_load(NULL);
    for (int round = 0; round < 2; round++)
        for (int row = 0; row < EXPORT_ROWS; row++)
            if (exports[row].provider != PROVIDER_OURS)
                forward_check_failure(row);
    for (int row = 0; row < EXPORT_ROWS; row++) {
        char text[64];
        if (exports[row].provider == PROVIDER_OURS)
            continue;
        snprintf(text, sizeof text, "Nmapi: %s: ", exports[row].name);
        if (forward_lines_with(text) != 1)
            fail_msg("%d lines name %s", forward_lines_with(text), exports[row].name);
        expected++;
    }
    assert_int_equal(forward_line_count, expected);
}

static void a_host_function_gets_what_the_caller_passed(void **state)
{
    (void)state;
    forward_load(NULL);
    for (int row = 0; row < EXPORT_ROWS; row++) {
        if (exports[row].provider == PROVIDER_OURS)
            continue;
        forward_supply(row);
        forward_check_recorded(row, HOST_TAG, &recorded);
    }
    for (int row = 0; row < EXPORT_ROWS; row++)
        if (forward_is_memory_function(row))
            forward_check_memory_function(row);
    assert_int_equal(forward_line_count, 0);
}

static void a_function_taken_back_fails_again(void **state)
{
    (void)state;
    forward_load(NULL);
    for (int row = 0; row < EXPORT_ROWS; row++) {
        if (exports[row].provider == PROVIDER_OURS)
            continue;
        forward_supply(row);
        forward_take_back(row);
        forward_check_failure(row);
        forward_supply(row);
        forward_check_recorded(row, HOST_TAG, &recorded);
    }
}

static void names_that_a_host_may_not_supply_are_refused(void **state)
{
    static const char *const refused[] = {"",
                                          "NoSuchFunction",
                                          "getframelength",
                                          "GetFrameLengt",
                                          "GetFrameLengthX",
                                          "GetFrame ",
                                          "ExpertAllocMemory",
                                          "ExpertReallocMemory",
                                          "ExpertFreeMemory",
                                          "ExpertMemorySize",
                                          "NmapiOpenExpert",
                                          "NmapiSetFunction"};
    FARPROC function = (FARPROC)(ULONG_PTR)exports[0].recorder;
    (void)state;
    forward_load(NULL);
    assert_int_equal(forward_set(NULL, function), NMERR_INVALID_PARAMETER);
    assert_null(forward_get(NULL));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_int_equal(forward_set(refused[i], function), NMERR_INVALID_PARAMETER);
        assert_int_equal(forward_set(refused[i], NULL), NMERR_INVALID_PARAMETER);
        assert_null(forward_get(refused[i]));
    }
}

static void a_function_of_our_own_is_refused(void **state)
{
    (void)state;
    forward_load(NULL);
    FARPROC own = forward_function(forward_dll, "GetFrameLength");
    assert_int_equal(forward_set("GetFrameLength", own), NMERR_INVALID_PARAMETER);
    assert_int_equal(forward_call_frame_length(), 0);
}

static void what_nobody_supplies_says_so_where_it_can(void **state)
{
    DWORD(WINAPI * last_error)(void);
    (void)state;
    forward_load(NULL);
    last_error = (DWORD(WINAPI *)(void))(ULONG_PTR)forward_function(forward_dll, "BHGetLastError");
    for (int i = 0; i < 2; i++)
        assert_int_equal(last_error(), NMERR_NOT_SUPPORTED);
}

static void the_last_error_survives_a_failing_call(void **state)
{
    (void)state;
    forward_load("original=Q:\\no\\such\\file.dll");
    SetLastError(4711);
    forward_call_frame_length();
    assert_int_equal(GetLastError(), 4711);
}

static void a_stack_walk_from_the_resolver_reaches_the_caller(void **state)
{
    (void)state;
    forward_load(NULL);
    forward_walk_wanted = 1;
    forward_walk_reached = 0;
    forward_check_failure(forward_row("GetFrameLength"));
    forward_walk_wanted = 0;
    assert_int_equal(forward_walk_reached, 1);
}

/* Termination */

static DWORD host_call(const char *name, HEXPERTKEY key)
{
    DWORD(WINAPI * function)
    (HEXPERTKEY) = (DWORD(WINAPI *)(HEXPERTKEY))(ULONG_PTR)forward_function(forward_dll, name);
    return function(key);
}

static DWORD host_call_2(const char *name, HEXPERTKEY key)
{
    DWORD(WINAPI * function)
    (HEXPERTKEY, void *) =
        (DWORD(WINAPI *)(HEXPERTKEY, void *))(ULONG_PTR)forward_function(forward_dll, name);
    return function(key, NULL);
}

static ULONGLONG call_with_key(int row, HEXPERTKEY key)
{
    checked_call call;
    memset(&call, 0, sizeof call);
    call.function = (void *)(ULONG_PTR)forward_function(forward_dll, exports[row].name);
    call.arguments[0] = (ULONG_PTR)key;
    call_checked(&call);
    assert_true(call.preserved);
    assert_int_equal(call.popped, exports[row].popped);
    return call.result;
}

static void check_guarded(HEXPERTKEY key, BOOL stopped, BOOL supplied)
{
    int count = 0;
    for (int row = 0; row < EXPORT_ROWS; row++) {
        if (exports[row].provider != PROVIDER_GUARDED)
            continue;
        DWORD calls = recorded.calls;
        ULONGLONG result = call_with_key(row, key);
        if (stopped)
            assert_int_equal((DWORD)result, NMERR_EXPERT_TERMINATE);
        else if (supplied)
            assert_true(result == RECORDER_RESULT(HOST_TAG, (ULONGLONG)row));
        else
            assert_int_equal((DWORD)result, NMERR_NOT_SUPPORTED);
        assert_int_equal(recorded.calls, calls + (supplied && !stopped));
        count++;
    }
    assert_int_equal(count, 4);
}

static void check_life_of_a_key(BOOL supplied)
{
    HEXPERTKEY key = (HEXPERTKEY)(ULONG_PTR)0x1230;
    HEXPERTKEY other = (HEXPERTKEY)(ULONG_PTR)0x4560;
    check_guarded(NULL, FALSE, supplied);
    check_guarded(key, FALSE, supplied); /* never seen */
    assert_int_equal(host_call_2("NmapiOpenExpert", key), NMERR_SUCCESS);
    assert_int_equal(host_call_2("NmapiOpenExpert", other), NMERR_SUCCESS);
    check_guarded(key, FALSE, supplied);
    assert_int_equal(host_call("NmapiTerminateExpert", key), NMERR_SUCCESS);
    check_guarded(key, TRUE, supplied);
    check_guarded(other, FALSE, supplied);
    assert_int_equal(host_call_2("NmapiCloseExpert", key), NMERR_SUCCESS);
    check_guarded(key, TRUE, supplied);
    assert_int_equal(host_call_2("NmapiOpenExpert", key), NMERR_SUCCESS);
    check_guarded(key, FALSE, supplied);
    assert_int_equal(host_call_2("NmapiCloseExpert", key), NMERR_SUCCESS);
    assert_int_equal(host_call_2("NmapiCloseExpert", other), NMERR_SUCCESS);
}

static void four_functions_tell_a_stopped_expert_to_terminate(void **state)
{
    (void)state;
    forward_load(NULL);
    for (int row = 0; row < EXPORT_ROWS; row++)
        if (exports[row].provider == PROVIDER_GUARDED)
            forward_supply(row);
    check_life_of_a_key(TRUE);
}

static void termination_is_told_with_nothing_behind_too(void **state)
{
    (void)state;
    forward_load(NULL);
    check_life_of_a_key(FALSE);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(every_function_of_microsofts_is_in_the_table),
        TEST(with_nothing_behind_each_fails_in_its_way),
        TEST(the_first_failure_of_each_is_reported_in_one_line),
        TEST(a_host_function_gets_what_the_caller_passed),
        TEST(a_function_taken_back_fails_again),
        TEST(names_that_a_host_may_not_supply_are_refused),
        TEST(a_function_of_our_own_is_refused),
        TEST(what_nobody_supplies_says_so_where_it_can),
        TEST(the_last_error_survives_a_failing_call),
        TEST(a_stack_walk_from_the_resolver_reaches_the_caller),
        TEST(four_functions_tell_a_stopped_expert_to_terminate),
        TEST(termination_is_told_with_nothing_behind_too),
    };
    int failed;

    if (argc != 6) {
        fprintf(stderr, "usage: test_forward NMAPI ORIGINAL DLLMAIN_CALLER BACKWARD FOLDER\n");
        return 2;
    }
    forward_nmapi_file = argv[1];
    forward_original_file = argv[2];
    forward_caller_file = argv[3];
    forward_backward_file = argv[4];
    forward_work_folder = argv[5];
    AddVectoredExceptionHandler(1, forward_catch_line);
    failed = cmocka_run_group_tests_name("functions", tests, NULL, NULL);
    return failed + forward_test_original() + forward_test_threads();
}
