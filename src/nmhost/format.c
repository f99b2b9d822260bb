#include "format.h"

#include <string.h>

WORD format_word(const BYTE *at, BOOL swapped)
{
    return swapped ? (WORD)(at[0] << 8 | at[1]) : (WORD)(at[1] << 8 | at[0]);
}

DWORD format_dword(const BYTE *at, BOOL swapped)
{
    DWORD first = format_word(at, swapped), second = format_word(at + 2, swapped);
    return swapped ? first << 16 | second : second << 16 | first;
}

ULONGLONG format_qword(const BYTE *at, BOOL swapped)
{
    ULONGLONG first = format_dword(at, swapped), second = format_dword(at + 4, swapped);
    return swapped ? first << 32 | second : second << 32 | first;
}

WORD format_media(DWORD link)
{
    switch (link) {
    case 1:
        return CAPTURE_ETHERNET;
    case 6:
        return CAPTURE_TOKEN_RING;
    case 10:
        return CAPTURE_FDDI;
    case 12: /* raw IP, as some systems number it */
    case 14:
    case 101:
    case 228: /* IPv4 alone */
    case 229: /* IPv6 alone */
        return CAPTURE_RAW_IP;
    default:
        return link < CAPTURE_NO_PACKET - CAPTURE_LINK ? (WORD)(CAPTURE_LINK + link)
                                                       : (WORD)CAPTURE_UNKNOWN;
    }
}

BOOL format_open(FORMAT *format, VIEWS *views, ULONGLONG *position, const char **why)
{
    memset(format, 0, sizeof *format);
    format->size = views->data.file->size;
    *why = "no capture that is known: neither pcap, pcapng nor Network Monitor 1.x or 2.x";
    const BYTE *magic = view_at(&views->data, 0, 4);
    if (magic == NULL)
        return FALSE;
    if (memcmp(magic, "\x0A\x0D\x0D\x0A", 4) == 0)
        return pcapng_open(format, views, position, why);
    if (memcmp(magic, "RTSS", 4) == 0 || memcmp(magic, "GMBU", 4) == 0)
        return netmon_open(format, views, position, why);
    return pcap_open(format, views, position, why);
}

void format_close(FORMAT *format)
{
    if (format->sections != NULL)
        VirtualFree(format->sections, 0, MEM_RELEASE);
    if (format->interfaces != NULL)
        VirtualFree(format->interfaces, 0, MEM_RELEASE);
    format->sections = NULL;
    format->interfaces = NULL;
}

FORMAT_RESULT format_read(FORMAT *format, VIEWS *views, ULONGLONG position, BOOL walk,
                          FORMAT_RECORD *record)
{
    memset(record, 0, sizeof *record);
    switch (format->kind) {
    case FORMAT_PCAP:
        return pcap_read(format, views, position, record);
    case FORMAT_PCAPNG:
        return pcapng_read(format, views, position, walk, record);
    default:
        return netmon_read(format, views, position, record);
    }
}
