/*
 * scenarios.c - what experts and hosts do, in small steps. Each call may fail, and its thread may
 * be killed in it.
 */
#include "scenario.h"

#include "base/permanent.h"
#include "pages/region.h"

enum { A, B, C, NEW = SCENARIO_EXPERTS - 2 };

static int block, other_block, few[40];

static void nothing(void)
{
}

/* A few blocks that must survive whatever happens to other blocks. */
static void open_two(void)
{
    scenario_alloc(A, 10);
    scenario_alloc(A, 3000);
    scenario_alloc(B, 40);
    scenario_alloc(B, 60000);
    block = scenario_alloc(A, 100);
    other_block = scenario_alloc(B, 200);
}

static void first_use(void)
{
    scenario_alloc(C, 40);
}

static void small_blocks(void)
{
    int i = scenario_alloc(C, 40);

    scenario_size(C, i);
    scenario_alloc(C, 0);
    scenario_free(C, i);
    scenario_alloc(C, 41);
}

static void own_c(void)
{
    open_two();
    for (int i = 0; i < 3; i++)
        few[i] = scenario_alloc(C, 1000);
}

/* The victim allocates C's first blocks, so that it has the bias. */
static void new_spans(void)
{
    for (int i = 0; i < 6; i++)
        few[i] = scenario_alloc(C, 1000);
    for (int i = 6; i < 26; i++)
        few[i] = scenario_alloc(C, 16000);
}

static void emptied_spans(void)
{
    for (int i = 0; i < 24; i++)
        few[i] = scenario_alloc(C, 30000);
    for (int i = 0; i < 24; i++)
        scenario_free(C, few[i]);
}

static void many_small_spans(void)
{
    for (int i = 0; i < 40; i++)
        few[i] = scenario_alloc(A + i % 3, (SIZE_T)(i * 16));
    for (int i = 0; i < 40; i++)
        scenario_free(A + i % 3, few[i]);
}

static void large_blocks(void)
{
    int i = scenario_alloc(C, 40000);
    int k = scenario_alloc(C, 300000);

    scenario_free(C, i);
    scenario_alloc(C, 50000);
    scenario_size(C, k);
    scenario_free(C, k);
}

/* Larger than any that the cache takes: their pages go back to the system when they are freed. */
static void many_large_blocks(void)
{
    scenario_keep_nothing();
    for (int i = 0; i < 8; i++)
        few[i] = scenario_alloc(C, 1400000);
    for (int i = 0; i < 8; i++)
        scenario_free(C, few[i]);
}

static void resized_blocks(void)
{
    int i = scenario_alloc(C, 40);

    scenario_realloc(C, i, 48);
    scenario_realloc(C, i, 1000);
    scenario_realloc(C, i, 20);
    scenario_realloc(C, i, 40000);
    scenario_realloc(C, i, 90000);
    scenario_realloc(C, i, 1000000);
    scenario_realloc(C, i, 45000);
    scenario_realloc(C, i, 3000);
    scenario_realloc(C, i, 0);
}

static void outgrown_blocks(void)
{
    int i = scenario_alloc(C, 40000);

    scenario_realloc(C, i, (SIZE_T)70 << 20);
    scenario_realloc(C, i, 40000);
    i = scenario_alloc(C, (SIZE_T)3 << 20);
    scenario_free(C, i);
}

/* Their pages go back at once, as they do when the cache is full. */
static void spans_not_kept(void)
{
    int blocks[24];

    scenario_keep_nothing();
    for (int i = 0; i < 24; i++)
        blocks[i] = scenario_alloc(C, i % 2 ? 20000 : 500);
    for (int i = 0; i < 24; i++)
        scenario_free(C, blocks[i]);
}

static void waiting_spans(void)
{
    open_two();
    emptied_spans();
}

/* Cached pages go back to the system: first for a large block that needs their addresses, then
   because there are more than may be cached. */
static void waiting_spans_purged(void)
{
    scenario_alloc(C, 100000);
    scenario_keep_nothing();
    scenario_close(B);
    scenario_alloc(C, 20000);
}

/* More than fits into one segment. */
static void new_segments(void)
{
    for (int i = 0; i < 24; i++)
        few[i] = scenario_alloc(C, 200000);
    scenario_free(C, few[0]);
    scenario_alloc(C, 100);
}

/* C has the only spans in a segment where A has a block. */
static void spans_beside_a_block(void)
{
    open_two();
    new_segments();
    for (int i = 0; i < 10; i++)
        scenario_alloc(C, 16000);
    scenario_alloc(A, 240000); /* in another segment than the others */
    scenario_is_alone = TRUE;  /* other experts may have spans there */
}

/* Then nobody uses the block states of that segment, and their pages are purged. */
static void states_not_kept(void)
{
    scenario_keep_nothing();
    scenario_close(C);
    scenario_alloc(A, 16000);
}

static void almost_full_table(void)
{
    open_two();
    for (int i = 3; i < 127; i++)
        scenario_open(i, 0);
}

static void grown_table(void)
{
    scenario_alloc(127, 10);
    scenario_open(128, 0);
    scenario_alloc(129, 10);
    scenario_alloc(130, 10);
}

/* A newly begun block of permanent records has 12 KiB left: more than the other threads need until
   the next part begins, and less than that part needs. How much was used before depends on the
   addresses that the system gives. */
static void almost_full_permanent_memory(void)
{
    struct thread *self;
    char *last, *next;

    open_two();
    self = thread_self();
    next = permanent_alloc(self, APART);
    do {
        last = next;
        next = permanent_alloc(self, APART);
    } while (next == last + APART);
    permanent_alloc(self, ((SIZE_T)1 << 20) - ((SIZE_T)12 << 10));
    scenario_is_alone = TRUE; /* they would use up the remaining memory */
}

static void full_permanent_memory(void)
{
    for (int i = 3; i < 150; i++)
        scenario_open(i, 0);
    if (bias_thread())
        permanent_alloc(bias_thread(), (SIZE_T)24 << 10); /* more than a new block has committed */
}

static void transferred_small(void)
{
    scenario_transfer(A, B, block);
    scenario_size(B, block);
    scenario_realloc(B, block, 110);
    scenario_alloc(A, 100); /* in the span that is now shared */
    scenario_realloc(B, block, 4000);
    scenario_transfer(B, A, other_block);
    scenario_free(A, other_block);
}

static void transferred_large(void)
{
    int i = scenario_alloc(A, 70000);

    scenario_transfer(A, B, i);
    scenario_realloc(B, i, 90000);
    scenario_transfer(B, A, i);
    scenario_free(A, i);
}

static void transferred_and_closed(void)
{
    scenario_transfer(A, B, block);
    scenario_transfer(B, A, other_block);
    scenario_close(A);
    scenario_open(A, 0);
    scenario_alloc(A, 100);
}

static void listed(void)
{
    scenario_enum(A);
    scenario_query(A);
    scenario_enum(B);
    scenario_query(C);
}

static void closed(void)
{
    new_spans();
    scenario_alloc(C, 100000);
    scenario_close(C);
    scenario_alloc(C, 10);
    scenario_query(C);
    scenario_open(C, 1000000);
    scenario_alloc(C, 10);
    scenario_close(C);
}

static void terminated(void)
{
    int i = scenario_alloc(C, 10), k = scenario_alloc(C, 50000);

    scenario_terminate(C);
    scenario_alloc(C, 10);
    scenario_free(C, i);
    scenario_realloc(C, k, 100000);
    scenario_close(C);
}

/* Shared spans of an expert whose close is abnormal: as the giver, as the receiver, and together
   with a third expert. */
static void transferred_and_terminated(void)
{
    int given = scenario_alloc(C, 2000), kept = scenario_alloc(A, 1500),
        got = scenario_alloc(A, 1500);
    int of_both = scenario_alloc(C, 1100);

    scenario_open(NEW, 0);
    scenario_transfer(C, B, given);
    scenario_transfer(A, C, got);
    scenario_transfer(C, NEW, of_both);
    scenario_terminate(C);
    scenario_terminate(NEW);
    scenario_close(C);
    scenario_close(NEW);
    scenario_free(B, given);
    scenario_free(A, kept);
    scenario_alloc(A, 1500);
}

static void closed_for_others(void)
{
    scenario_close(A);
    scenario_close(B);
}

/* A and B keep the biases of a thread that lives. */
static void owned_by_another(void)
{
    scenario_thread(open_two);
}

static void owned_by_the_dead(void)
{
    scenario_kill(scenario_thread(open_two));
}

static void open_two_and_hold_one(void)
{
    open_two();
    bias_lock(bias_thread(), table_find(scenario_key(A)));
}

static void locked_by_the_dead(void)
{
    scenario_kill(scenario_thread(open_two_and_hold_one));
}

static void taken_over(void)
{
    scenario_alloc(A, 100);
    scenario_free(A, block);
    scenario_realloc(B, other_block, 5000);
}

/* As many as the list holds at first, and then as many as it holds once grown: one more makes it
   grow. */
static void visited_by_two(void)
{
    open_two();
    for (int i = 0; i < 2; i++)
        scenario_thread(first_use);
}

static void visited_by_many(void)
{
    open_two();
    for (int i = 0; i < 4; i++)
        scenario_thread(first_use);
}

static void visit(void)
{
    scenario_alloc(C, 10);
    scenario_alloc(A, 10);
    scenario_close(C);
}

static void thread_crowd(void)
{
    open_two();
    for (int i = 0; i < 63; i++)
        scenario_thread(first_use);
}

/* Implicit experts may use each other's blocks. */
static void legacy_blocks(void)
{
    scenario_realloc(B, block, 300);
    scenario_realloc(NEW, other_block, 300);
    scenario_alloc(C, 10);
    scenario_realloc(C, block, 50000);
    scenario_free(A, block);
}

static void opened_isolated(void)
{
    int i;

    scenario_open(C, 1000000);
    i = scenario_alloc(C, 900);
    scenario_free(C, i);
    scenario_terminate(C);
    scenario_close(C);
    scenario_open(C, 0);
    scenario_alloc(C, 900000);
}

static void ended_thread(void)
{
    scenario_alloc(C, 10);
    scenario_alloc(C, 60000);
    scenario_alloc(A, 12); /* unlike its other blocks, so that it is mistaken for none */
    scenario_thread_ends();
}

static void ended_in_turn(void)
{
    scenario_alloc(C, 10);
    scenario_thread_ends();
    scenario_alloc(C, 10);
}

static void page_blocks(void)
{
    int i = scenario_alloc(C, 10), k = scenario_alloc(C, 5000), l = scenario_alloc(C, 70000);

    scenario_realloc(C, i, 5000);
    scenario_realloc(C, k, 10);
    scenario_realloc(C, l, 90000);
    scenario_free(C, i);
    scenario_free(C, l);
    scenario_transfer(A, B, block);
    scenario_close(A);
}

const struct scenario scenarios[] = {
    {"the first use of all", NULL, nothing, first_use, FALSE},
    {"first use of a key", NULL, open_two, first_use, FALSE},
    {"small blocks", NULL, open_two, small_blocks, FALSE},
    {"new spans", NULL, own_c, new_spans, FALSE},
    {"emptied spans", NULL, open_two, emptied_spans, FALSE},
    {"many small spans", NULL, open_two, many_small_spans, FALSE},
    {"large blocks", NULL, open_two, large_blocks, FALSE},
    {"many large blocks", NULL, open_two, many_large_blocks, FALSE},
    {"resized blocks", NULL, open_two, resized_blocks, FALSE},
    {"outgrown blocks", NULL, open_two, outgrown_blocks, FALSE},
    {"emptied spans, not kept", NULL, open_two, spans_not_kept, FALSE},
    {"spans that wait", NULL, waiting_spans, waiting_spans_purged, FALSE},
    {"new segments", NULL, open_two, new_segments, FALSE},
    {"idle block states", NULL, spans_beside_a_block, states_not_kept, FALSE},
    {"grown table", NULL, almost_full_table, grown_table, FALSE},
    {"grown permanent memory", NULL, almost_full_permanent_memory, full_permanent_memory, FALSE},
    {"transferred small", NULL, open_two, transferred_small, FALSE},
    {"transferred large", NULL, open_two, transferred_large, FALSE},
    {"transferred and closed", NULL, open_two, transferred_and_closed, FALSE},
    {"transferred and terminated", NULL, open_two, transferred_and_terminated, FALSE},
    {"listed", NULL, open_two, listed, FALSE},
    {"closed", NULL, open_two, closed, FALSE},
    {"closed, with a report", "report", open_two, closed, FALSE},
    {"terminated", NULL, open_two, terminated, FALSE},
    {"closed by another thread", NULL, owned_by_another, closed_for_others, FALSE},
    {"closed after their thread was killed", NULL, owned_by_the_dead, closed_for_others, FALSE},
    {"handed over", NULL, owned_by_another, taken_over, FALSE},
    {"handed over by the dead", NULL, owned_by_the_dead, taken_over, FALSE},
    {"locked by the dead", NULL, locked_by_the_dead, taken_over, TRUE},
    {"visited by two", NULL, visited_by_two, visit, FALSE},
    {"visited by many", NULL, visited_by_many, visit, FALSE},
    {"more threads than records", NULL, thread_crowd, visit, FALSE},
    {"legacy blocks", NULL, open_two, legacy_blocks, FALSE},
    {"opened by the host", NULL, open_two, opened_isolated, FALSE},
    {"ended thread", "reclaim=thread", open_two, ended_thread, FALSE},
    {"ended and begun again", "reclaim=thread", open_two, ended_in_turn, FALSE},
    {"page heap", "pageheap", open_two, page_blocks, FALSE},
    {NULL, NULL, NULL, NULL, FALSE},
};
