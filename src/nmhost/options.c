#include "options.h"

#include <string.h>

#include "capture.h"
#include "say.h"

enum { MOST_SECONDS = 24 * 60 * 60, NAME_CHARS = 128 };
#define DEFAULT_MEMORY ((SIZE_T)512 << 20)

static char paths[OPTIONS_PATHS];
static DWORD paths_used;
static char startup_text[NAME_CHARS]; /* cut into pieces */

void options_help(void)
{
    say("nmhost [OPTION ...] CAPTURE ... EXPERT.dll ...\n"
        "nmhost --list EXPERT.dll ...\n\n"
        "Runs each Network Monitor expert over each capture (pcap, pcapng, Network\n"
        "Monitor 1.x and 2.x). A folder stands for the captures and the DLLs in it.\n\n"
        "  --list                what each expert is, without running it\n"
        "  --csv=FILE            the events as comma-separated values\n"
        "  --html=FILE           a page of the events, and what each expert took\n"
        "  --filter=EXPRESSION   a display filter, for experts that ask for it:\n"
        "                        \"TCP.Source Port == 80 or not IP\"\n"
        "  --frames=A-B          only these frames, numbered from 0\n"
        "  --startup=FRAME[:PROTOCOL[.PROPERTY[.BIT]]]\n"
        "                        what the user looks at\n");
    say("  --configure           call the expert's dialog first, and keep what it says\n"
        "  --config=FILE         there, not in CAPTURE.EXPERT.config\n"
        "  --time-limit=SECONDS  for each expert; then it is told to stop, then killed\n"
        "  --memory-limit=MIB    for each expert: 512 unless told otherwise\n"
        "  --in-process          no process of its own for each expert\n"
        "  --alone               without the functions that nmhost supplies\n\n"
        "Exit status: 0 all experts returned, 1 one failed, was stopped or killed,\n"
        "2 usage, or no capture.\n");
}

/* A decimal number up to most; FALSE: it is none. *text moves behind it. */
static BOOL parse_number(const char **text, DWORD most, DWORD *number)
{
    ULONGLONG value = 0;
    const char *start = *text;

    for (; **text >= '0' && **text <= '9'; ++*text) {
        value = value * 10 + (DWORD)(**text - '0');
        if (value > most)
            return FALSE;
    }
    *number = (DWORD)value;
    return *text != start;
}

static BOOL parse_whole(const char *text, DWORD most, DWORD *number)
{
    return parse_number(&text, most, number) && *text == '\0';
}

static BOOL parse_frames(const char *text, OPTIONS *options)
{
    if (!parse_number(&text, CAPTURE_NO_FRAME - 2, &options->first_frame) || *text++ != '-')
        return FALSE;
    if (*text == '\0') /* up to the end */
        return TRUE;
    return parse_whole(text, CAPTURE_NO_FRAME - 2, &options->last_frame) &&
           options->first_frame <= options->last_frame;
}

/* FRAME[:PROTOCOL[.PROPERTY[.BIT]]] */
static BOOL parse_startup(const char *text, STARTUP *startup)
{
    DWORD bit;

    startup->given = TRUE;
    if (!parse_number(&text, CAPTURE_NO_FRAME - 2, &startup->frame))
        return FALSE;
    if (*text == '\0')
        return TRUE;
    if (*text++ != ':' || *text == '\0' || lstrlenA(text) >= NAME_CHARS)
        return FALSE;
    lstrcpyA(startup_text, text);
    startup->protocol = startup_text;
    char *dot = strchr(startup_text, '.');
    if (dot == NULL)
        return TRUE;
    *dot = '\0';
    startup->property = dot + 1;
    dot = strchr(dot + 1, '.');
    if (dot == NULL)
        return startup->property[0] != '\0';
    *dot = '\0';
    if (!parse_whole(dot + 1, 63, &bit))
        return FALSE;
    startup->bit = (int)bit;
    return TRUE;
}

/* Hexadecimal. */
static BOOL parse_handle(const char *text, ULONG_PTR *handle)
{
    ULONG_PTR value = 0;

    for (; *text != '\0'; text++) {
        if (*text >= '0' && *text <= '9')
            value = value << 4 | (ULONG_PTR)(*text - '0');
        else if (*text >= 'a' && *text <= 'f')
            value = value << 4 | (ULONG_PTR)(*text - 'a' + 10);
        else
            return FALSE;
    }
    *handle = value;
    return value != 0;
}

static BOOL parse_value(const char *name, const char *value, OPTIONS *options)
{
    DWORD number;

    if (lstrcmpA(name, "csv") == 0)
        options->csv = value;
    else if (lstrcmpA(name, "html") == 0)
        options->html = value;
    else if (lstrcmpA(name, "filter") == 0)
        options->filter = value;
    else if (lstrcmpA(name, "config") == 0)
        options->config = value;
    else if (lstrcmpA(name, "frames") == 0)
        return parse_frames(value, options);
    else if (lstrcmpA(name, "startup") == 0)
        return parse_startup(value, &options->startup);
    else if (lstrcmpA(name, "pipe") == 0)
        return parse_handle(value, &options->pipe);
    else if (lstrcmpA(name, "parent") == 0)
        return parse_handle(value, &options->parent);
    else if (lstrcmpA(name, "time-limit") == 0) {
        if (!parse_whole(value, MOST_SECONDS, &number) || number == 0)
            return FALSE;
        options->time_limit = number * 1000;
    } else if (lstrcmpA(name, "memory-limit") == 0) {
        if (!parse_whole(value, sizeof(void *) == 8 ? 1 << 20 : 2048, &number) || number == 0)
            return FALSE;
        options->memory_limit = (SIZE_T)number << 20;
    } else
        return FALSE;
    return *value != '\0';
}

static BOOL parse_option(const char *argument, OPTIONS *options)
{
    static const struct {
        const char *name;
        SIZE_T offset; /* of a BOOL in OPTIONS */
    } flags[] = {{"--help", FIELD_OFFSET(OPTIONS, help)},
                 {"--list", FIELD_OFFSET(OPTIONS, list)},
                 {"--configure", FIELD_OFFSET(OPTIONS, configure)},
                 {"--in-process", FIELD_OFFSET(OPTIONS, in_process)},
                 {"--alone", FIELD_OFFSET(OPTIONS, alone)},
                 {"--first", FIELD_OFFSET(OPTIONS, first)}};
    char name[32];

    for (DWORD index = 0; index < sizeof flags / sizeof *flags; index++) {
        if (lstrcmpA(argument, flags[index].name) == 0) {
            *(BOOL *)((char *)options + flags[index].offset) = TRUE;
            return TRUE;
        }
    }
    const char *equals = strchr(argument, '=');
    if (equals == NULL || equals - argument - 2 >= (int)sizeof name)
        return FALSE;
    lstrcpynA(name, argument + 2, (int)(equals - argument - 1));
    return parse_value(name, equals + 1, options);
}

static BOOL ends_with(const char *path, const char *end)
{
    int length = lstrlenA(path), end_length = lstrlenA(end);
    return length >= end_length && lstrcmpiA(path + length - end_length, end) == 0;
}

static BOOL is_capture_name(const char *path)
{
    return ends_with(path, ".cap") || ends_with(path, ".pcap") || ends_with(path, ".pcapng");
}

/* Notes the file's absolute path as an expert or a capture. */
static BOOL add_file(const char *name, BOOL searched, OPTIONS *options)
{
    BOOL expert = ends_with(name, ".dll");
    char *path = paths + paths_used;

    DWORD length = GetFullPathNameA(name, OPTIONS_PATHS - paths_used, path, NULL);
    if (length == 0 || length >= OPTIONS_PATHS - paths_used || length >= MAX_PATH ||
        (expert ? options->experts : options->captures) == OPTIONS_FILES) {
        say("nmhost: too many files, or too long a path: %.200s\n", name);
        return FALSE;
    }
    paths_used += length + 1;
    if (expert) {
        options->searched[options->experts] = searched;
        options->expert[options->experts++] = path;
    } else {
        options->capture[options->captures++] = path;
    }
    return TRUE;
}

static void sort(const char **names, DWORD count)
{
    for (DWORD index = 1; index < count; index++) {
        const char *name = names[index];
        DWORD place = index;
        for (; place > 0 && lstrcmpiA(names[place - 1], name) > 0; place--)
            names[place] = names[place - 1];
        names[place] = name;
    }
}

static BOOL add_folder(const char *folder, OPTIONS *options)
{
    WIN32_FIND_DATAA found;
    char pattern[MAX_PATH], path[MAX_PATH];
    DWORD captures = options->captures, experts = options->experts;
    BOOL good = TRUE;

    if (lstrlenA(folder) > MAX_PATH - 4) {
        say("nmhost: too long a path: %.200s\n", folder);
        return FALSE;
    }
    wsprintfA(pattern, "%s\\*", folder);
    HANDLE search = FindFirstFileA(pattern, &found);
    if (search == INVALID_HANDLE_VALUE)
        return TRUE;
    do {
        BOOL wanted = ends_with(found.cFileName, ".dll") || is_capture_name(found.cFileName);
        if ((found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) || !wanted ||
            lstrcmpiA(found.cFileName, "Nmapi.dll") == 0 ||
            lstrlenA(folder) + lstrlenA(found.cFileName) + 2 > MAX_PATH)
            continue;
        wsprintfA(path, "%s\\%s", folder, found.cFileName);
        good = add_file(path, TRUE, options) && good;
    } while (FindNextFileA(search, &found));
    FindClose(search);
    sort(options->capture + captures, options->captures - captures);
    sort(options->expert + experts, options->experts - experts);
    return good;
}

static BOOL add_argument(const char *argument, OPTIONS *options)
{
    DWORD attributes = GetFileAttributesA(argument);

    if (attributes == INVALID_FILE_ATTRIBUTES) {
        say("nmhost: there is no %.200s\n", argument);
        return FALSE;
    }
    return attributes & FILE_ATTRIBUTE_DIRECTORY ? add_folder(argument, options)
                                                 : add_file(argument, FALSE, options);
}

BOOL options_parse(int argument_count, char **arguments, OPTIONS *options)
{
    memset(options, 0, sizeof *options);
    options->memory_limit = DEFAULT_MEMORY;
    options->last_frame = CAPTURE_NO_FRAME - 2;
    options->startup.bit = -1;
    paths_used = 0;
    for (int index = 1; index < argument_count; index++) {
        const char *argument = arguments[index];
        if (strncmp(argument, "--", 2) != 0) {
            if (!add_argument(argument, options))
                return FALSE;
        } else if (!parse_option(argument, options)) {
            say("nmhost: %.200s is no option, or has a value that it cannot have; nmhost --help\n",
                argument);
            return FALSE;
        }
    }
    if (options->help)
        return TRUE;
    const char *why = options->experts == 0                      ? "no expert"
                      : options->captures == 0 && !options->list ? "no capture"
                      : options->config != NULL && options->experts * options->captures > 1
                          ? "one --config is for one expert and one capture"
                          : NULL;
    if (why != NULL)
        say("nmhost: %s; nmhost --help\n", why);
    return why == NULL;
}

/*
 * A child's command line
 */

typedef struct LINE {
    char *text;
    DWORD used;
    DWORD characters;
} LINE;

static void put(LINE *line, char letter)
{
    if (line->used < line->characters)
        line->text[line->used++] = letter;
}

/* As the C runtime takes it apart again: backslashes count double before a quotation mark only. */
static void put_argument(LINE *line, const char *prefix, const char *value)
{
    DWORD slashes = 0;

    if (line->used != 0)
        put(line, ' ');
    put(line, '"');
    for (; *prefix != '\0'; prefix++)
        put(line, *prefix);
    for (;; value++) {
        if (*value == '\\') {
            slashes++;
            continue;
        }
        for (DWORD times = *value == '"' || *value == '\0' ? 2 * slashes : slashes; times > 0;
             times--)
            put(line, '\\');
        slashes = 0;
        if (*value == '\0')
            break;
        if (*value == '"')
            put(line, '\\');
        put(line, *value);
    }
    put(line, '"');
}

static void put_number(LINE *line, const char *prefix, ULONG_PTR number, BOOL hexadecimal)
{
    char digits[24], *digit = digits + sizeof digits;
    DWORD base = hexadecimal ? 16 : 10;

    *--digit = '\0';
    do {
        *--digit = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    put_argument(line, prefix, digit);
}

static void put_startup(LINE *line, const STARTUP *startup)
{
    char text[2 * NAME_CHARS], bit[8] = "";

    if (startup->bit >= 0)
        wsprintfA(bit, ".%d", startup->bit);
    wsprintfA(text, "%lu%s%s%s%s%s", startup->frame, startup->protocol != NULL ? ":" : "",
              startup->protocol != NULL ? startup->protocol : "",
              startup->property != NULL ? "." : "",
              startup->property != NULL ? startup->property : "", bit);
    put_argument(line, "--startup=", text);
}

BOOL options_command_line(const OPTIONS *options, const char *capture, const char *expert,
                          ULONG_PTR pipe, ULONG_PTR parent, BOOL first, char *text,
                          DWORD characters)
{
    LINE line = {text, 0, characters};

    put_argument(&line, "", "nmhost");
    put_number(&line, "--pipe=", pipe, TRUE);
    put_number(&line, "--parent=", parent, TRUE);
    put_number(&line, "--memory-limit=", options->memory_limit >> 20, FALSE);
    if (options->time_limit != 0)
        put_number(&line, "--time-limit=", options->time_limit / 1000, FALSE);
    if (options->filter != NULL)
        put_argument(&line, "--filter=", options->filter);
    if (options->config != NULL)
        put_argument(&line, "--config=", options->config);
    if (options->startup.given)
        put_startup(&line, &options->startup);
    if (options->first_frame != 0 || options->last_frame != CAPTURE_NO_FRAME - 2) {
        char range[32];
        wsprintfA(range, "%lu-%lu", options->first_frame, options->last_frame);
        put_argument(&line, "--frames=", range);
    }
    if (options->configure)
        put_argument(&line, "", "--configure");
    if (options->alone)
        put_argument(&line, "", "--alone");
    if (first)
        put_argument(&line, "", "--first");
    if (capture != NULL)
        put_argument(&line, "", capture);
    else
        put_argument(&line, "", "--list");
    put_argument(&line, "", expert);
    put(&line, '\0');
    return line.used < characters;
}
