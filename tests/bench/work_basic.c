/* Alloc and free, replacement, opening and closing: one expert at a time. */
#include "bench.h"

static const char ns_op[] = "ns";

/* A block is allocated, touched and freed before the next one is. */
void bench_pairs(const struct peer *peer, void *heap, size_t size, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        peer->free(heap, bench_alloc(peer, heap, size));
}

/* The least of a few turns: other programs only ever add time. */
static void pair(const struct peer *peer, size_t size, unsigned count, struct figure *figure)
{
    void *heap = bench_open(peer);

    for (int turn = 0; turn < 5; turn++) {
        struct figure took;
        struct meter meter;

        bench_begin(peer, &meter);
        bench_pairs(peer, heap, size, count);
        bench_end(peer, &meter, count, 1, &took);
        if (turn == 0 || took.value < figure->value)
            *figure = took;
    }
    peer->close(heap);
}

static void run_pair(const struct peer *peer, struct figure *figures)
{
    pair(peer, 16, bench_count(50000, 100), &figures[0]);
    pair(peer, 64, bench_count(50000, 100), &figures[1]);
    pair(peer, 256, bench_count(50000, 100), &figures[2]);
    pair(peer, 4096, bench_count(5000, 50), &figures[3]);
}

const struct workload work_pair = {"pair",
                                   WORK_SPREAD,
                                   9,
                                   run_pair,
                                   {{"pair_16", "alloc + free, 16 B", ns_op},
                                    {"pair_64", "alloc + free, 64 B", ns_op},
                                    {"pair_256", "alloc + free, 256 B", ns_op},
                                    {"pair_4096", "alloc + free, 4096 B", ns_op}},
                                   NULL};

/* 10,000 live blocks of 16 to 1023 bytes; one at random is freed, another allocated instead. */
static void run_replace(const struct peer *peer, struct figure *figures)
{
    unsigned live = bench_count(10000, 100);
    unsigned count = bench_count(100000, 500);
    uint32_t random = 0x5eed0001;
    void *heap = bench_open(peer);
    struct meter meter;

    for (unsigned i = 0; i < live; i++)
        bench_blocks[i] = bench_alloc(peer, heap, bench_between(&random, 16, 1023));
    bench_begin(peer, &meter);
    for (unsigned i = 0; i < count; i++) {
        void **slot = &bench_blocks[bench_between(&random, 0, live - 1)];

        peer->free(heap, *slot);
        *slot = bench_alloc(peer, heap, bench_between(&random, 16, 1023));
    }
    bench_end(peer, &meter, count, 1, figures);
    bench_close(peer, heap, bench_blocks, live);
}

const struct workload work_replace = {
    "replace",
    WORK_ONLY_EXPERT | WORK_SPREAD,
    9,
    run_replace,
    {{"replace", "random replacement, 10,000 live, 16-1023 B", ns_op}},
    NULL};

/* An expert opens, allocates one block, is closed: alone, and beside a long-lived one. */
static void open_close(const struct peer *peer, struct figure *figure)
{
    unsigned count = bench_count(2000, 10);
    struct meter meter;

    bench_begin(peer, &meter);
    for (unsigned i = 0; i < count; i++) {
        void *heap = bench_open(peer);
        void *block = bench_alloc(peer, heap, 100);

        bench_close(peer, heap, &block, 1);
    }
    bench_end(peer, &meter, count, 1, figure);
}

static void run_open_close(const struct peer *peer, struct figure *figures)
{
    void *other, *other_block;

    open_close(peer, &figures[0]);
    other = bench_open(peer);
    other_block = bench_alloc(peer, other, 100);
    open_close(peer, &figures[1]);
    bench_close(peer, other, &other_block, 1);
}

const struct workload work_open_close = {"open_close",
                                         WORK_NEEDS_HEAPS,
                                         11,
                                         run_open_close,
                                         {{"open_close", "open, one block, close", ns_op},
                                          {"open_close_beside", "  beside another expert", ns_op}},
                                         NULL};
