/*
 * The targets: each compares one of our figures with a limit, which is a number or a peer's figure
 * of the same run. Under Wine the measure is what mimalloc's heap took there once, scaled by what a
 * private heap took in the same place then and takes now.
 */
#include "bench.h"

#include <string.h>

static const char ours[] = "nmapi";

enum { X64, X86, ARCHITECTURES };
static const int architecture = sizeof(void *) == 8 ? X64 : X86;

struct list {
    FILE *csv, *table;
};

/* A ratio of 1 or less is reached; a negative one means that a figure is missing. */
static void tell(struct list *list, const char *figure, const char *limit, double ratio)
{
    char verdict[64];

    if (ratio < 0)
        return;
    if (ratio <= 1)
        strcpy(verdict, "reached");
    else
        sprintf(verdict, "missed by %.1f %%", (ratio - 1) * 100);
    if (list->csv != NULL)
        fprintf(list->csv, "# target,%s,%.3f,%s,%s\n", figure, ratio, verdict, limit);
    if (list->table != NULL)
        fprintf(list->table, "%-18s %-56s %7.2f  %s\n", figure, limit, ratio, verdict);
}

static double against_peer(const char *figure, const char *us, const char *limit, const char *peer,
                           double times)
{
    const struct result *mine = bench_find(figure, us);
    const struct result *theirs = bench_find(limit, peer);

    if (mine == NULL || theirs == NULL)
        return -1;
    return mine->median.value / (theirs->median.value * times);
}

static void at_most(struct list *list, const char *figure, const char *limit, double number)
{
    const struct result *mine = bench_find(figure, ours);

    tell(list, figure, limit, mine == NULL ? -1 : mine->median.value / number);
}

static void at_least(struct list *list, const char *figure, const char *limit, double number)
{
    const struct result *mine = bench_find(figure, ours);

    tell(list, figure, limit, mine == NULL ? -1 : number / mine->median.value);
}

/* At least ten times faster than the fastest peer that copies. */
static void tell_grow(struct list *list)
{
    double worst = -1;

    for (int i = 0; bench_peers[i] != NULL; i++) {
        double ratio = against_peer("grow", ours, "grow_copy", bench_peers[i]->name, 0.1);

        worst = ratio > worst ? ratio : worst;
    }
    tell(list, "grow", "1/10 of allocate + copy + free", worst);
    if (architecture == X64)
        at_most(list, "grow_moves", "moved at most three times", 3);
}

static void tell_kept(struct list *list)
{
    if (architecture == X64)
        at_most(list, "after_committed", "keep, 64 MiB, beyond the start", 64);
    else
        at_most(list, "after_committed", "keep, 16 MiB, beyond the start", 16);
    at_most(list, "after_trim", "4 MiB beyond the start", 4);
    at_most(list, "after_keep0", "4 MiB beyond the start", 4);
}

#ifdef BENCH_NATIVE

static void tell_peers(struct list *list)
{
    static const char *const level[] = {
        "pair_16",   "pair_64",     "pair_256",    "pair_4096",        "replace", "fill_300k",
        "bulk_300k", "fill_1m",     "bulk_1m",     "bulk_300k_beside", "large",   "bulk_1m_beside",
        "medium",    "medium_warm", "cross_turns", "cross_at_once"};
    static const char *const nearly[] = {"mix", "fill_1m_beside", "threads_1", "threads_2"};

    for (size_t i = 0; i < sizeof level / sizeof *level; i++)
        tell(list, level[i], "1.0 x mimalloc",
             against_peer(level[i], ours, level[i], "mimalloc", 1));
    for (size_t i = 0; i < sizeof nearly / sizeof *nearly; i++)
        tell(list, nearly[i], "1.1 x mimalloc",
             against_peer(nearly[i], ours, nearly[i], "mimalloc", 1.1));
    tell(list, "one_key", "glibc behind one mutex",
         against_peer("one_key", ours, "one_key", "glibc+mutex", 1));
    at_most(list, "million_committed", "1.06 x what was asked for", 1.06);
}

#else

/* What mimalloc 2's heap took of the private heap's time on x64 and x86, Wine 8, one machine. */
static const struct anchor {
    const char *figure;
    double of_heap[ARCHITECTURES];
} anchors[] = {
    {"pair_64", {0.144, 0.116}},
    {"replace", {0.070, 0.114}},
    {"fill_300k", {0.50, 0.457}},
    {"fill_1m", {0.50, 0.457}},
};

static void tell_space(struct list *list)
{
    static const char *const figures[] = {"space_64",     "space_4k", "space_64k",
                                          "space_300000", "space_1m", "space_10m"};

    if (architecture == X64) {
        at_least(list, "space_4k", "at least 7 GiB", 7 * 1024);
        return;
    }
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        at_least(list, figures[i], "at least 1,500 MiB of 2 GiB", 1500);
    at_least(list, "space_40000", "at least 1,200 MiB of 2 GiB", 1200);
}

static void tell_peers(struct list *list)
{
    static const char *const bulks[] = {"bulk_300k", "bulk_1m", "bulk_300k_beside",
                                        "bulk_1m_beside"};
    const char *us[] = {ours, peer_dll_keep64.name};

    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; k < sizeof anchors / sizeof *anchors; k++)
            tell(list, anchors[k].figure,
                 i == 0 ? "mimalloc's part of the private heap"
                        : "mimalloc's part of the private heap; keep=64M",
                 against_peer(anchors[k].figure, us[i], anchors[k].figure, "heap",
                              anchors[k].of_heap[architecture]));
        for (size_t k = 0; k < sizeof bulks / sizeof *bulks; k++)
            tell(list, bulks[k],
                 i == 0 ? "0.1 x the private heap" : "0.1 x the private heap; keep=64M",
                 against_peer(bulks[k], us[i], bulks[k], "heap", 0.1));
    }
    tell(list, "one_key", "a private heap under the same load",
         against_peer("one_key", ours, "one_key", "heap", 1));
    at_most(list, "million_committed", "1.10 x what was asked for", 1.10);
    tell_space(list);
}

#endif

void bench_check_targets(FILE *csv, FILE *table)
{
    struct list list = {csv, table};

    if (csv != NULL)
        fprintf(csv, "# target,figure,ratio to the limit,verdict,limit\n");
    if (table != NULL)
        fprintf(table, "\n%-18s %-56s %7s\n", "Target", "limit", "ratio");
    tell_peers(&list);
    at_least(&list, "threads_share", "at least 0.9 of what the machine gives two threads", 0.9);
    /* If it grew with blocks it would be 16. */
    at_most(&list, "bulk_by_blocks", "by regions: 16 times the blocks, at most twice the time", 2);
    tell_grow(&list);
    at_most(&list, "experts_ratio", "1.05 x that of one expert", 1.05);
    at_most(&list, "one_committed", "24 KiB", 24);
    tell_kept(&list);
}
