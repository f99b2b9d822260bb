/*
 * test_growth.c - blocks that grow, shrink a little and grow again: what a block grows by is zero,
 * whatever was written there while it was larger, and its content stays.
 */
#include "contract.h"

static void resize(HEXPERTKEY key, unsigned char **block, SIZE_T *bytes, SIZE_T to, uint32_t seed)
{
    SIZE_T kept = to < *bytes ? to : *bytes;

    *block = must_realloc(key, *block, to);
    assert_int_equal(nm.size(key, *block), to);
    assert_true(content_holds(*block, kept, seed));
    if (!content_is_zero(*block + kept, to - kept))
        fail_msg("%lu to %lu bytes: not all of the growth is zero", (unsigned long)*bytes,
                 (unsigned long)to);
    content_fill(*block, to, seed);
    *bytes = to;
}

/* The sizes of one round, in percent of the first size. */
static void a_block_that_shrinks_a_little_grows_zeroed(void **state)
{
    static const SIZE_T sizes[] = {900,    5000,   20000,  33000,  50000,  65000,
                                   100000, 196000, 262000, 300000, 1048576};
    static const unsigned ways[][5] = {{120, 118, 120, 119, 130},
                                       {101, 100, 101, 100, 101},
                                       {150, 95, 149, 60, 150},
                                       {104, 103, 104, 105, 90}};
    HEXPERTKEY key = contract_key();

    (void)state;
    for (unsigned i = 0; i < CONTRACT_COUNT(sizes); i++) {
        for (unsigned w = 0; w < CONTRACT_COUNT(ways); w++) {
            SIZE_T bytes = sizes[i];
            unsigned char *block = must_alloc(key, bytes);
            uint32_t seed = contract_seed + i * 16 + w;
            content_fill(block, bytes, seed);
            for (int k = 0; k < 5; k++)
                resize(key, &block, &bytes, sizes[i] * ways[w][k] / 100, seed);
            assert_int_equal(nm.free(key, block), NMERR_SUCCESS);
        }
    }
}

/* Near a page's end: a few bytes smaller, then a few bytes larger. */
static void a_block_that_shrinks_by_a_few_bytes_grows_zeroed(void **state)
{
    HEXPERTKEY key = contract_key();
    uint32_t random = contract_seed | 1;

    (void)state;
    for (int round = 0; round < 200; round++) {
        SIZE_T first = 33000 + content_random(&random) % 200000, bytes = first;
        unsigned char *block = must_alloc(key, bytes);
        uint32_t seed = content_random(&random);
        content_fill(block, bytes, seed);
        for (int k = 0; k < 12; k++) {
            SIZE_T by = content_random(&random) % (k % 3 ? 64 : first / 5);
            resize(key, &block, &bytes, k % 2 ? first - by : first + by, seed);
        }
        assert_int_equal(nm.free(key, block), NMERR_SUCCESS);
    }
}

/* What another expert left in the pages does not appear when a block grows over it. */
static void a_block_grows_zeroed_over_what_another_left(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        HEXPERTKEY former = contract_key(), key = contract_key();
        SIZE_T bytes = 40000 + (SIZE_T)round * 15000, most = bytes * 3 / 2;
        unsigned char *block = must_alloc(former, most);
        content_fill(block, most, contract_seed);
        assert_int_equal(nm.free(former, block), NMERR_SUCCESS);
        block = must_alloc(key, bytes);
        assert_true(content_is_zero(block, bytes));
        content_fill(block, bytes, contract_seed);
        while (bytes + 5000 < most)
            resize(key, &block, &bytes, bytes + 5000, contract_seed);
        assert_int_equal(nm.close(former, NULL), NMERR_SUCCESS);
        assert_int_equal(nm.close(key, NULL), NMERR_SUCCESS);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_that_shrinks_a_little_grows_zeroed),
        cmocka_unit_test(a_block_that_shrinks_by_a_few_bytes_grows_zeroed),
        cmocka_unit_test(a_block_grows_zeroed_over_what_another_left),
    };

    contract_load(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
