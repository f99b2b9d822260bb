/*
 * Benchmark of the DLL beside other allocators, each put through the same workloads.
 *   --csv, --csv=FILE  figures for machines: instead of the table, or to a file beside it
 *   --only NAMES       workloads, figures or peers with one of the names in them (a,b,...)
 *   --rounds N         instead of each workload's own number
 *   --cpu-time         for a machine that others use too: what one thread does is timed by how long
 *                      it ran, not by the clock
 *   --quick            a smoke run that checks the workloads, not the speed
 *   --long             what takes long too: how much fits into the address space
 *   --curve            instead: cost as the work grows, up to 10,000 experts and 10,000,000 blocks
 *   --dll FILE         the DLL to load (Nmapi.dll beside the program)
 *   --run pair|mix PEER COUNT  nothing but one workload's loop, for instructions.sh
 * In the environment, NMAPI_BENCH_PEER names a library with one more peer (peer_hook.c).
 */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS_MAX = 64 };

void *bench_blocks[BENCH_BLOCKS_MAX];
bool bench_quick;
bool bench_cpu_time;
const char *bench_dll_path = "Nmapi.dll";

#ifdef BENCH_NATIVE
const struct peer *const bench_peers[] = {&peer_dll,    &peer_mimalloc,    &peer_hook,
#ifdef BENCH_TALLOC
                                          &peer_talloc,
#endif
#ifdef BENCH_APR
                                          &peer_apr,
#endif
                                          &peer_glibc,  &peer_glibc_mutex, NULL};
#else
const struct peer *const bench_peers[] = {&peer_dll, &peer_dll_keep64, &peer_heap, &peer_hook,
                                          &peer_crt, &peer_obvious,    NULL};
#endif

static bool chosen[PEERS_MAX];
static char versions[PEERS_MAX][96];
static struct figure samples[PEERS_MAX][WORK_METRICS_MAX][ROUNDS_MAX];
static const char *only;
static int rounds_asked;
static bool long_ones, curves;

_Noreturn void bench_die(const char *what, const char *peer)
{
    fflush(stdout);
    fprintf(stderr, "bench: %s: %s\n", peer, what);
    exit(1);
}

void *bench_open(const struct peer *peer)
{
    void *heap = peer->open();

    if (heap == NULL)
        bench_die("can't open a heap", peer->name);
    return heap;
}

void bench_close(const struct peer *peer, void *heap, void **blocks, size_t count)
{
    if ((peer->flags & PEER_NO_HEAPS) != 0) {
        for (size_t i = 0; i < count; i++)
            peer->free(heap, blocks[i]);
    }
    peer->close(heap);
}

static bool is_named(const char *name)
{
    const char *at = only;

    while (at != NULL) {
        size_t length = strcspn(at, ",");

        for (const char *in = name; length > 0 && strlen(in) >= length; in++) {
            if (strncmp(in, at, length) == 0)
                return true;
        }
        at = at[length] == ',' ? at + length + 1 : NULL;
    }
    return false;
}

static bool any_peer_named(void)
{
    for (int i = 0; bench_peers[i] != NULL; i++) {
        if (is_named(bench_peers[i]->name))
            return true;
    }
    return false;
}

/* By its own name or one of its figures'. */
static bool is_workload_named(const struct workload *work)
{
    if (is_named(work->name))
        return true;
    for (int i = 0; i < WORK_METRICS_MAX && work->metrics[i].name != NULL; i++) {
        if (is_named(work->metrics[i].name))
            return true;
    }
    return false;
}

static bool any_workload_named(void)
{
    for (int i = 0; bench_workloads[i] != NULL; i++) {
        if (is_workload_named(bench_workloads[i]))
            return true;
    }
    return false;
}

static bool suits(const struct workload *work, const struct peer *peer)
{
    unsigned has = peer->flags;
    unsigned needs = work->flags;

    if ((has & PEER_SHARED_ONLY) != 0 && (needs & WORK_NEEDS_SHARED) == 0)
        return false;
    if ((has & PEER_KEEPS) != 0 && (needs & WORK_ONLY_EXPERT) == 0)
        return false;
    if ((needs & WORK_NEEDS_HEAPS) != 0 && (has & PEER_NO_HEAPS) != 0)
        return false;
    if ((needs & WORK_MANY_BLOCKS) != 0 && (has & PEER_BY_BLOCKS) != 0)
        return false;
    if ((needs & WORK_NEEDS_FREE) != 0 && (has & PEER_NO_FREE) != 0)
        return false;
    if ((needs & WORK_NEEDS_SHARED) != 0 && (has & PEER_SHARED) == 0)
        return false;
    if ((needs & WORK_NEEDS_CROSS) != 0 && (has & (PEER_SHARED | PEER_CROSS)) == 0)
        return false;
    if ((needs & WORK_NEEDS_REALLOC) != 0 && (has & PEER_NO_REALLOC) != 0)
        return false;
    if ((needs & WORK_OURS_ONLY) != 0 && (has & PEER_OURS) == 0)
        return false;
    return (needs & WORK_PEERS_ONLY) == 0 || (has & PEER_OURS) == 0;
}

static void clear(struct figure *figures)
{
    for (int i = 0; i < WORK_METRICS_MAX; i++)
        figures[i] = bench_plain(NAN);
}

static int index_of_peer(const char *name)
{
    for (int i = 0; bench_peers[i] != NULL; i++) {
        if (strcmp(bench_peers[i]->name, name) == 0)
            return i;
    }
    bench_die("no peer of this name", name);
}

static void print_figure(double number)
{
    if (number == number)
        printf("%.6f\n", number);
    else
        printf("--\n"); /* no runtime spells NAN as another does */
}

/* What run_in_own_process starts: one workload, one peer by its number. Prints the members of each
   figure, a line each. */
static int be_own_process(const char *work_name, const char *peer_number)
{
    const struct peer *peer = bench_peers[atoi(peer_number)];
    const struct workload *work = NULL;
    struct figure figures[WORK_METRICS_MAX];
    char version[96];

    for (int i = 0; bench_workloads[i] != NULL; i++)
        work = strcmp(bench_workloads[i]->name, work_name) == 0 ? bench_workloads[i] : work;
    if (work == NULL || !peer->start(version, sizeof version))
        return 1;
    for (int warm_ups = (work->flags & WORK_ALONE) != 0 ? 0 : 1; warm_ups >= 0; warm_ups--) {
        clear(figures);
        work->run(peer, figures);
    }
    for (int i = 0; i < WORK_METRICS_MAX; i++) {
        print_figure(figures[i].value);
        print_figure(figures[i].faults);
        print_figure(figures[i].memory_calls);
        print_figure(figures[i].thread_calls);
    }
    return 0;
}

static double next_number(const char **at)
{
    double number = NAN;

    *at += strspn(*at, "\r\n");
    if ((*at)[0] != '-' || (*at)[1] != '-')
        number = strtod(*at, NULL);
    *at += strcspn(*at, "\r\n");
    return number;
}

static void run_in_own_process(const struct workload *work, int peer, struct figure *figures)
{
    char number[16], text[2048];
    const char *arguments[] = {"--dll", bench_dll_path, "--alone", work->name,
                               number,  NULL,           NULL,      NULL};
    int more = 5;
    const char *at = text;

    sprintf(number, "%d", peer);
    if (bench_quick)
        arguments[more++] = "--quick";
    if (bench_cpu_time)
        arguments[more++] = "--cpu-time";
    if (!sys_run_self(arguments, work->options, text, sizeof text))
        bench_die("failed in a process of its own", work->name);
    for (int i = 0; i < WORK_METRICS_MAX; i++) {
        figures[i].value = next_number(&at);
        figures[i].faults = next_number(&at);
        figures[i].memory_calls = next_number(&at);
        figures[i].thread_calls = next_number(&at);
    }
}

/* All peers take turns in each round, each round another one first, so that what disturbs the
   machine for a while disturbs them alike. */
static void measure(const struct workload *work, int peers)
{
    int rounds = rounds_asked > 0 ? rounds_asked : work->rounds;
    bool own_process = (work->flags & (WORK_ALONE | WORK_SPREAD)) != 0;
    int warm_ups = own_process || bench_quick ? 0 : 1;

    if ((work->flags & WORK_ALONE) != 0 || bench_quick)
        rounds = 1;
    for (int round = -warm_ups; round < rounds; round++) {
        for (int i = 0; i < peers; i++) {
            int peer = (i + round + warm_ups) % peers;
            struct figure figures[WORK_METRICS_MAX];

            if (!chosen[peer] || !suits(work, bench_peers[peer]))
                continue;
            clear(figures);
            if (own_process)
                run_in_own_process(work, peer, figures);
            else
                work->run(bench_peers[peer], figures);
            for (int metric = 0; round >= 0 && metric < WORK_METRICS_MAX; metric++)
                samples[peer][metric][round] = figures[metric];
        }
    }
    for (int peer = 0; peer < peers; peer++) {
        if (!chosen[peer] || !suits(work, bench_peers[peer]))
            continue;
        for (int metric = 0; metric < WORK_METRICS_MAX && work->metrics[metric].name; metric++)
            bench_add_result(work, metric, peer, samples[peer][metric], rounds);
    }
}

static bool is_wanted(const struct workload *work, bool by_workload)
{
    if (((work->flags & WORK_CURVE) != 0) != curves)
        return false;
    if ((work->flags & WORK_LONG) != 0 && !long_ones)
        return false;
    return !by_workload || is_workload_named(work);
}

static void print_machine(FILE *to, const char *lead)
{
    char system[128], cpu[64], date[32];
    time_t now = time(NULL);

    sys_describe(system, sizeof system);
    sys_describe_cpu(cpu, sizeof cpu);
    strftime(date, sizeof date, "%Y-%m-%d", localtime(&now));
    fprintf(to, "%s%s; %s; %s%s\n", lead, system, cpu, date,
            bench_cpu_time ? "; what one thread does in processor time" : "");
    for (int i = 0; bench_peers[i] != NULL; i++) {
        if (chosen[i])
            fprintf(to, "%s%s: %s\n", lead, bench_peers[i]->name, versions[i]);
    }
}

static int start_peers(void)
{
    bool by_peer = any_peer_named();
    int peers = 0;

    for (; bench_peers[peers] != NULL; peers++) {
        const struct peer *peer = bench_peers[peers];

        if (by_peer && !is_named(peer->name))
            continue;
        chosen[peers] = peer->start(versions[peers], sizeof versions[peers]);
        if (!chosen[peers] && peer == &peer_dll)
            bench_die("can't be loaded", bench_dll_path);
        if (!chosen[peers] && peer != &peer_hook && (peer->flags & PEER_KEEPS) == 0)
            fprintf(stderr, "bench: %s is not on this machine\n", peer->name);
    }
    return peers;
}

/* One loop and nothing else, so that its instructions can be counted. */
static int run_loop(const char *what, const char *peer_name, const char *count)
{
    const struct peer *peer = bench_peers[index_of_peer(peer_name)];
    char version[96];

    if (!peer->start(version, sizeof version))
        bench_die("is not on this machine", peer_name);
    if (strcmp(what, "mix") == 0) {
        bench_packets(peer, (unsigned)atoi(count));
    } else {
        void *heap = bench_open(peer);
        void *live = bench_alloc(peer, heap, 64);

        bench_pairs(peer, heap, 64, (unsigned)atoi(count));
        bench_close(peer, heap, &live, 1);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *alone_work = NULL, *alone_peer = NULL;
    bool csv_only = false;
    FILE *csv = NULL;
    bool by_workload;
    int peers;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0)
            bench_quick = true;
        else if (strcmp(argv[i], "--cpu-time") == 0)
            bench_cpu_time = true;
        else if (strcmp(argv[i], "--long") == 0)
            long_ones = true;
        else if (strcmp(argv[i], "--curve") == 0)
            curves = true;
        else if (strcmp(argv[i], "--csv") == 0)
            csv_only = true;
        else if (strncmp(argv[i], "--csv=", 6) == 0)
            csv = fopen(argv[i] + 6, "w");
        else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
            only = argv[++i];
        else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
            rounds_asked = atoi(argv[++i]);
        else if (strcmp(argv[i], "--dll") == 0 && i + 1 < argc)
            bench_dll_path = argv[++i];
        else if (strcmp(argv[i], "--run") == 0 && i + 3 < argc)
            return run_loop(argv[i + 1], argv[i + 2], argv[i + 3]);
        else if (strcmp(argv[i], "--alone") == 0 && i + 2 < argc) {
            alone_work = argv[++i];
            alone_peer = argv[++i];
        } else
            bench_die("not an option", argv[i]);
        if (strncmp(argv[i], "--csv=", 6) == 0 && csv == NULL)
            bench_die("can't be written", argv[i] + 6);
    }
    if (alone_work != NULL)
        return be_own_process(alone_work, alone_peer);
    if (rounds_asked > ROUNDS_MAX)
        rounds_asked = ROUNDS_MAX;
    by_workload = any_workload_named();
    if (only != NULL && !any_peer_named() && !by_workload)
        bench_die("no workload and no peer of this name", only);
    peers = start_peers();
    for (int i = 0; bench_workloads[i] != NULL; i++) {
        double began = sys_now();

        if (!is_wanted(bench_workloads[i], by_workload))
            continue;
        measure(bench_workloads[i], peers);
        if (!bench_quick)
            fprintf(stderr, "bench: %s took %.1f s\n", bench_workloads[i]->name,
                    (sys_now() - began) / 1e9);
    }
    if (csv_only)
        csv = stdout;
    if (csv != NULL) {
        print_machine(csv, "# ");
        bench_print_csv(csv);
    }
    if (!csv_only) {
        print_machine(stdout, "");
        printf(
            "Medians (lowest-highest of the rounds); less is better. Below a time: page faults,\n"
            "system calls for memory and for threads, each for a thousand operations.\n\n");
        bench_print_table(stdout, chosen);
    }
    if (!bench_quick)
        bench_check_targets(csv, csv_only ? NULL : stdout);
    if (csv != NULL && csv != stdout && fclose(csv) != 0)
        bench_die("can't be written", "the CSV");
    return bench_results_are_sane() ? 0 : 1;
}
