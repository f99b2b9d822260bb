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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(who_is_terminated_while_the_gate_opens_has_it_closed_at_once,
                                  unload),
        cmocka_unit_test_teardown(a_block_that_comes_to_the_caller_meanwhile_is_its_own, unload),
    };

    return ROOM_RUN(tests);
}
