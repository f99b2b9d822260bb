#include "message.h"

/* It ends, and moves no cursor. */
static BOOL is_text(const char *text, DWORD bytes)
{
    for (DWORD index = 0; index < bytes; index++) {
        if ((BYTE)text[index] < ' ')
            return text[index] == '\0';
    }
    return FALSE;
}

#define IS_TEXT(array) is_text(array, sizeof(array))

static BOOL check_event(const EVENT_ROW *row, DWORD bytes)
{
    DWORD strings = 0;

    if (bytes < EVENT_ROW_BYTES(0) || row->text_bytes != bytes - EVENT_ROW_BYTES(0) ||
        row->columns > 255)
        return FALSE;
    for (DWORD index = 0; index < row->text_bytes; index++) {
        if (row->text[index] == '\0')
            strings++;
        else if ((BYTE)row->text[index] < ' ')
            return FALSE;
    }
    return row->text_bytes != 0 && row->text[row->text_bytes - 1] == '\0' &&
           strings == 3 + 2 * row->columns;
}

BOOL message_check(DWORD kind, const MESSAGE_DATA *data, DWORD bytes)
{
    switch (kind) {
    case MESSAGE_EXPERT:
        return bytes == sizeof data->expert && IS_TEXT(data->expert.name) &&
               IS_TEXT(data->expert.vendor) && IS_TEXT(data->expert.description);
    case MESSAGE_RUN:
        return bytes == 0;
    case MESSAGE_STATUS:
        return bytes == sizeof data->status && IS_TEXT(data->status.text) &&
               data->status.percent >= 0 && data->status.percent <= 100;
    case MESSAGE_EVENT:
        return check_event(&data->event, bytes);
    case MESSAGE_NOTE:
        return bytes <= sizeof data->note && is_text(data->note, bytes);
    case MESSAGE_CAPTURE:
        return bytes == sizeof data->capture && IS_TEXT(data->capture.format);
    case MESSAGE_COMMENT:
        return bytes == sizeof data->comment && IS_TEXT(data->comment.text);
    case MESSAGE_RESULT:
        return bytes == sizeof data->result && data->result.outcome < OUTCOMES;
    default:
        return FALSE;
    }
}

const char *message_string(const EVENT_ROW *row, const char *text)
{
    return text == NULL ? row->text : text + lstrlenA(text) + 1;
}
