/*
 * stale.c - threads that still store through stale pointers after their expert's abnormal close:
 * the stores fault, and reach no other expert's block, whichever experts open and close meanwhile.
 */
#include "misuse.h"

#include <stdio.h>

#ifdef NMAPI_NATIVE
#include "standin.h"
#endif

enum { TARGETS = 6, BLOCKS = 12, AROUND = 3, ROUNDS = 60 };

static const SIZE_T sizes[TARGETS] = {100, 900, 2000, 30000, 40000, 200000};

enum ending { CLOSED_UNDER_IT, TERMINATED_UNDER_IT, STORES_LATER, KILLED, ENDINGS };
static const char *const ending_names[ENDINGS] = {
    "closed under it", "terminated and closed under it", "stores later", "killed, another stores"};

/* An expert whose blocks carry patterns. */
struct witness {
    HEXPERTKEY key;
    unsigned char *blocks[BLOCKS];
};

static ULONG_PTR next_key = 0x10000;

static void witness_begin(struct witness *w, BOOL opened)
{
    w->key = (HEXPERTKEY)(next_key += 16);
    if (opened)
        assert_int_equal(nm.open(w->key, NULL), NMERR_SUCCESS);
    for (int i = 0; i < BLOCKS; i++) {
        SIZE_T bytes = sizes[i % TARGETS];
        w->blocks[i] = nm.alloc(w->key, bytes, NULL);
        assert_non_null(w->blocks[i]);
        assert_true(content_is_zero(w->blocks[i], bytes));
        memset(w->blocks[i], i + 1, bytes);
    }
}

static void witness_check(const struct witness *w)
{
    for (int i = 0; i < BLOCKS; i++) {
        SIZE_T bytes = sizes[i % TARGETS];
        assert_int_equal(nm.size(w->key, w->blocks[i]), bytes);
        for (SIZE_T k = 0; k < bytes; k++)
            if (w->blocks[i][k] != i + 1)
                fail_msg("a stale store reached %p", (void *)(w->blocks[i] + k));
    }
}

static void witness_end(const struct witness *w)
{
    witness_check(w);
    assert_int_equal(nm.close(w->key, NULL), NMERR_SUCCESS);
}

struct writer {
    HEXPERTKEY key;
    unsigned char *targets[TARGETS];
    unsigned first; /* its first target */
    HANDLE ready;
    volatile LONG go, stop;
    struct attempt attempt;
};

static LONG told(volatile LONG *word)
{
    return InterlockedCompareExchange(word, 0, 0);
}

static void take_blocks(struct writer *writer)
{
    for (int i = 0; i < TARGETS; i++)
        writer->targets[i] = nm.alloc(writer->key, sizes[i], NULL);
    SetEvent(writer->ready);
}

static void store(void *argument)
{
    struct writer *writer = argument;

    while (!told(&writer->stop))
        for (unsigned i = 0; i < TARGETS; i++) {
            unsigned which = (writer->first + i) % TARGETS;
            volatile unsigned char *target = writer->targets[which];
            target[0] = 0xEE;
            target[sizes[which] / 2] = 0xEE;
            target[sizes[which] - 1] = 0xEE;
        }
}

static void take_and_store(void *argument)
{
    struct writer *writer = argument;

    take_blocks(writer);
    while (!told(&writer->go))
        Sleep(0);
    store(writer);
}

/* This thread is killed while it computes. */
static DWORD WINAPI take_and_spin(LPVOID argument)
{
    struct writer *writer = argument;
    volatile unsigned long spins = 0;

    take_blocks(writer);
    while (!told(&writer->stop))
        spins++;
    return 0;
}

static BOOL is_target(const struct writer *writer, const void *fault)
{
    for (int i = 0; i < TARGETS; i++)
        if ((const unsigned char *)fault >= writer->targets[i] &&
            (const unsigned char *)fault < writer->targets[i] + sizes[i])
            return TRUE;
    return FALSE;
}

static void one_round(int round, enum ending ending)
{
    struct witness around[2 * AROUND];
    struct writer writer = {.key = (HEXPERTKEY)(next_key += 16),
                            .first = (unsigned)round,
                            .ready = CreateEventA(NULL, FALSE, FALSE, NULL)};
    HANDLE thread;

    writer.attempt = (struct attempt){take_and_store, &writer, NULL};
    if (round / ENDINGS % 2)
        assert_int_equal(nm.open(writer.key, NULL), NMERR_SUCCESS);
    for (int i = 0; i < AROUND; i++)
        witness_begin(&around[i], i % 2);
    thread = ending == KILLED ? soak_start(take_and_spin, &writer)
                              : soak_start(misuse_attempt, &writer.attempt);
    assert_int_equal(WaitForSingleObject(writer.ready, 60000), WAIT_OBJECT_0);
    for (int i = 0; i < TARGETS; i++)
        assert_non_null(writer.targets[i]);
    if (ending == KILLED) {
        process_kill(thread, 1);
        assert_true(soak_join(thread));
    }
    if (ending == CLOSED_UNDER_IT || ending == TERMINATED_UNDER_IT) {
        InterlockedExchange(&writer.go, 1);
        Sleep(round % 3 ? 0 : 1);
    }
    if (ending != CLOSED_UNDER_IT && ending != KILLED)
        assert_int_equal(nm.terminate(writer.key), NMERR_SUCCESS);
    assert_int_equal(nm.close(writer.key, NULL), NMERR_SUCCESS);
    for (int i = AROUND; i < 2 * AROUND; i++)
        witness_begin(&around[i], i % 2);
    for (int i = 0; i < AROUND; i++) /* its neighbours are closed, and others are opened */
        witness_end(&around[i]);
    for (int i = 0; i < AROUND; i++)
        witness_begin(&around[i], !(i % 2));
    if (ending == KILLED) {
        writer.attempt.run = store;
        thread = soak_start(misuse_attempt, &writer.attempt);
    }
    InterlockedExchange(&writer.go, 1);
    if (WaitForSingleObject(thread, 60000) != WAIT_OBJECT_0)
        fail_msg("%s: it goes on storing", ending_names[ending]);
    CloseHandle(thread);
    CloseHandle(writer.ready);
    if (!is_target(&writer, writer.attempt.fault))
        fail_msg("%s: it faulted at %p, none of its own", ending_names[ending],
                 writer.attempt.fault);
    for (int i = 0; i < 2 * AROUND; i++)
        witness_end(&around[i]);
}

static void a_stale_writer_faults_and_reaches_no_other_expert(void **state)
{
    int rounds = misuse_count ? (int)misuse_count : ROUNDS;
    struct witness lasting[2];

    (void)state;
    witness_begin(&lasting[0], TRUE);
    witness_begin(&lasting[1], FALSE);
    for (int round = 0; round < rounds; round++) {
        one_round(round, (enum ending)(round % ENDINGS));
        witness_check(&lasting[round % 2]);
    }
    witness_end(&lasting[0]);
    witness_end(&lasting[1]);
    print_message(
        "%d writer threads, each ended by its first stale store; %d experts around them\n", rounds,
        rounds * 3 * AROUND + 2);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stale_writer_faults_and_reaches_no_other_expert),
    };

    misuse_begin(argc, argv);
#ifdef NMAPI_NATIVE
    if (standin_under_tsan()) /* such stores are data races by design */
        return 0;
#endif
    return cmocka_run_group_tests_name("writer threads", tests, NULL, NULL) != 0;
}
