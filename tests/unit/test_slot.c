/* test_slot.c - the promises of slot.h, by way of region.h; of runs see test_runs.c. */
#include "regions.h"

static void what_holds_state_words_is_nobodys_to_take(void **state)
{
    struct chunk *c, *lone;

    (void)state;
    chunk_hold(self);
    c = chunk_make(self, CHUNK_BYTES, 0);
    lone = chunk_make(self, CHUNK_BYTES, 1);
    for (SIZE_T i = 0; i < CHUNK_SLOTS; i++)
        assert_ptr_equal(region_find(c->base + i * SLOT_BYTES)->owner,
                         i < CHUNK_FIRST ? CHUNK_WORDS : NULL);
    assert_null(region_find(lone->base)->owner); /* all of it is one block's */
    assert_int_equal(lone->free, 1);
    chunk_let_go();
}

static void what_waits_is_taken_before_what_must_be_committed(void **state)
{
    enum { COUNT = 2 * CHUNK_SLOTS, LAST = COUNT - 1 };
    struct region *r[COUNT];

    (void)state;
    for (int i = 0; i < COUNT; i++)
        r[i] = region_take(self, ME, 0);
    for (int warm = 0; warm <= LAST - 1; warm += LAST - 1) { /* whichever chunk stands first */
        struct region *cold = r[LAST - warm];
        assert_true(region_commit(r[warm], SLOT_DATA, SLOT_WORDS));
        region_release(self, r[warm]);
        region_release(self, cold);
        chunk_pool.slot_hint = region_chunk((ULONG_PTR)cold->base);
        assert_ptr_not_equal(chunk_pool.slot_hint, region_chunk((ULONG_PTR)r[warm]->base));
        assert_ptr_equal(region_take(self, ME, 0), r[warm]);
        r[LAST - warm] = region_take(self, ME, 0);
    }
    for (int i = 0; i < COUNT; i++)
        region_release(self, r[i]);
}

static void of_large_regions_that_wait_the_fitting_one_is_taken(void **state)
{
    static const unsigned pages[] = {3, 40, 12, 7};
    struct region *r[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        r[i] = large(pages[i] * OS_PAGE);
    for (int i = 0; i < 4; i++)
        region_release(self, r[i]);
    /* with the least too much; else with the least to commit */
    assert_ptr_equal(large(7 * OS_PAGE), r[3]);
    assert_ptr_equal(large(7 * OS_PAGE), r[2]);
    assert_ptr_equal(large(41 * OS_PAGE), r[1]);
    assert_ptr_equal(large(1), r[0]);
    for (int i = 0; i < 4; i++)
        region_release(self, r[i]);
    assert_ptr_equal(large(80 * OS_PAGE), r[1]); /* all of them are far too small */
    region_release(self, r[1]);
    assert_ptr_equal(large(7 * OS_PAGE), r[3]); /* though one that is far too large comes first */
    region_release(self, r[3]);
    /* and none that has not the room */
    r[0] = region_take_large(self, ME, OS_PAGE, 2 * LARGE_HEADROOM);
    assert_true(region_room(r[0]) >= 2 * LARGE_HEADROOM);
    atomic_store(&r[0]->kind, REGION_LARGE);
    region_release(self, r[0]);
}

static void a_slot_that_can_not_be_split_stays_free(void **state)
{
    struct region *slot, *mini;

    (void)state;
    /* no room for the records of its minis */
    slot = region_take(self, ME, 0);
    exhaust_arena(64);
    assert_null(region_take(self, ME, 1));
    standin_fail_never();
    assert_true(chunk_is_valid(self));
    /* what waits there can't be returned */
    assert_true(region_commit(slot, 10000, 1000));
    region_release(self, slot);
    standin_fail_at("VirtualFree.decommit", 1, TRUE);
    assert_null(region_take(self, ME, 1));
    standin_fail_never();
    assert_true(chunk_is_valid(self));
    mini = region_take(self, ME, 1);
    assert_non_null(mini);
    assert_int_equal(region_room(mini), MINI_DATA);
    region_release(self, mini);
}

static void a_slot_that_could_not_be_split_is_as_warm_as_before(void **state)
{
    struct region *slot = region_take(self, ME, 0);
    SIZE_T warm;

    (void)state;
    assert_true(region_commit(slot, 10000, 1000));
    region_release(self, slot);
    warm = chunk_pool.warm_bytes;
    assert_int_equal(warm, region_footprint(slot));
    chunk_pool.warm_slots = 0;
    assert_false(chunk_is_valid(self));
    assert_true(chunk_is_valid(self));
    standin_fail_at("VirtualFree.decommit", 1, TRUE);
    assert_null(region_take(self, ME, 1));
    standin_fail_never();
    assert_int_equal(chunk_pool.warm_bytes, warm);
    assert_ptr_equal(region_take(self, ME, 0), slot);
    assert_int_equal(chunk_pool.warm_bytes, 0);
    region_release(self, slot);
}

/* Minis that nobody has become slots again, but for two slots of them. */
static void split_slots_become_whole_again(void **state)
{
    enum { MINIS = 6 * SLOT_MINIS };
    static struct region *r[MINIS];
    unsigned slots;
    SIZE_T before;

    (void)state;
    region_release(self, region_take(self, ME, 1));
    before = committed();
    for (int i = 0; i < MINIS; i++) {
        r[i] = region_take(self, ME, 1);
        assert_true(region_commit(r[i], 1, 1));
        assert_int_equal(r[i]->base[0], 0);
        r[i]->base[0] = 1;
        for (int k = 0; k < i; k++)
            assert_ptr_not_equal(r[i], r[k]);
    }
    slots = chunk_pool.free_slots;
    for (int i = 0; i < MINIS; i++)
        region_release(self, r[i]);
    assert_in_range(chunk_pool.free_minis, SLOT_MINIS, 2 * SLOT_MINIS);
    assert_in_range(chunk_pool.free_slots, slots + 4, slots + 6);
    pool_trim(self);
    /* Their records stay, and pages with words of some that are split. */
    assert_true(committed() <=
                before + (MINIS + SLOT_MINIS) * RECORD_BYTES + 2 * SLOT_MINIS * MINI_WORDS);
    for (int i = 0; i < 2 * (CHUNK_SLOTS - CHUNK_FIRST); i++) {
        r[i] = full_slot(); /* those that were split among them: all is there, and zero */
        for (SIZE_T k = 0; k < SLOT_DATA; k += OS_PAGE / 2)
            assert_int_equal(r[i]->base[k], 0);
        for (SIZE_T k = 0; k < SLOT_BYTES; k += OS_PAGE / 2)
            assert_ptr_equal(region_find(r[i]->base + k), r[i]);
    }
    for (int i = 0; i < 2 * (CHUNK_SLOTS - CHUNK_FIRST); i++)
        region_release(self, r[i]);
}

/* Minis become a slot again while the system takes nothing back: not all of it is committed, all is dirty. */
static void a_slot_made_of_minis_whose_pages_stay_is_usable_and_zeroed(void **state)
{
    enum { MINIS = 3 * SLOT_MINIS, BLOCKS = 100, BYTES = 20000 };
    struct region *minis[MINIS];
    struct heap heap;

    (void)state;
    for (int i = 0; i < MINIS; i++) {
        minis[i] = region_take(self, ME, 1);
        if (i % 2 == 0) {
            assert_true(region_commit(minis[i], MINI_DATA, MINI_WORDS));
            memset(minis[i]->base, 0x55, MINI_DATA);
        }
    }
    standin_fail_at("VirtualFree.decommit", 1, TRUE);
    for (int i = 0; i < MINIS; i++)
        region_release(self, minis[i]);
    assert_true(standin_failed() > 0);
    standin_fail_never();
    assert_true(chunk_is_valid(self));
    heap_open(&heap, ME, (SIZE_T)-1);
    for (int i = 0; i < BLOCKS; i++) {
        char *block = heap_alloc(self, &heap, BYTES);
        for (int k = 0; k < BYTES; k++)
            assert_int_equal(block[k], 0);
        memset(block, 0x66, BYTES);
    }
    assert_true(heap_is_valid(self, &heap));
    heap_close(self, &heap);
}

static void addresses_go_back_but_for_two_chunks(void **state)
{
    enum { SLOTS = 10 * (CHUNK_SLOTS - CHUNK_FIRST) };
    static struct region *r[SLOTS];
    SIZE_T before = reserved();

    (void)state;
    for (int i = 0; i < SLOTS; i++)
        r[i] = full_slot();
    assert_true(reserved() >= before + 8 * CHUNK_BYTES);
    for (int i = 0; i < SLOTS; i++)
        region_release_first(self, r[i]);
    pool_trim(self);
    assert_true(reserved() <= before);
    /* without a trim, one by one, cold ones */
    for (int i = 0; i < SLOTS; i++)
        r[i] = region_take(self, ME, 0);
    assert_true(reserved() >= before + 8 * CHUNK_BYTES);
    for (int i = 0; i < SLOTS; i++)
        region_release(self, r[i]);
    assert_true(reserved() <= before + 2 * CHUNK_BYTES);
    assert_true(chunk_pool.free_slots <= 3 * (CHUNK_SLOTS - CHUNK_FIRST));
}

static void masks_and_totals_are_right_after_every_step(void **state)
{
    enum { MOST = 200, STEPS = 6000 };
    struct region *r[MOST] = {NULL};
    unsigned seed = 20;

    (void)state;
    print_message("seed %u\n", seed);
    for (int step = 0; step < STEPS; step++) {
        unsigned i = unit_random(&seed) % MOST, what = unit_random(&seed) % 8;
        if (r[i] && what == 7) {
            region_retire(self, r[i]);
            region_release(self, r[i]);
            r[i] = NULL;
        } else if (r[i]) {
            region_release(self, r[i]);
            r[i] = NULL;
        } else if (what == 0) {
            r[i] = region_take_large(self, ME, unit_random(&seed) % 3000000 + 1, 0);
            atomic_store(&r[i]->kind, REGION_LARGE);
        } else {
            r[i] = region_take(self, ME, what & 1);
            assert_true(region_commit(r[i], OS_PAGE, 64));
        }
        if (step % 100 == 0)
            pool_trim(self);
        assert_true(chunk_is_valid(self));
    }
    for (int i = 0; i < MOST; i++)
        if (r[i])
            region_release(self, r[i]);
    pool_settle(self);
    assert_true(chunk_is_valid(self));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(what_holds_state_words_is_nobodys_to_take),
        TEST(what_waits_is_taken_before_what_must_be_committed),
        TEST(of_large_regions_that_wait_the_fitting_one_is_taken),
        ONE(a_slot_that_can_not_be_split_stays_free),
        ONE(a_slot_that_could_not_be_split_is_as_warm_as_before),
        TEST(split_slots_become_whole_again),
        ONE(a_slot_made_of_minis_whose_pages_stay_is_usable_and_zeroed),
        TEST(addresses_go_back_but_for_two_chunks),
        TEST(masks_and_totals_are_right_after_every_step),
    };

    return UNIT_RUN(tests);
}
