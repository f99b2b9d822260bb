#include "base/permanent.h"

#include <string.h>

/* Blocks are multiples of this. They are committed whole. */
#define BLOCK_BYTES OS_GRANULE
/* Part of the image; enough for a small host. */
#define FIRST_BYTES ((SIZE_T)28 << 10)
#define ALIGNMENT APART

struct block {
    struct block *next;
    SIZE_T bytes; /* this header included */
    SIZE_T used;  /* allocated from the start; this store makes an allocation true */
};

static struct lock lock;
SIZE_T permanent_pages;
/* At a page, so that the first records lie at the same offsets of it in every build. */
static _Alignas(OS_PAGE) union {
    struct block block;
    char bytes[FIRST_BYTES];
} first;
static struct block *volatile blocks; /* the newest, the only one that is handed out from, first */
static void *volatile noted;          /* a block that is being made, or the newest */
static volatile SIZE_T noted_bytes;

/* Releases a block that a killed thread was making. */
static void discard_noted(void)
{
    if (noted && noted != (void *)blocks && os_is_reserved(noted, noted_bytes, OS_NOTED))
        os_release(noted);
    noted = NULL;
}

static struct block *block_make(SIZE_T bytes)
{
    struct block *block;

    bytes = (bytes + ALIGNMENT + BLOCK_BYTES - 1) & ~(BLOCK_BYTES - 1);
    noted = NULL;
    noted_bytes = bytes; /* before the address is noted */
    /* Behind the newest one, because a search from the bottom takes longer with each block. */
    block = os_reserve_noted(&noted, blocks == &first.block ? NULL : (char *)blocks + blocks->bytes,
                             bytes);
    KILL_POINT("permanent block reserved");
    if (!block)
        return NULL;
    if (!os_commit(block, bytes)) {
        os_release(block);
        noted = NULL;
        return NULL;
    }
    block->bytes = bytes;
    block->used = ALIGNMENT;
    block->next = blocks;
    return block;
}

static void *take(SIZE_T bytes)
{
    struct block *block = blocks;

    if (!block) {
        block = &first.block;
        block->bytes = FIRST_BYTES;
        block->used = ALIGNMENT;
        atomic_store(&blocks, block); /* after all that is in it */
    }
    if (bytes > block->bytes - block->used) {
        block = block_make(bytes);
        if (!block)
            return NULL;
        KILL_POINT("permanent block about to be used");
        atomic_store(&blocks, block);
        store_relaxed(&permanent_pages, permanent_pages + block->bytes / OS_PAGE);
    }
    block->used += bytes;
    return (char *)block + block->used - bytes;
}

void *permanent_alloc(struct thread *self, SIZE_T bytes)
{
    void *record;

    bytes = (bytes + ALIGNMENT - 1) & ~(SIZE_T)(ALIGNMENT - 1);
    if (lock_acquire(&lock, self))
        discard_noted();
    record = take(bytes);
    lock_release(&lock);
    return record;
}

void permanent_shutdown(void)
{
    permanent_pages = 0;
    discard_noted();
    while (blocks && blocks != &first.block) {
        struct block *next = blocks->next;
        os_release(blocks);
        blocks = next;
    }
    blocks = NULL;
    memset(&first, 0, sizeof first);
}
