/*
 * test_host.c - the host functions: their codes, the rules of cbSize, and the usage after every
 * step.
 */
#include "contract.h"

#include <stdlib.h>

static void a_null_or_unknown_key_is_an_invalid_handle(void **state)
{
    HEXPERTKEY keys[2] = {NULL, contract_unknown_key()};
    HEXPERTKEY other = contract_open_key(0);
    void *block = must_alloc(other, 10);
    (void)state;
    expect_code(nm.open(NULL, NULL), NMERR_INVALID_EXPERT_HANDLE);
    for (int i = 0; i < 2; i++) {
        NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
        expect_code(nm.terminate(keys[i]), NMERR_INVALID_EXPERT_HANDLE);
        expect_code(nm.close(keys[i], NULL), NMERR_INVALID_EXPERT_HANDLE);
        expect_code(nm.close(keys[i], &usage), NMERR_INVALID_EXPERT_HANDLE);
        expect_code(nm.query(keys[i], &usage), NMERR_INVALID_EXPERT_HANDLE);
        expect_code(nm.transfer(keys[i], other, block), NMERR_INVALID_EXPERT_HANDLE);
        expect_code(nm.transfer(other, keys[i], block), NMERR_INVALID_EXPERT_HANDLE);
    }
    expect_size(other, block, 10);
    expect_free(other, block, NMERR_SUCCESS);
}

static void opening_an_open_key_is_an_invalid_handle(void **state)
{
    NMAPI_EXPERT_OPTIONS how = {sizeof how, 0, 10};
    HEXPERTKEY key = contract_open_key(1000), implicit = contract_implicit_key();
    (void)state;
    expect_code(nm.open(key, NULL), NMERR_INVALID_EXPERT_HANDLE);
    expect_code(nm.open(key, &how), NMERR_INVALID_EXPERT_HANDLE);
    assert_int_equal(contract_usage(key).MemoryLimit, 1000);
    expect_code(nm.open(implicit, NULL), NMERR_INVALID_EXPERT_HANDLE);
    assert_int_equal(contract_usage(implicit).Flags, NMAPI_USAGE_IMPLICIT);
    expect_code(nm.terminate(key), NMERR_SUCCESS); /* terminated is not closed */
    expect_code(nm.open(key, NULL), NMERR_INVALID_EXPERT_HANDLE);
    expect_code(nm.close(key, NULL), NMERR_SUCCESS);
    expect_code(nm.open(key, NULL), NMERR_SUCCESS);
}

static void open_checks_its_options(void **state)
{
    HEXPERTKEY key = contract_unknown_key();
    NMAPI_EXPERT_OPTIONS how = {sizeof how, 0, 0};
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    (void)state;
    for (DWORD size = 0; size < sizeof how; size++) {
        how.cbSize = size;
        expect_code(nm.open(key, &how), NMERR_INVALID_PARAMETER);
    }
    how.cbSize = sizeof how;
    for (int bit = 0; bit < 32; bit++) {
        how.Flags = 1u << bit;
        expect_code(nm.open(key, &how), NMERR_INVALID_PARAMETER);
    }
    expect_code(nm.query(key, &usage), NMERR_INVALID_EXPERT_HANDLE); /* nothing was opened */
    how.Flags = 0;
    expect_code(nm.open(key, &how), NMERR_SUCCESS);
}

static void open_takes_larger_options(void **state)
{
    struct {
        NMAPI_EXPERT_OPTIONS known;
        unsigned char later[64];
    } how = {{sizeof how, 0, 100}, {0}};
    HEXPERTKEY key = contract_unknown_key();
    (void)state;
    content_fill(how.later, sizeof how.later, 1);
    expect_code(nm.open(key, &how.known), NMERR_SUCCESS);
    assert_true(content_holds(how.later, sizeof how.later, 1));
    assert_int_equal(contract_usage(key).MemoryLimit, 100);
    expect_no_alloc(key, 101, NMERR_OUT_OF_MEMORY);
}

static void query_and_close_check_cbSize(void **state)
{
    HEXPERTKEY key = contract_open_key(0);
    void *block = must_alloc(key, 10);
    NMAPI_EXPERT_USAGE usage;
    (void)state;
    for (DWORD size = 0; size < sizeof usage; size++) {
        memset(&usage, 0x5A, sizeof usage);
        usage.cbSize = size;
        expect_code(nm.query(key, &usage), NMERR_INVALID_PARAMETER);
        expect_code(nm.close(key, &usage), NMERR_INVALID_PARAMETER);
        for (size_t i = sizeof usage.cbSize; i < sizeof usage; i++)
            assert_int_equal(((unsigned char *)&usage)[i], 0x5A);
    }
    expect_code(nm.query(key, NULL), NMERR_INVALID_PARAMETER);
    assert_int_equal(contract_usage(key).State, NMAPI_STATE_OPEN); /* and nothing was closed */
    expect_size(key, block, 10);
    expect_code(nm.close(key, NULL), NMERR_SUCCESS); /* here it may be NULL */
}

static void query_and_close_leave_bytes_alone_that_they_do_not_know(void **state)
{
    struct {
        NMAPI_EXPERT_USAGE known;
        unsigned char later[64];
    } usage;
    HEXPERTKEY key = contract_open_key(0);
    (void)state;
    must_alloc(key, 10);
    usage.known.cbSize = sizeof usage;
    content_fill(usage.later, sizeof usage.later, 1);
    expect_code(nm.query(key, &usage.known), NMERR_SUCCESS);
    assert_true(content_holds(usage.later, sizeof usage.later, 1));
    assert_int_equal(usage.known.LiveBlocks, 1);
    usage.known.cbSize = sizeof usage;
    expect_code(nm.close(key, &usage.known), NMERR_SUCCESS);
    assert_true(content_holds(usage.later, sizeof usage.later, 1));
    assert_int_equal(usage.known.LiveBlocks, 1);
}

static void a_closed_key_is_told_apart_from_a_key_never_opened(void **state)
{
    HEXPERTKEY key = contract_open_key(0), other = contract_open_key(0);
    void *block = must_alloc(other, 10), *gone = must_alloc(key, 10);
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    (void)state;
    expect_code(nm.close(key, NULL), NMERR_SUCCESS);
    expect_code(nm.terminate(key), NMERR_EXPERT_TERMINATE);
    expect_code(nm.close(key, NULL), NMERR_EXPERT_TERMINATE);
    expect_code(nm.close(key, &usage), NMERR_EXPERT_TERMINATE);
    expect_code(nm.transfer(key, other, gone), NMERR_EXPERT_TERMINATE);
    expect_code(nm.transfer(other, key, block), NMERR_EXPERT_TERMINATE);
    expect_code(nm.query(key, &usage), NMERR_SUCCESS);
    assert_int_equal(usage.State, NMAPI_STATE_CLOSED);
    expect_free(other, block, NMERR_SUCCESS);
}

static void terminating_twice_is_success(void **state)
{
    HEXPERTKEY key = contract_open_key(0);
    (void)state;
    expect_code(nm.terminate(key), NMERR_SUCCESS);
    expect_code(nm.terminate(key), NMERR_SUCCESS);
    assert_int_equal(contract_usage(key).State, NMAPI_STATE_TERMINATED);
    expect_code(nm.close(key, NULL), NMERR_SUCCESS);
}

/* The usage that the calls below should lead to. */
struct figures {
    SIZE_T blocks, bytes, peak;
    ULONGLONG allocations, frees, refused;
};

static void check_figures_at(HEXPERTKEY key, const struct figures *want, int line)
{
    NMAPI_EXPERT_USAGE usage = contract_usage_at(key, __FILE__, line);
    if (usage.LiveBlocks != want->blocks || usage.LiveBytes != want->bytes ||
        usage.PeakBytes != want->peak || usage.Allocations != want->allocations ||
        usage.Frees != want->frees || usage.Refused != want->refused) {
        print_error(
            "usage says blocks %lu bytes %lu peak %lu allocations %lu frees %lu refused %lu\n"
            "expected    blocks %lu bytes %lu peak %lu allocations %lu frees %lu refused %lu\n",
            (unsigned long)usage.LiveBlocks, (unsigned long)usage.LiveBytes,
            (unsigned long)usage.PeakBytes, (unsigned long)usage.Allocations,
            (unsigned long)usage.Frees, (unsigned long)usage.Refused, (unsigned long)want->blocks,
            (unsigned long)want->bytes, (unsigned long)want->peak, (unsigned long)want->allocations,
            (unsigned long)want->frees, (unsigned long)want->refused);
        _fail(__FILE__, line);
    }
    assert_int_equal(usage.Reserved, 0);
    assert_true(usage.CommittedBytes >= usage.LiveBytes);
}
#define check_figures(key, want) check_figures_at((key), (want), __LINE__)

static void usage_is_right_after_every_step(void **state)
{
    HEXPERTKEY key = contract_open_key(5000), other = contract_open_key(0);
    struct figures want = {0, 0, 0, 0, 0, 0};
    void *a, *b, *c;
    (void)state;
    assert_int_equal(contract_usage(key).State, NMAPI_STATE_OPEN);
    assert_int_equal(contract_usage(key).Flags, 0);
    assert_int_equal(contract_usage(key).MemoryLimit, 5000);
    check_figures(key, &want);

    a = must_alloc(key, 100);
    want = (struct figures){1, 100, 100, 1, 0, 0};
    check_figures(key, &want);
    b = must_alloc(key, 0);
    want = (struct figures){2, 100, 100, 2, 0, 0};
    check_figures(key, &want);
    c = must_realloc(key, NULL, 1000);
    want = (struct figures){3, 1100, 1100, 3, 0, 0};
    check_figures(key, &want);

    expect_no_alloc(key, 3901, NMERR_OUT_OF_MEMORY);
    want.refused++;
    check_figures(key, &want);
    expect_no_realloc(key, a, SIZE_MAX, NMERR_OUT_OF_MEMORY);
    want.refused++;
    check_figures(key, &want);
    expect_free(key, (char *)a + 1, NMERR_INVALID_PARAMETER);
    want.refused++;
    check_figures(key, &want);
    expect_no_realloc(key, &a, 10, NMERR_INVALID_PARAMETER);
    want.refused++;
    check_figures(key, &want);
    expect_free(key, NULL, NMERR_SUCCESS);
    check_figures(key, &want);

    c = must_realloc(key, c, 3000); /* neither an allocation nor a free, moved or not */
    want.bytes = want.peak = 3100;
    check_figures(key, &want);
    c = must_realloc(key, c, 50);
    want.bytes = 150;
    check_figures(key, &want);

    expect_free(key, a, NMERR_SUCCESS);
    want.blocks--;
    want.bytes -= 100;
    want.frees++;
    check_figures(key, &want);
    expect_free(key, b, NMERR_SUCCESS);
    want.blocks--;
    want.frees++;
    check_figures(key, &want);
    expect_free(key, b, NMERR_INVALID_PARAMETER);
    want.refused++;
    check_figures(key, &want);

    b = must_alloc(other, 10);
    expect_free(key, b, NMERR_ACCESS_DENIED);
    want.refused++;
    check_figures(key, &want);

    expect_code(nm.terminate(key), NMERR_SUCCESS);
    assert_int_equal(contract_usage(key).State, NMAPI_STATE_TERMINATED);
    expect_no_alloc(key, 10, NMERR_EXPERT_TERMINATE);
    want.refused++;
    check_figures(key, &want);
    expect_free(key, c, NMERR_EXPERT_TERMINATE); /* it returns an error, but it freed the block */
    want.refused++;
    want.frees++;
    want.blocks = want.bytes = 0;
    check_figures(key, &want);
}

static void peak_bytes_never_count_both_copies_of_a_moved_block(void **state)
{
    HEXPERTKEY key = contract_open_key(0);
    void *block = must_alloc(key, 30000);
    (void)state;
    block = must_realloc(key, block, 60000);
    block = must_realloc(key, block, 500000);
    assert_int_equal(contract_usage(key).PeakBytes, 500000);
    expect_free(key, block, NMERR_SUCCESS);
    assert_int_equal(contract_usage(key).PeakBytes, 500000);
}

static void committed_bytes_follow_the_memory(void **state)
{
    HEXPERTKEY key = contract_open_key(0);
    NMAPI_EXPERT_USAGE usage;
    (void)state;
    for (int i = 0; i < 10; i++)
        must_alloc(key, 1u << 20);
    for (int i = 0; i < 10000; i++)
        must_alloc(key, 100);
    usage = contract_usage(key);
    assert_true(usage.CommittedBytes >= (10u << 20) + 1000000);
    assert_true(usage.CommittedBytes < 64u << 20);
    expect_code(nm.close(key, NULL), NMERR_SUCCESS);
    assert_int_equal(contract_usage(key).CommittedBytes, 0);
}

static void a_legacy_block_is_counted_where_it_is(void **state)
{
    HEXPERTKEY first = contract_unknown_key(), second = contract_unknown_key();
    struct figures one = {1, 100, 100, 1, 0, 0}, two = {1, 50, 50, 1, 0, 0};
    void *block = must_alloc(first, 100), *own = must_alloc(second, 50);
    (void)state;
    check_figures(first, &one);
    block = must_realloc(second, block, 200);
    one = (struct figures){0, 0, 100, 1, 1, 0};
    two = (struct figures){2, 250, 250, 2, 0, 0};
    check_figures(first, &one);
    check_figures(second, &two);
    expect_free(first, own, NMERR_SUCCESS); /* the owner counts it, not the caller */
    two = (struct figures){1, 200, 250, 2, 1, 0};
    check_figures(first, &one);
    check_figures(second, &two);
    expect_free(second, block, NMERR_SUCCESS);
    assert_int_equal(contract_usage(second).Flags, NMAPI_USAGE_IMPLICIT);
}

static void close_reports_what_leaked_and_query_repeats_it(void **state)
{
    HEXPERTKEY key = contract_open_key(1u << 20);
    NMAPI_EXPERT_USAGE closed = {.cbSize = sizeof closed}, later;
    void *block = must_alloc(key, 2000);
    (void)state;
    must_alloc(key, 0);
    must_alloc(key, 300);
    must_alloc(key, 70000);
    expect_free(key, block, NMERR_SUCCESS);
    expect_free(key, block, NMERR_INVALID_PARAMETER);
    expect_code(nm.close(key, &closed), NMERR_SUCCESS);
    assert_int_equal(closed.State, NMAPI_STATE_CLOSED);
    assert_int_equal(closed.Flags, 0);
    assert_int_equal(closed.MemoryLimit, 1u << 20);
    assert_int_equal(closed.LiveBlocks, 3);
    assert_int_equal(closed.LiveBytes, 70300);
    assert_int_equal(closed.PeakBytes, 72300);
    assert_int_equal(closed.CommittedBytes, 0);
    assert_int_equal(closed.Allocations, 4);
    assert_int_equal(closed.Frees, 1);
    assert_int_equal(closed.Refused, 1);
    later = contract_usage(key);
    assert_int_equal(later.State, NMAPI_STATE_CLOSED);
    assert_int_equal(later.LiveBlocks, 3);
    assert_int_equal(later.LiveBytes, 70300);
    assert_int_equal(later.PeakBytes, 72300);
    assert_int_equal(later.CommittedBytes, 0);
    assert_int_equal(later.Allocations, 4);
    assert_int_equal(later.Frees, 1);
}

static void an_expert_that_did_nothing_can_be_closed(void **state)
{
    HEXPERTKEY key = contract_open_key(0);
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    (void)state;
    expect_code(nm.close(key, &usage), NMERR_SUCCESS);
    assert_int_equal(usage.State, NMAPI_STATE_CLOSED);
    assert_int_equal(usage.LiveBlocks, 0);
    assert_int_equal(usage.LiveBytes, 0);
    assert_int_equal(usage.Allocations, 0);
}

static void a_refused_host_call_changes_nothing(void **state)
{
    HEXPERTKEY key = contract_open_key(1000);
    void *block = must_alloc(key, 100);
    NMAPI_EXPERT_USAGE before = contract_usage(key), after;
    (void)state;
    expect_code(nm.open(key, NULL), NMERR_INVALID_EXPERT_HANDLE);
    expect_code(nm.query(key, NULL), NMERR_INVALID_PARAMETER);
    expect_code(nm.transfer(key, key, NULL), NMERR_INVALID_PARAMETER);
    expect_code(nm.enum_memory(key, NULL, NULL), NMERR_INVALID_PARAMETER);
    after = contract_usage(key);
    assert_int_equal(after.State, before.State);
    assert_int_equal(after.LiveBlocks, before.LiveBlocks);
    assert_int_equal(after.LiveBytes, before.LiveBytes);
    assert_int_equal(after.Allocations, before.Allocations);
    assert_int_equal(after.Frees, before.Frees);
    expect_free(key, block, NMERR_SUCCESS);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_null_or_unknown_key_is_an_invalid_handle),
        cmocka_unit_test(opening_an_open_key_is_an_invalid_handle),
        cmocka_unit_test(open_checks_its_options),
        cmocka_unit_test(open_takes_larger_options),
        cmocka_unit_test(query_and_close_check_cbSize),
        cmocka_unit_test(query_and_close_leave_bytes_alone_that_they_do_not_know),
        cmocka_unit_test(a_closed_key_is_told_apart_from_a_key_never_opened),
        cmocka_unit_test(terminating_twice_is_success),
        cmocka_unit_test(usage_is_right_after_every_step),
        cmocka_unit_test(peak_bytes_never_count_both_copies_of_a_moved_block),
        cmocka_unit_test(committed_bytes_follow_the_memory),
        cmocka_unit_test(a_legacy_block_is_counted_where_it_is),
        cmocka_unit_test(close_reports_what_leaked_and_query_repeats_it),
        cmocka_unit_test(an_expert_that_did_nothing_can_be_closed),
        cmocka_unit_test(a_refused_host_call_changes_nothing),
    };
    contract_load(argc, argv);
    return cmocka_run_group_tests_name("host functions", tests, NULL, NULL) != 0;
}
