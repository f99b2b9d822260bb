#include "expert/table.h"

#include "base/permanent.h"

#define ROOT_BITS 11
#define KEY_BITS (8 * sizeof(ULONG_PTR))

/* Guards what follows, but for its readers. Of each value of a hash's upper bits there is a tree,
   in which the next bits lead to a key. */
static struct lock lock;
static struct expert *volatile roots[1 << ROOT_BITS];
struct expert *volatile table_newest;

/* Where the expert of a key is or belongs. Hashes of two keys differ, so that their ways part. */
static struct expert *volatile *place_of(HEXPERTKEY key)
{
    ULONG_PTR hash = (ULONG_PTR)key * (ULONG_PTR)(0x9E3779B97F4A7C15ULL >> (64 - KEY_BITS));
    struct expert *volatile *place = &roots[hash >> (KEY_BITS - ROOT_BITS)];
    struct expert *e;

    for (hash <<= ROOT_BITS; (e = atomic_load(place)) && e->key != key; hash <<= 1)
        place = &e->children[hash >> (KEY_BITS - 1)];
    return place;
}

struct expert *table_find(HEXPERTKEY key)
{
    return atomic_load(place_of(key));
}

struct expert *table_make(struct thread *self, HEXPERTKEY key)
{
    struct expert *volatile *place;
    struct expert *e;

    lock_acquire(&lock, self);
    place = place_of(key);
    e = *place;
    if (!e)
        e = permanent_alloc(self, sizeof *e);
    if (e && !e->key) {
        e->key = key;
        e->next = table_newest;
        KILL_POINT("expert about to be recorded");
        atomic_store(&table_newest, e);
        KILL_POINT("expert recorded");
        atomic_store(place, e); /* killed before this it leaves a record that is never opened */
    }
    lock_release(&lock);
    return e;
}

void table_shutdown(void)
{
    memset((void *)roots, 0, sizeof roots);
    table_newest = NULL;
}
