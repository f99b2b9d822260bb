/* test_runs.c - large regions that are runs of slots, as on x86 (as_x86.h). */
#include "unit.h"

#define ME ((void *)0x4440)
#define YOU ((void *)0x5550)
#define MOST ((CHUNK_SLOTS - CHUNK_FIRST) * SLOT_BYTES - OS_PAGE)

static int unload(void **state)
{
    unit_load_anew(state);
    return 0;
}

static struct region *take(SIZE_T bytes)
{
    struct region *r = region_take_large(self, ME, bytes, 0);

    if (r) {
        r->bytes = bytes;
        atomic_store(&r->kind, REGION_LARGE);
    }
    return r;
}

static void a_run_has_the_room_of_its_slots_and_ends_at_a_guard_page(void **state)
{
    (void)state;
    for (SIZE_T slots = 1; slots <= 3; slots++) {
        struct region *r = take(slots * SLOT_BYTES - OS_PAGE);
        struct region *next = take(100);
        assert_non_null(r);
        assert_int_equal(region_room(r), slots * SLOT_BYTES - OS_PAGE);
        assert_true(next->base >= r->base + slots * SLOT_BYTES);
        for (SIZE_T i = 0; i < slots * SLOT_BYTES - OS_PAGE; i += 4096) {
            assert_ptr_equal(region_find(r->base + i)->owner, ME);
            assert_false(standin_faults(unit_touch, r->base + i, NULL));
        }
        assert_true(standin_faults(unit_touch, r->base + slots * SLOT_BYTES - 1, NULL));
        region_release(self, next);
        region_release(self, r);
        assert_true(chunk_is_valid(self));
    }
}

static void what_no_run_can_hold_is_a_region_of_its_own(void **state)
{
    struct region *r = take(MOST), *larger = take(MOST + 1);

    (void)state;
    assert_int_equal(region_room(r), MOST);
    assert_false(region_chunk((ULONG_PTR)r->base)->lone);
    assert_true(region_chunk((ULONG_PTR)larger->base)->lone);
    region_release(self, r);
    region_release(self, larger);
}

static void runs_fill_the_holes_between_others(void **state)
{
    struct region *single[CHUNK_SLOTS], *run, *first;

    (void)state;
    for (int i = CHUNK_FIRST; i < CHUNK_SLOTS; i++)
        single[i] = take(100);
    first = single[CHUNK_FIRST];
    for (int i = 3; i < 9; i += 2) { /* holes of one slot, then one of three */
        region_release(self, single[i]);
        single[i] = NULL;
    }
    region_release(self, single[6]);
    region_release(self, single[8]);
    single[6] = single[8] = NULL;
    run = take(3 * SLOT_BYTES - OS_PAGE);
    assert_ptr_equal(run->base, first->base + 3 * SLOT_BYTES);
    region_release(self, run);
    run = take(6 * SLOT_BYTES); /* no hole is that long */
    assert_true(region_chunk((ULONG_PTR)run->base) != region_chunk((ULONG_PTR)first->base));
    region_release(self, run);
    for (int i = CHUNK_FIRST; i < CHUNK_SLOTS; i++)
        if (single[i])
            region_release(self, single[i]);
    assert_true(chunk_is_valid(self));
}

/* Slots whose pages wait for the next owner have state words too, which a run has not. */
static void a_run_is_cold_or_it_is_not_had(void **state)
{
    struct region *slots[CHUNK_SLOTS], *run;

    (void)state;
    for (int i = CHUNK_FIRST; i < CHUNK_SLOTS; i++) {
        slots[i] = region_take(self, ME, 0);
        assert_true(region_commit(slots[i], 20000, 2000));
        memset(slots[i]->base, 0x55, 20000);
    }
    for (int i = CHUNK_FIRST + 1; i < CHUNK_SLOTS; i++)
        region_release(self, slots[i]);
    standin_fail_at("VirtualFree.decommit", 1, TRUE);
    run = take(2 * SLOT_BYTES);
    assert_non_null(run);
    assert_true(region_chunk((ULONG_PTR)run->base) !=
                region_chunk((ULONG_PTR)slots[CHUNK_FIRST]->base));
    standin_fail_never();
    region_release(self, run);
    run = take(MOST - SLOT_BYTES);
    for (SIZE_T i = 0; i < MOST - SLOT_BYTES; i += 64)
        assert_int_equal(run->base[i], 0);
    region_release(self, run);
    region_release(self, slots[CHUNK_FIRST]);
    assert_true(chunk_is_valid(self));
}

static void slots_that_wait_with_their_pages_make_room_for_a_run(void **state)
{
    struct region *slots[CHUNK_SLOTS], *run;

    (void)state;
    for (int i = CHUNK_FIRST; i < CHUNK_SLOTS; i++) {
        slots[i] = region_take(self, ME, 0);
        assert_true(region_commit(slots[i], 20000, 2000));
    }
    for (int i = CHUNK_FIRST + 1; i < CHUNK_SLOTS; i++)
        region_release(self, slots[i]);
    run = take(MOST - SLOT_BYTES);
    assert_ptr_equal(run->base, slots[CHUNK_FIRST]->base + SLOT_BYTES);
    region_release(self, run);
    region_release(self, slots[CHUNK_FIRST]);
}

static void a_large_region_of_one_slot_waits_with_its_pages(void **state)
{
    struct region *r = take(SLOT_DATA), *again;
    unsigned long commits = standin_calls("VirtualAlloc.commit");
    unsigned long decommits = standin_calls("VirtualFree.decommit");

    (void)state;
    memset(r->base, 0x55, SLOT_DATA); /* its owner may have written more than large.c knows of */
    region_release(self, r);
    assert_int_equal(chunk_pool.warm_bytes, SLOT_DATA);
    again = take(SLOT_DATA);
    assert_ptr_equal(again, r);
    assert_int_equal(again->touched, SLOT_DATA);
    assert_int_equal(standin_calls("VirtualAlloc.commit"), commits);
    assert_int_equal(standin_calls("VirtualFree.decommit"), decommits);
    region_release(self, again);
    again = region_take(self, YOU, 0); /* for blocks of other sizes too */
    assert_ptr_equal(again, r);
    assert_int_equal(again->pages, SLOT_DATA / OS_PAGE);
    assert_int_equal(again->dirty, SLOT_DATA / OS_PAGE);
    region_release(self, again);
    assert_true(chunk_is_valid(self));
}

static void what_is_too_much_to_wait_goes_back(void **state)
{
    struct region *one = take(SLOT_DATA), *two = take(SLOT_DATA + 1);

    (void)state;
    region_release(self, two);
    assert_int_equal(chunk_pool.warm_bytes, 0);
    pool_keeps_nothing = 1;
    region_release(self, one);
    assert_int_equal(chunk_pool.warm_bytes, 0);
    pool_keeps_nothing = 0;
    assert_true(chunk_is_valid(self));
}

static struct region *span_with_words(void)
{
    struct region *slot = region_take(self, ME, 0);

    assert_true(region_commit(slot, 3 * OS_PAGE, SLOT_WORDS));
    memset(slot->base, 0x55, 3 * OS_PAGE);
    region_release(self, slot);
    return slot;
}

static void a_large_region_has_its_slots_pages_and_none_for_state_words(void **state)
{
    struct region *slot = span_with_words(), *r = take(5 * OS_PAGE);

    (void)state;
    assert_ptr_equal(r, slot);
    assert_int_equal(r->word_pages, 0);
    assert_int_equal(region_footprint(r), 5 * OS_PAGE);
    assert_int_equal(r->touched, 3 * OS_PAGE);
    region_release(self, r);
    assert_int_equal(chunk_pool.warm_bytes, 5 * OS_PAGE);
    assert_true(chunk_is_valid(self));
}

/* The pages are counted as dirty, not as committed, while they are returned. */
static void pages_that_a_dead_thread_was_returning_are_zeroed(void **state)
{
    enum { BYTES = 5 * (SLOT_BYTES / 2) };
    struct region *slots[4];
    struct heap heap;
    char *block;

    (void)state;
    for (int i = 0; i < 4; i++) {
        slots[i] = region_take(self, ME, 0);
        assert_true(region_commit(slots[i], SLOT_DATA, 2000));
        memset(slots[i]->base, 0x55, SLOT_DATA);
        slots[i]->dirty = slots[i]->pages;
        slots[i]->pages = slots[i]->word_pages = 0;
    }
    for (int i = 0; i < 4; i++)
        region_release(self, slots[i]);
    heap_open(&heap, ME, (SIZE_T)-1);
    block = heap_alloc(self, &heap, BYTES);
    assert_ptr_equal(block, slots[0]->base);
    for (SIZE_T i = 0; i < BYTES; i++)
        assert_int_equal(block[i], 0);
    heap_close(self, &heap);
}

static void take_three(void *argument)
{
    (void)argument;
    region_take_large(thread_self(), ME, 3 * SLOT_BYTES - OS_PAGE, 0);
}

static void take_one(void *argument)
{
    (void)argument;
    region_take_large(thread_self(), ME, SLOT_DATA, 0);
}

static struct region *three;

static void give_three(void *argument)
{
    (void)argument;
    region_give(thread_self(), three, YOU);
}

/* Whoever dies taking or giving a run, or taking one slot, leaves no slot that its owners' repair would not
   find. */
static void a_run_that_a_dead_thread_had_in_hand_is_no_loss(void **state)
{
    enum { DEATHS = 4000 }; /* more than it takes */
    void (*const acts[])(void *) = {take_three, give_three, take_one};

    (void)state;
    if (!standin_can_step())
        skip();
    for (int act = 0; act < 3; act++) {
        struct region *held = take(100); /* so that the chunk stays */
        unsigned slots = chunk_pool.free_slots;
        unsigned long n = 0;
        for (DWORD died = 1; died; n++) {
            struct heap mine, yours;
            heap_open(&mine, ME, (SIZE_T)-1);
            heap_open(&yours, YOU, (SIZE_T)-1);
            atomic_store(&held->owner, CHUNK_WORDS); /* nobody's */
            if (acts[act] == give_three)
                three = take(3 * SLOT_BYTES - OS_PAGE);
            if (acts[act] == take_one)
                span_with_words();
            died = unit_kill_at(acts[act], n);
            heap_repair(self, &mine);
            heap_repair(self, &yours);
            heap_close(self, &mine);
            heap_close(self, &yours);
            if (chunk_pool.free_slots != slots)
                print_message("%d: killed at instruction %lu\n", act, n);
            assert_int_equal(chunk_pool.free_slots, slots);
            assert_true(chunk_is_valid(self));
        }
        atomic_store(&held->owner, ME);
        region_release(self, held);
        print_message("%lu deaths\n", n - 1);
        assert_in_range(n, 30, DEATHS);
    }
}

/* As a thread leaves it that has died between the two stores which make a slot a tail. */
static void a_tail_that_nobody_has_belongs_to_no_run(void **state)
{
    struct region *r = take(2 * SLOT_BYTES - OS_PAGE), *after = r + 2;

    (void)state;
    assert_null(after->owner);
    atomic_store(&after->kind, REGION_TAIL);
    assert_int_equal(region_room(r), 2 * SLOT_BYTES - OS_PAGE);
    region_give(self, r, YOU);
    assert_null(after->owner);
    region_release(self, r);
    assert_true(chunk_is_valid(self));
}

/* As a thread leaves it that dies while it returns all but a page: the rest is no longer known as committed. */
static void what_the_system_keeps_of_a_run_is_known_by_the_slot(void **state)
{
    const int pages = (int)(SLOT_BYTES / OS_PAGE);
    struct region *r = take(2 * SLOT_BYTES);

    (void)state;
    r->touched = 3 * SLOT_BYTES;
    r->committed = OS_PAGE;
    standin_fail_at("VirtualFree.decommit", 1, TRUE);
    region_release(self, r);
    standin_fail_never();
    for (int i = 0; i < 3; i++) {
        assert_null(r[i].owner);
        assert_int_equal(r[i].pages, i ? 0 : 1);
        assert_int_equal(r[i].dirty, pages);
    }
    assert_true(chunk_is_valid(self));
}

/* A run has the last pages of its slots but the last one's. Its thread dies while it returns them: one slot is being
   returned, the others are not yet. */
static void what_a_dead_thread_left_of_a_run_has_its_guard_pages_again(void **state)
{
    const uint16_t pages = (uint16_t)(SLOT_BYTES / OS_PAGE);
    struct region *held = take(100), *r = take(3 * SLOT_BYTES - OS_PAGE);

    (void)state;
    assert_false(standin_faults(unit_touch, r->base + SLOT_DATA, NULL));
    r->kind = REGION_NONE;
    for (int i = 0; i < 3; i++) {
        r[i].pages = i == 1 ? 0 : pages;
        r[i].dirty = i == 0 ? 0 : pages;
    }
    region_release(self, r);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(r[i].pages | r[i].dirty, 0);
        assert_true(standin_faults(unit_touch, r[i].base + SLOT_DATA, NULL));
    }
    region_release(self, held);
}

/* The thread had noted how much stays, and did not live to return the rest. */
static void what_a_dead_thread_was_cutting_off_is_zero_to_the_next(void **state)
{
    struct region *r = take(SLOT_DATA), *next;

    (void)state;
    memset(r->base, 0x55, SLOT_DATA);
    r->touched = SLOT_DATA;
    r->committed = OS_PAGE;
    region_release(self, r);
    next = region_take(self, YOU, 0);
    assert_ptr_equal(next, r);
    assert_true(region_commit(next, SLOT_DATA, 100));
    for (SIZE_T i = next->dirty * OS_PAGE; i < SLOT_DATA; i++)
        assert_int_equal(next->base[i], 0);
    region_release(self, next);
}

/* It was marked before it was taken, and its thread did not live to take it. */
static void a_free_slot_that_is_marked_as_a_tail_is_none(void **state)
{
    struct region *slot = region_take(self, ME, 0), *again;

    (void)state;
    region_release(self, slot);
    slot->kind = REGION_TAIL;
    again = region_take(self, ME, 0);
    assert_ptr_equal(again, slot);
    assert_int_equal(slot->kind, REGION_NONE);
    region_release(self, slot);
}

static void without_address_space_there_is_no_run(void **state)
{
    (void)state;
    standin_fail_at("VirtualAlloc.reserve", 1, TRUE);
    assert_null(take(SLOT_DATA));
    assert_null(take(2 * SLOT_BYTES));
    standin_fail_never();
    standin_fail_at("VirtualAlloc.commit", 1, TRUE);
    assert_null(take(SLOT_DATA));
    assert_null(take(2 * SLOT_BYTES));
    standin_fail_never();
    assert_true(chunk_is_valid(self));
}

static void note(struct region *r, void *context)
{
    *(struct region **)context = r;
}

static void a_run_is_given_retired_and_visited_as_one(void **state)
{
    struct region *r = take(3 * SLOT_BYTES - OS_PAGE), *after = take(3 * SLOT_BYTES - OS_PAGE);
    struct region *found = NULL;

    (void)state;
    region_give(self, r, YOU);
    for (SIZE_T i = 0; i < 3; i++)
        assert_ptr_equal(region_find(r->base + i * SLOT_BYTES)->owner, YOU);
    assert_ptr_equal(after->owner, ME);
    chunk_hold(self);
    chunk_visit(YOU, note, &found);
    chunk_let_go();
    assert_ptr_equal(found, r);
    region_retire(self, r);
    for (SIZE_T i = 0; i < 3; i++) {
        assert_ptr_equal(region_find(r->base + i * SLOT_BYTES)->owner, REGION_RETIRED);
        assert_true(standin_faults(unit_touch, r->base + i * SLOT_BYTES, NULL));
    }
    assert_ptr_equal(after->owner, ME);
    region_release(self, r);
    region_release(self, after);
    /* to the end of its chunk */
    r = take(MOST);
    region_give(self, r, YOU);
    assert_ptr_equal(region_find(r->base + MOST)->owner, YOU);
    region_release(self, r);
    assert_null(region_find(r->base + MOST) ? region_find(r->base + MOST)->owner : NULL);
    assert_true(chunk_is_valid(self));
}

#define ONE(test) cmocka_unit_test_teardown(test, unload)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(a_run_has_the_room_of_its_slots_and_ends_at_a_guard_page),
        ONE(what_no_run_can_hold_is_a_region_of_its_own),
        ONE(runs_fill_the_holes_between_others),
        ONE(a_run_is_cold_or_it_is_not_had),
        ONE(slots_that_wait_with_their_pages_make_room_for_a_run),
        ONE(a_large_region_of_one_slot_waits_with_its_pages),
        ONE(what_is_too_much_to_wait_goes_back),
        ONE(a_large_region_has_its_slots_pages_and_none_for_state_words),
        ONE(pages_that_a_dead_thread_was_returning_are_zeroed),
        ONE(a_run_that_a_dead_thread_had_in_hand_is_no_loss),
        ONE(a_tail_that_nobody_has_belongs_to_no_run),
        ONE(what_the_system_keeps_of_a_run_is_known_by_the_slot),
        ONE(what_a_dead_thread_left_of_a_run_has_its_guard_pages_again),
        ONE(what_a_dead_thread_was_cutting_off_is_zero_to_the_next),
        ONE(a_free_slot_that_is_marked_as_a_tail_is_none),
        ONE(without_address_space_there_is_no_run),
        ONE(a_run_is_given_retired_and_visited_as_one),
    };

    return UNIT_RUN(tests);
}
