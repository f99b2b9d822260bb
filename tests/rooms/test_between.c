/*
 * test_between.c - what one thread does at the very instants (KILL_POINT) at which another's work is half
 * done.
 */
#include "kill_points.h"
#include "room.h"

#include "actor.h"
#include "arena.h"
#include "shared.h"

#define A ((HEXPERTKEY)0x1000)
#define B ((HEXPERTKEY)0x2000)

static const char *instant;
static void (*meanwhile)(void);

void kill_point(const char *name)
{
    void (*todo)(void) = meanwhile;

    if (!todo || strcmp(name, instant) != 0)
        return;
    meanwhile = NULL;
    todo();
}

static int unload(void **state)
{
    int came = meanwhile == NULL;

    meanwhile = NULL;
    room_load_anew(state);
    return !came;
}

static void at(const char *name, void (*todo)(void))
{
    instant = name;
    meanwhile = todo;
}

static void terminate_a(void)
{
    NmapiTerminateExpert(A);
}

static void who_is_terminated_while_the_gate_opens_has_it_closed_at_once(void **state)
{
    DWORD code;

    (void)state;
    at("gate about to open", terminate_a);
    assert_non_null(ExpertAllocMemory(A, 10, &code));
    assert_int_equal(table_find(A)->gate, 0);
    assert_null(ExpertAllocMemory(A, 10, &code));
    assert_int_equal(code, NMERR_EXPERT_TERMINATE);
}

/* A has looked, and the block was B's: now it is A's own. */
static LPVOID block;

static void hand_it_over(void)
{
    struct expert *a = table_find(A), *b = table_find(B);

    b->gate = 0;
    if (heap_transfer(self, b->heap, a->heap, block) != HEAP_OK)
        block = NULL;
}

static void a_block_that_comes_to_the_caller_meanwhile_is_its_own(void **state)
{
    DWORD code = 0;

    (void)state;
    block = ExpertAllocMemory(B, 100, NULL);
    assert_non_null(ExpertAllocMemory(A, 100, NULL));
    assert_int_equal(room_on_thread(room_use_key, A), 1); /* A's gate is nobody's */
    table_find(A)->need = 0;
    at("gate about to open", hand_it_over);
    block = ExpertReallocMemory(A, block, 200, &code);
    assert_non_null(block);
    assert_int_equal(code, NMERR_SUCCESS);
    assert_int_equal(ExpertMemorySize(A, block), 200);
    assert_int_equal(ExpertFreeMemory(A, block), NMERR_SUCCESS);
}

static void die(void)
{
    TerminateThread(GetCurrentThread(), 1);
}

static DWORD WINAPI end_badly(LPVOID first)
{
    HEXPERTKEY key = (HEXPERTKEY)0x3000;

    *(LPVOID *)first = ExpertAllocMemory(key, 40000, NULL);
    return NmapiTerminateExpert(key) || NmapiCloseExpert(key, NULL) || NmapiOpenExpert(key, NULL);
}

/* Each had 64 MiB of addresses, and 256 are held. */
static void what_is_held_is_counted_anew_when_its_counter_was_killed(void **state)
{
    char *blocks[4];

    (void)state;
    for (int i = 0; i < 4; i++) {
        if (i == 2)
            at("retired heap queued", die);
        assert_int_equal(room_on_thread(end_badly, &blocks[i]), i == 2);
        if (i == 2)
            assert_int_equal(NmapiOpenExpert((HEXPERTKEY)0x3000, NULL), NMERR_SUCCESS);
    }
    assert_null(region_find(blocks[0]));
    for (int i = 1; i < 4; i++)
        assert_ptr_equal(region_find(blocks[i])->owner, REGION_RETIRED);
}

static DWORD WINAPI share(LPVOID shared)
{
    return NmapiTransferMemory(A, B, shared);
}

static void of_shared_spans_the_living_alone_count_when_their_lock_is_taken_over(void **state)
{
    LPVOID blocks[4];

    (void)state;
    assert_int_equal(room_on_thread(room_use_key, B), 1);
    for (SIZE_T i = 0; i < 4; i++)
        blocks[i] = ExpertAllocMemory(A, 2000 + i * 1000, NULL);
    for (int i = 0; i < 3; i++)
        assert_int_equal(NmapiTransferMemory(A, B, blocks[i]), NMERR_SUCCESS);
    for (int i = 0; i < 2; i++)
        assert_int_equal(ExpertFreeMemory(B, blocks[i]), NMERR_SUCCESS);
    at("span about to be shared", die);
    assert_int_equal(room_on_thread(share, blocks[3]), 1);
    assert_int_equal(ExpertMemorySize(A, blocks[3]), 5000);
    assert_int_equal(NmapiTransferMemory(A, B, blocks[3]), NMERR_SUCCESS);
    assert_int_equal(ExpertMemorySize(B, blocks[2]), 4000);
    assert_int_equal(ExpertMemorySize(B, blocks[3]), 5000);
    assert_int_equal(ExpertFreeMemory(B, blocks[2]), NMERR_SUCCESS);
    assert_true(heap_is_valid(self, table_find(B)->heap));
}

static DWORD WINAPI enrol(LPVOID record)
{
    *(struct thread **)record = expert_thread();
    return 0;
}

static DWORD WINAPI enrol_and_die(LPVOID record)
{
    enrol(record);
    die();
    return 0;
}

static struct actor second;
static struct thread *record, *second_record;

static int living_before; /* records that are looked at before the dead one's */

/* After the other one has found a thread dead. */
static void let_the_second_enrol(const char *name, BOOL after)
{
    if (!after || strcmp(name, "WaitForSingleObject") != 0 || living_before-- > 0)
        return;
    standin_on_call(NULL);
    let(&second, enrol, &second_record);
}

static void two_that_bury_the_same_thread_have_a_record_each(void **state)
{
    enum { AT_FIRST = 64 }; /* records that are looked at before there are more */
    LONG was[AT_FIRST];
    struct actor one;

    (void)state;
    room_on_thread(enrol_and_die, &record);
    living_before = 0;
    for (int i = 0; i < AT_FIRST; i++) {
        was[i] = thread_record(i)->state;
        living_before += was[i] == THREAD_LIVE && thread_record(i) < record;
        if (was[i] == THREAD_FREE)
            atomic_store(&thread_record(i)->state, THREAD_CLAIMED);
    }
    begin(&one);
    begin(&second);
    second_record = NULL;
    standin_on_call(let_the_second_enrol);
    let(&one, enrol, &record);
    standin_on_call(NULL);
    assert_non_null(second_record);
    assert_ptr_not_equal(record, second_record);
    assert_int_not_equal(record->id, second_record->id);
    assert_true(thread_is_alive(record->id));
    assert_true(thread_is_alive(second_record->id));
    end(&one);
    end(&second);
    for (int i = 0; i < AT_FIRST; i++)
        if (was[i] == THREAD_FREE)
            atomic_store(&thread_record(i)->state, THREAD_FREE);
}

static LONG former_id;

static void let_it_serve_the_second(void)
{
    thread_is_alive(former_id); /* who looks in vain frees it */
    begin(&second);
    let(&second, enrol, &second_record);
    atomic_add(&second_record->pins, 1);
    end(&second);
}

static void who_is_late_in_freeing_a_record_leaves_the_next_ones_handle(void **state)
{
    struct actor first;

    (void)state;
    begin(&first);
    let(&first, enrol, &record);
    former_id = record->id;
    atomic_add(&record->pins, 1);
    end(&first);
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

static struct actor first;

static void let_the_second_come_in_its_place(void)
{
    atomic_store(&record->inside, NULL);
    end(&first);
    begin(&second);
    let(&second, enrol, &second_record);
    let(&second, room_use_key, B);
    atomic_store(&second_record->inside, table_find(B));
}

static void whose_record_was_an_owners_stays_where_he_is(void **state)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};

    (void)state;
    begin(&first);
    let(&first, room_use_key, A);
    let(&first, enrol, &record);
    assert_int_equal(table_find(A)->gate, record->id);
    atomic_store(&record->inside, table_find(A)); /* in a call */
    at("owner about to be looked at", let_the_second_come_in_its_place);
    assert_int_equal(NmapiCloseExpert(A, &usage), NMERR_SUCCESS);
    assert_int_equal(usage.LiveBlocks, 1);
    assert_ptr_equal(second_record, record);
    assert_ptr_equal(record->inside, table_find(B));
    atomic_store(&record->inside, NULL);
    end(&second);
}

static DWORD WINAPI take_a_block_of_records(LPVOID bytes)
{
    return arena_alloc(expert_thread(), *(SIZE_T *)bytes) != NULL;
}

static void what_lies_where_a_block_of_records_was_noted_stays(void **state)
{
    SIZE_T bytes = 3 << 20, reserved = bytes + OS_PAGE;
    char *noted, *ours;

    (void)state;
    at("reservation noted", die);
    noted = os_find_free(NULL, reserved, OS_GRANULE);
    assert_int_equal(room_on_thread(take_a_block_of_records, &bytes), 1);
    ours = os_reserve(noted, reserved);
    assert_ptr_equal(ours, noted);
    assert_int_equal(room_on_thread(take_a_block_of_records, &bytes), 1);
    assert_true(os_is_reserved(ours, reserved, OS_PLAIN));
    os_release(ours);
}

/* What it had goes back to the system, and its addresses to nobody: strays may know them. */
static void a_killed_close_of_one_that_ended_badly_returns_its_pages_alone(void **state)
{
    struct standin_usage before, now;
    char *held;

    (void)state;
    standin_get_usage(&before);
    at("region about to be retired", die);
    assert_int_equal(room_on_thread(end_badly, &held), 1);
    assert_int_equal(NmapiOpenExpert((HEXPERTKEY)0x3000, NULL), NMERR_SUCCESS);
    assert_int_equal(NmapiCloseExpert((HEXPERTKEY)0x3000, NULL), NMERR_SUCCESS);
    pool_trim(self);
    assert_ptr_equal(region_find(held)->owner, REGION_RETIRED);
    standin_get_usage(&now);
    assert_true(now.committed - before.committed < 40000);
}

static enum heap_result found_result;
static struct heap_block found_block;

static DWORD WINAPI look_it_up(LPVOID address)
{
    found_result = heap_find(expert_thread(), NULL, address, &found_block);
    return 0;
}

static void let_another_look_it_up(void)
{
    room_on_thread(look_it_up, block);
}

static void blocks_of_a_span_that_is_about_to_be_shared_are_live(void **state)
{
    LPVOID other = ExpertAllocMemory(A, 2000, NULL);

    (void)state;
    block = ExpertAllocMemory(A, 2000, NULL);
    assert_int_equal(room_on_thread(room_use_key, B), 1);
    at("span about to be shared", let_another_look_it_up);
    assert_int_equal(NmapiTransferMemory(A, B, other), NMERR_SUCCESS);
    assert_int_equal(found_result, HEAP_FOREIGN);
    assert_ptr_equal(found_block.owner, table_find(A));
    assert_int_equal(found_block.bytes, 2000);
    assert_int_equal(ExpertFreeMemory(B, block), NMERR_SUCCESS);
}

static void what_is_terminated_at_the_instant_of_its_reclaim_does_not_come_again(void **state)
{
    DWORD code;

    (void)state;
    assert_int_equal(room_on_thread(room_use_key, A), 1);
    at("expert about to be closed", terminate_a);
    closing_reclaim(self, 0);
    assert_int_equal(table_find(A)->state, EXPERT_CLOSED);
    assert_null(ExpertAllocMemory(A, 10, &code));
    assert_int_equal(code, NMERR_EXPERT_TERMINATE);
}

static DWORD told;

static void terminate_the_coming(void)
{
    told = NmapiTerminateExpert(A);
}

/* While its heap is made, which at times takes a look at the system. */
static void what_is_terminated_while_it_comes_again_stays_closed(void **state)
{
    int closed = 0;

    for (int others = 0; others < 12; others++) {
        DWORD code = 0;
        assert_int_equal(room_on_thread(room_use_key, A), 1);
        closing_reclaim(self, 0);
        assert_int_equal(table_find(A)->state, EXPERT_RECLAIMED);
        for (int i = 0; i < others; i++)
            house_alloc(self, sizeof(struct heap));
        told = NMERR_SUCCESS;
        at("blocks carved", terminate_the_coming);
        ExpertAllocMemory(A, 10, NULL);
        if (told == NMERR_EXPERT_TERMINATE) { /* as the host was told */
            closed++;
            assert_null(ExpertAllocMemory(A, 10, &code));
            assert_int_equal(code, NMERR_EXPERT_TERMINATE);
            assert_int_equal(NmapiOpenExpert(A, NULL), NMERR_SUCCESS);
            assert_non_null(ExpertAllocMemory(A, 10, NULL));
        }
        meanwhile = NULL;
        room_load_anew(state);
    }
    assert_true(closed > 0);
}

static DWORD WINAPI reclaim(LPVOID unused)
{
    (void)unused;
    closing_reclaim(expert_thread(), 0);
    return 0;
}

static void what_the_host_closes_after_a_killed_reclaim_does_not_come_again(void **state)
{
    DWORD code;

    (void)state;
    assert_int_equal(room_on_thread(room_use_key, A), 1);
    at("expert about to be closed", die);
    assert_int_equal(room_on_thread(reclaim, NULL), 1);
    code = NmapiCloseExpert(A, NULL);
    assert_true(code == NMERR_SUCCESS || code == NMERR_EXPERT_TERMINATE);
    assert_null(ExpertAllocMemory(A, 10, &code));
    assert_int_equal(code, NMERR_EXPERT_TERMINATE);
}

static void what_was_terminated_does_not_come_again_after_a_killed_reclaim(void **state)
{
    DWORD code;

    (void)state;
    assert_int_equal(room_on_thread(room_use_key, A), 1);
    assert_int_equal(NmapiTerminateExpert(A), NMERR_SUCCESS);
    at("expert about to be closed", die);
    assert_int_equal(room_on_thread(reclaim, NULL), 1);
    assert_null(ExpertAllocMemory(A, 10, &code));
    assert_int_equal(code, NMERR_EXPERT_TERMINATE);
    assert_int_equal(table_find(A)->state, EXPERT_CLOSED);
}

static void what_was_reclaimed_comes_again_after_a_killed_reclaim(void **state)
{
    (void)state;
    assert_int_equal(room_on_thread(room_use_key, A), 1);
    at("expert about to be closed", die);
    assert_int_equal(room_on_thread(reclaim, NULL), 1);
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

/* Its thread lives on, and may write to what it had. */
static void what_a_killed_close_of_one_that_ended_badly_left_comes_to_nobody(void **state)
{
    struct actor stray;
    int again = 0;

    (void)state;
    begin(&stray);
    assert_int_equal(let(&stray, alloc_as, A), 1);
    assert_int_equal(NmapiTerminateExpert(A), NMERR_SUCCESS);
    at("expert closing", die);
    assert_int_equal(room_on_thread(close_a, NULL), 1);
    assert_null(ExpertAllocMemory(A, 10, NULL));
    for (int i = 0; i < 3000 && !again; i++)
        again = ExpertAllocMemory(B, 100, NULL) == block;
    assert_false(again);
    assert_true(standin_faults(room_touch, block, NULL));
    end(&stray);
}

static void a_reclaim_finishes_a_killed_close(void **state)
{
    (void)state;
    assert_non_null(ExpertAllocMemory(A, 40000, NULL));
    at("expert closing", die);
    assert_int_equal(room_on_thread(close_a, NULL), 1);
    assert_non_null(table_find(A)->heap);
    closing_reclaim(self, 0);
    assert_null(table_find(A)->heap);
}

static DWORD WINAPI free_as_b(LPVOID of_b)
{
    return ExpertFreeMemory(B, of_b) == NMERR_SUCCESS;
}

/* B frees the last block of a span that was A's, who has ended badly, and dies at this instant. */
static void bury_a_span_until(const char *name)
{
    const struct region *span;
    struct heap *grave;

    block = ExpertAllocMemory(A, 2000, NULL);
    span = region_find(block);
    grave = table_find(A)->heap;
    assert_int_equal(room_on_thread(room_use_key, B), 1);
    assert_int_equal(NmapiTransferMemory(A, B, block), NMERR_SUCCESS);
    assert_int_equal(NmapiTerminateExpert(A), NMERR_SUCCESS);
    assert_int_equal(NmapiCloseExpert(A, NULL), NMERR_SUCCESS);
    at(name, die);
    assert_int_equal(room_on_thread(free_as_b, block), 1); /* the exit code of who dies */
    assert_null(meanwhile);
    assert_int_equal(ExpertMemorySize(B, block), 0);
    assert_int_equal(ExpertFreeMemory(B, block), NMERR_INVALID_PARAMETER);
    assert_ptr_equal(span->owner, REGION_RETIRED); /* strays may still write to it */
    assert_int_equal(region_footprint(span), 0);
    shared_release(self, SHARED_GRAVE(grave));
    assert_null(span->owner);
}

static void a_span_is_buried_even_if_the_thread_dies_that_does_it(void **state)
{
    static const char *const instants[] = {"shared block disowned",
                                           "shared span about to be buried",
                                           "state words decommitted", "region about to be retired"};

    for (int i = 0; i < 4; i++) {
        bury_a_span_until(instants[i]);
        room_load_anew(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(who_is_terminated_while_the_gate_opens_has_it_closed_at_once,
                                  unload),
        cmocka_unit_test_teardown(a_block_that_comes_to_the_caller_meanwhile_is_its_own, unload),
        cmocka_unit_test_teardown(
            of_shared_spans_the_living_alone_count_when_their_lock_is_taken_over, unload),
        cmocka_unit_test_teardown(what_is_held_is_counted_anew_when_its_counter_was_killed, unload),
        cmocka_unit_test_teardown(two_that_bury_the_same_thread_have_a_record_each, unload),
        cmocka_unit_test_teardown(who_is_late_in_freeing_a_record_leaves_the_next_ones_handle,
                                  unload),
        cmocka_unit_test_teardown(whose_record_was_an_owners_stays_where_he_is, unload),
        cmocka_unit_test_teardown(what_lies_where_a_block_of_records_was_noted_stays, unload),
        cmocka_unit_test_teardown(a_killed_close_of_one_that_ended_badly_returns_its_pages_alone,
                                  unload),
        cmocka_unit_test_teardown(blocks_of_a_span_that_is_about_to_be_shared_are_live, unload),
        cmocka_unit_test_teardown(
            what_is_terminated_at_the_instant_of_its_reclaim_does_not_come_again, unload),
        cmocka_unit_test_teardown(what_the_host_closes_after_a_killed_reclaim_does_not_come_again,
                                  unload),
        cmocka_unit_test_teardown(what_was_terminated_does_not_come_again_after_a_killed_reclaim,
                                  unload),
        cmocka_unit_test_teardown(what_was_reclaimed_comes_again_after_a_killed_reclaim, unload),
        cmocka_unit_test_teardown(what_is_terminated_while_it_comes_again_stays_closed, unload),
        cmocka_unit_test_teardown(what_a_killed_close_of_one_that_ended_badly_left_comes_to_nobody,
                                  unload),
        cmocka_unit_test_teardown(a_reclaim_finishes_a_killed_close, unload),
        cmocka_unit_test_teardown(a_span_is_buried_even_if_the_thread_dies_that_does_it, unload),
    };

    return ROOM_RUN(tests);
}
