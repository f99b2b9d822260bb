/* Threads: own experts, one shared expert, and a thread that frees what another allocated. */
#include "bench.h"

enum { THREADS = 2, SLOTS = 256, TURN = 10000, BATCH = 64, RING = 16, TURNS = 3 };

struct team {
    const struct peer *peer;
    void *heap; /* of all threads, or NULL: each opens its own */
    int threads;
    unsigned count; /* blocks for each thread */
    volatile long ready;
    double began[THREADS], ended[THREADS];
    void *slots[THREADS][SLOTS];
};

/* All threads exist before one of them starts. */
static void wait_for_all(volatile long *ready, int threads)
{
    sys_add(ready, 1);
    while (sys_load(ready) < threads)
        sys_yield();
}

/* Each thread keeps 256 blocks of 16 to 255 bytes and replaces one at random. */
static void replace_in_team(int index, void *context)
{
    struct team *team = context;
    const struct peer *peer = team->peer;
    void **slots = team->slots[index];
    uint32_t random = 0x5eed0005 + (uint32_t)index;
    void *heap = team->heap != NULL ? team->heap : bench_open(peer);

    for (unsigned i = 0; i < SLOTS; i++)
        slots[i] = bench_alloc(peer, heap, bench_between(&random, 16, 255));
    wait_for_all(&team->ready, team->threads);
    team->began[index] = sys_now();
    for (unsigned i = 0; i < team->count; i++) {
        void **slot = &slots[bench_between(&random, 0, SLOTS - 1)];

        peer->free(heap, *slot);
        *slot = bench_alloc(peer, heap, bench_between(&random, 16, 255));
    }
    team->ended[index] = sys_now();
    if (team->heap == NULL) {
        bench_close(peer, heap, slots, SLOTS);
    } else {
        for (unsigned i = 0; i < SLOTS; i++)
            peer->free(heap, slots[i]);
    }
}

/* Wall time of an operation, over all threads' operations. The page faults and system calls of the
   threads' start are included. */
static struct figure run_team(struct team *team, int threads, void (*run)(int index, void *context))
{
    double operations = (double)team->count * threads;
    double began, ended;
    struct figure figure;
    struct meter meter;

    team->threads = threads;
    team->ready = 0;
    bench_begin(team->peer, &meter);
    sys_run_threads(threads, run, team);
    bench_end(team->peer, &meter, operations, 1, &figure);
    began = team->began[0];
    ended = team->ended[0];
    for (int i = 1; i < threads; i++) {
        began = team->began[i] < began ? team->began[i] : began;
        ended = team->ended[i] > ended ? team->ended[i] : ended;
    }
    figure.value = (ended - began) / operations;
    return figure;
}

/* What the machine itself gives two threads that share nothing: 2 where each has its own core. Four
   sums at once, because one alone leaves so much of a core idle that two threads on one core would
   not show. */
static void compute_in_team(int index, void *context)
{
    struct team *team = context;
    uint32_t random[4] = {0x5eed0007, 0x5eed0008, 0x5eed0009, 0x5eed000a};
    uint32_t counts[SLOTS] = {0};
    volatile uint32_t last;

    wait_for_all(&team->ready, team->threads);
    team->began[index] = sys_now();
    for (unsigned i = 0; i < team->count; i++) {
        for (unsigned k = 0; k < 4; k++)
            counts[bench_random(&random[k]) % SLOTS]++;
    }
    last = counts[0];
    (void)last;
    team->ended[index] = sys_now();
}

/* In turns, so that the ratios are those of neighbours in time, and the least of each, because
   other programs only ever add time. */
static void run_threads(const struct peer *peer, struct figure *figures)
{
    static struct team team;
    void (*const work[])(int index, void *context) = {replace_in_team, compute_in_team};
    struct figure least[2][THREADS];
    double gain, machine;

    team.peer = peer;
    team.heap = NULL;
    team.count = bench_count(300000, 500);
    for (int turn = 0; turn < TURNS; turn++) {
        for (int kind = 0; kind < 2; kind++) {
            for (int more = 0; more < THREADS; more++) {
                struct figure took = run_team(&team, 1 + more, work[kind]);

                if (turn == 0 || took.value < least[kind][more].value)
                    least[kind][more] = took;
            }
        }
    }
    figures[0] = least[0][0];
    figures[1] = least[0][1];
    gain = least[0][0].value / least[0][1].value;
    machine = least[1][0].value / least[1][1].value;
    figures[2] = bench_plain(gain);
    figures[3] = bench_plain(machine);
    figures[4] = bench_plain(gain / machine);
}

const struct workload work_threads = {
    "threads",
    0,
    9,
    run_threads,
    {{"threads_1", "own expert, one thread, 256 live, 16-255 B", "ns"},
     {"threads_2", "  two threads, an expert each", "ns"},
     {"threads_gain", "  so two threads do this much more (more is better)", "x"},
     {"threads_machine", "  and without any allocator", "x"},
     {"threads_share", "  gain by what the machine gives (more is better)", "x"}},
    NULL};

static void run_one_key(const struct peer *peer, struct figure *figures)
{
    static struct team team;

    team.peer = peer;
    team.heap = bench_open(peer);
    team.count = bench_count(300000, 500);
    figures[0] = run_team(&team, 2, replace_in_team);
    peer->close(team.heap);
}

const struct workload work_one_key = {
    "one_key", WORK_NEEDS_SHARED, 7, run_one_key, {{"one_key", "  two threads, one expert", "ns"}},
    NULL};

struct handover {
    const struct peer *peer;
    unsigned rounds;
    void *heap;          /* opened by the thread that allocates */
    volatile long ready; /* threads that are ready */
    volatile long turn;  /* in turns: how many turns were taken; odd: the other thread's turn */
    volatile long full;  /* at once: batches written */
    volatile long empty; /* and batches freed */
    struct figure took;  /* as the allocating thread sees it */
    void *batches[RING][BATCH];
};

static void wait_until(volatile long *value, long least)
{
    for (unsigned spins = 1; sys_load(value) < least; spins++) {
        if (spins % 256 == 0)
            sys_yield();
    }
}

/* 10,000 blocks are allocated, then the other thread frees them while the first waits. */
static void hand_over_in_turns(int index, void *context)
{
    struct handover *over = context;
    const struct peer *peer = over->peer;
    unsigned count = bench_count(TURN, 100);
    struct meter meter;

    if (index == 0)
        over->heap = bench_open(peer);
    wait_for_all(&over->ready, 2);
    bench_begin(peer, &meter);
    for (unsigned round = 0; round < over->rounds; round++) {
        wait_until(&over->turn, (long)round * 2 + index);
        for (unsigned i = 0; i < count; i++) {
            if (index == 0)
                bench_blocks[i] = bench_alloc(peer, over->heap, 64);
            else
                peer->free(over->heap, bench_blocks[i]);
        }
        sys_add(&over->turn, 1);
    }
    if (index == 0) {
        wait_until(&over->turn, (long)over->rounds * 2);
        bench_end(peer, &meter, (double)over->rounds * count, 1, &over->took);
        peer->close(over->heap);
    }
}

/* A queue of batches: one thread allocates while the other frees. */
static void hand_over_at_once(int index, void *context)
{
    struct handover *over = context;
    const struct peer *peer = over->peer;
    struct meter meter;

    if (index == 0)
        over->heap = bench_open(peer);
    wait_for_all(&over->ready, 2);
    bench_begin(peer, &meter);
    for (unsigned round = 0; round < over->rounds; round++) {
        void **batch = over->batches[round % RING];

        if (index == 0) {
            wait_until(&over->empty, (long)round - RING + 1);
            for (unsigned i = 0; i < BATCH; i++)
                batch[i] = bench_alloc(peer, over->heap, 64);
            sys_add(&over->full, 1);
        } else {
            wait_until(&over->full, (long)round + 1);
            for (unsigned i = 0; i < BATCH; i++)
                peer->free(over->heap, batch[i]);
            sys_add(&over->empty, 1);
        }
    }
    if (index == 0) {
        wait_until(&over->empty, (long)over->rounds);
        bench_end(peer, &meter, (double)over->rounds * (int)BATCH, 1, &over->took);
        peer->close(over->heap);
    }
}

/* The measure to compare with: the same turns, but one thread does both. */
static void turns_alone(const struct peer *peer, struct figure *figure)
{
    unsigned count = bench_count(TURN, 100);
    unsigned rounds = bench_count(20, 2);
    void *heap = bench_open(peer);
    struct meter meter;

    bench_begin(peer, &meter);
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < count; i++)
            bench_blocks[i] = bench_alloc(peer, heap, 64);
        for (unsigned i = 0; i < count; i++)
            peer->free(heap, bench_blocks[i]);
    }
    bench_end(peer, &meter, (double)rounds * count, 1, figure);
    peer->close(heap);
}

static struct figure run_handover(const struct peer *peer, unsigned rounds,
                                  void (*hand_over)(int index, void *context))
{
    static struct handover over;

    over.peer = peer;
    over.rounds = rounds;
    over.ready = 0;
    over.turn = 0;
    over.full = 0;
    over.empty = 0;
    sys_run_threads(2, hand_over, &over);
    return over.took;
}

static void run_cross(const struct peer *peer, struct figure *figures)
{
    turns_alone(peer, &figures[0]);
    figures[1] = run_handover(peer, bench_count(20, 2), hand_over_in_turns);
    figures[2] = run_handover(peer, bench_count(3000, 20), hand_over_at_once);
}

const struct workload work_cross = {
    "cross",
    WORK_NEEDS_CROSS,
    15,
    run_cross,
    {{"cross_same", "10,000 of 64 B, freed by the same thread", "ns/pair"},
     {"cross_turns", "  freed by another thread, in turns", "ns/pair"},
     {"cross_at_once", "  freed by another thread, at once", "ns/pair"}},
    NULL};
