/*
 * test_region_deaths.c - a thread is killed before each instruction of what it does to a region: what is
 * left is returned, counted, and zero to whom it goes next. Also built with regions as on x86.
 */
#include "unit.h"

#define ME ((void *)0x4440)
#define YOU ((void *)0x5550)
#define SHE ((void *)0x6660)
#define HELD ((void *)0x7770)

enum {
    MINIS = 3 * SLOT_MINIS,
    GROWTH =
        20000,    /* so little that no block moves: each instruction of copying would be a death */
    DEATHS = 4000 /* more than it takes */
};

static struct heap mine, yours;
static void *block;
static SIZE_T large, small;

static SIZE_T committed(void)
{
    struct standin_usage now;

    standin_get_usage(&now);
    return now.committed;
}

/* Each 16 GiB of addresses that chunks have come to take some memory for good. */
static int parts_of_map(void)
{
    int count = 0;

    for (int i = 0; i < 1 << MAP_ROOT_BITS; i++)
        count += region_map[i] != NULL;
    return count;
}

static void is_zero(const char *bytes, SIZE_T count)
{
    if (count)
        assert_true(!bytes[0] && !memcmp(bytes, bytes + 1, count - 1));
}

static void no_free_slot_has_its_guard_page(void)
{
    for (const struct chunk *c = chunk_pool.first; c; c = c->next)
        for (int i = CHUNK_FIRST; c->state == CHUNK_LIVE && !c->lone && i < CHUNK_SLOTS; i++)
            if (!c->slots[i].owner)
                assert_in_range(c->slots[i].pages | c->slots[i].dirty, 0, SLOT_DATA / OS_PAGE);
}

/* Whatever waits goes to somebody else, block by block. */
static void all_is_there_and_zero(void)
{
    static const SIZE_T sizes[] = {50000, 0, 50000, 40000, 700, 100}; /* 0: large */
    struct heap hers;

    heap_open(&hers, SHE, (SIZE_T)-1);
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        SIZE_T bytes = sizes[i] ? sizes[i] : large;
        for (int k = bytes < 1024 ? 200 : 1; k > 0; k--) {
            char *it = heap_alloc(self, &hers, bytes);
            assert_non_null(it);
            is_zero(it, bytes);
            memset(it, 0x33, bytes);
        }
    }
    heap_close(self, &hers);
}

static void alloc(void *unused)
{
    (void)unused;
    block = heap_alloc(thread_self(), &mine, large);
}

static void resize(void *to)
{
    heap_realloc(thread_self(), &mine, &block, *(SIZE_T *)to);
}

static void grow(void *unused)
{
    (void)unused;
    resize(&large);
}

static void shrink(void *unused)
{
    (void)unused;
    resize(&small);
}

static void give_back(void *unused)
{
    (void)unused;
    heap_free(thread_self(), &mine, block);
}

static void hand_over(void *unused)
{
    (void)unused;
    heap_transfer(thread_self(), &mine, &yours, block);
}

/* What another thread of the expert may do with a block that the dead one left. */
enum { FREE, TRANSFER, SHRINK_AND_GROW, IN_TURN, SHRINK };

static void go_on_with(unsigned how)
{
    SIZE_T less = HEAP_SMALL + 1;
    struct heap_block found;

    if (!block || heap_find(self, &mine, block, &found) != HEAP_OK)
        return;
    if (how == FREE) {
        assert_int_equal(heap_free(self, &mine, block), HEAP_OK);
    } else if (how == TRANSFER) {
        assert_int_equal(heap_transfer(self, &mine, &yours, block), HEAP_OK);
    } else {
        assert_int_equal(heap_realloc(self, &mine, &block, less), HEAP_OK);
        if (how == SHRINK)
            return;
        assert_int_equal(heap_realloc(self, &mine, &block, large), HEAP_OK);
        is_zero((char *)block + less, large - less);
    }
}

static DWORD die_once(void (*act)(void *), unsigned long n, unsigned how)
{
    DWORD died;

    heap_open(&mine, ME, (SIZE_T)-1);
    heap_open(&yours, YOU, (SIZE_T)-1);
    if (act == give_back) /* on x86 its slot waits with its pages */
        heap_free(self, &mine, heap_alloc(self, &mine, large));
    block = NULL;
    if (act != alloc) {
        SIZE_T bytes = act == grow ? large - GROWTH : large;
        block = heap_alloc(self, &mine, bytes);
        assert_non_null(block);
        memset(block, 0x55, bytes);
        if (act == give_back && how != SHRINK) /* what is left of it is less than the slot had */
            assert_int_equal(heap_realloc(self, &mine, &block, small), HEAP_OK);
    }
    died = unit_kill_at(act, n);
    heap_repair(self, &mine);
    heap_repair(self, &yours);
    go_on_with(how == IN_TURN ? (unsigned)(n % IN_TURN) : how);
    heap_close(self, &mine);
    heap_close(self, &yours);
    no_free_slot_has_its_guard_page();
    all_is_there_and_zero();
    pool_trim(self);
    return died;
}

static void die_everywhere(void (*act)(void *), unsigned how)
{
    struct region *held = region_take(self, HELD, 0); /* else its chunk would go, and all traces */
    unsigned long n = 0;
    SIZE_T before;
    int parts;

    die_once(act, DEATHS, how);
    before = committed();
    parts = parts_of_map();
    while (die_once(act, n, how)) {
        if (parts_of_map() > parts) {
            parts = parts_of_map();
            before = committed();
        }
        if (committed() != before || !chunk_is_valid(self))
            print_error("killed before instruction %lu\n", n);
        assert_int_equal(committed(), before);
        assert_true(chunk_is_valid(self));
        assert_in_range(++n, 1, DEATHS - 1);
    }
    print_message("%lu deaths\n", n);
    region_release(self, held);
}

/* Whether a block of 300 KiB has a reservation of its own: then it is as one of 60,000 bytes. */
static int has_its_own(SIZE_T bytes)
{
    struct region *r = region_take_large(self, ME, bytes, 0);
    int lone = region_chunk((ULONG_PTR)r->base)->lone;

    region_release(self, r);
    pool_trim(self);
    return lone;
}

static void a_large_block_in_a_dead_threads_hand_leaves_nothing_stale(void **state)
{
    static const SIZE_T sizes[][2] = {
        {1200 << 10, 900 << 10}, {60000, 40000}, {300 << 10, 100 << 10}};
    void (*const acts[])(void *) = {alloc, grow, shrink, give_back, hand_over};
    const unsigned count = has_its_own(sizes[2][0]) ? 2 : 3;

    (void)state;
    if (!standin_can_step())
        skip();
    for (unsigned i = 0; i < count; i++) {
        large = sizes[i][0];
        small = sizes[i][1];
        for (unsigned k = 0; k < sizeof acts / sizeof *acts; k++)
            die_everywhere(acts[k], IN_TURN);
    }
    if (count == 3) /* what only its last slots would still say then */
        die_everywhere(give_back, SHRINK);
}

static struct region *last;

static void release_last(void *unused)
{
    (void)unused;
    region_release(thread_self(), last);
}

/* The last of many minis, with which a split slot becomes whole again. */
static void a_dead_thread_leaves_no_mini_without_its_pages(void **state)
{
    static struct region *r[MINIS];
    DWORD died = 1;
    unsigned whole = 0;

    (void)state;
    if (!standin_can_step())
        skip();
    for (unsigned long n = 0; died; n++) {
        heap_open(&mine, ME, (SIZE_T)-1);
        for (int i = 0; i < MINIS; i++) {
            r[i] = region_take(self, ME, 1);
            assert_true(region_commit(r[i], MINI_DATA, MINI_WORDS));
            memset(r[i]->base, 0x55, MINI_DATA);
        }
        last = r[MINIS - 1];
        for (int i = 0; i < MINIS - 1; i++)
            region_release(self, r[i]);
        whole = chunk_pool.free_slots;
        died = unit_kill_at(release_last, n);
        heap_repair(self, &mine);
        for (int i = 0; i < MINIS; i++) {
            r[i] = region_take(self, YOU, 1);
            assert_true(region_commit(r[i], MINI_DATA, MINI_WORDS));
            is_zero(r[i]->base + r[i]->dirty * OS_PAGE, MINI_DATA - r[i]->dirty * OS_PAGE);
            memset(r[i]->base, 0x55, MINI_DATA);
            memset(r[i]->words, 0x55, MINI_WORDS);
        }
        for (int i = 0; i < MINIS; i++)
            region_release(self, r[i]);
        assert_true(chunk_is_valid(self));
        assert_in_range(n, 0, DEATHS);
    }
    assert_true(whole > 0);
}

static void with_pageheap_nothing_waits(void **state)
{
    struct region *r[3];

    (void)state;
    pool_keeps_nothing = 1;
    r[0] = region_take_tight(self, ME, 100);
    r[1] = region_take_tight(self, ME, 50000);
    r[2] = region_take_tight(self, ME, SLOT_DATA + 1);
    for (int i = 0; i < 3; i++) {
        assert_non_null(r[i]);
        region_release_first(self, r[i]);
        assert_int_equal(chunk_pool.warm_bytes, 0);
    }
    pool_keeps_nothing = 0;
    assert_true(chunk_is_valid(self));
}

static int is_unused(void **state)
{
    unit_load_anew(state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_large_block_in_a_dead_threads_hand_leaves_nothing_stale,
                                  is_unused),
        cmocka_unit_test_teardown(a_dead_thread_leaves_no_mini_without_its_pages, is_unused),
        cmocka_unit_test_teardown(with_pageheap_nothing_waits, is_unused),
    };

    return UNIT_RUN(tests);
}
