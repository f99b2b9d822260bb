/*
 * test_threads.c - any function from any thread at any time: keys of one thread, shared keys, keys
 * that move from thread to thread.
 */
#include "contract.h"

enum { THREADS = 4, MILLISECONDS = 1000 };

/* Whether there is time for another round. The first one always runs: on a busy machine the time
   may be over before a thread begins. */
static BOOL time_left(DWORD until)
{
    return (LONG)(until - GetTickCount()) > 0;
}

struct worker {
    HEXPERTKEY key;
    uint32_t seed;
    DWORD until;
    LONG rounds, failures, first_failure;
};

static void note(struct worker *worker, BOOL good, int line)
{
    if (!good && worker->failures++ == 0)
        worker->first_failure = line;
}
#define CHECK(good) note(worker, (good), __LINE__)

/* Keeps a set of blocks with patterns and checks each before it changes it. */
static DWORD WINAPI churn(LPVOID argument)
{
    struct worker *worker = argument;
    struct {
        void *block;
        SIZE_T bytes;
        uint32_t seed;
    } held[100];
    uint32_t random = worker->seed;

    memset(held, 0, sizeof held);
    do {
        for (int i = 0; i < 200; i++, worker->rounds++) {
            uint32_t which = content_random(&random) % CONTRACT_COUNT(held);
            uint32_t kind = content_random(&random);
            SIZE_T bytes = content_random(&random) % (kind % 50 == 0 ? 80000 : 400);
            DWORD error = CONTRACT_UNSET;
            if (held[which].block == NULL) {
                held[which].block = nm.alloc(worker->key, bytes, &error);
                CHECK(held[which].block != NULL && error == NMERR_SUCCESS);
                if (held[which].block == NULL)
                    continue;
                CHECK(content_is_zero(held[which].block, bytes));
            } else {
                SIZE_T old = held[which].bytes;
                CHECK(content_holds(held[which].block, old, held[which].seed));
                CHECK(nm.size(worker->key, held[which].block) == old);
                if (kind % 3 == 0) {
                    CHECK(nm.free(worker->key, held[which].block) == NMERR_SUCCESS);
                    held[which].block = NULL;
                    continue;
                }
                held[which].block = nm.realloc(worker->key, held[which].block, bytes, &error);
                CHECK(held[which].block != NULL && error == NMERR_SUCCESS);
                if (held[which].block == NULL)
                    continue;
                if (bytes > old)
                    CHECK(content_is_zero((char *)held[which].block + old, bytes - old));
            }
            held[which].bytes = bytes;
            held[which].seed = kind;
            content_fill(held[which].block, bytes, kind);
        }
    } while (time_left(worker->until));
    for (size_t i = 0; i < CONTRACT_COUNT(held); i++)
        if (held[i].block != NULL) {
            CHECK(content_holds(held[i].block, held[i].bytes, held[i].seed));
            CHECK(nm.free(worker->key, held[i].block) == NMERR_SUCCESS);
        }
    return 0;
}

static void run_churn(const HEXPERTKEY *keys, int count)
{
    struct worker workers[THREADS];
    HANDLE threads[THREADS];
    DWORD until = GetTickCount() + MILLISECONDS;

    for (int i = 0; i < count; i++) {
        workers[i] = (struct worker){keys[i], contract_seed + (uint32_t)i, until, 0, 0, 0};
        threads[i] = contract_start(churn, &workers[i]);
    }
    for (int i = 0; i < count; i++)
        contract_join(threads[i]);
    for (int i = 0; i < count; i++) {
        if (workers[i].failures != 0)
            print_error("thread %d: %ld failures, the first in line %ld\n", i,
                        (long)workers[i].failures, (long)workers[i].first_failure);
        assert_int_equal(workers[i].failures, 0);
        assert_true(workers[i].rounds > 0);
        assert_int_equal(contract_usage(keys[i]).LiveBlocks, 0);
        assert_int_equal(contract_usage(keys[i]).LiveBytes, 0);
        assert_int_equal(contract_usage(keys[i]).Refused, 0);
    }
}

static void threads_work_under_keys_of_their_own(void **state)
{
    HEXPERTKEY keys[THREADS];
    (void)state;
    for (int i = 0; i < THREADS; i++)
        keys[i] = i % 2 ? contract_open_key(0) : contract_unknown_key();
    run_churn(keys, THREADS);
}

static void threads_share_a_key_that_the_host_opened(void **state)
{
    HEXPERTKEY key = contract_open_key(0);
    HEXPERTKEY keys[THREADS] = {key, key, key, key};
    (void)state;
    run_churn(keys, 2);
    run_churn(keys, THREADS);
    expect_code(nm.close(key, NULL), NMERR_SUCCESS);
}

static void threads_share_an_implicit_key_from_its_first_call(void **state)
{
    HEXPERTKEY key = contract_unknown_key();
    HEXPERTKEY keys[THREADS] = {key, key, key, key};
    (void)state;
    run_churn(keys, THREADS);
    assert_int_equal(contract_usage(key).Flags, NMAPI_USAGE_IMPLICIT);
}

static void two_keys_are_each_shared_by_two_threads(void **state)
{
    HEXPERTKEY a = contract_open_key(0), b = contract_unknown_key();
    HEXPERTKEY keys[THREADS] = {a, b, a, b};
    (void)state;
    run_churn(keys, THREADS);
}

/* First calls with the same unknown key at the same moment open one expert. */
struct first_call {
    HEXPERTKEY key;
    HANDLE go;
    void *block;
};

static DWORD WINAPI call_first(LPVOID argument)
{
    struct first_call *call = argument;
    if (WaitForSingleObject(call->go, CONTRACT_PATIENCE) == WAIT_OBJECT_0)
        call->block = nm.alloc(call->key, 100, NULL);
    return 0;
}

static void a_key_first_used_by_many_threads_at_once_is_one_expert(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        struct first_call calls[THREADS];
        HANDLE threads[THREADS], go = CreateEventA(NULL, TRUE, FALSE, NULL);
        HEXPERTKEY key = contract_unknown_key();
        for (int i = 0; i < THREADS; i++) {
            calls[i] = (struct first_call){key, go, NULL};
            threads[i] = contract_start(call_first, &calls[i]);
        }
        SetEvent(go);
        for (int i = 0; i < THREADS; i++)
            contract_join(threads[i]);
        assert_int_equal(contract_usage(key).LiveBlocks, THREADS);
        for (int i = 0; i < THREADS; i++) {
            expect_size(key, calls[i].block, 100);
            expect_free(key, calls[i].block, NMERR_SUCCESS);
        }
        CloseHandle(go);
    }
}

/* Two threads take turns: each checks what the other left. */
struct turns {
    HEXPERTKEY key;
    HANDLE mine, yours;
    void **blocks;
    BOOL first;
    LONG failures;
};

enum { TURNS = 300, TURN_BLOCKS = 10 };

static DWORD WINAPI take_turns(LPVOID argument)
{
    struct turns *turns = argument;
    for (int round = 0; round < TURNS; round++) {
        if (WaitForSingleObject(turns->mine, CONTRACT_PATIENCE) != WAIT_OBJECT_0) {
            turns->failures++;
            break;
        }
        for (SIZE_T i = 0; i < TURN_BLOCKS; i++) {
            void *old = turns->blocks[i];
            if (old != NULL &&
                (nm.size(turns->key, old) != i * 300 || !content_holds(old, i * 300, (uint32_t)i) ||
                 nm.free(turns->key, old) != NMERR_SUCCESS))
                turns->failures++;
            turns->blocks[i] = nm.alloc(turns->key, i * 300, NULL);
            if (turns->blocks[i] == NULL || !content_is_zero(turns->blocks[i], i * 300))
                turns->failures++;
            else
                content_fill(turns->blocks[i], i * 300, (uint32_t)i);
        }
        SetEvent(turns->yours);
    }
    return 0;
}

static void a_key_moves_back_and_forth_between_threads(void **state)
{
    HANDLE events[2] = {CreateEventA(NULL, FALSE, TRUE, NULL),
                        CreateEventA(NULL, FALSE, FALSE, NULL)};
    void *blocks[TURN_BLOCKS] = {NULL};
    HEXPERTKEY key = contract_open_key(0);
    struct turns turns[2] = {{key, events[0], events[1], blocks, TRUE, 0},
                             {key, events[1], events[0], blocks, FALSE, 0}};
    HANDLE threads[2];
    (void)state;
    for (int i = 0; i < 2; i++)
        threads[i] = contract_start(take_turns, &turns[i]);
    for (int i = 0; i < 2; i++)
        contract_join(threads[i]);
    assert_int_equal(turns[0].failures + turns[1].failures, 0);
    assert_int_equal(contract_usage(key).LiveBlocks, TURN_BLOCKS);
    assert_int_equal(contract_usage(key).Allocations, 2 * TURNS * TURN_BLOCKS);
    CloseHandle(events[0]);
    CloseHandle(events[1]);
}

/* Configure on one thread, Run on the next: each thread ends before the other begins. */
static DWORD WINAPI one_of_many(LPVOID argument)
{
    struct turns *turns = argument;
    void *old = turns->blocks[0];
    if (old != NULL && (!content_holds(old, 1000, 3) || nm.free(turns->key, old) != NMERR_SUCCESS))
        turns->failures++;
    turns->blocks[0] = nm.alloc(turns->key, 1000, NULL);
    if (turns->blocks[0] == NULL)
        turns->failures++;
    else
        content_fill(turns->blocks[0], 1000, 3);
    return 0;
}

static void a_key_outlives_the_threads_that_used_it(void **state)
{
    void *block = NULL;
    struct turns turns = {contract_unknown_key(), NULL, NULL, &block, FALSE, 0};
    (void)state;
    for (int i = 0; i < 300; i++)
        contract_join(contract_start(one_of_many, &turns));
    assert_int_equal(turns.failures, 0);
    assert_true(content_holds(block, 1000, 3));
    expect_free(turns.key, block, NMERR_SUCCESS);
    assert_int_equal(contract_usage(turns.key).Allocations, 300);
}

/* One thread allocates and fills, the other checks and frees. */
enum { RING = 64 };

struct ring {
    HEXPERTKEY maker, taker; /* the same key twice, or two implicit experts */
    void *volatile slots[RING];
    DWORD until;
    volatile LONG done;
    LONG passed, failures;
};

static DWORD WINAPI make(LPVOID argument)
{
    struct ring *ring = argument;
    uint32_t count = 0;
    do {
        void *volatile *slot = &ring->slots[count % RING];
        SIZE_T bytes = 1 + count % 500;
        void *block;
        if (*slot != NULL) {
            Sleep(0);
            continue;
        }
        block = nm.alloc(ring->maker, bytes, NULL);
        if (block == NULL || !content_is_zero(block, bytes)) {
            ring->failures++;
            break;
        }
        content_fill(block, bytes, count);
        InterlockedExchangePointer((PVOID volatile *)slot, block);
        count++;
    } while (time_left(ring->until));
    InterlockedExchange(&ring->done, 1);
    return 0;
}

static DWORD WINAPI take(LPVOID argument)
{
    struct ring *ring = argument;
    uint32_t count = 0;
    for (;;) {
        void *volatile *slot = &ring->slots[count % RING];
        void *block = *slot;
        if (block == NULL) {
            if (ring->done && *slot == NULL)
                break;
            Sleep(0);
            continue;
        }
        if (!content_holds(block, 1 + count % 500, count) ||
            nm.size(ring->maker, block) != 1 + count % 500 ||
            nm.free(ring->taker, block) != NMERR_SUCCESS)
            ring->failures++;
        InterlockedExchangePointer((PVOID volatile *)slot, NULL);
        count++;
    }
    ring->passed = (LONG)count;
    return 0;
}

static void pass_through_ring(HEXPERTKEY maker, HEXPERTKEY taker)
{
    static struct ring ring;
    HANDLE threads[2];
    memset(&ring, 0, sizeof ring);
    ring.maker = maker;
    ring.taker = taker;
    ring.until = GetTickCount() + MILLISECONDS;
    threads[0] = contract_start(make, &ring);
    threads[1] = contract_start(take, &ring);
    contract_join(threads[0]);
    contract_join(threads[1]);
    assert_int_equal(ring.failures, 0);
    assert_true(ring.passed > 0);
    assert_int_equal(contract_usage(maker).LiveBlocks, 0);
    assert_int_equal(contract_usage(maker).Allocations, ring.passed);
    assert_int_equal(contract_usage(maker).Frees, ring.passed);
}

static void one_thread_frees_what_another_allocated(void **state)
{
    HEXPERTKEY key = contract_open_key(0);
    (void)state;
    pass_through_ring(key, key);
}

static void one_thread_frees_anothers_legacy_blocks_by_its_own_key(void **state)
{
    (void)state;
    pass_through_ring(contract_unknown_key(), contract_implicit_key());
}

/* Threads at their expert's limit: together they never exceed it. */
struct greedy {
    HEXPERTKEY key;
    DWORD until;
    LONG refused, failures;
};

static DWORD WINAPI be_greedy(LPVOID argument)
{
    struct greedy *greedy = argument;
    void *blocks[10];
    do {
        DWORD error = CONTRACT_UNSET;
        for (int i = 0; i < 10; i++) {
            blocks[i] = nm.alloc(greedy->key, 100, &error);
            if (blocks[i] == NULL) {
                greedy->refused++;
                greedy->failures += error != NMERR_OUT_OF_MEMORY;
            }
        }
        for (int i = 0; i < 10; i++)
            greedy->failures += blocks[i] && nm.free(greedy->key, blocks[i]) != NMERR_SUCCESS;
    } while (time_left(greedy->until));
    return 0;
}

static void a_limit_holds_for_all_threads_together(void **state)
{
    const SIZE_T limit = 1500;
    HEXPERTKEY key = contract_open_key(limit);
    struct greedy greedy[3];
    HANDLE threads[3];
    DWORD until = GetTickCount() + MILLISECONDS;
    (void)state;
    for (int i = 0; i < 3; i++) {
        greedy[i] = (struct greedy){key, until, 0, 0};
        threads[i] = contract_start(be_greedy, &greedy[i]);
    }
    do {
        assert_true(contract_usage(key).LiveBytes <= limit);
        Sleep(1);
    } while (time_left(until));
    for (int i = 0; i < 3; i++) {
        contract_join(threads[i]);
        assert_int_equal(greedy[i].failures, 0);
    }
    assert_true(contract_usage(key).PeakBytes <= limit);
    assert_int_equal(contract_usage(key).LiveBytes, 0);
    assert_int_equal(contract_usage(key).Refused,
                     greedy[0].refused + greedy[1].refused + greedy[2].refused);
}

/* A host that queries and lists meanwhile. */
static BOOL CALLBACK sum_block(HEXPERTKEY key, LPVOID block, SIZE_T bytes, LPVOID context)
{
    (void)key;
    *(BOOL *)context &= block != NULL && bytes <= 80000;
    return TRUE;
}

static BOOL CALLBACK query_expert(HEXPERTKEY key, LPVOID context)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    *(BOOL *)context &= nm.query(key, &usage) == NMERR_SUCCESS;
    return TRUE;
}

static void a_host_looks_on_while_experts_run(void **state)
{
    struct worker workers[2];
    HANDLE threads[2];
    BOOL good = TRUE;
    DWORD until = GetTickCount() + MILLISECONDS;
    (void)state;
    for (int i = 0; i < 2; i++) {
        workers[i] = (struct worker){contract_open_key(0), (uint32_t)i + 5, until, 0, 0, 0};
        threads[i] = contract_start(churn, &workers[i]);
    }
    do {
        for (int i = 0; i < 2; i++) {
            NMAPI_EXPERT_USAGE usage = contract_usage(workers[i].key);
            assert_int_equal(usage.State, NMAPI_STATE_OPEN);
            assert_true(usage.LiveBlocks <= 101);
            expect_code(nm.enum_memory(workers[i].key, sum_block, &good), NMERR_SUCCESS);
            expect_code(nm.enum_experts(query_expert, &good), NMERR_SUCCESS);
            assert_true(good);
        }
    } while (time_left(until));
    for (int i = 0; i < 2; i++) {
        contract_join(threads[i]);
        assert_int_equal(workers[i].failures, 0);
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_work_under_keys_of_their_own),
        cmocka_unit_test(threads_share_a_key_that_the_host_opened),
        cmocka_unit_test(threads_share_an_implicit_key_from_its_first_call),
        cmocka_unit_test(two_keys_are_each_shared_by_two_threads),
        cmocka_unit_test(a_key_first_used_by_many_threads_at_once_is_one_expert),
        cmocka_unit_test(a_key_moves_back_and_forth_between_threads),
        cmocka_unit_test(a_key_outlives_the_threads_that_used_it),
        cmocka_unit_test(one_thread_frees_what_another_allocated),
        cmocka_unit_test(one_thread_frees_anothers_legacy_blocks_by_its_own_key),
        cmocka_unit_test(a_limit_holds_for_all_threads_together),
        cmocka_unit_test(a_host_looks_on_while_experts_run),
    };
    contract_load(argc, argv);
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL) != 0;
}
