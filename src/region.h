/*
 * region.h - address space: chunks cut into slots, whose each slot is at all times, what is kept for
 * reuse, and the map from any address to the record of its region.
 *
 * A chunk is one aligned reservation of 16 slots. The first two hold the state words of the other 14
 * (span.h), so that metadata and blocks never share a page; the last page of every slot stays
 * uncommitted: the guard page. A slot is one region, or is split into minis of one data and one guard
 * page each for experts that need little, or belongs to a run of slots that is one large region. Large
 * regions that are longer than that are reservations of their own.
 *
 * Records lie apart from all of this and are never returned to the system. A region's owner is an opaque
 * pointer; `owner` is the one word that decides who has it, set last and cleared first. All else about
 * who has what can be made anew from the owners, which is what the taker of a dead thread's lock does.
 */
#ifndef NMAPI_REGION_H
#define NMAPI_REGION_H

#include <stdint.h>

#include "lock.h"

#ifdef _WIN64
#define CHUNK_SHIFT 22
#define LARGE_IN_RUNS                                                                              \
    0 /* address space is plentiful: every large block gets headroom to grow into */
#define LARGE_HEADROOM (((SIZE_T)64 << 20) + OS_PAGE)
#else
#define CHUNK_SHIFT 20
#define LARGE_IN_RUNS 1
#define LARGE_HEADROOM ((SIZE_T)0)
#endif
#define CHUNK_BYTES ((SIZE_T)1 << CHUNK_SHIFT)
#define CHUNK_SLOTS 16
#define CHUNK_FIRST 2 /* the first slot that holds data */
#define SLOT_SHIFT (CHUNK_SHIFT - 4)
#define SLOT_BYTES ((SIZE_T)1 << SLOT_SHIFT)
#define SLOT_DATA (SLOT_BYTES - OS_PAGE)
#define SLOT_WORDS (SLOT_BYTES / 8) /* bytes of state words: two for every 16 bytes of data */
#define MINI_SHIFT 13
#define MINI_BYTES ((SIZE_T)1 << MINI_SHIFT)
#define MINI_DATA (MINI_BYTES - OS_PAGE)
#define MINI_WORDS (MINI_DATA / 8)
#define SLOT_MINIS (1 << (SLOT_SHIFT - MINI_SHIFT))

_Static_assert(CHUNK_FIRST *SLOT_BYTES >= (CHUNK_SLOTS - CHUNK_FIRST) * SLOT_WORDS,
               "the state words of all data slots fit before them");
_Static_assert(SLOT_MINIS *MINI_WORDS <= SLOT_WORDS && SLOT_MINIS <= 32,
               "the state words of all minis fit into their slot's, and a mask counts them");
_Static_assert(SLOT_DATA / 16 <= 0x7FFF, "15 bits number the blocks of a span");

enum region_kind {
    REGION_NONE,   /* free, or not filled yet */
    REGION_SPAN,   /* equal blocks of one expert */
    REGION_FULL,   /* the same, with no room left */
    REGION_SHARED, /* equal blocks of several experts (shared.h) */
    REGION_LARGE,  /* one block */
    REGION_TAIL,   /* a slot of a large region that is not its first */
    REGION_SPLIT   /* a slot that is cut into minis */
};

struct region {
    void *volatile owner; /* who has it; NULL: free */
    char *base;
    struct region *next, *prev; /* the list of its heap that it is in */
    union {
        struct {                 /* REGION_SPAN, REGION_SHARED; see span.h */
            uint16_t *words;     /* one for each block */
            uint32_t reciprocal; /* of block / 8, times 2^32, rounded up */
            uint32_t block;      /* bytes of one block */
            uint16_t fresh;      /* blocks ever handed out; those from here on never were */
            uint16_t limit;      /* blocks that lie in committed pages */
            uint16_t head;       /* the first free block below fresh, or SPAN_NONE */
            uint16_t used;       /* live blocks, and one more while it is its heap's current span */
        };
        struct {              /* REGION_LARGE */
            SIZE_T bytes;     /* asked for */
            SIZE_T committed; /* from base on */
            SIZE_T touched;   /* from base on: may not be zero any more */
        };
    };
    uint16_t pages;     /* committed, from base on; not for large ones */
    uint16_t dirty;     /* pages from base on that may not be zero; a large block's offset */
    uint8_t kind;       /* enum region_kind */
    uint8_t size_class; /* heap.h */
    uint8_t word_pages; /* committed pages of state words */
    uint8_t unused;
};

struct chunk {
    char *base;          /* of the reservation; meaningful unless state is CHUNK_NONE */
    SIZE_T bytes;        /* reserved */
    struct chunk *next;  /* every chunk record there is */
    volatile LONG state; /* CHUNK_... */
    uint16_t free;       /* a bit for each slot that is free */
    uint16_t warm;       /* those of them whose pages are still committed */
    uint16_t split;      /* slots that are split and have a free mini */
    uint16_t lone;       /* 1: one large region, its record in slots[0] */
    struct region *minis[CHUNK_SLOTS]; /* records, once a slot was split; kept for the next time */
    uint32_t minis_free[CHUNK_SLOTS];  /* a bit for each free mini */
    _Alignas(64) struct region slots[CHUNK_SLOTS];
};

enum { CHUNK_NONE, CHUNK_RESERVING, CHUNK_LIVE, CHUNK_RELEASING };

#ifdef _WIN64
_Static_assert(sizeof(struct region) == 64, "a record fills a cache line");
#define MAP_LEAF_BITS 12
#define MAP_ROOT_BITS (OS_ADDRESS_BITS - CHUNK_SHIFT - MAP_LEAF_BITS)
extern struct chunk *volatile *volatile region_map[1 << MAP_ROOT_BITS];
#else
extern struct chunk *volatile region_map[1 << (OS_ADDRESS_BITS - CHUNK_SHIFT)];
#endif

static ALWAYS_INLINE struct chunk *region_chunk(ULONG_PTR address)
{
#ifdef _WIN64
    struct chunk *volatile *leaf;

    if (UNLIKELY(address >> OS_ADDRESS_BITS))
        return NULL;
    leaf = atomic_load(&region_map[address >> (CHUNK_SHIFT + MAP_LEAF_BITS)]);
    if (UNLIKELY(!leaf))
        return NULL;
    return atomic_load(&leaf[(address >> CHUNK_SHIFT) & ((1 << MAP_LEAF_BITS) - 1)]);
#else
    return atomic_load(&region_map[address >> CHUNK_SHIFT]);
#endif
}

/* The record of the region that an address lies in, for any address at all; NULL if it is not ours. Who
   does not own the region may look at `owner` only, or hold it still with region_hold. */
static ALWAYS_INLINE struct region *region_find(const void *address)
{
    ULONG_PTR at = (ULONG_PTR)address;
    struct chunk *chunk = region_chunk(at);
    unsigned slot = (unsigned)(at >> SLOT_SHIFT) & (CHUNK_SLOTS - 1);
    struct region *region;

    if (UNLIKELY(!chunk))
        return NULL;
    region = &chunk->slots[slot];
    if (atomic_load(&region->kind) == REGION_SPLIT)
        region = &chunk->minis[slot][(at >> MINI_SHIFT) & (SLOT_MINIS - 1)];
    return region;
}

/* One mini or one slot for the owner. Its first `pages` pages are committed, `dirty` of them not zero.
   NULL if there is no memory or no address space. */
struct region *region_take(struct thread *self, void *owner, int mini);
/* A region for one block, at least `bytes` of it committed and zero, room to grow for at least `room`. */
struct region *region_take_large(struct thread *self, void *owner, SIZE_T bytes, SIZE_T room);

/* By the owner. Returns 0 if there is no memory; then what was committed stays. */
int region_commit(struct region *region, SIZE_T data, SIZE_T words);
int region_commit_large(struct region *region, SIZE_T bytes);
/* Returns what lies behind `bytes` to the system; it is zero when it is committed again. */
void region_shrink_large(struct region *region, SIZE_T bytes);
SIZE_T region_room(const struct region *region); /* bytes that it can be committed to */
SIZE_T
region_footprint(const struct region *region); /* bytes that are committed, state words too */

/* Another owner for a large region. */
void region_give(struct thread *self, struct region *region, void *owner);
/* Makes the blocks fault but keeps the addresses: the owner becomes REGION_RETIRED. */
void region_retire(struct thread *self, struct region *region);
#define REGION_RETIRED ((void *)1)
#define REGION_OWN ((void *)15) /* owners up to here are the DLL itself, not experts */

/* Frees one region; its pages are kept for the next owner while there is room for that. */
void region_release(struct thread *self, struct region *region);

/* Holds every region still: while held, none is taken or released. */
void region_hold(struct thread *self);
void region_let_go(void);
/* Calls visit for every region of an owner; the caller holds the regions still. Slow: walks them all. */
void region_visit(void *owner, void (*visit)(struct region *, void *), void *context);

/* Committed pages of freed regions wait for the next owner, as many as owners have in use, within bounds.
   Returns to the system what is over. */
void region_settle(struct thread *self);
/* Returns all of it now; 0 if there was nothing. */
int region_trim(struct thread *self);

/* pageheap: nothing may wait. Set once, at load. */
extern int region_keeps_nothing;

/* DLL unload: everything back to the system, no thread left. */
void region_shutdown(void);
/* Recounts masks and totals against the owners; 0 if they disagree. For tests. */
int region_is_valid(struct thread *self);

#endif
