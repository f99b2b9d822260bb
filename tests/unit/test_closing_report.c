/* test_closing_report.c - what is reported when an expert is closed and when the DLL is unloaded,
   and the usage that a close returns. */
#include "unit.h"

#define NAMED 16 /* blocks that a report lists at most */
#define KEY ((HEXPERTKEY)0x7100)
#define OTHER ((HEXPERTKEY)0x7200)

static unsigned count_of(const char *text)
{
    unsigned count = 0;

    for (const char *at = standin_debug_text(); (at = strstr(at, text)); at++)
        count++;
    return count;
}

static int with_report(void **state)
{
    int failed = unit_setup(state);

    options.report = 1;
    standin_clear_debug_text();
    return failed;
}

static void leak(HEXPERTKEY key, unsigned blocks)
{
    char *first = ExpertAllocMemory(key, 5000, NULL);

    for (unsigned i = 0; i < blocks; i++)
        assert_non_null(ExpertAllocMemory(key, 100 + i, NULL));
    assert_int_equal(ExpertFreeMemory(key, first), NMERR_SUCCESS);
}

static void a_close_reports_the_sums_and_the_first_blocks(void **state)
{
    char text[64];
    char *block;

    (void)state;
    block = ExpertAllocMemory(KEY, 77, NULL);
    assert_int_equal(NmapiCloseExpert(KEY, NULL), NMERR_SUCCESS);
    assert_int_equal(count_of("expert 0x7100 leaked 1 block, 77 bytes (peak 77 bytes)"), 1);
    snprintf(text, sizeof text, "0x%llx  77 bytes\r\n", (unsigned long long)(ULONG_PTR)block);
    assert_int_equal(count_of(text), 1);
    assert_int_equal(count_of("more"), 0);
    assert_int_equal(count_of("\r\n"), 2);
}

static void many_leaks_are_counted_and_the_first_ones_named(void **state)
{
    static const unsigned counts[] = {NAMED - 1, NAMED, NAMED + 1, 3 * NAMED};
    char text[64];

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        unsigned n = counts[i], named = n < NAMED ? n : NAMED;
        standin_clear_debug_text();
        assert_int_equal(NmapiOpenExpert(KEY, NULL), NMERR_SUCCESS);
        leak(KEY, n);
        assert_int_equal(NmapiCloseExpert(KEY, NULL), NMERR_SUCCESS);
        snprintf(text, sizeof text, "leaked %u blocks, %u bytes", n, n * 100 + n * (n - 1) / 2);
        assert_int_equal(count_of(text), 1);
        assert_int_equal(count_of(" bytes\r\n"), named);
        snprintf(text, sizeof text, "and %u more\r\n", n - named);
        assert_int_equal(count_of(text), n > named);
        assert_int_equal(count_of("more"), n > named);
    }
}

static void without_a_leak_or_the_option_there_is_no_report(void **state)
{
    (void)state;
    standin_clear_debug_text();
    assert_int_equal(NmapiOpenExpert(KEY, NULL), NMERR_SUCCESS);
    leak(KEY, 0);
    assert_int_equal(NmapiCloseExpert(KEY, NULL), NMERR_SUCCESS);
    options.report = 0;
    assert_int_equal(NmapiOpenExpert(KEY, NULL), NMERR_SUCCESS);
    leak(KEY, 3);
    assert_int_equal(NmapiCloseExpert(KEY, NULL), NMERR_SUCCESS);
    assert_string_equal(standin_debug_text(), "");
    options.report = 1;
}

static void at_unload_the_dll_reports_open_experts_with_blocks(void **state)
{
    (void)state;
    standin_clear_debug_text();
    assert_int_equal(NmapiOpenExpert(KEY, NULL), NMERR_SUCCESS);
    leak(KEY, 3);
    leak((HEXPERTKEY)0x7300, 0);                           /* open, but holds nothing */
    assert_non_null(table_make(self, (HEXPERTKEY)0x7700)); /* never opened */
    leak(OTHER, 2);
    assert_int_equal(NmapiTerminateExpert(OTHER), NMERR_SUCCESS);
    leak((HEXPERTKEY)0x7400, 1);
    assert_int_equal(NmapiCloseExpert((HEXPERTKEY)0x7400, NULL), NMERR_SUCCESS);
    standin_clear_debug_text();
    DllMain(NULL, DLL_PROCESS_DETACH, KEY); /* process exit: nothing is released */
    assert_int_equal(count_of("expert 0x7100 leaked 3 blocks, 303 bytes (peak 5303 bytes)"), 1);
    assert_int_equal(count_of("expert 0x7200 leaked 2 blocks, 201 bytes (peak 5201 bytes)"), 1);
    assert_int_equal(count_of("\r\n"), 2);
    assert_int_equal(ExpertMemorySize(KEY, ExpertAllocMemory(KEY, 33, NULL)), 33);
    standin_clear_debug_text();
    options.report = 0;
    DllMain(NULL, DLL_PROCESS_DETACH, KEY);
    assert_string_equal(standin_debug_text(), "");
}

static void a_close_tells_what_was_left(void **state)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage + 8}, later = {.cbSize = sizeof later};
    HEXPERTKEY key = (HEXPERTKEY)0x7500;
    NMAPI_EXPERT_OPTIONS how = {.cbSize = sizeof how, .MemoryLimit = 123456};
    DWORD code;

    (void)state;
    assert_int_equal(NmapiOpenExpert(key, &how), NMERR_SUCCESS);
    leak(key, 4);
    assert_null(ExpertAllocMemory(key, 123456, &code));
    assert_int_equal(NmapiCloseExpert(key, &usage), NMERR_SUCCESS);
    assert_int_equal(usage.cbSize, sizeof usage + 8);
    assert_int_equal(usage.State, NMAPI_STATE_CLOSED);
    assert_int_equal(usage.Flags, 0);
    assert_int_equal(usage.MemoryLimit, 123456);
    assert_int_equal(usage.LiveBlocks, 4);
    assert_int_equal(usage.LiveBytes, 406);
    assert_int_equal(usage.PeakBytes, 5406);
    assert_int_equal(usage.CommittedBytes, 0);
    assert_int_equal(usage.Allocations, 5);
    assert_int_equal(usage.Frees, 1);
    assert_int_equal(usage.Refused, 1);
    assert_int_equal(usage.Reserved, 0);
    assert_int_equal(NmapiQueryExpert(key, &later), NMERR_SUCCESS);
    later.cbSize = usage.cbSize;
    assert_memory_equal(&later, &usage, sizeof usage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_close_reports_the_sums_and_the_first_blocks),
        cmocka_unit_test(many_leaks_are_counted_and_the_first_ones_named),
        cmocka_unit_test(without_a_leak_or_the_option_there_is_no_report),
        cmocka_unit_test(a_close_tells_what_was_left),
        cmocka_unit_test(at_unload_the_dll_reports_open_experts_with_blocks),
    };

    return cmocka_run_group_tests(tests, with_report, unit_teardown);
}
