/* Alloc and free, replacement, fill and bulk free, opening and closing, many experts. */
#include "bench.h"

#include <math.h>

static const char ns_op[] = "ns";

/* A block is allocated, touched and freed before the next one is. */
static double pair(const struct peer *peer, size_t size, unsigned count)
{
    void *heap = bench_open(peer);
    double start = sys_now();
    double took;

    for (unsigned i = 0; i < count; i++)
        peer->free(heap, bench_alloc(peer, heap, size));
    took = sys_now() - start;
    peer->close(heap);
    return took / count;
}

static void run_pair(const struct peer *peer, double *figures)
{
    figures[0] = pair(peer, 16, bench_count(200000, 500));
    figures[1] = pair(peer, 64, bench_count(200000, 500));
    figures[2] = pair(peer, 256, bench_count(200000, 500));
    figures[3] = pair(peer, 4096, bench_count(20000, 200));
}

const struct workload work_pair = {"pair",
                                   0,
                                   15,
                                   run_pair,
                                   {{"pair_16", "alloc + free, 16 B", ns_op},
                                    {"pair_64", "alloc + free, 64 B", ns_op},
                                    {"pair_256", "alloc + free, 256 B", ns_op},
                                    {"pair_4096", "alloc + free, 4096 B", ns_op}}};

/* 10,000 live blocks of 16 to 1023 bytes; one at random is freed, another allocated instead. */
static void run_replace(const struct peer *peer, double *figures)
{
    unsigned live = bench_count(10000, 100);
    unsigned count = bench_count(100000, 500);
    uint32_t random = 0x5eed0001;
    void *heap = bench_open(peer);
    double start;

    for (unsigned i = 0; i < live; i++)
        bench_blocks[i] = bench_alloc(peer, heap, bench_between(&random, 16, 1023));
    start = sys_now();
    for (unsigned i = 0; i < count; i++) {
        void **slot = &bench_blocks[bench_between(&random, 0, live - 1)];

        peer->free(heap, *slot);
        *slot = bench_alloc(peer, heap, bench_between(&random, 16, 1023));
    }
    figures[0] = (sys_now() - start) / count;
    bench_close(peer, heap, bench_blocks, live);
}

const struct workload work_replace = {
    "replace",
    0,
    9,
    run_replace,
    {{"replace", "random replacement, 10,000 live, 16-1023 B", ns_op}}};

static void fill(const struct peer *peer, unsigned count, uint32_t low, uint32_t high,
                 double *figures)
{
    uint32_t random = 0x5eed0002;
    void *heap = bench_open(peer);
    double start = sys_now();
    double filled;

    for (unsigned i = 0; i < count; i++)
        bench_blocks[i] = bench_alloc(peer, heap, bench_between(&random, low, high));
    filled = sys_now();
    bench_close(peer, heap, bench_blocks, count);
    figures[1] = (sys_now() - filled) / count;
    figures[0] = (filled - start) / count;
}

/* What a bulk free gives back may be kept for the next expert, as much as other experts hold; after the
   last close it goes back to the system. Both are measured. Here an expert that holds as much lives on, and
   the second of two fills counts: the first one's memory may serve it. */
static void fill_beside(const struct peer *peer, unsigned count, uint32_t low, uint32_t high,
                        double *figures)
{
    enum { OTHER_BLOCK = 16384, OTHER_MOST = 8192 };
    static void *others[OTHER_MOST];
    unsigned other_count = (unsigned)((uint64_t)count * ((low + high) / 2) / OTHER_BLOCK) + 1;
    void *other = bench_open(peer);

    for (unsigned i = 0; i < other_count && i < OTHER_MOST; i++)
        others[i] = bench_alloc(peer, other, OTHER_BLOCK);
    fill(peer, count, low, high, figures);
    fill(peer, count, low, high, figures);
    bench_close(peer, other, others, other_count);
}

static void run_fill_300k(const struct peer *peer, double *figures)
{
    fill_beside(peer, bench_count(300000, 500), 16, 255, figures);
}

static void run_fill_300k_last(const struct peer *peer, double *figures)
{
    fill(peer, bench_count(300000, 500), 16, 255, figures);
}

static void run_fill_1m(const struct peer *peer, double *figures)
{
    fill_beside(peer, bench_count(1000000, 500), 64, 64, figures);
}

static void run_fill_1m_last(const struct peer *peer, double *figures)
{
    fill(peer, bench_count(1000000, 500), 64, 64, figures);
}

const struct workload work_fill_300k = {
    "fill_300k",
    0,
    5,
    run_fill_300k,
    {{"fill_300k", "fill, 300,000 of 16-255 B, beside an equal", "ns/block"},
     {"bulk_300k", "  its bulk free, beside an equal", "ns/block"}}};

const struct workload work_fill_300k_last = {
    "fill_300k_last",
    WORK_NEEDS_HEAPS,
    5,
    run_fill_300k_last,
    {{"fill_300k_last", "fill, 300,000 of 16-255 B, the only expert", "ns/block"},
     {"bulk_300k_last", "  its bulk free, the last expert", "ns/block"}}};

const struct workload work_fill_1m = {
    "fill_1m",
    0,
    5,
    run_fill_1m,
    {{"fill_1m", "fill, 1,000,000 of 64 B, beside an equal", "ns/block"},
     {"bulk_1m", "  its bulk free, beside an equal", "ns/block"}}};

const struct workload work_fill_1m_last = {
    "fill_1m_last",
    WORK_NEEDS_HEAPS,
    5,
    run_fill_1m_last,
    {{"fill_1m_last", "fill, 1,000,000 of 64 B, the only expert", "ns/block"},
     {"bulk_1m_last", "  its bulk free, the last expert", "ns/block"}}};

/* A short-lived expert beside a long-lived one: opens, allocates one block, is closed. */
static void run_open_close(const struct peer *peer, double *figures)
{
    unsigned count = bench_count(500, 10);
    void *other = bench_open(peer);
    void *other_block = bench_alloc(peer, other, 100);
    double start = sys_now();

    for (unsigned i = 0; i < count; i++) {
        void *heap = bench_open(peer);
        void *block = bench_alloc(peer, heap, 100);

        bench_close(peer, heap, &block, 1);
    }
    figures[0] = (sys_now() - start) / count;
    bench_close(peer, other, &other_block, 1);
}

const struct workload work_open_close = {"open_close",
                                         WORK_NEEDS_HEAPS,
                                         7,
                                         run_open_close,
                                         {{"open_close", "open, one block, close", ns_op}}};

/* Many experts open, each holding a block: the pair on one of them, and on all in turn. */
static void experts(const struct peer *peer, unsigned count, double *figures)
{
    enum { EXPERTS_MAX = 10000 };
    static void *heaps[EXPERTS_MAX];
    unsigned pairs = bench_count(200000, 500);
    unsigned opened = 0;
    double start;

    figures[0] = NAN;
    figures[1] = NAN;
    for (; opened < count; opened++) {
        heaps[opened] = peer->open();
        if (heaps[opened] == NULL)
            break; /* a 32-bit address space does not hold as many heaps of every kind */
        bench_blocks[opened] = peer->alloc(heaps[opened], 100);
        if (bench_blocks[opened] == NULL) {
            peer->close(heaps[opened]);
            break;
        }
    }
    if (opened == count) {
        void *heap = heaps[count / 2];

        start = sys_now();
        for (unsigned i = 0; i < pairs; i++)
            peer->free(heap, bench_alloc(peer, heap, 64));
        figures[0] = (sys_now() - start) / pairs;

        for (unsigned i = 0; i < count; i++)
            peer->free(heaps[i], bench_alloc(peer, heaps[i], 64));
        start = sys_now();
        for (unsigned i = 0, at = 0; i < pairs; i++) {
            peer->free(heaps[at], bench_alloc(peer, heaps[at], 64));
            at = at + 1 == count ? 0 : at + 1;
        }
        figures[1] = (sys_now() - start) / pairs;
    }
    while (opened-- > 0)
        bench_close(peer, heaps[opened], &bench_blocks[opened], 1);
}

static void run_experts_1(const struct peer *peer, double *figures)
{
    experts(peer, 1, figures);
}

static void run_experts_100(const struct peer *peer, double *figures)
{
    experts(peer, 100, figures);
}

static void run_experts_10k(const struct peer *peer, double *figures)
{
    experts(peer, bench_count(10000, 200), figures);
}

const struct workload work_experts_1 = {"experts_1",
                                        WORK_NEEDS_HEAPS,
                                        9,
                                        run_experts_1,
                                        {{"experts_1", "1 expert open: 64 B pair", ns_op},
                                         {"experts_1_all", "  the same again", ns_op}}};

const struct workload work_experts_100 = {
    "experts_100",
    WORK_NEEDS_HEAPS,
    9,
    run_experts_100,
    {{"experts_100", "100 experts open: 64 B pair on one", ns_op},
     {"experts_100_all", "  on all in turn", ns_op}}};

const struct workload work_experts_10k = {
    "experts_10k",
    WORK_NEEDS_HEAPS,
    5,
    run_experts_10k,
    {{"experts_10k", "10,000 experts open: 64 B pair on one", ns_op},
     {"experts_10k_all", "  on all in turn", ns_op}}};
