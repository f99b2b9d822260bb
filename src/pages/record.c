#include "pages/record.h"

#include <string.h>

#include "base/permanent.h"

#define BLOCK_RECORDS 31 /* and a header fill 4 KiB */

struct block {
    struct block *next;
    struct record records[BLOCK_RECORDS];
};

static struct block *volatile blocks;
static struct record *unused; /* by next */
struct record_sums record_sums;

static int make_block(struct thread *self)
{
    struct block *block = permanent_alloc(self, sizeof *block);

    if (!block)
        return 0;
    block->next = blocks;
    atomic_store(&blocks, block);
    for (int i = BLOCK_RECORDS; i-- > 0;) {
        block->records[i].next = unused;
        unused = &block->records[i];
    }
    return 1;
}

struct record *record_new(struct thread *self)
{
    struct record *r;

    if (!unused && !make_block(self))
        return NULL;
    r = unused;
    unused = r->next;
    memset(r->use + sizeof r->region, 0, sizeof r->use - sizeof r->region);
    r->region.states = NULL;
    r->region.committed = r->region.dirty = 0;
    r->region.state_count = 0;
    return r;
}

void record_free(struct record *r)
{
    atomic_store(&r->region.base, NULL);
    KILL_POINT("record freed");
    r->next = unused;
    unused = r;
}

static SIZE_T *sum_of(const struct record *r)
{
    const void *owner = r->region.owner;

    return !owner                        ? &record_sums.free
           : owner == REGION_QUARANTINED ? &record_sums.refused
                                         : &record_sums.used;
}

void record_set_owner(struct record *r, void *owner)
{
    *sum_of(r) -= r->region.committed;
    atomic_store(&r->region.owner, owner);
    KILL_POINT("owner changed");
    *sum_of(r) += r->region.committed;
}

void record_set_committed(struct record *r, SIZE_T pages)
{
    *sum_of(r) += pages - r->region.committed;
    atomic_store(&r->region.committed, (uint32_t)pages);
}

int record_decommit(struct record *r, SIZE_T keep)
{
    uint32_t committed = r->region.committed;
    SIZE_T end = r->region.dirty > committed ? r->region.dirty : committed;

    if (end <= keep)
        return 1;
    /* What is dirty and not committed is what an earlier try may have left. */
    atomic_store(&r->region.dirty, (uint32_t)end);
    if (committed > keep)
        record_set_committed(r, keep);
    KILL_POINT("pages about to be decommitted");
    if (!os_decommit(r->region.base + keep * OS_PAGE, (end - keep) * OS_PAGE)) {
        record_set_committed(r, committed);
        return 0;
    }
    KILL_POINT("pages decommitted");
    atomic_store(&r->region.dirty, (uint32_t)keep);
    return 1;
}

void record_each(void (*visit)(struct region *, void *), void *context)
{
    for (struct block *block = blocks; block; block = block->next)
        for (int i = 0; i < BLOCK_RECORDS; i++)
            if (block->records[i].region.base)
                visit(&block->records[i].region, context);
}

void record_repair(void)
{
    memset(&record_sums, 0, sizeof record_sums);
    unused = NULL;
    for (struct block *block = blocks; block; block = block->next) {
        for (int i = 0; i < BLOCK_RECORDS; i++) {
            struct record *r = &block->records[i];
            if (r->region.base) {
                *sum_of(r) += r->region.committed;
            } else {
                r->next = unused;
                unused = r;
            }
        }
    }
}

void record_shutdown(void)
{
    blocks = NULL;
}
