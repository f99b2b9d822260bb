/*
 * regions.h - for the tests of region.h, slot.h and chunk.h: owners, regions with pages, and figures before and
 * after.
 */
#ifndef REGIONS_H
#define REGIONS_H

#include "unit.h"

#include "base/permanent.h"
#include "pages/region.h"

#define ME ((void *)0x4440)
#define YOU ((void *)0x5550)

static inline SIZE_T committed(void)
{
    struct standin_usage usage;

    standin_get_usage(&usage);
    return usage.committed;
}

static inline SIZE_T reserved(void)
{
    struct standin_usage usage;

    standin_get_usage(&usage);
    return usage.reserved;
}

static inline int nothing_waits(void **state)
{
    (void)state;
    region_trim(self);
    assert_int_equal(chunk_pool.warm_bytes, 0);
    return 0;
}

static inline int is_valid(void **state)
{
    (void)state;
    return !region_is_valid(self);
}

static inline int unload(void **state)
{
    unit_load_anew(state);
    return 0;
}

static inline struct region *full_slot(void)
{
    struct region *r = region_take(self, ME, 0);

    assert_non_null(r);
    assert_true(region_commit(r, SLOT_DATA, SLOT_WORDS));
    return r;
}

static inline struct region *large(SIZE_T bytes)
{
    struct region *r = region_take_large(self, ME, bytes, LARGE_HEADROOM);

    assert_non_null(r);
    atomic_store(&r->kind, REGION_LARGE);
    return r;
}

/* From here on the arena has no room for a record of this size. */
static inline void exhaust_arena(SIZE_T bytes)
{
    standin_fail_at("VirtualAlloc", 1, TRUE);
    while (permanent_alloc(self, bytes))
        ;
    standin_fail_never();
    standin_fail_at("VirtualAlloc.reserve", 1, TRUE);
}

/* A test that begins with nothing that waits; one that leaves what only an unload puts right. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, nothing_waits, is_valid)
#define ONE(test) cmocka_unit_test_teardown(test, unload)

#endif
