#include "base/zero.h"

#ifdef _WIN64

#if defined(__GNUC__) || defined(__clang__)
#include <cpuid.h>
#else
#include <intrin.h>
#endif

#define CPUID_OSXSAVE (1U << 27) /* leaf 1, ECX: XGETBV returns what the system saves */
#define CPUID_AVX (1U << 28)
#define XCR0_YMM 6U /* it saves both halves of the wide registers */

int zero_is_wide;

/* ECX of CPUID's leaf 1. */
static unsigned processor_has(void)
{
#if defined(__GNUC__) || defined(__clang__)
    unsigned a, b, c = 0, d;
    return __get_cpuid(1, &a, &b, &c, &d) ? c : 0;
#else
    int registers[4];
    __cpuid(registers, 1);
    return (unsigned)registers[2];
#endif
}

static unsigned system_saves(void)
{
#if defined(__GNUC__) || defined(__clang__)
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
#else
    return (unsigned)_xgetbv(0);
#endif
}

void zero_attach(void)
{
    const unsigned needed = CPUID_OSXSAVE | CPUID_AVX;

    zero_is_wide = (processor_has() & needed) == needed && (system_saves() & XCR0_YMM) == XCR0_YMM;
}

#endif
