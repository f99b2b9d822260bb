#include "csv.h"

#include "capture.h"
#include "output.h"
#include "terminal.h"

static OUTPUT output;

BOOL csv_open(const char *path)
{
    if (!output_open(&output, path))
        return FALSE;
    output_text(&output, "Capture,Expert,Severity,Time,Frame,Event,Description,Columns\r\n");
    return TRUE;
}

static void put_quoted(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"')
            output_character(&output, '"');
        output_character(&output, *text);
    }
}

static void put_field(const char *text)
{
    output_character(&output, '"');
    put_quoted(text);
    output_text(&output, "\",");
}

void csv_event(const char *capture, const char *expert, const EVENT_ROW *row)
{
    char time[TERMINAL_TIME];

    if (output.file == NULL)
        return;
    const char *text = message_string(row, message_string(row, NULL)); /* behind the source */
    const char *description = message_string(row, text);
    put_field(capture);
    put_field(expert);
    put_field(terminal_severity(row->severity));
    put_field(terminal_time(row, time));
    if (row->frame != CAPTURE_NO_FRAME)
        output_number(&output, row->frame);
    output_character(&output, ',');
    put_field(text);
    put_field(description);
    const char *name = message_string(row, description);
    for (DWORD column = 0; column < row->columns; column++) {
        const char *value = message_string(row, name);
        output_text(&output, column == 0 ? "\"" : ",\"");
        put_quoted(name);
        output_character(&output, '=');
        put_quoted(value + (*value != '\0')); /* behind the side that it goes to */
        output_character(&output, '"');
        name = message_string(row, value);
    }
    output_text(&output, "\r\n");
}

BOOL csv_close(void)
{
    return output_close(&output);
}
