#include "expert/visitors.h"

#include "heap/record_heap.h"

#define ROOM_MOST 0x4000

void visitors_forget(struct thread *self, struct expert *e)
{
    LONG *visitors = e->visitors;

    e->visitor_count = 0;
    e->visitor_room = EXPERT_VISITORS;
    atomic_store(&e->visitors, e->first_visitors);
    if (visitors && visitors != e->first_visitors)
        record_heap_free(self, visitors);
    e->crowded = e->killed = 0;
}

static void drop_the_dead(struct expert *e)
{
    uint16_t kept = 0;

    if (visitors_killed(e, 0))
        e->killed = 1;
    for (ULONG i = 0; i < e->visitor_count; i++)
        if (thread_is_alive(e->visitors[i]))
            e->visitors[kept++] = e->visitors[i];
    e->visitor_count = kept;
}

static int double_room(struct thread *self, struct expert *e)
{
    LONG *more = NULL, *former = e->visitors;

    if (e->visitor_room < ROOM_MOST)
        more = record_heap_alloc(self, (SIZE_T)2 * e->visitor_room * sizeof *more);
    if (!more)
        return 0;
    memcpy(more, former, e->visitor_count * sizeof *more);
    atomic_store(&e->visitors, more); /* before the former are freed, in case of a kill */
    KILL_POINT("visitors moved");
    e->visitor_room = (uint16_t)(2 * e->visitor_room);
    if (former != e->first_visitors)
        record_heap_free(self, former);
    return 1;
}

void visitors_note(struct thread *self, struct expert *e)
{
    for (ULONG i = 0; i < e->visitor_count; i++)
        if (e->visitors[i] == self->id)
            return;
    if (e->visitor_count == e->visitor_room)
        drop_the_dead(e);
    if (e->visitor_count == e->visitor_room && !double_room(self, e))
        e->crowded = 1;
    else
        e->visitors[e->visitor_count++] = self->id;
}

/* Whether something is so of one, other than the thread with the id `but`. */
static int any(const struct expert *e, LONG but, int (*is_so)(LONG id))
{
    for (ULONG i = 0; i < e->visitor_count; i++)
        if (e->visitors[i] != but && is_so(e->visitors[i]))
            return 1;
    return 0;
}

int visitors_live(const struct expert *e, LONG but)
{
    return any(e, but, thread_is_alive);
}

int visitors_killed(const struct expert *e, LONG but)
{
    return e->killed || any(e, but, thread_was_killed);
}
