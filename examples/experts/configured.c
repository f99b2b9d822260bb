/* Keeps a configuration that passes through three keys: Configure allocates it under one, a second
   Configure grows it under another, Run reads it under a third. It is a list of TCP and UDP
   ports. */
#include "expert.h"

#include <string.h>

BOOL WINAPI Register(PEXPERTENUMINFO info)
{
    return expert_describe(info, "configured",
                           "counts the frames of the ports it is configured for",
                           EXPERT_ENUM_FLAG_CONFIGURABLE);
}

/* Adds a port to the list, in a real expert the user's choice: the n-th call adds the n-th here. */
BOOL WINAPI Configure(HEXPERTKEY key, PEXPERTCONFIG *config, PEXPERTSTARTUPINFO startup,
                      DWORD startup_flags, HWND window)
{
    static const WORD choices[] = {80, 53, 9100};
    DWORD used = *config == NULL ? 0 : (*config)->RawConfigLength;
    (void)startup, (void)startup_flags, (void)window;

    if (used >= sizeof choices)
        return TRUE;
    PEXPERTCONFIG grown =
        ExpertReallocMemory(key, *config, sizeof(EXPERTCONFIG) + used + sizeof(WORD), NULL);
    if (grown == NULL)
        return FALSE;
    memcpy(grown->RawConfigData + used, &choices[used / sizeof(WORD)], sizeof(WORD));
    grown->RawConfigLength = used + (DWORD)sizeof(WORD);
    *config = grown;
    return TRUE;
}

static void count_frames(PCAP *pcap, const WORD *ports, DWORD *frames, DWORD count)
{
    PCAP_FRAME frame;
    PACKET packet;

    while (pcap_next(pcap, &frame)) {
        if (!packet_read(&packet, &frame))
            continue;
        for (DWORD index = 0; index < count; index++) {
            if (packet.source_port == ports[index] || packet.destination_port == ports[index])
                frames[index]++;
        }
    }
}

BOOL WINAPI Run(HEXPERTKEY key, PEXPERTCONFIG config, PEXPERTSTARTUPINFO startup,
                DWORD startup_flags, HWND window)
{
    PCAP pcap;
    (void)startup_flags, (void)window;

    if (config == NULL)
        return FALSE;
    DWORD count = config->RawConfigLength / (DWORD)sizeof(WORD);
    WORD *ports = ExpertAllocMemory(key, count * sizeof(WORD), NULL);
    DWORD *frames = ExpertAllocMemory(key, count * sizeof(DWORD), NULL); /* zeroed */
    void *capture = expert_load_capture(key, startup, &pcap);
    BOOL ready = ports != NULL && frames != NULL && capture != NULL;
    if (ready) {
        memcpy(ports, config->RawConfigData, count * sizeof(WORD));
        count_frames(&pcap, ports, frames, count);
        for (DWORD index = 0; index < count; index++)
            say("   port %u: %lu frames\n", ports[index], frames[index]);
    }
    ExpertFreeMemory(key, capture);
    ExpertFreeMemory(key, frames);
    ExpertFreeMemory(key, ports);
    return ready;
}
