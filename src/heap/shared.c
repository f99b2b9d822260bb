#include "heap/shared.h"

#include "base/permanent.h"

struct shared {
    struct shared *next;
    struct region *span;    /* NULL: the record is free; a buried one's owner is REGION_RETIRED */
    struct region *table;   /* what owners lies in; NULL: buried, and giver is its only grave */
    void *volatile *owners; /* one for each block below limit; NULL: free */
    void *giver;            /* whose blocks may come into it still, or a grave; NULL: nobody */
    unsigned graves;        /* blocks that are a grave's */
};
_Static_assert(SLOT_DATA / SPAN_LEAST * sizeof(void *) <= SLOT_DATA,
               "a slot has room for all owners");

static struct lock lock;
static struct shared *volatile all;

static unsigned is_grave(const void *owner)
{
    return (ULONG_PTR)owner & 1;
}

/* With the lock held, unless its last holder died: whether it is not buried. */
static int is_live(const struct shared *s)
{
    return s->span && s->span->owner == SHARED_OWNER;
}

static struct shared *record_of(const struct region *span)
{
    return (struct shared *)(void *)span->next;
}

/* Notes a region that is in no record: its thread was killed before it was, or since it was. */
static void note_stray(struct region *r, void *context)
{
    struct region **strays = context;

    for (const struct shared *s = all; s; s = s->next)
        if (s->span && (s->span == r || s->table == r))
            return;
    r->next = *strays;
    *strays = r;
}

/* A live block without an owner: its thread was killed while it freed it. */
static void finish_freeing(struct shared *s)
{
    s->graves = 0;
    for (unsigned i = 0; i < s->span->fresh; i++) {
        s->graves += is_grave(s->owners[i]);
        if (!s->owners[i])
            atomic_poke(&s->span->words[i], SPAN_NONE);
    }
    span_repair(s->span);
}

/* The grave that alone has a part in a span; NULL: there are several. */
static void *sole_grave(const struct shared *s)
{
    void *grave = is_grave(s->giver) ? s->giver : NULL;

    for (unsigned i = 0; i < s->span->fresh; i++) {
        if (!is_grave(s->owners[i]))
            continue;
        if (grave && s->owners[i] != grave)
            return NULL;
        grave = s->owners[i];
    }
    return grave;
}

/* Strays may still write to it: its pages go back, its addresses when the last grave is let go. */
static void bury(struct thread *self, struct shared *s)
{
    struct region *table = s->table;
    void *sole = sole_grave(s);

    if (sole) {
        s->giver = sole;
        s->table = NULL;
    }
    KILL_POINT("shared span about to be buried");
    region_retire(self, s->span);
    if (sole)
        region_release(self, table);
}

/* Nobody has a part in it any more. */
static void release(struct thread *self, struct shared *s)
{
    struct region *span = s->span, *table = s->table;

    s->span = NULL;
    region_release(self, span);
    if (table)
        region_release(self, table);
}

/* Gives a span back in which no block is alive. */
static void give_back(struct thread *self, struct shared *s)
{
    if (s->span->used > s->graves)
        return;
    if (s->graves || is_grave(s->giver))
        bury(self, s);
    else
        release(self, s);
}

static void repair(struct thread *self)
{
    struct region *strays = NULL;

    for (struct shared *s = all; s; s = s->next) {
        if (is_live(s) && s->table && s->span->kind == REGION_SHARED) {
            finish_freeing(s);
            give_back(self, s);
        } else if (is_live(s)) {
            region_retire(self, s->span); /* half-way buried, its words gone perhaps */
        } else if (s->span && s->span->owner != REGION_RETIRED) {
            s->span = NULL; /* not yet made */
        }
    }
    chunk_hold(self);
    chunk_visit(SHARED_OWNER, note_stray, &strays);
    chunk_let_go();
    while (strays) {
        struct region *r = strays;
        strays = r->next;
        region_release(self, r);
    }
}

static void hold(struct thread *self)
{
    if (lock_acquire(&lock, self))
        repair(self);
}

/* The live block at an address in a shared span. */
static struct shared *find(const void *address, unsigned *index, SIZE_T *bytes)
{
    struct region *span = region_find(address);

    if (!span || span->owner != SHARED_OWNER || span->kind != REGION_SHARED)
        return NULL;
    *index = span_index(span, (SIZE_T)((const char *)address - span->base), bytes);
    return *index != SPAN_BAD ? record_of(span) : NULL;
}

static struct shared *free_record(struct thread *self)
{
    struct shared *s;

    for (s = all; s; s = s->next)
        if (!s->span)
            return s;
    s = permanent_alloc(self, sizeof *s);
    if (s) {
        s->next = all;
        atomic_store(&all, s);
    }
    return s;
}

static int fill_table(struct thread *self, struct shared *s, const struct region *span, void *owner)
{
    SIZE_T bytes = span->limit * sizeof *s->owners;

    s->table = region_take(self, SHARED_OWNER, bytes <= MINI_DATA);
    if (!s->table)
        return 0;
    if (!region_commit(s->table, bytes, 0)) {
        region_release(self, s->table);
        return 0;
    }
    s->owners = (void *volatile *)(void *)s->table->base;
    for (unsigned i = 0; i < span->limit; i++)
        s->owners[i] = i >= span->fresh || span->words[i] & SPAN_FREE ? NULL : owner;
    return 1;
}

int shared_make(struct thread *self, struct region *span, void *owner)
{
    struct shared *s;
    int made;

    hold(self);
    s = free_record(self);
    made = s && fill_table(self, s, span, owner);
    if (made) {
        s->giver = owner;
        s->graves = 0;
        s->span = span;
        span->next = (struct region *)(void *)s;
        atomic_store(&span->kind, REGION_SHARED);
        KILL_POINT("span about to be shared");
        atomic_store(&span->owner, SHARED_OWNER);
    }
    lock_release(&lock);
    return made;
}

/* A block of any content; its owner comes last, or the taker of a dead thread's lock frees it again. */
static void *take(struct shared *s, void *owner, SIZE_T bytes)
{
    struct region *span = s->span;
    unsigned index = span->head == SPAN_NONE ? span->fresh : span->head & ~SPAN_FREE;
    void *block =
        span->head == SPAN_NONE ? span_take_untouched(span, bytes) : span_take_freed(span, bytes);

    KILL_POINT("shared block taken");
    s->owners[index] = owner;
    return block;
}

void *shared_alloc(struct thread *self, void *giver, unsigned size_class, SIZE_T bytes)
{
    void *block = NULL;

    if (!atomic_load(&all))
        return NULL;
    hold(self);
    for (struct shared *s = all; s && !block; s = s->next)
        if (is_live(s) && s->giver == giver && s->span->size_class == size_class &&
            span_has_room(s->span))
            block = take(s, giver, bytes);
    lock_release(&lock);
    return block;
}

void *shared_owner(struct thread *self, const void *address, unsigned *index, SIZE_T *bytes)
{
    struct shared *s;
    void *owner = NULL;

    hold(self);
    s = find(address, index, bytes);
    if (s && !is_grave(s->owners[*index]))
        owner = s->owners[*index];
    lock_release(&lock);
    return owner;
}

void shared_free(struct thread *self, void *address)
{
    struct shared *s;
    SIZE_T old = 0;
    unsigned index = 0;

    hold(self);
    s = find(address, &index, &old);
    if (s) {
        s->owners[index] = NULL;
        KILL_POINT("shared block disowned");
        span_give(s->span, index);
        give_back(self, s);
    }
    lock_release(&lock);
}

void shared_give(struct thread *self, void *address, void *owner)
{
    struct shared *s;
    SIZE_T old = 0;
    unsigned index = 0;

    hold(self);
    s = find(address, &index, &old);
    if (s)
        s->owners[index] = owner;
    lock_release(&lock);
}

void shared_visit(struct thread *self, void *owner, void (*visit)(void *, SIZE_T, void *),
                  void *context)
{
    hold(self);
    for (struct shared *s = all; s; s = s->next)
        for (unsigned i = 0; is_live(s) && i < s->span->fresh; i++)
            if (s->owners[i] == owner && !(s->span->words[i] & SPAN_FREE))
                visit(s->span->base + (SIZE_T)i * s->span->block, s->span->words[i], context);
    lock_release(&lock);
}

static void release_blocks(struct thread *self, struct shared *s, void *owner)
{
    if (s->giver == owner)
        s->giver = NULL;
    for (unsigned i = 0; i < s->span->fresh; i++) {
        if (s->owners[i] != owner)
            continue;
        s->graves -= is_grave(owner);
        s->owners[i] = NULL;
        span_give(s->span, i);
    }
    give_back(self, s);
}

/* Of a buried span: the last grave takes it along. */
static void let_go(struct thread *self, struct shared *s, const void *grave)
{
    unsigned left;

    if (s->giver == grave)
        s->giver = NULL;
    left = is_grave(s->giver);
    for (unsigned i = 0; s->table && i < s->span->fresh; i++) {
        if (s->owners[i] == grave)
            s->owners[i] = NULL;
        left += is_grave(s->owners[i]);
    }
    if (!left)
        release(self, s);
}

void shared_release(struct thread *self, void *owner)
{
    if (!atomic_load(&all))
        return;
    hold(self);
    for (struct shared *s = all; s; s = s->next) {
        if (is_live(s))
            release_blocks(self, s, owner);
        else if (s->span)
            let_go(self, s, owner);
    }
    lock_release(&lock);
}

/* Returns whether there were any. */
static int retire_blocks(struct shared *s, void *owner, void *grave)
{
    int any = s->giver == owner;

    if (any)
        s->giver = grave;
    for (unsigned i = 0; i < s->span->fresh; i++) {
        if (s->owners[i] != owner)
            continue;
        s->owners[i] = grave;
        s->graves++;
        any = 1;
    }
    return any;
}

SIZE_T shared_retire(struct thread *self, void *owner, void *grave)
{
    SIZE_T addresses = 0;

    if (!atomic_load(&all))
        return 0;
    hold(self);
    for (struct shared *s = all; s; s = s->next) {
        if (!is_live(s) || !retire_blocks(s, owner, grave))
            continue;
        addresses += region_room(s->span) + OS_PAGE;
        give_back(self, s);
    }
    lock_release(&lock);
    return addresses;
}

void shared_shutdown(void)
{
    all = NULL;
    lock_reset(&lock);
}
