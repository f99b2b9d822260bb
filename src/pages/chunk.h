/*
 * chunk.h - address space: chunks cut into slots, who has each slot, and the map from any address to its
 * chunk.
 *
 * A chunk is one aligned reservation of 16 slots. The first two hold the state words of the other 14
 * (span.h), so that metadata and blocks never share a page. The last page of every slot stays uncommitted, as
 * the guard page, unless it was a run's and the system refused to take it back. A slot is one region, or is
 * split into minis of one data and one guard page each for experts that need little, or belongs to a run
 * of slots that is one large region. Large regions that are longer than that are reservations of their own.
 *
 * Records lie apart from all of this and are never returned to the system. A region's owner is an opaque
 * pointer; `owner` is the one word that decides who has it, set last and cleared first. All else about
 * who has what can be made anew from the owners, which is what the taker of a dead thread's lock does.
 */
#ifndef NMAPI_CHUNK_H
#define NMAPI_CHUNK_H

#include <stdint.h>

#include "base/lock.h"

#ifdef _WIN64
#define CHUNK_SHIFT 22
/* Address space is plentiful: every large block gets headroom to grow into. */
#define LARGE_IN_RUNS 0
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
_Static_assert(SLOT_DATA / 8 <= 0xFFFF, "16 bits hold a place in a span");

enum region_kind {
    REGION_NONE,   /* free, or not filled yet */
    REGION_SPAN,   /* equal blocks of one expert */
    REGION_FULL,   /* the same, with no room left */
    REGION_SHARED, /* equal blocks of several experts (shared.h) */
    REGION_UNBORN, /* one block that is not live yet */
    REGION_LARGE,  /* one block */
    REGION_TAIL,   /* a slot of a large region that is not its first */
    REGION_SPLIT   /* a slot that is cut into minis */
};

#define RECORD_BYTES APART

struct region {
    _Alignas(RECORD_BYTES) void *volatile owner; /* who has it; NULL: free */
    char *base;
    struct region *next, *prev; /* the list of its heap that it is in */
    union {
        struct {                 /* REGION_SPAN, REGION_SHARED; see span.h */
            uint16_t *words;     /* one for each block */
            uint32_t reciprocal; /* of block / 8, times 2^32, rounded up */
            uint32_t block;      /* bytes of one block */
            uint16_t fresh;      /* blocks whose words count: handed out, or on the free list */
            uint16_t end;  /* where the first other one begins, in units of 8 bytes from base on */
            uint16_t head; /* SPAN_FREE | the first free block below fresh, or SPAN_NONE */
            uint16_t used; /* live blocks, and one more while it is its heap's current span */
        };
        struct {              /* REGION_UNBORN, REGION_LARGE */
            SIZE_T bytes;     /* asked for */
            SIZE_T committed; /* from base on */
            SIZE_T touched;   /* from base on: may not be zero any more */
        };
    };
    uint16_t pages;        /* committed, from base on; not for large ones */
    uint16_t dirty;        /* pages from base on that may not be zero; not for large ones */
    uint16_t limit;        /* of a span: blocks that lie in committed pages */
    volatile uint8_t kind; /* enum region_kind */
    uint8_t size_class;    /* heap.h */
    uint16_t offset;       /* of a large block, from base on */
    uint8_t word_pages;    /* committed pages of state words */
    uint8_t unused;
};

struct chunk {
    char *base;          /* of the reservation; meaningful unless state is CHUNK_NONE */
    SIZE_T bytes;        /* reserved */
    struct chunk *next;  /* every chunk record there is */
    struct chunk *spare; /* the list of chunk_pool that it is in */
    volatile LONG state; /* CHUNK_... */
    uint16_t free;       /* a bit for each slot that is free */
    uint16_t warm;       /* those of them whose pages are still committed */
    uint16_t split;      /* slots that are split and have a free mini */
    uint16_t lone;       /* 1: one large region, its record in slots[0] */
    /* a slot's record, or those of its minis and their number - 1 */
    volatile ULONG_PTR records[CHUNK_SLOTS];
    struct region *minis[CHUNK_SLOTS]; /* records, once a slot was split; kept for the next time */
    uint32_t minis_free[CHUNK_SLOTS];  /* a bit for each free mini */
    struct region slots[CHUNK_SLOTS];
};

enum { CHUNK_NONE, CHUNK_RESERVING, CHUNK_LIVE, CHUNK_RELEASING };

_Static_assert(sizeof(struct region) == RECORD_BYTES, "nothing shares a cache line with a record");
_Static_assert(SLOT_MINIS <= RECORD_BYTES,
               "the number of minis fits into the low bits of their address");
#ifdef _WIN64
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

/* Owners that are no expert: those up to REGION_OWN. */
#define REGION_RETIRED ((void *)1)    /* its blocks fault, its addresses stay (region_retire) */
#define CHUNK_SPLIT ((void *)2)       /* a slot that is split or about to be */
#define SHARED_OWNER ((void *)3)      /* shared.h */
#define RECORD_HEAP_OWNER ((void *)4) /* house.h */
#define CHUNK_WORDS ((void *)5)       /* a slot that holds state words */
#define REGION_OWN ((void *)15)

#define CHUNK_BIT(index) ((uint16_t)(1U << ((index)&15)))
#define CHUNK_DATA 0xFFFCU /* a bit for each slot that holds data: CHUNK_FIRST and up */

/* Guarded by the lock that chunk_hold takes; all but `first` can be made anew from the owners. */
extern struct chunk_pool {
    struct chunk *first;                 /* all records */
    struct chunk *unused;                /* those that stand for no reservation */
    struct chunk *waiting;               /* those of free large regions */
    struct chunk *slot_hint, *mini_hint; /* where to look first */
    unsigned free_slots, free_minis;
    int warm_slots;    /* 0: no slot waits with its pages; 1: one may */
    SIZE_T warm_bytes; /* committed in regions that are free */
} chunk_pool;

/* Holds every region still: while held, none is taken or released. */
void chunk_hold(struct thread *self);
void chunk_let_go(void);
/* Calls visit for every region of an owner; the caller holds them still. Slow: walks them all. */
void chunk_visit(void *owner, void (*visit)(struct region *, void *), void *context);

/* A reservation; `lone`: for one large region, the first of the waiting ones. Its record is in the map. NULL: no
   address space. */
struct chunk *chunk_make(struct thread *self, SIZE_T bytes, int lone);
/* Not in the list of waiting ones. */
void chunk_release(struct chunk *chunk);
/* The lists of chunk_pool. */
static inline void chunk_push(struct chunk **list, struct chunk *c)
{
    c->spare = *list;
    *list = c;
}

/* NULL if there is none. */
static inline struct chunk *chunk_pop(struct chunk **list)
{
    struct chunk *c = *list;

    if (c)
        *list = c->spare;
    return c;
}

/* Notes where a slot's records are found, after its kind became REGION_SPLIT or ceased to be. */
void chunk_set_records(struct chunk *chunk, int slot);
int chunk_is_idle(const struct chunk *chunk);
/* The first one from the hint on, then from the start, that has such a thing. */
enum chunk_has { CHUNK_FREE_SLOT, CHUNK_WARM_SLOT, CHUNK_FREE_MINI };
struct chunk *chunk_with(struct chunk *hint, enum chunk_has what);
/* Bytes that a free slot, or a free lone region, keeps committed. */
SIZE_T chunk_warm(const struct chunk *chunk, int slot);
/* Notes that, of one that has just become free. */
void chunk_note_warm(struct chunk *chunk, int slot);
/* Adds a free mini to the figures, or takes it off. */
void chunk_count_mini(const struct region *mini, int sign);
/* Returns the pages of a slot or a mini, or of a slot and its state words, to the system. Until that is done
   they count as dirty, not as committed: what was not returned must not be taken for zero. 0 if it failed. */
int chunk_return_pages(struct region *region);
int chunk_return_slot(struct chunk *chunk, int slot);
void chunk_return_words(struct chunk *chunk, int slot);
void chunk_shutdown(void);
/* Whether the figures and the masks are what the owners say. For tests. */
int chunk_is_valid(struct thread *self);

static inline SIZE_T chunk_slot_bytes(const struct region *r)
{
    return ((SIZE_T)r->pages + r->word_pages) * OS_PAGE;
}

static inline int chunk_lowest(uint32_t bits)
{
    int index = 0;

    while (!(bits & 1)) {
        bits >>= 1;
        index++;
    }
    return index;
}

static inline struct region *chunk_mini(const struct chunk *c, int slot, int index)
{
    return &c->minis[slot][index];
}

/* State words are the only thing that a slot has outside itself. */
static inline uint16_t *chunk_words(const struct chunk *c, int slot)
{
    return (uint16_t *)(void *)(c->base + (SIZE_T)(slot - CHUNK_FIRST) * SLOT_WORDS);
}

static inline int chunk_slot(const struct chunk *c, const struct region *r)
{
    return (int)(((ULONG_PTR)r->base - (ULONG_PTR)c->base) >> SLOT_SHIFT);
}

static inline int chunk_has_mini(const struct chunk *c, const struct region *r)
{
    return !c->lone && r != &c->slots[chunk_slot(c, r)];
}

#endif
