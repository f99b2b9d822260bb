/* test_thread.c - the promises of thread.h. */
#include "room.h"

static DWORD WINAPI say_id(LPVOID parameter)
{
    *(LONG *)parameter = expert_thread()->id;
    return 0;
}

static DWORD WINAPI say_id_and_die(LPVOID parameter)
{
    say_id(parameter);
    TerminateThread(GetCurrentThread(), 1);
    return 0;
}

static void ids_are_never_used_again_and_records_are(void **state)
{
    enum { THREADS = 300 };
    static LONG ids[THREADS];
    struct standin_usage before, after;
    int recycled = 0;

    (void)state;
    standin_get_usage(&before);
    for (int i = 0; i < THREADS; i++) {
        room_on_thread(say_id, &ids[i]);
        assert_int_not_equal(ids[i], 0);
        assert_false(thread_is_alive(ids[i]));
        for (int k = 0; k < i; k++) {
            assert_int_not_equal(ids[i], ids[k]);
            recycled += thread_record(ids[i]) == thread_record(ids[k]);
        }
    }
    assert_true(recycled > THREADS / 2);
    standin_get_usage(&after);
    assert_int_equal(after.handles, before.handles);
    assert_int_equal(after.reserved, before.reserved);
}

static void a_killed_thread_is_known_as_such_and_its_record_used_again(void **state)
{
    enum { THREADS = 300 };
    struct standin_usage before, after;
    LONG id = 0;

    (void)state;
    standin_get_usage(&before);
    for (int i = 0; i < THREADS; i++) {
        room_on_thread(say_id_and_die, &id);
        assert_false(thread_is_alive(id));
        assert_true(thread_was_killed(id));
    }
    standin_get_usage(&after);
    assert_true(after.handles - before.handles < 100); /* of those not buried yet */
}

static void the_calling_thread_is_alive(void **state)
{
    (void)state;
    assert_ptr_equal(thread_self(), self);
    assert_ptr_equal(thread_record(self->id), self);
    assert_true(thread_is_alive(self->id));
    assert_false(thread_was_killed(self->id));
    assert_false(thread_is_alive(self->id + (1 << 14)));
}

static DWORD WINAPI twice(LPVOID parameter)
{
    (void)parameter;
    return expert_thread() == expert_thread() && thread_self() == expert_thread();
}

static void a_thread_is_enrolled_once(void **state)
{
    (void)state;
    assert_int_equal(room_on_thread(twice, NULL), 1);
}

static volatile LONG stop, started;

static DWORD WINAPI live(LPVOID parameter)
{
    LONG ok = expert_thread() != NULL;

    (void)parameter;
    atomic_add(&started, ok);
    while (!atomic_load(&stop))
        Sleep(1);
    return 0;
}

static void there_is_room_for_more_threads_than_the_first_records(void **state)
{
    enum { THREADS = 150 };
    HANDLE threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++)
        threads[i] = CreateThread(NULL, 0, live, NULL, 0, NULL);
    while (atomic_load(&started) < THREADS)
        Sleep(1);
    atomic_store(&stop, 1);
    for (int i = 0; i < THREADS; i++) {
        WaitForSingleObject(threads[i], INFINITE);
        CloseHandle(threads[i]);
    }
}

static int setup_with_high_index(void **state)
{
    standin_use_tls_expansion(TRUE);
    return room_setup(state);
}

static void a_tls_index_above_63_serves_too_and_keeps_the_last_error(void **state)
{
    DWORD code = 99;

    (void)state;
    assert_true(os_tls_index >= OS_TEB_SLOTS);
    SetLastError(4711);
    assert_ptr_equal(thread_self(), self);
    assert_int_equal(GetLastError(), 4711);
    assert_non_null(ExpertAllocMemory((HEXPERTKEY)0x7770, 10, &code));
    assert_int_equal(code, NMERR_SUCCESS);
    assert_int_equal(room_on_thread(room_use_key, (HEXPERTKEY)0x7770), 1);
}

int main(void)
{
    const struct CMUnitTest low[] = {
        cmocka_unit_test(the_calling_thread_is_alive),
        cmocka_unit_test(a_thread_is_enrolled_once),
        cmocka_unit_test(ids_are_never_used_again_and_records_are),
        cmocka_unit_test(a_killed_thread_is_known_as_such_and_its_record_used_again),
        cmocka_unit_test(there_is_room_for_more_threads_than_the_first_records),
    };
    const struct CMUnitTest high[] = {
        cmocka_unit_test(a_tls_index_above_63_serves_too_and_keeps_the_last_error),
    };

    return cmocka_run_group_tests_name("TLS index below 64", low, room_setup, room_teardown) +
           cmocka_run_group_tests_name("TLS index above 63", high, setup_with_high_index,
                                       room_teardown);
}
