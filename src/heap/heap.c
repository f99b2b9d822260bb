#include "heap/heap.h"

#include "heap/large.h"
#include "pages/pool.h"
#include "heap/shared.h"

#define MINI_BLOCK_MAX 1024           /* larger blocks begin with a slot */
#define GROW_LEAST ((SIZE_T)16 << 10) /* what a span commits at first */

/* pageheap: addresses of freed blocks that keep faulting; the oldest go first. */
#ifdef _WIN64
#define PAGEHEAP_KEPT ((SIZE_T)1 << 30)
#else
#define PAGEHEAP_KEPT ((SIZE_T)32 << 20)
#endif

struct region heap_no_span = {.head = SPAN_NONE};

void heap_open(struct heap *heap, void *owner, SIZE_T limit)
{
    memset(heap, 0, sizeof *heap);
    heap->owner = owner;
    heap->limit = limit;
    heap->recent = &heap_no_span;
    for (int i = 0; i < HEAP_CLASSES; i++)
        heap->current[i] = &heap_no_span;
}

/* Sums */

static void count_committed(struct heap *heap, SIZE_T before, SIZE_T after)
{
    atomic_poke(&heap->committed, heap->committed - before + after);
}

static int within_limit(const struct heap *heap, SIZE_T more)
{
    return more <= heap->limit && heap->live_bytes <= heap->limit - more;
}

static void set_live(struct heap *heap, SIZE_T bytes)
{
    atomic_poke(&heap->live_bytes, bytes);
    if (bytes > heap->peak_bytes)
        atomic_poke(&heap->peak_bytes, bytes);
}

/* Lists */

static void push(struct region **list, struct region *r)
{
    r->prev = NULL;
    r->next = *list;
    if (r->next)
        r->next->prev = r;
    *list = r;
}

static void pull(struct region **list, struct region *r)
{
    if (r->next)
        r->next->prev = r->prev;
    if (r->prev)
        r->prev->next = r->next;
    else
        *list = r->next;
}

/* The first span of a class is its current one, and `used` counts that, so that it never looks empty. */
static void class_push(struct heap *heap, struct region *span)
{
    struct region **current = &heap->current[span->size_class];
    struct region *first = *current == &heap_no_span ? NULL : *current;

    if (first)
        first->used--;
    span->used++;
    span->prev = NULL;
    span->next = first;
    if (first)
        first->prev = span;
    *current = span;
}

static void class_pull(struct heap *heap, struct region *span)
{
    struct region **current = &heap->current[span->size_class];

    if (heap->recent == span)
        heap->recent = &heap_no_span;
    if (span->next)
        span->next->prev = span->prev;
    if (span->prev) {
        span->prev->next = span->next;
        return;
    }
    span->used--;
    if (span->next)
        span->next->used++;
    *current = span->next ? span->next : &heap_no_span;
}

void heap_list(struct heap *heap, struct region *r)
{
    if (r->kind == REGION_SPAN)
        class_push(heap, r);
    else
        push(r->kind == REGION_LARGE ? &heap->large : &heap->full, r);
    count_committed(heap, 0, region_footprint(r));
}

static void unlist(struct heap *heap, struct region *r)
{
    count_committed(heap, region_footprint(r), 0);
    if (r->kind == REGION_SPAN)
        class_pull(heap, r);
    else
        pull(r->kind == REGION_LARGE ? &heap->large : &heap->full, r);
}

/* Spans */

static int grow(struct heap *heap, struct region *span)
{
    SIZE_T before = region_footprint(span);
    /* In step with what the expert has already, so that a large one makes few calls. */
    int grown =
        span_grow(span, heap->committed / 8 > GROW_LEAST ? heap->committed / 8 : GROW_LEAST);

    count_committed(heap, before, region_footprint(span));
    return grown;
}

static struct region *new_span(struct thread *self, struct heap *heap, unsigned size_class,
                               int first)
{
    uint32_t block = heap_class_bytes(size_class);
    struct region *span = region_take(self, heap->owner, first && block <= MINI_BLOCK_MAX);

    if (!span)
        return NULL;
    span_open(span, size_class, block);
    KILL_POINT("span opened");
    heap_list(heap, span);
    if (grow(heap, span))
        return span;
    unlist(heap, span);
    region_release(self, span);
    return NULL;
}

/* A span with room in this class, the new current one. */
static struct region *span_with_room(struct thread *self, struct heap *heap, unsigned size_class)
{
    int first = 1;

    for (struct region *span; (span = heap->current[size_class]) != &heap_no_span; first = 0) {
        if (span_has_room(span) || grow(heap, span))
            return span;
        if (span->fresh < span_capacity(span))
            return NULL; /* no memory; it stays what it is */
        class_pull(heap, span);
        span->kind = REGION_FULL;
        push(&heap->full, span);
    }
    return new_span(self, heap, size_class, first && !heap->full);
}

void heap_span_emptied(struct thread *self, struct heap *heap, struct region *span)
{
    unlist(heap, span);
    region_release(self, span);
}

/* A block of a full span was freed: it goes behind the current one, which goes on until it is full. */
static void has_room_again(struct heap *heap, struct region *span)
{
    struct region *current = heap->current[span->size_class];

    pull(&heap->full, span);
    span->kind = REGION_SPAN;
    if (current == &heap_no_span) {
        class_push(heap, span);
        return;
    }
    span->next = current->next;
    span->prev = current;
    if (span->next)
        span->next->prev = span;
    current->next = span;
}

/* Large blocks */

static void *large_alloc(struct thread *self, struct heap *heap, SIZE_T bytes, SIZE_T room)
{
    struct region *r = large_open(self, heap->owner, bytes, room);

    if (!r)
        return NULL;
    heap_list(heap, r);
    return large_block(r);
}

static void large_free(struct thread *self, struct heap *heap, struct region *r)
{
    unlist(heap, r);
    if (!large_pages) {
        region_release(self, r);
        return;
    }
    region_empty(r);
    push(&heap->freed, r);
    if (!heap->last_freed)
        heap->last_freed = r;
    heap->freed_bytes += region_room(r);
    while ((r = heap->last_freed) && heap->freed_bytes > PAGEHEAP_KEPT) {
        heap->last_freed = r->prev;
        heap->freed_bytes -= region_room(r);
        pull(&heap->freed, r);
        region_release(self, r);
    }
}

/* Blocks of any kind, without the sums of live blocks */

static void *try_take(struct thread *self, struct heap *heap, SIZE_T bytes, SIZE_T room)
{
    unsigned size_class;
    struct region *span;

    if (bytes > HEAP_SMALL || large_pages)
        return large_alloc(self, heap, bytes, room);
    size_class = heap_class(bytes);
    if (heap->current[size_class] == &heap_no_span) {
        void *block = shared_alloc(self, heap->owner, size_class, bytes);
        if (block)
            return memset(block, 0, bytes);
    }
    span = span_with_room(self, heap, size_class);
    if (!span)
        return NULL;
    return heap_take(span, bytes);
}

static void *block_take(struct thread *self, struct heap *heap, SIZE_T bytes, SIZE_T room)
{
    void *block = try_take(self, heap, bytes, room);

    /* What waits for reuse may be just what the system lacks, unless that is more than anybody has. */
    if (!block && !(bytes >> (OS_ADDRESS_BITS - 1)) && pool_trim(self))
        block = try_take(self, heap, bytes, room);
    return block;
}

static void block_give(struct thread *self, struct heap *heap, const struct heap_block *block,
                       void *address)
{
    struct region *r = block->region;

    switch (r->kind) {
    case REGION_FULL:
        has_room_again(heap, r);
        /* fall through */
    case REGION_SPAN:
        span_give(r, block->index);
        KILL_POINT("block given back");
        if (!r->used)
            heap_span_emptied(self, heap, r);
        break;
    case REGION_SHARED:
        shared_free(self, address);
        break;
    default:
        large_free(self, heap, r);
        break;
    }
}

void *heap_alloc(struct thread *self, struct heap *heap, SIZE_T bytes)
{
    void *block = bytes <= HEAP_SMALL ? heap_alloc_near(heap, bytes) : NULL;

    if (LIKELY(block != NULL))
        return block;
    if (!within_limit(heap, bytes))
        return NULL;
    block = block_take(self, heap, bytes, LARGE_HEADROOM);
    if (!block)
        return NULL;
    set_live(heap, heap->live_bytes + bytes);
    atomic_count(&heap->allocations);
    return block;
}

/* Finds the live block that begins at an address, in a region that the caller owns or holds still. A REGION_SHARED
   is still being made one here, and has its single owner. */
static int block_at(struct region *r, const void *address, struct heap_block *found)
{
    unsigned kind = atomic_load(&r->kind);

    found->region = r;
    if (kind == REGION_SPAN || kind == REGION_FULL || kind == REGION_SHARED) {
        found->index = span_index(r, (SIZE_T)((const char *)address - r->base), &found->bytes);
        return found->index != SPAN_BAD;
    }
    found->index = 0;
    found->bytes = atomic_peek(&r->bytes);
    return kind == REGION_LARGE && address == large_block(r);
}

/* One look; *again: the region changed hands under it, and its blocks may be as live as before. */
static enum heap_result look_up(struct thread *self, const struct heap *heap, const void *address,
                                struct heap_block *found, int *again)
{
    struct region *r = region_find(address);
    void *owner, *now;
    int is_block;

    if (!r)
        return HEAP_BAD;
    owner = atomic_load(&r->owner);
    found->owner = owner;
    if (owner == SHARED_OWNER) {
        found->owner = shared_owner(self, address, &found->index, &found->bytes);
        found->region = r;
        if (!found->owner)
            return HEAP_BAD;
        return heap && found->owner == heap->owner ? HEAP_OK : HEAP_FOREIGN;
    }
    if (heap && owner == heap->owner)
        return block_at(r, address, found) ? HEAP_OK : HEAP_BAD;
    if (owner <= REGION_OWN)
        return HEAP_BAD;
    /* Somebody else's: it may go any moment, and its words with it, unless it is held. */
    chunk_hold(self);
    r = region_find(address);
    now = r ? r->owner : NULL;
    is_block = now == owner && block_at(r, address, found);
    chunk_let_go();
    *again = now && now != owner;
    return is_block ? HEAP_FOREIGN : HEAP_BAD;
}

enum heap_result heap_find(struct thread *self, const struct heap *heap, const void *address,
                           struct heap_block *found)
{
    enum heap_result result;
    int again;

    do {
        again = 0;
        result = look_up(self, heap, address, found, &again);
    } while (again);
    return result;
}

enum heap_result heap_free(struct thread *self, struct heap *heap, void *address)
{
    struct region *emptied = NULL;
    struct heap_block block;
    enum heap_result result;

    if (LIKELY(heap_free_fast(heap, address, &emptied))) {
        if (emptied)
            heap_span_emptied(self, heap, emptied);
        return HEAP_OK;
    }
    result = heap_find(self, heap, address, &block);
    if (result != HEAP_OK)
        return result;
    atomic_poke(&heap->live_bytes, heap->live_bytes - block.bytes);
    atomic_count(&heap->frees);
    block_give(self, heap, &block, address);
    return HEAP_OK;
}

/* 0 if it has to move. A block that would leave most of its room unused moves if it can. */
static int resize_in_place(struct heap *heap, const struct heap_block *block, void *address,
                           SIZE_T bytes, int even_if_wasteful)
{
    struct region *r = block->region;

    if (r->kind == REGION_LARGE) {
        SIZE_T before = r->committed;
        int done = (even_if_wasteful || bytes > HEAP_SMALL) && large_resize(r, bytes);
        count_committed(heap, before, r->committed);
        return done;
    }
    if (bytes > HEAP_SMALL || bytes > r->block ||
        (!even_if_wasteful && bytes < r->block / 2 && r->block > 64))
        return 0;
    /* A shared one as well, and under no lock: the word of a live block is its owner's. */
    if (bytes > block->bytes)
        memset((char *)address + block->bytes, 0, bytes - block->bytes);
    atomic_poke(&r->words[block->index], (uint16_t)bytes);
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
    if (!resize_in_place(heap, &block, *address, bytes, 0)) {
        /* A block that grows once grows again: its new region, unless it is a run of slots, has room for that. */
        SIZE_T twice = 2 * bytes;
        moved = block_take(self, heap, bytes, twice > LARGE_HEADROOM ? twice : LARGE_HEADROOM);
        if (moved) {
            memcpy(moved, *address, bytes < block.bytes ? bytes : block.bytes);
            block_give(self, heap, &block, *address);
            *address = moved;
        } else if (bytes > block.bytes || !resize_in_place(heap, &block, *address, bytes, 1)) {
            return HEAP_FULL;
        }
    }
    set_live(heap, heap->live_bytes - block.bytes + bytes);
    return HEAP_OK;
}

enum heap_result heap_transfer(struct thread *self, struct heap *from, struct heap *to,
                               void *address)
{
    struct heap_block block;
    enum heap_result result = heap_find(self, from, address, &block);
    struct region *r;

    if (result != HEAP_OK)
        return result;
    r = block.region;
    if (!within_limit(to, block.bytes))
        return HEAP_FULL;
    if (r->kind == REGION_SPAN || r->kind == REGION_FULL) {
        unlist(from, r);
        if (!shared_make(self, r, from->owner)) {
            heap_list(from, r);
            return HEAP_FULL;
        }
    }
    if (r->kind == REGION_SHARED) {
        shared_give(self, address, to->owner);
    } else {
        unlist(from, r);
        region_give(self, r, to->owner);
        heap_list(to, r);
    }
    atomic_poke(&from->live_bytes, from->live_bytes - block.bytes);
    atomic_count(&from->frees);
    set_live(to, to->live_bytes + block.bytes);
    atomic_count(&to->allocations);
    return HEAP_OK;
}
