/* test_no_room.c - refused calls and endless repetition cost no addresses, little time and no
   memory. */
#include "unit.h"

#define KEY(i) ((HEXPERTKEY)(ULONG_PTR)(0x10000 + (i)*16))
#define ME ((void *)0x4440)

static SIZE_T reserved(void)
{
    struct standin_usage usage;

    standin_get_usage(&usage);
    return usage.reserved;
}

static void calls_refused_for_lack_of_memory_keep_no_addresses(void **state)
{
    SIZE_T before;

    (void)state;
    for (int i = 0; i < 7; i++) /* almost as many block states as a page has */
        assert_non_null(ExpertAllocMemory(KEY(i), 16, NULL));
    assert_non_null(ExpertAllocMemory(KEY(7), 1024, NULL));
    region_trim(self);
    before = reserved();
    standin_fail_at("VirtualAlloc.commit", 1, TRUE);
    for (int i = 0; i < 20; i++)
        assert_null(ExpertAllocMemory(KEY(7), 16, NULL));
    standin_fail_never();
    assert_int_equal(reserved(), before);
    assert_true(region_is_valid(self));
    assert_non_null(ExpertAllocMemory(KEY(7), 16, NULL));
}

static void a_reservation_that_fails_is_tried_seldom_however_much_is_in_quarantine(void **state)
{
    enum { REGIONS = 4000 };
    static struct region *regions[REGIONS];
    unsigned long before;

    (void)state;
    for (int i = 0; i < REGIONS; i++)
        regions[i] = region_take(self, ME, 1, 0);
    for (int i = 0; i < REGIONS; i++)
        region_quarantine(self, regions[i]);
    before = standin_calls("VirtualAlloc");
    standin_fail_at("VirtualAlloc.reserve", 1, TRUE);
    assert_null(region_take_block(self, ME, (SIZE_T)1 << 30, 0));
    standin_fail_never();
    assert_in_range(standin_calls("VirtualAlloc") - before, 1, 1000);
    assert_int_equal(quarantine_pages, 0);
}

static void what_comes_and_goes_for_long_does_not_let_the_map_grow(void **state)
{
    struct standin_usage before, after;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        struct region *r = region_take_block(self, ME, (SIZE_T)2 << 20, 1);
        assert_non_null(r);
        region_release(self, r);
        if (!i)
            standin_get_usage(&before);
    }
    standin_get_usage(&after);
    assert_int_equal(after.reserved, before.reserved);
    assert_in_range(after.committed - before.committed, 0, 64 << 10);
}

static void blocks_handed_over_one_by_one_share_spans(void **state)
{
    enum { BLOCKS = 160, BYTES = 30000 };
    SIZE_T before;

    (void)state;
    assert_int_equal(NmapiOpenExpert(KEY(20), NULL), NMERR_SUCCESS);
    assert_int_equal(NmapiOpenExpert(KEY(21), NULL), NMERR_SUCCESS);
    before = reserved();
    for (int i = 0; i < BLOCKS; i++) {
        char *block = ExpertAllocMemory(KEY(20), BYTES, NULL);
        assert_non_null(block);
        for (int k = 0; k < BYTES; k++)
            assert_int_equal(block[k], 0);
        memset(block, 0x77, BYTES);
        assert_int_equal(NmapiTransferMemory(KEY(20), KEY(21), block), NMERR_SUCCESS);
    }
    assert_in_range(reserved() - before, 0, 2 * BLOCKS * BYTES);
    assert_int_equal(NmapiCloseExpert(KEY(21), NULL), NMERR_SUCCESS);
    assert_int_equal(NmapiCloseExpert(KEY(20), NULL), NMERR_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_refused_for_lack_of_memory_keep_no_addresses),
        cmocka_unit_test(a_reservation_that_fails_is_tried_seldom_however_much_is_in_quarantine),
        cmocka_unit_test(what_comes_and_goes_for_long_does_not_let_the_map_grow),
        cmocka_unit_test(blocks_handed_over_one_by_one_share_spans),
    };
    return UNIT_RUN(tests);
}
