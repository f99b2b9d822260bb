/*
 * digit.h - digits of numbers in text.
 */
#pragma once

/* The value of a decimal or hexadecimal digit; 16: it is none. */
static inline int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : 16;
}
