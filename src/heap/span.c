#include "heap/span.h"

void span_open(struct region *span, unsigned size_class, uint32_t block)
{
    span->block = block;
    span->reciprocal = 0xFFFFFFFFU / (block / 8) + 1;
    span_set_fresh(span, 0);
    span->limit = 0;
    span->head = SPAN_NONE;
    span->used = 0;
    span->size_class = (uint8_t)size_class;
    atomic_store(&span->kind, REGION_SPAN);
}

unsigned span_capacity(const struct region *span)
{
    return (unsigned)(region_room(span) / span->block);
}

int span_grow(struct region *span, SIZE_T bytes)
{
    SIZE_T have = (SIZE_T)span->limit * span->block;
    SIZE_T least = have + span->block;
    SIZE_T most = (SIZE_T)span_capacity(span) * span->block;
    SIZE_T data = have + bytes < least ? least : have + bytes;

    if (least > most)
        return 0;
    if (data < span->pages * OS_PAGE) /* waiting from an earlier owner */
        data = span->pages * OS_PAGE;
    data = (data + OS_PAGE - 1) & ~(OS_PAGE - 1);
    if (data > most)
        data = most;
    if (!region_commit(span, data, data / span->block * sizeof *span->words)) {
        data = least; /* at least one */
        if (!region_commit(span, data, data / span->block * sizeof *span->words))
            return 0;
    }
    span->limit = (uint16_t)(data / span->block);
    return 1;
}

void span_carve(struct region *span)
{
    unsigned first = span->fresh;
    unsigned end = first + (unsigned)OS_PAGE / span->block;

    if (end > span->limit)
        end = span->limit;
    for (unsigned i = first; i < end; i++)
        atomic_poke(&span->words[i], (uint16_t)(i + 1 < end ? SPAN_FREE | (i + 1) : SPAN_NONE));
    span_set_fresh(span, end);
    KILL_POINT("blocks carved");
    span->head = (uint16_t)(SPAN_FREE | first);
}

SIZE_T span_repair(struct region *span)
{
    SIZE_T bytes = 0;

    span_set_fresh(span, span->fresh); /* its thread may have been killed within that */
    span->head = SPAN_NONE;
    span->used = 0;
    for (unsigned i = span->fresh; i-- > 0;) {
        if (span->words[i] & SPAN_FREE) {
            atomic_poke(&span->words[i], span->head);
            span->head = (uint16_t)(SPAN_FREE | i);
        } else {
            span->used++;
            bytes += span->words[i];
        }
    }
    return bytes;
}
