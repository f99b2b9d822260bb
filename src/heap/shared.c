#include "heap/shared.h"

#include "base/permanent.h"

/* The owner of a quarantined block. */
#define NOBODY ((void *)1)
#define GROW_BYTES ((SIZE_T)16 << 10) /* that a span of a giver commits at a time */

struct shared {
    struct shared *next;
    struct span *volatile span; /* NULL: the record is unused */
    struct region *table;       /* what owners lies in */
    void *volatile *owners;     /* one for each block that the span can hold; NULL: free */
    void *giver;                /* whose blocks may come into it still; NULL: nobody */
    unsigned quarantined;       /* blocks that are nobody's */
};

static struct lock lock;
static struct shared *volatile all;

static struct shared *record_of_span(const struct span *span)
{
    return (struct shared *)(void *)span->next;
}

/* The end of a record, once its span has another owner. If a thread was killed, its table may have
   another one already, too. */
static void forget(struct thread *self, struct shared *s)
{
    if (s->table->owner == SHARED_OWNER)
        region_release(self, s->table);
    KILL_POINT("shared table freed");
    atomic_store(&s->span, NULL);
}

/* Frees a span without live blocks. */
static void free_span(struct thread *self, struct shared *s)
{
    span_free(self, s->span, s->quarantined != 0);
    KILL_POINT("shared span freed");
    forget(self, s);
}

static void free_if_empty(struct thread *self, struct shared *s)
{
    if (s->span->used == s->quarantined)
        free_span(self, s);
}

/* Frees each live block without an owner: its thread was killed in the free. */
static void finish_freeing(struct shared *s)
{
    s->quarantined = 0;
    for (unsigned i = 0; i < s->span->bump; i++) {
        s->quarantined += s->owners[i] == NOBODY;
        if (!s->owners[i])
            store_relaxed(&s->span->region.states[i], SPAN_NONE);
    }
    span_repair(s->span);
}

static void repair(struct thread *self)
{
    for (struct shared *s = all; s; s = s->next) {
        if (!s->span)
            continue;
        if (s->span->region.owner != SHARED_OWNER) {
            forget(self, s); /* not yet made, or freed */
        } else if (s->span->kind == SPAN_SHARED) {
            finish_freeing(s);
            free_if_empty(self, s);
        } else {
            free_span(self, s); /* about to be freed */
        }
    }
}

static void lock_all(struct thread *self)
{
    if (lock_acquire(&lock, self))
        repair(self);
}

static struct shared *unused_record(struct thread *self)
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

/* Until it is given the table is a region of the owner's without a block, which the repair of that
   heap frees. */
static int make_table(struct thread *self, struct shared *s, struct span *span, void *owner)
{
    const unsigned capacity = span_capacity(span);
    struct region *table = region_take_block(self, owner, capacity * sizeof *s->owners, 0);

    if (!table)
        return 0;
    s->owners = (void *volatile *)(void *)table->base;
    for (unsigned i = 0; i < capacity; i++)
        s->owners[i] = i >= span->bump || span->region.states[i] & SPAN_FREE ? NULL : owner;
    s->table = table;
    KILL_POINT("table filled");
    atomic_store(&s->span, span);
    KILL_POINT("table about to be given");
    region_give(self, table, SHARED_OWNER);
    return 1;
}

int shared_make(struct thread *self, struct span *span, void *owner)
{
    struct shared *s;
    int made;

    lock_all(self);
    s = unused_record(self);
    made = s && make_table(self, s, span, owner);
    if (made) {
        s->giver = owner;
        s->quarantined = 0;
        span->next = (struct span *)(void *)s;
        atomic_store(&span->kind, SPAN_SHARED);
        KILL_POINT("span about to be shared");
        region_give(self, &span->region, SHARED_OWNER);
    }
    lock_release(&lock);
    return made;
}

/* Its owner is stored last; a thread killed before that leaves a block that the repair frees. */
static void *take(struct shared *s, void *owner, SIZE_T bytes)
{
    struct span *span = s->span;
    unsigned index = span->head == SPAN_NONE ? span->bump : span->head & ~SPAN_FREE;
    void *block = span_take(span, bytes);

    KILL_POINT("shared block taken");
    s->owners[index] = owner;
    return block;
}

void *shared_alloc(struct thread *self, void *giver, unsigned size_class, SIZE_T bytes)
{
    void *block = NULL;

    if (!atomic_load(&all))
        return NULL;
    lock_all(self);
    for (struct shared *s = all; s && !block; s = s->next)
        if (s->span && s->giver == giver && s->span->size_class == size_class &&
            (span_has_room(s->span) || span_grow(self, s->span, GROW_BYTES)))
            block = take(s, giver, bytes);
    lock_release(&lock);
    return block;
}

void *shared_owner(struct thread *self, const void *address, unsigned *index, SIZE_T *bytes)
{
    struct region *region;
    struct span *span;
    void *owner = NULL;

    lock_all(self);
    region = region_find(address);
    span = span_of(region);
    if (region && region->owner == SHARED_OWNER && span->kind == SPAN_SHARED) {
        *index = span_index(span, address, bytes);
        if (*index != SPAN_BAD)
            owner = record_of_span(span)->owners[*index];
    }
    lock_release(&lock);
    return owner == NOBODY ? NULL : owner;
}

void shared_give(struct thread *self, struct span *span, unsigned index, void *owner)
{
    struct shared *s = record_of_span(span);

    lock_all(self);
    s->owners[index] = owner;
    if (!owner) {
        KILL_POINT("shared block disowned");
        span_give(span, index);
        free_if_empty(self, s);
    }
    lock_release(&lock);
}

void shared_visit(struct thread *self, void *owner, void (*visit)(void *, SIZE_T, void *),
                  void *context)
{
    lock_all(self);
    for (struct shared *s = all; s; s = s->next)
        for (unsigned i = 0; s->span && i < s->span->bump; i++)
            if (s->owners[i] == owner && !(s->span->region.states[i] & SPAN_FREE))
                visit(span_block(s->span, i), s->span->region.states[i], context);
    lock_release(&lock);
}

static void release_blocks(struct shared *s, void *owner, int quarantined)
{
    if (s->giver == owner)
        s->giver = NULL;
    for (unsigned i = 0; i < s->span->bump; i++) {
        if (s->owners[i] != owner)
            continue;
        s->owners[i] = quarantined ? NOBODY : NULL;
        KILL_POINT("shared block released");
        s->quarantined += (unsigned)quarantined;
        if (!quarantined)
            span_give(s->span, i);
    }
}

void shared_release(struct thread *self, void *owner, int quarantined)
{
    lock_all(self);
    for (struct shared *s = all; s; s = s->next) {
        if (!s->span)
            continue;
        release_blocks(s, owner, quarantined != 0);
        free_if_empty(self, s);
    }
    lock_release(&lock);
}

void shared_shutdown(void)
{
    all = NULL;
}
