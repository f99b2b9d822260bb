/*
 * ring.h - copies of the last frames that one thread has fetched.
 *
 * A copy stays where it is until the thread has kept RING_KEEPS more. The memory is the host's own.
 */
#pragma once

#include <windows.h>

enum {
    RING_KEEPS = 4096,
    RING_SEGMENT = 1024 * 1024, /* bytes; no copy is longer */
    RING_SEGMENTS = 1536        /* more than RING_KEEPS of the longest frames take */
};

typedef struct RING {
    BYTE *segment[RING_SEGMENTS];  /* in the order of their use, from the current one around */
    ULONGLONG last[RING_SEGMENTS]; /* the number of the last copy that was kept in each */
    ULONGLONG kept;                /* copies so far */
    DWORD count;
    DWORD current;
    DWORD used; /* bytes of the current segment */
} RING;

/* Room for the next copy: at least `least` bytes; *bytes is how much there is. It is given out
   again until it is kept. NULL: no memory. */
BYTE *ring_room(RING *ring, DWORD least, DWORD *bytes);

/* Keeps the copy in the room that was given out last. */
void ring_keep(RING *ring, DWORD bytes);

/* Frees everything; its thread has ended. */
void ring_free(RING *ring);
