/* test_host_api.c - what host_api.c itself decides: arguments, keys, callbacks. */
#include "unit.h"

#define A ((HEXPERTKEY)0x1000)
#define B ((HEXPERTKEY)0x2000)
#define UNKNOWN ((HEXPERTKEY)0x3000)

/* A key that has a record and was never opened: a thread killed in between leaves one. */
static HEXPERTKEY never_opened(void)
{
    HEXPERTKEY key = (HEXPERTKEY)0x4000;

    assert_non_null(table_make(self, key));
    return key;
}

static void a_key_must_be_one_that_was_opened(void **state)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    HEXPERTKEY keys[] = {NULL, UNKNOWN, never_opened()};
    LPVOID block;

    (void)state;
    assert_int_equal(NmapiOpenExpert(NULL, NULL), NMERR_INVALID_EXPERT_HANDLE);
    assert_int_equal(NmapiOpenExpert(A, NULL), NMERR_SUCCESS);
    block = ExpertAllocMemory(A, 10, NULL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(NmapiTerminateExpert(keys[i]), NMERR_INVALID_EXPERT_HANDLE);
        assert_int_equal(NmapiCloseExpert(keys[i], NULL), NMERR_INVALID_EXPERT_HANDLE);
        assert_int_equal(NmapiQueryExpert(keys[i], &usage), NMERR_INVALID_EXPERT_HANDLE);
        assert_int_equal(NmapiEnumMemory(keys[i], NULL, NULL),
                         i ? NMERR_INVALID_PARAMETER : NMERR_INVALID_EXPERT_HANDLE);
        assert_int_equal(NmapiTransferMemory(A, keys[i], block), NMERR_INVALID_EXPERT_HANDLE);
        assert_int_equal(NmapiTransferMemory(keys[i], A, block), NMERR_INVALID_EXPERT_HANDLE);
        assert_int_equal(ExpertFreeMemory(keys[i], &usage), NMERR_INVALID_EXPERT_HANDLE);
        assert_int_equal(ExpertMemorySize(keys[i], &usage), 0);
    }
    assert_int_equal(NmapiTransferMemory(A, A, block), NMERR_SUCCESS);
    assert_int_equal(NmapiTransferMemory(A, A, &block), NMERR_INVALID_PARAMETER);
    assert_int_equal(NmapiCloseExpert(A, NULL), NMERR_SUCCESS);
    assert_int_equal(NmapiCloseExpert(A, NULL), NMERR_EXPERT_TERMINATE);
    assert_int_equal(NmapiTerminateExpert(A), NMERR_EXPERT_TERMINATE);
    assert_int_equal(NmapiTransferMemory(A, A, block), NMERR_EXPERT_TERMINATE);
}

static void a_block_goes_from_an_expert_that_lives_to_one_that_is_open(void **state)
{
    LPVOID block;

    (void)state;
    assert_int_equal(NmapiOpenExpert(A, NULL), NMERR_SUCCESS);
    assert_int_equal(NmapiOpenExpert(B, NULL), NMERR_SUCCESS);
    block = ExpertAllocMemory(A, 10, NULL);
    assert_int_equal(NmapiTerminateExpert(A), NMERR_SUCCESS);
    assert_int_equal(NmapiTransferMemory(A, B, block), NMERR_SUCCESS);
    assert_int_equal(NmapiTransferMemory(B, A, block), NMERR_EXPERT_TERMINATE);
    assert_int_equal(ExpertMemorySize(B, block), 10);
    assert_int_equal(NmapiCloseExpert(A, NULL), NMERR_SUCCESS);
    assert_int_equal(NmapiTransferMemory(A, B, block), NMERR_EXPERT_TERMINATE);
    assert_int_equal(NmapiTransferMemory(B, A, block), NMERR_EXPERT_TERMINATE);
    assert_int_equal(NmapiCloseExpert(B, NULL), NMERR_SUCCESS);
}

static void structures_say_their_size(void **state)
{
    NMAPI_EXPERT_OPTIONS with = {.cbSize = sizeof with};
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage - 1};

    (void)state;
    with.cbSize--;
    assert_int_equal(NmapiOpenExpert(B, &with), NMERR_INVALID_PARAMETER);
    with.cbSize++;
    with.Flags = 1;
    assert_int_equal(NmapiOpenExpert(B, &with), NMERR_INVALID_PARAMETER);
    with.Flags = 0;
    with.MemoryLimit = 100;
    assert_int_equal(NmapiOpenExpert(B, &with), NMERR_SUCCESS);
    assert_int_equal(NmapiOpenExpert(B, &with), NMERR_INVALID_EXPERT_HANDLE);
    assert_int_equal(NmapiQueryExpert(B, NULL), NMERR_INVALID_PARAMETER);
    assert_int_equal(NmapiQueryExpert(B, &usage), NMERR_INVALID_PARAMETER);
    assert_int_equal(NmapiCloseExpert(B, &usage), NMERR_INVALID_PARAMETER);
    usage.cbSize++;
    assert_int_equal(NmapiQueryExpert(B, &usage), NMERR_SUCCESS);
    assert_int_equal(usage.MemoryLimit, 100);
    assert_null(ExpertAllocMemory(B, 101, NULL));
    assert_int_equal(NmapiCloseExpert(B, &usage), NMERR_SUCCESS);
    assert_int_equal(usage.State, NMAPI_STATE_CLOSED);
}

struct seen {
    unsigned count, most;
    HEXPERTKEY last;
};

static BOOL CALLBACK see_expert(HEXPERTKEY key, LPVOID context)
{
    struct seen *seen = context;

    seen->last = key;
    return ++seen->count < seen->most;
}

static BOOL CALLBACK see_block(HEXPERTKEY key, LPVOID memory, SIZE_T bytes, LPVOID context)
{
    (void)memory, (void)bytes;
    return see_expert(key, context);
}

static void callbacks_end_an_enumeration(void **state)
{
    struct seen all = {.most = 100}, one = {.most = 1};

    (void)state;
    never_opened();
    for (int i = 0; i < 5; i++) {
        assert_non_null(ExpertAllocMemory((HEXPERTKEY)0x5000, 10, NULL));
        assert_non_null(ExpertAllocMemory((HEXPERTKEY)0x6000, 10, NULL));
    }
    assert_int_equal(NmapiEnumExperts(NULL, NULL), NMERR_INVALID_PARAMETER);
    assert_int_equal(NmapiEnumExperts(see_expert, &all), NMERR_SUCCESS);
    assert_int_equal(NmapiEnumExperts(see_expert, &one), NMERR_SUCCESS);
    assert_true(all.count >= 2 && one.count == 1);
    all.count = one.count = 0;
    assert_int_equal(NmapiEnumMemory((HEXPERTKEY)0x5000, see_block, &all), NMERR_SUCCESS);
    assert_int_equal(NmapiEnumMemory((HEXPERTKEY)0x5000, see_block, &one), NMERR_SUCCESS);
    assert_true(all.count == 5 && one.count == 1);
    assert_ptr_equal(all.last, 0x5000);
    assert_int_equal(NmapiEnumMemory(UNKNOWN, see_block, &all), NMERR_INVALID_EXPERT_HANDLE);
    NmapiCloseExpert((HEXPERTKEY)0x5000, NULL);
    assert_int_equal(NmapiEnumMemory((HEXPERTKEY)0x5000, see_block, &all), NMERR_EXPERT_TERMINATE);
    NmapiCloseExpert((HEXPERTKEY)0x6000, NULL);
}

enum { CALLS = 7 };

/* Every call of a host that needs to know its thread. */
static DWORD WINAPI call_without_memory(LPVOID parameter)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    struct seen seen = {.most = 1};
    DWORD *codes = parameter;

    standin_fail_at(NULL, 1, TRUE);
    codes[0] = NmapiOpenExpert(A, NULL);
    codes[1] = NmapiQueryExpert(B, &usage);
    codes[2] = NmapiEnumMemory(B, see_block, &seen);
    codes[3] = NmapiTransferMemory(B, B, &usage);
    codes[4] = NmapiTrimMemory();
    codes[5] = NmapiCloseExpert(B, NULL);
    codes[6] = NmapiCloseExpert(B, &usage);
    standin_fail_never();
    return 0;
}

static void a_thread_that_cannot_be_registered_is_told_so_by_every_call(void **state)
{
    DWORD codes[CALLS] = {0};

    (void)state;
    assert_int_equal(NmapiOpenExpert(B, NULL), NMERR_SUCCESS);
    unit_on_thread(call_without_memory, codes);
    for (int i = 0; i < CALLS; i++)
        assert_int_equal(codes[i], NMERR_OUT_OF_MEMORY);
    assert_int_equal(NmapiTrimMemory(), NMERR_SUCCESS);
    assert_int_equal(NmapiCloseExpert(B, NULL), NMERR_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_must_be_one_that_was_opened),
        cmocka_unit_test(a_block_goes_from_an_expert_that_lives_to_one_that_is_open),
        cmocka_unit_test(structures_say_their_size),
        cmocka_unit_test(callbacks_end_an_enumeration),
        cmocka_unit_test(a_thread_that_cannot_be_registered_is_told_so_by_every_call),
    };

    return UNIT_RUN(tests);
}
