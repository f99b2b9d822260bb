/* What many open experts cost, and what one costs that has many blocks: the rows and the curves. */
#include "bench.h"

static const char ns_op[] = "ns";

enum { EXPERTS_MOST = 10000 };
static void *heaps[EXPERTS_MOST];

/* Opens up to `count` experts of one block each. Returns how many are open: a 32-bit address space
   does not hold as many heaps of every kind. */
static unsigned open_experts(const struct peer *peer, unsigned opened, unsigned count)
{
    for (; opened < count; opened++) {
        heaps[opened] = peer->open();
        if (heaps[opened] == NULL)
            break;
        bench_blocks[opened] = peer->alloc(heaps[opened], 100);
        if (bench_blocks[opened] == NULL) {
            peer->close(heaps[opened]);
            break;
        }
    }
    return opened;
}

static void close_experts(const struct peer *peer, unsigned opened)
{
    while (opened-- > 0)
        bench_close(peer, heaps[opened], &bench_blocks[opened], 1);
}

/* The least of a few turns: other programs only ever add time. */
static void pair_on(const struct peer *peer, void *heap, struct figure *figure)
{
    unsigned pairs = bench_count(40000, 100);

    for (int turn = 0; turn < 7; turn++) {
        struct figure took;
        struct meter meter;

        bench_begin(peer, &meter);
        bench_pairs(peer, heap, 64, pairs);
        bench_end(peer, &meter, pairs, 1, &took);
        if (turn == 0 || took.value < figure->value)
            *figure = took;
    }
}

static void pair_on_all(const struct peer *peer, unsigned count, struct figure *figure)
{
    unsigned pairs = bench_count(200000, 500);
    struct meter meter;

    for (unsigned i = 0; i < count; i++)
        bench_pairs(peer, heaps[i], 64, 1);
    bench_begin(peer, &meter);
    for (unsigned i = 0, at = 0; i < pairs; i++) {
        bench_pairs(peer, heaps[at], 64, 1);
        at = at + 1 == count ? 0 : at + 1;
    }
    bench_end(peer, &meter, pairs, 1, figure);
}

/* The same expert's pair alone, and with 9,999 other experts open. */
static void run_experts(const struct peer *peer, struct figure *figures)
{
    unsigned count = bench_count(EXPERTS_MOST, 200);
    unsigned opened = open_experts(peer, 0, 1);

    pair_on(peer, heaps[0], &figures[0]);
    opened = open_experts(peer, opened, count);
    if (opened == count) {
        pair_on(peer, heaps[0], &figures[1]);
        figures[2] = bench_plain(figures[1].value / figures[0].value);
        pair_on_all(peer, count, &figures[3]);
    }
    close_experts(peer, opened);
}

const struct workload work_experts = {"experts",
                                      WORK_NEEDS_HEAPS,
                                      9,
                                      run_experts,
                                      {{"experts_1", "1 expert open: 64 B pair", ns_op},
                                       {"experts_10k", "  10,000 open: on one", ns_op},
                                       {"experts_ratio", "  so it takes this much longer", "x"},
                                       {"experts_10k_all", "  10,000 open: on all in turn", ns_op}},
                                      NULL};

/* With `full` experts open, the cost of one more from its opening to its close, and of the pair. */
static void curve_experts(const struct peer *peer, unsigned full, struct figure *figures)
{
    unsigned count = bench_count(full, full < 100 ? full : 100);
    unsigned times = bench_count(1000, 10);
    unsigned opened = open_experts(peer, 0, count);
    struct meter meter;

    if (opened == count) {
        bench_begin(peer, &meter);
        for (unsigned i = 0; i < times; i++) {
            void *heap = bench_open(peer);
            void *block = bench_alloc(peer, heap, 100);

            bench_close(peer, heap, &block, 1);
        }
        bench_end(peer, &meter, times, 1, &figures[0]);
        pair_on(peer, heaps[count / 2], &figures[1]);
        pair_on_all(peer, count, &figures[2]);
    }
    close_experts(peer, opened);
}

#define CURVE_EXPERTS(count)                                                                       \
    static void run_experts_##count(const struct peer *peer, struct figure *figures)               \
    {                                                                                              \
        curve_experts(peer, count, figures);                                                       \
    }                                                                                              \
    const struct workload work_experts_##count = {                                                 \
        "experts@" #count,                                                                         \
        WORK_CURVE | WORK_NEEDS_HEAPS,                                                             \
        5,                                                                                         \
        run_experts_##count,                                                                       \
        {{"open_close@" #count, #count " experts open: open one more, a block, close", ns_op},     \
         {"pair_one@" #count, "  64 B pair on one", ns_op},                                        \
         {"pair_all@" #count, "  on all in turn", ns_op}},                                         \
        NULL};

CURVE_EXPERTS(1)
CURVE_EXPERTS(10)
CURVE_EXPERTS(100)
CURVE_EXPERTS(1000)
CURVE_EXPERTS(10000)

/* One expert has `full` blocks of 64 bytes. Up to BENCH_BLOCKS_MAX of them, evenly spread, are
   replaced at random. */
static void curve_blocks(const struct peer *peer, unsigned full, struct figure *figures)
{
    unsigned count = bench_count(full, 1000);
    unsigned every = (count + BENCH_BLOCKS_MAX - 1) / BENCH_BLOCKS_MAX;
    unsigned noted = count / every;
    unsigned replaced = bench_count(100000, 100);
    uint32_t random = 0x5eed000b;
    void *heap = bench_open(peer);
    struct meter meter;

    bench_begin(peer, &meter);
    for (unsigned i = 0; i < count; i++) {
        void *block = bench_alloc(peer, heap, 64);

        if (i % every == 0 && i / every < noted)
            bench_blocks[i / every] = block;
    }
    bench_end(peer, &meter, count, 1, &figures[0]);
    pair_on(peer, heap, &figures[1]);
    bench_begin(peer, &meter);
    for (unsigned i = 0; i < replaced; i++) {
        void **slot = &bench_blocks[bench_between(&random, 0, noted - 1)];

        peer->free(heap, *slot);
        *slot = bench_alloc(peer, heap, 64);
    }
    bench_end(peer, &meter, replaced, 1, &figures[2]);
    bench_begin(peer, &meter);
    peer->close(heap);
    bench_end(peer, &meter, count, 1, &figures[4]);
    figures[3] = bench_plain(figures[4].value * count / 1000);
}

#define CURVE_BLOCKS(count)                                                                        \
    static void run_blocks_##count(const struct peer *peer, struct figure *figures)                \
    {                                                                                              \
        curve_blocks(peer, count, figures);                                                        \
    }                                                                                              \
    const struct workload work_blocks_##count = {                                                  \
        "blocks@" #count,                                                                          \
        WORK_CURVE | WORK_NEEDS_HEAPS | WORK_NEEDS_FREE,                                           \
        5,                                                                                         \
        run_blocks_##count,                                                                        \
        {{"fill@" #count, #count " blocks of 64 B: fill, a block", ns_op},                         \
         {"pair@" #count, "  64 B pair beside them", ns_op},                                       \
         {"replace@" #count, "  one at random replaced", ns_op},                                   \
         {"close_all@" #count, "  close", "us"},                                                   \
         {"close_block@" #count, "  close, a block", ns_op}},                                      \
        NULL};

CURVE_BLOCKS(1000)
CURVE_BLOCKS(10000)
CURVE_BLOCKS(100000)
CURVE_BLOCKS(1000000)
CURVE_BLOCKS(10000000)
