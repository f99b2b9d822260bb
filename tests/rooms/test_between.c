/*
 * test_between.c - what one thread does at the very instants (KILL_POINT) at which another's work is half
 * done.
 */
#include "kill_points.h"
#include "room.h"

#define A ((HEXPERTKEY)0x1000)
#define B ((HEXPERTKEY)0x2000)

static const char *instant;
static void (*meanwhile)(void);

void kill_point(const char *name)
{
    void (*act)(void) = meanwhile;

    if (!act || strcmp(name, instant) != 0)
        return;
    meanwhile = NULL;
    act();
}

static int unload(void **state)
{
    int came = meanwhile == NULL;

    meanwhile = NULL;
    room_load_anew(state);
    return !came;
}

static void at(const char *name, void (*act)(void))
{
    instant = name;
    meanwhile = act;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(who_is_terminated_while_the_gate_opens_has_it_closed_at_once,
                                  unload),
        cmocka_unit_test_teardown(a_block_that_comes_to_the_caller_meanwhile_is_its_own, unload),
        cmocka_unit_test_teardown(
            of_shared_spans_the_living_alone_count_when_their_lock_is_taken_over, unload),
        cmocka_unit_test_teardown(what_is_held_is_counted_anew_when_its_counter_was_killed, unload),
    };

    return ROOM_RUN(tests);
}
