/*
 * standin_thread.c - threads: how they start and end, and how each is found.
 */
#include "standin_private.h"

#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

__thread struct standin_local standin_local __attribute__((tls_model("local-exec")));
__thread struct standin_teb standin_teb __attribute__((tls_model("local-exec"), aligned(16)));

struct thread *standin_threads;
static SIZE_T thread_count;
static standin_dllmain the_dllmain;
#define INSTANCE ((HINSTANCE)GetModuleHandleA(NULL))
static pthread_key_t end_key;

#define TEB_SELF 0x30
#define TEB_THREAD_ID 0x48
#define TEB_LAST_ERROR 0x68

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

/* The thread can't be suspended here: either it is counted before, and parks,
   or SuspendThread finds it ended. */
static void thread_ended(struct thread *self, DWORD code)
{
    int suspension;

    /* Counted out first: whoever sees the thread ended sees that too. */
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
    suspension = __atomic_load_n(&self->suspension, __ATOMIC_ACQUIRE);
    for (;;) {
        if (!(suspension & SUSPEND_KILLED) && (suspension & SUSPEND_COUNT)) {
            standin_park(self, NULL);
            suspension = __atomic_load_n(&self->suspension, __ATOMIC_ACQUIRE);
            continue;
        }
        standin_order_release(&self->suspension);
        if (__atomic_compare_exchange_n(&self->suspension, &suspension, SUSPEND_ENDED, 0,
                                        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            break;
        }
    }
    standin_futex_wake(&self->suspension);
    standin_local.self = NULL;
    standin_object_done(&self->object);
}

static void list(struct thread *self)
{
    standin_lock(&standin_object_lock);
    self->next = standin_threads;
    self->at = &standin_threads;
    if (standin_threads) {
        standin_threads->at = &self->next;
    }
    standin_threads = self;
    thread_count++;
    standin_unlock(&standin_object_lock);
}

/* The depth is 1 or more: callers have entered. */
struct thread *standin_self(void)
{
    struct thread *self = standin_local.self;

    if (self) {
        return self;
    }
    self = standin_pool_new(sizeof *self);
    if (!self) {
        standin_die("no memory for a thread's record");
    }
    self->object.type = OBJECT_THREAD;
    self->object.references = 1;
    self->id = (DWORD)syscall(SYS_gettid);
    self->teb = &standin_teb;
    *teb_word(&standin_teb, TEB_SELF) = (ULONG_PTR)&standin_teb;
    *teb_word(&standin_teb, TEB_THREAD_ID) = self->id;
    list(self);
    standin_local.self = self;
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
    standin_suspend_begin();
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

    SetLastError(ERROR_INVALID_FUNCTION); /* as Windows may */
    if (milliseconds == 0) {
        SwitchToThread();
        return;
    }
    standin_count_call(STANDIN_THREADS);
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
    standin_count_call(STANDIN_THREADS);
    if (standin_under_tsan()) {
        usleep(0); /* one of those during which it delivers signals */
    }
    return sched_yield() == 0;
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
    list(self);

    switch (sigsetjmp(self->end, 1)) {
    case 0:
        standin_local.pending =
            1; /* it may have been suspended or killed before it had a place to jump to */
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
        made = standin_pool_new(sizeof *made);
    }
    if (made) {
        made->object.type = OBJECT_THREAD;
        made->object.references = 1;
        made->ours = TRUE;
        made->start = start;
        made->parameter = parameter;
        made->suspension = (flags & CREATE_SUSPENDED) ? 1 : 0;
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

BOOL GetExitCodeThread(HANDLE handle, DWORD *code)
{
    struct thread *thread;

    standin_enter();
    thread = (struct thread *)(void *)standin_object_of(handle, OBJECT_THREAD);
    if (thread) {
        *code = STILL_ACTIVE;
        if (__atomic_load_n(&thread->suspension, __ATOMIC_ACQUIRE) & SUSPEND_ENDED) {
            standin_order_acquire(&thread->suspension);
            *code = thread->code;
        }
        standin_object_done(&thread->object);
    }
    standin_leave();
    return thread != NULL;
}

void standin_thread_usage(struct standin_usage *usage)
{
    standin_lock(&standin_object_lock);
    usage->threads = thread_count;
    standin_unlock(&standin_object_lock);
}
