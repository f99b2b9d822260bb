/* test_quarantine.c - the promises of quarantine.h: its addresses fault, and when there are too
   many the oldest leave. */
#include "regions.h"

#define QUARTER MIB(256)

static struct region *take_own(SIZE_T addresses)
{
    struct record *r;

    region_lock(self);
    r = own_take(self, addresses / OS_PAGE);
    assert_non_null(r);
    assert_int_equal(r->pages, addresses / OS_PAGE);
    record_set_owner(r, ME);
    region_unlock();
    return &r->region;
}

static int is_in(const struct region *r)
{
    return r->base && r->owner == REGION_QUARANTINED;
}

static void quarantined_addresses_fault_and_cost_no_memory(void **state)
{
    struct region *held = take_units(1, 0), *r = take_units(8, 100), *own = take_block(KIB(400));
    SIZE_T before = committed(), pages = r->committed;

    (void)state;
    fill(r);
    pages = r->committed + own->committed + segment_state_pages;
    before = committed();
    region_quarantine(self, r);
    region_quarantine(self, own);
    assert_true(is_in(r) && is_in(own));
    assert_int_equal(committed(), before - pages * OS_PAGE);
    assert_int_equal(region_footprint(r), 0);
    assert_ptr_equal(region_find(r->base + 5000), r);
    for (SIZE_T i = 0; i < 8 * UNIT_BYTES; i += OS_PAGE)
        assert_true(standin_faults(unit_touch, r->base + i, NULL));
    assert_true(standin_faults(unit_touch, own->base, NULL));
    assert_int_equal(quarantine_pages, record_of(r)->pages + record_of(own)->pages);
    /* Other spans use its block states, and nobody its addresses. */
    for (int i = 0; i < 60; i++) {
        struct region *other = take_units(8, 100);
        assert_true(other->base + 8 * UNIT_BYTES <= r->base ||
                    other->base >= r->base + 8 * UNIT_BYTES);
        region_release(self, other);
    }
    region_trim(self);
    assert_true(is_in(r) && is_in(own));
    assert_true(region_is_valid(self));
    region_release(self, held);
}

static void of_too_many_regions_the_oldest_leaves(void **state)
{
    struct region *r[6];
    SIZE_T addresses = reserved();

    (void)state;
    for (int i = 0; i < 6; i++)
        r[i] = take_own(i < 5 ? QUARTER : MIB(4));
    for (int i = 0; i < 4; i++)
        region_quarantine(self, r[i]);
    for (int i = 0; i < 4; i++) /* the last byte of a GiB */
        assert_true(is_in(r[i]));
    region_quarantine(self, r[5]);
    assert_null(r[0]->base);
    for (int i = 1; i < 4; i++)
        assert_true(is_in(r[i]));
    region_quarantine(self, r[4]);
    assert_null(r[1]->base);
    assert_true(is_in(r[2]));
    assert_true(region_is_valid(self)); /* counted anew, correctly */
    assert_true(is_in(r[2]));
    assert_int_equal(quarantine_pages, PAGES(3 * QUARTER + MIB(4)));
    assert_int_equal(reserved() - addresses, 3 * QUARTER + MIB(4));
}

static void a_region_larger_than_the_bound_leaves_at_once(void **state)
{
    struct region *small = take_own(QUARTER), *large = take_own(5 * QUARTER);
    SIZE_T addresses = reserved();

    (void)state;
    region_quarantine(self, small);
    region_quarantine(self, large);
    assert_null(large->base);
    assert_int_equal(quarantine_pages, 0);
    assert_int_equal(addresses - reserved(), 6 * QUARTER);
    region_quarantine(self, take_own(QUARTER)); /* and it still works */
    assert_int_equal(quarantine_pages, PAGES(QUARTER));
}

static void the_order_outlives_a_repair(void **state)
{
    struct region *r[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        r[i] = take_own(QUARTER);
    for (int i = 4; i-- > 0;)
        region_quarantine(self, r[i]);
    assert_true(region_is_valid(self));
    region_lock(self);
    for (int i = 4; i-- > 0;) {
        assert_int_equal(quarantine_drop(1), 1);
        for (int k = 0; k < 4; k++)
            assert_int_equal(r[k]->base != NULL, k < i);
    }
    assert_int_equal(quarantine_drop(1), 0);
    region_unlock();
}

static unsigned tries;

/* By chance the addresses that the next search tries need a further part of the map, which can't be
   had while reservations fail. */
static int needs_a_part(const struct region *newest)
{
    ULONG_PTR base = (ULONG_PTR)newest->base, part = MAP_BYTES << MAP_LEAF_BITS;

    return base / part != (base + 2 * QUARTER) / part;
}

/* Every reservation of one search fails, and the next search succeeds. */
static void let_the_next_look_succeed(const char *name, BOOL after)
{
    if (after && strncmp(name, "VirtualAlloc", 12) == 0 && ++tries == 64)
        standin_fail_never();
}

static void a_reservation_that_fails_takes_the_oldest(void **state)
{
    struct region *r[3], *more;

    (void)state;
    for (int i = 0; i < 3; i++)
        r[i] = take_own(MIB(8));
    if (needs_a_part(r[2]))
        skip();
    region_quarantine(self, r[1]);
    region_quarantine(self, r[0]);
    region_quarantine(self, r[2]);
    tries = 0;
    standin_on_call(let_the_next_look_succeed);
    standin_fail_at("VirtualAlloc.reserve", 1, TRUE);
    more = region_take_block(self, YOU, MIB(3), 0);
    standin_on_call(NULL);
    standin_fail_never();
    assert_non_null(more);
    assert_true(tries >= 64);
    /* the new region may reuse its record */
    assert_true(!r[1]->base || r[1]->owner == YOU);
    assert_true(is_in(r[0]) && is_in(r[2]));
    region_release(self, more);
}

static void lack_of_memory_takes_none_after_a_reservation_that_failed(void **state)
{
    struct region *r = take_own(MIB(8)), *held = take_units(1, 0);

    (void)state;
    standin_fail_at("VirtualAlloc.reserve", 1, TRUE);
    assert_null(region_take_block(self, YOU, MIB(3), 0));
    standin_fail_never();
    region_quarantine(self, r);
    standin_fail_at("VirtualAlloc.commit", 1, TRUE);
    assert_null(region_take(self, YOU, 1, 10)); /* there is no memory for its states */
    standin_fail_never();
    assert_true(is_in(r));
    region_release(self, held);
}

/* For a span as for a block. */
static void a_segment_that_can_not_be_reserved_takes_the_oldest(void **state)
{
    struct region *r, *more;

    (void)state;
    r = take_own(MIB(8));
    if (needs_a_part(r))
        skip();
    region_quarantine(self, r);
    tries = 0;
    standin_on_call(let_the_next_look_succeed);
    standin_fail_at("VirtualAlloc.reserve", 1, TRUE);
    more = region_take(self, YOU, 1, 0);
    standin_on_call(NULL);
    standin_fail_never();
    assert_non_null(more);
    assert_true(!r->base || r->owner == YOU); /* its record may serve the new one */
    assert_int_equal(quarantine_pages, 0);
    region_release(self, more);
}

static void a_dropped_region_of_a_segment_leaves_its_units_to_others(void **state)
{
    struct region *held = take_units(1, 0), *r = take_units(8, 10), *again;
    char *base = r->base;

    (void)state;
    region_quarantine(self, r);
    again = take_units(8, 10);
    assert_ptr_not_equal(again->base, base);
    region_lock(self);
    assert_int_equal(quarantine_drop(1), 1);
    region_unlock();
    assert_null(region_find(base));
    region_release(self, again);
    region_trim(self);
    again = take_units(8, 10);
    assert_ptr_equal(again->base, base);
    region_release(self, again);
    region_release(self, held);
}

#define ALONE(name) cmocka_unit_test_setup_teardown(name, nothing_waits, unload)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(quarantined_addresses_fault_and_cost_no_memory),
        ALONE(of_too_many_regions_the_oldest_leaves),
        ALONE(a_region_larger_than_the_bound_leaves_at_once),
        ALONE(the_order_outlives_a_repair),
        ALONE(a_reservation_that_fails_takes_the_oldest),
        ALONE(lack_of_memory_takes_none_after_a_reservation_that_failed),
        ALONE(a_segment_that_can_not_be_reserved_takes_the_oldest),
        ALONE(a_dropped_region_of_a_segment_leaves_its_units_to_others),
    };

    return UNIT_RUN(tests);
}
