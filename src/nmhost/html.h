/*
 * html.h - one self-contained page: a table of the runs, with bars, and a table of the events.
 */
#pragma once

#include "report_run.h"

enum { HTML_EVENTS = 10000 /* of one run; more are only counted */ };

BOOL html_open(const char *path);
void html_event(const REPORT_RUN *run, const EVENT_ROW *row);
void html_close(const REPORT_RUN *runs, DWORD count);

/* Whether something could not be written. */
BOOL html_failed(void);
