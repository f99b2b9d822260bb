#include "pages/slot.h"

#include "base/permanent.h"
#include "pages/pool.h"

#define ALL_MINIS (SLOT_MINIS == 32 ? 0xFFFFFFFFU : (1U << (SLOT_MINIS & 31)) - 1)

struct region *slot_take(struct thread *self, void *owner)
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

static void split(struct thread *self)
{
    struct region *r = slot_take(self, CHUNK_SPLIT);
    struct chunk *c;
    int i;

    if (!r)
        return;
    c = region_chunk((ULONG_PTR)r->base);
    i = chunk_slot(c, r);
    if (!c->minis[i])
        c->minis[i] = permanent_alloc(self, SLOT_MINIS * sizeof *r);
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

struct region *slot_take_mini(struct thread *self, void *owner)
{
    struct chunk *c;
    struct region *m;
    int i, k;

    if (!chunk_pool.free_minis)
        split(self);
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

/* Slots that are free and cold become a large region, its tails first: a thread that is killed in between leaves
   tails without a region, which go with the slot before them (chunk.c). */
static struct region *take_run(struct chunk *c, int first, int slots, void *owner)
{
    SIZE_T touched = 0;

    for (int i = first + slots - 1; i >= first; i--) {
        struct region *r = &c->slots[i];
        if (r->dirty) /* by one that was killed when it returned them */
            touched = (SIZE_T)slots * SLOT_BYTES;
        r->committed = 0;
        r->touched = touched;
        atomic_poke(&r->kind, (uint8_t)(i == first ? REGION_UNBORN : REGION_TAIL));
        atomic_store(&r->owner, owner);
        c->free &= (uint16_t)~CHUNK_BIT(i);
        chunk_pool.free_slots--;
    }
    return &c->slots[first];
}

/* -1: the chunk has none. */
static int find_run(struct chunk *c, int slots)
{
    const unsigned mask = (1U << (slots & 15)) - 1;

    if (c->state != CHUNK_LIVE || c->lone)
        return -1;
    for (int i = CHUNK_FIRST; i + slots <= CHUNK_SLOTS; i++)
        if ((c->free & mask << i) == mask << i && pool_cool_run(c, i, slots))
            return i;
    return -1;
}

struct region *slot_take_run(struct thread *self, void *owner, int slots)
{
    struct chunk *c;

    for (c = chunk_pool.first; c; c = c->next) {
        int i = find_run(c, slots);
        if (i >= 0)
            return take_run(c, i, slots, owner);
    }
    c = chunk_make(self, CHUNK_BYTES, 0);
    return c ? take_run(c, CHUNK_FIRST, slots, owner) : NULL;
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
struct region *slot_take_lone(struct thread *self, void *owner, SIZE_T used, SIZE_T room)
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
    if (c->warm)
        chunk_pool.warm_bytes -= chunk_warm(c, 0);
    c->free = c->warm = 0;
    return &c->slots[0];
}

/* A slot whose minis are all free is a slot again. No mini counts its pages as committed any more before they go
   back: a thread that is killed until then leaves the slot split. */
static void join(struct chunk *c, int i)
{
    struct region *r = &c->slots[i];

    for (int k = 0; k < SLOT_MINIS; k++) {
        struct region *m = chunk_mini(c, i, k);
        chunk_count_mini(m, -1);
        m->pages = m->word_pages = 0; /* of what is free, all pages are dirty */
    }
    c->split &= (uint16_t)~CHUNK_BIT(i);
    r->pages = (uint16_t)(SLOT_DATA / OS_PAGE);
    r->word_pages = (uint8_t)((SLOT_MINIS * MINI_WORDS + OS_PAGE - 1) / OS_PAGE);
    if (!chunk_return_slot(c, i))
        r->pages = 0; /* not all of it is committed, but all may be dirty */
    r->word_pages = 0;
    atomic_store(&r->kind, REGION_NONE);
    chunk_set_records(c, i);
    r->owner = NULL;
    c->free |= CHUNK_BIT(i);
    chunk_pool.free_slots++;
}

int slot_last(const struct chunk *c, const struct region *r)
{
    int last = chunk_slot(c, r);

    if (c->lone || chunk_has_mini(c, r))
        return last;
    /* The next slot may be another's, who takes or frees it just now. */
    while (last + 1 < CHUNK_SLOTS && atomic_load(&c->slots[last + 1].kind) == REGION_TAIL &&
           atomic_load(&c->slots[last + 1].owner) == r->owner)
        last++;
    return last;
}

void slot_give(struct region *r, void *owner)
{
    struct chunk *c = region_chunk((ULONG_PTR)r->base);

    for (int i = chunk_slot(c, r), k = slot_last(c, r); k > i; k--)
        atomic_store(&c->slots[k].owner, owner);
    atomic_store(&r->owner, owner);
}

static void free_mini(struct chunk *c, struct region *m)
{
    int i = chunk_slot(c, m);
    int k = (int)(((ULONG_PTR)m->base >> MINI_SHIFT) & (SLOT_MINIS - 1));

    atomic_poke(&m->kind, REGION_NONE);
    atomic_store(&m->owner, NULL);
    KILL_POINT("mini freed");
    c->minis_free[i] |= 1U << k;
    c->split |= CHUNK_BIT(i);
    chunk_count_mini(m, 1);
    if (c->minis_free[i] == ALL_MINIS && chunk_pool.free_minis >= 2 * SLOT_MINIS)
        join(c, i); /* enough others are free */
}

static void free_slots(struct chunk *c, struct region *r)
{
    for (int i = chunk_slot(c, r), k = slot_last(c, r); k >= i; k--) {
        atomic_store(&c->slots[k].kind, REGION_NONE);
        atomic_store(&c->slots[k].owner, NULL);
        KILL_POINT("slot freed");
        c->free |= CHUNK_BIT(k);
        chunk_pool.free_slots += !c->lone;
        chunk_note_warm(c, k);
    }
    if (!c->lone)
        chunk_pool.slot_hint = c;
}

void slot_free(struct region *r)
{
    struct chunk *c = region_chunk((ULONG_PTR)r->base);

    if (chunk_has_mini(c, r))
        free_mini(c, r);
    else
        free_slots(c, r);
    if (chunk_is_idle(c) && !c->warm &&
        (c->lone || chunk_pool.free_slots >= 2 * (CHUNK_SLOTS - CHUNK_FIRST)))
        chunk_release(c);
    else if (c->lone)
        chunk_push(&chunk_pool.waiting, c);
}
