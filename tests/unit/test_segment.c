/* test_segment.c - the promises of segment.h: sizes, first fit of units, the places of block
   states, and when segments are released. */
#include "base/bits.h"
#include "regions.h"

#define STATE_UNITS (SEGMENT_UNITS / SEGMENT_STATES)
#define USABLE_UNITS (SEGMENT_UNITS - STATE_UNITS)

static void every_number_of_units_has_the_smallest_class_that_holds_it(void **state)
{
    (void)state;
    assert_int_equal(unit_class_units(UNIT_CLASSES - 1), SEGMENT_UNITS);
    for (unsigned c = 1; c < UNIT_CLASSES; c++)
        assert_true(unit_class_units(c) > unit_class_units(c - 1));
    for (unsigned units = 1; units <= SEGMENT_UNITS; units++) {
        unsigned c = unit_class(units);
        assert_in_range(c, 0, UNIT_CLASSES - 1);
        assert_true(unit_class_units(c) >= units);
        assert_true(c == 0 || unit_class_units(c - 1) < units);
        assert_int_equal(unit_class(units + 1) - 1, unit_class_units(c) == units ? c : c - 1);
        if (units <= 16)
            assert_int_equal(unit_class_units(c), units);
        else
            assert_true((unit_class_units(c) - units) * 8 < units);
    }
}

/* So that a segment contains only what the test takes. */
static int anew(void **state)
{
    unit_load_anew(state);
    return 0;
}

static unsigned unit_of(const struct region *r)
{
    return (unsigned)((SIZE_T)(r->base - segment_of(r)->base) / UNIT_BYTES);
}

static void give_back(struct region *r)
{
    region_release(self, r);
    region_trim(self);
}

static void units_are_taken_by_first_fit(void **state)
{
    struct region *r[5], *fourth, *second;

    (void)state;
    for (int i = 0; i < 5; i++)
        r[i] = take_units(4, 0);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(unit_of(r[i]), STATE_UNITS + 4 * i);
    give_back(r[1]);
    give_back(r[3]);
    fourth = take_units(5, 0); /* too large for either */
    assert_int_equal(unit_of(fourth), STATE_UNITS + 20);
    second = take_units(3, 0);
    assert_int_equal(unit_of(second), STATE_UNITS + 4);
    r[1] = take_units(1, 0);
    assert_int_equal(unit_of(r[1]), STATE_UNITS + 7);
    r[3] = take_units(4, 0); /* exactly so many */
    assert_int_equal(unit_of(r[3]), STATE_UNITS + 12);
    assert_int_equal(segment_of(r[0])->longest, USABLE_UNITS - 25);
    assert_true(region_is_valid(self));
    for (int i = 0; i < 5; i++)
        region_release(self, r[i]);
    region_release(self, fourth);
    region_release(self, second);
}

static void a_segment_is_used_up_to_its_last_unit(void **state)
{
    struct region *whole = take_units(USABLE_UNITS, 0), *next = take_units(1, 0);

    (void)state;
    assert_int_equal(segment_of(whole)->longest, 0);
    assert_ptr_not_equal(segment_of(next), segment_of(whole));
    fill(whole);
    assert_ptr_equal(region_find(whole->base + USABLE_UNITS * UNIT_BYTES - 1), whole);
    assert_null(region_find(segment_of(whole)->base));
    region_release(self, next);
    region_release(self, whole);
}

static void of_several_segments_the_fullest_that_fits_is_taken_from(void **state)
{
    struct region *most = take_units(USABLE_UNITS - 10, 0),
                  *rest = take_units(USABLE_UNITS - 100, 0);
    struct region *r;

    (void)state;
    assert_ptr_not_equal(segment_of(most), segment_of(rest));
    r = take_units(10, 0);
    assert_ptr_equal(segment_of(r), segment_of(most));
    assert_ptr_equal(segment_of(take_units(11, 0)), segment_of(rest));
    give_back(r);
    assert_ptr_equal(segment_of(take_units(9, 0)), segment_of(most));
}

static void block_states_of_different_regions_lie_apart(void **state)
{
    static const struct {
        unsigned units, states;
    } all[] = {{1, 1}, {1, UNIT_STATES}, {8, 1}, {8, 8 * UNIT_STATES - 1}, {1, 30}, {32, 4080}};
    enum { COUNT = sizeof all / sizeof *all };
    const uint16_t *before = NULL;
    struct region *r[COUNT];

    (void)state;
    for (unsigned i = 0; i < COUNT; i++) {
        r[i] = take_units(all[i].units, all[i].states);
        assert_ptr_equal(segment_of(r[i]), segment_of(r[0]));
        assert_true(r[i]->states >= before);
        before = r[i]->states + all[i].states;
        assert_int_equal(r[i]->state_count, all[i].states);
        assert_int_equal(region_footprint(r[i]), 2 * all[i].states);
        memset(r[i]->states, (int)i + 1, 2 * (SIZE_T)all[i].states);
    }
    assert_true((char *)before <= segment_of(r[0])->base + STATE_UNITS * UNIT_BYTES);
    for (unsigned i = 0; i < COUNT; i++)
        for (unsigned k = 0; k < all[i].states; k++)
            assert_int_equal(r[i]->states[k], 0x101 * (i + 1));
    assert_true(region_is_valid(self));
}

/* 64 sets of lines of 64 bytes. */
static void block_states_use_many_sets_of_the_processors_cache(void **state)
{
    static const unsigned units[] = {1, 8, 32};
    uint64_t sets;

    (void)state;
    for (int i = 0; i < 3; i++) {
        unsigned used = 0;
        sets = 0;
        for (int n = 0; n < 15; n++)
            sets |= 1ULL << ((ULONG_PTR)take_units(units[i], 50)->states / 64 % 64);
        for (; sets; sets &= sets - 1)
            used++;
        assert_in_range(used, 10, 15);
    }
}

static void block_states_go_with_the_last_region_that_has_any(void **state)
{
    struct region *without = take_units(1, 0), *first = take_units(1, 7), *second;
    SIZE_T before = committed(), pages;

    (void)state;
    assert_int_equal(segment_state_pages, 1);
    second = take_units(32, 4080);
    assert_int_equal(segment_state_pages, 3);
    region_release(self, second); /* cached with its block states */
    assert_int_equal(segment_state_pages, 3);
    second = take_block(REGION_BYTES(32)); /* a block does not need them */
    assert_int_equal(segment_of(first)->with_states, 1);
    region_quarantine(self, first);
    assert_int_equal(segment_state_pages, 0);
    region_quarantine(self, second);
    assert_int_equal(committed(), before - OS_PAGE);
    assert_true(region_is_valid(self));
    standin_fail_at("VirtualFree", 1, TRUE); /* they stay, and serve the next region */
    first = take_units(1, 7);
    assert_int_equal(segment_of(first)->with_states, 1);
    pages = segment_state_pages;
    assert_true(pages > 0);
    region_release(self, first);
    assert_ptr_equal(take_block(1), first);
    assert_int_equal(segment_state_pages, pages);
    standin_fail_never();
    assert_true(region_is_valid(self));
    region_release(self, without);
    give_back(first);
    assert_int_equal(segment_state_pages, 0);
}

static void a_segment_without_regions_goes_and_its_record_serves_the_next(void **state)
{
    struct region *r = take_units(4, 10);
    const struct segment *record = segment_of(r);
    char *base = record->base;
    SIZE_T addresses = reserved();

    (void)state;
    give_back(r);
    assert_null(record->base);
    assert_int_equal(addresses - reserved(), SEGMENT_BYTES);
    assert_null(region_find(base + STATE_UNITS * UNIT_BYTES));
    assert_int_equal(segment_state_pages, 0);
    r = take_units(4, 10);
    assert_ptr_equal(segment_of(r), record);
    assert_int_equal((ULONG_PTR)record->base % SEGMENT_BYTES, 0);
    assert_int_equal(reserved(), addresses);
}

/* Their addresses go with the segment; the next segment has none yet. */
static void block_states_that_can_not_be_decommitted_go_with_their_segment(void **state)
{
    struct region *r = take_units(1, 7);
    SIZE_T before = committed();

    (void)state;
    standin_fail_at("VirtualFree", 1, FALSE);
    give_back(r);
    standin_fail_never();
    assert_int_equal(before - committed(), OS_PAGE);
    assert_int_equal(segment_state_pages, 0);
    r = take_units(1, 7);
    assert_int_equal(segment_state_pages, 1);
    r->states[6] = 1;
}

/* It would lie at address 0. */
static void a_repair_enters_no_segment_that_is_gone(void **state)
{
    static struct map_leaf leaf;
    struct map_leaf *had = map_root[0];

    (void)state;
    give_back(take_units(4, 10));
    map_root[0] = &leaf;
    assert_true(region_is_valid(self));
    map_root[0] = had;
    assert_int_equal(leaf.entries[0], 0);
}

/* No memory: for the record of a segment, for the record of a region, for a reservation, for block
   states. */
static void without_memory_there_is_no_region_and_nothing_is_lost(void **state)
{
    SIZE_T before, addresses;
    struct region *r;

    (void)state;
    r = take_units(USABLE_UNITS, 0);
    before = committed();
    standin_fail_at("VirtualAlloc.reserve", 1, TRUE);
    assert_null(region_take(self, ME, 1, 0));
    standin_fail_never();
    assert_int_equal(committed(), before);
    give_back(r);
    r = take_units(1, 0);
    addresses = reserved();
    standin_fail_at("VirtualAlloc.commit", 1, TRUE);
    for (int i = 0; i < 5; i++)
        assert_null(region_take(self, ME, 1, 1));
    assert_int_equal(reserved(), addresses);
    assert_int_equal(unit_of(take_units(1, 0)), unit_of(r) + 1);
    standin_fail_never();
    assert_int_equal(segment_of(r)->state_pages, 0);
    assert_int_equal(segment_of(r)->with_states, 0);
    assert_true(region_is_valid(self));
    assert_non_null(region_take(self, ME, 1, 1));
    exhaust_permanent(sizeof(struct segment));
    assert_null(region_take(self, ME, USABLE_UNITS, 0));
    standin_fail_never();
    assert_true(region_is_valid(self));
    assert_non_null(region_take(self, ME, USABLE_UNITS, 0));
}

static void without_memory_for_its_record_there_is_no_segment(void **state)
{
    SIZE_T addresses;

    (void)state;
    assert_non_null(take_units(1, 0)); /* its records' block has more of them */
    exhaust_permanent(sizeof(struct segment));
    addresses = reserved();
    assert_null(region_take(self, ME, USABLE_UNITS, 0));
    standin_fail_never();
    assert_int_equal(reserved(), addresses);
    assert_true(region_is_valid(self));
    assert_non_null(region_take(self, ME, USABLE_UNITS, 0));
}

static void the_validator_detects_wrong_marks(void **state)
{
    struct region *r = take_units(4, 10);
    struct segment *s = segment_of(r);

    (void)state;
    assert_true(region_is_valid(self));
    s->cold[SEGMENT_UNITS / 32 - 1] &= 0x7FFFFFFFU; /* one unit lost */
    assert_false(region_is_valid(self));
    assert_true(region_is_valid(self)); /* and found again */
    bits_set_run(s->cold, segment_unit((ULONG_PTR)r->base), 1, 1);
    assert_false(region_is_valid(self));
    s->with_states++;
    assert_false(region_is_valid(self));
    s->longest--;
    assert_false(region_is_valid(self));
    record_sums.used++;
    assert_false(region_is_valid(self));
    record_sums.free++;
    assert_false(region_is_valid(self));
    assert_true(region_is_valid(self));
    region_release(self, r);
    r = take_block(MIB(2));
    region_quarantine(self, r);
    record_of(r)->pages++; /* more than was counted as quarantined */
    assert_false(region_is_valid(self));
    record_of(r)->pages--;
    assert_false(region_is_valid(self));
    assert_true(region_is_valid(self));
}

#define ALONE(name) cmocka_unit_test_setup_teardown(name, anew, unload)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_of_units_has_the_smallest_class_that_holds_it),
        ALONE(units_are_taken_by_first_fit),
        ALONE(a_segment_is_used_up_to_its_last_unit),
        ALONE(of_several_segments_the_fullest_that_fits_is_taken_from),
        ALONE(block_states_of_different_regions_lie_apart),
        ALONE(block_states_use_many_sets_of_the_processors_cache),
        ALONE(block_states_go_with_the_last_region_that_has_any),
        ALONE(a_segment_without_regions_goes_and_its_record_serves_the_next),
        ALONE(block_states_that_can_not_be_decommitted_go_with_their_segment),
        ALONE(a_repair_enters_no_segment_that_is_gone),
        ALONE(without_memory_there_is_no_region_and_nothing_is_lost),
        ALONE(without_memory_for_its_record_there_is_no_segment),
        ALONE(the_validator_detects_wrong_marks),
    };

    return UNIT_RUN(tests);
}
