#include "heap/large.h"

#include "base/options.h"

#define SLACK ((SIZE_T)64 << 10) /* what a growing block commits ahead, and a shrinking one keeps */

/* The offset of a block. With pageheap the block ends with a page, up to the alignment. */
static SIZE_T offset_of(SIZE_T bytes)
{
    SIZE_T length;

    if (!options.pageheap)
        return 0;
    if (!bytes) /* it has no byte that could be touched */
        return OS_PAGE;
    length = (bytes + MEMORY_ALLOCATION_ALIGNMENT - 1) & ~(SIZE_T)(MEMORY_ALLOCATION_ALIGNMENT - 1);
    return (0 - length) & (OS_PAGE - 1);
}

struct span *large_open(struct thread *self, void *owner, SIZE_T bytes, int grows)
{
    SIZE_T offset = offset_of(bytes), length = bytes + offset, dirty;
    struct region *region;
    struct span *large;

    if (bytes > (SIZE_T)-1 / 2)
        return NULL;
    region = region_take_block(self, owner, length, grows && !options.pageheap);
    if (!region)
        return NULL;
    large = span_of(region);
    dirty = region->dirty * OS_PAGE;
    if (dirty)
        memset(region->base, 0, length < dirty ? length : dirty);
    region_soil(region, length);
    large->bytes = bytes;
    large->offset = (uint16_t)offset;
    KILL_POINT("large block about to live");
    atomic_store(&large->kind, SPAN_LARGE);
    return large;
}

int large_resize(struct thread *self, struct span *large, SIZE_T bytes)
{
    struct region *region = &large->region;
    SIZE_T room = region_room(region), committed = region->committed * OS_PAGE, stale;

    if (options.pageheap || bytes > room)
        return 0;
    if (bytes > committed) {
        SIZE_T ahead = bytes + SLACK + bytes / 16;
        if (!region_commit(self, region, ahead < room ? ahead : room) &&
            !region_commit(self, region, bytes))
            return 0;
    } else if (bytes < large->bytes && committed - bytes > SLACK + bytes / 8) {
        /* First: what is live must be committed even if the thread is killed. */
        store_relaxed(&large->bytes, bytes);
        region_shrink(self, region, bytes);
    }
    stale = bytes < region->dirty * OS_PAGE ? bytes : region->dirty * OS_PAGE;
    if (stale > large->bytes)
        memset(region->base + large->bytes, 0, stale - large->bytes);
    region_soil(region, bytes);
    KILL_POINT("large block about to be resized");
    store_relaxed(&large->bytes, bytes);
    return 1;
}
