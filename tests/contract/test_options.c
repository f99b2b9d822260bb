/*
 * test_options.c - NMAPI_OPTIONS word by word: limit, strict, report, separators, unknown words.
 * Each case has its own process. (reclaim and pageheap: test_option_*.c)
 */
#include "child.h"

#include <stdio.h>

#define KEY(n) ((HEXPERTKEY)(ULONG_PTR)(0x5000 + (n)))

static BOOL denied(HEXPERTKEY key, SIZE_T bytes, DWORD code)
{
    DWORD error = CONTRACT_UNSET;
    return nm.alloc(key, bytes, &error) == NULL && error == code;
}

static BOOL works(HEXPERTKEY key, SIZE_T bytes)
{
    DWORD error = CONTRACT_UNSET;
    void *block = nm.alloc(key, bytes, &error);
    return block != NULL && error == NMERR_SUCCESS && nm.size(key, block) == bytes &&
           nm.free(key, block) == NMERR_SUCCESS;
}

static SIZE_T limit_of(HEXPERTKEY key)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    return nm.query(key, &usage) == NMERR_SUCCESS ? usage.MemoryLimit : (SIZE_T)-1;
}

static int child_nothing_special(void)
{
    CHILD_CHECK(works(KEY(1), 5u << 20));
    CHILD_CHECK(limit_of(KEY(1)) == 0);
    CHILD_CHECK(child_debug_text[0] == 0);
    return 0;
}

/* An implicit expert gets the limit; one with a limit of its own keeps that. */
static int child_limit(void)
{
    SIZE_T limit = (SIZE_T)child_expect;
    NMAPI_EXPERT_OPTIONS how = {sizeof how, 0, limit / 2};
    CHILD_CHECK(works(KEY(1), limit <= 64u << 20 ? limit : 1000));
    CHILD_CHECK(limit_of(KEY(1)) == limit);
    CHILD_CHECK(denied(KEY(1), limit + 1, NMERR_OUT_OF_MEMORY));
    CHILD_CHECK(nm.open(KEY(2), &how) == NMERR_SUCCESS);
    CHILD_CHECK(limit_of(KEY(2)) == limit / 2);
    CHILD_CHECK(denied(KEY(2), limit / 2 + 1, NMERR_OUT_OF_MEMORY));
    return 0;
}

static int child_strict(void)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    DWORD error = CONTRACT_UNSET;
    void *block;
    CHILD_CHECK(denied(KEY(1), 10, NMERR_INVALID_EXPERT_HANDLE));
    CHILD_CHECK(nm.alloc(KEY(1), 10, NULL) == NULL);
    CHILD_CHECK(nm.realloc(KEY(1), NULL, 10, &error) == NULL);
    CHILD_CHECK(error == NMERR_INVALID_EXPERT_HANDLE);
    CHILD_CHECK(nm.query(KEY(1), &usage) == NMERR_INVALID_EXPERT_HANDLE);
    CHILD_CHECK(nm.open(KEY(1), NULL) == NMERR_SUCCESS);
    CHILD_CHECK(works(KEY(1), 10));
    block = nm.alloc(KEY(1), 10, NULL);
    CHILD_CHECK(nm.free(KEY(2), block) == NMERR_INVALID_EXPERT_HANDLE);
    CHILD_CHECK(nm.free(KEY(1), block) == NMERR_SUCCESS);
    CHILD_CHECK(nm.close(KEY(1), NULL) == NMERR_SUCCESS);
    CHILD_CHECK(denied(KEY(1), 10, NMERR_EXPERT_TERMINATE));
    return 0;
}

static int child_strict_and_limit(void)
{
    NMAPI_EXPERT_OPTIONS how = {sizeof how, 0, 500};
    CHILD_CHECK(child_strict() == 0);
    CHILD_CHECK(nm.open(KEY(3), &how) == NMERR_SUCCESS);
    CHILD_CHECK(denied(KEY(3), 501, NMERR_OUT_OF_MEMORY));
    return 0;
}

static DWORD WINAPI use_and_leave(LPVOID key)
{
    return denied(key, 1001, NMERR_OUT_OF_MEMORY) && nm.alloc(key, 1000, NULL) != NULL;
}

/* limit=1000 and reclaim=thread are both in force, whatever stands between them. */
static int child_both_words(void)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    CHILD_CHECK(child_join(CreateThread(NULL, 0, use_and_leave, KEY(1), 0, NULL)) == TRUE);
    CHILD_CHECK(nm.query(KEY(1), &usage) == NMERR_SUCCESS);
    CHILD_CHECK(usage.State == NMAPI_STATE_CLOSED);
    CHILD_CHECK(usage.LiveBytes == 1000);
    return 0;
}

/* `bogus-word` stands among others: it is reported once, and the others count. */
static int child_unknown_word(void)
{
    CHILD_CHECK(child_both_words() == 0);
    for (SIZE_T i = 2; i < 50; i++)
        CHILD_CHECK(works(KEY(i), 100));
    CHILD_CHECK(child_debug_count("bogus-word") == 1);
    return 0;
}

static int child_two_unknown_words(void)
{
    CHILD_CHECK(works(KEY(1), 5u << 20));
    CHILD_CHECK(child_debug_count("bogus-word") == 1);
    CHILD_CHECK(child_debug_count("other-word") == 1);
    return 0;
}

static int child_works_anyway(void)
{
    CHILD_CHECK(works(KEY(1), 5u << 20));
    CHILD_CHECK(nm.open(KEY(2), NULL) == NMERR_SUCCESS);
    CHILD_CHECK(works(KEY(2), 5u << 20));
    return 0;
}

/* Seven blocks of 12345 bytes, 86415 together. */
static BOOL leak_and_close(HEXPERTKEY key)
{
    for (int i = 0; i < 7; i++)
        if (nm.alloc(key, 12345, NULL) == NULL)
            return FALSE;
    return nm.close(key, NULL) == NMERR_SUCCESS;
}

static int child_report(void)
{
    CHILD_CHECK(leak_and_close(KEY(1)));
    CHILD_CHECK(child_debug_count("leaked 7 blocks, 86415 bytes") == 1);
    CHILD_CHECK(nm.open(KEY(2), NULL) == NMERR_SUCCESS);
    child_debug_text[0] = 0;
    CHILD_CHECK(leak_and_close(KEY(2)));
    CHILD_CHECK(child_debug_count("86415") >= 1);
    return 0;
}

static int child_no_report(void)
{
    CHILD_CHECK(leak_and_close(KEY(1)));
    CHILD_CHECK(child_debug_text[0] == 0);
    return 0;
}

static const char report_path[] = "nmapi-contract-report.txt";

static void read_report(char *text, DWORD room)
{
    HANDLE file = CreateFileA(report_path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                              OPEN_EXISTING, 0, NULL);
    DWORD got = 0;
    if (file != INVALID_HANDLE_VALUE) {
        ReadFile(file, text, room - 1, &got, NULL);
        CloseHandle(file);
    }
    text[got] = 0;
}

static int child_report_to_file(void)
{
    char text[4096];
    char *second;
    CHILD_CHECK(leak_and_close(KEY(1)));
    read_report(text, sizeof text);
    /* written when the close returns */
    CHILD_CHECK(strstr(text, "leaked 7 blocks, 86415 bytes") != NULL);
    CHILD_CHECK(nm.open(KEY(2), NULL) == NMERR_SUCCESS);
    CHILD_CHECK(nm.alloc(KEY(2), 54321, NULL) != NULL);
    CHILD_CHECK(nm.close(KEY(2), NULL) == NMERR_SUCCESS);
    read_report(text, sizeof text);
    second = strstr(text, "54321");
    CHILD_CHECK(second != NULL && strstr(text, "86415") != NULL);
    CHILD_CHECK(strstr(text, "86415") < second);
    CHILD_CHECK(child_debug_count("86415") == 0); /* to the file instead */
    return 0;
}

/* A name that is in no ANSI code page; the DLL, loaded anew, reads it in the options. */
static int child_report_outside_the_code_page(void)
{
    static const WCHAR path[] = u"nmapi-\u65e5\u672c \u0416.txt";
    static const WCHAR nowhere[] = u"nmapi-\u65e5\u672c-nowhere\\leaks.txt";
    WCHAR words[128] = u"\0";
    char text[4096];
    DWORD got = 0;
    HANDLE file;

    DeleteFileW(path);
    FreeLibrary(contract_dll);
    lstrcatW(lstrcatW(lstrcatW(words, L"report=\""), path), L"\"");
    SetEnvironmentVariableW(L"NMAPI_OPTIONS", words);
    contract_dll = functions_load(contract_dll_path);
    CHILD_CHECK(leak_and_close(KEY(1)));
    file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    CHILD_CHECK(file != INVALID_HANDLE_VALUE);
    ReadFile(file, text, sizeof text - 1, &got, NULL);
    CloseHandle(file);
    DeleteFileW(path);
    text[got] = 0;
    CHILD_CHECK(strstr(text, "leaked 7 blocks, 86415 bytes") != NULL);
    CHILD_CHECK(child_debug_text[0] == 0);

    FreeLibrary(contract_dll);
    lstrcatW(lstrcpyW(words, L"report="), nowhere);
    SetEnvironmentVariableW(L"NMAPI_OPTIONS", words);
    contract_dll = functions_load(contract_dll_path);
    CHILD_CHECK(leak_and_close(KEY(1)));
    CHILD_CHECK(nm.open(KEY(1), NULL) == NMERR_SUCCESS);
    CHILD_CHECK(leak_and_close(KEY(1)));
    CHILD_CHECK(child_debug_count("-nowhere\\leaks.txt: the reports can't be written there") == 1);
    CHILD_CHECK(child_debug_count("leaked 7 blocks, 86415 bytes") == 2);
    return 0;
}

static DWORD WINAPI leak_and_end(LPVOID key)
{
    for (int i = 0; i < 7; i++)
        if (nm.alloc(key, 12345, NULL) == NULL)
            return FALSE;
    return TRUE;
}

static int child_report_of_reclaimed(void)
{
    char text[4096];
    CHILD_CHECK(child_join(CreateThread(NULL, 0, leak_and_end, KEY(1), 0, NULL)) == TRUE);
    CHILD_CHECK(works(KEY(2), 10));
    read_report(text, sizeof text);
    CHILD_CHECK(strstr(text, "86415") != NULL);
    return 0;
}

static int child_report_to_nowhere(void)
{
    CHILD_CHECK(leak_and_close(KEY(1)));
    CHILD_CHECK(works(KEY(2), 10));
    return 0;
}

static const struct child children[] = {
    {"nothing_special", child_nothing_special},
    {"limit", child_limit},
    {"strict", child_strict},
    {"strict_and_limit", child_strict_and_limit},
    {"both_words", child_both_words},
    {"unknown_word", child_unknown_word},
    {"two_unknown_words", child_two_unknown_words},
    {"works_anyway", child_works_anyway},
    {"report", child_report},
    {"no_report", child_no_report},
    {"report_to_file", child_report_to_file},
    {"report_outside_the_code_page", child_report_outside_the_code_page},
    {"report_of_reclaimed", child_report_of_reclaimed},
    {"report_to_nowhere", child_report_to_nowhere},
};

static void without_words_nothing_is_special(void **state)
{
    (void)state;
    assert_int_equal(child_run(NULL, "nothing_special", 0), 0);
    assert_int_equal(child_run("", "nothing_special", 0), 0);
    assert_int_equal(child_run(" ", "nothing_special", 0), 0);
    assert_int_equal(child_run(",, , ,", "nothing_special", 0), 0);
}

static void limit_counts_in_bytes_and_K_M_G(void **state)
{
    (void)state;
    assert_int_equal(child_run("limit=1000", "limit", 1000), 0);
    assert_int_equal(child_run("limit=2", "limit", 2), 0);
    assert_int_equal(child_run("limit=4K", "limit", 4096), 0);
    assert_int_equal(child_run("limit=2M", "limit", 2u << 20), 0);
    assert_int_equal(child_run("limit=1G", "limit", 1u << 30), 0);
    assert_int_equal(child_run("limit=123456789", "limit", 123456789), 0);
}

static void limit_0_is_none(void **state)
{
    (void)state;
    assert_int_equal(child_run("limit=0", "works_anyway", 0), 0);
}

static void a_malformed_limit_is_ignored(void **state)
{
    static const char *const words[] = {"limit=", "limit", "limit=abc", "limit=-1", "limit=10X"};
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(words); i++)
        assert_int_equal(child_run(words[i], "works_anyway", 0), 0);
}

static void strict_refuses_keys_never_opened(void **state)
{
    (void)state;
    assert_int_equal(child_run("strict", "strict", 0), 0);
    assert_int_equal(child_run("strict,limit=1M", "strict_and_limit", 0), 0);
}

static void words_are_separated_by_spaces_or_commas(void **state)
{
    static const char *const words[] = {
        "limit=1000 reclaim=thread",    "limit=1000,reclaim=thread",
        "reclaim=thread limit=1000",    "  limit=1000   reclaim=thread  ",
        ",limit=1000,,reclaim=thread,", " ,, limit=1000 , reclaim=thread ,,",
    };
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(words); i++)
        assert_int_equal(child_run(words[i], "both_words", 0), 0);
}

static void an_unknown_word_is_said_once_and_ignored(void **state)
{
    (void)state;
    assert_int_equal(child_run("limit=1000 bogus-word reclaim=thread", "unknown_word", 0), 0);
    assert_int_equal(child_run("bogus-word,reclaim=thread,limit=1000", "unknown_word", 0), 0);
    assert_int_equal(child_run("bogus-word other-word", "two_unknown_words", 0), 0);
    assert_int_equal(child_run("stricter", "works_anyway", 0), 0);
    assert_int_equal(child_run("strict=1", "works_anyway", 0), 0);
    assert_int_equal(child_run("reclaim=process", "works_anyway", 0), 0);
}

static void a_very_long_value_does_no_harm(void **state)
{
    char words[1500];
    (void)state;
    memset(words, 'w', sizeof words);
    words[sizeof words - 1] = 0;
    assert_int_equal(child_run(words, "works_anyway", 0), 0);
    for (size_t i = 1; i < sizeof words - 1; i += 2)
        words[i] = ' ';
    assert_int_equal(child_run(words, "works_anyway", 0), 0);
}

static void report_tells_the_debugger_what_leaked(void **state)
{
    (void)state;
    assert_int_equal(child_run("report", "report", 0), 0);
    assert_int_equal(child_run(NULL, "no_report", 0), 0);
}

static void report_to_a_file_tells_it_what_leaked(void **state)
{
    (void)state;
    DeleteFileA(report_path);
    assert_int_equal(child_run("report=nmapi-contract-report.txt", "report_to_file", 0), 0);
    DeleteFileA(report_path);
    assert_int_equal(child_run("report=nmapi-contract-report.txt,limit=1M", "report_to_file", 0),
                     0);
    DeleteFileA(report_path);
    assert_int_equal(
        child_run("report=nmapi-contract-report.txt reclaim=thread", "report_of_reclaimed", 0), 0);
    DeleteFileA(report_path);
}

static void a_path_may_lie_outside_the_ansi_code_page(void **state)
{
    (void)state;
    assert_int_equal(child_run(NULL, "report_outside_the_code_page", 0), 0);
}

static void a_report_that_cannot_be_written_does_no_harm(void **state)
{
    (void)state;
    assert_int_equal(child_run("report=no-such-folder\\no\\report.txt", "report_to_nowhere", 0), 0);
    assert_int_equal(child_run("report=", "report_to_nowhere", 0), 0);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_words_nothing_is_special),
        cmocka_unit_test(limit_counts_in_bytes_and_K_M_G),
        cmocka_unit_test(limit_0_is_none),
        cmocka_unit_test(a_malformed_limit_is_ignored),
        cmocka_unit_test(strict_refuses_keys_never_opened),
        cmocka_unit_test(words_are_separated_by_spaces_or_commas),
        cmocka_unit_test(an_unknown_word_is_said_once_and_ignored),
        cmocka_unit_test(a_very_long_value_does_no_harm),
        cmocka_unit_test(report_tells_the_debugger_what_leaked),
        cmocka_unit_test(report_to_a_file_tells_it_what_leaked),
        cmocka_unit_test(a_path_may_lie_outside_the_ansi_code_page),
        cmocka_unit_test(a_report_that_cannot_be_written_does_no_harm),
    };
    int code;
    contract_arguments(argc, argv);
    if (child_main(argc, argv, children, CONTRACT_COUNT(children), &code))
        return code;
    return cmocka_run_group_tests_name("NMAPI_OPTIONS", tests, NULL, NULL) != 0;
}
