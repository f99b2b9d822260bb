/* test_shared.c - the promises of shared.h: blocks that were handed over, and spans that are
   released with their last block. */
#include "heaps.h"

static int close_and_load_anew(void **state)
{
    int failed = close_heaps(state);

    unit_load_anew(state);
    return failed;
}

static SIZE_T size_of(struct heap *heap, void *block)
{
    struct heap_block found;

    return heap_find(self, heap, block, &found) == HEAP_OK ? found.bytes : (SIZE_T)-1;
}

static void give(struct thread *thread, void *block, void *owner)
{
    struct span *span = span_of(region_find(block));
    SIZE_T bytes;

    shared_give(thread, span, span_index(span, block, &bytes), owner);
}

static void only_shared_blocks_are_touched(void **state)
{
    char *own = heap_alloc(self, &mine, 100), *shared = heap_alloc(self, &mine, 100);
    void *same = shared;

    (void)state;
    assert_int_equal(heap_transfer(self, &mine, &yours, shared), HEAP_OK);
    assert_int_equal(size_of(&mine, own), 100);
    assert_int_equal(size_of(&yours, shared), 100);
    shared[100] = shared[111] = 'x'; /* allowed: the block has 112 bytes */
    assert_int_equal(heap_realloc(self, &yours, &same, 112), HEAP_OK);
    assert_ptr_equal(same, shared);
    assert_int_equal(shared[100] | shared[111], 0);
    assert_int_equal(size_of(&yours, shared), 112);
    assert_int_equal(heap_realloc(self, &yours, &same, 100), HEAP_OK);
    assert_ptr_equal(same, shared);
    assert_int_equal(heap_free(self, &yours, shared + 16), HEAP_BAD);
    assert_int_equal(heap_free(self, &yours, shared), HEAP_OK);
    assert_int_equal(heap_free(self, &yours, shared), HEAP_BAD);
    assert_int_equal(size_of(&mine, own), 100);
}

static struct region *table;

static void note_table(struct region *r, void *context)
{
    (void)context;
    if (span_of(r)->kind == SPAN_OWNERS)
        table = r;
}

static void the_list_of_owners_is_nobodys_block(void **state)
{
    void *block = heap_alloc(self, &mine, 100);
    struct heap_block found;

    (void)state;
    assert_int_equal(heap_transfer(self, &mine, &yours, block), HEAP_OK);
    region_lock(self);
    region_visit(SHARED_OWNER, note_table, NULL);
    region_unlock();
    assert_non_null(table);
    assert_int_equal(heap_find(self, &mine, table->base, &found), HEAP_BAD);
    assert_int_equal(heap_free(self, &yours, table->base), HEAP_BAD);
}

static void count(void *block, SIZE_T bytes, void *context)
{
    (void)block, (void)bytes;
    ++*(unsigned *)context;
}

static void must_not_be_called(void *block, SIZE_T bytes, void *context)
{
    (void)block, (void)bytes, (void)context;
    fail();
}

static void freed_blocks_are_nobodys(void **state)
{
    void *block = heap_alloc(self, &mine, 100), *other = heap_alloc(self, &mine, 100);
    unsigned found = 0;

    (void)state;
    assert_int_equal(heap_transfer(self, &mine, &yours, block), HEAP_OK);
    assert_int_equal(heap_free(self, &mine, other), HEAP_OK);
    shared_visit(self, NULL, count, &found);
    assert_int_equal(found, 0);
    shared_visit(self, YOU, count, &found);
    assert_int_equal(found, 1);
}

/* Whatever memory is missing, the block stays where it was, with the giver. */
static void what_can_not_be_shared_stays_the_givers(void **state)
{
    void *block = heap_alloc(self, &mine, 5000);
    struct region *held[1000];
    int count = 0;

    (void)state;
    /* no pages for the list of owners */
    standin_fail_at("VirtualAlloc", 1, TRUE);
    assert_int_equal(heap_transfer(self, &mine, &yours, block), HEAP_FULL);
    standin_fail_never();
    /* no region for it */
    standin_fail_at("VirtualAlloc.reserve", 1, TRUE);
    while (count < 1000 && (held[count] = region_take(self, YOU, 1, 0)) != NULL)
        count++;
    assert_in_range(count, 1, 999);
    assert_int_equal(heap_transfer(self, &mine, &yours, block), HEAP_FULL);
    standin_fail_never();
    while (count--)
        region_release(self, held[count]);
    assert_int_equal(size_of(&mine, block), 5000);
    assert_true(heap_is_valid(self, &mine));
    assert_int_equal(heap_transfer(self, &mine, &yours, block), HEAP_OK);
    assert_int_equal(size_of(&yours, block), 5000);
}

static DWORD WINAPI look(LPVOID block)
{
    struct heap_block found;

    return heap_find(bias_thread(), NULL, block, &found) == HEAP_FOREIGN && found.owner == YOU;
}

static void no_call_holds_up_other_threads_afterwards(void **state)
{
    void *blocks[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        blocks[i] = heap_alloc(self, &mine, 100);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(heap_transfer(self, &mine, &yours, blocks[i]), HEAP_OK);
        assert_int_equal(unit_on_thread(look, blocks[i]), 1);
    }
    give(self, blocks[1], ME);
    assert_int_equal(unit_on_thread(look, blocks[1]), 0);
    give(self, blocks[1], YOU);
    assert_int_equal(heap_free(self, &yours, blocks[0]), HEAP_OK);
    assert_int_equal(unit_on_thread(look, blocks[1]), 1);
    assert_true(heap_is_valid(self, &yours));
    assert_int_equal(unit_on_thread(look, blocks[1]), 1);
    shared_release(self, ME, 0);
    assert_int_equal(unit_on_thread(look, blocks[1]), 1);
    shared_release(self, YOU, 0);
    assert_int_equal(unit_on_thread(look, blocks[1]), 0);
    heap_open(&yours, YOU, (SIZE_T)-1);
}

static void *block_of_yours;
static volatile LONG done;
static HANDLE caller;

static DWORD WINAPI call(LPVOID parameter)
{
    struct thread *me = bias_thread();

    switch (*(int *)parameter) {
    case 0:
        give(me, block_of_yours, YOU);
        break;
    case 1:
        shared_release(me, ME, 0);
        break;
    default:
        give(me, block_of_yours, NULL);
        break;
    }
    atomic_store(&done, 1);
    return 0;
}

static void let_another_call(void *block, SIZE_T bytes, void *context)
{
    (void)block, (void)bytes;
    atomic_store(&done, 0);
    caller = CreateThread(NULL, 0, call, context, 0, NULL);
    unit_let_wait(&done);
}

static void while_one_thread_visits_shared_spans_others_wait(void **state)
{
    (void)state;
    block_of_yours = heap_alloc(self, &mine, 100);
    assert_int_equal(heap_transfer(self, &mine, &yours, block_of_yours), HEAP_OK);
    for (int what = 0; what < 3; what++) {
        shared_visit(self, YOU, let_another_call, &what);
        WaitForSingleObject(caller, INFINITE);
        CloseHandle(caller);
        assert_int_equal(done, 1);
    }
    heap_open(&yours, YOU, (SIZE_T)-1);
}

static DWORD WINAPI close_another(LPVOID unused)
{
    struct thread *me = bias_thread();
    struct heap his;

    (void)unused;
    heap_open(&his, (void *)0x6660, (SIZE_T)-1);
    heap_alloc(me, &his, 100);
    heap_close(me, &his, 0);
    return 0;
}

static void must_end_now(void *block, SIZE_T bytes, void *context)
{
    HANDLE thread = CreateThread(NULL, 0, close_another, NULL, 0, NULL);

    (void)block, (void)bytes;
    *(DWORD *)context = WaitForSingleObject(thread, 3000);
    CloseHandle(thread);
}

/* Nor does it take time for each shared span that there is. */
static void the_close_of_a_heap_without_shared_blocks_waits_for_nobody(void **state)
{
    void *block = heap_alloc(self, &mine, 100);
    DWORD waited = WAIT_TIMEOUT;

    (void)state;
    assert_int_equal(heap_transfer(self, &mine, &yours, block), HEAP_OK);
    shared_visit(self, YOU, must_end_now, &waited);
    assert_int_equal(waited, WAIT_OBJECT_0);
}

#define ONE(test) cmocka_unit_test_setup_teardown(test, open_heaps, close_and_load_anew)

static void *handed_over;

static void free_it(void *argument)
{
    (void)argument;
    heap_free(thread_self(), &yours, handed_over);
}

static void count_region(struct region *r, void *context)
{
    (void)r;
    ++*(int *)context;
}

static void a_thread_may_die_while_it_frees_a_shared_block(void **state)
{
    unsigned long deaths = 0;
    struct heap_block found;
    int left = 0;

    if (!standin_can_step())
        skip();
    for (DWORD died = 1; died; deaths += died) {
        close_and_load_anew(state);
        open_heaps(state);
        handed_over = heap_alloc(self, &mine, 100);
        assert_int_equal(heap_transfer(self, &mine, &yours, handed_over), HEAP_OK);
        died = unit_kill_at(free_it, deaths);
        if (heap_find(self, NULL, handed_over, &found) != HEAP_BAD)
            assert_ptr_equal(found.owner, YOU);
        heap_repair(self, &yours, 0);
        heap_close(self, &yours, 0);
        heap_open(&yours, YOU, (SIZE_T)-1);
        region_visit(SHARED_OWNER, count_region, &left);
        assert_int_equal(left, 0);
    }
    print_message("%lu deaths\n", deaths);
    assert_true(deaths > 20);
}

/* A span of 16-byte blocks fills its room for states: those of the next region follow directly. */
static struct span *full_span_before_another(struct span **next)
{
    struct span *span = span_at(heap_alloc(self, &mine, 16));

    for (int i = 0; i < 100000; i++) {
        *next = span_at(heap_alloc(self, &mine, 16));
        if ((*next)->region.states == span->region.states + span->region.state_count)
            return span;
        span = *next;
    }
    fail();
    return NULL;
}

static void a_repair_of_a_full_span_leaves_its_neighbour_alone(void **state)
{
    struct span *next, *span = full_span_before_another(&next);
    unsigned long deaths = 0;

    (void)state;
    if (!standin_can_step())
        skip();
    assert_int_equal(span->bump, span->region.state_count);
    for (DWORD died = 1; died; deaths += died) {
        handed_over = span_block(span, (unsigned)deaths);
        assert_int_equal(heap_transfer(self, &mine, &yours, handed_over), HEAP_OK);
        died = unit_kill_at(free_it, deaths);
        heap_repair(self, &yours, 0);
        shared_visit(self, YOU, count, &(unsigned){0});
        assert_int_equal(size_of(&mine, span_block(next, 0)), 16);
    }
    print_message("%lu deaths\n", deaths);
    assert_true(deaths > 5);
}

static void hand_over(void *argument)
{
    (void)argument;
    heap_transfer(thread_self(), &mine, &yours, handed_over);
}

/* The block is one expert's, and afterwards nothing is left of what was made for it. */
static void a_thread_may_die_while_it_hands_a_block_over(void **state)
{
    unsigned long deaths = 0;
    int left = 0;

    if (!standin_can_step())
        skip();
    for (DWORD died = 1; died; deaths += died) {
        close_and_load_anew(state);
        open_heaps(state);
        handed_over = heap_alloc(self, &mine, 100);
        died = unit_kill_at(hand_over, deaths);
        heap_repair(self, &mine, 0);
        heap_repair(self, &yours, 0);
        assert_int_equal(mine.sums.live_bytes + yours.sums.live_bytes, 100);
        assert_true(heap_is_valid(self, &mine) && heap_is_valid(self, &yours));
        heap_close(self, &mine, 0);
        heap_close(self, &yours, 0);
        open_heaps(state);
        region_visit(SHARED_OWNER, count_region, &left);
        region_visit(ME, count_region, &left);
        region_visit(YOU, count_region, &left);
        assert_int_equal(left, 0);
    }
    print_message("%lu deaths\n", deaths);
    assert_true(deaths > 20);
}

/* As a host that collects one result after the other. */
static void who_hands_over_each_block_fills_one_span_after_the_other(void **state)
{
    enum { BLOCKS = 3000 };
    static const SIZE_T sizes[] = {16, 100, 1024, 2000};
    static char *blocks[BLOCKS];
    struct standin_usage before, now;

    (void)state;
    for (int s = 0; s < 4; s++) {
        standin_get_usage(&before);
        for (int i = 0; i < BLOCKS; i++) {
            blocks[i] = heap_alloc(self, &mine, sizes[s]);
            assert_non_null(blocks[i]);
            for (SIZE_T k = 0; k < sizes[s]; k++)
                assert_int_equal(blocks[i][k], 0);
            memset(blocks[i], 'x', sizes[s]);
            assert_int_equal(heap_transfer(self, &mine, &yours, blocks[i]), HEAP_OK);
            if (i % 3 == 2) { /* so that other experts get the freed memory */
                assert_int_equal(heap_free(self, &yours, blocks[i - 1]), HEAP_OK);
                blocks[i - 1] = NULL;
            }
        }
        standin_get_usage(&now);
        assert_true(now.committed - before.committed < BLOCKS * (sizes[s] + 16) * 2 + (1 << 18));
        assert_true(heap_is_valid(self, &mine) && heap_is_valid(self, &yours));
        for (int i = 0; i < BLOCKS; i++)
            if (blocks[i])
                assert_int_equal(heap_free(self, &yours, blocks[i]), HEAP_OK);
    }
    assert_int_equal(yours.sums.live_bytes, 0);
    assert_int_equal(mine.sums.live_bytes, 0);
}

/* Each look-up for room goes through all of them. */
static void who_hands_over_each_block_shares_few_spans(void **state)
{
    enum { BLOCKS = 2000 };
    int regions = 0;

    (void)state;
    for (int i = 0; i < BLOCKS; i++)
        assert_int_equal(heap_transfer(self, &mine, &yours, heap_alloc(self, &mine, 1000)),
                         HEAP_OK);
    region_visit(SHARED_OWNER, count_region, &regions);
    assert_in_range(regions, 2, BLOCKS / 20); /* spans, and the lists of their owners */
    heap_close(self, &yours, 0);
    heap_open(&yours, YOU, (SIZE_T)-1);
}

static void what_comes_into_a_shared_span_is_its_givers_alone(void **state)
{
    char *first = heap_alloc(self, &mine, 100), *mines, *yourss;

    (void)state;
    assert_int_equal(heap_transfer(self, &mine, &yours, first), HEAP_OK);
    yourss = heap_alloc(self, &yours, 100);
    assert_ptr_not_equal(region_find(yourss), region_find(first));
    assert_ptr_not_equal(region_find(heap_alloc(self, &mine, 200)), region_find(first));
    mines = heap_alloc(self, &mine, 100);
    assert_ptr_equal(region_find(mines), region_find(first));
    assert_int_equal(heap_free(self, &yours, mines), HEAP_FOREIGN);
    assert_int_equal(size_of(&mine, mines), 100);
    heap_close(self, &mine, 0);
    heap_open(&mine, ME, (SIZE_T)-1);
    assert_int_equal(size_of(&mine, mines), (SIZE_T)-1);
    /* The next expert under the same key has no part in it. */
    assert_ptr_not_equal(region_find(heap_alloc(self, &mine, 100)), region_find(first));
    assert_int_equal(heap_free(self, &yours, first), HEAP_OK);
}

/* Whether one of the next blocks of its class is the one at this address. */
static int comes_again(struct heap *heap, const void *block)
{
    int came = 0;

    for (int i = 0; i < 200 && !came; i++)
        came = heap_alloc(self, heap, 100) == block;
    return came;
}

static int is_quarantined(const struct region *region)
{
    return region->owner == REGION_QUARANTINED;
}

static void end_badly(struct heap *heap)
{
    void *owner = heap->owner;

    heap_close(self, heap, 1);
    heap_open(heap, owner, (SIZE_T)-1);
}

static void what_stale_writers_may_reach_is_given_to_nobody_while_the_span_lives(void **state)
{
    void *block = heap_alloc(self, &mine, 100), *other = heap_alloc(self, &mine, 100);
    const struct region *span = region_find(block);
    struct heap_block found;

    (void)state;
    assert_int_equal(heap_transfer(self, &mine, &yours, block), HEAP_OK);
    end_badly(&yours);
    assert_int_equal(heap_find(self, &mine, block, &found), HEAP_BAD);
    assert_int_equal(heap_find(self, NULL, block, &found), HEAP_BAD);
    assert_int_equal(heap_free(self, &mine, block), HEAP_BAD);
    assert_false(comes_again(&mine, block));
    assert_int_equal(size_of(&mine, other), 100);
    assert_int_equal(size_of(&yours, block), (SIZE_T)-1); /* nor to the next expert under its key */
    assert_true(heap_is_valid(self, &mine) && heap_is_valid(self, &yours));
    heap_close(self, &mine, 0); /* the last live block is freed: the addresses stay quarantined */
    heap_open(&mine, ME, (SIZE_T)-1);
    assert_true(is_quarantined(span));
    assert_int_equal(region_footprint(span), 0);
}

static void a_span_lives_on_after_its_givers_abnormal_close(void **state)
{
    void *block = heap_alloc(self, &mine, 100), *other = heap_alloc(self, &mine, 100);
    const struct region *span = region_find(block);

    (void)state;
    assert_int_equal(heap_transfer(self, &mine, &yours, block), HEAP_OK);
    end_badly(&mine);
    assert_ptr_equal(span->owner, SHARED_OWNER);
    assert_int_equal(size_of(&yours, block), 100);
    assert_int_equal(size_of(&mine, other), (SIZE_T)-1);
    assert_false(comes_again(&mine, other));
    assert_int_equal(heap_free(self, &yours, block), HEAP_OK);
    assert_true(is_quarantined(span)); /* its pages are decommitted */
    assert_int_equal(region_footprint(span), 0);
}

static void a_span_whose_last_owners_close_is_abnormal_is_quarantined(void **state)
{
    for (int first = 0; first < 2; first++) {
        void *block = heap_alloc(self, &mine, 100), *other = heap_alloc(self, &mine, 100);
        const struct region *span = region_find(block);
        assert_int_equal(heap_transfer(self, &mine, &yours, block), HEAP_OK);
        assert_int_equal(size_of(&mine, other), 100);
        end_badly(first ? &mine : &yours);
        assert_ptr_equal(span->owner, SHARED_OWNER);
        end_badly(first ? &yours : &mine);
        assert_true(is_quarantined(span));
        assert_int_equal(region_footprint(span), 0);
        open_heaps(state);
    }
}

/* What the closed experts had serves nobody; the giver, which is open, has the rest. */
static void a_span_without_open_owners_serves_nobody(void **state)
{
    void *blocks[2] = {heap_alloc(self, &mine, 100), heap_alloc(self, &mine, 100)};
    struct region *span = region_find(blocks[0]);
    struct heap his;

    (void)state;
    heap_open(&his, (void *)0x6660, (SIZE_T)-1);
    assert_int_equal(heap_transfer(self, &mine, &yours, blocks[0]), HEAP_OK);
    assert_int_equal(heap_transfer(self, &mine, &his, blocks[1]), HEAP_OK);
    end_badly(&yours);
    assert_ptr_equal(span->owner, SHARED_OWNER);
    heap_close(self, &his, 1);
    assert_true(is_quarantined(span)); /* and the giver still works */
    assert_ptr_not_equal(region_find(heap_alloc(self, &mine, 100)), span);
    shared_visit(self, YOU, must_not_be_called, NULL);
    shared_visit(self, his.owner, must_not_be_called, NULL);
    assert_ptr_equal(region_find(blocks[0]), span);
    assert_true(standin_faults(unit_touch, blocks[0], NULL));
}

/* A close that is not abnormal leaves nothing behind. */
static void a_block_freed_in_a_normal_close_is_handed_out_again(void **state)
{
    void *block = heap_alloc(self, &mine, 100), *other = heap_alloc(self, &mine, 100);

    (void)state;
    assert_int_equal(heap_transfer(self, &mine, &yours, block), HEAP_OK);
    heap_close(self, &yours, 0);
    heap_open(&yours, YOU, (SIZE_T)-1);
    assert_ptr_equal(shared_alloc(self, ME, heap_class(100), 100), block);
    give(self, block, NULL);
    assert_int_equal(size_of(&mine, other), 100);
}

static void take_one(void *argument)
{
    (void)argument;
    heap_alloc(thread_self(), &mine, 100);
}

static void a_thread_may_die_while_it_takes_a_block_of_a_shared_span(void **state)
{
    unsigned long deaths = 0;

    if (!standin_can_step())
        skip();
    for (DWORD died = 1; died; deaths += died) {
        struct span *span;
        close_and_load_anew(state);
        open_heaps(state);
        handed_over = heap_alloc(self, &mine, 100);
        assert_int_equal(heap_transfer(self, &mine, &yours, handed_over), HEAP_OK);
        span = span_at(handed_over);
        died = unit_kill_at(take_one, deaths);
        heap_repair(self, &mine, 0);
        assert_true(heap_is_valid(self, &mine));
        assert_in_range(mine.sums.live_bytes, 0, 100);
        heap_close(self, &mine, 0);
        heap_open(&mine, ME, (SIZE_T)-1);
        assert_int_equal(span->used, 1);
        assert_int_equal(heap_free(self, &yours, handed_over), HEAP_OK);
        assert_ptr_not_equal(span->region.owner, SHARED_OWNER);
    }
    print_message("%lu deaths\n", deaths);
    assert_true(deaths > 5);
}

static void free_quarantined(void *argument)
{
    (void)argument;
    shared_release(thread_self(), YOU, 1);
}

/* The span lies far behind in its segment, where the place of block states varies. */
static void a_thread_may_die_while_it_quarantines_a_shared_span(void **state)
{
    enum { BEFORE = 68, BLOCKS = 30 };
    unsigned long deaths = 0;

    if (!standin_can_step())
        skip();
    for (DWORD died = 1; died; deaths += died) {
        struct region *before[BEFORE];
        void *blocks[BLOCKS];
        struct heap his;
        close_and_load_anew(state);
        open_heaps(state);
        heap_open(&his, (void *)0x6660, (SIZE_T)-1);
        for (int i = 0; i < BEFORE; i++)
            before[i] = region_take(self, his.owner, 1, 0);
        for (int i = 0; i < BLOCKS; i++)
            blocks[i] = heap_alloc(self, &mine, 100);
        handed_over = blocks[0];
        for (int i = 0; i < BLOCKS; i++)
            blocks[i] = heap_alloc(self, &his, 100);
        assert_int_equal(heap_transfer(self, &mine, &yours, handed_over), HEAP_OK);
        heap_close(self, &mine, 0);
        heap_open(&mine, ME, (SIZE_T)-1);
        died = unit_kill_at(free_quarantined, deaths);
        heap_repair(self, &yours, 1);
        heap_close(self, &yours, 1);
        heap_open(&yours, YOU, (SIZE_T)-1);
        assert_true(is_quarantined(region_find(handed_over)));
        for (int i = 0; i < BLOCKS; i++)
            assert_int_equal(size_of(&his, blocks[i]), 100);
        assert_true(heap_is_valid(self, &his));
        heap_close(self, &his, 0);
        for (int i = 0; i < BEFORE; i++)
            region_release(self, before[i]);
    }
    print_message("%lu deaths\n", deaths);
    assert_true(deaths > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(only_shared_blocks_are_touched),
        ONE(the_list_of_owners_is_nobodys_block),
        ONE(freed_blocks_are_nobodys),
        ONE(no_call_holds_up_other_threads_afterwards),
        ONE(while_one_thread_visits_shared_spans_others_wait),
        ONE(the_close_of_a_heap_without_shared_blocks_waits_for_nobody),
        ONE(what_can_not_be_shared_stays_the_givers),
        ONE(a_thread_may_die_while_it_frees_a_shared_block),
        ONE(a_repair_of_a_full_span_leaves_its_neighbour_alone),
        ONE(a_thread_may_die_while_it_hands_a_block_over),
        ONE(who_hands_over_each_block_fills_one_span_after_the_other),
        ONE(who_hands_over_each_block_shares_few_spans),
        ONE(what_comes_into_a_shared_span_is_its_givers_alone),
        ONE(what_stale_writers_may_reach_is_given_to_nobody_while_the_span_lives),
        ONE(a_span_lives_on_after_its_givers_abnormal_close),
        ONE(a_span_whose_last_owners_close_is_abnormal_is_quarantined),
        ONE(a_span_without_open_owners_serves_nobody),
        ONE(a_block_freed_in_a_normal_close_is_handed_out_again),
        ONE(a_thread_may_die_while_it_takes_a_block_of_a_shared_span),
        ONE(a_thread_may_die_while_it_quarantines_a_shared_span),
    };

    return UNIT_RUN(tests);
}
