/*
 * standin_thread.c - threads: their end, suspension and death, and their TLS.
 */
#include "standin_private.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

__thread struct standin_local standin_local __attribute__((tls_model("initial-exec")));
__thread struct standin_teb standin_teb __attribute__((tls_model("initial-exec"), aligned(16)));

static struct thread *threads; /* that have not ended; under the objects' lock */
static SIZE_T thread_count;
static standin_dllmain the_dllmain;
#define INSTANCE ((HINSTANCE)GetModuleHandleA(NULL))
static pthread_key_t end_key;
static int stop_signal;

#define TEB_SELF 0x30
#define TEB_THREAD_ID 0x48
#define TEB_LAST_ERROR 0x68
#define TEB_TLS 0x1480

static standin_word64 *teb_word(struct standin_teb *teb, unsigned offset)
{
    return (standin_word64 *)(void *)(teb->bytes + offset);
}

DWORD GetLastError(void)
{
    return __readgsdword(TEB_LAST_ERROR);
}

void SetLastError(DWORD error)
{
    *(volatile standin_word32 *)(void *)(standin_teb.bytes + TEB_LAST_ERROR) = error;
}

/* Under the gate's rules the thread can't be suspended here: either it is counted before, and parks,
   or SuspendThread finds it ended. */
static void park(struct thread *self, ucontext_t *context);

static void thread_ended(struct thread *self, DWORD code)
{
    int gate;

    /* Counted out first: whoever sees it ended sees that too. */
    standin_lock(&standin_object_lock);
    if (self->at) { /* else it was suspended below, and killed then */
        *self->at = self->next;
        if (self->next) {
            self->next->at = self->at;
        }
        self->at = NULL;
        thread_count--;
    }
    if (self->waiting) {
        standin_unreference(self->waiting);
        self->waiting = NULL;
    }
    standin_unlock(&standin_object_lock);
    self->code = code;
    gate = __atomic_load_n(&self->gate, __ATOMIC_ACQUIRE);
    for (;;) {
        if (!(gate & GATE_KILLED) && (gate & GATE_COUNT)) {
            park(self, NULL);
            gate = __atomic_load_n(&self->gate, __ATOMIC_ACQUIRE);
            continue;
        }
        standin_order_release(&self->gate);
        if (__atomic_compare_exchange_n(&self->gate, &gate, GATE_ENDED, 0, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE)) {
            break;
        }
    }
    standin_futex_wake(&self->gate);
    standin_local.self = NULL;
    standin_object_done(&self->object);
}

static void park(struct thread *self, ucontext_t *context)
{
    int gate = __atomic_load_n(&self->gate, __ATOMIC_ACQUIRE);

    for (;;) {
        if (gate & GATE_KILLED) {
            standin_local.depth = 1; /* no more signals on the way out */
            siglongjmp(self->end, 1);
        }
        if ((gate & GATE_COUNT) == 0) {
            if (!(gate & GATE_PARKED)) {
                return;
            }
            if (__atomic_compare_exchange_n(&self->gate, &gate, 0, 0, __ATOMIC_ACQ_REL,
                                            __ATOMIC_ACQUIRE)) {
                standin_order_acquire(&self->gate);
                return;
            }
            continue;
        }
        if (!(gate & GATE_PARKED)) {
            self->context = context;
            standin_order_release(&self->gate);
            if (__atomic_compare_exchange_n(&self->gate, &gate, gate | GATE_PARKED, 0,
                                            __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
                gate |= GATE_PARKED;
                standin_futex_wake(&self->gate);
            }
            continue;
        }
        standin_futex_wait(&self->gate, gate, NULL);
        gate = __atomic_load_n(&self->gate, __ATOMIC_ACQUIRE);
    }
}

static void on_stop(int number, siginfo_t *info, void *context)
{
    int saved = errno;

    (void)number;
    (void)info;
    if (standin_local.depth > 0) {
        standin_local.pending = 1;
    } else if (standin_local.self) {
        park(standin_local.self, context);
    }
    errno = saved;
}

void standin_enter(void)
{
    standin_local.depth++;
    standin_barrier();
}

void standin_leave(void)
{
    standin_barrier();
    if (standin_local.depth == 1) {
        while (standin_local.pending) {
            standin_local.pending = 0;
            if (standin_local.self) {
                /* Parked with the depth still at 1, so that a second signal does not nest. */
                park(standin_local.self, NULL);
            }
        }
    }
    standin_local.depth--;
    standin_barrier();
    if (standin_local.depth == 0 && standin_local.pending) {
        standin_enter();
        standin_leave();
    }
    if (__builtin_expect(standin_local.stepping == STEPPING && standin_local.depth == 0, 0)) {
        standin_set_trap_flag(1); /* on_trap cleared it inside the call */
    }
}

/* The depth is 1 or more: callers have entered. */
struct thread *standin_self(void)
{
    struct thread *self = standin_local.self;

    if (self) {
        return self;
    }
    self = standin_arena_new(sizeof *self);
    if (!self) {
        standin_die("no memory for a thread's record");
    }
    self->object.type = OBJECT_THREAD;
    self->object.references = 1;
    self->id = (DWORD)syscall(SYS_gettid);
    self->teb = &standin_teb;
    *teb_word(&standin_teb, TEB_SELF) = (ULONG_PTR)&standin_teb;
    *teb_word(&standin_teb, TEB_THREAD_ID) = self->id;
    standin_lock(&standin_object_lock);
    self->next = threads;
    self->at = &threads;
    if (threads) {
        threads->at = &self->next;
    }
    threads = self;
    thread_count++;
    standin_local.self = self;
    standin_unlock(&standin_object_lock);
    pthread_setspecific(end_key, self);
    return self;
}

/* End of a thread that the stand-in did not make. */
static void foreign_thread_ends(void *record)
{
    standin_dllmain dllmain = __atomic_load_n(&the_dllmain, __ATOMIC_ACQUIRE);

    if (dllmain) {
        dllmain(INSTANCE, DLL_THREAD_DETACH, NULL);
    }
    standin_enter();
    thread_ended(record, 0);
    standin_leave();
}

__attribute__((constructor)) static void begin(void)
{
    stop_signal = SIGRTMIN + 6;
    standin_add_handler(stop_signal, on_stop, SA_RESTART);
    pthread_key_create(&end_key, foreign_thread_ends);
    standin_enter();
    standin_self();
    standin_leave();
}

void standin_set_dllmain(standin_dllmain dllmain)
{
    __atomic_store_n(&the_dllmain, dllmain, __ATOMIC_RELEASE);
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
    id = standin_self()->id;
    standin_leave();
    return id;
}

void Sleep(DWORD milliseconds)
{
    ULONGLONG deadline;

    if (milliseconds == 0) {
        SwitchToThread();
        return;
    }
    deadline = standin_nanoseconds() + (ULONGLONG)milliseconds * 1000000U;
    for (;;) {
        ULONGLONG now = standin_nanoseconds();
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

/* The calls */

static struct thread *thread_of(HANDLE handle)
{
    return (struct thread *)(void *)standin_object_of(handle, OBJECT_THREAD);
}

static void *thread_main(void *record)
{
    struct thread *self = record;
    standin_dllmain dllmain = __atomic_load_n(&the_dllmain, __ATOMIC_ACQUIRE);
    volatile DWORD code = 0;

    standin_local.depth = 1;
    self->teb = &standin_teb;
    *teb_word(&standin_teb, TEB_SELF) = (ULONG_PTR)&standin_teb;
    *teb_word(&standin_teb, TEB_THREAD_ID) = (DWORD)syscall(SYS_gettid);
    standin_local.self = self;
    /* From here others may send signals. */
    __atomic_store_n(&self->id, __readgsdword(TEB_THREAD_ID), __ATOMIC_RELEASE);
    standin_lock(&standin_object_lock);
    self->next = threads;
    self->at = &threads;
    if (threads) {
        threads->at = &self->next;
    }
    threads = self;
    thread_count++;
    standin_unlock(&standin_object_lock);

    switch (sigsetjmp(self->end, 1)) {
    case 0:
        standin_local.pending =
            1; /* it may have been suspended or killed before it had a place to go */
        standin_leave();
        if (dllmain) {
            dllmain(INSTANCE, DLL_THREAD_ATTACH, NULL);
        }
        code = self->start(self->parameter);
        if (dllmain) {
            dllmain(INSTANCE, DLL_THREAD_DETACH, NULL);
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
            dllmain(INSTANCE, DLL_THREAD_DETACH, NULL);
        }
        standin_enter();
        break;
    }
    standin_local.stepping = NOT_STEPPING;
    standin_local.hooked = 0;
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
        handle = standin_handle_new(&made->object);
        pthread_attr_init(&attributes);
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        pthread_attr_setstacksize(&attributes, stack > 1048576 ? stack : 1048576);
        if (handle && pthread_create(&thread, &attributes, thread_main, made) != 0) {
            standin_close_handle(handle);
            handle = NULL;
        }
        pthread_attr_destroy(&attributes);
        if (!handle) {
            standin_object_done(&made->object);
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
    self = standin_self();
    if (!self->ours) {
        standin_die("ExitThread on a thread that CreateThread did not make");
    }
    self->code = code;
    standin_local.depth = 1;
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
            standin_die("TerminateThread of a thread that CreateThread did not make");
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
        } else if (thread == standin_local.self) {
            standin_object_done(&thread->object);
            thread = NULL;
            standin_local.depth = 1;
            standin_local.pending = 1; /* ends in standin_leave */
        } else {
            standin_futex_wake(&thread->gate);
            send_stop(thread);
        }
        if (thread) {
            standin_object_done(&thread->object);
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
            standin_order_acquire(&thread->gate);
            *code = thread->code;
        }
        standin_object_done(&thread->object);
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
                if (thread == standin_local.self) {
                    standin_local.pending = 1;
                } else if (!(gate & GATE_PARKED) && before == 0) {
                    send_stop(thread);
                }
                break;
            }
        }
        if (before == (DWORD)-1) {
            if (gate & GATE_ENDED) {
                standin_order_acquire(&thread->gate);
            }
            SetLastError(ERROR_ACCESS_DENIED);
        }
        standin_object_done(&thread->object);
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
        standin_order_release(&thread->gate);
        do {
            before = (DWORD)(gate & GATE_COUNT);
        } while (before && !__atomic_compare_exchange_n(&thread->gate, &gate, gate - 1, 0,
                                                        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
        if (before == 1) {
            standin_futex_wake(&thread->gate);
        }
        standin_object_done(&thread->object);
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
            standin_order_acquire(&thread->gate);
            return TRUE;
        }
        standin_futex_wait(&thread->gate, gate, NULL);
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
        if (thread != standin_local.self && wait_until_parked(thread)) {
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
        standin_object_done(&thread->object);
    }
    standin_end_call(STANDIN_GetThreadContext);
    return done;
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
        standin_lock(&standin_object_lock);
        for (i = tls_expansion ? TLS_MINIMUM_AVAILABLE : 0; i < TLS_INDEXES; i++) {
            if (!tls_used[i]) {
                tls_used[i] = 1;
                tls_count++;
                index = i;
                break;
            }
        }
        standin_unlock(&standin_object_lock);
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
        standin_lock(&standin_object_lock);
        if (index < TLS_INDEXES && tls_used[index]) {
            struct thread *thread;
            for (thread = threads; thread; thread = thread->next) {
                *tls_slot(thread->teb, index) = NULL;
            }
            tls_used[index] = 0;
            tls_count--;
            done = TRUE;
        }
        standin_unlock(&standin_object_lock);
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
        standin_self();
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

void standin_thread_usage(struct standin_usage *usage)
{
    standin_lock(&standin_object_lock);
    usage->tls_indexes = tls_count;
    usage->threads = thread_count;
    standin_unlock(&standin_object_lock);
}
