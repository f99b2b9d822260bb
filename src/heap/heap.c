#include "heap/heap.h"

#include "base/list.h"
#include "base/options.h"
#include "heap/large.h"
#include "heap/shared.h"

#define FIRST_MOST 1024               /* larger blocks begin with a span of the second size */
#define SECOND_MOST 4096              /* and still larger ones with one of the last size */
#define ROOM_LEAST 4096               /* a smaller block is copied fast enough */
#define GROW_LEAST ((SIZE_T)16 << 10) /* what a span commits at first */

struct span heap_no_span = {.head = SPAN_NONE};

void heap_unlist_all(struct heap *heap)
{
    for (int i = 0; i <= HEAP_OTHERS; i++)
        heap->current[i] = &heap_no_span;
    heap->recent = &heap_no_span;
    store_relaxed(&heap->committed, 0);
}

void heap_open(struct heap *heap, void *owner, SIZE_T limit)
{
    memset(heap, 0, sizeof *heap);
    heap->sums.limit = limit;
    heap_unlist_all(heap);
    atomic_store(&heap->owner, owner);
}

/* Sums */

static void count_committed(struct heap *heap, SIZE_T before, SIZE_T after)
{
    store_relaxed(&heap->committed, heap->committed - before + after);
}

static int within_limit(const struct heap *heap, SIZE_T more)
{
    return more <= heap->sums.limit && heap->sums.live_bytes <= heap->sums.limit - more;
}

void heap_set_live(struct heap *heap, SIZE_T bytes)
{
    store_relaxed(&heap->sums.live_bytes, bytes);
    /* After a repair a block that was being moved may be there twice. The peak must not exceed the
       limit for that, because heap_admit relies on it. */
    if (bytes > heap->sums.limit)
        bytes = heap->sums.limit;
    if (bytes > heap->sums.peak_bytes)
        store_relaxed(&heap->sums.peak_bytes, bytes);
}

/* Lists */

static struct span **list_of(struct heap *heap, const struct span *s)
{
    return &heap->current[s->kind == SPAN_OPEN ? s->size_class : HEAP_OTHERS];
}

/* Behind the first one, which is used up first. The `used` of the first one is one higher, so that
   a current span never looks empty. */
static void push(struct heap *heap, struct span *s)
{
    struct span **list = list_of(heap, s);

    if (*list != &heap_no_span) {
        LIST_PUSH(&(*list)->next, s);
    } else {
        *list = NULL;
        LIST_PUSH(list, s);
        s->used++;
    }
}

static void pull(struct heap *heap, struct span *s)
{
    struct span **list = list_of(heap, s);

    if (heap->recent == s)
        heap->recent = &heap_no_span;
    LIST_PULL(s);
    if (s->link != list)
        return;
    s->used--;
    if (*list)
        (*list)->used++;
    else
        *list = &heap_no_span;
}

static void move(struct heap *heap, struct span *s, enum span_kind kind)
{
    pull(heap, s);
    s->kind = (uint8_t)kind;
    push(heap, s);
}

void heap_list(struct heap *heap, struct span *s)
{
    push(heap, s);
    count_committed(heap, 0, region_footprint(&s->region));
}

static void unlist(struct heap *heap, struct span *s)
{
    count_committed(heap, region_footprint(&s->region), 0);
    pull(heap, s);
}

void heap_span_emptied(struct thread *self, struct heap *heap, struct span *s)
{
    unlist(heap, s);
    span_free(self, s, options.pageheap);
}

/* Spans */

static int grow(struct thread *self, struct heap *heap, struct span *span)
{
    SIZE_T before = region_footprint(&span->region);
    /* In proportion to what the expert has, so that a large expert makes few system calls. */
    int grown =
        span_grow(self, span, heap->committed / 8 > GROW_LEAST ? heap->committed / 8 : GROW_LEAST);

    count_committed(heap, before, region_footprint(&span->region));
    return grown;
}

/* `last`: one of its class, without room, or NULL. A heap that shares begins with the second size,
   because shared spans are searched one by one. */
static struct span *new_span(struct thread *self, struct heap *heap, unsigned size_class,
                             const struct span *last)
{
    uint32_t block = heap_class_bytes(size_class);
    unsigned units = SPAN_LATER;
    struct span *span;

    if (!last && !heap->shares && block <= FIRST_MOST)
        units = SPAN_FIRST;
    else if (block <= SECOND_MOST &&
             (!last || (SIZE_T)last->bump * block <= REGION_BYTES(SPAN_FIRST)))
        units = SPAN_SECOND;
    span = span_open(self, heap->owner, units, size_class, block);
    if (!span)
        return NULL;
    heap_list(heap, span);
    if (span_has_room(span) || grow(self, heap, span))
        return span;
    heap_span_emptied(self, heap, span);
    return NULL;
}

/* Finds or makes a span with room in this class: the current one, unless memory is short. */
static struct span *span_with_room(struct thread *self, struct heap *heap, unsigned size_class)
{
    struct span *last = NULL, *span = heap->current[size_class], *next;

    for (; span && span != &heap_no_span; last = span, span = next) {
        next = span->next;
        if (span_has_room(span) || grow(self, heap, span))
            return span;
        if (span->bump == span->region.state_count) /* else there is no memory */
            move(heap, span, SPAN_FULL);
    }
    return new_span(self, heap, size_class, last);
}

/* Blocks of any kind; the caller counts live blocks */

/* Bytes of the class for a block that has grown and will probably grow again: at most twice what is
   asked for. A resize would take more for a waste, and move the block. */
static SIZE_T with_room(SIZE_T bytes)
{
    SIZE_T room = bytes + bytes / 4 * 3;

    return bytes < ROOM_LEAST ? bytes : room < HEAP_SMALL ? room : HEAP_SMALL;
}

static void *block_take(struct thread *self, struct heap *heap, SIZE_T bytes, int grows)
{
    unsigned size_class;
    struct span *span;

    if (bytes > HEAP_SMALL || options.pageheap) {
        span = large_open(self, heap->owner, bytes, grows);
        if (!span)
            return NULL;
        heap_list(heap, span);
        return large_block(span);
    }
    size_class = heap_class(grows ? with_room(bytes) : bytes);
    if (heap->shares && heap->current[size_class] == &heap_no_span) {
        void *block = shared_alloc(self, heap->owner, size_class, bytes);
        if (block)
            return block;
    }
    span = span_with_room(self, heap, size_class);
    if (!span)
        return NULL;
    heap->recent = span;
    return span_take(span, bytes);
}

static void block_give(struct thread *self, struct heap *heap, const struct heap_block *block)
{
    struct span *span = block->span;

    if (span->region.owner == SHARED_OWNER) {
        shared_give(self, span, block->index, NULL);
        return;
    }
    if (span->kind != SPAN_LARGE) {
        if (span->kind == SPAN_FULL)
            move(heap, span, SPAN_OPEN);
        span_give(span, block->index);
        KILL_POINT("block given back");
        if (span->used)
            return;
    }
    heap_span_emptied(self, heap, span);
}

void *heap_alloc(struct thread *self, struct heap *heap, SIZE_T bytes)
{
    void *block;

    if (!within_limit(heap, bytes))
        return NULL;
    block = block_take(self, heap, bytes, 0);
    if (!block)
        return NULL;
    heap_set_live(heap, heap->sums.live_bytes + bytes);
    atomic_count(&heap->sums.allocations);
    return block;
}

/* Finds the live block that begins at an address, in a region that the caller owns or has
   locked. */
static int block_at(struct span *span, const void *address, struct heap_block *found)
{
    unsigned kind = atomic_load(&span->kind);

    found->span = span;
    if (kind == SPAN_OPEN || kind == SPAN_FULL) {
        found->index = span_index(span, address, &found->bytes);
        return found->index != SPAN_BAD;
    }
    found->index = 0;
    found->bytes = load_relaxed(&span->bytes);
    return kind == SPAN_LARGE && address == large_block(span);
}

enum heap_result heap_find(struct thread *self, const struct heap *heap, const void *address,
                           struct heap_block *found)
{
    struct region *r = region_find(address);
    int own = r && heap && atomic_load(&r->owner) == heap->owner, is_block;
    void *owner;

    if (!own) {
        /* Another owner may free the region and its states at any moment, unless regions are
           locked. */
        region_lock(self);
        r = region_find(address);
    }
    owner = r ? r->owner : NULL;
    is_block = (own || owner > REGION_RESERVED || owner == SHARED_OWNER) &&
               block_at(span_of(r), address, found);
    if (is_block && owner == SHARED_OWNER) {
        owner = shared_owner(found->span, found->index);
        is_block = owner != NULL;
    }
    if (!own)
        region_unlock();
    found->owner = owner;
    if (!is_block)
        return HEAP_BAD;
    return heap && owner == heap->owner ? HEAP_OK : HEAP_FOREIGN;
}

enum heap_result heap_free(struct thread *self, struct heap *heap, void *address)
{
    struct heap_block block;
    enum heap_result result = heap_find(self, heap, address, &block);

    if (result != HEAP_OK)
        return result;
    atomic_lower(&heap->sums.live_bytes, block.bytes);
    atomic_count(&heap->sums.frees);
    block_give(self, heap, &block);
    return HEAP_OK;
}

/* On x86, where addresses are few, a large block that leaves so many unused should move. */
static int is_wasteful(const struct span *large, SIZE_T bytes)
{
    return bytes <= HEAP_SMALL ||
           (OS_ADDRESS_BITS == 32 && bytes < region_room(&large->region) / 8);
}

/* 0: it has to move. A block that would leave most of its room unused should move. */
static int resize_in_place(struct thread *self, struct heap *heap, const struct heap_block *block,
                           void *address, SIZE_T bytes, int even_if_wasteful)
{
    struct span *span = block->span;

    if (span->kind == SPAN_LARGE) {
        SIZE_T before = span->region.committed * OS_PAGE;
        int done =
            (even_if_wasteful || !is_wasteful(span, bytes)) && large_resize(self, span, bytes);
        count_committed(heap, before, span->region.committed * OS_PAGE);
        return done;
    }
    if (bytes > HEAP_SMALL || bytes > span->block ||
        (!even_if_wasteful && bytes < span->block / 2U && span->block > 64))
        return 0;
    /* This holds for a shared span too, without a lock: a live block's state is its owner's. */
    if (bytes > block->bytes)
        memset((char *)address + block->bytes, 0, bytes - block->bytes);
    store_relaxed(&span->region.states[block->index], (uint16_t)bytes);
    return 1;
}

enum heap_result heap_realloc(struct thread *self, struct heap *heap, void **address, SIZE_T bytes)
{
    struct heap_block block;
    enum heap_result result = heap_find(self, heap, *address, &block);
    void *moved;

    if (result != HEAP_OK)
        return result;
    if (bytes > block.bytes && !within_limit(heap, bytes - block.bytes))
        return HEAP_FULL;
    if (!resize_in_place(self, heap, &block, *address, bytes, 0)) {
        /* A block that has grown will probably grow again. */
        moved = block_take(self, heap, bytes, bytes > block.bytes);
        if (moved) {
            memcpy(moved, *address, bytes < block.bytes ? bytes : block.bytes);
            block_give(self, heap, &block);
            *address = moved;
        } else if (bytes > block.bytes ||
                   !resize_in_place(self, heap, &block, *address, bytes, 1)) {
            return HEAP_FULL;
        }
    }
    heap_set_live(heap, heap->sums.live_bytes - block.bytes + bytes);
    return HEAP_OK;
}

enum heap_result heap_transfer(struct thread *self, struct heap *from, struct heap *to,
                               void *address)
{
    struct heap_block block;
    enum heap_result result = heap_find(self, from, address, &block);
    struct span *span;

    if (result != HEAP_OK)
        return result;
    span = block.span;
    if (!within_limit(to, block.bytes))
        return HEAP_FULL;
    if (span->kind == SPAN_LARGE) {
        unlist(from, span);
        region_give(self, &span->region, to->owner);
        heap_list(to, span);
    } else {
        from->shares = to->shares = 1; /* first: a close relies on it */
        if (span->region.owner != SHARED_OWNER) {
            unlist(from, span);
            if (!shared_make(self, span, from->owner)) {
                heap_list(from, span);
                return HEAP_FULL;
            }
        }
        shared_give(self, span, block.index, to->owner);
    }
    atomic_lower(&from->sums.live_bytes, block.bytes);
    atomic_count(&from->sums.frees);
    heap_set_live(to, to->sums.live_bytes + block.bytes);
    atomic_count(&to->sums.allocations);
    return HEAP_OK;
}
