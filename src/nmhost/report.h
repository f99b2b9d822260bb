/*
 * report.h - what is told of the runs, in the order in which they come, and of all of them at the
 * end.
 */
#pragma once

#include "run.h"

/* FALSE: a file cannot be written, or there is no memory; says so. */
BOOL report_begin(const OPTIONS *all);

/* Before a run. Its messages then go to report_sink. */
void report_run(const RUN *run);
void report_sink(void *context, MESSAGE_KIND kind, const void *data, DWORD bytes);

/* After the last one: the table, and the program's exit status. */
int report_end(void);
