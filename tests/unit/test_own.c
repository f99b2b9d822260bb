/* test_own.c - the promises of own.h: reservations of one region each. */
#include "regions.h"

static struct record *take(SIZE_T pages)
{
    struct record *r;

    region_lock(self);
    r = own_take(self, pages);
    region_unlock();
    return r;
}

static void release(struct record *r)
{
    region_lock(self);
    own_release(r);
    region_unlock();
}

static void a_reservation_fills_whole_map_entries(void **state)
{
    static const SIZE_T pages[] = {1, 65, MAP_BYTES / OS_PAGE, MAP_BYTES / OS_PAGE + 1, 5000};

    (void)state;
    for (unsigned i = 0; i < sizeof pages / sizeof *pages; i++) {
        SIZE_T addresses = reserved(), before = committed();
        struct record *r = take(pages[i]);
        char *base;
        assert_non_null(r);
        base = r->region.base;
        assert_null(r->segment);
        assert_null(r->region.owner);
        assert_int_equal((ULONG_PTR)base % MAP_BYTES, 0);
        assert_in_range(r->pages, pages[i], pages[i] + MAP_BYTES / OS_PAGE - 1);
        assert_int_equal(reserved() - addresses, r->pages * OS_PAGE);
        assert_int_equal(committed(), before);
        assert_int_equal(r->region.committed | r->region.dirty | r->region.state_count, 0);
        assert_ptr_equal(region_find(base), &r->region);
        assert_ptr_equal(region_find(base + MAP_BYTES - 1), &r->region);
        assert_null(region_find(base - 1));
        release(r);
        assert_null(region_find(base));
        assert_int_equal(reserved(), addresses);
    }
}

static void committed_pages_are_released_with_the_reservation(void **state)
{
    struct region *r = take_block(MIB(2));
    SIZE_T before = committed(), used = record_sums.used;

    (void)state;
    memset(r->base, 0x55, MIB(2));
    region_lock(self);
    record_set_owner(record_of(r), NULL);
    own_release(record_of(r));
    region_unlock();
    assert_int_equal(before - committed(), MIB(2));
    assert_int_equal(used - record_sums.used, PAGES(MIB(2)));
    assert_int_equal(record_sums.free, 0);
}

static void without_addresses_there_is_no_reservation_and_no_record_is_lost(void **state)
{
    struct record *first = take(10), *second;

    (void)state;
    release(first);
    standin_fail_at("VirtualAlloc.reserve", 1, TRUE);
    for (int i = 0; i < 100; i++)
        assert_null(take(10));
    standin_fail_never();
    second = take(10);
    assert_ptr_equal(second, first);
    release(second);
    assert_true(region_is_valid(self));
}

static void without_a_record_there_is_no_reservation(void **state)
{
    SIZE_T addresses;

    (void)state;
    while (take(1) &&
           reserved() < ((SIZE_T)1 << 36)) { /* until the records of a block are used up */
        struct record *probe;
        region_lock(self);
        standin_fail_at("VirtualAlloc", 1, TRUE);
        probe = record_new(self);
        standin_fail_never();
        if (probe)
            record_free(probe);
        region_unlock();
        if (!probe)
            break;
    }
    exhaust_permanent(4096);
    standin_fail_never();
    addresses = reserved();
    standin_fail_at("VirtualAlloc.commit", 1, TRUE);
    assert_null(take(1));
    standin_fail_never();
    assert_int_equal(reserved(), addresses);
    assert_non_null(take(1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reservation_fills_whole_map_entries),
        TEST(committed_pages_are_released_with_the_reservation),
        TEST(without_addresses_there_is_no_reservation_and_no_record_is_lost),
        ONE(without_a_record_there_is_no_reservation),
    };

    return UNIT_RUN(tests);
}
