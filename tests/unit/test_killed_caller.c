/* test_killed_caller.c - a close is abnormal if a calling thread was killed, however many threads
   have called since. */
#include "helper.h"

#define KEY(i) ((HEXPERTKEY)(ULONG_PTR)(0x10000 + (i)*16))

static DWORD WINAPI use_and_die(LPVOID key)
{
    unit_use_key(key);
    TerminateThread(GetCurrentThread(), 1);
    return 0;
}

static void a_killed_caller_counts_however_many_call_after_it(void **state)
{
    (void)state;
    for (int others = 0; others < 10; others++) {
        HEXPERTKEY key = KEY(others);
        void *block;
        assert_int_equal(NmapiOpenExpert(key, NULL), NMERR_SUCCESS);
        block = ExpertAllocMemory(key, 10, NULL);
        assert_non_null(block);
        unit_on_thread(use_and_die, key);
        for (int i = 0; i < others; i++)
            assert_int_equal(unit_on_thread(unit_use_key, key), 1);
        assert_int_equal(NmapiCloseExpert(key, NULL), NMERR_SUCCESS);
        assert_true(unit_is_quarantined(block));
        /* The key's next close is normal. */
        assert_int_equal(NmapiOpenExpert(key, NULL), NMERR_SUCCESS);
        block = ExpertAllocMemory(key, 10, NULL);
        assert_non_null(block);
        assert_int_equal(NmapiCloseExpert(key, NULL), NMERR_SUCCESS);
        assert_false(unit_is_quarantined(block));
    }
}

static void a_killed_caller_counts_however_many_threads_need_records_since(void **state)
{
    enum { MANY = 130 }; /* records are searched 64 at a time */
    static struct helper others[MANY];
    HEXPERTKEY key = KEY(100);
    void *block;

    (void)state;
    assert_int_equal(NmapiOpenExpert(key, NULL), NMERR_SUCCESS);
    block = ExpertAllocMemory(key, 10, NULL);
    assert_non_null(block);
    unit_on_thread(use_and_die, key);
    for (int i = 0; i < MANY; i++) {
        helper_begin(&others[i]);
        assert_int_equal(helper_run(&others[i], unit_use_key, KEY(200 + i)), 1);
    }
    assert_int_equal(NmapiCloseExpert(key, NULL), NMERR_SUCCESS);
    assert_true(unit_is_quarantined(block));
    for (int i = 0; i < MANY; i++)
        helper_end(&others[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_caller_counts_however_many_call_after_it),
        cmocka_unit_test(a_killed_caller_counts_however_many_threads_need_records_since),
    };
    return UNIT_RUN(tests);
}
