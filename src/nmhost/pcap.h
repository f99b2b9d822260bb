/* pcap.h - walks over a capture file (classic pcap, Ethernet) that lies in memory. */
#ifndef PCAP_H
#define PCAP_H

#include <windows.h>

typedef struct PCAP {
    const BYTE *position; /* the next frame's record */
    const BYTE *end;
    BOOL swapped; /* written by a machine of the other byte order */
} PCAP;

typedef struct PCAP_FRAME {
    const BYTE *data;
    DWORD stored;   /* bytes in the file */
    DWORD length;   /* bytes on the wire */
    ULONGLONG time; /* microseconds since 1970 */
} PCAP_FRAME;

/* FALSE if it is not such a file. The bytes must stay where they are while the walk lasts. */
BOOL pcap_begin(PCAP *pcap, const void *file, SIZE_T bytes);

/* FALSE at the end, a truncated last frame included. */
BOOL pcap_next(PCAP *pcap, PCAP_FRAME *frame);

#endif
