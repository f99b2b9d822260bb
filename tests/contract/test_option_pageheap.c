/*
 * test_option_pageheap.c - NMAPI_OPTIONS=pageheap: the wrong instruction itself faults. Each fault
 * has its own process; beside each stands the same access where it is allowed.
 */
#include "child.h"

#define KEY ((HEXPERTKEY)(ULONG_PTR)0x6000)

static SIZE_T round_up(SIZE_T bytes)
{
    return (bytes + CONTRACT_ALIGNMENT - 1) / CONTRACT_ALIGNMENT * CONTRACT_ALIGNMENT;
}

/* The whole block is accessible; the option does not see an overrun up to the alignment. */
static unsigned char *make(void)
{
    SIZE_T bytes = (SIZE_T)child_expect;
    unsigned char *block = nm.alloc(KEY, bytes, NULL);
    if (block != NULL)
        memset(block, 1, bytes);
    return block;
}

static int child_read_past_the_end(void)
{
    child_read_fault(make() + round_up((SIZE_T)child_expect));
    return __LINE__;
}

static int child_write_past_the_end(void)
{
    child_write_fault(make() + round_up((SIZE_T)child_expect));
    return __LINE__;
}

/* Byte by byte: bytes up to the alignment are the block's own, which the option does not see; the
   next one faults. */
static int child_write_on_and_on(void)
{
    SIZE_T bytes = (SIZE_T)child_expect, room = round_up(bytes);
    unsigned char *neighbour = make(), *block = make();
    for (SIZE_T i = bytes; i < room; i++)
        block[i] = 2;
    CHILD_CHECK(nm.size(KEY, block) == bytes && nm.size(KEY, neighbour) == bytes);
    child_write_fault(block + room);
    return __LINE__;
}

static int child_write_past_a_block_handed_over(void)
{
    HEXPERTKEY other = (HEXPERTKEY)(ULONG_PTR)0x6010;
    unsigned char *block = make();
    CHILD_CHECK(nm.open(other, NULL) == NMERR_SUCCESS);
    CHILD_CHECK(nm.transfer(KEY, other, block) == NMERR_SUCCESS);
    CHILD_CHECK(nm.close(KEY, NULL) == NMERR_SUCCESS);
    memset(block, 2, (SIZE_T)child_expect);
    child_write_fault(block + round_up((SIZE_T)child_expect));
    return __LINE__;
}

static int child_write_past_a_grown_end(void)
{
    unsigned char *block = nm.realloc(KEY, make(), (SIZE_T)child_expect + 48, NULL);
    CHILD_CHECK(block != NULL);
    memset(block, 2, (SIZE_T)child_expect + 48);
    child_write_fault(block + round_up((SIZE_T)child_expect + 48));
    return __LINE__;
}

static int child_write_past_a_shrunk_end(void)
{
    unsigned char *block = nm.realloc(KEY, make(), (SIZE_T)child_expect / 2, NULL);
    CHILD_CHECK(block != NULL);
    memset(block, 2, (SIZE_T)child_expect / 2);
    child_write_fault(block + round_up((SIZE_T)child_expect / 2));
    return __LINE__;
}

static int child_read_after_free(void)
{
    unsigned char *block = make();
    CHILD_CHECK(nm.free(KEY, block) == NMERR_SUCCESS);
    child_read_fault(block);
    return __LINE__;
}

/* Freed by another expert: an implicit one, the one it was handed to, or a terminated one. */
static int child_read_after_anothers_free(void)
{
    unsigned char *block = make();
    CHILD_CHECK(nm.free((HEXPERTKEY)(ULONG_PTR)0x6020, block) == NMERR_SUCCESS);
    child_read_fault(block);
    return __LINE__;
}

static int child_read_after_the_takers_free(void)
{
    HEXPERTKEY other = (HEXPERTKEY)(ULONG_PTR)0x6010;
    unsigned char *block = make();
    CHILD_CHECK(nm.open(other, NULL) == NMERR_SUCCESS);
    CHILD_CHECK(nm.transfer(KEY, other, block) == NMERR_SUCCESS);
    CHILD_CHECK(nm.free(other, block) == NMERR_SUCCESS);
    child_read_fault(block);
    return __LINE__;
}

static int child_read_after_free_once_terminated(void)
{
    unsigned char *block = make();
    CHILD_CHECK(nm.terminate(KEY) == NMERR_SUCCESS);
    block[child_expect - 1] = 2; /* still there */
    CHILD_CHECK(nm.free(KEY, block) == NMERR_EXPERT_TERMINATE);
    child_read_fault(block);
    return __LINE__;
}

static int child_write_after_free(void)
{
    unsigned char *block = make();
    CHILD_CHECK(nm.free(KEY, block) == NMERR_SUCCESS);
    for (int i = 0; i < 100; i++) /* its addresses are not reused at once */
        CHILD_CHECK(nm.alloc(KEY, (SIZE_T)child_expect, NULL) != NULL);
    child_write_fault(block + child_expect - 1);
    return __LINE__;
}

static int child_read_what_realloc_left(void)
{
    unsigned char *block = make();
    unsigned char *moved = nm.realloc(KEY, block, (SIZE_T)child_expect + 200000, NULL);
    CHILD_CHECK(moved != NULL);
    CHILD_CHECK(moved[child_expect - 1] == 1);
    if (moved == block) /* grown in place: no old block is left */
        return CHILD_FAULTED;
    child_read_fault(block);
    return __LINE__;
}

static int child_read_after_close(void)
{
    unsigned char *block = make();
    CHILD_CHECK(nm.close(KEY, NULL) == NMERR_SUCCESS);
    child_read_fault(block);
    return __LINE__;
}

static int child_double_free(void)
{
    SIZE_T bytes = (SIZE_T)child_expect;
    DWORD error = CONTRACT_UNSET;
    unsigned char *block = make(), *kept = make();
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    CHILD_CHECK(nm.free(KEY, block) == NMERR_SUCCESS);
    for (int i = 0; i < 3; i++) {
        CHILD_CHECK(nm.free(KEY, block) == NMERR_INVALID_PARAMETER);
        CHILD_CHECK(nm.realloc(KEY, block, 10, &error) == NULL);
        CHILD_CHECK(error == NMERR_INVALID_PARAMETER);
        CHILD_CHECK(nm.size(KEY, block) == 0);
        CHILD_CHECK(nm.size(KEY, kept) == bytes);
    }
    CHILD_CHECK(nm.query(KEY, &usage) == NMERR_SUCCESS);
    CHILD_CHECK(usage.LiveBlocks == 1 && usage.LiveBytes == bytes && usage.Frees == 1);
    CHILD_CHECK(nm.free(KEY, kept) == NMERR_SUCCESS);
    return 0;
}

static int child_close_gives_back_everything(void)
{
    SIZE_T before = contract_committed(), reserved = contract_reserved();
    for (int i = 0; i < 1000; i++) {
        void *block = make();
        CHILD_CHECK(block != NULL);
        if (i % 2)
            CHILD_CHECK(nm.free(KEY, block) == NMERR_SUCCESS);
    }
    CHILD_CHECK(nm.close(KEY, NULL) == NMERR_SUCCESS);
    CHILD_CHECK(contract_trimmed() <= before + CONTRACT_KEPT);
    CHILD_CHECK(contract_reserved() <= reserved + (64u << 20));
    return 0;
}

/* An expert that frees for ever must not run out of address space. */
static int child_long_run(void)
{
    for (int i = 0; i < 60000; i++) {
        void *block = nm.alloc(KEY, (SIZE_T)child_expect, NULL);
        CHILD_CHECK(block != NULL);
        CHILD_CHECK(content_is_zero(block, (SIZE_T)child_expect));
        memset(block, 1, (SIZE_T)child_expect);
        CHILD_CHECK(nm.free(KEY, block) == NMERR_SUCCESS);
    }
    return 0;
}

static const struct child children[] = {
    {"read_past_the_end", child_read_past_the_end},
    {"write_past_the_end", child_write_past_the_end},
    {"write_on_and_on", child_write_on_and_on},
    {"write_past_a_block_handed_over", child_write_past_a_block_handed_over},
    {"write_past_a_grown_end", child_write_past_a_grown_end},
    {"write_past_a_shrunk_end", child_write_past_a_shrunk_end},
    {"read_after_free", child_read_after_free},
    {"read_after_anothers_free", child_read_after_anothers_free},
    {"read_after_the_takers_free", child_read_after_the_takers_free},
    {"read_after_free_once_terminated", child_read_after_free_once_terminated},
    {"write_after_free", child_write_after_free},
    {"read_what_realloc_left", child_read_what_realloc_left},
    {"read_after_close", child_read_after_close},
    {"double_free", child_double_free},
    {"close_gives_back_everything", child_close_gives_back_everything},
    {"long_run", child_long_run},
};

static const ULONGLONG sizes[] = {1, 16, 100, 4096, 5000, 100000};

static void expect_fault(const char *name)
{
    for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++)
        assert_int_equal(child_run("pageheap", name, sizes[i]), CHILD_FAULTED);
}

static void a_read_past_the_end_faults(void **state)
{
    (void)state;
    expect_fault("read_past_the_end");
}

static void a_write_past_the_end_faults(void **state)
{
    (void)state;
    expect_fault("write_past_the_end");
}

static void a_write_past_the_end_of_a_resized_block_faults(void **state)
{
    (void)state;
    expect_fault("write_past_a_grown_end");
    for (size_t i = 1; i < CONTRACT_COUNT(sizes); i++)
        assert_int_equal(child_run("pageheap", "write_past_a_shrunk_end", sizes[i]), CHILD_FAULTED);
}

static void an_overrun_faults_at_the_first_byte_behind_the_alignment(void **state)
{
    static const ULONGLONG odd[] = {0,  1,    7,    8,    9,    15,    16,
                                    17, 4080, 4095, 4096, 4097, 65536, 100001};
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(odd); i++)
        assert_int_equal(child_run("pageheap", "write_on_and_on", odd[i]), CHILD_FAULTED);
}

static void a_write_past_the_end_of_a_block_handed_over_faults(void **state)
{
    (void)state;
    expect_fault("write_past_a_block_handed_over");
}

static void a_read_after_a_free_by_another_faults(void **state)
{
    (void)state;
    expect_fault("read_after_anothers_free");
    expect_fault("read_after_the_takers_free");
    expect_fault("read_after_free_once_terminated");
}

static void a_read_after_free_faults(void **state)
{
    (void)state;
    expect_fault("read_after_free");
}

static void a_write_after_free_faults(void **state)
{
    (void)state;
    expect_fault("write_after_free");
}

static void a_read_of_what_realloc_left_faults(void **state)
{
    (void)state;
    expect_fault("read_what_realloc_left");
}

static void a_read_after_close_faults(void **state)
{
    (void)state;
    expect_fault("read_after_close");
}

static void a_double_free_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONTRACT_COUNT(sizes); i++)
        assert_int_equal(child_run("pageheap", "double_free", sizes[i]), 0);
}

static void close_gives_back_everything(void **state)
{
    (void)state;
    assert_int_equal(child_run("pageheap", "close_gives_back_everything", 100), 0);
    assert_int_equal(child_run("pageheap", "close_gives_back_everything", 5000), 0);
}

static void freed_blocks_do_not_use_up_the_address_space(void **state)
{
    (void)state;
    assert_int_equal(child_run("pageheap", "long_run", 100), 0);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_read_past_the_end_faults),
        cmocka_unit_test(a_write_past_the_end_faults),
        cmocka_unit_test(a_write_past_the_end_of_a_resized_block_faults),
        cmocka_unit_test(an_overrun_faults_at_the_first_byte_behind_the_alignment),
        cmocka_unit_test(a_write_past_the_end_of_a_block_handed_over_faults),
        cmocka_unit_test(a_read_after_a_free_by_another_faults),
        cmocka_unit_test(a_read_after_free_faults),
        cmocka_unit_test(a_write_after_free_faults),
        cmocka_unit_test(a_read_of_what_realloc_left_faults),
        cmocka_unit_test(a_read_after_close_faults),
        cmocka_unit_test(a_double_free_is_refused),
        cmocka_unit_test(close_gives_back_everything),
        cmocka_unit_test(freed_blocks_do_not_use_up_the_address_space),
    };
    int code;
    contract_arguments(argc, argv);
    if (child_main(argc, argv, children, CONTRACT_COUNT(children), &code))
        return code;
    return cmocka_run_group_tests_name("NMAPI_OPTIONS=pageheap", tests, NULL, NULL) != 0;
}
