#include "heap/span.h"

struct span *span_open(struct thread *self, void *owner, unsigned units, unsigned size_class,
                       uint32_t block)
{
    unsigned room = (unsigned)(REGION_BYTES(units) / block), states = units * UNIT_STATES;
    struct region *region = region_take(self, owner, units, room < states ? room : states);
    struct span *span = span_of(region);

    if (!region)
        return NULL;
    span->block = (uint16_t)block;
    span->reciprocal = 0xFFFFFFFFU / (block / 8) + 1;
    span_set_bump(span, 0);
    span->head = SPAN_NONE;
    span->used = 0;
    span->size_class = (uint8_t)size_class;
    atomic_store(&span->kind, SPAN_OPEN);
    KILL_POINT("span opened");
    return span;
}

void span_free(struct thread *self, struct span *span, int quarantined)
{
    atomic_store(&span->kind, SPAN_NEW);
    KILL_POINT("span about to be freed");
    if (quarantined)
        region_quarantine(self, &span->region);
    else
        region_release(self, &span->region);
}

unsigned span_limit(const struct span *span)
{
    unsigned committed = (unsigned)(span->region.committed * OS_PAGE / span->block);

    return committed < span->region.state_count ? committed : span->region.state_count;
}

int span_grow(struct thread *self, struct span *span, SIZE_T bytes)
{
    SIZE_T have = (SIZE_T)span_limit(span) * span->block, least = have + span->block;
    SIZE_T most = (SIZE_T)span->region.state_count * span->block;
    SIZE_T more = have + bytes < least ? least : have + bytes;

    return least <= most && (region_commit(self, &span->region, more < most ? more : most) ||
                             region_commit(self, &span->region, least));
}

/* Writes four states at a time. They count only after the bump index has moved. */
static void chain(uint16_t *states, unsigned first, unsigned end)
{
    const uint64_t ones = 0x0001000100010001U;
    /* No product of 64 bits: on x86 Microsoft's compiler calls its C runtime for that. */
    uint32_t two = 0x00010001U * (first + 1);
    uint64_t four = 0x8003800280018000U + ((uint64_t)two << 32 | two);
    unsigned i = first;

    for (; i + 4 <= end; i += 4, four += 4 * ones)
        memcpy(&states[i], &four, sizeof four);
    for (; i < end; i++)
        states[i] = (uint16_t)(SPAN_FREE | (i + 1));
    states[end - 1] = SPAN_NONE;
}

/* Puts blocks that were never used on the free list, which is empty: as many as fill a page. Some
   lie in committed pages. A large one comes alone, so that span_take knows that it is unused. */
static void extend(struct span *span)
{
    unsigned first = span->bump, limit = span_limit(span);
    unsigned end = first + (span->block > SPAN_QUICK ? 1 : (unsigned)OS_PAGE / span->block);

    if (end > limit)
        end = limit;
    chain(span->region.states, first, end);
    span_set_bump(span, end);
    KILL_POINT("blocks extended");
    span->head = (uint16_t)(SPAN_FREE | first);
}

void *span_take(struct span *span, SIZE_T bytes)
{
    char *unused = span_block(span, span->bump), *block;

    if (span->head == SPAN_NONE)
        extend(span);
    block = span_take_freed(span, bytes);
    if (bytes <= SPAN_QUICK)
        zero_block(block, bytes);
    else if (block < unused || block < span->region.base + span->region.dirty * OS_PAGE)
        memset(block, 0, bytes); /* it was in use, perhaps by an earlier owner of the region */
    return block;
}

void span_repair(struct span *span)
{
    uint16_t *states = span->region.states;

    span_set_bump(span, span->bump); /* its thread may have been killed within that */
    span->head = SPAN_NONE;
    span->used = 0;
    for (unsigned i = span->bump; i-- > 0;) {
        if (states[i] & SPAN_FREE) {
            store_relaxed(&states[i], span->head);
            span->head = (uint16_t)(SPAN_FREE | i);
        } else {
            span->used++;
        }
    }
}
