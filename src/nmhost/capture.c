#include "capture.h"

#include <string.h>

#include "pcap.h"

#define SECONDS_FROM_1601_TO_1970 11644473600u

typedef struct ENTRY {
    PCAP_FRAME frame; /* in the view */
} ENTRY;

static const void *view;
static ENTRY *entries;
static DWORD count;
static char file_path[MAX_PATH];

static BOOL read_entries(DWORD size)
{
    PCAP_FRAME frame;
    PCAP pcap;

    if (!pcap_begin(&pcap, view, size))
        return FALSE;
    while (pcap_next(&pcap, &frame))
        count++;
    entries = VirtualAlloc(NULL, (count + (SIZE_T)1) * sizeof *entries, MEM_RESERVE | MEM_COMMIT,
                           PAGE_READWRITE);
    if (entries == NULL || !pcap_begin(&pcap, view, size))
        return FALSE;
    for (DWORD number = 0; number < count && pcap_next(&pcap, &frame); number++)
        entries[number].frame = frame;
    return TRUE;
}

BOOL capture_open(const char *path, char text[], DWORD characters)
{
    BOOL good = FALSE;

    lstrcpynA(file_path, path, sizeof file_path);
    HANDLE file = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        lstrcpynA(text, "it cannot be opened", (int)characters);
        return FALSE;
    }
    HANDLE mapping = CreateFileMappingA(file, NULL, PAGE_READONLY, 0, 0, NULL);
    if (mapping != NULL) {
        view = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
        good = view != NULL && read_entries(GetFileSize(file, NULL));
        CloseHandle(mapping);
    }
    CloseHandle(file);
    if (!good) {
        capture_close();
        lstrcpynA(text, "it is no capture", (int)characters);
    }
    return good;
}

void capture_close(void)
{
    if (view != NULL)
        UnmapViewOfFile(view);
    if (entries != NULL)
        VirtualFree(entries, 0, MEM_RELEASE);
    view = NULL;
    entries = NULL;
    count = 0;
}

BOOL capture_frame(DWORD number, BYTE *buffer, DWORD bytes, CAPTURE_FRAME *frame)
{
    if (number >= count)
        return FALSE;
    const PCAP_FRAME *from = &entries[number].frame;
    memset(frame, 0, sizeof *frame);
    frame->number = number;
    frame->time = (from->time + SECONDS_FROM_1601_TO_1970 * 1000000ull) * 10;
    frame->offset = (LONGLONG)(from->time - entries[0].frame.time);
    frame->length = from->length;
    frame->stored = from->stored;
    frame->media = CAPTURE_ETHERNET;
    frame->data = buffer;
    if (bytes != 0)
        memcpy(buffer, from->data, bytes < from->stored ? bytes : from->stored);
    return TRUE;
}

DWORD capture_frames(void)
{
    return count;
}

const char *capture_file(void)
{
    return file_path;
}

ULONGLONG capture_start(void)
{
    CAPTURE_FRAME frame;
    return capture_frame(0, NULL, 0, &frame) ? frame.time : 0;
}

const char *capture_comment(void)
{
    return "";
}

WORD capture_media(void)
{
    return CAPTURE_ETHERNET;
}
