/*
 * A peer of the user's own: NMAPI_BENCH_PEER=PATH names a library (.so, under Windows .dll) that
 * exports these functions, in C and with the platform's usual calling convention:
 *
 *   const char *bench_peer_version(void);   its first word heads the column
 *   void *bench_peer_open(void);            a heap, for the calling thread; others only free
 *   void bench_peer_close(void *heap);      with all that is left in it
 *   void *bench_peer_alloc(void *heap, size_t size);               zeroed
 *   void *bench_peer_realloc(void *heap, void *block, size_t old_size, size_t size);  zeroed tail
 *   void bench_peer_free(void *heap, void *block);
 *
 * So an allocator that can't be part of this project takes a dozen lines around its own functions.
 */
#include "bench.h"

#ifdef BENCH_NATIVE
#include "linux_calls.h"
#else
#define linux_calls NULL
#endif

#include <stdlib.h>
#include <string.h>

static char name[24] = "peer";

static struct {
    const char *(*version)(void);
    void *(*open)(void);
    void (*close)(void *heap);
    void *(*alloc)(void *heap, size_t size);
    void *(*realloc)(void *heap, void *block, size_t old_size, size_t size);
    void (*free)(void *heap, void *block);
} hook;

static bool find(void *library, const char *function, void *to)
{
    void *found = sys_find_function(library, function);

    memcpy(to, &found, sizeof found);
    return found != NULL;
}

static bool hook_start(char *version, size_t size)
{
    const char *path = getenv("NMAPI_BENCH_PEER");
    void *library;

    if (path == NULL || path[0] == '\0')
        return false;
    library = sys_open_library(path);
    if (library == NULL)
        bench_die("can't be loaded", path);
    if (!find(library, "bench_peer_version", &hook.version) ||
        !find(library, "bench_peer_open", &hook.open) ||
        !find(library, "bench_peer_close", &hook.close) ||
        !find(library, "bench_peer_alloc", &hook.alloc) ||
        !find(library, "bench_peer_realloc", &hook.realloc) ||
        !find(library, "bench_peer_free", &hook.free))
        bench_die("lacks one of the functions bench_peer_...", path);
    snprintf(version, size, "%s", hook.version());
    snprintf(name, sizeof name, "%.*s", (int)strcspn(version, " ,"), version);
    return true;
}

static void *hook_open(void)
{
    return hook.open();
}

static void hook_close(void *heap)
{
    hook.close(heap);
}

static void *hook_alloc(void *heap, size_t size)
{
    return hook.alloc(heap, size);
}

static void *hook_realloc(void *heap, void *block, size_t old_size, size_t size)
{
    return hook.realloc(heap, block, old_size, size);
}

static void hook_free(void *heap, void *block)
{
    hook.free(heap, block);
}

const struct peer peer_hook = {name,         PEER_COPIES | PEER_CROSS,
                               hook_start,   hook_open,
                               hook_close,   hook_alloc,
                               hook_realloc, hook_free,
                               NULL,         linux_calls,
                               NULL,         NULL};
