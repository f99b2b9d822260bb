/* test_any_key.c - any key but NULL is a key: those too that the DLL has a meaning of its own for. */
#include "unit.h"

static void a_key_that_marks_who_is_inside_keeps_nobody_waiting(void **state)
{
    HANDLE other;

    (void)state;
    assert_int_equal(unit_use_key(THREAD_INSIDE), 1);
    assert_int_equal(unit_use_key(THREAD_INSIDE), 1);
    other = CreateThread(NULL, 0, unit_use_key, THREAD_INSIDE, 0, NULL);
    assert_int_equal(WaitForSingleObject(other, 5000), WAIT_OBJECT_0);
    CloseHandle(other);
    assert_int_equal(NmapiCloseExpert(THREAD_INSIDE, NULL), NMERR_SUCCESS);
}

static void small_numbers_and_owners_are_keys(void **state)
{
    (void)state;
    for (ULONG_PTR key = 1; key < 20; key++) {
        void *block = ExpertAllocMemory((HEXPERTKEY)key, 50, NULL);
        assert_non_null(block);
        assert_int_equal(unit_on_thread(unit_use_key, (void *)key), 1);
        assert_int_equal(ExpertMemorySize((HEXPERTKEY)key, block), 50);
        assert_int_equal(NmapiCloseExpert((HEXPERTKEY)key, NULL), NMERR_SUCCESS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_numbers_and_owners_are_keys),
        cmocka_unit_test(a_key_that_marks_who_is_inside_keeps_nobody_waiting),
    };
    return UNIT_RUN(tests);
}
