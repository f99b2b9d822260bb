/* The C runtime's calloc: no heaps, so the bulk free is a loop over the blocks. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

static bool crt_start(char *version, size_t size)
{
    snprintf(version, size, "calloc, realloc, free of the C runtime");
    return true;
}

static void *crt_open(void)
{
    static char heap;

    return &heap;
}

static void crt_close(void *heap)
{
    (void)heap;
}

static void *crt_alloc(void *heap, size_t size)
{
    (void)heap;
    return calloc(1, size);
}

static void *crt_realloc(void *heap, void *block, size_t old_size, size_t size)
{
    unsigned char *grown = realloc(block, size);

    (void)heap;
    if (grown != NULL && size > old_size)
        memset(grown + old_size, 0, size - old_size);
    return grown;
}

static void crt_free(void *heap, void *block)
{
    (void)heap;
    free(block);
}

const struct peer peer_crt = {"calloc",    PEER_SHARED | PEER_NO_HEAPS | PEER_COPIES,
                              crt_start,   crt_open,
                              crt_close,   crt_alloc,
                              crt_realloc, crt_free,
                              NULL,        NULL,
                              NULL,        NULL};
