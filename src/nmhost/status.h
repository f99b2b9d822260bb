/* status.h - takes what experts tell of their progress. */
#ifndef STATUS_H
#define STATUS_H

#include <windows.h>

#include <netmon.h>
#pragma pack() /* some versions of netmon.h leave 1 in force */

/* text may be NULL; a percent above 99 leaves the last one. On the expert's thread, which may be
   killed in here. */
void status_set(HEXPERTKEY key, EXPERTSTATUSENUMERATION status, const char *text, LONG percent);

#endif
