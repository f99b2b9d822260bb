/*
 * thread.h - the threads that have called the DLL: one record each, found through one TLS slot.
 *
 * A thread is known by the id of its record. No later thread gets the same id before half a million
 * others have had the record, while Windows reuses its ids at once. Records stay readable while the
 * DLL is loaded, so a stale pointer is safe to read.
 */
#pragma once

#include "base/atomic.h"
#include "base/os.h"

/* Each has cache lines of its own, so that one thread's entering does not slow another. */
struct thread {
    /* While the thread is outside and has the bias: the last expert's key. THREAD_INSIDE while it
       is inside under no lock. Only the thread sets it; whoever finds the thread dead clears it. */
    _Alignas(APART) void *volatile key;
    void *last;    /* the expert whose bias it had when it called last, else nobody; never NULL */
    void *heap;    /* that expert's heap, while it has the bias */
    HANDLE handle; /* valid while state is THREAD_LIVE or pins is not 0 */
    volatile LONG id;     /* record index and generation, never 0 once claimed */
    volatile LONG state;  /* THREAD_... below */
    volatile LONG pins;   /* others that use the handle just now */
    volatile LONG locks;  /* that it found free and took: a waiter sees by this that it goes on */
    volatile LONG killed; /* id of the last thread with this record that was killed and reaped */
};
_Static_assert(sizeof(struct thread) == APART, "nothing shares a cache line with a record");

/* What `key` holds while the thread is inside: an address that no host knows. */
#define THREAD_INSIDE(thread) ((void *)(thread))

enum { THREAD_FREE, THREAD_CLAIMED, THREAD_LIVE, THREAD_ENDED, THREAD_CLOSING };

/* The calling thread's record; NULL before its first call. The fast one may not find it (os.h). */
static ALWAYS_INLINE struct thread *thread_self_fast(void)
{
    return (struct thread *)os_tls_get();
}

static inline struct thread *thread_self(void)
{
    return (struct thread *)os_tls_get_far();
}

/* The same; makes a record with `last` set to `nobody` if there is none. NULL: it can't be made. */
struct thread *thread_enroll(void *nobody);
/* The calling thread ends or the DLL is unloaded. */
void thread_leave(struct thread *self);
void thread_shutdown(void);

/* The record of a thread, only to read; another thread may have it by now. */
struct thread *thread_record(LONG id);
int thread_is_alive(LONG id);
/* Whether it ended without a call of DllMain, or a later thread with its record did so. */
int thread_was_killed(LONG id);

/* One round of waiting for a thread to leave a lock or a heap. 1: it is dead, and nothing was
   waited for. A thread that makes no progress for a while may be suspended: it is resumed for a
   moment, or nobody would go on until the host resumes it. */
struct thread_wait {
    unsigned rounds;
    LONG thread, locks; /* waited for since, and how many it had taken then */
    DWORD since;
};
int thread_wait_for(struct thread_wait *wait, LONG id);
