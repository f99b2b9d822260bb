/*
 * test_host_enum.c - NmapiEnumExperts and NmapiEnumMemory: everything once, callbacks that stop,
 * and callbacks that call the DLL.
 */
#include "contract.h"

#include <stdlib.h>

struct listed {
    HEXPERTKEY key;
    void *block;
    SIZE_T bytes;
};

struct list {
    struct listed *at;
    size_t count, room, stop_at; /* stop_at 0: never */
    HEXPERTKEY only;             /* NmapiEnumMemory: the key that every callback must get */
    BOOL wrong_key;
    DWORD thread;
};

static BOOL list_add(struct list *list, HEXPERTKEY key, void *block, SIZE_T bytes)
{
    if (list->count < list->room)
        list->at[list->count] = (struct listed){key, block, bytes};
    list->count++;
    list->thread = GetCurrentThreadId();
    return list->count != list->stop_at;
}

static BOOL CALLBACK on_expert(HEXPERTKEY key, LPVOID context)
{
    return list_add(context, key, NULL, 0);
}

static BOOL CALLBACK on_block(HEXPERTKEY key, LPVOID block, SIZE_T bytes, LPVOID context)
{
    struct list *list = context;
    if (key != list->only)
        list->wrong_key = TRUE;
    return list_add(list, key, block, bytes);
}

static struct list list_make(size_t room)
{
    struct list list = {calloc(room, sizeof(struct listed)), 0, room, 0, NULL, FALSE, 0};
    assert_non_null(list.at);
    return list;
}

static size_t list_times(const struct list *list, HEXPERTKEY key, const void *block)
{
    size_t times = 0;
    for (size_t i = 0; i < list->count && i < list->room; i++)
        times += list->at[i].key == key && list->at[i].block == block;
    return times;
}

static void a_callback_is_required(void **state)
{
    HEXPERTKEY key = contract_open_key(0);
    (void)state;
    expect_code(nm.enum_experts(NULL, NULL), NMERR_INVALID_PARAMETER);
    expect_code(nm.enum_memory(key, NULL, NULL), NMERR_INVALID_PARAMETER);
}

static void memory_of_a_null_or_unknown_key_is_an_invalid_handle(void **state)
{
    struct list list = list_make(1);
    (void)state;
    expect_code(nm.enum_memory(NULL, on_block, &list), NMERR_INVALID_EXPERT_HANDLE);
    expect_code(nm.enum_memory(contract_unknown_key(), on_block, &list),
                NMERR_INVALID_EXPERT_HANDLE);
    assert_int_equal(list.count, 0);
    free(list.at);
}

static void memory_of_a_closed_key_is_terminate(void **state)
{
    HEXPERTKEY key = contract_open_key(0);
    struct list list = list_make(1);
    (void)state;
    must_alloc(key, 10);
    expect_code(nm.close(key, NULL), NMERR_SUCCESS);
    expect_code(nm.enum_memory(key, on_block, &list), NMERR_EXPERT_TERMINATE);
    assert_int_equal(list.count, 0);
    free(list.at);
}

static void memory_of_an_empty_expert_is_success_without_a_callback(void **state)
{
    HEXPERTKEY empty = contract_open_key(0), emptied = contract_implicit_key();
    struct list list = list_make(1);
    (void)state;
    expect_code(nm.enum_memory(empty, on_block, &list), NMERR_SUCCESS);
    expect_code(nm.enum_memory(emptied, on_block, &list), NMERR_SUCCESS);
    assert_int_equal(list.count, 0);
    free(list.at);
}

static void every_live_block_is_listed_once_with_its_size(void **state)
{
    enum { BLOCKS = 3000 };
    HEXPERTKEY key = contract_open_key(0), other = contract_open_key(0);
    void **blocks = calloc(BLOCKS, sizeof *blocks);
    struct list list = list_make(BLOCKS);
    size_t live = 0;
    SIZE_T total = 0;
    (void)state;
    assert_non_null(blocks);
    list.only = key;
    for (SIZE_T i = 0; i < BLOCKS; i++) {
        blocks[i] = must_alloc(key, i % 500 == 499 ? 100000 + i : i % 700);
        must_alloc(other, i % 70);
    }
    for (SIZE_T i = 0; i < BLOCKS; i += 3)
        expect_free(key, blocks[i], NMERR_SUCCESS);
    expect_code(nm.enum_memory(key, on_block, &list), NMERR_SUCCESS);
    assert_false(list.wrong_key);
    for (SIZE_T i = 0; i < BLOCKS; i++)
        if (i % 3 != 0) {
            live++;
            assert_int_equal(list_times(&list, key, blocks[i]), 1);
        }
    assert_int_equal(list.count, live);
    for (size_t i = 0; i < list.count; i++) {
        expect_size(key, list.at[i].block, list.at[i].bytes);
        total += list.at[i].bytes;
    }
    assert_int_equal(contract_usage(key).LiveBlocks, live);
    assert_int_equal(contract_usage(key).LiveBytes, total);
    assert_int_equal(list.thread, GetCurrentThreadId());
    expect_code(nm.close(key, NULL), NMERR_SUCCESS);
    expect_code(nm.close(other, NULL), NMERR_SUCCESS);
    free(list.at);
    free(blocks);
}

static void a_terminated_experts_memory_is_listed(void **state)
{
    HEXPERTKEY key = contract_open_key(0);
    struct list list = list_make(4);
    void *block = must_alloc(key, 123);
    (void)state;
    list.only = key;
    expect_code(nm.terminate(key), NMERR_SUCCESS);
    expect_code(nm.enum_memory(key, on_block, &list), NMERR_SUCCESS);
    assert_int_equal(list.count, 1);
    assert_ptr_equal(list.at[0].block, block);
    assert_int_equal(list.at[0].bytes, 123);
    free(list.at);
}

static void FALSE_from_the_callback_ends_the_list_with_success(void **state)
{
    HEXPERTKEY key = contract_open_key(0);
    (void)state;
    for (int i = 0; i < 10; i++)
        must_alloc(key, 10);
    for (size_t stop = 1; stop <= 10; stop++) {
        struct list list = list_make(16);
        list.only = key;
        list.stop_at = stop;
        expect_code(nm.enum_memory(key, on_block, &list), NMERR_SUCCESS);
        assert_int_equal(list.count, stop);
        free(list.at);
    }
    for (size_t stop = 1; stop <= 2; stop++) {
        struct list list = list_make(16);
        contract_open_key(0);
        list.stop_at = stop;
        expect_code(nm.enum_experts(on_expert, &list), NMERR_SUCCESS);
        assert_int_equal(list.count, stop);
        free(list.at);
    }
}

static void every_key_is_listed_once_closed_ones_included(void **state)
{
    enum { KEYS = 300 };
    HEXPERTKEY keys[KEYS], never = contract_unknown_key();
    struct list list = list_make(20000);
    (void)state;
    for (int i = 0; i < KEYS; i++) {
        keys[i] = i % 2 ? contract_open_key(0) : contract_implicit_key();
        if (i % 3 == 0)
            expect_code(nm.close(keys[i], NULL), NMERR_SUCCESS);
        else if (i % 3 == 1)
            expect_code(nm.terminate(keys[i]), NMERR_SUCCESS);
    }
    expect_code(nm.enum_experts(on_expert, &list), NMERR_SUCCESS);
    assert_true(list.count <= list.room);
    for (int i = 0; i < KEYS; i++)
        assert_int_equal(list_times(&list, keys[i], NULL), 1);
    assert_int_equal(list_times(&list, never, NULL), 0);
    assert_int_equal(list_times(&list, NULL, NULL), 0);
    free(list.at);
}

/* Callbacks that call the DLL. */
enum deed { FREE_IT, GROW_IT, ALLOC_MORE, CLOSE_IT, NEST, HAND_OVER };

struct doer {
    HEXPERTKEY key, other;
    enum deed deed;
    int calls, failures;
};

static BOOL CALLBACK do_deed(HEXPERTKEY key, LPVOID block, SIZE_T bytes, LPVOID context)
{
    struct doer *doer = context;
    int nested = 0;
    doer->calls++;
    switch (doer->deed) {
    case FREE_IT:
        doer->failures += nm.free(key, block) != NMERR_SUCCESS;
        break;
    case GROW_IT:
        doer->failures += nm.realloc(key, block, bytes + 5000, NULL) == NULL;
        break;
    case ALLOC_MORE:
        doer->failures += nm.alloc(key, bytes, NULL) == NULL;
        break;
    case CLOSE_IT:
        doer->failures += nm.close(key, NULL) != NMERR_SUCCESS;
        return FALSE;
    case NEST:
        doer->failures +=
            nm.enum_memory(key, contract_count_block, &nested) != NMERR_SUCCESS || nested != 50;
        break;
    case HAND_OVER:
        doer->failures += nm.transfer(key, doer->other, block) != NMERR_SUCCESS;
        break;
    }
    return TRUE;
}

static void a_memory_callback_may_change_what_is_listed(void **state)
{
    static const enum deed deeds[] = {FREE_IT, GROW_IT, ALLOC_MORE, CLOSE_IT, NEST, HAND_OVER};
    (void)state;
    for (size_t d = 0; d < CONTRACT_COUNT(deeds); d++) {
        struct doer doer = {contract_open_key(0), contract_open_key(0), deeds[d], 0, 0};
        for (SIZE_T i = 0; i < 50; i++)
            must_alloc(doer.key, i * 20 + (i % 10 == 0 ? 50000 : 0));
        expect_code(nm.enum_memory(doer.key, do_deed, &doer), NMERR_SUCCESS);
        assert_int_equal(doer.failures, 0);
        assert_int_equal(doer.calls, deeds[d] == CLOSE_IT ? 1 : 50); /* the blocks of one moment */
        if (deeds[d] == FREE_IT || deeds[d] == HAND_OVER)
            assert_int_equal(contract_usage(doer.key).LiveBlocks, 0);
        if (deeds[d] == HAND_OVER)
            assert_int_equal(contract_usage(doer.other).LiveBlocks, 50);
        if (deeds[d] == ALLOC_MORE)
            assert_int_equal(contract_usage(doer.key).LiveBlocks, 100);
        if (deeds[d] == CLOSE_IT)
            assert_int_equal(contract_usage(doer.key).State, NMAPI_STATE_CLOSED);
    }
}

static BOOL CALLBACK meddle(HEXPERTKEY key, LPVOID context)
{
    struct doer *doer = context;
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    int blocks = 0;
    doer->calls++;
    doer->failures += nm.query(key, &usage) != NMERR_SUCCESS;
    if (usage.State != NMAPI_STATE_CLOSED)
        doer->failures += nm.enum_memory(key, contract_count_block, &blocks) != NMERR_SUCCESS ||
                          (SIZE_T)blocks != usage.LiveBlocks;
    if (doer->calls < 50) /* the list grows while it is being read */
        doer->failures += nm.alloc(contract_unknown_key(), 10, NULL) == NULL;
    if (key == doer->key)
        doer->failures += nm.close(key, NULL) != NMERR_SUCCESS;
    return TRUE;
}

static void an_expert_callback_may_open_close_and_list(void **state)
{
    struct doer doer = {contract_open_key(0), NULL, NEST, 0, 0};
    (void)state;
    must_alloc(doer.key, 100);
    expect_code(nm.enum_experts(meddle, &doer), NMERR_SUCCESS);
    assert_int_equal(doer.failures, 0);
    assert_int_equal(contract_usage(doer.key).State, NMAPI_STATE_CLOSED);
}

/* The callback waits for another thread's call, so no lock may be held meanwhile. */
static DWORD WINAPI use_the_same_key(LPVOID argument)
{
    HEXPERTKEY key = argument;
    void *block = nm.alloc(key, 100, NULL);
    return block != NULL && nm.free(key, block) == NMERR_SUCCESS &&
           nm.alloc(contract_unknown_key(), 10, NULL) != NULL;
}

static BOOL another_thread_uses(HEXPERTKEY key)
{
    HANDLE thread = CreateThread(NULL, 0, use_the_same_key, key, 0, NULL);
    DWORD code = 0;
    if (thread == NULL)
        return FALSE;
    if (WaitForSingleObject(thread, CONTRACT_PATIENCE) != WAIT_OBJECT_0 ||
        !GetExitCodeThread(thread, &code))
        code = FALSE;
    CloseHandle(thread);
    return code == TRUE;
}

static BOOL CALLBACK wait_at_a_block(HEXPERTKEY key, LPVOID block, SIZE_T bytes, LPVOID done)
{
    (void)block;
    (void)bytes;
    *(BOOL *)done = another_thread_uses(key);
    return FALSE;
}

static BOOL CALLBACK wait_at_an_expert(HEXPERTKEY key, LPVOID wanted)
{
    if (key != *(HEXPERTKEY *)wanted)
        return TRUE;
    if (another_thread_uses(key))
        *(HEXPERTKEY *)wanted = NULL;
    return FALSE;
}

static void a_callback_runs_under_no_lock(void **state)
{
    HEXPERTKEY key = contract_open_key(0);
    BOOL done = FALSE;
    (void)state;
    must_alloc(key, 10);
    expect_code(nm.enum_memory(key, wait_at_a_block, &done), NMERR_SUCCESS);
    assert_true(done);
    expect_code(nm.enum_experts(wait_at_an_expert, &key), NMERR_SUCCESS);
    assert_null(key);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_callback_is_required),
        cmocka_unit_test(memory_of_a_null_or_unknown_key_is_an_invalid_handle),
        cmocka_unit_test(memory_of_a_closed_key_is_terminate),
        cmocka_unit_test(memory_of_an_empty_expert_is_success_without_a_callback),
        cmocka_unit_test(every_live_block_is_listed_once_with_its_size),
        cmocka_unit_test(a_terminated_experts_memory_is_listed),
        cmocka_unit_test(FALSE_from_the_callback_ends_the_list_with_success),
        cmocka_unit_test(every_key_is_listed_once_closed_ones_included),
        cmocka_unit_test(a_memory_callback_may_change_what_is_listed),
        cmocka_unit_test(an_expert_callback_may_open_close_and_list),
        cmocka_unit_test(a_callback_runs_under_no_lock),
    };
    contract_load(argc, argv);
    return cmocka_run_group_tests_name("host enumerations", tests, NULL, NULL) != 0;
}
