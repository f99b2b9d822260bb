/*
 * os.h - the Win32 calls that the DLL makes for itself (forward.c calls the loader). The tests make each fail.
 *
 * Sizes are bytes; the system rounds memory to whole pages. What returns int returns 0 for failure
 * and has then changed nothing. None but os_attach and os_tls_close changes the thread's last error.
 */
#ifndef NMAPI_OS_H
#define NMAPI_OS_H

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

/* Marks an instant in which shared state is half-written. A test build kills a thread at each. */
#ifndef KILL_POINT
#define KILL_POINT(name) ((void)0)
#endif

/* Once, when the DLL is loaded. */
void os_attach(void);

/* Reserves address space, at the given address or nowhere; with NULL wherever there is room. */
void *os_reserve(void *address, SIZE_T bytes);
/* The same anywhere, looked for upwards from `hint` first, with the address in *note before anything is reserved
   there: a thread that is killed in between leaves nothing that could not be found (os_is_reserved). */
void *os_reserve_noted(void *volatile *note, void *hint, SIZE_T bytes);
/* A free range of at least `bytes` at a multiple of `alignment`, looked for upwards from `hint` and then
   from the bottom; NULL if there is none. Another thread may take it before the caller does. `skip` spares the
   system questions: it says where to look on if an address is known to be taken, else it returns it. */
typedef ULONG_PTR os_skip(ULONG_PTR address);
void *os_find_free(void *hint, SIZE_T bytes, SIZE_T alignment, os_skip *skip);
/* Whether this is a reservation of ours, made by the one or the other: the taker of a dead thread's work asks.
   Somebody else's of just that length at just that address, protected alike, can't be told from it. */
#define OS_PLAIN PAGE_NOACCESS
#define OS_NOTED PAGE_READONLY
int os_is_reserved(void *address, SIZE_T bytes, DWORD made);
void os_release(void *address);

/* Committed pages are zero, readable and writable; decommitted ones fault. */
int os_commit(void *address, SIZE_T bytes);
int os_decommit(void *address, SIZE_T bytes);

/* The one TLS slot. Inline it is read only where its index lies in the thread environment block, else NULL:
   the slow paths ask os_tls_get_far. */
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

/* A handle of the calling thread that other threads can use; written to *handle by the system itself,
   so that a kill loses nothing. */
int os_thread_open(HANDLE *handle);
int os_thread_is_alive(HANDLE handle);
/* Both return how often it was suspended before; 0 as well if the call failed. */
DWORD os_thread_suspend(HANDLE handle);
DWORD os_thread_resume(HANDLE handle);
/* Returns when every store that any processor had finished before is visible to all. */
void os_flush_stores(void);
/* Calls of the fast path that save about as much time as that takes. */
unsigned os_barrier_calls(void);
void os_close(HANDLE handle);

/* Gives the processor away: at first to whoever is ready, then, as a system call under a lock takes some
   microseconds and not more, for a millisecond. */
#define OS_ROUNDS 256
void os_yield(unsigned round);
DWORD os_milliseconds(void);

/* Copies an environment variable; returns its length, 0 if there is none. If that does not fit into so many
   characters, nothing was copied. */
DWORD os_environment(const WCHAR *name, WCHAR *buffer, DWORD characters);
void os_debug_line(const WCHAR *text);
/* Appends to a file, which is made if need be. */
int os_append(const WCHAR *path, const char *text, DWORD bytes);

#endif
