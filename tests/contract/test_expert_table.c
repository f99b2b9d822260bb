/*
 * test_expert_table.c - the expert functions' table of codes, as an unaware host sees it: the host
 * makes up the keys and calls no host function. Under --aware the same cells for experts that the
 * host opened.
 */
#include "contract.h"

#include <stdlib.h>

/* A well-behaved expert's block beside each misuse: it must not change. */
struct twin {
    HEXPERTKEY key;
    void *small;
    void *large;
};

static struct twin twin_make(void)
{
    struct twin twin = {contract_key(), NULL, NULL};
    twin.small = must_alloc(twin.key, 100);
    twin.large = must_alloc(twin.key, 100000);
    content_fill(twin.small, 100, 1);
    content_fill(twin.large, 100000, 2);
    return twin;
}

static void twin_check(const struct twin *twin)
{
    expect_size(twin->key, twin->small, 100);
    expect_size(twin->key, twin->large, 100000);
    assert_true(content_holds(twin->small, 100, 1));
    assert_true(content_holds(twin->large, 100000, 2));
}

static void twin_end(const struct twin *twin)
{
    twin_check(twin);
    expect_free(twin->key, twin->small, NMERR_SUCCESS);
    expect_free(twin->key, twin->large, NMERR_SUCCESS);
}

/* What the three functions that take a block must return for a pointer to no block. */
static void expect_refused(HEXPERTKEY key, void *pointer)
{
    expect_size(key, pointer, 0);
    expect_free(key, pointer, NMERR_INVALID_PARAMETER);
    expect_no_realloc(key, pointer, 10, NMERR_INVALID_PARAMETER);
    expect_no_realloc(key, pointer, 0, NMERR_INVALID_PARAMETER);
    expect_no_realloc(key, pointer, SIZE_MAX, NMERR_INVALID_PARAMETER);
}

static const SIZE_T too_large[] = {
    SIZE_MAX,         SIZE_MAX - 1,     SIZE_MAX - 7,     SIZE_MAX - 15,
    SIZE_MAX - 16,    SIZE_MAX - 4095,  SIZE_MAX - 65535, SIZE_MAX - 65536,
    SIZE_MAX - 65537, SIZE_MAX / 4 * 3, SIZE_MAX / 2 + 1,
};

static void alloc_gives_a_block_and_says_success(void **state)
{
    HEXPERTKEY key = contract_key();
    void *block = must_alloc(key, 100);
    (void)state;
    content_fill(block, 100, 3);
    assert_true(content_holds(block, 100, 3));
    expect_free(key, block, NMERR_SUCCESS);
}

static void realloc_keeps_the_content_and_says_success(void **state)
{
    HEXPERTKEY key = contract_key();
    void *block = must_alloc(key, 100);
    (void)state;
    content_fill(block, 100, 3);
    block = must_realloc(key, block, 200);
    assert_true(content_holds(block, 100, 3));
    block = must_realloc(key, block, 50);
    assert_true(content_holds(block, 50, 3));
    block = must_realloc(key, block, 200000);
    assert_true(content_holds(block, 50, 3));
    block = must_realloc(key, block, 50);
    assert_true(content_holds(block, 50, 3));
    expect_free(key, block, NMERR_SUCCESS);
}

static void realloc_leaves_no_second_block_behind(void **state)
{
    HEXPERTKEY key = contract_key();
    void *old = must_alloc(key, 100);
    void *block = must_realloc(key, old, 3000);
    (void)state;
    if (old != block)
        expect_refused(key, old);
    expect_free(key, block, NMERR_SUCCESS);
    expect_refused(key, block);
}

static void pError_may_be_null(void **state)
{
    HEXPERTKEY key = contract_key();
    void *block = nm.alloc(key, 10, NULL);
    (void)state;
    assert_non_null(block);
    block = nm.realloc(key, block, 20000, NULL);
    assert_non_null(block);
    assert_null(nm.alloc(key, SIZE_MAX, NULL));
    assert_null(nm.alloc(NULL, 10, NULL));
    assert_null(nm.realloc(key, block, SIZE_MAX, NULL));
    assert_null(nm.realloc(NULL, block, 10, NULL));
    assert_null(nm.realloc(key, (char *)block + 1, 10, NULL));
    expect_free(key, block, NMERR_SUCCESS);
}

static void a_null_key_is_an_invalid_handle(void **state)
{
    struct twin twin = twin_make();
    (void)state;
    expect_no_alloc(NULL, 10, NMERR_INVALID_EXPERT_HANDLE);
    expect_no_alloc(NULL, 0, NMERR_INVALID_EXPERT_HANDLE);
    expect_no_realloc(NULL, NULL, 10, NMERR_INVALID_EXPERT_HANDLE);
    expect_no_realloc(NULL, twin.small, 10, NMERR_INVALID_EXPERT_HANDLE);
    expect_free(NULL, twin.small, NMERR_INVALID_EXPERT_HANDLE);
    expect_free(NULL, twin.large, NMERR_INVALID_EXPERT_HANDLE);
    expect_size(NULL, twin.small, 0);
    expect_size(NULL, NULL, 0);
    twin_end(&twin);
}

static void alloc_opens_a_key_never_seen(void **state)
{
    HEXPERTKEY key = contract_unknown_key();
    (void)state;
    expect_free(key, must_alloc(key, 10), NMERR_SUCCESS);
}

static void every_key_but_null_is_a_key(void **state)
{
    static const ULONG_PTR keys[] = {1, 2, 3, 0x7FFFFFFF, 0x80000000, (ULONG_PTR)-1, (ULONG_PTR)-2};
    void *blocks[CONTRACT_COUNT(keys)];
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(keys); i++)
        blocks[i] = must_alloc((HEXPERTKEY)keys[i], 10 + i);
    for (size_t i = 0; i < CONTRACT_COUNT(keys); i++) {
        expect_size((HEXPERTKEY)keys[i], blocks[i], 10 + i);
        expect_size((HEXPERTKEY)keys[(i + 1) % CONTRACT_COUNT(keys)], blocks[i], 0);
    }
    for (size_t i = 0; i < CONTRACT_COUNT(keys); i++)
        expect_free((HEXPERTKEY)keys[i], blocks[i], NMERR_SUCCESS);
}

static void many_keys_stay_apart(void **state)
{
    enum { KEYS = 3000 };
    HEXPERTKEY *keys = calloc(KEYS, sizeof *keys);
    void **blocks = calloc(KEYS, sizeof *blocks);
    (void)state;
    assert_non_null(keys);
    assert_non_null(blocks);
    for (SIZE_T i = 0; i < KEYS; i++) {
        keys[i] = contract_key();
        blocks[i] = must_alloc(keys[i], i % 50);
        content_fill(blocks[i], i % 50, (uint32_t)i);
    }
    for (SIZE_T i = 0; i < KEYS; i++) {
        assert_true(content_holds(blocks[i], i % 50, (uint32_t)i));
        expect_size(keys[i], blocks[i], i % 50);
        expect_size(keys[(i + 1) % KEYS], blocks[i], 0);
        expect_free(keys[i], blocks[i], NMERR_SUCCESS);
    }
    free(keys);
    free(blocks);
}

static void realloc_of_null_opens_a_key_never_seen(void **state)
{
    HEXPERTKEY key = contract_unknown_key();
    void *block = must_realloc(key, NULL, 10);
    (void)state;
    assert_true(content_is_zero(block, 10));
    expect_free(key, block, NMERR_SUCCESS);
}

/* Whoever owns the block: a block that is no legacy block does not open the unknown key. */
static void a_key_never_seen_has_no_pointers(void **state)
{
    HEXPERTKEY key = contract_unknown_key();
    int here = 0;
    (void)state;
    expect_free(key, &here, NMERR_INVALID_EXPERT_HANDLE);
    expect_no_realloc(key, &here, 10, NMERR_INVALID_EXPERT_HANDLE);
    expect_size(key, &here, 0);
    expect_size(key, NULL, 0);
    /* The key is still unknown. */
    expect_free(key, &here, NMERR_INVALID_EXPERT_HANDLE);
}

static void zero_bytes_give_unique_blocks_that_are_freed_once(void **state)
{
    enum { BLOCKS = 300 };
    HEXPERTKEY key = contract_key();
    void *blocks[BLOCKS];
    (void)state;
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = must_alloc(key, 0);
        for (int j = 0; j < i; j++)
            assert_ptr_not_equal(blocks[i], blocks[j]);
    }
    for (int i = 0; i < BLOCKS; i++) {
        expect_size(key, blocks[i], 0);
        expect_free(key, blocks[i], NMERR_SUCCESS);
        expect_free(key, blocks[i], NMERR_INVALID_PARAMETER);
    }
}

static void realloc_to_zero_shrinks_and_frees_nothing(void **state)
{
    static const SIZE_T sizes[] = {0, 1, 100, 5000, 40000, 3u << 20};
    HEXPERTKEY key = contract_key();
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++) {
        void *block = must_alloc(key, sizes[i]);
        content_fill(block, sizes[i], 9);
        block = must_realloc(key, block, 0);
        expect_size(key, block, 0);
        block = must_realloc(key, block, sizes[i] + 1);
        assert_true(content_is_zero(block, sizes[i] + 1));
        block = must_realloc(key, block, 0);
        expect_free(key, block, NMERR_SUCCESS);
        expect_refused(key, block);
    }
}

static void too_large_an_alloc_is_out_of_memory(void **state)
{
    HEXPERTKEY key = contract_key();
    void *block = must_alloc(key, 10);
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(too_large); i++) {
        expect_no_alloc(key, too_large[i], NMERR_OUT_OF_MEMORY);
        expect_no_realloc(key, NULL, too_large[i], NMERR_OUT_OF_MEMORY);
    }
    expect_size(key, block, 10);
    expect_free(key, must_alloc(key, 10), NMERR_SUCCESS);
    expect_free(key, block, NMERR_SUCCESS);
}

static void too_large_a_realloc_leaves_the_original(void **state)
{
    static const SIZE_T sizes[] = {0, 10, 5000, 40000, 3u << 20};
    HEXPERTKEY key = contract_key();
    (void)state;
    for (size_t s = 0; s < CONTRACT_COUNT(sizes); s++) {
        void *block = must_alloc(key, sizes[s]);
        content_fill(block, sizes[s], 5);
        for (size_t i = 0; i < CONTRACT_COUNT(too_large); i++) {
            expect_no_realloc(key, block, too_large[i], NMERR_OUT_OF_MEMORY);
            expect_size(key, block, sizes[s]);
            assert_true(content_holds(block, sizes[s], 5));
        }
        block = must_realloc(key, block, sizes[s] + 10);
        assert_true(content_holds(block, sizes[s], 5));
        expect_free(key, block, NMERR_SUCCESS);
    }
}

static void a_null_block_is_allocated_by_realloc(void **state)
{
    HEXPERTKEY key = contract_key();
    void *empty = must_realloc(key, NULL, 0);
    void *block = must_realloc(key, NULL, 1000);
    void *large = must_realloc(key, NULL, 1000000);
    (void)state;
    assert_true(content_is_zero(block, 1000));
    assert_true(content_is_zero(large, 1000000));
    expect_free(key, empty, NMERR_SUCCESS);
    expect_free(key, block, NMERR_SUCCESS);
    expect_free(key, large, NMERR_SUCCESS);
}

static void a_null_block_is_freed_with_success_and_has_no_size(void **state)
{
    struct twin twin = twin_make();
    (void)state;
    expect_free(twin.key, NULL, NMERR_SUCCESS);
    expect_size(twin.key, NULL, 0);
    twin_end(&twin);
}

static void a_block_is_freed_once(void **state)
{
    static const SIZE_T sizes[] = {0, 1, 100, 5000, 32768, 32769, 65536, 3u << 20};
    struct twin twin = twin_make();
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++) {
        void *block = must_alloc(twin.key, sizes[i]);
        expect_free(twin.key, block, NMERR_SUCCESS);
        expect_refused(twin.key, block);
        expect_refused(twin.key, block);
    }
    twin_end(&twin);
}

static void a_stale_pointer_frees_nothing_of_another_size(void **state)
{
    HEXPERTKEY key = contract_key();
    void *stale[64];
    (void)state;
    for (int i = 0; i < 64; i++)
        stale[i] = must_alloc(key, 48);
    for (int i = 0; i < 64; i++)
        expect_free(key, stale[i], NMERR_SUCCESS);
    for (int i = 0; i < 64; i++)
        expect_refused(key, stale[i]);
}

/* The expert has no other block, so no nearby address is the start of a block. */
static void only_the_start_of_a_block_is_a_block(void **state)
{
    static const SIZE_T sizes[] = {1, 100, 1024, 5000, 40000, 300000};
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++) {
        HEXPERTKEY key = contract_key();
        char *block = must_alloc(key, sizes[i]);
        for (ULONG_PTR at = (ULONG_PTR)block - 600; at < (ULONG_PTR)block + sizes[i] + 600;
             at += sizes[i] < 2000 ? 1 : 37)
            if (at != (ULONG_PTR)block) {
                expect_size(key, (LPVOID)at, 0);
                expect_free(key, (LPVOID)at, NMERR_INVALID_PARAMETER);
                expect_no_realloc(key, (LPVOID)at, 3, NMERR_INVALID_PARAMETER);
            }
        for (ULONG_PTR at = 4096; at < sizes[i];
             at += 4096) /* pages and regions of a large block */
            expect_refused(key, block + at);
        expect_size(key, block, sizes[i]);
        expect_free(key, block, NMERR_SUCCESS);
    }
}

static int in_static_memory;

static void wild_pointers_are_refused(void **state)
{
    struct twin twin = twin_make();
    HANDLE heap = HeapCreate(0, 0, 0);
    void *fixed[] = {
        &in_static_memory,
        &heap,
        (void *)(ULONG_PTR)&wild_pointers_are_refused,
        (void *)(ULONG_PTR)nm.alloc,
        (void *)contract_dll,
        HeapAlloc(heap, 0, 100),
        HeapAlloc(GetProcessHeap(), 0, 100),
        malloc(100),
        VirtualAlloc(NULL, 1 << 20, MEM_RESERVE, PAGE_NOACCESS),
        VirtualAlloc(NULL, 1 << 20, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE),
        twin.key,
        heap,
    };
    static const ULONG_PTR numbers[] = {
        1,
        2,
        8,
        16,
        0x1000,
        0x10000,
        0x10010,
        0x7FFE0000,
        0x7FFEFFFF,
        0x7FFF0000,
        0x80000000,
        0xC0000000,
        (ULONG_PTR)-1,
        (ULONG_PTR)-16,
        0xFFFF0000,
        0xFFFFFFF0,
        0xFFFFFFFF,
        SIZE_MAX / 2,
        SIZE_MAX / 2 + 1,
        (ULONG_PTR)-65536,
#ifdef _WIN64
        0x100000000,
        0x7FFFFFFEFFFF,
        0x7FFFFFFF0000,
        0x7FFFFFFFFFFF,
        0x800000000000,
        0xFFFF7FFFFFFFFFFF,
        0xFFFF800000000000,
        0xFFFFF80000000000,
#endif
    };
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(fixed); i++)
        expect_refused(twin.key, fixed[i]);
    for (size_t i = 0; i < CONTRACT_COUNT(numbers); i++)
        expect_refused(twin.key, (void *)numbers[i]);
    twin_end(&twin);
    free(fixed[7]);
    HeapFree(GetProcessHeap(), 0, fixed[6]);
    HeapFree(heap, 0, fixed[5]);
    HeapDestroy(heap);
    VirtualFree(fixed[8], 0, MEM_RELEASE);
    VirtualFree(fixed[9], 0, MEM_RELEASE);
}

static void random_pointers_are_refused(void **state)
{
    struct twin twin = twin_make();
    uint32_t random = contract_seed;
    (void)state;
    for (int i = 0; i < 100000; i++) {
        ULONG_PTR at = content_random(&random);
#ifdef _WIN64
        at |= (ULONG_PTR)content_random(&random) << 32;
        at >>= content_random(&random) % 40;
#endif
        if (i % 4 == 1) /* near a live block */
            at = (ULONG_PTR)twin.small + at % (1 << 20);
        if (at == 0 || (void *)at == twin.small || (void *)at == twin.large)
            continue;
        expect_size(twin.key, (LPVOID)at, 0);
        expect_free(twin.key, (LPVOID)at, NMERR_INVALID_PARAMETER);
        expect_no_realloc(twin.key, (LPVOID)at, 10, NMERR_INVALID_PARAMETER);
    }
    twin_end(&twin);
}

static void the_size_of_anothers_block_is_0(void **state)
{
    struct twin twin = twin_make();
    HEXPERTKEY other = contract_aware ? contract_key() : contract_implicit_key();
    (void)state;
    expect_size(other, twin.small, 0);
    expect_size(other, twin.large, 0);
    twin_end(&twin);
}

/* Callers that follow the documentation's page read the whole register. */
static void free_fits_a_caller_that_expects_a_SIZE_T(void **state)
{
    HEXPERTKEY key = contract_key();
    void *block = must_alloc(key, 10);
    (void)state;
    assert_int_equal(nm.free_wide(key, (char *)block + 1), NMERR_INVALID_PARAMETER);
    assert_int_equal(nm.free_wide(NULL, block), NMERR_INVALID_EXPERT_HANDLE);
    assert_int_equal(nm.free_wide(contract_unknown_key(), &key), NMERR_INVALID_EXPERT_HANDLE);
    assert_int_equal(nm.free_wide(key, (void *)(ULONG_PTR)-16), NMERR_INVALID_PARAMETER);
    assert_int_equal(nm.free_wide(key, block), NMERR_SUCCESS);
    assert_int_equal(nm.free_wide(key, block), NMERR_INVALID_PARAMETER);
    assert_int_equal(nm.free_wide(key, NULL), NMERR_SUCCESS);
}

static void names_are_exported_undecorated(void **state)
{
    static const char *const decorated[] = {
        "_ExpertAllocMemory@12", "ExpertAllocMemory@12", "_ExpertReallocMemory@16",
        "_ExpertFreeMemory@8",   "_ExpertMemorySize@8",  "ExpertFreeMemory@8",
        "_NmapiOpenExpert@8",    "NmapiOpenExpert@8",    "_ExpertAllocMemory"};
    (void)state;
    assert_non_null(GetProcAddress(contract_dll, "ExpertAllocMemory"));
    for (size_t i = 0; i < CONTRACT_COUNT(decorated); i++)
        assert_null(GetProcAddress(contract_dll, decorated[i]));
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(alloc_gives_a_block_and_says_success),
        cmocka_unit_test(realloc_keeps_the_content_and_says_success),
        cmocka_unit_test(realloc_leaves_no_second_block_behind),
        cmocka_unit_test(pError_may_be_null),
        cmocka_unit_test(a_null_key_is_an_invalid_handle),
        cmocka_unit_test(alloc_opens_a_key_never_seen),
        cmocka_unit_test(every_key_but_null_is_a_key),
        cmocka_unit_test(many_keys_stay_apart),
        cmocka_unit_test(realloc_of_null_opens_a_key_never_seen),
        cmocka_unit_test(a_key_never_seen_has_no_pointers),
        cmocka_unit_test(zero_bytes_give_unique_blocks_that_are_freed_once),
        cmocka_unit_test(realloc_to_zero_shrinks_and_frees_nothing),
        cmocka_unit_test(too_large_an_alloc_is_out_of_memory),
        cmocka_unit_test(too_large_a_realloc_leaves_the_original),
        cmocka_unit_test(a_null_block_is_allocated_by_realloc),
        cmocka_unit_test(a_null_block_is_freed_with_success_and_has_no_size),
        cmocka_unit_test(a_block_is_freed_once),
        cmocka_unit_test(a_stale_pointer_frees_nothing_of_another_size),
        cmocka_unit_test(only_the_start_of_a_block_is_a_block),
        cmocka_unit_test(wild_pointers_are_refused),
        cmocka_unit_test(random_pointers_are_refused),
        cmocka_unit_test(the_size_of_anothers_block_is_0),
        cmocka_unit_test(free_fits_a_caller_that_expects_a_SIZE_T),
        cmocka_unit_test(names_are_exported_undecorated),
    };
    contract_load(argc, argv);
    return cmocka_run_group_tests_name(contract_aware ? "table, aware host" : "table, unaware host",
                                       tests, NULL, NULL) != 0;
}
