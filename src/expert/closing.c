#include "expert/closing.h"

#include "heap/record_heap.h"
#include "base/options.h"
#include "base/report.h"

/* Reserved addresses that no longer hold anything but catch strays. Those whose threads live are held longer;
   when there are too many of them too, the oldest go first. */
#ifdef _WIN64
#define QUARANTINE_DEAD ((SIZE_T)256 << 20)
#define QUARANTINE_LIVING ((SIZE_T)16 << 30)
#else
#define QUARANTINE_DEAD ((SIZE_T)32 << 20)
#define QUARANTINE_LIVING ((SIZE_T)256 << 20)
#endif

/* What an expert that ended badly has held. */
struct retired {
    struct retired *next; /* younger */
    struct heap *heap;
    SIZE_T bytes;
    ULONG visitor_count;
    LONG visitors[];
};

#define LOOKS 8 /* how many of the queue one close examines: it may be very long */

static struct lock lock; /* guards the queue */
static struct retired *oldest, **tail = &oldest;
static struct retired *looked_at; /* the last one that had a look; NULL: the oldest is next */
static SIZE_T retired_bytes;      /* guarded as well, but for a first look */

static int visitor_lives(const LONG *visitors, ULONG count, LONG but)
{
    for (ULONG i = 0; i < count; i++)
        if (visitors[i] != but && thread_is_alive(visitors[i]))
            return 1;
    return 0;
}

static void recount(void)
{
    SIZE_T bytes = 0;

    for (tail = &oldest; *tail; tail = &(*tail)->next)
        bytes += (*tail)->bytes;
    looked_at = NULL;
    atomic_poke(&retired_bytes, bytes);
}

static void hold(struct thread *self)
{
    if (lock_acquire(&lock, self))
        recount();
}

/* The next one to examine. The youngest is skipped unless it is the only one, so that older ones go first. */
static struct retired **next_look(void)
{
    const struct retired *next = looked_at ? looked_at->next : NULL;

    return next && next->next ? &looked_at->next : &oldest;
}

/* Where in the queue one stands that may go; NULL if there is none in as many looks. */
static struct retired **find_to_go(const struct thread *self, unsigned *looks)
{
    if (retired_bytes > QUARANTINE_LIVING)
        return &oldest;
    for (; retired_bytes > QUARANTINE_DEAD && *looks; --*looks) {
        struct retired **link = next_look();
        if (!visitor_lives((*link)->visitors, (*link)->visitor_count, self->id))
            return link;
        looked_at = *link;
    }
    return NULL;
}

static struct retired *take_to_go(struct thread *self, unsigned *looks)
{
    struct retired **link, *r = NULL;

    hold(self);
    link = find_to_go(self, looks);
    if (link) {
        r = *link;
        atomic_poke(&retired_bytes, retired_bytes - r->bytes);
        *link = r->next;
        if (tail == &r->next)
            tail = link;
        if (looked_at == r)
            looked_at = NULL;
    }
    lock_release(&lock);
    return r;
}

static void queue(struct thread *self, struct retired *r)
{
    hold(self);
    *tail = r;
    tail = &r->next;
    KILL_POINT("retired heap queued");
    atomic_poke(&retired_bytes, retired_bytes + r->bytes);
    lock_release(&lock);
}

/* What may go by now: the threads that it waited for may have ended since. */
static void let_go(struct thread *self)
{
    unsigned looks = LOOKS;
    struct retired *r;

    while (atomic_peek(&retired_bytes) > QUARANTINE_DEAD && (r = take_to_go(self, &looks))) {
        heap_discard(self, r->heap);
        record_heap_free(self, r->heap);
        record_heap_free(self, r);
    }
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

/* NULL: the expert is to be closed as any other. */
static struct retired *retire(struct thread *self, const struct expert *e)
{
    struct retired *r = record_heap_alloc(self, sizeof *r + e->visitor_count * sizeof *r->visitors);

    if (!r)
        return NULL;
    r->heap = e->heap;
    r->visitor_count = e->visitor_count;
    if (e->visitor_count)
        memcpy(r->visitors, e->visitors, e->visitor_count * sizeof *r->visitors);
    r->bytes = heap_retire(self, e->heap);
    if (r->bytes)
        return r;
    /* Nothing that a stray could write to: it would be in the queue's way for nothing. */
    record_heap_free(self, r);
    return NULL;
}

/* Locked and settled, so that nobody has the gate. */
static void end(struct thread *self, struct expert *e, int died, int reclaims)
{
    struct heap *heap = e->heap;
    int badly = ended_badly(self, e, died);
    NMAPI_EXPERT_USAGE usage;
    struct retired *r;

    expert_usage(e, &usage);
    e->final.limit = usage.MemoryLimit;
    e->final.blocks = usage.LiveBlocks;
    e->final.bytes = usage.LiveBytes;
    e->final.peak = usage.PeakBytes;
    e->final.allocations = usage.Allocations;
    e->final.frees = usage.Frees;
    expert_begin_closing(e, CLOSING_BEGUN | (badly ? CLOSING_BADLY : 0) |
                                (reclaims ? CLOSING_RECLAIMS : 0));
    r = badly ? retire(self, e) : NULL;
    if (!r)
        heap_close(self, heap);
    e->owner = 0;
    atomic_store(&e->heap, NULL);
    atomic_store(&e->closing, 0);
    if (r)
        queue(self, r);
    else
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
    let_go(self);
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
        if ((!may_be_reclaimed(e) && !atomic_peek(&e->closing)) ||
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

void closing_shutdown(void)
{
    oldest = NULL;
    recount();
    lock_reset(&lock);
}
