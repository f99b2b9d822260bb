#include "expert/closing.h"

#include "base/options.h"
#include "expert/visitors.h"
#include "heap/record_heap.h"

/* Flags of `closing`. */
enum { BEGUN = 1, ABNORMAL = 2, RECLAIMS = 4 };

/* Whether a stale writer may exist: somebody who may still write to what the expert held. */
static int is_abnormal(const struct thread *self, const struct expert *e, int died)
{
    return died || e->crowded || e->state == EXPERT_TERMINATED || visitors_killed(e, self->id) ||
           (e->heap->live_bytes && visitors_live(e, self->id));
}

/* A terminated expert, even if terminated just now, can be reopened only by the host. */
static void set_closed(struct expert *e)
{
    KILL_POINT("expert about to be closed");
    atomic_cas(&e->state, EXPERT_OPEN, e->closing & RECLAIMS ? EXPERT_RECLAIMED : EXPERT_CLOSED);
    atomic_cas(&e->state, EXPERT_TERMINATED, EXPERT_CLOSED);
}

static void forget_heap(struct thread *self, struct expert *e)
{
    struct heap *heap = e->heap;

    e->biased = 0;
    atomic_store(&e->heap, NULL);
    atomic_store(&e->closing, 0);
    KILL_POINT("expert closed");
    record_heap_free(self, heap);
}

static void note_leak(void *address, SIZE_T bytes, void *context)
{
    struct closing_leaks *leaks = context;

    if (leaks->count == REPORT_LEAKS)
        return;
    leaks->first[leaks->count].address = address;
    leaks->first[leaks->count].bytes = bytes;
    leaks->count++;
}

void closing_end(struct thread *self, struct expert *e, int died, int reclaims,
                 struct closing_leaks *leaks)
{
    int abnormal = is_abnormal(self, e, died);

    leaks->count = 0;
    if (options.report)
        heap_visit(self, e->heap, note_leak, leaks);
    expert_keep_usage(e);
    leaks->blocks = e->final.blocks;
    leaks->bytes = e->final.bytes;
    leaks->peak = e->final.peak;
    store_relaxed(&e->closing,
                  (uint8_t)(BEGUN | (abnormal ? ABNORMAL : 0) | (reclaims ? RECLAIMS : 0)));
    set_closed(e);
    KILL_POINT("expert closing");
    heap_close(self, e->heap, abnormal);
    forget_heap(self, e);
}

void closing_finish(struct thread *self, struct expert *e)
{
    set_closed(e);
    if (e->heap) {
        heap_close_again(self, e->heap, e->closing & ABNORMAL);
        forget_heap(self, e);
    }
    atomic_store(&e->closing, 0);
}

void closing_report(const struct expert *e, const struct closing_leaks *leaks)
{
    if (options.report && leaks->blocks)
        report_expert(options.report_file, e->entry.key, leaks->blocks, leaks->bytes, leaks->peak,
                      leaks->first, leaks->count);
}

void closing_report_open(void)
{
    for (const struct expert *e = table_first(); options.report && e; e = table_next(e)) {
        NMAPI_EXPERT_USAGE usage;
        if (!expert_is_live(e))
            continue;
        expert_usage(e, &usage);
        if (usage.LiveBlocks)
            report_expert(options.report_file, e->entry.key, usage.LiveBlocks, usage.LiveBytes,
                          usage.PeakBytes, NULL, 0);
    }
}
