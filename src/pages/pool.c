#include "pages/pool.h"

/* What may wait: at least this, so that small experts come and go without system calls. Once more
   than a little is in use, half as much again as that, so that one of several equals may come and go too; but
   not more than the most, however much is in use. */
#define KEEP_LEAST ((SIZE_T)2 << 20)
#define LITTLE ((SIZE_T)4 << 20)
#ifdef _WIN64
#define KEEP_MOST ((SIZE_T)256 << 20)
#else
#define KEEP_MOST ((SIZE_T)64 << 20)
#endif

int pool_keeps_nothing;
static volatile LONG used_pages; /* committed in regions that have an owner; moves under no lock */

void pool_count_used(SIZE_T bytes, int sign)
{
    atomic_add(&used_pages, sign * (LONG)(bytes / OS_PAGE));
}

SIZE_T pool_limit(void)
{
    LONG pages = atomic_load(&used_pages);
    /* Threads that were killed between two figures may have left less than none. */
    SIZE_T used = pages > 0 ? (SIZE_T)pages * OS_PAGE : 0;

    if (pool_keeps_nothing)
        return 0;
    if (used <= LITTLE)
        return KEEP_LEAST;
    used = (used - LITTLE) / 2;
    return used < (KEEP_MOST - KEEP_LEAST) / 3 ? KEEP_LEAST + used * 3 : KEEP_MOST;
}

static int slot_cool(struct chunk *c, int slot)
{
    chunk_pool.warm_bytes -= chunk_warm(c, slot);
    chunk_return_slot(c, slot);
    chunk_pool.warm_bytes += chunk_warm(c, slot);
    if (chunk_warm(c, slot))
        return 0;
    c->warm &= (uint16_t)~CHUNK_BIT(slot);
    return 1;
}

int pool_cool_run(struct chunk *c, int first, int slots)
{
    int cold = 1;

    for (int i = first; i < first + slots && cold; i++)
        cold = !(c->warm & CHUNK_BIT(i)) || slot_cool(c, i);
    return cold;
}

/* Cools what waits in one chunk: whole if nothing of it is in use, else slot by slot. */
static void cool(struct chunk *c, SIZE_T limit)
{
    if (chunk_is_idle(c)) {
        chunk_release(c);
        return;
    }
    for (int i = CHUNK_FIRST; i < CHUNK_SLOTS && chunk_pool.warm_bytes > limit; i++) {
        if (c->warm & CHUNK_BIT(i))
            slot_cool(c, i);
        for (int k = 0; (c->split & CHUNK_BIT(i)) && k < SLOT_MINIS; k++) {
            struct region *m = chunk_mini(c, i, k);
            if (m->owner || !m->pages)
                continue;
            chunk_count_mini(m, -1);
            chunk_return_pages(m);
            chunk_count_mini(m, 1);
        }
    }
}

static void cool_to(SIZE_T limit)
{
    while (chunk_pool.waiting && chunk_pool.warm_bytes > limit)
        chunk_release(chunk_pop(&chunk_pool.waiting));
    for (struct chunk *c = chunk_pool.first; c && chunk_pool.warm_bytes > limit; c = c->next)
        if (c->state == CHUNK_LIVE && !c->lone)
            cool(c, limit);
}

void pool_settle(struct thread *self)
{
    if (atomic_peek(&chunk_pool.warm_bytes) <= pool_limit())
        return;
    chunk_hold(self);
    cool_to(pool_limit());
    chunk_let_go();
}

int pool_trim(struct thread *self)
{
    SIZE_T before;

    chunk_hold(self);
    before = chunk_pool.warm_bytes;
    cool_to(0);
    before -= chunk_pool.warm_bytes;
    chunk_let_go();
    return before != 0;
}

void pool_shutdown(void)
{
    used_pages = 0;
    pool_keeps_nothing = 0;
}
