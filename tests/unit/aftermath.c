#include "aftermath.h"

#include "standin.h"

/* Hands all freed memory to another expert: each block is zero, and so is what it grows by. */
static void take_all(int expert)
{
    static const struct {
        SIZE_T bytes, step;
        int count, steps;
    } takes[] = {
        {97, 5, 30, 3},        {689, 15, 16, 1},      {1400, 130, 12, 1},
        {4700, 400, 4, 1},     {19000, 1400, 7, 1},   {33000, 22000, 3, 12},
        {101000, 15000, 3, 2}, {265000, 40000, 3, 1}, {1000000, 250000, 4, 1},
    };

    for (unsigned i = 0; i < sizeof takes / sizeof *takes; i++) {
        int taken[32];
        for (int k = 0; k < takes[i].count; k++)
            taken[k] = ledger_alloc(expert, takes[i].bytes);
        for (int k = 0; k < takes[i].count; k++)
            for (int n = 1; n <= takes[i].steps; n++)
                ledger_realloc(expert, taken[k], takes[i].bytes + (SIZE_T)n * takes[i].step);
    }
}

static void give_all(int expert)
{
    for (int i; (i = ledger_first(expert)) != LEDGER_NONE;)
        ledger_free(expert, i);
}

static void use(int block, int expert, int other, unsigned way)
{
    SIZE_T bytes = ledger_bytes(block);

    ledger_realloc(expert, block, bytes + bytes / 8 + 3); /* over memory that was used before */
    switch (way) {
    case 0:
        ledger_free(expert, block);
        break;
    case 1:
        ledger_realloc(expert, block, bytes * 3 + 10);
        ledger_free(expert, block);
        break;
    case 2:
        ledger_realloc(expert, block, bytes / 3);
        ledger_realloc(expert, block, bytes);
        break;
    case 3:
        ledger_transfer(expert, other, block);
        ledger_realloc(other, block, bytes + 50);
        ledger_free(other, block);
        break;
    default:
        ledger_transfer(expert, other, block);
        ledger_transfer(other, expert, block);
        ledger_realloc(expert, block, bytes + 20);
        break;
    }
}

/* Allocates more blocks of the sizes that the expert has, in the spans that the dead thread
   used. */
static void take_more(int expert)
{
    static const struct {
        SIZE_T bytes;
        int count;
    } more[] = {{0, 1},    {95, 12},  {300, 10},  {690, 6},   {1490, 5},
                {2000, 3}, {4900, 2}, {20000, 3}, {39000, 1}, {104000, 1}};

    for (unsigned i = 0; i < sizeof more / sizeof *more; i++)
        for (int k = 0; k < more[i].count; k++)
            ledger_alloc(expert, more[i].bytes);
}

/* Uses every block that an expert has, and new ones. */
static void go_on(int expert, unsigned turn)
{
    int other = expert == DEAD ? NEIGHBOUR : DEAD;

    take_more(expert);

    for (int i = ledger_first(expert), next; i != LEDGER_NONE; i = next, turn++) {
        unsigned way = turn % 5;
        next = ledger_next(i);
        use(i, expert, other, ledger_is_open(other) || way < 3 ? way : way - 3);
    }
    ledger_check();
}

/* A block over 32 KiB may have 64 MiB of addresses to grow into, and the quarantine is bounded:
   with more such blocks than MOST_OVER nothing is certain to be in it. */
enum { OVER = 32 << 10, MOST_OVER = 3 };

static struct {
    char *at;
    SIZE_T bytes;
} stale[LEDGER_BLOCKS];
static int stale_count;

static void note_stale(int expert)
{
    int over = 0;

    stale_count = 0;
    for (int i = ledger_first(expert); i != LEDGER_NONE; i = ledger_next(i)) {
        over += ledger_bytes(i) > OVER;
        if (!ledger_is_certain(i))
            continue;
        stale[stale_count].at = ledger_address(i);
        stale[stale_count++].bytes = ledger_bytes(i);
    }
    if (over > MOST_OVER)
        stale_count = 0;
}

static void write_stale(void *byte)
{
    *(volatile char *)byte = 0x77;
}

/* A stale writer stores into a closed expert's blocks: each store faults, or reaches memory that
   nobody owns. */
static void write_all_stale(void)
{
    for (int i = 0; i < stale_count; i++)
        for (SIZE_T k = 0; k < stale[i].bytes; k += 4096)
            standin_faults(write_stale, stale[i].at + k, NULL);
    ledger_check();
}

static void both_go_on(unsigned turn)
{
    if (ledger_is_open(DEAD))
        go_on(DEAD, turn);
    if (ledger_is_open(NEIGHBOUR))
        go_on(NEIGHBOUR, turn);
}

static void reopen(int expert)
{
    if (ledger_is_open(expert))
        return;
    ledger_open(expert);
    take_all(expert);
    ledger_check();
}

/* The host's query comes first, then all experts continue. */
static void looked_at(unsigned turn, BOOL ends)
{
    (void)ends;
    ledger_resolve();
    both_go_on(turn);
    take_all(TAKER);
    both_go_on(turn + 3);
    ledger_check();
}

/* The host closes the dead thread's expert without a query; its neighbour continues. */
static void closed_at_once(unsigned turn, BOOL ends)
{
    note_stale(DEAD);
    ledger_close_unresolved(DEAD);
    ledger_resolve();
    take_all(TAKER);
    ledger_check();
    if (!ends)
        write_all_stale();
    both_go_on(turn);
    give_all(TAKER);
    reopen(DEAD);
    both_go_on(turn);
}

/* Other experts allocate and free before anybody calls with the dead thread's key. */
static void taken_first(unsigned turn, BOOL ends)
{
    (void)ends;
    take_all(TAKER);
    ledger_resolve();
    both_go_on(turn);
    give_all(TAKER);
    take_all(NEW);
    both_go_on(turn + 2);
    ledger_check();
}

/* The neighbour is closed first, and releases its part of the shared spans. */
static void without_its_neighbour(unsigned turn, BOOL ends)
{
    (void)ends;
    ledger_close_unresolved(NEIGHBOUR);
    ledger_resolve();
    take_all(TAKER);
    both_go_on(turn);
    if (!ledger_is_open(DEAD))
        return;
    note_stale(DEAD);
    ledger_close(DEAD);
    take_all(NEW);
    if (!ends)
        write_all_stale();
    ledger_check();
}

const struct aftermath aftermaths[AFTERMATHS] = {
    {"looked at", looked_at},
    {"closed at once", closed_at_once},
    {"taken first", taken_first},
    {"without its neighbour", without_its_neighbour},
};
