/* A typical expert: the conversation table. */
#include "bench.h"

#include <string.h>

/*
 * The realistic mix. An expert reads 100,000 packets and keeps a table of conversations. Drawn from
 * one seeded xorshift32, for each packet:
 *   - a record of 32 to 511 bytes is allocated, and freed 1 to 64 packets later;
 *   - 5 in 100 packets open a conversation: a record of 96 to 160 bytes, a name of 24 to 63 bytes
 *     and a packet list of 64 bytes, which live until the conversation ends;
 *   - 30 in 100 append 16 bytes to the list of a conversation at random: the list doubles when
 *     full, up to 16 KiB, where the conversation starts over with 64 bytes;
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

/* Frees what the expert leaves to the host, for peers whose bulk free is a loop. */
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

void bench_packets(const struct peer *peer, unsigned count)
{
    static struct mix mix;

    mix.peer = peer;
    mix.random = 0x5eed0003;
    mix.open = 0;
    mix.payload = NULL;
    for (unsigned i = 0; i < RECENT; i++)
        mix.recent[i] = NULL;
    mix.heap = bench_open(peer);
    for (unsigned i = 0; i < count; i++)
        mix_packet(&mix);
    bench_close(peer, mix.heap, bench_blocks, mix_remains(&mix));
}

static void run_mix(const struct peer *peer, struct figure *figures)
{
    unsigned packets = bench_count(100000, 1000);
    struct meter meter;

    bench_begin(peer, &meter);
    bench_packets(peer, packets);
    bench_end(peer, &meter, packets, 1, figures);
}

const struct workload work_mix = {"mix",
                                  WORK_ONLY_EXPERT | WORK_SPREAD,
                                  9,
                                  run_mix,
                                  {{"mix", "realistic mix, a packet", "ns/packet"}},
                                  NULL};
