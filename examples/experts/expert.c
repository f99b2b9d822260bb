#include "expert.h"

#include <string.h>

BOOL expert_describe(PEXPERTENUMINFO info, const char *name, const char *description, DWORD flags)
{
    memset(info, 0, sizeof *info);
    lstrcpynA(info->szName, name, sizeof info->szName);
    lstrcpynA(info->szVendor, "Nmapi examples", sizeof info->szVendor);
    lstrcpynA(info->szDescription, description, sizeof info->szDescription);
    info->Flags = flags;
    return TRUE;
}

DWORD expert_next_frame(HEXPERTKEY key, EXPERTFRAMEDESCRIPTOR *frame)
{
    return ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, FLAGS_DEFER_TO_UI_FILTER, frame->FrameNumber,
                          NULL, frame);
}

NMEVENTDATA *expert_new_event(HEXPERTKEY key, char *source, char *name, BYTE columns)
{
    NMEVENTDATA *event =
        ExpertAllocMemory(key, sizeof(NMEVENTDATA) + columns * sizeof(NMCOLUMNINFO), NULL);
    if (event == NULL)
        return NULL;
    event->Flags = NMEVENTFLAG_EXPERT;
    event->Severity = NMEVENT_SEVERITY_INFORMATIONAL;
    event->szSourceName = source;
    event->szEventName = name;
    event->NumColumns = columns;
    return event;
}
