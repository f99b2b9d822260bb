#include "expert/visitors.h"

#include "heap/record_heap.h"

/* The list is changed by single stores. A thread killed before or after one may leak a record. */
struct visitor {
    struct visitor *next;
    LONG id;
};

static void drop(struct thread *self, struct visitor **link)
{
    struct visitor *visitor = *link;

    *link = visitor->next;
    record_heap_free(self, visitor);
}

void visitors_forget(struct thread *self, struct expert *e)
{
    while (e->visitors)
        drop(self, &e->visitors);
    e->visitor_count = e->crowded = e->killed = 0;
}

static void drop_the_dead(struct thread *self, struct expert *e)
{
    e->visitor_count = 0;
    for (struct visitor **link = &e->visitors; *link;) {
        if (thread_is_alive((*link)->id)) {
            link = &(*link)->next;
            e->visitor_count++;
        } else {
            if (thread_was_killed((*link)->id)) /* asked last: it does not change any more */
                e->killed = 1;
            drop(self, link);
        }
    }
}

void visitors_note(struct thread *self, struct expert *e)
{
    struct visitor *v;

    for (v = e->visitors; v; v = v->next)
        if (v->id == self->id)
            return;
    if (!(e->visitor_count & (e->visitor_count - 1))) /* seldom, as it takes system calls */
        drop_the_dead(self, e);
    v = record_heap_alloc(self, sizeof *v);
    if (!v) {
        e->crowded = 1;
        return;
    }
    v->id = self->id;
    v->next = e->visitors;
    atomic_store(&e->visitors, v);
    e->visitor_count++;
}

int visitors_any(const struct expert *e, LONG but, int (*is_so)(LONG id))
{
    for (const struct visitor *v = e->visitors; v; v = v->next)
        if (v->id != but && is_so(v->id))
            return 1;
    return 0;
}
