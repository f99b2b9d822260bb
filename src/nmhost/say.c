#include "say.h"

#include <stdarg.h>
#include <windows.h>

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
