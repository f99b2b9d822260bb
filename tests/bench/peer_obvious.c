/*
 * The obvious solution: HeapAlloc from the process heap, and for each expert a hash table of its
 * blocks' addresses and sizes behind a critical section. Open addressing, at most half full,
 * deletion that closes gaps: as fast as this idea allows.
 */
#include "bench.h"

#include <windows.h>

struct entry {
    char *block; /* NULL: empty */
    size_t size;
};

struct tracker {
    CRITICAL_SECTION lock;
    struct entry *entries;
    size_t mask; /* entries - 1, a power of two less one */
    size_t used;
};

static bool obvious_start(char *version, size_t size)
{
    snprintf(version, size, "HeapAlloc, hash of pointers, critical section");
    return true;
}

static size_t slot_of(const struct tracker *tracker, const char *block)
{
    return (size_t)(((uint32_t)((uintptr_t)block >> 4) * 2654435769u) >> 7) & tracker->mask;
}

static void insert(struct tracker *tracker, char *block, size_t size)
{
    size_t at = slot_of(tracker, block);

    while (tracker->entries[at].block != NULL)
        at = (at + 1) & tracker->mask;
    tracker->entries[at] = (struct entry){block, size};
    tracker->used++;
}

static bool make_room(struct tracker *tracker)
{
    struct entry *old = tracker->entries;
    size_t count = tracker->mask + 1;

    if (tracker->used * 2 < count)
        return true;
    tracker->entries =
        HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, count * 2 * sizeof(struct entry));
    if (tracker->entries == NULL) {
        tracker->entries = old;
        return false;
    }
    tracker->mask = count * 2 - 1;
    tracker->used = 0;
    for (size_t i = 0; i < count; i++) {
        if (old[i].block != NULL)
            insert(tracker, old[i].block, old[i].size);
    }
    HeapFree(GetProcessHeap(), 0, old);
    return true;
}

/* The entry of a block, or NULL, which detects a wild pointer. */
static struct entry *find(struct tracker *tracker, const char *block)
{
    size_t at = slot_of(tracker, block);

    while (tracker->entries[at].block != NULL) {
        if (tracker->entries[at].block == block)
            return &tracker->entries[at];
        at = (at + 1) & tracker->mask;
    }
    return NULL;
}

static void erase(struct tracker *tracker, struct entry *entry)
{
    size_t gap = (size_t)(entry - tracker->entries);
    size_t at = gap;

    for (;;) {
        size_t home;

        at = (at + 1) & tracker->mask;
        if (tracker->entries[at].block == NULL)
            break;
        home = slot_of(tracker, tracker->entries[at].block);
        if (((at - home) & tracker->mask) >= ((at - gap) & tracker->mask)) {
            tracker->entries[gap] = tracker->entries[at];
            gap = at;
        }
    }
    tracker->entries[gap].block = NULL;
    tracker->used--;
}

static void *obvious_open(void)
{
    struct tracker *tracker = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof *tracker);

    if (tracker == NULL)
        return NULL;
    tracker->mask = 63;
    tracker->entries =
        HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, (tracker->mask + 1) * sizeof(struct entry));
    if (tracker->entries == NULL) {
        HeapFree(GetProcessHeap(), 0, tracker);
        return NULL;
    }
    InitializeCriticalSection(&tracker->lock);
    return tracker;
}

static void obvious_close(void *heap)
{
    struct tracker *tracker = heap;

    for (size_t i = 0; i <= tracker->mask; i++) {
        if (tracker->entries[i].block != NULL)
            HeapFree(GetProcessHeap(), 0, tracker->entries[i].block);
    }
    HeapFree(GetProcessHeap(), 0, tracker->entries);
    DeleteCriticalSection(&tracker->lock);
    HeapFree(GetProcessHeap(), 0, tracker);
}

static void *obvious_alloc(void *heap, size_t size)
{
    struct tracker *tracker = heap;
    char *block = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, size);

    if (block == NULL)
        return NULL;
    EnterCriticalSection(&tracker->lock);
    if (make_room(tracker)) {
        insert(tracker, block, size);
        LeaveCriticalSection(&tracker->lock);
        return block;
    }
    LeaveCriticalSection(&tracker->lock);
    HeapFree(GetProcessHeap(), 0, block);
    return NULL;
}

static void *obvious_realloc(void *heap, void *block, size_t old_size, size_t size)
{
    struct tracker *tracker = heap;
    struct entry *entry;
    char *grown = NULL;

    (void)old_size;
    EnterCriticalSection(&tracker->lock);
    entry = find(tracker, block);
    if (entry != NULL)
        grown = HeapReAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, block, size);
    if (grown == block) {
        entry->size = size;
    } else if (grown != NULL) {
        erase(tracker, entry);
        insert(tracker, grown, size);
    }
    LeaveCriticalSection(&tracker->lock);
    return grown;
}

static void obvious_free(void *heap, void *block)
{
    struct tracker *tracker = heap;
    struct entry *entry;

    EnterCriticalSection(&tracker->lock);
    entry = find(tracker, block);
    if (entry != NULL)
        erase(tracker, entry);
    LeaveCriticalSection(&tracker->lock);
    if (entry != NULL)
        HeapFree(GetProcessHeap(), 0, block);
}

const struct peer peer_obvious = {"obvious",
                                  PEER_SHARED | PEER_COPIES | PEER_BY_BLOCKS,
                                  obvious_start,
                                  obvious_open,
                                  obvious_close,
                                  obvious_alloc,
                                  obvious_realloc,
                                  obvious_free,
                                  NULL,
                                  NULL,
                                  NULL,
                                  NULL};
