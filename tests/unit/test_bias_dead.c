/* test_bias_dead.c - the promises of bias.h about threads that are suspended, die or are left by an
   exception inside. */
#include "helper.h"

#include "pages/region.h"

#define KEY(i) ((HEXPERTKEY)(ULONG_PTR)(0x500000 + (i)*16))

/* Enters as the owner and stays until it is told to leave. */
static volatile LONG is_inside, may_leave;

static DWORD WINAPI stay_inside(LPVOID key)
{
    struct thread *me = bias_thread();

    unit_use_key(key);
    if (!bias_enter_fast(me, key))
        return 1;
    atomic_store(&is_inside, 1);
    while (!atomic_load(&may_leave))
        ;
    bias_leave_fast(me, key);
    return 0;
}

static void a_thread_suspended_inside_is_let_out_and_stays_suspended(void **state)
{
    struct helper other;

    (void)state;
    if (standin_under_tsan())
        skip();
    helper_begin(&other);
    for (unsigned times = 1; times < 4; times += 2) {
        DWORD since = GetTickCount();
        atomic_store(&is_inside, 0);
        atomic_store(&may_leave, 0);
        helper_start(&other, stay_inside, KEY(30 + times));
        while (!atomic_load(&is_inside))
            Sleep(0);
        for (unsigned i = 0; i < times; i++)
            SuspendThread(other.thread);
        atomic_store(&may_leave, 1);
        assert_int_equal(NmapiCloseExpert(KEY(30 + times), NULL), NMERR_SUCCESS);
        assert_true(GetTickCount() - since >= 80); /* after a while only */
        for (unsigned i = times; i > 0; i--)
            assert_int_equal(ResumeThread(other.thread), i);
        while (atomic_load(&other.busy))
            Sleep(0);
        assert_int_equal(other.result, 0);
    }
    helper_end(&other);
}

static DWORD WINAPI die_inside(LPVOID key)
{
    struct thread *me = bias_thread();

    unit_use_key(key);
    if (!bias_enter_fast(me, key))
        return 1;
    ((struct heap *)me->heap)->sums.live_bytes = 99999; /* half-written */
    TerminateThread(GetCurrentThread(), 7);
    return 0;
}

static void what_a_dead_thread_left_half_written_is_recovered(void **state)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    char *block;

    (void)state;
    assert_int_equal(unit_on_thread(die_inside, KEY(40)), 7);
    block = ExpertAllocMemory(KEY(40), 11, NULL);
    assert_non_null(block);
    assert_int_equal(NmapiQueryExpert(KEY(40), &usage), NMERR_SUCCESS);
    assert_int_equal(usage.LiveBytes, 111);
    assert_int_equal(usage.LiveBlocks, 2);
    assert_int_equal(table_find(KEY(40))->bias, self->id); /* the death costs nobody the bias */
    /* the close of such an expert is abnormal */
    assert_int_equal(unit_on_thread(die_inside, KEY(41)), 7);
    block = table_find(KEY(41))->heap->current[heap_class(100)]->region.base;
    assert_int_equal(NmapiCloseExpert(KEY(41), &usage), NMERR_SUCCESS);
    assert_int_equal(usage.LiveBytes, 100);
    assert_true(unit_is_quarantined(block));
}

static void what_an_exception_left_half_written_is_recovered(void **state)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    char *block;

    (void)state;
    for (int i = 0; i < 2; i++) {
        HEXPERTKEY key = KEY(44 + i);
        block = ExpertAllocMemory(key, 100, NULL);
        assert_true(bias_enter_fast(self, key));
        ((struct heap *)self->heap)->sums.live_bytes = 99999; /* and it never leaves */
        if (i == 0)
            assert_non_null(ExpertAllocMemory(key, 11, NULL));
        assert_int_equal(NmapiCloseExpert(key, &usage), NMERR_SUCCESS);
        assert_int_equal(usage.LiveBytes, i ? 100 : 111);
        /* a close in the middle of a call is abnormal */
        if (i)
            assert_true(unit_is_quarantined(block));
    }
}

static void the_next_call_recovers_the_expert_whatever_its_key(void **state)
{
    struct heap *heap;

    (void)state;
    assert_non_null(ExpertAllocMemory(KEY(47), 100, NULL));
    assert_true(bias_enter_fast(self, KEY(47)));
    heap = self->heap;
    heap->sums.live_bytes = 99999;
    assert_non_null(ExpertAllocMemory(KEY(48), 100, NULL));
    assert_false(unit_is_inside(self));
    assert_int_equal(heap->sums.live_bytes, 100);
}

static DWORD WINAPI end_inside(LPVOID key)
{
    struct thread *me = bias_thread();

    unit_use_key(key);
    if (!bias_enter_fast(me, key))
        return 1;
    ((struct heap *)me->heap)->sums.live_bytes = 99999;
    return 7;
}

static void a_thread_that_ends_inside_counts_as_killed_there(void **state)
{
    (void)state;
    assert_int_equal(unit_on_thread(end_inside, KEY(49)), 7);
    for (int i = 0; i < 3; i++)
        unit_on_thread(unit_use_key, KEY(48)); /* these threads have other records */
    assert_non_null(ExpertAllocMemory(KEY(49), 5, NULL));
    assert_int_equal(table_find(KEY(49))->heap->sums.live_bytes, 105);
}

static struct expert *use_and_lock(HEXPERTKEY key)
{
    struct expert *e;

    unit_use_key(key);
    e = table_find(key);
    bias_lock(bias_thread(), e);
    return e;
}

static DWORD WINAPI die_with_the_lock(LPVOID key)
{
    use_and_lock(key)->heap->sums.live_bytes = 99999;
    TerminateThread(GetCurrentThread(), 7);
    return 0;
}

static DWORD WINAPI die_closing(LPVOID key)
{
    use_and_lock(key)->closing = 1;
    TerminateThread(GetCurrentThread(), 7);
    return 0;
}

static void a_dead_threads_lock_is_taken_over_and_the_heap_recovered(void **state)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};

    (void)state;
    assert_int_equal(unit_on_thread(die_with_the_lock, KEY(42)), 7);
    assert_int_equal(NmapiQueryExpert(KEY(42), &usage), NMERR_SUCCESS);
    assert_int_equal(usage.LiveBytes, 100);
    assert_int_equal(unit_on_thread(die_with_the_lock, KEY(43)), 7);
    assert_non_null(ExpertAllocMemory(KEY(43), 5, NULL));
    assert_int_equal(table_find(KEY(43))->heap->sums.live_bytes, 105);
}

static void a_close_that_its_thread_did_not_survive_is_finished(void **state)
{
    struct standin_usage before, now;
    DWORD code = 0;

    (void)state;
    for (int i = 0; i < 40; i++) {
        HEXPERTKEY key = KEY(50 + i);
        char *block;
        assert_int_equal(unit_on_thread(die_closing, key), 7);
        if (i == 8)
            standin_get_usage(&before);
        block = table_find(key)->heap->current[heap_class(100)]->region.base;
        assert_null(ExpertAllocMemory(key, 10, &code));
        assert_int_equal(code, NMERR_EXPERT_TERMINATE);
        assert_int_equal(table_find(key)->state, EXPERT_CLOSED);
        assert_null(table_find(key)->heap);
        assert_int_equal(ExpertMemorySize(key, block), 0);
        assert_int_equal(NmapiCloseExpert(key, NULL), NMERR_EXPERT_TERMINATE);
        assert_int_equal(NmapiOpenExpert(key, NULL), NMERR_SUCCESS);
        assert_non_null(ExpertAllocMemory(key, 10, NULL));
        assert_int_equal(NmapiCloseExpert(key, NULL), NMERR_SUCCESS);
    }
    standin_get_usage(&now);
    assert_true(now.committed <= before.committed + 2 * OS_PAGE);
}

static struct span *lost;

static DWORD WINAPI die_closing_with_a_span_lost(LPVOID key)
{
    struct expert *e = use_and_lock(key);

    lost = e->heap->current[heap_class(100)];
    e->heap->current[heap_class(100)] = &heap_no_span;
    e->closing = 1;
    TerminateThread(GetCurrentThread(), 7);
    return 0;
}

static void finishing_a_close_trusts_no_list(void **state)
{
    (void)state;
    assert_int_equal(unit_on_thread(die_closing_with_a_span_lost, KEY(91)), 7);
    assert_ptr_equal(lost->region.owner, table_find(KEY(91)));
    assert_null(ExpertAllocMemory(KEY(91), 10, NULL));
    assert_null(lost->region.owner);
}

static HEXPERTKEY coming;

static void come_again(void *unused)
{
    (void)unused;
    ExpertAllocMemory(coming, 10, NULL);
}

static void reclaim(void *unused)
{
    (void)unused;
    reclaim_experts(thread_self(), 0);
}

/* Wherever the thread dies, the next call opens the key, because the host has not closed it. */
static void a_reclaimed_key_opens_again_though_its_first_user_died(void **state)
{
    unsigned long n = 0;
    DWORD died;

    (void)state;
    if (!standin_can_step())
        skip();
    do {
        coming = KEY(10000 + n);
        assert_int_equal(unit_on_thread(unit_use_key, coming), 1);
        reclaim_experts(self, 0);
        assert_int_equal(table_find(coming)->state, EXPERT_RECLAIMED);
        died = unit_kill_at(come_again, n);
        assert_non_null(ExpertAllocMemory(coming, 10, NULL));
        n += standin_is_slow() ? 10 : 1;
    } while (died);
    assert_in_range(n, 50, 10000);
}

static void a_reclaimed_key_opens_again_though_its_reclaimer_died(void **state)
{
    unsigned long n = 0;
    DWORD died;

    if (!standin_can_step())
        skip();
    do {
        unit_load_anew(state); /* with few keys, because reclaim visits all of them */
        assert_int_equal(unit_on_thread(unit_use_key, KEY(0)), 1);
        died = unit_kill_at(reclaim, n);
        assert_non_null(ExpertAllocMemory(KEY(0), 10, NULL));
        n += standin_is_slow() ? 10 : 1;
    } while (died);
    assert_in_range(n, 50, 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_suspended_inside_is_let_out_and_stays_suspended),
        cmocka_unit_test(what_a_dead_thread_left_half_written_is_recovered),
        cmocka_unit_test(what_an_exception_left_half_written_is_recovered),
        cmocka_unit_test(the_next_call_recovers_the_expert_whatever_its_key),
        cmocka_unit_test(a_thread_that_ends_inside_counts_as_killed_there),
        cmocka_unit_test(a_dead_threads_lock_is_taken_over_and_the_heap_recovered),
        cmocka_unit_test(a_close_that_its_thread_did_not_survive_is_finished),
        cmocka_unit_test(finishing_a_close_trusts_no_list),
        cmocka_unit_test(a_reclaimed_key_opens_again_though_its_first_user_died),
        cmocka_unit_test(a_reclaimed_key_opens_again_though_its_reclaimer_died),
    };

    return UNIT_RUN(tests);
}
