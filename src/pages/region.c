#include "pages/region.h"

#include "base/options.h"
#include "pages/cache.h"

/* A block with more pages, its guard page included, has a reservation of its own. Four of that size
   fit into a segment. */
#define MEDIUM_PAGES 240
_Static_assert(MEDIUM_PAGES *OS_PAGE <= SEGMENT_LEAST - SEGMENT_LEAST / SEGMENT_STATES,
               "any segment has room for one");

static struct lock lock;

static struct record *record_of(const struct region *region)
{
    return (struct record *)(void *)region;
}

static SIZE_T pages_of(SIZE_T bytes)
{
    return (bytes + OS_PAGE - 1) / OS_PAGE;
}

/* Locking and repair */

static void enter(struct region *region, void *context)
{
    struct record *r = record_of(region);

    (void)context;
    if (r->segment)
        segment_enter(r);
    else
        map_enter(region->base, r->pages * OS_PAGE, (ULONG_PTR)region);
    if (!r->region.owner)
        cache_put(r);
}

void region_repair(void)
{
    map_repair_begin();
    record_repair();
    segment_repair_begin();
    quarantine_repair();
    cache_repair();
    record_each(enter, NULL);
    segment_repair_end();
    map_repair_end();
}

void region_lock(struct thread *self)
{
    if (UNLIKELY(lock_acquire(&lock, self)))
        region_repair();
}

void region_unlock(void)
{
    lock_release(&lock);
}

/* Taking */

/* Finds memory in the cache, or addresses in quarantine, which holds no memory. It releases as many
   addresses at a time as a segment has, because a try to reserve them looks at all reservations on
   x86: too slow to do so for each region in quarantine. */
static int make_room(void)
{
    return cache_purge(0) || (map_exhausted && quarantine_drop(SEGMENT_BYTES / OS_PAGE));
}

/* A region of so many units and block states; or, with `own` pages, the guard page included, one
   that has a reservation of its own. */
static struct region *take(struct thread *self, void *owner, unsigned units, unsigned states,
                           SIZE_T own)
{
    struct record *r;

    region_lock(self);
    do {
        map_exhausted = 0; /* a try that fails for lack of memory may reserve nothing */
        r = own ? cache_take_own(own) : cache_take(units, states != 0);
        if (!r)
            r = own ? own_take(self, own) : segment_take(self, units);
        if (r && r->segment && !segment_set_states(r, states)) {
            cache_discard(r);
            r = NULL;
        }
    } while (!r && make_room());
    if (r)
        record_set_owner(r, owner);
    region_unlock();
    return r ? &r->region : NULL;
}

struct region *region_take(struct thread *self, void *owner, unsigned units, unsigned states)
{
    return take(self, owner, units, states, 0);
}

/* Pages of addresses for a block that grows: on x64 there are plenty. Guard pages included. */
static SIZE_T room_to_grow(SIZE_T pages)
{
#ifdef _WIN64
    const SIZE_T least = ((SIZE_T)64 << 20) / OS_PAGE + 1;
    SIZE_T room = 2 * pages;
    return room > least ? room : least;
#else
    return pages + pages / 8;
#endif
}

struct region *region_take_block(struct thread *self, void *owner, SIZE_T bytes, int grows)
{
    SIZE_T all = pages_of(bytes) + 1;
    unsigned units = (unsigned)((all + UNIT_PAGES - 1) / UNIT_PAGES);
    struct region *region = NULL;

    if (bytes >> (OS_ADDRESS_BITS - 1) || all > RECORD_PAGES_MOST / 2)
        return NULL; /* no system has so much: the cache need not be purged */
    if (grows)
        region = take(self, owner, 0, 0, room_to_grow(all));
    if (!region && all <= MEDIUM_PAGES) /* rounded, to serve other blocks of about its size, too */
        region = take(self, owner, unit_class_units(unit_class(units)), 0, 0);
    if (!region)
        region = take(self, owner, 0, 0, all);
    if (!region)
        return NULL;
    /* A medium block's region is committed whole, so that its next owner needs no commit. */
    if (record_of(region)->segment && !options.pageheap &&
        region_commit(self, region, region_room(region)))
        return region;
    if (region_commit(self, region, bytes))
        return region;
    region_release(self, region);
    return NULL;
}

/* Counts */

SIZE_T region_room(const struct region *region)
{
    return (record_of(region)->pages - 1) * OS_PAGE;
}

SIZE_T region_footprint(const struct region *region)
{
    return region->committed * OS_PAGE + region->state_count * sizeof *region->states;
}

/* Pages of a region that has an owner */

static int commit_once(struct thread *self, struct record *r, SIZE_T pages)
{
    SIZE_T have = r->region.committed;
    uint32_t dirty = r->region.dirty;
    int done;

    if (dirty < pages) /* covers the pages until they are noted as committed, in case of a kill */
        atomic_store(&r->region.dirty, (uint32_t)pages);
    done = os_commit(r->region.base + have * OS_PAGE, (pages - have) * OS_PAGE);
    if (done) {
        region_lock(self);
        record_set_committed(r, pages);
        region_unlock();
    }
    atomic_store(&r->region.dirty, dirty);
    return done;
}

int region_commit(struct thread *self, struct region *region, SIZE_T bytes)
{
    struct record *r = record_of(region);
    SIZE_T pages = pages_of(bytes);

    return pages <= region->committed || commit_once(self, r, pages) ||
           (region_trim(self) && commit_once(self, r, pages));
}

void region_shrink(struct thread *self, struct region *region, SIZE_T bytes)
{
    region_lock(self);
    record_decommit(record_of(region), pages_of(bytes));
    region_unlock();
}

void region_soil(struct region *region, SIZE_T bytes)
{
    SIZE_T pages = pages_of(bytes);

    if (pages > region->dirty)
        atomic_store(&region->dirty, (uint32_t)pages);
}

/* Other owners, and none */

void region_give(struct thread *self, struct region *region, void *owner)
{
    region_lock(self);
    /* The owner may have written to all committed pages, also behind the ends of its blocks. */
    region_soil(region, region->committed * OS_PAGE);
    record_set_owner(record_of(region), owner);
    region_unlock();
}

void region_release(struct thread *self, struct region *region)
{
    struct record *r = record_of(region);

    region_lock(self);
    region_soil(region, region->committed * OS_PAGE); /* as in region_give */
    record_decommit(r, r->region.committed); /* what a killed thread committed, and did not count */
    record_set_owner(r, NULL);
    cache_accept(r);
    region_unlock();
}

void region_quarantine(struct thread *self, struct region *region)
{
    struct record *r = record_of(region);

    region_lock(self);
    /* First: if the thread is killed between, the region still has its owner. */
    if (r->segment)
        segment_set_states(r, 0);
    record_decommit(r, 0);
    quarantine_put(r);
    cache_purge(cache_limit()); /* its owner has less now */
    region_unlock();
}

int region_trim(struct thread *self)
{
    int purged;

    region_lock(self);
    purged = cache_purge(0);
    region_unlock();
    return purged;
}

/* All regions */

static void take_from_owner(struct region *region, void *context)
{
    (void)context;
    if (!record_of(region)->segment)
        os_release(region->base);
    record_set_owner(record_of(region), NULL);
}

void region_shutdown(void)
{
    region_repair(); /* what a thread was killed at is known then */
    record_each(take_from_owner, NULL);
    segment_shutdown();
    record_shutdown();
    region_repair(); /* of nothing: all lists and sums are empty then */
    map_shutdown();
}
