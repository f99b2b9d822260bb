/*
 * test_interleaved_ends.c - an expert is closed, reclaimed or reopened where another thread's
 * close, reclaim or open is half done and may be killed.
 */
#include "interleaved.h"

#include "heap/shared.h"

static LPVOID block;

static void terminate_a(void)
{
    NmapiTerminateExpert(A);
}

static SIZE_T size;

static DWORD WINAPI end_badly(LPVOID first)
{
    HEXPERTKEY key = (HEXPERTKEY)0x3000;

    *(LPVOID *)first = ExpertAllocMemory(key, size, NULL);
    return NmapiTerminateExpert(key) || NmapiCloseExpert(key, NULL) || NmapiOpenExpert(key, NULL);
}

/* Each has 300 MiB of addresses; the quarantine holds 1 GiB. */
static void what_is_held_is_counted_anew_when_its_counter_was_killed(void **state)
{
    char *blocks[4];

    (void)state;
    size = ((SIZE_T)300 << 20) - OS_PAGE;
    for (int i = 0; i < 4; i++) {
        if (i == 2)
            at("region about to be quarantined", die);
        assert_int_equal(unit_on_thread(end_badly, &blocks[i]), i == 2);
        if (i == 2)
            assert_int_equal(NmapiOpenExpert((HEXPERTKEY)0x3000, NULL), NMERR_SUCCESS);
    }
    assert_null(region_find(blocks[0]));
    for (int i = 1; i < 4; i++)
        assert_true(unit_is_quarantined(blocks[i]));
    assert_int_equal(quarantine_pages * OS_PAGE, (SIZE_T)900 << 20);
}

static DWORD WINAPI free_of_a(LPVOID memory)
{
    return ExpertFreeMemory(A, memory);
}

static void with_pageheap_a_block_faults_although_who_freed_it_was_killed(void **state)
{
    char *mine;

    (void)state;
    options.pageheap = 1;
    mine = ExpertAllocMemory(A, 5000, NULL);
    at("span about to be freed", die);
    assert_int_equal(unit_on_thread(free_of_a, mine), 1);
    assert_int_equal(ExpertMemorySize(A, mine), 0);
    assert_true(unit_is_quarantined(mine));
}

/* Its memory goes back to the system, and its addresses to nobody: stale writers may know them. */
static void a_killed_abnormal_close_returns_pages_and_keeps_addresses(void **state)
{
    struct standin_usage before, now;
    char *held;

    (void)state;
    size = 40000;
    standin_get_usage(&before);
    at("region about to be quarantined", die);
    assert_int_equal(unit_on_thread(end_badly, &held), 1);
    assert_int_equal(NmapiOpenExpert((HEXPERTKEY)0x3000, NULL), NMERR_SUCCESS);
    assert_int_equal(NmapiCloseExpert((HEXPERTKEY)0x3000, NULL), NMERR_SUCCESS);
    region_trim(self);
    assert_true(unit_is_quarantined(held));
    standin_get_usage(&now);
    assert_true(now.committed - before.committed < 40000);
}

static void an_expert_terminated_during_its_reclaim_does_not_reopen(void **state)
{
    DWORD code;

    (void)state;
    assert_int_equal(unit_on_thread(unit_use_key, A), 1);
    at("expert about to be closed", terminate_a);
    reclaim_experts(self, 0);
    assert_int_equal(table_find(A)->state, EXPERT_CLOSED);
    assert_null(ExpertAllocMemory(A, 10, &code));
    assert_int_equal(code, NMERR_EXPERT_TERMINATE);
}

static DWORD told;

static void terminate_the_coming(void)
{
    told = NmapiTerminateExpert(A);
}

/* Runs while its heap is made, which at times asks the system. */
static void an_expert_terminated_while_it_reopens_stays_closed(void **state)
{
    int closed = 0;

    for (int others = 0; others < 12; others++) {
        DWORD code = 0;
        assert_int_equal(unit_on_thread(unit_use_key, A), 1);
        reclaim_experts(self, 0);
        assert_int_equal(table_find(A)->state, EXPERT_RECLAIMED);
        for (int i = 0; i < others; i++)
            record_heap_alloc(self, sizeof(struct heap));
        told = NMERR_SUCCESS;
        at("blocks extended", terminate_the_coming);
        ExpertAllocMemory(A, 10, &code);
        if (told == NMERR_EXPERT_TERMINATE) { /* as the close has told the host */
            closed++;
            assert_int_equal(code, NMERR_EXPERT_TERMINATE);
            assert_null(ExpertAllocMemory(A, 10, &code));
            assert_int_equal(code, NMERR_EXPERT_TERMINATE);
            assert_int_equal(NmapiOpenExpert(A, NULL), NMERR_SUCCESS);
            assert_non_null(ExpertAllocMemory(A, 10, NULL));
        }
        meanwhile = NULL;
        unit_load_anew(state);
    }
    assert_true(closed > 0);
}

static DWORD WINAPI reclaim(LPVOID unused)
{
    (void)unused;
    reclaim_experts(bias_thread(), 0);
    return 0;
}

static void an_expert_closed_after_a_killed_reclaim_does_not_reopen(void **state)
{
    DWORD code;

    (void)state;
    assert_int_equal(unit_on_thread(unit_use_key, A), 1);
    at("expert about to be closed", die);
    assert_int_equal(unit_on_thread(reclaim, NULL), 1);
    code = NmapiCloseExpert(A, NULL);
    assert_true(code == NMERR_SUCCESS || code == NMERR_EXPERT_TERMINATE);
    assert_null(ExpertAllocMemory(A, 10, &code));
    assert_int_equal(code, NMERR_EXPERT_TERMINATE);
}

static void a_terminated_expert_does_not_reopen_after_a_killed_reclaim(void **state)
{
    DWORD code;

    (void)state;
    assert_int_equal(unit_on_thread(unit_use_key, A), 1);
    assert_int_equal(NmapiTerminateExpert(A), NMERR_SUCCESS);
    at("expert about to be closed", die);
    assert_int_equal(unit_on_thread(reclaim, NULL), 1);
    assert_null(ExpertAllocMemory(A, 10, &code));
    assert_int_equal(code, NMERR_EXPERT_TERMINATE);
    assert_int_equal(table_find(A)->state, EXPERT_CLOSED);
}

static void a_reclaimed_expert_reopens_after_a_killed_reclaim(void **state)
{
    (void)state;
    assert_int_equal(unit_on_thread(unit_use_key, A), 1);
    at("expert about to be closed", die);
    assert_int_equal(unit_on_thread(reclaim, NULL), 1);
    assert_non_null(ExpertAllocMemory(A, 10, NULL));
}

static DWORD WINAPI close_a(LPVOID unused)
{
    (void)unused;
    return NmapiCloseExpert(A, NULL);
}

static DWORD WINAPI alloc_as(LPVOID key)
{
    block = ExpertAllocMemory(key, 100, NULL);
    return block != NULL;
}

/* Its thread lives on, and may still write to its blocks. */
static void what_a_killed_abnormal_close_left_is_given_to_nobody(void **state)
{
    struct helper stale;
    int again = 0;

    (void)state;
    helper_begin(&stale);
    assert_int_equal(helper_run(&stale, alloc_as, A), 1);
    assert_int_equal(NmapiTerminateExpert(A), NMERR_SUCCESS);
    at("expert closing", die);
    assert_int_equal(unit_on_thread(close_a, NULL), 1);
    assert_null(ExpertAllocMemory(A, 10, NULL));
    for (int i = 0; i < 3000 && !again; i++)
        again = ExpertAllocMemory(B, 100, NULL) == block;
    assert_false(again);
    assert_true(standin_faults(unit_touch, block, NULL));
    helper_end(&stale);
}

static void a_reclaim_finishes_a_killed_close(void **state)
{
    (void)state;
    assert_non_null(ExpertAllocMemory(A, 40000, NULL));
    at("expert closing", die);
    assert_int_equal(unit_on_thread(close_a, NULL), 1);
    assert_non_null(table_find(A)->heap);
    reclaim_experts(self, 0);
    assert_null(table_find(A)->heap);
}

static DWORD WINAPI free_as_b(LPVOID of_b)
{
    return ExpertFreeMemory(B, of_b) == NMERR_SUCCESS;
}

static void count_region(struct region *region, void *count)
{
    (void)region;
    ++*(int *)count;
}

/* B frees the last live block of a shared span of A, whose close was abnormal, and is killed
   there. */
static void quarantine_a_span_until(const char *name)
{
    const struct region *span;
    int shared = 0;

    block = ExpertAllocMemory(A, 2000, NULL);
    assert_non_null(ExpertAllocMemory(A, 2000, NULL)); /* a stale writer may know it */
    span = region_find(block);
    assert_int_equal(unit_on_thread(unit_use_key, B), 1);
    assert_int_equal(NmapiTransferMemory(A, B, block), NMERR_SUCCESS);
    assert_int_equal(NmapiTerminateExpert(A), NMERR_SUCCESS);
    assert_int_equal(NmapiCloseExpert(A, NULL), NMERR_SUCCESS);
    assert_ptr_equal(span->owner, SHARED_OWNER);
    at(name, die);
    assert_int_equal(unit_on_thread(free_as_b, block), 1); /* the exit code of a killed thread */
    assert_null(meanwhile);
    assert_int_equal(ExpertMemorySize(B, block), 0);
    assert_int_equal(ExpertFreeMemory(B, block), NMERR_INVALID_PARAMETER);
    shared_visit(self, B, NULL, NULL); /* the next thread that uses shared spans repairs it */
    assert_true(unit_is_quarantined(block));
    assert_int_equal(region_footprint(span), 0);
    region_lock(self);
    region_visit(SHARED_OWNER, count_region, &shared);
    region_unlock();
    assert_int_equal(shared, 0); /* the list of its blocks' owners is freed too */
    assert_true(region_is_valid(self));
}

static void a_span_is_quarantined_even_if_the_thread_dies_that_does_it(void **state)
{
    static const char *const instants[] = {
        "shared block disowned", "pages about to be decommitted",
        "pages decommitted",     "region about to be quarantined",
        "owner changed",         "shared span freed"};

    for (int i = 0; i < 6; i++) {
        quarantine_a_span_until(instants[i]);
        unit_load_anew(state);
    }
}

static DWORD WINAPI hand_block_to_b(LPVOID unused)
{
    (void)unused;
    return NmapiTransferMemory(A, B, block);
}

static DWORD WINAPI open_a(LPVOID unused)
{
    (void)unused;
    return NmapiOpenExpert(A, NULL);
}

/* Also if a call has recovered the expert before the close. */
static void a_close_is_abnormal_after_any_thread_died_inside(void **state)
{
    (void)state;
    block = ExpertAllocMemory(A, 2000, NULL);
    assert_non_null(ExpertAllocMemory(B, 100, NULL));
    at("owners about to be given", die);
    assert_int_equal(unit_on_thread(hand_block_to_b, NULL), 1);
    assert_int_equal(ExpertMemorySize(A, block), 2000);
    assert_int_equal(NmapiCloseExpert(A, NULL), NMERR_SUCCESS);
    assert_true(unit_is_quarantined(block));
    /* but not in its next life, even if another death delays that */
    at("expert about to open", die);
    assert_int_equal(unit_on_thread(open_a, NULL), 1);
    assert_int_equal(NmapiOpenExpert(A, NULL), NMERR_SUCCESS);
    block = ExpertAllocMemory(A, 2000, NULL);
    assert_int_equal(NmapiCloseExpert(A, NULL), NMERR_SUCCESS);
    assert_false(unit_is_quarantined(block));
}

#define OWNER ((void *)0x4440)

static DWORD WINAPI take_units(LPVOID units)
{
    return !region_take(bias_thread(), OWNER, *(const unsigned *)units, 0);
}

static void units_whose_taker_was_killed_lead_to_no_unused_record(void **state)
{
    struct region *held = region_take(self, OWNER, 1, 0);
    unsigned units = 4;
    char *cold;

    (void)state;
    assert_non_null(held);
    cold = held->base + UNIT_BYTES;
    at("units about to be taken", die);
    assert_int_equal(unit_on_thread(take_units, &units), 1);
    assert_true(region_is_valid(self));
    assert_null(region_find(cold));
    at("units about to lead to their region", die);
    assert_int_equal(unit_on_thread(take_units, &units), 1);
    assert_true(region_is_valid(self));
    assert_non_null(region_find(cold));
    assert_ptr_equal(region_find(cold)->base, cold);
    assert_null(region_find(cold)->owner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(what_is_held_is_counted_anew_when_its_counter_was_killed),
        ONE(with_pageheap_a_block_faults_although_who_freed_it_was_killed),
        ONE(a_killed_abnormal_close_returns_pages_and_keeps_addresses),
        ONE(an_expert_terminated_during_its_reclaim_does_not_reopen),
        ONE(an_expert_closed_after_a_killed_reclaim_does_not_reopen),
        ONE(a_terminated_expert_does_not_reopen_after_a_killed_reclaim),
        ONE(a_reclaimed_expert_reopens_after_a_killed_reclaim),
        ONE(an_expert_terminated_while_it_reopens_stays_closed),
        ONE(what_a_killed_abnormal_close_left_is_given_to_nobody),
        ONE(a_reclaim_finishes_a_killed_close),
        ONE(a_span_is_quarantined_even_if_the_thread_dies_that_does_it),
        ONE(a_close_is_abnormal_after_any_thread_died_inside),
        ONE(units_whose_taker_was_killed_lead_to_no_unused_record),
    };

    return UNIT_RUN(tests);
}
