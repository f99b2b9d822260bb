/* committed.h - how much memory the process has committed. */
#pragma once

#include <windows.h>

/* Private bytes of this process, from VirtualQuery of each region, which Wine supports too. */
static SIZE_T committed_memory(void)
{
    MEMORY_BASIC_INFORMATION region;
    const char *address = NULL;
    SIZE_T bytes = 0;

    while (VirtualQuery(address, &region, sizeof region) == sizeof region) {
        if (region.State == MEM_COMMIT && region.Type == MEM_PRIVATE)
            bytes += region.RegionSize;
        address = (const char *)region.BaseAddress + region.RegionSize;
    }
    return bytes;
}
