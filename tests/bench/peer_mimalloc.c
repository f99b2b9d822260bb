/*
 * mimalloc, a heap for each expert. It is loaded, not linked: the library has its own malloc, which
 * would replace glibc's for all other peers.
 */
#include "bench.h"

#include "linux_calls.h"

#include <dlfcn.h>
#include <string.h>

static struct {
    void *(*heap_new)(void);
    void (*heap_destroy)(void *);
    void *(*heap_zalloc)(void *, size_t);
    void *(*heap_realloc)(void *, void *, size_t);
    void (*free)(void *);
} mi;

static bool mimalloc_start(char *version, size_t size)
{
    void *library = dlopen("libmimalloc.so.2", RTLD_NOW | RTLD_LOCAL);
    int (*number)(void);

    if (library == NULL)
        return false;
    *(void **)&mi.heap_new = dlsym(library, "mi_heap_new");
    *(void **)&mi.heap_destroy = dlsym(library, "mi_heap_destroy");
    *(void **)&mi.heap_zalloc = dlsym(library, "mi_heap_zalloc");
    *(void **)&mi.heap_realloc = dlsym(library, "mi_heap_realloc");
    *(void **)&mi.free = dlsym(library, "mi_free");
    *(void **)&number = dlsym(library, "mi_version");
    if (!mi.heap_new || !mi.heap_destroy || !mi.heap_zalloc || !mi.heap_realloc || !mi.free ||
        !number)
        return false;
    snprintf(version, size, "mimalloc %d.%d.%d, mi_heap", number() / 100, number() / 10 % 10,
             number() % 10);
    return true;
}

static void *mimalloc_open(void)
{
    return mi.heap_new();
}

static void mimalloc_close(void *heap)
{
    mi.heap_destroy(heap);
}

static void *mimalloc_alloc(void *heap, size_t size)
{
    return mi.heap_zalloc(heap, size);
}

/* Not mi_heap_rezalloc: where a block grows into its own slack, an earlier block's content stays
   there. */
static void *mimalloc_realloc(void *heap, void *block, size_t old_size, size_t size)
{
    unsigned char *grown = mi.heap_realloc(heap, block, size);

    if (grown != NULL && size > old_size)
        memset(grown + old_size, 0, size - old_size);
    return grown;
}

static void mimalloc_free(void *heap, void *block)
{
    (void)heap;
    mi.free(block);
}

const struct peer peer_mimalloc = {"mimalloc",
                                   PEER_COPIES | PEER_CROSS,
                                   mimalloc_start,
                                   mimalloc_open,
                                   mimalloc_close,
                                   mimalloc_alloc,
                                   mimalloc_realloc,
                                   mimalloc_free,
                                   NULL,
                                   linux_calls,
                                   NULL,
                                   NULL};
