#include "base/thread.h"

#define INDEX_BITS 12
/* Threads at a time. Beyond that, calls fail with NMERR_OUT_OF_MEMORY. */
#define THREAD_MAX (1L << INDEX_BITS)
#define STEP 64
_Static_assert(THREAD_MAX % STEP == 0, "the last step ends with the last record");
/* Milliseconds without progress, so many that a thread which waits for a processor is not taken for
   suspended. */
#define PATIENCE 300
#define ASK_EVERY 8 /* rounds of waiting: to ask whether the other lives is a system call */

/* In the middle of a page. Experts' first blocks begin pages, and a processor takes a store at one
   offset of a page for one at the same offset of another (4K aliasing). */
static _Alignas(OS_PAGE) struct {
    char before[OS_PAGE / 2];
    struct thread records[THREAD_MAX];
} table;
/* Records that may have been claimed, so that a search stays short. */
static volatile LONG touched = STEP;

struct thread *thread_record(LONG id)
{
    return &table.records[id & (THREAD_MAX - 1)];
}

/* It is forgotten first: a thread killed here leaks the handle, while a second close might close
   somebody else's. */
static void close_handle(struct thread *t)
{
    HANDLE handle = t->handle;

    atomic_store(&t->handle, NULL);
    os_close(handle);
}

/* Frees the record of a thread that has ended. If it is pinned, the last thread to unpin it does.
   The caller may have seen the end long ago; the record may have served another thread since. */
static void dispose(struct thread *t)
{
    KILL_POINT("record about to be freed");
    while (atomic_add(&t->pins, 0) == 0 &&
           atomic_cas(&t->state, THREAD_ENDED, THREAD_CLOSING) == THREAD_ENDED) {
        if (atomic_add(&t->pins, 0) == 0) {
            close_handle(t);
            KILL_POINT("thread's handle closed");
            atomic_store(&t->state, THREAD_FREE);
            return;
        }
        atomic_swap(&t->state, THREAD_ENDED);
    }
}

/* What pin returned. */
static void unpin(struct thread *t)
{
    if (t && atomic_add(&t->pins, -1) == 0 && atomic_load(&t->state) == THREAD_ENDED)
        dispose(t);
}

/* Keeps the thread's handle open; NULL if the thread has ended. */
static struct thread *pin(LONG id)
{
    struct thread *t = thread_record(id);

    atomic_add(&t->pins, 1);
    if (atomic_load(&t->state) == THREAD_LIVE && atomic_load(&t->id) == id)
        return t;
    unpin(t);
    return NULL;
}

static void end(struct thread *t)
{
    if (atomic_cas(&t->state, THREAD_LIVE, THREAD_ENDED) == THREAD_LIVE)
        dispose(t);
}

/* A killed thread makes no call of DllMain. If it died inside an expert, its record is the only
   sign of that and is kept until the expert is recovered. */
static void reap(void)
{
    for (LONG i = 0; i < atomic_load(&touched); i++) {
        struct thread *t = pin(atomic_load(&thread_record(i)->id));
        if (!t)
            continue;
        if (!os_thread_is_alive(t->handle) && atomic_load(&t->key) != THREAD_INSIDE(t)) {
            atomic_store(&t->killed, atomic_load(&t->id));
            end(t); /* the pin keeps it the dead thread's record */
        }
        unpin(t);
    }
}

static struct thread *claim_touched(void)
{
    for (LONG i = 0; i < atomic_load(&touched); i++) {
        struct thread *t = thread_record(i);
        if (atomic_load(&t->state) == THREAD_FREE &&
            atomic_cas(&t->state, THREAD_FREE, THREAD_CLAIMED) == THREAD_FREE) {
            LONG generation = (atomic_load(&t->id) >> INDEX_BITS) + 1;
            generation &= (1L << (31 - INDEX_BITS)) - 1;
            atomic_store(&t->id, (generation ? generation : 1) << INDEX_BITS | i);
            return t;
        }
    }
    return NULL;
}

static struct thread *claim(void)
{
    struct thread *t = claim_touched();
    LONG count;

    if (!t) {
        reap();
        t = claim_touched();
    }
    while (!t && (count = atomic_load(&touched)) < THREAD_MAX) {
        atomic_cas(&touched, count, count + STEP);
        t = claim_touched();
    }
    return t;
}

struct thread *thread_enroll(void *nobody)
{
    struct thread *t = thread_self();

    if (t)
        return t;
    if (!os_tls_open())
        return NULL;
    t = claim();
    if (!t)
        return NULL;
    KILL_POINT("thread record claimed");
    t->last = nobody;
    atomic_store(&t->key, NULL);
    if (!os_thread_open(&t->handle) || !os_tls_set(t)) {
        if (t->handle)
            close_handle(t);
        atomic_store(&t->state, THREAD_FREE);
        return NULL;
    }
    KILL_POINT("thread about to be known");
    atomic_store(&t->state, THREAD_LIVE);
    return t;
}

void thread_leave(struct thread *self)
{
    os_tls_set(NULL);
    if (atomic_load(&self->key) != THREAD_INSIDE(self)) /* else in an exception: like a dead one */
        end(self);
}

void thread_shutdown(void)
{
    for (LONG i = 0; i < touched; i++) {
        if (thread_record(i)->handle)
            close_handle(thread_record(i));
        thread_record(i)->state = THREAD_FREE;
    }
    os_tls_close();
}

int thread_is_alive(LONG id)
{
    struct thread *t = pin(id);
    int alive = t && os_thread_is_alive(t->handle);

    unpin(t);
    return alive;
}

/* Its record is live still, or was reaped. Of two that were killed the record has the later one. */
int thread_was_killed(LONG id)
{
    struct thread *t = pin(id);
    int dead = t && !os_thread_is_alive(t->handle);
    LONG killed = atomic_load(&thread_record(id)->killed);

    unpin(t);
    /* One with an id above the record's was killed before the generations began anew. */
    return dead || (killed >= id && killed <= atomic_load(&thread_record(id)->id));
}

/* Lets a suspended thread run for a moment, then suspends it as often as before. */
static void let_run(const struct thread *t)
{
    DWORD times = 0;

    while (os_thread_resume(t->handle))
        times++;
    if (times)
        os_yield(OS_ROUNDS);
    while (times--)
        os_thread_suspend(t->handle);
}

int thread_wait_for(struct thread_wait *wait, LONG id)
{
    LONG locks = load_relaxed(&thread_record(id)->locks);

    if (wait->thread != id)
        wait->rounds = 0;
    if (!wait->rounds || wait->locks != locks) {
        wait->thread = id;
        wait->locks = locks;
        wait->since = os_milliseconds();
    }
    if (++wait->rounds % ASK_EVERY == 0) {
        struct thread *t = pin(id);
        int lives = t && os_thread_is_alive(t->handle);
        if (lives && os_milliseconds() - wait->since > PATIENCE)
            let_run(t);
        unpin(t);
        if (!lives)
            return 1;
    }
    os_yield(wait->rounds);
    return 0;
}
