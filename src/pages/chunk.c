#include "pages/chunk.h"

#include <string.h>

#include "base/permanent.h"

#ifdef _WIN64
struct chunk *volatile *volatile region_map[1 << MAP_ROOT_BITS];
static struct chunk *volatile first_leaf[1 << MAP_LEAF_BITS]; /* most processes need no second */
static int first_leaf_used;
#else
struct chunk *volatile region_map[1 << (OS_ADDRESS_BITS - CHUNK_SHIFT)];
#endif

static struct lock lock;
static char *where; /* address to try first for the next reservation */
struct chunk_pool chunk_pool;

int chunk_is_idle(const struct chunk *c)
{
    return c->free == (c->lone ? 1 : CHUNK_DATA);
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
        leaf = permanent_alloc(self, sizeof first_leaf);
    }
    atomic_store(&region_map[root], leaf);
    return leaf != NULL;
#else
    (void)self, (void)base;
    return 1;
#endif
}

void chunk_set_records(struct chunk *c, int slot)
{
    atomic_store(&c->records[slot], c->slots[slot].kind == REGION_SPLIT
                                        ? (ULONG_PTR)c->minis[slot] | (SLOT_MINIS - 1)
                                        : (ULONG_PTR)&c->slots[slot]);
}

/* What a free region would keep committed. */
SIZE_T chunk_warm(const struct chunk *c, int slot)
{
    return c->lone ? c->slots[0].committed : chunk_slot_bytes(&c->slots[slot]);
}

void chunk_note_warm(struct chunk *c, int slot)
{
    SIZE_T bytes = chunk_warm(c, slot);

    if (bytes) {
        c->warm |= CHUNK_BIT(slot);
        chunk_pool.warm_slots |= !c->lone;
    }
    chunk_pool.warm_bytes += bytes;
}

void chunk_count_mini(const struct region *m, int sign)
{
    chunk_pool.free_minis += (unsigned)sign;
    chunk_pool.warm_bytes += (SIZE_T)sign * m->pages * (OS_PAGE + MINI_WORDS);
}

/* Makes the masks of a chunk and adds it to the totals. A tail goes with the slot before it: the one who took
   or gave the run may have died before it came to the first. */
static void recount(struct chunk *c)
{
    void *before = NULL;

    c->free = c->warm = c->split = 0;
    for (int i = c->lone ? 0 : CHUNK_FIRST; i < (c->lone ? 1 : CHUNK_SLOTS); i++) {
        struct region *r = &c->slots[i];
        if (r->owner == CHUNK_SPLIT && r->kind != REGION_SPLIT)
            r->owner = NULL;
        if (r->owner && r->kind == REGION_TAIL)
            atomic_store(&r->owner, before);
        before = r->owner;
        chunk_set_records(c, i);
        if (!r->owner) {
            c->free |= CHUNK_BIT(i);
            chunk_pool.free_slots += !c->lone;
            chunk_note_warm(c, i);
        } else if (r->kind == REGION_SPLIT) {
            c->minis_free[i] = 0;
            for (int k = 0; k < SLOT_MINIS; k++) {
                if (chunk_mini(c, i, k)->owner)
                    continue;
                c->minis_free[i] |= 1U << k;
                c->split |= CHUNK_BIT(i);
                chunk_count_mini(chunk_mini(c, i, k), 1);
            }
        }
    }
}

/* After a thread died with the lock: finishes what it had begun with the system and recounts. */
static void repair(void)
{
    chunk_pool.free_slots = chunk_pool.free_minis = 0;
    chunk_pool.warm_slots = 0;
    chunk_pool.warm_bytes = 0;
    chunk_pool.unused = chunk_pool.waiting = NULL;
    for (struct chunk *c = chunk_pool.first; c; c = c->next) {
        if (c->state == CHUNK_RESERVING || c->state == CHUNK_RELEASING) {
            map_store(c, NULL);
            if (os_is_reserved(c->base, c->bytes, OS_PLAIN))
                os_release(c->base);
            c->state = CHUNK_NONE;
        }
        if (c->state == CHUNK_LIVE)
            recount(c);
        if (c->state == CHUNK_NONE)
            chunk_push(&chunk_pool.unused, c);
        else if (c->lone && c->free)
            chunk_push(&chunk_pool.waiting, c);
    }
    chunk_pool.slot_hint = chunk_pool.mini_hint = chunk_pool.first;
}

void chunk_hold(struct thread *self)
{
    if (UNLIKELY(lock_acquire(&lock, self)))
        repair();
}

void chunk_let_go(void)
{
    lock_release(&lock);
}

static struct chunk *chunk_record(struct thread *self)
{
    struct chunk *c = chunk_pop(&chunk_pool.unused);

    if (c)
        return c;
    c = permanent_alloc(self, sizeof *c);
    if (!c)
        return NULL;
    c->next = chunk_pool.first;
    atomic_store(&chunk_pool.first, c);
    return c;
}

/* The address is recorded before the reservation is made at it: a thread killed in between leaves
   nothing that could not be found. */
struct chunk *chunk_make(struct thread *self, SIZE_T bytes, int lone)
{
    struct chunk *c = chunk_record(self);
    int tries = 0;

    if (!c)
        return NULL;
    if (!where) /* begin where the system has put this thread's stack: its randomness is ours */
        where = (char *)&tries;
    do {
        c->base = os_find_free(where, bytes, CHUNK_BYTES);
        if (!c->base || tries++ == 64 || !map_prepare(self, c->base)) {
            chunk_push(&chunk_pool.unused, c);
            return NULL;
        }
        where = c->base + bytes;
        c->bytes = bytes;
        atomic_store(&c->state, CHUNK_RESERVING); /* after the address */
        KILL_POINT("chunk about to be reserved");
        if (!os_reserve(c->base, bytes))
            c->state = CHUNK_NONE; /* somebody else was first */
        KILL_POINT("chunk reserved");
    } while (c->state == CHUNK_NONE);
    c->lone = (uint16_t)lone;
    for (int i = 0; i < CHUNK_SLOTS; i++) {
        struct region *r = &c->slots[i];
        atomic_store(&r->owner, i < CHUNK_FIRST && !lone ? CHUNK_WORDS : NULL);
        r->base = c->base + (SIZE_T)i * SLOT_BYTES;
        atomic_poke(&r->kind, REGION_NONE);
        r->committed = r->touched = 0;
        r->pages = r->dirty = r->word_pages = 0;
        chunk_set_records(c, i);
    }
    recount(c);
    map_store(c, c);
    KILL_POINT("chunk mapped");
    c->state = CHUNK_LIVE;
    if (lone)
        chunk_push(&chunk_pool.waiting, c);
    else
        chunk_pool.slot_hint = c;
    return c;
}

void chunk_release(struct chunk *c)
{
    if (!c->lone)
        chunk_pool.free_slots -= CHUNK_SLOTS - CHUNK_FIRST;
    for (int i = 0; i < CHUNK_SLOTS; i++)
        if (c->warm & CHUNK_BIT(i))
            chunk_pool.warm_bytes -= chunk_warm(c, i);
    c->state = CHUNK_RELEASING;
    KILL_POINT("chunk about to be released");
    map_store(c, NULL);
    os_release(c->base);
    c->state = CHUNK_NONE;
    chunk_push(&chunk_pool.unused, c);
}

static int has(const struct chunk *c, enum chunk_has what)
{
    if (what == CHUNK_FREE_MINI)
        return c->split;
    return what == CHUNK_WARM_SLOT ? c->free & c->warm : c->free;
}

struct chunk *chunk_with(struct chunk *hint, enum chunk_has what)
{
    for (int pass = 0; pass < 2; pass++)
        for (struct chunk *c = pass ? chunk_pool.first : hint; c; c = c->next)
            if (c->state == CHUNK_LIVE && !c->lone && has(c, what))
                return c;
    return NULL;
}

int chunk_return_pages(struct region *r)
{
    uint16_t pages = r->pages;

    /* What is dirty and not committed is what an earlier try may have left. */
    if (r->dirty < pages)
        r->dirty = pages;
    r->pages = 0;
    KILL_POINT("pages about to be decommitted");
    if (r->dirty && !os_decommit(r->base, r->dirty * OS_PAGE)) {
        r->pages = pages;
        return 0;
    }
    r->dirty = 0;
    return 1;
}

void chunk_return_words(struct chunk *c, int slot)
{
    struct region *r = &c->slots[slot];
    uint8_t word_pages = r->word_pages;

    r->word_pages = 0; /* first: of a thread that is killed, what counts as committed has to be */
    if (word_pages && !os_decommit(chunk_words(c, slot), word_pages * OS_PAGE))
        r->word_pages = word_pages;
    KILL_POINT("state words decommitted");
}

int chunk_return_slot(struct chunk *c, int slot)
{
    chunk_return_words(c, slot);
    return chunk_return_pages(&c->slots[slot]);
}

void chunk_visit(void *owner, void (*visit)(struct region *, void *), void *context)
{
    for (struct chunk *c = chunk_pool.first; c; c = c->next) {
        for (int i = 0; i < CHUNK_SLOTS && c->state == CHUNK_LIVE; i++) {
            struct region *r = &c->slots[i];
            if (r->owner == owner && r->kind != REGION_TAIL && r->kind != REGION_SPLIT)
                visit(r, context);
            for (int k = 0; r->kind == REGION_SPLIT && k < SLOT_MINIS; k++)
                if (chunk_mini(c, i, k)->owner == owner)
                    visit(chunk_mini(c, i, k), context);
        }
    }
}

void chunk_shutdown(void)
{
    for (struct chunk *c = chunk_pool.first; c; c = c->next)
        if (c->state != CHUNK_NONE && os_is_reserved(c->base, c->bytes, OS_PLAIN))
            os_release(c->base);
    memset(&chunk_pool, 0, sizeof chunk_pool);
    memset((void *)region_map, 0, sizeof region_map); /* its leaves go with the arena */
#ifdef _WIN64
    memset((void *)first_leaf, 0, sizeof first_leaf);
    first_leaf_used = 0;
#endif
    where = NULL;
    lock_reset(&lock);
}

/* Of all masks: another one if any has changed. */
static uint32_t checksum(void)
{
    uint32_t sum = 0;

    for (const struct chunk *c = chunk_pool.first; c; c = c->next) {
        sum = 31 * (31 * (31 * sum + c->free) + c->warm) + c->split;
        for (int i = CHUNK_FIRST; i < CHUNK_SLOTS; i++)
            if (c->slots[i].kind == REGION_SPLIT)
                sum = 31 * sum + c->minis_free[i];
    }
    return sum;
}

static unsigned length(const struct chunk *list)
{
    unsigned count = 0;

    for (; list; list = list->spare)
        count++;
    return count;
}

int chunk_is_valid(struct thread *self)
{
    struct chunk_pool before;
    unsigned unused, waiting;
    uint32_t masks;
    int valid;

    chunk_hold(self);
    before = chunk_pool;
    unused = length(before.unused);
    waiting = length(before.waiting);
    masks = checksum();
    repair();
    valid = masks == checksum() && unused == length(chunk_pool.unused) &&
            waiting == length(chunk_pool.waiting) && before.free_slots == chunk_pool.free_slots &&
            before.free_minis == chunk_pool.free_minis &&
            before.warm_bytes == chunk_pool.warm_bytes &&
            before.warm_slots >= chunk_pool.warm_slots;
    chunk_let_go();
    return valid;
}
