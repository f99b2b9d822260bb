/*
 * filter.h - display filters: expressions in postfix order.
 *
 * The left operand is pushed first. Nothing is skipped: every object is evaluated. A relation holds
 * if any instance of the property matches; with no instance none holds, not even "unequal". What is
 * not supported, or does not fit what is on the stack, is refused when it is added.
 *
 * A filter's handle is a place in a table; its objects are memory of the expert that created it, so
 * that they are counted as its own and go when its key is closed.
 */
#pragma once

#include "caller.h"

enum { FILTER_OPERANDS = 32 };

/* What lies on the stack. */
typedef enum FILTER_KIND {
    FILTER_TRUTH = 1,
    FILTER_NUMBER,
    FILTER_PROPERTY,
    FILTER_BYTES,
    FILTER_ADDRESS,
    FILTER_PLACE /* bytes at an offset behind a protocol's start */
} FILTER_KIND;

/* One object. */
typedef struct FILTER_TERM {
    DWORD size; /* of all of it, a multiple of 8 */
    WORD action;
    WORD bytes; /* of data */
    HPROPERTY property;
    LONGLONG value;
    BYTE data[]; /* what the object pointed to */
} FILTER_TERM;

typedef struct FILTER_BODY {
    DWORD signature;
    DWORD bytes;      /* of terms */
    DWORD operands;   /* on the stack behind the last one */
    DWORD properties; /* whether it looks at any */
    BYTE kinds[FILTER_OPERANDS];
    BYTE terms[];
} FILTER_BODY;

typedef enum FILTER_RESULT { FILTER_FAILS, FILTER_PASSES, FILTER_INVALID } FILTER_RESULT;

/* Forgets the filters of all keys but this one; their memory goes with their keys. For the host's
   own thread. */
void filter_forget_others(HEXPERTKEY key);

/* The filter of an expert; NULL if it is none. */
const FILTER_BODY *filter_of(HEXPERTKEY key, HFILTER handle);

/* Nothing is left over but one truth value, or there is no object at all. */
BOOL filter_is_complete(const FILTER_BODY *body);

/* Whether the frame passes. It may be a copy that is not kept. */
FILTER_RESULT filter_evaluate(CALLER *caller, const FILTER_BODY *body, const COPY *copy);

/* The supplied functions. */
HFILTER WINAPI filter_create(void);
DWORD WINAPI filter_destroy(HFILTER handle);
HFILTER WINAPI filter_duplicate(HFILTER handle);
DWORD WINAPI filter_add_object(HFILTER handle, LPFILTEROBJECT2 object);
VOID WINAPI filter_flush_bits(HFILTER handle);
DWORD WINAPI filter_frame(HFRAME frame, HFILTER handle, HCAPTURE capture);
DWORD WINAPI filter_find_frame(HFILTER handle, HCAPTURE capture, DWORD number, STATUSPROC report,
                               LPVOID instance, DWORD interval, BOOL forward);
BOOL WINAPI filter_attaches_properties(HFILTER handle);
