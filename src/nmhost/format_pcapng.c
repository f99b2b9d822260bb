#include "format.h"

enum {
    BLOCK_SECTION = 0x0A0D0D0A, /* the same in both byte orders */
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 2, /* obsolete */
    BLOCK_SIMPLE = 3,
    BLOCK_ENHANCED = 6
};
enum { OPTION_END = 0, OPTION_COMMENT = 1, OPTION_RESOLUTION = 9, OPTION_OFFSET = 14 };
enum { DEFAULT_RESOLUTION = 6 }; /* microseconds */

/* A block that the file has whole. */
typedef struct BLOCK {
    ULONGLONG offset;
    DWORD type;
    DWORD bytes;
    BOOL swapped;
} BLOCK;

typedef struct OPTION {
    WORD code;
    WORD bytes;
    ULONGLONG offset; /* of its value */
} OPTION;

/* The one that the offset lies in; there is one before every block but the first. */
static FORMAT_SECTION *section_at(const FORMAT *format, ULONGLONG offset)
{
    DWORD low = 0, high = format->section_count;

    while (high - low > 1) {
        DWORD middle = low + (high - low) / 2;
        if (format->sections[middle].offset <= offset)
            low = middle;
        else
            high = middle;
    }
    return &format->sections[low];
}

static BOOL read_block(const FORMAT *format, VIEW *view, ULONGLONG offset, BLOCK *block)
{
    const BYTE *header = view_at(view, offset, 12);

    if (header == NULL)
        return FALSE;
    block->offset = offset;
    block->type = format_dword(header, FALSE);
    if (block->type == BLOCK_SECTION) {
        block->swapped = format_dword(header + 8, TRUE) == 0x1A2B3C4D;
        if (!block->swapped && format_dword(header + 8, FALSE) != 0x1A2B3C4D)
            return FALSE;
    } else {
        if (format->section_count == 0)
            return FALSE;
        block->swapped = section_at(format, offset)->swapped;
        block->type = format_dword(header, block->swapped);
    }
    block->bytes = format_dword(header + 4, block->swapped);
    if (block->bytes < 12 || block->bytes % 4 != 0 || block->bytes > format->size - offset)
        return FALSE;
    const BYTE *again = view_at(view, offset + block->bytes - 4, 4);
    return again != NULL && format_dword(again, block->swapped) == block->bytes;
}

/* *offset is where the next option would be, and moves on. FALSE if there is none. */
static BOOL next_option(VIEW *view, const BLOCK *block, ULONGLONG *offset, OPTION *option)
{
    ULONGLONG end = block->offset + block->bytes - 4;

    if (*offset > end || end - *offset < 4)
        return FALSE;
    const BYTE *header = view_at(view, *offset, 4);
    if (header == NULL)
        return FALSE;
    option->code = format_word(header, block->swapped);
    option->bytes = format_word(header + 2, block->swapped);
    option->offset = *offset + 4;
    if (option->code == OPTION_END || option->bytes > end - option->offset)
        return FALSE;
    *offset = option->offset + ((option->bytes + 3u) & ~3u);
    return TRUE;
}

static BOOL learn_section(FORMAT *format, VIEW *view, const BLOCK *block)
{
    if (block->bytes < 28 || format->section_count == FORMAT_SECTIONS)
        return FALSE;
    const BYTE *header = view_at(view, block->offset, 16);
    if (header == NULL || format_word(header + 12, block->swapped) != 1)
        return FALSE;
    WORD minor = format_word(header + 14, block->swapped);
    if (minor != 0 && minor != 2)
        return FALSE;
    FORMAT_SECTION *section = &format->sections[format->section_count];
    section->offset = block->offset;
    section->first = format->interface_count;
    section->count = 0;
    section->swapped = block->swapped;
    format->section_count++; /* last: others may be reading */
    return TRUE;
}

static BOOL learn_interface(FORMAT *format, VIEW *view, const BLOCK *block)
{
    if (block->bytes < 20 || format->interface_count == FORMAT_INTERFACES)
        return FALSE;
    const BYTE *header = view_at(view, block->offset, 16);
    if (header == NULL)
        return FALSE;
    FORMAT_INTERFACE *link = &format->interfaces[format->interface_count];
    link->media = format_media(format_word(header + 8, block->swapped));
    link->snap = format_dword(header + 12, block->swapped);
    link->resolution = DEFAULT_RESOLUTION;
    link->seconds = 0;
    ULONGLONG offset = block->offset + 16;
    OPTION option;
    while (next_option(view, block, &offset, &option)) {
        const BYTE *value = view_at(view, option.offset, option.bytes);
        if (value == NULL)
            return FALSE;
        if (option.code == OPTION_RESOLUTION && option.bytes >= 1)
            link->resolution = value[0];
        else if (option.code == OPTION_OFFSET && option.bytes >= 8)
            link->seconds = (LONGLONG)format_qword(value, block->swapped);
    }
    format->interface_count++;
    format->sections[format->section_count - 1].count++;
    return TRUE;
}

/* In 100 ns since 1970, modulo 2^64. */
static ULONGLONG time_of(const FORMAT_INTERFACE *link, ULONGLONG stamp)
{
    unsigned power = link->resolution & 0x7F;
    ULONGLONG time = stamp;

    if (link->resolution & 0x80) {
        ULONGLONG seconds = power < 64 ? stamp >> power : 0;
        ULONGLONG fraction = power < 64 ? stamp - (seconds << power) : stamp;
        if (power > 32) { /* so that the product below fits */
            fraction = power - 32 < 64 ? fraction >> (power - 32) : 0;
            power = 32;
        }
        time = seconds * 10000000 + (fraction * 10000000 >> power);
    } else {
        for (; power < 7; power++)
            time *= 10;
        for (; power > 7 && time != 0; power--)
            time /= 10;
    }
    return time + (ULONGLONG)link->seconds * 10000000;
}

static void find_comment(VIEW *view, const BLOCK *block, FORMAT_RECORD *record)
{
    ULONGLONG offset = record->data + ((record->stored + 3ull) & ~3ull);
    OPTION option;

    while (next_option(view, block, &offset, &option)) {
        if (option.code == OPTION_COMMENT) {
            record->comment = option.offset;
            record->comment_bytes = option.bytes;
            return;
        }
    }
}

/* A block that is a packet. */
static BOOL read_packet(const FORMAT *format, VIEW *view, const BLOCK *block, FORMAT_RECORD *record)
{
    const FORMAT_SECTION *section = section_at(format, block->offset);
    DWORD header_bytes = block->type == BLOCK_SIMPLE ? 12 : 28;

    if (block->bytes < header_bytes + 4)
        return FALSE;
    const BYTE *header = view_at(view, block->offset, header_bytes);
    if (header == NULL)
        return FALSE;
    DWORD number = block->type == BLOCK_SIMPLE     ? 0
                   : block->type == BLOCK_ENHANCED ? format_dword(header + 8, block->swapped)
                                                   : format_word(header + 8, block->swapped);
    if (number >= section->count)
        return FALSE;
    const FORMAT_INTERFACE *link = &format->interfaces[section->first + number];
    DWORD most = block->bytes - header_bytes - 4;
    record->data = block->offset + header_bytes;
    record->media = link->media;
    if (block->type == BLOCK_SIMPLE) {
        record->length = format_dword(header + 8, block->swapped);
        record->stored = record->length < most ? record->length : most;
        if (link->snap != 0 && record->stored > link->snap)
            record->stored = link->snap;
    } else {
        ULONGLONG stamp = (ULONGLONG)format_dword(header + 12, block->swapped) << 32 |
                          format_dword(header + 16, block->swapped);
        record->time = FORMAT_1970 + time_of(link, stamp);
        record->timed = TRUE;
        record->stored = format_dword(header + 20, block->swapped);
        record->length = format_dword(header + 24, block->swapped);
    }
    return record->stored <= most && record->stored <= CAPTURE_MOST_STORED;
}

BOOL pcapng_open(FORMAT *format, VIEWS *views, ULONGLONG *position, const char **why)
{
    BLOCK block;

    format->kind = FORMAT_PCAPNG;
    format->name = "pcapng";
    if (!read_block(format, &views->data, 0, &block)) {
        *why = "pcapng whose first section is damaged";
        return FALSE;
    }
    format->sections = VirtualAlloc(NULL, FORMAT_SECTIONS * sizeof *format->sections,
                                    MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    format->interfaces = VirtualAlloc(NULL, FORMAT_INTERFACES * sizeof *format->interfaces,
                                      MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (format->sections == NULL || format->interfaces == NULL) {
        format_close(format);
        *why = "pcapng, for which there is no memory";
        return FALSE;
    }
    *position = 0;
    return TRUE;
}

FORMAT_RESULT pcapng_read(FORMAT *format, VIEWS *views, ULONGLONG position, BOOL walk,
                          FORMAT_RECORD *record)
{
    BLOCK block;

    for (;; position += block.bytes) {
        record->offset = position;
        if (position == format->size)
            return FORMAT_END;
        if (!read_block(format, &views->data, position, &block))
            return FORMAT_TORN;
        switch (block.type) {
        case BLOCK_SECTION:
            if (walk && !learn_section(format, &views->data, &block))
                return FORMAT_TORN;
            break;
        case BLOCK_INTERFACE:
            if (walk && !learn_interface(format, &views->data, &block))
                return FORMAT_TORN;
            break;
        case BLOCK_PACKET:
        case BLOCK_SIMPLE:
        case BLOCK_ENHANCED:
            if (!read_packet(format, &views->data, &block, record))
                return FORMAT_TORN;
            if (walk && block.type != BLOCK_SIMPLE)
                find_comment(&views->data, &block, record);
            record->next = position + block.bytes;
            return FORMAT_FRAME;
        default:
            break; /* statistics, names, keys and what is yet to come */
        }
    }
}
