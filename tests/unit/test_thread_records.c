/* test_thread_records.c - the promises of thread.h about records: how many, and that none is
   lost. */
#include "unit.h"

enum { RECORDS = 4096 };

static LONG last_id;
static DWORD last_code;

static DWORD WINAPI call(LPVOID key)
{
    void *block = ExpertAllocMemory(key, 10, &last_code);

    last_id = thread_self() ? thread_self()->id : 0;
    return block != NULL;
}

static void a_thread_that_can_not_be_enrolled_costs_no_record(void **state)
{
    static const char *const calls[] = {"DuplicateHandle", "TlsSetValue"};
    struct standin_usage before, now;

    (void)state;
    assert_int_equal(unit_on_thread(call, (void *)0x100), 1);
    standin_get_usage(&before);
    for (int k = 0; k < 2; k++) {
        struct thread *me = self;
        os_tls_set(NULL); /* as if this thread had never called the DLL */
        for (int i = 0; i < RECORDS + 10; i++) {
            standin_fail_at(calls[k], 1, FALSE);
            assert_int_equal(call((void *)0x100), 0);
            assert_int_equal(last_code, NMERR_OUT_OF_MEMORY);
            standin_fail_never();
        }
        os_tls_set(me);
    }
    assert_int_equal(unit_on_thread(call, (void *)0x100), 1);
    standin_get_usage(&now);
    assert_int_equal(now.handles, before.handles);
}

static void generations_wrap_around_and_leave_out_none(void **state)
{
    LONG most = (1 << 19) - 1;

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(unit_on_thread(call, (void *)0x100), 1);
        assert_true(last_id > 0);
        atomic_store(&thread_record(last_id)->id, (most - i % 2) << 12 | (last_id & (RECORDS - 1)));
        assert_int_equal(unit_on_thread(call, (void *)0x100), 1);
        assert_int_equal(last_id >> 12, i % 2 ? most : 1);
    }
}

static void who_was_killed_in_the_last_generation_does_not_count_in_the_next(void **state)
{
    LONG most = (1 << 19) - 1;

    (void)state;
    assert_int_equal(unit_on_thread(call, (void *)0x100), 1);
    atomic_store(&thread_record(last_id)->killed, most << 12 | (last_id & (RECORDS - 1)));
    atomic_store(&thread_record(last_id)->id, most << 12 | (last_id & (RECORDS - 1)));
    assert_true(thread_was_killed(thread_record(last_id)->id));
    assert_int_equal(unit_on_thread(call, (void *)0x100), 1);
    assert_int_equal(last_id >> 12, 1);
    assert_false(thread_was_killed(last_id));
}

static BOOL CALLBACK go_on(HEXPERTKEY key, LPVOID count)
{
    (void)key;
    ++*(int *)count;
    return TRUE;
}

/* Four functions work on a thread that can't be registered. */
static DWORD WINAPI call_what_needs_no_record(LPVOID key)
{
    int count = 0;

    return NmapiEnumExperts(go_on, &count) == NMERR_SUCCESS && count > 0 &&
           NmapiSetFunction("GetFrame", NULL) == NMERR_SUCCESS &&
           NmapiGetFunction("GetFrame") == NULL && NmapiTerminateExpert(key) == NMERR_SUCCESS;
}

static void the_4097th_thread_is_told_out_of_memory(void **state)
{
    static LONG was[RECORDS];
    int taken = 0;

    (void)state;
    assert_int_equal(NmapiOpenExpert((HEXPERTKEY)0x200, NULL), NMERR_SUCCESS);
    for (int i = 0; i < RECORDS; i++) {
        was[i] = thread_record(i)->state;
        if (was[i] == THREAD_FREE && ++taken)
            atomic_store(&thread_record(i)->state, THREAD_CLAIMED);
    }
    assert_int_equal(unit_on_thread(call, (void *)0x100), 0);
    assert_int_equal(last_code, NMERR_OUT_OF_MEMORY);
    assert_int_equal(unit_on_thread(call_what_needs_no_record, (HEXPERTKEY)0x200), 1);
    assert_non_null(ExpertAllocMemory((HEXPERTKEY)0x100, 10, NULL)); /* enrolled threads may call */
    atomic_store(&thread_record(RECORDS - 1)->state, THREAD_FREE);
    assert_int_equal(unit_on_thread(call, (void *)0x100), 1);
    assert_int_equal(last_id & (RECORDS - 1), RECORDS - 1);
    for (int i = 0; i < RECORDS; i++)
        if (was[i] == THREAD_FREE)
            atomic_store(&thread_record(i)->state, THREAD_FREE);
    assert_true(taken > RECORDS - 100);
    assert_int_equal(unit_on_thread(call, (void *)0x100), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_that_can_not_be_enrolled_costs_no_record),
        cmocka_unit_test(generations_wrap_around_and_leave_out_none),
        cmocka_unit_test(who_was_killed_in_the_last_generation_does_not_count_in_the_next),
        cmocka_unit_test(the_4097th_thread_is_told_out_of_memory),
    };

    return UNIT_RUN(tests);
}
