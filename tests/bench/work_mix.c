/* An expert's day: the conversation table; large blocks; one block that grows. */
#include "bench.h"

#include <string.h>

/*
 * The realistic mix. An expert reads 100,000 packets and keeps a table of conversations. Drawn from
 * one seeded xorshift32, for each packet:
 *   - a record of 32 to 511 bytes is allocated, and freed 1 to 64 packets later;
 *   - 5 in 100 packets open a conversation: a record of 96 to 160 bytes, a name of 24 to 63 bytes and
 *     a packet list of 64 bytes, which live until the conversation ends;
 *   - 30 in 100 append 16 bytes to the list of a conversation at random: the list doubles when full,
 *     up to 16 KiB, where the conversation starts over with 64 bytes;
 *   - 2 in 100 end a conversation at random, its three blocks are freed;
 *   - 1 in 1000 reassembles a payload: 1,500 to 65,535 bytes, freed when the next one comes.
 * So some 3,000 conversations live when the host closes the expert. Everything is timed, from open
 * to close.
 */
enum { CONVERSATIONS_MAX = 8192, RECENT = 64, LIST_FIRST = 64, LIST_MAX = 16384 };

struct conversation {
    void *record, *name, *list;
    size_t list_used, list_size;
};

struct mix {
    const struct peer *peer;
    void *heap;
    uint32_t random;
    unsigned open;
    struct conversation table[CONVERSATIONS_MAX];
    void *recent[RECENT];
    void *payload;
};

static void mix_begin(struct mix *mix)
{
    struct conversation *at = &mix->table[mix->open++];

    at->record = bench_alloc(mix->peer, mix->heap, bench_between(&mix->random, 96, 160));
    at->name = bench_alloc(mix->peer, mix->heap, bench_between(&mix->random, 24, 63));
    at->list = bench_alloc(mix->peer, mix->heap, LIST_FIRST);
    at->list_size = LIST_FIRST;
    at->list_used = 0;
}

static void mix_end(struct mix *mix)
{
    struct conversation *at = &mix->table[bench_between(&mix->random, 0, mix->open - 1)];

    mix->peer->free(mix->heap, at->record);
    mix->peer->free(mix->heap, at->name);
    mix->peer->free(mix->heap, at->list);
    *at = mix->table[--mix->open];
}

static void mix_append(struct mix *mix)
{
    struct conversation *at = &mix->table[bench_between(&mix->random, 0, mix->open - 1)];

    if (at->list_used == LIST_MAX) {
        mix->peer->free(mix->heap, at->list);
        at->list = bench_alloc(mix->peer, mix->heap, LIST_FIRST);
        at->list_size = LIST_FIRST;
        at->list_used = 0;
    } else if (at->list_used == at->list_size) {
        at->list = mix->peer->realloc(mix->heap, at->list, at->list_size, at->list_size * 2);
        if (at->list == NULL)
            bench_die("no memory", mix->peer->name);
        at->list_size *= 2;
    }
    ((unsigned char *)at->list)[at->list_used] = 1;
    at->list_used += 16;
}

static void mix_packet(struct mix *mix)
{
    uint32_t kind = bench_between(&mix->random, 0, 999);
    void **slot = &mix->recent[bench_between(&mix->random, 0, RECENT - 1)];

    if (*slot != NULL)
        mix->peer->free(mix->heap, *slot);
    *slot = bench_alloc(mix->peer, mix->heap, bench_between(&mix->random, 32, 511));
    if (kind < 50 && mix->open < CONVERSATIONS_MAX)
        mix_begin(mix);
    else if (kind < 350 && mix->open > 0)
        mix_append(mix);
    else if (kind < 370 && mix->open > 0)
        mix_end(mix);
    else if (kind == 999) {
        if (mix->payload != NULL)
            mix->peer->free(mix->heap, mix->payload);
        mix->payload = bench_alloc(mix->peer, mix->heap, bench_between(&mix->random, 1500, 65535));
    }
}

/* What the expert leaves to the host, for peers whose bulk free is a loop. */
static size_t mix_remains(struct mix *mix)
{
    size_t count = 0;

    for (unsigned i = 0; i < mix->open; i++) {
        bench_blocks[count++] = mix->table[i].record;
        bench_blocks[count++] = mix->table[i].name;
        bench_blocks[count++] = mix->table[i].list;
    }
    for (unsigned i = 0; i < RECENT; i++) {
        if (mix->recent[i] != NULL)
            bench_blocks[count++] = mix->recent[i];
    }
    if (mix->payload != NULL)
        bench_blocks[count++] = mix->payload;
    return count;
}

static void run_mix(const struct peer *peer, double *figures)
{
    static struct mix mix;
    unsigned packets = bench_count(100000, 1000);
    double start = sys_now();

    mix.peer = peer;
    mix.random = 0x5eed0003;
    mix.open = 0;
    mix.payload = NULL;
    for (unsigned i = 0; i < RECENT; i++)
        mix.recent[i] = NULL;
    mix.heap = bench_open(peer);
    for (unsigned i = 0; i < packets; i++)
        mix_packet(&mix);
    bench_close(peer, mix.heap, bench_blocks, mix_remains(&mix));
    figures[0] = (sys_now() - start) / packets;
}

const struct workload work_mix = {
    "mix", 0, 7, run_mix, {{"mix", "realistic mix, a packet", "ns/packet"}}};

/* Of live blocks one at random is replaced. Each page is touched. */
static double replace_large(const struct peer *peer, unsigned live, unsigned count, uint32_t low,
                            uint32_t high)
{
    uint32_t random = 0x5eed0004;
    void *heap = bench_open(peer);
    double took;

    for (unsigned i = 0; i < live; i++)
        bench_blocks[i] = bench_alloc(peer, heap, bench_between(&random, low, high));
    took = -sys_now();
    for (unsigned i = 0; i < count; i++) {
        void **slot = &bench_blocks[bench_between(&random, 0, live - 1)];

        peer->free(heap, *slot);
        *slot = bench_alloc(peer, heap, bench_between(&random, low, high));
    }
    took += sys_now();
    bench_close(peer, heap, bench_blocks, live);
    return took / count / 1000;
}

static void run_large(const struct peer *peer, double *figures)
{
    figures[0] = replace_large(peer, 16, bench_count(200, 4), 64 << 10, 1 << 20);
}

/* Finding room for one must not become slower with the number of the others. */
static void run_large_many(const struct peer *peer, double *figures)
{
    figures[0] =
        replace_large(peer, bench_count(4000, 40), bench_count(2000, 4), 33 << 10, 64 << 10);
}

const struct workload work_large = {
    "large", 0, 5, run_large, {{"large", "replacement, 16 live, 64 KiB-1 MiB", "us"}}};

const struct workload work_large_many = {
    "large_many",
    0,
    5,
    run_large_many,
    {{"large_many", "replacement, 4,000 live, 33-64 KiB", "us"}}};

enum { GROW_STEP = 4096, GROW_FULL = 64 << 20, GROW_QUICK = 1 << 20, GROW_WINDOW = 16 };

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

/* A peer that copies would take minutes for all 16,384 steps. It is given 16 steps at each of four
   sizes, evenly spread: its price grows in line with the size, so their mean is that of all. */
static void grow_sampled(const struct peer *peer, size_t full, double *figures)
{
    double took = 0;
    double moves = 0;

    for (unsigned i = 0; i < 4; i++) {
        size_t size = full / 8 * (2 * i + 1);
        void *heap = bench_open(peer);
        void *block = bench_alloc(peer, heap, size);
        double start = sys_now();

        block = grow(peer, heap, block, size, size + GROW_WINDOW * GROW_STEP, &moves);
        took += sys_now() - start;
        bench_close(peer, heap, &block, 1);
    }
    figures[0] = took / (4 * GROW_WINDOW) / 1000;
    figures[1] = moves / (4 * GROW_WINDOW) * 100;
}

static void run_grow(const struct peer *peer, double *figures)
{
    size_t full = bench_quick ? GROW_QUICK : GROW_FULL;
    double steps = (double)(full / GROW_STEP - 1);
    double moves = 0;
    double start;
    void *heap, *block;

    if ((peer->flags & PEER_COPIES) != 0) {
        grow_sampled(peer, full, figures);
        return;
    }
    heap = bench_open(peer);
    block = bench_alloc(peer, heap, GROW_STEP);
    start = sys_now();
    block = grow(peer, heap, block, GROW_STEP, full, &moves);
    figures[0] = (sys_now() - start) / steps / 1000;
    figures[1] = moves / steps * 100;
    bench_close(peer, heap, &block, 1);
}

const struct workload work_grow = {"grow",
                                   WORK_NEEDS_REALLOC,
                                   5,
                                   run_grow,
                                   {{"grow", "one block to 64 MiB by 4 KiB, a step", "us"},
                                    {"grow_moves", "  steps that moved the block", "%"}}};

/* The price of copying, from the peers: allocate anew, copy, free. Sampled in the same way. */
static void *copy_realloc(const struct peer *peer, void *heap, unsigned char *block, size_t size)
{
    unsigned char *grown = peer->alloc(heap, size + GROW_STEP);

    if (grown == NULL)
        bench_die("no memory", peer->name);
    memcpy(grown, block, size);
    peer->free(heap, block);
    return grown;
}

static void run_grow_copy(const struct peer *peer, double *figures)
{
    size_t full = bench_quick ? GROW_QUICK : GROW_FULL;
    double took = 0;

    for (unsigned i = 0; i < 4; i++) {
        size_t size = full / 8 * (2 * i + 1);
        size_t end = size + 4 * GROW_STEP;
        void *heap = bench_open(peer);
        void *block = bench_alloc(peer, heap, size);
        double start = sys_now();

        for (; size < end; size += GROW_STEP) {
            block = copy_realloc(peer, heap, block, size);
            bench_touch(peer, (unsigned char *)block + size, GROW_STEP);
        }
        took += sys_now() - start;
        bench_close(peer, heap, &block, 1);
    }
    figures[0] = took / 16 / 1000;
}

const struct workload work_grow_copy = {"grow_copy",
                                        WORK_NEEDS_REALLOC | WORK_PEERS_ONLY,
                                        5,
                                        run_grow_copy,
                                        {{"grow_copy", "the same, allocate + copy + free", "us"}}};
