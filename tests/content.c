#include "content.h"

unsigned char content_byte(SIZE_T i, uint32_t seed)
{
    return (unsigned char)(seed * 31 + i * 7 + (i >> 8) * 13 + 1);
}

void content_fill(void *block, SIZE_T bytes, uint32_t seed)
{
    unsigned char *byte = block;

    for (SIZE_T i = 0; i < bytes; i++)
        byte[i] = content_byte(i, seed);
}

BOOL content_holds(const void *block, SIZE_T bytes, uint32_t seed)
{
    const unsigned char *byte = block;

    for (SIZE_T i = 0; i < bytes; i++)
        if (byte[i] != content_byte(i, seed))
            return FALSE;
    return TRUE;
}

BOOL content_is_zero(const void *block, SIZE_T bytes)
{
    const unsigned char *byte = block;

    for (SIZE_T i = 0; i < bytes; i++)
        if (byte[i] != 0)
            return FALSE;
    return TRUE;
}

uint32_t content_random(uint32_t *state)
{
    uint32_t x = *state;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}
