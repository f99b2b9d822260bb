/*
 * standin.c - errors, threads, TLS, handles, files and the rest; memory is in standin_memory.c.
 *
 * Built without ThreadSanitizer, so that its own locks don't hide races of the code under test; what
 * Windows promises to order (the start and end of a thread, its suspension, events) is told to it by
 * hand.
 */
#include "standin_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

/* ThreadSanitizer's annotations, where it is linked. */
extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

static void order_acquire(void *address)
{
    if (__tsan_acquire) {
        __tsan_acquire(address);
    }
}

static void order_release(void *address)
{
    if (__tsan_release) {
        __tsan_release(address);
    }
}

BOOL standin_under_tsan(void)
{
    return __tsan_acquire != NULL;
}

static void die(const char *what)
{
    fprintf(stderr, "stand-in: %s\n", what);
    abort();
}

/* Futexes and the lock over them */

static void futex_wait(int *word, int expected, const struct timespec *timeout)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, timeout, NULL, 0);
}

static void futex_wake(int *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void standin_lock(int *lock)
{
    int seen = 0;
    if (__atomic_compare_exchange_n(lock, &seen, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        return;
    }
    while (__atomic_exchange_n(lock, 2, __ATOMIC_ACQUIRE) != 0) {
        futex_wait(lock, 2, NULL);
    }
}

void standin_unlock(int *lock)
{
    if (__atomic_exchange_n(lock, 0, __ATOMIC_RELEASE) == 2) {
        syscall(SYS_futex, lock, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

/* Kernel objects */

enum object_type { OBJECT_THREAD = 1, OBJECT_EVENT, OBJECT_FILE };

struct object {
    enum object_type type;
    int references; /* handles, waits under way, and the running thread itself */
};

/* Bits of a thread's gate; below them is the suspend count. */
#define GATE_PARKED 0x10000000 /* it stands in park() and can't leave while the count is not 0 */
#define GATE_KILLED 0x20000000 /* TerminateThread was called */
#define GATE_ENDED 0x40000000  /* it runs no more code of the program */
#define GATE_COUNT 0x0fffffff

struct thread {
    struct object object;
    int gate;                  /* GATE_... and the suspend count; a futex */
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
    sigjmp_buf end;         /* where a killed thread goes */
};

struct event {
    struct object object;
    int signalled; /* a futex */
    BOOL manual;
};

struct file {
    struct object object;
    int descriptor;
};

#define HANDLES 65536

static int object_lock;
static struct object *handle_table[HANDLES];
static unsigned handle_free[HANDLES]; /* indexes that were closed */
static unsigned handle_freed, handle_fresh;
static SIZE_T handle_count;
static struct thread *threads;
static SIZE_T thread_count;

/* Calls and threads */

struct local {
    struct thread *self;
    volatile int depth;   /* stand-in calls under way: signals wait */
    volatile int pending; /* a signal waited */
    volatile int hooked;  /* inside the call hook */
    /* single steps */
    volatile int stepping;
    unsigned long steps, step_limit;
    void (*step_hook)(void *);
    void *step_argument;
    /* standin_faults */
    sigjmp_buf *fault_return;
    void *fault_address;
};
static __thread struct local local __attribute__((tls_model("initial-exec")));

__thread struct standin_teb standin_teb __attribute__((tls_model("initial-exec"), aligned(16)));

static standin_dllmain the_dllmain;
static pthread_key_t end_key;
static int stop_signal;

static standin_word64 *teb_word(struct standin_teb *teb, unsigned offset)
{
    return (standin_word64 *)(void *)(teb->bytes + offset);
}

#define TEB_SELF 0x30
#define TEB_THREAD_ID 0x48
#define TEB_LAST_ERROR 0x68
#define TEB_TLS 0x1480

DWORD GetLastError(void)
{
    return __readgsdword(TEB_LAST_ERROR);
}

void SetLastError(DWORD error)
{
    *(volatile standin_word32 *)(void *)(standin_teb.bytes + TEB_LAST_ERROR) = error;
}

/* The object's lock is held. */
static void unreference(struct object *object)
{
    if (--object->references > 0) {
        return;
    }
    switch (object->type) {
    case OBJECT_THREAD:
        standin_arena_free(object, sizeof(struct thread));
        break;
    case OBJECT_EVENT:
        standin_arena_free(object, sizeof(struct event));
        break;
    case OBJECT_FILE:
        close(((struct file *)(void *)object)->descriptor);
        standin_arena_free(object, sizeof(struct file));
        break;
    }
}

/* Under the gate's rules the thread can't be suspended here: either it is counted before, and parks,
   or SuspendThread finds it ended. */
static void park(struct thread *self, ucontext_t *context);

static void thread_ended(struct thread *self, DWORD code)
{
    int gate = __atomic_load_n(&self->gate, __ATOMIC_ACQUIRE);

    self->code = code;
    for (;;) {
        if (!(gate & GATE_KILLED) && (gate & GATE_COUNT)) {
            park(self, NULL);
            gate = __atomic_load_n(&self->gate, __ATOMIC_ACQUIRE);
            continue;
        }
        order_release(&self->gate);
        if (__atomic_compare_exchange_n(&self->gate, &gate, GATE_ENDED, 0, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE)) {
            break;
        }
    }
    standin_lock(&object_lock);
    *self->at = self->next;
    if (self->next) {
        self->next->at = self->at;
    }
    thread_count--;
    if (self->waiting) {
        unreference(self->waiting);
        self->waiting = NULL;
    }
    futex_wake(&self->gate);
    local.self = NULL;
    unreference(&self->object);
    standin_unlock(&object_lock);
}

static void park(struct thread *self, ucontext_t *context)
{
    int gate = __atomic_load_n(&self->gate, __ATOMIC_ACQUIRE);

    for (;;) {
        if (gate & GATE_KILLED) {
            local.depth = 1; /* no more signals on the way out */
            siglongjmp(self->end, 1);
        }
        if ((gate & GATE_COUNT) == 0) {
            if (!(gate & GATE_PARKED)) {
                return;
            }
            if (__atomic_compare_exchange_n(&self->gate, &gate, 0, 0, __ATOMIC_ACQ_REL,
                                            __ATOMIC_ACQUIRE)) {
                order_acquire(&self->gate);
                return;
            }
            continue;
        }
        if (!(gate & GATE_PARKED)) {
            self->context = context;
            order_release(&self->gate);
            if (__atomic_compare_exchange_n(&self->gate, &gate, gate | GATE_PARKED, 0,
                                            __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
                gate |= GATE_PARKED;
                futex_wake(&self->gate);
            }
            continue;
        }
        futex_wait(&self->gate, gate, NULL);
        gate = __atomic_load_n(&self->gate, __ATOMIC_ACQUIRE);
    }
}

static void on_stop(int number, siginfo_t *info, void *context)
{
    int saved = errno;

    (void)number;
    (void)info;
    if (local.depth > 0) {
        local.pending = 1;
    } else if (local.self) {
        park(local.self, context);
    }
    errno = saved;
}

/* Single steps: the trap flag raises SIGTRAP after each instruction. */

#define TRAP_FLAG 0x100

enum { NOT_STEPPING, STEPPING_SETUP, STEPPING };

/* Sets or clears the trap flag of the calling code. */
static void set_trap_flag(int on)
{
    if (on) {
        __asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\t"
                         "lea 128(%%rsp), %%rsp" ::
                             : "memory", "cc");
    } else {
        __asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq\n\t"
                         "lea 128(%%rsp), %%rsp" ::
                             : "memory", "cc");
    }
}

static void barrier(void)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

void standin_enter(void)
{
    local.depth++;
    barrier();
}

void standin_leave(void)
{
    barrier();
    if (local.depth == 1) {
        while (local.pending) {
            local.pending = 0;
            if (local.self) {
                /* Parked with the depth still at 1, so that a second signal does not nest. */
                park(local.self, NULL);
            }
        }
    }
    local.depth--;
    barrier();
    if (local.depth == 0 && local.pending) {
        standin_enter();
        standin_leave();
    }
    if (__builtin_expect(local.stepping == STEPPING && local.depth == 0, 0)) {
        set_trap_flag(1); /* on_trap cleared it inside the call */
    }
}

/* The depth is 1 or more: callers have entered. */
static struct thread *self_thread(void)
{
    struct thread *self = local.self;

    if (self) {
        return self;
    }
    self = standin_arena_new(sizeof *self);
    if (!self) {
        die("no memory for a thread's record");
    }
    self->object.type = OBJECT_THREAD;
    self->object.references = 1;
    self->id = (DWORD)syscall(SYS_gettid);
    self->teb = &standin_teb;
    *teb_word(&standin_teb, TEB_SELF) = (ULONG_PTR)&standin_teb;
    *teb_word(&standin_teb, TEB_THREAD_ID) = self->id;
    standin_lock(&object_lock);
    self->next = threads;
    self->at = &threads;
    if (threads) {
        threads->at = &self->next;
    }
    threads = self;
    thread_count++;
    local.self = self;
    standin_unlock(&object_lock);
    pthread_setspecific(end_key, self);
    return self;
}

/* End of a thread that the stand-in did not make. */
static void foreign_thread_ends(void *record)
{
    standin_dllmain dllmain = __atomic_load_n(&the_dllmain, __ATOMIC_ACQUIRE);

    if (dllmain) {
        dllmain((HINSTANCE)(void *)&the_dllmain, DLL_THREAD_DETACH, NULL);
    }
    standin_enter();
    thread_ended(record, 0);
    standin_leave();
}

static void on_trap(int number, siginfo_t *info, void *context);
static void on_fault(int number, siginfo_t *info, void *context);

static void add_handler(int number, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | flags;
    if (!(flags & SA_NODEFER)) {
        sigfillset(&action.sa_mask);
        sigdelset(&action.sa_mask, SIGSEGV);
        sigdelset(&action.sa_mask, SIGBUS);
    }
    if (sigaction(number, &action, NULL) != 0) {
        die("sigaction failed");
    }
}

__attribute__((constructor)) static void begin(void)
{
    stop_signal = SIGRTMIN + 6;
    add_handler(stop_signal, on_stop, SA_RESTART);
    pthread_key_create(&end_key, foreign_thread_ends);
    standin_enter();
    self_thread();
    standin_leave();
}

void standin_set_dllmain(standin_dllmain dllmain)
{
    __atomic_store_n(&the_dllmain, dllmain, __ATOMIC_RELEASE);
}

/* Injected failures */

struct call {
    const char *name;
    BOOL by_name_only; /* tests call it, the library does not */
    unsigned long count;
};

static struct call calls[STANDIN_CALL_COUNT] = {
#define STANDIN_CALL(id, name, by_name_only) {name, by_name_only, 0},
    STANDIN_CALLS
#undef STANDIN_CALL
};

static struct {
    const char *name; /* NULL: all that are not by name only */
    long left;        /* calls until the failing one, that one included; 0 or less: reached */
    BOOL forever;
    int armed;
    unsigned long failed;
} failure;

static standin_call_hook the_hook;

/* "VirtualAlloc" selects VirtualAlloc.reserve too. */
static BOOL selects(const char *name, const struct call *call)
{
    size_t length;

    if (!name) {
        return !call->by_name_only;
    }
    length = strlen(name);
    return strncmp(call->name, name, length) == 0 &&
           (call->name[length] == 0 || call->name[length] == '.');
}

static void check_name(const char *name)
{
    unsigned i;

    for (i = 0; i < STANDIN_CALL_COUNT; i++) {
        if (selects(name, &calls[i])) {
            return;
        }
    }
    die("no call of this name");
}

void standin_fail_at(const char *name, unsigned long n, BOOL forever)
{
    check_name(name);
    standin_fail_never();
    failure.name = name;
    failure.left = (long)n;
    failure.forever = forever;
    failure.failed = 0;
    __atomic_store_n(&failure.armed, n > 0, __ATOMIC_RELEASE);
}

void standin_fail_never(void)
{
    __atomic_store_n(&failure.armed, 0, __ATOMIC_RELEASE);
}

unsigned long standin_failed(void)
{
    return __atomic_load_n(&failure.failed, __ATOMIC_RELAXED);
}

unsigned long standin_calls(const char *name)
{
    unsigned long sum = 0;
    unsigned i;

    check_name(name);
    for (i = 0; i < STANDIN_CALL_COUNT; i++) {
        if (selects(name, &calls[i])) {
            sum += __atomic_load_n(&calls[i].count, __ATOMIC_RELAXED);
        }
    }
    return sum;
}

void standin_on_call(standin_call_hook hook)
{
    __atomic_store_n(&the_hook, hook, __ATOMIC_RELEASE);
}

static void call_hook(enum standin_call which, BOOL after)
{
    standin_call_hook hook = __atomic_load_n(&the_hook, __ATOMIC_ACQUIRE);

    if (hook && !local.hooked && local.depth == 0 && !calls[which].by_name_only) {
        local.hooked = 1;
        hook(calls[which].name, after);
        local.hooked = 0;
    }
}

BOOL standin_begin_call(enum standin_call which)
{
    if (__builtin_expect(the_hook != NULL, 0)) {
        call_hook(which, FALSE);
    }
    standin_enter();
    __atomic_fetch_add(&calls[which].count, 1, __ATOMIC_RELAXED);
    if (__builtin_expect(__atomic_load_n(&failure.armed, __ATOMIC_ACQUIRE), 0) &&
        selects(failure.name, &calls[which])) {
        long left = __atomic_sub_fetch(&failure.left, 1, __ATOMIC_RELAXED);
        if (left == 0 || (left < 0 && failure.forever)) {
            __atomic_fetch_add(&failure.failed, 1, __ATOMIC_RELAXED);
            return FALSE;
        }
    }
    return TRUE;
}

void standin_end_call(enum standin_call which)
{
    standin_leave();
    if (__builtin_expect(the_hook != NULL, 0)) {
        call_hook(which, TRUE);
    }
}

/* Handles */

static HANDLE handle_new(struct object *object)
{
    unsigned index;

    standin_lock(&object_lock);
    if (handle_freed) {
        index = handle_free[--handle_freed];
    } else if (handle_fresh < HANDLES) {
        index = handle_fresh++;
    } else {
        standin_unlock(&object_lock);
        SetLastError(ERROR_NO_SYSTEM_RESOURCES);
        return NULL;
    }
    handle_table[index] = object;
    object->references++;
    handle_count++;
    standin_unlock(&object_lock);
    return (HANDLE)(((ULONG_PTR)index + 1) * 4);
}

/* The object behind a handle, referenced; NULL with the last error if there is none of this type
   (0: any). */
static struct object *object_of(HANDLE handle, int type)
{
    ULONG_PTR value = (ULONG_PTR)handle;
    ULONG_PTR index = value / 4 - 1;
    struct object *object = NULL;

    if (handle == GetCurrentThread()) {
        object = &self_thread()->object;
    }
    standin_lock(&object_lock);
    if (!object && value >= 4 && value % 4 == 0 && index < HANDLES) {
        object = handle_table[index];
    }
    if (object && type && object->type != (enum object_type)type) {
        object = NULL;
    }
    if (object) {
        object->references++;
    }
    standin_unlock(&object_lock);
    if (!object) {
        SetLastError(ERROR_INVALID_HANDLE);
    }
    return object;
}

static void object_done(struct object *object)
{
    standin_lock(&object_lock);
    unreference(object);
    standin_unlock(&object_lock);
}

static struct thread *thread_of(HANDLE handle)
{
    return (struct thread *)(void *)object_of(handle, OBJECT_THREAD);
}

static BOOL close_handle(HANDLE handle)
{
    ULONG_PTR value = (ULONG_PTR)handle;
    ULONG_PTR index = value / 4 - 1;
    BOOL found = FALSE;

    standin_lock(&object_lock);
    if (value >= 4 && value % 4 == 0 && index < HANDLES && handle_table[index]) {
        unreference(handle_table[index]);
        handle_table[index] = NULL;
        handle_free[handle_freed++] = (unsigned)index;
        handle_count--;
        found = TRUE;
    }
    standin_unlock(&object_lock);
    if (!found) {
        SetLastError(ERROR_INVALID_HANDLE);
    }
    return found;
}

BOOL CloseHandle(HANDLE handle)
{
    BOOL done = FALSE;

    if (handle == GetCurrentThread() || handle == GetCurrentProcess()) {
        return TRUE;
    }
    if (!standin_begin_call(STANDIN_CloseHandle)) {
        SetLastError(ERROR_INVALID_HANDLE);
    } else {
        done = close_handle(handle);
    }
    standin_end_call(STANDIN_CloseHandle);
    return done;
}

BOOL DuplicateHandle(HANDLE from_process, HANDLE handle, HANDLE to_process, HANDLE *result,
                     DWORD access, BOOL inherit, DWORD options)
{
    BOOL done = FALSE;

    (void)access;
    (void)inherit;
    if (!standin_begin_call(STANDIN_DuplicateHandle)) {
        SetLastError(ERROR_NO_SYSTEM_RESOURCES);
    } else if (from_process != GetCurrentProcess() || to_process != GetCurrentProcess()) {
        SetLastError(ERROR_INVALID_HANDLE);
    } else {
        struct object *object = object_of(handle, 0);
        if (object) {
            HANDLE made = handle_new(object);
            if (made) {
                *result = made;
                done = TRUE;
            }
            object_done(object);
            if (options & DUPLICATE_CLOSE_SOURCE) {
                close_handle(handle);
            }
        }
    }
    standin_end_call(STANDIN_DuplicateHandle);
    return done;
}

HANDLE GetCurrentProcess(void)
{
    return (HANDLE)(LONG_PTR)-1;
}

DWORD GetCurrentProcessId(void)
{
    return (DWORD)getpid();
}

HANDLE GetCurrentThread(void)
{
    return (HANDLE)(LONG_PTR)-2;
}

DWORD GetCurrentThreadId(void)
{
    DWORD id;

    standin_enter();
    id = self_thread()->id;
    standin_leave();
    return id;
}

/* Waiting */

static ULONGLONG nanoseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (ULONGLONG)now.tv_sec * 1000000000U + (ULONGLONG)now.tv_nsec;
}

/* Gives the processor away until *word is no longer `expected`, or for a while. Never inside a call: the
   thread can be suspended and killed meanwhile. ThreadSanitizer delivers signals during the sleep
   calls that it knows, and not during a bare futex call. */
static void doze(int *word, int expected, ULONGLONG at_most)
{
    struct timespec span;

    if (!word || standin_under_tsan()) {
        if (at_most > 200000) {
            at_most = 200000;
        }
        span.tv_sec = 0;
        span.tv_nsec = (long)at_most;
        nanosleep(&span, NULL);
        return;
    }
    span.tv_sec = (time_t)(at_most / 1000000000U);
    span.tv_nsec = (long)(at_most % 1000000000U);
    futex_wait(word, expected, &span);
}

static ULONGLONG deadline_of(DWORD milliseconds)
{
    return milliseconds == INFINITE ? ~0ULL : nanoseconds() + (ULONGLONG)milliseconds * 1000000U;
}

static int *word_of(struct object *object)
{
    return object->type == OBJECT_THREAD ? &((struct thread *)(void *)object)->gate
                                         : &((struct event *)(void *)object)->signalled;
}

/* Takes the object if it is signalled; else *seen is what its word held. */
static BOOL try_wait(struct object *object, int *seen)
{
    int *word = word_of(object);

    *seen = __atomic_load_n(word, __ATOMIC_ACQUIRE);
    if (object->type == OBJECT_THREAD) {
        if (!(*seen & GATE_ENDED)) {
            return FALSE;
        }
    } else if (((struct event *)(void *)object)->manual) {
        if (!*seen) {
            return FALSE;
        }
    } else {
        int set = 1;
        if (!__atomic_compare_exchange_n(word, &set, 0, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            *seen = 0;
            return FALSE;
        }
    }
    order_acquire(word);
    return TRUE;
}

DWORD WaitForSingleObject(HANDLE handle, DWORD milliseconds)
{
    DWORD result = WAIT_FAILED;
    ULONGLONG deadline;
    struct object *object;
    struct thread *self;
    int seen;

    if (!standin_begin_call(STANDIN_WaitForSingleObject)) {
        SetLastError(ERROR_INVALID_HANDLE);
        standin_end_call(STANDIN_WaitForSingleObject);
        return WAIT_FAILED;
    }
    object = object_of(handle, 0);
    if (object && object->type == OBJECT_FILE) {
        object_done(object);
        result = WAIT_OBJECT_0;
    } else if (object) {
        result = try_wait(object, &seen) ? WAIT_OBJECT_0 : WAIT_TIMEOUT;
        if (result == WAIT_TIMEOUT && milliseconds) {
            self = self_thread();
            deadline = deadline_of(milliseconds);
            self->waiting = object;
            do {
                ULONGLONG now = nanoseconds();
                if (now >= deadline) {
                    break;
                }
                standin_leave();
                doze(word_of(object), seen, deadline - now);
                standin_enter();
                result = try_wait(object, &seen) ? WAIT_OBJECT_0 : WAIT_TIMEOUT;
            } while (result == WAIT_TIMEOUT);
            self->waiting = NULL;
        }
        object_done(object);
    }
    standin_end_call(STANDIN_WaitForSingleObject);
    return result;
}

DWORD WaitForMultipleObjects(DWORD count, const HANDLE *handles, BOOL all, DWORD milliseconds)
{
    ULONGLONG deadline = deadline_of(milliseconds);
    BOOL taken[MAXIMUM_WAIT_OBJECTS] = {FALSE};
    DWORD left = count;
    DWORD i;

    if (count == 0 || count > MAXIMUM_WAIT_OBJECTS) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return WAIT_FAILED;
    }
    /* Unlike Windows, a wait for all takes each event as it comes. */
    for (;;) {
        for (i = 0; i < count; i++) {
            DWORD one = taken[i] ? WAIT_TIMEOUT : WaitForSingleObject(handles[i], 0);
            if (one == WAIT_FAILED) {
                return WAIT_FAILED;
            }
            if (one == WAIT_OBJECT_0) {
                taken[i] = TRUE;
                if (!all || --left == 0) {
                    return all ? WAIT_OBJECT_0 : WAIT_OBJECT_0 + i;
                }
            }
        }
        if (nanoseconds() >= deadline) {
            return WAIT_TIMEOUT;
        }
        doze(NULL, 0, 100000);
    }
}

void Sleep(DWORD milliseconds)
{
    ULONGLONG deadline;

    if (milliseconds == 0) {
        SwitchToThread();
        return;
    }
    deadline = deadline_of(milliseconds);
    for (;;) {
        ULONGLONG now = nanoseconds();
        struct timespec span;
        if (now >= deadline) {
            return;
        }
        span.tv_sec = (time_t)((deadline - now) / 1000000000U);
        span.tv_nsec = (long)((deadline - now) % 1000000000U);
        nanosleep(&span, NULL);
    }
}

BOOL SwitchToThread(void)
{
    if (standin_under_tsan()) {
        usleep(0); /* one of those during which it delivers signals */
    }
    return sched_yield() == 0;
}

/* Threads */

static void *thread_main(void *record)
{
    struct thread *self = record;
    standin_dllmain dllmain = __atomic_load_n(&the_dllmain, __ATOMIC_ACQUIRE);
    volatile DWORD code = 0;

    local.depth = 1;
    self->teb = &standin_teb;
    *teb_word(&standin_teb, TEB_SELF) = (ULONG_PTR)&standin_teb;
    *teb_word(&standin_teb, TEB_THREAD_ID) = (DWORD)syscall(SYS_gettid);
    local.self = self;
    /* From here others may send signals. */
    __atomic_store_n(&self->id, __readgsdword(TEB_THREAD_ID), __ATOMIC_RELEASE);
    standin_lock(&object_lock);
    self->next = threads;
    self->at = &threads;
    if (threads) {
        threads->at = &self->next;
    }
    threads = self;
    thread_count++;
    standin_unlock(&object_lock);

    switch (sigsetjmp(self->end, 1)) {
    case 0:
        local.pending = 1; /* it may have been suspended or killed before it had a place to go */
        standin_leave();
        if (dllmain) {
            dllmain((HINSTANCE)(void *)&the_dllmain, DLL_THREAD_ATTACH, NULL);
        }
        code = self->start(self->parameter);
        if (dllmain) {
            dllmain((HINSTANCE)(void *)&the_dllmain, DLL_THREAD_DETACH, NULL);
        }
        standin_enter();
        break;
    case 1: /* killed */
        code = self->kill_code;
        break;
    default: /* ExitThread */
        code = self->code;
        standin_leave();
        dllmain = __atomic_load_n(&the_dllmain, __ATOMIC_ACQUIRE);
        if (dllmain) {
            dllmain((HINSTANCE)(void *)&the_dllmain, DLL_THREAD_DETACH, NULL);
        }
        standin_enter();
        break;
    }
    local.stepping = NOT_STEPPING;
    local.hooked = 0;
    thread_ended(self, code);
    return NULL;
}

HANDLE CreateThread(LPSECURITY_ATTRIBUTES security, SIZE_T stack, LPTHREAD_START_ROUTINE start,
                    LPVOID parameter, DWORD flags, DWORD *id)
{
    HANDLE handle = NULL;
    struct thread *made = NULL;
    pthread_attr_t attributes;
    pthread_t thread;

    (void)security;
    if (standin_begin_call(STANDIN_CreateThread)) {
        made = standin_arena_new(sizeof *made);
    }
    if (made) {
        made->object.type = OBJECT_THREAD;
        made->object.references = 1;
        made->ours = TRUE;
        made->start = start;
        made->parameter = parameter;
        made->gate = (flags & CREATE_SUSPENDED) ? 1 : 0;
        made->code = STILL_ACTIVE;
        handle = handle_new(&made->object);
        pthread_attr_init(&attributes);
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        pthread_attr_setstacksize(&attributes, stack > 1048576 ? stack : 1048576);
        if (handle && pthread_create(&thread, &attributes, thread_main, made) != 0) {
            close_handle(handle);
            handle = NULL;
        }
        pthread_attr_destroy(&attributes);
        if (!handle) {
            object_done(&made->object);
        } else if (id) {
            /* The new thread holds a reference until it has ended, our handle another. */
            while ((*id = __atomic_load_n(&made->id, __ATOMIC_ACQUIRE)) == 0) {
                sched_yield();
            }
        }
    }
    if (!handle) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    }
    standin_end_call(STANDIN_CreateThread);
    return handle;
}

void ExitThread(DWORD code)
{
    struct thread *self;

    standin_enter();
    self = self_thread();
    if (!self->ours) {
        die("ExitThread on a thread that CreateThread did not make");
    }
    self->code = code;
    local.depth = 1;
    siglongjmp(self->end, 2);
}

static void send_stop(struct thread *thread)
{
    syscall(SYS_tgkill, getpid(), (pid_t)thread->id, stop_signal);
}

/* TerminateThread and SuspendThread may find a thread that has not yet said its id. */
static void wait_for_id(struct thread *thread)
{
    while (__atomic_load_n(&thread->id, __ATOMIC_ACQUIRE) == 0) {
        sched_yield();
    }
}

BOOL TerminateThread(HANDLE handle, DWORD code)
{
    struct thread *thread = NULL;
    BOOL done = FALSE;

    if (!standin_begin_call(STANDIN_TerminateThread)) {
        SetLastError(ERROR_ACCESS_DENIED);
    } else {
        thread = thread_of(handle);
    }
    if (thread) {
        int gate = __atomic_load_n(&thread->gate, __ATOMIC_ACQUIRE);
        wait_for_id(thread);
        if (!thread->ours) {
            die("TerminateThread of a thread that CreateThread did not make");
        }
        while (!(gate & (GATE_ENDED | GATE_KILLED))) {
            thread->kill_code = code;
            if (__atomic_compare_exchange_n(&thread->gate, &gate, gate | GATE_KILLED, 0,
                                            __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
                done = TRUE;
                break;
            }
        }
        if (!done) {
            SetLastError(ERROR_ACCESS_DENIED);
        } else if (thread == local.self) {
            object_done(&thread->object);
            thread = NULL;
            local.depth = 1;
            local.pending = 1; /* ends in standin_leave */
        } else {
            futex_wake(&thread->gate);
            send_stop(thread);
        }
        if (thread) {
            object_done(&thread->object);
        }
    }
    standin_end_call(STANDIN_TerminateThread);
    return done;
}

BOOL GetExitCodeThread(HANDLE handle, DWORD *code)
{
    struct thread *thread;

    standin_enter();
    thread = thread_of(handle);
    if (thread) {
        *code = STILL_ACTIVE;
        if (__atomic_load_n(&thread->gate, __ATOMIC_ACQUIRE) & GATE_ENDED) {
            order_acquire(&thread->gate);
            *code = thread->code;
        }
        object_done(&thread->object);
    }
    standin_leave();
    return thread != NULL;
}

DWORD SuspendThread(HANDLE handle)
{
    DWORD before = (DWORD)-1;
    struct thread *thread = NULL;

    if (!standin_begin_call(STANDIN_SuspendThread)) {
        SetLastError(ERROR_ACCESS_DENIED);
    } else {
        thread = thread_of(handle);
    }
    if (thread) {
        int gate;
        wait_for_id(thread);
        gate = __atomic_load_n(&thread->gate, __ATOMIC_ACQUIRE);
        while (!(gate & (GATE_ENDED | GATE_KILLED)) && (gate & GATE_COUNT) < 127) {
            if (__atomic_compare_exchange_n(&thread->gate, &gate, gate + 1, 0, __ATOMIC_ACQ_REL,
                                            __ATOMIC_ACQUIRE)) {
                before = (DWORD)(gate & GATE_COUNT);
                if (thread == local.self) {
                    local.pending = 1;
                } else if (!(gate & GATE_PARKED) && before == 0) {
                    send_stop(thread);
                }
                break;
            }
        }
        if (before == (DWORD)-1) {
            SetLastError(ERROR_ACCESS_DENIED);
        }
        object_done(&thread->object);
    }
    standin_end_call(STANDIN_SuspendThread);
    return before;
}

DWORD ResumeThread(HANDLE handle)
{
    DWORD before = (DWORD)-1;
    struct thread *thread = NULL;

    if (!standin_begin_call(STANDIN_ResumeThread)) {
        SetLastError(ERROR_ACCESS_DENIED);
    } else {
        thread = thread_of(handle);
    }
    if (thread) {
        int gate = __atomic_load_n(&thread->gate, __ATOMIC_ACQUIRE);
        order_release(&thread->gate);
        do {
            before = (DWORD)(gate & GATE_COUNT);
        } while (before && !__atomic_compare_exchange_n(&thread->gate, &gate, gate - 1, 0,
                                                        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
        if (before == 1) {
            futex_wake(&thread->gate);
        }
        object_done(&thread->object);
    }
    standin_end_call(STANDIN_ResumeThread);
    return before;
}

/* Its signal may come late: waits until it is parked. */
static BOOL wait_until_parked(struct thread *thread)
{
    for (;;) {
        int gate = __atomic_load_n(&thread->gate, __ATOMIC_ACQUIRE);
        if ((gate & (GATE_ENDED | GATE_KILLED)) || !(gate & GATE_COUNT)) {
            return FALSE;
        }
        if (gate & GATE_PARKED) {
            order_acquire(&thread->gate);
            return TRUE;
        }
        futex_wait(&thread->gate, gate, NULL);
    }
}

static void copy_context(CONTEXT *to, const ucontext_t *from)
{
    const greg_t *g = from->uc_mcontext.gregs;

    to->Rip = (DWORD64)g[REG_RIP];
    to->Rsp = (DWORD64)g[REG_RSP];
    to->EFlags = (DWORD)g[REG_EFL];
    to->Rbp = (DWORD64)g[REG_RBP];
    if (!(to->ContextFlags & CONTEXT_INTEGER & ~CONTEXT_AMD64)) {
        return;
    }
    to->Rax = (DWORD64)g[REG_RAX];
    to->Rbx = (DWORD64)g[REG_RBX];
    to->Rcx = (DWORD64)g[REG_RCX];
    to->Rdx = (DWORD64)g[REG_RDX];
    to->Rsi = (DWORD64)g[REG_RSI];
    to->Rdi = (DWORD64)g[REG_RDI];
    to->R8 = (DWORD64)g[REG_R8];
    to->R9 = (DWORD64)g[REG_R9];
    to->R10 = (DWORD64)g[REG_R10];
    to->R11 = (DWORD64)g[REG_R11];
    to->R12 = (DWORD64)g[REG_R12];
    to->R13 = (DWORD64)g[REG_R13];
    to->R14 = (DWORD64)g[REG_R14];
    to->R15 = (DWORD64)g[REG_R15];
}

BOOL GetThreadContext(HANDLE handle, CONTEXT *context)
{
    struct thread *thread = NULL;
    BOOL done = FALSE;

    if (!standin_begin_call(STANDIN_GetThreadContext)) {
        SetLastError(ERROR_ACCESS_DENIED);
    } else {
        thread = thread_of(handle);
    }
    if (thread) {
        if (thread != local.self && wait_until_parked(thread)) {
            if (thread->context) {
                copy_context(context, thread->context);
            } else {
                /* at the end of a stand-in call: in the system, as it were */
                context->Rip = (DWORD64)(ULONG_PTR)&standin_leave;
                context->Rsp = 0;
                context->EFlags = 0;
            }
            done = TRUE;
        } else {
            SetLastError(ERROR_ACCESS_DENIED);
        }
        object_done(&thread->object);
    }
    standin_end_call(STANDIN_GetThreadContext);
    return done;
}

/* Events */

HANDLE CreateEventA(LPSECURITY_ATTRIBUTES security, BOOL manual, BOOL state, LPCSTR name)
{
    HANDLE handle = NULL;

    (void)security;
    (void)name;
    if (standin_begin_call(STANDIN_CreateEventA)) {
        struct event *event = standin_arena_new(sizeof *event);
        if (event) {
            event->object.type = OBJECT_EVENT;
            event->object.references = 1;
            event->manual = manual;
            event->signalled = state != 0;
            handle = handle_new(&event->object);
            object_done(&event->object);
        }
    }
    if (!handle) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    }
    standin_end_call(STANDIN_CreateEventA);
    return handle;
}

static BOOL set_event(HANDLE handle, int state)
{
    struct event *event;

    standin_enter();
    event = (struct event *)(void *)object_of(handle, OBJECT_EVENT);
    if (event) {
        order_release(&event->signalled);
        __atomic_store_n(&event->signalled, state, __ATOMIC_RELEASE);
        if (state) {
            futex_wake(&event->signalled);
        }
        object_done(&event->object);
    }
    standin_leave();
    return event != NULL;
}

BOOL SetEvent(HANDLE event)
{
    return set_event(event, 1);
}

BOOL ResetEvent(HANDLE event)
{
    return set_event(event, 0);
}

/* TLS */

#define TLS_INDEXES (TLS_MINIMUM_AVAILABLE + 1024)

static BYTE tls_used[TLS_INDEXES];
static SIZE_T tls_count;
static BOOL tls_expansion;

static void **tls_slot(struct standin_teb *teb, DWORD index)
{
    if (index < TLS_MINIMUM_AVAILABLE) {
        return (void **)(void *)(teb->bytes + TEB_TLS) + index;
    }
    return &teb->expansion[index - TLS_MINIMUM_AVAILABLE];
}

DWORD TlsAlloc(void)
{
    DWORD index = TLS_OUT_OF_INDEXES;

    if (standin_begin_call(STANDIN_TlsAlloc)) {
        DWORD i;
        standin_lock(&object_lock);
        for (i = tls_expansion ? TLS_MINIMUM_AVAILABLE : 0; i < TLS_INDEXES; i++) {
            if (!tls_used[i]) {
                tls_used[i] = 1;
                tls_count++;
                index = i;
                break;
            }
        }
        standin_unlock(&object_lock);
    }
    if (index == TLS_OUT_OF_INDEXES) {
        SetLastError(ERROR_NO_SYSTEM_RESOURCES);
    }
    standin_end_call(STANDIN_TlsAlloc);
    return index;
}

BOOL TlsFree(DWORD index)
{
    BOOL done = FALSE;

    if (standin_begin_call(STANDIN_TlsFree)) {
        standin_lock(&object_lock);
        if (index < TLS_INDEXES && tls_used[index]) {
            struct thread *thread;
            for (thread = threads; thread; thread = thread->next) {
                *tls_slot(thread->teb, index) = NULL;
            }
            tls_used[index] = 0;
            tls_count--;
            done = TRUE;
        }
        standin_unlock(&object_lock);
    }
    if (!done) {
        SetLastError(ERROR_INVALID_PARAMETER);
    }
    standin_end_call(STANDIN_TlsFree);
    return done;
}

LPVOID TlsGetValue(DWORD index)
{
    if (index >= TLS_INDEXES) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    SetLastError(NO_ERROR);
    return *tls_slot(&standin_teb, index);
}

BOOL TlsSetValue(DWORD index, LPVOID value)
{
    BOOL done = FALSE;

    if (standin_begin_call(STANDIN_TlsSetValue) && index < TLS_INDEXES) {
        self_thread();
        *tls_slot(&standin_teb, index) = value;
        done = TRUE;
    } else {
        SetLastError(ERROR_INVALID_PARAMETER);
    }
    standin_end_call(STANDIN_TlsSetValue);
    return done;
}

void standin_use_tls_expansion(BOOL on)
{
    tls_expansion = on;
}

/* Time, environment, debugger */

DWORD GetTickCount(void)
{
    return (DWORD)(nanoseconds() / 1000000U);
}

BOOL QueryPerformanceCounter(LARGE_INTEGER *count)
{
    count->QuadPart = (LONGLONG)nanoseconds();
    return TRUE;
}

BOOL QueryPerformanceFrequency(LARGE_INTEGER *frequency)
{
    frequency->QuadPart = 1000000000;
    return TRUE;
}

DWORD GetEnvironmentVariableA(LPCSTR name, LPSTR buffer, DWORD size)
{
    DWORD result = 0;

    if (!standin_begin_call(STANDIN_GetEnvironmentVariableA)) {
        SetLastError(ERROR_ENVVAR_NOT_FOUND);
    } else {
        const char *value = getenv(name);
        if (!value) {
            SetLastError(ERROR_ENVVAR_NOT_FOUND);
        } else {
            size_t length = strlen(value);
            if (length < size) {
                memcpy(buffer, value, length + 1);
                result = (DWORD)length;
            } else {
                result = (DWORD)length + 1; /* what it would take */
            }
        }
    }
    standin_end_call(STANDIN_GetEnvironmentVariableA);
    return result;
}

BOOL SetEnvironmentVariableA(LPCSTR name, LPCSTR value)
{
    int failed;

    standin_enter();
    failed = value ? setenv(name, value, 1) : unsetenv(name);
    standin_leave();
    return failed == 0;
}

static int debug_lock;
static char debug_text[65536];
static size_t debug_length;

void OutputDebugStringA(LPCSTR text)
{
    size_t length = strlen(text);

    standin_enter();
    if (getenv("STANDIN_DEBUG")) {
        (void)!write(2, text, length);
    }
    standin_lock(&debug_lock);
    if (length > sizeof debug_text - 1 - debug_length) {
        length = sizeof debug_text - 1 - debug_length;
    }
    memcpy(debug_text + debug_length, text, length);
    debug_length += length;
    debug_text[debug_length] = 0;
    standin_unlock(&debug_lock);
    standin_leave();
}

const char *standin_debug_text(void)
{
    return debug_text;
}

void standin_clear_debug_text(void)
{
    standin_enter();
    standin_lock(&debug_lock);
    debug_length = 0;
    debug_text[0] = 0;
    standin_unlock(&debug_lock);
    standin_leave();
}

void ExitProcess(UINT code)
{
    fflush(NULL);
    _exit((int)code);
}

/* Files */

static HANDLE create_file(LPCSTR name, DWORD access, DWORD disposition)
{
    int flags = O_CLOEXEC;
    BOOL reads = (access & (GENERIC_READ | FILE_READ_DATA)) != 0;
    BOOL writes = (access & (GENERIC_WRITE | FILE_WRITE_DATA | FILE_APPEND_DATA)) != 0;
    struct file *file;
    HANDLE handle;
    int descriptor;

    flags |= reads && writes ? O_RDWR : writes ? O_WRONLY : O_RDONLY;
    if ((access & FILE_APPEND_DATA) && !(access & (GENERIC_WRITE | FILE_WRITE_DATA))) {
        flags |= O_APPEND;
    }
    switch (disposition) {
    case CREATE_NEW:
        flags |= O_CREAT | O_EXCL;
        break;
    case CREATE_ALWAYS:
        flags |= O_CREAT | O_TRUNC;
        break;
    case OPEN_EXISTING:
        break;
    case OPEN_ALWAYS:
        flags |= O_CREAT;
        break;
    case TRUNCATE_EXISTING:
        flags |= O_TRUNC;
        break;
    default:
        SetLastError(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    descriptor = open(name, flags, 0666);
    if (descriptor < 0) {
        SetLastError(errno == ENOENT   ? ERROR_FILE_NOT_FOUND
                     : errno == EEXIST ? ERROR_FILE_EXISTS
                                       : ERROR_ACCESS_DENIED);
        return INVALID_HANDLE_VALUE;
    }
    file = standin_arena_new(sizeof *file);
    if (!file) {
        die("no memory for a file");
    }
    file->object.type = OBJECT_FILE;
    file->object.references = 1;
    file->descriptor = descriptor;
    handle = handle_new(&file->object);
    object_done(&file->object);
    return handle ? handle : INVALID_HANDLE_VALUE;
}

HANDLE CreateFileA(LPCSTR name, DWORD access, DWORD share, LPSECURITY_ATTRIBUTES security,
                   DWORD disposition, DWORD flags, HANDLE model)
{
    HANDLE handle = INVALID_HANDLE_VALUE;

    (void)share;
    (void)security;
    (void)flags;
    (void)model;
    if (!standin_begin_call(STANDIN_CreateFileA)) {
        SetLastError(ERROR_ACCESS_DENIED);
    } else {
        handle = create_file(name, access, disposition);
    }
    standin_end_call(STANDIN_CreateFileA);
    return handle;
}

static struct file *file_of(HANDLE handle)
{
    return (struct file *)(void *)object_of(handle, OBJECT_FILE);
}

BOOL WriteFile(HANDLE handle, LPCVOID data, DWORD size, DWORD *written, LPOVERLAPPED overlapped)
{
    BOOL done = FALSE;
    struct file *file = NULL;

    (void)overlapped;
    if (written) {
        *written = 0;
    }
    if (!standin_begin_call(STANDIN_WriteFile)) {
        SetLastError(ERROR_ACCESS_DENIED);
    } else {
        file = file_of(handle);
    }
    if (file) {
        ssize_t put = write(file->descriptor, data, size);
        if (put >= 0) {
            if (written) {
                *written = (DWORD)put;
            }
            done = TRUE;
        } else {
            SetLastError(ERROR_ACCESS_DENIED);
        }
        object_done(&file->object);
    }
    standin_end_call(STANDIN_WriteFile);
    return done;
}

BOOL ReadFile(HANDLE handle, LPVOID data, DWORD size, DWORD *got, LPOVERLAPPED overlapped)
{
    BOOL done = FALSE;
    struct file *file = NULL;

    (void)overlapped;
    if (got) {
        *got = 0;
    }
    if (!standin_begin_call(STANDIN_ReadFile)) {
        SetLastError(ERROR_ACCESS_DENIED);
    } else {
        file = file_of(handle);
    }
    if (file) {
        ssize_t taken = read(file->descriptor, data, size);
        if (taken >= 0) {
            if (got) {
                *got = (DWORD)taken;
            }
            done = TRUE;
        } else {
            SetLastError(ERROR_ACCESS_DENIED);
        }
        object_done(&file->object);
    }
    standin_end_call(STANDIN_ReadFile);
    return done;
}

DWORD SetFilePointer(HANDLE handle, LONG distance, LONG *high, DWORD method)
{
    DWORD result = INVALID_SET_FILE_POINTER;
    struct file *file = NULL;

    if (!standin_begin_call(STANDIN_SetFilePointer)) {
        SetLastError(ERROR_INVALID_PARAMETER);
    } else {
        file = file_of(handle);
    }
    if (file) {
        LONGLONG to = high ? (LONGLONG)(((ULONGLONG)(DWORD)*high << 32) | (DWORD)distance)
                           : (LONGLONG)distance;
        off_t at = lseek(file->descriptor, to,
                         method == FILE_BEGIN     ? SEEK_SET
                         : method == FILE_CURRENT ? SEEK_CUR
                                                  : SEEK_END);
        if (at >= 0) {
            result = (DWORD)(ULONGLONG)at;
            if (high) {
                *high = (LONG)(at >> 32);
            }
            SetLastError(NO_ERROR);
        } else {
            SetLastError(ERROR_INVALID_PARAMETER);
        }
        object_done(&file->object);
    }
    standin_end_call(STANDIN_SetFilePointer);
    return result;
}

DWORD GetFileSize(HANDLE handle, DWORD *high)
{
    DWORD result = INVALID_FILE_SIZE;
    struct file *file;

    standin_enter();
    file = file_of(handle);
    if (file) {
        off_t here = lseek(file->descriptor, 0, SEEK_CUR);
        off_t size = lseek(file->descriptor, 0, SEEK_END);
        lseek(file->descriptor, here, SEEK_SET);
        if (size >= 0) {
            result = (DWORD)(ULONGLONG)size;
            if (high) {
                *high = (DWORD)((ULONGLONG)size >> 32);
            }
        }
        object_done(&file->object);
    }
    standin_leave();
    return result;
}

BOOL DeleteFileA(LPCSTR name)
{
    if (unlink(name) != 0) {
        SetLastError(ERROR_FILE_NOT_FOUND);
        return FALSE;
    }
    return TRUE;
}

/* Modules */

static struct standin_module_hooks modules;

void standin_set_module_hooks(const struct standin_module_hooks *hooks)
{
    static const struct standin_module_hooks none;

    modules = hooks ? *hooks : none;
}

HMODULE GetModuleHandleA(LPCSTR name)
{
    if (name) {
        SetLastError(ERROR_MOD_NOT_FOUND);
        return NULL;
    }
    return (HMODULE)(void *)&the_dllmain;
}

DWORD GetModuleFileNameA(HMODULE module, LPSTR buffer, DWORD size)
{
    DWORD length = 0;
    BOOL go = standin_begin_call(STANDIN_GetModuleFileNameA);

    standin_leave(); /* hooks are the test's own code */
    if (go && modules.file_name) {
        length = modules.file_name(module, buffer, size);
    } else {
        SetLastError(ERROR_MOD_NOT_FOUND);
    }
    standin_enter();
    standin_end_call(STANDIN_GetModuleFileNameA);
    return length;
}

HMODULE LoadLibraryExA(LPCSTR name, HANDLE file, DWORD flags)
{
    HMODULE module = NULL;
    BOOL go = standin_begin_call(STANDIN_LoadLibraryExA);

    (void)file;
    standin_leave();
    if (go && modules.load) {
        module = modules.load(name, flags);
    } else {
        SetLastError(ERROR_MOD_NOT_FOUND);
    }
    standin_enter();
    standin_end_call(STANDIN_LoadLibraryExA);
    return module;
}

HMODULE LoadLibraryA(LPCSTR name)
{
    return LoadLibraryExA(name, NULL, 0);
}

FARPROC GetProcAddress(HMODULE module, LPCSTR name)
{
    FARPROC found = NULL;
    BOOL go = standin_begin_call(STANDIN_GetProcAddress);

    standin_leave();
    if (go && modules.address) {
        found = modules.address(module, name);
    } else {
        SetLastError(ERROR_PROC_NOT_FOUND);
    }
    standin_enter();
    standin_end_call(STANDIN_GetProcAddress);
    return found;
}

BOOL FreeLibrary(HMODULE module)
{
    if (modules.release) {
        return modules.release(module);
    }
    SetLastError(ERROR_INVALID_HANDLE);
    return FALSE;
}

BOOL DisableThreadLibraryCalls(HMODULE module)
{
    (void)module;
    return TRUE;
}

/* Counters */

void standin_get_usage(struct standin_usage *usage)
{
    standin_enter();
    standin_memory_usage(usage);
    standin_lock(&object_lock);
    usage->handles = handle_count;
    usage->tls_indexes = tls_count;
    usage->threads = thread_count;
    standin_unlock(&object_lock);
    standin_leave();
}

static void on_trap(int number, siginfo_t *info, void *raw)
{
    ucontext_t *context = raw;
    int saved = errno;

    (void)number;
    (void)info;
    if (local.stepping == NOT_STEPPING || (local.stepping == STEPPING && local.depth > 0)) {
        context->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
    } else if (local.stepping == STEPPING) {
        if (local.steps == local.step_limit) {
            local.stepping = NOT_STEPPING;
            context->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
            local.step_hook(local.step_argument);
        } else {
            local.steps++;
        }
    }
    errno = saved;
}

unsigned long standin_step(void (*function)(void *), void *argument, unsigned long n,
                           void (*at)(void *), void *at_argument)
{
    static int installed;

    if (!__atomic_exchange_n(&installed, 1, __ATOMIC_ACQ_REL)) {
        add_handler(SIGTRAP, on_trap, SA_NODEFER);
    }
    local.steps = 0;
    local.step_limit = n;
    local.step_hook = at;
    local.step_argument = at_argument;
    local.stepping = STEPPING_SETUP;
    set_trap_flag(1);
    local.stepping = STEPPING;
    function(argument);
    local.stepping = STEPPING_SETUP;
    set_trap_flag(0);
    local.stepping = NOT_STEPPING;
    return local.steps;
}

/* Faults */

static struct sigaction fault_before[2]; /* SIGSEGV, SIGBUS */

static void on_fault(int number, siginfo_t *info, void *context)
{
    struct sigaction *before = &fault_before[number == SIGBUS];

    if (local.fault_return) {
        sigjmp_buf *to = local.fault_return;
        local.fault_address = info->si_addr;
        local.fault_return = NULL;
        siglongjmp(*to, 1);
    }
    if (before->sa_flags & SA_SIGINFO) {
        before->sa_sigaction(number, info, context);
    } else {
        sigaction(number, before, NULL); /* and the instruction faults again */
    }
}

/* Test frameworks put handlers of their own there for each test. */
static void catch_faults(int number)
{
    struct sigaction now;

    sigaction(number, NULL, &now);
    if (!(now.sa_flags & SA_SIGINFO) || now.sa_sigaction != on_fault) {
        fault_before[number == SIGBUS] = now;
        add_handler(number, on_fault, SA_NODEFER);
    }
}

BOOL standin_faults(void (*function)(void *), void *argument, void **fault)
{
    sigjmp_buf here;

    standin_enter();
    catch_faults(SIGSEGV);
    catch_faults(SIGBUS);
    standin_leave();
    if (sigsetjmp(here, 1) == 0) {
        local.fault_return = &here;
        barrier();
        function(argument);
        barrier();
        local.fault_return = NULL;
        return FALSE;
    }
    if (fault) {
        *fault = local.fault_address;
    }
    return TRUE;
}
