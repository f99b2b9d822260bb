#include "pages/quarantine.h"

#include "pages/cache.h"

/* Pages of addresses in the queue. */
#ifdef _WIN64
#define QUARANTINE_MOST (((SIZE_T)1 << 30) / OS_PAGE)
#else
#define QUARANTINE_MOST (((SIZE_T)64 << 20) / OS_PAGE)
#endif

static struct record *oldest;          /* the others by newer */
static struct record **tail = &oldest; /* the end of that list */
SIZE_T quarantine_pages;

/* A thread killed before the owner is set leaves a region in the queue that still has its former
   owner. The repair takes it out. */
void quarantine_put(struct record *r)
{
    r->newer = NULL;
    atomic_store(tail, r); /* after `newer`: a repair goes on from there */
    tail = &r->newer;
    KILL_POINT("region about to be quarantined");
    record_set_owner(r, REGION_QUARANTINED);
    quarantine_pages += r->pages;
    if (quarantine_pages > QUARANTINE_MOST)
        quarantine_drop(quarantine_pages - QUARANTINE_MOST);
}

int quarantine_drop(SIZE_T pages)
{
    SIZE_T before = quarantine_pages;

    while (oldest && before - quarantine_pages < pages) {
        struct record *r = oldest;
        record_set_owner(r, NULL);
        oldest = r->newer;
        if (!oldest)
            tail = &oldest;
        quarantine_pages -= r->pages;
        cache_discard(r);
    }
    return quarantine_pages < before;
}

void quarantine_repair(void)
{
    quarantine_pages = 0;
    tail = &oldest;
    while (*tail) {
        struct record *r = *tail;
        if (r->region.owner != REGION_QUARANTINED) {
            *tail = r->newer;
            continue;
        }
        quarantine_pages += r->pages;
        tail = &r->newer;
    }
}
