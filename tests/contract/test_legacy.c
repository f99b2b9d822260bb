/*
 * test_legacy.c - legacy blocks: implicit experts may use each other's blocks, as Configure and Run
 * need it. A block belongs to the expert that reallocated it last.
 */
#include "contract.h"

static const SIZE_T sizes[] = {0, 1, 100, 5000, 32768, 40000, 3u << 20};

static void another_key_frees_a_legacy_block(void **state)
{
    HEXPERTKEY configure = contract_implicit_key(), run = contract_implicit_key();
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++) {
        void *block = must_alloc(configure, sizes[i]);
        expect_free(run, block, NMERR_SUCCESS);
        expect_size(configure, block, 0);
        expect_free(configure, block, NMERR_INVALID_PARAMETER);
        expect_free(run, block, NMERR_INVALID_PARAMETER);
    }
}

static void a_key_never_seen_frees_a_legacy_block(void **state)
{
    HEXPERTKEY configure = contract_implicit_key();
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++) {
        void *block = must_alloc(configure, sizes[i]);
        expect_free(contract_unknown_key(), block, NMERR_SUCCESS);
        expect_size(configure, block, 0);
        expect_free(configure, block, NMERR_INVALID_PARAMETER);
    }
}

static void realloc_by_another_key_takes_the_block_over(void **state)
{
    (void)state;
    for (int grown = 0; grown < 3; grown++)
        for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++) {
            HEXPERTKEY first = contract_implicit_key(), second = contract_implicit_key();
            SIZE_T now = grown == 0 ? sizes[i] : grown == 1 ? sizes[i] * 2 + 9 : sizes[i] / 2;
            SIZE_T kept = now < sizes[i] ? now : sizes[i];
            unsigned char *block = must_alloc(first, sizes[i]);
            content_fill(block, sizes[i], 21);
            block = must_realloc(second, block, now);
            assert_true(content_holds(block, kept, 21));
            assert_true(content_is_zero(block + kept, now - kept));
            expect_size(first, block, 0);
            expect_size(second, block, now);
            assert_int_equal(contract_usage(first).LiveBlocks, 0);
            assert_int_equal(contract_usage(first).LiveBytes, 0);
            assert_int_equal(contract_usage(second).LiveBlocks, 1);
            assert_int_equal(contract_usage(second).LiveBytes, now);
            expect_free(second, block, NMERR_SUCCESS);
        }
}

static void realloc_by_a_key_never_seen_opens_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++) {
        HEXPERTKEY first = contract_implicit_key(), second = contract_unknown_key();
        void *block = must_alloc(first, sizes[i]);
        content_fill(block, sizes[i], 22);
        block = must_realloc(second, block, sizes[i] + 64);
        assert_true(content_holds(block, sizes[i], 22));
        expect_size(first, block, 0);
        expect_free(second, block, NMERR_SUCCESS);
        assert_int_equal(contract_usage(second).Flags, NMAPI_USAGE_IMPLICIT);
    }
}

/* Closing the giver would reveal a block that only looks handed over. */
static void a_block_taken_over_survives_the_givers_close(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++) {
        HEXPERTKEY first = contract_implicit_key(), second = contract_implicit_key();
        NMAPI_EXPERT_USAGE leaked = {.cbSize = sizeof leaked};
        void *left = must_alloc(first, 77);
        void *block = must_alloc(first, sizes[i]);
        (void)left;
        content_fill(block, sizes[i], 23);
        block = must_realloc(second, block, sizes[i]);
        expect_code(nm.close(first, &leaked), NMERR_SUCCESS);
        assert_int_equal(leaked.LiveBlocks, 1);
        assert_int_equal(leaked.LiveBytes, 77);
        assert_true(content_holds(block, sizes[i], 23));
        expect_size(second, block, sizes[i]);
        block = must_realloc(second, block, sizes[i] * 2);
        assert_true(content_holds(block, sizes[i], 23));
        expect_free(second, block, NMERR_SUCCESS);
    }
}

static void a_failed_realloc_by_another_key_leaves_block_and_owner(void **state)
{
    HEXPERTKEY first = contract_implicit_key(), second = contract_implicit_key();
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++) {
        void *block = must_alloc(first, sizes[i]);
        content_fill(block, sizes[i], 24);
        expect_no_realloc(second, block, SIZE_MAX, NMERR_OUT_OF_MEMORY);
        expect_no_realloc(second, block, SIZE_MAX / 4 * 3, NMERR_OUT_OF_MEMORY);
        expect_size(first, block, sizes[i]);
        expect_size(second, block, 0);
        assert_true(content_holds(block, sizes[i], 24));
        assert_int_equal(contract_usage(second).LiveBlocks, 0);
        expect_free(first, block, NMERR_SUCCESS);
    }
}

static void a_freed_legacy_block_is_no_block_for_anybody(void **state)
{
    HEXPERTKEY first = contract_implicit_key(), second = contract_implicit_key();
    void *block = must_alloc(first, 100);
    (void)state;
    expect_free(first, block, NMERR_SUCCESS);
    expect_free(second, block, NMERR_INVALID_PARAMETER);
    expect_no_realloc(second, block, 10, NMERR_INVALID_PARAMETER);
    expect_free(contract_unknown_key(), block, NMERR_INVALID_EXPERT_HANDLE);
    expect_no_realloc(contract_unknown_key(), block, 10, NMERR_INVALID_EXPERT_HANDLE);
}

static void the_inside_of_a_legacy_block_is_no_block(void **state)
{
    HEXPERTKEY first = contract_implicit_key(), second = contract_implicit_key();
    char *block = must_alloc(first, 100);
    (void)state;
    expect_free(second, block + 16, NMERR_INVALID_PARAMETER);
    expect_no_realloc(second, block + 16, 10, NMERR_INVALID_PARAMETER);
    expect_free(contract_unknown_key(), block + 16, NMERR_INVALID_EXPERT_HANDLE);
    expect_size(first, block, 100);
    expect_free(second, block, NMERR_SUCCESS);
}

static void blocks_pass_through_many_keys(void **state)
{
    enum { KEYS = 12, BLOCKS = 40 };
    HEXPERTKEY keys[KEYS];
    void *blocks[BLOCKS];
    SIZE_T bytes[BLOCKS];
    (void)state;
    for (int k = 0; k < KEYS; k++)
        keys[k] = contract_unknown_key();
    for (SIZE_T b = 0; b < BLOCKS; b++) {
        bytes[b] = 10 + b * 61;
        blocks[b] = must_alloc(keys[0], bytes[b]);
        content_fill(blocks[b], bytes[b], (uint32_t)b);
    }
    for (int k = 1; k < KEYS; k++)
        for (SIZE_T b = 0; b < BLOCKS; b++) {
            blocks[b] = must_realloc(keys[k], blocks[b], bytes[b] * 3 / 2);
            assert_true(content_holds(blocks[b], bytes[b], (uint32_t)b));
            bytes[b] = bytes[b] * 3 / 2;
            content_fill(blocks[b], bytes[b], (uint32_t)b);
            expect_size(keys[k - 1], blocks[b], 0);
        }
    for (int k = 0; k < KEYS - 1; k++) {
        assert_int_equal(contract_usage(keys[k]).LiveBlocks, 0);
        assert_int_equal(contract_usage(keys[k]).Allocations, BLOCKS);
        assert_int_equal(contract_usage(keys[k]).Frees, BLOCKS);
    }
    for (int b = 0; b < BLOCKS; b++)
        expect_free(keys[b % KEYS], blocks[b], NMERR_SUCCESS);
    assert_int_equal(contract_usage(keys[KEYS - 1]).LiveBlocks, 0);
}

/* As the SDK does it: Configure grows what an earlier Configure allocated, each on its own
   thread. */
struct step {
    HEXPERTKEY key;
    void *block;
    SIZE_T before, after;
    BOOL good;
};

static DWORD WINAPI configure_once(LPVOID argument)
{
    struct step *step = argument;
    DWORD error = CONTRACT_UNSET;
    step->block = nm.realloc(step->key, step->block, step->after, &error);
    step->good = step->block != NULL && error == NMERR_SUCCESS &&
                 content_holds(step->block, step->before, 31) &&
                 content_is_zero((char *)step->block + step->before, step->after - step->before);
    if (step->good)
        content_fill(step->block, step->after, 31);
    return 0;
}

static void configuration_passes_from_thread_to_thread(void **state)
{
    struct step step = {NULL, NULL, 0, 24, FALSE};
    (void)state;
    for (int i = 0; i < 10; i++) {
        step.key = contract_unknown_key();
        contract_join(contract_start(configure_once, &step));
        assert_true(step.good);
        expect_size(step.key, step.block, step.after);
        step.before = step.after;
        step.after = step.after * 3;
    }
    expect_free(contract_unknown_key(), step.block, NMERR_SUCCESS);
}

/* Each pair in which the host opened one expert: neither direction works. */
static void an_isolated_expert_neither_gives_nor_takes(void **state)
{
    HEXPERTKEY isolated = contract_open_key(0), legacy = contract_implicit_key();
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++) {
        void *mine = must_alloc(isolated, sizes[i]), *theirs = must_alloc(legacy, sizes[i]);
        content_fill(mine, sizes[i], 1);
        content_fill(theirs, sizes[i], 2);
        expect_free(legacy, mine, NMERR_ACCESS_DENIED);
        expect_free(isolated, theirs, NMERR_ACCESS_DENIED);
        expect_no_realloc(legacy, mine, 1, NMERR_ACCESS_DENIED);
        expect_no_realloc(isolated, theirs, 1, NMERR_ACCESS_DENIED);
        expect_size(isolated, mine, sizes[i]);
        expect_size(legacy, theirs, sizes[i]);
        assert_true(content_holds(mine, sizes[i], 1));
        assert_true(content_holds(theirs, sizes[i], 2));
        expect_free(isolated, mine, NMERR_SUCCESS);
        expect_free(contract_unknown_key(), theirs, NMERR_SUCCESS);
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_key_frees_a_legacy_block),
        cmocka_unit_test(a_key_never_seen_frees_a_legacy_block),
        cmocka_unit_test(realloc_by_another_key_takes_the_block_over),
        cmocka_unit_test(realloc_by_a_key_never_seen_opens_it),
        cmocka_unit_test(a_block_taken_over_survives_the_givers_close),
        cmocka_unit_test(a_failed_realloc_by_another_key_leaves_block_and_owner),
        cmocka_unit_test(a_freed_legacy_block_is_no_block_for_anybody),
        cmocka_unit_test(the_inside_of_a_legacy_block_is_no_block),
        cmocka_unit_test(blocks_pass_through_many_keys),
        cmocka_unit_test(configuration_passes_from_thread_to_thread),
        cmocka_unit_test(an_isolated_expert_neither_gives_nor_takes),
    };
    contract_load(argc, argv);
    return cmocka_run_group_tests_name("legacy blocks", tests, NULL, NULL) != 0;
}
