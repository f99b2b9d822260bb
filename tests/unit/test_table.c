/* test_table.c - the promises of table.h. */
#include "unit.h"

enum { KEYS = 5000 };

static HEXPERTKEY key(ULONG_PTR i)
{
    return (HEXPERTKEY)(i * 0x10010 + 16);
}

static void a_key_is_found_once_made_and_its_record_never_moves(void **state)
{
    static struct expert *made[KEYS];

    (void)state;
    assert_null(table_find(key(1)));
    for (ULONG_PTR i = 0; i < KEYS; i++) {
        assert_null(table_find(key(i)));
        made[i] = table_make(self, key(i));
        assert_non_null(made[i]);
        assert_ptr_equal(table_make(self, key(i)), made[i]);
        assert_ptr_equal(made[i]->key, key(i));
        assert_int_equal(made[i]->state, EXPERT_NEVER);
    }
    for (ULONG_PTR i = 0; i < KEYS; i++)
        assert_ptr_equal(table_find(key(i)), made[i]);
    assert_null(table_find(key(KEYS)));
    assert_null(table_find((HEXPERTKEY)(ULONG_PTR)-1));
}

static void all_keys_are_listed_the_newest_first(void **state)
{
    ULONG_PTR i = KEYS;

    (void)state;
    for (const struct expert *e = atomic_load(&table_newest); e; e = e->next)
        assert_ptr_equal(e->key, key(--i));
    assert_int_equal(i, 0);
}

static DWORD WINAPI make_some(LPVOID parameter)
{
    struct thread *me = bias_thread();

    (void)parameter;
    for (ULONG_PTR i = 0; i < 2000; i++)
        if (!table_make(me, key(KEYS + i)))
            return 1;
    return 0;
}

static void threads_that_make_the_same_keys_get_the_same_records(void **state)
{
    HANDLE thread = CreateThread(NULL, 0, make_some, NULL, 0, NULL);
    ULONG_PTR count = 0;

    (void)state;
    assert_int_equal(make_some(NULL), 0);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    for (const struct expert *e = atomic_load(&table_newest); e; e = e->next)
        count++;
    assert_int_equal(count, KEYS + 2000);
}

static void without_memory_it_takes_no_key_and_loses_none(void **state)
{
    ULONG_PTR full = 0;

    unit_load_anew(state);
    standin_fail_at("VirtualAlloc", 1, TRUE);
    while (table_make(self, key(full)))
        full++;
    assert_true(full > 10); /* the image has memory for some */
    assert_null(table_find(key(full)));
    assert_null(table_make(self, key(full)));
    standin_fail_never();
    for (ULONG_PTR i = 0; i < full; i++)
        assert_ptr_equal(table_find(key(i))->key, key(i));
    assert_non_null(table_make(self, key(full)));
    assert_ptr_equal(table_find(key(full))->key, key(full));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_found_once_made_and_its_record_never_moves),
        cmocka_unit_test(all_keys_are_listed_the_newest_first),
        cmocka_unit_test(threads_that_make_the_same_keys_get_the_same_records),
        cmocka_unit_test(without_memory_it_takes_no_key_and_loses_none),
    };

    return UNIT_RUN(tests);
}
