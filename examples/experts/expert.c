#include "expert.h"

#include <string.h>

BOOL expert_describe(PEXPERTENUMINFO info, const char *name, const char *description, DWORD flags)
{
    memset(info, 0, sizeof *info);
    lstrcpynA(info->szName, name, sizeof info->szName);
    lstrcpynA(info->szVendor, "Nmapi examples", sizeof info->szVendor);
    lstrcpynA(info->szDescription, description, sizeof info->szDescription);
    info->Flags = flags;
    return TRUE;
}

void *expert_load_capture(HEXPERTKEY key, const EXPERTSTARTUPINFO *startup, PCAP *pcap)
{
    void *block = NULL;
    DWORD read;

    HANDLE file = CreateFileA(startup->szCaptureFile, GENERIC_READ, FILE_SHARE_READ, NULL,
                              OPEN_EXISTING, FILE_FLAG_SEQUENTIAL_SCAN, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        say("   can't open %s: error %lu\n", startup->szCaptureFile, GetLastError());
        return NULL;
    }
    DWORD size = GetFileSize(file, NULL);
    if (size != INVALID_FILE_SIZE)
        block = ExpertAllocMemory(key, size, NULL);
    if (block != NULL && (!ReadFile(file, block, size, &read, NULL) || read != size ||
                          !pcap_begin(pcap, block, size))) {
        say("   %s is no Ethernet capture in the pcap format\n", startup->szCaptureFile);
        ExpertFreeMemory(key, block);
        block = NULL;
    }
    CloseHandle(file);
    return block;
}
