#include "terminal.h"

#include <string.h>

#include "capture.h"
#include "say.h"

#include <netmon.h>
#pragma pack() /* some versions of netmon.h leave 1 in force */

enum { LINE_CHARS = 79, BAR_CHARS = 20, TEXT_CHARS = 24 };

typedef struct LINE {
    int length;
    int planned; /* where it would end if no cell were wider than its column */
    char text[LINE_CHARS + 1];
} LINE;

static BOOL terminal;      /* standard output is one */
static BOOL bar;           /* the cursor is behind a progress bar */
static LONG shown_percent; /* last; -1: none yet */
static DWORD shown_status;
static char shown_text[TEXT_CHARS + 1];
static LINE shown_heading;   /* of the table, if the last line was one of its rows, else empty */
static char shown_event[61]; /* the name above it */
static DWORD rows;

void terminal_begin(void)
{
    HANDLE output = GetStdHandle(STD_OUTPUT_HANDLE);
    DWORD mode;

    terminal = GetFileType(output) == FILE_TYPE_CHAR && GetConsoleMode(output, &mode);
    bar = FALSE;
    shown_percent = -1;
    shown_status = EXPERTSTATUS_INACTIVE;
    shown_text[0] = '\0';
    shown_heading.text[0] = '\0';
    rows = 0;
}

static void end_bar(void)
{
    if (bar)
        say("\r%79s\r", "");
    bar = FALSE;
    shown_percent = -1;
}

void terminal_end(void)
{
    char number[32], line[96];

    if (rows > TERMINAL_ROWS) {
        wsprintfA(line, "... and %s events more; --csv=FILE has them all",
                  say_number(rows - TERMINAL_ROWS, number));
        terminal_line(line);
    }
    end_bar();
}

void terminal_line(const char *text)
{
    end_bar();
    say("   %.255s\n", text);
    shown_heading.text[0] = '\0';
}

static const char *status_name(DWORD status)
{
    static const char *const names[] = {"inactive", "starting", "running",
                                        "problem",  "aborted",  "done"};
    return status < sizeof names / sizeof *names ? names[status] : "unknown";
}

static void draw_bar(const STATUS_FACTS *facts)
{
    char cells[BAR_CHARS + 1], rate[32];

    for (int cell = 0; cell < BAR_CHARS; cell++)
        cells[cell] = facts->percent * BAR_CHARS / 100 > cell ? '#' : '.';
    cells[BAR_CHARS] = '\0';
    DWORD time = facts->milliseconds != 0 ? facts->milliseconds : 1;
    say_number(facts->frames * 1000 / time, rate);
    /* Padded, to cover a longer text. */
    say("\r [%s] %3ld%% %-8s %-12.12s/s %-24.24s", cells, facts->percent,
        status_name(facts->status), rate, facts->text);
    bar = TRUE;
}

void terminal_status(const STATUS_FACTS *facts)
{
    BOOL news = facts->status != shown_status ||
                (facts->text[0] != '\0' && strncmp(facts->text, shown_text, TEXT_CHARS) != 0);

    if (terminal && (news || facts->percent != shown_percent)) {
        draw_bar(facts);
    } else if (!terminal && news) {
        say("   status: %s, %ld%%%s%.36s\n", status_name(facts->status), facts->percent,
            facts->text[0] != '\0' ? ": " : "", facts->text);
        shown_heading.text[0] = '\0';
    }
    shown_status = facts->status;
    shown_percent = facts->percent;
    lstrcpynA(shown_text, facts->text, sizeof shown_text);
}

/* Appends two blanks and a cell, to the right for a positive width, to the left for a negative one.
   After a cell that is too wide the next ones come back to their columns as soon as they can. */
static void add_cell(LINE *line, const char *text, int width)
{
    int length = lstrlenA(text);
    int start = line->length + 2, end;

    line->planned += 2 + (width < 0 ? -width : width);
    if (width > 0 && line->planned - length > start)
        start = line->planned - length;
    end = start + length;
    if (width < 0 && line->planned > end)
        end = line->planned;
    for (int column = line->length; column < end && column < LINE_CHARS; column++)
        line->text[column] =
            column < start || column >= start + length ? ' ' : text[column - start];
    line->length = end < LINE_CHARS ? end : LINE_CHARS;
    line->text[line->length] = '\0';
}

const char *terminal_severity(DWORD severity)
{
    static const char *const severities[] = {"info",  "warning", "strong",
                                             "error", "severe",  "critical"};
    return severity < sizeof severities / sizeof *severities ? severities[severity] : "unknown";
}

/* The year is that of a capture's start at most, if it is there at all: an expert that fills it in
   tells a date. */
const char *terminal_time(const EVENT_ROW *row, char text[TERMINAL_TIME])
{
    const SYSTEMTIME *time = &row->time;

    text[0] = '\0';
    if (time->wYear >= 1970 && time->wYear < 10000) {
        wsprintfA(text, "%04u-%02u-%02u %02u:%02u:%02u.%03u", time->wYear, time->wMonth % 100,
                  time->wDay % 100, time->wHour % 100, time->wMinute % 100, time->wSecond % 100,
                  time->wMilliseconds % 1000);
    } else if ((time->wHour | time->wMinute | time->wSecond | time->wMilliseconds) != 0) {
        DWORD seconds = (time->wHour * 60u + time->wMinute) * 60u + time->wSecond;
        wsprintfA(text, "%lu.%03u", seconds, time->wMilliseconds % 1000);
    } else if (row->frame != CAPTURE_NO_FRAME) {
        ULONGLONG offset = (ULONGLONG)(row->offset < 0 ? -row->offset : row->offset);
        ULONGLONG seconds = offset / 1000000;
        wsprintfA(text, "%s%lu.%06lu", row->offset < 0 ? "-" : "", (DWORD)seconds,
                  (DWORD)(offset % 1000000));
    }
    return text;
}

void terminal_event(const EVENT_ROW *row)
{
    LINE heading = {1, 1, " "}, line = {1, 1, " "};
    char time[TERMINAL_TIME], number[16];

    if (++rows > TERMINAL_ROWS)
        return;
    const char *event = message_string(row, message_string(row, NULL)); /* behind the source */
    const char *description = message_string(row, event);
    if (!(row->flags & NMEVENTFLAG_DO_NOT_DISPLAY_SEVERITY)) {
        add_cell(&heading, "Severity", -8);
        add_cell(&line, terminal_severity(row->severity), -8);
    }
    if (!(row->flags & NMEVENTFLAG_DO_NOT_DISPLAY_TIME) && terminal_time(row, time)[0] != '\0') {
        add_cell(&heading, "Time", 10);
        add_cell(&line, time, 10);
    }
    if (row->frame != CAPTURE_NO_FRAME) {
        wsprintfA(number, "%lu", row->frame);
        add_cell(&heading, "Frame", 7);
        add_cell(&line, number, 7);
    }
    const char *name = message_string(row, description);
    for (DWORD column = 0; column < row->columns; column++) {
        const char *value = message_string(row, name);
        int width = *value == 'r' ? 8 : -15;
        int name_length = lstrlenA(name);
        add_cell(&heading, name, width);
        if (width > 0 && width < name_length)
            width = name_length;
        else if (width < 0 && -width < name_length)
            width = -name_length;
        add_cell(&line, value + (*value != '\0'), width);
        name = message_string(row, value);
    }
    if (description[0] != '\0' && !(row->flags & NMEVENTFLAG_DO_NOT_DISPLAY_DESCRIPTION)) {
        add_cell(&heading, "Description", -11);
        add_cell(&line, description, -11);
    }

    end_bar();
    if (strcmp(heading.text, shown_heading.text) != 0 ||
        strncmp(event, shown_event, sizeof shown_event - 1) != 0) {
        if (!(row->flags & NMEVENTFLAG_DO_NOT_DISPLAY_EVENT_NAME) && event[0] != '\0')
            say("   event: %.60s\n", event);
        say("%s\n", heading.text);
        shown_heading = heading;
        lstrcpynA(shown_event, event, sizeof shown_event);
    }
    say("%s\n", line.text);
}
