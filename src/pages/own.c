#include "pages/own.h"

struct record *own_take(struct thread *self, SIZE_T pages)
{
    SIZE_T bytes = (pages * OS_PAGE + MAP_BYTES - 1) & ~(MAP_BYTES - 1);
    struct record *r = record_new(self);
    char *base;

    if (!r)
        return NULL;
    base = map_reserve(self, bytes, MAP_BYTES);
    if (!base) {
        record_free(r);
        return NULL;
    }
    r->segment = NULL;
    r->pages = (uint32_t)(bytes / OS_PAGE);
    KILL_POINT("own reservation about to be recorded");
    atomic_store(&r->region.base, base);
    map_publish(base, bytes, (ULONG_PTR)&r->region);
    return r;
}

void own_release(struct record *r)
{
    map_note_release(r->region.base, r->pages * OS_PAGE);
    record_free(r); /* first: until then its pages are committed, and count */
    record_set_committed(r, 0);
    map_release();
}
