/*
 * os.h - every Win32 call of the DLL, except those by which forward.c finds the original DLL. The
 * tests make each of them fail.
 *
 * Sizes are bytes. The system rounds memory to whole pages. A function that returns int returns 0
 * for failure, and has changed nothing then. Only os_attach and os_tls_close change the thread's
 * last error.
 */
#pragma once

#include "base/atomic.h"

#define OS_PAGE ((SIZE_T)4096)
#define OS_GRANULE ((SIZE_T)65536) /* what reservations are aligned to */

#define OS_TEB_SLOTS 64 /* TLS slots that lie in the thread environment block itself */

#ifdef _WIN64
#define OS_ADDRESS_BITS 47
#define OS_TEB_SLOT(index) ((void *)__readgsqword(0x1480 + (index)*8))
#else
#define OS_ADDRESS_BITS 32
#define OS_TEB_SLOT(index) ((void *)__readfsdword(0xE10 + (index)*4))
#endif

/* Marks an instant at which shared state is half-written. A test build kills a thread at each. */
#ifndef KILL_POINT
#define KILL_POINT(name) ((void)0)
#endif

/* Once, when the DLL is loaded. */
void os_attach(void);
/* Whether processor and system have stores of 32 bytes. A system that is older than this
   question says no; blocks are zeroed somewhat slower then. */
extern int os_has_avx;

/* Reserves address space at the given address, or anywhere if that is NULL. NULL: it failed. */
void *os_reserve(void *address, SIZE_T bytes);
/* The same at the first free place from `hint` upwards, else anywhere. *note has the address before
   it is reserved, so that what a thread was killed at can be found (os_is_reserved). */
void *os_reserve_noted(void *volatile *note, void *hint, SIZE_T bytes);
/* Finds a free range of at least `bytes` at a multiple of `alignment`, upwards from `hint` and then
   from the bottom; NULL if there is none. Another thread may take it before the caller does.
   `skip` saves system calls: for an address that is known to be taken it returns where to go on,
   for another the address itself. */
typedef ULONG_PTR os_skip(ULONG_PTR address);
void *os_find_free(void *hint, SIZE_T bytes, SIZE_T alignment, os_skip *skip);
/* Whether this is a reservation that os_reserve (OS_PLAIN) or os_reserve_noted (OS_NOTED) made; for
   whoever repairs after a dead thread. Another module's reservation of the same address, length and
   protection can't be told from it. */
#define OS_PLAIN PAGE_NOACCESS
#define OS_NOTED PAGE_READONLY
int os_is_reserved(void *address, SIZE_T bytes, DWORD made);
void os_release(void *address);

/* Committed pages are zero, readable and writable; decommitted ones fault. */
int os_commit(void *address, SIZE_T bytes);
int os_decommit(void *address, SIZE_T bytes);

/* The DLL's TLS slot. Inline code reads it only if it lies in the thread environment block,
   otherwise gets NULL; the slow paths call os_tls_get_far. */
extern DWORD os_tls_index;
int os_tls_open(void);
void os_tls_close(void);
int os_tls_set(void *value);
void *os_tls_get_far(void);

static ALWAYS_INLINE void *os_tls_get(void)
{
    DWORD index = os_tls_index;
    return LIKELY(index < OS_TEB_SLOTS) ? OS_TEB_SLOT(index) : NULL;
}

/* Makes a handle of the calling thread that other threads can use. The system itself writes it to
   *handle, so that a kill loses nothing. */
int os_thread_open(HANDLE *handle);
int os_thread_is_alive(HANDLE handle);
void os_thread_suspend(HANDLE handle);
/* Returns the suspend count before; 0 if the call failed, too. */
DWORD os_thread_resume(HANDLE handle);
/* Returns when all stores that any processor had executed before are visible to all processors. */
void os_flush_stores(void);
/* Calls of the fast path that save about as much time as os_flush_stores takes. */
unsigned os_barrier_calls(void);
void os_close(HANDLE handle);

/* Gives the processor away. For OS_ROUNDS rounds to any ready thread, as a system call under a lock
   takes some microseconds; after that for a millisecond. */
#define OS_ROUNDS 256
void os_yield(unsigned round);
DWORD os_milliseconds(void);

/* Copies an environment variable and returns its length; 0 if there is none. If it does not fit
   into so many characters, nothing is copied. */
DWORD os_environment(const WCHAR *name, WCHAR *buffer, DWORD characters);
void os_debug_line(const WCHAR *text);
/* Appends to a file, which it creates if there is none. */
int os_append(const WCHAR *path, const char *text, DWORD bytes);
