/*
 * standin_suspend.c - how a thread is suspended, and how it is killed.
 */
#include "standin_private.h"

#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

static int stop_signal;

void standin_park(struct thread *self, ucontext_t *context)
{
    int suspension = __atomic_load_n(&self->suspension, __ATOMIC_ACQUIRE);

    for (;;) {
        if (suspension & SUSPEND_KILLED) {
            standin_local.depth = 1; /* no more signals on the way out */
            siglongjmp(self->end, 1);
        }
        if ((suspension & SUSPEND_COUNT) == 0) {
            if (!(suspension & SUSPEND_PARKED)) {
                return;
            }
            if (__atomic_compare_exchange_n(&self->suspension, &suspension, 0, 0, __ATOMIC_ACQ_REL,
                                            __ATOMIC_ACQUIRE)) {
                standin_order_acquire(&self->suspension);
                return;
            }
            continue;
        }
        if (!(suspension & SUSPEND_PARKED)) {
            self->context = context;
            standin_order_release(&self->suspension);
            if (__atomic_compare_exchange_n(&self->suspension, &suspension,
                                            suspension | SUSPEND_PARKED, 0, __ATOMIC_ACQ_REL,
                                            __ATOMIC_ACQUIRE)) {
                suspension |= SUSPEND_PARKED;
                standin_futex_wake(&self->suspension);
            }
            continue;
        }
        standin_futex_wait(&self->suspension, suspension, NULL);
        suspension = __atomic_load_n(&self->suspension, __ATOMIC_ACQUIRE);
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
        standin_park(standin_local.self, context);
    }
    errno = saved;
}

void standin_suspend_begin(void)
{
    stop_signal = SIGRTMIN + 6;
    standin_add_handler(stop_signal, on_stop, SA_RESTART);
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
                standin_park(standin_local.self, NULL);
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

static void send_stop(struct thread *thread)
{
    syscall(SYS_tgkill, getpid(), (pid_t)thread->id, stop_signal);
}

/* TerminateThread and SuspendThread may find a thread whose id is not known yet. */
static void wait_for_id(struct thread *thread)
{
    while (__atomic_load_n(&thread->id, __ATOMIC_ACQUIRE) == 0) {
        sched_yield();
    }
}

/* Begins a call on a thread: the thread, referenced, or NULL with the last error. */
static struct thread *begin_on_thread(enum standin_call which, HANDLE handle)
{
    if (!standin_begin_call(which)) {
        SetLastError(ERROR_ACCESS_DENIED);
        return NULL;
    }
    return (struct thread *)(void *)standin_object_of(handle, OBJECT_THREAD);
}

BOOL TerminateThread(HANDLE handle, DWORD code)
{
    struct thread *thread = begin_on_thread(STANDIN_TerminateThread, handle);
    BOOL done = FALSE;

    if (thread) {
        int suspension = __atomic_load_n(&thread->suspension, __ATOMIC_ACQUIRE);
        wait_for_id(thread);
        if (!thread->ours) {
            standin_die("TerminateThread of a thread that CreateThread did not make");
        }
        while (!(suspension & (SUSPEND_ENDED | SUSPEND_KILLED))) {
            thread->kill_code = code;
            if (__atomic_compare_exchange_n(&thread->suspension, &suspension,
                                            suspension | SUSPEND_KILLED, 0, __ATOMIC_ACQ_REL,
                                            __ATOMIC_ACQUIRE)) {
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
            standin_futex_wake(&thread->suspension);
            send_stop(thread);
        }
        if (thread) {
            standin_object_done(&thread->object);
        }
    }
    standin_end_call(STANDIN_TerminateThread);
    return done;
}

DWORD SuspendThread(HANDLE handle)
{
    DWORD before = (DWORD)-1;
    struct thread *thread = begin_on_thread(STANDIN_SuspendThread, handle);

    if (thread) {
        int suspension;
        wait_for_id(thread);
        suspension = __atomic_load_n(&thread->suspension, __ATOMIC_ACQUIRE);
        while (!(suspension & (SUSPEND_ENDED | SUSPEND_KILLED)) &&
               (suspension & SUSPEND_COUNT) < 127) {
            if (__atomic_compare_exchange_n(&thread->suspension, &suspension, suspension + 1, 0,
                                            __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
                before = (DWORD)(suspension & SUSPEND_COUNT);
                if (thread == standin_local.self) {
                    standin_local.pending = 1;
                } else if (!(suspension & SUSPEND_PARKED) && before == 0) {
                    send_stop(thread);
                }
                break;
            }
        }
        if (before == (DWORD)-1) {
            if (suspension & SUSPEND_ENDED) {
                standin_order_acquire(&thread->suspension);
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
    struct thread *thread = begin_on_thread(STANDIN_ResumeThread, handle);

    if (thread) {
        int suspension = __atomic_load_n(&thread->suspension, __ATOMIC_ACQUIRE);
        standin_order_release(&thread->suspension);
        do {
            before = (DWORD)(suspension & SUSPEND_COUNT);
        } while (before &&
                 !__atomic_compare_exchange_n(&thread->suspension, &suspension, suspension - 1, 0,
                                              __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
        if (before == 1) {
            standin_futex_wake(&thread->suspension);
        }
        standin_object_done(&thread->object);
    }
    standin_end_call(STANDIN_ResumeThread);
    return before;
}

/* The signal may arrive late: waits until the thread is parked. */
static BOOL wait_until_parked(struct thread *thread)
{
    for (;;) {
        int suspension = __atomic_load_n(&thread->suspension, __ATOMIC_ACQUIRE);
        if ((suspension & (SUSPEND_ENDED | SUSPEND_KILLED)) || !(suspension & SUSPEND_COUNT)) {
            return FALSE;
        }
        if (suspension & SUSPEND_PARKED) {
            standin_order_acquire(&thread->suspension);
            return TRUE;
        }
        standin_futex_wait(&thread->suspension, suspension, NULL);
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
    struct thread *thread = begin_on_thread(STANDIN_GetThreadContext, handle);
    BOOL done = FALSE;

    if (thread) {
        if (thread != standin_local.self && wait_until_parked(thread)) {
            if (thread->context) {
                copy_context(context, thread->context);
            } else {
                /* at the end of a stand-in call: as if in the system */
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
