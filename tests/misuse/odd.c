/*
 * odd.c - unusual calls: the error word in the block that moves, an exception during a call, two
 * threads that open or close an expert at once.
 */
#include "misuse.h"

#include <stdio.h>

static ULONG_PTR next_key = 0x10000;

static HEXPERTKEY open_one(void)
{
    HEXPERTKEY key = (HEXPERTKEY)(next_key += 16);

    assert_int_equal(nm.open(key, NULL), NMERR_SUCCESS);
    return key;
}

struct move {
    HEXPERTKEY key;
    unsigned char *block, *moved;
    SIZE_T before, after, at; /* at: of the error word in the block */
};

static void move_block(void *argument)
{
    struct move *move = argument;

    move->moved =
        nm.realloc(move->key, move->block, move->after, (DWORD *)(void *)(move->block + move->at));
}

static void an_error_word_in_the_block_that_moves_goes_with_it(void **state)
{
    static const SIZE_T sizes[][2] = {{100, 5000},      {5000, 100},      {40000, 10},
                                      {40000, 3000000}, {3000000, 10},    {3000000, 90000000},
                                      {200, 200},       {100000, 150000}, {900, 40000}};
    HEXPERTKEY key = open_one();
    int moved = 0;

    (void)state;
    for (size_t i = 0; i < MISUSE_COUNT(sizes); i++)
        for (int last = 0; last < 2; last++) {
            SIZE_T before = sizes[i][0], after = sizes[i][1];
            struct move move = {key,    NULL,  NULL,
                                before, after, last ? (before - 4) & ~(SIZE_T)3 : 0};
            struct attempt attempt = {move_block, &move, NULL};
            DWORD word;
            move.block = nm.alloc(key, before, NULL);
            assert_non_null(move.block);
            memset(move.block, 0x77, before);
            assert_true(soak_join(soak_start(misuse_attempt, &attempt)));
            if (attempt.fault)
                fail_msg("%lu to %lu bytes: faulted at %p", (unsigned long)before,
                         (unsigned long)after, attempt.fault);
            assert_non_null(move.moved);
            moved += move.moved != move.block;
            memcpy(&word, move.moved + (move.at < after - 4 ? move.at : 0), sizeof word);
            assert_int_equal(word, move.at < after - 4 ? NMERR_SUCCESS : 0x77777777);
            /* On failure the block stays, and so does the word. */
            assert_null(nm.realloc(key, move.moved, (SIZE_T)-1, (DWORD *)(void *)move.moved));
            memcpy(&word, move.moved, sizeof word);
            assert_int_equal(word, NMERR_OUT_OF_MEMORY);
            assert_int_equal(nm.free(key, move.moved), NMERR_SUCCESS);
        }
    print_message("%d blocks moved with their error word\n", moved);
    assert_true(moved > 8);
    assert_int_equal(nm.close(key, NULL), NMERR_SUCCESS);
}

/* An exception inside a call, which the expert or the guard of its host catches: here because the
   block's first page can't be read. The thread may go on or end; either way the expert can be
   closed. */

struct victim {
    HEXPERTKEY key;
    BOOL shared;         /* another thread calls too, so that calls take the lock */
    unsigned char *hole; /* a block that can't be read */
    void *kept;
    HANDLE ready, go;
    struct attempt attempt;
};

static void fall_in(void *argument)
{
    const struct victim *victim = argument;

    nm.realloc(victim->key, victim->hole, 5000, NULL); /* moves */
}

static DWORD WINAPI victim_run(LPVOID argument)
{
    struct victim *victim = argument;
    DWORD before;
    void *block;

    victim->kept = nm.alloc(victim->key, 300, NULL);
    victim->hole = nm.alloc(victim->key, 40000, NULL);
    memset(victim->hole, 1, 40000);
    SetEvent(victim->ready);
    WaitForSingleObject(victim->go, INFINITE);
    VirtualProtect(victim->hole, 1, PAGE_NOACCESS, &before);
    misuse_attempt(&victim->attempt); /* on Windows the thread ends in it */
    block = nm.alloc(victim->key, 100, NULL);
    if (!block || nm.free(victim->key, block) != NMERR_SUCCESS ||
        nm.size(victim->key, victim->kept) != 300)
        return 1;
    return nm.free(victim->key, victim->kept) == NMERR_SUCCESS ? 0 : 1;
}

struct counted {
    SIZE_T blocks, bytes;
};

static BOOL CALLBACK count(HEXPERTKEY key, LPVOID block, SIZE_T bytes, LPVOID context)
{
    struct counted *counted = context;

    (void)key;
    (void)block;
    counted->blocks++;
    counted->bytes += bytes;
    return TRUE;
}

static DWORD WINAPI close_it(LPVOID key)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    struct counted counted = {0, 0};

    if (nm.enum_memory(key, count, &counted) != NMERR_SUCCESS)
        return 1;
    if (nm.query(key, &usage) != NMERR_SUCCESS || usage.LiveBlocks != counted.blocks ||
        usage.LiveBytes != counted.bytes)
        return 2;
    return nm.close(key, &usage) == NMERR_SUCCESS ? 0 : 3;
}

static void a_call_left_by_an_exception_delays_nobody(void **state)
{
    (void)state;
    for (int round = 0; round < 8; round++) {
        struct victim victim = {.key = open_one(), .shared = round % 2};
        HANDLE thread, closer;
        DWORD code = 9;
        victim.ready = CreateEventA(NULL, FALSE, FALSE, NULL);
        victim.go = CreateEventA(NULL, FALSE, FALSE, NULL);
        victim.attempt = (struct attempt){fall_in, &victim, NULL};
        thread = soak_start(victim_run, &victim);
        assert_int_equal(WaitForSingleObject(victim.ready, 60000), WAIT_OBJECT_0);
        if (victim.shared)
            assert_int_equal(nm.free(victim.key, nm.alloc(victim.key, 10, NULL)), NMERR_SUCCESS);
        SetEvent(victim.go);
        assert_int_equal(WaitForSingleObject(thread, 60000), WAIT_OBJECT_0);
        assert_non_null(victim.attempt.fault);
        assert_true(VirtualProtect(victim.hole, 1, PAGE_READWRITE, &code));
#ifdef NMAPI_NATIVE
        GetExitCodeThread(thread, &code);
        assert_int_equal(code, 0);
#endif
        CloseHandle(thread);
        closer = soak_start(close_it, victim.key);
        assert_int_equal(WaitForSingleObject(closer, 60000), WAIT_OBJECT_0);
        GetExitCodeThread(closer, &code);
        assert_int_equal(code, 0);
        CloseHandle(closer);
        CloseHandle(victim.ready);
        CloseHandle(victim.go);
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_word_in_the_block_that_moves_goes_with_it),
        cmocka_unit_test(a_call_left_by_an_exception_delays_nobody),
    };

    misuse_begin(argc, argv);
    return cmocka_run_group_tests_name("odd", tests, NULL, NULL) != 0;
}
