/*
 * test_expert_api.c - what expert_api.c itself decides: whose block a call may use, also while
 * other threads change that.
 */
#include "unit.h"

#define UNKNOWN ((HEXPERTKEY)0x9990)

/* Two implicit experts, two that the host opened. */
static const HEXPERTKEY a = (HEXPERTKEY)0x1000, b = (HEXPERTKEY)0x2000, x = (HEXPERTKEY)0x3000,
                        y = (HEXPERTKEY)0x4000;

static int open_four(void **state)
{
    (void)state;
    return NmapiOpenExpert(x, NULL) || NmapiOpenExpert(y, NULL) || !unit_use_key(a) ||
           !unit_use_key(b);
}

static int close_all(void **state)
{
    unit_load_anew(state);
    return 0;
}

static DWORD realloc_code(HEXPERTKEY key, LPVOID block)
{
    DWORD code = 4711;
    LPVOID moved = ExpertReallocMemory(key, block, 5000, &code);

    assert_true((moved != NULL) == (code == NMERR_SUCCESS));
    if (moved)
        assert_int_equal(ExpertFreeMemory(key, moved), NMERR_SUCCESS);
    return code;
}

static DWORD WINAPI alloc_without_key(LPVOID parameter)
{
    DWORD code = 4711;

    (void)parameter;
    return bias_thread() && !ExpertAllocMemory(NULL, 10, &code) ? code : 4711;
}

static void without_a_key_every_call_fails(void **state)
{
    LPVOID block = ExpertAllocMemory(a, 10, NULL);
    DWORD code;

    (void)state;
    assert_null(ExpertAllocMemory(NULL, 10, &code));
    assert_int_equal(code, NMERR_INVALID_EXPERT_HANDLE);
    assert_int_equal(unit_on_thread(alloc_without_key, NULL), NMERR_INVALID_EXPERT_HANDLE);
    assert_int_equal(realloc_code(NULL, block), NMERR_INVALID_EXPERT_HANDLE);
    assert_int_equal(ExpertFreeMemory(NULL, block), NMERR_INVALID_EXPERT_HANDLE);
    assert_int_equal(ExpertFreeMemory(NULL, NULL), NMERR_INVALID_EXPERT_HANDLE);
    assert_int_equal(ExpertMemorySize(NULL, block), 0);
    assert_int_equal(ExpertMemorySize(a, block), 10);
}

static void to_free_nothing_is_no_mistake(void **state)
{
    (void)state;
    assert_int_equal(ExpertFreeMemory(UNKNOWN, NULL), NMERR_SUCCESS);
    assert_int_equal(ExpertFreeMemory(a, NULL), NMERR_SUCCESS);
    assert_int_equal(ExpertFreeMemory(x, NULL), NMERR_SUCCESS);
    assert_null(table_find(UNKNOWN));
}

static void a_key_never_seen_may_have_legacy_blocks_alone(void **state)
{
    LPVOID legacy = ExpertAllocMemory(a, 10, NULL), isolated = ExpertAllocMemory(x, 10, NULL);

    (void)state;
    assert_int_equal(ExpertFreeMemory(UNKNOWN, isolated), NMERR_INVALID_EXPERT_HANDLE);
    assert_int_equal(ExpertFreeMemory(UNKNOWN, &legacy), NMERR_INVALID_EXPERT_HANDLE);
    assert_int_equal(realloc_code(UNKNOWN, isolated), NMERR_INVALID_EXPERT_HANDLE);
    assert_int_equal(realloc_code(UNKNOWN, &legacy), NMERR_INVALID_EXPERT_HANDLE);
    assert_int_equal(ExpertMemorySize(UNKNOWN, legacy), 0);
    assert_null(table_find(UNKNOWN));
    assert_int_equal(ExpertFreeMemory(UNKNOWN, legacy), NMERR_SUCCESS);
    legacy = ExpertAllocMemory(a, 10, NULL);
    assert_int_equal(realloc_code(UNKNOWN, legacy), NMERR_SUCCESS);
    assert_non_null(table_find(UNKNOWN));
}

static void a_key_whose_first_call_found_no_memory_may_too(void **state)
{
    const HEXPERTKEY keys[] = {(HEXPERTKEY)0x9980, (HEXPERTKEY)0x9970};
    LPVOID legacy = ExpertAllocMemory(a, 10, NULL);
    DWORD code;

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_non_null(table_make(self, keys[i]));
        assert_int_equal(ExpertFreeMemory(keys[i], &legacy), NMERR_INVALID_EXPERT_HANDLE);
        assert_null(ExpertReallocMemory(keys[i], &legacy, 10, &code));
        assert_int_equal(code, NMERR_INVALID_EXPERT_HANDLE);
        assert_int_equal(table_find(keys[i])->state, EXPERT_NEVER);
    }
    assert_int_equal(realloc_code(keys[0], legacy), NMERR_SUCCESS);
    assert_int_equal(table_find(keys[0])->state, EXPERT_OPEN);
    legacy = ExpertAllocMemory(a, 10, NULL);
    assert_int_equal(ExpertFreeMemory(keys[1], legacy), NMERR_SUCCESS);
    assert_int_equal(table_find(keys[1])->state, EXPERT_NEVER);
}

static void an_expert_that_the_host_opened_gives_and_takes_nothing(void **state)
{
    const struct {
        HEXPERTKEY key, owner;
    } rows[] = {{a, x}, {x, a}, {x, y}};

    (void)state;
    for (int i = 0; i < 3; i++) {
        LPVOID block = ExpertAllocMemory(rows[i].owner, 10, NULL);
        assert_int_equal(ExpertFreeMemory(rows[i].key, block), NMERR_ACCESS_DENIED);
        assert_int_equal(realloc_code(rows[i].key, block), NMERR_ACCESS_DENIED);
        assert_int_equal(ExpertMemorySize(rows[i].owner, block), 10);
        assert_int_equal(ExpertFreeMemory(rows[i].owner, block), NMERR_SUCCESS);
    }
}

static void a_terminated_expert_still_frees(void **state)
{
    LPVOID own = ExpertAllocMemory(a, 10, NULL), legacy = ExpertAllocMemory(b, 20, NULL);

    (void)state;
    NmapiTerminateExpert(a);
    assert_int_equal(realloc_code(a, own), NMERR_EXPERT_TERMINATE);
    assert_int_equal(ExpertMemorySize(a, own), 10);
    assert_int_equal(ExpertMemorySize(a, legacy), 0);
    assert_int_equal(ExpertFreeMemory(a, own), NMERR_EXPERT_TERMINATE);
    assert_int_equal(ExpertMemorySize(a, own), 0);
    assert_int_equal(ExpertFreeMemory(a, legacy), NMERR_EXPERT_TERMINATE);
    assert_int_equal(ExpertMemorySize(b, legacy), 0);
    NmapiCloseExpert(a, NULL);
    assert_int_equal(ExpertFreeMemory(a, own), NMERR_EXPERT_TERMINATE);
}

/* Calls that wait for an expert's lock while something changes */

struct call {
    HEXPERTKEY key;
    LPVOID block;
    DWORD code;
};

static DWORD WINAPI free_it(LPVOID parameter)
{
    struct call *call = parameter;

    call->code = ExpertFreeMemory(call->key, call->block);
    return 0;
}

static DWORD WINAPI grow_it(LPVOID parameter)
{
    struct call *call = parameter;

    ExpertReallocMemory(call->key, call->block, 5000, &call->code);
    return 0;
}

/* The code of a call by `a` for a block of b's, when `change` happens after the call has looked
   whose block it is. */
static DWORD code_if(LPTHREAD_START_ROUTINE function,
                     void (*change)(struct expert *, struct expert *))
{
    struct call call = {.key = a, .block = ExpertAllocMemory(b, 10, NULL)};
    struct expert *e = table_find(a), *owner = table_find(b);
    unsigned long waits = standin_calls("WaitForSingleObject");
    HANDLE thread;

    bias_lock(self, owner);
    thread = CreateThread(NULL, 0, function, &call, 0, NULL);
    /* It waits for the lock: it asks whether this thread lives. */
    while (standin_calls("WaitForSingleObject") < waits + 2)
        Sleep(1);
    change(e, owner);
    if (atomic_load(&owner->lock.holder) == self->id)
        lock_release(&owner->lock);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    return call.code;
}

static void owner_is_isolated(struct expert *e, struct expert *owner)
{
    (void)e;
    store_relaxed(&owner->isolated, 1);
}

static void caller_is_isolated(struct expert *e, struct expert *owner)
{
    (void)owner;
    store_relaxed(&e->isolated, 1);
}

static void caller_is_terminated(struct expert *e, struct expert *owner)
{
    (void)owner;
    NmapiTerminateExpert(e->key);
}

static void an_owner_that_the_host_opens_meanwhile_gives_nothing(void **state)
{
    (void)state;
    assert_int_equal(code_if(free_it, owner_is_isolated), NMERR_ACCESS_DENIED);
    table_find(b)->isolated = 0;
    assert_int_equal(code_if(grow_it, owner_is_isolated), NMERR_ACCESS_DENIED);
    table_find(b)->isolated = 0;
}

static void a_caller_that_changes_meanwhile_takes_nothing(void **state)
{
    (void)state;
    assert_int_equal(code_if(grow_it, caller_is_isolated), NMERR_ACCESS_DENIED);
    table_find(a)->isolated = 0;
    assert_int_equal(code_if(grow_it, caller_is_terminated), NMERR_EXPERT_TERMINATE);
}

/* Run by the lock's holder, which then unlocks it. */
static void owner_is_closed(struct expert *e, struct expert *owner)
{
    (void)e;
    NmapiCloseExpert(owner->key, NULL);
}

static void an_owner_that_is_closed_meanwhile_has_no_block(void **state)
{
    (void)state;
    assert_int_equal(code_if(free_it, owner_is_closed), NMERR_INVALID_PARAMETER);
    assert_int_equal(NmapiOpenExpert(b, NULL), NMERR_SUCCESS);
    table_find(b)->isolated = 0;
    assert_int_equal(code_if(grow_it, owner_is_closed), NMERR_INVALID_PARAMETER);
}

static void what_was_freed_is_no_longer_committed(void **state)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    HEXPERTKEY key = (HEXPERTKEY)0x9880;
    static char *blocks[500];

    (void)state;
    for (int i = 0; i < 500; i++)
        blocks[i] = ExpertAllocMemory(key, 3000, NULL);
    assert_int_equal(NmapiQueryExpert(key, &usage), NMERR_SUCCESS);
    assert_true(usage.CommittedBytes >= 500 * 3000);
    for (int i = 0; i < 500; i++)
        assert_int_equal(ExpertFreeMemory(key, blocks[i]), NMERR_SUCCESS);
    assert_int_equal(NmapiQueryExpert(key, &usage), NMERR_SUCCESS);
    assert_true(usage.CommittedBytes <= REGION_BYTES(SPAN_LATER) + 256);
    assert_int_equal(usage.LiveBytes, 0);
    assert_int_equal(usage.PeakBytes, 500 * 3000);
}

/* Otherwise another thread would wait until this one's next call. */
static void outside(HEXPERTKEY key)
{
    assert_false(unit_is_inside(self));
    assert_int_equal(table_find(key)->bias, self->id);
    assert_ptr_equal(self->key, key);
}

static char *last;

/* Makes one of the calls. */
static int call(int which, HEXPERTKEY key, SIZE_T bytes)
{
    switch (which) {
    case 0:
        return (last = ExpertAllocMemory(key, bytes, NULL)) != NULL;
    case 1:
        return ExpertMemorySize(key, last) == bytes;
    case 2:
        return (last = ExpertReallocMemory(key, last, bytes + 100, NULL)) != NULL;
    case 3:
        return ExpertReallocMemory(key, last, (SIZE_T)-1, NULL) == NULL;
    case 4:
        return ExpertAllocMemory(key, (SIZE_T)-1, NULL) == NULL;
    case 5:
        return ExpertFreeMemory(key, NULL) == NMERR_SUCCESS;
    case 6:
        return ExpertFreeMemory(key, last + 1) == NMERR_INVALID_PARAMETER;
    case 7:
        return ExpertFreeMemory(key, last) == NMERR_SUCCESS;
    default:
        return ExpertFreeMemory(key, last) == NMERR_INVALID_PARAMETER;
    }
}

enum { CALLS = 9 };

/* The thread has two biases: a call has the same key as the call before, or the other one. */
static void every_call_of_who_has_the_bias_ends_outside(void **state)
{
    static const SIZE_T sizes[] = {0, 16, 100, 1024, 5000, 32667, 40000, 300000};
    static const HEXPERTKEY keys[] = {(HEXPERTKEY)0x9870, (HEXPERTKEY)0x9860};
    static char *many[200];
    char *blocks[2];

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_non_null(ExpertAllocMemory(keys[i], 16, NULL));
    for (int i = 0; i < 4 * 8 * CALLS; i++) {
        int k = i / CALLS / 8 % 2;
        if (i / CALLS / 16)
            ExpertFreeMemory(keys[!k], NULL);
        assert_true(call(i % CALLS, keys[k], sizes[i / CALLS % 8]));
        outside(keys[k]);
    }
    for (int i = 0; i < 200; i++)
        many[i] = ExpertAllocMemory(keys[0], 1000, NULL);
    for (int i = 0; i < 200; i++) { /* spans become empty */
        assert_int_equal(ExpertFreeMemory(keys[0], many[i]), NMERR_SUCCESS);
        outside(keys[0]);
    }
    for (int i = 0; i < 2; i++) /* they end up in a shared span */
        blocks[i] = ExpertAllocMemory(keys[0], 700, NULL);
    assert_int_equal(NmapiTransferMemory(keys[0], keys[1], blocks[1]), NMERR_SUCCESS);
    for (int i = 0; i < 80; i++) /* the bias comes back */
        assert_int_equal(ExpertFreeMemory(keys[i % 2], NULL), NMERR_SUCCESS);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ExpertFreeMemory(keys[i], blocks[i]), NMERR_SUCCESS);
        outside(keys[i]);
        assert_int_equal(NmapiCloseExpert(keys[i], NULL), NMERR_SUCCESS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_a_key_every_call_fails, open_four, close_all),
        cmocka_unit_test_setup_teardown(to_free_nothing_is_no_mistake, open_four, close_all),
        cmocka_unit_test_setup_teardown(a_key_never_seen_may_have_legacy_blocks_alone, open_four,
                                        close_all),
        cmocka_unit_test_setup_teardown(a_key_whose_first_call_found_no_memory_may_too, open_four,
                                        close_all),
        cmocka_unit_test_setup_teardown(an_expert_that_the_host_opened_gives_and_takes_nothing,
                                        open_four, close_all),
        cmocka_unit_test_setup_teardown(a_terminated_expert_still_frees, open_four, close_all),
        cmocka_unit_test_setup_teardown(an_owner_that_the_host_opens_meanwhile_gives_nothing,
                                        open_four, close_all),
        cmocka_unit_test_setup_teardown(an_owner_that_is_closed_meanwhile_has_no_block, open_four,
                                        close_all),
        cmocka_unit_test_setup_teardown(a_caller_that_changes_meanwhile_takes_nothing, open_four,
                                        close_all),
        cmocka_unit_test(what_was_freed_is_no_longer_committed),
        cmocka_unit_test(every_call_of_who_has_the_bias_ends_outside),
    };

    return UNIT_RUN(tests);
}
