/*
 * csv.h - events as comma-separated values (RFC 4180): capture, expert, severity, time, frame,
 * event, description, then "name=value" for each column.
 */
#pragma once

#include "message.h"

BOOL csv_open(const char *path);
void csv_event(const char *capture, const char *expert, const EVENT_ROW *row);

/* TRUE if all of it could be written. */
BOOL csv_close(void);
