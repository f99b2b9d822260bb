/* test_os.c - the promises of os.h that need a system which refuses, or one which has what this one
   lacks. */
#include "unit.h"

static void a_reservation_is_told_from_what_is_not_ours(void **state)
{
    const SIZE_T bytes = 4 * OS_GRANULE;
    char *ours = os_reserve(NULL, bytes);
    char *theirs = VirtualAlloc(NULL, bytes, MEM_RESERVE, PAGE_READWRITE);
    void *volatile noted;

    (void)state;
    assert_true(os_is_reserved(ours, bytes, OS_PLAIN));
    assert_true(os_commit(ours + OS_PAGE, OS_PAGE));
    assert_true(os_is_reserved(ours, bytes, OS_PLAIN)); /* whatever part of it is committed */
    assert_false(os_is_reserved(ours, bytes - OS_GRANULE, OS_PLAIN));
    assert_false(os_is_reserved(ours, OS_PAGE, OS_PLAIN));
    assert_false(os_is_reserved(ours, bytes + OS_GRANULE, OS_PLAIN));
    assert_false(os_is_reserved(ours, bytes, OS_NOTED));
    assert_false(os_is_reserved(ours + OS_PAGE, bytes - OS_PAGE, OS_PLAIN)); /* an address inside */
    assert_false(os_is_reserved(theirs, bytes, OS_PLAIN));                   /* other memory */
    assert_non_null(os_reserve_noted(&noted, NULL, bytes));
    assert_true(os_is_reserved(noted, bytes, OS_NOTED));
    assert_false(os_is_reserved(noted, bytes, OS_PLAIN));
    standin_fail_at("VirtualQuery", 1, TRUE);
    assert_false(os_is_reserved(ours, bytes, OS_PLAIN));
    standin_fail_never();
    os_release(ours);
    os_release(noted);
    VirtualFree(theirs, 0, MEM_RELEASE);
    assert_false(os_is_reserved(ours, bytes, OS_PLAIN));
    assert_false(os_is_reserved((void *)-1, bytes, OS_PLAIN));
}

static void where_there_is_no_room_none_is_found(void **state)
{
    void *volatile note = self;

    (void)state;
    assert_null(os_find_free(NULL, (SIZE_T)1 << 60, OS_GRANULE, NULL));
    assert_null(os_find_free((void *)0x7fff00000000, (SIZE_T)1 << 60, OS_GRANULE, NULL));
    assert_null(os_reserve_noted(&note, NULL, (SIZE_T)1 << 60));
    assert_null(note);
    standin_fail_at("VirtualAlloc.reserve", 1, TRUE);
    assert_null(os_reserve_noted(&note, NULL, OS_GRANULE));
    assert_null(note);
    standin_fail_never();
}

static ULONG_PTR skipped_from, skipped_to;

static ULONG_PTR skip_some(ULONG_PTR address)
{
    return address >= skipped_from && address < skipped_to ? skipped_to : address;
}

static void what_is_skipped_is_not_offered(void **state)
{
    char *free = os_find_free(NULL, 4 * OS_GRANULE, OS_GRANULE, NULL);

    (void)state;
    skipped_from = skipped_to = 0;
    assert_ptr_equal(os_find_free(free, OS_GRANULE, OS_GRANULE, skip_some), free);
    skipped_from = (ULONG_PTR)free;
    skipped_to = skipped_from + 2 * OS_GRANULE;
    assert_ptr_equal(os_find_free(free, OS_GRANULE, OS_GRANULE, skip_some), free + 2 * OS_GRANULE);
}

static DWORD WINAPI say_handle(LPVOID parameter)
{
    os_thread_open(parameter);
    return 0;
}

static void who_has_ended_is_suspended_no_more(void **state)
{
    HANDLE handle = NULL;

    (void)state;
    unit_on_thread(say_handle, &handle);
    assert_false(os_thread_is_alive(handle));
    os_thread_suspend(handle);
    assert_int_equal(os_thread_resume(handle), 0);
    os_close(handle);
    os_thread_suspend(handle);
    assert_int_equal(os_thread_resume(handle), 0);
}

static void who_has_waited_long_gives_the_processor_away_for_a_millisecond(void **state)
{
    DWORD since = GetTickCount();

    (void)state;
    for (unsigned i = 0; i < 50; i++)
        os_yield(OS_ROUNDS + i);
    assert_true(GetTickCount() - since >= 45);
    since = GetTickCount();
    for (unsigned i = 0; i < 50; i++)
        os_yield(OS_ROUNDS);
    assert_true(GetTickCount() - since >= 45);
}

static void a_free_address_is_looked_for_from_the_hint_on_and_then_from_the_bottom(void **state)
{
    char *low = os_find_free(NULL, SEGMENT_BYTES, SEGMENT_BYTES, NULL), *high, *top;

    (void)state;
    high = os_find_free(low + ((SIZE_T)1 << 40), SEGMENT_BYTES, SEGMENT_BYTES, NULL);
    assert_true(high >= low + ((SIZE_T)1 << 40));
    assert_true(os_reserve(high, SEGMENT_BYTES) == high);
    top = os_find_free(high, SEGMENT_BYTES, SEGMENT_BYTES, NULL);
    assert_true(top >= high + SEGMENT_BYTES);
    os_release(high);
    assert_ptr_equal(os_find_free((void *)-OS_GRANULE, SEGMENT_BYTES, SEGMENT_BYTES, NULL), low);
}

static int tries;

static void let_the_fourth_succeed(const char *name, BOOL after)
{
    if (after && strncmp(name, "VirtualAlloc", 12) == 0 && ++tries == 3)
        standin_fail_never();
}

static void
what_is_reserved_lies_behind_the_hint_and_far_from_where_it_could_not_be_had(void **state)
{
    char *low = os_find_free(NULL, OS_GRANULE, OS_GRANULE, NULL), *hint = low + ((SIZE_T)1 << 40),
         *had;
    void *volatile note;

    (void)state;
    had = os_reserve_noted(&note, hint, OS_GRANULE);
    assert_true(had >= hint);
    os_release(had);
    standin_fail_at("VirtualAlloc.reserve", 1, TRUE);
    standin_on_call(let_the_fourth_succeed);
    assert_ptr_equal(os_reserve_noted(&note, hint, OS_GRANULE), had + 7 * OS_GRANULE);
    standin_on_call(NULL);
    os_release(had + 7 * OS_GRANULE);
}

/* A system that has the optional call */

#define MARK 4711

static int flushed;

static void flush(void)
{
    flushed++;
    SetLastError(1);
}

static int kernel, system_module, is_wine, has_ntdll = 1;

static HMODULE find_module(LPCSTR name)
{
    if (strcmp(name, "ntdll.dll") == 0)
        return has_ntdll ? (HMODULE)&system_module : NULL;
    return strcmp(name, "kernel32.dll") == 0 ? (HMODULE)&kernel : NULL;
}

static FARPROC find_call(HMODULE module, LPCSTR name)
{
    if (is_wine && module == (HMODULE)&system_module && strcmp(name, "wine_get_version") == 0)
        return (FARPROC)(ULONG_PTR)flush;
    return module == (HMODULE)&kernel && strcmp(name, "FlushProcessWriteBuffers") == 0
               ? (FARPROC)(ULONG_PTR)flush
               : NULL;
}

static void flush_after_load(void **state, const struct standin_module_hooks *hooks)
{
    standin_set_module_hooks(hooks);
    unit_load_anew(state);
    standin_set_module_hooks(NULL);
    flushed = 0;
    SetLastError(MARK);
    for (int i = 0; i < 30; i++)
        os_flush_stores();
    assert_int_equal(GetLastError(), MARK);
}

static void where_the_system_can_flush_stores_it_does_and_elsewhere_time_does(void **state)
{
    static const struct standin_module_hooks hooks = {.find = find_module, .address = find_call};
    DWORD since;

    for (is_wine = 0; is_wine < 2; is_wine++) {
        since = GetTickCount();
        flush_after_load(state, is_wine ? &hooks : NULL);
        assert_int_equal(flushed, 0);
        assert_int_equal(os_barrier_calls(), 65536);
        assert_true(GetTickCount() - since >= 25);
    }
    is_wine = 0;
    for (has_ntdll = 0; has_ntdll < 2; has_ntdll++) {
        flush_after_load(state, &hooks);
        assert_int_equal(flushed, 30);
        assert_int_equal(os_barrier_calls(), 1024);
    }
}

/* The last error, after calls that fail and calls that succeed */

static int keeps_last_error(void)
{
    int kept = GetLastError() == MARK;

    SetLastError(MARK);
    return kept;
}

static void memory_keeps_the_last_error(void **state)
{
    char *at = os_reserve(NULL, OS_GRANULE);
    void *volatile note;

    (void)state;
    SetLastError(MARK);
    for (int fails = 0; fails < 2; fails++) {
        char *other;
        if (fails)
            standin_fail_at(NULL, 1, TRUE);
        other = os_reserve(NULL, OS_GRANULE);
        assert_true(keeps_last_error());
        os_find_free(NULL, OS_GRANULE, OS_GRANULE, NULL);
        assert_true(keeps_last_error());
        os_reserve_noted(&note, NULL, OS_GRANULE);
        assert_true(keeps_last_error());
        os_commit(at, OS_GRANULE);
        assert_true(keeps_last_error());
        os_is_reserved(at, OS_GRANULE, OS_PLAIN);
        assert_true(keeps_last_error());
        os_decommit(at, OS_GRANULE);
        assert_true(keeps_last_error());
        if (other && note) {
            standin_fail_at("VirtualFree", 1, FALSE);
            os_release(other);
            assert_true(keeps_last_error());
            standin_fail_never();
            os_release(other);
            os_release(note);
        }
        assert_true(keeps_last_error());
    }
    assert_true(standin_failed() >= 5);
    standin_fail_never();
    os_release(at);
    assert_true(keeps_last_error());
    assert_false(os_commit((void *)-OS_PAGE, OS_PAGE));
    assert_true(keeps_last_error());
}

static void threads_keep_the_last_error(void **state)
{
    HANDLE handle = NULL, ended = NULL;

    (void)state;
    unit_on_thread(say_handle, &ended);
    SetLastError(MARK);
    assert_true(os_thread_open(&handle));
    assert_true(keeps_last_error());
    for (int fails = 0; fails < 2; fails++) {
        HANDLE other = NULL;
        if (fails)
            standin_fail_at(NULL, 1, TRUE);
        assert_int_equal(os_thread_open(&other), !fails);
        assert_true(keeps_last_error());
        os_thread_is_alive(handle);
        assert_true(keeps_last_error());
        os_thread_suspend(ended); /* an impossible one */
        assert_true(keeps_last_error());
        os_thread_resume(ended);
        assert_true(keeps_last_error());
        os_thread_is_alive(NULL);
        assert_true(keeps_last_error());
        assert_int_equal(os_tls_set(self), !fails);
        assert_true(keeps_last_error());
        os_flush_stores();
        assert_true(keeps_last_error());
        os_yield(0);
        assert_true(keeps_last_error());
        if (!fails)
            os_close(other);
        else
            os_close(handle);
        assert_true(keeps_last_error());
    }
    assert_true(standin_failed() >= 5);
    standin_fail_never();
    os_close(handle);
    os_close(ended);
    os_close(ended); /* none any more */
    assert_true(keeps_last_error());
}

static void a_slot_keeps_the_last_error(void **state)
{
    (void)state;
    os_tls_close();
    standin_fail_at("TlsAlloc", 1, TRUE);
    SetLastError(MARK);
    assert_false(os_tls_open());
    assert_true(keeps_last_error());
    os_tls_get_far();
    assert_true(keeps_last_error());
    standin_fail_never();
    assert_true(os_tls_open());
    assert_true(keeps_last_error());
    assert_true(os_tls_set(self));
    os_tls_get_far();
    assert_true(keeps_last_error());
}

static void options_and_lines_keep_the_last_error(void **state)
{
    WCHAR text[16];

    (void)state;
    SetLastError(MARK);
    assert_int_equal(os_environment(u"NMAPI_NO_SUCH_VARIABLE", text, 16), 0);
    assert_true(keeps_last_error());
    os_debug_line(u"a line\r\n");
    assert_true(keeps_last_error());
    assert_false(os_append(u"/no/such/folder/file", "x", 1));
    assert_true(keeps_last_error());
    for (int i = 0; i < 2; i++) { /* created, then opened as an existing file */
        assert_true(os_append(u"unit_os.tmp", "x", 1));
        assert_true(keeps_last_error());
    }
    standin_fail_at("WriteFile", 1, TRUE);
    assert_false(os_append(u"unit_os.tmp", "x", 1));
    assert_true(keeps_last_error());
    standin_fail_never();
    remove("unit_os.tmp");
}

static void another_appends(const char *name, BOOL after)
{
    if (after || strcmp(name, "WriteFile") != 0)
        return;
    standin_on_call(NULL);
    assert_true(os_append(u"unit_os.tmp", "other,", 6));
}

static void of_two_that_append_at_once_neither_overwrites_the_other(void **state)
{
    char text[32] = "";
    FILE *file;

    (void)state;
    remove("unit_os.tmp");
    standin_on_call(another_appends);
    assert_true(os_append(u"unit_os.tmp", "mine,", 5));
    standin_on_call(NULL);
    file = fopen("unit_os.tmp", "rb");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    remove("unit_os.tmp");
    assert_string_equal(text, "other,mine,");
}

/* TLS */

static void a_slot_that_there_is_not_is_not_opened(void **state)
{
    (void)state;
    os_tls_close();
    standin_fail_at("TlsAlloc", 1, TRUE);
    assert_false(os_tls_open());
    standin_fail_never();
    assert_true(os_tls_open());
    assert_true(os_tls_set(self));
}

static void without_a_slot_calls_have_no_memory(void **state)
{
    DWORD code = 0;

    assert_int_equal(unit_teardown(state), 0);
    standin_fail_at("TlsAlloc", 1, TRUE);
    standin_get_usage(&usage_before);
    DllMain(NULL, DLL_PROCESS_ATTACH, NULL);
    standin_set_dllmain(DllMain);
    assert_null(bias_thread());
    assert_null(ExpertAllocMemory((HEXPERTKEY)0x1000, 10, &code));
    assert_int_equal(code, NMERR_OUT_OF_MEMORY);
    assert_null(ExpertReallocMemory((HEXPERTKEY)0x1000, &code, 10, &code));
    assert_int_equal(code, NMERR_OUT_OF_MEMORY);
    assert_int_equal(ExpertFreeMemory((HEXPERTKEY)0x1000, &code), NMERR_OUT_OF_MEMORY);
    assert_int_equal(ExpertMemorySize((HEXPERTKEY)0x1000, &code), 0);
    assert_int_equal(NmapiOpenExpert((HEXPERTKEY)0x1000, NULL), NMERR_OUT_OF_MEMORY);
    DllMain(NULL, DLL_THREAD_DETACH, NULL);
    DllMain(NULL, DLL_PROCESS_DETACH, NULL); /* nothing was opened */
    standin_fail_never();
    assert_int_equal(unit_setup(state), 0);
    assert_true(ExpertAllocMemory((HEXPERTKEY)0x1000, 10, &code) != NULL);
}

static void a_slot_that_the_load_did_not_get_the_first_call_gets(void **state)
{
    assert_int_equal(unit_teardown(state), 0);
    standin_fail_at("TlsAlloc", 1, FALSE);
    assert_int_equal(unit_setup(state), 0);
    assert_int_equal(standin_failed(), 1);
    assert_non_null(ExpertAllocMemory((HEXPERTKEY)0x1000, 10, NULL));
}

static DWORD others;

static void another_opens_it(const char *name, BOOL after)
{
    if (!after || strcmp(name, "TlsAlloc") != 0 || others != TLS_OUT_OF_INDEXES)
        return;
    others = TlsAlloc();
    os_tls_index = others;
}

static void of_two_that_open_the_slot_one_has_its_own(void **state)
{
    struct standin_usage before, after;

    (void)state;
    os_tls_close();
    others = TLS_OUT_OF_INDEXES;
    standin_get_usage(&before);
    standin_on_call(another_opens_it);
    assert_true(os_tls_open());
    standin_on_call(NULL);
    standin_get_usage(&after);
    assert_int_equal(os_tls_index, others);
    assert_int_equal(after.tls_indexes, before.tls_indexes + 1);
    assert_true(os_tls_set(self));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reservation_is_told_from_what_is_not_ours),
        cmocka_unit_test(where_there_is_no_room_none_is_found),
        cmocka_unit_test(what_is_skipped_is_not_offered),
        cmocka_unit_test(who_has_ended_is_suspended_no_more),
        cmocka_unit_test(who_has_waited_long_gives_the_processor_away_for_a_millisecond),
        cmocka_unit_test(a_free_address_is_looked_for_from_the_hint_on_and_then_from_the_bottom),
        cmocka_unit_test(
            what_is_reserved_lies_behind_the_hint_and_far_from_where_it_could_not_be_had),
        cmocka_unit_test(memory_keeps_the_last_error),
        cmocka_unit_test(threads_keep_the_last_error),
        cmocka_unit_test(a_slot_keeps_the_last_error),
        cmocka_unit_test(options_and_lines_keep_the_last_error),
        cmocka_unit_test(of_two_that_append_at_once_neither_overwrites_the_other),
        cmocka_unit_test(a_slot_that_there_is_not_is_not_opened),
        cmocka_unit_test(where_the_system_can_flush_stores_it_does_and_elsewhere_time_does),
        cmocka_unit_test(without_a_slot_calls_have_no_memory),
        cmocka_unit_test(a_slot_that_the_load_did_not_get_the_first_call_gets),
        cmocka_unit_test(of_two_that_open_the_slot_one_has_its_own),
    };

    return UNIT_RUN(tests);
}
