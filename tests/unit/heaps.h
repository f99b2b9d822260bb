/*
 * heaps.h - for the tests of heap.h: two heaps that are valid after each test.
 */
#pragma once

#include "unit.h"

#include "heap/large.h"
#include "heap/shared.h"

#define ME ((void *)0x4440)
#define YOU ((void *)0x5550)
#define PAGES(bytes) (((SIZE_T)(bytes) + OS_PAGE - 1) & ~(OS_PAGE - 1))

static struct heap mine, yours;

static inline int open_heaps(void **state)
{
    (void)state;
    region_trim(self);
    heap_open(&mine, ME, (SIZE_T)-1);
    heap_open(&yours, YOU, (SIZE_T)-1);
    return 0;
}

static inline int close_heaps(void **state)
{
    int valid = heap_is_valid(self, &mine) && heap_is_valid(self, &yours);

    (void)state;
    heap_close(self, &mine, 0);
    heap_close(self, &yours, 0);
    return !valid || !region_is_valid(self);
}

/* The span or large block that an address lies in; NULL: none. */
static inline struct span *span_at(const void *address)
{
    return span_of(region_find(address));
}

static inline char *take(SIZE_T bytes)
{
    char *block = heap_alloc(self, &mine, bytes);

    assert_non_null(block);
    return block;
}

static inline char *resize(struct heap *heap, void *block, SIZE_T bytes)
{
    assert_int_equal(heap_realloc(self, heap, &block, bytes), HEAP_OK);
    return block;
}

static inline void the_system_gives_nothing(void)
{
    region_trim(self);
    standin_fail_at("VirtualAlloc", 1, TRUE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_heaps, close_heaps)
