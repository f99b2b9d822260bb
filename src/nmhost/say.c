#include "say.h"

#include <stdarg.h>

void say(const char *format, ...)
{
    char text[1025];
    va_list arguments;

    va_start(arguments, format);
    int length = wvsprintfA(text, format, arguments);
    va_end(arguments);
    if (length > 0) {
        DWORD written;
        (void)WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), text, (DWORD)length, &written, NULL);
    }
}

const char *say_number(ULONGLONG number, char text[32])
{
    char digits[32], *digit = digits + sizeof digits;
    int count = 0;

    *--digit = '\0';
    do {
        if (count > 0 && count % 3 == 0)
            *--digit = ',';
        *--digit = (char)('0' + number % 10);
        number /= 10;
        count++;
    } while (number != 0);
    lstrcpyA(text, digit);
    return text;
}
