/*
 * kills.c - TerminateThread at random moments in a thread that uses a key which another thread
 * shares. Nobody waits for the dead thread, bystanders are not affected, a close releases
 * everything, and in the end the address space is as it was.
 */
#include "stall.h"
#include "soak.h"

#include <stdio.h>

enum { WORKS = 5, HELD = 48, NEW_KEYS = 8 };

struct victim {
    volatile LONG begun;
    HEXPERTKEY key;
    uint32_t seed;
    int works; /* 0 small, 1 large, 2 new spans, 3 keys never used, 4 all */
    volatile LONG calls;
    volatile LONG keys; /* how many of new_keys the thread may have used */
    HEXPERTKEY new_keys[NEW_KEYS];
    DWORD longest, ended_with; /* the sharer's */
};

static ULONG_PTR next_key = 0x1000000;

static HEXPERTKEY new_key(void)
{
    next_key += 16;
    return (HEXPERTKEY)next_key;
}

static SIZE_T size_for(int works, uint32_t random)
{
    switch (works) {
    case 0:
    case 3:
        return random % 500;
    case 1:
        return 40000 + random % 400000;
    case 2:
        return 4000 + random % 28000;
    default:
        return random % (random % 16 ? 2000 : 300000);
    }
}

/* Calls until it is told to stop or killed. */
static DWORD WINAPI work(LPVOID argument)
{
    struct victim *v = argument;
    uint32_t random = v->seed;
    void *held[HELD] = {NULL};
    DWORD error = NMERR_SUCCESS;

    InterlockedIncrement(&v->begun);
    while (error == NMERR_SUCCESS) {
        uint32_t which = content_random(&random) % HELD;
        uint32_t kind = content_random(&random);
        SIZE_T bytes = size_for(v->works, content_random(&random));
        DWORD since = GetTickCount();
        if (v->works == 3 && v->keys < NEW_KEYS && kind % 8 == 0) {
            InterlockedIncrement(&v->keys);
            nm.alloc(v->new_keys[v->keys - 1], bytes, &error);
        } else if (!held[which]) {
            held[which] = nm.alloc(v->key, bytes, &error);
        } else if (kind % 3 == 0) {
            void *moved = nm.realloc(v->key, held[which], bytes, &error);
            if (moved)
                held[which] = moved;
        } else {
            error = nm.free(v->key, held[which]);
            held[which] = NULL;
        }
        since = GetTickCount() - since;
        if (since > v->longest)
            v->longest = since;
        InterlockedIncrement(&v->calls);
    }
    v->ended_with = error;
    return 0;
}

static void kill(HANDLE thread)
{
    process_kill(thread, 99);
    assert_true(soak_join(thread));
}

static DWORD WINAPI do_nothing(LPVOID argument)
{
    while (InterlockedIncrement((volatile LONG *)argument))
        Sleep(100);
    return 0;
}

/* What the system keeps of each killed thread, whatever it did. */
static void measure_the_dead(SIZE_T *committed, SIZE_T *reserved)
{
    enum { DEAD = 8 };
    SIZE_T more_committed, more_reserved;

    process_memory(committed, reserved);
    for (int i = 0; i < DEAD; i++) {
        volatile LONG runs = 0;
        HANDLE thread = soak_start(do_nothing, (void *)&runs);
        while (!InterlockedCompareExchange(&runs, 0, 0))
            Sleep(0);
        kill(thread);
    }
    process_memory(&more_committed, &more_reserved);
    *committed = more_committed > *committed ? (more_committed - *committed + DEAD - 1) / DEAD : 0;
    *reserved = more_reserved > *reserved ? (more_reserved - *reserved + DEAD - 1) / DEAD : 0;
}

static void close_in_time(HEXPERTKEY key, DWORD *longest)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    DWORD since = GetTickCount();

    assert_int_equal(nm.close(key, &usage), NMERR_SUCCESS);
    since = GetTickCount() - since;
    if (since > *longest)
        *longest = since;
    assert_int_equal(usage.State, NMAPI_STATE_CLOSED);
    assert_int_equal(usage.CommittedBytes, 0);
    assert_int_equal(nm.query(key, &usage), NMERR_SUCCESS);
    assert_int_equal(usage.CommittedBytes, 0);
}

static void kill_one(uint32_t round, uint32_t *random, DWORD *longest)
{
    static HEXPERTKEY reused[8];
    static struct victim victims[2]; /* the one to be killed, and the sharer of its key */
    struct victim *victim = &victims[0], *sharer = &victims[1];
    HANDLE threads[2];
    DWORD since;
    LONG calls;
    int shared = content_random(random) % 3 != 0;

    memset(victims, 0, sizeof victims);
    victim->works = (int)(content_random(random) % WORKS);
    if (round % 4 == 0) {
        victim->key = new_key(); /* its first use is the victim's */
    } else {
        HEXPERTKEY *key = &reused[content_random(random) % 8];
        if (!*key)
            *key = new_key();
        victim->key = *key;
        assert_int_equal(nm.open(victim->key, NULL), NMERR_SUCCESS);
    }
    for (int i = 0; victim->works == 3 && i < NEW_KEYS; i++)
        victim->new_keys[i] = new_key();
    victim->seed = content_random(random);
    sharer->key = victim->key;
    sharer->seed = content_random(random);
    threads[0] = soak_start(work, victim);
    threads[1] = shared ? soak_start(work, sharer) : NULL;
    /* Not before it runs code of ours: a thread killed while it starts keeps the loader's lock. */
    while (!InterlockedCompareExchange(round % 8 ? &victim->calls : &victim->begun, 0, 0))
        Sleep(0);
    for (uint32_t i = content_random(random) % 20000; i; i--)
        YieldProcessor();
    kill(threads[0]);
    if (shared) { /* it continues without delay */
        calls = InterlockedCompareExchange(&sharer->calls, 0, 0);
        since = GetTickCount();
        while (InterlockedCompareExchange(&sharer->calls, 0, 0) < calls + 3 &&
               GetTickCount() - since < 20000)
            Sleep(0);
        since = GetTickCount() - since;
        if (since > *longest)
            *longest = since;
        assert_true(since < 20000);
    }
    /* A key that nobody has used yet does not exist. */
    if (nm.terminate(victim->key) == NMERR_SUCCESS) {
        if (shared) {
            assert_true(soak_join(threads[1]));
            assert_int_equal(sharer->ended_with, NMERR_EXPERT_TERMINATE);
            if (sharer->longest > *longest)
                *longest = sharer->longest;
        }
        close_in_time(victim->key, longest);
    } else {
        assert_false(shared);
    }
    for (int i = 0; i < victim->keys; i++)
        if (nm.terminate(victim->new_keys[i]) == NMERR_SUCCESS)
            close_in_time(victim->new_keys[i], longest);
}

static void killed_threads_harm_nobody_and_leave_nothing(void **state)
{
    const SIZE_T kept = (SIZE_T)8 << 20;
    /* The quarantine's bound, and a part of it again, because a segment stays while a region of it
       is quarantined. After 1,600 kills it was no more than after 800. */
    const SIZE_T quarantine = sizeof(void *) == 8 ? (SIZE_T)1280 << 20 : (SIZE_T)160 << 20;
    SIZE_T dead_committed, dead_reserved, committed, reserved, now_committed, now_reserved;
    struct bystander bystanders[2];
    uint32_t random = soak_seed;
    DWORD longest = 0, idle;

    (void)state;
    measure_the_dead(&dead_committed, &dead_reserved);
    process_memory(&committed, &reserved);
    assert_true(stall_watch());
    assert_int_equal(nm.open((HEXPERTKEY)(ULONG_PTR)0x20000, NULL), NMERR_SUCCESS);
    bystander_begin(&bystanders[0], (HEXPERTKEY)(ULONG_PTR)0x20000, soak_seed + 100);
    bystander_begin(&bystanders[1], (HEXPERTKEY)(ULONG_PTR)0x20010, soak_seed + 101);
    for (uint32_t round = 0; round < soak_kills; round++)
        kill_one(round, &random, &longest);
    for (int i = 0; i < 2; i++) {
        bystander_end(&bystanders[i]);
        if (bystanders[i].longest > longest)
            longest = bystanders[i].longest;
    }
    idle = stall_longest();
    assert_int_equal(nm.trim(), NMERR_SUCCESS);
    process_memory(&now_committed, &now_reserved);
    print_message(
        "%lu kills; the longest wait %lu ms (%lu ms without a call); committed %lu -> %lu KiB, "
        "reserved %lu -> %lu KiB, of it each dead thread's %lu and %lu KiB\n",
        (unsigned long)soak_kills, (unsigned long)longest, (unsigned long)idle,
        (unsigned long)(committed >> 10), (unsigned long)(now_committed >> 10),
        (unsigned long)(reserved >> 10), (unsigned long)(now_reserved >> 10),
        (unsigned long)(dead_committed >> 10), (unsigned long)(dead_reserved >> 10));
    assert_true(longest <= STALL_PATIENCE + idle);
    /* Records of keys stay; the addresses of experts with an abnormal close are quarantined. */
    assert_true(now_committed <= committed + kept + soak_kills * (dead_committed + 1024));
    assert_true(now_reserved <= reserved + quarantine + soak_kills * (dead_reserved + 1024));
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_threads_harm_nobody_and_leave_nothing),
    };
    soak_begin(argc, argv);
    return cmocka_run_group_tests_name("kills", tests, NULL, NULL) != 0;
}
