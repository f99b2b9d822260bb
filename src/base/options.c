#include "base/options.h"

#include <string.h>

#include "base/report.h"

struct options options;
static WCHAR text[OPTIONS_TEXT];

static int is_separator(WCHAR c)
{
    return c == ' ' || c == ',' || c == '\t';
}

/* Whether a word begins with a name. If so, *rest is what follows. */
static int begins(WCHAR *word, const char *name, WCHAR **rest)
{
    while (*name)
        if (*word++ != (WCHAR)*name++)
            return 0;
    *rest = word;
    return 1;
}

static int is(WCHAR *word, const char *name)
{
    WCHAR *rest;
    return begins(word, name, &rest) && !*rest;
}

/* Reads 123, 64K, 16M or 2G; 0: it is not of this form, less than `least`, or does not fit. */
static int parse_bytes(const WCHAR *digits, SIZE_T least, SIZE_T *bytes)
{
    static const char units[] = "KMG";
    SIZE_T value = 0;
    unsigned shift = 0;

    if (*digits < '0' || *digits > '9')
        return 0;
    for (; *digits >= '0' && *digits <= '9'; digits++) {
        SIZE_T digit = (SIZE_T)(*digits - '0');
        if (value > ((SIZE_T)-1 - digit) / 10)
            return 0;
        value = value * 10 + digit;
    }
    for (unsigned i = 0; i < sizeof units - 1 && *digits; i++)
        if ((*digits & ~0x20) == units[i])
            shift = 10 * (i + 1);
    if ((*digits && (!shift || digits[1])) || value < least || value > (SIZE_T)-1 >> shift)
        return 0;
    *bytes = value << shift;
    return 1;
}

static void reject(const WCHAR *word)
{
    report_line(NULL, "unknown or malformed word in NMAPI_OPTIONS: %w", word);
}

static int accept(WCHAR *word)
{
    WCHAR *value;

    if (is(word, "reclaim=thread"))
        return options.reclaim_thread = 1;
    if (is(word, "pageheap"))
        return options.pageheap = 1;
    if (is(word, "strict"))
        return options.strict = 1;
    if (is(word, "report"))
        return options.report = 1;
    if (begins(word, "report=", &value) && *value) {
        options.report_file = value;
        return options.report = 1;
    }
    if (begins(word, "limit=", &value))
        return parse_bytes(value, 1, &options.limit);
    if (begins(word, "keep=", &value) && parse_bytes(value, 0, &options.keep))
        return options.keep_given = 1;
    if (begins(word, "original=", &value) && *value) {
        options.original = value;
        return 1;
    }
    return 0;
}

void options_read(void)
{
    DWORD length = os_environment(u"NMAPI_OPTIONS", text, OPTIONS_TEXT);
    WCHAR *at = text, *end;

    memset(&options, 0, sizeof options);
    if (length >= OPTIONS_TEXT) {
        reject(u"(more than 8,191 characters)");
        length = 0;
    }
    end = text + length;
    while (at < end) {
        WCHAR *word = at, *to = at; /* without its quotes */
        int quote = 0;
        /* A path may have spaces: report="C:\some folder\leaks.txt" */
        for (; at < end && (quote || !is_separator(*at)); at++) {
            if (*at == '"')
                quote = !quote;
            else
                *to++ = *at;
        }
        at++;
        *to = 0;
        if (*word && !accept(word))
            reject(word);
    }
}
