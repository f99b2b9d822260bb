/*
 * The benchmark's own interfaces: a peer is an allocator under test, a workload is what it is put
 * through, and sys is what a program needs of the system to measure both.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Peers
 */

enum {
    PEER_NO_FREE = 1,      /* one block alone can't be freed: free does nothing */
    PEER_NO_HEAPS = 2,     /* the bulk free goes block by block, in the workload */
    PEER_SHARED = 4,       /* several threads may use one heap at a time */
    PEER_CROSS = 8,        /* another thread may free, but not allocate */
    PEER_COPIES = 16,      /* growing a large block copies it: measured by samples */
    PEER_NO_REALLOC = 32,  /* realloc would leave every old block behind */
    PEER_SHARED_ONLY = 64, /* stands in for the workload with one shared heap only */
    PEER_OURS = 128        /* Nmapi.dll, or the native build of its sources */
};

struct peer {
    const char *name; /* a column's head and the CSV's name: short */
    unsigned flags;

    bool (*start)(char *version, size_t version_size); /* false: not on this machine */

    /* A heap is one expert's memory. open is called by the thread that allocates from it. */
    void *(*open)(void);
    void (*close)(void *heap);

    void *(*alloc)(void *heap, size_t size);                                 /* zeroed */
    void *(*realloc)(void *heap, void *block, size_t old_size, size_t size); /* zeroed tail */
    void (*free)(void *heap, void *block);

    size_t (*committed)(void *heap); /* as the allocator counts, bytes; NULL: it does not tell */
};

extern const struct peer *const bench_peers[]; /* ends with NULL; ours first */
extern const struct peer peer_dll;
extern const struct peer peer_heap;
extern const struct peer peer_crt;
extern const struct peer peer_obvious;
extern const struct peer peer_mimalloc;
extern const struct peer peer_talloc;
extern const struct peer peer_apr;
extern const struct peer peer_glibc;
extern const struct peer peer_glibc_mutex;

extern const char *bench_dll_path; /* what peer_dll loads */

/*
 * Workloads
 */

enum { WORK_METRICS_MAX = 8 };

enum {
    WORK_ALONE = 1,         /* measures memory: once, in a process of its own */
    WORK_NEEDS_HEAPS = 2,   /* says nothing about peers without heaps */
    WORK_NEEDS_SHARED = 4,  /* several threads in one heap */
    WORK_NEEDS_REALLOC = 8, /* in a number that a peer without it can't hold */
    WORK_NEEDS_CROSS = 16,  /* one thread frees while the heap's own allocates */
    WORK_PEERS_ONLY = 32    /* a yardstick that ours is held against */
};

struct metric {
    const char *name;  /* for --only, the CSV and the targets */
    const char *title; /* for people */
    const char *unit;
};

struct workload {
    const char *name;
    unsigned flags;
    int rounds; /* unless --rounds says otherwise */
    /* Fills one figure for each metric; a NAN is a figure that this peer does not have. */
    void (*run)(const struct peer *peer, double *figures);
    struct metric metrics[WORK_METRICS_MAX]; /* ends with a NULL name */
};

extern const struct workload work_memory_after, work_memory_million, work_memory_one;
extern const struct workload work_pair, work_replace, work_open_close;
extern const struct workload work_fill_300k, work_fill_300k_last, work_fill_1m, work_fill_1m_last;
extern const struct workload work_mix, work_large, work_large_many, work_grow, work_grow_copy;
extern const struct workload work_experts_1, work_experts_100, work_experts_10k;
extern const struct workload work_threads, work_one_key, work_cross;

/* Shared by the workloads; static, so that holding pointers moves no peer's memory. */
enum { BENCH_BLOCKS_MAX = 1000000 };
extern void *bench_blocks[BENCH_BLOCKS_MAX];
extern bool bench_quick; /* --quick: a smoke run, its figures mean nothing */

static inline unsigned bench_count(unsigned full, unsigned quick)
{
    return bench_quick ? quick : full;
}

_Noreturn void bench_die(const char *what, const char *peer);

/* xorshift32, so that every peer gets the same sequence of sizes and choices */
static inline uint32_t bench_random(uint32_t *state)
{
    uint32_t x = *state;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    *state = x;
    return x;
}

static inline uint32_t bench_between(uint32_t *state, uint32_t low, uint32_t high)
{
    return low + (uint32_t)(((uint64_t)bench_random(state) * (high - low + 1)) >> 32);
}

/* Writes to each page of a block, and to its last byte. Finding a byte that is not zero is an
   error: everything here promises zeroed memory. */
static inline void bench_touch(const struct peer *peer, unsigned char *block, size_t size)
{
    unsigned found = block[0] | block[size - 1];

    for (size_t at = 4096; at < size; at += 4096) {
        found |= block[at];
        block[at] = 1;
    }
    block[0] = 1;
    block[size - 1] = 1;
    if (found != 0)
        bench_die("a block that is not zeroed", peer->name);
}

static inline void *bench_alloc(const struct peer *peer, void *heap, size_t size)
{
    void *block = peer->alloc(heap, size);

    if (block == NULL)
        bench_die("no memory", peer->name);
    bench_touch(peer, block, size);
    return block;
}

void *bench_open(const struct peer *peer);
/* The bulk free: the peer's own, or block by block where it has none. */
void bench_close(const struct peer *peer, void *heap, void **blocks, size_t count);

/*
 * Results and targets
 */

struct result {
    const struct workload *workload;
    int metric;
    int peer;
    int rounds;
    double median, low, high;
};

extern struct result bench_results[];
extern int bench_result_count;
const struct result *bench_find(const char *metric, const char *peer); /* NULL: not measured */
int bench_check_targets(FILE *csv, FILE *table);                       /* how many are missed */

/*
 * The system
 */

double sys_now(void); /* nanoseconds */
void sys_yield(void);
long sys_load(volatile long *from);               /* acquire */
void sys_store(volatile long *to, long value);    /* release */
long sys_exchange(volatile long *to, long value); /* full barrier */
long sys_add(volatile long *to, long value);      /* full barrier; the value before */
void sys_run_threads(int count, void (*run)(int index, void *context), void *context);
/* Runs a workload in another process that has done nothing yet. */
void sys_run_alone(const struct workload *work, const struct peer *peer, double *figures);
size_t sys_committed(void); /* private memory of the process that may be written, bytes */
size_t sys_resident(void);  /* the part of it that takes up memory; 0 where it can't be told */
void sys_describe(char *text, size_t size);
void sys_describe_cpu(char *text, size_t size);

#endif
