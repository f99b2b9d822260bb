/* viewer.h - shows an expert's status and events: on a terminal a progress bar, else lines; a table.
 * For one expert at a time. */
#ifndef VIEWER_H
#define VIEWER_H

#include <windows.h>

#include <netmon.h>
#pragma pack() /* some versions of netmon.h leave 1 in force */

/* Before an expert's first status or event. */
void viewer_begin(void);

/* text may be NULL. */
void viewer_status(EXPERTSTATUSENUMERATION status, const char *text, LONG percent);

/* One row; the columns' names first, where they are not those of the row before. Machine and time
   have no columns here. The event stays the caller's. */
void viewer_event(const NMEVENTDATA *event);

/* After the last one: leaves the cursor at the start of a line. */
void viewer_end(void);

#endif
