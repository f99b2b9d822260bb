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

#define REPORT_LEAKS 16 /* blocks that a report lists one by one */

void report_unknown_option(const char *word);
/* Why a function, or the DLL that has it, is not to be had. */
void report_function(const char *subject, const char *what, const char *why);
/* What an expert had leaked: its key, sums, and the first blocks. `file`: its path, or NULL. */
void report_expert(const char *file, const void *key, SIZE_T blocks, SIZE_T bytes, SIZE_T peak,
                   const struct report_leak *leaks, unsigned count);

#endif
