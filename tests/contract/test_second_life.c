/*
 * test_second_life.c - a key that is opened, used, closed and opened again, all by the same
 * threads: limit, counts, usage and quarantine are as they were the first time.
 */
#include "contract.h"

enum { LIVES = 4, BYTES = 3000, TAKEN = 400, CALLS = 64 };

static void open_with(HEXPERTKEY key, SIZE_T limit)
{
    NMAPI_EXPERT_OPTIONS options = {.cbSize = sizeof options, .MemoryLimit = limit};

    assert_int_equal(nm.open(key, &options), NMERR_SUCCESS);
}

/* Enough calls for the thread to get the bias. */
static void use(HEXPERTKEY key)
{
    for (int i = 0; i < CALLS; i++)
        assert_int_equal(nm.free(key, must_alloc(key, BYTES)), NMERR_SUCCESS);
}

static void a_reopened_key_begins_with_nothing(void **state)
{
    static const SIZE_T limits[LIVES] = {100000, 0, 50000, 200000};
    HEXPERTKEY key = contract_unknown_key();

    (void)state;
    for (int life = 0; life < LIVES; life++) {
        NMAPI_EXPERT_USAGE usage;
        unsigned char *kept;
        DWORD error = CONTRACT_UNSET;
        open_with(key, limits[life]);
        usage = contract_usage(key);
        assert_int_equal(usage.State, NMAPI_STATE_OPEN);
        assert_int_equal(usage.Flags, 0);
        assert_int_equal(usage.MemoryLimit, limits[life]);
        assert_int_equal(usage.LiveBlocks + usage.LiveBytes + usage.PeakBytes, 0);
        assert_int_equal(usage.Allocations + usage.Frees + usage.Refused, 0);
        use(key);
        kept = must_alloc(key, BYTES);
        assert_true(content_is_zero(kept, BYTES));
        content_fill(kept, BYTES, contract_seed);
        if (limits[life] != 0) {
            assert_null(nm.alloc(key, limits[life] - BYTES + 1, &error));
            assert_int_equal(error, NMERR_OUT_OF_MEMORY);
        }
        must_alloc(key, (limits[life] != 0 ? limits[life] : 300000) - BYTES);
        usage = contract_usage(key);
        assert_int_equal(usage.LiveBlocks, 2);
        assert_int_equal(usage.LiveBytes, limits[life] != 0 ? limits[life] : 300000);
        assert_int_equal(usage.PeakBytes, usage.LiveBytes);
        assert_int_equal(usage.Allocations, CALLS + 2);
        assert_int_equal(usage.Frees, CALLS);
        assert_int_equal(usage.Refused, limits[life] != 0);
        usage.cbSize = sizeof usage;
        assert_int_equal(nm.close(key, &usage), NMERR_SUCCESS);
        assert_int_equal(usage.LiveBlocks, 2);
        assert_int_equal(nm.size(key, kept), 0);
        assert_null(nm.alloc(key, 1, &error));
        assert_int_equal(error, NMERR_EXPERT_TERMINATE);
    }
}

/* A thread that works when it is told to, and lives on in between. */
struct worker {
    HEXPERTKEY key;
    HANDLE go, done;
    unsigned char *block;
    BOOL over;
};

static DWORD WINAPI work(LPVOID argument)
{
    struct worker *w = argument;

    for (;;) {
        WaitForSingleObject(w->go, INFINITE);
        if (w->over)
            return 0;
        for (int i = 0; i < CALLS; i++)
            nm.free(w->key, nm.alloc(w->key, BYTES, NULL));
        w->block = nm.alloc(w->key, BYTES, NULL);
        SetEvent(w->done);
    }
}

/* Whether another expert gets an address: it allocates many blocks of the same size, and a larger
   one. */
static BOOL is_taken(const unsigned char *address)
{
    HEXPERTKEY other = contract_open_key(0);
    BOOL taken = FALSE;

    for (int i = 0; i < TAKEN; i++) {
        const unsigned char *block = must_alloc(other, BYTES);
        taken |= address >= block && address < block + BYTES;
    }
    for (int i = 0; i < 40; i++) {
        const unsigned char *block = must_alloc(other, 60000);
        taken |= address >= block && address < block + 60000;
    }
    assert_int_equal(nm.close(other, NULL), NMERR_SUCCESS);
    return taken;
}

/* Its close leaves a block that a living thread may still write to: nobody else may get that
   address, whenever the key is reopened. */
static void what_a_living_thread_may_still_write_to_is_quarantined(void **state)
{
    struct worker w = {.key = contract_unknown_key()};
    HANDLE thread;

    (void)state;
    w.go = CreateEventA(NULL, FALSE, FALSE, NULL);
    w.done = CreateEventA(NULL, FALSE, FALSE, NULL);
    thread = contract_start(work, &w);
    for (int life = 0; life < LIVES; life++) {
        open_with(w.key, 0);
        SetEvent(w.go);
        contract_await(w.done);
        assert_non_null(w.block);
        assert_int_equal(nm.close(w.key, NULL), NMERR_SUCCESS);
        assert_false(is_taken(w.block));
    }
    w.over = TRUE;
    SetEvent(w.go);
    contract_join(thread);
    CloseHandle(w.go);
    CloseHandle(w.done);
}

/* The benign twin: the only thread that ever used it closes it, and its memory serves the next
   expert. */
static void what_nobody_can_write_to_is_not_quarantined(void **state)
{
    HEXPERTKEY key = contract_unknown_key();

    (void)state;
    for (int life = 0; life < LIVES; life++) {
        unsigned char *block;
        open_with(key, 0);
        use(key);
        block = must_alloc(key, BYTES);
        assert_int_equal(nm.close(key, NULL), NMERR_SUCCESS);
        assert_true(is_taken(block));
    }
}

/* `reclaim=thread`: the end of the last thread closes a key each time, and a call opens it
   again. */
static DWORD WINAPI call_and_end(LPVOID key)
{
    void *block = NULL;

    for (int i = 0; i < CALLS; i++)
        block = nm.alloc(key, BYTES, NULL);
    return block != NULL;
}

static void the_end_of_its_thread_closes_a_reopened_key_too(void **state)
{
    HEXPERTKEY key = contract_unknown_key();
    char options[64];

    (void)state;
    if (!GetEnvironmentVariableA("NMAPI_OPTIONS", options, sizeof options) ||
        strcmp(options, "reclaim=thread") != 0)
        skip();
    for (int life = 0; life < LIVES; life++) {
        NMAPI_EXPERT_USAGE usage;
        assert_int_equal(contract_join(contract_start(call_and_end, key)), 1);
        usage = contract_usage(key);
        assert_int_equal(usage.State, NMAPI_STATE_CLOSED);
        assert_int_equal(usage.LiveBlocks, CALLS);
        assert_int_equal(usage.Allocations, CALLS);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reopened_key_begins_with_nothing),
        cmocka_unit_test(what_a_living_thread_may_still_write_to_is_quarantined),
        cmocka_unit_test(what_nobody_can_write_to_is_not_quarantined),
        cmocka_unit_test(the_end_of_its_thread_closes_a_reopened_key_too),
    };

    contract_load(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
