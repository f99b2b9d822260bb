/*
 * test_keep.c - memory cached for the next expert: how much after the last close, and that a trim
 * returns it.
 */
#include "contract.h"

#include <string.h>

#define MIB ((SIZE_T)1 << 20)

/* What may be cached after the last close: the default, or what the option says. */
static SIZE_T may_wait(void)
{
    const char *words = contract_options;

    if (!words || !strstr(words, "keep="))
        return sizeof(void *) == 8 ? 64 * MIB : 16 * MIB;
    return strstr(words, "keep=0") ? 4 * MIB : 8 * MIB;
}

static void fill(HEXPERTKEY key, SIZE_T bytes, SIZE_T block)
{
    for (SIZE_T done = 0; done < bytes; done += block) {
        char *at = nm.alloc(key, block, NULL);
        assert_non_null(at);
        memset(at, 0xA5, block);
    }
}

static SIZE_T use_and_close(SIZE_T bytes, SIZE_T block)
{
    HEXPERTKEY key = contract_open_key(0);

    fill(key, bytes, block);
    expect_code(nm.close(key, NULL), NMERR_SUCCESS);
    return contract_committed();
}

static void no_more_is_cached_after_the_last_close_than_may_be(void **state)
{
    static const SIZE_T blocks[] = {64, 4096, 50000, 300000};
    SIZE_T before, peak = sizeof(void *) == 8 ? 200 * MIB : 100 * MIB;

    (void)state;
    before = contract_trimmed();
    for (unsigned i = 0; i < CONTRACT_COUNT(blocks); i++)
        assert_true(use_and_close(peak, blocks[i]) <= before + may_wait() + CONTRACT_KEPT);
}

static void cached_memory_is_used_again(void **state)
{
    SIZE_T waiting, peak = may_wait() / 2;
    HEXPERTKEY key;

    (void)state;
    waiting = use_and_close(peak, 4096);
    key = contract_open_key(0);
    fill(key, peak, 4096);
    assert_true(contract_committed() <= waiting + CONTRACT_KEPT);
    expect_code(nm.close(key, NULL), NMERR_SUCCESS);
}

static void a_trim_returns_cached_memory(void **state)
{
    SIZE_T before, after;

    (void)state;
    before = contract_trimmed();
    after = use_and_close(may_wait(), 4096);
    if (may_wait() > CONTRACT_KEPT)
        assert_true(after > before + may_wait() / 2); /* or there was nothing to return */
    expect_code(nm.trim(), NMERR_SUCCESS);
    assert_true(contract_committed() <= before + CONTRACT_KEPT);
}

static void a_trim_leaves_the_experts_memory_alone(void **state)
{
    HEXPERTKEY key = contract_open_key(0);
    unsigned char *block = nm.alloc(key, 100000, NULL), *small = nm.alloc(key, 10, NULL);

    (void)state;
    assert_non_null(block);
    assert_non_null(small);
    memset(block, 7, 100000);
    memset(small, 8, 10);
    expect_code(nm.trim(), NMERR_SUCCESS);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(block[i], 7);
    assert_int_equal(small[9], 8);
    assert_int_equal(nm.size(key, block), 100000);
    expect_code(nm.close(key, NULL), NMERR_SUCCESS);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_is_cached_after_the_last_close_than_may_be),
        cmocka_unit_test(cached_memory_is_used_again),
        cmocka_unit_test(a_trim_returns_cached_memory),
        cmocka_unit_test(a_trim_leaves_the_experts_memory_alone),
    };

    contract_load(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
