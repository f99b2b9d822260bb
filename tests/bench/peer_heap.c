/* A private heap for each expert. */
#include "bench.h"

#include <windows.h>

static bool heap_start(char *version, size_t size)
{
    snprintf(version, size, "HeapCreate, HeapAlloc, HeapDestroy");
    return true;
}

static void *heap_open(void)
{
    return HeapCreate(0, 0, 0);
}

static void heap_close(void *heap)
{
    HeapDestroy(heap);
}

static void *heap_alloc(void *heap, size_t size)
{
    return HeapAlloc(heap, HEAP_ZERO_MEMORY, size);
}

static void *heap_realloc(void *heap, void *block, size_t old_size, size_t size)
{
    (void)old_size;
    return HeapReAlloc(heap, HEAP_ZERO_MEMORY, block, size);
}

static void heap_free(void *heap, void *block)
{
    HeapFree(heap, 0, block);
}

const struct peer peer_heap = {"heap",       PEER_SHARED | PEER_COPIES,
                               heap_start,   heap_open,
                               heap_close,   heap_alloc,
                               heap_realloc, heap_free,
                               NULL,         NULL,
                               NULL,         NULL};
