#include "event_view.h"

#include <string.h>

static void view_today(EVENT_VIEW *view, const NMEVENTDATA *event)
{
    view->event = event;
    view->packed = FALSE;
    view->EventIdent = event->EventIdent;
    view->Flags = event->Flags;
    view->Severity = event->Severity;
    view->NumColumns = event->NumColumns;
    view->szSourceName = event->szSourceName;
    view->szEventName = event->szEventName;
    view->szDescription = event->szDescription;
    view->szMachine = event->szMachine;
    view->Justification = event->Justification;
    view->SysTime = event->SysTime;
}

#ifdef _WIN64

void event_view(EVENT_VIEW *view, const NMEVENTDATA *event)
{
    view_today(view, event);
}

void event_column(const EVENT_VIEW *view, int index, NMCOLUMNINFO *column)
{
    *column = view->event->Column[index];
}

#else

#pragma pack(push, 1)
typedef struct PACKED_COLUMN {
    LPSTR szColumnName;
    DWORD Type;
    BYTE Value[10]; /* the longest is an IPX address */
} PACKED_COLUMN;

typedef struct PACKED_EVENT {
    LPSTR pszReserved;
    BYTE Version;
    DWORD EventIdent;
    DWORD Flags;
    DWORD Severity;
    BYTE NumColumns;
    LPSTR szSourceName;
    LPSTR szEventName;
    LPSTR szDescription;
    LPSTR szMachine;
    LPSTR Justification;
    PVOID pvReserved;
    SYSTEMTIME SysTime;
} PACKED_EVENT; /* the columns follow */
#pragma pack(pop)

typedef char PACKED_COLUMN_IS_18_BYTES[sizeof(PACKED_COLUMN) == 18 ? 1 : -1];
typedef char PACKED_EVENT_IS_58_BYTES[sizeof(PACKED_EVENT) == 58 ? 1 : -1];

static const PACKED_COLUMN *packed_columns(const EVENT_VIEW *view)
{
    return (const PACKED_COLUMN *)((const PACKED_EVENT *)view->event + 1);
}

static void view_packed(EVENT_VIEW *view, const NMEVENTDATA *event)
{
    PACKED_EVENT packed;

    memcpy(&packed, event, sizeof packed);
    view->event = event;
    view->packed = TRUE;
    view->EventIdent = packed.EventIdent;
    view->Flags = packed.Flags;
    view->Severity = packed.Severity;
    view->NumColumns = packed.NumColumns;
    view->szSourceName = packed.szSourceName;
    view->szEventName = packed.szEventName;
    view->szDescription = packed.szDescription;
    view->szMachine = packed.szMachine;
    view->Justification = packed.Justification;
    view->SysTime = packed.SysTime;
}

/* Nothing lies in the first 64 KiB of a process's addresses. */
static BOOL may_be_text(LPCSTR text)
{
    return text == NULL || (ULONG_PTR)text >= 0x10000;
}

/* Not whether the flags are known: there may be others than the SDK names. */
static BOOL is_plausible(const EVENT_VIEW *view)
{
    return view->Severity <= NMEVENT_SEVERITY_CRITICAL_ERROR && may_be_text(view->szSourceName) &&
           may_be_text(view->szEventName) && may_be_text(view->szDescription) &&
           may_be_text(view->szMachine) && may_be_text(view->Justification);
}

/* Read by today's layout, a packed event has its number of columns in the second byte of Severity,
   and each text's upper half as the lower one of a pointer: it is implausible unless it has
   neither. */
void event_view(EVENT_VIEW *view, const NMEVENTDATA *event)
{
    view_today(view, event);
    if (is_plausible(view))
        return;
    view_packed(view, event);
    if (!is_plausible(view))
        view_today(view, event);
}

void event_column(const EVENT_VIEW *view, int index, NMCOLUMNINFO *column)
{
    PACKED_COLUMN packed;

    if (!view->packed) {
        *column = view->event->Column[index];
        return;
    }
    memcpy(&packed, packed_columns(view) + index, sizeof packed);
    memset(column, 0, sizeof *column);
    column->szColumnName = packed.szColumnName;
    column->VariantData.Type = (NMCOLUMNTYPE)packed.Type;
    memcpy(&column->VariantData.Value, packed.Value, sizeof packed.Value);
}

#endif
