/*
 * standin.c - what the stand-in's parts share: its lock, the failures that tests ask for, counters.
 *
 * The stand-in is built without ThreadSanitizer, so that its own locks don't hide races of the code
 * under test. What Windows orders (the start and end of a thread, its suspension, events) is told
 * to ThreadSanitizer by annotations.
 */
#include "standin_private.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ThreadSanitizer's annotations, where it is linked. */
extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

void standin_order_acquire(void *address)
{
    if (__tsan_acquire) {
        __tsan_acquire(address);
    }
}

void standin_order_release(void *address)
{
    if (__tsan_release) {
        __tsan_release(address);
    }
}

BOOL standin_under_tsan(void)
{
    return __tsan_acquire != NULL;
}

BOOL standin_is_slow(void)
{
#ifdef __SANITIZE_ADDRESS__
    return 1;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    return 1;
#endif
#endif
    return standin_under_tsan();
}

void standin_die(const char *what)
{
    fprintf(stderr, "stand-in: %s\n", what);
    abort();
}

/* Futexes and the lock over them */

void standin_futex_wait(int *word, int expected, const struct timespec *timeout)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, timeout, NULL, 0);
}

void standin_futex_wake(int *word)
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
        standin_futex_wait(lock, 2, NULL);
    }
}

void standin_unlock(int *lock)
{
    if (__atomic_exchange_n(lock, 0, __ATOMIC_RELEASE) == 2) {
        syscall(SYS_futex, lock, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

/* Injected failures */

struct call {
    const char *name;
    enum standin_kind kind;
    BOOL by_name_only; /* only tests call it */
    unsigned long count;
};

static struct call calls[STANDIN_CALL_COUNT] = {
#define STANDIN_CALL(id, name, kind, by_name_only) {name, STANDIN_##kind, by_name_only, 0},
    STANDIN_CALLS
#undef STANDIN_CALL
};

static struct {
    const char *name; /* NULL: all but those that fail by name only */
    long left;        /* calls until the failing one, including it; 0 or less: reached */
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
    standin_die("no call of this name");
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

static unsigned long calls_that_cannot_fail[STANDIN_KINDS];

void standin_count_call(enum standin_kind kind)
{
    __atomic_fetch_add(&calls_that_cannot_fail[kind], 1, __ATOMIC_RELAXED);
}

unsigned long standin_system_calls(enum standin_kind kind)
{
    unsigned long sum = __atomic_load_n(&calls_that_cannot_fail[kind], __ATOMIC_RELAXED);
    unsigned i;

    for (i = 0; i < STANDIN_CALL_COUNT; i++) {
        if (calls[i].kind == kind) {
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

    if (hook && !standin_local.hooked && standin_local.depth == 0 && !calls[which].by_name_only) {
        standin_local.hooked = 1;
        hook(calls[which].name, after);
        standin_local.hooked = 0;
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

/* Counters */

void standin_get_usage(struct standin_usage *usage)
{
    standin_enter();
    standin_memory_usage(usage);
    standin_object_usage(usage);
    standin_thread_usage(usage);
    standin_tls_usage(usage);
    standin_leave();
}
