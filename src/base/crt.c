/*
 * crt.c - the four functions that compilers call unasked, because no C runtime is linked.
 */
#include <stddef.h>

#if defined(_MSC_VER) && !defined(__clang__)
#pragma function(memcpy, memmove, memset, memcmp)
#endif

void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *left, const void *right, size_t bytes);

#if defined(__GNUC__) || defined(__clang__)
/* Not the intrinsics: clang makes a call of memset of __stosb. */
void *memcpy(void *to, const void *from, size_t bytes)
{
    void *result = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
    return result;
}

void *memset(void *to, int value, size_t bytes)
{
    void *result = to;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(value) : "memory");
    return result;
}
#else
#include <intrin.h>

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
#endif

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
