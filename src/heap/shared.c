#include "heap/shared.h"

#include "base/list.h"

/* A giver that never allocates: some blocks of the span are quarantined. */
#define NOBODY ((void *)1)
#define GROW_BYTES ((SIZE_T)16 << 10) /* that a span of a giver commits at a time */

/* What describes a shared span, in a region of its own of the kind SPAN_OWNERS. */
struct shared {
    struct shared *next, **link; /* the list of all */
    struct region *region;       /* it lies in */
    struct span *span;
    void *giver;             /* whose blocks may come into it still; NULL: nobody */
    void *volatile owners[]; /* one for each block that the span can hold; NULL: free */
};

static struct lock lock;
static struct shared *all;

static struct shared *shared_of(const struct span *span)
{
    return (struct shared *)(void *)span->next;
}

static void forget(struct thread *self, struct shared *s)
{
    LIST_PULL(s);
    region_release(self, s->region);
}

static void free_block(struct shared *s, unsigned index)
{
    atomic_store(&s->owners[index], NULL);
    KILL_POINT("shared block disowned");
    span_give(s->span, index);
}

static void free_if_empty(struct thread *self, struct shared *s)
{
    if (s->span->used)
        return;
    span_free(self, s->span, s->giver == NOBODY);
    KILL_POINT("shared span freed");
    forget(self, s);
}

static void relist(struct region *region, void *context)
{
    (void)context;
    if (region->owner == SHARED_OWNER && span_of(region)->kind == SPAN_OWNERS) {
        struct shared *s = (struct shared *)(void *)region->base;
        LIST_PUSH(&all, s);
    }
}

/* Frees each live block without an owner: its thread was killed in the free. */
static void finish_freeing(struct shared *s)
{
    for (unsigned i = 0; i < s->span->bump; i++)
        if (!s->owners[i])
            store_relaxed(&s->span->region.states[i], SPAN_NONE);
    span_repair(s->span);
}

static void repair(struct thread *self)
{
    all = NULL;
    region_lock(self);
    record_each(relist, NULL);
    region_unlock();
    for (struct shared *s = all, *next; s; s = next) {
        next = s->next;
        if (s->span->region.owner != SHARED_OWNER) {
            forget(self, s); /* not yet shared, or freed */
        } else {
            if (s->span->kind != SPAN_NEW) /* otherwise its block states may be gone */
                finish_freeing(s);
            free_if_empty(self, s);
        }
    }
}

static void lock_all(struct thread *self)
{
    if (lock_acquire(&lock, self))
        repair(self);
}

/* Until it is given, what describes the span is a region of the owner's without a block, which the
   repair of that heap frees. */
int shared_make(struct thread *self, struct span *span, void *owner)
{
    const unsigned capacity = span->region.state_count;
    struct region *region =
        region_take_block(self, owner, sizeof(struct shared) + capacity * sizeof owner, 0);
    struct shared *s;

    if (!region)
        return 0;
    s = (struct shared *)(void *)region->base;
    s->region = region;
    s->span = span;
    s->giver = owner;
    for (unsigned i = 0; i < capacity; i++)
        s->owners[i] = i >= span->bump || span->region.states[i] & SPAN_FREE ? NULL : owner;
    lock_all(self);
    atomic_store(&span_of(region)->kind, SPAN_OWNERS);
    KILL_POINT("owners about to be given");
    region_give(self, region, SHARED_OWNER);
    LIST_PUSH(&all, s);
    span->next = (struct span *)(void *)s;
    KILL_POINT("span about to be shared");
    region_give(self, &span->region, SHARED_OWNER);
    lock_release(&lock);
    return 1;
}

void *shared_alloc(struct thread *self, void *giver, unsigned size_class, SIZE_T bytes)
{
    void *block = NULL;

    lock_all(self);
    for (struct shared *s = all; s && !block; s = s->next) {
        struct span *span = s->span;
        if (s->giver == giver && span->size_class == size_class &&
            (span_has_room(span) || span_grow(self, span, GROW_BYTES))) {
            block = span_take(span, bytes);
            KILL_POINT("shared block taken");
            atomic_store(&s->owners[span_index(span, block, &bytes)], giver);
        }
    }
    lock_release(&lock);
    return block;
}

void *shared_owner(const struct span *span, unsigned index)
{
    return atomic_load(&shared_of(span)->owners[index]);
}

void shared_give(struct thread *self, struct span *span, unsigned index, void *owner)
{
    struct shared *s = shared_of(span);

    lock_all(self);
    if (owner) {
        atomic_store(&s->owners[index], owner);
    } else {
        free_block(s, index);
        free_if_empty(self, s);
    }
    lock_release(&lock);
}

void shared_visit(struct thread *self, void *owner, void (*visit)(void *, SIZE_T, void *),
                  void *context)
{
    lock_all(self);
    for (struct shared *s = all; s; s = s->next)
        for (unsigned i = 0; i < s->span->bump; i++)
            if (s->owners[i] == owner && !(s->span->region.states[i] & SPAN_FREE))
                visit(span_block(s->span, i), s->span->region.states[i], context);
    lock_release(&lock);
}

void shared_release(struct thread *self, void *owner, int quarantined)
{
    lock_all(self);
    for (struct shared *s = all, *next; s; s = next) {
        next = s->next;
        if (s->giver == owner)
            s->giver = NULL;
        for (unsigned i = 0; i < s->span->bump; i++) {
            if (s->owners[i] != owner)
                continue;
            if (quarantined)
                s->giver = NOBODY;
            free_block(s, i);
        }
        free_if_empty(self, s);
    }
    lock_release(&lock);
}

void shared_shutdown(void)
{
    all = NULL;
}
