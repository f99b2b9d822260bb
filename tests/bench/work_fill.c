/* Fill and bulk free: the only expert, beside another, and with more memory than stays cached. */
#include "bench.h"

static const char ns_block[] = "ns/block";

/* Space for all pointers is needed only where the bulk free goes block by block. */
static void fill(const struct peer *peer, unsigned count, uint32_t low, uint32_t high,
                 struct figure *figures)
{
    bool by_block = (peer->flags & PEER_NO_HEAPS) != 0;
    uint32_t random = 0x5eed0002;
    void *heap = bench_open(peer);
    struct meter meter;

    bench_begin(peer, &meter);
    for (unsigned i = 0; i < count; i++) {
        void *block = bench_alloc(peer, heap, bench_between(&random, low, high));

        if (by_block)
            bench_blocks[i] = block;
    }
    bench_end(peer, &meter, count, 1, &figures[0]);
    bench_begin(peer, &meter);
    bench_close(peer, heap, bench_blocks, count);
    bench_end(peer, &meter, count, 1, &figures[1]);
}

/* A host that runs one expert after the other: the second of two fills counts, so the pages of the
   first may serve it. */
static void fill_again(const struct peer *peer, unsigned count, uint32_t low, uint32_t high,
                       struct figure *figures)
{
    fill(peer, count, low, high, figures);
    fill(peer, count, low, high, figures);
}

/* Another open expert has as much memory meanwhile. */
static void fill_beside(const struct peer *peer, unsigned count, uint32_t low, uint32_t high,
                        struct figure *figures)
{
    enum { OTHER_BLOCK = 16384, OTHER_MOST = 8192 };
    static void *others[OTHER_MOST];
    unsigned other_count = (unsigned)((uint64_t)count * ((low + high) / 2) / OTHER_BLOCK) + 1;
    void *other = bench_open(peer);

    for (unsigned i = 0; i < other_count && i < OTHER_MOST; i++)
        others[i] = bench_alloc(peer, other, OTHER_BLOCK);
    fill_again(peer, count, low, high, figures);
    bench_close(peer, other, others, other_count);
}

static void run_fill_300k(const struct peer *peer, struct figure *figures)
{
    fill_again(peer, bench_count(300000, 500), 16, 255, figures);
}

static void run_fill_300k_beside(const struct peer *peer, struct figure *figures)
{
    fill_beside(peer, bench_count(300000, 500), 16, 255, figures);
}

static void run_fill_1m(const struct peer *peer, struct figure *figures)
{
    fill_again(peer, bench_count(1000000, 500), 64, 64, figures);
}

static void run_fill_1m_beside(const struct peer *peer, struct figure *figures)
{
    fill_beside(peer, bench_count(1000000, 500), 64, 64, figures);
}

/* Three times what stays cached after the last close: 64 MiB or, on x86, 16. */
static void run_fill_3keep(const struct peer *peer, struct figure *figures)
{
    unsigned keep = sizeof(void *) == 8 ? 64U << 20 : 16U << 20;

    fill_again(peer, bench_count(3 * keep / 64, 500), 64, 64, figures);
}

const struct workload work_fill_300k = {
    "fill_300k",
    WORK_ONLY_EXPERT,
    11,
    run_fill_300k,
    {{"fill_300k", "fill, 300,000 of 16-255 B, the only expert", ns_block},
     {"bulk_300k", "  its bulk free", ns_block}},
    NULL};

const struct workload work_fill_300k_beside = {
    "fill_300k_beside",
    WORK_NEEDS_HEAPS,
    7,
    run_fill_300k_beside,
    {{"fill_300k_beside", "fill, 300,000 of 16-255 B, beside an equal", ns_block},
     {"bulk_300k_beside", "  its bulk free", ns_block}},
    NULL};

const struct workload work_fill_1m = {
    "fill_1m",
    WORK_ONLY_EXPERT,
    11,
    run_fill_1m,
    {{"fill_1m", "fill, 1,000,000 of 64 B, the only expert", ns_block},
     {"bulk_1m", "  its bulk free", ns_block}},
    NULL};

const struct workload work_fill_1m_beside = {
    "fill_1m_beside",
    WORK_NEEDS_HEAPS,
    7,
    run_fill_1m_beside,
    {{"fill_1m_beside", "fill, 1,000,000 of 64 B, beside an equal", ns_block},
     {"bulk_1m_beside", "  its bulk free", ns_block}},
    NULL};

const struct workload work_fill_3keep = {
    "fill_3keep",
    WORK_ONLY_EXPERT | WORK_NEEDS_HEAPS | WORK_MANY_BLOCKS,
    5,
    run_fill_3keep,
    {{"fill_3keep", "fill of 3 x keep with 64 B, the only expert", ns_block},
     {"bulk_3keep", "  its bulk free", ns_block}},
    NULL};

/* The same 64 MiB in 16 times as many blocks: a bulk free that goes by regions takes as long. The
   least of a few turns, because other programs only ever add time. */
static void run_regions(const struct peer *peer, struct figure *figures)
{
    static const uint32_t sizes[] = {64, 1024};
    uint32_t bytes = bench_count(64U << 20, 1U << 16);

    for (int turn = 0; turn < 3; turn++) {
        for (int i = 0; i < 2; i++) {
            struct figure parts[2];
            unsigned count = bytes / sizes[i];

            fill(peer, count, sizes[i], sizes[i], parts);
            parts[1].value *= count / 1e3;
            if (turn == 0 || parts[1].value < figures[i].value)
                figures[i] = parts[1];
        }
    }
    figures[2] = bench_plain(figures[0].value / figures[1].value);
}

const struct workload work_regions = {
    "regions",
    WORK_NEEDS_HEAPS | WORK_MANY_BLOCKS,
    5,
    run_regions,
    {{"bulk_64m_64", "bulk free of 64 MiB in blocks of 64 B", "us"},
     {"bulk_64m_1k", "  in blocks of 1 KiB", "us"},
     {"bulk_by_blocks", "  so 16 times the blocks take this much longer", "x"}},
    NULL};
