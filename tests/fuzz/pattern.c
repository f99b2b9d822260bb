#include "pattern.h"

#include <string.h>

#define WHOLE ((SIZE_T)16 << 10) /* blocks up to this size are checked completely */
#define EDGE ((SIZE_T)512)
#define STRIDE ((SIZE_T)8192 + 8)

static SIZE_T next(SIZE_T at, SIZE_T bytes)
{
    return bytes > WHOLE && at >= EDGE && at + STRIDE + EDGE < bytes ? at + STRIDE : at + 8;
}

static uint64_t word(SIZE_T at, uint32_t seed)
{
    return ((uint64_t)seed << 33 | 1) * 0x9E3779B97F4A7C15ULL +
           (uint64_t)at * 0x0101010701010103ULL;
}

static int is(const char *at, SIZE_T bytes, uint64_t value)
{
    uint64_t found;

    if (bytes < sizeof found)
        return memcmp(at, &value, bytes) == 0;
    memcpy(&found, at, sizeof found);
    return found == value;
}

void pattern_fill(void *block, SIZE_T bytes, uint32_t seed)
{
    for (SIZE_T at = 0; at < bytes; at = next(at, bytes)) {
        uint64_t value = word(at, seed);
        memcpy((char *)block + at, &value, bytes - at < sizeof value ? bytes - at : sizeof value);
    }
}

int pattern_holds(const void *block, SIZE_T bytes, SIZE_T end, uint32_t seed)
{
    for (SIZE_T at = 0; at < end; at = next(at, bytes))
        if (!is((const char *)block + at, end - at, word(at, seed)))
            return 0;
    return 1;
}

int pattern_is_zero(const void *block, SIZE_T begin, SIZE_T end)
{
    SIZE_T bytes = end > begin ? end - begin : 0;

    for (SIZE_T at = 0; at < bytes; at = next(at, bytes))
        if (!is((const char *)block + begin + at, bytes - at, 0))
            return 0;
    return 1;
}
