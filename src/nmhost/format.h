/*
 * format.h - where the frames lie in a capture file: pcap, pcapng, Network Monitor 1.x and 2.x.
 *
 * A frame has a position: an offset in the file, or in Network Monitor's formats its place in the
 * frame table, unless that is cut off. Nothing that the file says is believed: everything is read
 * through a view, which gives nothing outside the file. One walk from the first position to the
 * last learns the interfaces of pcapng. As far as it has come, any thread may read any position.
 */
#pragma once

#include "capture.h"
#include "view.h"

/* The walks of a thread look at two places in turn. */
typedef struct VIEWS {
    VIEW data;
    VIEW table;
} VIEWS;

typedef enum FORMAT_KIND { FORMAT_PCAP, FORMAT_PCAPNG, FORMAT_NETMON } FORMAT_KIND;

typedef struct FORMAT_INTERFACE {
    WORD media;       /* CAPTURE_... */
    BYTE resolution;  /* if_tsresol: a power of 10, with the high bit one of 2 */
    DWORD snap;       /* bytes; 0: no limit */
    LONGLONG seconds; /* if_tsoffset */
} FORMAT_INTERFACE;

typedef struct FORMAT_SECTION {
    ULONGLONG offset;
    DWORD first; /* of its interfaces */
    DWORD count;
    BOOL swapped; /* the byte order is not this machine's */
} FORMAT_SECTION;

enum { FORMAT_SECTIONS = 1024, FORMAT_INTERFACES = 4096 };

/* Offset and length of a part of the file. */
typedef struct FORMAT_PART {
    DWORD offset;
    DWORD bytes;
} FORMAT_PART;

typedef struct FORMAT {
    FORMAT_KIND kind;
    const char *name;
    ULONGLONG size; /* of the file */
    /* pcap */
    BOOL swapped;
    BOOL nanoseconds;
    BOOL lengths_swapped;        /* in each record */
    BOOL lengths_may_be_swapped; /* in records whose stored length is the larger one */
    WORD media;
    /* Network Monitor */
    BYTE major, minor;
    ULONGLONG start; /* the header's time, in 100 ns since 1601 */
    FORMAT_PART table;
    BOOL cut; /* the table is not whole: the frames are read one behind the other */
    FORMAT_PART comments;
    /* pcapng; only the walk adds to them */
    FORMAT_SECTION *sections;
    FORMAT_INTERFACE *interfaces;
    DWORD section_count;
    DWORD interface_count;
} FORMAT;

typedef struct FORMAT_RECORD {
    ULONGLONG offset;    /* in the file: where the record lies, or where the reading stopped */
    ULONGLONG data;      /* of the frame's bytes */
    ULONGLONG next;      /* the position behind this one */
    ULONGLONG time;      /* as in CAPTURE_FRAME */
    ULONGLONG comment;   /* offset of a comment in UTF-8 */
    DWORD comment_bytes; /* 0: none */
    DWORD length;
    DWORD stored;
    WORD media;
    BOOL timed; /* FALSE: it says no time */
} FORMAT_RECORD;

typedef enum FORMAT_RESULT {
    FORMAT_FRAME,
    FORMAT_END, /* no frame is left */
    FORMAT_TORN /* something else is where a frame should be, or half of one */
} FORMAT_RESULT;

/* Tells the format by the file's first bytes, and *position, the first frame's. FALSE: it is none
   of these, or a variant that is refused; *why ends a sentence about the file. */
BOOL format_open(FORMAT *format, VIEWS *views, ULONGLONG *position, const char **why);
void format_close(FORMAT *format);

/* Reads the frame at the position, or the first one behind it. In a walk, sections and interfaces
   on the way are learned. Fills in record->offset in any case. */
FORMAT_RESULT format_read(FORMAT *format, VIEWS *views, ULONGLONG position, BOOL walk,
                          FORMAT_RECORD *record);

/* A comment of Network Monitor's: the record's offset of the frame that it belongs to, and its
   title in UTF-16. *position is 0 for the first one and moved to the next. FALSE at the end. */
BOOL format_comment(const FORMAT *format, VIEWS *views, DWORD *position, DWORD *frame_offset,
                    ULONGLONG *title, DWORD *title_bytes);

/* The number that a pcap link type has as a CAPTURE_... */
WORD format_media(DWORD link);

/* Integers in a file, of either byte order. */
WORD format_word(const BYTE *at, BOOL swapped);
DWORD format_dword(const BYTE *at, BOOL swapped);
ULONGLONG format_qword(const BYTE *at, BOOL swapped);

/* What format.c chooses from. */
BOOL pcap_open(FORMAT *format, VIEWS *views, ULONGLONG *position, const char **why);
FORMAT_RESULT pcap_read(const FORMAT *format, VIEWS *views, ULONGLONG position,
                        FORMAT_RECORD *record);
BOOL pcapng_open(FORMAT *format, VIEWS *views, ULONGLONG *position, const char **why);
FORMAT_RESULT pcapng_read(FORMAT *format, VIEWS *views, ULONGLONG position, BOOL walk,
                          FORMAT_RECORD *record);
BOOL netmon_open(FORMAT *format, VIEWS *views, ULONGLONG *position, const char **why);
FORMAT_RESULT netmon_read(const FORMAT *format, VIEWS *views, ULONGLONG position,
                          FORMAT_RECORD *record);

/* 1970-01-01 in 100 ns since 1601. */
#define FORMAT_1970 116444736000000000ull
