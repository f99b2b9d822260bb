/* test_heap.c - the promises of heap.h. */
#include "heaps.h"

#include "pages/cache.h"
#include "pages/own.h"

static void every_size_has_the_smallest_class_that_holds_it(void **state)
{
    (void)state;
    for (unsigned bytes = 0; bytes <= HEAP_SMALL; bytes++) {
        unsigned c = heap_class(bytes), block = heap_class_bytes(c);
        assert_true(c < HEAP_CLASSES);
        assert_true(block >= bytes && block % 16 == 0);
        for (unsigned other = 0; other < HEAP_CLASSES; other++)
            assert_true(heap_class_bytes(other) < bytes || heap_class_bytes(other) >= block);
        if (bytes > 512)
            assert_true((block - bytes) * 8 <= block);
        else if (bytes)
            assert_true(block - bytes < 16);
    }
}

static void the_limit_is_never_passed_and_the_peak_is_the_most(void **state)
{
    void *a, *b;

    (void)state;
    mine.sums.limit = 1000;
    a = heap_alloc(self, &mine, 600);
    assert_non_null(a);
    assert_null(heap_alloc(self, &mine, 401));
    assert_int_equal(heap_realloc(self, &mine, &a, 1001), HEAP_FULL);
    b = heap_alloc(self, &mine, 400);
    assert_non_null(b);
    assert_int_equal(heap_free(self, &mine, b), HEAP_OK);
    assert_int_equal(mine.sums.live_bytes, 600);
    assert_int_equal(mine.sums.peak_bytes, 1000);
    assert_null(heap_alloc(self, &mine, (SIZE_T)-1));
    assert_null(heap_alloc(self, &mine, (SIZE_T)-700));
}

static void a_look_up_tells_own_blocks_from_others_and_from_none(void **state)
{
    static const SIZE_T sizes[] = {0, 24, 1000, 5000, 32767, 32768, 100000};
    struct heap_block found;

    (void)state;
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *block = heap_alloc(self, &mine, sizes[i]);
        assert_int_equal(heap_find(self, &mine, block, &found), HEAP_OK);
        assert_int_equal(found.bytes, sizes[i]);
        assert_int_equal(heap_find(self, &yours, block, &found), HEAP_FOREIGN);
        assert_ptr_equal(found.owner, ME);
        assert_int_equal(heap_find(self, NULL, block, &found), HEAP_FOREIGN);
        for (int k = 1; k < 16; k++) {
            assert_int_equal(heap_find(self, &mine, block + k, &found), HEAP_BAD);
            assert_int_equal(heap_find(self, &yours, block - k, &found), HEAP_BAD);
        }
        assert_int_equal(heap_free(self, &yours, block), HEAP_FOREIGN);
        assert_int_equal(heap_free(self, &mine, block), HEAP_OK);
        assert_int_equal(heap_find(self, &mine, block, &found), HEAP_BAD);
        assert_int_equal(heap_find(self, &yours, block, &found), HEAP_BAD);
        assert_int_equal(heap_free(self, &mine, block), HEAP_BAD);
    }
}

static void add(void *block, SIZE_T bytes, void *context)
{
    SIZE_T *sum = context;

    (void)block;
    sum[0]++;
    sum[1] += bytes;
}

static void repair_makes_lists_and_sums_anew(void **state)
{
    void *blocks[3000];
    SIZE_T sums[2] = {0, 0}, live;

    (void)state;
    for (unsigned i = 0; i < 3000; i++)
        blocks[i] = heap_alloc(self, &mine, i % 100 == 99 ? 40000 : i);
    for (unsigned i = 0; i < 3000; i += 2)
        assert_int_equal(heap_free(self, &mine, blocks[i]), HEAP_OK);
    live = mine.sums.live_bytes;
    mine.sums.live_bytes = 12345;
    mine.sums.frees -= 7;
    mine.committed = 0;
    memset(mine.current, 0, sizeof mine.current);
    heap_repair(self, &mine, 0);
    assert_int_equal(mine.sums.live_bytes, live);
    assert_int_equal(mine.sums.allocations - mine.sums.frees, 1500);
    assert_true(heap_is_valid(self, &mine));
    heap_visit(self, &mine, add, sums);
    assert_int_equal(sums[0], 1500);
    assert_int_equal(sums[1], live);
}

static void a_quarantined_heap_faults_and_has_no_owner(void **state)
{
    static const SIZE_T sizes[] = {24, 1000, 5000, 100000};
    char *blocks[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        blocks[i] = heap_alloc(self, &mine, sizes[i]);
    heap_close(self, &mine, 1);
    for (int i = 0; i < 4; i++) {
        assert_true(standin_faults(unit_touch, blocks[i], NULL));
        assert_int_equal(heap_free(self, &yours, blocks[i]), HEAP_BAD);
        assert_ptr_equal(region_find(blocks[i])->owner, REGION_QUARANTINED);
    }
    heap_open(&mine, ME, (SIZE_T)-1);
    for (int i = 0; i < 4; i++) /* the next expert under the same key has no part in them */
        assert_int_equal(heap_free(self, &mine, blocks[i]), HEAP_BAD);
}

/* The regions go into quarantine, but the cache's limit falls as in any close. */
static void within_an_abnormal_last_close_the_cache_is_trimmed(void **state)
{
    enum { COUNT = 1000, KEEP_DEFAULT = 64 << 20 };
    static char *blocks[COUNT]; /* 195 MiB */

    (void)state;
    for (int i = 0; i < COUNT; i++)
        blocks[i] = take(200000);
    for (int i = 0; i < COUNT / 2; i++)
        assert_int_equal(heap_free(self, &mine, blocks[i]), HEAP_OK);
    assert_true(cache_pages() * OS_PAGE > KEEP_DEFAULT);
    heap_close(self, &mine, 1);
    heap_open(&mine, ME, (SIZE_T)-1);
    assert_in_range(cache_pages() * OS_PAGE, 0, KEEP_DEFAULT);
}

static void a_block_handed_over_is_the_takers(void **state)
{
    static const SIZE_T sizes[] = {24, 5000, 100000};
    SIZE_T sums[2] = {0, 0};
    struct heap_block found;

    (void)state;
    for (int i = 0; i < 3; i++) {
        char *block = heap_alloc(self, &mine, sizes[i]), *other = heap_alloc(self, &mine, sizes[i]);
        void *at = block;
        memset(block, 0x44, sizes[i]);
        assert_int_equal(heap_transfer(self, &yours, &mine, block), HEAP_FOREIGN);
        assert_int_equal(heap_transfer(self, &mine, &yours, block), HEAP_OK);
        assert_int_equal(heap_transfer(self, &mine, &yours, block), HEAP_FOREIGN);
        assert_int_equal(heap_find(self, &yours, block, &found), HEAP_OK);
        assert_int_equal(found.bytes, sizes[i]);
        assert_int_equal(heap_find(self, &mine, other, &found), HEAP_OK);
        assert_int_equal(heap_free(self, &mine, block), HEAP_FOREIGN);
        assert_int_equal(heap_realloc(self, &yours, &at, sizes[i] / 2), HEAP_OK);
        assert_int_equal(heap_realloc(self, &yours, &at, sizes[i] * 2), HEAP_OK);
        assert_memory_equal(at, "DDDD", 4);
        assert_int_equal(((char *)at)[sizes[i] / 2], 0);
        assert_int_equal(heap_transfer(self, &mine, &yours, (char *)other + 1), HEAP_BAD);
        assert_true(heap_is_valid(self, &mine) && heap_is_valid(self, &yours));
    }
    heap_visit(self, &yours, add, sums);
    assert_int_equal(sums[0], 3);
    yours.sums.limit = yours.sums.live_bytes + 10;
    assert_int_equal(heap_transfer(self, &mine, &yours, heap_alloc(self, &mine, 11)), HEAP_FULL);
}

/* Several spans of one class with free blocks: emptied from the middle, from the end, used up from
   the front. */
static void spans_with_room_come_and_go_in_any_order(void **state)
{
    enum { BLOCKS = 2600, BYTES = 1000 };
    static char *blocks[BLOCKS];
    static int span[BLOCKS]; /* the block's span; -1: the first block of each */
    int spans = 0;

    (void)state;
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = heap_alloc(self, &mine, BYTES);
        if (!i || region_find(blocks[i]) != region_find(blocks[i - 1]))
            span[i] = -1, spans++;
        else
            span[i] = spans;
    }
    assert_true(spans > 10);
    for (int i = 0; i < BLOCKS; i++)
        if (span[i] < 0)
            assert_int_equal(heap_free(self, &mine, blocks[i]), HEAP_OK);
    assert_true(heap_is_valid(self, &mine));
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < BLOCKS; i++) /* every second span */
            if (span[i] >= 0 && span[i] % 2 == round)
                assert_int_equal(heap_free(self, &mine, blocks[i]), HEAP_OK);
        assert_true(heap_is_valid(self, &mine));
        if (round == 0) /* the current span is used up, the next one serves */
            for (int i = 0; i < BLOCKS; i++)
                if (span[i] >= 0 && span[i] % 2 == 0)
                    assert_non_null(blocks[i] = heap_alloc(self, &mine, BYTES));
        assert_true(heap_is_valid(self, &mine));
    }
    for (int i = 0; i < BLOCKS; i++)
        if (span[i] >= 0 && span[i] % 2 == 0)
            assert_int_equal(heap_free(self, &mine, blocks[i]), HEAP_OK);
    assert_int_equal(mine.sums.live_bytes, 0);
}

/* A large expert has few guards and regions, a small one uses few addresses. */
static void the_spans_of_a_class_have_1_unit_then_8_then_32(void **state)
{
    static const struct {
        SIZE_T bytes;
        unsigned units[4]; /* of its spans; 0: not tested */
    } rows[] = {{16, {1, 8, 32, 32}}, {1024, {1, 8, 32, 32}}, {1040, {8, 32, 32}},
                {4096, {8, 32, 32}},  {4608, {32, 32}},       {32767, {32, 32}}};

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct span *span = NULL;
        for (int k = 0; k < 4 && rows[i].units[k];) {
            struct span *now = span_at(take(rows[i].bytes));
            if (now != span)
                assert_int_equal(record_of(&now->region)->pages / UNIT_PAGES, rows[i].units[k++]);
            span = now;
        }
    }
}

static void a_block_of_a_full_span_can_be_handed_over(void **state)
{
    void *blocks[600];

    (void)state;
    for (int i = 0; i < 600; i++)
        blocks[i] = heap_alloc(self, &mine, 1000);
    assert_int_equal(span_at(blocks[100])->kind, SPAN_FULL);
    assert_int_equal(heap_transfer(self, &mine, &yours, blocks[100]), HEAP_OK);
    assert_int_equal(heap_free(self, &yours, blocks[100]), HEAP_OK);
    for (int i = 0; i < 600; i++)
        assert_int_equal(heap_free(self, &mine, blocks[i]), i == 100 ? HEAP_BAD : HEAP_OK);
}

/* The fast path, with the bias. */
static void common_calls_keep_the_limit_and_the_owners(void **state)
{
    const HEXPERTKEY key = (HEXPERTKEY)0x7000, other = (HEXPERTKEY)0x8000;
    NMAPI_EXPERT_OPTIONS with = {.cbSize = sizeof with, .MemoryLimit = 3000};
    char *block, *theirs;

    (void)state;
    assert_int_equal(NmapiOpenExpert(key, &with), NMERR_SUCCESS);
    assert_int_equal(NmapiOpenExpert(other, NULL), NMERR_SUCCESS);
    theirs = ExpertAllocMemory(other, 100, NULL);
    for (int i = 0; i < 40; i++)
        assert_int_equal(ExpertFreeMemory(key, ExpertAllocMemory(key, 100, NULL)), NMERR_SUCCESS);
    block = ExpertAllocMemory(key, 2950, NULL);
    assert_non_null(block);
    assert_null(ExpertAllocMemory(key, 100, NULL));
    assert_int_equal(ExpertFreeMemory(key, block), NMERR_SUCCESS);
    block = ExpertAllocMemory(key, 1500, NULL);
    assert_null(ExpertAllocMemory(key, 1501, NULL));
    assert_int_equal(ExpertFreeMemory(key, theirs), NMERR_ACCESS_DENIED);
    assert_int_equal(ExpertFreeMemory(key, block + 8), NMERR_INVALID_PARAMETER);
    assert_int_equal(ExpertFreeMemory(key, (LPVOID)0xF000000000000000), NMERR_INVALID_PARAMETER);
    assert_int_equal(ExpertFreeMemory(key, &block), NMERR_INVALID_PARAMETER);
    assert_int_equal(ExpertFreeMemory(key, block), NMERR_SUCCESS);
    assert_int_equal(ExpertFreeMemory(key, block), NMERR_INVALID_PARAMETER);
    for (SIZE_T bytes = 0; bytes < 1024; bytes++) { /* of each class a first and a second one */
        block = ExpertAllocMemory(key, bytes, NULL);
        theirs = ExpertAllocMemory(key, bytes, NULL);
        assert_int_equal(ExpertFreeMemory(key, block + 8), NMERR_INVALID_PARAMETER);
        assert_int_equal(ExpertFreeMemory(key, theirs), NMERR_SUCCESS);
        assert_int_equal(ExpertFreeMemory(key, theirs), NMERR_INVALID_PARAMETER);
        assert_int_equal(ExpertFreeMemory(key, block), NMERR_SUCCESS);
    }
    assert_int_equal(NmapiCloseExpert(key, NULL), NMERR_SUCCESS);
    assert_int_equal(NmapiCloseExpert(other, NULL), NMERR_SUCCESS);
}

struct look {
    void *block;
    enum heap_result result;
};

static DWORD WINAPI look_for(LPVOID parameter)
{
    struct look *look = parameter;
    struct heap_block found;

    look->result = heap_find(bias_thread(), &yours, look->block, &found);
    return 0;
}

/* Another thread examines this heap while all regions are locked, and finds it changed. */
static enum heap_result found_after(void *block, void (*change)(struct region *))
{
    struct look look = {.block = block};
    unsigned long waits = standin_calls("WaitForSingleObject");
    HANDLE thread;

    region_lock(self);
    thread = CreateThread(NULL, 0, look_for, &look, 0, NULL);
    while (standin_calls("WaitForSingleObject") < waits + 2)
        Sleep(1);
    change(region_find(block));
    region_unlock();
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    return look.result;
}

static void stays(struct region *r)
{
    (void)r;
}

static void goes_to_another(struct region *r)
{
    atomic_store(&r->owner, (void *)0x6660);
}

static void goes_for_good(struct region *r)
{
    record_set_owner(record_of(r), NULL);
    own_release(record_of(r));
}

static void a_region_that_changes_during_a_look_up_is_found_as_it_is_then(void **state)
{
    char *block = heap_alloc(self, &mine, 100), *large = heap_alloc(self, &mine, 5 << 20);

    (void)state;
    assert_int_equal(found_after(block, stays), HEAP_FOREIGN);
    assert_int_equal(found_after(block, goes_to_another), HEAP_FOREIGN); /* live as before */
    region_find(block)->owner = ME;
    assert_int_equal(found_after(block + 8, stays), HEAP_BAD);
    assert_int_equal(found_after(large + 8, stays), HEAP_BAD);
    assert_int_equal(found_after(large, goes_for_good), HEAP_BAD);
    heap_repair(self, &mine, 0);
}

/* A model: what each block's address, size and content must be. */
static void a_million_calls_agree_with_a_model(void **state)
{
    enum { MOST = 4000 };
    static char *blocks[MOST];
    static SIZE_T sizes[MOST];
    unsigned seed = 1996, calls = standin_under_tsan() ? 100000 : 1000000;
    SIZE_T live = 0, count = 0;

    (void)state;
    print_message("seed %u\n", seed);
    for (unsigned call = 0; call < calls; call++) {
        unsigned i = unit_random(&seed) % MOST, what = unit_random(&seed) % 64;
        SIZE_T bytes = what == 0  ? 30000 + unit_random(&seed) % 100000
                       : what < 8 ? unit_random(&seed) % 8000
                                  : unit_random(&seed) % 300;
        if (!blocks[i]) {
            blocks[i] = heap_alloc(self, &mine, bytes);
            assert_non_null(blocks[i]);
            for (SIZE_T k = 0; k < bytes; k += 1 + bytes / 8)
                assert_int_equal(blocks[i][k], 0);
            live += bytes;
            count++;
        } else if (what % 3 == 0) {
            void *at = blocks[i];
            SIZE_T common = bytes < sizes[i] ? bytes : sizes[i];
            assert_int_equal(heap_realloc(self, &mine, &at, bytes), HEAP_OK);
            blocks[i] = at;
            live += bytes - sizes[i];
            if (common)
                assert_int_equal(blocks[i][0], (char)(i | 1));
            if (common == sizes[i] && common)
                assert_int_equal(blocks[i][common - 1], (char)(i | 1));
            if (bytes > common)
                assert_int_equal(blocks[i][common] | blocks[i][bytes - 1], 0);
        } else {
            if (sizes[i])
                assert_int_equal(blocks[i][sizes[i] - 1], (char)(i | 1));
            assert_int_equal(heap_free(self, &mine, blocks[i]), HEAP_OK);
            blocks[i] = NULL;
            live -= sizes[i];
            count--;
            bytes = 0;
        }
        sizes[i] = bytes;
        if (blocks[i] && bytes)
            blocks[i][0] = blocks[i][bytes - 1] = (char)(i | 1);
        if (call % 20000 == 0)
            assert_true(heap_is_valid(self, &mine));
    }
    assert_int_equal(mine.sums.live_bytes, live);
    assert_int_equal(mine.sums.allocations - mine.sums.frees, count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_has_the_smallest_class_that_holds_it),
        TEST(the_limit_is_never_passed_and_the_peak_is_the_most),
        TEST(a_look_up_tells_own_blocks_from_others_and_from_none),
        TEST(repair_makes_lists_and_sums_anew),
        TEST(a_quarantined_heap_faults_and_has_no_owner),
        TEST(a_block_handed_over_is_the_takers),
        TEST(spans_with_room_come_and_go_in_any_order),
        TEST(the_spans_of_a_class_have_1_unit_then_8_then_32),
        TEST(within_an_abnormal_last_close_the_cache_is_trimmed),
        TEST(a_block_of_a_full_span_can_be_handed_over),
        TEST(common_calls_keep_the_limit_and_the_owners),
        TEST(a_region_that_changes_during_a_look_up_is_found_as_it_is_then),
        TEST(a_million_calls_agree_with_a_model),
    };

    return UNIT_RUN(tests);
}
