#include "ring.h"

#include <string.h>

enum { ALIGNMENT = 16 };

/* Puts a new segment behind the current one and makes it the current one. */
static BOOL add_segment(RING *ring)
{
    DWORD place = ring->count == 0 ? 0 : ring->current + 1;

    if (ring->count == RING_SEGMENTS)
        return FALSE;
    BYTE *segment = VirtualAlloc(NULL, RING_SEGMENT, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (segment == NULL)
        return FALSE;
    memmove(ring->segment + place + 1, ring->segment + place,
            (ring->count - place) * sizeof *ring->segment);
    memmove(ring->last + place + 1, ring->last + place, (ring->count - place) * sizeof *ring->last);
    ring->segment[place] = segment;
    ring->last[place] = 0;
    ring->count++;
    ring->current = place;
    ring->used = 0;
    return TRUE;
}

static BOOL next_segment(RING *ring)
{
    DWORD next = ring->count == 0 ? 0 : (ring->current + 1) % ring->count;

    /* The next one is the oldest: all its copies are older than its last one. */
    if (ring->count < 2 || ring->kept - ring->last[next] < RING_KEEPS)
        return add_segment(ring);
    ring->current = next;
    ring->used = 0;
    return TRUE;
}

BYTE *ring_room(RING *ring, DWORD least, DWORD *bytes)
{
    if (least > RING_SEGMENT)
        return NULL;
    if ((ring->count == 0 || RING_SEGMENT - ring->used < least) && !next_segment(ring))
        return NULL;
    *bytes = RING_SEGMENT - ring->used;
    return ring->segment[ring->current] + ring->used;
}

void ring_keep(RING *ring, DWORD bytes)
{
    DWORD rounded = (bytes + ALIGNMENT - 1) & ~(DWORD)(ALIGNMENT - 1);

    ring->last[ring->current] = ++ring->kept;
    ring->used = rounded < RING_SEGMENT - ring->used ? ring->used + rounded : RING_SEGMENT;
}

void ring_free(RING *ring)
{
    for (DWORD number = 0; number < ring->count; number++)
        VirtualFree(ring->segment[number], 0, MEM_RELEASE);
    ring->count = 0;
}
