/* glibc's calloc: no heaps. And again behind one mutex, as one heap that threads share. */
#include "bench.h"

#include <gnu/libc-version.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static bool glibc_start(char *version, size_t size)
{
    snprintf(version, size, "calloc of glibc %s", gnu_get_libc_version());
    return true;
}

static bool glibc_mutex_start(char *version, size_t size)
{
    snprintf(version, size, "calloc of glibc %s behind one mutex", gnu_get_libc_version());
    return true;
}

static void *glibc_open(void)
{
    static char heap;

    return &heap;
}

static void glibc_close(void *heap)
{
    (void)heap;
}

static void *glibc_alloc(void *heap, size_t size)
{
    (void)heap;
    return calloc(1, size);
}

static void *glibc_realloc(void *heap, void *block, size_t old_size, size_t size)
{
    unsigned char *grown = realloc(block, size);

    (void)heap;
    if (grown != NULL && size > old_size)
        memset(grown + old_size, 0, size - old_size);
    return grown;
}

static void glibc_free(void *heap, void *block)
{
    (void)heap;
    free(block);
}

static void *glibc_mutex_alloc(void *heap, size_t size)
{
    void *block;

    (void)heap;
    pthread_mutex_lock(&mutex);
    block = calloc(1, size);
    pthread_mutex_unlock(&mutex);
    return block;
}

static void glibc_mutex_free(void *heap, void *block)
{
    (void)heap;
    pthread_mutex_lock(&mutex);
    free(block);
    pthread_mutex_unlock(&mutex);
}

const struct peer peer_glibc = {"glibc",       PEER_SHARED | PEER_NO_HEAPS,
                                glibc_start,   glibc_open,
                                glibc_close,   glibc_alloc,
                                glibc_realloc, glibc_free,
                                NULL,          NULL,
                                NULL,          NULL};

const struct peer peer_glibc_mutex = {"glibc+mutex",
                                      PEER_SHARED | PEER_NO_HEAPS | PEER_SHARED_ONLY,
                                      glibc_mutex_start,
                                      glibc_open,
                                      glibc_close,
                                      glibc_mutex_alloc,
                                      glibc_realloc,
                                      glibc_mutex_free,
                                      NULL,
                                      NULL,
                                      NULL,
                                      NULL};
