#include "heap/large.h"

#include <string.h>

#define SLACK ((SIZE_T)64 << 10) /* what a growing block commits ahead, and a shrinking one keeps */

int large_pages;

/* Where in its first page a block begins: with pageheap so that it ends with a page. */
static SIZE_T offset_of(SIZE_T bytes)
{
    SIZE_T length;

    if (!large_pages)
        return 0;
    if (!bytes) /* it has no byte that could be touched */
        return OS_PAGE;
    length = (bytes + MEMORY_ALLOCATION_ALIGNMENT - 1) & ~(SIZE_T)(MEMORY_ALLOCATION_ALIGNMENT - 1);
    return (0 - length) & (OS_PAGE - 1);
}

struct region *large_open(struct thread *self, void *owner, SIZE_T bytes, SIZE_T room)
{
    SIZE_T offset = offset_of(bytes), length = bytes + offset;
    struct region *r;

    if (bytes > (SIZE_T)-1 / 2)
        return NULL;
    /* With pageheap nothing behind a block is committed, nor waits for reuse with its pages. */
    r = large_pages ? region_take_tight(self, owner, length)
                    : region_take_large(self, owner, length, room);
    if (!r)
        return NULL;
    if (r->touched)
        memset(r->base, 0, length < r->touched ? length : r->touched);
    if (r->touched < length)
        r->touched = length;
    r->bytes = bytes;
    r->offset = (uint16_t)offset;
    KILL_POINT("large block about to live");
    atomic_store(&r->kind, REGION_LARGE);
    return r;
}

int large_resize(struct region *r, SIZE_T bytes)
{
    SIZE_T room = region_room(r);

    if (large_pages || bytes > room)
        return 0;
    if (bytes > r->committed) {
        SIZE_T ahead = bytes + SLACK + bytes / 16;
        if (!region_commit_large(r, ahead < room ? ahead : room) && !region_commit_large(r, bytes))
            return 0;
    } else if (bytes < r->bytes && r->committed - bytes > SLACK + bytes / 8) {
        /* First, for what is live must be committed, whenever a thread is killed. */
        atomic_poke(&r->bytes, bytes);
        region_shrink_large(r, bytes);
    }
    if (bytes > r->bytes) {
        SIZE_T stale = bytes < r->touched ? bytes : r->touched;
        if (stale > r->bytes)
            memset(r->base + r->bytes, 0, stale - r->bytes);
        if (r->touched < bytes)
            r->touched = bytes;
    }
    atomic_poke(&r->bytes, bytes);
    return 1;
}
