/* A program like the SDK's samples; also compiled as C++. Exit status 42: success. */
#include <windows.h>

#if defined(WITH_SDK)
#include <netmon.h>
#elif defined(WITH_OURS)
#include <netmon.h>
#include <nmapi.h>
#else
#include <nmapi.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif
DWORD free_through_import(HEXPERTKEY key, void *block);
#ifdef __cplusplus
}
#endif

static unsigned char expert; /* its address serves as the key */

int main(void)
{
    HEXPERTKEY key = (HEXPERTKEY)&expert;
    DWORD error = 1;
    unsigned char *block = (unsigned char *)ExpertAllocMemory(key, 100, &error);

    if (!block || error != NMERR_SUCCESS || block[99] != 0)
        return 1;
    block[99] = 7;
    if (ExpertMemorySize(key, block) != 100)
        return 2;
    block = (unsigned char *)ExpertReallocMemory(key, block, 70000, &error);
    if (!block || error != NMERR_SUCCESS || block[99] != 7 || block[69999] != 0)
        return 3;
    if (ExpertFreeMemory(key, block) != NMERR_SUCCESS)
        return 4;
    block = (unsigned char *)ExpertAllocMemory(key, 8, NULL);
    if (free_through_import(key, block) != NMERR_SUCCESS)
        return 5;
    return 42;
}
