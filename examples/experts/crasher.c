/*
 * crasher.c - reads through a null pointer in the middle of the capture, while it has a list of
 * frames.
 */
#include "expert.h"

#include <string.h>

typedef struct NOTE {
    struct NOTE *next;
    DWORD length;
    BYTE data[]; /* the frame */
} NOTE;

BOOL WINAPI Register(PEXPERTENUMINFO info)
{
    return expert_describe(info, "crasher", "a null pointer in the middle of the capture", 0);
}

BOOL WINAPI Run(HEXPERTKEY key, PEXPERTCONFIG config, PEXPERTSTARTUPINFO startup,
                DWORD startup_flags, HWND window)
{
    EXPERTFRAMEDESCRIPTOR frame = EXPERT_FIRST;
    NOTE *newest = NULL;
    (void)config, (void)startup_flags, (void)window;

    DWORD middle = GetCaptureTotalFrames(startup->hCapture) / 2;
    while (expert_next_frame(key, &frame) == NMERR_SUCCESS) {
        NOTE *note = ExpertAllocMemory(key, sizeof(NOTE) + frame.pFrame->nBytesAvail, NULL);
        if (note == NULL)
            return FALSE;
        note->next = newest;
        note->length = frame.pFrame->nBytesAvail;
        memcpy(note->data, (const BYTE *)frame.pFrame->MacFrame, note->length);
        newest = note;
        if (frame.FrameNumber == middle) {
            /* The mistake: it takes the end of the list for one more note. Volatile, so that the
               compiler keeps the loop. */
            const volatile NOTE *oldest = newest;
            while (oldest->length != 0) /* NOLINT(clang-analyzer-core.NullDereference) */
                oldest = oldest->next;
        }
    }
    return TRUE;
}
