#include "base/report.h"

struct line {
    char text[384]; /* a path may be in it */
    unsigned length;
};

static void add(struct line *line, const char *text)
{
    while (*text && line->length < sizeof line->text - 3)
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

static void say(struct line *line, const char *file)
{
    line->text[line->length++] = '\r';
    line->text[line->length++] = '\n';
    line->text[line->length] = 0;
    if (!file || !os_append(file, line->text, line->length))
        os_debug_line(line->text);
}

void report_unknown_option(const char *word)
{
    struct line line = {.length = 0};

    add(&line, "Nmapi: unknown or malformed word in NMAPI_OPTIONS: ");
    add(&line, word);
    say(&line, NULL);
}

void report_function(const char *subject, const char *what, const char *why)
{
    struct line line = {.length = 0};

    add(&line, "Nmapi: ");
    add(&line, subject);
    add(&line, what);
    add(&line, why);
    say(&line, NULL);
}

void report_expert(const char *file, const void *key, SIZE_T blocks, SIZE_T bytes, SIZE_T peak,
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
    say(&line, file);
    for (unsigned i = 0; i < count; i++) {
        line.length = 0;
        add(&line, "Nmapi:   ");
        add_address(&line, leaks[i].address);
        add(&line, "  ");
        add_number(&line, leaks[i].bytes, 10);
        add(&line, " bytes");
        say(&line, file);
    }
    if (count && count < blocks) {
        line.length = 0;
        add(&line, "Nmapi:   and ");
        add_number(&line, blocks - count, 10);
        add(&line, " more");
        say(&line, file);
    }
}
