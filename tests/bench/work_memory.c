/*
 * Memory: what the process has committed, before and after. Each is measured in its own process,
 * because many peers keep memory that they once had. On Linux a mapping costs nothing until it is
 * touched, so what is resident is shown beside what is committed.
 */
#include "bench.h"

#include <string.h>

static struct figure grown(size_t before, size_t after, double unit)
{
    return bench_plain(((double)after - (double)before) / unit);
}

static void tell_resident(size_t before, double unit, struct figure *figure)
{
    size_t after = sys_resident();

    if (after != 0)
        *figure = grown(before, after, unit);
}

/* The benchmark's own memory is allocated before anything is measured. */
static void settle(void)
{
    memset(bench_blocks, 1, sizeof bench_blocks);
}

static void **fill(const struct peer *peer, void *heap, void **at, unsigned count, uint32_t low,
                   uint32_t high)
{
    uint32_t random = 0x5eed0006;

    for (unsigned i = 0; i < count; i++)
        *at++ = bench_alloc(peer, heap, bench_between(&random, low, high));
    return at;
}

/* Experts of 100 MiB in small blocks and 100 MiB in large ones are opened, up to 2 GiB (x86: 1 GiB)
   in all, and closed again. */
static void run_after(const struct peer *peer, struct figure *figures)
{
    enum { EXPERTS_MOST = 10 };
    int experts = sizeof(void *) == 8 ? EXPERTS_MOST : EXPERTS_MOST / 2;
    void *heaps[EXPERTS_MOST];
    void **firsts[EXPERTS_MOST + 1] = {bench_blocks};
    size_t committed, resident;

    settle();
    committed = sys_committed();
    resident = sys_resident();
    for (int i = 0; i < experts; i++) {
        heaps[i] = bench_open(peer);
        firsts[i + 1] = fill(peer, heaps[i], firsts[i], bench_count(50000, 100), 16, 4080);
        firsts[i + 1] = fill(peer, heaps[i], firsts[i + 1], bench_count(100, 1), 1 << 20, 1 << 20);
    }
    for (int i = 0; i < experts; i++)
        bench_close(peer, heaps[i], firsts[i], (size_t)(firsts[i + 1] - firsts[i]));
    figures[0] = grown(committed, sys_committed(), 1 << 20);
    tell_resident(resident, 1 << 20, &figures[1]);
    if (peer->trim != NULL && peer->trim())
        figures[2] = grown(committed, sys_committed(), 1 << 20);
}

const struct workload work_memory_after = {
    "memory_after",
    WORK_ALONE,
    1,
    run_after,
    {{"after_committed", "after the last close: committed beyond the start", "MiB"},
     {"after_resident", "  resident beyond the start", "MiB"},
     {"after_trim", "  committed after NmapiTrimMemory", "MiB"}},
    NULL};

const struct workload work_memory_keep0 = {
    "memory_keep0",
    WORK_ALONE | WORK_OURS_ONLY,
    1,
    run_after,
    {{"after_keep0", "  committed with keep=0", "MiB"},
     {"after_keep0_resident", "  resident with keep=0", "MiB"}},
    "keep=0"};

static void run_million(const struct peer *peer, struct figure *figures)
{
    unsigned count = bench_count(1000000, 1000);
    double asked_for = 64.0 * count;
    size_t committed, resident;
    void *heap;

    settle();
    committed = sys_committed();
    resident = sys_resident();
    heap = bench_open(peer);
    fill(peer, heap, bench_blocks, count, 64, 64);
    figures[0] = grown(committed, sys_committed(), asked_for);
    tell_resident(resident, asked_for, &figures[1]);
    if (peer->committed != NULL)
        figures[2] = bench_plain((double)peer->committed(heap) / asked_for);
    bench_close(peer, heap, bench_blocks, count);
}

const struct workload work_memory_million = {
    "memory_1m",
    WORK_ALONE,
    1,
    run_million,
    {{"million_committed", "1,000,000 of 64 B: committed for each byte", "x"},
     {"million_resident", "  resident for each byte", "x"},
     {"million_counted", "  committed, as the allocator counts", "x"}},
    NULL};

/* The mean of 100 experts with one block of 100 bytes each. */
static void run_one(const struct peer *peer, struct figure *figures)
{
    enum { EXPERTS = 100 };
    void *heaps[EXPERTS];
    size_t committed, resident;

    settle();
    committed = sys_committed();
    resident = sys_resident();
    for (int i = 0; i < EXPERTS; i++) {
        heaps[i] = bench_open(peer);
        bench_blocks[i] = bench_alloc(peer, heaps[i], 100);
    }
    figures[0] = grown(committed, sys_committed(), 1024.0 * (int)EXPERTS);
    tell_resident(resident, 1024.0 * (int)EXPERTS, &figures[1]);
    if (peer->committed != NULL)
        figures[2] = bench_plain((double)peer->committed(heaps[0]) / 1024);
    if (peer->writable_image != NULL)
        figures[3] = bench_plain((double)peer->writable_image() / 1024);
    for (int i = 0; i < EXPERTS; i++)
        bench_close(peer, heaps[i], &bench_blocks[i], 1);
}

const struct workload work_memory_one = {
    "memory_one",
    WORK_ALONE | WORK_NEEDS_HEAPS,
    1,
    run_one,
    {{"one_committed", "an expert with one block of 100 B: committed", "KiB"},
     {"one_resident", "  resident", "KiB"},
     {"one_counted", "  committed, as the allocator counts", "KiB"},
     {"image_writable", "  the DLL's writable image, once a process", "KiB"}},
    NULL};
