#include "pcap.h"

#include <string.h>

enum {
    FILE_HEADER = 24,  /* bytes */
    FRAME_HEADER = 16, /* bytes */
    LINK_ETHERNET = 1
};
#define MAGIC 0xA1B2C3D4u         /* times in microseconds */
#define MAGIC_SWAPPED 0xD4C3B2A1u /* the same from a machine of the other byte order */

static DWORD read_dword(const PCAP *pcap, const BYTE *at)
{
    DWORD value;
    memcpy(&value, at, sizeof value);
    if (pcap->swapped)
        value = value >> 24 | (value >> 8 & 0xFF00u) | (value << 8 & 0xFF0000u) | value << 24;
    return value;
}

BOOL pcap_begin(PCAP *pcap, const void *file, SIZE_T bytes)
{
    const BYTE *header = file;

    if (bytes < FILE_HEADER)
        return FALSE;
    pcap->position = header + FILE_HEADER;
    pcap->end = header + bytes;
    pcap->swapped = FALSE;
    pcap->swapped = read_dword(pcap, header) == MAGIC_SWAPPED;
    return read_dword(pcap, header) == MAGIC && read_dword(pcap, header + 20) == LINK_ETHERNET;
}

BOOL pcap_next(PCAP *pcap, PCAP_FRAME *frame)
{
    SIZE_T left = (SIZE_T)(pcap->end - pcap->position);

    if (left < FRAME_HEADER)
        return FALSE;
    frame->time = (ULONGLONG)read_dword(pcap, pcap->position) * 1000000 +
                  read_dword(pcap, pcap->position + 4);
    frame->stored = read_dword(pcap, pcap->position + 8);
    frame->length = read_dword(pcap, pcap->position + 12);
    if (frame->stored > left - FRAME_HEADER)
        return FALSE;
    frame->data = pcap->position + FRAME_HEADER;
    pcap->position = frame->data + frame->stored;
    return TRUE;
}
