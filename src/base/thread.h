/*
 * thread.h - the threads that have called the DLL: one record each, found through one TLS slot.
 *
 * A thread is known by its id, which no later thread gets before half a million others have had the same
 * record; Windows reuses its own ids. Records are never returned to the system while the DLL is loaded, so a
 * stale pointer is safe to read.
 */
#ifndef NMAPI_THREAD_H
#define NMAPI_THREAD_H

#include "base/atomic.h"
#include "base/os.h"

/* Apart, so that one thread's entering and leaving does not slow another. */
struct thread {
    /* The key of the last expert while the thread is outside of its heap, and has the bias; THREAD_INSIDE while
       it is inside under no lock. Only itself sets it; who finds it dead clears it. */
    _Alignas(APART) void *volatile key;
    void *last;    /* the expert whose bias it had when it called last, else nobody; never NULL */
    void *heap;    /* that expert's heap, while it has the bias */
    void *known;   /* the expert whose lock it had last; never NULL */
    HANDLE handle; /* valid while state is THREAD_LIVE or pins is not 0 */
    volatile LONG id;    /* record index and generation, never 0 once claimed */
    volatile LONG state; /* THREAD_... below */
    volatile LONG pins;  /* others that use the handle just now */
    volatile LONG locks; /* that it found free and took: a waiter sees by this that it goes on */
};
_Static_assert(sizeof(struct thread) == APART, "nothing shares a cache line with a record");

/* What `key` holds while the thread is inside: an address that no host knows. */
#define THREAD_INSIDE(thread) ((void *)(thread))

enum { THREAD_FREE, THREAD_CLAIMED, THREAD_LIVE, THREAD_ENDED, THREAD_CLOSING };

/* The calling thread's record, NULL before its first call; the first way may not find it (os.h). */
static ALWAYS_INLINE struct thread *thread_self_fast(void)
{
    return (struct thread *)os_tls_get();
}

static inline struct thread *thread_self(void)
{
    return (struct thread *)os_tls_get_far();
}

/* The same, made if need be, its `last` set to `nobody`; NULL when the system gives no room. */
struct thread *thread_enroll(void *nobody);
/* The calling thread ends or the DLL is unloaded. */
void thread_leave(struct thread *self);
void thread_shutdown(void);

/* The record of a thread, for looking at; it may have gone to another thread meanwhile. */
struct thread *thread_record(LONG id);
int thread_is_alive(LONG id);
/* It ended without a word to DllMain, and its record is not reaped yet. */
int thread_was_killed(LONG id);

/* After it, what the other thread stored before the caller's last swap is visible to the caller, and what it
   loads from now on sees that swap. Returns whether it lives. */
int thread_barrier(LONG id);

/* One round of waiting for a thread to leave something of ours; 1: it is dead, and there was no waiting. One that
   somebody has suspended there, and that does not go on for a while, is let run a little: else nobody would go on
   until it is resumed. */
struct thread_wait {
    unsigned rounds;
    LONG thread, locks; /* waited for since, and how many it had taken then */
    DWORD since;
};
int thread_wait_for(struct thread_wait *wait, LONG id);

#endif
