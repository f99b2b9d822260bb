/*
 * expert.h - the record of an expert: its state, its usage, and which fields its lock guards.
 * Records are never returned to the system while the DLL is loaded.
 */
#pragma once

#include "nmapi.h"

#include "heap/heap.h"

/* EXPERT_NEVER: it was never opened successfully. EXPERT_RECLAIMED: the end of its threads closed
   it, and the next call may open it again. */
enum {
    EXPERT_NEVER,
    EXPERT_OPEN = NMAPI_STATE_OPEN,
    EXPERT_TERMINATED,
    EXPERT_CLOSED,
    EXPERT_RECLAIMED
};

struct expert {
    HEXPERTKEY key;
    struct expert *next;                 /* in table.c: the one made before; never changes */
    struct expert *volatile children[2]; /* in table.c: what the next bit of a hash leads to */
    volatile LONG bias;     /* id of the thread that may enter without the lock; 0: nobody */
    volatile LONG state;    /* EXPERT_...; changes under the lock, but for expert_terminate */
    struct heap *heap;      /* while open or terminated; else what a killed opening or close left */
    volatile LONG refused;  /* calls answered with an error */
    struct lock lock;       /* guards all that follows, and the heap unless somebody has the bias */
    LONG biased;            /* the last one that was given the bias; 0 once it is revoked */
    LONG last;              /* the last one that entered under the lock */
    ULONG streak : 24;      /* entries in a row by it */
    ULONG need : 8;         /* 1 << need of them earn the bias */
    uint8_t isolated;       /* opened by the host */
    uint8_t closing;        /* how a close that has begun is to end (closing.c); else 0 */
    uint8_t crowded;        /* there was no memory to note a visitor */
    uint8_t killed;         /* a thread died inside, or a visitor was killed and forgotten */
    uint16_t visitor_count; /* a hint */
    struct visitor *visitors; /* the threads that entered since it was opened */
    union {
        uint64_t biased_at;     /* while live: allocations and frees when the bias was given */
        struct heap_sums final; /* once closed */
    };
};
#ifdef _WIN64
_Static_assert(sizeof(struct expert) <= 128,
               "closed experts are kept: ten thousand must not matter");
#endif

/* Stands for the expert of a thread that has none. */
extern struct expert expert_nobody;

/* These need no lock; `expert` is a key's record, or NULL. */

/* Whether an expert call may open it implicitly. */
int expert_may_come(const struct expert *expert);
/* Waits for nobody. */
DWORD expert_terminate(struct expert *expert);
/* Whether it is terminated or closed, so that no expert call opens it. */
int expert_is_stopped(const struct expert *expert);

/* Whether it is open or terminated, so that it has a heap. */
static inline int expert_is_live(const struct expert *expert)
{
    LONG state = atomic_load(&expert->state);

    return state == EXPERT_OPEN || state == EXPERT_TERMINATED;
}

/* Whether blocks pass freely between it and others of the kind. Needs no lock. */
int expert_is_implicit(const struct expert *expert);

/* The usage now. The lock is held; the thread with the bias may be inside. */
void expert_usage(const struct expert *expert, NMAPI_EXPERT_USAGE *usage);
