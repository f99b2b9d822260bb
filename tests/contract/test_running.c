/*
 * test_running.c - what a host sees of an expert while the expert's thread runs. The thread
 * allocates and frees in a known order, so that only certain answers are possible, and the host
 * asks very often.
 */
#include "contract.h"

#ifdef NMAPI_NATIVE
enum { ROUNDS = 40, QUERIES = 50000, LISTS = 1000 };
#else
enum { ROUNDS = 10, QUERIES = 20000, LISTS = 200 };
#endif
/* Block n has LEAST + n % NUMBERS bytes. It is allocated before block n - window is freed. */
enum { WINDOW = 12, NUMBERS = 64, LEAST = 200, MOST_BYTES = (WINDOW + 1) * (LEAST + NUMBERS) };

struct runner {
    HEXPERTKEY key;
    unsigned
        window; /* 0: at most one block lives, so that a count that is off by one is impossible */
    volatile LONG stop;
    LONG bad;
    ULONGLONG calls;
};

static DWORD WINAPI run(LPVOID argument)
{
    struct runner *r = argument;
    void *blocks[NUMBERS] = {0};

    for (unsigned n = 0; !InterlockedCompareExchange(&r->stop, 0, 0); n++, r->calls++) {
        void **old = &blocks[(n - r->window) % NUMBERS];
        blocks[n % NUMBERS] = nm.alloc(r->key, LEAST + n % NUMBERS, NULL);
        r->bad += !blocks[n % NUMBERS] || nm.free(r->key, *old) != NMERR_SUCCESS;
        *old = NULL;
    }
    return 0;
}

struct list {
    unsigned count;
    unsigned char seen[NUMBERS];
    BOOL bad;
};

static BOOL CALLBACK note(HEXPERTKEY key, LPVOID block, SIZE_T bytes, LPVOID context)
{
    struct list *list = context;

    (void)key, (void)block;
    if (bytes < LEAST || bytes >= LEAST + NUMBERS || list->seen[bytes - LEAST]++)
        list->bad = TRUE;
    list->count++;
    return TRUE;
}

/* The blocks that are live at one moment have consecutive numbers. */
static BOOL is_of_one_moment(const struct list *list)
{
    unsigned edges = 0;

    for (unsigned i = 0; i < NUMBERS; i++)
        edges += list->seen[i] && !list->seen[(i + 1) % NUMBERS];
    return !list->bad && edges == 1 && (list->count == WINDOW || list->count == WINDOW + 1);
}

/* LiveBlocks is the difference of two counts: it must never be negative, nor higher than the number
   of blocks that can be live. */
static BOOL can_live(const NMAPI_EXPERT_USAGE *now)
{
    return now->Frees <= now->Allocations && now->LiveBlocks <= WINDOW + 1;
}

static void look_at_figures(HEXPERTKEY key, NMAPI_EXPERT_USAGE *before)
{
    NMAPI_EXPERT_USAGE now = contract_usage(key);

    if (!can_live(&now) || now.LiveBytes > MOST_BYTES || now.PeakBytes < before->PeakBytes ||
        now.PeakBytes > MOST_BYTES || now.Allocations < before->Allocations ||
        now.Frees < before->Frees)
        fail_msg("live: %llu blocks, %llu bytes; peak %llu after %llu; %llu allocations after "
                 "%llu, %llu frees",
                 (unsigned long long)now.LiveBlocks, (unsigned long long)now.LiveBytes,
                 (unsigned long long)now.PeakBytes, (unsigned long long)before->PeakBytes,
                 now.Allocations, before->Allocations, now.Frees);
    *before = now;
}

static HANDLE begin(struct runner *r, unsigned window)
{
    *r = (struct runner){.key = contract_implicit_key(), .window = window};
    return contract_start(run, r);
}

static void end(struct runner *r, HANDLE thread)
{
    InterlockedExchange(&r->stop, 1);
    contract_join(thread);
    assert_int_equal(r->bad, 0);
    assert_int_equal(nm.close(r->key, NULL), NMERR_SUCCESS);
}

static void the_usage_of_a_running_expert_is_a_possible_one(void **state)
{
    ULONGLONG calls = 0;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct runner r;
        HANDLE thread = begin(&r, round % 4 ? 0 : WINDOW);
        NMAPI_EXPERT_USAGE usage = {0};
        for (int i = 0; i < QUERIES; i++)
            look_at_figures(r.key, &usage);
        end(&r, thread);
        calls += r.calls;
    }
    print_message("%d queries beside %llu calls\n", ROUNDS * QUERIES, calls);
}

static void the_list_of_a_running_experts_blocks_is_of_one_moment(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct runner r;
        HANDLE thread = begin(&r, WINDOW);
        while (contract_usage(r.key).Allocations < 2 * WINDOW)
            Sleep(0);
        for (int i = 0; i < LISTS; i++) {
            struct list list = {0};
            assert_int_equal(nm.enum_memory(r.key, note, &list), NMERR_SUCCESS);
            if (!is_of_one_moment(&list))
                fail_msg("list %d of round %d: %u blocks, not of one moment", i, round, list.count);
        }
        end(&r, thread);
    }
    print_message("%d lists\n", ROUNDS * LISTS);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_usage_of_a_running_expert_is_a_possible_one),
        cmocka_unit_test(the_list_of_a_running_experts_blocks_is_of_one_moment),
    };

    contract_load(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
