#include "aftermath.h"

enum { LARGE = 300000, LARGER = 1200000 };

static int small[4], lone, medium[2], large[2];
static int own[3],
    given[3]; /* in spans that both have blocks in: the giver is the dead one, the neighbour */

static void leave_content(int expert, SIZE_T bytes)
{
    int block = ledger_alloc(expert, bytes), next = ledger_alloc(expert, bytes);

    ledger_free(expert, block);
    ledger_free(expert, next);
}

void stage_set(BOOL isolated, BOOL with_large)
{
    if (isolated) {
        ledger_open(DEAD);
        ledger_open(NEIGHBOUR);
    }
    for (int i = 0; i < 4; i++)
        small[i] = ledger_alloc(DEAD, 100);
    ledger_alloc(NEIGHBOUR, 100);
    lone = ledger_alloc(DEAD, 5000);
    medium[0] = ledger_alloc(DEAD, 40000);
    ledger_alloc(NEIGHBOUR, 40000);
    medium[1] = ledger_alloc(DEAD, 100000);
    if (with_large) {
        large[0] = ledger_alloc(DEAD, LARGE);
        ledger_alloc(NEIGHBOUR, LARGE);
        large[1] = ledger_alloc(DEAD, LARGER);
    }
    for (int i = 0; i < 3; i++) {
        own[i] = ledger_alloc(DEAD, 700);
        given[i] = ledger_alloc(NEIGHBOUR, 1500);
    }
    ledger_transfer(DEAD, NEIGHBOUR, own[2]);
    ledger_transfer(NEIGHBOUR, DEAD, given[1]);
    ledger_transfer(NEIGHBOUR, DEAD, given[2]);
    leave_content(DEAD, 100);
    leave_content(DEAD, 700);
    leave_content(NEIGHBOUR, 20000);
    leave_content(NEIGHBOUR, 110000);
    leave_content(DEAD, 260000);
    leave_content(NEIGHBOUR, LARGER - 100000);
}

static void allocate_small(void)
{
    for (int i = 0; i < 3; i++)
        ledger_alloc(DEAD, 90);
    ledger_alloc(DEAD, 0);
}

static void allocate_where_spans_are_shared(void)
{
    for (int i = 0; i < 4; i++) {
        ledger_alloc(DEAD, 690);
        ledger_alloc(NEIGHBOUR, 1490);
    }
}

static void open_spans(void)
{
    ledger_alloc(DEAD, 300);
    ledger_alloc(DEAD, 2000);
    for (int i = 0; i < 8; i++)
        ledger_alloc(DEAD, 20000);
}

static void allocate_medium(void)
{
    ledger_alloc(DEAD, 50000);
    ledger_alloc(DEAD, 105000);
    ledger_alloc(DEAD, 33000);
}

static void allocate_large(void)
{
    ledger_alloc(DEAD, 270000);
    ledger_alloc(DEAD, LARGER - 200000);
    ledger_alloc(DEAD, 3000000);
}

static void resize_small(void)
{
    ledger_realloc(DEAD, small[0], 106);
    ledger_realloc(DEAD, small[1], 10);
    ledger_realloc(DEAD, small[2], 3000);
    ledger_realloc(DEAD, small[2], 30000);
    ledger_realloc(DEAD, small[3], 50000);
    ledger_realloc(DEAD, lone, 0);
}

static void resize_where_spans_are_shared(void)
{
    ledger_realloc(DEAD, own[0], 704);
    ledger_realloc(DEAD, given[1], 1510);
    ledger_realloc(NEIGHBOUR, own[2], 4000);
    ledger_realloc(DEAD, given[2], 40000);
}

static void resize_medium(void)
{
    ledger_realloc(DEAD, medium[1], 104000);
    ledger_realloc(DEAD, medium[1], 102000);
    ledger_realloc(DEAD, medium[1], 104000);
    ledger_realloc(DEAD, medium[0], 34000);
    ledger_realloc(DEAD, medium[0], 40000);
    ledger_realloc(DEAD, medium[1], 60000);
    ledger_realloc(DEAD, medium[0], 200);
}

static void resize_large(void)
{
    ledger_realloc(DEAD, large[0], LARGE + 10000);
    ledger_realloc(DEAD, large[0], 110000);
    ledger_realloc(DEAD, large[1], LARGER + 20000);
    ledger_realloc(DEAD, large[1], 700000);
    ledger_realloc(DEAD, large[1], 710000);
    ledger_realloc(DEAD, large[1], 36000);
}

static void free_small(void)
{
    for (int i = 0; i < 4; i++)
        ledger_free(DEAD, small[i]);
    ledger_free(DEAD, lone);
}

static void empty_spans(void)
{
    int blocks[12];

    for (int i = 0; i < 12; i++)
        blocks[i] = ledger_alloc(DEAD, 20000);
    for (int i = 0; i < 12; i++)
        ledger_free(DEAD, blocks[i]);
}

static void free_medium(void)
{
    ledger_free(DEAD, medium[1]);
    ledger_free(DEAD, medium[0]);
}

static void free_large(void)
{
    ledger_free(DEAD, large[0]);
    ledger_free(DEAD, large[1]);
}

static void free_where_spans_are_shared(void)
{
    ledger_free(DEAD, given[1]);
    ledger_free(DEAD, own[0]);
    ledger_free(NEIGHBOUR, own[2]);
    ledger_free(DEAD, own[1]);
    ledger_free(NEIGHBOUR, given[0]);
    ledger_free(DEAD, given[2]);
}

static void hand_over_small(void)
{
    ledger_transfer(DEAD, NEIGHBOUR, small[0]);
    ledger_transfer(DEAD, NEIGHBOUR, small[1]);
    ledger_transfer(NEIGHBOUR, DEAD, given[0]);
    ledger_transfer(DEAD, NEIGHBOUR, own[0]);
    ledger_transfer(NEIGHBOUR, DEAD, small[0]);
    ledger_transfer(DEAD, NEIGHBOUR, lone);
}

static void hand_over_large(void)
{
    ledger_transfer(DEAD, NEIGHBOUR, medium[0]);
    ledger_transfer(DEAD, NEIGHBOUR, large[0]);
    ledger_transfer(NEIGHBOUR, DEAD, medium[0]);
    ledger_transfer(DEAD, NEIGHBOUR, large[1]);
}

static void look(void)
{
    ledger_look(DEAD);
    ledger_look(NEIGHBOUR);
}

static void use_first(void)
{
    ledger_free(NEW, ledger_alloc(NEW, 100));
    ledger_alloc(NEW, 40000);
}

static void be_closed(void)
{
    ledger_close(DEAD);
}

static void be_terminated_and_closed(void)
{
    ledger_terminate(DEAD);
    ledger_free(DEAD, small[0]);
    ledger_free(DEAD, medium[0]);
    ledger_close(DEAD);
}

static void live_twice(void)
{
    ledger_close(DEAD);
    ledger_open(DEAD);
    ledger_alloc(DEAD, 100);
    ledger_alloc(DEAD, 40000);
}

static void free_all_and_close(void)
{
    free_where_spans_are_shared();
    ledger_close(NEIGHBOUR);
    ledger_close(DEAD);
}

const struct act acts[] = {
    {"small blocks", allocate_small, FALSE, FALSE},
    {"blocks where spans are shared", allocate_where_spans_are_shared, FALSE, FALSE},
    {"spans", open_spans, FALSE, FALSE},
    {"medium blocks", allocate_medium, FALSE, FALSE},
    {"large blocks", allocate_large, FALSE, TRUE},
    {"resized small", resize_small, FALSE, FALSE},
    {"resized where spans are shared", resize_where_spans_are_shared, FALSE, FALSE},
    {"resized medium", resize_medium, FALSE, FALSE},
    {"resized large", resize_large, FALSE, TRUE},
    {"freed small", free_small, FALSE, FALSE},
    {"emptied spans", empty_spans, FALSE, FALSE},
    {"freed medium", free_medium, FALSE, FALSE},
    {"freed large", free_large, FALSE, TRUE},
    {"freed where spans are shared", free_where_spans_are_shared, FALSE, FALSE},
    {"handed over small", hand_over_small, FALSE, FALSE},
    {"handed over large", hand_over_large, FALSE, TRUE},
    {"looked at", look, FALSE, FALSE},
    {"first use", use_first, FALSE, FALSE},
    {"closed", be_closed, TRUE, FALSE},
    {"terminated and closed", be_terminated_and_closed, TRUE, TRUE},
    {"a second life", live_twice, TRUE, FALSE},
    {"both closed", free_all_and_close, TRUE, TRUE},
    {NULL, NULL, FALSE, FALSE},
};
