/* events.h - takes the events that experts submit. */
#ifndef EVENTS_H
#define EVENTS_H

#include <windows.h>

#include <netmon.h>
#pragma pack() /* some versions of netmon.h leave 1 in force */

/* Copies the event, which stays the caller's. On the expert's thread, which may be killed in here.
   Returns an NMERR code. */
DWORD events_add(HEXPERTKEY key, const NMEVENTDATA *event);

#endif
