#include "output.h"

BOOL output_open(OUTPUT *output, const char *path)
{
    output->used = 0;
    output->failed = FALSE;
    output->file =
        CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (output->file == INVALID_HANDLE_VALUE)
        output->file = NULL;
    return output->file != NULL;
}

static void flush(OUTPUT *output)
{
    DWORD written;

    if (!WriteFile(output->file, output->buffer, output->used, &written, NULL) ||
        written != output->used)
        output->failed = TRUE;
    output->used = 0;
}

void output_character(OUTPUT *output, char letter)
{
    if (output->used == sizeof output->buffer)
        flush(output);
    output->buffer[output->used++] = letter;
}

void output_text(OUTPUT *output, const char *text)
{
    for (; *text != '\0'; text++)
        output_character(output, *text);
}

void output_number(OUTPUT *output, ULONGLONG number)
{
    char digits[24], *digit = digits + sizeof digits;

    *--digit = '\0';
    do {
        *--digit = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    output_text(output, digit);
}

BOOL output_close(OUTPUT *output)
{
    if (output->file == NULL)
        return TRUE;
    flush(output);
    CloseHandle(output->file);
    output->file = NULL;
    return !output->failed;
}
