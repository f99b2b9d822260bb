#include "expert/snapshot.h"

#include "expert/bias.h"
#include "heap/record_heap.h"

static struct lock lock; /* guards the list; taken inside an expert's */
static struct snapshot *all;

/* Frees `done` and the snapshots of threads that have ended, and lists `made`. Both may be NULL. */
static void sweep(struct thread *self, const struct snapshot *done, struct snapshot *made)
{
    lock_acquire(&lock, self);
    for (struct snapshot **link = &all, *s; (s = *link);) {
        if (s != done && thread_is_alive(s->thread)) {
            link = &s->next;
        } else {
            *link = s->next; /* first: a thread killed here leaks one but frees none twice */
            record_heap_free(self, s);
        }
    }
    if (made) {
        made->next = all;
        all = made;
    }
    lock_release(&lock);
}

DWORD snapshot_take(struct thread *self, HEXPERTKEY key, struct snapshot **snapshot)
{
    NMAPI_EXPERT_USAGE usage;
    struct expert *e = table_find(key);
    struct snapshot *s;

    if (!e || atomic_load(&e->state) == EXPERT_NEVER)
        return NMERR_INVALID_EXPERT_HANDLE;
    /* Not bias_enter: the host is no visitor of the expert's. */
    bias_lock(self, e);
    if (!expert_is_live(e)) {
        lock_release(&e->lock);
        return NMERR_EXPERT_TERMINATE;
    }
    expert_usage(e, &usage);
    s = record_heap_alloc(self, sizeof *s + usage.LiveBlocks * sizeof *s->entries);
    if (s) {
        s->thread = self->id;
        /* It is listed first: filling it may take long, and this thread may be killed meanwhile. */
        sweep(self, NULL, s);
        s->count = heap_blocks(self, e->heap, s->entries, usage.LiveBlocks);
    }
    lock_release(&e->lock);
    *snapshot = s;
    return s ? NMERR_SUCCESS : NMERR_OUT_OF_MEMORY;
}

void snapshot_free(struct thread *self, const struct snapshot *snapshot)
{
    sweep(self, snapshot, NULL);
}

void snapshot_shutdown(void)
{
    all = NULL;
}
