/* session.h - one run of one expert, from loading its DLL to closing its keys. */
#ifndef SESSION_H
#define SESSION_H

#include "guard.h"
#include "library.h"

/* What every expert gets. */
enum {
    TIME_LIMIT = 3000,              /* milliseconds for a call, unless told otherwise */
    GRACE = 1500,                   /* milliseconds to obey NmapiTerminateExpert */
    MEMORY_LIMIT = 64 * 1024 * 1024 /* bytes */
};

typedef enum OUTCOME {
    OUTCOME_NOT_LOADED, /* no expert, or no thread for it; nothing ran */
    OUTCOME_RETURNED,
    OUTCOME_GAVE_UP,    /* returned FALSE by itself */
    OUTCOME_FAILED,     /* ended by an exception */
    OUTCOME_TERMINATED, /* was told to stop and did */
    OUTCOME_KILLED,     /* was told to stop and did not */
    OUTCOME_VANISHED /* its thread ended inside the call: ExitThread, or Wine on a stack overflow */
} OUTCOME;

/* How the configuration block gets from the key that allocated it to the next. */
typedef enum HANDOVER {
    /* The host opens no keys, as a host of the original DLL: blocks pass freely. */
    HANDOVER_IMPLICIT,
    /* The host opens each key, isolated, and hands the block over. */
    HANDOVER_TRANSFER
} HANDOVER;

typedef struct SESSION {
    const char *file; /* the expert's DLL */
    HANDOVER handover;
    DWORD time_limit;  /* milliseconds for each call of Configure or Run */
    BOOL alone;        /* it gets none of the functions of supply.h */
    BOOL configurable; /* as the expert says */
    BOOL reclaimed; /* every key closed and its memory gone, the process's back to where it was */
    char name[32];
    OUTCOME outcome;
    DWORD microseconds;   /* that the close took */
    GUARD guard;          /* for OUTCOME_FAILED */
    SIZE_T blocks;        /* still held at the close */
    SIZE_T bytes;         /* in those */
    SIZE_T memory_before; /* bytes that the process had committed */
    SIZE_T memory_after;
    /* Bytes of these that are a killed or vanished thread's stack: Wine and Windows before Vista
       never free it. */
    SIZE_T stack;
} SESSION;

/* Runs it over the capture (an absolute path) and waits for its end; file, handover, time_limit
   and alone are the caller's to set, the rest is filled in. */
void session_run(const LIBRARY *library, const char *capture, SESSION *session);

/* The committed memory that belongs to the process alone, in bytes: what VirtualQuery says about
   each region, which is true under Wine as well. */
SIZE_T session_committed_memory(void);

#endif
