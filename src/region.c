#include "region.h"

#include "arena.h"
#include "pool.h"

#define LONE_KEEP ((SIZE_T)1 << 20) /* a large region with more committed is not kept for reuse */
#define RUN_MOST ((CHUNK_SLOTS - CHUNK_FIRST) * SLOT_BYTES - OS_PAGE)
#define ALL_MINIS (SLOT_MINIS == 32 ? 0xFFFFFFFFU : (1U << (SLOT_MINIS & 31)) - 1)

static struct region *slot_take(struct thread *self, void *owner)
{
    struct chunk *c = NULL;
    struct region *r;
    int i;

    if (chunk_pool.free_slots && chunk_pool.warm_slots) { /* before any that has to be committed */
        c = chunk_with(chunk_pool.slot_hint, CHUNK_WARM_SLOT);
        chunk_pool.warm_slots = c != NULL;
    }
    if (chunk_pool.free_slots && !c)
        c = chunk_with(chunk_pool.slot_hint, CHUNK_FREE_SLOT);
    if (!c)
        c = chunk_make(self, CHUNK_BYTES, 0);
    if (!c)
        return NULL;
    chunk_pool.slot_hint = c;
    i = chunk_lowest(c->free & c->warm ? c->free & c->warm : c->free);
    r = &c->slots[i];
    atomic_poke(&r->kind, REGION_NONE);
    r->words = chunk_words(c, i);
    atomic_store(&r->owner, owner);
    KILL_POINT("slot taken");
    if (c->warm & CHUNK_BIT(i))
        chunk_pool.warm_bytes -= chunk_warm(c, i);
    c->warm &= (uint16_t)~CHUNK_BIT(i);
    c->free &= (uint16_t)~CHUNK_BIT(i);
    chunk_pool.free_slots--;
    return r;
}

static void slot_split(struct thread *self)
{
    struct region *r = slot_take(self, CHUNK_SPLIT);
    struct chunk *c;
    int i;

    if (!r)
        return;
    c = region_chunk((ULONG_PTR)r->base);
    i = chunk_slot(c, r);
    if (!c->minis[i])
        c->minis[i] = arena_alloc(self, SLOT_MINIS * sizeof *r);
    /* Minis have a guard page each, so nothing may be committed beforehand. */
    if (!c->minis[i] || !chunk_return_slot(c, i)) {
        r->owner = NULL;
        c->free |= CHUNK_BIT(i);
        chunk_pool.free_slots++;
        chunk_note_warm(c, i);
        return;
    }
    for (int k = 0; k < SLOT_MINIS; k++) {
        struct region *m = chunk_mini(c, i, k);
        *m = (struct region){.base = r->base + (SIZE_T)k * MINI_BYTES};
    }
    c->minis_free[i] = ALL_MINIS;
    c->split |= CHUNK_BIT(i);
    chunk_pool.free_minis += SLOT_MINIS;
    atomic_store(&r->kind, REGION_SPLIT);
    chunk_set_records(c, i);
    chunk_pool.mini_hint = c;
}

static struct region *mini_take(struct thread *self, void *owner)
{
    struct chunk *c;
    struct region *m;
    int i, k;

    if (!chunk_pool.free_minis)
        slot_split(self);
    c = chunk_pool.mini_hint = chunk_with(chunk_pool.mini_hint, CHUNK_FREE_MINI);
    if (!c)
        return NULL;
    i = chunk_lowest(c->split);
    k = chunk_lowest(c->minis_free[i]);
    m = chunk_mini(c, i, k);
    atomic_poke(&m->kind, REGION_NONE);
    m->words = chunk_words(c, i) + (SIZE_T)k * (MINI_WORDS / sizeof(uint16_t));
    atomic_store(&m->owner, owner);
    KILL_POINT("mini taken");
    chunk_count_mini(m, -1);
    c->minis_free[i] &= ~(1U << k);
    if (!c->minis_free[i])
        c->split &= (uint16_t)~CHUNK_BIT(i);
    return m;
}

struct region *region_take(struct thread *self, void *owner, int mini)
{
    struct region *r;

    chunk_hold(self);
    r = mini ? mini_take(self, owner) : slot_take(self, owner);
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

/* A run of slots for a large region, its tails marked first. */
static struct region *run_take(struct thread *self, void *owner, int slots)
{
    const unsigned mask = (1U << (slots & 15)) - 1;
    SIZE_T touched = 0;

    for (int pass = 0; pass < 2; pass++) {
        for (struct chunk *c = chunk_pool.first; c; c = c->next) {
            if (c->state != CHUNK_LIVE || c->lone)
                continue;
            for (int i = CHUNK_FIRST; i + slots <= CHUNK_SLOTS; i++) {
                unsigned run = mask << i;
                if ((c->free & run) != run || !pool_cool_run(c, i, slots))
                    continue;
                for (int k = i + slots - 1; k >= i; k--) {
                    struct region *r = &c->slots[k];
                    if (r->dirty) /* by one that was killed when it returned them */
                        touched = (SIZE_T)(slots)*SLOT_BYTES;
                    r->committed = 0;
                    r->touched = touched;
                    atomic_poke(&r->kind, (uint8_t)(k == i ? REGION_UNBORN : REGION_TAIL));
                    atomic_store(&r->owner, owner);
                    c->free &= (uint16_t)~CHUNK_BIT(k);
                    chunk_pool.free_slots--;
                }
                return &c->slots[i];
            }
        }
        if (!pass && !chunk_make(self, CHUNK_BYTES, 0))
            break;
    }
    return NULL;
}

/* How much more, or less, than is needed may be committed in a large region that is not the best fit. */
#define LONE_NEAR ((SIZE_T)64 << 10)

/* Whether a large region that waits for reuse suits better: with little to commit, then with little too much. */
static int lone_is_better(const struct chunk *c, const struct chunk *best, SIZE_T bytes)
{
    SIZE_T have = c->slots[0].committed, best_have = best->slots[0].committed;

    if (have < bytes || best_have < bytes)
        return have > best_have;
    return have < best_have;
}

static int lone_is_near(const struct chunk *c, SIZE_T bytes)
{
    SIZE_T have = c->slots[0].committed;

    return have < bytes ? bytes - have <= LONE_NEAR : have - bytes <= LONE_NEAR;
}

/* A near fit among the large regions that wait for reuse, or the best one, else a new one. */
static struct region *lone_take(struct thread *self, void *owner, SIZE_T used, SIZE_T room)
{
    SIZE_T bytes = (room + OS_PAGE + CHUNK_BYTES - 1) & ~(CHUNK_BYTES - 1);
    struct chunk **best = NULL, *c;

    if (bytes < room)
        return NULL;
    for (struct chunk **at = &chunk_pool.waiting; *at && !(best && lone_is_near(*best, used));
         at = &(*at)->spare)
        if ((*at)->bytes >= bytes && (!best || lone_is_better(*at, *best, used)))
            best = at;
    if (!best && chunk_make(self, bytes, 1))
        best = &chunk_pool.waiting;
    if (!best)
        return NULL;
    c = chunk_pop(best);
    atomic_poke(&c->slots[0].kind, REGION_UNBORN);
    atomic_store(&c->slots[0].owner, owner);
    KILL_POINT("large region taken");
    pool_count_used(chunk_warm(c, 0), 1);
    if (c->warm)
        chunk_pool.warm_bytes -= chunk_warm(c, 0);
    c->free = c->warm = 0;
    return &c->slots[0];
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
        r = run_take(self, owner, (int)((bytes + OS_PAGE + SLOT_BYTES - 1) >> SLOT_SHIFT));
    } else {
        r = lone_take(self, owner, bytes, room > bytes ? room : bytes);
        if (!r && room > bytes)
            r = lone_take(self, owner, bytes, bytes);
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
    r = as_large(bytes <= MINI_DATA ? mini_take(self, owner) : slot_take(self, owner));
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
    int first = chunk_slot(c, r), last = first;

    if (c->lone)
        return c->bytes - OS_PAGE;
    if (chunk_has_mini(c, r))
        return MINI_DATA;
    /* The next slot may be another's, who takes or frees it just now. */
    while (last + 1 < CHUNK_SLOTS && atomic_load(&c->slots[last + 1].kind) == REGION_TAIL &&
           atomic_load(&c->slots[last + 1].owner) == r->owner)
        last++;
    return (SIZE_T)(last - first + 1) * SLOT_BYTES - OS_PAGE;
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
static int flatten(struct region *r)
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
        for (int parts = flatten(r); parts-- > 0;)
            chunk_return_pages(&r[parts]);
    } else if (chunk_has_mini(c, r)) {
        chunk_return_pages(r);
    } else {
        chunk_return_slot(c, chunk_slot(c, r));
    }
}

void region_empty(struct region *r)
{
    struct chunk *c = region_chunk((ULONG_PTR)r->base);

    pool_count_used(region_footprint(r), -1);
    decommit(c, r, 1);
    pool_count_used(region_footprint(r), 1);
}

static void set_owner(struct chunk *c, struct region *r, void *owner)
{
    void *former = r->owner;

    if (!c->lone && !chunk_has_mini(c, r))
        for (int k = chunk_slot(c, r) + 1;
             k < CHUNK_SLOTS && c->slots[k].kind == REGION_TAIL && c->slots[k].owner == former; k++)
            atomic_store(&c->slots[k].owner, owner);
    atomic_store(&r->owner, owner);
}

void region_give(struct thread *self, struct region *r, void *owner)
{
    chunk_hold(self);
    if (r->touched < r->committed)
        r->touched = r->committed; /* the giver may have written behind its end */
    set_owner(region_chunk((ULONG_PTR)r->base), r, owner);
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
    set_owner(c, r, REGION_RETIRED);
    chunk_let_go();
}

static void mini_free(struct chunk *c, struct region *m)
{
    int i = chunk_slot(c, m);
    int k = (int)(((ULONG_PTR)m->base >> MINI_SHIFT) & (SLOT_MINIS - 1));

    atomic_poke(&m->kind, REGION_NONE);
    atomic_store(&m->owner, NULL);
    KILL_POINT("mini freed");
    c->minis_free[i] |= 1U << k;
    c->split |= CHUNK_BIT(i);
    chunk_count_mini(m, 1);
    if (c->minis_free[i] != ALL_MINIS || chunk_pool.free_minis < 2 * SLOT_MINIS)
        return;
    /* Enough others are free: make it a slot again. No mini counts its pages as committed any more before they go
       back: a thread that is killed until then leaves the slot split. */
    for (k = 0; k < SLOT_MINIS; k++) {
        m = chunk_mini(c, i, k);
        chunk_count_mini(m, -1);
        m->pages = m->word_pages = 0; /* of what is free, all pages are dirty */
    }
    c->split &= (uint16_t)~CHUNK_BIT(i);
    c->slots[i].pages = (uint16_t)(SLOT_DATA / OS_PAGE);
    c->slots[i].word_pages = (uint8_t)((SLOT_MINIS * MINI_WORDS + OS_PAGE - 1) / OS_PAGE);
    if (!chunk_return_slot(c, i))
        c->slots[i].pages = 0; /* not all of it is committed, but all may be dirty */
    c->slots[i].word_pages = 0;
    atomic_store(&c->slots[i].kind, REGION_NONE);
    chunk_set_records(c, i);
    c->slots[i].owner = NULL;
    c->free |= CHUNK_BIT(i);
    chunk_pool.free_slots++;
}

static void slots_free(struct chunk *c, struct region *r)
{
    int i = chunk_slot(c, r), last = i;

    while (!c->lone && last + 1 < CHUNK_SLOTS && c->slots[last + 1].kind == REGION_TAIL &&
           c->slots[last + 1].owner == r->owner)
        last++;
    for (int k = last; k >= i; k--) {
        atomic_store(&c->slots[k].kind, REGION_NONE);
        atomic_store(&c->slots[k].owner, NULL);
        KILL_POINT("slot freed");
        c->free |= CHUNK_BIT(k);
        chunk_pool.free_slots += !c->lone;
        chunk_note_warm(c, k);
    }
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
        flatten(r);
    else if (r->dirty < r->pages)
        r->dirty = r->pages;
    if (chunk_has_mini(c, r)) {
        mini_free(c, r);
    } else {
        slots_free(c, r);
        chunk_pool.slot_hint = c->lone ? chunk_pool.slot_hint : c;
    }
    if (chunk_is_idle(c) && !c->warm &&
        (c->lone || chunk_pool.free_slots >= 2 * (CHUNK_SLOTS - CHUNK_FIRST)))
        chunk_release(c);
    else if (c->lone)
        chunk_push(&chunk_pool.waiting, c);
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
