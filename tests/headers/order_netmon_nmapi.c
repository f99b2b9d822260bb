#include <netmon.h>

#include <nmapi.h>

LPVOID allocate(HEXPERTKEY key);

LPVOID allocate(HEXPERTKEY key)
{
    DWORD error = NMERR_SUCCESS;
    return ExpertAllocMemory(key, sizeof(NMEVENTDATA), &error);
}
