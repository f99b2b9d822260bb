/*
 * standin_arena.c - memory of the stand-in's own: powers of two from 64 bytes up, cut from chunks; big ones
 * straight from the system.
 */
#include "standin_private.h"

#include <string.h>
#include <sys/mman.h>

#define ARENA_CHUNK ((SIZE_T)1 << 20)
#define ARENA_BIG ((SIZE_T)1 << 16)

static int arena_lock;
static void *arena_lists[17];
static char *arena_at, *arena_end;

static unsigned arena_class(SIZE_T bytes)
{
    return bytes <= 64 ? 6U : 64U - (unsigned)__builtin_clzll(bytes - 1);
}

void *standin_pages_new(SIZE_T bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

void *standin_arena_new(SIZE_T bytes)
{
    unsigned class = arena_class(bytes);
    void *block;

    if (bytes > ARENA_BIG) {
        return standin_pages_new(bytes);
    }
    standin_lock(&arena_lock);
    block = arena_lists[class];
    if (block) {
        memcpy(&arena_lists[class], block, sizeof(void *));
    } else {
        if ((SIZE_T)(arena_end - arena_at) < (SIZE_T)1 << class) {
            arena_at = standin_pages_new(ARENA_CHUNK);
            arena_end = arena_at ? arena_at + ARENA_CHUNK : NULL;
        }
        if (arena_at) {
            block = arena_at;
            arena_at += (SIZE_T)1 << class;
        }
    }
    standin_unlock(&arena_lock);
    if (block) {
        memset(block, 0, bytes);
    }
    return block;
}

void standin_arena_free(void *block, SIZE_T bytes)
{
    unsigned class = arena_class(bytes);

    if (bytes > ARENA_BIG) {
        munmap(block, bytes);
        return;
    }
    standin_lock(&arena_lock);
    memcpy(block, &arena_lists[class], sizeof(void *));
    arena_lists[class] = block;
    standin_unlock(&arena_lock);
}
