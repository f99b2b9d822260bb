/* test_no_room.c - what refused calls cost: no addresses, and not a search for each region in quarantine. */
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
    for (int i = 0; i < 7; i++) /* as many block states as there are in a page, but for a few */
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
        region_quarantine(self, regions[i], QUARANTINE_CLOSED);
    before = standin_calls("VirtualAlloc");
    standin_fail_at("VirtualAlloc.reserve", 1, TRUE);
    assert_null(region_take_block(self, ME, (SIZE_T)1 << 30, 0));
    standin_fail_never();
    assert_in_range(standin_calls("VirtualAlloc") - before, 1, 1000);
    assert_int_equal(quarantine_pages(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_refused_for_lack_of_memory_keep_no_addresses),
        cmocka_unit_test(a_reservation_that_fails_is_tried_seldom_however_much_is_in_quarantine),
    };
    return UNIT_RUN(tests);
}
