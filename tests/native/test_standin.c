/* test_standin.c - the stand-in keeps its promises: the results of all other native tests depend on
   it. */
#include "test_standin.h"

struct standin_usage test_usage;

int test_take_usage(void **state)
{
    (void)state;
    standin_get_usage(&test_usage);
    return 0;
}

int test_compare_usage(void **state)
{
    struct standin_usage after;

    (void)state;
    standin_fail_never();
    standin_on_call(NULL);
    standin_set_dllmain(NULL);
    standin_get_usage(&after);
    return memcmp(&test_usage, &after, sizeof after) != 0;
}

DWORD WINAPI test_allocate_for_ever(LPVOID count)
{
    while (InterlockedIncrement(count)) {
        void *at = VirtualAlloc(NULL, GRANULE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        VirtualFree(at, 0, MEM_RELEASE);
    }
    return 0;
}

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
    WCHAR wide[8];

    (void)state;
    assert_true(SetEnvironmentVariableA("STANDIN_TEST", "seven77"));
    assert_int_equal(GetEnvironmentVariableA("STANDIN_TEST", text, 7), 8);
    assert_string_equal(text, "before");
    assert_int_equal(GetEnvironmentVariableA("STANDIN_TEST", text, 8), 7);
    assert_string_equal(text, "seven77");
    assert_int_equal(GetEnvironmentVariableW(u"STANDIN_TEST", wide, 7), 8);
    assert_int_equal(GetEnvironmentVariableW(u"STANDIN_TEST", wide, 8), 7);
    assert_memory_equal(wide, u"seven77", sizeof wide);
    assert_true(SetEnvironmentVariableA("STANDIN_TEST", "\u00e9\u65e5\U0001f4be"));
    assert_int_equal(GetEnvironmentVariableW(u"STANDIN_TEST", wide, 8), 4);
    assert_memory_equal(wide, u"\u00e9\u65e5\U0001f4be", 5 * sizeof *wide);
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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(debug_text_is_collected),
        TEST(environment_sizes_are_those_of_windows),
        TEST(files_append),
    };
    int failed = cmocka_run_group_tests_name("stand-in", tests, NULL, NULL);

    return failed + test_memory() + test_threads() + test_failures();
}
