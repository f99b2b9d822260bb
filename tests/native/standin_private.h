/*
 * standin_private.h - what the stand-in's own files share.
 */
#pragma once

#include "standin.h"

#include <setjmp.h>
#include <signal.h>
#include <time.h>
#include <ucontext.h>

/* Every call that can be made to fail: its id, its name, the kind of system call that it is on
   Windows (NONE: it stays in the process), and whether it fails by name alone. */
#define STANDIN_CALLS                                                                              \
    STANDIN_CALL(VirtualAllocReserve, "VirtualAlloc.reserve", MEMORY, FALSE)                       \
    STANDIN_CALL(VirtualAllocCommit, "VirtualAlloc.commit", MEMORY, FALSE)                         \
    STANDIN_CALL(VirtualFreeDecommit, "VirtualFree.decommit", MEMORY, FALSE)                       \
    STANDIN_CALL(VirtualFreeRelease, "VirtualFree.release", MEMORY, FALSE)                         \
    STANDIN_CALL(VirtualProtect, "VirtualProtect", MEMORY, FALSE)                                  \
    STANDIN_CALL(VirtualQuery, "VirtualQuery", MEMORY, FALSE)                                      \
    STANDIN_CALL(TlsAlloc, "TlsAlloc", NONE, FALSE)                                                \
    STANDIN_CALL(TlsFree, "TlsFree", NONE, FALSE)                                                  \
    STANDIN_CALL(TlsSetValue, "TlsSetValue", NONE, FALSE)                                          \
    STANDIN_CALL(DuplicateHandle, "DuplicateHandle", THREADS, FALSE)                               \
    STANDIN_CALL(CloseHandle, "CloseHandle", THREADS, FALSE)                                       \
    STANDIN_CALL(WaitForSingleObject, "WaitForSingleObject", THREADS, FALSE)                       \
    STANDIN_CALL(SuspendThread, "SuspendThread", THREADS, FALSE)                                   \
    STANDIN_CALL(ResumeThread, "ResumeThread", THREADS, FALSE)                                     \
    STANDIN_CALL(GetThreadContext, "GetThreadContext", THREADS, FALSE)                             \
    STANDIN_CALL(GetEnvironmentVariable, "GetEnvironmentVariable", NONE, FALSE)                    \
    STANDIN_CALL(CreateFile, "CreateFile", FILES, FALSE)                                           \
    STANDIN_CALL(WriteFile, "WriteFile", FILES, FALSE)                                             \
    STANDIN_CALL(SetFilePointer, "SetFilePointer", FILES, FALSE)                                   \
    STANDIN_CALL(GetModuleFileNameA, "GetModuleFileNameA", NONE, FALSE)                            \
    STANDIN_CALL(GetModuleFileNameW, "GetModuleFileNameW", NONE, FALSE)                            \
    STANDIN_CALL(GetFileAttributes, "GetFileAttributes", FILES, FALSE)                             \
    STANDIN_CALL(LoadLibraryExW, "LoadLibraryExW", FILES, FALSE)                                   \
    STANDIN_CALL(LoadLibraryExA, "LoadLibraryExA", FILES, FALSE)                                   \
    STANDIN_CALL(GetProcAddress, "GetProcAddress", NONE, FALSE)                                    \
    STANDIN_CALL(CreateThread, "CreateThread", THREADS, TRUE)                                      \
    STANDIN_CALL(TerminateThread, "TerminateThread", THREADS, TRUE)                                \
    STANDIN_CALL(CreateEventA, "CreateEventA", THREADS, TRUE)                                      \
    STANDIN_CALL(ReadFile, "ReadFile", FILES, TRUE)

enum standin_call {
#define STANDIN_CALL(id, name, kind, by_name_only) STANDIN_##id,
    STANDIN_CALLS
#undef STANDIN_CALL
        STANDIN_CALL_COUNT
};

/* Between the two, the calling thread is neither suspended nor killed. */
void standin_enter(void);
void standin_leave(void);
/* Enters and counts the call; FALSE if it is to fail. standin_end_call follows in either case. */
BOOL standin_begin_call(enum standin_call which);
void standin_end_call(enum standin_call which);
/* Counts a system call that can't fail. */
void standin_count_call(enum standin_kind kind);

/* A lock that ThreadSanitizer does not see; taken between enter and leave alone. */
void standin_lock(int *lock);
void standin_unlock(int *lock);

/* Zeroed memory of the stand-in's own. Not malloc's, whose lock a suspended thread may hold. */
void *standin_pool_new(SIZE_T bytes);
void standin_pool_free(void *block, SIZE_T bytes);
/* Zeroed pages straight from the system. */
void *standin_pages_new(SIZE_T bytes);

/* Wide text of Windows as UTF-8, with a zero at its end; FALSE if it does not fit into `size`. */
BOOL standin_narrow(LPCWSTR from, char *to, size_t size);
/* The reverse; returns how many characters there are without the zero, written or not. */
size_t standin_widen(const char *from, WCHAR *to, size_t size);

/* Ends the process: a test asked for something impossible. */
void standin_die(const char *what) __attribute__((noreturn));

/* Happens-before edges, for ThreadSanitizer. */
void standin_order_acquire(void *address);
void standin_order_release(void *address);

void standin_futex_wait(int *word, int expected, const struct timespec *timeout);
void standin_futex_wake(int *word);

static inline void standin_barrier(void)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

ULONGLONG standin_nanoseconds(void);

/* Kernel objects */

enum object_type { OBJECT_THREAD = 1, OBJECT_EVENT, OBJECT_FILE };

struct object {
    enum object_type type;
    int references; /* handles, waits under way, and the running thread itself */
};

/* Bits of a thread's `suspension`; below them is the suspend count. */
#define SUSPEND_PARKED 0x10000000 /* it stands in park() and can't leave while the count is not 0 */
#define SUSPEND_KILLED 0x20000000 /* TerminateThread was called */
#define SUSPEND_ENDED 0x40000000  /* it runs no more code of the program */
#define SUSPEND_COUNT 0x0fffffff

struct thread {
    struct object object;
    int suspension;            /* SUSPEND_... and the suspend count; a futex */
    DWORD id;                  /* the kernel's thread id */
    DWORD code;                /* exit code, once ended */
    DWORD kill_code;           /* the same for a thread that was killed */
    struct standin_teb *teb;   /* for TlsFree, which clears the index in all threads */
    struct thread *next, **at; /* list of threads that have not ended */
    BOOL ours;                 /* made by CreateThread: can be killed */
    LPTHREAD_START_ROUTINE start;
    LPVOID parameter;
    ucontext_t *context;    /* where the signal found it, while parked; NULL: at a call's end */
    struct object *waiting; /* referenced by a wait under way */
    sigjmp_buf end;         /* where a killed thread jumps to */
};

/* The calling thread's own. */
struct standin_local {
    struct thread *self;
    volatile int depth;   /* stand-in calls under way: signals wait */
    volatile int pending; /* a signal waited */
    volatile int hooked;  /* inside the call hook */
    /* single steps */
    volatile int stepping;
    unsigned long steps, step_limit;
    BOOL (*step_counts)(const void *instruction);
    const void *step_last; /* the instruction executed last; NULL: none, or a stand-in's call */
    void (*step_hook)(void *);
    void *step_argument;
    /* standin_faults */
    sigjmp_buf *fault_return;
    void *fault_address;
};
extern __thread struct standin_local standin_local __attribute__((tls_model("initial-exec")));

/* The calling thread's record; standin_enter was called. */
struct thread *standin_self(void);
extern struct thread *standin_threads; /* that have not ended; under the objects' lock */
/* Waits while the thread is suspended; does not return once it is killed. `context`: struct
   thread's. */
void standin_park(struct thread *self, ucontext_t *context);
void standin_suspend_begin(void);

extern int standin_object_lock;
HANDLE standin_handle_new(struct object *object);
BOOL standin_close_handle(HANDLE handle);
/* The object behind a handle, referenced; NULL with the last error if there is none of this type
   (0: any). */
struct object *standin_object_of(HANDLE handle, int type);
void standin_object_done(struct object *object);
void standin_unreference(struct object *object); /* the lock is held */
void standin_file_end(struct object *object);    /* called when the last reference is gone */

/* The parts of standin_get_usage. */
void standin_memory_usage(struct standin_usage *usage);
void standin_object_usage(struct standin_usage *usage);
void standin_thread_usage(struct standin_usage *usage);
void standin_tls_usage(struct standin_usage *usage);

/* Signals and single steps */

void standin_add_handler(int number, void (*handler)(int, siginfo_t *, void *), int flags);
enum { NOT_STEPPING, STEPPING_SETUP, STEPPING };
void standin_set_trap_flag(int on);
