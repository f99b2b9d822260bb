#include "format.h"

enum { FILE_HEADER = 24, RECORD_HEADER = 16 }; /* bytes */

static BOOL is_plausible(const FORMAT *format, VIEWS *views, ULONGLONG offset)
{
    const BYTE *header = view_at(&views->data, offset, RECORD_HEADER);

    if (header == NULL)
        return FALSE;
    DWORD fraction = format_dword(header + 4, format->swapped);
    DWORD stored = format_dword(header + 8, format->swapped);
    DWORD length = format_dword(header + 12, format->swapped);
    if (format->lengths_swapped || (format->lengths_may_be_swapped && stored > length)) {
        DWORD other = stored;
        stored = length;
        length = other;
    }
    return fraction < (format->nanoseconds ? 1000000000u : 1000000u) && stored <= length &&
           length != 0 && stored <= CAPTURE_MOST_STORED;
}

/* Two old variants have the normal magic number, but records with longer headers: the second record
   shows it. */
static const char *variant_of(const FORMAT *format, VIEWS *views)
{
    const BYTE *first = view_at(&views->data, FILE_HEADER, RECORD_HEADER);

    if (first == NULL)
        return NULL;
    ULONGLONG behind = FILE_HEADER + (ULONGLONG)format_dword(first + 8, format->swapped);
    if (behind + RECORD_HEADER >= format->size ||
        is_plausible(format, views, behind + RECORD_HEADER))
        return NULL;
    /* First: a shorter header also looks like a part of a longer one. */
    if (is_plausible(format, views, behind + 20))
        return "pcap as Nokia modified it, which is not read";
    if (is_plausible(format, views, behind + 24))
        return "pcap as Red Hat 6.1 modified it, which is not read";
    return NULL;
}

static BOOL has_magic(const BYTE *header, DWORD magic, FORMAT *format)
{
    for (int swapped = 0; swapped < 2; swapped++) {
        if (format_dword(header, swapped) == magic) {
            format->swapped = swapped;
            return TRUE;
        }
    }
    return FALSE;
}

BOOL pcap_open(FORMAT *format, VIEWS *views, ULONGLONG *position, const char **why)
{
    const BYTE *magic = view_at(&views->data, 0, 4);
    if (magic == NULL)
        return FALSE;
    format->kind = FORMAT_PCAP;
    if (has_magic(magic, 0xA1B2CD34, format)) {
        *why = "pcap as Kuznetzov's libpcap modified it, which is not read";
        return FALSE;
    }
    if (has_magic(magic, 0xA1B234CD, format)) {
        *why = "pcap of a reserved variant, which is not read";
        return FALSE;
    }
    if (has_magic(magic, 0xA12B3C4D, format)) {
        *why = "pcap as Navtel modified it, which is not read";
        return FALSE;
    }
    format->nanoseconds = has_magic(magic, 0xA1B23C4D, format);
    if (!format->nanoseconds && !has_magic(magic, 0xA1B2C3D4, format))
        return FALSE;

    const BYTE *header = view_at(&views->data, 0, FILE_HEADER);
    if (header == NULL) {
        *why = "pcap that ends within its header";
        return FALSE;
    }
    WORD major = format_word(header + 4, format->swapped);
    WORD minor = format_word(header + 6, format->swapped);
    format->lengths_swapped = (major == 2 && minor < 3) || (major == 543 && minor == 0);
    format->lengths_may_be_swapped = major == 2 && minor == 3;
    /* The upper half may tell of a checksum behind each frame. */
    format->media = format_media(format_dword(header + 20, format->swapped) & 0xFFFF);
    const char *variant = variant_of(format, views);
    if (variant != NULL) {
        *why = variant;
        return FALSE;
    }
    format->name = format->nanoseconds ? "pcap, nanoseconds" : "pcap";
    *position = FILE_HEADER;
    return TRUE;
}

FORMAT_RESULT pcap_read(const FORMAT *format, VIEWS *views, ULONGLONG position,
                        FORMAT_RECORD *record)
{
    record->offset = position;
    if (position == format->size)
        return FORMAT_END;
    const BYTE *header = view_at(&views->data, position, RECORD_HEADER);
    if (header == NULL)
        return FORMAT_TORN;

    ULONGLONG seconds = format_dword(header, format->swapped);
    ULONGLONG fraction = format_dword(header + 4, format->swapped);
    record->stored = format_dword(header + 8, format->swapped);
    record->length = format_dword(header + 12, format->swapped);
    if (format->lengths_swapped ||
        (format->lengths_may_be_swapped && record->stored > record->length)) {
        DWORD stored = record->length;
        record->length = record->stored;
        record->stored = stored;
    }
    record->data = position + RECORD_HEADER;
    if (record->stored > CAPTURE_MOST_STORED || record->stored > format->size - record->data)
        return FORMAT_TORN;
    record->next = record->data + record->stored;
    record->time =
        FORMAT_1970 + seconds * 10000000 + (format->nanoseconds ? fraction / 100 : fraction * 10);
    record->timed = TRUE;
    record->media = format->media;
    return FORMAT_FRAME;
}
