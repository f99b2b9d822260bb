/*
 * How much an expert can allocate in a process until a call fails: on x86 the address space limits
 * it, on x64 under Wine the number of mappings that Linux allows. Each size has its own process;
 * blocks are not touched, so that it takes time rather than memory.
 */
#include "bench.h"

static void fill_space(const struct peer *peer, size_t size, struct figure *figures)
{
    double most = sizeof(void *) == 8 ? 8.0 * (1 << 30) : 4.0 * (1 << 30);
    void *heap = bench_open(peer);
    double got = 0;

    if (bench_quick)
        most = 1 << 24;
    while (got < most && peer->alloc(heap, size) != NULL)
        got += (double)size;
    figures[0] = bench_plain(got / (1 << 20));
    peer->close(heap);
}

#define SPACE(id, size, title)                                                                     \
    static void run_##id(const struct peer *peer, struct figure *figures)                          \
    {                                                                                              \
        fill_space(peer, size, figures);                                                           \
    }                                                                                              \
    const struct workload work_##id = {                                                            \
        #id, WORK_LONG | WORK_ALONE | WORK_OURS_ONLY, 1, run_##id, {{#id, title, "MiB"}}, NULL};

SPACE(space_64, 64, "blocks of 64 B until none is left (more is better)")
SPACE(space_4k, 4 << 10, "  of 4 KiB")
SPACE(space_40000, 40000, "  of 40,000 B")
SPACE(space_64k, 64 << 10, "  of 64 KiB")
SPACE(space_300000, 300000, "  of 300,000 B")
SPACE(space_1m, 1 << 20, "  of 1 MiB")
SPACE(space_10m, 10 << 20, "  of 10 MiB")
