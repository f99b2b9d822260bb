/*
 * test_last_error.c - no call changes the thread's last error (GetLastError), failing ones
 * included.
 */
#include "contract.h"

#define MARK 4711u
#define HUGE_BLOCK ((SIZE_T)-1 / 4 * 3) /* too large for the address space */
/* A size that the system is asked for and refuses: all addresses, or almost all. */
#ifdef _WIN64
#define LARGE_BLOCK (((SIZE_T)1 << 47) - ((SIZE_T)1 << 30))
#else
#define LARGE_BLOCK ((SIZE_T)1900 << 20)
#endif

#define KEEPS(call)                                                                                \
    do {                                                                                           \
        SetLastError(MARK);                                                                        \
        (void)(call);                                                                              \
        assert_int_equal(GetLastError(), MARK);                                                    \
    } while (0)

static BOOL CALLBACK go_on(HEXPERTKEY key, LPVOID context)
{
    (void)key, (void)context;
    return TRUE;
}

static void an_allocation_that_the_system_refuses_keeps_the_last_error(void **state)
{
    HEXPERTKEY key = contract_key();
    void *block = must_alloc(key, 100);

    (void)state;
    KEEPS(nm.alloc(key, LARGE_BLOCK, NULL));
    KEEPS(nm.alloc(key, HUGE_BLOCK, NULL));
    KEEPS(nm.alloc(key, (SIZE_T)-1, NULL));
    KEEPS(nm.realloc(key, block, LARGE_BLOCK, NULL));
    KEEPS(nm.realloc(key, block, HUGE_BLOCK, NULL));
    expect_no_alloc(key, LARGE_BLOCK, NMERR_OUT_OF_MEMORY);
    expect_no_alloc(key, HUGE_BLOCK, NMERR_OUT_OF_MEMORY);
    expect_size(key, block, 100);
    KEEPS(nm.free(key, block));
}

static void expert_calls_keep_the_last_error(void **state)
{
    HEXPERTKEY key = contract_key(), other = contract_open_key(1000);
    char *block;
    char here = 0;

    (void)state;
    KEEPS(block = nm.alloc(key, 10, NULL));
    KEEPS(block = nm.realloc(key, block, 100000, NULL));
    KEEPS(nm.size(key, block));
    KEEPS(nm.realloc(key, block + 8, 5, NULL));
    KEEPS(nm.realloc(key, &here, 5, NULL));
    KEEPS(nm.realloc(key, (LPVOID)(ULONG_PTR)8, 5, NULL));
    KEEPS(nm.free(key, (LPVOID)-8));
    KEEPS(nm.free(key, block + 1));
    KEEPS(nm.free(other, block));
    KEEPS(nm.alloc(other, 1001, NULL));
    KEEPS(nm.free(key, block));
    KEEPS(nm.free(key, block));
    KEEPS(nm.size(key, block));
    KEEPS(nm.alloc(NULL, 1, NULL));
    KEEPS(nm.free(contract_unknown_key(), &here));
}

static void host_calls_keep_the_last_error(void **state)
{
    HEXPERTKEY key = contract_unknown_key(), other = contract_unknown_key();
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    void *block;
    int count = 0;

    (void)state;
    KEEPS(nm.query(key, &usage));
    KEEPS(nm.close(key, NULL));
    KEEPS(nm.open(key, NULL));
    KEEPS(nm.open(key, NULL));
    KEEPS(nm.open(other, NULL));
    for (int i = 0; i < 100; i++)
        must_alloc(key, (SIZE_T)5000 * (SIZE_T)(i + 1));
    block = must_alloc(key, 100);
    KEEPS(nm.enum_experts(go_on, NULL));
    KEEPS(nm.enum_memory(key, contract_count_block, &count));
    KEEPS(nm.transfer(key, other, block));
    KEEPS(nm.transfer(key, other, block));
    KEEPS(nm.query(key, NULL));
    KEEPS(nm.query(key, &usage));
    KEEPS(nm.terminate(key));
    KEEPS(nm.close(key, &usage));
    KEEPS(nm.close(key, &usage));
    KEEPS(nm.terminate(key));
    KEEPS(nm.close(other, &usage));
}

static DWORD WINAPI first_call(LPVOID key)
{
    DWORD error;

    SetLastError(MARK);
    nm.alloc(key, 100, &error);
    return GetLastError();
}

static void a_threads_first_call_keeps_the_last_error(void **state)
{
    HEXPERTKEY key = contract_key();

    (void)state;
    for (int i = 0; i < 8; i++)
        assert_int_equal(contract_join(contract_start(first_call, key)), MARK);
    KEEPS(nm.alloc(key, 100, NULL)); /* the expert was another thread's */
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_allocation_that_the_system_refuses_keeps_the_last_error),
        cmocka_unit_test(expert_calls_keep_the_last_error),
        cmocka_unit_test(host_calls_keep_the_last_error),
        cmocka_unit_test(a_threads_first_call_keeps_the_last_error),
    };

    contract_load(argc, argv);
    return cmocka_run_group_tests_name("the last error", tests, NULL, NULL) != 0;
}
