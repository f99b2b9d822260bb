#include "expert/table.h"

#include "base/permanent.h"

#define FIRST_BITS 8
#define KEY_BITS (8 * sizeof(ULONG_PTR))

struct table {
    unsigned shift; /* a hash's upper bits number the slots */
    SIZE_T mask;    /* slots - 1 */
    struct expert *volatile slots[];
};

/* Guarded by the lock, but for the readers of `table` and of its slots. Smaller tables stay
   readable: some reader may be in one. */
static struct lock lock;
static struct table *volatile table;
static struct expert *volatile newest; /* the one store that makes a record known for good */
static SIZE_T count;

static SIZE_T slot_of(const struct table *t, HEXPERTKEY key)
{
#ifdef _WIN64
    return (SIZE_T)(((ULONG_PTR)key * 0x9E3779B97F4A7C15ULL) >> t->shift);
#else
    return (SIZE_T)(((ULONG_PTR)key * 0x9E3779B9UL) >> t->shift);
#endif
}

struct expert *table_find(HEXPERTKEY key)
{
    struct table *t = atomic_load(&table);
    struct expert *e;

    if (!t)
        return NULL;
    for (SIZE_T i = slot_of(t, key); (e = atomic_load(&t->slots[i])); i = (i + 1) & t->mask)
        if (e->key == key)
            return e;
    return NULL;
}

static void insert(struct table *t, struct expert *e)
{
    SIZE_T i = slot_of(t, e->key);

    while (t->slots[i] && t->slots[i] != e)
        i = (i + 1) & t->mask;
    atomic_store(&t->slots[i], e);
}

static int grow(struct thread *self)
{
    unsigned bits = FIRST_BITS;
    struct table *bigger;

    while (((SIZE_T)1 << bits) < 4 * (count + 1))
        bits++;
    bigger = permanent_alloc(self, sizeof *bigger + ((SIZE_T)1 << bits) * sizeof(struct expert *));
    if (!bigger)
        return 0;
    bigger->shift = (unsigned)(KEY_BITS - bits);
    bigger->mask = ((SIZE_T)1 << bits) - 1;
    for (struct expert *e = newest; e; e = e->next)
        insert(bigger, e);
    KILL_POINT("table grown");
    atomic_store(&table, bigger);
    return 1;
}

static void repair(void)
{
    count = 0;
    for (struct expert *e = newest; e; e = e->next) {
        insert(table, e);
        count++;
    }
}

struct expert *table_make(struct thread *self, HEXPERTKEY key)
{
    struct expert *e;

    if (lock_acquire(&lock, self))
        repair();
    e = table_find(key);
    if (!e && ((table && 2 * (count + 1) <= table->mask) || grow(self)))
        e = permanent_alloc(self, sizeof *e);
    if (e && !e->key) {
        e->key = key;
        e->next = newest;
        KILL_POINT("expert about to be recorded");
        atomic_store(&newest, e);
        KILL_POINT("expert recorded");
        insert(table, e);
        KILL_POINT("expert entered, not counted");
        count++;
    }
    lock_release(&lock);
    return e;
}

struct expert *table_first(void)
{
    return atomic_load(&newest);
}

void table_shutdown(void)
{
    table = NULL;
    newest = NULL;
    count = 0;
}
