/*
 * interleaved.c - one call is stopped before each of its instructions, and there another thread
 * makes a call that concerns the same block or its neighbour. Both are answered as if one had come
 * after the other. Native only.
 */
#include "misuse.h"

#include <stdio.h>

#include "expert/bias.h"
#include "expert/reclaim.h"
#include "standin.h"

enum { POINTS = 10, UNSET = 0x5A5A5A5A, ASIDE = 3 };

/* Keys: an owner, another, a third. The block is the owner's. */
enum who { OWNER, ANOTHER, THIRD, PEOPLE };
enum deed { FREES, REALLOCS, SIZES, HANDS_OVER };
enum which { BLOCK, NEIGHBOUR };

struct act {
    enum who who;
    enum deed deed;
    enum which which;
    enum who to; /* of HANDS_OVER */
};

/* Codes: S, P, D as in codes.c; of SIZES: # or 0. */
struct scene {
    const char *name;
    BOOL opened; /* opened by the host; else implicit */
    struct act first, second;
    const char *allowed[3]; /* of the first call, then of the second */
};

/* clang-format off */
#define FREE(who) {who, FREES, BLOCK, OWNER}
#define REALLOC(who) {who, REALLOCS, BLOCK, OWNER}
#define SIZE_OF_IT {OWNER, SIZES, BLOCK, OWNER}
#define GIVE(which, to) {OWNER, HANDS_OVER, which, to}
static const struct scene scenes[] = {
    {"free, free", TRUE, FREE(OWNER), FREE(OWNER), {"SP", "PS"}},
    {"free, free by another", FALSE, FREE(OWNER), FREE(ANOTHER), {"SP", "PS"}},
    {"free by another, free", FALSE, FREE(ANOTHER), FREE(OWNER), {"SP", "PS"}},
    {"resize by another, free", FALSE, REALLOC(ANOTHER), FREE(OWNER), {"SP", "PS"}},
    {"resize by another, resize", FALSE, REALLOC(ANOTHER), REALLOC(OWNER), {"SP", "PS"}},
    {"free by another, given", FALSE, FREE(ANOTHER), GIVE(BLOCK, THIRD), {"SP", "SS"}},
    {"resize by another, given", FALSE, REALLOC(ANOTHER), GIVE(BLOCK, THIRD), {"SP", "SS"}},
    {"resize by another, given it", FALSE, REALLOC(ANOTHER), GIVE(BLOCK, ANOTHER), {"SP", "SS"}},
    {"free by another, neighbour given", FALSE, FREE(ANOTHER), GIVE(NEIGHBOUR, THIRD), {"SS"}},
    {"resize by another, neighbour given", FALSE, REALLOC(ANOTHER), GIVE(NEIGHBOUR, THIRD), {"SS"}},
    {"free, given", TRUE, FREE(OWNER), GIVE(BLOCK, ANOTHER), {"SP", "DS"}},
    {"free by another, given it", TRUE, FREE(ANOTHER), GIVE(BLOCK, ANOTHER), {"DS", "SS"}},
    {"free by another, neighbour given", TRUE, FREE(ANOTHER), GIVE(NEIGHBOUR, THIRD), {"DS"}},
    {"size, neighbour given", TRUE, SIZE_OF_IT, GIVE(NEIGHBOUR, THIRD), {"#S"}},
    {"size, given", TRUE, SIZE_OF_IT, GIVE(BLOCK, THIRD), {"#S", "0S"}},
    {"given to itself, free", TRUE, GIVE(BLOCK, OWNER), FREE(OWNER), {"SS", "PS"}},
};
/* clang-format on */

static const SIZE_T sizes[] = {100, 2000, 40000};

struct side {
    const struct act *act;
    char answer;
    void *result;
};

static HEXPERTKEY keys[PEOPLE];
static void *blocks[ASIDE];
static SIZE_T bytes;
static struct side first, second;
static HANDLE turn, done;
static BOOL began, ended; /* the second thread's call */
static volatile LONG stop;

static char letter(DWORD code)
{
    return code == NMERR_SUCCESS             ? 'S'
           : code == NMERR_INVALID_PARAMETER ? 'P'
           : code == NMERR_ACCESS_DENIED     ? 'D'
                                             : '?';
}

static void perform(struct side *side)
{
    const struct act *act = side->act;
    HEXPERTKEY key = keys[act->who];
    DWORD code = UNSET;
    SIZE_T size;

    switch (act->deed) {
    case FREES:
        code = nm.free(key, blocks[act->which]);
        break;
    case REALLOCS:
        side->result = nm.realloc(key, blocks[act->which], bytes > 32767 ? 10 : bytes + 300, &code);
        break;
    case SIZES:
        size = nm.size(key, blocks[act->which]);
        side->answer = size == bytes ? '#' : size ? '?' : '0';
        return;
    default:
        code = nm.transfer(key, keys[act->to], blocks[act->which]);
        break;
    }
    side->answer = letter(code);
}

static void perform_one(void *argument)
{
    perform(argument);
}

static DWORD WINAPI others(LPVOID argument)
{
    for (;;) {
        WaitForSingleObject(turn, INFINITE);
        if (InterlockedCompareExchange(&stop, 0, 0))
            return 0;
        perform(argument);
        SetEvent(done);
    }
}

/* The second thread may have to wait for a lock of the first. */
static void let_other(void *argument)
{
    (void)argument;
    began = TRUE;
    SetEvent(turn);
    ended = WaitForSingleObject(done, 2) == WAIT_OBJECT_0;
}

static void check_and_clear(const struct scene *scene, unsigned long point)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    struct side *sides[2] = {&first, &second};
    int i;

    for (i = 0; i < 3; i++)
        if (scene->allowed[i] && first.answer == scene->allowed[i][0] &&
            second.answer == scene->allowed[i][1])
            break;
    if (i == 3)
        fail_msg("%s (%s), %lu bytes, at instruction %lu: %c and %c", scene->name,
                 scene->opened ? "opened" : "implicit", (unsigned long)bytes, point, first.answer,
                 second.answer);
    for (i = 0; i < 2; i++)
        if (sides[i]->result)
            assert_int_equal(nm.free(keys[sides[i]->act->who], sides[i]->result), NMERR_SUCCESS);
    /* Checks that each block is owned by one expert or by none, not by which. */
    for (i = 0; i < ASIDE; i++)
        for (int who = 0; who < PEOPLE; who++)
            if (nm.size(keys[who], blocks[i]) == bytes)
                assert_int_equal(nm.free(keys[who], blocks[i]), NMERR_SUCCESS);
    for (i = 0; i < PEOPLE; i++) {
        assert_int_equal(nm.query(keys[i], &usage), NMERR_SUCCESS);
        assert_int_equal(usage.LiveBlocks, 0);
        assert_int_equal(usage.LiveBytes, 0);
    }
}

/* Returns how many instructions the first call had. */
static unsigned long one_point(const struct scene *scene, unsigned long point)
{
    unsigned long steps;

    began = ended = FALSE;
    first = (struct side){&scene->first, 0, NULL};
    second = (struct side){&scene->second, 0, NULL};
    for (int i = 0; i < ASIDE; i++) {
        blocks[i] = nm.alloc(keys[OWNER], bytes, NULL);
        assert_non_null(blocks[i]);
    }
    steps = standin_step(perform_one, &first, point, let_other, NULL);
    if (!began) /* the first call ended before */
        SetEvent(turn);
    if (!ended)
        assert_int_equal(WaitForSingleObject(done, 60000), WAIT_OBJECT_0);
    check_and_clear(scene, point);
    return steps;
}

static void make_events(void)
{
    turn = CreateEventA(NULL, FALSE, FALSE, NULL);
    done = CreateEventA(NULL, FALSE, FALSE, NULL);
    stop = 0;
}

static void two_calls_are_answered_as_if_one_came_after_the_other(void **state)
{
    unsigned long points = 0, most = misuse_count ? misuse_count : POINTS;
    HANDLE thread;
    uint32_t random = soak_seed;
    ULONG_PTR next_key = 0x10000;

    (void)state;
    make_events();
    thread = soak_start(others, &second);
    for (size_t k = 0; k < MISUSE_COUNT(scenes); k++)
        for (size_t n = 0; n < MISUSE_COUNT(sizes); n++) {
            unsigned long steps, stride;
            bytes = sizes[n];
            for (int i = 0; i < PEOPLE; i++) {
                keys[i] = (HEXPERTKEY)(next_key += 16);
                if (scenes[k].opened)
                    assert_int_equal(nm.open(keys[i], NULL), NMERR_SUCCESS);
                assert_int_equal(nm.free(keys[i], nm.alloc(keys[i], 1, NULL)), NMERR_SUCCESS);
            }
            steps = one_point(&scenes[k], (unsigned long)-1);
            stride = steps / most + 1;
            for (unsigned long at = content_random(&random) % stride; at < steps; at += stride) {
                one_point(&scenes[k], at);
                points++;
            }
        }
    InterlockedIncrement(&stop);
    SetEvent(turn);
    assert_true(soak_join(thread));
    print_message("%lu instants of %lu pairs of calls\n", points,
                  (unsigned long)(MISUSE_COUNT(scenes) * MISUSE_COUNT(sizes)));
    assert_true(points > MISUSE_COUNT(scenes) * MISUSE_COUNT(sizes));
}

/* A lock that is released twice is another thread's at the second time. */

enum { SOMEBODY = 0x7F000001 };

static volatile LONG *lock_word;
static LONG was_held; /* before an earlier instruction of the same call */

static void be_somebody_else(void *argument)
{
    (void)argument;
    if (*lock_word)
        was_held = *lock_word;
    else if (was_held)
        began = InterlockedCompareExchange(lock_word, SOMEBODY, 0) == 0;
}

static void a_block_handed_to_its_own_expert_gives_the_lock_back_once(void **state)
{
    static const struct act give = GIVE(BLOCK, OWNER);
    unsigned long steps, taken = 0;

    (void)state;
    bytes = 100;
    keys[OWNER] = (HEXPERTKEY)(ULONG_PTR)0x5550;
    assert_int_equal(nm.open(keys[OWNER], NULL), NMERR_SUCCESS);
    blocks[BLOCK] = nm.alloc(keys[OWNER], bytes, NULL);
    lock_word = &table_find(keys[OWNER])->lock.holder;
    first = (struct side){&give, 0, NULL};
    steps = standin_step(perform_one, &first, (unsigned long)-1, be_somebody_else, NULL);
    for (unsigned long point = 0; point < steps; point += steps / 350 + 1) {
        began = FALSE;
        standin_step(perform_one, &first, point, be_somebody_else, NULL);
        assert_int_equal(first.answer, 'S');
        assert_int_equal(*lock_word, began ? SOMEBODY : 0);
        InterlockedExchange(lock_word, 0);
        taken += (unsigned long)began;
    }
    print_message("%lu instants after the lock was given back, of %lu\n", taken, steps);
    assert_true(taken > 0);
    assert_int_equal(nm.close(keys[OWNER], NULL), NMERR_SUCCESS);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_calls_are_answered_as_if_one_came_after_the_other),
        cmocka_unit_test(a_block_handed_to_its_own_expert_gives_the_lock_back_once),
    };

    misuse_begin(argc, argv);
    if (standin_under_tsan()) /* no single steps there */
        return 0;
    return cmocka_run_group_tests_name("interleaved", tests, NULL, NULL) != 0;
}
