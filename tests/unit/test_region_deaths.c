/*
 * test_region_deaths.c - a thread is killed behind each store of an operation on a region, the
 * first times that the store is reached. What it left is returned, counted, and zero for the next
 * owner.
 */
#include "heap/heap.h"
#include "heap/shared.h"
#include "regions.h"

#define SHE ((void *)0x6660)
#define HELD ((void *)0x7770)

enum {
    GROWTH = 3000,   /* so little that no block moves */
    STEPS = 1 << 16, /* more than it takes */
    SEEN = 1 << 14,  /* more instructions than there are */
    TIMES = 3,       /* deaths behind each store */
    STRIDE = 50      /* and one every so many stores */
};

static struct heap mine, yours;
static void *block;
static SIZE_T large, small;
static unsigned total;
static int moves; /* whether growing makes the block move */

/* Each 16 GiB of addresses in which segments have been takes permanent memory. */
static int parts_of_map(void)
{
    int count = 0;

    for (int i = 0; i < 1 << MAP_ROOT_BITS; i++)
        count += map_root[i] != NULL;
    return count;
}

/* Gives everything that is cached to another owner, block by block. */
static void all_is_there_and_zero(void)
{
    const SIZE_T sizes[] = {50000, large, 50000, 40000, small, 700, 100};
    struct heap hers;

    heap_open(&hers, SHE, (SIZE_T)-1);
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int k = sizes[i] < 1024 ? 200 : 1; k > 0; k--) {
            char *it = heap_alloc(self, &hers, sizes[i]);
            assert_non_null(it);
            is_zero(it, sizes[i]);
            memset(it, 0x33, sizes[i]);
        }
    }
    heap_close(self, &hers, 0);
}

static void alloc(void *unused)
{
    (void)unused;
    block = heap_alloc(thread_self(), &mine, large);
}

static void resize(SIZE_T to)
{
    heap_realloc(thread_self(), &mine, &block, to);
}

static void grow(void *unused)
{
    (void)unused;
    resize(large);
}

static void shrink(void *unused)
{
    (void)unused;
    resize(small);
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

static void close_mine(void *unused)
{
    (void)unused;
    heap_close(thread_self(), &mine, 0);
}

static void close_badly(void *unused)
{
    (void)unused;
    heap_close(thread_self(), &mine, 1);
}

static void trim(void *unused)
{
    (void)unused;
    region_trim(thread_self());
}

/* What another thread of the expert may do with a block that the dead thread left. */
enum { FREE, TRANSFER, SHRINK_AND_GROW, WAYS };

static void go_on_with(unsigned how)
{
    SIZE_T less = small / 2;
    struct heap_block found;

    if (!block || heap_find(self, &mine, block, &found) != HEAP_OK)
        return;
    if (how == FREE) {
        assert_int_equal(heap_free(self, &mine, block), HEAP_OK);
    } else if (how == TRANSFER) {
        assert_int_equal(heap_transfer(self, &mine, &yours, block), HEAP_OK);
    } else {
        assert_int_equal(heap_realloc(self, &mine, &block, less), HEAP_OK);
        assert_int_equal(heap_realloc(self, &mine, &block, large), HEAP_OK);
        is_zero((char *)block + less, large - less);
    }
}

static DWORD die_once(void (*act)(void *), unsigned long n)
{
    DWORD died;

    heap_open(&mine, ME, (SIZE_T)-1);
    heap_open(&yours, YOU, (SIZE_T)-1);
    block = NULL;
    if (act != alloc) {
        SIZE_T bytes = act == grow && !moves ? large - GROWTH : large;
        block = heap_alloc(self, &mine, bytes);
        assert_non_null(block);
        memset(block, 0x55, bytes);
        if (act == close_mine || act == close_badly)
            assert_non_null(heap_alloc(self, &mine, 100));
        if (act == trim) {
            assert_int_equal(heap_free(self, &mine, block), HEAP_OK);
            block = NULL;
        }
    }
    died = unit_kill_at(act, n);
    if (act == close_mine || act == close_badly) {
        heap_repair(self, &mine, act == close_badly);
        heap_close(self, &mine, act == close_badly);
    } else {
        heap_repair(self, &mine, 0);
        assert_true(heap_is_valid(self, &mine));
        heap_repair(self, &yours, 0);
        assert_true(heap_is_valid(self, &yours));
        go_on_with((unsigned)(n % WAYS));
        heap_close(self, &mine, 0);
    }
    heap_close(self, &yours, 0);
    all_is_there_and_zero();
    region_trim(self);
    return died;
}

static struct {
    void *at;
    int times;
} seen[SEEN];

/* The steps that reach an instruction where too few deaths have been, in this or another act. */
static unsigned choose(void **trace, unsigned long *chosen)
{
    unsigned count = 0;

    for (unsigned long step = 0; step < STEPS && trace[step]; step++) {
        size_t k = (size_t)trace[step] * 0x9E3779B1U % SEEN;
        while (seen[k].at && seen[k].at != trace[step])
            k = (k + 1) % SEEN;
        seen[k].at = trace[step];
        if (seen[k].times++ < TIMES || step % STRIDE == 0)
            chosen[count++] = step;
    }
    return count;
}

static unsigned steps_of(void (*act)(void *), unsigned long *chosen)
{
    static void *trace[STEPS];

    die_once(act, STEPS); /* makes permanent memory first */
    memset((void *)trace, 0, sizeof trace);
    standin_step_trace(trace, STEPS);
    die_once(act, STEPS);
    standin_step_trace(NULL, 0);
    assert_null(trace[STEPS - 1]);
    return choose(trace, chosen);
}

/* A growing quarantine needs records now and then: a permanent block with its first pages. */
static int records_came(void (*act)(void *), SIZE_T before, SIZE_T addresses)
{
    return committed() - before == KIB(16) &&
           (act == close_badly || reserved() - addresses == KIB(1024));
}

static void die_everywhere(void (*act)(void *))
{
    static unsigned long chosen[STEPS];
    /* Otherwise its segment would be released, with all traces. It has no block states, because
       idle ones are cached too. */
    struct region *held = region_take(self, HELD, 1, 0);
    unsigned count = steps_of(act, chosen), deaths = 0;
    SIZE_T before = committed(), addresses = reserved();
    int parts = parts_of_map(), records = 0;

    for (unsigned i = 0; i < count; i++) {
        deaths += die_once(act, chosen[i]);
        if (parts_of_map() > parts || (!records && records_came(act, before, addresses))) {
            records |= parts_of_map() == parts;
            parts = parts_of_map();
            before = committed();
            addresses = reserved();
        }
        if (committed() != before || cache_pages() || !region_is_valid(self) ||
            (act != close_badly && reserved() != addresses))
            print_error("killed behind store %lu: %zd committed, %zd reserved, %zu wait\n",
                        chosen[i], (ssize_t)(committed() - before),
                        (ssize_t)(reserved() - addresses), cache_pages());
        assert_int_equal(committed(), before);
        assert_int_equal(cache_pages(), 0);
        if (act != close_badly) /* which keeps addresses, as it should */
            assert_int_equal(reserved(), addresses);
        assert_true(region_is_valid(self));
    }
    print_message("%u deaths\n", deaths);
    total += deaths;
    region_release(self, held);
}

static void die_with(SIZE_T more, SIZE_T less)
{
    void (*const acts[])(void *) = {alloc,     grow,       shrink,      give_back,
                                    hand_over, close_mine, close_badly, trim};

    if (!standin_can_step())
        skip();
    large = more;
    small = less;
    for (unsigned k = 0; k < sizeof acts / sizeof *acts; k++)
        die_everywhere(acts[k]);
}

static void note(struct region *region, void *found)
{
    *(struct region **)found = region;
}

static void take_with_states(void *unused)
{
    (void)unused;
    region_take(thread_self(), ME, 1, UNIT_STATES);
}

static DWORD die_taking(unsigned long n)
{
    DWORD died = unit_kill_at(take_with_states, n);
    struct region *found = NULL;

    region_lock(self);
    region_visit(ME, note, (void *)&found);
    region_unlock();
    if (found)
        region_release(self, found);
    region_trim(self);
    return died;
}

/* Although nobody takes one there before they are returned. */
static void block_states_that_a_dead_thread_committed_are_returned(void **state)
{
    static void *trace[STEPS];
    static unsigned long chosen[STEPS];
    struct region *held = region_take(self, HELD, 1, 0);
    unsigned count, deaths = 0;
    SIZE_T before;

    (void)state;
    if (!standin_can_step())
        skip();
    die_taking(STEPS);
    before = committed();
    standin_step_trace(trace, STEPS);
    die_taking(STEPS);
    standin_step_trace(NULL, 0);
    memset(seen, 0, sizeof seen);
    count = choose(trace, chosen);
    for (unsigned i = 0; i < count; i++) {
        deaths += die_taking(chosen[i]);
        if (committed() != before)
            print_error("killed behind store %lu\n", chosen[i]);
        assert_int_equal(committed(), before);
        assert_int_equal(cache_pages(), 0);
        assert_true(region_is_valid(self));
    }
    total += deaths;
    print_message("%u deaths\n", deaths);
    region_release(self, held);
}

static void enough_have_died(void **state)
{
    (void)state;
    if (!standin_can_step())
        skip();
    assert_true(total > 500);
}

static void a_small_block_in_a_dead_threads_hand_leaves_nothing_stale(void **state)
{
    (void)state;
    moves = 1; /* to a place in the same span, or the block stays */
    die_with(300, 100);
    moves = 0;
}

static void a_block_of_a_large_span_leaves_nothing_stale_either(void **state)
{
    (void)state;
    moves = 1;
    die_with(5000, 3000);
    moves = 0;
}

static void a_medium_block_leaves_nothing_stale_either(void **state)
{
    (void)state;
    die_with(60000, 40000);
}

static void a_block_with_its_own_reservation_leaves_nothing_stale_either(void **state)
{
    (void)state;
    die_with(KIB(1200), KIB(1000));
}

static void a_block_too_large_for_the_cache_leaves_nothing_stale_either(void **state)
{
    (void)state;
    options.keep_given = 1;
    options.keep = MIB(3); /* a quarter of it is less */
    die_with(KIB(1200), KIB(1000));
    options.keep_given = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(a_small_block_in_a_dead_threads_hand_leaves_nothing_stale),
        ONE(a_block_of_a_large_span_leaves_nothing_stale_either),
        ONE(a_medium_block_leaves_nothing_stale_either),
        ONE(a_block_with_its_own_reservation_leaves_nothing_stale_either),
        ONE(a_block_too_large_for_the_cache_leaves_nothing_stale_either),
        ONE(block_states_that_a_dead_thread_committed_are_returned),
        cmocka_unit_test(enough_have_died),
    };

    return UNIT_RUN(tests);
}
