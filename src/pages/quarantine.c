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
static SIZE_T queued;                  /* pages of addresses */

/* A thread killed before the owner is set leaves a region in the queue that still has its former
   owner. The repair takes it out. */
void quarantine_put(struct record *r)
{
    r->newer = NULL;
    *tail = r;
    tail = &r->newer;
    KILL_POINT("region about to be quarantined");
    record_set_owner(r, REGION_QUARANTINED);
    queued += r->pages;
    if (queued > QUARANTINE_MOST)
        quarantine_drop(queued - QUARANTINE_MOST);
}

int quarantine_drop(SIZE_T pages)
{
    SIZE_T before = queued;

    while (oldest && before - queued < pages) {
        struct record *r = oldest;
        record_set_owner(r, NULL);
        oldest = r->newer;
        if (!oldest)
            tail = &oldest;
        queued -= r->pages;
        cache_discard(r);
    }
    return queued < before;
}

void quarantine_repair(void)
{
    queued = 0;
    tail = &oldest;
    while (*tail) {
        struct record *r = *tail;
        if (r->region.owner != REGION_QUARANTINED) {
            *tail = r->newer;
            continue;
        }
        queued += r->pages;
        tail = &r->newer;
    }
}

SIZE_T quarantine_pages(void)
{
    return queued;
}
