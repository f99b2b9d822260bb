#include "pages/region.h"

#include "pages/pool.h"
#include "pages/slot.h"

#define LONE_KEEP ((SIZE_T)1 << 20) /* a large region with more committed is not kept for reuse */
#define RUN_MOST ((CHUNK_SLOTS - CHUNK_FIRST) * SLOT_BYTES - OS_PAGE)

struct region *region_take(struct thread *self, void *owner, int mini)
{
    struct region *r;

    chunk_hold(self);
    r = mini ? slot_take_mini(self, owner) : slot_take(self, owner);
    if (r)
        pool_count_used(region_footprint(r), 1);
    chunk_let_go();
    return r;
}

static int is_large(const struct region *r)
{
    return r->kind == REGION_LARGE || r->kind == REGION_UNBORN;
}

/* A mini or a slot for one block, with the pages that waited in it. */
static struct region *as_large(struct region *r)
{
    struct chunk *c;

    if (!r)
        return NULL;
    c = region_chunk((ULONG_PTR)r->base);
    if (!chunk_has_mini(c, r))
        chunk_return_words(c, chunk_slot(c, r));
    r->committed = (SIZE_T)r->pages * OS_PAGE;
    r->touched = (SIZE_T)(r->dirty > r->pages ? r->dirty : r->pages) * OS_PAGE;
    pool_count_used(r->committed, 1);
    atomic_store(&r->kind, REGION_UNBORN);
    r->pages = 0; /* they are `committed` now, which shrinks and grows */
    return r;
}

static struct region *with_pages(struct thread *self, struct region *r, SIZE_T bytes)
{
    if (!r || region_commit_large(r, bytes))
        return r;
    region_release(self, r);
    return NULL;
}

struct region *region_take_large(struct thread *self, void *owner, SIZE_T bytes, SIZE_T room)
{
    struct region *r;

    if (bytes > (SIZE_T)-1 / 2)
        return NULL;
    chunk_hold(self);
    if (LARGE_IN_RUNS && bytes <= SLOT_DATA) {
        r = as_large(slot_take(self, owner));
    } else if (LARGE_IN_RUNS && bytes <= RUN_MOST) {
        r = slot_take_run(self, owner, (int)((bytes + OS_PAGE + SLOT_BYTES - 1) >> SLOT_SHIFT));
    } else {
        r = slot_take_lone(self, owner, bytes, room > bytes ? room : bytes);
        if (!r && room > bytes)
            r = slot_take_lone(self, owner, bytes, bytes);
        if (r)
            pool_count_used(r->committed, 1);
    }
    chunk_let_go();
    return with_pages(self, r, bytes);
}

struct region *region_take_tight(struct thread *self, void *owner, SIZE_T bytes)
{
    struct region *r;

    if (bytes > SLOT_DATA)
        return region_take_large(self, owner, bytes, bytes);
    chunk_hold(self);
    r = as_large(bytes <= MINI_DATA ? slot_take_mini(self, owner) : slot_take(self, owner));
    chunk_let_go();
    return with_pages(self, r, bytes);
}

int region_commit(struct region *r, SIZE_T data, SIZE_T words)
{
    uint16_t pages = (uint16_t)((data + OS_PAGE - 1) / OS_PAGE);
    uint8_t word_pages = (uint8_t)((words + OS_PAGE - 1) / OS_PAGE);
    SIZE_T before = region_footprint(r);

    if (r->word_pages < word_pages) {
        /* A mini's words begin inside a page: the system commits whole pages, some twice. */
        SIZE_T have = (SIZE_T)r->word_pages * OS_PAGE;
        if (!os_commit((char *)r->words + have, words - have))
            return 0;
        r->word_pages = word_pages;
    }
    if (r->pages < pages) {
        SIZE_T have = (SIZE_T)r->pages * OS_PAGE;
        uint16_t dirty = r->dirty;
        int done;
        if (dirty < pages) /* until they are known as committed, should the thread be killed */
            r->dirty = pages;
        done = os_commit(r->base + have, (SIZE_T)pages * OS_PAGE - have);
        if (done)
            r->pages = pages;
        r->dirty = dirty;
        if (!done)
            return 0;
    }
    pool_count_used(before, -1);
    pool_count_used(region_footprint(r), 1);
    return 1;
}

SIZE_T region_room(const struct region *r)
{
    const struct chunk *c = region_chunk((ULONG_PTR)r->base);

    if (c->lone)
        return c->bytes - OS_PAGE;
    if (chunk_has_mini(c, r))
        return MINI_DATA;
    return (SIZE_T)(slot_last(c, r) - chunk_slot(c, r) + 1) * SLOT_BYTES - OS_PAGE;
}

int region_commit_large(struct region *r, SIZE_T bytes)
{
    SIZE_T all = (bytes + OS_PAGE - 1) & ~(OS_PAGE - 1), touched = r->touched;
    int done;

    if (all <= r->committed)
        return 1;
    if (touched < all) /* until it is known as committed, should the thread be killed */
        r->touched = all;
    done = os_commit(r->base + r->committed, all - r->committed);
    if (done) {
        pool_count_used(all - r->committed, 1);
        r->committed = all;
    }
    r->touched = touched;
    return done;
}

static void large_decommit(struct region *r, SIZE_T all)
{
    SIZE_T committed = r->committed;

    /* What is touched and not committed is what an earlier try may have left. */
    if (r->touched < committed)
        r->touched = committed;
    r->committed = all;
    KILL_POINT("large pages about to be decommitted");
    if (r->touched > all && !os_decommit(r->base + all, r->touched - all))
        r->committed = committed;
    else if (r->touched > all)
        r->touched = all;
}

void region_shrink_large(struct region *r, SIZE_T bytes)
{
    SIZE_T all = (bytes + OS_PAGE - 1) & ~(OS_PAGE - 1);

    pool_count_used(r->committed - all, -1); /* first: a thread is killed in system calls mostly */
    large_decommit(r, all);
    pool_count_used(r->committed - all, 1);
}

SIZE_T region_footprint(const struct region *r)
{
    const struct chunk *c = region_chunk((ULONG_PTR)r->base);

    if (is_large(r) || c->lone)
        return r->committed;
    if (chunk_has_mini(c, r))
        return r->pages * (OS_PAGE + MINI_WORDS);
    return chunk_slot_bytes(r);
}

/* Of the first `bytes` bytes of a run, how many pages lie in one of its slots. */
static uint16_t pages_of_part(SIZE_T bytes, int part)
{
    SIZE_T before = (SIZE_T)part * SLOT_BYTES, here = bytes > before ? bytes - before : 0;

    return (uint16_t)(((here < SLOT_BYTES ? here : SLOT_BYTES) + OS_PAGE - 1) / OS_PAGE);
}

/* A large region that is no reservation of its own becomes plain slots, of which it returns the number, or a
   plain mini. At each instant its pages are known to be dirty, whether the thread is killed or the system keeps
   them. */
static int as_plain(struct region *r)
{
    SIZE_T committed = r->committed, touched = r->touched > committed ? r->touched : committed;
    int parts = 0;

    for (; touched > (SIZE_T)parts * SLOT_BYTES; parts++)
        r[parts].dirty = pages_of_part(touched, parts);
    atomic_store(&r->kind, REGION_NONE);
    for (int i = 0; i < parts; i++) /* not while it may become a live block again, which shrinks */
        r[i].pages = pages_of_part(committed, i);
    return parts;
}

/* Returns a region's pages to the system, whatever it was used for. Its owner still has it, but no block in
   it: what a killed thread leaves is no block whose pages are gone. */
static void decommit(struct chunk *c, struct region *r, int large)
{
    if (c->lone) {
        atomic_store(&r->kind, REGION_NONE);
        large_decommit(r, 0);
    } else if (large) {
        for (int parts = as_plain(r); parts-- > 0;)
            chunk_return_pages(&r[parts]);
    } else if (chunk_has_mini(c, r)) {
        chunk_return_pages(r);
    } else {
        /* Several if it was a run, of which a killed thread had begun to return the pages. */
        chunk_return_words(c, chunk_slot(c, r));
        for (int i = slot_last(c, r); i >= chunk_slot(c, r); i--)
            chunk_return_pages(&c->slots[i]);
    }
}

void region_empty(struct region *r)
{
    struct chunk *c = region_chunk((ULONG_PTR)r->base);

    pool_count_used(region_footprint(r), -1);
    decommit(c, r, 1);
    pool_count_used(region_footprint(r), 1);
}

void region_give(struct thread *self, struct region *r, void *owner)
{
    chunk_hold(self);
    if (r->touched < r->committed)
        r->touched = r->committed; /* the giver may have written behind its end */
    slot_give(r, owner);
    chunk_let_go();
}

void region_retire(struct thread *self, struct region *r)
{
    struct chunk *c = region_chunk((ULONG_PTR)r->base);
    int large = is_large(r);
    SIZE_T before = region_footprint(r);

    chunk_hold(self);
    if (!large)
        atomic_store(&r->kind, REGION_NONE);
    pool_count_used(before, -1);
    /* First: a thread killed between the two leaves it the expert's, to be found. */
    decommit(c, r, large);
    pool_count_used(region_footprint(r), 1);
    KILL_POINT("region about to be retired");
    slot_give(r, REGION_RETIRED);
    chunk_let_go();
}

/* What is to wait with its pages. All of a run is no such thing, but what a killed thread has left of one may be: its
   slots' last pages would be missing as guard pages. */
static void keep_plain(struct chunk *c, struct region *r)
{
    if (r->dirty < r->pages)
        r->dirty = r->pages;
    for (int i = chunk_slot(c, r), last = slot_last(c, r); i <= last && !chunk_has_mini(c, r); i++)
        if (c->slots[i].pages > SLOT_DATA / OS_PAGE || c->slots[i].dirty > SLOT_DATA / OS_PAGE)
            chunk_return_pages(&c->slots[i]);
}

static void put_back(struct thread *self, struct region *r, int all_may_wait)
{
    struct chunk *c = region_chunk((ULONG_PTR)r->base);
    int large = is_large(r), keep = !pool_keeps_nothing;

    if (c->lone)
        keep = keep && r->committed <= LONE_KEEP && r->touched <= r->committed;
    else if (large)
        keep = keep && region_room(r) <= SLOT_DATA;

    chunk_hold(self);
    pool_count_used(region_footprint(r), -1);
    if (!large) /* first, for the repair of a span reads its words */
        atomic_store(&r->kind, REGION_NONE);
    if (!keep || (!all_may_wait && chunk_pool.warm_bytes + region_footprint(r) > pool_limit()))
        decommit(c, r, large);
    else if (c->lone)
        r->touched = r->committed;
    else if (large)
        as_plain(r);
    else
        keep_plain(c, r);
    slot_free(r);
    chunk_let_go();
}

void region_release(struct thread *self, struct region *r)
{
    put_back(self, r, 0);
}

void region_release_first(struct thread *self, struct region *r)
{
    put_back(self, r, 1);
}

void region_shutdown(void)
{
    chunk_shutdown();
    pool_shutdown();
}
