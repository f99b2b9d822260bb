/* test_closing_addresses.c - the promises of closing.c: what becomes of the addresses that an expert had. */
#include "unit.h"

#include "pages/region.h"

#define KEY(i) ((HEXPERTKEY)(ULONG_PTR)(0x200000 + (i)*16))
#define LARGE 40000 /* bytes: a block with 64 MiB of addresses, which is what is counted here */
#define ADDRESSES ((LARGE_HEADROOM + OS_PAGE + CHUNK_BYTES - 1) & ~(CHUNK_BYTES - 1))
#define HELD_FOR_THE_DEAD ((SIZE_T)256 << 20)
#define HELD_FOR_THE_LIVING ((SIZE_T)16 << 30)

enum { MOST = 300 };

/* A thread that uses keys and then does what it is told. */
struct visitor {
    unsigned first, count;
    SIZE_T bytes; /* of the first one's block; 0: LARGE, as of all others */
    char *blocks[MOST];
    volatile LONG ready, stop;
    HANDLE thread;
};

static DWORD WINAPI visit(LPVOID parameter)
{
    struct visitor *v = parameter;

    for (unsigned i = 0; i < v->count; i++)
        v->blocks[i] =
            ExpertAllocMemory(KEY(v->first + i), i || !v->bytes ? LARGE : v->bytes, NULL);
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

/* Closes them one after the other; returns how many are held at the end, the youngest for certain. */
static unsigned close_all(const struct visitor *v, SIZE_T most)
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
        assert_true(!held || is_held(v->blocks[i])); /* the oldest have gone first */
    }
    assert_true((before.reserved - now.reserved) / ADDRESSES >= v->count - held);
    assert_true(held * ADDRESSES <= most);
    return held;
}

static void addresses_of_the_dead_are_held_up_to_256_mib_and_the_oldest_go_first(void **state)
{
    static struct visitor dead = {.first = 0, .count = 12};

    (void)state;
    arrive(&dead);
    go(&dead, 1);
    assert_int_equal(close_all(&dead, HELD_FOR_THE_DEAD), HELD_FOR_THE_DEAD / ADDRESSES);
}

static void close_another(unsigned key)
{
    assert_non_null(ExpertAllocMemory(KEY(key), 10, NULL));
    assert_int_equal(NmapiCloseExpert(KEY(key), NULL), NMERR_SUCCESS);
}

static void what_may_go_does_behind_many_that_must_stay(void **state)
{
    enum { STAYING = 30, GOING = 5 };
    static struct visitor staying = {.first = 960, .count = STAYING};
    static struct visitor going = {.first = 1000, .count = GOING};

    unit_load_anew(state);
    arrive(&staying);
    arrive(&going);
    for (unsigned i = 1; i < STAYING; i++)
        assert_int_equal(NmapiCloseExpert(KEY(staying.first + i), NULL), NMERR_SUCCESS);
    for (unsigned i = 0; i < GOING; i++)
        assert_int_equal(NmapiCloseExpert(KEY(going.first + i), NULL), NMERR_SUCCESS);
    assert_int_equal(NmapiCloseExpert(KEY(staying.first), NULL), NMERR_SUCCESS);
    assert_int_equal(count_held(&going), GOING);
    go(&going, 0);
    for (unsigned i = 0; i < STAYING / 4; i++)
        close_another(1010 + i);
    assert_int_equal(count_held(&going), 0);
    assert_int_equal(count_held(&staying), STAYING);
    go(&staying, 0);
}

static void addresses_that_a_living_thread_may_know_are_held_up_to_16_gib(void **state)
{
    static struct visitor living = {.first = 20, .count = 260}, dead = {.first = 290, .count = 1};
    unsigned held;
    unsigned long calls;

    (void)state;
    arrive(&living);
    for (unsigned i = 0; i < living.count; i++)
        assert_int_equal(NmapiTerminateExpert(KEY(living.first + i)), NMERR_SUCCESS);
    held = close_all(&living, HELD_FOR_THE_LIVING);
    assert_true(held >= HELD_FOR_THE_LIVING / ADDRESSES - 1);
    assert_int_equal(count_held(&living), held);
    calls = standin_calls("WaitForSingleObject");
    close_another(298);
    assert_in_range(standin_calls("WaitForSingleObject") - calls, 1, 10); /* not one for each */
    go(&living, 0);
    /* Now they need not be held; the next close sees to it, even if it holds nothing itself. */
    close_another(299);
    assert_int_equal(count_held(&living), HELD_FOR_THE_DEAD / ADDRESSES);
    arrive(&dead);
    go(&dead, 1);
    assert_int_equal(close_all(&dead, HELD_FOR_THE_DEAD), 1);
    assert_int_equal(count_held(&living), HELD_FOR_THE_DEAD / ADDRESSES - 1);
}

/* The first one's block has as many addresses as there is room for beside the others'. */
static void hold_exactly(struct visitor *v, struct visitor *one_more, SIZE_T most)
{
    v->bytes = most - (v->count - 1) * ADDRESSES - OS_PAGE;
    one_more->bytes = 1;
    arrive(v);
    arrive(one_more);
    for (unsigned i = 0; i < v->count; i++)
        assert_int_equal(NmapiTerminateExpert(KEY(v->first + i)), NMERR_SUCCESS);
    assert_int_equal(NmapiTerminateExpert(KEY(one_more->first)), NMERR_SUCCESS);
}

static void close_exactly(const struct visitor *v, const struct visitor *one_more)
{
    for (unsigned i = 0; i < v->count; i++)
        assert_int_equal(NmapiCloseExpert(KEY(v->first + i), NULL), NMERR_SUCCESS);
    for (unsigned i = 0; i < v->count; i++)
        assert_true(is_held(v->blocks[i]));
    assert_int_equal(NmapiCloseExpert(KEY(one_more->first), NULL), NMERR_SUCCESS);
    for (unsigned i = 0; i < v->count; i++)
        assert_int_equal(is_held(v->blocks[i]), i > 0);
}

static void the_last_byte_of_what_may_be_held_is_held_and_none_beyond(void **state)
{
    static struct visitor dead = {.first = 600, .count = 2}, dead_too = {.first = 610, .count = 1};
    static struct visitor living = {.first = 620, .count = 240}, too = {.first = 900, .count = 1};

    unit_load_anew(state);
    hold_exactly(&dead, &dead_too, HELD_FOR_THE_DEAD);
    go(&dead, 0);
    go(&dead_too, 0);
    close_exactly(&dead, &dead_too);
    unit_load_anew(state);
    hold_exactly(&living, &too, HELD_FOR_THE_LIVING);
    close_exactly(&living, &too);
    go(&living, 0);
    go(&too, 0);
}

static int is_retired(const char *block)
{
    struct region *region = region_find(block);

    return region && region->owner == REGION_RETIRED;
}

/* One visitor, one key; what became of its addresses. */
static int becomes_retired(unsigned key, int terminate, int free_first, int gone)
{
    struct visitor v = {.first = key, .count = 1};
    int retired;

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
    retired = is_retired(v.blocks[0]);
    if (!gone)
        go(&v, 0);
    return retired;
}

static void addresses_are_held_only_after_a_bad_end(void **state)
{
    (void)state;
    assert_false(becomes_retired(300, 0, 0, 1)); /* leaked, but nobody is left */
    assert_false(becomes_retired(301, 0, 1, 0)); /* somebody is left, but nothing was leaked */
    assert_true(becomes_retired(302, 0, 0, 0));
    assert_true(becomes_retired(303, 1, 0, 1));
    assert_true(becomes_retired(304, 0, 0, 2));
}

static void the_caller_of_close_itself_is_no_stray(void **state)
{
    char *block = ExpertAllocMemory(KEY(310), LARGE, NULL);

    (void)state;
    assert_int_equal(NmapiCloseExpert(KEY(310), NULL), NMERR_SUCCESS);
    assert_false(is_retired(block));
}

static void threads_of_a_keys_former_life_do_not_count(void **state)
{
    struct visitor former[3] = {
        {.first = 311, .count = 1}, {.first = 311, .count = 1}, {.first = 311, .count = 1}};
    struct visitor now = {.first = 311, .count = 1};

    (void)state;
    assert_int_equal(NmapiOpenExpert(KEY(311), NULL), NMERR_SUCCESS);
    for (int i = 0; i < 3; i++)
        arrive(&former[i]);
    assert_int_equal(NmapiCloseExpert(KEY(311), NULL), NMERR_SUCCESS);
    assert_int_equal(NmapiOpenExpert(KEY(311), NULL), NMERR_SUCCESS);
    arrive(&now);
    go(&now, 0);
    assert_int_equal(NmapiCloseExpert(KEY(311), NULL), NMERR_SUCCESS);
    assert_false(is_retired(now.blocks[0]));
    for (int i = 0; i < 3; i++)
        go(&former[i], 0);
}

/* Each is a thread that uses the key alone; more than an expert has room for at first. */
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
            arrive(&crowd[i]);
        }
        for (int i = 0; i < THREADS; i++)
            if (i != last)
                go(&crowd[i], 0);
        block = crowd[0].blocks[0];
        assert_int_equal(NmapiCloseExpert(KEY(320 + last), NULL), NMERR_SUCCESS);
        assert_true(is_retired(block));
        go(&crowd[last], 0);
    }
}

static void one_that_was_killed_among_others_makes_it_a_bad_end(void **state)
{
    (void)state;
    for (unsigned killed = 0; killed < 3; killed++) {
        struct visitor v[3] = {{.count = 1}, {.count = 1}, {.count = 1}};
        for (unsigned i = 0; i < 3; i++) {
            v[i].first = 950 + killed;
            arrive(&v[i]);
        }
        for (unsigned i = 0; i < 3; i++)
            go(&v[i], i == killed);
        assert_int_equal(NmapiCloseExpert(KEY(950 + killed), NULL), NMERR_SUCCESS);
        assert_true(is_retired(v[0].blocks[0]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_the_dead_are_held_up_to_256_mib_and_the_oldest_go_first),
        cmocka_unit_test(addresses_are_held_only_after_a_bad_end),
        cmocka_unit_test(the_caller_of_close_itself_is_no_stray),
        cmocka_unit_test(threads_of_a_keys_former_life_do_not_count),
        cmocka_unit_test(one_that_was_killed_among_others_makes_it_a_bad_end),
        cmocka_unit_test(every_thread_that_called_counts_however_many),
        cmocka_unit_test(what_may_go_does_behind_many_that_must_stay),
        cmocka_unit_test(addresses_that_a_living_thread_may_know_are_held_up_to_16_gib),
        cmocka_unit_test(the_last_byte_of_what_may_be_held_is_held_and_none_beyond),
    };

    return UNIT_RUN(tests);
}
