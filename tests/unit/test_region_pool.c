/* test_region_pool.c - the promises of region.h about what waits for the next owner, in exact figures. */
#include "regions.h"

#define KEEP_LEAST ((SIZE_T)2 << 20) /* pool.c */
#define LITTLE ((SIZE_T)4 << 20)
#define KEEP_MOST ((SIZE_T)256 << 20)

static void a_footprint_is_what_the_system_was_asked_for(void **state)
{
    SIZE_T before = committed();
    struct region *slot = region_take(self, ME, 0), *mini = region_take(self, ME, 1), *lone;

    (void)state;
    assert_int_equal(region_footprint(slot), 0);
    assert_int_equal(region_room(slot), SLOT_DATA);
    assert_true(region_commit(slot, 1, 1));
    assert_int_equal(region_footprint(slot), 2 * OS_PAGE);
    assert_int_equal(committed() - before, 2 * OS_PAGE);
    assert_true(region_commit(slot, OS_PAGE, OS_PAGE));
    assert_int_equal(region_footprint(slot), 2 * OS_PAGE);
    assert_true(region_commit(slot, OS_PAGE + 1, OS_PAGE + 1));
    assert_int_equal(region_footprint(slot), 4 * OS_PAGE);
    assert_true(region_commit(slot, 1, 1)); /* never less */
    assert_int_equal(region_footprint(slot), 4 * OS_PAGE);
    assert_int_equal(committed() - before, 4 * OS_PAGE);
    assert_int_equal(region_room(mini), MINI_DATA);
    assert_true(region_commit(mini, 1, 1));
    assert_int_equal(region_footprint(mini), OS_PAGE + MINI_WORDS);
    assert_int_equal(committed() - before, 6 * OS_PAGE); /* minis share a page of words */
    region_release(self, slot);
    region_release(self, mini);
    before = committed();
    lone = large(5 * OS_PAGE - 1);
    assert_int_equal(region_footprint(lone), 5 * OS_PAGE);
    assert_int_equal(committed() - before, 5 * OS_PAGE);
    assert_int_equal(region_room(lone),
                     ((LARGE_HEADROOM + CHUNK_BYTES) & ~(CHUNK_BYTES - 1)) - OS_PAGE);
    assert_true(region_commit_large(lone, 5 * OS_PAGE));
    assert_int_equal(region_footprint(lone), 5 * OS_PAGE);
    assert_true(region_commit_large(lone, 5 * OS_PAGE + 1));
    assert_int_equal(committed() - before, 6 * OS_PAGE);
    region_shrink_large(lone, 2 * OS_PAGE + 1);
    assert_int_equal(region_footprint(lone), 3 * OS_PAGE);
    assert_int_equal(committed() - before, 3 * OS_PAGE);
    region_release(self, lone);
}

static void what_waits_is_counted_to_the_byte(void **state)
{
    struct region *slot = full_slot(), *mini = region_take(self, ME, 1),
                  *lone = large(10 * OS_PAGE);
    SIZE_T expected = 0;

    (void)state;
    assert_true(region_commit(mini, 1, 1));
    expected += region_footprint(slot);
    region_release(self, slot);
    assert_int_equal(chunk_pool.warm_bytes, expected);
    expected += region_footprint(mini);
    region_release(self, mini);
    assert_int_equal(chunk_pool.warm_bytes, expected);
    region_release(self, lone);
    expected += 10 * OS_PAGE;
    assert_int_equal(chunk_pool.warm_bytes, expected);
    slot = region_take(self, YOU, 0); /* the warm one first */
    assert_int_equal(region_footprint(slot), SLOT_DATA + SLOT_WORDS);
    assert_int_equal(slot->dirty, SLOT_DATA / OS_PAGE);
    assert_int_equal(chunk_pool.warm_bytes, expected - region_footprint(slot));
    lone = region_take_large(self, YOU, OS_PAGE, LARGE_HEADROOM);
    assert_int_equal(lone->touched, 10 * OS_PAGE); /* is not zero any more */
    assert_int_equal(chunk_pool.warm_bytes, OS_PAGE + MINI_WORDS);
    atomic_store(&lone->kind, REGION_LARGE);
    region_release(self, lone);
    region_release(self, slot);
    assert_int_equal(chunk_pool.warm_bytes, expected);
}

/* Takes and releases slots; returns what waits when that is settled. One in ten is held meanwhile, without
   memory: chunks of which nothing is in use go as a whole. */
static SIZE_T waits_after(unsigned slots)
{
    static struct region *r[2000], *held[200];
    SIZE_T warm;

    for (unsigned i = 0; i < slots; i++) {
        if (i % 10 == 0)
            held[i / 10] = region_take(self, ME, 0);
        r[i] = full_slot();
    }
    for (unsigned i = 0; i < slots; i++)
        region_release_first(self, r[i]);
    pool_settle(self);
    warm = chunk_pool.warm_bytes;
    pool_trim(self);
    for (unsigned i = 0; i < slots; i += 10)
        region_release(self, held[i / 10]);
    return warm;
}

static void is_just_within(SIZE_T warm, SIZE_T limit)
{
    assert_true(warm <= limit);
    assert_true(warm + SLOT_DATA + SLOT_WORDS > limit);
}

static void two_mib_may_wait_and_half_as_much_again_as_is_in_use_beyond_four(void **state)
{
    struct region *used[40];
    SIZE_T before = committed(), use = 0;

    (void)state;
    is_just_within(waits_after(30), KEEP_LEAST);
    assert_true(committed() - before <= KEEP_LEAST);
    for (int i = 0; i < 40; i++) {
        used[i] = full_slot();
        use += region_footprint(used[i]);
        if (i % 13 == 5)
            is_just_within(waits_after(60),
                           use <= LITTLE ? KEEP_LEAST : KEEP_LEAST + (use - LITTLE) / 2 * 3);
    }
    for (int i = 0; i < 40; i++)
        region_release(self, used[i]);
    pool_trim(self);
    is_just_within(waits_after(30), KEEP_LEAST);
}

static void more_than_256_mib_never_wait(void **state)
{
    struct region *used[740];

    (void)state;
    for (int i = 0; i < 740; i++)
        used[i] = full_slot();
    is_just_within(waits_after(1000), KEEP_MOST);
    for (int i = 0; i < 740; i++)
        region_release_first(self, used[i]);
    pool_settle(self);
    assert_true(chunk_pool.warm_bytes <= KEEP_LEAST);
}

/* What a thread has taken off and not yet done when it is killed is taken off once more by its heir. */
static void less_than_none_in_use_is_none(void **state)
{
    static const SIZE_T below[] = {OS_PAGE, 100 * OS_PAGE, (SIZE_T)1 << 30};

    (void)state;
    for (int i = 0; i < 3; i++) {
        pool_count_used(below[i], -1);
        assert_int_equal(pool_limit(), KEEP_LEAST);
        is_just_within(waits_after(60), KEEP_LEAST);
        pool_count_used(below[i], 1);
    }
}

/* The sum of what is in use moves with every operation: none may leave anything behind. */
static void nothing_is_left_in_use_whatever_was_done(void **state)
{
    (void)state;
    for (int round = 0; round < 400; round++) {
        struct region *slot = region_take(self, ME, 0), *mini = region_take(self, ME, 1);
        struct region *lone = large(40000 + (SIZE_T)round % 3 * 500000), *retired = full_slot();
        assert_true(region_commit(slot, 1, 1) && region_commit(slot, 9000, 100));
        assert_true(region_commit(mini, 100, 100));
        assert_true(region_commit_large(lone, 1200000));
        region_shrink_large(lone, (SIZE_T)round % 2 * 400000);
        region_give(self, lone, YOU);
        region_retire(self, retired);
        if (round % 5 == 0)
            region_retire(self, lone);
        region_release(self, round % 2 ? slot : lone);
        region_release(self, round % 2 ? lone : slot);
        region_release(self, mini);
        region_release(self, retired);
        if (round % 7 == 0)
            pool_trim(self);
    }
    is_just_within(waits_after(30), KEEP_LEAST);
}

static void a_page_heap_keeps_nothing(void **state)
{
    SIZE_T before = committed();

    (void)state;
    pool_keeps_nothing = 1;
    assert_int_equal(waits_after(5), 0);
    region_release(self, full_slot());
    assert_int_equal(chunk_pool.warm_bytes, 0);
    assert_int_equal(committed(), before);
    pool_keeps_nothing = 0;
}

static void a_large_region_waits_only_with_a_mib_or_less(void **state)
{
    struct region *small = large((SIZE_T)1 << 20), *big = large(((SIZE_T)1 << 20) + 1);
    SIZE_T before = committed(), addresses = reserved();

    (void)state;
    region_release(self, big);
    assert_int_equal(chunk_pool.warm_bytes, 0);
    assert_int_equal(before - committed(), ((SIZE_T)1 << 20) + OS_PAGE);
    assert_true(reserved() < addresses); /* nor do its addresses */
    before = committed();
    addresses = reserved();
    region_release(self, small);
    assert_int_equal(chunk_pool.warm_bytes, (SIZE_T)1 << 20);
    assert_int_equal(committed(), before);
    assert_int_equal(reserved(), addresses);
}

static void a_trim_says_whether_there_was_anything(void **state)
{
    struct region *mini = region_take(self, ME, 1), *other = region_take(self, ME, 1);
    SIZE_T before;

    (void)state;
    assert_true(region_commit(mini, 1, 1) && region_commit(other, 1, 1));
    before = committed();
    assert_false(pool_trim(self));
    region_release(self, mini);
    assert_true(pool_trim(self));
    assert_int_equal(before - committed(), OS_PAGE); /* words stay with those of other minis */
    assert_false(standin_faults(unit_touch, other->base, NULL));
    assert_false(pool_trim(self));
    region_release(self, other);
    standin_fail_at("VirtualFree.decommit", 1, TRUE);
    assert_false(pool_trim(self)); /* the system took nothing back */
    standin_fail_never();
}

/* Between the look for a free address and the reservation another thread may take it. */
static void an_address_that_somebody_takes_first_is_no_failure(void **state)
{
    unsigned long calls;

    (void)state;
    for (unsigned long n = 1; n < 60; n += 19) {
        struct region *r;
        for (unsigned long k = 1; k < n; k++) {
            standin_fail_at("VirtualAlloc.reserve", 1, FALSE);
            r = large(OS_PAGE + 3 * LARGE_HEADROOM * k);
            assert_int_equal(standin_failed(), 1);
            region_shrink_large(r, 0);
            region_release(self, r);
        }
        standin_fail_at("VirtualAlloc.reserve", 1, FALSE);
        assert_non_null(permanent_alloc(self, 3 << 20));
        assert_int_equal(standin_failed(), 1);
    }
    standin_fail_at("VirtualAlloc.reserve", 1, TRUE);
    calls = standin_calls("VirtualAlloc.reserve");
    assert_null(region_take_large(self, ME, 1, 5 * LARGE_HEADROOM));
    assert_in_range(standin_calls("VirtualAlloc.reserve") - calls, 16, 200); /* it gives up */
    calls = standin_calls("VirtualAlloc.reserve");
    assert_null(permanent_alloc(self, 5 << 20));
    assert_in_range(standin_calls("VirtualAlloc.reserve") - calls, 4, 64);
    standin_fail_never();
    assert_non_null(permanent_alloc(self, 5 << 20));
}

static void what_the_system_does_not_take_back_stays_known_as_used(void **state)
{
    struct region *r[3] = {full_slot(), region_take(self, ME, 1), large(8 * OS_PAGE)};
    SIZE_T before;

    (void)state;
    assert_true(region_commit(r[1], OS_PAGE, 1));
    for (int i = 0; i < 3; i++)
        memset(r[i]->base, 7, OS_PAGE);
    before = committed();
    standin_fail_at("VirtualFree.decommit", 1, TRUE);
    region_shrink_large(r[2], OS_PAGE);
    assert_int_equal(region_footprint(r[2]), 8 * OS_PAGE);
    for (int i = 0; i < 3; i++)
        region_release(self, r[i]);
    pool_trim(self);
    assert_true(chunk_is_valid(self));
    assert_true(committed() >= before - 8 * OS_PAGE);
    standin_fail_never();
    r[0] = region_take(self, YOU, 0);
    assert_int_equal(r[0]->pages, SLOT_DATA / OS_PAGE);
    assert_int_equal(r[0]->dirty, SLOT_DATA / OS_PAGE);
    r[1] = region_take(self, YOU, 1);
    assert_int_equal(r[1]->dirty, r[1]->pages);
    region_release(self, r[0]);
    region_release(self, r[1]);
    pool_trim(self);
    assert_int_equal(chunk_pool.warm_bytes, 0);
    assert_true(chunk_is_valid(self));
    r[0] = region_take(self, YOU, 0);
    assert_int_equal(r[0]->dirty, 0);
    region_release(self, r[0]);
}

static void one_that_is_released_waits_within_the_limit_and_many_until_they_settle(void **state)
{
    enum { COUNT = (4 << 20) / SLOT_BYTES - 2 }; /* so few that two MiB may wait all the time */
    struct region *r[COUNT];

    (void)state;
    for (int many = 0; many < 2; many++) {
        for (int i = 0; i < COUNT; i++)
            r[i] = full_slot();
        for (int i = 0; i < COUNT; i++)
            (many ? region_release_first : region_release)(self, r[i]);
        assert_int_equal(chunk_pool.warm_bytes > pool_limit(), many);
        pool_settle(self);
        assert_true(chunk_pool.warm_bytes <= pool_limit());
        pool_trim(self);
    }
}

static void what_can_not_be_emptied_is_as_much_in_use_as_before(void **state)
{
    struct region *r = large((SIZE_T)20 << 20);
    SIZE_T limit = pool_limit();

    (void)state;
    standin_fail_at("VirtualFree.decommit", 1, TRUE);
    region_empty(r);
    standin_fail_never();
    assert_int_equal(pool_limit(), limit);
    region_empty(r);
    assert_true(pool_limit() < limit);
    region_release(self, r);
}

static void a_region_that_is_all_committed_shrinks_too(void **state)
{
    struct region *r = large(OS_PAGE);
    SIZE_T room = region_room(r);

    (void)state;
    assert_true(region_commit_large(r, room));
    region_shrink_large(r, room - 3 * OS_PAGE);
    assert_int_equal(region_footprint(r), room - 3 * OS_PAGE);
    region_release(self, r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_footprint_is_what_the_system_was_asked_for),
        TEST(what_waits_is_counted_to_the_byte),
        TEST(two_mib_may_wait_and_half_as_much_again_as_is_in_use_beyond_four),
        TEST(more_than_256_mib_never_wait),
        TEST(less_than_none_in_use_is_none),
        TEST(nothing_is_left_in_use_whatever_was_done),
        TEST(a_page_heap_keeps_nothing),
        TEST(a_large_region_waits_only_with_a_mib_or_less),
        TEST(a_trim_says_whether_there_was_anything),
        TEST(an_address_that_somebody_takes_first_is_no_failure),
        TEST(what_the_system_does_not_take_back_stays_known_as_used),
        TEST(one_that_is_released_waits_within_the_limit_and_many_until_they_settle),
        TEST(what_can_not_be_emptied_is_as_much_in_use_as_before),
        TEST(a_region_that_is_all_committed_shrinks_too),
    };

    return UNIT_RUN(tests);
}
