/*
 * terminal.h - an expert's status and events in the terminal: on a console a progress bar, else
 * lines; a table of at most 80 columns.
 */
#pragma once

#include "message.h"

enum { TERMINAL_TIME = 32, TERMINAL_ROWS = 200 /* of one run; more are only counted */ };

/* Before an expert's first status or event. */
void terminal_begin(void);

void terminal_status(const STATUS_FACTS *facts);

/* One row; the columns' names first, where they are not those of the row before. */
void terminal_event(const EVENT_ROW *row);

/* A line of its own, under whatever is shown. */
void terminal_line(const char *text);

/* After the last one: leaves the cursor at the start of a line. */
void terminal_end(void);

const char *terminal_severity(DWORD severity);

/* As the expert says, else its frame's: seconds after the capture's start; "" if neither is
   known. */
const char *terminal_time(const EVENT_ROW *row, char text[TERMINAL_TIME]);
