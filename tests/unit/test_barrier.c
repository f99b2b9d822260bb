/*
 * test_barrier.c - whoever revokes the bias of an expert makes a barrier on its owner, between
 * clearing the bias and looking whether the owner is inside. Without the barrier no test that runs
 * for seconds fails: the model shows the race (tests/model, NO_BARRIER), and this test shows that
 * the barrier is where the model has it.
 */
#include "helper.h"

#define OTHER ((HEXPERTKEY)0x7000)

static HEXPERTKEY key; /* the owner's expert */
static void *block;
static struct helper owner;
static LONG barriers;
static BOOL came_in; /* the owner entered although its bias was revoked */

static DWORD WINAPI call_often(LPVOID unused)
{
    (void)unused;
    for (int i = 0; i < 64; i++)
        ExpertFreeMemory(key, ExpertAllocMemory(key, 100, NULL));
    block = ExpertAllocMemory(key, 100, NULL);
    return block != NULL;
}

static DWORD WINAPI call_once(LPVOID unused)
{
    (void)unused;
    return (DWORD)ExpertMemorySize(key, block);
}

/* Takes the place of FlushProcessWriteBuffers. The bias is cleared by now, so a call of the owner's
   waits. */
static void on_barrier(void)
{
    if (barriers++)
        return;
    helper_start(&owner, call_once, NULL);
    for (int i = 0; i < 20 && !came_in; i++) {
        Sleep(1);
        came_in = !atomic_load(&owner.busy);
    }
}

static int kernel;

static HMODULE find_module(LPCSTR name)
{
    return strcmp(name, "kernel32.dll") == 0 ? (HMODULE)&kernel : NULL;
}

static FARPROC find_call(HMODULE module, LPCSTR name)
{
    return module == (HMODULE)&kernel && strcmp(name, "FlushProcessWriteBuffers") == 0
               ? (FARPROC)(ULONG_PTR)on_barrier
               : NULL;
}

static BOOL CALLBACK ignore(HEXPERTKEY expert, LPVOID memory, SIZE_T bytes, LPVOID context)
{
    (void)expert, (void)memory, (void)bytes, (void)context;
    return TRUE;
}

static void allocate(void)
{
    assert_non_null(ExpertAllocMemory(key, 100, NULL));
}

static void resize(void)
{
    block = ExpertReallocMemory(key, block, 5000, NULL);
    assert_non_null(block);
}

static void ask_size(void)
{
    assert_int_equal(ExpertMemorySize(key, block), 100);
}

static void list(void)
{
    assert_int_equal(NmapiEnumMemory(key, ignore, NULL), NMERR_SUCCESS);
}

static void take_over(void)
{
    assert_non_null(ExpertReallocMemory(OTHER, block, 200, NULL));
}

static void hand_over(void)
{
    assert_int_equal(NmapiTransferMemory(key, OTHER, block), NMERR_SUCCESS);
}

static void close_it(void)
{
    assert_int_equal(NmapiCloseExpert(key, NULL), NMERR_SUCCESS);
}

static void whoever_revokes_a_bias_makes_a_barrier_first(void **state)
{
    static const struct standin_module_hooks hooks = {.find = find_module, .address = find_call};
    void (*const acts[])(void) = {allocate, resize, ask_size, list, take_over, hand_over, close_it};

    standin_set_module_hooks(&hooks);
    unit_load_anew(state);
    standin_set_module_hooks(NULL);
    assert_non_null(ExpertAllocMemory(OTHER, 1, NULL));
    helper_begin(&owner);
    for (unsigned i = 0; i < sizeof acts / sizeof *acts; i++) {
        key = (HEXPERTKEY)(ULONG_PTR)(0x8000 + 16 * i);
        assert_int_equal(helper_run(&owner, call_often, NULL), 1);
        barriers = 0;
        came_in = FALSE;
        acts[i]();
        if (barriers != 1 || came_in)
            print_error("act %u: %d barriers, the owner %s\n", i, (int)barriers,
                        came_in ? "came in" : "waited");
        assert_int_equal(barriers, 1);
        assert_false(came_in);
        while (atomic_load(&owner.busy))
            Sleep(0);
        /* By now nobody has the bias, so no barrier is needed. */
        ExpertMemorySize(key, block);
        assert_int_equal(barriers, 1);
    }
    helper_end(&owner);
}

static int unload(void **state)
{
    unit_load_anew(state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(whoever_revokes_a_bias_makes_a_barrier_first, unload),
    };

    return UNIT_RUN(tests);
}
