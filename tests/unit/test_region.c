/* test_region.c - the promises of region.h. */
#include "unit.h"

#define ME ((void *)0x4440)
#define YOU ((void *)0x5550)

static void a_mini_and_a_slot_are_found_from_each_of_their_addresses_and_no_other(void **state)
{
    struct region *mini = region_take(self, ME, 1), *slot = region_take(self, YOU, 0);

    (void)state;
    for (SIZE_T i = 0; i < MINI_BYTES; i += 61)
        assert_ptr_equal(region_find(mini->base + i), mini);
    for (SIZE_T i = 0; i < SLOT_BYTES; i += 61)
        assert_ptr_equal(region_find(slot->base + i), slot);
    assert_ptr_not_equal(region_find(mini->base + MINI_BYTES), mini);
    assert_ptr_not_equal(region_find(slot->base + SLOT_BYTES), slot);
    assert_ptr_equal(mini->owner, ME);
    assert_ptr_equal(slot->owner, YOU);
    region_release(self, mini);
    region_release(self, slot);
    assert_null(slot->owner);
    assert_null(mini->owner);
}

static void wild_addresses_are_nobodys(void **state)
{
    static volatile const ULONG_PTR beyond[] = {0, (ULONG_PTR)-1, (ULONG_PTR)1 << 47};
    unsigned seed = 7;

    (void)state;
    assert_null(region_find(&seed));
    for (unsigned i = 0; i < 3; i++)
        assert_null(region_find((void *)beyond[i]));
    for (int i = 0; i < 100000; i++) {
        ULONG_PTR at = (ULONG_PTR)unit_random(&seed) << 40 ^ (ULONG_PTR)unit_random(&seed) << 20 ^
                       unit_random(&seed);
        struct region *r = region_find((void *)at);
        assert_true(!r || r->owner != ME);
    }
}

static void the_last_page_of_each_region_is_never_committed(void **state)
{
    struct region *mini = region_take(self, ME, 1), *slot = region_take(self, ME, 0);

    (void)state;
    assert_true(region_commit(mini, MINI_DATA, MINI_WORDS));
    assert_true(region_commit(slot, SLOT_DATA, SLOT_WORDS));
    assert_false(standin_faults(unit_touch, mini->base + MINI_DATA - 1, NULL));
    assert_true(standin_faults(unit_touch, mini->base + MINI_DATA, NULL));
    assert_false(standin_faults(unit_touch, slot->base + SLOT_DATA - 1, NULL));
    assert_true(standin_faults(unit_touch, slot->base + SLOT_DATA, NULL));
    assert_true(standin_faults(unit_touch, slot->base + SLOT_BYTES - 1, NULL));
    region_release(self, mini);
    region_release(self, slot);
}

/* Whoever takes it next must know that these pages are not zero. */
static void pages_of_a_former_owner_are_known_to_be_dirty(void **state)
{
    (void)state;
    for (int mini = 0; mini < 2; mini++) {
        struct region *r = region_take(self, ME, mini);
        unsigned pages = mini ? 1 : 3;
        assert_true(region_commit(r, pages * OS_PAGE, 64));
        memset(r->base, 0x77, pages * OS_PAGE);
        region_release(self, r);
        r = region_take(self, YOU, mini);
        for (unsigned p = r->dirty; p < r->pages; p++)
            for (unsigned i = 0; i < OS_PAGE; i++)
                assert_int_equal(r->base[p * OS_PAGE + i], 0);
        if (r->pages)
            assert_true(r->dirty >= 1);
        region_release(self, r);
    }
}

static void a_large_region_has_the_room_and_is_zero_beyond_what_was_touched(void **state)
{
    (void)state;
    for (int round = 0; round < 4; round++) {
        struct region *r = region_take_large(self, ME, 100000, 1 << 20);
        assert_non_null(r);
        assert_true(region_room(r) >= 1 << 20);
        assert_true(r->committed >= 100000);
        for (SIZE_T i = r->touched; i < r->committed; i++)
            assert_int_equal(r->base[i], 0);
        assert_true(region_commit_large(r, 500000));
        memset(r->base, 0x66, 500000);
        r->touched = r->committed;
        region_shrink_large(r, 4096);
        assert_int_equal(r->committed, 4096);
        assert_true(standin_faults(unit_touch, r->base + 4096, NULL));
        assert_true(region_commit_large(r, 8192));
        assert_int_equal(r->base[4096], 0);
        atomic_store(&r->kind, REGION_LARGE);
        region_release(self, r);
    }
}

static void more_than_there_is_can_not_be_had(void **state)
{
    (void)state;
    assert_null(region_take_large(self, ME, (SIZE_T)-1, 0));
    assert_null(region_take_large(self, ME, (SIZE_T)-1 / 2, 0));
    assert_null(region_take_large(self, ME, (SIZE_T)1 << 50, (SIZE_T)1 << 51));
}

static void a_retired_region_faults_and_keeps_its_address(void **state)
{
    struct region *r = region_take(self, ME, 0), *other;
    char *base = r->base;

    (void)state;
    assert_true(region_commit(r, 8192, 64));
    base[0] = 1;
    region_retire(self, r);
    assert_ptr_equal(r->owner, REGION_RETIRED);
    assert_true(standin_faults(unit_touch, base, NULL));
    other = region_take(self, YOU, 0);
    assert_ptr_not_equal(other->base, base);
    region_release(self, other);
    region_release(self, r);
}

static void a_retired_large_region_faults_too(void **state)
{
    struct region *r = region_take_large(self, ME, 100000, 100000);

    (void)state;
    atomic_store(&r->kind, REGION_LARGE);
    region_give(self, r, YOU);
    assert_ptr_equal(r->owner, YOU);
    region_retire(self, r);
    assert_true(standin_faults(unit_touch, r->base, NULL));
    region_release(self, r);
}

static void count(struct region *r, void *context)
{
    (void)r;
    ++*(int *)context;
}

static void a_visit_finds_all_of_an_owner_and_nothing_else(void **state)
{
    struct region *r[30];
    int mine = 0, yours = 0;

    (void)state;
    for (int i = 0; i < 30; i++)
        r[i] = i % 10 == 9 ? region_take_large(self, i % 3 ? ME : YOU, 50000, 50000)
                           : region_take(self, i % 3 ? ME : YOU, i & 1);
    chunk_hold(self);
    chunk_visit(ME, count, &mine);
    chunk_visit(YOU, count, &yours);
    chunk_let_go();
    assert_int_equal(mine, 20);
    assert_int_equal(yours, 10);
    for (int i = 0; i < 30; i++) {
        if (i % 10 == 9)
            atomic_store(&r[i]->kind, REGION_LARGE);
        region_release(self, r[i]);
    }
}

/* The records of one slot's minis lie behind those of another's. */
static void a_visit_finds_a_mini_once(void **state)
{
    struct region *minis[SLOT_MINIS + 1];
    int mine = 0;

    unit_load_anew(state);
    for (int i = 0; i <= SLOT_MINIS; i++)
        minis[i] = region_take(self, ME, 1);
    chunk_hold(self);
    chunk_visit(ME, count, &mine);
    chunk_let_go();
    assert_int_equal(mine, SLOT_MINIS + 1);
    for (int i = 0; i <= SLOT_MINIS; i++)
        region_release(self, minis[i]);
}

static void take_full(struct region **r, int count)
{
    for (int i = 0; i < count; i++) {
        r[i] = region_take(self, ME, 0);
        assert_true(region_commit(r[i], SLOT_DATA, SLOT_WORDS));
    }
}

static void what_is_retired_in_vain_counts_as_used_until_it_is_released(void **state)
{
    enum { SLOTS = 30 };
    struct region *used[SLOTS];
    SIZE_T most;

    (void)state;
    pool_trim(self);
    take_full(used, SLOTS);
    most = pool_limit(); /* more is in use than a little, so that each page counts */
    standin_fail_at("VirtualFree.decommit", 1, TRUE);
    region_retire(self, used[0]);
    assert_int_equal(pool_limit(), most);
    region_release(self, used[0]);
    assert_true(pool_limit() < most);
    standin_fail_never();
    take_full(used, 1);
    assert_int_equal(pool_limit(), most);
    for (int i = 0; i < SLOTS; i++)
        region_release(self, used[i]);
}

static DWORD WINAPI take_and_release(LPVOID parameter)
{
    struct thread *me = expert_thread();

    (void)parameter;
    region_release(me, region_take(me, YOU, 0));
    return 0;
}

static void who_settles_or_trims_holds_up_nobody_afterwards(void **state)
{
    enum { SLOTS = 30 };
    struct region *r[SLOTS];

    (void)state;
    for (int trims = 0; trims < 2; trims++) {
        pool_trim(self);
        take_full(r, SLOTS);
        for (int i = 0; i < SLOTS; i++)
            region_release_first(self, r[i]);
        assert_true(chunk_pool.warm_bytes > pool_limit());
        if (trims)
            assert_true(pool_trim(self));
        else
            pool_settle(self);
        unit_on_thread(take_and_release, NULL);
    }
}

static void a_trim_returns_what_waits_for_the_next_owner(void **state)
{
    struct standin_usage before, after;
    struct region *r = region_take(self, ME, 0);

    (void)state;
    assert_true(region_commit(r, SLOT_DATA, 64));
    region_release(self, r);
    standin_get_usage(&before);
    assert_true(pool_trim(self));
    standin_get_usage(&after);
    assert_true(after.committed + SLOT_DATA <= before.committed);
    assert_false(pool_trim(self));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mini_and_a_slot_are_found_from_each_of_their_addresses_and_no_other),
        cmocka_unit_test(wild_addresses_are_nobodys),
        cmocka_unit_test(the_last_page_of_each_region_is_never_committed),
        cmocka_unit_test(pages_of_a_former_owner_are_known_to_be_dirty),
        cmocka_unit_test(a_large_region_has_the_room_and_is_zero_beyond_what_was_touched),
        cmocka_unit_test(more_than_there_is_can_not_be_had),
        cmocka_unit_test(a_retired_region_faults_and_keeps_its_address),
        cmocka_unit_test(a_retired_large_region_faults_too),
        cmocka_unit_test(a_visit_finds_all_of_an_owner_and_nothing_else),
        cmocka_unit_test(a_visit_finds_a_mini_once),
        cmocka_unit_test(what_is_retired_in_vain_counts_as_used_until_it_is_released),
        cmocka_unit_test(who_settles_or_trims_holds_up_nobody_afterwards),
        cmocka_unit_test(a_trim_returns_what_waits_for_the_next_owner),
    };

    return UNIT_RUN(tests);
}
