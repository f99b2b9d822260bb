/*
 * session.h - one run of one expert in this process, from loading its DLL to closing its keys.
 *
 * Each call of the expert has a key and a thread of its own. What happens goes to a sink, as
 * messages.
 */
#pragma once

#include "guard.h"
#include "library.h"
#include "message.h"

enum { SESSION_GRACE = 1500 }; /* milliseconds to obey NmapiTerminateExpert */

/* The place that the user looks at. */
typedef struct STARTUP {
    BOOL given;
    DWORD frame;
    const char *protocol; /* NULL: none, and so below */
    const char *property;
    int bit; /* -1: none */
} STARTUP;

typedef struct SESSION {
    const char *file;    /* the expert's DLL, an absolute path */
    DWORD time_limit;    /* milliseconds for Run; 0: none */
    SIZE_T memory_limit; /* bytes; 0: none */
    BOOL list;           /* only load it, and ask what it is */
    BOOL configure;      /* call its Configure first, if it has something to configure */
    BOOL alone;          /* it gets none of the functions of supply.h */
    BOOL one_process;    /* with the host: a configuration passes from key to key */
    const char *config;  /* the file that the configuration is kept in */
    const STARTUP *startup;
    MESSAGE_SINK sink;
    void *context; /* the sink's */
} SESSION;

/* Runs it over the capture that is open (none is needed to list it) and waits for its end. */
void session_run(const LIBRARY *library, const SESSION *session);
