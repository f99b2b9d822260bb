#include "expert/expert.h"

#include "heap/record_heap.h"
#include "base/options.h"

/* Entries in a row under the lock that earn a gate which was taken away: few after the first time, for experts
   do move to another thread; after the second as many as pay for taking it away again; then hardly ever. As
   powers of two. */
#define NEED_FIRST 4
#define NEED_NEXT 16
#define NEED_MOST 20

struct expert expert_nobody;

struct thread *expert_thread(void)
{
    struct thread *self = thread_self_fast();

    if (UNLIKELY(!self))
        self = thread_self();
    return LIKELY(self != NULL) ? self : thread_enroll(&expert_nobody);
}

static struct expert *find(const struct thread *self, HEXPERTKEY key)
{
    struct expert *known = self->known;

    if (!key)
        return NULL;
    return known->entry.key == key ? known : table_find(key);
}

struct expert *expert_enter_other(struct thread *self, HEXPERTKEY key)
{
    const struct expert *last = self ? self->last : NULL;
    struct expert *e = last && last->entry.key != key ? find(self, key) : NULL;

    if (!e || atomic_load(&e->gate) != self->id)
        return NULL;
    self->last = e;
    return expert_enter_fast(self, key);
}

int expert_may_come(const struct expert *e)
{
    LONG state = e ? atomic_load(&e->state) : EXPERT_NEVER;

    return state == EXPERT_NEVER || state == EXPERT_RECLAIMED;
}

int expert_is_implicit(const struct expert *e)
{
    return !load_relaxed(&e->isolated);
}

DWORD expert_code(enum heap_result result)
{
    static const DWORD codes[] = {
        [HEAP_OK] = NMERR_SUCCESS,
        [HEAP_BAD] = NMERR_INVALID_PARAMETER,
        [HEAP_FOREIGN] = NMERR_ACCESS_DENIED,
        [HEAP_FULL] = NMERR_OUT_OF_MEMORY,
    };
    return codes[result];
}

void expert_refuse(struct expert *e)
{
    atomic_add(&e->refused, 1);
}

static int is_inside(LONG id, const struct expert *e)
{
    const struct thread *t = thread_record(id);

    return atomic_load(&t->inside) == e && atomic_load(&t->id) == id;
}

/* Shuts the former owner out. Returns 1 if it died inside. */
static int shut_out_owner(const struct thread *self, struct expert *e)
{
    struct thread_wait wait = {.rounds = 0};
    LONG id = e->owner;
    int lives, died;

    if (!id || id == self->id)
        return 0;
    atomic_swap(&e->gate, 0);
    lives = thread_barrier(id);
    KILL_POINT("owner about to be looked at");
    while (lives && is_inside(id, e))
        lives = !thread_wait_for(&wait, id);
    /* Looked at after it was found dead: what the dead have left inside stays, and the record theirs. */
    died = !lives && is_inside(id, e);
    if (died)
        atomic_store(&thread_record(id)->inside, NULL); /* its record may be buried now */
    if (lives)
        e->need = !e->need ? NEED_FIRST : e->need < NEED_NEXT ? NEED_NEXT : NEED_MOST;
    e->owner = 0;
    e->streak = 0;
    return died;
}

/* Who is terminated, be it at this instant, does not come again. */
static void set_closed(struct expert *e)
{
    KILL_POINT("expert about to be closed");
    atomic_cas(&e->state, EXPERT_OPEN,
               e->closing & CLOSING_RECLAIMS ? EXPERT_RECLAIMED : EXPERT_CLOSED);
    atomic_cas(&e->state, EXPERT_TERMINATED, EXPERT_CLOSED);
}

void expert_begin_closing(struct expert *e, int how)
{
    store_relaxed(&e->closing, (uint8_t)how);
    set_closed(e);
    KILL_POINT("expert closing");
}

/* A bulk free whose thread was killed. */
static void finish_closing(struct thread *self, struct expert *e)
{
    struct heap *heap = e->heap;

    set_closed(e);
    if (heap) {
        heap_close_again(self, heap, e->closing & CLOSING_BADLY);
        atomic_store(&e->heap, NULL);
        record_heap_free(self, heap);
    }
    atomic_store(&e->closing, 0);
}

int expert_settle(struct thread *self, struct expert *e, int died)
{
    died |= shut_out_owner(self, e);
    if (atomic_load(&e->gate) == self->id) /* or its next call would not see how this one ended */
        atomic_store(&e->gate, 0);
    if (UNLIKELY(atomic_load(&self->inside) == e)) { /* an exception has ended an earlier call */
        atomic_store(&self->inside, NULL);
        died = 1;
    }
    if (UNLIKELY(died)) {
        if (e->closing)
            finish_closing(self, e);
        else if (e->heap)
            heap_repair(self, e->heap);
    }
    return died;
}

int expert_lock(struct thread *self, struct expert *e)
{
    return expert_settle(self, e, lock_acquire(&e->lock, self));
}

/* Notes who was here: when all of them have ended, nobody can come back. */
static void note_visitor(struct thread *self, struct expert *e)
{
    LONG *more, *former;
    ULONG kept = 0;

    for (ULONG i = 0; i < e->visitor_count; i++)
        if (e->visitors[i] == self->id)
            return;
    if (!e->visitor_room) { /* a thread killed just behind this may have left a visitor without it */
        e->visitors = e->first_visitors;
        e->visitor_room = EXPERT_VISITORS;
    }
    if (e->visitor_count == e->visitor_room) {
        for (ULONG i = 0; i < e->visitor_count; i++)
            if (thread_is_alive(e->visitors[i]))
                e->visitors[kept++] = e->visitors[i];
        e->visitor_count = (uint16_t)kept;
    }
    if (e->visitor_count == e->visitor_room) {
        more = e->visitor_room < 0x4000
                   ? record_heap_alloc(self, (SIZE_T)2 * e->visitor_room * sizeof *more)
                   : NULL;
        if (!more) {
            e->crowded = 1;
            return;
        }
        memcpy(more, e->visitors, e->visitor_count * sizeof *more);
        former = e->visitors;
        atomic_store(&e->visitors, more); /* before the former ones go: this thread may be killed */
        e->visitor_room = (uint16_t)(2 * e->visitor_room);
        if (former != e->first_visitors)
            record_heap_free(self, former);
    }
    e->visitors[e->visitor_count++] = self->id;
}

/* With the lock held. The state comes last: whoever reads it without the lock finds the rest done. */
static DWORD begin(struct thread *self, struct expert *e, SIZE_T limit, int isolated)
{
    LONG state = atomic_load(&e->state);
    struct heap *heap = e->heap ? e->heap : record_heap_alloc(self, sizeof *heap);
    LONG *visitors = e->visitors;

    if (!heap)
        return NMERR_OUT_OF_MEMORY;
    heap_open(heap, e, limit ? limit : (SIZE_T)-1);
    e->visitor_count = e->visitor_room = 0;
    atomic_store(&e->visitors, NULL);
    if (visitors && visitors != e->first_visitors)
        record_heap_free(self, visitors);
    e->crowded = e->closing = 0;
    e->streak = e->need = 0;
    e->last = 0;
    store_relaxed(&e->refused, 0);
    store_relaxed(&e->isolated, (uint8_t)isolated);
    e->heap = heap;
    if (isolated)
        atomic_store(&e->state, EXPERT_OPEN);
    else if (atomic_cas(&e->state, state, EXPERT_OPEN) != state) /* terminated just now */
        return NMERR_EXPERT_TERMINATE;
    return NMERR_SUCCESS;
}

/* With the lock held: what the state says to a call. */
static DWORD admit(struct thread *self, struct expert *e, int how)
{
    int may_open = (how & EXPERT_CREATE) && !options.strict;

    switch (atomic_load(&e->state)) {
    case EXPERT_OPEN:
        return NMERR_SUCCESS;
    case EXPERT_TERMINATED:
        return how & EXPERT_EVEN_TERMINATED ? NMERR_SUCCESS : NMERR_EXPERT_TERMINATE;
    case EXPERT_RECLAIMED:
        return may_open ? begin(self, e, options.limit, 0) : NMERR_EXPERT_TERMINATE;
    case EXPERT_CLOSED:
        return NMERR_EXPERT_TERMINATE;
    default:
        return may_open ? begin(self, e, options.limit, 0) : NMERR_INVALID_EXPERT_HANDLE;
    }
}

DWORD expert_enter(struct thread *self, HEXPERTKEY key, int how, struct expert **expert)
{
    struct expert *e, *left = atomic_load(&self->inside);
    DWORD code;

    *expert = NULL;
    if (UNLIKELY(left != NULL)) { /* by an exception: it is put right first */
        expert_lock(self, left);
        lock_release(&left->lock);
    }
    e = find(self, key);
    if (!e) {
        if (!key || !(how & EXPERT_CREATE) || options.strict)
            return NMERR_INVALID_EXPERT_HANDLE;
        e = table_make(self, key, sizeof *e);
        if (!e)
            return NMERR_OUT_OF_MEMORY;
    }
    expert_lock(self, e);
    code = admit(self, e, how);
    if (atomic_load(&e->state) != EXPERT_NEVER)
        *expert = e;
    if (code != NMERR_SUCCESS) {
        lock_release(&e->lock);
    } else if (e->last != self->id) {
        e->last = self->id;
        e->streak = 0;
        note_visitor(self, e);
    }
    return code;
}

void expert_leave(struct thread *self, struct expert *e)
{
#ifdef NMAPI_DEBUG
    if (e->heap && !(e->streak & (e->streak + 1)) && !heap_is_valid(self, e->heap))
        DebugBreak();
#endif
    self->known = e;
    /* Without the gate it does not try the owner's way: killed in it, it would keep its record, for only after
       owners does anybody look. */
    self->last = &expert_nobody;
    e->streak++;
    if (e->streak >= 1UL << e->need && atomic_load(&e->state) == EXPERT_OPEN) {
        e->owner = self->id; /* first: who shuts the owner out must know whom */
        self->last = e;
        KILL_POINT("gate about to open");
        atomic_swap(&e->gate, self->id);
        if (atomic_load(&e->state) != EXPERT_OPEN) /* expert_terminate came between */
            atomic_store(&e->gate, 0);
    }
    lock_release(&e->lock);
}

void expert_enter_both(struct thread *self, struct expert *a, struct expert *b)
{
    expert_lock(self, a < b ? a : b);
    if (a != b)
        expert_lock(self, a < b ? b : a);
}

void expert_leave_both(struct expert *a, struct expert *b)
{
    lock_release(&a->lock);
    if (a != b) /* once: it may be another thread's by now */
        lock_release(&b->lock);
}

DWORD expert_open(struct thread *self, HEXPERTKEY key, SIZE_T limit)
{
    struct expert *e;
    DWORD code = NMERR_INVALID_EXPERT_HANDLE;

    e = table_make(self, key, sizeof *e);
    if (!e)
        return NMERR_OUT_OF_MEMORY;
    expert_lock(self, e);
    if (!expert_is_live(e))
        code = begin(self, e, limit ? limit : options.limit, 1);
    lock_release(&e->lock);
    return code;
}

DWORD expert_terminate(HEXPERTKEY key)
{
    struct expert *e = table_find(key);
    LONG state = EXPERT_NEVER;

    while (e) {
        state = atomic_cas(&e->state, EXPERT_OPEN, EXPERT_TERMINATED);
        /* A reclaimed one stays closed, for the host has said so; unless a call opens it just now. */
        if (state != EXPERT_RECLAIMED || atomic_cas(&e->state, state, EXPERT_CLOSED) == state)
            break;
    }
    if (state == EXPERT_NEVER)
        return NMERR_INVALID_EXPERT_HANDLE;
    if (state >= EXPERT_CLOSED)
        return NMERR_EXPERT_TERMINATE;
    atomic_swap(&e->gate, 0);
    return NMERR_SUCCESS;
}

int expert_is_stopped(HEXPERTKEY key)
{
    const struct expert *e = table_find(key);
    LONG state = e ? atomic_load(&e->state) : EXPERT_NEVER;

    return state == EXPERT_TERMINATED || state == EXPERT_CLOSED;
}

void expert_usage(const struct expert *e, NMAPI_EXPERT_USAGE *usage)
{
    const struct heap *heap = e->heap;
    LONG state = atomic_load(&e->state);
    SIZE_T limit;

    usage->State = (DWORD)(state == EXPERT_RECLAIMED ? EXPERT_CLOSED : state);
    usage->Flags = expert_is_implicit(e) ? NMAPI_USAGE_IMPLICIT : 0;
    usage->Reserved = 0;
    usage->Refused = (ULONG)load_relaxed(&e->refused);
    if (!expert_is_live(e)) {
        usage->MemoryLimit = e->final.limit;
        usage->LiveBlocks = e->final.blocks;
        usage->LiveBytes = e->final.bytes;
        usage->PeakBytes = e->final.peak;
        usage->CommittedBytes = 0;
        usage->Allocations = e->final.allocations;
        usage->Frees = e->final.frees;
        return;
    }
    limit = heap->limit;
    usage->MemoryLimit = limit == (SIZE_T)-1 ? 0 : limit;
    usage->LiveBytes = load_relaxed(&heap->live_bytes);
    usage->PeakBytes = load_relaxed(&heap->peak_bytes);
    usage->CommittedBytes = load_relaxed(&heap->committed);
    /* First the frees, so that no block counts as freed only. */
    usage->Frees = atomic_read_count(&heap->frees);
    usage->Allocations = atomic_read_count(&heap->allocations);
    usage->LiveBlocks = (SIZE_T)(usage->Allocations - usage->Frees);
}

DWORD expert_query(struct thread *self, HEXPERTKEY key, NMAPI_EXPERT_USAGE *usage)
{
    struct expert *e = table_find(key);
    NMAPI_EXPERT_USAGE found = {.cbSize = usage->cbSize};

    if (!e || atomic_load(&e->state) == EXPERT_NEVER)
        return NMERR_INVALID_EXPERT_HANDLE;
    /* The owner need not be shut out: the lock alone keeps the heap from going. */
    if (!lock_try(&e->lock, self))
        expert_lock(self, e);
    expert_usage(e, &found);
    lock_release(&e->lock);
    *usage = found; /* under no lock: it may fault */
    return NMERR_SUCCESS;
}

void expert_shutdown(void)
{
    table_shutdown();
    record_heap_shutdown();
}
