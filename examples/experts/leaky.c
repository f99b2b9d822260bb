/*
 * leaky.c - allocates an event for every frame and frees none, as the SDK's sample does.
 */
#include "expert.h"

enum { COLUMNS = 2 };

BOOL WINAPI Register(PEXPERTENUMINFO info)
{
    return expert_describe(info, "leaky", "an event for every frame, none ever freed", 0);
}

/* Fills in one event, as if to submit it. */
static BOOL note_frame(HEXPERTKEY key, const EXPERTFRAMEDESCRIPTOR *frame)
{
    static char source[] = "leaky", name[] = "Frame seen", number[] = "Frame", length[] = "Bytes";

    NMEVENTDATA *event = expert_new_event(key, source, name, COLUMNS);
    if (event == NULL)
        return FALSE;
    event->EventIdent = frame->FrameNumber;
    event->Column[0].szColumnName = number;
    event->Column[0].VariantData.Type = NMCOLUMNTYPE_FRAME;
    event->Column[0].VariantData.Value.FrameVal = frame->FrameNumber;
    event->Column[1].szColumnName = length;
    event->Column[1].VariantData.Type = NMCOLUMNTYPE_UINT32;
    event->Column[1].VariantData.Value.Uint32Val = frame->pFrame->FrameLength;
    return TRUE;
}

BOOL WINAPI Run(HEXPERTKEY key, PEXPERTCONFIG config, PEXPERTSTARTUPINFO startup,
                DWORD startup_flags, HWND window)
{
    EXPERTFRAMEDESCRIPTOR frame = EXPERT_FIRST;
    DWORD frames = 0;
    char text[64];
    (void)config, (void)startup, (void)startup_flags, (void)window;

    while (expert_next_frame(key, &frame) == NMERR_SUCCESS) {
        if (!note_frame(key, &frame))
            return FALSE;
        frames++;
    }
    wsprintfA(text, "%lu frames, as many events left", frames);
    ExpertIndicateStatus(key, EXPERTSTATUS_DONE, 0, text, 100);
    return TRUE;
}
