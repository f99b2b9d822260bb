/*
 * Benchmark of the DLL beside other allocators, each put through the same workloads.
 *   --csv, --csv=FILE  figures for machines: instead of the table, or to a file beside it
 *   --only NAMES       workloads, figures or peers with one of the names in them (a,b,...)
 *   --rounds N         instead of each workload's own number
 *   --quick            a smoke run that checks the workloads, not the speed
 *   --dll FILE         the DLL to load (Nmapi.dll beside the program)
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PEERS_MAX = 8, ROUNDS_MAX = 64, RESULTS_MAX = 512 };

void *bench_blocks[BENCH_BLOCKS_MAX];
bool bench_quick;
const char *bench_dll_path = "Nmapi.dll";
struct result bench_results[RESULTS_MAX];
int bench_result_count;

static const struct workload *const workloads[] = {&work_memory_after, &work_memory_million,
                                                   &work_memory_one,   &work_pair,
                                                   &work_replace,      &work_mix,
                                                   &work_fill_300k,    &work_fill_300k_last,
                                                   &work_fill_1m,      &work_fill_1m_last,
                                                   &work_large,        &work_large_many,
                                                   &work_grow,         &work_grow_copy,
                                                   &work_threads,      &work_one_key,
                                                   &work_cross,        &work_open_close,
                                                   &work_experts_1,    &work_experts_100,
                                                   &work_experts_10k,  NULL};

#ifdef BENCH_NATIVE
const struct peer *const bench_peers[] = {&peer_dll,
#ifdef BENCH_MIMALLOC
                                          &peer_mimalloc,
#endif
#ifdef BENCH_TALLOC
                                          &peer_talloc,
#endif
#ifdef BENCH_APR
                                          &peer_apr,
#endif
                                          &peer_glibc,    &peer_glibc_mutex, NULL};
#else
const struct peer *const bench_peers[] = {&peer_dll, &peer_heap, &peer_crt, &peer_obvious, NULL};
#endif

static bool present[PEERS_MAX];
static char versions[PEERS_MAX][96];
static double samples[PEERS_MAX][WORK_METRICS_MAX][ROUNDS_MAX];
static const char *only;
static int rounds_asked;

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

static bool any_workload_named(void)
{
    for (int i = 0; workloads[i] != NULL; i++) {
        if (is_named(workloads[i]->name))
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
    if ((needs & WORK_NEEDS_HEAPS) != 0 && (has & PEER_NO_HEAPS) != 0)
        return false;
    if ((needs & WORK_NEEDS_SHARED) != 0 && (has & PEER_SHARED) == 0)
        return false;
    if ((needs & WORK_NEEDS_CROSS) != 0 && (has & (PEER_SHARED | PEER_CROSS)) == 0)
        return false;
    if ((needs & WORK_NEEDS_REALLOC) != 0 && (has & PEER_NO_REALLOC) != 0)
        return false;
    return (needs & WORK_PEERS_ONLY) == 0 || (has & PEER_OURS) == 0;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

/* Takes no figure for one of which a round is missing. */
static void sum_up(const struct workload *work, int peer, int rounds)
{
    for (int metric = 0; metric < WORK_METRICS_MAX && work->metrics[metric].name; metric++) {
        double *taken = samples[peer][metric];
        bool complete = true;
        double middle;

        for (int i = 0; i < rounds; i++)
            complete = complete && taken[i] == taken[i]; /* no NAN */
        if (!complete)
            continue;
        if (bench_result_count == RESULTS_MAX)
            bench_die("too many results", work->name);
        qsort(taken, (size_t)rounds, sizeof *taken, compare);
        middle = (taken[(rounds - 1) / 2] + taken[rounds / 2]) / 2;
        bench_results[bench_result_count++] =
            (struct result){work, metric, peer, rounds, middle, taken[0], taken[rounds - 1]};
    }
}

/* All peers take turns in each round, each round another one first, so that what disturbs the machine
   for a while disturbs them alike. */
static void measure(const struct workload *work, const bool *chosen, int peers)
{
    int rounds = rounds_asked > 0 ? rounds_asked : work->rounds;
    int warm_ups = 1;
    bool alone = (work->flags & WORK_ALONE) != 0;

    if (alone || bench_quick) {
        rounds = 1;
        warm_ups = 0;
    }
    for (int round = -warm_ups; round < rounds; round++) {
        for (int i = 0; i < peers; i++) {
            int peer = (i + round + warm_ups) % peers;
            double figures[WORK_METRICS_MAX] = {0};

            if (!chosen[peer] || !suits(work, bench_peers[peer]))
                continue;
            if (alone)
                sys_run_alone(work, bench_peers[peer], figures);
            else
                work->run(bench_peers[peer], figures);
            for (int metric = 0; round >= 0 && metric < WORK_METRICS_MAX; metric++)
                samples[peer][metric][round] = figures[metric];
        }
    }
    for (int peer = 0; peer < peers; peer++) {
        if (chosen[peer] && suits(work, bench_peers[peer]))
            sum_up(work, peer, rounds);
    }
}

const struct result *bench_find(const char *metric, const char *peer)
{
    for (int i = 0; i < bench_result_count; i++) {
        const struct result *at = &bench_results[i];

        if (strcmp(at->workload->metrics[at->metric].name, metric) == 0 &&
            strcmp(bench_peers[at->peer]->name, peer) == 0)
            return at;
    }
    return NULL;
}

static const char *number(double value, char *text)
{
    int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

    sprintf(text, "%.*f", digits, value);
    return text;
}

static void print_table(FILE *to, const bool *chosen, int peers)
{
    fprintf(to, "%-52s %-9s", "", "");
    for (int peer = 0; peer < peers; peer++) {
        if (chosen[peer])
            fprintf(to, " %20s", bench_peers[peer]->name);
    }
    fprintf(to, "\n");
    for (int i = 0; workloads[i] != NULL; i++) {
        const struct metric *metrics = workloads[i]->metrics;

        for (int m = 0; m < WORK_METRICS_MAX && metrics[m].name != NULL; m++) {
            char line[512];
            int length = sprintf(line, "%-52s %-9s", metrics[m].title, metrics[m].unit);
            bool any = false;

            for (int peer = 0; peer < peers; peer++) {
                const struct result *result = bench_find(metrics[m].name, bench_peers[peer]->name);
                char median[32], low[32], high[32], cell[100];

                if (!chosen[peer])
                    continue;
                any = any || result != NULL;
                if (result == NULL)
                    strcpy(cell, "-");
                else if (result->rounds == 1)
                    number(result->median, cell);
                else
                    sprintf(cell, "%s (%s-%s)", number(result->median, median),
                            number(result->low, low), number(result->high, high));
                length += sprintf(line + length, " %20s", cell);
            }
            if (any)
                fprintf(to, "%s\n", line);
        }
    }
}

static void print_csv(FILE *to)
{
    fprintf(to, "figure,unit,peer,median,low,high,rounds\n");
    for (int i = 0; i < bench_result_count; i++) {
        const struct result *at = &bench_results[i];
        const struct metric *metric = &at->workload->metrics[at->metric];

        fprintf(to, "%s,%s,%s,%.4f,%.4f,%.4f,%d\n", metric->name, metric->unit,
                bench_peers[at->peer]->name, at->median, at->low, at->high, at->rounds);
    }
}

static void print_machine(FILE *to, const char *lead, const bool *chosen, int peers)
{
    char system[128], cpu[64], date[32];
    time_t now = time(NULL);

    sys_describe(system, sizeof system);
    sys_describe_cpu(cpu, sizeof cpu);
    strftime(date, sizeof date, "%Y-%m-%d", localtime(&now));
    fprintf(to, "%s%s; %s; %s\n", lead, system, cpu, date);
    for (int i = 0; i < peers; i++) {
        if (chosen[i])
            fprintf(to, "%s%s: %s\n", lead, bench_peers[i]->name, versions[i]);
    }
}

static bool sane(void)
{
    for (int i = 0; i < bench_result_count; i++) {
        const struct result *at = &bench_results[i];
        bool memory = (at->workload->flags & WORK_ALONE) != 0;

        if (!(at->low <= at->median && at->median <= at->high) || (!memory && at->low < 0)) {
            fprintf(stderr, "bench: %s: %f, from %f to %f\n",
                    at->workload->metrics[at->metric].name, at->median, at->low, at->high);
            return false;
        }
    }
    return bench_result_count > 0;
}

/* What sys_run_alone starts: one workload, one peer, a figure on each line. */
static int run_alone(const char *work_name, const char *peer_name)
{
    double figures[WORK_METRICS_MAX] = {0};
    const struct workload *work = NULL;
    const struct peer *peer = NULL;
    char version[96];

    for (int i = 0; workloads[i] != NULL; i++)
        work = strcmp(workloads[i]->name, work_name) == 0 ? workloads[i] : work;
    for (int i = 0; bench_peers[i] != NULL; i++)
        peer = strcmp(bench_peers[i]->name, peer_name) == 0 ? bench_peers[i] : peer;
    if (work == NULL || peer == NULL || !peer->start(version, sizeof version))
        return 1;
    work->run(peer, figures);
    for (int i = 0; i < WORK_METRICS_MAX; i++) {
        if (figures[i] == figures[i])
            printf("%.6f\n", figures[i]);
        else
            printf("--\n"); /* no runtime spells NAN as another does */
    }
    return 0;
}

int main(int argc, char **argv)
{
    bool chosen[PEERS_MAX] = {false};
    bool csv_only = false;
    FILE *csv = NULL;
    int peers = 0;
    bool by_peer, by_workload;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0)
            bench_quick = true;
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
        else if (strcmp(argv[i], "--alone") == 0 && i + 2 < argc)
            return run_alone(argv[i + 1], argv[i + 2]);
        else
            bench_die("not an option", argv[i]);
        if (strncmp(argv[i], "--csv=", 6) == 0 && csv == NULL)
            bench_die("can't be written", argv[i] + 6);
    }
    if (rounds_asked > ROUNDS_MAX)
        rounds_asked = ROUNDS_MAX;
    by_peer = any_peer_named();
    by_workload = any_workload_named();
    if (only != NULL && !by_peer && !by_workload)
        bench_die("no workload and no peer of this name", only);
    for (; bench_peers[peers] != NULL; peers++) {
        if (by_peer && !is_named(bench_peers[peers]->name))
            continue;
        present[peers] = bench_peers[peers]->start(versions[peers], sizeof versions[peers]);
        if (!present[peers])
            fprintf(stderr, "bench: %s is not on this machine\n", bench_peers[peers]->name);
        if (!present[peers] && (bench_peers[peers]->flags & PEER_OURS) != 0)
            bench_die("can't be loaded", bench_dll_path);
        chosen[peers] = present[peers];
    }
    for (int i = 0; workloads[i] != NULL; i++) {
        double began = sys_now();

        if (by_workload && !is_named(workloads[i]->name))
            continue;
        measure(workloads[i], chosen, peers);
        if (!bench_quick)
            fprintf(stderr, "bench: %s took %.1f s\n", workloads[i]->name,
                    (sys_now() - began) / 1e9);
    }
    if (csv_only)
        csv = stdout;
    if (csv != NULL) {
        print_machine(csv, "# ", chosen, peers);
        print_csv(csv);
    }
    if (!csv_only) {
        print_machine(stdout, "", chosen, peers);
        printf("Medians (lowest-highest of the rounds); less is better.\n\n");
        print_table(stdout, chosen, peers);
    }
    if (!bench_quick)
        bench_check_targets(csv, csv_only ? NULL : stdout);
    if (csv != NULL && csv != stdout && fclose(csv) != 0)
        bench_die("can't be written", "the CSV");
    return sane() ? 0 : 1;
}
