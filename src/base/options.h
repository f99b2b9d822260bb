/*
 * options.h - NMAPI_OPTIONS, read once at load.
 */
#pragma once

#include <windows.h>

#define OPTIONS_TEXT 8192 /* characters; a longer variable is reported and ignored */

struct options {
    int reclaim_thread;       /* reclaim=thread */
    int report;               /* report, report=FILE */
    int pageheap;             /* pageheap */
    int strict;               /* strict */
    int keep_given;           /* keep=BYTES */
    SIZE_T keep;              /* its value */
    SIZE_T limit;             /* limit=BYTES; 0: none */
    const WCHAR *report_file; /* NULL: the debugger output */
    const WCHAR *original;    /* original=PATH, NULL: none */
};

extern struct options options;

void options_read(void);
