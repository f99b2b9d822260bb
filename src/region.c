#include "region.h"

#include "arena.h"

#ifdef _WIN64
struct chunk *volatile *volatile region_map[1 << MAP_ROOT_BITS];
static struct chunk *volatile first_leaf[1 << MAP_LEAF_BITS]; /* most processes need no second */
static int first_leaf_used;
#else
struct chunk *volatile region_map[1 << (OS_ADDRESS_BITS - CHUNK_SHIFT)];
#endif

#define DATA_SLOTS 0xFFFCU /* CHUNK_FIRST and up */
#define BIT(index) ((uint16_t)(1U << (index)))
/* What may wait for reuse: at least this, so that small experts come and go without system calls; and
   not more than that, however much is in use. */
#define KEEP_LEAST ((SIZE_T)2 << 20)
#define KEEP_MOST ((SIZE_T)64 << 20)
#define LONE_KEEP ((SIZE_T)1 << 20) /* a large region with more committed is not kept for reuse */
#define SPLIT_OWNER ((void *)2)     /* of a slot that is split or about to be */
#define ALL_MINIS (SLOT_MINIS == 32 ? 0xFFFFFFFFU : (1U << (SLOT_MINIS & 31)) - 1)

/* All below is guarded by the lock; the totals can be recounted (repair). */
static struct lock lock;
static struct chunk *chunks;
static struct chunk *slot_hint, *mini_hint; /* where to look first */
static unsigned free_slots, free_minis;
static SIZE_T warm_bytes;
static volatile LONG used_pages; /* committed in regions that have an owner; moves under no lock */
static char *where;              /* address to try first for the next reservation */

int region_keeps_nothing;

static void count_used(SIZE_T bytes, int sign)
{
    atomic_add(&used_pages, sign * (LONG)(bytes / OS_PAGE));
}

static SIZE_T keep_limit(void)
{
    SIZE_T used = (SIZE_T)(ULONG)atomic_load(&used_pages) * OS_PAGE;

    if (region_keeps_nothing)
        return 0;
    return used < KEEP_LEAST ? KEEP_LEAST : used < KEEP_MOST ? used : KEEP_MOST;
}

static int lowest(uint32_t bits)
{
    int index = 0;

    while (!(bits & 1)) {
        bits >>= 1;
        index++;
    }
    return index;
}

static int is_idle(const struct chunk *c)
{
    return c->free == (c->lone ? 1 : DATA_SLOTS);
}

static struct region *mini_of(const struct chunk *c, int slot, int index)
{
    return &c->minis[slot][index];
}

static void map_store(const struct chunk *c, struct chunk *value)
{
    ULONG_PTR at = (ULONG_PTR)c->base;
#ifdef _WIN64
    atomic_store(&region_map[at >> (CHUNK_SHIFT + MAP_LEAF_BITS)]
                            [(at >> CHUNK_SHIFT) & ((1 << MAP_LEAF_BITS) - 1)],
                 value);
#else
    atomic_store(&region_map[at >> CHUNK_SHIFT], value);
#endif
}

static int map_prepare(struct thread *self, const char *base)
{
#ifdef _WIN64
    ULONG_PTR root = (ULONG_PTR)base >> (CHUNK_SHIFT + MAP_LEAF_BITS);
    struct chunk *volatile *leaf = region_map[root];

    if (leaf)
        return 1;
    if (!first_leaf_used) {
        first_leaf_used = 1;
        leaf = first_leaf;
    } else {
        leaf = arena_alloc(self, sizeof first_leaf);
    }
    atomic_store(&region_map[root], leaf);
    return leaf != NULL;
#else
    (void)self, (void)base;
    return 1;
#endif
}

static SIZE_T slot_footprint(const struct region *r)
{
    return ((SIZE_T)r->pages + r->word_pages) * OS_PAGE;
}

/* What a free region would keep committed. */
static SIZE_T warm_of(const struct chunk *c, int slot)
{
    return c->lone ? c->slots[0].committed : slot_footprint(&c->slots[slot]);
}

static void count_mini(const struct region *m, int sign)
{
    free_minis += (unsigned)sign;
    warm_bytes += (SIZE_T)sign * m->pages * (OS_PAGE + MINI_WORDS);
}

/* Makes the masks of a chunk and adds it to the totals. */
static void recount(struct chunk *c)
{
    c->free = c->warm = c->split = 0;
    for (int i = c->lone ? 0 : CHUNK_FIRST; i < (c->lone ? 1 : CHUNK_SLOTS); i++) {
        struct region *r = &c->slots[i];
        if (r->owner == SPLIT_OWNER && r->kind != REGION_SPLIT)
            r->owner = NULL;
        if (!r->owner) {
            c->free |= BIT(i);
            free_slots += !c->lone;
            if (warm_of(c, i))
                c->warm |= BIT(i);
            warm_bytes += warm_of(c, i);
        } else if (r->kind == REGION_SPLIT) {
            c->minis_free[i] = 0;
            for (int k = 0; k < SLOT_MINIS; k++) {
                if (mini_of(c, i, k)->owner)
                    continue;
                c->minis_free[i] |= 1U << k;
                c->split |= BIT(i);
                count_mini(mini_of(c, i, k), 1);
            }
        }
    }
}

/* After a thread died with the lock: finishes what it had begun with the system and recounts. */
static void repair(void)
{
    free_slots = free_minis = 0;
    warm_bytes = 0;
    for (struct chunk *c = chunks; c; c = c->next) {
        if (c->state == CHUNK_RESERVING || c->state == CHUNK_RELEASING) {
            if (region_chunk((ULONG_PTR)c->base) == c)
                map_store(c, NULL);
            if (os_is_reserved(c->base))
                os_release(c->base);
            c->state = CHUNK_NONE;
        }
        if (c->state == CHUNK_LIVE)
            recount(c);
    }
    slot_hint = mini_hint = chunks;
}

void region_hold(struct thread *self)
{
    if (UNLIKELY(lock_acquire(&lock, self)))
        repair();
}

void region_let_go(void)
{
    lock_release(&lock);
}

static struct chunk *chunk_record(struct thread *self)
{
    struct chunk *c;

    for (c = chunks; c; c = c->next)
        if (c->state == CHUNK_NONE)
            return c;
    c = arena_alloc(self, sizeof *c);
    if (!c)
        return NULL;
    c->next = chunks;
    chunks = c;
    return c;
}

/* The address is recorded before the reservation is made at it: a thread killed in between leaves
   nothing that could not be found. */
static struct chunk *chunk_make(struct thread *self, SIZE_T bytes, int lone)
{
    struct chunk *c = chunk_record(self);
    int tries = 0;

    if (!c)
        return NULL;
    if (!where) /* begin where the system has put this thread's stack: its randomness is ours */
        where = (char *)&tries;
    do {
        c->base = os_find_free(where, bytes, CHUNK_BYTES);
        if (!c->base || tries++ == 64 || !map_prepare(self, c->base))
            return NULL;
        where = c->base + bytes;
        c->bytes = bytes;
        c->state = CHUNK_RESERVING;
        KILL_POINT("chunk about to be reserved");
        if (!os_reserve(c->base, bytes))
            c->state = CHUNK_NONE; /* somebody else was first */
        KILL_POINT("chunk reserved");
    } while (c->state == CHUNK_NONE);
    c->lone = (uint16_t)lone;
    for (int i = 0; i < CHUNK_SLOTS; i++) {
        struct region *r = &c->slots[i];
        atomic_store(&r->owner, i < CHUNK_FIRST && !lone ? REGION_RETIRED : NULL);
        r->base = c->base + (SIZE_T)i * SLOT_BYTES;
        atomic_poke(&r->kind, REGION_NONE);
        r->committed = 0;
        r->pages = r->dirty = r->word_pages = 0;
    }
    recount(c);
    map_store(c, c);
    KILL_POINT("chunk mapped");
    c->state = CHUNK_LIVE;
    slot_hint = lone ? slot_hint : c;
    return c;
}

static void chunk_release(struct chunk *c)
{
    if (!c->lone)
        free_slots -= CHUNK_SLOTS - CHUNK_FIRST;
    for (int i = 0; i < CHUNK_SLOTS; i++)
        if (c->warm & BIT(i))
            warm_bytes -= warm_of(c, i);
    c->state = CHUNK_RELEASING;
    KILL_POINT("chunk about to be released");
    map_store(c, NULL);
    os_release(c->base);
    c->state = CHUNK_NONE;
}

/* The first chunk from hint on, then from the start, in which a mask has a bit. */
static struct chunk *chunk_with(struct chunk *hint, int split)
{
    for (int pass = 0; pass < 2; pass++)
        for (struct chunk *c = pass ? chunks : hint; c; c = c->next)
            if (c->state == CHUNK_LIVE && !c->lone && (split ? c->split : c->free))
                return c;
    return NULL;
}

/* State words are the only thing that a slot has outside itself. */
static uint16_t *words_of(const struct chunk *c, int slot)
{
    return (uint16_t *)(void *)(c->base + (SIZE_T)(slot - CHUNK_FIRST) * SLOT_WORDS);
}

/* Returns the pages of a slot or a mini to the system. Until that is done they count as dirty, not as
   committed: what was not returned must not be taken for zero. */
static int pages_decommit(struct region *r)
{
    uint16_t pages = r->pages;

    if (r->dirty < pages)
        r->dirty = pages;
    r->pages = 0;
    KILL_POINT("pages about to be decommitted");
    if (pages && !os_decommit(r->base, pages * OS_PAGE)) {
        r->pages = pages;
        return 0;
    }
    r->dirty = 0;
    return 1;
}

static int slot_decommit(struct chunk *c, int slot)
{
    struct region *r = &c->slots[slot];

    if (r->word_pages && os_decommit(words_of(c, slot), r->word_pages * OS_PAGE))
        r->word_pages = 0;
    return pages_decommit(r);
}

static struct region *slot_take(struct thread *self, void *owner)
{
    struct chunk *c = free_slots ? chunk_with(slot_hint, 0) : NULL;
    struct region *r;
    int i;

    if (!c)
        c = chunk_make(self, CHUNK_BYTES, 0);
    if (!c)
        return NULL;
    slot_hint = c;
    i = lowest(c->free & c->warm ? c->free & c->warm : c->free);
    r = &c->slots[i];
    atomic_poke(&r->kind, REGION_NONE);
    r->words = words_of(c, i);
    atomic_store(&r->owner, owner);
    KILL_POINT("slot taken");
    if (c->warm & BIT(i))
        warm_bytes -= warm_of(c, i);
    c->warm &= (uint16_t)~BIT(i);
    c->free &= (uint16_t)~BIT(i);
    free_slots--;
    return r;
}

static int slot_index(const struct chunk *c, const struct region *r)
{
    return (int)(((ULONG_PTR)r->base - (ULONG_PTR)c->base) >> SLOT_SHIFT);
}

static int slot_split(struct thread *self)
{
    struct region *r = slot_take(self, SPLIT_OWNER);
    struct chunk *c;
    int i;

    if (!r)
        return 0;
    c = region_chunk((ULONG_PTR)r->base);
    i = slot_index(c, r);
    if (!c->minis[i])
        c->minis[i] = arena_alloc(self, SLOT_MINIS * sizeof *r);
    /* Minis have a guard page each, so nothing may be committed beforehand. */
    if (!c->minis[i] || !slot_decommit(c, i)) {
        r->owner = NULL;
        c->free |= BIT(i);
        free_slots++;
        return 0;
    }
    for (int k = 0; k < SLOT_MINIS; k++) {
        struct region *m = mini_of(c, i, k);
        *m = (struct region){.base = r->base + (SIZE_T)k * MINI_BYTES};
    }
    c->minis_free[i] = ALL_MINIS;
    c->split |= BIT(i);
    free_minis += SLOT_MINIS;
    atomic_store(&r->kind, REGION_SPLIT);
    mini_hint = c;
    return 1;
}

static struct region *mini_take(struct thread *self, void *owner)
{
    struct chunk *c;
    struct region *m;
    int i, k;

    if (!free_minis && !slot_split(self))
        return NULL;
    c = mini_hint = chunk_with(mini_hint, 1);
    if (!c)
        return NULL;
    i = lowest(c->split);
    k = lowest(c->minis_free[i]);
    m = mini_of(c, i, k);
    atomic_poke(&m->kind, REGION_NONE);
    m->words = words_of(c, i) + (SIZE_T)k * (MINI_WORDS / sizeof(uint16_t));
    atomic_store(&m->owner, owner);
    KILL_POINT("mini taken");
    count_mini(m, -1);
    c->minis_free[i] &= ~(1U << k);
    if (!c->minis_free[i])
        c->split &= (uint16_t)~BIT(i);
    return m;
}

struct region *region_take(struct thread *self, void *owner, int mini)
{
    struct region *r;

    region_hold(self);
    r = mini ? mini_take(self, owner) : slot_take(self, owner);
    if (r)
        count_used(region_footprint(r), 1);
    region_let_go();
    return r;
}

static int slot_cool(struct chunk *c, int slot)
{
    int cold;

    warm_bytes -= warm_of(c, slot);
    cold = slot_decommit(c, slot);
    warm_bytes += warm_of(c, slot);
    if (!warm_of(c, slot))
        c->warm &= (uint16_t)~BIT(slot);
    return cold;
}

static int run_cool(struct chunk *c, int first, int slots)
{
    int cold = 1;

    for (int i = first; i < first + slots && cold; i++)
        cold = !(c->warm & BIT(i)) || slot_cool(c, i);
    return cold;
}

/* A run of slots for a large region, its tails marked first. */
static struct region *run_take(struct thread *self, void *owner, int slots)
{
    for (int pass = 0; pass < 2; pass++) {
        for (struct chunk *c = chunks; c; c = c->next) {
            if (c->state != CHUNK_LIVE || c->lone)
                continue;
            for (int i = CHUNK_FIRST; i + slots <= CHUNK_SLOTS; i++) {
                unsigned run = ((1U << slots) - 1) << i;
                if ((c->free & run) != run || !run_cool(c, i, slots))
                    continue;
                for (int k = i + slots - 1; k >= i; k--) {
                    struct region *r = &c->slots[k];
                    r->committed = r->touched = 0;
                    atomic_poke(&r->kind, (uint8_t)(k == i ? REGION_NONE : REGION_TAIL));
                    atomic_store(&r->owner, owner);
                    c->free &= (uint16_t)~BIT(k);
                    free_slots--;
                }
                return &c->slots[i];
            }
        }
        if (!pass && !chunk_make(self, CHUNK_BYTES, 0))
            break;
    }
    return NULL;
}

/* The best fit among the large regions that wait for reuse, else a new one. */
static struct region *lone_take(struct thread *self, void *owner, SIZE_T room)
{
    SIZE_T bytes = (room + OS_PAGE + CHUNK_BYTES - 1) & ~(CHUNK_BYTES - 1);
    struct chunk *best = NULL;

    if (bytes < room)
        return NULL;
    for (struct chunk *c = chunks; c; c = c->next)
        if (c->state == CHUNK_LIVE && c->lone && c->free && c->bytes >= bytes &&
            (!best || c->bytes < best->bytes))
            best = c;
    if (!best)
        best = chunk_make(self, bytes, 1);
    if (!best)
        return NULL;
    atomic_store(&best->slots[0].owner, owner);
    KILL_POINT("large region taken");
    count_used(warm_of(best, 0), 1);
    if (best->warm)
        warm_bytes -= warm_of(best, 0);
    best->free = best->warm = 0;
    return &best->slots[0];
}

struct region *region_take_large(struct thread *self, void *owner, SIZE_T bytes, SIZE_T room)
{
    SIZE_T slots = (bytes + OS_PAGE + SLOT_BYTES - 1) >> SLOT_SHIFT;
    struct region *r;

    if (bytes > (SIZE_T)-1 / 2)
        return NULL;
    region_hold(self);
    if (LARGE_IN_RUNS && slots <= CHUNK_SLOTS - CHUNK_FIRST) {
        r = run_take(self, owner, (int)slots);
    } else {
        r = lone_take(self, owner, room > bytes ? room : bytes);
        if (!r && room > bytes)
            r = lone_take(self, owner, bytes);
    }
    region_let_go();
    if (r && !region_commit_large(r, bytes)) {
        region_release(self, r);
        return NULL;
    }
    return r;
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
        if (!os_commit(r->base + have, (SIZE_T)pages * OS_PAGE - have))
            return 0;
        r->pages = pages;
    }
    count_used(before, -1);
    count_used(region_footprint(r), 1);
    return 1;
}

SIZE_T region_room(const struct region *r)
{
    const struct chunk *c = region_chunk((ULONG_PTR)r->base);
    int i = slot_index(c, r), slots = 1;

    if (c->lone)
        return c->bytes - OS_PAGE;
    if (r != &c->slots[i])
        return MINI_DATA;
    while (i + slots < CHUNK_SLOTS && c->slots[i + slots].owner == r->owner &&
           c->slots[i + slots].kind == REGION_TAIL)
        slots++;
    return (SIZE_T)slots * SLOT_BYTES - OS_PAGE;
}

int region_commit_large(struct region *r, SIZE_T bytes)
{
    SIZE_T all = (bytes + OS_PAGE - 1) & ~(OS_PAGE - 1);

    if (all <= r->committed)
        return 1;
    if (!os_commit(r->base + r->committed, all - r->committed))
        return 0;
    count_used(all - r->committed, 1);
    r->committed = all;
    return 1;
}

static void large_decommit(struct region *r, SIZE_T all)
{
    SIZE_T committed = r->committed;

    r->committed = all;
    if (committed > all && !os_decommit(r->base + all, committed - all))
        r->committed = committed;
    else if (r->touched > all)
        r->touched = all;
}

void region_shrink_large(struct region *r, SIZE_T bytes)
{
    SIZE_T before = r->committed;

    large_decommit(r, (bytes + OS_PAGE - 1) & ~(OS_PAGE - 1));
    count_used(before - r->committed, -1);
}

static int is_mini(const struct chunk *c, const struct region *r)
{
    return !c->lone && r != &c->slots[slot_index(c, r)];
}

SIZE_T region_footprint(const struct region *r)
{
    const struct chunk *c = region_chunk((ULONG_PTR)r->base);

    if (r->kind == REGION_LARGE || c->lone)
        return r->committed;
    if (is_mini(c, r))
        return r->pages * (OS_PAGE + MINI_WORDS);
    return slot_footprint(r);
}

/* Returns a region's pages to the system, whatever it was used for. Its owner still has it. */
static void decommit(struct chunk *c, struct region *r, int large)
{
    if (large) {
        large_decommit(r, 0);
        r->dirty = 0;
    } else if (is_mini(c, r)) {
        pages_decommit(r);
    } else {
        slot_decommit(c, slot_index(c, r));
    }
}

static void set_owner(struct chunk *c, struct region *r, void *owner)
{
    void *former = r->owner;

    if (!c->lone && !is_mini(c, r))
        for (int k = slot_index(c, r) + 1;
             k < CHUNK_SLOTS && c->slots[k].kind == REGION_TAIL && c->slots[k].owner == former; k++)
            atomic_store(&c->slots[k].owner, owner);
    atomic_store(&r->owner, owner);
}

void region_give(struct thread *self, struct region *r, void *owner)
{
    region_hold(self);
    set_owner(region_chunk((ULONG_PTR)r->base), r, owner);
    region_let_go();
}

void region_retire(struct thread *self, struct region *r)
{
    struct chunk *c = region_chunk((ULONG_PTR)r->base);
    int large = r->kind == REGION_LARGE;
    SIZE_T before = region_footprint(r);

    region_hold(self);
    if (!large)
        atomic_store(&r->kind, REGION_NONE);
    set_owner(c, r, REGION_RETIRED);
    count_used(before, -1);
    decommit(c, r, large);
    count_used(region_footprint(r), 1);
    region_let_go();
}

static void mini_free(struct chunk *c, struct region *m)
{
    int i = slot_index(c, m);
    int k = (int)(((ULONG_PTR)m->base >> MINI_SHIFT) & (SLOT_MINIS - 1));

    atomic_poke(&m->kind, REGION_NONE);
    atomic_store(&m->owner, NULL);
    KILL_POINT("mini freed");
    c->minis_free[i] |= 1U << k;
    c->split |= BIT(i);
    count_mini(m, 1);
    if (c->minis_free[i] != ALL_MINIS || free_minis < 2 * SLOT_MINIS)
        return;
    /* Enough others are free: make it a slot again. */
    for (k = 0; k < SLOT_MINIS; k++)
        count_mini(mini_of(c, i, k), -1);
    c->split &= (uint16_t)~BIT(i);
    c->slots[i].pages = (uint16_t)(SLOT_DATA / OS_PAGE);
    c->slots[i].word_pages = (uint8_t)((SLOT_MINIS * MINI_WORDS + OS_PAGE - 1) / OS_PAGE);
    slot_decommit(c, i);
    atomic_store(&c->slots[i].kind, REGION_NONE);
    c->slots[i].owner = NULL;
    c->free |= BIT(i);
    free_slots++;
}

static void slots_free(struct chunk *c, struct region *r)
{
    int i = slot_index(c, r), last = i;

    while (!c->lone && last + 1 < CHUNK_SLOTS && c->slots[last + 1].kind == REGION_TAIL &&
           c->slots[last + 1].owner == r->owner)
        last++;
    for (int k = last; k >= i; k--) {
        atomic_store(&c->slots[k].kind, REGION_NONE);
        atomic_store(&c->slots[k].owner, NULL);
        KILL_POINT("slot freed");
        c->free |= BIT(k);
        free_slots += !c->lone;
    }
    if (warm_of(c, i))
        c->warm |= BIT(i);
    warm_bytes += warm_of(c, i);
}

void region_release(struct thread *self, struct region *r)
{
    struct chunk *c = region_chunk((ULONG_PTR)r->base);
    int large = r->kind == REGION_LARGE;
    int keep = !large || (c->lone && r->committed <= LONE_KEEP);

    region_hold(self);
    count_used(region_footprint(r), -1);
    if (!keep || warm_bytes + region_footprint(r) > keep_limit())
        decommit(c, r, large);
    else if (large)
        r->touched = r->committed;
    else if (r->dirty < r->pages)
        r->dirty = r->pages;
    if (is_mini(c, r)) {
        mini_free(c, r);
    } else {
        slots_free(c, r);
        slot_hint = c->lone ? slot_hint : c;
    }
    if (is_idle(c) && !c->warm && (c->lone || free_slots >= 2 * (CHUNK_SLOTS - CHUNK_FIRST)))
        chunk_release(c);
    region_let_go();
}

void region_visit(void *owner, void (*visit)(struct region *, void *), void *context)
{
    for (struct chunk *c = chunks; c; c = c->next) {
        for (int i = 0; i < CHUNK_SLOTS && c->state == CHUNK_LIVE; i++) {
            struct region *r = &c->slots[i];
            if (r->owner == owner && r->kind != REGION_TAIL && r->kind != REGION_SPLIT)
                visit(r, context);
            for (int k = 0; r->kind == REGION_SPLIT && k < SLOT_MINIS; k++)
                if (mini_of(c, i, k)->owner == owner)
                    visit(mini_of(c, i, k), context);
        }
    }
}

/* Cools what waits in one chunk: whole if nothing of it is in use, else slot by slot. */
static void cool(struct chunk *c, SIZE_T limit)
{
    if (is_idle(c)) {
        chunk_release(c);
        return;
    }
    for (int i = CHUNK_FIRST; i < CHUNK_SLOTS && warm_bytes > limit; i++) {
        if (c->warm & BIT(i))
            slot_cool(c, i);
        for (int k = 0; (c->split & BIT(i)) && k < SLOT_MINIS; k++) {
            struct region *m = mini_of(c, i, k);
            if (m->owner || !m->pages)
                continue;
            count_mini(m, -1);
            decommit(c, m, 0);
            count_mini(m, 1);
        }
    }
}

static void cool_to(SIZE_T limit)
{
    for (struct chunk *c = chunks; c && warm_bytes > limit; c = c->next)
        if (c->state == CHUNK_LIVE)
            cool(c, limit);
}

void region_settle(struct thread *self)
{
    if (atomic_peek(&warm_bytes) <= keep_limit())
        return;
    region_hold(self);
    cool_to(keep_limit());
    region_let_go();
}

int region_trim(struct thread *self)
{
    SIZE_T before;

    region_hold(self);
    before = warm_bytes;
    cool_to(0);
    before -= warm_bytes;
    region_let_go();
    return before != 0;
}

void region_shutdown(void)
{
    for (struct chunk *c = chunks; c; c = c->next)
        if (c->state != CHUNK_NONE && os_is_reserved(c->base))
            os_release(c->base);
    chunks = slot_hint = mini_hint = NULL;
    free_slots = free_minis = 0;
    warm_bytes = 0;
    used_pages = 0;
    where = NULL;
    region_keeps_nothing = 0;
    lock.holder = 0;
}

int region_is_valid(struct thread *self)
{
    unsigned slots, minis;
    SIZE_T warm;
    int valid;

    region_hold(self);
    slots = free_slots;
    minis = free_minis;
    warm = warm_bytes;
    repair();
    valid = slots == free_slots && minis == free_minis && warm == warm_bytes;
    region_let_go();
    return valid;
}
