/* test_expert.c - the promises of expert.h: who may enter, and what dead threads leave half
   done. */
#include "helper.h"

#define A ((HEXPERTKEY)0x1000)
#define B ((HEXPERTKEY)0x2000)

static int unload(void **state)
{
    unit_load_anew(state);
    return 0;
}

static DWORD alloc_code(HEXPERTKEY key)
{
    DWORD code = 4711;

    ExpertAllocMemory(key, 10, &code);
    return code;
}

static DWORD WINAPI say_id(LPVOID parameter)
{
    *(LONG *)parameter = bias_thread()->id;
    TerminateThread(GetCurrentThread(), 1);
    return 0;
}

/* The id of a thread that was killed. */
static LONG dead(void)
{
    LONG id = 0;

    unit_on_thread(say_id, &id);
    return id;
}

static void with_strict_no_call_opens_an_expert(void **state)
{
    HEXPERTKEY recorded = (HEXPERTKEY)0x3000, reclaimed = (HEXPERTKEY)0x4000;

    (void)state;
    options.reclaim_thread = 1;
    assert_int_equal(unit_on_thread(unit_use_key, reclaimed), 1);
    assert_int_equal(table_find(reclaimed)->state, EXPERT_RECLAIMED);
    assert_false(expert_is_stopped(table_find(reclaimed))); /* not terminated */
    assert_non_null(table_make(self, recorded));
    options.strict = 1;
    assert_int_equal(alloc_code(A), NMERR_INVALID_EXPERT_HANDLE);
    assert_int_equal(alloc_code(recorded), NMERR_INVALID_EXPERT_HANDLE);
    assert_int_equal(alloc_code(reclaimed), NMERR_EXPERT_TERMINATE);
    assert_null(table_find(A));
    options.strict = 0;
    assert_int_equal(alloc_code(A), NMERR_SUCCESS);
    assert_int_equal(alloc_code(recorded), NMERR_SUCCESS);
    assert_int_equal(alloc_code(reclaimed), NMERR_SUCCESS);
}

static void a_key_that_can_not_be_recorded_stays_unknown(void **state)
{
    ULONG_PTR refused = 0;

    (void)state;
    standin_fail_at("VirtualAlloc", 1, TRUE);
    for (ULONG_PTR key = 0x10000; !refused; key += 16) {
        assert_int_equal(alloc_code((HEXPERTKEY)key), NMERR_OUT_OF_MEMORY);
        if (!table_find((HEXPERTKEY)key))
            refused = key;
    }
    assert_int_equal(NmapiOpenExpert((HEXPERTKEY)refused, NULL), NMERR_OUT_OF_MEMORY);
    standin_fail_never();
    assert_int_equal(alloc_code((HEXPERTKEY)refused), NMERR_SUCCESS);
}

static void each_change_of_owner_raises_the_price_of_the_next_within_bounds(void **state)
{
    struct expert *e;

    (void)state;
    assert_int_equal(alloc_code(A), NMERR_SUCCESS);
    e = table_find(A);
    for (int round = 0; round < 12; round++) {
        unsigned need = e->need;
        e->last = self->id; /* as if it had the bias last */
        e->streak = ((1U << need) - 1) & 0xFFFFFF;
        assert_int_equal(alloc_code(A), NMERR_SUCCESS);
        assert_int_equal(e->bias, self->id);
        assert_int_equal(unit_on_thread(unit_use_key, A), 1);
        assert_true(e->need > need || e->need == 20);
    }
    assert_int_equal(e->need, 20);
    /* the next expert of the key begins anew */
    assert_int_equal(NmapiCloseExpert(A, NULL), NMERR_SUCCESS);
    assert_int_equal(NmapiOpenExpert(A, NULL), NMERR_SUCCESS);
    assert_int_equal(alloc_code(A), NMERR_SUCCESS);
    assert_int_equal(e->bias, self->id);
}

static void an_expert_terminated_while_its_bias_is_revoked_stays_terminated(void **state)
{
    (void)state;
    assert_int_equal(alloc_code(A), NMERR_SUCCESS);
    assert_int_equal(NmapiTerminateExpert(A), NMERR_SUCCESS);
    assert_int_equal(NmapiTerminateExpert(A), NMERR_SUCCESS);
    assert_int_equal(alloc_code(A), NMERR_EXPERT_TERMINATE);
    assert_int_equal(table_find(A)->bias, 0);
    assert_int_equal(table_find(A)->lock.holder, 0); /* a refused call has left the lock */
    assert_true(expert_is_stopped(table_find(A)));
    assert_false(expert_is_stopped(table_find(B)));
    assert_false(expert_is_stopped(table_find(NULL)));
}

struct visit {
    volatile LONG done;
    DWORD code;
};

static DWORD WINAPI visit_a(LPVOID parameter)
{
    struct visit *visit = parameter;

    ExpertAllocMemory(A, 10, &visit->code);
    atomic_store(&visit->done, 1);
    return 0;
}

static void a_call_waits_for_the_thread_inside(void **state)
{
    struct visit visit = {0, 4711};
    unsigned long waits;
    HANDLE thread;

    (void)state;
    assert_int_equal(alloc_code(A), NMERR_SUCCESS);
    assert_int_equal(table_find(A)->bias, self->id);
    waits = standin_calls("WaitForSingleObject");
    assert_ptr_equal(self->last, table_find(A));
    atomic_store(&self->key, THREAD_INSIDE(self));
    thread = CreateThread(NULL, 0, visit_a, &visit, 0, NULL);
    /* It waits: it asks again and again whether this thread lives. */
    while (standin_calls("WaitForSingleObject") < waits + 10)
        Sleep(1);
    assert_int_equal(atomic_load(&visit.done), 0);
    atomic_store(&self->key, A);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    assert_int_equal(visit.code, NMERR_SUCCESS);
}

static void a_thread_has_the_bias_of_all_its_experts(void **state)
{
    LPVOID a, b;
    DWORD code = 4711;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true(alloc_code(A) == NMERR_SUCCESS && alloc_code(B) == NMERR_SUCCESS);
    assert_true(table_find(A)->bias == self->id && table_find(B)->bias == self->id);
    a = ExpertAllocMemory(A, 10, NULL);
    b = ExpertAllocMemory(B, 10, NULL);
    assert_non_null(a = ExpertReallocMemory(A, a, 2000, &code));
    assert_int_equal(code, NMERR_SUCCESS);
    assert_int_equal(ExpertMemorySize(B, b), 10);
    assert_int_equal(ExpertFreeMemory(A, a), NMERR_SUCCESS);
    assert_int_equal(ExpertFreeMemory(B, b), NMERR_SUCCESS);
}

/* The state after the owner's record was reused by another thread, which is in the expert's
   heap. */
static void a_record_used_again_is_not_taken_for_the_owner(void **state)
{
    struct expert *e;

    (void)state;
    assert_int_equal(alloc_code(A), NMERR_SUCCESS);
    e = table_find(A);
    assert_int_equal(e->bias, self->id);
    e->bias = e->biased = self->id + (1 << 12);
    atomic_store(&self->key, THREAD_INSIDE(self));
    assert_int_equal(unit_on_thread(unit_use_key, A), 1);
    atomic_store(&self->key, A);
    assert_int_equal(alloc_code(A), NMERR_SUCCESS);
}

static void a_close_that_its_thread_did_not_finish_is_finished(void **state)
{
    struct expert *e;
    struct heap *heap;

    (void)state;
    /* as if killed before the heap was closed */
    assert_int_equal(alloc_code(A), NMERR_SUCCESS);
    e = table_find(A);
    e->closing = 1;
    e->lock.holder = dead();
    assert_int_equal(alloc_code(A), NMERR_SUCCESS); /* it still has the bias */
    assert_int_equal(unit_on_thread(unit_use_key, A), 0);
    assert_int_equal(e->state, EXPERT_CLOSED);
    assert_null(e->heap);
    assert_int_equal(e->closing, 0);
    /* as if killed after the heap was closed */
    assert_int_equal(alloc_code(B), NMERR_SUCCESS);
    e = table_find(B);
    bias_lock(self, e);
    heap = e->heap;
    heap_close(self, heap, 0);
    e->state = EXPERT_CLOSED;
    e->bias = 0;
    e->lock.holder = dead();
    assert_int_equal(alloc_code(B), NMERR_EXPERT_TERMINATE);
    assert_int_equal(NmapiOpenExpert(B, NULL), NMERR_SUCCESS); /* takes its record */
    assert_ptr_equal(e->heap, heap);
    assert_true(heap_is_valid(self, heap));
}

static void an_open_that_its_thread_did_not_finish_starts_again(void **state)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    struct expert *e;

    (void)state;
    e = table_make(self, A);
    e->heap = record_heap_alloc(self, sizeof *e->heap);
    assert_int_equal(alloc_code(A), NMERR_SUCCESS);
    assert_true(heap_is_valid(self, e->heap));
    assert_int_equal(NmapiCloseExpert(A, NULL), NMERR_SUCCESS);
    /* and until then the usage is unchanged */
    e->heap = record_heap_alloc(self, sizeof *e->heap);
    heap_open(e->heap, e, 700);
    assert_int_equal(NmapiQueryExpert(A, &usage), NMERR_SUCCESS);
    assert_int_equal(usage.State, NMAPI_STATE_CLOSED);
    assert_int_equal(usage.Allocations, 1);
    assert_int_equal(NmapiTransferMemory(A, A, e), NMERR_EXPERT_TERMINATE);
    assert_int_equal(NmapiCloseExpert(A, NULL), NMERR_EXPERT_TERMINATE);
}

static void a_visitor_that_there_is_no_memory_to_note_makes_it_crowded(void **state)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    struct helper stays;
    struct expert *e;
    void *visitor;

    (void)state;
    options.reclaim_thread = 1;
    helper_begin(&stays);
    assert_int_equal(helper_run(&stays, unit_use_key, A), 1);
    e = table_find(A);
    standin_fail_at("VirtualAlloc", 1, TRUE);
    while (record_heap_alloc(self, 16))
        ;
    assert_int_equal(unit_on_thread(unit_use_key, A), 1);
    standin_fail_never();
    assert_int_equal(e->crowded, 1);
    /* With visitors that are not noted, nobody can tell when the last one has ended. */
    helper_end(&stays);
    assert_int_equal(NmapiQueryExpert(A, &usage), NMERR_SUCCESS);
    assert_int_equal(usage.State, NMAPI_STATE_OPEN);
    visitor = e->visitors;
    assert_int_equal(NmapiCloseExpert(A, NULL), NMERR_SUCCESS);
    assert_int_equal(NmapiOpenExpert(A, NULL), NMERR_SUCCESS); /* frees the list */
    assert_null(e->visitors);
    assert_int_equal(e->crowded, 0);
    assert_ptr_equal(record_heap_alloc(self, 16), visitor);
}

static void visitors_that_are_dead_make_room(void **state)
{
    struct expert *e;

    (void)state;
    assert_int_equal(alloc_code(A), NMERR_SUCCESS);
    for (int i = 0; i < 20; i++)
        assert_int_equal(unit_on_thread(unit_use_key, A), 1);
    e = table_find(A);
    assert_in_range(e->visitor_count, 1, 2);
}

#define ONE(test) cmocka_unit_test_teardown(test, unload)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(with_strict_no_call_opens_an_expert),
        ONE(a_key_that_can_not_be_recorded_stays_unknown),
        ONE(each_change_of_owner_raises_the_price_of_the_next_within_bounds),
        ONE(an_expert_terminated_while_its_bias_is_revoked_stays_terminated),
        ONE(a_call_waits_for_the_thread_inside),
        ONE(a_thread_has_the_bias_of_all_its_experts),
        ONE(a_record_used_again_is_not_taken_for_the_owner),
        ONE(a_close_that_its_thread_did_not_finish_is_finished),
        ONE(an_open_that_its_thread_did_not_finish_starts_again),
        ONE(a_visitor_that_there_is_no_memory_to_note_makes_it_crowded),
        ONE(visitors_that_are_dead_make_room),
    };

    return UNIT_RUN(tests);
}
