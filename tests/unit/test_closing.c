/* test_closing.c - the promises of closing.h and expert.h. */
#include "unit.h"

#define A ((HEXPERTKEY)0x1000)
#define B ((HEXPERTKEY)0x2000)

static void the_thread_that_calls_gets_the_bias_and_another_revokes_it(void **state)
{
    DWORD code;

    (void)state;
    for (int i = 0; i < 40; i++)
        assert_non_null(ExpertAllocMemory(A, 10, &code));
    assert_int_equal(table_find(A)->bias, self->id);
    assert_int_equal(unit_on_thread(unit_use_key, A), 1);
    assert_int_not_equal(table_find(A)->bias, self->id);
    assert_non_null(ExpertAllocMemory(A, 10, &code));
    assert_int_equal(NmapiCloseExpert(A, NULL), NMERR_SUCCESS);
    assert_int_equal(table_find(A)->bias, 0);
    assert_null(table_find(A)->heap);
}

static void a_terminated_expert_loses_its_bias_at_once(void **state)
{
    DWORD code;

    (void)state;
    for (int i = 0; i < 40; i++)
        assert_non_null(ExpertAllocMemory(B, 10, &code));
    assert_int_equal(NmapiTerminateExpert(B), NMERR_SUCCESS);
    assert_int_equal(table_find(B)->bias, 0);
    assert_null(ExpertAllocMemory(B, 10, &code));
    assert_int_equal(code, NMERR_EXPERT_TERMINATE);
    assert_int_equal(NmapiCloseExpert(B, NULL), NMERR_SUCCESS);
}

struct visit {
    HEXPERTKEY key;
    char *volatile block;
    volatile LONG done, stop;
};

static DWORD WINAPI allocate_and_wait(LPVOID parameter)
{
    struct visit *visit = parameter;

    visit->block = ExpertAllocMemory(visit->key, 100, NULL);
    atomic_store(&visit->done, 1);
    while (!atomic_load(&visit->stop))
        Sleep(1);
    return 0;
}

static void what_a_living_thread_may_still_write_to_is_quarantined(void **state)
{
    HEXPERTKEY key = (HEXPERTKEY)0x3000;
    struct visit visit = {.key = key};
    HANDLE thread = CreateThread(NULL, 0, allocate_and_wait, &visit, 0, NULL);

    (void)state;
    while (!atomic_load(&visit.done))
        Sleep(1);
    assert_int_equal(NmapiTerminateExpert(key), NMERR_SUCCESS);
    assert_int_equal(NmapiCloseExpert(key, NULL), NMERR_SUCCESS);
    assert_true(standin_faults(unit_touch, visit.block, NULL));
    for (int i = 0; i < 3000; i++) {
        char *block = ExpertAllocMemory((HEXPERTKEY)0x3100, 100, NULL);
        assert_true(block + 100 <= visit.block || block >= visit.block + 100);
    }
    assert_int_equal(NmapiCloseExpert((HEXPERTKEY)0x3100, NULL), NMERR_SUCCESS);
    atomic_store(&visit.stop, 1);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

/* A block that has grown: one with 64 MiB of addresses. */
static void *grown_block(HEXPERTKEY key)
{
    void *block = ExpertReallocMemory(key, ExpertAllocMemory(key, 10, NULL), 40000, NULL);

    return block && region_room(region_find(block)) >= (SIZE_T)64 << 20 ? block : NULL;
}

static DWORD WINAPI allocate_and_die(LPVOID parameter)
{
    struct visit *visit = parameter;

    visit->block = grown_block(visit->key);
    TerminateThread(GetCurrentThread(), 1);
    return 0;
}

static void the_quarantine_of_dead_threads_addresses_is_bounded(void **state)
{
    enum { EXPERTS = 60 };
    struct standin_usage before, after;

    (void)state;
    standin_get_usage(&before);
    for (ULONG_PTR i = 0; i < EXPERTS; i++) {
        struct visit visit = {.key = (HEXPERTKEY)(0x100000 + i * 16)};
        unit_on_thread(allocate_and_die, &visit);
        assert_non_null(visit.block);
        assert_int_equal(NmapiCloseExpert(visit.key, NULL), NMERR_SUCCESS);
    }
    standin_get_usage(&after);
    /* each had 64 MiB of addresses: some of them are quarantined, without memory */
    assert_true(after.reserved - before.reserved >= (SIZE_T)15 << 26);
    assert_true(after.reserved - before.reserved < (SIZE_T)18 << 26);
    assert_true(after.committed < before.committed + (4 << 20));
}

static void with_reclaim_the_last_thread_ends_the_expert_and_a_new_one_begins_it_again(void **state)
{
    HEXPERTKEY key = (HEXPERTKEY)0x4000, own = (HEXPERTKEY)0x5000;

    (void)state;
    options.reclaim_thread = 1;
    assert_non_null(ExpertAllocMemory(own, 10, NULL));
    assert_int_equal(NmapiOpenExpert((HEXPERTKEY)0x6000, NULL), NMERR_SUCCESS);
    assert_int_equal(unit_on_thread(unit_use_key, key), 1);
    assert_int_equal(unit_on_thread(unit_use_key, (HEXPERTKEY)0x6000), 1);
    assert_int_equal(table_find(key)->state, EXPERT_RECLAIMED);
    assert_int_equal(table_find(own)->state, EXPERT_OPEN);
    assert_int_equal(table_find((HEXPERTKEY)0x6000)->state, EXPERT_OPEN);
    assert_int_equal(unit_on_thread(unit_use_key, key), 1);
    assert_int_equal(unit_on_thread(unit_use_key, own), 1);
    assert_int_equal(table_find(own)->state, EXPERT_OPEN);
    options.reclaim_thread = 0;
}

static void the_quarantine_of_living_threads_addresses_has_the_same_bound(void **state)
{
    enum { EXPERTS = 9, BLOCKS = 10 }; /* 64 MiB of addresses each: 5.6 GiB */
    struct standin_usage before, after;
    struct visit visits[EXPERTS];
    HANDLE threads[EXPERTS];

    (void)state;
    standin_get_usage(&before);
    for (int i = 0; i < EXPERTS; i++) {
        visits[i] = (struct visit){.key = (HEXPERTKEY)(0x200000 + (ULONG_PTR)i * 16)};
        threads[i] = CreateThread(NULL, 0, allocate_and_wait, &visits[i], 0, NULL);
        while (!atomic_load(&visits[i].done))
            Sleep(1);
        for (int k = 0; k < BLOCKS; k++)
            assert_non_null(grown_block(visits[i].key));
        assert_int_equal(NmapiCloseExpert(visits[i].key, NULL), NMERR_SUCCESS);
    }
    standin_get_usage(&after);
    assert_true(quarantine_pages * OS_PAGE > (SIZE_T)15 << 26);
    assert_true(quarantine_pages * OS_PAGE <= (SIZE_T)16 << 26);
    assert_true(after.reserved - before.reserved < (SIZE_T)4 << 26); /* the older ones have left */
    for (int i = 0; i < EXPERTS; i++) {
        atomic_store(&visits[i].stop, 1);
        WaitForSingleObject(threads[i], INFINITE);
        CloseHandle(threads[i]);
    }
}

static void an_expert_without_a_noted_visitor_is_never_reclaimed(void **state)
{
    HEXPERTKEY key = (HEXPERTKEY)0x8000, closed = (HEXPERTKEY)0x8100;
    struct visitor *visitors;
    struct expert *e;

    (void)state;
    assert_int_equal(unit_on_thread(unit_use_key, key), 1);
    assert_int_equal(unit_on_thread(unit_use_key, closed), 1);
    assert_int_equal(NmapiCloseExpert(closed, NULL), NMERR_SUCCESS);
    e = table_find(key);
    visitors = e->visitors;
    e->visitors = NULL; /* as if the thread was killed before it was noted as a visitor */
    reclaim_experts(self, 0);
    assert_int_equal(e->state, EXPERT_OPEN);
    e->visitors = visitors;
    e->crowded = 1;
    reclaim_experts(self, 0);
    assert_int_equal(e->state, EXPERT_OPEN);
    e->crowded = 0;
    reclaim_experts(self, 0);
    assert_int_equal(e->state, EXPERT_RECLAIMED);
}

static DWORD WINAPI reclaim(LPVOID parameter)
{
    (void)parameter;
    reclaim_experts(bias_thread(), 0);
    return 0;
}

static void reclaim_does_not_wait_for_a_busy_expert(void **state)
{
    HEXPERTKEY key = (HEXPERTKEY)0x8200;
    struct expert *e;

    (void)state;
    assert_int_equal(unit_on_thread(unit_use_key, key), 1);
    e = table_find(key);
    bias_lock(self, e);
    unit_on_thread(reclaim, NULL);
    assert_int_equal(e->state, EXPERT_OPEN);
    lock_release(&e->lock);
    unit_on_thread(reclaim, NULL);
    assert_int_equal(e->state, EXPERT_RECLAIMED);
}

static DWORD WINAPI take_its_lock_and_die(LPVOID parameter)
{
    struct expert *e = parameter;

    bias_lock(bias_thread(), e);
    TerminateThread(GetCurrentThread(), 1);
    return 0;
}

static DWORD WINAPI leave_its_heap_half_changed_and_die(LPVOID parameter)
{
    struct expert *e = parameter;

    bias_lock(bias_thread(), e);
    e->heap->sums.live_bytes += 5;
    TerminateThread(GetCurrentThread(), 1);
    return 0;
}

static void reclaim_recovers_an_expert_that_stays_open(void **state)
{
    HEXPERTKEY key = (HEXPERTKEY)0x8250;
    struct expert *e;

    (void)state;
    assert_true(unit_use_key(key));
    e = table_find(key);
    assert_int_equal(unit_on_thread(leave_its_heap_half_changed_and_die, e), 1);
    assert_false(heap_is_valid(self, e->heap));
    reclaim_experts(self, 0); /* recovers the heap, but keeps it open, for this thread lives */
    assert_int_equal(e->state, EXPERT_OPEN);
    assert_int_equal(e->lock.holder, 0);
    assert_true(heap_is_valid(self, e->heap));
    assert_int_equal(NmapiCloseExpert(key, NULL), NMERR_SUCCESS);
}

static DWORD WINAPI begin_to_close_it_and_die(LPVOID parameter)
{
    struct expert *e = parameter;

    bias_lock(bias_thread(), e);
    e->final = e->heap->sums;
    e->closing = 1; /* begun; the state is still open */
    TerminateThread(GetCurrentThread(), 1);
    return 0;
}

static void reclaim_finishes_an_interrupted_close_once(void **state)
{
    HEXPERTKEY key = (HEXPERTKEY)0x8260;
    struct expert *e;

    (void)state;
    assert_int_equal(unit_on_thread(unit_use_key, key), 1);
    e = table_find(key);
    assert_int_equal(unit_on_thread(begin_to_close_it_and_die, e), 1);
    assert_int_equal(e->state, EXPERT_OPEN);
    reclaim_experts(self, 0);
    assert_int_equal(e->state, EXPERT_CLOSED);
    assert_null(e->heap);
    assert_int_equal(e->lock.holder, 0);
    assert_int_equal(e->final.allocations - e->final.frees, 1);
}

static struct expert *changing;

/* Acts while reclaim asks whether the lock's holder lives. */
static void isolate_it(const char *name, BOOL after)
{
    if (!after && strcmp(name, "WaitForSingleObject") == 0)
        changing->isolated = 1;
}

static void reclaim_leaves_an_expert_alone_that_changes_meanwhile(void **state)
{
    HEXPERTKEY key = (HEXPERTKEY)0x8300;

    (void)state;
    assert_int_equal(unit_on_thread(unit_use_key, key), 1);
    changing = table_find(key);
    unit_on_thread(take_its_lock_and_die, changing);
    standin_on_call(isolate_it);
    reclaim_experts(self, 0);
    standin_on_call(NULL);
    assert_int_equal(changing->state, EXPERT_OPEN);
    assert_int_equal(changing->lock.holder, 0);
    assert_int_equal(NmapiCloseExpert(key, NULL), NMERR_SUCCESS);
}

static DWORD WINAPI use_and_be_terminated(LPVOID key)
{
    return unit_use_key(key) && NmapiTerminateExpert(key) == NMERR_SUCCESS;
}

static void an_expert_closed_by_the_host_after_its_reclaim_does_not_reopen(void **state)
{
    (void)state;
    for (ULONG_PTR how = 0; how < 2; how++) {
        HEXPERTKEY key = (HEXPERTKEY)(0x8500 + how * 16);
        DWORD code = 0;
        assert_int_equal(unit_on_thread(unit_use_key, key), 1);
        reclaim_experts(self, 0);
        assert_int_equal(table_find(key)->state, EXPERT_RECLAIMED);
        assert_int_equal(how ? NmapiCloseExpert(key, NULL) : NmapiTerminateExpert(key),
                         NMERR_EXPERT_TERMINATE);
        assert_true(expert_is_stopped(table_find(key)));
        assert_null(ExpertAllocMemory(key, 10, &code));
        assert_int_equal(code, NMERR_EXPERT_TERMINATE);
    }
}

static void a_terminated_expert_is_reclaimed_and_does_not_reopen(void **state)
{
    HEXPERTKEY key = (HEXPERTKEY)0x8400;
    DWORD code = 0;

    (void)state;
    assert_int_equal(unit_on_thread(use_and_be_terminated, key), 1);
    reclaim_experts(self, 0);
    assert_int_equal(table_find(key)->state, EXPERT_CLOSED);
    assert_null(ExpertAllocMemory(key, 10, &code));
    assert_int_equal(code, NMERR_EXPERT_TERMINATE);
}

static void process_exit_releases_nothing_and_unloading_everything(void **state)
{
    HEXPERTKEY key = (HEXPERTKEY)0x9100;

    assert_true(unit_use_key(key));
    DllMain(NULL, DLL_PROCESS_DETACH, self);
    assert_int_equal(table_find(key)->state, EXPERT_OPEN);
    assert_true(unit_use_key(key));
    unit_load_anew(state);
    assert_null(table_find(key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_thread_that_calls_gets_the_bias_and_another_revokes_it),
        cmocka_unit_test(a_terminated_expert_loses_its_bias_at_once),
        cmocka_unit_test(what_a_living_thread_may_still_write_to_is_quarantined),
        cmocka_unit_test(the_quarantine_of_dead_threads_addresses_is_bounded),
        cmocka_unit_test(
            with_reclaim_the_last_thread_ends_the_expert_and_a_new_one_begins_it_again),
        cmocka_unit_test(the_quarantine_of_living_threads_addresses_has_the_same_bound),
        cmocka_unit_test(an_expert_without_a_noted_visitor_is_never_reclaimed),
        cmocka_unit_test(reclaim_does_not_wait_for_a_busy_expert),
        cmocka_unit_test(reclaim_recovers_an_expert_that_stays_open),
        cmocka_unit_test(reclaim_leaves_an_expert_alone_that_changes_meanwhile),
        cmocka_unit_test(an_expert_closed_by_the_host_after_its_reclaim_does_not_reopen),
        cmocka_unit_test(a_terminated_expert_is_reclaimed_and_does_not_reopen),
        cmocka_unit_test(process_exit_releases_nothing_and_unloading_everything),
        cmocka_unit_test(reclaim_finishes_an_interrupted_close_once),
    };

    return UNIT_RUN(tests);
}
