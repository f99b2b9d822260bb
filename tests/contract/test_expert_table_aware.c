/*
 * test_expert_table_aware.c - the rows of the expert functions' table that only a host can cause:
 * isolated, terminated, closed and limited experts.
 */
#include "contract.h"

static const SIZE_T sizes[] = {0, 100, 5000, 40000, 3u << 20};

/* The caller's calls on the owner's block are refused and change nothing. */
static void expect_denied(HEXPERTKEY caller, HEXPERTKEY owner)
{
    for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++) {
        void *block = must_alloc(owner, sizes[i]);
        NMAPI_EXPERT_USAGE before = contract_usage(owner), after;
        content_fill(block, sizes[i], 3);
        expect_free(caller, block, NMERR_ACCESS_DENIED);
        expect_no_realloc(caller, block, sizes[i] + 1, NMERR_ACCESS_DENIED);
        expect_no_realloc(caller, block, 0, NMERR_ACCESS_DENIED);
        expect_size(caller, block, 0);
        assert_int_equal(nm.free_wide(caller, block), NMERR_ACCESS_DENIED);
        after = contract_usage(owner);
        assert_int_equal(after.LiveBlocks, before.LiveBlocks);
        assert_int_equal(after.LiveBytes, before.LiveBytes);
        assert_int_equal(after.Refused, before.Refused);
        expect_size(owner, block, sizes[i]);
        assert_true(content_holds(block, sizes[i], 3));
        expect_free(owner, block, NMERR_SUCCESS); /* the benign twin */
    }
}

static void anothers_block_is_denied_between_two_opened_by_the_host(void **state)
{
    (void)state;
    expect_denied(contract_open_key(0), contract_open_key(0));
}

static void an_opened_experts_block_is_denied_to_an_implicit_one(void **state)
{
    (void)state;
    expect_denied(contract_implicit_key(), contract_open_key(0));
}

static void an_implicit_experts_block_is_denied_to_an_opened_one(void **state)
{
    (void)state;
    expect_denied(contract_open_key(0), contract_implicit_key());
}

static void an_opened_experts_block_is_no_legacy_block_for_a_key_never_seen(void **state)
{
    HEXPERTKEY owner = contract_open_key(0), never = contract_unknown_key();
    void *block = must_alloc(owner, 100);
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    (void)state;
    content_fill(block, 100, 3);
    expect_free(never, block, NMERR_INVALID_EXPERT_HANDLE);
    expect_no_realloc(never, block, 200, NMERR_INVALID_EXPERT_HANDLE);
    expect_size(never, block, 0);
    expect_code(nm.query(never, &usage), NMERR_INVALID_EXPERT_HANDLE);
    expect_size(owner, block, 100);
    assert_true(content_holds(block, 100, 3));
    expect_free(owner, block, NMERR_SUCCESS);
}

static void a_freed_block_of_another_is_no_block(void **state)
{
    HEXPERTKEY owner = contract_open_key(0), other = contract_open_key(0);
    void *block = must_alloc(owner, 100);
    (void)state;
    expect_free(owner, block, NMERR_SUCCESS);
    expect_size(other, block, 0);
    expect_no_realloc(owner, block, 10, NMERR_INVALID_PARAMETER);
    expect_free(owner, block, NMERR_INVALID_PARAMETER);
}

static void a_terminated_expert_gets_no_memory(void **state)
{
    HEXPERTKEY key = contract_open_key(0);
    (void)state;
    expect_code(nm.terminate(key), NMERR_SUCCESS);
    expect_no_alloc(key, 10, NMERR_EXPERT_TERMINATE);
    expect_no_alloc(key, 0, NMERR_EXPERT_TERMINATE);
    expect_no_alloc(key, 1u << 20, NMERR_EXPERT_TERMINATE);
    expect_no_realloc(key, NULL, 10, NMERR_EXPERT_TERMINATE);
    assert_null(nm.alloc(key, 10, NULL));
    assert_null(nm.realloc(key, NULL, 10, NULL));
}

static void a_terminated_experts_realloc_leaves_the_original(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++) {
        HEXPERTKEY key = contract_open_key(0);
        void *block = must_alloc(key, sizes[i]);
        content_fill(block, sizes[i], 3);
        expect_code(nm.terminate(key), NMERR_SUCCESS);
        expect_no_realloc(key, block, sizes[i] + 100, NMERR_EXPERT_TERMINATE);
        expect_no_realloc(key, block, 0, NMERR_EXPERT_TERMINATE);
        expect_no_realloc(key, block, sizes[i], NMERR_EXPERT_TERMINATE);
        expect_size(key, block, sizes[i]);
        assert_true(content_holds(block, sizes[i], 3));
    }
}

static void a_terminated_expert_still_frees_its_blocks(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++) {
        HEXPERTKEY key = contract_open_key(0);
        void *kept = must_alloc(key, sizes[i]);
        void *block = must_alloc(key, sizes[i]);
        NMAPI_EXPERT_USAGE usage;
        expect_code(nm.terminate(key), NMERR_SUCCESS);
        expect_size(key, block, sizes[i]);
        assert_int_equal(nm.free_wide(key, block), NMERR_EXPERT_TERMINATE);
        expect_size(key, block, 0);
        expect_size(key, kept, sizes[i]);
        usage = contract_usage(key);
        assert_int_equal(usage.State, NMAPI_STATE_TERMINATED);
        assert_int_equal(usage.LiveBlocks, 1);
        assert_int_equal(usage.LiveBytes, sizes[i]);
        assert_int_equal(usage.Frees, 1);
        assert_int_not_equal(nm.free(key, block), NMERR_SUCCESS); /* and only once */
        assert_int_equal(contract_usage(key).LiveBlocks, 1);
    }
}

static void a_terminated_expert_frees_nothing_of_anothers(void **state)
{
    HEXPERTKEY key = contract_open_key(0), other = contract_open_key(0);
    void *block = must_alloc(other, 100);
    (void)state;
    expect_code(nm.terminate(key), NMERR_SUCCESS);
    assert_int_not_equal(nm.free(key, block), NMERR_SUCCESS);
    expect_no_realloc(key, block, 10, NMERR_EXPERT_TERMINATE);
    expect_size(key, block, 0);
    expect_size(other, block, 100);
    expect_free(other, block, NMERR_SUCCESS);
}

static void an_implicit_expert_can_be_terminated_and_closed(void **state)
{
    HEXPERTKEY key = contract_unknown_key();
    void *block = must_alloc(key, 100);
    (void)state;
    expect_code(nm.terminate(key), NMERR_SUCCESS);
    expect_no_alloc(key, 10, NMERR_EXPERT_TERMINATE);
    expect_size(key, block, 100);
    expect_free(key, block, NMERR_EXPERT_TERMINATE);
    expect_size(key, block, 0);
    expect_code(nm.close(key, NULL), NMERR_SUCCESS);
    expect_no_alloc(key, 10, NMERR_EXPERT_TERMINATE);
}

static void closed(HEXPERTKEY key, BOOL terminate_first)
{
    HEXPERTKEY other = contract_open_key(0), legacy = contract_unknown_key();
    void *blocks[CONTRACT_COUNT(sizes)];
    void *theirs = must_alloc(other, 100), *implicit = must_alloc(legacy, 100);

    for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++)
        blocks[i] = must_alloc(key, sizes[i]);
    if (terminate_first)
        expect_code(nm.terminate(key), NMERR_SUCCESS);
    expect_code(nm.close(key, NULL), NMERR_SUCCESS);

    expect_no_alloc(key, 10, NMERR_EXPERT_TERMINATE);
    expect_no_alloc(key, 0, NMERR_EXPERT_TERMINATE);
    expect_no_realloc(key, NULL, 10, NMERR_EXPERT_TERMINATE);
    for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++) {
        expect_no_realloc(key, blocks[i], 10, NMERR_EXPERT_TERMINATE);
        expect_free(key, blocks[i], NMERR_EXPERT_TERMINATE);
        assert_int_equal(nm.free_wide(key, blocks[i]), NMERR_EXPERT_TERMINATE);
        expect_size(key, blocks[i], 0);
        expect_size(other, blocks[i], 0);
    }
    expect_free(key, theirs, NMERR_EXPERT_TERMINATE);
    expect_free(key, implicit, NMERR_EXPERT_TERMINATE);
    expect_free(key, (void *)16, NMERR_EXPERT_TERMINATE);
    expect_no_realloc(key, implicit, 10, NMERR_EXPERT_TERMINATE);
    expect_size(key, theirs, 0);
    expect_free(other, theirs, NMERR_SUCCESS);
    expect_free(legacy, implicit, NMERR_SUCCESS);
}

static void a_closed_expert_gets_and_touches_nothing(void **state)
{
    (void)state;
    closed(contract_open_key(0), FALSE);
    closed(contract_open_key(0), TRUE);
    closed(contract_open_key(64u << 20), FALSE);
    closed(contract_unknown_key(), FALSE);
    closed(contract_unknown_key(), TRUE);
}

static void a_closed_experts_blocks_are_nobodys(void **state)
{
    HEXPERTKEY key = contract_open_key(0), other = contract_open_key(0);
    HEXPERTKEY legacy = contract_implicit_key();
    void *block = must_alloc(key, 100);
    (void)state;
    expect_code(nm.close(key, NULL), NMERR_SUCCESS);
    expect_free(other, block, NMERR_INVALID_PARAMETER);
    expect_free(legacy, block, NMERR_INVALID_PARAMETER);
    expect_free(contract_unknown_key(), block, NMERR_INVALID_EXPERT_HANDLE);
    expect_no_realloc(other, block, 10, NMERR_INVALID_PARAMETER);
    expect_no_realloc(contract_unknown_key(), block, 10, NMERR_INVALID_EXPERT_HANDLE);
}

static void an_expert_can_be_reopened_after_a_close(void **state)
{
    HEXPERTKEY key = contract_open_key(1000), other = contract_implicit_key();
    void *old = must_alloc(key, 100), *block;
    NMAPI_EXPERT_USAGE usage;
    (void)state;
    expect_code(nm.close(key, NULL), NMERR_SUCCESS);
    expect_code(nm.open(key, NULL), NMERR_SUCCESS);
    expect_size(key, old, 0);
    expect_free(key, old, NMERR_INVALID_PARAMETER);
    expect_no_realloc(key, old, 10, NMERR_INVALID_PARAMETER);
    usage = contract_usage(key);
    assert_int_equal(usage.State, NMAPI_STATE_OPEN);
    assert_int_equal(usage.LiveBlocks, 0);
    assert_int_equal(usage.LiveBytes, 0);
    assert_int_equal(usage.MemoryLimit, 0);
    block = must_alloc(key, 5000); /* the old limit no longer holds */
    expect_free(other, block, NMERR_ACCESS_DENIED);
    expect_free(key, block, NMERR_SUCCESS);
}

static void an_implicit_expert_is_isolated_once_reopened(void **state)
{
    HEXPERTKEY key = contract_implicit_key(), legacy = contract_implicit_key();
    void *block;
    (void)state;
    expect_code(nm.close(key, NULL), NMERR_SUCCESS);
    expect_code(nm.open(key, NULL), NMERR_SUCCESS);
    assert_int_equal(contract_usage(key).Flags, 0);
    block = must_alloc(key, 100);
    expect_free(legacy, block, NMERR_ACCESS_DENIED);
    expect_free(key, block, NMERR_SUCCESS);
}

static void open_and_close_work_many_times(void **state)
{
    HEXPERTKEY key = contract_unknown_key();
    SIZE_T before = contract_committed();
    (void)state;
    for (int i = 0; i < 500; i++) {
        expect_code(nm.open(key, NULL), NMERR_SUCCESS);
        must_alloc(key, 100);
        must_alloc(key, 1u << 20);
        expect_code(nm.close(key, NULL), NMERR_SUCCESS);
    }
    assert_true(contract_trimmed() <= before + CONTRACT_KEPT);
}

static void a_limit_counts_the_bytes_asked_for(void **state)
{
    HEXPERTKEY key = contract_open_key(1000);
    void *a = must_alloc(key, 600), *b;
    (void)state;
    expect_no_alloc(key, 401, NMERR_OUT_OF_MEMORY);
    expect_no_alloc(key, 1u << 20, NMERR_OUT_OF_MEMORY);
    b = must_alloc(key, 400);
    expect_no_alloc(key, 1, NMERR_OUT_OF_MEMORY);
    expect_no_realloc(key, NULL, 1, NMERR_OUT_OF_MEMORY);
    expect_free(key, must_alloc(key, 0), NMERR_SUCCESS); /* 0 bytes always fit */
    expect_free(key, b, NMERR_SUCCESS);
    b = must_alloc(key, 399);
    expect_free(key, must_alloc(key, 1), NMERR_SUCCESS);
    expect_free(key, a, NMERR_SUCCESS);
    expect_free(key, b, NMERR_SUCCESS);
    expect_free(key, must_alloc(key, 1000), NMERR_SUCCESS);
    for (int i = 0; i < 200; i++) /* 5 each */
        must_alloc(key, 5);
    expect_no_alloc(key, 1, NMERR_OUT_OF_MEMORY);
    assert_int_equal(contract_usage(key).LiveBytes, 1000);
    expect_code(nm.close(key, NULL), NMERR_SUCCESS);
}

static void a_realloc_over_the_limit_leaves_the_original(void **state)
{
    HEXPERTKEY key = contract_open_key(1000);
    void *a = must_alloc(key, 600), *b = must_alloc(key, 400);
    (void)state;
    content_fill(a, 600, 1);
    content_fill(b, 400, 2);
    expect_no_realloc(key, a, 601, NMERR_OUT_OF_MEMORY);
    expect_no_realloc(key, b, 401, NMERR_OUT_OF_MEMORY);
    expect_no_realloc(key, b, 1u << 20, NMERR_OUT_OF_MEMORY);
    expect_size(key, a, 600);
    assert_true(content_holds(a, 600, 1));
    assert_true(content_holds(b, 400, 2));
    a = must_realloc(key, a, 500);
    b = must_realloc(key, b, 500); /* just fits: the old 400 do not count twice */
    assert_true(content_holds(a, 500, 1));
    assert_true(content_holds(b, 400, 2));
    expect_no_realloc(key, b, 501, NMERR_OUT_OF_MEMORY);
    expect_free(key, a, NMERR_SUCCESS);
    b = must_realloc(key, b, 1000);
    assert_true(content_holds(b, 400, 2));
    expect_free(key, b, NMERR_SUCCESS);
}

static void a_limit_holds_for_large_blocks(void **state)
{
    const SIZE_T limit = 10u << 20;
    HEXPERTKEY key = contract_open_key(limit);
    void *block = must_alloc(key, limit - 100000);
    (void)state;
    content_fill(block, limit - 100000, 1);
    expect_no_alloc(key, 100001, NMERR_OUT_OF_MEMORY);
    expect_no_realloc(key, block, limit + 1, NMERR_OUT_OF_MEMORY);
    assert_true(content_holds(block, limit - 100000, 1));
    block = must_realloc(key, block, limit);
    expect_no_alloc(key, 1, NMERR_OUT_OF_MEMORY);
    block = must_realloc(key, block, 10);
    expect_free(key, must_alloc(key, limit - 10), NMERR_SUCCESS);
    expect_free(key, block, NMERR_SUCCESS);
}

static void one_experts_limit_is_not_anothers(void **state)
{
    HEXPERTKEY small = contract_open_key(100), none = contract_open_key(0);
    HEXPERTKEY implicit = contract_implicit_key();
    (void)state;
    must_alloc(small, 100);
    expect_no_alloc(small, 1, NMERR_OUT_OF_MEMORY);
    expect_free(none, must_alloc(none, 1u << 20), NMERR_SUCCESS);
    expect_free(implicit, must_alloc(implicit, 1u << 20), NMERR_SUCCESS);
    expect_code(nm.close(small, NULL), NMERR_SUCCESS);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(anothers_block_is_denied_between_two_opened_by_the_host),
        cmocka_unit_test(an_opened_experts_block_is_denied_to_an_implicit_one),
        cmocka_unit_test(an_implicit_experts_block_is_denied_to_an_opened_one),
        cmocka_unit_test(an_opened_experts_block_is_no_legacy_block_for_a_key_never_seen),
        cmocka_unit_test(a_freed_block_of_another_is_no_block),
        cmocka_unit_test(a_terminated_expert_gets_no_memory),
        cmocka_unit_test(a_terminated_experts_realloc_leaves_the_original),
        cmocka_unit_test(a_terminated_expert_still_frees_its_blocks),
        cmocka_unit_test(a_terminated_expert_frees_nothing_of_anothers),
        cmocka_unit_test(an_implicit_expert_can_be_terminated_and_closed),
        cmocka_unit_test(a_closed_expert_gets_and_touches_nothing),
        cmocka_unit_test(a_closed_experts_blocks_are_nobodys),
        cmocka_unit_test(an_expert_can_be_reopened_after_a_close),
        cmocka_unit_test(an_implicit_expert_is_isolated_once_reopened),
        cmocka_unit_test(open_and_close_work_many_times),
        cmocka_unit_test(a_limit_counts_the_bytes_asked_for),
        cmocka_unit_test(a_realloc_over_the_limit_leaves_the_original),
        cmocka_unit_test(a_limit_holds_for_large_blocks),
        cmocka_unit_test(one_experts_limit_is_not_anothers),
    };
    contract_load(argc, argv);
    return cmocka_run_group_tests_name("table, isolated experts", tests, NULL, NULL) != 0;
}
