#include "comment.h"

enum {
    MOST = 1000,
    TEXT = sizeof((CAPTURE_COMMENT *)NULL)->text /* bytes that are kept, with the zero */
};

static CAPTURE_COMMENT comments[MOST];
static volatile LONG taken;        /* of them */
static DWORD netmon_offsets[MOST]; /* sorted: of the frames that have comments */
static DWORD netmon_comments;      /* the first ones of all */

/* As much as fits of a text in UTF-8, no character by half; control characters become blanks. */
static void keep_text(CAPTURE_COMMENT *comment, const char *text, DWORD bytes)
{
    DWORD length = bytes;

    if (length >= TEXT) {
        for (length = TEXT - 1; length > 0 && ((BYTE)text[length] & 0xC0) == 0x80; length--)
            continue;
    }
    for (DWORD index = 0; index < length; index++)
        comment->text[index] = (BYTE)text[index] < ' ' ? ' ' : text[index];
    comment->text[length] = '\0';
}

/* Of a text in UTF-16, which need not be aligned. */
static void keep_wide(CAPTURE_COMMENT *comment, const BYTE *from, DWORD bytes)
{
    WCHAR wide[TEXT];
    char text[3 * TEXT];
    DWORD count = 0;
    int length = 0;

    while (count < TEXT && count < bytes / 2 &&
           (wide[count] = format_word(from + (SIZE_T)2 * count, FALSE)) != 0)
        count++;
    if (count != 0)
        length = WideCharToMultiByte(CP_UTF8, 0, wide, (int)count, text, sizeof text, NULL, NULL);
    keep_text(comment, text, (DWORD)length);
}

void comment_begin(const FORMAT *format, VIEWS *views)
{
    DWORD position = 0, offset, bytes;
    ULONGLONG title;

    while (netmon_comments < MOST &&
           format_comment(format, views, &position, &offset, &title, &bytes)) {
        DWORD most = bytes < 2 * TEXT ? bytes : 2 * TEXT;
        const BYTE *from = view_at(&views->table, title, most);
        CAPTURE_COMMENT comment = {CAPTURE_NO_FRAME, ""};
        if (from != NULL)
            keep_wide(&comment, from, most);
        DWORD place = netmon_comments++;
        for (; place > 0 && netmon_offsets[place - 1] > offset; place--) {
            netmon_offsets[place] = netmon_offsets[place - 1];
            comments[place] = comments[place - 1];
        }
        netmon_offsets[place] = offset;
        comments[place] = comment;
    }
    taken = (LONG)netmon_comments;
}

static void match_netmon(DWORD number, ULONGLONG offset)
{
    DWORD low = 0, high = netmon_comments;

    while (low < high) {
        DWORD middle = low + (high - low) / 2;
        if (netmon_offsets[middle] < offset)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < netmon_comments && netmon_offsets[low] == offset; low++)
        comments[low].frame = number;
}

void comment_take(VIEWS *views, DWORD number, const FORMAT_RECORD *record)
{
    if (netmon_comments != 0)
        match_netmon(number, record->offset);
    if (record->comment_bytes == 0 || taken >= MOST)
        return;
    CAPTURE_COMMENT *comment = &comments[taken];
    DWORD bytes = record->comment_bytes < TEXT ? record->comment_bytes : TEXT;
    const BYTE *from = view_at(&views->data, record->comment, bytes);
    if (from == NULL)
        return;
    keep_text(comment, (const char *)from, bytes);
    comment->frame = number;
    InterlockedIncrement(&taken);
}

BOOL comment_get(DWORD index, CAPTURE_COMMENT *comment)
{
    if (index >= (DWORD)taken)
        return FALSE;
    *comment = comments[index];
    return TRUE;
}

void comment_forget(void)
{
    netmon_comments = 0;
    taken = 0;
}
