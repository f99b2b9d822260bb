/* Reads through a null pointer in the middle of the capture, with a list of frames in its hands. */
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
    NOTE *newest = NULL;
    PCAP_FRAME frame;
    PCAP pcap;
    (void)config, (void)startup_flags, (void)window;

    const BYTE *capture = expert_load_capture(key, startup, &pcap);
    if (capture == NULL)
        return FALSE;
    const BYTE *middle = capture + (pcap.end - capture) / 2;
    while (pcap_next(&pcap, &frame)) {
        NOTE *note = ExpertAllocMemory(key, sizeof(NOTE) + frame.stored, NULL);
        if (note == NULL)
            return FALSE;
        note->next = newest;
        note->length = frame.stored;
        memcpy(note->data, frame.data, frame.stored);
        newest = note;
        if (frame.data > middle) {
            /* The mistake: to take the end of the list for one more note. Volatile, or the compiler
               would draw its own conclusions. */
            const volatile NOTE *oldest = newest;
            while (oldest->length != 0) /* NOLINT(clang-analyzer-core.NullDereference) */
                oldest = oldest->next;
        }
    }
    return TRUE;
}
