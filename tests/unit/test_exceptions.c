/*
 * test_exceptions.c - calls that an exception ended, which the expert or its host caught: here
 * because a block that is to move can't be read. The next call finds all as after a death.
 */
#include "helper.h"

#include "pages/region.h"

#define A ((HEXPERTKEY)0x1000)
#define B ((HEXPERTKEY)0x2000)

struct fall {
    HEXPERTKEY key, owner; /* key: of the call; owner: of the block */
    char *hole;            /* the block */
    LONG id;               /* the thread whose call was ended */
};

static void move_it(void *argument)
{
    const struct fall *fall = argument;

    ExpertReallocMemory(fall->key, fall->hole, 5000, NULL);
}

static void protect(struct fall *fall, DWORD access)
{
    DWORD before;

    if (!VirtualProtect(fall->hole, 1, access, &before))
        abort();
}

/* On any thread; returns 1 if an exception ended the call. */
static DWORD WINAPI fall_in(LPVOID parameter)
{
    struct fall *fall = parameter;
    BOOL fell;

    fall->id = bias_thread()->id;
    fall->hole = ExpertAllocMemory(fall->owner, 40000, NULL);
    protect(fall, PAGE_NOACCESS);
    fell = standin_faults(move_it, fall, NULL);
    protect(fall, PAGE_READWRITE);
    return (DWORD)fell;
}

/* The heap is consistent and has two blocks, the one that was to move and its new place, and
   `more`. */
static void is_put_right(HEXPERTKEY key, unsigned more)
{
    struct expert *e = table_find(key);

    assert_true(heap_is_valid(self, e->heap));
    assert_int_equal(e->heap->sums.allocations - e->heap->sums.frees, 2 + more);
    assert_int_equal(e->lock.holder, 0);
}

static int unload(void **state)
{
    unit_load_anew(state);
    return 0;
}

static void the_threads_next_call_with_the_key_recovers_it(void **state)
{
    struct fall fall = {.key = A, .owner = A};

    (void)state;
    assert_non_null(ExpertAllocMemory(A, 10, NULL));
    assert_int_equal(fall_in(&fall), 1);
    assert_true(unit_is_inside(self) && self->last == table_find(A)); /* it had the bias */
    assert_int_equal(ExpertMemorySize(A, fall.hole), 40000);
    assert_false(unit_is_inside(self));
    is_put_right(A, 1);
    assert_int_equal(ExpertFreeMemory(A, fall.hole), NMERR_SUCCESS);
}

static void so_does_its_next_call_with_another_key(void **state)
{
    struct fall fall = {.key = A, .owner = A};

    (void)state;
    assert_non_null(ExpertAllocMemory(B, 10, NULL));
    assert_int_equal(fall_in(&fall), 1);
    assert_true(unit_is_inside(self) && self->last == table_find(A));
    assert_non_null(ExpertAllocMemory(B, 10, NULL));
    assert_false(unit_is_inside(self));
    is_put_right(A, 0);
    assert_int_equal(unit_on_thread(unit_use_key, A), 1); /* nobody is inside */
}

static void the_close_of_another_expert_leaves_it_to_be_recovered(void **state)
{
    struct fall fall = {.key = A, .owner = A};

    (void)state;
    assert_int_equal(NmapiOpenExpert(B, NULL), NMERR_SUCCESS);
    assert_int_equal(fall_in(&fall), 1);
    assert_int_equal(NmapiCloseExpert(B, NULL), NMERR_SUCCESS);
    assert_true(unit_is_inside(self) && self->last == table_find(A));
    assert_int_equal(ExpertMemorySize(A, fall.hole), 40000);
    assert_false(unit_is_inside(self));
    is_put_right(A, 0);
}

static void a_call_under_the_lock_is_recovered_too(void **state)
{
    struct fall fall = {.key = A, .owner = A};
    struct helper other;

    (void)state;
    helper_begin(&other);
    assert_non_null(ExpertAllocMemory(A, 10, NULL));
    assert_int_equal(helper_run(&other, unit_use_key, A), 1); /* from now on two threads use it */
    assert_int_equal(fall_in(&fall), 1);
    assert_int_equal(table_find(A)->lock.holder, self->id);
    assert_int_equal(ExpertMemorySize(A, fall.hole), 40000);
    is_put_right(A, 2);
    assert_int_equal(helper_run(&other, unit_use_key, A), 1);
    helper_end(&other);
}

static void the_host_may_close_it_on_the_same_thread(void **state)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    struct fall fall = {.key = A, .owner = A};

    (void)state;
    assert_int_equal(NmapiOpenExpert(A, NULL), NMERR_SUCCESS);
    assert_int_equal(fall_in(&fall), 1);
    assert_int_equal(NmapiCloseExpert(A, &usage), NMERR_SUCCESS);
    assert_int_equal(usage.LiveBlocks, 2);
    assert_int_equal(usage.LiveBytes, 45000);
    assert_false(unit_is_inside(self));
    assert_true(unit_is_quarantined(fall.hole)); /* the close was abnormal */
}

static void a_thread_that_ends_in_it_is_its_own_witness(void **state)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    struct fall fall = {.key = A, .owner = A};

    (void)state;
    assert_int_equal(unit_on_thread(fall_in, &fall), 1);
    assert_true(unit_is_inside(thread_record(fall.id)) &&
                thread_record(fall.id)->last == table_find(A));
    assert_true(thread_was_killed(fall.id)); /* so it counts as killed, and keeps its record */
    for (int i = 0; i < 100; i++)
        assert_int_equal(unit_on_thread(unit_use_key, B), 1);
    assert_true(unit_is_inside(thread_record(fall.id)) &&
                thread_record(fall.id)->last == table_find(A));
    assert_int_equal(ExpertMemorySize(A, fall.hole), 40000);
    assert_false(unit_is_inside(thread_record(fall.id)));
    is_put_right(A, 0);
    assert_int_equal(NmapiCloseExpert(A, &usage), NMERR_SUCCESS);
}

static void a_thread_whose_expert_was_recovered_keeps_no_record(void **state)
{
    enum { THREADS = 200 };
    struct standin_usage before, now;
    LONG first = 0;

    (void)state;
    standin_get_usage(&before);
    for (int i = 0; i < THREADS; i++) {
        struct fall fall = {.key = A, .owner = A};
        assert_int_equal(unit_on_thread(fall_in, &fall), 1);
        assert_true(unit_is_inside(thread_record(fall.id)) &&
                    thread_record(fall.id)->last == table_find(A));
        first = first ? first : fall.id;
        assert_int_equal(unit_on_thread(unit_use_key, A), 1);
    }
    assert_int_not_equal(thread_record(first)->id, first);
    standin_get_usage(&now);
    assert_true(now.handles - before.handles < 100); /* of threads that are not reaped yet */
}

/* Two experts are locked: the caller's and the block's. */
static void a_call_on_anothers_block_leaves_two_experts_to_be_recovered(void **state)
{
    struct fall fall = {.key = A, .owner = B};

    (void)state;
    assert_non_null(ExpertAllocMemory(A, 10, NULL));
    assert_int_equal(fall_in(&fall), 1);
    assert_int_equal(table_find(A)->lock.holder, self->id);
    assert_int_equal(table_find(B)->lock.holder, self->id);
    assert_int_equal(ExpertMemorySize(B, fall.hole), 40000);
    assert_non_null(ExpertAllocMemory(A, 10, NULL));
    assert_int_equal(unit_on_thread(unit_use_key, A), 1);
    assert_int_equal(unit_on_thread(unit_use_key, B), 1);
    is_put_right(A, 2);
    is_put_right(B, 0);
    /* now on a thread that ends */
    assert_int_equal(unit_on_thread(fall_in, &fall), 1);
    assert_int_equal(table_find(A)->lock.holder, fall.id);
    assert_int_equal(table_find(B)->lock.holder, fall.id);
    assert_int_equal(ExpertFreeMemory(A, fall.hole), NMERR_SUCCESS);
    assert_true(heap_is_valid(self, table_find(A)->heap));
    assert_true(heap_is_valid(self, table_find(B)->heap));
}

/* A structure of the host's that is read-only. */

static void query_it(void *usage)
{
    NmapiQueryExpert(A, usage);
}

static void close_it(void *usage)
{
    NmapiCloseExpert(A, usage);
}

static void a_usage_that_can_not_be_written_delays_nobody(void **state)
{
    NMAPI_EXPERT_USAGE *usage = VirtualAlloc(NULL, OS_PAGE, MEM_COMMIT, PAGE_READWRITE);
    DWORD before;

    (void)state;
    usage->cbSize = sizeof *usage;
    VirtualProtect(usage, 1, PAGE_READONLY, &before);
    assert_non_null(ExpertAllocMemory(A, 10, NULL));
    assert_true(standin_faults(query_it, usage, NULL));
    assert_int_equal(unit_on_thread(unit_use_key, A), 1);
    assert_true(standin_faults(close_it, usage, NULL)); /* it is still open */
    assert_int_equal(unit_on_thread(unit_use_key, A), 1);
    assert_int_equal(NmapiCloseExpert(A, NULL), NMERR_SUCCESS);
    VirtualFree(usage, 0, MEM_RELEASE);
}

static void a_usage_may_end_where_its_pages_do(void **state)
{
    char *pages = VirtualAlloc(NULL, 2 * OS_PAGE, MEM_RESERVE, PAGE_NOACCESS);
    NMAPI_EXPERT_USAGE *usage = (void *)(pages + OS_PAGE - sizeof *usage);

    (void)state;
    assert_non_null(VirtualAlloc(pages, OS_PAGE, MEM_COMMIT, PAGE_READWRITE));
    usage->cbSize = sizeof *usage;
    assert_non_null(ExpertAllocMemory(A, 10, NULL));
    assert_false(standin_faults(query_it, usage, NULL));
    assert_false(standin_faults(close_it, usage, NULL));
    assert_int_equal(usage->LiveBlocks, 1);
    VirtualFree(pages, 0, MEM_RELEASE);
}

static void alloc_it(void *error)
{
    ExpertAllocMemory(A, 10, error);
}

static void an_error_code_that_can_not_be_written_costs_no_block(void **state)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    void *page = VirtualAlloc(NULL, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READONLY);

    (void)state;
    assert_non_null(ExpertAllocMemory(A, 10, NULL));
    assert_true(standin_faults(alloc_it, page, NULL));
    assert_int_equal(unit_on_thread(unit_use_key, A), 1);
    assert_int_equal(NmapiQueryExpert(A, &usage), NMERR_SUCCESS);
    assert_int_equal(usage.LiveBlocks, 2);
    VirtualFree(page, 0, MEM_RELEASE);
}

#define ONE(test) cmocka_unit_test_teardown(test, unload)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(the_threads_next_call_with_the_key_recovers_it),
        ONE(so_does_its_next_call_with_another_key),
        ONE(the_close_of_another_expert_leaves_it_to_be_recovered),
        ONE(a_call_under_the_lock_is_recovered_too),
        ONE(the_host_may_close_it_on_the_same_thread),
        ONE(a_thread_that_ends_in_it_is_its_own_witness),
        ONE(a_thread_whose_expert_was_recovered_keeps_no_record),
        ONE(a_call_on_anothers_block_leaves_two_experts_to_be_recovered),
        ONE(a_usage_that_can_not_be_written_delays_nobody),
        ONE(a_usage_may_end_where_its_pages_do),
        ONE(an_error_code_that_can_not_be_written_costs_no_block),
    };

    return UNIT_RUN(tests);
}
