/*
 * status.h - takes what experts tell of their progress; the last word counts.
 */
#pragma once

#include "message.h"

#include <netmon.h>
#pragma pack() /* some versions of netmon.h leave 1 in force */

/* text may be NULL; a percent above 99 leaves the last one. On the expert's thread, which may be
   killed in here. */
void status_set(HEXPERTKEY key, EXPERTSTATUSENUMERATION status, const char *text, LONG percent);

/* Forgets all; before an expert is called. */
void status_begin(void);

/* Fills in status, percent and text. FALSE if nothing is new since the last call. */
BOOL status_get(STATUS_FACTS *facts);
