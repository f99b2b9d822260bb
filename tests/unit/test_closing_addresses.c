/* test_closing_addresses.c - the promises of closing.c about the addresses of a closed expert:
   quarantined or released. */
#include "unit.h"

#include "pages/region.h"

#define KEY(i) ((HEXPERTKEY)(ULONG_PTR)(0x200000 + (i)*16))
#define ADDRESSES ((SIZE_T)64 << 20)
#define LARGE (ADDRESSES - OS_PAGE) /* bytes: a block whose region takes exactly ADDRESSES */
#define MEDIUM 40000
#define HELD ((SIZE_T)1 << 30)

enum { MOST = 20 };

/* A thread that uses keys, and then stays, ends or is killed. */
struct visitor {
    unsigned first, count;
    SIZE_T bytes; /* of its first expert's block; 0: LARGE, as for all others */
    char *blocks[MOST];
    volatile LONG ready, stop;
    HANDLE thread;
};

static DWORD WINAPI visit(LPVOID parameter)
{
    struct visitor *v = parameter;

    for (unsigned i = 0; i < v->count; i++)
        v->blocks[i] = ExpertAllocMemory(KEY(v->first + i), v->bytes ? v->bytes : LARGE, NULL);
    atomic_store(&v->ready, 1);
    while (!atomic_load(&v->stop))
        Sleep(1);
    if (v->stop == 2)
        TerminateThread(GetCurrentThread(), 1);
    return 0;
}

static void arrive(struct visitor *v)
{
    v->thread = CreateThread(NULL, 0, visit, v, 0, NULL);
    while (!atomic_load(&v->ready))
        Sleep(1);
    for (unsigned i = 0; i < v->count; i++)
        assert_non_null(v->blocks[i]);
}

static void go(struct visitor *v, int killed)
{
    atomic_store(&v->stop, killed ? 2 : 1);
    WaitForSingleObject(v->thread, INFINITE);
    CloseHandle(v->thread);
}

static int is_held(const char *block)
{
    MEMORY_BASIC_INFORMATION area;

    assert_int_equal(VirtualQuery(block, &area, sizeof area), sizeof area);
    assert_int_not_equal(area.State, MEM_COMMIT);
    return area.State == MEM_RESERVE;
}

static unsigned count_held(const struct visitor *v)
{
    unsigned held = 0;

    for (unsigned i = 0; i < v->count; i++)
        held += (unsigned)is_held(v->blocks[i]);
    return held;
}

/* Closes its experts one after the other. Returns how many are quarantined at the end; the newest
   must be. */
static unsigned close_all(const struct visitor *v)
{
    struct standin_usage before, now;
    unsigned held = 0;

    standin_get_usage(&before);
    for (unsigned i = 0; i < v->count; i++) {
        assert_int_equal(NmapiCloseExpert(KEY(v->first + i), NULL), NMERR_SUCCESS);
        assert_true(is_held(v->blocks[i]));
        standin_get_usage(&now);
        assert_true(now.reserved <= before.reserved);
    }
    for (unsigned i = 0; i < v->count; i++) {
        held += (unsigned)is_held(v->blocks[i]);
        assert_true(!held || is_held(v->blocks[i])); /* the oldest ones have left first */
    }
    assert_true((before.reserved - now.reserved) / ADDRESSES >= v->count - held);
    assert_true(held * ADDRESSES <= HELD);
    return held;
}

static void up_to_1_gib_is_quarantined_and_the_oldest_leaves_first(void **state)
{
    static struct visitor dead = {.first = 0, .count = 20};

    unit_load_anew(state);
    arrive(&dead);
    go(&dead, 1);
    assert_int_equal(close_all(&dead), HELD / ADDRESSES);
}

/* No more while their threads live, and no fewer when these have ended. */
static void as_much_is_quarantined_while_threads_live(void **state)
{
    static struct visitor living = {.first = 20, .count = 20};

    unit_load_anew(state);
    arrive(&living);
    assert_int_equal(close_all(&living), HELD / ADDRESSES);
    go(&living, 0);
    assert_non_null(ExpertAllocMemory(KEY(298), 10, NULL));
    assert_int_equal(NmapiCloseExpert(KEY(298), NULL), NMERR_SUCCESS);
    assert_int_equal(count_held(&living), HELD / ADDRESSES);
}

static void the_quarantine_holds_its_bound_to_the_last_byte(void **state)
{
    static struct visitor v = {.first = 620, .count = HELD / ADDRESSES};
    static struct visitor one_more = {.first = 900, .count = 1, .bytes = 1};

    unit_load_anew(state);
    arrive(&v);
    arrive(&one_more);
    for (unsigned i = 0; i < v.count; i++)
        assert_int_equal(NmapiCloseExpert(KEY(v.first + i), NULL), NMERR_SUCCESS);
    assert_int_equal(count_held(&v), v.count);
    assert_int_equal(NmapiCloseExpert(KEY(one_more.first), NULL), NMERR_SUCCESS);
    for (unsigned i = 0; i < v.count; i++)
        assert_int_equal(is_held(v.blocks[i]), i > 0);
    go(&v, 0);
    go(&one_more, 0);
}

/* One visitor, one key: whether its addresses were quarantined. */
static int becomes_quarantined(unsigned key, int terminate, int free_first, int gone)
{
    struct visitor v = {.first = key, .count = 1, .bytes = MEDIUM};
    int quarantined;

    arrive(&v);
    if (gone)
        go(&v, gone == 2);
    if (free_first)
        assert_int_equal(ExpertFreeMemory(KEY(key), v.blocks[0]), NMERR_SUCCESS);
    if (terminate)
        assert_int_equal(NmapiTerminateExpert(KEY(key)), NMERR_SUCCESS);
    v.blocks[0] = free_first ? ExpertAllocMemory(KEY(key), 10, NULL) : v.blocks[0];
    if (free_first)
        assert_int_equal(ExpertFreeMemory(KEY(key), v.blocks[0]), NMERR_SUCCESS);
    assert_int_equal(NmapiCloseExpert(KEY(key), NULL), NMERR_SUCCESS);
    quarantined = unit_is_quarantined(v.blocks[0]);
    if (!gone)
        go(&v, 0);
    return quarantined;
}

static void addresses_are_quarantined_only_after_an_abnormal_close(void **state)
{
    (void)state;
    assert_false(becomes_quarantined(300, 0, 0, 1)); /* a leak, but no thread is left */
    assert_false(becomes_quarantined(301, 0, 1, 0)); /* a thread is left, but nothing leaked */
    assert_true(becomes_quarantined(302, 0, 0, 0));
    assert_true(becomes_quarantined(303, 1, 0, 1));
    assert_true(becomes_quarantined(304, 0, 0, 2));
}

static void the_caller_of_close_itself_is_no_stale_writer(void **state)
{
    char *block = ExpertAllocMemory(KEY(310), MEDIUM, NULL);

    (void)state;
    assert_int_equal(NmapiCloseExpert(KEY(310), NULL), NMERR_SUCCESS);
    assert_false(unit_is_quarantined(block));
}

static void threads_of_a_keys_former_life_do_not_count(void **state)
{
    struct visitor former[3] = {{.first = 311, .count = 1, .bytes = MEDIUM},
                                {.first = 311, .count = 1, .bytes = MEDIUM},
                                {.first = 311, .count = 1, .bytes = MEDIUM}};
    struct visitor now = {.first = 311, .count = 1, .bytes = MEDIUM};

    (void)state;
    assert_int_equal(NmapiOpenExpert(KEY(311), NULL), NMERR_SUCCESS);
    for (int i = 0; i < 3; i++)
        arrive(&former[i]);
    assert_int_equal(NmapiCloseExpert(KEY(311), NULL), NMERR_SUCCESS);
    assert_int_equal(NmapiOpenExpert(KEY(311), NULL), NMERR_SUCCESS);
    arrive(&now);
    go(&now, 0);
    assert_int_equal(NmapiCloseExpert(KEY(311), NULL), NMERR_SUCCESS);
    assert_false(unit_is_quarantined(now.blocks[0]));
    for (int i = 0; i < 3; i++)
        go(&former[i], 0);
}

/* More threads than an expert's record has places for, each with the key alone. */
static void every_thread_that_called_counts_however_many(void **state)
{
    enum { THREADS = 21 };
    static struct visitor crowd[THREADS];

    (void)state;
    for (int last = 0; last < THREADS; last += 5) {
        char *block;
        memset(crowd, 0, sizeof crowd);
        for (int i = 0; i < THREADS; i++) {
            crowd[i].first = 320 + (unsigned)last;
            crowd[i].count = 1;
            crowd[i].bytes = MEDIUM;
            arrive(&crowd[i]);
        }
        for (int i = 0; i < THREADS; i++)
            if (i != last)
                go(&crowd[i], 0);
        block = crowd[0].blocks[0];
        assert_int_equal(NmapiCloseExpert(KEY(320 + last), NULL), NMERR_SUCCESS);
        assert_true(unit_is_quarantined(block));
        go(&crowd[last], 0);
    }
}

static void one_killed_thread_among_others_makes_the_close_abnormal(void **state)
{
    (void)state;
    for (unsigned killed = 0; killed < 3; killed++) {
        struct visitor v[3] = {{.count = 1, .bytes = MEDIUM},
                               {.count = 1, .bytes = MEDIUM},
                               {.count = 1, .bytes = MEDIUM}};
        for (unsigned i = 0; i < 3; i++) {
            v[i].first = 950 + killed;
            arrive(&v[i]);
        }
        for (unsigned i = 0; i < 3; i++)
            go(&v[i], i == killed);
        assert_int_equal(NmapiCloseExpert(KEY(950 + killed), NULL), NMERR_SUCCESS);
        assert_true(unit_is_quarantined(v[0].blocks[0]));
    }
}

static DWORD WINAPI use_and_die(LPVOID key)
{
    unit_use_key(key);
    TerminateThread(GetCurrentThread(), 1);
    return 0;
}

/* The later ones have its record. */
static void a_killed_thread_counts_however_many_are_killed_after_it(void **state)
{
    struct visitor v = {.first = 955, .count = 1, .bytes = MEDIUM};

    (void)state;
    arrive(&v);
    go(&v, 1);
    for (int i = 0; i < 300; i++)
        assert_int_equal(unit_on_thread(use_and_die, KEY(956)), 1);
    assert_int_equal(NmapiCloseExpert(KEY(955), NULL), NMERR_SUCCESS);
    assert_true(unit_is_quarantined(v.blocks[0]));
}

static struct visitor *victim;
static int instants; /* before and after waits, until the victim is killed */

static void kill_the_victim(const char *name, BOOL after)
{
    (void)after;
    if (strcmp(name, "WaitForSingleObject") != 0 || instants < 0 || instants--)
        return;
    TerminateThread(victim->thread, 1);
    WaitForSingleObject(victim->thread, INFINITE);
}

/* Kills a thread that has called when others ask for the n-th time whether it lives: when a further
   thread calls, or in the close. Whether the close was abnormal; *came: there was an n-th time. */
static int killed_at(unsigned key, int n, int in_close, int *came)
{
    struct visitor v = {.first = key, .count = 1, .bytes = MEDIUM};

    arrive(&v);
    victim = &v;
    instants = n;
    standin_on_call(in_close ? NULL : kill_the_victim);
    assert_non_null(ExpertAllocMemory(KEY(key), 10, NULL));
    standin_on_call(in_close ? kill_the_victim : NULL);
    assert_int_equal(NmapiCloseExpert(KEY(key), NULL), NMERR_SUCCESS);
    standin_on_call(NULL);
    *came = instants < 0;
    if (!*came)
        go(&v, 0);
    else
        CloseHandle(v.thread);
    return unit_is_quarantined(v.blocks[0]);
}

static void a_thread_counts_whenever_it_is_killed(void **state)
{
    unsigned key = 960;

    (void)state;
    for (int in_close = 0; in_close < 2; in_close++) {
        int came = 1, n;
        for (n = 0; came; n++)
            assert_true(killed_at(key++, n, in_close, &came));
        assert_in_range(n, 3, 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(up_to_1_gib_is_quarantined_and_the_oldest_leaves_first),
        cmocka_unit_test(addresses_are_quarantined_only_after_an_abnormal_close),
        cmocka_unit_test(the_caller_of_close_itself_is_no_stale_writer),
        cmocka_unit_test(threads_of_a_keys_former_life_do_not_count),
        cmocka_unit_test(one_killed_thread_among_others_makes_the_close_abnormal),
        cmocka_unit_test(a_thread_counts_whenever_it_is_killed),
        cmocka_unit_test(a_killed_thread_counts_however_many_are_killed_after_it),
        cmocka_unit_test(every_thread_that_called_counts_however_many),
        cmocka_unit_test(as_much_is_quarantined_while_threads_live),
        cmocka_unit_test(the_quarantine_holds_its_bound_to_the_last_byte),
    };

    return UNIT_RUN(tests);
}
