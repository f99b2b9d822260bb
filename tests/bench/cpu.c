#include "bench.h"

#include <string.h>

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
static void cpuid(unsigned leaf, unsigned *words)
{
    __cpuid((int *)words, (int)leaf);
}
#else
#include <cpuid.h>
static void cpuid(unsigned leaf, unsigned *words)
{
    __cpuid(leaf, words[0], words[1], words[2], words[3]);
}
#endif

void sys_describe_cpu(char *text, size_t size)
{
    unsigned words[12] = {0};
    char brand[sizeof words + 1] = "";
    const char *from = brand;

    cpuid(0x80000000u, words);
    if (words[0] >= 0x80000004u) {
        for (unsigned i = 0; i < 3; i++)
            cpuid(0x80000002u + i, words + 4 * i);
        memcpy(brand, words, sizeof words);
    }
    while (*from == ' ')
        from++;
    snprintf(text, size, "%s", *from != '\0' ? from : "an unknown processor");
}
