/* test_zero.c - the promises of zero.h. */
#include "unit.h"

ZERO_WIDE static void by_wide_stores(void *block, SIZE_T bytes)
{
    zero_wide(block, bytes);
}

static void by_any_stores(void *block, SIZE_T bytes)
{
    zero_block(block, bytes);
}

static void check(void (*zero)(void *, SIZE_T), SIZE_T shortest)
{
    static _Alignas(64) char bytes[SPAN_QUICK + 128];

    for (SIZE_T offset = 0; offset < 64; offset += ZERO_UNIT)
        for (SIZE_T length = shortest; length <= SPAN_QUICK; length++) {
            SIZE_T zeroed = length ? (length + 15) / 16 * 16 : 16;
            memset(bytes, 0x55, sizeof bytes);
            zero(bytes + offset, length);
            for (SIZE_T i = 0; i < sizeof bytes; i++)
                if (bytes[i] != (i >= offset && i < offset + zeroed ? 0 : 0x55))
                    fail_msg("length %zu at %zu, byte %zu", length, offset, i);
        }
}

static void zeroing_covers_the_block_and_no_more(void **state)
{
    (void)state;
    check(by_any_stores, 0);
    if (os_has_avx)
        check(by_wide_stores, ZERO_SHORT + 1);
    else
        print_message("this processor has no wide stores: not tried\n");
}

static void wide_stores_are_used_where_there_are_such(void **state)
{
    (void)state;
    assert_int_equal(os_has_avx, __builtin_cpu_supports("avx") != 0);
}

static void blocks_are_zero_with_wide_stores_and_without(void **state)
{
    HEXPERTKEY key = (HEXPERTKEY)(ULONG_PTR)0x100;
    int wide = os_has_avx;

    (void)state;
    for (int pass = 0; pass < 2; pass++) {
        os_has_avx = pass ? 0 : wide;
        for (SIZE_T length = 0; length <= 2 * SPAN_QUICK; length++) {
            char *block = ExpertAllocMemory(key, length, NULL);
            memset(block, 0x55, length);
            assert_int_equal(ExpertFreeMemory(key, block), NMERR_SUCCESS);
            block = ExpertAllocMemory(key, length, NULL);
            for (SIZE_T i = 0; i < length; i++)
                if (block[i])
                    fail_msg("pass %d, length %zu, byte %zu", pass, length, i);
            assert_int_equal(ExpertFreeMemory(key, block), NMERR_SUCCESS);
        }
    }
    os_has_avx = wide;
    assert_int_equal(NmapiCloseExpert(key, NULL), NMERR_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroing_covers_the_block_and_no_more),
        cmocka_unit_test(wide_stores_are_used_where_there_are_such),
        cmocka_unit_test(blocks_are_zero_with_wide_stores_and_without),
    };

    return UNIT_RUN(tests);
}
