/*
 * report.h - lines for people, to the debugger output or to a file.
 */
#ifndef NMAPI_REPORT_H
#define NMAPI_REPORT_H

#include "base/os.h"

struct report_leak {
    void *address;
    SIZE_T bytes;
};

#define REPORT_LEAKS 16 /* blocks that a report lists */

void report_unknown_option(const WCHAR *word);
/* Why a function is not supported. */
void report_function(const char *name, const char *why);
void report_path(const WCHAR *path, const char *problem);
/* Reports what an expert leaked: its key, sums and first blocks. `file` is a path, or NULL for the
   debugger output. A file that can't be written is reported once; the lines go to the debugger
   output then. */
void report_expert(const WCHAR *file, const void *key, SIZE_T blocks, SIZE_T bytes, SIZE_T peak,
                   const struct report_leak *leaks, unsigned count);

#endif
