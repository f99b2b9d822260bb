#include "base/report.h"

#include <stdarg.h>

enum { LINE_CHARACTERS = 384 }; /* a path may be in it; what is longer is cut */

struct line {
    WCHAR text[LINE_CHARACTERS];
    unsigned length;
};

static void add(struct line *line, WCHAR character)
{
    if (line->length < LINE_CHARACTERS - 3)
        line->text[line->length++] = character;
}

static void add_text(struct line *line, const char *text)
{
    while (*text)
        add(line, (WCHAR)*text++);
}

/* At most twenty calls deep. NOLINTNEXTLINE(misc-no-recursion) */
static void add_number(struct line *line, SIZE_T value, unsigned base)
{
    if (value >= base)
        add_number(line, value / base, base);
    add(line, (WCHAR)("0123456789abcdef"[value % base]));
}

static void add_values(struct line *line, const char *format, va_list values)
{
    for (; *format; format++) {
        if (*format != '%') {
            add(line, (WCHAR)*format);
            continue;
        }
        switch (*++format) {
        case 's':
            add_text(line, va_arg(values, const char *));
            break;
        case 'w':
            for (const WCHAR *text = va_arg(values, const WCHAR *); *text; text++)
                add(line, *text);
            break;
        default:
            add_number(line, va_arg(values, SIZE_T), *format == 'x' ? 16 : 10);
        }
    }
}

/* It calls itself once, without a file. NOLINTNEXTLINE(misc-no-recursion) */
void report_line(const WCHAR *file, const char *format, ...)
{
    static volatile LONG refused; /* 1: the unusable file was reported */
    struct line line = {.length = 0};
    char bytes[LINE_CHARACTERS];
    va_list values;

    va_start(values, format);
    add_text(&line, "Nmapi: ");
    add_values(&line, format, values);
    va_end(values);
    line.text[line.length++] = '\r';
    line.text[line.length++] = '\n';
    line.text[line.length] = 0;
    for (unsigned i = 0; i < line.length; i++)
        bytes[i] = (char)line.text[i]; /* all ASCII */
    if (file && os_append(file, bytes, line.length))
        return;
    if (file && !atomic_swap(&refused, 1))
        report_line(NULL, "%w: the reports can't be written there", file);
    os_debug_line(line.text);
}
