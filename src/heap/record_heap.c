#include "heap/record_heap.h"

#define RECORD_HEAP_OWNER ((void *)4)

static struct lock lock;
static struct heap heap; /* without owner: not opened yet */

static void lock_heap(struct thread *self)
{
    if (lock_acquire(&lock, self) && heap.owner)
        heap_repair(self, &heap, 0);
    if (!heap.owner)
        heap_open(&heap, RECORD_HEAP_OWNER, (SIZE_T)-1);
}

void *record_heap_alloc(struct thread *self, SIZE_T bytes)
{
    void *record;

    lock_heap(self);
    record = heap_alloc(self, &heap, bytes);
    lock_release(&lock);
    return record;
}

void record_heap_free(struct thread *self, void *record)
{
    lock_heap(self);
    heap_free(self, &heap, record);
    lock_release(&lock);
}

void record_heap_shutdown(void)
{
    heap.owner = NULL;
}
