/* test_visitors.c - the threads that called with a key, what their end means with reclaim=thread,
   and who may open a key. */
#include "helper.h"

#define KEY(i) ((HEXPERTKEY)(ULONG_PTR)(0x500000 + (i)*16))

static DWORD WINAPI use_and_die(LPVOID key)
{
    unit_use_key(key);
    TerminateThread(GetCurrentThread(), 7);
    return 0;
}

static BOOL CALLBACK no_expert(HEXPERTKEY key, LPVOID context)
{
    (void)key, (void)context;
    return FALSE;
}

static BOOL CALLBACK no_block(HEXPERTKEY key, LPVOID block, SIZE_T bytes, LPVOID context)
{
    (void)key, (void)block, (void)bytes, (void)context;
    return FALSE;
}

static void every_host_call_looks_after_killed_threads(void **state)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};

    (void)state;
    options.reclaim_thread = 1;
    for (int call = 0; call < 7; call++) {
        HEXPERTKEY key = KEY(100 + call);
        assert_int_equal(unit_on_thread(use_and_die, key), 7);
        assert_int_equal(table_find(key)->state, EXPERT_OPEN);
        switch (call) {
        case 0:
            NmapiOpenExpert(KEY(120), NULL);
            break;
        case 1:
            NmapiQueryExpert(KEY(120), &usage);
            break;
        case 2:
            NmapiEnumExperts(no_expert, NULL);
            break;
        case 3:
            NmapiEnumMemory(KEY(120), no_block, NULL);
            break;
        case 4:
            NmapiTransferMemory(KEY(120), KEY(120), NULL);
            break;
        case 5:
            NmapiCloseExpert(KEY(120), NULL);
            break;
        default:
            assert_int_equal(unit_on_thread(unit_use_key, KEY(121)),
                             1); /* and a thread that ends */
            break;
        }
        assert_int_equal(table_find(key)->state, EXPERT_RECLAIMED);
        assert_null(table_find(key)->heap);
    }
    options.reclaim_thread = 0;
    assert_int_equal(unit_on_thread(use_and_die, KEY(122)), 7);
    NmapiQueryExpert(KEY(120), &usage);
    assert_int_equal(table_find(KEY(122))->state, EXPERT_OPEN);
}

static void an_expert_lives_as_long_as_one_of_its_threads(void **state)
{
    enum { THREADS = 11 };
    struct helper helpers[THREADS];

    (void)state;
    options.reclaim_thread = 1;
    for (int last = 0; last < THREADS; last++) {
        HEXPERTKEY key = KEY(130 + last);
        for (int i = 0; i < THREADS; i++) {
            helper_begin(&helpers[i]);
            assert_int_equal(helper_run(&helpers[i], unit_use_key, key), 1);
            assert_int_equal(helper_run(&helpers[0], unit_use_key, key), 1);
        }
        for (int i = 0; i < THREADS; i++) {
            assert_int_equal(table_find(key)->state, EXPERT_OPEN);
            if (i != last)
                helper_end(&helpers[i]);
        }
        assert_int_equal(table_find(key)->state, EXPERT_OPEN);
        assert_int_equal(table_find(key)->heap->sums.live_bytes, 100 * 2 * THREADS);
        helper_end(&helpers[last]);
        assert_int_equal(table_find(key)->state, EXPERT_RECLAIMED);
    }
    options.reclaim_thread = 0;
}

static void many_threads_one_after_the_other_take_no_memory(void **state)
{
    struct helper stays;

    (void)state;
    helper_begin(&stays);
    assert_int_equal(helper_run(&stays, unit_use_key, KEY(150)), 1);
    for (int i = 0; i < 300; i++)
        assert_int_equal(unit_on_thread(unit_use_key, KEY(150)), 1);
    assert_in_range(table_find(KEY(150))->visitor_count, 1, 4);
    for (int i = 0; i < 50; i++) { /* nor do two threads in turn */
        assert_int_equal(unit_use_key(KEY(152)), 1);
        assert_int_equal(helper_run(&stays, unit_use_key, KEY(152)), 1);
    }
    assert_int_equal(table_find(KEY(152))->visitor_count, 2);
    helper_end(&stays);
}

/* Its thread was killed between two stores. */
static void an_expert_whose_visitor_was_not_counted_takes_the_next(void **state)
{
    HEXPERTKEY key = KEY(130);
    struct expert *e;

    (void)state;
    assert_int_equal(NmapiOpenExpert(key, NULL), NMERR_SUCCESS);
    e = table_find(key);
    assert_int_equal(unit_on_thread(unit_use_key, key), 1);
    e->visitor_count = 0;
    for (ULONG i = 0; i < 5; i++) {
        assert_int_equal(unit_on_thread(unit_use_key, key), 1);
        assert_in_range(e->visitor_count, 1, 2);
    }
    assert_int_equal(NmapiCloseExpert(key, NULL), NMERR_SUCCESS);
}

static void a_visitor_that_could_not_be_noted_keeps_the_expert_open(void **state)
{
    struct helper helpers[3];

    (void)state;
    options.reclaim_thread = 1;
    for (int i = 0; i < 2; i++) {
        helper_begin(&helpers[i]);
        assert_int_equal(helper_run(&helpers[i], unit_use_key, KEY(151)), 1);
    }
    helper_begin(&helpers[2]);
    assert_false(table_find(KEY(151))->crowded);
    assert_int_equal(helper_run(&helpers[2], unit_use_key, KEY(151)), 1);
    assert_int_equal(table_find(KEY(151))->visitor_count, 3);
    table_find(KEY(151))->crowded = 1;
    for (int i = 0; i < 3; i++)
        helper_end(&helpers[i]);
    assert_int_equal(table_find(KEY(151))->state, EXPERT_OPEN);
    assert_int_equal(NmapiCloseExpert(KEY(151), NULL), NMERR_SUCCESS);
    options.reclaim_thread = 0;
}

static void a_reclaimed_keys_usage_begins_anew(void **state)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    struct expert *e;
    DWORD code;

    (void)state;
    options.reclaim_thread = 1;
    assert_int_equal(unit_on_thread(unit_use_key, KEY(160)), 1);
    e = table_find(KEY(160));
    assert_int_equal(e->state, EXPERT_RECLAIMED);
    assert_int_equal(ExpertFreeMemory(KEY(160), &usage), NMERR_EXPERT_TERMINATE);
    options.limit = 500;
    assert_non_null(ExpertAllocMemory(KEY(160), 500, NULL));
    assert_null(ExpertAllocMemory(KEY(160), 1, &code));
    assert_int_equal(code, NMERR_OUT_OF_MEMORY);
    assert_int_equal(e->state, EXPERT_OPEN);
    assert_int_equal(NmapiQueryExpert(KEY(160), &usage), NMERR_SUCCESS);
    assert_int_equal(usage.Flags, NMAPI_USAGE_IMPLICIT);
    assert_int_equal(usage.MemoryLimit, 500);
    assert_int_equal(usage.Allocations, 1);
    assert_int_equal(usage.Refused, 1);
    assert_int_equal(usage.State, NMAPI_STATE_OPEN);
    /* what the host has closed stays closed */
    assert_int_equal(NmapiCloseExpert(KEY(160), NULL), NMERR_SUCCESS);
    assert_null(ExpertAllocMemory(KEY(160), 1, &code));
    assert_int_equal(code, NMERR_EXPERT_TERMINATE);
    options.reclaim_thread = 0;
    options.limit = 0;
}

static void strict_leaves_opening_to_the_host(void **state)
{
    char *block = ExpertAllocMemory(KEY(170), 10, NULL);
    DWORD code = 0;

    (void)state;
    options.strict = 1;
    assert_null(ExpertAllocMemory(KEY(171), 10, &code));
    assert_int_equal(code, NMERR_INVALID_EXPERT_HANDLE);
    assert_null(ExpertReallocMemory(KEY(171), block, 10, &code));
    assert_int_equal(code, NMERR_INVALID_EXPERT_HANDLE);
    assert_null(table_find(KEY(171))); /* nor is it remembered */
    assert_non_null(table_make(self, KEY(172)));
    assert_null(ExpertAllocMemory(KEY(172), 10, &code));
    assert_int_equal(code, NMERR_INVALID_EXPERT_HANDLE);
    assert_int_equal(NmapiOpenExpert(KEY(171), NULL), NMERR_SUCCESS);
    assert_non_null(ExpertAllocMemory(KEY(171), 10, NULL));
    options.strict = 0;
    assert_int_equal(ExpertFreeMemory(KEY(170), block), NMERR_SUCCESS);
}

static void a_default_limit_is_for_those_who_have_none(void **state)
{
    NMAPI_EXPERT_OPTIONS own = {.cbSize = sizeof own, .MemoryLimit = 700};
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    static const SIZE_T limits[] = {300, 300, 700};

    (void)state;
    options.limit = 300;
    assert_int_equal(NmapiOpenExpert(KEY(181), NULL), NMERR_SUCCESS);
    assert_int_equal(NmapiOpenExpert(KEY(182), &own), NMERR_SUCCESS);
    for (int i = 0; i < 3; i++) {
        assert_null(ExpertAllocMemory(KEY(180 + i), limits[i] + 1, NULL));
        assert_non_null(ExpertAllocMemory(KEY(180 + i), limits[i], NULL));
        assert_int_equal(NmapiQueryExpert(KEY(180 + i), &usage), NMERR_SUCCESS);
        assert_int_equal(usage.MemoryLimit, limits[i]);
    }
    options.limit = 0;
    assert_non_null(ExpertAllocMemory(KEY(183), 1, NULL));
    assert_int_equal(NmapiQueryExpert(KEY(183), &usage), NMERR_SUCCESS);
    assert_int_equal(usage.MemoryLimit, 0);
}

/* Nor of its threads. With pageheap each of the DLL's own records has pages of its own. */
static void a_closed_expert_keeps_no_memory(void **state)
{
    SIZE_T before;

    unit_load_anew(state);
    options.pageheap = 1;
    assert_non_null(ExpertAllocMemory(KEY(199), 100, NULL)); /* and the record heap is open */
    before = record_sums.used;
    for (int i = 200; i < 210; i++) {
        assert_int_equal(unit_on_thread(unit_use_key, KEY(i)), 1);
        assert_non_null(ExpertAllocMemory(KEY(i), 100, NULL));
        assert_int_equal(NmapiCloseExpert(KEY(i), NULL), NMERR_SUCCESS);
    }
    assert_int_equal(record_sums.used, before);
    options.pageheap = 0;
    unit_load_anew(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_host_call_looks_after_killed_threads),
        cmocka_unit_test(an_expert_lives_as_long_as_one_of_its_threads),
        cmocka_unit_test(many_threads_one_after_the_other_take_no_memory),
        cmocka_unit_test(an_expert_whose_visitor_was_not_counted_takes_the_next),
        cmocka_unit_test(a_visitor_that_could_not_be_noted_keeps_the_expert_open),
        cmocka_unit_test(a_closed_expert_keeps_no_memory),
        cmocka_unit_test(a_reclaimed_keys_usage_begins_anew),
        cmocka_unit_test(strict_leaves_opening_to_the_host),
        cmocka_unit_test(a_default_limit_is_for_those_who_have_none),
    };

    return UNIT_RUN(tests);
}
