/* test_chunk.c - the promises of chunk.h, and what region.h does when the system or the arena says no. */
#include "regions.h"

static void without_room_for_a_record_there_is_no_chunk(void **state)
{
    struct chunk *made[64];
    int count = 0;

    (void)state;
    standin_fail_at("VirtualAlloc.commit", 1, TRUE);
    chunk_hold(self);
    while (count < 64 && (made[count] = chunk_make(self, CHUNK_BYTES, 0)))
        count++;
    chunk_let_go();
    standin_fail_never();
    assert_true(count > 0 && count < 64);
    chunk_hold(self);
    while (count--)
        chunk_release(made[count]);
    assert_non_null(made[0] = chunk_make(self, CHUNK_BYTES, 0));
    chunk_release(made[0]);
    chunk_let_go();
    assert_true(chunk_is_valid(self));
}

static void pages_that_the_system_keeps_count_as_committed(void **state)
{
    struct region *r = region_take_large(self, ME, 300000, 0);

    (void)state;
    assert_non_null(r);
    r->touched = r->committed;
    standin_fail_at("VirtualFree.decommit", 1, TRUE);
    region_shrink_large(r, 10000);
    standin_fail_never();
    assert_true(r->committed >= 300000 && r->touched == r->committed);
    region_shrink_large(r, 10000);
    assert_int_equal(r->committed, 12288);
    assert_int_equal(r->touched, 12288);
    region_shrink_large(r, 12288);
    assert_int_equal(r->committed, 12288);
    region_release(self, r);
}

static void headroom_that_there_is_not_is_done_without(void **state)
{
    struct region *r = region_take_large(self, ME, 70000, (SIZE_T)-1);

    (void)state;
    assert_non_null(r);
    assert_true(region_room(r) >= 70000);
    region_release(self, r);
    assert_null(region_take_large(self, ME, (SIZE_T)-1, 0));
}

static void nothing(struct region *r, void *context)
{
    (void)r;
    ++*(unsigned *)context;
}

static void split_slots_are_no_regions(void **state)
{
    struct region *mini = region_take(self, ME, 1);
    unsigned count = 0;

    (void)state;
    chunk_hold(self);
    chunk_visit(CHUNK_SPLIT, nothing, &count);
    assert_int_equal(count, 0);
    chunk_visit(ME, nothing, &count);
    assert_int_equal(count, 1);
    chunk_let_go();
    region_release(self, mini);
}

static void figures_that_are_wrong_are_noticed_and_put_right(void **state)
{
    struct region *r = region_take(self, ME, 1);
    struct chunk *c;

    (void)state;
    assert_true(chunk_is_valid(self));
    chunk_pool.free_slots++;
    assert_false(chunk_is_valid(self));
    chunk_pool.free_minis++;
    assert_false(chunk_is_valid(self));
    chunk_pool.warm_bytes += OS_PAGE;
    assert_false(chunk_is_valid(self));
    assert_true(chunk_is_valid(self));
    c = region_chunk((ULONG_PTR)r->base);
    c->free ^= CHUNK_BIT(5);
    assert_false(chunk_is_valid(self));
    c->warm ^= CHUNK_BIT(5);
    assert_false(chunk_is_valid(self));
    c->split ^= CHUNK_BIT(5);
    assert_false(chunk_is_valid(self));
    c->minis_free[chunk_slot(c, r)] ^= 4;
    assert_false(chunk_is_valid(self));
    assert_true(chunk_is_valid(self));
    region_release(self, r);
    chunk_hold(self);
    c = chunk_make(self, CHUNK_BYTES, 1);
    chunk_let_go();
    assert_ptr_equal(chunk_pop(&chunk_pool.waiting), c);
    assert_false(chunk_is_valid(self));
    assert_ptr_equal(chunk_pop(&chunk_pool.waiting), c);
    chunk_release(c);
    assert_true(chunk_is_valid(self));
    assert_non_null(chunk_pop(&chunk_pool.unused));
    assert_false(chunk_is_valid(self));
    assert_true(chunk_is_valid(self));
}

static DWORD WINAPI stack(LPVOID parameter)
{
    (void)parameter;
    *(char **)parameter = (char *)&parameter;
    expert_thread();
    chunk_hold(thread_self());
    for (int i = 0; i < 3; i++)
        chunk_make(thread_self(), CHUNK_BYTES, 0);
    chunk_let_go();
    return 0;
}

/* The system puts a stack where nobody can guess. */
static void chunks_lie_above_the_first_callers_stack_one_after_the_other(void **state)
{
    char *first = NULL;
    struct chunk *c;

    unit_load_anew(state);
    unit_on_thread(stack, &first);
    c = chunk_pool.first;                                         /* the newest */
    assert_true(c->next->next->base + ((SIZE_T)1 << 30) > first); /* sanitizers move locals */
    assert_true(c->next->base >= c->next->next->base + CHUNK_BYTES);
    assert_true(c->base >= c->next->base + CHUNK_BYTES);
}

static void where_no_chunk_has_one_none_is_found(void **state)
{
    (void)state;
    chunk_hold(self);
    assert_null(chunk_with(NULL, CHUNK_FREE_MINI));
    assert_null(chunk_with(chunk_pool.first, CHUNK_FREE_MINI));
    chunk_let_go();
}

#define MAP_PART ((SIZE_T)16 << 30) /* addresses for which the map takes memory at once, on x64 */

static void without_room_for_the_map_there_is_no_chunk(void **state)
{
    struct chunk *c[2];

    (void)state;
    chunk_hold(self);
    for (int i = 0; i < 2; i++)
        c[i] = chunk_make(self, CHUNK_BYTES, 0);
    chunk_release(c[1]); /* its record is the next one's */
    c[1] = chunk_make(self, MAP_PART, 1);
    assert_non_null(c[1]);
    chunk_release(chunk_make(self, CHUNK_BYTES, 0));
    exhaust_arena((SIZE_T)1 << (MAP_LEAF_BITS + 3));
    assert_null(chunk_make(self, MAP_PART, 1));
    standin_fail_never();
    chunk_let_go();
    assert_true(chunk_is_valid(self));
    chunk_hold(self);
    chunk_pop(&chunk_pool.waiting);
    chunk_release(c[1]);
    chunk_release(c[0]);
    chunk_let_go();
}

static void a_chunk_that_was_half_released_does_not_hinder_the_unload(void **state)
{
    struct chunk *c;

    (void)state;
    chunk_hold(self);
    c = chunk_make(self, CHUNK_BYTES, 0);
    assert_non_null(c);
    c->state = CHUNK_RELEASING; /* killed once the system had it */
    os_release(c->base);
    chunk_let_go();
    standin_set_dllmain(NULL);
    DllMain(NULL, DLL_PROCESS_DETACH, NULL);
    assert_int_equal(unit_setup(state), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(where_no_chunk_has_one_none_is_found),
        ONE(without_room_for_a_record_there_is_no_chunk),
        ONE(pages_that_the_system_keeps_count_as_committed),
        ONE(headroom_that_there_is_not_is_done_without),
        ONE(split_slots_are_no_regions),
        ONE(figures_that_are_wrong_are_noticed_and_put_right),
        ONE(chunks_lie_above_the_first_callers_stack_one_after_the_other),
        ONE(without_room_for_the_map_there_is_no_chunk),
        ONE(a_chunk_that_was_half_released_does_not_hinder_the_unload),
    };

    return UNIT_RUN(tests);
}
