/*
 * expert.h - experts: their states, and which one thread is in an expert's heap just now.
 *
 * Nearly every expert runs on one thread. That thread is given the expert's gate, and from then on enters
 * with two plain moves: it stores that it is inside, then reads whether the gate is still its own. Any
 * other thread takes the expert's lock, closes the gate, makes sure with a barrier on the former owner
 * that it saw that, and waits until it is not inside. A thread that was killed inside is found dead, and
 * what it left in the heap is put right. Experts that several threads really share stay with the lock.
 */
#ifndef NMAPI_EXPERT_H
#define NMAPI_EXPERT_H

#include "nmapi.h"

#include "heap/heap.h"
#include "expert/table.h"

/* RECLAIMED is closed by the end of its threads: the next call may open it again. */
enum {
    EXPERT_NEVER,
    EXPERT_OPEN = NMAPI_STATE_OPEN,
    EXPERT_TERMINATED,
    EXPERT_CLOSED,
    EXPERT_RECLAIMED
};

/* How an expert is being closed, for who finishes it if the thread is killed. */
enum { CLOSING_BEGUN = 1, CLOSING_BADLY = 2, CLOSING_RECLAIMS = 4 };

#define EXPERT_VISITORS 2

/* Never returned to the system while the DLL is loaded. */
struct expert {
    struct table_entry entry;
    volatile LONG gate;    /* id of the thread that may enter under no lock; 0: nobody */
    volatile LONG state;   /* EXPERT_...; changes under the lock, but for expert_terminate */
    struct heap *heap;     /* while open or terminated; else of an opening that did not end */
    volatile LONG refused; /* calls answered with an error */
    struct lock lock;      /* guards all that follows, and the heap unless the gate is open */
    LONG owner;            /* the last one that had the gate; not yet shut out while not 0 */
    LONG last;             /* the last one that entered under the lock */
    ULONG streak : 24;     /* entries in a row by it */
    ULONG need : 8;        /* 1 << need of them earn the gate */
    uint8_t isolated;      /* opened by the host */
    uint8_t closing;       /* CLOSING_...: the bulk free has begun */
    uint8_t crowded;       /* there was no memory to note a visitor */
    uint16_t visitor_count, visitor_room;
    LONG first_visitors[EXPERT_VISITORS];
    LONG *visitors; /* ids of the threads that entered since it was opened */
    struct {        /* once closed */
        SIZE_T limit, blocks, bytes, peak;
        uint64_t allocations, frees;
    } final;
};
#ifdef _WIN64
_Static_assert(sizeof(struct expert) == 128,
               "closed experts are kept: ten thousand must not matter");
#endif

/* In the place of an expert where a thread has none. */
extern struct expert expert_nobody;

/* The owner's way in, and out. NULL: take the other one. */
static ALWAYS_INLINE struct expert *expert_enter_fast(struct thread *self, HEXPERTKEY key)
{
    struct expert *e = self->last;

    if (UNLIKELY(e->entry.key != key) || UNLIKELY(load_relaxed(&self->inside) != NULL))
        return NULL; /* inside: an exception has ended an earlier call */
    store_relaxed(&self->inside, e);
    atomic_compiler_fence(); /* the processor's part is thread_barrier's */
    if (LIKELY(atomic_load(&e->gate) == self->id))
        return e;
    atomic_store(&self->inside, NULL);
    return NULL;
}

/* The heap that expert_enter_fast led into. */
static ALWAYS_INLINE struct heap *expert_heap_inside(const struct thread *self)
{
    const struct expert *e = self->last;

    return e->heap;
}

static ALWAYS_INLINE void expert_leave_fast(struct thread *self)
{
    atomic_store(&self->inside, NULL);
}

/* A thread that serves several experts in turn has the gates of all of them: the same with another key than
   its last one; `self` may be NULL. */
struct expert *expert_enter_other(struct thread *self, HEXPERTKEY key);

/* The calling thread's record, or NULL: NMERR_OUT_OF_MEMORY. */
struct thread *expert_thread(void);

enum expert_entry {
    EXPERT_KNOWN = 0,
    EXPERT_CREATE = 1,         /* a key never seen is opened implicitly */
    EXPERT_EVEN_TERMINATED = 2 /* go in all the same; look at the state */
};

/* Goes into the heap of a key's expert under its lock. Unless NMERR_SUCCESS it is not in; *expert is set
   whenever the key is known. */
DWORD expert_enter(struct thread *self, HEXPERTKEY key, int how, struct expert **expert);
void expert_leave(struct thread *self, struct expert *expert);
/* Into two at once, for handing blocks over; they may be the same. Looks at no state: either may be closed. */
void expert_enter_both(struct thread *self, struct expert *a, struct expert *b);
void expert_leave_both(struct expert *a, struct expert *b);

/* Whether a key, of which this is the record or NULL, may be opened by a call: it never was, which a record
   does not rule out (its first call found no memory), or its threads have ended (reclaimed). Needs no lock. */
int expert_may_come(const struct expert *expert);
/* Whether it is open or terminated, so that it has a heap. */
static inline int expert_is_live(const struct expert *expert)
{
    LONG state = atomic_load(&expert->state);

    return state == EXPERT_OPEN || state == EXPERT_TERMINATED;
}

/* Whether blocks pass freely between it and others of the kind. Needs no lock. */
int expert_is_implicit(const struct expert *expert);
void expert_refuse(struct expert *expert);
/* What a call answers when its heap said so. */
DWORD expert_code(enum heap_result result);

DWORD expert_open(struct thread *self, HEXPERTKEY key, SIZE_T limit);
DWORD expert_terminate(HEXPERTKEY key);
DWORD expert_query(struct thread *self, HEXPERTKEY key, NMAPI_EXPERT_USAGE *usage);
/* Whether a key is terminated or closed, and no call opens it. */
int expert_is_stopped(HEXPERTKEY key);

/* Takes an expert's lock, shuts its owner out, be it the caller, and puts right what the dead have left.
   Returns 1 if somebody died inside. */
int expert_lock(struct thread *self, struct expert *expert);
/* What expert_lock does once it has the lock; `died`: it was taken over from a dead thread. */
int expert_settle(struct thread *self, struct expert *expert, int died);
/* Locked and settled: from here on it is closed, whether this thread is killed or not. */
void expert_begin_closing(struct expert *expert, int how);
/* What is true now; the lock is held, the owner may be inside. */
void expert_usage(const struct expert *expert, NMAPI_EXPERT_USAGE *usage);
void expert_shutdown(void);

#endif
