#include "guard.h"

static DWORD guard_slot = TLS_OUT_OF_INDEXES;
static LPTOP_LEVEL_EXCEPTION_FILTER previous_filter;

/* Runs on the thread that crashed, on top of its stack. */
static LONG WINAPI last_resort(EXCEPTION_POINTERS *pointers)
{
    GUARD *guard = TlsGetValue(guard_slot);

    if (guard == NULL) /* not a guarded thread */
        return previous_filter != NULL ? previous_filter(pointers) : EXCEPTION_CONTINUE_SEARCH;
    guard->exception = pointers->ExceptionRecord->ExceptionCode;
    guard->address = pointers->ExceptionRecord->ExceptionAddress;
    /* Too little stack is left then for the DLLs that ExitThread tells under the loader's lock. */
    if (guard->exception == EXCEPTION_STACK_OVERFLOW)
        TerminateThread(GetCurrentThread(), guard->exception);
    ExitThread(guard->exception);
}

BOOL guard_install(void)
{
    guard_slot = TlsAlloc();
    if (guard_slot == TLS_OUT_OF_INDEXES)
        return FALSE;
    previous_filter = SetUnhandledExceptionFilter(last_resort);
    return TRUE;
}

void guard_thread(GUARD *guard)
{
    (void)TlsSetValue(guard_slot, guard);
}

const char *guard_exception_name(DWORD exception)
{
    switch (exception) {
    case EXCEPTION_ACCESS_VIOLATION:
        return "access violation";
    case EXCEPTION_STACK_OVERFLOW:
        return "stack overflow";
    case EXCEPTION_ILLEGAL_INSTRUCTION:
        return "illegal instruction";
    case EXCEPTION_INT_DIVIDE_BY_ZERO:
        return "division by zero";
    case EXCEPTION_BREAKPOINT:
        return "breakpoint";
    case 0xE06D7363:
        return "C++ exception";
    default:
        return "exception";
    }
}
