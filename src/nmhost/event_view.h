/*
 * event_view.h - what an expert submitted, whichever SDK it was compiled with: on x86 the one of
 * 2001 packs an event to the byte. Nothing is changed or kept; texts stay the event's.
 */
#pragma once

#include <windows.h>

#include <netmon.h>
#pragma pack() /* some versions of netmon.h leave 1 in force */

typedef struct EVENT_VIEW {
    const NMEVENTDATA *event;
    BOOL packed;
    DWORD EventIdent;
    DWORD Flags;
    DWORD Severity;
    int NumColumns;
    LPCSTR szSourceName;
    LPCSTR szEventName;
    LPCSTR szDescription;
    LPCSTR szMachine;
    LPCSTR Justification;
    SYSTEMTIME SysTime;
} EVENT_VIEW;

void event_view(EVENT_VIEW *view, const NMEVENTDATA *event);

/* Copies a column in today's layout; the index is below NumColumns. */
void event_column(const EVENT_VIEW *view, int index, NMCOLUMNINFO *column);
