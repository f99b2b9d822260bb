/*
 * standin_object.c - handles, waits, events.
 */
#include "standin_private.h"

#include <time.h>

struct event {
    struct object object;
    int signalled; /* a futex */
    BOOL manual;
};

#define HANDLES 65536

int standin_object_lock;
static struct object *handle_table[HANDLES];
static unsigned handle_free[HANDLES]; /* indexes that were closed */
static unsigned handle_freed, handle_fresh;
static SIZE_T handle_count;

/* The object's lock is held. */
void standin_unreference(struct object *object)
{
    if (--object->references > 0) {
        return;
    }
    switch (object->type) {
    case OBJECT_THREAD:
        standin_pool_free(object, sizeof(struct thread));
        break;
    case OBJECT_EVENT:
        standin_pool_free(object, sizeof(struct event));
        break;
    case OBJECT_FILE:
        standin_file_end(object);
        break;
    }
}

/* Handles */

HANDLE standin_handle_new(struct object *object)
{
    unsigned index;

    standin_lock(&standin_object_lock);
    if (handle_freed) {
        index = handle_free[--handle_freed];
    } else if (handle_fresh < HANDLES) {
        index = handle_fresh++;
    } else {
        standin_unlock(&standin_object_lock);
        SetLastError(ERROR_NO_SYSTEM_RESOURCES);
        return NULL;
    }
    handle_table[index] = object;
    object->references++;
    handle_count++;
    standin_unlock(&standin_object_lock);
    return (HANDLE)(((ULONG_PTR)index + 1) * 4);
}

/* The object behind a handle, referenced; NULL with the last error if there is none of this type
   (0: any). */
struct object *standin_object_of(HANDLE handle, int type)
{
    ULONG_PTR value = (ULONG_PTR)handle;
    ULONG_PTR index = value / 4 - 1;
    struct object *object = NULL;

    if (handle == GetCurrentThread()) {
        object = &standin_self()->object;
    }
    standin_lock(&standin_object_lock);
    if (!object && value >= 4 && value % 4 == 0 && index < HANDLES) {
        object = handle_table[index];
    }
    if (object && type && object->type != (enum object_type)type) {
        object = NULL;
    }
    if (object) {
        object->references++;
    }
    standin_unlock(&standin_object_lock);
    if (!object) {
        SetLastError(ERROR_INVALID_HANDLE);
    }
    return object;
}

void standin_object_done(struct object *object)
{
    standin_lock(&standin_object_lock);
    standin_unreference(object);
    standin_unlock(&standin_object_lock);
}

BOOL standin_close_handle(HANDLE handle)
{
    ULONG_PTR value = (ULONG_PTR)handle;
    ULONG_PTR index = value / 4 - 1;
    BOOL found = FALSE;

    standin_lock(&standin_object_lock);
    if (value >= 4 && value % 4 == 0 && index < HANDLES && handle_table[index]) {
        standin_unreference(handle_table[index]);
        handle_table[index] = NULL;
        handle_free[handle_freed++] = (unsigned)index;
        handle_count--;
        found = TRUE;
    }
    standin_unlock(&standin_object_lock);
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
        done = standin_close_handle(handle);
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
        struct object *object = standin_object_of(handle, 0);
        if (object) {
            HANDLE made = standin_handle_new(object);
            if (made) {
                *result = made;
                done = TRUE;
            }
            standin_object_done(object);
            if (options & DUPLICATE_CLOSE_SOURCE) {
                standin_close_handle(handle);
            }
        }
    }
    standin_end_call(STANDIN_DuplicateHandle);
    return done;
}

/* Waiting */

/* Yields until *word is no longer `expected`, or for a while. Never inside a call: the thread can
   be suspended and killed meanwhile. ThreadSanitizer delivers signals during the sleep calls that
   it knows, and not during a bare futex call. */
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
    standin_futex_wait(word, expected, &span);
}

static ULONGLONG deadline_of(DWORD milliseconds)
{
    return milliseconds == INFINITE ? ~0ULL
                                    : standin_nanoseconds() + (ULONGLONG)milliseconds * 1000000U;
}

static int *word_of(struct object *object)
{
    return object->type == OBJECT_THREAD ? &((struct thread *)(void *)object)->suspension
                                         : &((struct event *)(void *)object)->signalled;
}

/* Takes the object if it is signalled; else *seen is the value of its word. */
static BOOL try_wait(struct object *object, int *seen)
{
    int *word = word_of(object);

    *seen = __atomic_load_n(word, __ATOMIC_ACQUIRE);
    if (object->type == OBJECT_THREAD) {
        if (!(*seen & SUSPEND_ENDED)) {
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
    standin_order_acquire(word);
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
    object = standin_object_of(handle, 0);
    if (object && object->type == OBJECT_FILE) {
        standin_object_done(object);
        result = WAIT_OBJECT_0;
    } else if (object) {
        result = try_wait(object, &seen) ? WAIT_OBJECT_0 : WAIT_TIMEOUT;
        if (result == WAIT_TIMEOUT && milliseconds) {
            self = standin_self();
            deadline = deadline_of(milliseconds);
            self->waiting = object;
            do {
                ULONGLONG now = standin_nanoseconds();
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
        standin_object_done(object);
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
        if (standin_nanoseconds() >= deadline) {
            return WAIT_TIMEOUT;
        }
        doze(NULL, 0, 100000);
    }
}

/* Events */

HANDLE CreateEventA(LPSECURITY_ATTRIBUTES security, BOOL manual, BOOL state, LPCSTR name)
{
    HANDLE handle = NULL;

    (void)security;
    (void)name;
    if (standin_begin_call(STANDIN_CreateEventA)) {
        struct event *event = standin_pool_new(sizeof *event);
        if (event) {
            event->object.type = OBJECT_EVENT;
            event->object.references = 1;
            event->manual = manual;
            event->signalled = state != 0;
            handle = standin_handle_new(&event->object);
            standin_object_done(&event->object);
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
    event = (struct event *)(void *)standin_object_of(handle, OBJECT_EVENT);
    if (event) {
        standin_order_release(&event->signalled);
        __atomic_store_n(&event->signalled, state, __ATOMIC_RELEASE);
        if (state) {
            standin_futex_wake(&event->signalled);
        }
        standin_object_done(&event->object);
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

void standin_object_usage(struct standin_usage *usage)
{
    standin_lock(&standin_object_lock);
    usage->handles = handle_count;
    standin_unlock(&standin_object_lock);
}
