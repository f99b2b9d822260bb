/* test_segment.c - the promises of segment.h: sizes, first fit of units and lines, and when
   segments are released. */
#include "base/bits.h"
#include "regions.h"

#define USABLE_UNITS (SEGMENT_UNITS - SEGMENT_UNITS / 16)

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
        assert_int_equal(unit_class_within(units), unit_class_units(c) == units ? c : c - 1);
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
        assert_int_equal(unit_of(r[i]), SEGMENT_UNITS / 16 + 4 * i);
    give_back(r[1]);
    give_back(r[3]);
    fourth = take_units(5, 0); /* too large for either */
    assert_int_equal(unit_of(fourth), SEGMENT_UNITS / 16 + 20);
    second = take_units(3, 0);
    assert_int_equal(unit_of(second), SEGMENT_UNITS / 16 + 4);
    r[1] = take_units(1, 0);
    assert_int_equal(unit_of(r[1]), SEGMENT_UNITS / 16 + 7);
    r[3] = take_units(4, 0); /* exactly so many */
    assert_int_equal(unit_of(r[3]), SEGMENT_UNITS / 16 + 12);
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

static void block_states_are_dense_and_apart(void **state)
{
    struct region *r[4] = {take_units(1, 1), take_units(1, LINE_STATES),
                           take_units(8, LINE_STATES + 1), take_units(1, 0)};
    char *base = segment_of(r[0])->base;

    (void)state;
    assert_ptr_equal(r[0]->states, base);
    assert_ptr_equal(r[1]->states, base + LINE_BYTES);
    assert_ptr_equal(r[2]->states, base + 2 * LINE_BYTES);
    assert_int_equal(record_of(r[2])->lines, 2);
    assert_null(r[3]->states);
    assert_int_equal(segment_of(r[0])->state_pages, 1);
    memset(r[2]->states, 0x55, 2 * LINE_BYTES);
    region_release(self, r[1]);
    r[1] = take_units(1, 2 * LINE_STATES); /* two do not fit there */
    assert_ptr_equal(r[1]->states, base + 4 * LINE_BYTES);
    r[3] = take_units(1, 3);
    assert_ptr_equal(r[3]->states, base + LINE_BYTES);
    assert_int_equal(region_footprint(r[1]), 2 * LINE_BYTES);
    assert_true(region_is_valid(self));
}

/* A segment without free lines serves regions that need none. */
static void where_lines_are_exhausted_the_next_segment_has_some(void **state)
{
    struct region *all = take_units(1, SEGMENT_LINES * LINE_STATES), *next, *without;

    (void)state;
    assert_int_equal(segment_of(all)->free_lines, 0);
    all->states[SEGMENT_LINES * LINE_STATES - 1] = 7; /* all its pages are committed */
    assert_ptr_equal((char *)(all->states + SEGMENT_LINES * LINE_STATES),
                     segment_of(all)->base + SEGMENT_BYTES / 16);
    without = take_units(4, 0);
    assert_ptr_equal(segment_of(without), segment_of(all));
    next = take_units(1, 1);
    assert_ptr_not_equal(segment_of(next), segment_of(all));
    region_release(self, without);
    assert_ptr_not_equal(segment_of(take_units(4, 1)), segment_of(all)); /* nor has a cached one */
    assert_ptr_equal(take_units(4, 0), without);
    region_release(self, all);
    assert_int_equal(segment_of(without)->free_lines, SEGMENT_LINES);
    assert_int_equal(segment_idle_pages(), SEGMENT_BYTES / 16 / OS_PAGE);
    all = take_units(1, 5);
    assert_ptr_equal(segment_of(all), segment_of(without)); /* it was cached with its pages */
    assert_int_equal(segment_idle_pages(), 0);
    assert_true(region_is_valid(self));
}

/* Enough lines, but not in a row. */
static void lines_are_in_a_row(void **state)
{
    enum { HALF = SEGMENT_LINES / 2 };
    struct region *a = take_units(1, HALF * LINE_STATES), *b = take_units(1, LINE_STATES), *c;

    (void)state;
    region_release(self, a);
    c = take_units(2, HALF * LINE_STATES);
    assert_ptr_equal(segment_of(c), segment_of(b));
    assert_ptr_equal(c->states, segment_of(b)->base);
    region_release(self, c);
    assert_int_equal(segment_of(b)->free_lines, SEGMENT_LINES - 1);
    c = take_units(2, (HALF + 1) * LINE_STATES);
    assert_ptr_not_equal(segment_of(c), segment_of(b));
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
    assert_null(region_find(base + SEGMENT_BYTES / 16));
    assert_int_equal(segment_idle_pages(), 0);
    r = take_units(4, 10);
    assert_ptr_equal(segment_of(r), record);
    assert_int_equal((ULONG_PTR)record->base % SEGMENT_BYTES, 0);
    assert_int_equal(reserved(), addresses);
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
    assert_non_null(region_take(self, ME, 1, 0));
    standin_fail_never();
    assert_int_equal(segment_of(r)->state_pages, 0);
    assert_int_equal(segment_of(r)->free_lines, SEGMENT_LINES);
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
    s->lines[0] |= 1; /* a line that two regions would use */
    assert_false(region_is_valid(self));
    s->free_lines++;
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
        ALONE(block_states_are_dense_and_apart),
        ALONE(where_lines_are_exhausted_the_next_segment_has_some),
        ALONE(lines_are_in_a_row),
        ALONE(a_segment_without_regions_goes_and_its_record_serves_the_next),
        ALONE(without_memory_there_is_no_region_and_nothing_is_lost),
        ALONE(without_memory_for_its_record_there_is_no_segment),
        ALONE(the_validator_detects_wrong_marks),
    };

    return UNIT_RUN(tests);
}
