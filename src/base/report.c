#include "base/report.h"

enum { LINE_CHARACTERS = 384 }; /* a path may be in it */

struct line {
    WCHAR text[LINE_CHARACTERS];
    unsigned length;
};

static void add(struct line *line, const char *text)
{
    while (*text && line->length < LINE_CHARACTERS - 3)
        line->text[line->length++] = (WCHAR)*text++;
}

static void add_wide(struct line *line, const WCHAR *text)
{
    while (*text && line->length < LINE_CHARACTERS - 3)
        line->text[line->length++] = *text++;
}

static void add_number(struct line *line, SIZE_T value, unsigned base)
{
    char digits[24];
    unsigned at = sizeof digits - 1;

    digits[at] = 0;
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    add(line, digits + at);
}

static void add_address(struct line *line, const void *address)
{
    add(line, "0x");
    add_number(line, (SIZE_T)address, 16);
}

static void say(struct line *line)
{
    line->text[line->length++] = '\r';
    line->text[line->length++] = '\n';
    line->text[line->length] = 0;
    os_debug_line(line->text);
}

void report_unknown_option(const WCHAR *word)
{
    struct line line = {.length = 0};

    add(&line, "Nmapi: unknown or malformed word in NMAPI_OPTIONS: ");
    add_wide(&line, word);
    say(&line);
}

void report_function(const char *name, const char *why)
{
    struct line line = {.length = 0};

    add(&line, "Nmapi: ");
    add(&line, name);
    add(&line, ": not supported, ");
    add(&line, why);
    say(&line);
}

void report_path(const WCHAR *path, const char *problem)
{
    struct line line = {.length = 0};

    add(&line, "Nmapi: ");
    add_wide(&line, path);
    add(&line, problem);
    say(&line);
}

/* Writes a report's line, which is ASCII; to the debugger output if the file can't be written. */
static void say_to(struct line *line, const WCHAR *file)
{
    static volatile LONG refused; /* 1: the unusable file was reported */
    char bytes[LINE_CHARACTERS];

    for (unsigned i = 0; i < line->length; i++)
        bytes[i] = (char)line->text[i];
    bytes[line->length] = '\r';
    bytes[line->length + 1] = '\n';
    if (file && os_append(file, bytes, line->length + 2))
        return;
    if (file && !atomic_swap(&refused, 1))
        report_path(file, ": the reports can't be written there");
    say(line);
}

void report_expert(const WCHAR *file, const void *key, SIZE_T blocks, SIZE_T bytes, SIZE_T peak,
                   const struct report_leak *leaks, unsigned count)
{
    struct line line = {.length = 0};

    add(&line, "Nmapi: expert ");
    add_address(&line, key);
    add(&line, " leaked ");
    add_number(&line, blocks, 10);
    add(&line, blocks == 1 ? " block, " : " blocks, ");
    add_number(&line, bytes, 10);
    add(&line, " bytes (peak ");
    add_number(&line, peak, 10);
    add(&line, " bytes)");
    say_to(&line, file);
    for (unsigned i = 0; i < count; i++) {
        line.length = 0;
        add(&line, "Nmapi:   ");
        add_address(&line, leaks[i].address);
        add(&line, "  ");
        add_number(&line, leaks[i].bytes, 10);
        add(&line, " bytes");
        say_to(&line, file);
    }
    if (count && count < blocks) {
        line.length = 0;
        add(&line, "Nmapi:   and ");
        add_number(&line, blocks - count, 10);
        add(&line, " more");
        say_to(&line, file);
    }
}
