/*
 * test_region.c - the promises of region.h: guard pages, zero pages for the next owner, and nothing
 * lost when the system refuses.
 */
#include "regions.h"

static void every_region_ends_at_a_page_that_faults(void **state)
{
    struct region *r[3];

    (void)state;
    for (unsigned c = 0; c < UNIT_CLASSES; c++) {
        unsigned units = unit_class_units(c);
        if (units > SEGMENT_UNITS - SEGMENT_UNITS / SEGMENT_STATES)
            break;
        for (int round = 0; round < 2; round++) { /* new regions, then cached ones */
            for (int i = 0; i < 3; i++) {
                r[i] = take_units(units, 0);
                assert_int_equal(region_room(r[i]), REGION_BYTES(units));
                fill(r[i]);
            }
            for (int i = 0; i < 3; i++) {
                char *end = r[i]->base + REGION_BYTES(units);
                assert_false(standin_faults(unit_touch, end - 1, NULL));
                assert_true(standin_faults(unit_touch, end, NULL));
                assert_true(standin_faults(unit_touch, end + OS_PAGE - 1, NULL));
                assert_ptr_equal(region_find(end + OS_PAGE - 1), r[i]);
                region_release(self, r[i]);
            }
        }
        region_trim(self);
    }
}

static void every_region_of_one_block_ends_at_a_page_that_faults(void **state)
{
    (void)state;
    for (SIZE_T pages = 1; pages < 300; pages += pages < 70 ? 1 : 17) {
        for (int round = 0; round < 2; round++) {
            struct region *r = take_block(pages * OS_PAGE - 5);
            assert_int_equal(segment_of(r) != NULL, pages < 240);
            assert_true(region_committed(r) >= pages * OS_PAGE);
            fill(r);
            assert_false(standin_faults(unit_touch, r->base + region_room(r) - 1, NULL));
            assert_true(standin_faults(unit_touch, r->base + region_room(r), NULL));
            region_release(self, r);
        }
        region_trim(self);
    }
}

/* Regions go through every operation at random; whatever an owner wrote, no other owner sees it. */
static void whoever_has_a_region_next_finds_it_zero_behind_its_dirty_bytes(void **state)
{
    enum { MOST = 60 };
    struct region *all[MOST] = {NULL};
    unsigned seed = 2001, rounds = standin_is_slow() ? 5000 : 40000;

    (void)state;
    print_message("seed %u\n", seed);
    for (unsigned round = 0; round < rounds; round++) {
        struct region **at = &all[unit_random(&seed) % MOST], *r = *at;
        unsigned what = unit_random(&seed) % 100;
        SIZE_T bytes;
        if (!r) {
            r = what < 40   ? region_take(self, ME, 1 + what % 9, what % 3 * 40)
                : what < 90 ? region_take_block(self, ME, 1 + unit_random(&seed) % KIB(200), 0)
                : what < 95 ? region_take_block(self, ME, 1 + unit_random(&seed) % KIB(600), 0)
                            : region_take_block(self, ME, 1 + unit_random(&seed) % KIB(90), 1);
            assert_non_null(r);
            assert_ptr_equal(region_find(r->base + region_committed(r)), r);
            if (region_committed(r) > region_dirty(r))
                is_zero(r->base + region_dirty(r), region_committed(r) - region_dirty(r));
            *at = r;
            continue;
        }
        bytes = 1 + unit_random(&seed) % (region_room(r) < KIB(700) ? region_room(r) : KIB(700));
        if (what < 40) { /* anywhere in it, whether known as dirty or not */
            if (region_committed(r))
                r->base[bytes % region_committed(r)] = 0x55;
            if (what < 20 && region_committed(r))
                region_soil(r, region_committed(r));
        } else if (what < 60) {
            SIZE_T had = region_committed(r);
            region_soil(r, had);
            assert_true(region_commit(self, r, bytes));
            if (region_committed(r) > had && region_committed(r) > region_dirty(r))
                is_zero(r->base + region_dirty(r), region_committed(r) - region_dirty(r));
        } else if (what < 70) {
            region_soil(r, region_committed(r));
            region_shrink(self, r, bytes);
            assert_in_range(region_committed(r), 0, PAGES(bytes) * OS_PAGE);
        } else if (what < 75) {
            region_give(self, r, r->owner == ME ? YOU : ME);
            assert_true(region_dirty(r) >= region_committed(r));
        } else {
            what < 77 ? region_quarantine(self, r) : region_release(self, r);
            *at = NULL;
        }
        if (round % 1000 == 999)
            region_trim(self);
        if (round % 500 == 0)
            assert_true(region_is_valid(self));
    }
    for (int i = 0; i < MOST; i++)
        if (all[i])
            region_release(self, all[i]);
}

static struct region *kept[8];

/* Works without what the system refuses. */
static void do_a_little_of_all(void)
{
    int i = 0;

    kept[i++] = region_take(self, ME, 1, 100);
    kept[i++] = region_take(self, ME, 8, 3000);
    for (int k = 0; k < i; k++)
        if (kept[k])
            region_commit(self, kept[k], region_room(kept[k]));
    kept[i++] = region_take_block(self, ME, 70000, 0);
    kept[i++] = region_take_block(self, ME, KIB(400), 0);
    kept[i++] = region_take_block(self, ME, 70000, 1);
    kept[i++] = region_take_block(self, ME, MIB(2), 0);
    for (int k = 0; k < i; k++) {
        SIZE_T was = kept[k] ? region_committed(kept[k]) : 0;
        if (!kept[k])
            continue;
        assert_ptr_equal(region_find(kept[k]->base), kept[k]);
        memset(kept[k]->base, 0x55, was);
        region_shrink(self, kept[k], 5000);
        assert_true(region_committed(kept[k]) == was || region_committed(kept[k]) <= 8192);
        if (was)
            assert_false(standin_faults(unit_touch, kept[k]->base, NULL));
        region_release(self, kept[k]);
    }
    region_trim(self);
}

static void a_system_call_that_fails_loses_nothing(void **state)
{
    static const char *const calls[] = {"VirtualAlloc.reserve", "VirtualAlloc.commit",
                                        "VirtualQuery"};
    unsigned long failures = 0;

    (void)state;
    for (unsigned c = 0; c < sizeof calls / sizeof *calls; c++) {
        for (int forever = 0; forever < 2; forever++) {
            for (unsigned long n = 1, failed = 1; failed; n++) {
                SIZE_T before, addresses;
                unit_load_anew(state);
                do_a_little_of_all(); /* makes permanent memory first */
                before = committed();
                addresses = reserved();
                standin_fail_at(calls[c], n, forever);
                do_a_little_of_all();
                failed = standin_failed();
                standin_fail_never();
                failures += failed != 0;
                assert_true(region_is_valid(self));
                do_a_little_of_all(); /* and everything works as before */
                for (int k = 0; k < 6; k++)
                    assert_non_null(kept[k]);
                assert_int_equal(committed(), before);
                assert_int_equal(reserved(), addresses);
                assert_in_range(n, 1, 200);
            }
        }
    }
    print_message("%lu failures\n", failures);
    assert_true(failures > 20);
}

/* In its own process: a reservation that the system does not take back belongs to nobody from then
   on. */
static void take_nothing_back(void)
{
    unsigned long failures = 0;

    for (int forever = 0; forever < 2; forever++) {
        for (unsigned long n = 1, failed = 1; failed; n++) {
            standin_fail_at("VirtualFree", n, forever);
            do_a_little_of_all();
            failed = standin_failed();
            standin_fail_never();
            failures += failed != 0;
            UNIT_MUST(region_is_valid(self));
            do_a_little_of_all();
            for (int k = 0; k < 6; k++)
                UNIT_MUST(kept[k] != NULL);
            UNIT_MUST(cache_pages() == 0);
            UNIT_MUST(n < 200);
        }
    }
    UNIT_MUST(failures > 8);
}

static void a_system_that_takes_nothing_back_harms_nothing_else(void **state)
{
    (void)state;
    unit_child(take_nothing_back);
}

static void a_commit_that_fails_leaves_what_was(void **state)
{
    struct region *r = take_units(8, 0);

    (void)state;
    assert_true(region_commit(self, r, 10000));
    standin_fail_at("VirtualAlloc.commit", 1, TRUE);
    assert_true(region_commit(self, r, 3 * OS_PAGE)); /* it owns them */
    assert_false(region_commit(self, r, 3 * OS_PAGE + 1));
    standin_fail_never();
    assert_int_equal(region_committed(r), 3 * OS_PAGE);
    assert_int_equal(region_dirty(r), 0);
    assert_true(region_is_valid(self));
    region_release(self, r);
}

static void what_the_system_does_not_take_stays_committed(void **state)
{
    struct region *r = take_units(8, 0);

    (void)state;
    fill(r);
    standin_fail_at("VirtualFree", 1, TRUE);
    region_shrink(self, r, 10000);
    standin_fail_never();
    assert_int_equal(region_committed(r), REGION_BYTES(8));
    assert_false(standin_faults(unit_touch, r->base + REGION_BYTES(8) - 1, NULL));
    assert_true(region_is_valid(self));
    region_shrink(self, r, 10000);
    assert_int_equal(region_committed(r), 3 * OS_PAGE);
    assert_int_equal(region_dirty(r), 3 * OS_PAGE);
    assert_true(standin_faults(unit_touch, r->base + 3 * OS_PAGE, NULL));
    assert_true(region_commit(self, r, REGION_BYTES(8)));
    is_zero(r->base + 3 * OS_PAGE, REGION_BYTES(8) - 3 * OS_PAGE);
    region_release(self, r);
}

static void only_addresses_of_regions_are_found(void **state)
{
    struct region *r = take_units(2, 10), *own = take_block(MIB(5));
    char *segment = segment_of(r)->base;
    int local;

    (void)state;
    for (unsigned i = 0; i < SEGMENT_UNITS; i++) {
        char *at = segment + i * UNIT_BYTES;
        int inside = at >= r->base && at < r->base + 2 * UNIT_BYTES;
        assert_ptr_equal(region_find(at), inside ? r : NULL);
        assert_ptr_equal(region_find(at + UNIT_BYTES - 1), inside ? r : NULL);
    }
    assert_ptr_equal(region_find(own->base), own);
    assert_ptr_equal(region_find(own->base + 100000), own);
    assert_null(region_find(own->base - 1));
    assert_null(region_find(NULL));
    assert_null(region_find(&local));
    assert_null(region_find((void *)-1));
    for (int bit = 0; bit < 64; bit++) {
        char *at = (char *)((ULONG_PTR)1 << bit);
        int ours = (at >= segment && at < segment + SEGMENT_BYTES) ||
                   (at >= own->base && at < own->base + MIB(8)); /* a chance of the system's */
        if (!ours && region_find(at))
            fail_msg("bit %d", bit);
    }
    region_release(self, own);
    region_release(self, r);
}

static void a_region_too_large_for_any_system_leaves_the_cache_alone(void **state)
{
    SIZE_T waiting;

    (void)state;
    region_release(self, take_block(50000));
    waiting = cache_pages();
    assert_true(waiting > 0);
    assert_null(region_take_block(self, ME, (SIZE_T)-1, 0));
    assert_null(region_take_block(self, ME, (SIZE_T)-1, 1));
    assert_null(region_take_block(self, ME, (SIZE_T)1 << 46, 0));
    assert_null(region_take_block(self, ME, RECORD_PAGES_MOST / 2 * OS_PAGE, 0));
    assert_int_equal(cache_pages(), waiting);
}

static void count_one(struct region *r, void *context)
{
    struct region **found = context;

    while (*found)
        found++;
    *found = r;
}

static void an_owners_regions_are_visited_and_no_others(void **state)
{
    struct region *found[8] = {NULL},
                  *mine[3] = {take_units(1, 10), take_block(50000), take_block(MIB(3))};
    struct region *yours = region_take(self, YOU, 1, 0);

    (void)state;
    region_lock(self);
    region_visit(ME, count_one, (void *)found);
    region_unlock();
    for (int i = 0; i < 3; i++) {
        int times = 0;
        for (int k = 0; k < 8; k++)
            times += found[k] == mine[i];
        assert_int_equal(times, 1);
    }
    assert_null(found[3]);
    region_give(self, mine[1], YOU);
    memset((void *)found, 0, sizeof found);
    region_lock(self);
    region_visit(YOU, count_one, (void *)found);
    region_unlock();
    assert_true(found[0] && found[1] && !found[2]);
    for (int i = 0; i < 3; i++)
        region_release(self, mine[i]);
    region_release(self, yours);
}

/* On x64, whose addresses are plenty. */
static void a_block_that_grows_has_room_for_twice_as_much_and_for_64_mib(void **state)
{
    static const SIZE_T sizes[] = {40000, MIB(1), MIB(31), MIB(100)};

    (void)state;
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct region *r = region_take_block(self, ME, sizes[i], 1);
        assert_non_null(r);
        assert_true(region_room(r) >= 2 * sizes[i]);
        assert_true(region_room(r) >= MIB(64) - OS_PAGE);
        region_release(self, r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_region_ends_at_a_page_that_faults),
        TEST(every_region_of_one_block_ends_at_a_page_that_faults),
        ONE(whoever_has_a_region_next_finds_it_zero_behind_its_dirty_bytes),
        TEST(a_commit_that_fails_leaves_what_was),
        TEST(what_the_system_does_not_take_stays_committed),
        TEST(only_addresses_of_regions_are_found),
        TEST(a_region_too_large_for_any_system_leaves_the_cache_alone),
        TEST(an_owners_regions_are_visited_and_no_others),
        TEST(a_block_that_grows_has_room_for_twice_as_much_and_for_64_mib),
        ONE(a_system_call_that_fails_loses_nothing),
        ONE(a_system_that_takes_nothing_back_harms_nothing_else),
    };

    return UNIT_RUN(tests);
}
