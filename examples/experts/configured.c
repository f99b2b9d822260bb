/*
 * configured.c - keeps a configuration that passes through three keys: Configure allocates it under
 * one, a second Configure grows it under another, Run reads it under a third. It is the
 * configuration's length in bytes, itself included, and a list of TCP and UDP ports. The host keeps
 * that many bytes.
 */
#include "expert.h"

#include <string.h>

BOOL WINAPI Register(PEXPERTENUMINFO info)
{
    return expert_describe(info, "configured",
                           "counts the frames of the ports it is configured for",
                           EXPERT_ENUM_FLAG_CONFIGURABLE);
}

static DWORD ports_of(const EXPERTCONFIG *config)
{
    return (config->RawConfigLength - (DWORD)sizeof(EXPERTCONFIG)) / (DWORD)sizeof(WORD);
}

/* Adds a port to the list. In a real expert the user chooses it; here the n-th call adds the
   n-th. */
BOOL WINAPI Configure(HEXPERTKEY key, PEXPERTCONFIG *config, PEXPERTSTARTUPINFO startup,
                      DWORD startup_flags, HWND window)
{
    static const WORD choices[] = {80, 53, 9100};
    DWORD used = *config == NULL ? 0 : ports_of(*config) * (DWORD)sizeof(WORD);
    (void)startup, (void)startup_flags, (void)window;

    if (used >= sizeof choices)
        return TRUE;
    PEXPERTCONFIG grown =
        ExpertReallocMemory(key, *config, sizeof(EXPERTCONFIG) + used + sizeof(WORD), NULL);
    if (grown == NULL)
        return FALSE;
    memcpy(grown->RawConfigData + used, &choices[used / sizeof(WORD)], sizeof(WORD));
    grown->RawConfigLength = (DWORD)sizeof(EXPERTCONFIG) + used + (DWORD)sizeof(WORD);
    *config = grown;
    return TRUE;
}

static void count_frames(HEXPERTKEY key, const WORD *ports, DWORD *frames, DWORD count)
{
    EXPERTFRAMEDESCRIPTOR frame = EXPERT_FIRST;
    PACKET packet;

    while (expert_next_frame(key, &frame) == NMERR_SUCCESS) {
        if (!packet_read(&packet, (const BYTE *)frame.pFrame->MacFrame, frame.pFrame->nBytesAvail))
            continue;
        for (DWORD index = 0; index < count; index++) {
            if (packet.source_port == ports[index] || packet.destination_port == ports[index])
                frames[index]++;
        }
    }
}

static DWORD tell(HEXPERTKEY key, const WORD *ports, const DWORD *frames, DWORD count)
{
    static char source[] = "configured", name[] = "Frames of a port", port[] = "Port",
                number[] = "Frames";
    DWORD error = NMERR_SUCCESS;

    NMEVENTDATA *event = expert_new_event(key, source, name, 2);
    if (event == NULL)
        return NMERR_OUT_OF_MEMORY;
    event->Column[0].szColumnName = port;
    event->Column[0].VariantData.Type = NMCOLUMNTYPE_UINT16;
    event->Column[1].szColumnName = number;
    event->Column[1].VariantData.Type = NMCOLUMNTYPE_UINT32;
    for (DWORD index = 0; index < count && error == NMERR_SUCCESS; index++) {
        event->Column[0].VariantData.Value.Uint16Val = ports[index];
        event->Column[1].VariantData.Value.Uint32Val = frames[index];
        error = ExpertSubmitEvent(key, event);
    }
    ExpertFreeMemory(key, event);
    return error;
}

BOOL WINAPI Run(HEXPERTKEY key, PEXPERTCONFIG config, PEXPERTSTARTUPINFO startup,
                DWORD startup_flags, HWND window)
{
    (void)startup, (void)startup_flags, (void)window;

    if (config == NULL)
        return FALSE;
    DWORD count = ports_of(config);
    WORD *ports = ExpertAllocMemory(key, count * sizeof(WORD), NULL);
    DWORD *frames = ExpertAllocMemory(key, count * sizeof(DWORD), NULL); /* zeroed */
    DWORD error = NMERR_OUT_OF_MEMORY;
    if (ports != NULL && frames != NULL) {
        memcpy(ports, config->RawConfigData, count * sizeof(WORD));
        count_frames(key, ports, frames, count);
        error = tell(key, ports, frames, count);
    }
    ExpertFreeMemory(key, frames);
    ExpertFreeMemory(key, ports);
    return error == NMERR_SUCCESS;
}
