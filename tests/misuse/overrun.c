/*
 * overrun.c - stores beyond a block's end: they fault at a guard page before they reach another
 * expert's memory, and the DLL's records are not within reach.
 */
#include "misuse.h"

#include <stdio.h>

enum { EXPERTS = 3, HELD = 60, RUNS = 256, SCRIBBLE = 0xA5 };

/* Bytes of blocks that lie in spans, in medium regions, and in reservations of their own. */
static const SIZE_T sizes[] = {16,   100,   500,   1000,  1024,  1500,   2048,
                               3000, 10000, 32767, 32768, 40000, 100000, 1500000};

struct held {
    unsigned char *address;
    SIZE_T bytes;
};

struct expert_here {
    HEXPERTKEY key;
    struct held held[HELD];
    int count;
    NMAPI_EXPERT_USAGE usage;
};

static struct expert_here experts[EXPERTS];
static ULONG_PTR next_key = 0x10000;

static void *must_alloc(struct expert_here *e, SIZE_T bytes)
{
    unsigned char *block = nm.alloc(e->key, bytes, NULL);

    assert_non_null(block);
    assert_true(content_is_zero(block, bytes));
    assert_true(e->count < HELD);
    e->held[e->count].address = block;
    e->held[e->count].bytes = bytes;
    misuse_fill(block, bytes, (uint32_t)e->count);
    e->count++;
    return block;
}

static void open_one(struct expert_here *e)
{
    memset(e, 0, sizeof *e);
    e->key = (HEXPERTKEY)(next_key += 16);
    assert_int_equal(nm.open(e->key, NULL), NMERR_SUCCESS);
}

static NMAPI_EXPERT_USAGE usage_of(const struct expert_here *e)
{
    NMAPI_EXPERT_USAGE usage;

    memset(&usage, 0, sizeof usage);
    usage.cbSize = sizeof usage;
    assert_int_equal(nm.query(e->key, &usage), NMERR_SUCCESS);
    return usage;
}

static void check_patterns(const struct expert_here *e)
{
    for (int i = 0; i < e->count; i++) {
        assert_int_equal(nm.size(e->key, e->held[i].address), e->held[i].bytes);
        assert_true(misuse_holds(e->held[i].address, e->held[i].bytes, (uint32_t)i));
    }
}

static void close_one(const struct expert_here *e)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};

    assert_int_equal(nm.close(e->key, &usage), NMERR_SUCCESS);
    assert_int_equal(usage.LiveBlocks, e->count);
}

/* The last block of the first expert's first span of a size; the other experts take regions around
   it. */
static unsigned char *fill_a_span(SIZE_T bytes)
{
    unsigned char *last, *next = nm.alloc(experts[0].key, bytes, NULL);
    char *from, *to;

    for (int i = 0; i < 4; i++)
        must_alloc(&experts[1 + i % 2], bytes);
    do {
        last = next;
        misuse_fill(last, bytes, 77);
        next = nm.alloc(experts[0].key, bytes, NULL);
        assert_true(next && misuse_run(last, &from, &to));
    } while ((char *)next > from && (char *)next < to);
    for (int i = 0; i < 4; i++)
        must_alloc(&experts[1 + i % 2], bytes);
    return last;
}

static void a_store_past_the_last_block_of_a_span_faults_before_it_reaches_another(void **state)
{
    unsigned long faults = 0;

    (void)state;
    for (size_t i = 0; i < MISUSE_COUNT(sizes); i++) {
        unsigned char *last, *end;
        char *from, *to, *fault;
        for (int k = 0; k < EXPERTS; k++)
            open_one(&experts[k]);
        last = fill_a_span(sizes[i]);
        end = last + sizes[i];
        assert_true(misuse_run(last, &from, &to));
        fault = misuse_sweep((char *)end, (char *)end + (1 << 20), 1, 0xEE);
        if (fault != to)
            fail_msg("%lu bytes at %p: faulted at %p, its pages end at %p", (unsigned long)sizes[i],
                     (void *)last, (void *)fault, (void *)to);
        assert_true(
            misuse_holds(last, sizes[i], 77)); /* the benign twin: accessible up to its end */
        assert_int_equal(nm.size(experts[0].key, last), sizes[i]);
        assert_int_equal(nm.free(experts[0].key, last), NMERR_SUCCESS);
        assert_int_equal(nm.free(experts[0].key, last), NMERR_INVALID_PARAMETER);
        faults++;
        /* Downwards, where spans lie side by side. */
        if (sizes[i] <= 32767) {
            fault = misuse_sweep(from - 1, from - (1 << 20), -1, 0xEE);
            assert_ptr_equal(fault, from - 1);
            faults++;
        }
        for (int k = 1; k < EXPERTS; k++) {
            check_patterns(&experts[k]);
            close_one(&experts[k]);
        }
        assert_int_equal(nm.close(experts[0].key, NULL), NMERR_SUCCESS);
    }
    print_message("%lu overruns of spans and large blocks, each ended at its guard page\n", faults);
}

/* The runs of committed pages in which an expert's blocks lie. */
static char *runs[RUNS][2];
static int run_count;

static void add_run(const void *address)
{
    char *from, *to;

    if (!misuse_run(address, &from, &to))
        return;
    for (int i = 0; i < run_count; i++)
        if (runs[i][0] == from)
            return;
    assert_true(run_count < RUNS);
    runs[run_count][0] = from;
    runs[run_count++][1] = to;
}

static BOOL in_runs(const void *address)
{
    for (int i = 0; i < run_count; i++)
        if ((const char *)address >= runs[i][0] && (const char *)address < runs[i][1])
            return TRUE;
    return FALSE;
}

/* Blocks of every size, four of each, one of them freed; the experts in turn, so that their regions
   lie side by side. */
static void fill_experts(void)
{
    for (size_t i = 0; i < MISUSE_COUNT(sizes); i++)
        for (int k = 0; k < EXPERTS; k++) {
            void *freed = nm.alloc(experts[k].key, sizes[i], NULL);
            for (int n = 0; n < 3; n++)
                must_alloc(&experts[k], sizes[i]);
            assert_int_equal(nm.free(experts[k].key, freed), NMERR_SUCCESS);
        }
}

/* Overwrites every page that an expert can write to: its blocks, and the free blocks among them. */
static SIZE_T scribble(const struct expert_here *e)
{
    SIZE_T bytes = 0;

    run_count = 0;
    for (int i = 0; i < e->count; i++)
        add_run(e->held[i].address);
    for (int i = 0; i < run_count; i++) {
        memset(runs[i][0], SCRIBBLE, (SIZE_T)(runs[i][1] - runs[i][0]));
        bytes += (SIZE_T)(runs[i][1] - runs[i][0]);
    }
    return bytes;
}

struct seen {
    const struct expert_here *expert;
    int listed, strange;
};

static BOOL CALLBACK see(HEXPERTKEY key, LPVOID block, SIZE_T bytes, LPVOID context)
{
    struct seen *seen = context;

    for (int i = 0; i < seen->expert->count; i++)
        if (seen->expert->held[i].address == block && seen->expert->held[i].bytes == bytes &&
            seen->expert->key == key) {
            seen->listed++;
            return TRUE;
        }
    seen->strange++;
    return TRUE;
}

static void check_known(const struct expert_here *e)
{
    NMAPI_EXPERT_USAGE usage = usage_of(e);
    struct seen seen = {e, 0, 0};

    assert_memory_equal(&usage, &e->usage, sizeof usage);
    assert_int_equal(nm.enum_memory(e->key, see, &seen), NMERR_SUCCESS);
    assert_int_equal(seen.listed, e->count);
    assert_int_equal(seen.strange, 0);
    for (int i = 0; i < e->count; i++)
        assert_int_equal(nm.size(e->key, e->held[i].address), e->held[i].bytes);
}

/* The expert that overwrote its pages continues: its blocks hold what it wrote. */
static void go_on(struct expert_here *e)
{
    int kept = 0;

    for (int i = 0; i < e->count; i++) {
        struct held *held = &e->held[i];
        unsigned char *moved;
        assert_int_equal(held->address[0], SCRIBBLE);
        if (i % 3 == 0) {
            assert_int_equal(nm.free(e->key, held->address), NMERR_SUCCESS);
            assert_int_equal(nm.free(e->key, held->address), NMERR_INVALID_PARAMETER);
            continue;
        }
        moved = nm.realloc(e->key, held->address, held->bytes * 2, NULL);
        assert_non_null(moved);
        assert_int_equal(moved[0], SCRIBBLE);
        assert_int_equal(moved[held->bytes - 1], SCRIBBLE);
        e->held[kept].address = moved;
        e->held[kept++].bytes = held->bytes * 2;
    }
    e->count = kept;
    e->usage = usage_of(e);
    check_known(e);
}

/* A new expert on the same memory gets only zeros, also when a block grows. */
static int come_after(void)
{
    struct expert_here newcomer;
    int reused = 0;

    open_one(&newcomer);
    for (size_t i = 0; i < MISUSE_COUNT(sizes); i++)
        for (int n = 0; n < 20; n++) {
            SIZE_T bytes = sizes[i], half = bytes / 2;
            unsigned char *block = nm.alloc(newcomer.key, half, NULL), *grown;
            assert_non_null(block);
            assert_true(content_is_zero(block, half));
            reused += in_runs(block);
            grown = nm.realloc(newcomer.key, block, bytes, NULL);
            assert_non_null(grown);
            assert_true(content_is_zero(grown, bytes));
            grown = nm.realloc(newcomer.key, grown, bytes + 100, NULL);
            assert_non_null(grown);
            assert_true(content_is_zero(grown, bytes + 100));
        }
    assert_int_equal(nm.close(newcomer.key, NULL), NMERR_SUCCESS);
    return reused;
}

static void an_expert_that_overwrites_all_that_it_owns_harms_only_itself(void **state)
{
    int rounds = misuse_count ? (int)misuse_count : 5, reused = 0;
    SIZE_T bytes = 0;

    (void)state;
    for (int round = 0; round < rounds; round++) {
        for (int k = 0; k < EXPERTS; k++)
            open_one(&experts[k]);
        fill_experts();
        for (int k = 0; k < EXPERTS; k++)
            experts[k].usage = usage_of(&experts[k]);
        bytes += scribble(&experts[0]);
        for (int k = 0; k < EXPERTS; k++)
            check_known(&experts[k]);
        for (int k = 1; k < EXPERTS; k++)
            check_patterns(&experts[k]);
        go_on(&experts[0]);
        scribble(&experts[0]);
        close_one(&experts[0]);
        reused += come_after();
        for (int k = 1; k < EXPERTS; k++) {
            check_known(&experts[k]);
            check_patterns(&experts[k]);
            close_one(&experts[k]);
        }
    }
    print_message(
        "%d rounds, %lu bytes overwritten; %d blocks of newcomers lay where they were, all "
        "of them zero\n",
        rounds, (unsigned long)bytes, reused);
    assert_true(reused > 0);
}

/* What an expert wrote beyond its block is handed over with it. */
static void what_a_block_grows_by_is_zero_for_whom_it_was_handed_to(void **state)
{
    unsigned long grown_in_place = 0;

    (void)state;
    for (size_t i = 0; i < MISUSE_COUNT(sizes); i++)
        for (SIZE_T more = 16; more < 200000; more *= 3) {
            unsigned char *block, *grown;
            open_one(&experts[0]);
            open_one(&experts[1]);
            block = must_alloc(&experts[0], sizes[i]);
            scribble(&experts[0]);
            assert_int_equal(nm.transfer(experts[0].key, experts[1].key, block), NMERR_SUCCESS);
            grown = nm.realloc(experts[1].key, block, sizes[i] + more, NULL);
            assert_non_null(grown);
            grown_in_place += grown == block;
            assert_int_equal(grown[sizes[i] - 1], SCRIBBLE);
            if (!content_is_zero(grown + sizes[i], more))
                fail_msg("%lu bytes grown by %lu: not zero", (unsigned long)sizes[i],
                         (unsigned long)more);
            assert_int_equal(nm.close(experts[0].key, NULL), NMERR_SUCCESS);
            assert_int_equal(nm.close(experts[1].key, NULL), NMERR_SUCCESS);
        }
    assert_true(grown_in_place > 0);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_past_the_last_block_of_a_span_faults_before_it_reaches_another),
        cmocka_unit_test(an_expert_that_overwrites_all_that_it_owns_harms_only_itself),
        cmocka_unit_test(what_a_block_grows_by_is_zero_for_whom_it_was_handed_to),
    };

    misuse_begin(argc, argv);
    return cmocka_run_group_tests_name("overruns", tests, NULL, NULL) != 0;
}
