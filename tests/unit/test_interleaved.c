/*
 * test_interleaved.c - one thread acts where another's work with threads, biases, spans or records
 * is half done.
 */
#include "interleaved.h"

#include "base/permanent.h"

static void terminate_a(void)
{
    NmapiTerminateExpert(A);
}

static void an_expert_terminated_while_it_is_biased_loses_the_bias(void **state)
{
    DWORD code;

    (void)state;
    at("bias about to be given", terminate_a);
    assert_non_null(ExpertAllocMemory(A, 10, &code));
    assert_int_equal(table_find(A)->bias, 0);
    assert_null(ExpertAllocMemory(A, 10, &code));
    assert_int_equal(code, NMERR_EXPERT_TERMINATE);
}

/* When A looked, the block was B's: now it is A's own. */
static void an_expert_terminated_while_the_host_opens_it_is_open(void **state)
{
    (void)state;
    assert_int_equal(unit_on_thread(unit_use_key, A), 1);
    reclaim_experts(self, 0);
    assert_int_equal(table_find(A)->state, EXPERT_RECLAIMED);
    at("expert about to open", terminate_a);
    assert_int_equal(NmapiOpenExpert(A, NULL), NMERR_SUCCESS);
    assert_int_equal(table_find(A)->state, EXPERT_OPEN);
    assert_non_null(ExpertAllocMemory(A, 10, NULL));
}

static LPVOID block;

static void hand_it_over(void)
{
    struct expert *a = table_find(A), *b = table_find(B);

    b->bias = 0;
    if (heap_transfer(self, b->heap, a->heap, block) != HEAP_OK)
        block = NULL;
}

static void a_block_that_comes_to_the_caller_meanwhile_is_its_own(void **state)
{
    DWORD code = 0;

    (void)state;
    block = ExpertAllocMemory(B, 100, NULL);
    assert_non_null(ExpertAllocMemory(A, 100, NULL));
    assert_int_equal(unit_on_thread(unit_use_key, A), 1); /* nobody has A's bias */
    table_find(A)->need = 0;
    at("bias about to be given", hand_it_over);
    block = ExpertReallocMemory(A, block, 200, &code);
    assert_non_null(block);
    assert_int_equal(code, NMERR_SUCCESS);
    assert_int_equal(ExpertMemorySize(A, block), 200);
    assert_int_equal(ExpertFreeMemory(A, block), NMERR_SUCCESS);
}

static DWORD WINAPI share(LPVOID shared)
{
    return NmapiTransferMemory(A, B, shared);
}

static void of_shared_spans_the_living_alone_count_when_their_lock_is_taken_over(void **state)
{
    LPVOID blocks[4];

    (void)state;
    assert_int_equal(unit_on_thread(unit_use_key, B), 1);
    for (SIZE_T i = 0; i < 4; i++)
        blocks[i] = ExpertAllocMemory(A, 2000 + i * 1000, NULL);
    for (int i = 0; i < 3; i++)
        assert_int_equal(NmapiTransferMemory(A, B, blocks[i]), NMERR_SUCCESS);
    for (int i = 0; i < 2; i++)
        assert_int_equal(ExpertFreeMemory(B, blocks[i]), NMERR_SUCCESS);
    at("span about to be shared", die);
    assert_int_equal(unit_on_thread(share, blocks[3]), 1);
    assert_int_equal(ExpertMemorySize(A, blocks[3]), 5000);
    assert_int_equal(NmapiTransferMemory(A, B, blocks[3]), NMERR_SUCCESS);
    assert_int_equal(ExpertMemorySize(B, blocks[2]), 4000);
    assert_int_equal(ExpertMemorySize(B, blocks[3]), 5000);
    assert_int_equal(ExpertFreeMemory(B, blocks[2]), NMERR_SUCCESS);
    assert_true(heap_is_valid(self, table_find(B)->heap));
}

static DWORD WINAPI enrol(LPVOID record)
{
    *(struct thread **)record = bias_thread();
    return 0;
}

static DWORD WINAPI enrol_and_die(LPVOID record)
{
    enrol(record);
    die();
    return 0;
}

static struct helper second;
static struct thread *record, *second_record;

static int living_before; /* records that are examined before the dead thread's */

/* Runs after the other thread has found a thread dead. */
static void let_the_second_enrol(const char *name, BOOL after)
{
    if (!after || strcmp(name, "WaitForSingleObject") != 0 || living_before-- > 0)
        return;
    standin_on_call(NULL);
    helper_run(&second, enrol, &second_record);
}

static void two_that_reap_the_same_thread_have_a_record_each(void **state)
{
    enum { AT_FIRST = 64 }; /* records that are examined before more are made */
    LONG was[AT_FIRST];
    struct helper one;

    (void)state;
    unit_on_thread(enrol_and_die, &record);
    living_before = 0;
    for (int i = 0; i < AT_FIRST; i++) {
        was[i] = thread_record(i)->state;
        living_before += was[i] == THREAD_LIVE && thread_record(i) < record;
        if (was[i] == THREAD_FREE)
            atomic_store(&thread_record(i)->state, THREAD_CLAIMED);
    }
    helper_begin(&one);
    helper_begin(&second);
    second_record = NULL;
    standin_on_call(let_the_second_enrol);
    helper_run(&one, enrol, &record);
    standin_on_call(NULL);
    assert_non_null(second_record);
    assert_ptr_not_equal(record, second_record);
    assert_int_not_equal(record->id, second_record->id);
    assert_true(thread_is_alive(record->id));
    assert_true(thread_is_alive(second_record->id));
    helper_end(&one);
    helper_end(&second);
    for (int i = 0; i < AT_FIRST; i++)
        if (was[i] == THREAD_FREE)
            atomic_store(&thread_record(i)->state, THREAD_FREE);
}

static LONG former_id;

static void let_it_serve_the_second(void)
{
    thread_is_alive(former_id); /* the thread that finds no work frees it */
    helper_begin(&second);
    helper_run(&second, enrol, &second_record);
    atomic_add(&second_record->pins, 1);
    helper_end(&second);
}

static void a_late_free_of_a_record_leaves_the_next_threads_handle(void **state)
{
    struct helper first;

    (void)state;
    helper_begin(&first);
    helper_run(&first, enrol, &record);
    former_id = record->id;
    atomic_add(&record->pins, 1);
    helper_end(&first);
    atomic_add(&record->pins, -1);
    at("record about to be freed", let_it_serve_the_second);
    thread_is_alive(former_id);
    assert_ptr_equal(second_record, record);
    assert_int_equal(record->state, THREAD_ENDED);
    assert_non_null(record->handle);
    atomic_add(&record->pins, -1);
    thread_is_alive(record->id);
    assert_int_equal(record->state, THREAD_FREE);
    assert_null(record->handle);
}

static struct helper first;

static void let_the_second_come_in_its_place(void)
{
    atomic_store(&record->key, NULL);
    helper_end(&first);
    helper_begin(&second);
    helper_run(&second, enrol, &second_record);
    helper_run(&second, unit_use_key, B);
    atomic_store(&second_record->key, THREAD_INSIDE(second_record));
}

static void a_thread_with_a_former_owners_record_stays_in_its_expert(void **state)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};

    (void)state;
    helper_begin(&first);
    helper_run(&first, unit_use_key, A);
    helper_run(&first, enrol, &record);
    assert_int_equal(table_find(A)->bias, record->id);
    atomic_store(&record->key, THREAD_INSIDE(record)); /* it is in a call */
    at("bias revoked", let_the_second_come_in_its_place);
    assert_int_equal(NmapiCloseExpert(A, &usage), NMERR_SUCCESS);
    assert_int_equal(usage.LiveBlocks, 1);
    assert_ptr_equal(second_record, record);
    assert_true(unit_is_inside(record) && record->last == table_find(B));
    atomic_store(&record->key, NULL);
    helper_end(&second);
}

static DWORD WINAPI take_a_block_of_records(LPVOID bytes)
{
    return permanent_alloc(bias_thread(), *(SIZE_T *)bytes) != NULL;
}

static void what_lies_where_a_block_of_records_was_noted_stays(void **state)
{
    SIZE_T bytes = 3 << 20, reserved = bytes + OS_PAGE;
    char *noted, *ours;

    (void)state;
    at("reservation noted", die);
    noted = os_find_free(NULL, reserved, OS_GRANULE, NULL);
    assert_int_equal(unit_on_thread(take_a_block_of_records, &bytes), 1);
    ours = os_reserve(noted, reserved);
    assert_ptr_equal(ours, noted);
    assert_int_equal(unit_on_thread(take_a_block_of_records, &bytes), 1);
    assert_true(os_is_reserved(ours, reserved, OS_PLAIN));
    os_release(ours);
}

/* Its length is not a multiple of a page. */
static void a_block_of_records_that_was_being_made_goes(void **state)
{
    SIZE_T bytes = (3 << 20) + 200;
    struct standin_usage before, after;

    (void)state;
    standin_get_usage(&before);
    at("permanent block reserved", die);
    assert_int_equal(unit_on_thread(take_a_block_of_records, &bytes), 1);
    assert_int_equal(unit_on_thread(take_a_block_of_records, &bytes), 1);
    standin_get_usage(&after);
    assert_int_equal(after.reservations, before.reservations + 1);
}

static enum heap_result found_result;
static struct heap_block found_block;

static DWORD WINAPI look_it_up(LPVOID address)
{
    found_result = heap_find(bias_thread(), NULL, address, &found_block);
    return 0;
}

static void let_another_look_it_up(void)
{
    unit_on_thread(look_it_up, block);
}

static void blocks_of_a_span_that_is_about_to_be_shared_are_live(void **state)
{
    LPVOID other = ExpertAllocMemory(A, 2000, NULL);

    (void)state;
    block = ExpertAllocMemory(A, 2000, NULL);
    assert_int_equal(unit_on_thread(unit_use_key, B), 1);
    at("span about to be shared", let_another_look_it_up);
    assert_int_equal(NmapiTransferMemory(A, B, other), NMERR_SUCCESS);
    assert_int_equal(found_result, HEAP_FOREIGN);
    assert_ptr_equal(found_block.owner, table_find(A));
    assert_int_equal(found_block.bytes, 2000);
    assert_int_equal(ExpertFreeMemory(B, block), NMERR_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(an_expert_terminated_while_it_is_biased_loses_the_bias),
        ONE(an_expert_terminated_while_the_host_opens_it_is_open),
        ONE(a_block_that_comes_to_the_caller_meanwhile_is_its_own),
        ONE(of_shared_spans_the_living_alone_count_when_their_lock_is_taken_over),
        ONE(two_that_reap_the_same_thread_have_a_record_each),
        ONE(a_late_free_of_a_record_leaves_the_next_threads_handle),
        ONE(a_thread_with_a_former_owners_record_stays_in_its_expert),
        ONE(what_lies_where_a_block_of_records_was_noted_stays),
        ONE(a_block_of_records_that_was_being_made_goes),
        ONE(blocks_of_a_span_that_is_about_to_be_shared_are_live),
    };

    return UNIT_RUN(tests);
}
