/* test_forward_original.c - with an original DLL: which one is used, when it is loaded, and what
   reaches it. */
#include "forward.h"

#include <stdio.h>

static void load_beside_the_original(void)
{
    forward_copy_in(forward_original_file, "Nmapi.original.dll");
    forward_load(NULL);
    assert_int_equal(forward_call_frame_length(), forward_original_frame_length());
    forward_find_original();
}

static void the_original_gets_what_the_caller_passed(void **state)
{
    (void)state;
    load_beside_the_original();
    for (int round = 0; round < 2; round++) {
        for (int row = 0; row < EXPORT_ROWS; row++) {
            if (exports[row].provider != PROVIDER_OURS)
                forward_check_recorded(row, ORIGINAL_TAG, forward_original_recording);
            else if (forward_is_memory_function(row))
                forward_check_memory_function(row);
        }
    }
    assert_int_equal(forward_line_count, 0);
}

static void the_host_comes_before_the_original(void **state)
{
    (void)state;
    load_beside_the_original();
    for (int row = 0; row < EXPORT_ROWS; row++) {
        if (exports[row].provider == PROVIDER_OURS)
            continue;
        forward_supply(row);
        forward_check_recorded(row, HOST_TAG, &recorded);
        forward_take_back(row);
        forward_check_recorded(row, ORIGINAL_TAG, forward_original_recording);
    }
}

static void a_host_may_supply_the_originals_own_function(void **state)
{
    (void)state;
    forward_copy_in(forward_original_file, "Nmapi.original.dll");
    forward_load(NULL);
    forward_call_frame_length();
    FARPROC function = forward_function(forward_original_module(), "GetFrameLength");
    assert_null(forward_get("GetFrameLength"));
    assert_int_equal(forward_set("GetFrameLength", function), NMERR_SUCCESS);
    assert_true(forward_get("GetFrameLength") == function);
    assert_int_equal(forward_call_frame_length(), forward_original_frame_length());
}

static void the_original_is_loaded_by_the_first_call_that_needs_it(void **state)
{
    (void)state;
    forward_copy_in(forward_original_file, "Nmapi.original.dll");
    forward_load(NULL);
    forward_supply(forward_row("GetFrameLength"));
    forward_call_frame_length();
    assert_null(forward_original_module());
    forward_take_back(forward_row("GetFrameLength"));
    assert_null(forward_original_module());
    forward_call_frame_length();
    assert_non_null(forward_original_module());
}

static void load_with_original(const char *path)
{
    char options[MAX_PATH + 16];
    snprintf(options, sizeof options, "original=%s", path);
    forward_load(options);
}

static void the_option_names_the_original(void **state)
{
    char path[MAX_PATH];
    (void)state;
    forward_copy_in(forward_original_file, "elsewhere.dll");
    forward_path(path, "elsewhere.dll");
    load_with_original(path);
    assert_int_equal(forward_call_frame_length(), forward_original_frame_length());
    assert_non_null(GetModuleHandleA("elsewhere.dll"));
}

/* Outside of the ANSI code page. */
static void the_option_may_name_any_path(void **state)
{
    static const WCHAR file[] = L"\\\u65e5\u672c \u0416.dll";
    WCHAR path[MAX_PATH], options[MAX_PATH + 16];
    HMODULE original;

    (void)state;
    MultiByteToWideChar(CP_ACP, 0, forward_folder, -1, path, MAX_PATH - 16);
    lstrcatW(path, file);
    DeleteFileW(path);
    forward_copy_in(forward_original_file, "elsewhere.dll");
    {
        char from[MAX_PATH];
        WCHAR wide[MAX_PATH];
        forward_path(from, "elsewhere.dll");
        MultiByteToWideChar(CP_ACP, 0, from, -1, wide, MAX_PATH);
        assert_true(MoveFileW(wide, path));
    }
    lstrcatW(lstrcatW(lstrcpyW(options, L"original=\""), path), L"\"");
    forward_load_wide(options);
    assert_int_equal(forward_call_frame_length(), forward_original_frame_length());
    original = GetModuleHandleW(path);
    assert_non_null(original);
    forward_unload();
    FreeLibrary(original);
    assert_true(DeleteFileW(path));

    forward_load_wide(options); /* the file is gone */
    assert_int_equal(forward_call_frame_length(), 0);
    assert_int_equal(forward_lines_with("the original DLL can't be loaded"), 1);
}

/* No function is found behind ours, and one line says so however many functions are called. */
static void check_refused_original(const char *problem)
{
    for (int row = 0; row < EXPORT_ROWS; row++)
        if (exports[row].provider != PROVIDER_OURS)
            forward_check_failure(row);
    assert_int_equal(forward_lines_with("the original DLL "), 1);
    assert_int_equal(forward_lines_with(problem), 1);
    assert_null(forward_original_module());
}

static void a_missing_original_is_reported_once(void **state)
{
    char path[MAX_PATH];
    (void)state;
    forward_path(path, "elsewhere.dll");
    load_with_original(path);
    check_refused_original("can't be loaded");
}

static void a_broken_original_is_reported_once(void **state)
{
    char path[MAX_PATH];
    (void)state;
    forward_path(path, "Nmapi.original.dll");
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs("MZ and nothing more", file);
    fclose(file);
    forward_load(NULL);
    check_refused_original("can't be loaded");
}

static void a_relative_path_is_refused(void **state)
{
    (void)state;
    forward_copy_in(forward_original_file, "elsewhere.dll");
    char before[MAX_PATH];
    GetCurrentDirectoryA(sizeof before, before);
    SetCurrentDirectoryA(forward_folder);
    forward_load("original=elsewhere.dll");
    check_refused_original("not an absolute path");
    SetCurrentDirectoryA(before);
}

static void ourselves_under_another_name_are_refused(void **state)
{
    (void)state;
    forward_copy_in(forward_nmapi_file, "Nmapi.original.dll");
    forward_load(NULL);
    check_refused_original("this DLL under another name");
}

static void ourselves_under_our_own_name_are_refused(void **state)
{
    char path[MAX_PATH];
    (void)state;
    forward_path(path, "Nmapi.dll");
    load_with_original(path);
    check_refused_original("this DLL under another name");
    assert_true(GetModuleHandleA("Nmapi.dll") == forward_dll);
}

static void an_original_that_leads_back_here_counts_as_none(void **state)
{
    (void)state;
    forward_copy_in(forward_backward_file, "Nmapi.original.dll");
    forward_load(NULL);
    assert_int_equal(forward_call_frame_length(), 0);
    assert_int_equal(forward_lines_with("leads back here"), 1);
}

static void nothing_is_loaded_for_a_call_from_a_dllmain(void **state)
{
    (void)state;
    forward_copy_in(forward_original_file, "Nmapi.original.dll");
    forward_load(NULL);
    HMODULE caller = LoadLibraryA(forward_caller_file);
    assert_non_null(caller);
    assert_int_equal(((DWORD(*)(void))(ULONG_PTR)forward_function(caller, "dllmain_answer"))(), 0);
    FreeLibrary(caller);
    assert_null(forward_original_module());
    assert_int_equal(forward_lines_with("Nmapi: GetFrameLength: "), 1);
    assert_int_equal(forward_call_frame_length(), forward_original_frame_length());
}

int forward_test_original(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(the_original_gets_what_the_caller_passed),
        TEST(the_host_comes_before_the_original),
        TEST(a_host_may_supply_the_originals_own_function),
        TEST(the_original_is_loaded_by_the_first_call_that_needs_it),
        TEST(the_option_names_the_original),
        TEST(the_option_may_name_any_path),
        TEST(a_missing_original_is_reported_once),
        TEST(a_broken_original_is_reported_once),
        TEST(a_relative_path_is_refused),
        TEST(ourselves_under_another_name_are_refused),
        TEST(ourselves_under_our_own_name_are_refused),
        TEST(an_original_that_leads_back_here_counts_as_none),
        TEST(nothing_is_loaded_for_a_call_from_a_dllmain),
    };

    return cmocka_run_group_tests_name("the original", tests, NULL, NULL);
}
