/* talloc, a context for each expert; every block a child of it. */
#include "bench.h"

#include <string.h>
#include <talloc.h>

static bool talloc_start(char *version, size_t size)
{
    snprintf(version, size, "talloc %d.%d", talloc_version_major(), talloc_version_minor());
    return true;
}

static void *talloc_open(void)
{
    return talloc_new(NULL);
}

static void talloc_close(void *heap)
{
    talloc_free(heap);
}

static void *talloc_alloc(void *heap, size_t size)
{
    return talloc_zero_size(heap, size);
}

static void *talloc_resize(void *heap, void *block, size_t old_size, size_t size)
{
    unsigned char *grown = talloc_realloc_size(heap, block, size);

    if (grown != NULL && size > old_size)
        memset(grown + old_size, 0, size - old_size);
    return grown;
}

static void talloc_release(void *heap, void *block)
{
    (void)heap;
    talloc_free(block);
}

const struct peer peer_talloc = {"talloc",     PEER_BY_BLOCKS, talloc_start,  talloc_open,
                                 talloc_close, talloc_alloc,   talloc_resize, talloc_release,
                                 NULL,         NULL,           NULL,          NULL};
