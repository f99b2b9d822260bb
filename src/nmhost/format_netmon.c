#include <string.h>

#include "format.h"

/* Bytes of the header that are defined, and with what some writers keep free behind them. */
enum { FILE_HEADER = 72, LONG_HEADER = 128 };

/* Media types of single entries, from 2.1 on. */
enum { MEDIA_LINK = 0xE000, MEDIA_NO_PACKET = 0xFFE0 };

static FORMAT_PART part_at(const BYTE *at)
{
    FORMAT_PART part = {format_dword(at, FALSE), format_dword(at + 4, FALSE)};
    return part;
}

/* A SYSTEMTIME in 100 ns since 1601; 0 if it is none. */
static ULONGLONG time_of(const BYTE *at)
{
    static const WORD days_before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    WORD field[8];

    for (DWORD index = 0; index < 8; index++)
        field[index] = format_word(at + (SIZE_T)2 * index, FALSE);
    DWORD year = field[0], month = field[1], day = field[3];
    if (year < 1601 || year > 30827 || month < 1 || month > 12 || day < 1 || day > 31 ||
        field[4] > 23 || field[5] > 59 || field[6] > 59 || field[7] > 999)
        return 0;
    BOOL leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    DWORD past = year - 1601;
    ULONGLONG days = past * 365ull + past / 4 - past / 100 + past / 400 + days_before[month - 1] +
                     (leap && month > 2 ? 1 : 0) + day - 1;
    return ((((days * 24 + field[4]) * 60 + field[5]) * 60 + field[6]) * 1000 + field[7]) * 10000;
}

static BOOL at_least(const FORMAT *format, BYTE minor)
{
    return format->major == 2 && format->minor >= minor;
}

/* Where the first frame lies if no table says so: behind what is zero in a long header. */
static ULONGLONG first_frame(VIEWS *views)
{
    const BYTE *rest = view_at(&views->data, FILE_HEADER, LONG_HEADER - FILE_HEADER);

    if (rest == NULL)
        return FILE_HEADER;
    for (DWORD index = 0; index < LONG_HEADER - FILE_HEADER; index++) {
        if (rest[index] != 0)
            return FILE_HEADER;
    }
    return LONG_HEADER;
}

BOOL netmon_open(FORMAT *format, VIEWS *views, ULONGLONG *position, const char **why)
{
    static const char *const names[] = {"Network Monitor 2.0", "Network Monitor 2.1",
                                        "Network Monitor 2.2", "Network Monitor 2.3"};

    const BYTE *header = view_at(&views->data, 0, FILE_HEADER);
    if (header == NULL) {
        *why = "a Network Monitor capture that ends within its header";
        return FALSE;
    }
    format->kind = FORMAT_NETMON;
    format->minor = header[4];
    format->major = header[5];
    if (format->major != (memcmp(header, "RTSS", 4) == 0 ? 1 : 2)) {
        *why = "a Network Monitor capture of a version that is not known";
        return FALSE;
    }
    format->name =
        format->major == 1 ? "Network Monitor 1.x" : names[format->minor < 3 ? format->minor : 3];
    format->media = format_word(header + 6, FALSE);
    format->start = time_of(header + 8);
    format->table = part_at(header + 24);
    if (at_least(format, 2)) /* before, this may be anything */
        format->comments = part_at(header + 40);
    BOOL unwritten = format->table.offset < FILE_HEADER; /* the writer was ended before */
    if (unwritten)
        format->table.offset = MAXDWORD;
    format->cut =
        unwritten || (format->table.bytes > 0 &&
                      (ULONGLONG)format->table.offset + format->table.bytes > format->size);
    *position = format->cut ? first_frame(views) : 0;
    return TRUE;
}

static WORD media_of(WORD media)
{
    if (media >= MEDIA_NO_PACKET)
        return CAPTURE_NO_PACKET;
    if (media >= MEDIA_LINK)
        return format_media(media - MEDIA_LINK);
    return media;
}

/* How many bytes follow a frame's. */
static DWORD trailer_bytes(const FORMAT *format)
{
    return at_least(format, 3) ? 15 : at_least(format, 2) ? 6 : at_least(format, 1) ? 2 : 0;
}

/* Reads the frame at record->offset. FALSE: it is not whole, or none. */
static BOOL read_frame(const FORMAT *format, VIEW *view, FORMAT_RECORD *record)
{
    DWORD header_bytes = format->major == 1 ? 8 : 16, bytes = trailer_bytes(format);

    const BYTE *header = view_at(view, record->offset, header_bytes);
    if (header == NULL)
        return FALSE;
    if (format->major == 1) {
        record->time = format->start + format_dword(header, FALSE) * 10000ull;
        record->length = format_word(header + 4, FALSE);
        record->stored = format_word(header + 6, FALSE);
    } else { /* modulo 2^64: a negative one goes back */
        record->time = format->start + format_qword(header, FALSE) * 10;
        record->length = format_dword(header + 8, FALSE);
        record->stored = format_dword(header + 12, FALSE);
    }
    record->timed = TRUE;
    record->media = media_of(format->media);
    record->data = record->offset + header_bytes;
    if (record->stored > CAPTURE_MOST_STORED || record->stored > format->size - record->data)
        return FALSE;
    if (bytes == 0)
        return TRUE;
    const BYTE *trailer = view_at(view, record->data + record->stored, bytes);
    if (trailer == NULL)
        return FALSE;
    record->media = media_of(format_word(trailer, FALSE));
    if (bytes == 15 && format_qword(trailer + 6, FALSE) != 0)
        record->time = format_qword(trailer + 6, FALSE);
    return TRUE;
}

/* The frame behind the one before it. What looks like none is where the frames end: they are never
   known to be complete. */
static FORMAT_RESULT read_next(const FORMAT *format, VIEWS *views, ULONGLONG position,
                               FORMAT_RECORD *record)
{
    record->offset = position;
    if (position >= format->table.offset || !read_frame(format, &views->data, record) ||
        record->stored == 0 || record->stored > record->length)
        return FORMAT_TORN;
    record->next = record->data + record->stored + trailer_bytes(format);
    return record->next <= format->table.offset ? FORMAT_FRAME : FORMAT_TORN;
}

FORMAT_RESULT netmon_read(const FORMAT *format, VIEWS *views, ULONGLONG position,
                          FORMAT_RECORD *record)
{
    if (format->cut)
        return read_next(format, views, position, record);
    record->offset = format->table.offset + position * 4;
    if (position >= format->table.bytes / 4)
        return FORMAT_END;
    const BYTE *entry = view_at(&views->table, record->offset, 4);
    if (entry == NULL)
        return FORMAT_TORN;
    record->offset = format_dword(entry, FALSE);
    record->next = position + 1;
    return read_frame(format, &views->data, record) ? FORMAT_FRAME : FORMAT_TORN;
}

BOOL format_comment(const FORMAT *format, VIEWS *views, DWORD *position, DWORD *frame_offset,
                    ULONGLONG *title, DWORD *title_bytes)
{
    ULONGLONG start = format->comments.offset;
    DWORD bytes = format->comments.bytes;

    if (format->kind != FORMAT_NETMON || *position > bytes || bytes - *position < 12)
        return FALSE;
    const BYTE *header = view_at(&views->table, start + *position, 12);
    if (header == NULL)
        return FALSE;
    DWORD left = bytes - *position - 12;
    *frame_offset = format_dword(header + 4, FALSE);
    *title_bytes = format_dword(header + 8, FALSE);
    *title = start + *position + 12;
    if (*title_bytes > left || left - *title_bytes < 4)
        return FALSE;
    const BYTE *description = view_at(&views->table, *title + *title_bytes, 4);
    if (description == NULL)
        return FALSE;
    left -= *title_bytes + 4;
    DWORD description_bytes = format_dword(description, FALSE);
    if (description_bytes > left)
        description_bytes = left;
    *position = bytes - (left - description_bytes);
    return TRUE;
}
