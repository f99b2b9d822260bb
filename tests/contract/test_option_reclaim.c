/*
 * test_option_reclaim.c - NMAPI_OPTIONS=reclaim=thread: an implicit expert is closed when the last
 * thread that called with its key has ended.
 */
#include "child.h"

#include <stdio.h>

#define KEY(n) ((HEXPERTKEY)(ULONG_PTR)(0x7000 + (n)))

static DWORD state_of(HEXPERTKEY key)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    return nm.query(key, &usage) == NMERR_SUCCESS ? usage.State : 0;
}

static BOOL works(HEXPERTKEY key, SIZE_T bytes)
{
    DWORD error = CONTRACT_UNSET;
    void *block = nm.alloc(key, bytes, &error);
    return block != NULL && error == NMERR_SUCCESS && content_is_zero(block, bytes) &&
           nm.free(key, block) == NMERR_SUCCESS;
}

static void *left; /* a block of the thread that ended last */

static DWORD WINAPI leak(LPVOID key)
{
    for (int i = 0; i < 30; i++) {
        char *block = nm.alloc(key, 1u << 20, NULL);
        if (block == NULL || !content_is_zero(block, 1u << 20))
            return FALSE;
        memset(block, 0xFF, 1u << 20);
    }
    for (int i = 0; i < 1000; i++) {
        left = nm.alloc(key, 1000, NULL);
        if (left == NULL || !content_is_zero(left, 1000))
            return FALSE;
        memset(left, 0xFF, 1000);
    }
    return TRUE;
}

static BOOL run(LPTHREAD_START_ROUTINE routine, LPVOID argument)
{
    return child_join(CreateThread(NULL, 0, routine, argument, 0, NULL)) == TRUE;
}

static DWORD WINAPI idle(LPVOID argument)
{
    return argument == NULL;
}

static BOOL back_to(SIZE_T before)
{
    SIZE_T now = contract_trimmed();
    if (now > before + CONTRACT_KEPT)
        printf("%lu KiB more are committed than before\n", (unsigned long)((now - before) >> 10));
    return now <= before + CONTRACT_KEPT;
}

static int child_after_the_thread_ends(void)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    SIZE_T before;
    CHILD_CHECK(run(idle, NULL)); /* memory that the first thread and call take for good */
    CHILD_CHECK(works(KEY(9), 10));
    before = contract_committed();
    CHILD_CHECK(run(leak, KEY(1)));
    CHILD_CHECK(state_of(KEY(1)) == NMAPI_STATE_CLOSED);
    CHILD_CHECK(back_to(before));
    CHILD_CHECK(nm.query(KEY(1), &usage) == NMERR_SUCCESS);
    CHILD_CHECK(usage.LiveBlocks == 1030 && usage.LiveBytes == (30u << 20) + 1000000);
    CHILD_CHECK(usage.CommittedBytes == 0);
    CHILD_CHECK(state_of(KEY(9)) == NMAPI_STATE_OPEN); /* the thread that used it lives */
    return 0;
}

static int child_unasked(void)
{
    CHILD_CHECK(run(leak, KEY(1)));
    CHILD_CHECK(works(KEY(9), 10));
    CHILD_CHECK(state_of(KEY(1)) == NMAPI_STATE_OPEN);
    CHILD_CHECK(nm.size(KEY(1), left) == 1000);
    return 0;
}

static int child_a_reclaimed_key_is_closed(void)
{
    CHILD_CHECK(run(leak, KEY(1)));
    CHILD_CHECK(nm.free(KEY(1), left) == NMERR_EXPERT_TERMINATE);
    CHILD_CHECK(nm.size(KEY(1), left) == 0);
    CHILD_CHECK(state_of(KEY(1)) == NMAPI_STATE_CLOSED);
    CHILD_CHECK(works(KEY(1), 10)); /* and an allocation opens it again */
    CHILD_CHECK(state_of(KEY(1)) == NMAPI_STATE_OPEN);
    CHILD_CHECK(nm.size(KEY(1), left) == 0);
    return 0;
}

static BOOL is_shut(HEXPERTKEY key)
{
    DWORD error = CONTRACT_UNSET;
    return nm.alloc(key, 10, &error) == NULL && error == NMERR_EXPERT_TERMINATE;
}

static DWORD WINAPI leak_and_be_terminated(LPVOID key)
{
    return leak(key) && nm.terminate(key) == NMERR_SUCCESS;
}

/* What the host has terminated or closed is not opened again, whether its threads had ended before
   or not. */
static int child_what_the_host_ended_stays_closed(void)
{
    SIZE_T before;
    CHILD_CHECK(run(idle, NULL));
    CHILD_CHECK(works(KEY(9), 10));
    before = contract_committed();
    CHILD_CHECK(run(leak_and_be_terminated, KEY(1)));
    CHILD_CHECK(run(leak, KEY(2)));
    CHILD_CHECK(run(leak, KEY(3)));
    CHILD_CHECK(nm.terminate(KEY(2)) == NMERR_EXPERT_TERMINATE);
    CHILD_CHECK(nm.close(KEY(3), NULL) == NMERR_EXPERT_TERMINATE);
    for (int k = 1; k <= 3; k++) {
        CHILD_CHECK(state_of(KEY(k)) == NMAPI_STATE_CLOSED);
        CHILD_CHECK(is_shut(KEY(k)));
    }
    CHILD_CHECK(back_to(before));
    CHILD_CHECK(nm.open(KEY(1), NULL) == NMERR_SUCCESS);
    return 0;
}

/* Keys are mostly pointers, and are used again: the next expert's first call may be any
   function. */
static int child_a_reclaimed_key_takes_blocks_of_others(void)
{
    DWORD error = CONTRACT_UNSET;
    char *config = nm.alloc(KEY(9), 100, NULL), *freed = nm.alloc(KEY(9), 100, NULL);
    CHILD_CHECK(config != NULL && freed != NULL);
    config[99] = 'c';
    CHILD_CHECK(run(leak, KEY(1)));
    CHILD_CHECK(nm.realloc(KEY(1), left, 200, &error) == NULL && error == NMERR_EXPERT_TERMINATE);
    CHILD_CHECK(nm.free(KEY(1), freed) == NMERR_SUCCESS);
    CHILD_CHECK(nm.size(KEY(9), freed) == 0);
    CHILD_CHECK(state_of(KEY(1)) == NMAPI_STATE_CLOSED); /* these calls open nothing */
    config = nm.realloc(KEY(1), config, 200, &error);
    CHILD_CHECK(config != NULL && error == NMERR_SUCCESS && config[99] == 'c');
    CHILD_CHECK(state_of(KEY(1)) == NMAPI_STATE_OPEN);
    CHILD_CHECK(nm.size(KEY(1), config) == 200);
    return 0;
}

static int child_again_and_again(void)
{
    SIZE_T before;
    CHILD_CHECK(run(idle, NULL));
    CHILD_CHECK(works(KEY(9), 10));
    before = contract_committed();
    for (int i = 0; i < 100; i++) {
        CHILD_CHECK(run(leak, KEY(1)));
        CHILD_CHECK(state_of(KEY(1)) == NMAPI_STATE_CLOSED);
    }
    CHILD_CHECK(back_to(before));
    return 0;
}

static int child_by_the_host_as_isolated(void)
{
    CHILD_CHECK(run(leak, KEY(1)));
    CHILD_CHECK(nm.open(KEY(1), NULL) == NMERR_SUCCESS);
    CHILD_CHECK(run(leak, KEY(1)));
    CHILD_CHECK(works(KEY(9), 10));
    CHILD_CHECK(state_of(KEY(1)) == NMAPI_STATE_OPEN); /* the host's to close */
    CHILD_CHECK(nm.size(KEY(1), left) == 1000);
    CHILD_CHECK(nm.close(KEY(1), NULL) == NMERR_SUCCESS);
    return 0;
}

/* A thread that uses the key and waits for leave to end. */
struct stay {
    HEXPERTKEY key;
    HANDLE used, leave;
};

static DWORD WINAPI use_and_stay(LPVOID argument)
{
    struct stay *stay = argument;
    void *block = nm.alloc(stay->key, 5000, NULL);
    SetEvent(stay->used);
    if (WaitForSingleObject(stay->leave, CONTRACT_PATIENCE) != WAIT_OBJECT_0)
        return FALSE;
    return block != NULL && nm.size(stay->key, block) == 5000;
}

/* Returns once it has used the key. */
static HANDLE stay_start(struct stay *stay, HEXPERTKEY key)
{
    HANDLE thread;
    stay->key = key;
    stay->used = CreateEventA(NULL, TRUE, FALSE, NULL);
    stay->leave = CreateEventA(NULL, TRUE, FALSE, NULL);
    thread = contract_start(use_and_stay, stay);
    contract_await(stay->used);
    return thread;
}

static int child_waits_for_the_last_thread(void)
{
    struct stay a, b;
    HANDLE first = stay_start(&a, KEY(1)), second = stay_start(&b, KEY(1));
    SetEvent(a.leave);
    CHILD_CHECK(child_join(first) == TRUE);
    CHILD_CHECK(works(KEY(9), 10));
    CHILD_CHECK(state_of(KEY(1)) == NMAPI_STATE_OPEN);
    SetEvent(b.leave);
    CHILD_CHECK(child_join(second) == TRUE);
    CHILD_CHECK(works(KEY(9), 10));
    CHILD_CHECK(state_of(KEY(1)) == NMAPI_STATE_CLOSED);
    return 0;
}

static int child_waits_when_the_first_stays_longest(void)
{
    struct stay a, b;
    HANDLE first = stay_start(&a, KEY(1)), second = stay_start(&b, KEY(1));
    SetEvent(b.leave);
    CHILD_CHECK(child_join(second) == TRUE);
    CHILD_CHECK(run(leak, KEY(1))); /* a third thread uses it and ends */
    CHILD_CHECK(works(KEY(9), 10));
    CHILD_CHECK(state_of(KEY(1)) == NMAPI_STATE_OPEN);
    SetEvent(a.leave);
    CHILD_CHECK(child_join(first) == TRUE);
    CHILD_CHECK(works(KEY(9), 10));
    CHILD_CHECK(state_of(KEY(1)) == NMAPI_STATE_CLOSED);
    return 0;
}

static int child_a_thread_with_many_keys(void)
{
    struct stay stay[40];
    HANDLE threads[40];
    for (SIZE_T i = 0; i < 40; i++)
        threads[i] = stay_start(&stay[i], KEY(1 + i % 20));
    for (int i = 0; i < 40; i++) {
        SetEvent(stay[i].leave);
        CHILD_CHECK(child_join(threads[i]) == TRUE);
        CHILD_CHECK(works(KEY(99), 10));
        for (int k = 0; k < 20; k++)
            CHILD_CHECK(state_of(KEY(1 + k)) ==
                        (DWORD)(i >= k + 20 ? NMAPI_STATE_CLOSED : NMAPI_STATE_OPEN));
    }
    return 0;
}

static DWORD WINAPI use_twenty_keys(LPVOID argument)
{
    (void)argument;
    for (int round = 0; round < 3; round++)
        for (int k = 0; k < 20; k++)
            if (nm.alloc(KEY(200 + k), 1000, NULL) == NULL)
                return FALSE;
    return TRUE;
}

static int child_all_keys_of_the_thread(void)
{
    CHILD_CHECK(run(use_twenty_keys, NULL));
    CHILD_CHECK(works(KEY(9), 10));
    for (int k = 0; k < 20; k++)
        CHILD_CHECK(state_of(KEY(200 + k)) == NMAPI_STATE_CLOSED);
    return 0;
}

/* TerminateThread causes no thread detach: the next call must detect the death. */
static int child_a_killed_idle_thread(void)
{
    struct stay stay;
    HANDLE thread = stay_start(&stay, KEY(1));
    process_kill(thread, 5);
    CHILD_CHECK(child_join(thread) == 5);
    CHILD_CHECK(works(KEY(9), 10));
    CHILD_CHECK(state_of(KEY(1)) == NMAPI_STATE_CLOSED);
    CHILD_CHECK(run(leak, KEY(1)));
    CHILD_CHECK(state_of(KEY(1)) == NMAPI_STATE_CLOSED);
    return 0;
}

static volatile LONG spinning = 1;

struct spinner {
    HEXPERTKEY key;
    HANDLE spins;
};

static DWORD WINAPI spin(LPVOID argument)
{
    const struct spinner *spinner = argument;
    for (unsigned round = 0; spinning; round++) {
        void *block = nm.alloc(spinner->key, 100, NULL);
        nm.alloc(spinner->key, 3000, NULL);
        nm.free(spinner->key, block);
        if (round == 0)
            SetEvent(spinner->spins);
    }
    return 0;
}

static int child_a_thread_killed_at_work(void)
{
    enum { KILLS = 40 };
    struct spinner spinner = {NULL, CreateEventA(NULL, FALSE, FALSE, NULL)};
    SIZE_T before, stacks;
    CHILD_CHECK(run(idle, NULL));
    CHILD_CHECK(works(KEY(9), 10));
    stacks = contract_left_by_killed_threads(KILLS);
    before = contract_committed();
    for (int round = 0; round < KILLS; round++) {
        HANDLE thread;
        spinner.key = KEY(300 + round % 7);
        thread = contract_start(spin, &spinner);
        contract_await(spinner.spins);
        CHILD_CHECK(state_of(spinner.key) == NMAPI_STATE_OPEN);
        Sleep(2);
        process_kill(thread, 5);
        CHILD_CHECK(child_join(thread) == 5);
        CHILD_CHECK(works(KEY(9), 10));
        CHILD_CHECK(state_of(spinner.key) == NMAPI_STATE_CLOSED);
    }
    CHILD_CHECK(contract_trimmed() <= before + stacks + 2 * CONTRACT_KEPT);
    return 0;
}

static const struct child children[] = {
    {"after_the_thread_ends", child_after_the_thread_ends},
    {"unasked", child_unasked},
    {"a_reclaimed_key_is_closed", child_a_reclaimed_key_is_closed},
    {"what_the_host_ended_stays_closed", child_what_the_host_ended_stays_closed},
    {"a_reclaimed_key_takes_blocks_of_others", child_a_reclaimed_key_takes_blocks_of_others},
    {"again_and_again", child_again_and_again},
    {"by_the_host_as_isolated", child_by_the_host_as_isolated},
    {"waits_for_the_last_thread", child_waits_for_the_last_thread},
    {"waits_when_the_first_stays_longest", child_waits_when_the_first_stays_longest},
    {"a_thread_with_many_keys", child_a_thread_with_many_keys},
    {"all_keys_of_the_thread", child_all_keys_of_the_thread},
    {"a_killed_idle_thread", child_a_killed_idle_thread},
    {"a_thread_killed_at_work", child_a_thread_killed_at_work},
};

#define RECLAIM(name) assert_int_equal(child_run("reclaim=thread", (name), 0), 0)

static void an_expert_is_closed_when_its_thread_ends(void **state)
{
    (void)state;
    RECLAIM("after_the_thread_ends");
}

static void without_the_word_it_stays_open(void **state)
{
    (void)state;
    assert_int_equal(child_run(NULL, "unasked", 0), 0);
}

static void a_reclaimed_key_is_closed_until_it_allocates_again(void **state)
{
    (void)state;
    RECLAIM("a_reclaimed_key_is_closed");
}

static void what_the_host_has_ended_stays_closed(void **state)
{
    (void)state;
    RECLAIM("what_the_host_ended_stays_closed");
}

static void a_reclaimed_key_may_begin_with_a_block_of_another(void **state)
{
    (void)state;
    RECLAIM("a_reclaimed_key_takes_blocks_of_others");
}

static void a_key_is_used_and_reclaimed_many_times(void **state)
{
    (void)state;
    RECLAIM("again_and_again");
}

static void an_expert_opened_by_the_host_is_not_reclaimed(void **state)
{
    (void)state;
    RECLAIM("by_the_host_as_isolated");
}

static void the_last_of_several_threads_decides(void **state)
{
    (void)state;
    RECLAIM("waits_for_the_last_thread");
    RECLAIM("waits_when_the_first_stays_longest");
    RECLAIM("a_thread_with_many_keys");
}

static void every_key_that_the_thread_used_is_closed(void **state)
{
    (void)state;
    RECLAIM("all_keys_of_the_thread");
}

static void a_killed_thread_is_noticed_by_the_next_call(void **state)
{
    (void)state;
    RECLAIM("a_killed_idle_thread");
    RECLAIM("a_thread_killed_at_work");
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_expert_is_closed_when_its_thread_ends),
        cmocka_unit_test(without_the_word_it_stays_open),
        cmocka_unit_test(a_reclaimed_key_is_closed_until_it_allocates_again),
        cmocka_unit_test(what_the_host_has_ended_stays_closed),
        cmocka_unit_test(a_reclaimed_key_may_begin_with_a_block_of_another),
        cmocka_unit_test(a_key_is_used_and_reclaimed_many_times),
        cmocka_unit_test(an_expert_opened_by_the_host_is_not_reclaimed),
        cmocka_unit_test(the_last_of_several_threads_decides),
        cmocka_unit_test(every_key_that_the_thread_used_is_closed),
        cmocka_unit_test(a_killed_thread_is_noticed_by_the_next_call),
    };
    int code;
    contract_arguments(argc, argv);
    if (child_main(argc, argv, children, CONTRACT_COUNT(children), &code))
        return code;
    return cmocka_run_group_tests_name("NMAPI_OPTIONS=reclaim=thread", tests, NULL, NULL) != 0;
}
