/*
 * scenarios.c - what experts and hosts do, in small pieces: each call in it may fail or be its thread's
 * last.
 */
#include "world.h"

#include "base/permanent.h"
#include "pages/region.h"

enum { A, B, C, NEW = WORLD_EXPERTS - 2 };

static int block, other_block, few[40];

static void nothing(void)
{
}

/* A few blocks that must survive whatever happens to others. */
static void open_two(void)
{
    world_alloc(A, 10);
    world_alloc(A, 3000);
    world_alloc(B, 40);
    world_alloc(B, 60000);
    block = world_alloc(A, 100);
    other_block = world_alloc(B, 200);
}

static void first_use(void)
{
    world_alloc(C, 40);
}

static void small_blocks(void)
{
    int i = world_alloc(C, 40);

    world_size(C, i);
    world_alloc(C, 0);
    world_free(C, i);
    world_alloc(C, 41);
}

static void own_c(void)
{
    open_two();
    for (int i = 0; i < 3; i++)
        few[i] = world_alloc(C, 1000);
}

/* C's first blocks are in the victim's own hands, so that it has the bias. */
static void new_spans(void)
{
    for (int i = 0; i < 6; i++)
        few[i] = world_alloc(C, 1000);
    for (int i = 6; i < 26; i++)
        few[i] = world_alloc(C, 16000);
}

static void emptied_spans(void)
{
    for (int i = 0; i < 24; i++)
        few[i] = world_alloc(C, 30000);
    for (int i = 0; i < 24; i++)
        world_free(C, few[i]);
}

static void many_small_spans(void)
{
    for (int i = 0; i < 40; i++)
        few[i] = world_alloc(A + i % 3, (SIZE_T)(i * 16));
    for (int i = 0; i < 40; i++)
        world_free(A + i % 3, few[i]);
}

static void large_blocks(void)
{
    int i = world_alloc(C, 40000);
    int k = world_alloc(C, 300000);

    world_free(C, i);
    world_alloc(C, 50000);
    world_size(C, k);
    world_free(C, k);
}

/* More than wait for reuse: some go back to the system as they are freed. */
static void many_large_blocks(void)
{
    for (int i = 0; i < 8; i++)
        few[i] = world_alloc(C, 1400000);
    for (int i = 0; i < 8; i++)
        world_free(C, few[i]);
}

static void resized_blocks(void)
{
    int i = world_alloc(C, 40);

    world_realloc(C, i, 48);
    world_realloc(C, i, 1000);
    world_realloc(C, i, 20);
    world_realloc(C, i, 40000);
    world_realloc(C, i, 90000);
    world_realloc(C, i, 1000000);
    world_realloc(C, i, 45000);
    world_realloc(C, i, 3000);
    world_realloc(C, i, 0);
}

static void outgrown_blocks(void)
{
    int i = world_alloc(C, 40000);

    world_realloc(C, i, (SIZE_T)70 << 20);
    world_realloc(C, i, 40000);
    i = world_alloc(C, (SIZE_T)3 << 20);
    world_free(C, i);
}

/* Their pages go at once, as they do where enough of others wait. */
static void spans_not_kept(void)
{
    int blocks[24];

    world_keep_nothing();
    for (int i = 0; i < 24; i++)
        blocks[i] = world_alloc(C, i % 2 ? 20000 : 500);
    for (int i = 0; i < 24; i++)
        world_free(C, blocks[i]);
}

static void waiting_spans(void)
{
    open_two();
    emptied_spans();
}

/* What waits goes back to the system: for a large block that wants its addresses, then because it is more
   than may wait. */
static void waiting_spans_purged(void)
{
    world_alloc(C, 100000);
    world_keep_nothing();
    world_close(B);
    world_alloc(C, 20000);
}

/* More than one segment holds. */
static void new_segments(void)
{
    for (int i = 0; i < 24; i++)
        few[i] = world_alloc(C, 200000);
    world_free(C, few[0]);
    world_alloc(C, 100);
}

/* C has the only spans of a segment in which A has a block. */
static void spans_beside_a_block(void)
{
    open_two();
    new_segments();
    for (int i = 0; i < 10; i++)
        world_alloc(C, 16000);
    world_alloc(A, 240000); /* not beside the others */
    world_is_alone = TRUE;  /* others may have spans there */
}

/* The block states of that segment are nobody's then, and go. */
static void states_not_kept(void)
{
    world_keep_nothing();
    world_close(C);
    world_alloc(A, 16000);
}

static void almost_full_table(void)
{
    open_two();
    for (int i = 3; i < 127; i++)
        world_open(i, 0);
}

static void grown_table(void)
{
    world_alloc(127, 10);
    world_open(128, 0);
    world_alloc(129, 10);
    world_alloc(130, 10);
}

/* A block of it, newly begun, has 12 KiB left: more than the other threads need until what follows begins, and
   less than that needs. How much was in use before depends on where the system gives addresses. */
static void almost_full_arena(void)
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
    world_is_alone = TRUE; /* they would take what is left */
}

static void full_arena(void)
{
    for (int i = 3; i < 150; i++)
        world_open(i, 0);
    if (bias_thread())
        permanent_alloc(bias_thread(), (SIZE_T)24 << 10); /* more than a new block has committed */
}

static void transferred_small(void)
{
    world_transfer(A, B, block);
    world_size(B, block);
    world_realloc(B, block, 110);
    world_alloc(A, 100); /* in the span that is shared now */
    world_realloc(B, block, 4000);
    world_transfer(B, A, other_block);
    world_free(A, other_block);
}

static void transferred_large(void)
{
    int i = world_alloc(A, 70000);

    world_transfer(A, B, i);
    world_realloc(B, i, 90000);
    world_transfer(B, A, i);
    world_free(A, i);
}

static void transferred_and_closed(void)
{
    world_transfer(A, B, block);
    world_transfer(B, A, other_block);
    world_close(A);
    world_open(A, 0);
    world_alloc(A, 100);
}

static void listed(void)
{
    world_enum(A);
    world_query(A);
    world_enum(B);
    world_query(C);
}

static void closed(void)
{
    new_spans();
    world_alloc(C, 100000);
    world_close(C);
    world_alloc(C, 10);
    world_query(C);
    world_open(C, 1000000);
    world_alloc(C, 10);
    world_close(C);
}

static void terminated(void)
{
    int i = world_alloc(C, 10), k = world_alloc(C, 50000);

    world_terminate(C);
    world_alloc(C, 10);
    world_free(C, i);
    world_realloc(C, k, 100000);
    world_close(C);
}

/* Spans that an expert who ended badly had a part in: as the giver, as the receiver, together with another. */
static void transferred_and_terminated(void)
{
    int given = world_alloc(C, 2000), kept = world_alloc(A, 1500), got = world_alloc(A, 1500);
    int of_both = world_alloc(C, 1100);

    world_open(NEW, 0);
    world_transfer(C, B, given);
    world_transfer(A, C, got);
    world_transfer(C, NEW, of_both);
    world_terminate(C);
    world_terminate(NEW);
    world_close(C);
    world_close(NEW);
    world_free(B, given);
    world_free(A, kept);
    world_alloc(A, 1500);
}

static void closed_for_others(void)
{
    world_close(A);
    world_close(B);
}

/* A and B go on belonging to a thread that lives and has their biases. */
static void owned_by_another(void)
{
    world_thread(open_two);
}

static void owned_by_the_dead(void)
{
    world_kill(world_thread(open_two));
}

static void open_two_and_hold_one(void)
{
    open_two();
    bias_lock(bias_thread(), table_find(world_key(A)));
}

static void locked_by_the_dead(void)
{
    world_kill(world_thread(open_two_and_hold_one));
}

static void taken_over(void)
{
    world_alloc(A, 100);
    world_free(A, block);
    world_realloc(B, other_block, 5000);
}

/* As many as there is room for at first, and at the second time: for one more it grows. */
static void visited_by_two(void)
{
    open_two();
    for (int i = 0; i < 2; i++)
        world_thread(first_use);
}

static void visited_by_many(void)
{
    open_two();
    for (int i = 0; i < 4; i++)
        world_thread(first_use);
}

static void visit(void)
{
    world_alloc(C, 10);
    world_alloc(A, 10);
    world_close(C);
}

static void thread_crowd(void)
{
    open_two();
    for (int i = 0; i < 63; i++)
        world_thread(first_use);
}

/* Between implicitly opened experts blocks pass freely. */
static void legacy_blocks(void)
{
    world_realloc(B, block, 300);
    world_realloc(NEW, other_block, 300);
    world_alloc(C, 10);
    world_realloc(C, block, 50000);
    world_free(A, block);
}

static void opened_isolated(void)
{
    int i;

    world_open(C, 1000000);
    i = world_alloc(C, 900);
    world_free(C, i);
    world_terminate(C);
    world_close(C);
    world_open(C, 0);
    world_alloc(C, 900000);
}

static void ended_thread(void)
{
    world_alloc(C, 10);
    world_alloc(C, 60000);
    world_alloc(A, 12); /* like no other of its blocks, or it could be taken for one */
    world_thread_ends();
}

static void ended_in_turn(void)
{
    world_alloc(C, 10);
    world_thread_ends();
    world_alloc(C, 10);
}

static void page_blocks(void)
{
    int i = world_alloc(C, 10), k = world_alloc(C, 5000), l = world_alloc(C, 70000);

    world_realloc(C, i, 5000);
    world_realloc(C, k, 10);
    world_realloc(C, l, 90000);
    world_free(C, i);
    world_free(C, l);
    world_transfer(A, B, block);
    world_close(A);
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
    {"grown arena", NULL, almost_full_arena, full_arena, FALSE},
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
