/* test_thread.c - the promises of thread.h. */
#include "unit.h"

static DWORD WINAPI say_id(LPVOID parameter)
{
    *(LONG *)parameter = bias_thread()->id;
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
        unit_on_thread(say_id, &ids[i]);
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
        unit_on_thread(say_id_and_die, &id);
        assert_false(thread_is_alive(id));
        assert_true(thread_was_killed(id));
    }
    standin_get_usage(&after);
    assert_true(after.handles - before.handles < 100); /* of threads that are not reaped yet */
}

/* As when another DLL hears of the thread's end later than this one, and calls. */
static DWORD WINAPI leave_and_call(LPVOID parameter)
{
    void *block;
    DWORD error = 1;

    thread_leave(bias_thread());
    block = ExpertAllocMemory(parameter, 100, &error);
    assert_non_null(block);
    assert_int_equal(error, 0);
    assert_int_equal(ExpertFreeMemory(parameter, block), NMERR_SUCCESS);
    TerminateThread(GetCurrentThread(), 0); /* nobody hears of its end again */
    return 0;
}

static void a_call_after_the_thread_has_left_costs_no_record(void **state)
{
    enum { THREADS = 300 };
    HEXPERTKEY key = (HEXPERTKEY)(ULONG_PTR)0x77;
    struct standin_usage before, after;

    (void)state;
    assert_int_equal(NmapiOpenExpert(key, NULL), NMERR_SUCCESS);
    standin_get_usage(&before);
    for (int i = 0; i < THREADS; i++)
        unit_on_thread(leave_and_call, key);
    standin_get_usage(&after);
    assert_true(after.handles < before.handles + 100); /* of those not reaped yet */
    assert_int_equal(NmapiCloseExpert(key, NULL), NMERR_SUCCESS);
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
    return bias_thread() == bias_thread() && thread_self() == bias_thread();
}

static void a_thread_is_enrolled_once(void **state)
{
    (void)state;
    assert_int_equal(unit_on_thread(twice, NULL), 1);
}

static volatile LONG stop, started;

static DWORD WINAPI live(LPVOID parameter)
{
    LONG ok = bias_thread() != NULL;

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

static void whoever_is_enrolled_stays_so_and_who_left_may_not_leave_again(void **state)
{
    struct thread *t;

    (void)state;
    assert_ptr_equal(thread_enroll(&expert_nobody), self);
    thread_leave(self);
    assert_null(thread_self());
    thread_leave(self);
    t = bias_thread();
    assert_ptr_equal(t, thread_self());
    self = t;
}

static void the_last_generation_is_followed_by_the_first(void **state)
{
    LONG id = 0, index, last;

    (void)state;
    unit_on_thread(say_id, &id);
    index = id & 0xFFF;
    last = (LONG)(0x7FFFF000U | (ULONG)index);
    thread_record(id)->id = last;
    unit_on_thread(say_id, &id);
    assert_int_equal(id, 0x1000 | index);
}

/* All records are in use; one is of a thread that was killed inside an expert, which nothing else
   shows. */
static void without_a_record_a_thread_has_no_memory(void **state)
{
    enum { RECORDS = 4096 };
    static LONG states[RECORDS];
    LONG dead = 0, id = 0;
    DWORD code = 0;

    (void)state;
    unit_on_thread(say_id_and_die, &dead);
    thread_record(dead)->key = THREAD_INSIDE(thread_record(dead));
    for (LONG i = 0; i < RECORDS; i++) {
        states[i] = thread_record(i)->state;
        if (states[i] == THREAD_FREE)
            thread_record(i)->state = THREAD_CLAIMED;
    }
    assert_int_equal(unit_on_thread(unit_use_key, (HEXPERTKEY)0x1230), 0);
    assert_true(thread_was_killed(dead));
    thread_record(dead)->key = NULL; /* the expert was recovered */
    assert_int_equal(unit_on_thread(unit_use_key, (HEXPERTKEY)0x1230), 1);
    assert_int_not_equal(thread_record(dead)->id, dead); /* reaped, and yet remembered */
    assert_true(thread_was_killed(dead));
    for (LONG i = 0; i < RECORDS; i++)
        if (states[i] == THREAD_FREE)
            thread_record(i)->state = THREAD_FREE;
    unit_on_thread(say_id, &id);
    assert_int_not_equal(id, 0);
    assert_non_null(ExpertAllocMemory((HEXPERTKEY)0x1230, 10, &code));
}

static volatile LONG leave_now;
static HANDLE leaver;
static volatile LONG leaver_id;

static DWORD WINAPI live_until_told(LPVOID parameter)
{
    atomic_store((volatile LONG *)parameter, bias_thread()->id);
    while (!atomic_load(&leave_now))
        Sleep(1);
    return 0;
}

static void let_it_leave(const char *name, BOOL after)
{
    if (after || strcmp(name, "WaitForSingleObject") != 0)
        return;
    assert_true(thread_is_alive(leaver_id)); /* another thread uses it */
    atomic_store(&leave_now, 1);
    WaitForSingleObject(leaver, INFINITE);
}

static void a_handle_that_is_in_use_is_closed_when_it_is_not(void **state)
{
    struct standin_usage before, after;

    (void)state;
    standin_get_usage(&before);
    leaver = CreateThread(NULL, 0, live_until_told, (LPVOID)&leaver_id, 0, NULL);
    while (!atomic_load(&leaver_id))
        Sleep(1);
    standin_on_call(let_it_leave);
    assert_false(thread_is_alive(leaver_id)); /* it ends while this thread looks */
    standin_on_call(NULL);
    assert_int_equal(thread_record(leaver_id)->state, THREAD_FREE);
    CloseHandle(leaver);
    standin_get_usage(&after);
    assert_int_equal(after.handles, before.handles);
}

/* Suspended threads */

static struct lock lock;
static volatile LONG has_lock;

static DWORD WINAPI hold_lock_suspended(LPVOID parameter)
{
    (void)parameter;
    lock_acquire(&lock, bias_thread());
    atomic_store(&has_lock, 1);
    while (atomic_load(&has_lock))
        Sleep(1);
    lock_release(&lock);
    while (!atomic_load(&stop))
        Sleep(1);
    return 0;
}

static void who_was_suspended_with_a_lock_is_let_run_until_it_is_free(void **state)
{
    HANDLE thread;

    (void)state;
    atomic_store(&stop, 0);
    thread = CreateThread(NULL, 0, hold_lock_suspended, NULL, 0, NULL);
    while (!atomic_load(&has_lock))
        Sleep(1);
    for (int i = 0; i < 2; i++)
        SuspendThread(thread);
    atomic_store(&has_lock, 0);
    assert_int_equal(lock_acquire(&lock, self), 0);
    lock_release(&lock);
    assert_int_equal(SuspendThread(thread), 2); /* its suspend count is as before */
    atomic_store(&stop, 1);
    for (int i = 0; i < 3; i++)
        ResumeThread(thread);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

static unsigned let_run_times;

static void count_resumes(const char *name, BOOL after)
{
    let_run_times += !after && strcmp(name, "ResumeThread") == 0;
}

static void wait_a_while_for(LONG id, LONG locks)
{
    struct thread_wait wait = {.rounds = 0};
    DWORD since = GetTickCount();

    while (GetTickCount() - since < 400) {
        thread_record(id)->locks += locks;
        thread_wait_for(&wait, id);
    }
}

/* A debugger or profiler suspends a thread for moments, again and again. A thread that runs in
   between is not resumed. */
static void who_goes_on_between_suspensions_is_not_let_run(void **state)
{
    static volatile LONG id;
    HANDLE thread;

    (void)state;
    leave_now = 0;
    thread = CreateThread(NULL, 0, live_until_told, (LPVOID)&id, 0, NULL);
    while (!atomic_load(&id))
        Sleep(1);
    wait_a_while_for(id, 0);
    assert_int_equal(SuspendThread(thread), 0); /* a thread that is only slow is left alone */
    standin_on_call(count_resumes);
    wait_a_while_for(id, 1);
    assert_int_equal(let_run_times, 0);
    wait_a_while_for(id, 0);
    assert_true(let_run_times > 0);
    standin_on_call(NULL);
    atomic_store(&leave_now, 1);
    ResumeThread(thread);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

static void only_living_threads_are_let_run(void **state)
{
    LONG id = 0;
    struct thread_wait wait;

    (void)state;
    unit_on_thread(say_id, &id);
    for (int i = 0; i < 3; i++) {
        LONG whom = i == 0 ? 0 : i == 1 ? id : self->id;
        wait = (struct thread_wait){.rounds = 1, .thread = whom, .since = GetTickCount() - 10000};
        thread_wait_for(&wait, whom);
        assert_int_equal(wait.rounds, 2);
    }
    thread_wait_for(&wait, id); /* the wait for another one begins */
    assert_int_equal(wait.rounds, 1);
}

static int setup_with_high_index(void **state)
{
    standin_use_tls_expansion(TRUE);
    return unit_setup(state);
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
    assert_int_equal(unit_on_thread(unit_use_key, (HEXPERTKEY)0x7770), 1);
}

int main(void)
{
    const struct CMUnitTest low[] = {
        cmocka_unit_test(the_calling_thread_is_alive),
        cmocka_unit_test(a_thread_is_enrolled_once),
        cmocka_unit_test(ids_are_never_used_again_and_records_are),
        cmocka_unit_test(a_killed_thread_is_known_as_such_and_its_record_used_again),
        cmocka_unit_test(a_call_after_the_thread_has_left_costs_no_record),
        cmocka_unit_test(there_is_room_for_more_threads_than_the_first_records),
        cmocka_unit_test(whoever_is_enrolled_stays_so_and_who_left_may_not_leave_again),
        cmocka_unit_test(the_last_generation_is_followed_by_the_first),
        cmocka_unit_test(without_a_record_a_thread_has_no_memory),
        cmocka_unit_test(a_handle_that_is_in_use_is_closed_when_it_is_not),
        cmocka_unit_test(who_was_suspended_with_a_lock_is_let_run_until_it_is_free),
        cmocka_unit_test(who_goes_on_between_suspensions_is_not_let_run),
        cmocka_unit_test(only_living_threads_are_let_run),
    };
    const struct CMUnitTest high[] = {
        cmocka_unit_test(a_tls_index_above_63_serves_too_and_keeps_the_last_error),
    };

    return cmocka_run_group_tests_name("TLS index below 64", low, unit_setup, unit_teardown) +
           cmocka_run_group_tests_name("TLS index above 63", high, setup_with_high_index,
                                       unit_teardown);
}
