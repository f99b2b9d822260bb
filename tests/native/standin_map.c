/*
 * standin_map.c - where reservations lie: the two-level table that finds them, and the search for
 * free addresses.
 */
#include "standin_map.h"

#include <errno.h>
#include <sys/mman.h>

#define LEAF_BITS 16
#define LEAF_SIZE ((ULONG_PTR)1 << LEAF_BITS)

static struct region **table[(ADDRESS_END >> (16 + LEAF_BITS)) + 1];

struct region *standin_map_find(ULONG_PTR address)
{
    struct region **leaf;

    if (address >= ADDRESS_END) {
        return NULL;
    }
    leaf = table[address >> (16 + LEAF_BITS)];
    return leaf ? leaf[(address >> 16) & (LEAF_SIZE - 1)] : NULL;
}

/* Leaves are never freed; the kernel gives pages only to the parts in use. */
BOOL standin_map_prepare(ULONG_PTR base, ULONG_PTR end)
{
    ULONG_PTR i;

    for (i = base >> (16 + LEAF_BITS); i <= (end - 1) >> (16 + LEAF_BITS); i++) {
        if (!table[i]) {
            table[i] = standin_pages_new(LEAF_SIZE * sizeof(struct region *));
            if (!table[i]) {
                return FALSE;
            }
        }
    }
    return TRUE;
}

void standin_map_set(ULONG_PTR base, ULONG_PTR end, struct region *region)
{
    for (; base < end; base += GRANULE) {
        table[base >> (16 + LEAF_BITS)][(base >> 16) & (LEAF_SIZE - 1)] = region;
    }
}

/* Finds addresses for a reservation that asks for none: first fit, upwards, in a range of our own.
   low[c] is where a hole for 2^c granules may be; there is none below. */

#define STRETCH ((ULONG_PTR)1 << 37)
#define CLASSES 22

static ULONG_PTR stretch;
static ULONG_PTR low[CLASSES];

static unsigned size_class(ULONG_PTR size)
{
    ULONG_PTR granules = (size + GRANULE - 1) / GRANULE;
    return granules <= 1 ? 0U : 64U - (unsigned)__builtin_clzll(granules - 1);
}

ULONG_PTR standin_map_at(ULONG_PTR address, ULONG_PTR size, int more)
{
    void *at = mmap((void *)address, size, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | more, -1, 0);
    return at == MAP_FAILED ? 0 : (ULONG_PTR)at;
}

/* At exactly this address or not at all. */
ULONG_PTR standin_map_exactly(ULONG_PTR address, ULONG_PTR size)
{
    ULONG_PTR at = standin_map_at(address, size, MAP_FIXED_NOREPLACE);
    if (at && at != address) { /* an older kernel ignores the flag */
        munmap((void *)at, size);
        errno = EEXIST;
        return 0;
    }
    return at;
}

static ULONG_PTR map_in_stretch(ULONG_PTR size)
{
    unsigned class = size_class(size);
    ULONG_PTR end, at;

    if (!stretch) {
        /* Well below the kernel's first mapping, which grows downwards. */
        ULONG_PTR top = standin_map_at(0, GRANULE, 0);
        unsigned i;
        if (!top) {
            return 0;
        }
        munmap((void *)top, GRANULE);
        stretch = top > 4 * STRETCH ? top - 2 * STRETCH : top + GRANULE * 65536; /* Valgrind's */
        stretch &= ~(GRANULE - 1);
        for (i = 0; i < CLASSES; i++) {
            low[i] = stretch;
        }
    }
    if (class >= CLASSES) {
        return 0;
    }
    end = stretch + STRETCH;
    at = low[class];
    while (at + size <= end) {
        ULONG_PTR probe;
        struct region *region = NULL;
        for (probe = at; probe < at + size; probe += GRANULE) {
            region = standin_map_find(probe);
            if (region) {
                break;
            }
        }
        if (region) {
            at = (region->base + region->size + GRANULE - 1) & ~(GRANULE - 1);
            continue;
        }
        if (standin_map_exactly(at, size)) {
            low[class] = at + size;
            low[class] = (low[class] + GRANULE - 1) & ~(GRANULE - 1);
            return at;
        }
        if (errno != EEXIST) {
            return 0;
        }
        at += GRANULE * 256; /* another program part's mapping */
    }
    low[class] = at;
    return 0;
}

/* Notes that addresses became free here. */
void standin_map_hole(ULONG_PTR base, ULONG_PTR size)
{
    unsigned last = size_class(size);
    unsigned i;

    if (base < stretch || base >= stretch + STRETCH) {
        return;
    }
    for (i = 0; i <= last && i < CLASSES; i++) {
        if (base < low[i]) {
            low[i] = base;
        }
    }
}

ULONG_PTR standin_map_anywhere(ULONG_PTR size)
{
    ULONG_PTR at = map_in_stretch(size);
    ULONG_PTR aligned;

    if (at) {
        return at;
    }
    if (size > ADDRESS_END - GRANULE) {
        return 0;
    }
    at = standin_map_at(0, size + GRANULE, 0);
    if (!at) {
        return 0;
    }
    aligned = (at + GRANULE - 1) & ~(GRANULE - 1);
    if (aligned > at) {
        munmap((void *)at, aligned - at);
    }
    munmap((void *)(aligned + size), at + GRANULE - aligned);
    return aligned;
}
