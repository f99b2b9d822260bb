/*
 * test_host_transfer.c - NmapiTransferMemory: the block keeps address and content, only its owner
 * changes.
 */
#include "contract.h"

static const SIZE_T sizes[] = {0, 1, 100, 5000, 32768, 40000, 100000, 3u << 20};

static void a_block_changes_its_owner_and_nothing_else(void **state)
{
    HEXPERTKEY from = contract_open_key(0), to = contract_open_key(0);
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++) {
        void *block = must_alloc(from, sizes[i]);
        SIZE_T bytes = contract_usage(to).LiveBytes;
        content_fill(block, sizes[i], 5);
        expect_code(nm.transfer(from, to, block), NMERR_SUCCESS);
        expect_size(from, block, 0);
        expect_size(to, block, sizes[i]);
        assert_true(content_holds(block, sizes[i], 5));
        expect_free(from, block, NMERR_ACCESS_DENIED);
        expect_no_realloc(from, block, 10, NMERR_ACCESS_DENIED);
        assert_int_equal(contract_usage(from).LiveBlocks, 0);
        assert_int_equal(contract_usage(from).LiveBytes, 0);
        assert_int_equal(contract_usage(from).Frees, i + 1);
        assert_int_equal(contract_usage(to).LiveBlocks, 1);
        assert_int_equal(contract_usage(to).LiveBytes, bytes + sizes[i]);
        assert_int_equal(contract_usage(to).Allocations, i + 1);
        expect_free(to, block, NMERR_SUCCESS);
        expect_free(to, block, NMERR_INVALID_PARAMETER);
        assert_int_equal(contract_usage(to).LiveBlocks, 0);
    }
}

static void the_new_owner_may_resize_it(void **state)
{
    HEXPERTKEY from = contract_open_key(0), to = contract_open_key(0);
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++) {
        unsigned char *block = must_alloc(from, sizes[i]);
        content_fill(block, sizes[i], 5);
        expect_code(nm.transfer(from, to, block), NMERR_SUCCESS);
        block = must_realloc(to, block, sizes[i] * 2 + 100);
        assert_true(content_holds(block, sizes[i], 5));
        assert_true(content_is_zero(block + sizes[i], sizes[i] + 100));
        block = must_realloc(to, block, sizes[i] / 2);
        assert_true(content_holds(block, sizes[i] / 2, 5));
        expect_free(to, block, NMERR_SUCCESS);
    }
}

/* The giver's regions are released; the block and its neighbours must stay. */
static void a_block_survives_the_givers_close(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++) {
        HEXPERTKEY from = contract_open_key(0), to = contract_open_key(0);
        NMAPI_EXPERT_USAGE leaked = {.cbSize = sizeof leaked};
        void *block, *again;
        for (int n = 0; n < 10; n++)
            memset(must_alloc(from, sizes[i]), 0xFF, sizes[i]);
        block = must_alloc(from, sizes[i]);
        for (int n = 0; n < 10; n++)
            memset(must_alloc(from, sizes[i]), 0xFF, sizes[i]);
        content_fill(block, sizes[i], 5);
        expect_code(nm.transfer(from, to, block), NMERR_SUCCESS);
        expect_code(nm.close(from, &leaked), NMERR_SUCCESS);
        assert_int_equal(leaked.LiveBlocks, 20);
        assert_int_equal(leaked.LiveBytes, 20 * sizes[i]);
        assert_true(content_holds(block, sizes[i], 5));
        expect_size(to, block, sizes[i]);

        again = must_alloc(contract_open_key(0), sizes[i]); /* nobody gets its memory */
        assert_ptr_not_equal(again, block);
        memset(again, 0xEE, sizes[i]);
        assert_true(content_holds(block, sizes[i], 5));
        block = must_realloc(to, block, sizes[i] + 1000);
        assert_true(content_holds(block, sizes[i], 5));
        expect_free(to, block, NMERR_SUCCESS);
        expect_code(nm.close(to, NULL), NMERR_SUCCESS);
    }
}

static void a_block_is_released_with_the_takers_close(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++) {
        HEXPERTKEY from = contract_open_key(0), to = contract_open_key(0);
        NMAPI_EXPERT_USAGE leaked = {.cbSize = sizeof leaked};
        void *kept = must_alloc(from, 100), *block = must_alloc(from, sizes[i]);
        content_fill(kept, 100, 6);
        expect_code(nm.transfer(from, to, block), NMERR_SUCCESS);
        expect_code(nm.close(to, &leaked), NMERR_SUCCESS);
        assert_int_equal(leaked.LiveBlocks, 1);
        assert_int_equal(leaked.LiveBytes, sizes[i]);
        expect_size(from, block, 0);
        assert_int_not_equal(nm.free(from, block), NMERR_SUCCESS);
        assert_true(content_holds(kept, 100, 6));
        for (int n = 0; n < 100; n++)
            must_alloc(from, sizes[i] < 10000 ? sizes[i] : 10);
        assert_true(content_holds(kept, 100, 6));
        expect_free(from, kept, NMERR_SUCCESS);
        expect_code(nm.close(from, NULL), NMERR_SUCCESS);
    }
}

static void both_closed_releases_everything(void **state)
{
    SIZE_T before = contract_committed();
    (void)state;
    for (int round = 0; round < 10; round++) {
        HEXPERTKEY from = contract_open_key(0), to = contract_open_key(0);
        for (int i = 0; i < 200; i++) {
            void *small = must_alloc(from, 3000), *large = must_alloc(from, 100000);
            expect_code(nm.transfer(from, to, i % 2 ? small : large), NMERR_SUCCESS);
        }
        expect_code(nm.close(round % 2 ? from : to, NULL), NMERR_SUCCESS);
        expect_code(nm.close(round % 2 ? to : from, NULL), NMERR_SUCCESS);
    }
    assert_true(contract_trimmed() <= before + CONTRACT_KEPT);
}

static void a_block_may_be_handed_on_and_back(void **state)
{
    HEXPERTKEY a = contract_open_key(0), b = contract_open_key(0), c = contract_open_key(0);
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++) {
        void *block = must_alloc(a, sizes[i]);
        content_fill(block, sizes[i], 5);
        expect_code(nm.transfer(a, b, block), NMERR_SUCCESS);
        expect_code(nm.transfer(a, b, block), NMERR_ACCESS_DENIED); /* no longer a's */
        expect_code(nm.transfer(b, c, block), NMERR_SUCCESS);
        expect_code(nm.transfer(c, a, block), NMERR_SUCCESS);
        expect_size(a, block, sizes[i]);
        expect_size(b, block, 0);
        expect_size(c, block, 0);
        assert_true(content_holds(block, sizes[i], 5));
        expect_free(b, block, NMERR_ACCESS_DENIED);
        expect_free(a, block, NMERR_SUCCESS);
        expect_free(a, block, NMERR_INVALID_PARAMETER);
        assert_int_equal(contract_usage(a).LiveBlocks, 0);
        assert_int_equal(contract_usage(b).LiveBlocks, 0);
        assert_int_equal(contract_usage(c).LiveBlocks, 0);
    }
}

static void a_transfer_to_the_owner_changes_nothing(void **state)
{
    HEXPERTKEY key = contract_open_key(100);
    void *block = must_alloc(key, 100);
    NMAPI_EXPERT_USAGE before = contract_usage(key), after;
    (void)state;
    expect_code(nm.transfer(key, key, block), NMERR_SUCCESS);
    after = contract_usage(key);
    assert_memory_equal(&before, &after, sizeof before);
    expect_code(nm.transfer(key, key, (char *)block + 16), NMERR_INVALID_PARAMETER);
    expect_size(key, block, 100);
    expect_free(key, block, NMERR_SUCCESS);
    expect_code(nm.transfer(key, key, block), NMERR_INVALID_PARAMETER);
}

static void what_is_no_live_block_is_an_invalid_parameter(void **state)
{
    HEXPERTKEY from = contract_open_key(0), to = contract_open_key(0);
    char *block = must_alloc(from, 100), *freed = must_alloc(from, 100);
    int here = 0;
    (void)state;
    expect_free(from, freed, NMERR_SUCCESS);
    expect_code(nm.transfer(from, to, NULL), NMERR_INVALID_PARAMETER);
    expect_code(nm.transfer(from, to, freed), NMERR_INVALID_PARAMETER);
    expect_code(nm.transfer(from, to, block + 1), NMERR_INVALID_PARAMETER);
    expect_code(nm.transfer(from, to, block + 16), NMERR_INVALID_PARAMETER);
    expect_code(nm.transfer(from, to, &here), NMERR_INVALID_PARAMETER);
    expect_code(nm.transfer(from, to, (void *)(ULONG_PTR)-16), NMERR_INVALID_PARAMETER);
    expect_size(from, block, 100);
    expect_code(nm.transfer(from, to, block), NMERR_SUCCESS);
}

static void what_is_not_the_givers_is_denied(void **state)
{
    HEXPERTKEY from = contract_open_key(0), to = contract_open_key(0);
    HEXPERTKEY third = contract_open_key(0), legacy = contract_implicit_key();
    void *block = must_alloc(third, 100), *loose = must_alloc(legacy, 100);
    (void)state;
    expect_code(nm.transfer(from, to, block), NMERR_ACCESS_DENIED);
    expect_code(nm.transfer(from, third, block), NMERR_ACCESS_DENIED);
    expect_code(nm.transfer(from, to, loose), NMERR_ACCESS_DENIED);
    expect_size(third, block, 100);
    expect_size(legacy, loose, 100);
    expect_free(third, block, NMERR_SUCCESS);
    expect_free(legacy, loose, NMERR_SUCCESS);
}

static void over_the_takers_limit_is_out_of_memory(void **state)
{
    HEXPERTKEY from = contract_open_key(500), to = contract_open_key(150);
    void *a = must_alloc(from, 100), *b = must_alloc(from, 51), *c = must_alloc(from, 50);
    (void)state;
    expect_code(nm.transfer(from, to, a), NMERR_SUCCESS);
    expect_code(nm.transfer(from, to, b), NMERR_OUT_OF_MEMORY);
    expect_size(from, b, 51);
    expect_size(to, b, 0);
    expect_code(nm.transfer(from, to, c), NMERR_SUCCESS);
    expect_no_alloc(to, 1, NMERR_OUT_OF_MEMORY);
    must_alloc(from, 449); /* the giver may allocate as much again */
    expect_no_alloc(from, 1, NMERR_OUT_OF_MEMORY);
    expect_free(to, a, NMERR_SUCCESS);
    expect_code(nm.transfer(from, to, b), NMERR_SUCCESS);
}

static void a_terminated_expert_gives_but_does_not_take(void **state)
{
    HEXPERTKEY ended = contract_open_key(0), other = contract_open_key(0);
    void *theirs = must_alloc(ended, 100), *mine = must_alloc(other, 100);
    (void)state;
    content_fill(theirs, 100, 5);
    expect_code(nm.terminate(ended), NMERR_SUCCESS);
    expect_code(nm.transfer(other, ended, mine), NMERR_EXPERT_TERMINATE);
    expect_size(other, mine, 100);
    expect_code(nm.transfer(ended, other, theirs), NMERR_SUCCESS);
    expect_code(nm.close(ended, NULL), NMERR_SUCCESS);
    assert_true(content_holds(theirs, 100, 5));
    expect_free(other, theirs, NMERR_SUCCESS);
    expect_free(other, mine, NMERR_SUCCESS);
}

static void an_implicit_expert_may_give_and_take(void **state)
{
    HEXPERTKEY implicit = contract_implicit_key(), isolated = contract_open_key(0);
    HEXPERTKEY legacy = contract_implicit_key();
    void *block = must_alloc(implicit, 100);
    (void)state;
    expect_code(nm.transfer(implicit, isolated, block), NMERR_SUCCESS);
    expect_free(legacy, block, NMERR_ACCESS_DENIED); /* isolated now */
    expect_free(implicit, block, NMERR_ACCESS_DENIED);
    expect_code(nm.transfer(isolated, implicit, block), NMERR_SUCCESS);
    expect_free(isolated, block, NMERR_ACCESS_DENIED);
    expect_free(legacy, block, NMERR_SUCCESS); /* a legacy block again */
}

/* As the examples do it: Configure, Configure, Run under isolated keys. */
static void a_configuration_passes_through_isolated_experts(void **state)
{
    HEXPERTKEY key = contract_open_key(0);
    SIZE_T bytes = 24;
    void *block = must_alloc(key, bytes);
    (void)state;
    content_fill(block, bytes, 12);
    for (int i = 0; i < 12; i++) {
        HEXPERTKEY next = contract_open_key(0);
        expect_code(nm.transfer(key, next, block), NMERR_SUCCESS);
        expect_code(nm.close(key, NULL), NMERR_SUCCESS);
        block = must_realloc(next, block, bytes * 2);
        assert_true(content_holds(block, bytes, 12));
        bytes *= 2;
        content_fill(block, bytes, 12);
        key = next;
    }
    expect_free(key, block, NMERR_SUCCESS);
}

/* Memory of an earlier expert of the taker's key does not affect this one. */
static void a_block_outlives_an_earlier_expert_of_the_takers_key(void **state)
{
    HEXPERTKEY key = contract_open_key(0), from = contract_open_key(0);
    void *block = must_alloc(from, 32);
    (void)state;
    must_alloc(key, 100);
    expect_code(nm.terminate(key), NMERR_SUCCESS);
    expect_code(nm.close(key, NULL), NMERR_SUCCESS);
    expect_code(nm.open(key, NULL), NMERR_SUCCESS);
    expect_code(nm.transfer(from, key, block), NMERR_SUCCESS);
    for (int i = 0; i < 100; i++) {
        HEXPERTKEY other = contract_open_key(0);
        for (int j = 0; j < 10; j++)
            must_alloc(other, 100000);
        expect_code(nm.terminate(other), NMERR_SUCCESS);
        expect_code(nm.close(other, NULL), NMERR_SUCCESS);
        expect_size(key, block, 32);
    }
    expect_free(key, block, NMERR_SUCCESS);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_changes_its_owner_and_nothing_else),
        cmocka_unit_test(the_new_owner_may_resize_it),
        cmocka_unit_test(a_block_survives_the_givers_close),
        cmocka_unit_test(a_block_is_released_with_the_takers_close),
        cmocka_unit_test(both_closed_releases_everything),
        cmocka_unit_test(a_block_may_be_handed_on_and_back),
        cmocka_unit_test(a_transfer_to_the_owner_changes_nothing),
        cmocka_unit_test(what_is_no_live_block_is_an_invalid_parameter),
        cmocka_unit_test(what_is_not_the_givers_is_denied),
        cmocka_unit_test(over_the_takers_limit_is_out_of_memory),
        cmocka_unit_test(a_terminated_expert_gives_but_does_not_take),
        cmocka_unit_test(an_implicit_expert_may_give_and_take),
        cmocka_unit_test(a_configuration_passes_through_isolated_experts),
        cmocka_unit_test(a_block_outlives_an_earlier_expert_of_the_takers_key),
    };
    contract_load(argc, argv);
    return cmocka_run_group_tests_name("host transfer", tests, NULL, NULL) != 0;
}
