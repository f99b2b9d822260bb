/*
 * region_check.h - whether the lists and sums of src/pages agree with the records: they are made
 * anew, and must come out as they were.
 */
#pragma once

#include "pages/cache.h"
#include "pages/region.h"

static inline struct record *record_of(const struct region *region)
{
    return (struct record *)(void *)region;
}

/* Bytes from a region's base on that are committed; that may not be zero. */
static inline SIZE_T region_committed(const struct region *region)
{
    return region->committed * OS_PAGE;
}

static inline SIZE_T region_dirty(const struct region *region)
{
    return region->dirty * OS_PAGE;
}

static inline SIZE_T cache_pages(void)
{
    return record_sums.free;
}

/* A sum over the bits of the segment that a region lies in. A segment without regions does not
   stay. */
static inline void region_check_segment(struct region *region, void *context)
{
    const struct segment *s = record_of(region)->segment;
    uint32_t *sum = context;

    if (!s)
        return;
    *sum = 31 * (31 * (31 * *sum + s->longest) + s->with_states) + s->state_pages;
    for (unsigned i = 0; i < SEGMENT_UNITS / 32; i++)
        *sum = 31 * *sum + s->cold[i];
}

static inline uint32_t region_check_segments(void)
{
    uint32_t sum = (uint32_t)segment_state_pages;

    record_each(region_check_segment, &sum);
    return sum;
}

/* Whether no cold unit leads to a record. */
static inline void region_check_cold(struct region *region, void *valid)
{
    const struct segment *s = record_of(region)->segment;

    for (unsigned i = 0; s && i < SEGMENT_UNITS; i++)
        if ((s->cold[i / 32] >> i % 32 & 1) && s->regions[i])
            *(int *)valid = 0;
}

static inline int region_is_valid(struct thread *self)
{
    struct record_sums before;
    SIZE_T quarantined;
    uint32_t sum;
    int valid;

    region_lock(self);
    before = record_sums;
    quarantined = quarantine_pages;
    sum = region_check_segments();
    region_repair();
    valid = before.used == record_sums.used && before.free == record_sums.free &&
            quarantined == quarantine_pages && sum == region_check_segments();
    record_each(region_check_cold, &valid);
    region_unlock();
    return valid;
}

struct region_check_visit {
    void *owner;
    void (*visit)(struct region *, void *);
    void *context;
};

static inline void region_check_visit(struct region *region, void *context)
{
    const struct region_check_visit *v = context;

    if (region->owner == v->owner)
        v->visit(region, v->context);
}

/* Visits every region of an owner. */
static inline void region_visit(void *owner, void (*visit)(struct region *, void *), void *context)
{
    struct region_check_visit v = {owner, visit, context};

    record_each(region_check_visit, &v);
}
