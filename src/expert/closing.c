#include "expert/closing.h"

#include "heap/record_heap.h"
#include "base/options.h"
#include "base/report.h"

static int visitor_lives(const LONG *visitors, ULONG count, LONG but)
{
    for (ULONG i = 0; i < count; i++)
        if (visitors[i] != but && thread_is_alive(visitors[i]))
            return 1;
    return 0;
}

/* Whether anybody may still write through a stale pointer into what the expert held. */
static int ended_badly(const struct thread *self, const struct expert *e, int died)
{
    if (died || e->crowded || e->state == EXPERT_TERMINATED)
        return 1;
    for (ULONG i = 0; i < e->visitor_count; i++)
        if (e->visitors[i] != self->id && thread_was_killed(e->visitors[i]))
            return 1;
    return e->heap->live_bytes && visitor_lives(e->visitors, e->visitor_count, self->id);
}

/* Locked and settled, so that nobody has the gate. */
static void end(struct thread *self, struct expert *e, int died, int reclaims)
{
    struct heap *heap = e->heap;
    int badly = ended_badly(self, e, died);
    NMAPI_EXPERT_USAGE usage;

    expert_usage(e, &usage);
    e->final.limit = usage.MemoryLimit;
    e->final.blocks = usage.LiveBlocks;
    e->final.bytes = usage.LiveBytes;
    e->final.peak = usage.PeakBytes;
    e->final.allocations = usage.Allocations;
    e->final.frees = usage.Frees;
    expert_begin_closing(e, CLOSING_BEGUN | (badly ? CLOSING_BADLY : 0) |
                                (reclaims ? CLOSING_RECLAIMS : 0));
    heap_close(self, heap, badly);
    e->owner = 0;
    atomic_store(&e->heap, NULL);
    atomic_store(&e->closing, 0);
    record_heap_free(self, heap);
}

struct leaks {
    struct report_leak first[REPORT_LEAKS];
    unsigned count;
};

static void note_leak(void *address, SIZE_T bytes, void *context)
{
    struct leaks *leaks = context;

    if (leaks->count == REPORT_LEAKS)
        return;
    leaks->first[leaks->count].address = address;
    leaks->first[leaks->count].bytes = bytes;
    leaks->count++;
}

/* Settled and locked: ends the expert and unlocks it. `reclaims`: its key may come again. */
static void close(struct thread *self, struct expert *e, int died, int reclaims)
{
    struct leaks leaks;
    SIZE_T blocks, bytes, peak;

    leaks.count = 0;
    if (options.report)
        heap_visit(self, e->heap, note_leak, &leaks);
    end(self, e, died, reclaims);
    blocks = e->final.blocks;
    bytes = e->final.bytes;
    peak = e->final.peak;
    lock_release(&e->lock);
    if (options.report && blocks)
        report_expert(options.report_file, e->entry.key, blocks, bytes, peak, leaks.first,
                      leaks.count);
}

/* What can't be written faults here, and not while a lock is held. */
static void try_to_write(void *at, SIZE_T bytes)
{
    volatile char *first = at, *last = first + bytes - 1;
    char was = *first;

    *first = was;
    was = *last;
    *last = was;
}

DWORD closing_close(struct thread *self, HEXPERTKEY key, NMAPI_EXPERT_USAGE *usage)
{
    struct expert *e = table_find(key);
    NMAPI_EXPERT_USAGE found;
    LONG state;
    int died;

    if (!e)
        return NMERR_INVALID_EXPERT_HANDLE;
    if (usage)
        try_to_write(usage, sizeof *usage);
    died = expert_lock(self, e);
    if (!expert_is_live(e)) {
        atomic_cas(&e->state, EXPERT_RECLAIMED, EXPERT_CLOSED); /* by the host from now on */
        state = atomic_load(&e->state);
        lock_release(&e->lock);
        return state == EXPERT_NEVER ? NMERR_INVALID_EXPERT_HANDLE : NMERR_EXPERT_TERMINATE;
    }
    if (usage) { /* before the end, for it may lie in one of the expert's blocks */
        DWORD size = usage->cbSize;
        expert_usage(e, &found);
        found.State = EXPERT_CLOSED;
        found.CommittedBytes = 0;
        found.cbSize = size;
        memcpy(usage, &found, sizeof found);
    }
    close(self, e, died, 0);
    return NMERR_SUCCESS;
}

static int may_be_reclaimed(const struct expert *e)
{
    return expert_is_implicit(e) && expert_is_live(e);
}

void closing_reclaim(struct thread *self, int ending)
{
    for (struct expert *e = table_first(); e; e = table_next(e)) {
        int died;
        if ((!may_be_reclaimed(e) && !load_relaxed(&e->closing)) ||
            !lock_acquire_now(&e->lock, self, &died))
            continue;
        if (!may_be_reclaimed(e) || e->crowded || !e->visitor_count ||
            visitor_lives(e->visitors, e->visitor_count, ending ? self->id : 0)) {
            if (died) /* nobody else will know */
                expert_settle(self, e, died);
            lock_release(&e->lock);
            continue;
        }
        died = expert_settle(self, e, died);
        if (expert_is_live(e))
            close(self, e, died, 1);
        else /* a killed close, which is finished by now */
            lock_release(&e->lock);
    }
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
