#include "pages/region.h"

#include "base/options.h"
#include "pages/cache.h"

/* A block with more pages, its guard page included, has a reservation of its own. Four of that size
   fill a segment. */
#define MEDIUM_PAGES 240

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
    SIZE_T pages = quarantine_pages();

    if (cache_purge(0))
        return 1;
    if (!map_exhausted)
        return 0;
    while (pages - quarantine_pages() < SEGMENT_BYTES / OS_PAGE && quarantine_drop())
        ;
    return quarantine_pages() < pages;
}

/* Units of a region, rounded up so that it serves other blocks of about its size, too. */
static unsigned whole_units(SIZE_T pages)
{
    unsigned units = (unsigned)(pages + UNIT_PAGES - 1) / UNIT_PAGES;

    return options.pageheap ? units : unit_class_units(unit_class(units));
}

static struct record *take_units(struct thread *self, unsigned units, unsigned lines)
{
    struct record *r;

    do {
        r = cache_take(units, lines);
        if (!r)
            r = segment_take(self, units, lines);
    } while (!r && make_room());
    return r;
}

/* `pages`: the guard page included. */
static struct record *take_own(struct thread *self, SIZE_T pages)
{
    struct record *r;

    do {
        r = cache_take_own(pages);
        if (!r)
            r = own_take(self, pages);
    } while (!r && make_room());
    return r;
}

struct region *region_take(struct thread *self, void *owner, unsigned units, unsigned states)
{
    unsigned lines = (states + LINE_STATES - 1) / LINE_STATES;
    struct record *r;

    region_lock(self);
    r = take_units(self, units, lines);
    if (r)
        record_set_owner(r, owner);
    region_unlock();
    return r ? &r->region : NULL;
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
    SIZE_T pages = pages_of(bytes), all = pages + 1;
    struct record *r = NULL;

    if (bytes >> (OS_ADDRESS_BITS - 1) || all > RECORD_PAGES_MOST / 2)
        return NULL; /* no system has so much: the cache need not be purged */
    region_lock(self);
    if (grows)
        r = take_own(self, room_to_grow(all));
    if (!r && all <= MEDIUM_PAGES)
        r = take_units(self, whole_units(all), 0);
    if (!r)
        r = take_own(self, all);
    if (r)
        record_set_owner(r, owner);
    region_unlock();
    if (!r)
        return NULL;
    /* A medium block's region is committed whole, so that its next owner needs no commit. */
    if (r->segment && !options.pageheap && region_commit(self, &r->region, region_room(&r->region)))
        return &r->region;
    if (region_commit(self, &r->region, bytes))
        return &r->region;
    region_release(self, &r->region);
    return NULL;
}

/* Counts */

SIZE_T region_committed(const struct region *region)
{
    return record_of(region)->committed * OS_PAGE;
}

SIZE_T region_dirty(const struct region *region)
{
    return record_of(region)->dirty * OS_PAGE;
}

SIZE_T region_room(const struct region *region)
{
    return (record_of(region)->pages - 1) * OS_PAGE;
}

SIZE_T region_footprint(const struct region *region)
{
    const struct record *r = record_of(region);

    return r->committed * OS_PAGE + r->lines * (SIZE_T)LINE_BYTES;
}

/* Pages of a region that has an owner */

static int commit_once(struct thread *self, struct record *r, SIZE_T pages)
{
    SIZE_T have = r->committed;
    uint32_t dirty = r->dirty;
    int done;

    if (dirty < pages) /* covers the pages until they are noted as committed, in case of a kill */
        atomic_store(&r->dirty, (uint32_t)pages);
    done = os_commit(r->region.base + have * OS_PAGE, (pages - have) * OS_PAGE);
    if (done) {
        region_lock(self);
        record_set_committed(r, pages);
        region_unlock();
    }
    atomic_store(&r->dirty, dirty);
    return done;
}

int region_commit(struct thread *self, struct region *region, SIZE_T bytes)
{
    struct record *r = record_of(region);
    SIZE_T pages = pages_of(bytes);
    int purged;

    if (pages <= r->committed || commit_once(self, r, pages))
        return 1;
    region_lock(self);
    purged = cache_purge(0);
    region_unlock();
    return purged && commit_once(self, r, pages);
}

void region_shrink(struct thread *self, struct region *region, SIZE_T bytes)
{
    region_lock(self);
    record_decommit(record_of(region), pages_of(bytes));
    region_unlock();
}

void region_soil(struct region *region, SIZE_T bytes)
{
    struct record *r = record_of(region);
    SIZE_T pages = pages_of(bytes);

    if (pages > r->dirty)
        atomic_store(&r->dirty, (uint32_t)pages);
}

/* Other owners, and none */

void region_give(struct thread *self, struct region *region, void *owner)
{
    region_lock(self);
    /* The owner may have written to all committed pages, also behind the ends of its blocks. */
    region_soil(region, region_committed(region));
    record_set_owner(record_of(region), owner);
    region_unlock();
}

void region_release(struct thread *self, struct region *region)
{
    struct record *r = record_of(region);

    region_lock(self);
    region_soil(region, region_committed(region)); /* as in region_give */
    if (r->dirty > r->committed) /* a killed thread committed more, and did not count it */
        record_decommit(r, r->committed);
    record_set_owner(r, NULL);
    if (r->segment)
        segment_free_lines(r);
    cache_accept(r);
    region_unlock();
}

void region_quarantine(struct thread *self, struct region *region)
{
    struct record *r = record_of(region);

    region_lock(self);
    /* First: if the thread is killed between the two, the region still has its owner. */
    record_decommit(r, 0);
    quarantine_put(r);
    cache_purge(cache_limit()); /* its owner has less now */
    region_unlock();
}

void region_trim(struct thread *self)
{
    region_lock(self);
    cache_purge(0);
    region_unlock();
}

/* All regions */

static void release_own(struct region *region, void *context)
{
    (void)context;
    if (!record_of(region)->segment)
        os_release(region->base);
}

void region_shutdown(void)
{
    region_repair(); /* what a thread was killed at is known then */
    record_each(release_own, NULL);
    segment_shutdown();
    cache_repair();
    quarantine_shutdown();
    record_shutdown();
    map_shutdown();
}
