/*
 * test_record_heap.c - the DLL's own records: zeroed, separate from experts, and available whatever
 * happens to the thread that asks first.
 */
#include "unit.h"

static void records_are_zeroed_and_come_back(void **state)
{
    char *record, *again;

    (void)state;
    record = record_heap_alloc(self, 100);
    assert_non_null(record);
    for (int i = 0; i < 100; i++)
        assert_int_equal(record[i], 0);
    memset(record, 0x5a, 100);
    record_heap_free(self, record);
    again = record_heap_alloc(self, 100);
    assert_ptr_equal(again, record);
    for (int i = 0; i < 100; i++)
        assert_int_equal(again[i], 0);
    record_heap_free(self, again);
}

static void records_belong_to_no_expert(void **state)
{
    void *record = record_heap_alloc(self, 100);
    HEXPERTKEY key = (HEXPERTKEY)(ULONG_PTR)0x5000;

    (void)state;
    assert_true(unit_use_key(key));
    assert_int_equal(ExpertFreeMemory(key, record), NMERR_INVALID_PARAMETER);
    assert_int_equal(ExpertMemorySize(key, record), 0);
    record_heap_free(self, record);
    NmapiCloseExpert(key, NULL);
}

static void first_record(void *argument)
{
    (void)argument;
    record_heap_alloc(thread_self(), 100);
}

static void the_first_use_may_be_its_threads_last(void **state)
{
    enum { DEATHS = 60 }; /* until the heap is open, and a few more */
    unsigned long deaths = 0;

    if (!standin_can_step())
        skip();
    for (unsigned long n = 0; n < DEATHS; n++) {
        void *record;
        unit_load_anew(state);
        deaths += unit_kill_at(first_record, n);
        record = record_heap_alloc(self, 200);
        if (!record)
            print_message("killed behind store %lu\n", n);
        assert_non_null(record);
        record_heap_free(self, record);
    }
    print_message("%lu deaths\n", deaths);
    assert_int_equal(deaths, DEATHS);
}

static void *kept;

static void come_and_go(void *argument)
{
    struct thread *me = thread_self();
    void *record[3];

    (void)argument;
    record_heap_free(me, kept);
    for (SIZE_T i = 0; i < 3; i++)
        record[i] = record_heap_alloc(me, 1000 + i * 20000);
    for (int i = 0; i < 3; i++)
        record_heap_free(me, record[i]);
}

static void whoever_dies_in_a_call_the_rest_is_put_right(void **state)
{
    enum { STRIDE = 5 }; /* stores; some hundreds in all */
    unsigned long deaths = 0;

    (void)state;
    if (!standin_can_step())
        skip();
    for (DWORD died = 1; died; deaths += died) {
        unit_load_anew(state);
        kept = record_heap_alloc(self, 1000);
        died = unit_kill_at(come_and_go, deaths * STRIDE);
        if (!record_heap_is_valid(self))
            print_message("killed behind store %lu\n", deaths * STRIDE);
        assert_true(record_heap_is_valid(self));
    }
    print_message("%lu deaths\n", deaths);
    assert_true(deaths > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_zeroed_and_come_back),
        cmocka_unit_test(records_belong_to_no_expert),
        cmocka_unit_test(the_first_use_may_be_its_threads_last),
        cmocka_unit_test(whoever_dies_in_a_call_the_rest_is_put_right),
    };

    return UNIT_RUN(tests);
}
