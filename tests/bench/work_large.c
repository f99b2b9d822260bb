/* Large and medium blocks; one block that grows. */
#include "bench.h"

#include <string.h>

static const char us_op[] = "us";

static void replace(const struct peer *peer, void *heap, unsigned live, unsigned count,
                    uint32_t *random, uint32_t low, uint32_t high)
{
    for (unsigned i = 0; i < count; i++) {
        void **slot = &bench_blocks[bench_between(random, 0, live - 1)];

        peer->free(heap, *slot);
        *slot = bench_alloc(peer, heap, bench_between(random, low, high));
    }
}

/* Replaces one live block at random, `count` times. Each page is touched. The clock starts after
   `warm_up` replacements. */
static void replace_large(const struct peer *peer, unsigned live, unsigned warm_up, unsigned count,
                          uint32_t low, uint32_t high, struct figure *figure)
{
    uint32_t random = 0x5eed0004;
    void *heap = bench_open(peer);
    struct meter meter;

    for (unsigned i = 0; i < live; i++)
        bench_blocks[i] = bench_alloc(peer, heap, bench_between(&random, low, high));
    replace(peer, heap, live, warm_up, &random, low, high);
    bench_begin(peer, &meter);
    replace(peer, heap, live, count, &random, low, high);
    bench_end(peer, &meter, count, 1000, figure);
    bench_close(peer, heap, bench_blocks, live);
}

static void run_large(const struct peer *peer, struct figure *figures)
{
    replace_large(peer, 16, 0, bench_count(400, 4), 64 << 10, 1 << 20, figures);
}

static void run_larger(const struct peer *peer, struct figure *figures)
{
    replace_large(peer, 4, 0, bench_count(200, 4), 1 << 20, 4 << 20, figures);
}

/* Finding a place for one block must not take longer the more others there are. */
static void run_medium(const struct peer *peer, struct figure *figures)
{
    replace_large(peer, bench_count(4000, 40), 0, bench_count(2000, 4), 33 << 10, 64 << 10,
                  figures);
}

/* The same after every place has been used once. */
static void run_medium_warm(const struct peer *peer, struct figure *figures)
{
    unsigned count = bench_count(4000, 4);

    replace_large(peer, bench_count(4000, 40), 2 * count, count, 33 << 10, 64 << 10, figures);
}

const struct workload work_large = {"large",
                                    WORK_ONLY_EXPERT,
                                    11,
                                    run_large,
                                    {{"large", "replacement, 16 live, 64 KiB-1 MiB", us_op}},
                                    NULL};

const struct workload work_larger = {
    "larger", WORK_ONLY_EXPERT, 7, run_larger, {{"larger", "replacement, 4 live, 1-4 MiB", us_op}},
    NULL};

const struct workload work_medium = {"medium",
                                     WORK_ONLY_EXPERT,
                                     7,
                                     run_medium,
                                     {{"medium", "replacement, 4,000 live, 33-64 KiB", us_op}},
                                     NULL};

const struct workload work_medium_warm = {"medium_warm",
                                          WORK_ONLY_EXPERT,
                                          7,
                                          run_medium_warm,
                                          {{"medium_warm", "  from a warm start", us_op}},
                                          NULL};

enum { GROW_STEP = 4096, GROW_FULL = 64 << 20, GROW_QUICK = 1 << 20, GROW_WINDOW = 16, SIZES = 4 };

/* Grows a block by steps, and counts how often it moved. */
static unsigned char *grow(const struct peer *peer, void *heap, unsigned char *block, size_t from,
                           size_t to, double *moves)
{
    for (size_t size = from; size < to; size += GROW_STEP) {
        unsigned char *grown = peer->realloc(heap, block, size, size + GROW_STEP);

        if (grown == NULL)
            bench_die("no memory", peer->name);
        if (grown != block)
            *moves += 1;
        block = grown;
        bench_touch(peer, block + size, GROW_STEP);
    }
    return block;
}

/* Allocate anew, copy, free. */
static unsigned char *grow_by_copy(const struct peer *peer, void *heap, unsigned char *block,
                                   size_t from, size_t to, double *moves)
{
    for (size_t size = from; size < to; size += GROW_STEP) {
        unsigned char *grown = peer->alloc(heap, size + GROW_STEP);

        if (grown == NULL)
            bench_die("no memory", peer->name);
        memcpy(grown, block, size);
        peer->free(heap, block);
        block = grown;
        *moves += 1;
        bench_touch(peer, block + size, GROW_STEP);
    }
    return block;
}

/* A peer that copies would take minutes for all 16,384 steps. It makes a few steps at each of four
   sizes, evenly spread: the cost grows in line with the size, so their mean is that of all. Returns
   the part of the steps that moved the block. */
static double grow_sampled(const struct peer *peer, size_t full, unsigned steps,
                           unsigned char *(*how)(const struct peer *, void *, unsigned char *,
                                                 size_t, size_t, double *),
                           struct figure *figure)
{
    double moves = 0;

    *figure = (struct figure){0};
    for (unsigned i = 0; i < SIZES; i++) {
        size_t size = full / (2 * SIZES) * (2 * i + 1);
        void *heap = bench_open(peer);
        void *block = bench_alloc(peer, heap, size);
        struct figure part;
        struct meter meter;

        bench_begin(peer, &meter);
        block = how(peer, heap, block, size, size + steps * GROW_STEP, &moves);
        bench_end(peer, &meter, steps, 1000, &part);
        bench_close(peer, heap, &block, 1);
        figure->value += part.value / (int)SIZES;
        figure->faults += part.faults / (int)SIZES;
        figure->memory_calls += part.memory_calls / (int)SIZES;
        figure->thread_calls += part.thread_calls / (int)SIZES;
    }
    return moves / (SIZES * steps);
}

static size_t grow_size(void)
{
    return bench_quick ? GROW_QUICK : GROW_FULL;
}

static void run_grow(const struct peer *peer, struct figure *figures)
{
    size_t full = grow_size();
    double steps = (double)(full / GROW_STEP - 1);
    double moves = 0;
    struct meter meter;
    void *heap, *block;

    if ((peer->flags & PEER_COPIES) != 0) {
        moves = steps * grow_sampled(peer, full, GROW_WINDOW, grow, figures);
    } else {
        heap = bench_open(peer);
        block = bench_alloc(peer, heap, GROW_STEP);
        bench_begin(peer, &meter);
        block = grow(peer, heap, block, GROW_STEP, full, &moves);
        bench_end(peer, &meter, steps, 1000, figures);
        bench_close(peer, heap, &block, 1);
    }
    figures[1] = bench_plain(moves);
}

const struct workload work_grow = {"grow",
                                   WORK_NEEDS_REALLOC,
                                   5,
                                   run_grow,
                                   {{"grow", "one block to 64 MiB by 4 KiB, a step", us_op},
                                    {"grow_moves", "  steps of 16,383 that moved it", "moves"}},
                                   NULL};

/* Blocks that grow to 200 KiB, one after the other. */
static void run_grow_again(const struct peer *peer, struct figure *figures)
{
    const size_t full = 200 << 10;
    const unsigned blocks = bench_count(100, 2);
    void *heap = bench_open(peer);
    double moves = 0;
    struct meter meter;

    bench_begin(peer, &meter);
    for (unsigned i = 0; i < blocks; i++) {
        void *block = bench_alloc(peer, heap, GROW_STEP);
        peer->free(heap, grow(peer, heap, block, GROW_STEP, full, &moves));
    }
    bench_end(peer, &meter, blocks, 1000, figures);
    bench_close(peer, heap, NULL, 0);
}

const struct workload work_grow_again = {
    "grow_again",
    WORK_NEEDS_REALLOC | WORK_ONLY_EXPERT,
    7,
    run_grow_again,
    {{"grow_again", "one block after the other to 200 KiB by 4 KiB", us_op}},
    NULL};

/* The cost of copying, from the peers. */
static void run_grow_copy(const struct peer *peer, struct figure *figures)
{
    grow_sampled(peer, grow_size(), 4, grow_by_copy, figures);
}

const struct workload work_grow_copy = {"grow_copy",
                                        WORK_NEEDS_REALLOC | WORK_PEERS_ONLY,
                                        5,
                                        run_grow_copy,
                                        {{"grow_copy", "  allocate + copy + free", us_op}},
                                        NULL};
