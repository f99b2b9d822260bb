/* APR, a pool for each expert. A pool can't free one block: freed blocks stay until the end. */
#include "bench.h"

#include <apr_general.h>
#include <apr_pools.h>
#include <apr_version.h>
#include <string.h>

static bool apr_start(char *version, size_t size)
{
    snprintf(version, size, "APR %s pools", apr_version_string());
    return apr_initialize() == APR_SUCCESS;
}

static void *apr_open(void)
{
    apr_pool_t *pool = NULL;

    apr_pool_create(&pool, NULL);
    return pool;
}

static void apr_close(void *heap)
{
    apr_pool_destroy(heap);
}

static void *apr_alloc(void *heap, size_t size)
{
    return apr_pcalloc(heap, size);
}

static void *apr_realloc(void *heap, void *block, size_t old_size, size_t size)
{
    void *grown = apr_pcalloc(heap, size);

    if (grown != NULL)
        memcpy(grown, block, old_size < size ? old_size : size);
    return grown;
}

static void apr_free(void *heap, void *block)
{
    (void)heap;
    (void)block;
}

const struct peer peer_apr = {"apr",       PEER_NO_FREE | PEER_NO_REALLOC,
                              apr_start,   apr_open,
                              apr_close,   apr_alloc,
                              apr_realloc, apr_free,
                              NULL,        NULL,
                              NULL,        NULL};
