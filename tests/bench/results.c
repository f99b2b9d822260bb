/* Results: stored, found, printed as a table and as CSV. */
#include "bench.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { RESULTS_MAX = 1024 };

static struct result results[RESULTS_MAX];
static int result_count;

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

/* The median of one member, which lies `offset` bytes into each figure; sorts these members. */
static double median_of(struct figure *rounds, int count, size_t offset, double *low, double *high)
{
    double sorted[64];

    for (int i = 0; i < count; i++) {
        memcpy(&sorted[i], (const char *)&rounds[i] + offset, sizeof *sorted);
        if (sorted[i] != sorted[i])
            return sorted[i];
    }
    qsort(sorted, (size_t)count, sizeof *sorted, compare);
    if (low != NULL) {
        *low = sorted[0];
        *high = sorted[count - 1];
    }
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

void bench_add_result(const struct workload *work, int metric, int peer, struct figure *rounds,
                      int count)
{
    struct result *to = &results[result_count];

    if (result_count == RESULTS_MAX)
        bench_die("too many results", work->name);
    *to = (struct result){.workload = work, .metric = metric, .peer = peer, .rounds = count};
    to->median.value =
        median_of(rounds, count, offsetof(struct figure, value), &to->low, &to->high);
    to->median.faults = median_of(rounds, count, offsetof(struct figure, faults), NULL, NULL);
    to->median.memory_calls =
        median_of(rounds, count, offsetof(struct figure, memory_calls), NULL, NULL);
    to->median.thread_calls =
        median_of(rounds, count, offsetof(struct figure, thread_calls), NULL, NULL);
    if (to->median.value == to->median.value)
        result_count++;
}

const struct result *bench_find(const char *metric, const char *peer)
{
    for (int i = 0; i < result_count; i++) {
        const struct result *at = &results[i];

        if (strcmp(at->workload->metrics[at->metric].name, metric) == 0 &&
            strcmp(bench_peers[at->peer]->name, peer) == 0)
            return at;
    }
    return NULL;
}

static const char *number(double value, char *text)
{
    int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

    if (value != value)
        strcpy(text, "-");
    else
        sprintf(text, "%.*f", digits, value);
    return text;
}

static void value_cell(const struct result *result, char *cell)
{
    char median[32], low[32], high[32];

    if (result == NULL)
        strcpy(cell, "-");
    else if (result->rounds == 1)
        number(result->median.value, cell);
    else
        sprintf(cell, "%s (%s-%s)", number(result->median.value, median), number(result->low, low),
                number(result->high, high));
}

static void counts_cell(const struct result *result, char *cell)
{
    char faults[32], memory[32], threads[32];

    if (result == NULL)
        strcpy(cell, "-");
    else
        sprintf(cell, "%s, %s, %s", number(result->median.faults, faults),
                number(result->median.memory_calls, memory),
                number(result->median.thread_calls, threads));
}

static bool has_counts(const struct metric *metric)
{
    for (int i = 0; i < result_count; i++) {
        const struct figure *median = &results[i].median;

        if (&results[i].workload->metrics[results[i].metric] == metric &&
            (median->faults == median->faults || median->memory_calls == median->memory_calls))
            return true;
    }
    return false;
}

static void print_row(FILE *to, const bool *chosen, const struct metric *metric, const char *title,
                      const char *unit, void (*cell_of)(const struct result *, char *))
{
    fprintf(to, "%-52s %-9s", title, unit);
    for (int peer = 0; bench_peers[peer] != NULL; peer++) {
        char cell[128];

        if (!chosen[peer])
            continue;
        cell_of(bench_find(metric->name, bench_peers[peer]->name), cell);
        fprintf(to, " %20s", cell);
    }
    fprintf(to, "\n");
}

static bool was_measured(const struct metric *metric)
{
    for (int peer = 0; bench_peers[peer] != NULL; peer++) {
        if (bench_find(metric->name, bench_peers[peer]->name) != NULL)
            return true;
    }
    return false;
}

void bench_print_table(FILE *to, const bool *chosen)
{
    fprintf(to, "%-52s %-9s", "", "");
    for (int peer = 0; bench_peers[peer] != NULL; peer++) {
        if (chosen[peer])
            fprintf(to, " %20s", bench_peers[peer]->name);
    }
    fprintf(to, "\n");
    for (int i = 0; bench_workloads[i] != NULL; i++) {
        const struct metric *metrics = bench_workloads[i]->metrics;

        for (int m = 0; m < WORK_METRICS_MAX && metrics[m].name != NULL; m++) {
            if (!was_measured(&metrics[m]))
                continue;
            print_row(to, chosen, &metrics[m], metrics[m].title, metrics[m].unit, value_cell);
            if (has_counts(&metrics[m]))
                print_row(to, chosen, &metrics[m], "", "#/1000", counts_cell);
        }
    }
}

static void print_count(FILE *to, double count)
{
    if (count == count)
        fprintf(to, ",%.4f", count);
    else
        fprintf(to, ","); /* not known */
}

/* The title is last, because it has commas in it. */
void bench_print_csv(FILE *to)
{
    fprintf(to, "figure,unit,peer,median,low,high,rounds,faults,memory_calls,thread_calls,title\n");
    for (int i = 0; i < result_count; i++) {
        const struct result *at = &results[i];
        const struct metric *metric = &at->workload->metrics[at->metric];

        fprintf(to, "%s,%s,%s,%.4f,%.4f,%.4f,%d", metric->name, metric->unit,
                bench_peers[at->peer]->name, at->median.value, at->low, at->high, at->rounds);
        print_count(to, at->median.faults);
        print_count(to, at->median.memory_calls);
        print_count(to, at->median.thread_calls);
        fprintf(to, ",%s\n", metric->title);
    }
}

bool bench_results_are_sane(void)
{
    for (int i = 0; i < result_count; i++) {
        const struct result *at = &results[i];
        bool memory = (at->workload->flags & WORK_ALONE) != 0;

        if (!(at->low <= at->median.value && at->median.value <= at->high) ||
            (!memory && at->low < 0)) {
            fprintf(stderr, "bench: %s: %f, from %f to %f\n",
                    at->workload->metrics[at->metric].name, at->median.value, at->low, at->high);
            return false;
        }
    }
    return result_count > 0;
}
