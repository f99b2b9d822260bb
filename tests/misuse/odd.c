/*
 * What else an old expert may do to itself in a call: the error word in the block that moves, an exception on
 * the way, two threads that open or end it at once.
 */
#include "misuse.h"

#include <stdio.h>

static ULONG_PTR fresh = 0x10000;

static HEXPERTKEY open_one(void)
{
    HEXPERTKEY key = (HEXPERTKEY)(fresh += 16);

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
            /* On failure the block is there, and so is the word. */
            assert_null(nm.realloc(key, move.moved, (SIZE_T)-1, (DWORD *)(void *)move.moved));
            memcpy(&word, move.moved, sizeof word);
            assert_int_equal(word, NMERR_OUT_OF_MEMORY);
            assert_int_equal(nm.free(key, move.moved), NMERR_SUCCESS);
        }
    print_message("%d blocks moved with their error word\n", moved);
    assert_true(moved > 8);
    assert_int_equal(nm.close(key, NULL), NMERR_SUCCESS);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_word_in_the_block_that_moves_goes_with_it),
    };

    misuse_begin(argc, argv);
    return cmocka_run_group_tests_name("odd", tests, NULL, NULL) != 0;
}
