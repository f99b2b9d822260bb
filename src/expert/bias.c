#include "expert/bias.h"

#include "base/options.h"
#include "expert/closing.h"
#include "expert/visitors.h"
#include "heap/record_heap.h"

/* Entries in a row under the lock that earn a bias again, as powers of two. If the last bias was
   worth its revocation, they are few, because experts do move to other threads. If not, they are as
   many as pay for a revocation, and after that so many that it hardly happens again. */
#define NEED_WORTH 4
#define NEED_NEXT 16
#define NEED_MOST 20

struct thread *bias_thread(void)
{
    struct thread *self = thread_self_fast();

    return LIKELY(self != NULL) ? self : thread_enroll(&expert_nobody);
}

/* An expert whose bias the thread has. Its heap stays as long as the thread has it. */
static void make_last(struct thread *self, struct expert *e)
{
    self->last = e;
    self->heap = e->heap;
    atomic_store(&self->key, e->key);
}

int bias_enter_other(struct thread *self, HEXPERTKEY key)
{
    struct expert *e;

    if (!self || self->key == key || self->key == THREAD_INSIDE(self))
        return 0;
    e = table_find(key);
    if (!e || atomic_load(&e->bias) != self->id)
        return 0;
    make_last(self, e);
    return bias_enter_fast(self, key);
}

/* Revoking and recovering */

static int is_inside(LONG id, const struct expert *e)
{
    const struct thread *t = thread_record(id);

    return atomic_load(&t->key) == THREAD_INSIDE(t) && t->last == e && atomic_load(&t->id) == id;
}

/* Of one that has a heap, as each has that is biased: a close takes the bias first. */
static uint64_t calls_of(const struct expert *e)
{
    return atomic_read_count(&e->heap->sums.allocations) + atomic_read_count(&e->heap->sums.frees);
}

/* The entries that earn the next bias, after one was revoked. */
static ULONG next_need(const struct expert *e)
{
    if (!e->need || calls_of(e) - e->biased_at >= os_barrier_calls())
        return NEED_WORTH;
    return e->need < NEED_NEXT ? NEED_NEXT : NEED_MOST;
}

/* Revokes the bias of another thread. Returns 1 if it died inside. */
static int revoke(const struct thread *self, struct expert *e)
{
    struct thread_wait wait = {.rounds = 0};
    LONG id = e->biased;
    int lives, died;

    if (!id || id == self->id)
        return 0;
    atomic_swap(&e->bias, 0);
    lives = thread_is_alive(id);
    if (lives) /* then it is seen inside here, or it sees there that the bias is gone */
        os_flush_stores();
    KILL_POINT("bias revoked");
    while (lives && is_inside(id, e))
        lives = !thread_wait_for(&wait, id);
    /* Read after it was found dead: now neither the mark nor the record's owner changes. */
    died = !lives && is_inside(id, e);
    if (died)
        atomic_store(&thread_record(id)->key, NULL); /* its record may be reaped now */
    if (lives)
        e->need = next_need(e) & 0xFF;
    e->biased = 0;
    e->streak = 0;
    return died;
}

void bias_recover(struct thread *self, struct expert *e, int died)
{
    died |= revoke(self, e);
    if (atomic_load(&e->bias) == self->id) /* so that its next call takes the slow path */
        atomic_store(&e->bias, 0);
    if (UNLIKELY(self->key == THREAD_INSIDE(self)) &&
        self->last == e) { /* an exception has ended a call */
        atomic_store(&self->key, NULL);
        died = 1;
    }
    if (UNLIKELY(died)) {
        e->killed = (uint8_t)expert_is_live(e); /* its close is abnormal, not the next life's */
        if (load_relaxed(&e->closing))
            closing_finish(self, e);
        else if (e->heap)
            heap_repair(self, e->heap, options.pageheap);
    }
}

void bias_lock(struct thread *self, struct expert *e)
{
    bias_recover(self, e, lock_acquire(&e->lock, self));
}

/* Entering */

/* The state is stored last: a reader without the lock then finds the rest complete. */
DWORD bias_open(struct thread *self, struct expert *e, SIZE_T limit, int isolated)
{
    LONG state = atomic_load(&e->state);
    struct heap *heap = e->heap ? e->heap : record_heap_alloc(self, sizeof *heap);

    if (!heap)
        return NMERR_OUT_OF_MEMORY;
    heap_open(heap, e, limit ? limit : (SIZE_T)-1);
    e->streak = e->need = 0;
    e->last = 0;
    store_relaxed(&e->refused, 0);
    store_relaxed(&e->isolated, (uint8_t)isolated);
    e->heap = heap;
    KILL_POINT("expert about to open");
    if (isolated)
        atomic_store(&e->state, EXPERT_OPEN);
    else if (atomic_cas(&e->state, state, EXPERT_OPEN) != state) /* terminated just now */
        return NMERR_EXPERT_TERMINATE;
    return NMERR_SUCCESS;
}

/* Whether the state lets a call enter; the lock is held. */
static DWORD admit(struct thread *self, struct expert *e, int how)
{
    LONG state = atomic_load(&e->state);

    if (state == EXPERT_OPEN || (state == EXPERT_TERMINATED && (how & BIAS_EVEN_TERMINATED)))
        return NMERR_SUCCESS;
    if ((how & BIAS_CREATE) && !options.strict && expert_may_come(e))
        return bias_open(self, e, options.limit, 0);
    return state == EXPERT_NEVER ? NMERR_INVALID_EXPERT_HANDLE : NMERR_EXPERT_TERMINATE;
}

DWORD bias_enter(struct thread *self, HEXPERTKEY key, int how, struct expert **expert)
{
    struct expert *e;
    DWORD code;

    *expert = NULL;
    if (UNLIKELY(self->key ==
                 THREAD_INSIDE(self))) { /* left by an exception: it is recovered first */
        e = self->last;
        bias_lock(self, e);
        lock_release(&e->lock);
    }
    e = table_find(key);
    if (!e) {
        if (!key || !(how & BIAS_CREATE) || options.strict)
            return NMERR_INVALID_EXPERT_HANDLE;
        e = table_make(self, key);
        if (!e)
            return NMERR_OUT_OF_MEMORY;
    }
    bias_lock(self, e);
    code = admit(self, e, how);
    if (atomic_load(&e->state) != EXPERT_NEVER)
        *expert = e;
    if (code != NMERR_SUCCESS) {
        lock_release(&e->lock);
    } else if (e->last != self->id) {
        e->last = self->id;
        e->streak = 0;
        visitors_note(self, e);
    }
    return code;
}

void bias_leave(struct thread *self, struct expert *e)
{
    /* Without the bias, skip the fast path: nobody would recover a thread killed there. */
    atomic_store(&self->key, NULL);
    self->last = &expert_nobody;
    e->streak++;
    /* With the bias of such a key the thread would look inside for ever. */
    if (e->key == THREAD_INSIDE(self))
        e->streak = 0;
    if (e->streak >= 1UL << e->need && atomic_load(&e->state) == EXPERT_OPEN) {
        e->biased = self->id; /* first: who revokes the bias must know whose it is */
        e->biased_at = calls_of(e);
        make_last(self, e);
        KILL_POINT("bias about to be given");
        atomic_swap(&e->bias, self->id);
        if (atomic_load(&e->state) != EXPERT_OPEN) /* terminated meanwhile */
            atomic_store(&e->bias, 0);
    }
    lock_release(&e->lock);
}

void bias_enter_both(struct thread *self, struct expert *a, struct expert *b)
{
    bias_lock(self, a < b ? a : b);
    if (a != b)
        bias_lock(self, a < b ? b : a);
}

void bias_leave_both(struct expert *a, struct expert *b)
{
    lock_release(&a->lock);
    if (a != b) /* once: it may be another thread's by now */
        lock_release(&b->lock);
}
