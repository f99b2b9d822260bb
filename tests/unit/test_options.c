/* test_options.c - the promises of options.h and report.h. */
#include "unit.h"

#include "base/report.h"

static void read_words(const char *words)
{
    standin_clear_debug_text();
    SetEnvironmentVariableA("NMAPI_OPTIONS", words);
    options_read();
}

static void says_nothing_but(const char *text)
{
    if (!text)
        assert_string_equal(standin_debug_text(), "");
    else
        assert_non_null(strstr(standin_debug_text(), text));
}

static void reports_only(const char *word)
{
    char line[256] = "";

    if (word)
        snprintf(line, sizeof line, "Nmapi: unknown or malformed word in NMAPI_OPTIONS: %s\r\n",
                 word);
    assert_string_equal(standin_debug_text(), line);
}

static void is_path(const WCHAR *path, const WCHAR *wanted)
{
    unsigned i = 0;

    assert_non_null(path);
    while (wanted[i] && path[i] == wanted[i])
        i++;
    assert_int_equal(path[i], wanted[i]);
}

static void nothing_is_set_without_words(void **state)
{
    static const char *const empty[] = {NULL, "", " ", ", ,\t"};

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        read_words(empty[i]);
        assert_false(options.reclaim_thread || options.report || options.pageheap);
        assert_false(options.strict || options.limit || options.report_file || options.original);
        assert_false(options.keep_given || options.keep);
        says_nothing_but(NULL);
    }
}

static void each_word_sets_its_own(void **state)
{
    (void)state;
    read_words("reclaim=thread");
    assert_true(options.reclaim_thread && !options.report && !options.pageheap && !options.strict);
    read_words("report");
    assert_true(options.report && !options.report_file && !options.reclaim_thread);
    read_words("report=leaks.txt");
    assert_true(options.report);
    is_path(options.report_file, u"leaks.txt");
    read_words("pageheap");
    assert_true(options.pageheap && !options.strict);
    read_words("strict");
    assert_true(options.strict && !options.pageheap);
    read_words("original=C:\\nm\\Nmapi.dll");
    is_path(options.original, u"C:\\nm\\Nmapi.dll");
    says_nothing_but(NULL);
}

static void words_stand_apart_by_spaces_and_commas_and_quotes_hold_them_together(void **state)
{
    (void)state;
    read_words(" strict,,pageheap\treport=\"a b, c.txt\" limit=5,");
    assert_true(options.strict && options.pageheap && options.report);
    is_path(options.report_file, u"a b, c.txt");
    assert_int_equal(options.limit, 5);
    says_nothing_but(NULL);
}

/* One character of each length in UTF-8; the last one takes two units in UTF-16. */
#define FAR_NAME "\u00e9\u65e5\U0001f4be"
#define FAR_NAME_WIDE u"\u00e9\u65e5\U0001f4be"

static void paths_may_have_any_character(void **state)
{
    (void)state;
    read_words("report=\"" FAR_NAME " 1.txt\" original=C:\\" FAR_NAME "\\x.dll");
    is_path(options.report_file, FAR_NAME_WIDE u" 1.txt");
    is_path(options.original, u"C:\\" FAR_NAME_WIDE u"\\x.dll");
    says_nothing_but(NULL);
    read_words("rep\u00f6rt");
    assert_false(options.report);
    reports_only("rep\u00f6rt");
}

static void limits_have_units_and_must_fit(void **state)
{
    static const struct {
        const char *word;
        SIZE_T limit;
    } rows[] = {
        {"limit=1", 1},
        {"limit=4096", 4096},
        {"limit=64K", 65536},
        {"limit=64k", 65536},
        {"limit=3M", (SIZE_T)3 << 20},
        {"limit=2g", (SIZE_T)2 << 30},
        {"limit=18446744073709551615", (SIZE_T)-1},
        {"limit=18446744073709551616", 0},
        {"limit=99999999999999999999999", 0},
        {"limit=18446744073709551615K", 0},
        {"limit=", 0},
        {"limit=0", 0},
        {"limit=K", 0},
        {"limit=-1", 0},
        {"limit=1KB", 0},
        {"limit=1X", 0},
        {"limit=12a", 0},
        {"limit", 0},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        read_words(rows[i].word);
        assert_int_equal(options.limit, rows[i].limit);
        reports_only(rows[i].limit ? NULL : rows[i].word);
    }
    read_words("limit=\"5 \"");
    assert_int_equal(options.limit, 0);
    read_words("limit=7K limit=x limit=0");
    assert_int_equal(options.limit, 7168); /* a malformed limit changes nothing */
}

static void what_is_kept_may_be_nothing(void **state)
{
    static const struct {
        const char *word;
        int given;
        SIZE_T keep;
    } rows[] = {
        {"keep=0", 1, 0},
        {"keep=1", 1, 1},
        {"keep=64M", 1, (SIZE_T)64 << 20},
        {"keep=0G", 1, 0},
        {"keep=18446744073709551615", 1, (SIZE_T)-1},
        {"keep=18446744073709551616", 0, 0},
        {"keep=", 0, 0},
        {"keep", 0, 0},
        {"keep=M", 0, 0},
        {"keep=-1", 0, 0},
        {"keep=1MB", 0, 0},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        read_words(rows[i].word);
        assert_int_equal(options.keep_given, rows[i].given);
        assert_int_equal(options.keep, rows[i].keep);
        assert_int_equal(options.limit, 0);
        reports_only(rows[i].given ? NULL : rows[i].word);
    }
    read_words("keep=7K keep=x");
    assert_int_equal(options.keep, 7168);
}

static void unknown_words_are_reported_and_the_others_count(void **state)
{
    static const char *const bad[] = {"stricter",        "STRICT",  "reclaim",
                                      "reclaim=process", "report=", "original",
                                      "original=",       "page",    "strict=1"};
    char words[64];

    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(words, sizeof words, "pageheap %s", bad[i]);
        read_words(words);
        assert_true(options.pageheap && !options.strict && !options.reclaim_thread);
        reports_only(bad[i]);
    }
}

static void a_variable_that_is_too_long_counts_as_none(void **state)
{
    enum { MOST = 8191 }; /* as the reported line says */
    static char words[MOST + 10];

    (void)state;
    read_words("strict"); /* the value that was read before is forgotten too */
    memset(words, ' ', sizeof words - 1);
    memcpy(words, "strict", 6);
    for (int more = 5; more > 0; more--) {
        words[MOST + more] = 0;
        read_words(words);
        assert_false(options.strict);
        reports_only("(more than 8,191 characters)");
    }
    words[MOST] = 0;
    read_words(words);
    assert_true(options.strict);
    reports_only(NULL);
    words[MOST - 1] = '"'; /* an unclosed quote must not read beyond the text */
    read_words(words);
    assert_true(options.strict);
}

static void a_report_says_sums_and_blocks(void **state)
{
    struct closing_leaks leaks = {.usage = {.LiveBlocks = 3, .LiveBytes = 1007, .PeakBytes = 5000},
                                  .count = 1,
                                  .first = {{(void *)0xABC0, 7}}};
    const struct expert e = {.key = (HEXPERTKEY)0x1234};

    (void)state;
    read_words("report");
    closing_report(&e, &leaks);
    assert_string_equal(standin_debug_text(),
                        "Nmapi: expert 0x1234 leaked 3 blocks, 1007 bytes (peak 5000 bytes)\r\n"
                        "Nmapi:   0xabc0  7 bytes\r\n"
                        "Nmapi:   and 2 more\r\n");
    standin_clear_debug_text();
    leaks.usage.LiveBlocks = 1;
    leaks.usage.LiveBytes = 0;
    closing_report(&e, &leaks);
    says_nothing_but("leaked 1 block, 0 bytes");
    assert_null(strstr(standin_debug_text(), "more"));
}

static void report_two(void)
{
    const struct closing_leaks leaks = {.usage = {.LiveBlocks = 1, .LiveBytes = 2, .PeakBytes = 3}};
    const struct expert first = {.key = (HEXPERTKEY)0x1234};
    const struct expert second = {.key = (HEXPERTKEY)0x5678};

    closing_report(&first, &leaks);
    closing_report(&second, &leaks);
}

static void a_report_goes_to_its_file(void **state)
{
    static const char *const names[] = {"unit_report.tmp", "unit_" FAR_NAME ".tmp"};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        char words[64], text[512] = {0};
        FILE *file;
        remove(names[i]);
        snprintf(words, sizeof words, "report=%s", names[i]);
        read_words(words);
        report_two();
        says_nothing_but(NULL);
        file = fopen(names[i], "rb");
        assert_non_null(file);
        assert_true(fread(text, 1, sizeof text - 1, file) > 0);
        fclose(file);
        remove(names[i]);
        assert_string_equal(text,
                            "Nmapi: expert 0x1234 leaked 1 block, 2 bytes (peak 3 bytes)\r\n"
                            "Nmapi: expert 0x5678 leaked 1 block, 2 bytes (peak 3 bytes)\r\n");
    }
}

static void a_report_that_no_file_takes_goes_to_the_debugger(void **state)
{
    (void)state;
    read_words("report=/no/" FAR_NAME "/file");
    report_two();
    /* The path is reported once, however many lines can't be written. */
    assert_string_equal(standin_debug_text(),
                        "Nmapi: /no/" FAR_NAME "/file: the reports can't be written there\r\n"
                        "Nmapi: expert 0x1234 leaked 1 block, 2 bytes (peak 3 bytes)\r\n"
                        "Nmapi: expert 0x5678 leaked 1 block, 2 bytes (peak 3 bytes)\r\n");
}

static void a_word_without_end_is_cut(void **state)
{
    static WCHAR word[1000];

    (void)state;
    for (unsigned i = 0; i < sizeof word / sizeof *word - 1; i++)
        word[i] = 'x';
    standin_clear_debug_text();
    report_line(NULL, "%w", word);
    assert_in_range(strlen(standin_debug_text()), 300,
                    383); /* and a zero: all that there is room for */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_set_without_words),
        cmocka_unit_test(each_word_sets_its_own),
        cmocka_unit_test(words_stand_apart_by_spaces_and_commas_and_quotes_hold_them_together),
        cmocka_unit_test(paths_may_have_any_character),
        cmocka_unit_test(limits_have_units_and_must_fit),
        cmocka_unit_test(what_is_kept_may_be_nothing),
        cmocka_unit_test(unknown_words_are_reported_and_the_others_count),
        cmocka_unit_test(a_variable_that_is_too_long_counts_as_none),
        cmocka_unit_test(a_report_says_sums_and_blocks),
        cmocka_unit_test(a_report_goes_to_its_file),
        cmocka_unit_test(a_report_that_no_file_takes_goes_to_the_debugger),
        cmocka_unit_test(a_word_without_end_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
