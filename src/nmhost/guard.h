/*
 * guard.h - ends a thread that crashes, instead of the process.
 *
 * An unhandled-exception filter, not a vectored handler: an exception reaches it only when the
 * expert's own __try blocks, and those inside Windows (IsBadReadPtr's for one), have let it pass,
 * just as it would reach a __try around the call of Run. It needs no __try itself, so that GCC can
 * compile it, and is the same on x86 and x64. It can't help where the process ends without asking:
 * a damaged stack, a fail-fast error, a debugger attached.
 */
#pragma once

#include <windows.h>

typedef struct GUARD {
    DWORD exception; /* the code that ended the thread; 0: none */
    const void *address;
} GUARD;

/* Once, before the first thread is guarded. */
BOOL guard_install(void);

/* From here the calling thread is guarded: a crash is written to *guard, then the thread ends with
   the exception's code. NULL ends the guarding. */
void guard_thread(GUARD *guard);

/* An exception's name. */
const char *guard_exception_name(DWORD exception);
