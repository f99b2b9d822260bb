#include "heap.h"

#include "shared.h"

#define MINI_BLOCK_MAX 1024            /* larger blocks begin with a slot */
#define GROW_LEAST ((SIZE_T)16 << 10)  /* what a span commits at first */
#define LARGE_SLACK ((SIZE_T)64 << 10) /* what a growing large block commits ahead */
#define GRAVES 4096                    /* pageheap: freed regions that keep faulting */

struct region heap_no_span = {.head = SPAN_NONE};
int heap_pages;

static void push(struct region **list, struct region *r)
{
    struct region *first = *list == &heap_no_span ? NULL : *list;

    r->prev = NULL;
    r->next = first;
    if (first)
        first->prev = r;
    *list = r;
}

static void unlink_from(struct region **list, struct region *r, struct region *none)
{
    if (r->next)
        r->next->prev = r->prev;
    if (r->prev)
        r->prev->next = r->next;
    else
        *list = r->next ? r->next : none;
}

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

void heap_open(struct heap *heap, void *owner, SIZE_T limit)
{
    memset(heap, 0, sizeof *heap);
    heap->owner = owner;
    heap->limit = limit;
    for (int i = 0; i < HEAP_CLASSES; i++)
        heap->current[i] = &heap_no_span;
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
    count_committed(heap, 0, region_footprint(span));
    span_open(span, size_class, block);
    KILL_POINT("span opened");
    if (!grow(heap, span)) {
        count_committed(heap, region_footprint(span), 0);
        region_release(self, span);
        return NULL;
    }
    push(&heap->current[size_class], span);
    return span;
}

/* A span with room in this class, the new current one. */
static struct region *span_with_room(struct thread *self, struct heap *heap, unsigned size_class)
{
    struct region **current = &heap->current[size_class];
    int any = 0;

    while (*current != &heap_no_span) {
        struct region *span = *current;
        any = 1;
        if (span_has_room(span) || grow(heap, span))
            return span;
        if (span->fresh < span_capacity(span))
            return NULL; /* no memory; it stays what it is */
        unlink_from(current, span, &heap_no_span);
        span->full = 1;
        push(&heap->full, span);
    }
    return new_span(self, heap, size_class, !any && !heap->full);
}

/* A block was freed: a full span has room again, an empty one may go. */
void heap_relist(struct thread *self, struct heap *heap, struct region *span)
{
    struct region **current = &heap->current[span->size_class];

    if (span->full) {
        unlink_from(&heap->full, span, NULL);
        span->full = 0;
        if (*current == &heap_no_span || span->used == 0) {
            push(current, span);
        } else { /* behind the current one, which goes on until it is full */
            span->next = (*current)->next;
            span->prev = *current;
            if (span->next)
                span->next->prev = span;
            (*current)->next = span;
        }
    }
    if (span->used == 0 && (span != *current || span->next)) {
        unlink_from(current, span, &heap_no_span);
        count_committed(heap, region_footprint(span), 0);
        region_release(self, span);
    }
}

/* Large blocks, and with pageheap every block */

static SIZE_T large_offset(SIZE_T bytes)
{
    SIZE_T alignment = heap_pages ? MEMORY_ALLOCATION_ALIGNMENT : OS_PAGE;
    SIZE_T length = bytes ? bytes : 1;

    length = (length + alignment - 1) & ~(alignment - 1);
    return (0 - length) & (OS_PAGE - 1);
}

static struct region *large_region(struct thread *self, struct heap *heap, SIZE_T length,
                                   SIZE_T room)
{
    struct region *r;

    if (!heap_pages || length > SLOT_DATA)
        return region_take_large(self, heap->owner, length, heap_pages ? length : room);
    r = region_take(self, heap->owner, length <= MINI_DATA);
    if (!r)
        return NULL;
    r->committed = r->pages * OS_PAGE;
    r->touched = r->dirty * OS_PAGE;
    r->pages = 0;
    if (region_commit_large(r, length))
        return r;
    region_release(self, r);
    return NULL;
}

static void *large_alloc(struct thread *self, struct heap *heap, SIZE_T bytes, SIZE_T room)
{
    SIZE_T offset = large_offset(bytes);
    struct region *r;

    if (bytes > (SIZE_T)-1 / 2)
        return NULL;
    r = large_region(self, heap, bytes + offset, room);
    if (!r)
        return NULL;
    if (r->touched)
        memset(r->base, 0, bytes + offset < r->touched ? bytes + offset : r->touched);
    if (r->touched < bytes + offset)
        r->touched = bytes + offset;
    r->bytes = bytes;
    r->dirty = (uint16_t)offset;
    count_committed(heap, 0, r->committed);
    push(&heap->large, r);
    atomic_store(&r->kind, REGION_LARGE);
    return r->base + offset;
}

static void release_buried(struct thread *self, struct heap *heap)
{
    struct region *r = heap->last_buried;

    heap->last_buried = r->prev;
    unlink_from(&heap->buried, r, NULL);
    heap->buried_count--;
    region_release(self, r);
}

static void large_free(struct thread *self, struct heap *heap, struct region *r)
{
    count_committed(heap, r->committed, 0);
    unlink_from(&heap->large, r, NULL);
    if (!heap_pages) {
        r->dirty = 0;
        region_release(self, r);
        return;
    }
    region_shrink_large(r, 0);
    r->bytes = 0;
    r->dirty = 0;
    atomic_store(&r->kind, REGION_NONE);
    push(&heap->buried, r);
    if (!heap->last_buried)
        heap->last_buried = r;
    if (++heap->buried_count > GRAVES)
        release_buried(self, heap);
}

/* In place; 0 if it has to move. */
static int large_resize(struct heap *heap, struct region *r, SIZE_T bytes)
{
    SIZE_T before = r->committed, room = region_room(r);

    if (heap_pages || bytes <= HEAP_SMALL || bytes > room)
        return 0;
    if (bytes > r->committed) {
        SIZE_T ahead = bytes + LARGE_SLACK + bytes / 16;
        if (!region_commit_large(r, ahead < room ? ahead : room) && !region_commit_large(r, bytes))
            return 0;
    } else if (r->committed - bytes > LARGE_SLACK + bytes / 8) {
        region_shrink_large(r, bytes);
    }
    if (bytes > r->bytes) {
        SIZE_T stale = bytes < r->touched ? bytes : r->touched;
        if (stale > r->bytes)
            memset(r->base + r->bytes, 0, stale - r->bytes);
        if (r->touched < bytes)
            r->touched = bytes;
    }
    r->bytes = bytes;
    count_committed(heap, before, r->committed);
    return 1;
}

/* Blocks of any kind, without the sums */

static void *try_take(struct thread *self, struct heap *heap, SIZE_T bytes, SIZE_T room)
{
    struct region *span;

    if (bytes > HEAP_SMALL || heap_pages)
        return large_alloc(self, heap, bytes, room);
    span = span_with_room(self, heap, heap_class(bytes));
    return span ? span_take(span, bytes) : NULL;
}

static void *block_take(struct thread *self, struct heap *heap, SIZE_T bytes, SIZE_T room)
{
    void *block = try_take(self, heap, bytes, room);

    /* What waits for reuse may be just what the system lacks. */
    if (!block && region_trim(self))
        block = try_take(self, heap, bytes, room);
    return block;
}

static void block_give(struct thread *self, struct heap *heap, const struct heap_block *block,
                       void *address)
{
    struct region *r = block->region;

    switch (r->kind) {
    case REGION_SPAN:
        span_give(r, block->index);
        KILL_POINT("block given back");
        if (r->full || !r->used)
            heap_relist(self, heap, r);
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
    void *block;

    if (!within_limit(heap, bytes))
        return NULL;
    block = block_take(self, heap, bytes, LARGE_HEADROOM);
    if (!block)
        return NULL;
    set_live(heap, heap->live_bytes + bytes);
    atomic_count(&heap->allocations);
    return block;
}

/* What a region that is held still, or is the caller's, has at an address. */
static int block_at(struct region *r, const void *address, struct heap_block *found)
{
    found->region = r;
    if (r->kind == REGION_SPAN) {
        found->index = span_index(r, address);
        if (found->index == SPAN_BAD)
            return 0;
        found->bytes = span_size(r, found->index);
        return 1;
    }
    found->bytes = atomic_peek(&r->bytes);
    return r->kind == REGION_LARGE && (const char *)address == r->base + r->dirty;
}

enum heap_result heap_find(struct thread *self, const struct heap *heap, const void *address,
                           struct heap_block *found)
{
    struct region *r = region_find(address);
    void *owner = r ? atomic_load(&r->owner) : NULL;

    found->owner = owner;
    if (owner == SHARED_OWNER) {
        found->owner = shared_owner(self, address, &found->bytes);
        found->region = r;
        found->index = 0;
        if (!found->owner)
            return HEAP_BAD;
        return heap && found->owner == heap->owner ? HEAP_OK : HEAP_FOREIGN;
    }
    if (heap && owner == heap->owner)
        return block_at(r, address, found) ? HEAP_OK : HEAP_BAD;
    if (owner <= REGION_OWN)
        return HEAP_BAD;
    /* Somebody else's: it may go any moment, and its words with it, unless it is held. */
    region_hold(self);
    r = region_find(address);
    if (!r || r->owner != owner || !block_at(r, address, found))
        owner = NULL;
    region_let_go(self);
    return owner ? HEAP_FOREIGN : HEAP_BAD;
}

enum heap_result heap_free(struct thread *self, struct heap *heap, void *address)
{
    struct heap_block block;
    enum heap_result result = heap_find(self, heap, address, &block);

    if (result != HEAP_OK)
        return result;
    atomic_poke(&heap->live_bytes, heap->live_bytes - block.bytes);
    atomic_count(&heap->frees);
    block_give(self, heap, &block, address);
    return HEAP_OK;
}

static int resize_in_place(struct thread *self, struct heap *heap, const struct heap_block *block,
                           void *address, SIZE_T bytes, int even_if_wasteful)
{
    struct region *r = block->region;

    if (r->kind == REGION_LARGE)
        return large_resize(heap, r, bytes);
    if (bytes > HEAP_SMALL || bytes > r->block ||
        (!even_if_wasteful && bytes * 2 < r->block && r->block > 64))
        return 0;
    if (r->kind == REGION_SHARED)
        return shared_resize(self, address, bytes);
    if (bytes > block->bytes)
        memset((char *)address + block->bytes, 0, bytes - block->bytes);
    atomic_poke(&r->words[block->index], (uint16_t)bytes);
    return 1;
}

/* A block that shrinks but has nowhere to go. */
static int shrink_at_all_cost(struct thread *self, struct heap *heap,
                              const struct heap_block *block, void *address, SIZE_T bytes)
{
    if (block->region->kind != REGION_LARGE)
        return resize_in_place(self, heap, block, address, bytes, 1);
    block->region->bytes = bytes;
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
        /* A block that grows once grows again: its new region has room for that. */
        SIZE_T twice = 2 * bytes;
        moved = block_take(self, heap, bytes, twice > LARGE_HEADROOM ? twice : LARGE_HEADROOM);
        if (moved) {
            memcpy(moved, *address, bytes < block.bytes ? bytes : block.bytes);
            block_give(self, heap, &block, *address);
            *address = moved;
        } else if (bytes > block.bytes ||
                   !shrink_at_all_cost(self, heap, &block, *address, bytes)) {
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
    struct region *r = block.region;

    if (result != HEAP_OK)
        return result;
    if (!within_limit(to, block.bytes))
        return HEAP_FULL;
    if (r->kind == REGION_SPAN) {
        SIZE_T footprint = region_footprint(r);
        unlink_from(r->full ? &from->full : &from->current[r->size_class], r,
                    r->full ? NULL : &heap_no_span);
        if (!shared_make(self, r, from->owner)) {
            push(r->full ? &from->full : &from->current[r->size_class], r);
            return HEAP_FULL;
        }
        count_committed(from, footprint, 0);
    }
    if (r->kind == REGION_SHARED) {
        shared_give(self, address, to->owner);
    } else {
        unlink_from(&from->large, r, NULL);
        region_give(self, r, to->owner);
        push(&to->large, r);
        count_committed(from, r->committed, 0);
        count_committed(to, 0, r->committed);
    }
    atomic_poke(&from->live_bytes, from->live_bytes - block.bytes);
    atomic_count(&from->frees);
    set_live(to, to->live_bytes + block.bytes);
    atomic_count(&to->allocations);
    return HEAP_OK;
}

/* All of a heap */

static SIZE_T for_each_region(struct heap *heap, void (*act)(struct thread *, struct region *),
                              struct thread *self)
{
    SIZE_T addresses = 0;
    struct region *lists[HEAP_CLASSES + 3];

    for (int i = 0; i < HEAP_CLASSES; i++)
        lists[i] = heap->current[i] == &heap_no_span ? NULL : heap->current[i];
    lists[HEAP_CLASSES] = heap->full;
    lists[HEAP_CLASSES + 1] = heap->large;
    lists[HEAP_CLASSES + 2] = heap->buried;
    for (int i = 0; i < HEAP_CLASSES + 3; i++) {
        for (struct region *r = lists[i], *next; r; r = next) {
            next = r->next;
            addresses += region_room(r) + OS_PAGE;
            act(self, r);
        }
    }
    return addresses;
}

void heap_close(struct thread *self, struct heap *heap)
{
    for_each_region(heap, region_release, self);
    shared_release(self, heap->owner);
}

SIZE_T heap_retire(struct thread *self, struct heap *heap)
{
    SIZE_T addresses = for_each_region(heap, region_retire, self);

    shared_release(self, heap->owner);
    return addresses;
}

struct repair {
    struct heap *heap;
    struct region *unfinished; /* taken, but never filled; or emptied, but not freed yet */
    SIZE_T blocks, bytes;
};

static void relist(struct region *r, void *context)
{
    struct repair *repair = context;
    struct heap *heap = repair->heap;

    if (r->kind == REGION_SPAN) {
        repair->bytes += span_repair(r);
        repair->blocks += r->used;
        r->full = !span_has_room(r) && r->fresh == span_capacity(r);
        push(r->full ? &heap->full : &heap->current[r->size_class], r);
    } else if (r->kind == REGION_LARGE) {
        repair->bytes += r->bytes;
        repair->blocks++;
        push(&heap->large, r);
    } else {
        r->next = repair->unfinished;
        repair->unfinished = r;
        return;
    }
    count_committed(heap, 0, region_footprint(r));
}

static void count_shared(void *block, SIZE_T bytes, void *context)
{
    struct repair *repair = context;

    (void)block;
    repair->bytes += bytes;
    repair->blocks++;
}

void heap_repair(struct thread *self, struct heap *heap)
{
    struct repair repair = {.heap = heap};

    for (int i = 0; i < HEAP_CLASSES; i++)
        heap->current[i] = &heap_no_span;
    heap->full = heap->large = heap->buried = heap->last_buried = NULL;
    heap->buried_count = 0;
    atomic_poke(&heap->committed, 0);
    region_hold(self);
    region_visit(heap->owner, relist, &repair);
    region_let_go(self);
    while (repair.unfinished) {
        struct region *r = repair.unfinished;
        repair.unfinished = r->next;
        region_release(self, r);
    }
    shared_visit(self, heap->owner, count_shared, &repair);
    if (heap->allocations - heap->frees < repair.blocks)
        heap->allocations = heap->frees + repair.blocks;
    else
        heap->frees = heap->allocations - repair.blocks;
    set_live(heap, repair.bytes);
}

void heap_visit(struct thread *self, struct heap *heap, heap_visitor *visit, void *context)
{
    for (int i = -1; i < HEAP_CLASSES; i++) {
        struct region *r = i < 0 ? heap->full : heap->current[i];
        for (; r && r != &heap_no_span; r = r->next)
            for (unsigned k = 0; k < r->fresh; k++)
                if (!(r->words[k] & SPAN_FREE))
                    visit(r->base + (SIZE_T)k * r->block, r->words[k], context);
    }
    for (struct region *r = heap->large; r; r = r->next)
        visit(r->base + r->dirty, r->bytes, context);
    shared_visit(self, heap->owner, visit, context);
}

int heap_is_valid(struct thread *self, struct heap *heap)
{
    struct repair found = {.heap = heap};
    SIZE_T committed = 0;

    heap_visit(self, heap, count_shared, &found);
    for (int i = -1; i < HEAP_CLASSES; i++) {
        struct region *r = i < 0 ? heap->full : heap->current[i];
        for (struct region *prev = NULL; r && r != &heap_no_span; prev = r, r = r->next) {
            unsigned free_blocks = 0;
            if (r->prev != prev || r->owner != heap->owner || r->kind != REGION_SPAN ||
                r->full != (i < 0) || (i >= 0 && r->size_class != i))
                return 0;
            for (unsigned k = r->head; k != SPAN_NONE; k = r->words[k] & SPAN_NONE)
                if (k >= r->fresh || !(r->words[k] & SPAN_FREE) || free_blocks++ > r->fresh)
                    return 0;
            if (r->used + free_blocks != r->fresh || r->fresh > r->limit ||
                r->limit * (SIZE_T)r->block > r->pages * OS_PAGE)
                return 0;
            committed += region_footprint(r);
        }
    }
    for (struct region *r = heap->large; r; r = r->next) {
        if (r->owner != heap->owner || r->kind != REGION_LARGE || r->committed < r->bytes)
            return 0;
        committed += region_footprint(r);
    }
    return found.bytes == heap->live_bytes && committed == heap->committed &&
           found.blocks == heap->allocations - heap->frees;
}
