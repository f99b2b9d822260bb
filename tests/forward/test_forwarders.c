/*
 * The DLL as -DNMAPI_ORIGINAL_DLL makes it: what only the original exports is forwarded to it.
 *
 *   test_forwarders Nmapi.dll ORIGINAL.dll FOLDER
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <cmocka.h>

#include "calls.h"
#include "export_rows.h"

/* lld-link drops the ordinals of forwarders. */
#ifndef FORWARDERS_BY_ORDINAL
#define FORWARDERS_BY_ORDINAL 1
#endif

/* As in the stand-in's export list. */
enum { FIRST_ORDINAL = 101, UNLISTED_ORDINAL = 500, UNNAMED_ORDINAL = 501 };

ULONGLONG recorder_tag = HOST_TAG;

static const char *nmapi_file, *original_file;
static char folder[MAX_PATH];
static HMODULE dll;

typedef DWORD (*original_function)(DWORD);

static void copy_into_folder(const char *from, const char *file, BOOL wanted)
{
    char path[MAX_PATH];
    snprintf(path, sizeof path, "%s\\%s", folder, file);
    DeleteFileA(path);
    if (wanted)
        assert_true(CopyFileA(from, path, FALSE));
}

static void load(BOOL with_original)
{
    char path[MAX_PATH];
    CreateDirectoryA(folder, NULL);
    copy_into_folder(nmapi_file, "Nmapi.dll", TRUE);
    copy_into_folder(original_file, "Nmapi.original.dll", with_original);
    snprintf(path, sizeof path, "%s\\Nmapi.dll", folder);
    /* As a host imports it: the loader searches the host's folder. */
    SetCurrentDirectoryA(folder);
    dll = LoadLibraryExA(path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    assert_non_null(dll);
}

static int teardown(void **state)
{
    HMODULE original;
    (void)state;
    FreeLibrary(dll);
    while ((original = GetModuleHandleA("Nmapi.original.dll")) != NULL)
        FreeLibrary(original);
    return 0;
}

static void *by_name(HMODULE module, const char *name)
{
    return (void *)(ULONG_PTR)GetProcAddress(module, name);
}

static void *by_ordinal(HMODULE module, int ordinal)
{
    return (void *)(ULONG_PTR)GetProcAddress(module, (const char *)(ULONG_PTR)ordinal);
}

static HMODULE module_of(const void *code)
{
    MEMORY_BASIC_INFORMATION region;
    assert_int_equal(VirtualQuery(code, &region, sizeof region), sizeof region);
    return (HMODULE)region.AllocationBase;
}

static void an_undocumented_name_reaches_the_original(void **state)
{
    (void)state;
    load(TRUE);
    void *function = by_name(dll, "OriginalUnlisted");
    assert_non_null(function);
    assert_ptr_equal(function, by_name(GetModuleHandleA("Nmapi.original.dll"), "OriginalUnlisted"));
    assert_int_equal(((original_function)(ULONG_PTR)function)(5), 6);
}

#if FORWARDERS_BY_ORDINAL
static void an_ordinal_without_a_name_reaches_the_original(void **state)
{
    (void)state;
    load(TRUE);
    void *function = by_ordinal(dll, UNNAMED_ORDINAL);
    assert_non_null(function);
    assert_int_equal(((original_function)(ULONG_PTR)function)(5), 7);
    assert_ptr_equal(by_ordinal(dll, UNLISTED_ORDINAL), by_name(dll, "OriginalUnlisted"));
}
#endif

static void what_is_ours_stays_ours_by_name_and_by_ordinal(void **state)
{
    int ordinal = FIRST_ORDINAL;
    (void)state;
    load(TRUE);
    for (int row = 0; row < EXPORT_ROWS; row++) {
        void *function = by_name(dll, exports[row].name);
        assert_non_null(function);
        assert_ptr_equal(module_of(function), dll);
        if (exports[row].provider == PROVIDER_OURS && strncmp(exports[row].name, "Nmapi", 5) == 0)
            continue; /* the original has none of these */
        if (by_ordinal(dll, ordinal) != function)
            fail_msg("%s is not number %d, as it is in the original", exports[row].name, ordinal);
        ordinal++;
    }
    assert_null(GetModuleHandleA("Nmapi.original.dll"));
}

static void without_the_original_all_but_its_own_works(void **state)
{
    (void)state;
    load(FALSE);
    assert_null(by_name(dll, "OriginalUnlisted"));
    assert_non_null(by_name(dll, "ExpertAllocMemory"));
    assert_non_null(by_name(dll, "GetFrame"));
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(an_undocumented_name_reaches_the_original),
#if FORWARDERS_BY_ORDINAL
        TEST(an_ordinal_without_a_name_reaches_the_original),
#endif
        TEST(what_is_ours_stays_ours_by_name_and_by_ordinal),
        TEST(without_the_original_all_but_its_own_works),
    };
    char paths[2][MAX_PATH];
    if (argc != 4) {
        fprintf(stderr, "usage: test_forwarders NMAPI ORIGINAL FOLDER\n");
        return 2;
    }
    /* The tests change the current directory. */
    GetFullPathNameA(argv[1], sizeof paths[0], paths[0], NULL);
    GetFullPathNameA(argv[2], sizeof paths[1], paths[1], NULL);
    nmapi_file = paths[0];
    original_file = paths[1];
    GetFullPathNameA(argv[3], sizeof folder, folder, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
