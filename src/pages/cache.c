#include "pages/cache.h"

#include <string.h>

#include "base/list.h"
#include "base/options.h"
#include "base/permanent.h"

#define MIB ((SIZE_T)(1 << 20) / OS_PAGE) /* pages */
#ifdef _WIN64
#define KEEP_DEFAULT (64 * MIB)
#define KEEP_MOST (256 * MIB) /* however much is in use */
#else
#define KEEP_DEFAULT (16 * MIB)
#define KEEP_MOST (64 * MIB)
#endif
#define KEEP_LEAST (4 * MIB) /* with keep=0: or small experts would make system calls at each run */
#define MEDIUM_WIDER 6       /* classes that the region of a single block may be too large */
#define LOOKS 16             /* cached regions that are compared */

/* Regions in segments by their units, and own reservations. The one freed last is first. */
static struct record *classes[UNIT_CLASSES + MEDIUM_WIDER], *owns; /* the last ones stay empty */
/* Stands behind the newest one and before the oldest. */
static struct record ends = {.newer = &ends, .older = &ends};

SIZE_T cache_limit(void)
{
    SIZE_T used = record_sums.used, most = used + used / 2;
    /* What is left of regions that went waits as well: records, and block states beyond those that
       the used pages may have. */
    SIZE_T left = load_relaxed(&permanent_pages), states = segment_state_pages;

    if (options.pageheap)
        return 0;
    if (most > KEEP_MOST)
        most = KEEP_MOST;
    if (most < KEEP_DEFAULT)
        most = KEEP_DEFAULT;
    if (options.keep_given)
        most = options.keep ? options.keep / OS_PAGE : KEEP_LEAST;
    if (states > used / SEGMENT_STATES)
        left += states - used / SEGMENT_STATES;
    return most > left ? most - left : 0;
}

void cache_put(struct record *r)
{
    struct record **list = r->segment ? &classes[unit_class(r->pages / UNIT_PAGES + 1) - 1] : &owns;

    LIST_PUSH(list, r);
    r->newer = &ends;
    r->older = ends.older;
    ends.older->newer = r;
    ends.older = r;
}

static void pull(struct record *r)
{
    LIST_PULL(r);
    r->newer->older = r->older;
    r->older->newer = r->newer;
}

struct record *cache_take(unsigned units, int for_span)
{
    unsigned c = unit_class(units), last = for_span ? c : c + MEDIUM_WIDER;
    unsigned looks = for_span ? LOOKS : 1;
    struct record *choice;

    while (c < last && !classes[c])
        c++;
    choice = classes[c];
    /* For a span, of those freed last the one with the lowest address: then an expert that does
       what another did before it touches the same pages, and hardly any further ones. */
    for (struct record *r = choice; r && looks; r = r->next, looks--)
        if (r->region.base < choice->region.base)
            choice = r;
    if (choice)
        pull(choice);
    return choice;
}

struct record *cache_take_own(SIZE_T pages)
{
    SIZE_T most = 2 * pages + MAP_BYTES / OS_PAGE;
    unsigned looks = LOOKS;

    for (struct record *r = owns; r && looks; r = r->next, looks--) {
        if (r->pages >= pages && r->pages <= most) {
            pull(r);
            return r;
        }
    }
    return NULL;
}

int cache_discard(struct record *r)
{
    if (!r->segment) {
        own_release(r);
        return 1;
    }
    if (!record_decommit(r, 0)) {
        cache_put(r);
        return 0;
    }
    segment_free(r);
    return 1;
}

int cache_purge(SIZE_T pages)
{
    int purged = 0;

    while (ends.newer != &ends && (!pages || record_sums.free > pages)) {
        struct record *r = ends.newer;
        pull(r);
        if (!cache_discard(r))
            break;
        purged = 1;
    }
    return purged;
}

void cache_accept(struct record *r)
{
    SIZE_T limit = cache_limit();
    /* A larger block would take the place of all others, for one that probably never comes. */
    SIZE_T own_most = (limit < KEEP_DEFAULT ? limit : KEEP_DEFAULT) / 4;

    /* Nor one with no page: the limit does not count its addresses. */
    if (limit && (r->segment || (r->region.committed && r->region.committed < own_most)))
        cache_put(r);
    else
        cache_discard(r);
    cache_purge(limit);
}

void cache_repair(void)
{
    memset((void *)classes, 0, sizeof classes);
    owns = NULL;
    ends.newer = ends.older = &ends;
}
