/* test_record.c - the promises of record.h: records that stay readable, and sums that go with each
   change. */
#include "regions.h"

static struct record *new_record(void)
{
    struct record *r;

    region_lock(self);
    r = record_new(self);
    region_unlock();
    assert_non_null(r);
    return r;
}

static void records_do_not_overlap_and_are_reused(void **state)
{
    enum { COUNT = 100 };
    struct record *r[COUNT];

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        r[i] = new_record();
        assert_int_equal((ULONG_PTR)r[i] % APART, 0);
        assert_null(r[i]->region.base);
        assert_null(r[i]->region.owner);
        assert_int_equal(r[i]->region.committed | r[i]->region.dirty | r[i]->region.state_count, 0);
        for (int k = 0; k < i; k++)
            assert_ptr_not_equal(r[k], r[i]);
        assert_ptr_equal(record_of(&r[i]->region), r[i]);
    }
    region_lock(self);
    memset(r[7]->use + sizeof r[7]->region, 0x55, REGION_USE - sizeof r[7]->region);
    r[7]->region.states = (uint16_t *)(void *)&r[7];
    r[7]->region.committed = 5;
    record_free(r[7]);
    region_unlock();
    assert_ptr_equal(new_record(), r[7]);
    is_zero(r[7]->use, REGION_USE);
    assert_int_equal(r[7]->region.committed, 0);
}

static void without_memory_there_is_no_record(void **state)
{
    (void)state;
    region_lock(self);
    standin_fail_at("VirtualAlloc", 1, TRUE);
    while (record_new(self))
        ;
    assert_null(record_new(self));
    standin_fail_never();
    assert_non_null(record_new(self));
    record_repair(); /* records of no region are unused again */
    standin_fail_at("VirtualAlloc", 1, TRUE);
    for (int i = 0; i < 32; i++)
        assert_non_null(record_new(self));
    standin_fail_never();
    region_unlock();
}

static void the_sums_follow_owners_and_pages(void **state)
{
    struct region *r = take_units(8, 0);
    struct record *record = record_of(r);
    struct record_sums was;

    (void)state;
    fill(r);
    region_lock(self);
    was = record_sums;
    assert_int_equal(record->region.committed, 15);
    record_set_owner(record, NULL);
    assert_int_equal(record_sums.used, was.used - 15);
    assert_int_equal(record_sums.free, was.free + 15);
    record_set_owner(record, YOU);
    assert_int_equal(record_sums.used, was.used);
    assert_int_equal(record_sums.free, was.free);
    record_set_committed(record, 9);
    assert_int_equal(record_sums.used, was.used - 6);
    record_set_committed(record, 15);
    assert_int_equal(record_sums.used, was.used);
    record_sums.used = record_sums.free = 777;
    record_repair();
    assert_int_equal(record_sums.used, was.used);
    assert_int_equal(record_sums.free, was.free);
    region_unlock();
    region_release(self, r);
}

static void what_is_decommitted_is_neither_committed_nor_dirty(void **state)
{
    struct region *r = take_units(8, 0);
    struct record *record = record_of(r);
    SIZE_T before;

    (void)state;
    fill(r);
    before = committed();
    region_lock(self);
    assert_int_equal(record_decommit(record, 20), 1); /* nothing to do */
    assert_int_equal(record->region.committed, 15);
    assert_int_equal(record_decommit(record, 4), 1);
    assert_int_equal(record->region.committed, 4);
    assert_int_equal(record->region.dirty, 4);
    assert_int_equal(before - committed(), 11 * OS_PAGE);
    /* Pages that an earlier try may have left are dirty and not committed. */
    record->region.dirty = 15;
    assert_true(os_commit(r->base + 4 * OS_PAGE, 3 * OS_PAGE));
    assert_int_equal(record_decommit(record, 2), 1);
    assert_int_equal(record->region.dirty, 2);
    assert_int_equal(before - committed(), 13 * OS_PAGE);
    standin_fail_at("VirtualFree", 1, TRUE);
    assert_int_equal(record_decommit(record, 0), 0);
    standin_fail_never();
    assert_int_equal(record->region.committed, 2);
    assert_true(record->region.dirty >= 2);
    assert_int_equal(record_decommit(record, 0), 1);
    assert_int_equal(record->region.committed | record->region.dirty, 0);
    region_unlock();
    assert_true(region_is_valid(self));
    region_release(self, r);
}

static void count_and_sum(struct region *r, void *context)
{
    SIZE_T *sum = context;

    sum[0]++;
    sum[1] += record_of(r)->pages;
}

static void records_with_a_base_are_visited(void **state)
{
    struct region *r[3] = {take_units(1, 0), take_units(3, 0), take_block(MIB(3))};
    SIZE_T sum[2] = {0, 0};

    (void)state;
    new_record();
    region_lock(self);
    record_each(count_and_sum, sum);
    region_unlock();
    assert_int_equal(sum[0], 3);
    assert_int_equal(sum[1], 4 * UNIT_PAGES + MAP_BYTES / OS_PAGE);
    for (int i = 0; i < 3; i++)
        region_release(self, r[i]);
}

#define ALONE(name) cmocka_unit_test_setup_teardown(name, unload, unload)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(records_do_not_overlap_and_are_reused),
        ALONE(without_memory_there_is_no_record),
        ALONE(the_sums_follow_owners_and_pages),
        ALONE(what_is_decommitted_is_neither_committed_nor_dirty),
        ALONE(records_with_a_base_are_visited),
    };

    return UNIT_RUN(tests);
}
