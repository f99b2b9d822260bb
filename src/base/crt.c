/*
 * crt.c - the four functions that compilers call unasked, because no C runtime is linked.
 */
#include <intrin.h>
#include <stddef.h>

#if defined(_MSC_VER) && !defined(__clang__)
#pragma function(memcpy, memmove, memset, memcmp)
#endif

void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *left, const void *right, size_t bytes);

void *memcpy(void *to, const void *from, size_t bytes)
{
    __movsb(to, from, bytes);
    return to;
}

void *memset(void *to, int value, size_t bytes)
{
    __stosb(to, (unsigned char)value, bytes);
    return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
    volatile char *target = to;
    const volatile char *source = from;

    if ((size_t)(target - (const volatile char *)source) >= bytes)
        return memcpy(to, from, bytes);
    while (bytes--)
        target[bytes] = source[bytes];
    return to;
}

int memcmp(const void *left, const void *right, size_t bytes)
{
    const volatile unsigned char *l = left, *r = right;

    for (; bytes; bytes--, l++, r++)
        if (*l != *r)
            return *l - *r;
    return 0;
}
