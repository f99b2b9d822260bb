/* test_cache.c - the promises of cache.h: how much is cached, in which order it is purged, and
   which region serves which request. */
#include "regions.h"

#define KEEP_DEFAULT PAGES(MIB(64))
#define KEEP_MOST PAGES(MIB(256))
#define KEEP_LEAST PAGES(MIB(4))

static int with_default_options(void **state)
{
    options.pageheap = options.keep_given = 0;
    options.keep = 0;
    return nothing_waits(state);
}

#define CACHE_TEST(name) cmocka_unit_test_setup_teardown(name, with_default_options, is_valid)

/* Pretends that so many pages are in use, which the cache's limit depends on. */
static void pretend_use(SIZE_T pages)
{
    record_sums.used = pages;
}

static void the_limit_follows_the_option_or_the_memory_in_use(void **state)
{
    struct record_sums before = record_sums;

    (void)state;
    pretend_use(0);
    assert_int_equal(cache_limit(), KEEP_DEFAULT);
    pretend_use(KEEP_DEFAULT / 3 * 2);
    assert_int_equal(cache_limit(), KEEP_DEFAULT);
    pretend_use(KEEP_DEFAULT);
    assert_int_equal(cache_limit(), KEEP_DEFAULT + KEEP_DEFAULT / 2);
    pretend_use(KEEP_MOST / 3 * 2 - 4);
    assert_in_range(cache_limit(), KEEP_MOST - 8, KEEP_MOST - 1);
    pretend_use(KEEP_MOST);
    assert_int_equal(cache_limit(), KEEP_MOST);
    options.keep_given = 1;
    options.keep = MIB(10);
    assert_int_equal(cache_limit(), PAGES(MIB(10)));
    pretend_use(0);
    assert_int_equal(cache_limit(), PAGES(MIB(10)));
    options.keep = 0;
    assert_int_equal(cache_limit(), KEEP_LEAST);
    options.keep = 100; /* exact: less than a page counts as none */
    assert_int_equal(cache_limit(), 0);
    options.keep = (SIZE_T)1 << 40;
    assert_int_equal(cache_limit(), ((SIZE_T)1 << 40) / OS_PAGE);
    options.pageheap = 1;
    assert_int_equal(cache_limit(), 0);
    record_sums = before;
}

static void release_full(SIZE_T bytes)
{
    struct region *r = take_block(bytes);

    region_release(self, r);
}

static void cached_pages_never_exceed_the_limit(void **state)
{
    static const SIZE_T keeps[] = {MIB(1), MIB(3), 0};

    (void)state;
    for (int i = 0; i < 3; i++) {
        static struct region *r[40];
        SIZE_T most = keeps[i] ? PAGES(keeps[i]) : KEEP_LEAST;
        options.keep_given = 1;
        options.keep = keeps[i];
        for (int k = 0; k < 40; k++)
            r[k] = take_block(200000);
        for (int k = 0; k < 40; k++) {
            region_release(self, r[k]);
            assert_in_range(cache_pages(), 0, most);
        }
        assert_true(cache_pages() > most - PAGES(KIB(208))); /* and not much less */
        region_trim(self);
    }
}

static void of_many_released_regions_as_many_are_cached_as_may_be(void **state)
{
    struct region *r[20];
    SIZE_T pages;

    (void)state;
    options.keep_given = 1;
    options.keep = MIB(1);
    for (int k = 0; k < 20; k++)
        r[k] = take_block(200000);
    pages = PAGES(region_committed(r[0]));
    for (int k = 0; k < 20; k++)
        region_release(self, r[k]);
    assert_in_range(cache_pages(), PAGES(MIB(1)) - pages, PAGES(MIB(1)));
}

/* While much is in use more may be cached; within the last close that is trimmed. */
static void within_the_last_close_it_is_trimmed_to_the_default(void **state)
{
    enum { COUNT = 600 };
    static struct region *r[COUNT]; /* 117 MiB, and half of it again */
    SIZE_T most = 0;

    (void)state;
    for (int k = 0; k < COUNT; k++)
        r[k] = take_block(200000);
    for (int k = 0; k < COUNT; k++) {
        region_release(self, r[k]);
        most = cache_pages() > most ? cache_pages() : most;
    }
    assert_true(most > KEEP_DEFAULT);
    assert_in_range(cache_pages() + permanent_pages, KEEP_DEFAULT - PAGES(KIB(208)), KEEP_DEFAULT);
}

static void with_pageheap_nothing_is_cached(void **state)
{
    struct region *r[3];

    (void)state;
    options.pageheap = 1;
    r[0] = take_block(100);
    r[1] = take_block(50000);
    r[2] = take_block(KIB(300));
    for (int i = 0; i < 3; i++) {
        region_release(self, r[i]);
        assert_int_equal(cache_pages(), 0);
    }
}

static void the_region_cached_longest_is_purged_first(void **state)
{
    static const int order[] = {3, 0, 5, 1, 4, 2};
    struct region *r[6], *held = take_units(1, 0);

    (void)state;
    for (int i = 0; i < 6; i++)
        r[i] = i < 3 ? take_block(40000 + (SIZE_T)i * 20000) : take_block(KIB(300 + 50 * i));
    for (int i = 0; i < 6; i++)
        region_release(self, r[order[i]]);
    for (int gone = 1; gone <= 6; gone++) {
        region_lock(self);
        assert_int_equal(cache_purge(cache_pages() - 1), 1); /* at least one region, and no more */
        region_unlock();
        for (int i = 0; i < 6; i++)
            assert_int_equal(r[order[i]]->base != NULL, i >= gone);
    }
    assert_int_equal(cache_pages(), 0);
    region_lock(self);
    assert_int_equal(cache_purge(0), 0); /* there was nothing to purge */
    region_unlock();
    region_release(self, held);
}

static void of_one_size_the_one_freed_last_is_taken_first(void **state)
{
    struct region *r[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        r[i] = take_block(50000);
    for (int i = 0; i < 3; i++)
        region_release(self, r[i]);
    for (int i = 3; i-- > 0;)
        assert_ptr_equal(take_block(50000), r[i]);
    for (int i = 0; i < 3; i++)
        region_release(self, r[i]);
}

static void a_span_gets_the_lowest_of_the_sixteen_regions_freed_last(void **state)
{
    struct region *r[20];

    (void)state;
    region_trim(self);
    for (int i = 0; i < 20; i++) {
        r[i] = take_units(4, 10);
        assert_true(i == 0 || r[i]->base > r[i - 1]->base);
    }
    for (int i = 0; i < 20; i++)
        region_release(self, r[i]);
    for (int i = 4; i >= 0; i--) /* each one taken lets an older one be looked at */
        assert_ptr_equal(take_units(4, 10), r[i]);
    assert_ptr_equal(take_units(4, 10), r[5]);
    for (int i = 0; i <= 5; i++)
        region_release(self, r[i]);
}

static void a_region_up_to_six_classes_too_large_is_taken(void **state)
{
    (void)state;
    for (unsigned wanted = 1; wanted + 8 < 32; wanted++) {
        unsigned size_class = unit_class(wanted);
        if (unit_class_units(size_class) != wanted)
            continue;
        for (unsigned more = 0; more < 8; more++) {
            unsigned units = unit_class_units(size_class + more);
            struct region *cached, *r;
            if (units > 32)
                continue;
            region_trim(self);
            cached = take_units(units, 0);
            region_release(self, cached);
            /* such a block needs so many units */
            r = take_block(wanted * UNIT_BYTES - OS_PAGE);
            if (more <= 6)
                assert_ptr_equal(r, cached);
            else
                assert_int_equal(record_of(r)->pages, wanted * UNIT_PAGES);
            region_release(self, r);
        }
    }
}

/* A span gets exactly the size that was asked for. */
static void a_region_with_block_states_is_never_too_large(void **state)
{
    struct region *large = take_units(9, 0), *r;

    (void)state;
    region_release(self, large);
    r = take_units(8, 10);
    assert_int_equal(record_of(r)->pages, 8 * UNIT_PAGES);
    region_release(self, r);
    assert_ptr_equal(take_units(8, 20), r);
    assert_int_equal(r->state_count, 20);
    region_release(self, r);
}

static void an_own_reservation_serves_a_request_of_half_its_pages_or_more(void **state)
{
    SIZE_T granule = PAGES(MAP_BYTES);
    struct region *cached = take_block(MIB(7)), *r;

    (void)state;
    assert_null(segment_of(cached));
    for (SIZE_T pages = PAGES(MIB(2)); pages <= PAGES(MIB(8)); pages += granule / 8) {
        SIZE_T with_guard = pages + 1, has = record_of(cached)->pages;
        region_release(self, cached);
        r = take_block(pages * OS_PAGE);
        if (has >= with_guard && has <= 2 * with_guard + granule)
            assert_ptr_equal(r, cached);
        else
            assert_ptr_not_equal(r, cached);
        region_release(self, r);
        region_trim(self);
        cached = take_block(MIB(7));
    }
    region_release(self, cached);
}

/* How many pages are committed does not matter: it may grow as it likes. */
static void an_own_reservation_with_room_to_grow_serves_the_next_block_that_grows(void **state)
{
    struct region *r = region_take_block(self, ME, KIB(600), 1);

    (void)state;
    assert_null(segment_of(r));
    region_release(self, r);
    assert_int_equal(cache_pages(), PAGES(KIB(600)));
    assert_ptr_equal(region_take_block(self, ME, KIB(36), 1), r);
    assert_int_equal(region_committed(r), KIB(600));
    region_release(self, r);
    assert_ptr_equal(region_take_block(self, ME, KIB(900), 1), r);
    region_release(self, r);
    assert_ptr_not_equal(take_block(MIB(2)), r); /* that does not grow: so much room is a waste */
}

/* The limit in force, but at most the default. */
static void an_own_reservation_of_less_than_a_quarter_of_the_limit_is_cached(void **state)
{
    static const SIZE_T keeps[] = {MIB(32), MIB(64), MIB(1024)};

    (void)state;
    options.keep_given = 1;
    for (int i = 0; i < 3; i++) {
        SIZE_T quarter;
        struct region *r;
        options.keep = keeps[i];
        quarter = (cache_limit() < KEEP_DEFAULT ? cache_limit() : KEEP_DEFAULT) / 4;
        r = take_block((quarter - 1) * OS_PAGE);
        region_release(self, r);
        assert_int_equal(cache_pages(), quarter - 1);
        region_trim(self);
        r = take_block(quarter * OS_PAGE);
        region_release(self, r);
        assert_int_equal(cache_pages(), 0);
    }
}

/* No limit counts its addresses: one after each failure would take them from the host for ever. */
static void an_own_reservation_without_committed_pages_is_not_cached(void **state)
{
    SIZE_T before = reserved();

    (void)state;
    standin_set_commit_limit(committed() + MIB(1));
    for (SIZE_T bytes = MIB(64); bytes <= MIB(4096); bytes *= 4)
        assert_null(region_take_block(self, ME, bytes, 0));
    standin_set_commit_limit((SIZE_T)1 << 46);
    assert_in_range(reserved() - before, 0, MIB(1)); /* the map may have needed a leaf */
}

static struct region *grown;

static void grow_it(void *unused)
{
    (void)unused;
    region_commit(thread_self(), grown, MIB(3));
}

/* They are returned instead: no count has them, so no limit would hold for them. */
static void pages_that_a_killed_thread_did_not_count_are_not_cached(void **state)
{
    unsigned long deaths = 0;

    (void)state;
    if (!standin_can_step())
        skip();
    for (DWORD died = 1; died; deaths += died) {
        SIZE_T before = committed();
        grown = region_take_block(self, ME, MIB(2), 1);
        assert_non_null(grown);
        died = unit_kill_at(grow_it, deaths);
        assert_true(region_is_valid(self));
        region_release(self, grown);
        assert_int_equal(committed() - before, cache_pages() * OS_PAGE);
        region_trim(self);
    }
    assert_true(deaths > 3);
}

/* A cached region keeps its block states. They count as cached, but for what the pages in use may
   have. */
static void cached_block_states_count_and_are_purged(void **state)
{
    struct region *held = take_units(1, 0), *r = take_units(32, 4080);
    SIZE_T before = committed(), pages = segment_state_pages, used = record_sums.used;

    (void)state;
    assert_in_range(pages, 2, 4);
    region_release(self, r);
    assert_int_equal(committed(), before);
    record_sums.used = 0;
    assert_int_equal(cache_limit(), KEEP_DEFAULT - permanent_pages - pages);
    record_sums.used = pages * SEGMENT_STATES;
    assert_int_equal(cache_limit(), KEEP_DEFAULT - permanent_pages);
    record_sums.used = used;
    region_trim(self);
    assert_int_equal(segment_state_pages, 0);
    region_release(self, held);
}

/* A system that takes no pages back: cached pages stay cached, and serve later requests. */
static void pages_that_the_system_does_not_take_back_stay_cached(void **state)
{
    struct region *held = take_units(1, 0), *r = take_block(50000), *states = take_units(1, 1);
    SIZE_T waiting;

    (void)state;
    memset(r->base, 0x55, 50000);
    region_release(self, r);
    region_release(self, states);
    waiting = cache_pages();
    standin_fail_at("VirtualFree", 1, TRUE);
    region_trim(self);
    assert_int_equal(standin_failed(), 1);
    standin_fail_never();
    assert_int_equal(cache_pages(), waiting);
    assert_true(region_is_valid(self));
    assert_ptr_equal(take_block(50000), r);
    assert_true(region_dirty(r) >= 50000);
    region_release(self, r);
    region_trim(self);
    assert_int_equal(cache_pages(), 0);
    region_release(self, held);
}

/* All cached pages, even block states alone, are purged before an allocation fails. */
static void all_cached_pages_are_purged_before_a_commit_fails(void **state)
{
    struct region *r = take_units(8, 0), *states = take_units(1, 1);

    (void)state;
    for (int i = 0; i < 2; i++) {
        if (i == 0)
            release_full(KIB(200));
        region_release(self, states);
        standin_set_commit_limit(committed());
        assert_true(region_commit(self, r, (SIZE_T)(i + 1) * OS_PAGE));
        standin_set_commit_limit((SIZE_T)1 << 46);
        assert_int_equal(cache_pages(), 0);
        assert_int_equal(segment_state_pages, 0);
        if (i == 0)
            states = take_units(1, 1);
    }
    region_release(self, r);
}

static void all_cached_pages_are_purged_before_block_states_are_refused(void **state)
{
    struct region *held = take_units(1, 0), *r;

    (void)state;
    release_full(KIB(200));
    standin_set_commit_limit(committed());
    r = region_take(self, ME, 1, 1);
    standin_set_commit_limit((SIZE_T)1 << 46);
    assert_non_null(r);
    assert_int_equal(cache_pages(), 0);
    region_release(self, r);
    region_release(self, held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CACHE_TEST(the_limit_follows_the_option_or_the_memory_in_use),
        CACHE_TEST(cached_pages_never_exceed_the_limit),
        CACHE_TEST(of_many_released_regions_as_many_are_cached_as_may_be),
        CACHE_TEST(within_the_last_close_it_is_trimmed_to_the_default),
        CACHE_TEST(with_pageheap_nothing_is_cached),
        CACHE_TEST(the_region_cached_longest_is_purged_first),
        CACHE_TEST(of_one_size_the_one_freed_last_is_taken_first),
        CACHE_TEST(a_span_gets_the_lowest_of_the_sixteen_regions_freed_last),
        CACHE_TEST(a_region_up_to_six_classes_too_large_is_taken),
        CACHE_TEST(a_region_with_block_states_is_never_too_large),
        CACHE_TEST(an_own_reservation_serves_a_request_of_half_its_pages_or_more),
        CACHE_TEST(an_own_reservation_with_room_to_grow_serves_the_next_block_that_grows),
        CACHE_TEST(an_own_reservation_of_less_than_a_quarter_of_the_limit_is_cached),
        CACHE_TEST(an_own_reservation_without_committed_pages_is_not_cached),
        CACHE_TEST(pages_that_a_killed_thread_did_not_count_are_not_cached),
        CACHE_TEST(cached_block_states_count_and_are_purged),
        CACHE_TEST(pages_that_the_system_does_not_take_back_stay_cached),
        CACHE_TEST(all_cached_pages_are_purged_before_a_commit_fails),
        CACHE_TEST(all_cached_pages_are_purged_before_block_states_are_refused),
    };

    return UNIT_RUN(tests);
}
