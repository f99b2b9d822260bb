/*
 * The targets: each holds one of our figures against a limit, which is a number, or a peer's figure of
 * the same run. Under Wine the yardstick is what mimalloc's heap measured there once, scaled by
 * what a private heap measured in the same place then and measures now.
 */
#include "bench.h"

#include <string.h>

static const char ours[] = "nmapi";

/* The figure over its limit, 1 or less where the target is met; negative where one is missing. */
static double against_peer(const char *figure, const char *limit, const char *peer, double times)
{
    const struct result *mine = bench_find(figure, ours);
    const struct result *theirs = bench_find(limit, peer);

    if (mine == NULL || theirs == NULL)
        return -1;
    return mine->median / (theirs->median * times);
}

static double against_number(const char *figure, double limit)
{
    const struct result *mine = bench_find(figure, ours);

    return mine == NULL ? -1 : mine->median / limit;
}

struct list {
    FILE *csv, *table;
    int missed;
};

static void tell(struct list *list, const char *figure, const char *limit, double ratio)
{
    if (ratio < 0)
        return;
    if (ratio > 1)
        list->missed++;
    if (list->csv != NULL)
        fprintf(list->csv, "# target,%s,%s,%.3f\n", figure, limit, ratio);
    if (list->table != NULL)
        fprintf(list->table, "%-18s %-52s %7.2f %s\n", figure, limit, ratio,
                ratio > 1 ? "MISSED" : "met");
}

static void tell_number(struct list *list, const char *figure, const char *limit, double number)
{
    tell(list, figure, limit, against_number(figure, number));
}

/* At least ten times faster than the fastest peer that copies. */
static void tell_grow(struct list *list)
{
    double worst = -1;

    for (int i = 0; bench_peers[i] != NULL; i++) {
        double ratio = against_peer("grow", "grow_copy", bench_peers[i]->name, 0.1);

        worst = ratio > worst ? ratio : worst;
    }
    tell(list, "grow", "1/10 of allocate + copy + free", worst);
    if (sizeof(void *) == 8)
        tell_number(list, "grow_moves", "at most 1 % of the steps move the block", 1);
}

static void tell_gain(struct list *list)
{
    const struct result *gain = bench_find("threads_gain", ours);
    const struct result *share = bench_find("threads_share", ours);

    if (gain == NULL || share == NULL)
        return;
    tell(list, "threads_gain", "at least 1.9 times one thread", 1.9 / gain->median);
    /* Two processors of a virtual machine may be one core, or be one for a while. */
    tell(list, "threads_share", "at least 0.95 of what the machine gives", 0.95 / share->median);
}

#ifdef BENCH_NATIVE

static void tell_peers(struct list *list)
{
    static const char *const beside_mimalloc[] = {
        "pair_16", "pair_64",        "pair_256",  "pair_4096",      "replace", "fill_300k",
        "fill_1m", "fill_300k_last", "bulk_300k", "bulk_300k_last", "bulk_1m", "bulk_1m_last"};
    static const char *const beside_others[] = {"pair_16",   "pair_64", "pair_256",
                                                "pair_4096", "replace", "fill_300k"};

    for (size_t i = 0; i < sizeof beside_mimalloc / sizeof *beside_mimalloc; i++) {
        const char *figure = beside_mimalloc[i];

        tell(list, figure, "mimalloc", against_peer(figure, figure, "mimalloc", 1));
    }
    for (size_t i = 0; i < sizeof beside_others / sizeof *beside_others; i++) {
        const char *figure = beside_others[i];

        tell(list, figure, "talloc", against_peer(figure, figure, "talloc", 1));
        tell(list, figure, "APR pools", against_peer(figure, figure, "apr", 1));
    }
    tell(list, "one_key", "glibc behind one mutex",
         against_peer("one_key", "one_key", "glibc+mutex", 1));
}

#else

struct anchor {
    const char *figure;
    double mimalloc[2], heap[2]; /* ns on x64 and x86, one machine, Wine 8 */
};

static const struct anchor anchors[] = {
    {"pair_64", {8.2, 11.6}, {57, 100}},
    {"replace", {52, 94}, {740, 824}},
    {"fill_300k", {60, 59}, {120, 129}},
    {"fill_300k_last", {60, 59}, {120, 129}},
};

static void tell_peers(struct list *list)
{
    int bits = sizeof(void *) == 8 ? 0 : 1;

    for (size_t i = 0; i < sizeof anchors / sizeof *anchors; i++) {
        const struct anchor *at = &anchors[i];

        tell(list, at->figure, "mimalloc's anchor, scaled by the private heap",
             against_peer(at->figure, at->figure, "heap", at->mimalloc[bits] / at->heap[bits]));
    }
    tell_number(list, "bulk_300k", "1.0 ns a block", 1);
    tell_number(list, "bulk_300k_last", "1.0 ns a block", 1);
    tell(list, "one_key", "a private heap under the same load",
         against_peer("one_key", "one_key", "heap", 1));
}

#endif

int bench_check_targets(FILE *csv, FILE *table)
{
    struct list list = {csv, table, 0};

    if (csv != NULL)
        fprintf(csv, "# target,figure,limit,figure/limit (1 or less: met)\n");
    if (table != NULL)
        fprintf(table, "\n%-18s %-52s %7s\n", "Target", "limit", "ratio");
    tell_peers(&list);
    tell_grow(&list);
    tell_gain(&list);
    tell(&list, "cross_turns", "4 times the same thread's",
         against_peer("cross_turns", "cross_same", ours, 4));
    tell(&list, "cross_at_once", "4 times the same thread's",
         against_peer("cross_at_once", "cross_same", ours, 4));
    tell(&list, "experts_10k", "1.5 times that of one",
         against_peer("experts_10k", "experts_1", ours, 1.5));
    tell(&list, "experts_10k_all", "1.5 times that of one",
         against_peer("experts_10k_all", "experts_1", ours, 1.5));
    tell_number(&list, "million_committed", "1.10 times what was asked for", 1.10);
    tell_number(&list, "million_counted", "1.10 times what was asked for", 1.10);
    tell_number(&list, "one_committed", "24 KiB", 24);
    tell_number(&list, "one_counted", "24 KiB", 24);
    tell_number(&list, "after_committed", "4 MiB beyond the start", 4);
    return list.missed;
}
