#include "expert/closing.h"

#include "base/options.h"
#include "base/report.h"
#include "expert/visitors.h"
#include "heap/record_heap.h"

/* Flags of `closing`. */
enum { BEGUN = 1, ABNORMAL = 2, RECLAIMS = 4 };

/* Whether a stale writer may exist: somebody who may still write to what the expert held. Who was
   killed is asked last, because a thread that was alive just now may be killed at any moment. */
static int is_abnormal(const struct thread *self, const struct expert *e)
{
    return e->crowded || e->killed || e->state == EXPERT_TERMINATED ||
           (e->heap->sums.live_bytes && visitors_any(e, self->id, thread_is_alive)) ||
           visitors_any(e, self->id, thread_was_killed);
}

/* What a close does once it is noted. A terminated expert, even if terminated just now, can be
   reopened only by the host. If the thread is killed at the end, the next opening takes the
   heap. */
static void complete(struct thread *self, struct expert *e)
{
    struct heap *heap = e->heap;

    KILL_POINT("expert about to be closed");
    atomic_cas(&e->state, EXPERT_OPEN, e->closing & RECLAIMS ? EXPERT_RECLAIMED : EXPERT_CLOSED);
    atomic_cas(&e->state, EXPERT_TERMINATED, EXPERT_CLOSED);
    KILL_POINT("expert closing");
    heap_close(self, heap, e->closing & ABNORMAL);
    visitors_forget(self, e);
    e->biased = 0;
    atomic_store(&e->closing, 0);
    KILL_POINT("heap closed");
    atomic_store(&e->heap, NULL);
    KILL_POINT("expert closed");
    record_heap_free(self, heap);
}

void closing_end(struct thread *self, struct expert *e, int reclaims, struct closing_leaks *leaks)
{
    int abnormal = is_abnormal(self, e);

    leaks->count = options.report ? heap_blocks(self, e->heap, leaks->first, CLOSING_LEAKS) : 0;
    expert_usage(e, &leaks->usage);
    e->final = e->heap->sums;
    atomic_store(&e->closing, /* after all that whoever finishes the close relies on */
                 (uint8_t)(BEGUN | (abnormal ? ABNORMAL : 0) | (reclaims ? RECLAIMS : 0)));
    complete(self, e);
}

void closing_finish(struct thread *self, struct expert *e)
{
    heap_repair(self, e->heap, e->closing & ABNORMAL);
    complete(self, e);
}

void closing_report(const struct expert *e, const struct closing_leaks *leaks)
{
    const NMAPI_EXPERT_USAGE *usage = &leaks->usage;
    const WCHAR *file = options.report_file;

    if (!options.report || !usage->LiveBlocks)
        return;
    report_line(file, "expert 0x%x leaked %u %s, %u bytes (peak %u bytes)", (SIZE_T)e->key,
                usage->LiveBlocks, usage->LiveBlocks == 1 ? "block" : "blocks", usage->LiveBytes,
                usage->PeakBytes);
    for (SIZE_T i = 0; i < leaks->count; i++)
        report_line(file, "  0x%x  %u bytes", (SIZE_T)leaks->first[i].address,
                    leaks->first[i].bytes);
    if (leaks->count && leaks->count < usage->LiveBlocks)
        report_line(file, "  and %u more", usage->LiveBlocks - leaks->count);
}

void closing_report_open(void)
{
    struct closing_leaks leaks = {.count = 0};

    for (const struct expert *e = atomic_load(&table_newest); e; e = e->next) {
        if (!expert_is_live(e))
            continue;
        expert_usage(e, &leaks.usage);
        closing_report(e, &leaks);
    }
}
