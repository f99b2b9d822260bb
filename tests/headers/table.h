/*
 * table.h - rows of text in the object file, for CMake to read: no program has to run.
 *
 * Included by what make_table.cmake makes, with NETMON_HEADER naming the header to look at.
 */
#include <windows.h>

#include <stddef.h>

#include NETMON_HEADER

#define NIBBLE(value, shift) ((int)(((unsigned long long)(value) >> (shift)) & 15))
#define DIGIT(value, shift)                                                                        \
    (char)(NIBBLE(value, shift) < 10 ? '0' + NIBBLE(value, shift) : 'a' - 10 + NIBBLE(value, shift))
#define BYTE_DIGITS(value, shift) DIGIT(value, (shift) + 4), DIGIT(value, shift)

/* "ROW name=value", the value as 16 hexadecimal digits, in a line of its own whatever precedes
   it. */
#define ROW(id, name, value)                                                                       \
    extern const struct row_##id {                                                                 \
        char text[sizeof("\nROW " name "=") - 1];                                                  \
        char digits[16];                                                                           \
        char end;                                                                                  \
    } row_##id;                                                                                    \
    const struct row_##id row_##id = {"\nROW " name "=",                                           \
                                      {BYTE_DIGITS(value, 56), BYTE_DIGITS(value, 48),             \
                                       BYTE_DIGITS(value, 40), BYTE_DIGITS(value, 32),             \
                                       BYTE_DIGITS(value, 24), BYTE_DIGITS(value, 16),             \
                                       BYTE_DIGITS(value, 8), BYTE_DIGITS(value, 0)},              \
                                      '\n'};

#define TEXT_ROW(id, line)                                                                         \
    extern const char text_##id[];                                                                 \
    const char text_##id[] = line;

#undef TEXT /* windows.h's */
#define TEXT(id, name, value) TEXT_ROW(id, "\nROW " name "=" value "\n")
#define ABSENT(id, name) TEXT_ROW(id, "\nROW " name " is absent\n")

/* "BITS type.member", 64 bytes long, then 64 bytes in which the member's bits alone are set. */
#define BITS(id, type, member, name, width)                                                        \
    extern const struct bits_##id {                                                                \
        char text[64];                                                                             \
        union {                                                                                    \
            type value;                                                                            \
            unsigned char bytes[64];                                                               \
        } content;                                                                                 \
    } bits_##id;                                                                                   \
    const struct bits_##id bits_##id = {"BITS " name, {.value = {.member = (1u << (width)) - 1}}};

/* The member's type, not only its size. */
#define MEMBER(type, member, member_type)                                                          \
    _Static_assert(                                                                                \
        __builtin_types_compatible_p(__typeof__(((type *)0)->member), __typeof__(member_type)),    \
        "type of " #type "." #member);
