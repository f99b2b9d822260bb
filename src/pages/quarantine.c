#include "pages/quarantine.h"

#include <string.h>

#include "pages/cache.h"

#define MIB ((SIZE_T)(1 << 20) / OS_PAGE)

#ifdef _WIN64
static const SIZE_T most[] = {1024 * MIB, 1024 * MIB}; /* pages of addresses */
#else
static const SIZE_T most[] = {64 * MIB, 32 * MIB};
#endif

static struct queue {
    struct record *oldest; /* the others by newer */
    struct record *newest;
    SIZE_T pages;
} queues[2];

static void drop_oldest(struct queue *q)
{
    struct record *r = q->oldest;

    record_set_owner(r, NULL);
    q->oldest = r->newer;
    if (!q->oldest)
        q->newest = NULL;
    q->pages -= r->pages;
    cache_discard(r);
}

/* A thread killed before the owner is set leaves a region in the queue that still has its former
   owner. The repair takes it out. */
void quarantine_put(struct record *r, enum quarantine queue)
{
    struct queue *q = &queues[queue];

    r->newer = NULL;
    if (q->newest)
        q->newest->newer = r;
    else
        q->oldest = r;
    q->newest = r;
    KILL_POINT("region about to be quarantined");
    record_set_owner(r, QUARANTINE_OWNER(queue));
    if (r->segment)
        segment_free_lines(r);
    q->pages += r->pages;
    while (q->pages > most[queue])
        drop_oldest(q);
}

int quarantine_drop(void)
{
    for (int i = 0; i < 2; i++) {
        if (queues[i].oldest) {
            drop_oldest(&queues[i]);
            return 1;
        }
    }
    return 0;
}

void quarantine_repair(void)
{
    for (int i = 0; i < 2; i++) {
        struct queue *q = &queues[i];
        struct record **link = &q->oldest;
        q->newest = NULL;
        q->pages = 0;
        while (*link) {
            struct record *r = *link;
            if (r->region.owner != QUARANTINE_OWNER(i)) {
                *link = r->newer;
                continue;
            }
            q->newest = r;
            q->pages += r->pages;
            link = &r->newer;
        }
    }
}

SIZE_T quarantine_pages(void)
{
    return queues[0].pages + queues[1].pages;
}

void quarantine_shutdown(void)
{
    memset(queues, 0, sizeof queues);
}
