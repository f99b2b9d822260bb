#include "viewer.h"

#include <string.h>

#include "say.h"

enum { LINE_CHARS = 79, CELL_CHARS = 64, BAR_CHARS = 20, TEXT_CHARS = 36 };

typedef struct LINE {
    int length;
    char text[LINE_CHARS + 1];
} LINE;

static BOOL terminal;      /* standard output is one */
static BOOL bar;           /* the cursor is behind a progress bar */
static LONG shown_percent; /* last; -1: none yet */
static EXPERTSTATUSENUMERATION shown_status;
static char shown_text[TEXT_CHARS + 1];
static LINE shown_heading; /* of the table, if the last line was one of its rows, else empty */

void viewer_begin(void)
{
    HANDLE output = GetStdHandle(STD_OUTPUT_HANDLE);
    DWORD mode;

    terminal = GetFileType(output) == FILE_TYPE_CHAR && GetConsoleMode(output, &mode);
    bar = FALSE;
    shown_percent = -1;
    shown_status = EXPERTSTATUS_INACTIVE;
    shown_text[0] = '\0';
    shown_heading.text[0] = '\0';
}

void viewer_end(void)
{
    if (bar)
        say("\n");
    bar = FALSE;
}

static const char *status_name(EXPERTSTATUSENUMERATION status)
{
    static const char *const names[] = {"inactive", "starting", "running",
                                        "problem",  "aborted",  "done"};
    return (DWORD)status < sizeof names / sizeof *names ? names[status] : "unknown";
}

static void draw_bar(EXPERTSTATUSENUMERATION status, const char *text, LONG percent)
{
    char cells[BAR_CHARS + 1];

    for (int cell = 0; cell < BAR_CHARS; cell++)
        cells[cell] = percent * BAR_CHARS / 100 > cell ? '#' : '.';
    cells[BAR_CHARS] = '\0';
    /* Padded, to cover a longer text. */
    say("\r   [%s] %3ld%% %-8s %-36.36s", cells, percent, status_name(status), text);
    bar = TRUE;
}

void viewer_status(EXPERTSTATUSENUMERATION status, const char *text, LONG percent)
{
    if (status == EXPERTSTATUS_DONE || percent > 100)
        percent = 100;
    if (percent < 0)
        percent = 0;
    if (text == NULL)
        text = "";

    BOOL news =
        status != shown_status || (*text != '\0' && strncmp(text, shown_text, TEXT_CHARS) != 0);
    if (terminal && (news || percent != shown_percent))
        draw_bar(status, text, percent);
    if (!terminal && news)
        say("   status: %s, %ld%%%s%.36s\n", status_name(status), percent, *text ? ": " : "", text);
    if (news)
        shown_heading.text[0] = '\0';
    shown_status = status;
    shown_percent = percent;
    lstrcpynA(shown_text, text, sizeof shown_text);
}

/* Appends two blanks and a cell, to the right for a positive width, to the left for a negative one. */
static void add_cell(LINE *line, const char *text, int width)
{
    int length = lstrlenA(text);
    int wanted = width < 0 ? -width : width;
    int before = width > length ? width - length : 0;
    int after = length < wanted && before == 0 ? wanted - length : 0;

    for (int column = -2 - before; column < length + after && line->length < LINE_CHARS; column++)
        line->text[line->length++] = column < 0 || column >= length ? ' ' : text[column];
    line->text[line->length] = '\0';
}

static void hexadecimal(char *text, const BYTE *bytes, int count)
{
    for (int index = 0; index < count; index++)
        text += wsprintfA(text, index == 0 ? "%02x" : "-%02x", bytes[index]);
}

/* wsprintf knows no fractions. */
static void fraction(char *text, double value)
{
    if (!(value > -2e9 && value < 2e9)) {
        lstrcpyA(text, "out of range");
        return;
    }
    LONG whole = (LONG)value;
    double rest = (value - (double)whole) * 100;
    wsprintfA(text, "%s%ld.%02ld", value < 0 ? "-" : "", whole < 0 ? -whole : whole,
              (LONG)(rest < 0 ? -rest : rest));
}

/* Writes the value and returns the column's width. */
static int value_text(const NMCOLUMNVARIANT *value, char text[CELL_CHARS])
{
    DWORD address = value->Value.IPAddrVal;

    switch (value->Type) {
    case NMCOLUMNTYPE_UINT8:
        wsprintfA(text, "%u", value->Value.Uint8Val);
        return 5;
    case NMCOLUMNTYPE_SINT8:
        wsprintfA(text, "%d", value->Value.Sint8Val);
        return 5;
    case NMCOLUMNTYPE_UINT16:
        wsprintfA(text, "%u", value->Value.Uint16Val);
        return 6;
    case NMCOLUMNTYPE_SINT16:
        wsprintfA(text, "%d", value->Value.Sint16Val);
        return 6;
    case NMCOLUMNTYPE_UINT32:
    case NMCOLUMNTYPE_FRAME:
        wsprintfA(text, "%lu", value->Value.Uint32Val);
        return 10;
    case NMCOLUMNTYPE_SINT32:
        wsprintfA(text, "%ld", value->Value.Sint32Val);
        return 10;
    case NMCOLUMNTYPE_FLOAT64:
    case NMCOLUMNTYPE_VARTIME: /* days since 1899-12-30 */
        fraction(text, value->Value.Float64Val);
        return 13;
    case NMCOLUMNTYPE_YESNO:
        lstrcpyA(text, value->Value.YesNoVal ? "yes" : "no");
        return -5;
    case NMCOLUMNTYPE_ONOFF:
        lstrcpyA(text, value->Value.OnOffVal ? "on" : "off");
        return -5;
    case NMCOLUMNTYPE_TRUEFALSE:
        lstrcpyA(text, value->Value.TrueFalseVal ? "true" : "false");
        return -5;
    case NMCOLUMNTYPE_MACADDR:
        hexadecimal(text, value->Value.MACAddrVal, 6);
        return -17;
    case NMCOLUMNTYPE_IPXADDR:
        hexadecimal(text, (const BYTE *)&value->Value.IPXAddrVal, 10);
        return -29;
    case NMCOLUMNTYPE_IPADDR: /* in the network's order */
        wsprintfA(text, "%lu.%lu.%lu.%lu", address & 255, address >> 8 & 255, address >> 16 & 255,
                  address >> 24);
        return -15;
    case NMCOLUMNTYPE_STRING:
        lstrcpynA(text, value->Value.pStringVal != NULL ? value->Value.pStringVal : "", CELL_CHARS);
        return -18;
    default:
        lstrcpyA(text, "?");
        return 5;
    }
}

void viewer_event(const NMEVENTDATA *event)
{
    static const char *const severities[] = {"info",  "warning", "strong",
                                             "error", "severe",  "critical"};
    LINE heading = {1, " "}, row = {1, " "};
    char text[CELL_CHARS];

    if (!(event->Flags & NMEVENTFLAG_DO_NOT_DISPLAY_SEVERITY)) {
        add_cell(&heading, "Severity", -8);
        add_cell(&row, event->Severity < 6 ? severities[event->Severity] : "unknown", -8);
    }
    for (int index = 0; index < event->NumColumns; index++) {
        const NMCOLUMNINFO *column = &event->Column[index];
        const char *name = column->szColumnName != NULL ? column->szColumnName : "";
        int width = value_text(&column->VariantData, text);
        add_cell(&heading, name, width);
        int name_length = lstrlenA(name);
        if (width > 0 && width < name_length)
            width = name_length;
        else if (width < 0 && -width < name_length)
            width = -name_length;
        add_cell(&row, text, width);
    }
    if (event->szDescription != NULL && !(event->Flags & NMEVENTFLAG_DO_NOT_DISPLAY_DESCRIPTION)) {
        add_cell(&heading, "Description", -11);
        add_cell(&row, event->szDescription, -11);
    }

    if (bar)
        say("\r%79s\r", "");
    bar = FALSE;
    shown_percent = -1;
    if (strcmp(heading.text, shown_heading.text) != 0) {
        if (!(event->Flags & NMEVENTFLAG_DO_NOT_DISPLAY_EVENT_NAME) && event->szEventName != NULL)
            say("   event: %.60s\n", event->szEventName);
        say("%s\n", heading.text);
        shown_heading = heading;
    }
    say("%s\n", row.text);
}
