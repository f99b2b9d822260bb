/*
 * standin_tls.c - the threads' TLS slots.
 */
#include "standin_private.h"

#define TEB_TLS 0x1480
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
            for (thread = standin_threads; thread; thread = thread->next) {
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

void standin_tls_usage(struct standin_usage *usage)
{
    standin_lock(&standin_object_lock);
    usage->tls_indexes = tls_count;
    standin_unlock(&standin_object_lock);
}
