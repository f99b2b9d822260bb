/* test_lock.c - the promises of lock.h, and of the two modules that are little more than one
   lock. */
#include "unit.h"

#include "base/permanent.h"

static struct lock lock;
static volatile LONG counter, inside;

static DWORD WINAPI take_and_die(LPVOID parameter)
{
    (void)parameter;
    lock_acquire(&lock, bias_thread());
    TerminateThread(GetCurrentThread(), 9);
    return 0;
}

static void a_lock_is_taken_over_from_a_killed_thread_and_that_is_said(void **state)
{
    (void)state;
    assert_int_equal(unit_on_thread(take_and_die, NULL), 9);
    assert_int_not_equal(lock.holder, 0);
    assert_false(lock_try(&lock, self));
    assert_int_equal(lock_acquire(&lock, self), 1);
    lock_release(&lock);
    assert_int_equal(lock_acquire(&lock, self), 0);
    lock_release(&lock);
}

static DWORD WINAPI take_now(LPVOID parameter)
{
    int died, taken = lock_acquire_now(&lock, bias_thread(), &died);

    (void)parameter;
    if (taken)
        lock_release(&lock);
    return (DWORD)(2 * died + taken);
}

static void a_lock_is_taken_at_once_from_nobody_and_from_the_dead_only(void **state)
{
    (void)state;
    assert_int_equal(unit_on_thread(take_now, NULL), 1);
    lock_acquire(&lock, self);
    assert_int_equal(unit_on_thread(take_now, NULL), 0);
    lock_release(&lock);
    assert_int_equal(unit_on_thread(take_and_die, NULL), 9);
    assert_int_equal(unit_on_thread(take_now, NULL), 3);
    assert_int_equal(lock.holder, 0);
}

static DWORD WINAPI count_up(LPVOID parameter)
{
    struct thread *me = bias_thread();

    (void)parameter;
    for (int i = 0; i < 20000; i++) {
        if (lock_acquire(&lock, me))
            return 1;
        if (atomic_add(&inside, 1) != 1)
            return 2;
        counter = counter + 1;
        atomic_add(&inside, -1);
        lock_release(&lock);
    }
    return 0;
}

static void one_thread_at_a_time_has_it(void **state)
{
    HANDLE threads[3];
    DWORD code;

    (void)state;
    for (int i = 0; i < 3; i++)
        threads[i] = CreateThread(NULL, 0, count_up, NULL, 0, NULL);
    for (int i = 0; i < 3; i++) {
        WaitForSingleObject(threads[i], INFINITE);
        assert_true(GetExitCodeThread(threads[i], &code));
        assert_int_equal(code, 0);
        CloseHandle(threads[i]);
    }
    assert_int_equal(counter, 60000);
}

enum { TURNS_MOST = 4000 };
static volatile LONG turns, enough;

/* Takes the lock again at once after each release. */
static DWORD WINAPI hog(LPVOID parameter)
{
    struct thread *me = bias_thread();

    (void)parameter;
    while (!atomic_load(&enough) && atomic_add(&turns, 1) < TURNS_MOST) {
        lock_acquire(&lock, me);
        Sleep(1);
        lock_release(&lock);
    }
    return 0;
}

static void who_waits_for_long_goes_first(void **state)
{
    HANDLE thread = CreateThread(NULL, 0, hog, NULL, 0, NULL);
    LONG before, after;

    (void)state;
    while ((before = atomic_load(&turns)) < 3)
        Sleep(1);
    assert_int_equal(lock_acquire(&lock, self), 0);
    after = atomic_load(&turns);
    lock_release(&lock);
    atomic_store(&enough, 1);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    assert_in_range(after - before, 0, TURNS_MOST / 8);
    assert_int_equal(lock.wanted, 0);
}

static volatile LONG held, wanted;

static DWORD WINAPI hold_for_long(LPVOID parameter)
{
    lock_acquire(&lock, bias_thread());
    atomic_store(&held, 1);
    while (!atomic_load(&wanted))
        Sleep(1);
    Sleep(300);
    atomic_store(&held, 0);
    lock_release(&lock);
    return parameter != NULL;
}

static void a_living_thread_keeps_it_for_as_long_as_it_likes(void **state)
{
    HANDLE thread = CreateThread(NULL, 0, hold_for_long, NULL, 0, NULL);

    (void)state;
    while (!atomic_load(&held))
        Sleep(1);
    atomic_store(&wanted, 1);
    assert_int_equal(lock_acquire(&lock, self), 0);
    assert_int_equal(held, 0);
    lock_release(&lock);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

static void nobody_waits_for_long_for_one_that_never_comes(void **state)
{
    (void)state;
    lock.wanted = 1;
    assert_int_equal(lock_acquire(&lock, self), 0);
    assert_int_equal(lock.wanted, 0);
    lock_release(&lock);
}

/* A waiter sees by the count that the holder goes on. */
static void taking_a_free_lock_is_counted(void **state)
{
    LONG before = self->locks;

    (void)state;
    assert_int_equal(lock_acquire(&lock, self), 0);
    lock_release(&lock);
    assert_int_not_equal(self->locks, before);
}

/* No other thread waits for it. */
static void a_free_lock_is_taken_without_a_pause(void **state)
{
    DWORD fastest = 1000;

    (void)state;
    for (int i = 0; i < 20; i++) {
        DWORD since = GetTickCount();
        assert_int_equal(lock_acquire_slow(&lock, self), 0);
        lock_release(&lock);
        since = GetTickCount() - since;
        fastest = since < fastest ? since : fastest;
    }
    assert_in_range(fastest, 0, 4);
}

static void permanent_records_are_zero_aligned_and_apart(void **state)
{
    char *last = NULL;

    (void)state;
    for (unsigned i = 1; i < 3000; i += 7) {
        char *record = permanent_alloc(self, i);
        assert_non_null(record);
        assert_int_equal((ULONG_PTR)record % 64, 0);
        for (unsigned k = 0; k < i; k++)
            assert_int_equal(record[k], 0);
        memset(record, 1, i);
        assert_true(record != last);
        last = record;
    }
    assert_non_null(permanent_alloc(self, 3 << 20)); /* more than it reserves at once */
}

static void a_failing_permanent_alloc_says_so_and_goes_on(void **state)
{
    unsigned refused = 0;

    (void)state;
    for (unsigned n = 1; n < 6; n++) {
        standin_fail_at("VirtualAlloc", n, TRUE);
        refused += !permanent_alloc(self, 2 << 20);
        standin_fail_never();
        assert_non_null(permanent_alloc(self, 100));
    }
    assert_true(refused >= 2);
}

static void record_heap_records_are_zero_and_used_again(void **state)
{
    char *record = record_heap_alloc(self, 1000);

    (void)state;
    memset(record, 1, 1000);
    record_heap_free(self, record);
    record = record_heap_alloc(self, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(record[i], 0);
    record_heap_free(self, record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lock_is_taken_over_from_a_killed_thread_and_that_is_said),
        cmocka_unit_test(a_lock_is_taken_at_once_from_nobody_and_from_the_dead_only),
        cmocka_unit_test(one_thread_at_a_time_has_it),
        cmocka_unit_test(who_waits_for_long_goes_first),
        cmocka_unit_test(a_living_thread_keeps_it_for_as_long_as_it_likes),
        cmocka_unit_test(nobody_waits_for_long_for_one_that_never_comes),
        cmocka_unit_test(taking_a_free_lock_is_counted),
        cmocka_unit_test(a_free_lock_is_taken_without_a_pause),
        cmocka_unit_test(permanent_records_are_zero_aligned_and_apart),
        cmocka_unit_test(a_failing_permanent_alloc_says_so_and_goes_on),
        cmocka_unit_test(record_heap_records_are_zero_and_used_again),
    };

    return UNIT_RUN(tests);
}
