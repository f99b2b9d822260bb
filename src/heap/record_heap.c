#include "heap/record_heap.h"

#define RECORD_HEAP_OWNER ((void *)4)

static struct lock lock;
/* Without lists it is not opened yet. */
static struct heap heap = {.owner = RECORD_HEAP_OWNER, .sums.limit = (SIZE_T)-1};

static void lock_heap(struct thread *self)
{
    if (lock_acquire(&lock, self) || !heap.recent)
        heap_repair(self, &heap, 0);
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
    heap.recent = NULL;
}
