/*
 * test_expert_memory.c - what an expert finds in its memory: zeros where it never wrote, its own
 * bytes where it did, alignment and exact sizes, in small and large blocks. The host is unaware;
 * under --aware it opened the experts.
 */
#include "contract.h"

#include <stdlib.h>

enum { SMALL_SIZES = 5001 };

static const SIZE_T large_sizes[] = {
    32767,   32768,    32769,          40000,   49152,    65519,           65520,     65535,
    65536,   65537,    69632,          100000,  131071,   131072,          131073,    262144,
    1000000, 1u << 20, (1u << 20) + 1, 3000000, 8u << 20, (16u << 20) + 5, 33u << 20, 64u << 20,
};

static void sizes_are_exact_and_blocks_aligned_and_zero(void **state)
{
    HEXPERTKEY key = contract_key();
    (void)state;
    for (SIZE_T size = 0; size < SMALL_SIZES; size++) {
        void *first = must_alloc(key, size); /* checks size, alignment and zeroes */
        void *second = must_alloc(key, size);
        memset(first, 0xFF, size);
        assert_true(content_is_zero(second, size));
        expect_free(key, first, NMERR_SUCCESS);
        expect_free(key, second, NMERR_SUCCESS);
    }
}

static void large_sizes_are_exact_and_blocks_aligned_and_zero(void **state)
{
    HEXPERTKEY key = contract_key();
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(large_sizes); i++) {
        void *block = must_alloc(key, large_sizes[i]);
        memset(block, 0xFF, large_sizes[i]);
        expect_size(key, block, large_sizes[i]);
        expect_free(key, block, NMERR_SUCCESS);
        block = must_alloc(key, large_sizes[i]);
        expect_free(key, block, NMERR_SUCCESS);
    }
}

static void many_blocks_of_every_size_do_not_overlap(void **state)
{
    enum { BLOCKS = 2500 };
    HEXPERTKEY key = contract_key();
    void **blocks = calloc(BLOCKS, sizeof *blocks);
    (void)state;
    assert_non_null(blocks);
    for (SIZE_T i = 0; i < BLOCKS; i++) {
        blocks[i] = must_alloc(key, i * 3 % 2100);
        content_fill(blocks[i], i * 3 % 2100, (uint32_t)i);
    }
    for (SIZE_T i = 0; i < BLOCKS; i++) {
        expect_size(key, blocks[i], i * 3 % 2100);
        assert_true(content_holds(blocks[i], i * 3 % 2100, (uint32_t)i));
    }
    for (SIZE_T i = 0; i < BLOCKS; i++)
        expect_free(key, blocks[i], NMERR_SUCCESS);
    free(blocks);
}

static void recycled_memory_comes_zeroed(void **state)
{
    static const SIZE_T sizes[] = {1,    8,    16,    24,    100,   1000,
                                   4096, 5000, 20000, 32768, 65536, 1u << 20};
    HEXPERTKEY key = contract_key();
    (void)state;
    for (size_t s = 0; s < CONTRACT_COUNT(sizes); s++) {
        void *blocks[20];
        for (int round = 0; round < 3; round++) {
            for (size_t i = 0; i < CONTRACT_COUNT(blocks); i++) {
                blocks[i] = must_alloc(key, sizes[s]); /* checks the zeroes */
                memset(blocks[i], 0xFF, sizes[s]);
            }
            for (size_t i = 0; i < CONTRACT_COUNT(blocks); i++)
                expect_free(key, blocks[i], NMERR_SUCCESS);
        }
    }
}

/* A smaller size of the same class must not show what a larger block left. */
static void recycled_memory_comes_zeroed_for_other_sizes(void **state)
{
    HEXPERTKEY key = contract_key();
    uint32_t random = contract_seed;
    (void)state;
    for (int i = 0; i < 5000; i++) {
        SIZE_T wrote = content_random(&random) % (i % 10 == 0 ? 70000 : 600);
        void *block = must_alloc(key, wrote);
        memset(block, 0xFF, wrote);
        expect_free(key, block, NMERR_SUCCESS);
        wrote = content_random(&random) % (i % 10 == 0 ? 70000 : 600);
        block = must_alloc(key, wrote);
        memset(block, 0xFF, wrote);
        expect_free(key, block, NMERR_SUCCESS);
    }
}

static void no_expert_reads_what_another_left(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        HEXPERTKEY key = contract_key();
        void *blocks[50];
        for (SIZE_T i = 0; i < CONTRACT_COUNT(blocks); i++) {
            SIZE_T bytes = i * 97 + (i % 10 == 9 ? 50000 : 0);
            blocks[i] = must_alloc(key, bytes);
            memset(blocks[i], 0xFF, bytes);
        }
        for (SIZE_T i = 0; i < CONTRACT_COUNT(blocks); i++)
            expect_free(key, blocks[i], NMERR_SUCCESS);
    }
}

/* Grows in steps and writes the whole block each time: the content stays and the tail is zero, in
   place or moved. */
static void grow(HEXPERTKEY key, SIZE_T from, SIZE_T to, SIZE_T step)
{
    unsigned char *block = must_alloc(key, from);
    content_fill(block, from, 77);
    for (SIZE_T size = from; size + step <= to; size += step) {
        block = must_realloc(key, block, size + step);
        assert_true(content_holds(block, size, 77));
        assert_true(content_is_zero(block + size, step));
        content_fill(block, size + step, 77);
    }
    expect_free(key, block, NMERR_SUCCESS);
}

static void what_a_block_grows_by_is_zero(void **state)
{
    HEXPERTKEY key = contract_key();
    (void)state;
    grow(key, 0, 3000, 1);
    grow(key, 1, 70000, 997);
    grow(key, 30000, 40000, 100);
    grow(key, 60000, 400000, 4096);
    grow(key, 1, 2u << 20, 65537);
    grow(key, 100000, 40u << 20, (8u << 20) + 3);
}

static void what_a_block_grows_by_is_zero_when_it_must_move(void **state)
{
    HEXPERTKEY key = contract_key();
    void *wall[64];
    (void)state;
    for (SIZE_T size = 8; size < 200000; size = size * 3 / 2) {
        unsigned char *block;
        for (size_t i = 0; i < CONTRACT_COUNT(wall); i++) {
            wall[i] = must_alloc(key, size * 2);
            memset(wall[i], 0xFF, size * 2);
        }
        block = must_alloc(key, size);
        content_fill(block, size, 4);
        for (size_t i = 0; i < CONTRACT_COUNT(wall); i += 2) /* dirty memory to move to */
            expect_free(key, wall[i], NMERR_SUCCESS);
        block = must_realloc(key, block, size * 2);
        assert_true(content_holds(block, size, 4));
        assert_true(content_is_zero(block + size, size));
        expect_free(key, block, NMERR_SUCCESS);
        for (size_t i = 1; i < CONTRACT_COUNT(wall); i += 2)
            expect_free(key, wall[i], NMERR_SUCCESS);
    }
}

static void what_was_cut_off_comes_back_as_zero(void **state)
{
    static const struct {
        SIZE_T full, cut;
    } cases[] = {
        {16, 1},
        {100, 99},
        {100, 50},
        {100, 0},
        {1000, 10},
        {4096, 4000},
        {5000, 100},
        {32768, 32767},
        {32768, 20000},
        {40000, 39999},
        {40000, 33000},
        {40000, 100},
        {100000, 70000},
        {100000, 65537},
        {1u << 20, 900001},
        {5u << 20, 5},
        {5u << 20, 3u << 20},
        {33u << 20, (32u << 20) + 77},
    };
    HEXPERTKEY key = contract_key();
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(cases); i++)
        for (int round = 0; round < 2; round++) {
            unsigned char *block = must_alloc(key, cases[i].full);
            content_fill(block, cases[i].full, 8);
            block = must_realloc(key, block, cases[i].cut);
            assert_true(content_holds(block, cases[i].cut, 8));
            block = must_realloc(key, block, cases[i].full);
            assert_true(content_holds(block, cases[i].cut, 8));
            assert_true(content_is_zero(block + cases[i].cut, cases[i].full - cases[i].cut));
            memset(block, 0xFF, cases[i].full);
            expect_free(key, block, NMERR_SUCCESS);
        }
}

static void random_resizing_keeps_content_and_zeroes(void **state)
{
    HEXPERTKEY key = contract_key();
    uint32_t random = contract_seed;
    unsigned char *block = must_alloc(key, 0);
    SIZE_T size = 0;
    (void)state;
    for (int i = 0; i < 4000; i++) {
        uint32_t kind = content_random(&random) % 20;
        SIZE_T now = content_random(&random) % (kind == 0 ? 1u << 20 : kind < 5 ? 80000u : 2000u);
        block = must_realloc(key, block, now);
        assert_true(content_holds(block, now < size ? now : size, 6));
        if (now > size)
            assert_true(content_is_zero(block + size, now - size));
        content_fill(block, now, 6);
        size = now;
    }
    expect_free(key, block, NMERR_SUCCESS);
}

static void realloc_to_the_same_size_changes_nothing(void **state)
{
    static const SIZE_T sizes[] = {0, 1, 100, 5000, 40000, 1u << 20};
    HEXPERTKEY key = contract_key();
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++) {
        void *block = must_alloc(key, sizes[i]);
        content_fill(block, sizes[i], 11);
        block = must_realloc(key, block, sizes[i]);
        assert_true(content_holds(block, sizes[i], 11));
        expect_free(key, block, NMERR_SUCCESS);
    }
}

static void growing_a_block_leaves_its_neighbours_alone(void **state)
{
    HEXPERTKEY key = contract_key();
    HEXPERTKEY other = contract_key();
    void *mine[40], *theirs[40];
    (void)state;
    for (SIZE_T i = 0; i < CONTRACT_COUNT(mine); i++) {
        mine[i] = must_alloc(key, 100 + i);
        theirs[i] = must_alloc(other, 100 + i);
        content_fill(mine[i], 100 + i, (uint32_t)i);
        content_fill(theirs[i], 100 + i, (uint32_t)i + 50);
    }
    for (SIZE_T i = 0; i < CONTRACT_COUNT(mine); i += 2) {
        mine[i] = must_realloc(key, mine[i], 100000);
        memset(mine[i], 0xEE, 100000);
    }
    for (SIZE_T i = 0; i < CONTRACT_COUNT(mine); i++) {
        if (i % 2 == 1)
            assert_true(content_holds(mine[i], 100 + i, (uint32_t)i));
        assert_true(content_holds(theirs[i], 100 + i, (uint32_t)i + 50));
        expect_free(key, mine[i], NMERR_SUCCESS);
        expect_free(other, theirs[i], NMERR_SUCCESS);
    }
}

/* Freed memory is reused: ten times as much as is asked for here would not fit into an x86
   process. */
static void freed_memory_is_used_again(void **state)
{
    HEXPERTKEY key = contract_key();
    SIZE_T before = contract_committed();
    (void)state;
    for (int round = 0; round < 300; round++) {
        void *large = must_alloc(key, (20u << 20) + (SIZE_T)round * 4096);
        void *small[100];
        for (SIZE_T i = 0; i < CONTRACT_COUNT(small); i++)
            small[i] = must_alloc(key, 20000 + (SIZE_T)round);
        expect_free(key, large, NMERR_SUCCESS);
        for (SIZE_T i = 0; i < CONTRACT_COUNT(small); i++)
            expect_free(key, small[i], NMERR_SUCCESS);
    }
    assert_true(contract_committed() < before + (64u << 20));
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_exact_and_blocks_aligned_and_zero),
        cmocka_unit_test(large_sizes_are_exact_and_blocks_aligned_and_zero),
        cmocka_unit_test(many_blocks_of_every_size_do_not_overlap),
        cmocka_unit_test(recycled_memory_comes_zeroed),
        cmocka_unit_test(recycled_memory_comes_zeroed_for_other_sizes),
        cmocka_unit_test(no_expert_reads_what_another_left),
        cmocka_unit_test(what_a_block_grows_by_is_zero),
        cmocka_unit_test(what_a_block_grows_by_is_zero_when_it_must_move),
        cmocka_unit_test(what_was_cut_off_comes_back_as_zero),
        cmocka_unit_test(random_resizing_keeps_content_and_zeroes),
        cmocka_unit_test(realloc_to_the_same_size_changes_nothing),
        cmocka_unit_test(growing_a_block_leaves_its_neighbours_alone),
        cmocka_unit_test(freed_memory_is_used_again),
    };
    contract_load(argc, argv);
    return cmocka_run_group_tests_name(contract_aware ? "memory, aware host"
                                                      : "memory, unaware host",
                                       tests, NULL, NULL) != 0;
}
