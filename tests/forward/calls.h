/*
 * calls.h - calls that check the calling convention to the byte, and functions that record what
 * they were called with. The assembly (calls_x64.S, calls_x86.S) relies on the layouts here.
 */
#pragma once

#include <windows.h>

enum { CALL_ARGUMENTS = 10, CALL_VECTORS = 4 };

typedef struct vector {
    ULONGLONG low, high;
} vector;

typedef struct checked_call {
    void *function;
    ULONG_PTR arguments[CALL_ARGUMENTS]; /* what a call puts into registers and on the stack */
    ULONG_PTR popped;                    /* out: bytes that the callee took off the stack */
    ULONG_PTR preserved;                 /* out: 1 if the callee-saved registers were kept */
    ULONGLONG result;                    /* out: rax, or edx:eax */
    vector vectors[CALL_VECTORS];        /* xmm0-3, x64 only */
} checked_call;

void call_checked(checked_call *call);

/* What the recorder that ran last was called with. */
typedef struct recording {
    DWORD calls;
    DWORD index; /* line of exports.h, from 0 */
    ULONG_PTR arguments[CALL_ARGUMENTS];
    ULONG_PTR aligned;            /* 1 if the stack was aligned as the convention wants */
    vector vectors[CALL_VECTORS]; /* x64 */
    ULONG_PTR registers[2];       /* ecx and edx, x86 */
} recording;

extern recording recorded;
/* What recorder number `index` returns; each module that links the recorders has its own tag. */
extern ULONGLONG recorder_tag;
#define RECORDER_RESULT(tag, index) ((tag) + (index))
#define HOST_TAG 0xB0057000A1B2C300ull
#define ORIGINAL_TAG 0x0121617A7F4E5D00ull
