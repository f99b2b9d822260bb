/* test_bias.c - the promises of bias.h: which thread has the bias, and which gets it. */
#include "helper.h"

#include "pages/region.h"

#define KEY(i) ((HEXPERTKEY)(ULONG_PTR)(0x500000 + (i)*16))

static DWORD WINAPI my_id(LPVOID parameter)
{
    (void)parameter;
    return (DWORD)bias_thread()->id;
}

/* The number of calls in a row that the calling thread makes until it has the bias. */
static unsigned calls_until_biased(HEXPERTKEY key)
{
    struct thread *me = bias_thread();
    unsigned calls = 0;

    while (calls < 1U << 21 && (!table_find(key) || table_find(key)->bias != me->id)) {
        ExpertMemorySize(key, &calls);
        calls++;
    }
    return calls;
}

static DWORD WINAPI count_calls_until_biased(LPVOID key)
{
    return calls_until_biased(key);
}

static void a_revoked_bias_comes_back_after_more_calls(void **state)
{
    struct helper other;

    (void)state;
    helper_begin(&other);
    assert_non_null(ExpertAllocMemory(KEY(1), 1, NULL));
    assert_int_equal(table_find(KEY(1))->bias, self->id); /* the first one gets it at once */
    assert_in_range(helper_run(&other, count_calls_until_biased, KEY(1)), 16, 18);
    assert_in_range(calls_until_biased(KEY(1)), 1U << 16, (1U << 16) + 2);
    assert_in_range(helper_run(&other, count_calls_until_biased, KEY(1)), 1U << 20, (1U << 20) + 2);
    helper_end(&other);
    /* an ended thread loses nothing by it */
    assert_in_range(calls_until_biased(KEY(1)), 1U << 20, (1U << 20) + 2);
    assert_int_equal(unit_on_thread(unit_use_key, KEY(2)), 1);
    assert_in_range(calls_until_biased(KEY(2)), 1, 2);
}

static DWORD WINAPI serve_many_calls(LPVOID key)
{
    for (unsigned calls = 0; calls < 1U << 16; calls += 2)
        ExpertFreeMemory(key, ExpertAllocMemory(key, 1, NULL));
    return 1;
}

static void a_bias_that_was_worth_its_revocation_comes_back_soon(void **state)
{
    struct helper other;

    (void)state;
    helper_begin(&other);
    assert_non_null(ExpertAllocMemory(KEY(60), 1, NULL));
    assert_in_range(helper_run(&other, count_calls_until_biased, KEY(60)), 16, 18);
    assert_int_equal(helper_run(&other, serve_many_calls, KEY(60)), 1);
    assert_in_range(calls_until_biased(KEY(60)), 16, 18);
    helper_end(&other);
}

static void a_closed_experts_owner_does_not_count_for_the_next(void **state)
{
    struct helper other;

    (void)state;
    helper_begin(&other);
    assert_non_null(ExpertAllocMemory(KEY(50), 1, NULL));
    assert_int_equal(table_find(KEY(50))->bias, self->id);
    assert_int_equal(NmapiCloseExpert(KEY(50), NULL), NMERR_SUCCESS);
    assert_int_equal(table_find(KEY(50))->biased, 0);
    assert_int_equal(NmapiOpenExpert(KEY(50), NULL), NMERR_SUCCESS);
    assert_in_range(helper_run(&other, count_calls_until_biased, KEY(50)), 1, 2);
    helper_end(&other);
}

static void calls_of_others_in_between_do_not_count(void **state)
{
    struct helper other;

    (void)state;
    helper_begin(&other);
    assert_non_null(ExpertAllocMemory(KEY(3), 1, NULL));
    for (int i = 0; i < 100; i++) {
        assert_int_equal(helper_run(&other, unit_use_key, KEY(3)), 1);
        for (int k = 0; k < 10; k++)
            assert_non_null(ExpertAllocMemory(KEY(3), 1, NULL));
        assert_int_equal(table_find(KEY(3))->bias, 0);
    }
    helper_end(&other);
}

static void a_single_call_of_another_does_not_cost_the_bias(void **state)
{
    struct helper other;
    char *block;

    (void)state;
    helper_begin(&other);
    assert_non_null(ExpertAllocMemory(KEY(5), 1, NULL));
    assert_int_equal(helper_run(&other, unit_use_key, KEY(5)), 1);
    assert_in_range(calls_until_biased(KEY(5)), 16, 18);
    assert_null(ExpertAllocMemory(KEY(5), (SIZE_T)-1, NULL));
    assert_int_equal(table_find(KEY(5))->bias, self->id);
    block = ExpertAllocMemory(KEY(6), 10, NULL);
    assert_non_null(block);
    assert_int_equal(NmapiTransferMemory(KEY(6), KEY(5), block), NMERR_SUCCESS);
    assert_in_range(calls_until_biased(KEY(5)), 0, 1);
    assert_in_range(calls_until_biased(KEY(6)), 0, 1);
    helper_end(&other);
}

static DWORD WINAPI hold_two(LPVOID release)
{
    for (int i = 70; i < 72; i++) {
        struct lock *lock = &table_find(KEY(i))->lock;
        if (release)
            lock_release(lock);
        else if (!lock_try(lock, bias_thread()))
            return 0;
    }
    return 1;
}

static void a_thread_with_the_bias_of_several_experts_needs_no_lock_to_switch(void **state)
{
    struct helper other;
    char *blocks[2], *one;

    (void)state;
    helper_begin(&other);
    for (int i = 0; i < 2; i++) {
        blocks[i] = ExpertAllocMemory(KEY(70 + i), 40, NULL);
        assert_non_null(blocks[i]);
    }
    assert_int_equal(helper_run(&other, hold_two, NULL), 1);
    for (int i = 0; i < 100; i++) {
        one = ExpertAllocMemory(KEY(70), 100, NULL);
        blocks[1] = ExpertReallocMemory(KEY(71), blocks[1], 50, NULL);
        assert_true(one && blocks[1]);
        assert_int_equal(ExpertFreeMemory(KEY(70), one), NMERR_SUCCESS);
        one = ExpertAllocMemory(KEY(71), 100, NULL);
        blocks[0] = ExpertReallocMemory(KEY(70), blocks[0], 50, NULL);
        assert_true(one && blocks[0]);
        assert_int_equal(ExpertFreeMemory(KEY(71), one), NMERR_SUCCESS);
    }
    helper_run(&other, hold_two, &other);
    helper_end(&other);
}

static void a_thread_with_several_experts_keeps_the_bias_of_each(void **state)
{
    struct helper other;

    (void)state;
    helper_begin(&other);
    for (int i = 0; i < 3; i++)
        assert_non_null(ExpertAllocMemory(KEY(10 + i), 1, NULL));
    assert_int_equal(helper_run(&other, unit_use_key, KEY(13)), 1);
    assert_ptr_equal(self->last, table_find(KEY(12)));
    assert_false(bias_enter_other(self, KEY(12))); /* the thread is in this expert already */
    assert_false(bias_enter_other(self, KEY(13))); /* another thread has its bias */
    assert_false(bias_enter_other(self, KEY(14)));
    assert_false(bias_enter_other(self, NULL));
    assert_ptr_equal(self->last, table_find(KEY(12)));
    assert_true(bias_enter_other(self, KEY(10)));
    assert_ptr_equal(self->heap, table_find(KEY(10))->heap);
    bias_leave_fast(self, KEY(10));
    assert_ptr_equal(self->last, table_find(KEY(10)));
    for (int i = 0; i < 3; i++) {
        char *block = ExpertAllocMemory(KEY(10 + i), 100, NULL);
        assert_int_equal(ExpertMemorySize(KEY(10 + i), block), 100);
        block = ExpertReallocMemory(KEY(10 + (i + 1) % 3), block, 200,
                                    NULL); /* implicit: any implicit expert may use it */
        assert_int_equal(ExpertFreeMemory(KEY(10 + (i + 1) % 3), block), NMERR_SUCCESS);
        assert_int_equal(
            table_find(KEY(10 + i))->bias == self->id || table_find(KEY(10 + i))->bias == 0, 1);
    }
    helper_end(&other);
}

static void using_anothers_block_revokes_its_threads_bias_first(void **state)
{
    char *mine = ExpertAllocMemory(KEY(20), 10, NULL), *block;
    struct helper other;

    (void)state;
    helper_begin(&other);
    for (int i = 0; i < 2; i++) {
        HEXPERTKEY key = KEY(21 + i);
        assert_int_equal(helper_run(&other, unit_use_key, key), 1);
        block = table_find(key)->heap->current[heap_class(100)]->region.base;
        assert_int_equal(table_find(key)->bias, (LONG)helper_run(&other, my_id, NULL));
        if (i)
            assert_int_equal(ExpertFreeMemory(KEY(20), block), NMERR_SUCCESS);
        else
            assert_non_null(ExpertReallocMemory(KEY(20), block, 20, NULL));
        assert_int_equal(table_find(key)->bias, 0);
        assert_int_equal(table_find(key)->biased, 0);
    }
    assert_int_equal(ExpertFreeMemory(KEY(20), mine), NMERR_SUCCESS);
    helper_end(&other);
}

static void a_query_leaves_the_owner_its_bias(void **state)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    struct helper other;

    (void)state;
    helper_begin(&other);
    assert_int_equal(helper_run(&other, unit_use_key, KEY(25)), 1);
    assert_int_equal(NmapiQueryExpert(KEY(25), &usage), NMERR_SUCCESS);
    assert_int_equal(usage.LiveBytes, 100);
    assert_int_equal(table_find(KEY(25))->bias, (LONG)helper_run(&other, my_id, NULL));
    helper_end(&other);
}

/* After it nothing needs recovery. */
static DWORD WINAPI use_twice(LPVOID key)
{
    DWORD used = unit_use_key(key) && unit_use_key(key);

    return used && bias_thread()->last == &expert_nobody;
}

/* Else the thread would be inside for an instant, and nobody would recover it if it were killed
   there. */
static void without_the_bias_the_fast_path_is_not_tried(void **state)
{
    (void)state;
    assert_true(unit_use_key(KEY(60)));
    assert_ptr_equal(self->last, table_find(KEY(60)));
    assert_int_equal(unit_on_thread(use_twice, KEY(60)), 1);
    assert_true(unit_use_key(KEY(60)));
    assert_ptr_equal(self->last, &expert_nobody);
}

static DWORD WINAPI close_expert(LPVOID key)
{
    return NmapiCloseExpert(key, NULL);
}

static void a_key_like_the_mark_of_being_inside_gets_no_bias(void **state)
{
    HEXPERTKEY key = THREAD_INSIDE(self);

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_non_null(ExpertAllocMemory(key, 1, NULL));
    assert_int_equal(table_find(key)->bias, 0);
    assert_int_equal(unit_on_thread(close_expert, key), NMERR_SUCCESS);
}

static void after_every_call_its_thread_is_outside(void **state)
{
    static const SIZE_T lengths[] = {10, 1500, 20000, 100000};
    HEXPERTKEY key = KEY(26);

    (void)state;
    for (int i = 0; i < 40; i++) {
        char *block = ExpertAllocMemory(key, lengths[i % 4], NULL);
        assert_false(unit_is_inside(self));
        assert_non_null(block);
        assert_int_equal(table_find(key)->bias, self->id);
        assert_int_equal(ExpertMemorySize(key, block), lengths[i % 4]);
        assert_false(unit_is_inside(self));
        assert_int_equal(ExpertMemorySize(key, &key), 0);
        assert_false(unit_is_inside(self));
        assert_int_equal(ExpertFreeMemory(key, &key), NMERR_INVALID_PARAMETER);
        assert_false(unit_is_inside(self));
        assert_null(ExpertAllocMemory(key, (SIZE_T)1 << 60, NULL));
        assert_false(unit_is_inside(self));
        assert_null(ExpertReallocMemory(key, &key, 10, NULL));
        assert_false(unit_is_inside(self));
        block = ExpertReallocMemory(key, block, lengths[i % 3] + 16, NULL);
        assert_false(unit_is_inside(self));
        if (i % 5) {
            assert_int_equal(ExpertFreeMemory(key, block), NMERR_SUCCESS);
            assert_false(unit_is_inside(self));
        }
    }
    assert_int_equal(NmapiCloseExpert(key, NULL), NMERR_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_revoked_bias_comes_back_after_more_calls),
        cmocka_unit_test(a_bias_that_was_worth_its_revocation_comes_back_soon),
        cmocka_unit_test(a_closed_experts_owner_does_not_count_for_the_next),
        cmocka_unit_test(calls_of_others_in_between_do_not_count),
        cmocka_unit_test(a_single_call_of_another_does_not_cost_the_bias),
        cmocka_unit_test(a_thread_with_the_bias_of_several_experts_needs_no_lock_to_switch),
        cmocka_unit_test(a_thread_with_several_experts_keeps_the_bias_of_each),
        cmocka_unit_test(using_anothers_block_revokes_its_threads_bias_first),
        cmocka_unit_test(a_query_leaves_the_owner_its_bias),
        cmocka_unit_test(without_the_bias_the_fast_path_is_not_tried),
        cmocka_unit_test(a_key_like_the_mark_of_being_inside_gets_no_bias),
        cmocka_unit_test(after_every_call_its_thread_is_outside),
    };

    return UNIT_RUN(tests);
}
