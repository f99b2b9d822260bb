/* Allocates an event for every frame and returns without freeing one: the habit that the SDK's own
   boilerplate teaches. */
#include "expert.h"

enum { COLUMNS = 2 };

BOOL WINAPI Register(PEXPERTENUMINFO info)
{
    return expert_describe(info, "leaky", "an event for every frame, none ever freed", 0);
}

static NMEVENTDATA *new_event(HEXPERTKEY key, const PCAP_FRAME *frame, DWORD number)
{
    static char name[] = "Frame seen", source[] = "leaky", number_name[] = "Frame",
                length_name[] = "Bytes";

    NMEVENTDATA *event =
        ExpertAllocMemory(key, sizeof(NMEVENTDATA) + COLUMNS * sizeof(NMCOLUMNINFO), NULL);
    if (event == NULL)
        return NULL;
    event->EventIdent = number;
    event->Flags = NMEVENTFLAG_EXPERT;
    event->Severity = NMEVENT_SEVERITY_INFORMATIONAL;
    event->szSourceName = source;
    event->szEventName = name;
    GetSystemTime(&event->SysTime);
    event->NumColumns = COLUMNS;
    event->Column[0].szColumnName = number_name;
    event->Column[0].VariantData.Type = NMCOLUMNTYPE_FRAME;
    event->Column[0].VariantData.Value.FrameVal = number;
    event->Column[1].szColumnName = length_name;
    event->Column[1].VariantData.Type = NMCOLUMNTYPE_UINT32;
    event->Column[1].VariantData.Value.Uint32Val = frame->length;
    return event;
}

BOOL WINAPI Run(HEXPERTKEY key, PEXPERTCONFIG config, PEXPERTSTARTUPINFO startup,
                DWORD startup_flags, HWND window)
{
    DWORD frames = 0;
    PCAP_FRAME frame;
    PCAP pcap;
    (void)config, (void)startup_flags, (void)window;

    void *capture = expert_load_capture(key, startup, &pcap);
    if (capture == NULL)
        return FALSE;
    while (pcap_next(&pcap, &frame)) {
        if (new_event(key, &frame, frames) == NULL)
            return FALSE;
        frames++;
    }
    say("   %lu frames, as many events left behind\n", frames);
    ExpertFreeMemory(key, capture);
    return TRUE;
}
