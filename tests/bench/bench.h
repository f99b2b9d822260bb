/*
 * bench.h - the benchmark's interfaces: a peer is an allocator under test, a workload is what it
 * runs, a figure is a result, and sys is what a program needs of the system to measure it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Peers
 */

enum {
    PEER_NO_FREE = 1,      /* single blocks can't be freed: free does nothing */
    PEER_NO_HEAPS = 2,     /* the bulk free goes block by block, in the workload */
    PEER_SHARED = 4,       /* several threads may use one heap at a time */
    PEER_CROSS = 8,        /* another thread may free, but not allocate */
    PEER_COPIES = 16,      /* growing a large block copies it: measured by samples */
    PEER_NO_REALLOC = 32,  /* realloc would leave every old block behind */
    PEER_SHARED_ONLY = 64, /* takes part in the workload with one shared heap only */
    PEER_OURS = 128,       /* Nmapi.dll, or the native build of its sources */
    PEER_KEEPS = 256,      /* ours again, with keep=64M: for the rows of the only expert */
    PEER_BY_BLOCKS = 512   /* its bulk free visits each block */
};

struct peer {
    const char *name; /* a column's head and the CSV's name: short, known once it has started */
    unsigned flags;

    bool (*start)(char *version, size_t version_size); /* false: not available on this machine */

    /* A heap is one expert's memory. open is called by the thread that allocates from it. */
    void *(*open)(void);
    void (*close)(void *heap);

    void *(*alloc)(void *heap, size_t size);                                 /* zeroed */
    void *(*realloc)(void *heap, void *block, size_t old_size, size_t size); /* zeroed tail */
    void (*free)(void *heap, void *block);

    /* The rest: NULL where the peer does not tell. */
    size_t (*committed)(void *heap);                /* as the allocator counts, bytes */
    void (*calls)(double *memory, double *threads); /* system calls of the process so far */
    bool (*trim)(void);                             /* returns cached pages; false: it can't */
    size_t (*writable_image)(void);                 /* bytes of its image that are written to */
};

extern const struct peer *const bench_peers[]; /* ends with NULL; ours first */
extern const struct peer peer_dll, peer_dll_keep64;
extern const struct peer peer_heap;
extern const struct peer peer_crt;
extern const struct peer peer_obvious;
extern const struct peer peer_mimalloc;
extern const struct peer peer_talloc;
extern const struct peer peer_apr;
extern const struct peer peer_glibc;
extern const struct peer peer_glibc_mutex;
extern const struct peer peer_hook;

extern const char *bench_dll_path; /* the DLL that peer_dll loads */

/*
 * Figures
 */

/* The last three are for a thousand operations. NAN where there is none. */
struct figure {
    double value, faults, memory_calls, thread_calls;
};

struct meter {
    double ns, faults, memory_calls, thread_calls;
};

void bench_begin(const struct peer *peer, struct meter *meter);
/* The figure of the work done since. Its value is the time of one operation, in units of so many
   nanoseconds. */
void bench_end(const struct peer *peer, const struct meter *meter, double operations, double unit,
               struct figure *figure);
struct figure bench_plain(double value); /* of no time */

/*
 * Workloads
 */

enum { WORK_METRICS_MAX = 8 };

enum {
    WORK_ALONE = 1,         /* measures memory: once, in a process of its own */
    WORK_NEEDS_HEAPS = 2,   /* not for peers without heaps */
    WORK_NEEDS_SHARED = 4,  /* several threads in one heap */
    WORK_NEEDS_REALLOC = 8, /* too often for peers that leave old blocks behind */
    WORK_NEEDS_CROSS = 16,  /* one thread frees while the heap's own allocates */
    WORK_NEEDS_FREE = 32,   /* of one block */
    WORK_PEERS_ONLY = 64,   /* a measure that ours is compared with */
    WORK_OURS_ONLY = 128,   /* not for the peers */
    WORK_ONLY_EXPERT = 256, /* a host that runs one expert at a time: depends on the option keep */
    WORK_LONG = 512,        /* runs with --long alone */
    WORK_CURVE = 1024,      /* runs with --curve alone: "name@size" */
    WORK_SPREAD = 2048,     /* each round in its own process, which moves the figure */
    WORK_MANY_BLOCKS = 4096 /* would take minutes for a peer whose bulk free visits each block */
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
    /* Fills one figure for each metric; all are NAN before. */
    void (*run)(const struct peer *peer, struct figure *figures);
    struct metric metrics[WORK_METRICS_MAX]; /* ends with a NULL name */
    const char *options;                     /* NMAPI_OPTIONS of its own process, or NULL */
};

extern const struct workload *const bench_workloads[]; /* ends with NULL */

/* Shared by the workloads; static, so that storing pointers changes no peer's memory. */
enum { BENCH_BLOCKS_MAX = 1000000 };
extern void *bench_blocks[BENCH_BLOCKS_MAX];
extern bool bench_quick;    /* --quick: a smoke test; its figures mean nothing */
extern bool bench_cpu_time; /* --cpu-time: one thread's work is timed by its processor time */

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

/* Writes to each page of a block, and to its last byte. A byte that is not zero is an error: every
   peer here promises zeroed memory. Of a large block each page is written before it is read: on
   Linux a page that is read first faults twice, which no page does on Windows. */
static inline void bench_touch(const struct peer *peer, unsigned char *block, size_t size)
{
    volatile unsigned char *bytes = block;
    unsigned found = 0;

    for (size_t at = 0; size >= 4096 && at + 1 < size; at += 4096) {
        bytes[at] = 1;
        found |= bytes[at + 1];
    }
    if (size < 4096) {
        found = block[0] | block[size - 1];
        block[0] = 1;
    }
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
/* The loops of two workloads, for instructions.sh. */
void bench_pairs(const struct peer *peer, void *heap, size_t size, unsigned count);
void bench_packets(const struct peer *peer, unsigned count);

/*
 * Results and targets
 */

enum { PEERS_MAX = 8 };

struct result {
    const struct workload *workload;
    int metric;
    int peer;
    int rounds;
    double low, high;     /* of the rounds */
    struct figure median; /* of each member */
};

/* Sorts the rounds' figures. A NAN in one of them means that there is no result. */
void bench_add_result(const struct workload *work, int metric, int peer, struct figure *rounds,
                      int count);
const struct result *bench_find(const char *metric, const char *peer); /* NULL: not measured */
void bench_print_table(FILE *to, const bool *chosen);
void bench_print_csv(FILE *to);
bool bench_results_are_sane(void);
void bench_check_targets(FILE *csv, FILE *table); /* each may be NULL */

/*
 * The system
 */

double sys_now(void);     /* nanoseconds */
double sys_cpu_now(void); /* processor time in nanoseconds; NAN where it can't be told */
double sys_faults(void);  /* page faults of the process so far; NAN where it can't be told */
void sys_yield(void);
long sys_load(volatile long *from);               /* acquire */
void sys_store(volatile long *to, long value);    /* release */
long sys_exchange(volatile long *to, long value); /* full barrier */
long sys_add(volatile long *to, long value);      /* full barrier; the value before */
void sys_run_threads(int count, void (*run)(int index, void *context), void *context);
/* Runs this program again, with these arguments (the last is NULL) and with NMAPI_OPTIONS set to
   the options, or unchanged for NULL. Returns what it prints; false if it fails. */
bool sys_run_self(const char *const *arguments, const char *options, char *text, size_t size);
size_t sys_committed(void); /* private memory of the process that may be written, bytes */
size_t sys_resident(void);  /* the part of it that is resident; 0 where it can't be told */
void *sys_open_library(const char *path); /* NULL: can't be loaded */
void *sys_find_function(void *library, const char *name);
void sys_describe(char *text, size_t size);
void sys_describe_cpu(char *text, size_t size);
