/*
 * regions.h - for the tests of src/pages: owners, regions with pages, and sums before and after.
 */
#pragma once

#include "unit.h"

#include "base/permanent.h"
#include "pages/cache.h"
#include "pages/region.h"

#define ME ((void *)0x4440)
#define YOU ((void *)0x5550)
#define KIB(n) ((SIZE_T)(n) << 10)
#define MIB(n) ((SIZE_T)(n) << 20)
#define PAGES(bytes) (((SIZE_T)(bytes) + OS_PAGE - 1) / OS_PAGE)

static inline SIZE_T committed(void)
{
    struct standin_usage usage;

    standin_get_usage(&usage);
    return usage.committed;
}

/* Without permanent records: by chance a reservation needs one more part of the map. */
static inline SIZE_T reserved(void)
{
    struct standin_usage usage;

    standin_get_usage(&usage);
    return usage.reserved - permanent_pages * OS_PAGE;
}

static inline int nothing_waits(void **state)
{
    (void)state;
    region_trim(self);
    assert_int_equal(cache_pages(), 0);
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

static inline void is_zero(const char *bytes, SIZE_T count)
{
    if (count)
        assert_true(!bytes[0] && !memcmp(bytes, bytes + 1, count - 1));
}

/* A region that is committed and written completely, and known to be dirty. */
static inline void fill(struct region *r)
{
    SIZE_T bytes = region_room(r);

    assert_true(region_commit(self, r, bytes));
    region_soil(r, bytes);
    memset(r->base, 0x55, bytes);
}

static inline struct region *take_units(unsigned units, unsigned states)
{
    struct region *r = region_take(self, ME, units, states);

    assert_non_null(r);
    return r;
}

static inline struct region *take_block(SIZE_T bytes)
{
    struct region *r = region_take_block(self, ME, bytes, 0);

    assert_non_null(r);
    return r;
}

static inline struct segment *segment_of(const struct region *r)
{
    return record_of(r)->segment;
}

/* From here on no permanent record of this size can be allocated. */
static inline void exhaust_permanent(SIZE_T bytes)
{
    standin_fail_at("VirtualAlloc", 1, TRUE);
    while (permanent_alloc(self, bytes))
        ;
    standin_fail_never();
    standin_fail_at("VirtualAlloc.reserve", 1, TRUE);
}

/* One test begins with an empty cache; the other may leave what only an unload corrects. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, nothing_waits, is_valid)
#define ONE(test) cmocka_unit_test_teardown(test, unload)
