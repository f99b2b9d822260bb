/*
 * capture.h - the frames of one capture file.
 *
 * capture_frame and capture_frames may be called on any thread, one that is killed in them
 * included: they take no lock that it could leave held.
 */
#pragma once

#include <windows.h>

/* CAPTURE_FRAME.media: as Network Monitor numbers them. */
enum {
    CAPTURE_UNKNOWN = 0,
    CAPTURE_ETHERNET = 1,
    CAPTURE_TOKEN_RING = 2,
    CAPTURE_FDDI = 3,
    CAPTURE_RAW_IP = 9,        /* 7 and 8 are raw IP too */
    CAPTURE_LINK = 0xE000,     /* and up: a link type of pcap that has no number of its own */
    CAPTURE_NO_PACKET = 0xFFE0 /* the entry is no packet; it only keeps its number */
};

/* Bytes that a frame may have stored; a file that says more is torn there. */
enum { CAPTURE_MOST_STORED = 262144 };

typedef struct CAPTURE_FRAME {
    DWORD number;     /* from 0 */
    ULONGLONG time;   /* in 100 ns since 1601 UTC; local time where the file has no other */
    LONGLONG offset;  /* microseconds after the capture's start, negative ones too */
    DWORD length;     /* on the wire, in bytes */
    DWORD stored;     /* bytes of those in the file */
    WORD media;       /* CAPTURE_... */
    const BYTE *data; /* the caller's buffer, with the first bytes of the frame */
} CAPTURE_FRAME;

/* Opens the file. FALSE: there is none, or it is no capture; says which in text. */
BOOL capture_open(const char *path, char text[], DWORD characters);

void capture_close(void);

/* Copies at most `bytes` of the stored bytes to the buffer and fills in *frame; buffer may be NULL
   with 0. FALSE if there is no such frame. */
BOOL capture_frame(DWORD number, BYTE *buffer, DWORD bytes, CAPTURE_FRAME *frame);

/* How many frames can be read. Waits until the whole file has been looked through. */
DWORD capture_frames(void);

/* From now on only frames with these numbers can be read. No frame's number changes. */
void capture_restrict(DWORD least, DWORD most);

/* The number after or before this one that capture_restrict allows; with CAPTURE_NO_FRAME the first
   or last one. There may be no such frame. */
DWORD capture_neighbour(DWORD number, BOOL forward);

/* How many times a frame was read since the capture was opened. If more than 64 threads read at
   once, those of the others are not counted. */
ULONGLONG capture_reads(void);

/* Whether the frames end before the file does: *frame is the first one that can't be read, *offset
   the byte of the file where reading stopped. Waits as capture_frames does. */
BOOL capture_torn(DWORD *frame, ULONGLONG *offset);

/* The path that it was opened with. */
const char *capture_file(void);

/* The format's name and version. */
const char *capture_format(void);

/* The time of the first frame that has one, as in CAPTURE_FRAME. */
ULONGLONG capture_start(void);

#define CAPTURE_NO_FRAME 0xFFFFFFFFu

typedef struct CAPTURE_COMMENT {
    DWORD frame;    /* CAPTURE_NO_FRAME: the capture has no such frame */
    char text[124]; /* UTF-8, cut where it is longer */
} CAPTURE_COMMENT;

/* The comments on frames, by their numbers from 0; all of them once capture_frames has returned.
   FALSE at the end. */
BOOL capture_frame_comment(DWORD index, CAPTURE_COMMENT *comment);

/* That of the first frame: CAPTURE_... */
WORD capture_media(void);
