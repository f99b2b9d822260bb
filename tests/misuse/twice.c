/*
 * twice.c - two threads free, move or hand over one block at the same moment: one succeeds, the
 * other is told that there is no such block, or none of its own. The sums are right after each.
 */
#include "misuse.h"

#include <stdio.h>

enum { ROUNDS = 500, UNSET = 0x5A5A5A5A };

static const SIZE_T sizes[] = {0, 100, 2000, 40000};

enum deed { FREES, REALLOCS, HANDS_OVER };

struct side {
    HEXPERTKEY key;
    enum deed deed;
    uint32_t delay; /* so that either may be first */
    DWORD code;
    void *result;
};

static struct side sides[2];
static HEXPERTKEY heir;          /* receives blocks */
static void *volatile neighbour; /* of the first key's */
static void *volatile block;
static SIZE_T bytes;
static uint32_t random_state;
static volatile LONG arrived, round_number, done, stop;

static LONG read_long(volatile LONG *value)
{
    return InterlockedCompareExchange(value, 0, 0);
}

/* Spins, so that both threads start at the same moment. Yields now and then, in case there is only
   one processor. */
static void wait_for(volatile LONG *value, LONG wanted)
{
    for (unsigned spins = 1; read_long(value) < wanted; spins++)
        if (spins % 4096 == 0)
            Sleep(0);
}

static void act(struct side *side)
{
    for (volatile uint32_t i = 0; i < side->delay; i++)
        ;
    side->code = UNSET;
    side->result = NULL;
    switch (side->deed) {
    case FREES:
        side->code = nm.free(side->key, block);
        break;
    case REALLOCS:
        /* A size that makes it move. */
        side->result =
            nm.realloc(side->key, block, bytes > 32767 ? 10 : bytes + 100000, &side->code);
        break;
    default:
        side->code = nm.transfer(side->key, heir, block);
        break;
    }
}

static DWORD WINAPI second(LPVOID argument)
{
    struct side *side = argument;

    for (LONG round = 1;; round++) {
        wait_for(&round_number, round);
        if (read_long(&stop))
            return 0;
        InterlockedIncrement(&arrived);
        wait_for(&arrived, 2 * round);
        act(side);
        InterlockedIncrement(&done);
    }
}

static NMAPI_EXPERT_USAGE usage_of(HEXPERTKEY key)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};

    assert_int_equal(nm.query(key, &usage), NMERR_SUCCESS);
    return usage;
}

static unsigned long won[2];

/* What both threads did, for one pair of calls. */
struct pair {
    const char *name;
    BOOL opened, same_key;
    enum deed deeds[2];
    DWORD loser[2]; /* what the other call returns when this one was first */
};

static const struct pair pairs[] = {
    {"free and free, one key",
     TRUE,
     TRUE,
     {FREES, FREES},
     {NMERR_INVALID_PARAMETER, NMERR_INVALID_PARAMETER}},
    {"free and free, implicit keys",
     FALSE,
     FALSE,
     {FREES, FREES},
     {NMERR_INVALID_PARAMETER, NMERR_INVALID_PARAMETER}},
    {"free and realloc",
     TRUE,
     TRUE,
     {FREES, REALLOCS},
     {NMERR_INVALID_PARAMETER, NMERR_INVALID_PARAMETER}},
    {"realloc and realloc, implicit keys",
     FALSE,
     FALSE,
     {REALLOCS, REALLOCS},
     {NMERR_INVALID_PARAMETER, NMERR_INVALID_PARAMETER}},
    {"free and transfer",
     TRUE,
     TRUE,
     {FREES, HANDS_OVER},
     {NMERR_INVALID_PARAMETER, NMERR_ACCESS_DENIED}},
    {"transfer and transfer",
     TRUE,
     TRUE,
     {HANDS_OVER, HANDS_OVER},
     {NMERR_ACCESS_DENIED, NMERR_ACCESS_DENIED}},
};

enum { NEIGHBOUR = 300 };

static void begin_pair(const struct pair *pair)
{
    static ULONG_PTR next_key = 0x10000;

    heir = (HEXPERTKEY)(next_key += 16);
    assert_int_equal(nm.open(heir, NULL), NMERR_SUCCESS);
    for (int i = 0; i < 2; i++) {
        sides[i].deed = pair->deeds[i];
        sides[i].key = i && pair->same_key ? sides[0].key : (HEXPERTKEY)(next_key += 16);
        if (pair->opened && !(i && pair->same_key))
            assert_int_equal(nm.open(sides[i].key, NULL), NMERR_SUCCESS);
    }
    assert_int_equal(nm.free(sides[1].key, nm.alloc(sides[1].key, 1, NULL)), NMERR_SUCCESS);
    neighbour = nm.alloc(sides[0].key, NEIGHBOUR, NULL);
    assert_non_null(neighbour);
    misuse_fill(neighbour, NEIGHBOUR, 1);
}

static void check_sums(const struct pair *pair)
{
    NMAPI_EXPERT_USAGE usage = usage_of(sides[0].key);

    assert_int_equal(usage.LiveBlocks, 1);
    assert_int_equal(usage.LiveBytes, NEIGHBOUR);
    assert_int_equal(usage.Allocations - usage.Frees, 1);
    assert_true(misuse_holds(neighbour, NEIGHBOUR, 1));
    if (!pair->same_key) {
        usage = usage_of(sides[1].key);
        assert_int_equal(usage.LiveBlocks, 0);
        assert_int_equal(usage.LiveBytes, 0);
    }
    usage = usage_of(heir);
    assert_int_equal(usage.LiveBlocks, 0);
    assert_int_equal(usage.LiveBytes, 0);
}

static void one_round(const struct pair *pair, LONG round)
{
    uint32_t delays = content_random(&random_state);
    int winner;

    sides[0].delay = delays & 1 ? 0 : (delays >> 8) % 1024;
    sides[1].delay = delays & 1 ? (delays >> 8) % 1024 : 0;
    block = nm.alloc(sides[0].key, bytes, NULL);
    assert_non_null(block);
    misuse_fill(block, bytes, 2);
    InterlockedIncrement(&round_number);
    if (delays & 2) /* the thread that arrives last has an advantage: they take turns */
        wait_for(&arrived, 2 * round - 1);
    InterlockedIncrement(&arrived);
    wait_for(&arrived, 2 * round);
    act(&sides[0]);
    wait_for(&done, round);
    winner = sides[0].code == NMERR_SUCCESS ? 0 : 1;
    if (sides[winner].code != NMERR_SUCCESS || sides[!winner].code != pair->loser[winner])
        fail_msg("%s, %lu bytes: codes %lu and %lu", pair->name, (unsigned long)bytes,
                 (unsigned long)sides[0].code, (unsigned long)sides[1].code);
    won[winner]++;
    if (sides[winner].deed == REALLOCS)
        assert_int_equal(nm.free(sides[winner].key, sides[winner].result), NMERR_SUCCESS);
    if (sides[winner].deed == HANDS_OVER)
        assert_int_equal(nm.free(heir, block), NMERR_SUCCESS);
    assert_int_equal(nm.free(sides[0].key, block), NMERR_INVALID_PARAMETER);
    check_sums(pair);
}

static void of_two_at_the_same_moment_one_succeeds(void **state)
{
    LONG rounds = misuse_count ? (LONG)misuse_count : ROUNDS, round = 0;
    HANDLE thread = soak_start(second, &sides[1]);

    (void)state;
    for (size_t i = 0; i < MISUSE_COUNT(pairs); i++) {
        won[0] = won[1] = 0;
        for (size_t k = 0; k < MISUSE_COUNT(sizes); k++) {
            bytes = sizes[k];
            begin_pair(&pairs[i]);
            for (LONG n = 0; n < rounds; n++)
                one_round(&pairs[i], ++round);
            assert_int_equal(nm.close(sides[0].key, NULL), NMERR_SUCCESS);
        }
        print_message("%s: %lu times this thread was first, %lu times the other\n", pairs[i].name,
                      won[0], won[1]);
    }
    InterlockedIncrement(&stop);
    InterlockedIncrement(&round_number);
    assert_true(soak_join(thread));
}

/* A transfer to the same expert takes one lock and must release it once: at a second release it may
   be another thread's. */

enum { WORKERS = 2, HELD = 16, DEEDS = 40000 };

static volatile LONG working, failures;
static HEXPERTKEY shared_key;

static DWORD WINAPI work(LPVOID argument)
{
    uint32_t seed = (uint32_t)(ULONG_PTR)argument, random = soak_seed + seed;
    void *held[HELD] = {NULL};

    for (int i = 0; i < DEEDS; i++) {
        uint32_t which = content_random(&random) % HELD;
        if (held[which]) {
            if (!misuse_holds(held[which], 48, seed + which) ||
                nm.free(shared_key, held[which]) != NMERR_SUCCESS)
                InterlockedIncrement(&failures);
            held[which] = NULL;
        } else {
            held[which] = nm.alloc(shared_key, 48, NULL);
            if (!held[which] || !content_is_zero(held[which], 48)) {
                InterlockedIncrement(&failures);
                continue;
            }
            misuse_fill(held[which], 48, seed + which);
        }
    }
    for (int i = 0; i < HELD; i++)
        if (held[i] && nm.free(shared_key, held[i]) != NMERR_SUCCESS)
            InterlockedIncrement(&failures);
    InterlockedDecrement(&working);
    return 0;
}

static void a_block_handed_to_its_own_expert_lets_nobody_in_beside_another(void **state)
{
    HANDLE threads[WORKERS];
    unsigned long handed = 0;
    void *kept;

    (void)state;
    shared_key = (HEXPERTKEY)(ULONG_PTR)0x77770;
    assert_int_equal(nm.open(shared_key, NULL), NMERR_SUCCESS);
    kept = nm.alloc(shared_key, 48, NULL);
    working = WORKERS;
    failures = 0;
    for (ULONG_PTR i = 0; i < WORKERS; i++)
        threads[i] = soak_start(work, (LPVOID)(100 * (i + 1)));
    while (read_long(&working)) {
        assert_int_equal(nm.transfer(shared_key, shared_key, kept), NMERR_SUCCESS);
        handed++;
    }
    for (int i = 0; i < WORKERS; i++)
        assert_true(soak_join(threads[i]));
    print_message("%lu times handed to itself, %d calls beside it\n", handed, WORKERS * DEEDS);
    assert_int_equal(failures, 0);
    assert_int_equal(usage_of(shared_key).LiveBlocks, 1);
    assert_int_equal(usage_of(shared_key).LiveBytes, 48);
    assert_int_equal(nm.free(shared_key, kept), NMERR_SUCCESS);
    assert_int_equal(nm.close(shared_key, NULL), NMERR_SUCCESS);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_two_at_the_same_moment_one_succeeds),
        cmocka_unit_test(a_block_handed_to_its_own_expert_lets_nobody_in_beside_another),
    };

    misuse_begin(argc, argv);
    random_state = soak_seed;
    return cmocka_run_group_tests_name("twice", tests, NULL, NULL) != 0;
}
