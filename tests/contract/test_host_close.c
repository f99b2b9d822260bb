/*
 * test_host_close.c - the bulk free: all memory is released, whatever the expert's threads are
 * doing, and no other expert is affected.
 */
#include "contract.h"

#include <stdlib.h>

/* Another expert: its content must survive whatever happens to others. */
struct bystander {
    HEXPERTKEY key;
    void *blocks[60];
};

static SIZE_T bystander_bytes(SIZE_T i)
{
    return i % 20 == 19 ? 90000 : i * 40;
}

static struct bystander *bystander_make(BOOL implicit)
{
    struct bystander *bystander = calloc(1, sizeof *bystander);
    assert_non_null(bystander);
    bystander->key = implicit ? contract_implicit_key() : contract_open_key(0);
    for (SIZE_T i = 0; i < CONTRACT_COUNT(bystander->blocks); i++) {
        bystander->blocks[i] = must_alloc(bystander->key, bystander_bytes(i));
        content_fill(bystander->blocks[i], bystander_bytes(i), (uint32_t)i + 40);
    }
    return bystander;
}

static void bystander_check(struct bystander *bystander)
{
    for (SIZE_T i = 0; i < CONTRACT_COUNT(bystander->blocks); i++) {
        assert_true(content_holds(bystander->blocks[i], bystander_bytes(i), (uint32_t)i + 40));
        expect_size(bystander->key, bystander->blocks[i], bystander_bytes(i));
    }
    assert_int_equal(contract_usage(bystander->key).LiveBlocks, CONTRACT_COUNT(bystander->blocks));
    expect_free(bystander->key, must_alloc(bystander->key, 500), NMERR_SUCCESS);
}

static void bystander_end(struct bystander *bystander)
{
    bystander_check(bystander);
    expect_code(nm.close(bystander->key, NULL), NMERR_SUCCESS);
    free(bystander);
}

static void close_gives_back_everything(void **state)
{
    enum { ROUNDS = 5, SMALL = 20000, LARGE = 40 };
    struct bystander *opened = bystander_make(FALSE), *implicit = bystander_make(TRUE);
    SIZE_T before = contract_committed();
    char **pages = calloc(SMALL + LARGE, sizeof *pages);
    (void)state;
    assert_non_null(pages);
    for (int round = 0; round < ROUNDS; round++) {
        HEXPERTKEY key = round % 2 ? contract_open_key(0) : contract_unknown_key();
        SIZE_T readable = 0;
        for (SIZE_T i = 0; i < SMALL + LARGE; i++) {
            SIZE_T bytes = i < SMALL ? i % 900 : 300000 + i;
            pages[i] = nm.alloc(key, bytes, NULL);
            assert_non_null(pages[i]);
            memset(pages[i], 0xFF, bytes);
        }
        assert_true(contract_committed() > before + 18u * (1u << 20));
        expect_code(nm.close(key, NULL), NMERR_SUCCESS);
        assert_true(contract_trimmed() <= before + CONTRACT_KEPT);
        for (SIZE_T i = 0; i < SMALL + LARGE; i += 16)
            readable += contract_readable(pages[i]) ? 1 : 0;
        assert_true(readable * 16 < (SMALL + LARGE) / 2); /* little is kept */
        bystander_check(opened);
        bystander_check(implicit);
    }
    free(pages);
    bystander_end(opened);
    bystander_end(implicit);
}

static void large_blocks_are_no_longer_there(void **state)
{
    HEXPERTKEY key = contract_open_key(0);
    char *blocks[8];
    (void)state;
    for (int i = 0; i < 8; i++)
        blocks[i] = must_alloc(key, 16u << 20);
    expect_code(nm.close(key, NULL), NMERR_SUCCESS);
    for (int i = 0; i < 8; i++)
        assert_false(contract_readable(blocks[i] + (8u << 20)));
}

/* An expert at work: it calls until it is told to stop, and never touches its memory, which may be
   released at any moment. */
struct worker {
    HEXPERTKEY key;
    HANDLE working;
    uint32_t seed;
    volatile LONG calls;
    volatile DWORD answer; /* what ended it */
};

static DWORD WINAPI work(LPVOID argument)
{
    struct worker *worker = argument;
    uint32_t random = worker->seed;
    void *blocks[64] = {NULL};
    DWORD error = NMERR_SUCCESS;

    for (;;) {
        uint32_t which = content_random(&random) % CONTRACT_COUNT(blocks);
        uint32_t kind = content_random(&random) % 100;
        SIZE_T bytes = content_random(&random) % (kind < 2 ? 300000 : kind < 10 ? 20000 : 500);
        if (blocks[which] == NULL) {
            blocks[which] = nm.alloc(worker->key, bytes, &error);
        } else if (kind % 3 == 0) {
            void *moved = nm.realloc(worker->key, blocks[which], bytes, &error);
            if (moved != NULL)
                blocks[which] = moved;
        } else {
            error = nm.free(worker->key, blocks[which]);
            blocks[which] = NULL;
        }
        if (++worker->calls == 200)
            SetEvent(worker->working);
        if (error != NMERR_SUCCESS)
            break;
    }
    worker->answer = error;
    SetEvent(worker->working);
    return error;
}

static HANDLE worker_start(struct worker *worker, HEXPERTKEY key, uint32_t seed)
{
    HANDLE thread;
    worker->key = key;
    worker->working = CreateEventA(NULL, TRUE, FALSE, NULL);
    worker->seed = seed;
    worker->calls = 0;
    worker->answer = CONTRACT_UNSET;
    thread = contract_start(work, worker);
    contract_await(worker->working);
    return thread;
}

static void worker_end(struct worker *worker)
{
    CloseHandle(worker->working);
}

/* A close that hangs must fail the test, not stop it. */
struct closing {
    HEXPERTKEY key;
    DWORD code;
    NMAPI_EXPERT_USAGE usage;
};

static DWORD WINAPI do_close(LPVOID argument)
{
    struct closing *closing = argument;
    memset(&closing->usage, 0, sizeof closing->usage);
    closing->usage.cbSize = sizeof closing->usage;
    closing->code = nm.close(closing->key, &closing->usage);
    return 0;
}

static HANDLE suspended; /* what a close that hangs may be waiting for */

static void close_in_time_at(HEXPERTKEY key, NMAPI_EXPERT_USAGE *usage, int line)
{
    static struct closing closing;
    HANDLE thread;
    closing.key = key;
    closing.code = CONTRACT_UNSET;
    thread = contract_start(do_close, &closing);
    if (WaitForSingleObject(thread, CONTRACT_PATIENCE) != WAIT_OBJECT_0) {
        print_error("NmapiCloseExpert did not return within a minute\n");
        if (suspended != NULL)
            ResumeThread(suspended);
        WaitForSingleObject(thread, 10000);
        _fail(__FILE__, line);
    }
    CloseHandle(thread);
    _assert_int_equal(closing.code, NMERR_SUCCESS, __FILE__, line);
    if (usage != NULL)
        *usage = closing.usage;
}
#define close_in_time(key, usage) close_in_time_at((key), (usage), __LINE__)

static void terminate_reaches_running_threads(void **state)
{
    (void)state;
    for (int count = 1; count <= 3; count++) {
        HEXPERTKEY key = contract_open_key(0);
        static struct worker workers[3]; /* static: outlives a failure */
        HANDLE threads[3];
        for (int i = 0; i < count; i++)
            threads[i] = worker_start(&workers[i], key, (uint32_t)i + 1);
        expect_code(nm.terminate(key), NMERR_SUCCESS);
        for (int i = 0; i < count; i++) {
            assert_int_equal(contract_join(threads[i]), NMERR_EXPERT_TERMINATE);
            worker_end(&workers[i]);
        }
        assert_int_equal(contract_usage(key).State, NMAPI_STATE_TERMINATED);
        assert_int_equal(contract_usage(key).Flags, 0); /* terminated, not damaged */
        expect_code(nm.close(key, NULL), NMERR_SUCCESS);
    }
}

static void close_works_with_threads_inside(void **state)
{
    struct bystander *bystander = bystander_make(FALSE);
    SIZE_T before = contract_committed();
    (void)state;
    for (int round = 0; round < 60; round++) {
        HEXPERTKEY key = round % 3 ? contract_open_key(0) : contract_unknown_key();
        static struct worker workers[3]; /* static: outlives a failure */
        HANDLE threads[3];
        int count = round % 3 + 1;
        for (int i = 0; i < count; i++)
            threads[i] = worker_start(&workers[i], key, (uint32_t)(round * 3 + i + 1));
        close_in_time(key, NULL);
        assert_int_equal(contract_usage(key).CommittedBytes, 0);
        for (int i = 0; i < count; i++) {
            assert_int_equal(contract_join(threads[i]), NMERR_EXPERT_TERMINATE);
            worker_end(&workers[i]);
        }
        assert_int_equal(contract_usage(key).CommittedBytes, 0);
    }
    assert_true(contract_trimmed() <= before + 2 * CONTRACT_KEPT);
    bystander_end(bystander);
}

static void two_closes_at_once_close_once(void **state)
{
    (void)state;
    for (int round = 0; round < 100; round++) {
        HEXPERTKEY key = contract_open_key(0);
        struct closing closing[2] = {{key, CONTRACT_UNSET, {0}}, {key, CONTRACT_UNSET, {0}}};
        HANDLE threads[2];
        must_alloc(key, 1000);
        for (int i = 0; i < 2; i++)
            threads[i] = contract_start(do_close, &closing[i]);
        for (int i = 0; i < 2; i++)
            contract_join(threads[i]);
        assert_int_equal(closing[0].code + closing[1].code, NMERR_SUCCESS + NMERR_EXPERT_TERMINATE);
    }
}

static void close_while_suspended(struct worker *worker, HANDLE *thread, int round)
{
    HEXPERTKEY key = contract_open_key(0);
    *thread = worker_start(worker, key, (uint32_t)round + 1);
    SuspendThread(*thread);
    suspended = *thread;
    close_in_time(key, NULL);
    suspended = NULL;
    assert_int_equal(contract_usage(key).State, NMAPI_STATE_CLOSED);
    assert_int_equal(contract_usage(key).CommittedBytes, 0);
}

static void close_works_with_a_suspended_thread(void **state)
{
    struct bystander *bystander = bystander_make(FALSE);
    (void)state;
    for (int round = 0; round < 100; round++) {
        static struct worker worker; /* static: outlives a failure */
        HANDLE thread;
        close_while_suspended(&worker, &thread, round);
        bystander_check(bystander);
        process_kill(thread, 99);
        contract_join(thread);
        worker_end(&worker);
    }
    bystander_end(bystander);
}

/* The thread resumes in the middle of a call, for an expert that is closed. */
static void a_suspended_thread_may_come_back_after_the_close(void **state)
{
    struct bystander *bystander = bystander_make(FALSE);
    (void)state;
    for (int round = 0; round < 100; round++) {
        static struct worker worker; /* static: outlives a failure */
        HANDLE thread;
        close_while_suspended(&worker, &thread, round + 500);
        ResumeThread(thread);
        assert_int_equal(contract_join(thread), NMERR_EXPERT_TERMINATE);
        worker_end(&worker);
        bystander_check(bystander);
    }
    bystander_end(bystander);
}

static void close_works_with_a_killed_thread(void **state)
{
    enum { KILLED = 200 };
    struct bystander *opened = bystander_make(FALSE), *implicit = bystander_make(TRUE);
    SIZE_T stacks = contract_left_by_killed_threads(KILLED), before = contract_committed();
    (void)state;
    for (int round = 0; round < KILLED; round++) {
        HEXPERTKEY key = round % 2 ? contract_open_key(0) : contract_unknown_key();
        static struct worker worker; /* static: outlives a failure */
        HANDLE thread = worker_start(&worker, key, (uint32_t)round + 1);
        NMAPI_EXPERT_USAGE usage;
        for (volatile int wait = 0; wait < round * 50; wait++) {
        }
        process_kill(thread, 99);
        assert_int_equal(contract_join(thread), 99);
        worker_end(&worker);
        usage = contract_usage(key);
        assert_int_equal(usage.State, NMAPI_STATE_OPEN);
        close_in_time(key, &usage);
        assert_int_equal(usage.State, NMAPI_STATE_CLOSED);
        assert_int_equal(usage.CommittedBytes, 0);
        expect_no_alloc(key, 10, NMERR_EXPERT_TERMINATE);
        if (round % 20 == 0) {
            bystander_check(opened);
            bystander_check(implicit);
        }
    }
    assert_true(contract_trimmed() <= before + stacks + 2 * CONTRACT_KEPT);
    bystander_end(opened);
    bystander_end(implicit);
}

static void a_killed_thread_does_not_stop_the_keys_other_threads(void **state)
{
    (void)state;
    for (int round = 0; round < 30; round++) {
        HEXPERTKEY key = contract_open_key(0);
        static struct worker victim, other; /* static: outlives a failure */
        HANDLE dead = worker_start(&victim, key, (uint32_t)round + 1);
        HANDLE alive = worker_start(&other, key, (uint32_t)round + 77);
        DWORD since;
        LONG calls;
        process_kill(dead, 99);
        contract_join(dead);
        calls = other.calls;
        since = GetTickCount();
        while (other.calls == calls && other.answer == CONTRACT_UNSET &&
               GetTickCount() - since < CONTRACT_PATIENCE)
            Sleep(5);
        assert_int_equal(other.answer, CONTRACT_UNSET); /* nobody told it to stop */
        assert_true(other.calls != calls);              /* and it does not hang */
        close_in_time(key, NULL);
        assert_int_equal(contract_join(alive), NMERR_EXPERT_TERMINATE);
        worker_end(&victim);
        worker_end(&other);
    }
}

/* Wherever the thread was killed, its expert is neither lost nor terminated. */
static void an_expert_works_on_after_a_thread_of_its_was_killed(void **state)
{
    (void)state;
    for (int round = 0; round < 60; round++) {
        HEXPERTKEY key = contract_open_key(0), taker = contract_open_key(0);
        void *block = must_alloc(key, 100);
        NMAPI_EXPERT_USAGE usage, leaked;
        static struct worker worker; /* static: outlives a failure */
        HANDLE thread = worker_start(&worker, key, (uint32_t)round + 1);
        int listed = 0;
        content_fill(block, 100, 5);
        process_kill(thread, 99);
        contract_join(thread);
        worker_end(&worker);
        expect_free(key, must_alloc(key, 500), NMERR_SUCCESS);
        expect_free(key, must_realloc(key, must_alloc(key, 500), 50000), NMERR_SUCCESS);
        usage = contract_usage(key);
        assert_int_equal(usage.State, NMAPI_STATE_OPEN);
        expect_code(nm.enum_memory(key, contract_count_block, &listed), NMERR_SUCCESS);
        assert_int_equal(listed, usage.LiveBlocks); /* a half-made block: in both or in neither */
        expect_size(key, block, 100);
        assert_true(content_holds(block, 100, 5));
        expect_code(nm.transfer(key, taker, block), NMERR_SUCCESS);
        close_in_time(key, &leaked);
        assert_int_equal(leaked.LiveBlocks, usage.LiveBlocks - 1);
        assert_int_equal(leaked.LiveBytes, usage.LiveBytes - 100);
        assert_true(content_holds(block, 100, 5));
        expect_code(nm.open(key, NULL), NMERR_SUCCESS); /* and the key can be used again */
        expect_free(key, must_alloc(key, 10), NMERR_SUCCESS);
        expect_code(nm.close(key, NULL), NMERR_SUCCESS);
        expect_code(nm.close(taker, NULL), NMERR_SUCCESS);
    }
}

static void a_dead_experts_memory_is_not_given_to_another_with_its_content(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        HEXPERTKEY key = contract_open_key(0), next;
        static struct worker worker; /* static: outlives a failure */
        HANDLE thread;
        for (int i = 0; i < 100; i++)
            memset(must_alloc(key, 500), 0xFF, 500);
        thread = worker_start(&worker, key, (uint32_t)round + 1);
        process_kill(thread, 99);
        contract_join(thread);
        worker_end(&worker);
        close_in_time(key, NULL);
        next = contract_open_key(0);
        for (int i = 0; i < 400; i++)
            must_alloc(next, 500); /* checks the zeroes */
        expect_code(nm.close(next, NULL), NMERR_SUCCESS);
    }
}

#if defined(__i386__) || defined(_M_IX86)
enum { FS_PREFIX = 0x64 };

/* Under Wine on a busy virtual machine an x86 thread that was suspended may fault at a look into
   its TEB: the segment is the right one, and the same instruction succeeds the next time. */
static LONG CALLBACK look_again(EXCEPTION_POINTERS *pointers)
{
    const EXCEPTION_RECORD *record = pointers->ExceptionRecord;
    if (record->ExceptionCode == (DWORD)EXCEPTION_ACCESS_VIOLATION &&
        record->ExceptionInformation[1] == (ULONG_PTR)-1 &&
        *(const BYTE *)record->ExceptionAddress == FS_PREFIX)
        return EXCEPTION_CONTINUE_EXECUTION;
    return EXCEPTION_CONTINUE_SEARCH;
}
#endif

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(close_gives_back_everything),
        cmocka_unit_test(large_blocks_are_no_longer_there),
        cmocka_unit_test(terminate_reaches_running_threads),
        cmocka_unit_test(close_works_with_threads_inside),
        cmocka_unit_test(two_closes_at_once_close_once),
        cmocka_unit_test(close_works_with_a_suspended_thread),
        cmocka_unit_test(close_works_with_a_killed_thread),
        cmocka_unit_test(a_killed_thread_does_not_stop_the_keys_other_threads),
        cmocka_unit_test(an_expert_works_on_after_a_thread_of_its_was_killed),
        cmocka_unit_test(a_dead_experts_memory_is_not_given_to_another_with_its_content),
        cmocka_unit_test(a_suspended_thread_may_come_back_after_the_close),
    };
    contract_load(argc, argv);
#if defined(__i386__) || defined(_M_IX86)
    AddVectoredExceptionHandler(1, look_again);
#endif
    return cmocka_run_group_tests_name("host close and terminate", tests, NULL, NULL) != 0;
}
