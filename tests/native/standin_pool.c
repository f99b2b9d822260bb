/*
 * standin_pool.c - memory of the stand-in's own: powers of two from 64 bytes up, cut from larger
 * pieces; big ones straight from the system.
 */
#include "standin_private.h"

#include <string.h>
#include <sys/mman.h>

#define POOL_STEP ((SIZE_T)1 << 20)
#define POOL_BIG ((SIZE_T)1 << 16)

static int pool_lock;
static void *pool_lists[17];
static char *pool_at, *pool_end;
static SIZE_T pool_mapped;

static unsigned pool_class(SIZE_T bytes)
{
    return bytes <= 64 ? 6U : 64U - (unsigned)__builtin_clzll(bytes - 1);
}

void *standin_pages_new(SIZE_T bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        return NULL;
    }
    __atomic_add_fetch(&pool_mapped, bytes, __ATOMIC_RELAXED);
    return at;
}

SIZE_T standin_own_bytes(void)
{
    return __atomic_load_n(&pool_mapped, __ATOMIC_RELAXED);
}

void *standin_pool_new(SIZE_T bytes)
{
    unsigned class = pool_class(bytes);
    void *block;

    if (bytes > POOL_BIG) {
        return standin_pages_new(bytes);
    }
    standin_lock(&pool_lock);
    block = pool_lists[class];
    if (block) {
        memcpy(&pool_lists[class], block, sizeof(void *));
    } else {
        if ((SIZE_T)(pool_end - pool_at) < (SIZE_T)1 << class) {
            pool_at = standin_pages_new(POOL_STEP);
            pool_end = pool_at ? pool_at + POOL_STEP : NULL;
        }
        if (pool_at) {
            block = pool_at;
            pool_at += (SIZE_T)1 << class;
        }
    }
    standin_unlock(&pool_lock);
    if (block) {
        memset(block, 0, bytes);
    }
    return block;
}

void standin_pool_free(void *block, SIZE_T bytes)
{
    unsigned class = pool_class(bytes);

    if (bytes > POOL_BIG) {
        munmap(block, bytes);
        __atomic_sub_fetch(&pool_mapped, bytes, __ATOMIC_RELAXED);
        return;
    }
    standin_lock(&pool_lock);
    memcpy(block, &pool_lists[class], sizeof(void *));
    pool_lists[class] = block;
    standin_unlock(&pool_lock);
}
