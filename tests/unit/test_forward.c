/*
 * test_forward.c - the promises of forward.h: whose code a call reaches, host before original
 * before failure. The original DLL is found once in a process, so each case has its own child
 * process.
 */
#include "unit.h"

#include "forward/forward.h"
#include "forward_stubs.h"

/* clang-format off */
enum {
#define OURS(...)
#define FORWARDED(name, ...) INDEX_##name,
#define GUARDED(name, ...) INDEX_##name,
#include "forward/exports.h"
    FUNCTIONS
};
/* clang-format on */

void *forward_target(DWORD index, HEXPERTKEY first_argument);

#define KEY ((HEXPERTKEY)0x7700)
#define FRAME forward_target(INDEX_GetFrameLength, NULL)
#define OTHER forward_target(INDEX_GetSaps, NULL)

/* The loader, as the test sets it up */

static HINSTANCE own; /* a reservation stands for our own image */
static char original_code[16], host_code[16];
static struct loader {
    const char *own_path;    /* NULL: the path can't be had */
    DWORD own_length;        /* 0: that of own_path */
    BOOL there;              /* there is a file beside us */
    HMODULE module;          /* what a load gives */
    void *function;          /* what it returns for any name */
    BOOL is_ours;            /* it exports our functions too */
    void (*meanwhile)(void); /* runs while it loads */
    unsigned loads, releases, lookups;
    char loaded[600];
} loader;

static DWORD file_name(HMODULE module, LPSTR buffer, DWORD size)
{
    DWORD length = loader.own_path ? (DWORD)strlen(loader.own_path) : 0;

    UNIT_MUST(module == own);
    if (loader.own_length) {
        memset(buffer, 'x', loader.own_length < size ? loader.own_length : size);
        return loader.own_length;
    }
    UNIT_MUST(length < size);
    memcpy(buffer, loader.own_path ? loader.own_path : "", length + 1);
    return length;
}

static HMODULE load(LPCSTR name, DWORD flags)
{
    void (*meanwhile)(void) = loader.meanwhile;

    UNIT_MUST(flags == LOAD_WITH_ALTERED_SEARCH_PATH);
    loader.loads++;
    snprintf(loader.loaded, sizeof loader.loaded, "%s", name);
    loader.meanwhile = NULL;
    if (meanwhile) {
        HMODULE mine = loader.module;
        loader.module = (HMODULE)&loader;
        meanwhile();
        loader.module = mine;
    }
    return loader.module;
}

static FARPROC address(HMODULE module, LPCSTR name)
{
    void *function = loader.function;

    UNIT_MUST(module);
    if (strcmp(name, "NmapiOpenExpert") == 0)
        function = loader.is_ours ? original_code : NULL;
    else
        loader.lookups++;
    return (FARPROC)(ULONG_PTR)function;
}

static BOOL let_go(HMODULE module)
{
    UNIT_MUST(module);
    loader.releases++;
    return TRUE;
}

static BOOL exists(LPCSTR name)
{
    UNIT_MUST(strcmp(name, "C:\\host\\Nmapi.original.dll") == 0 ||
              strcmp(name, "Nmapi.original.dll") == 0);
    return loader.there;
}

static const struct standin_module_hooks hooks = {file_name, load, address, let_go, exists, NULL};

static int setup(void **state)
{
    int failed = unit_setup(state);

    own = VirtualAlloc(NULL, 65536, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    forward_attach(own);
    standin_set_module_hooks(&hooks);
    loader = (struct loader){.own_path = "C:\\host\\Nmapi.dll",
                             .there = TRUE,
                             .module = (HMODULE)&loader,
                             .function = original_code};
    standin_clear_debug_text();
    return failed;
}

static int teardown(void **state)
{
    standin_set_module_hooks(NULL);
    VirtualFree(own, 0, MEM_RELEASE);
    return unit_teardown(state);
}

static int said(const char *text)
{
    return strstr(standin_debug_text(), text) != NULL;
}

/* The host */

static void the_host_supplies_functions_by_name_and_takes_them_back(void **state)
{
    FARPROC function = (FARPROC)(ULONG_PTR)host_code;

    (void)state;
    assert_null(NmapiGetFunction("GetFrameLength"));
    assert_int_equal(NmapiSetFunction("GetFrameLength", function), NMERR_SUCCESS);
    assert_ptr_equal(NmapiGetFunction("GetFrameLength"), function);
    assert_ptr_equal(FRAME, host_code);
    assert_null(NmapiGetFunction("GetFrame")); /* whose name is the beginning of the other's */
    assert_int_equal(NmapiSetFunction("GetFrameLength", NULL), NMERR_SUCCESS);
    assert_null(NmapiGetFunction("GetFrameLength"));
}

static void every_export_that_is_not_ours_can_be_supplied(void **state)
{
    static const char *const names[] = {
#define OURS(...)
#define FORWARDED(name, ...) #name,
#define GUARDED(name, ...) #name,
#include "forward/exports.h"
    };

    (void)state;
    for (DWORD i = 0; i < FUNCTIONS; i++) {
        FARPROC function = (FARPROC)(ULONG_PTR)host_code;
        assert_int_equal(NmapiSetFunction(names[i], function), NMERR_SUCCESS);
        assert_ptr_equal(forward_target(i, NULL), host_code);
        for (DWORD k = 0; k < FUNCTIONS; k++)
            assert_int_equal(NmapiGetFunction(names[k]) == function, k == i);
        assert_int_equal(NmapiSetFunction(names[i], NULL), NMERR_SUCCESS);
        assert_null(NmapiGetFunction(names[i]));
    }
}

static void other_names_and_our_own_code_are_refused(void **state)
{
    static const char *const names[] = {
        NULL, "", "NoSuchName", "ExpertAllocMemory", "GetFrameLengthX", "getframelength"};
    FARPROC function = (FARPROC)(ULONG_PTR)host_code;

    (void)state;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(NmapiSetFunction(names[i], function), NMERR_INVALID_PARAMETER);
        assert_null(NmapiGetFunction(names[i]));
    }
    assert_int_equal(NmapiSetFunction("GetSaps", (FARPROC)(ULONG_PTR)((char *)own + 100)),
                     NMERR_INVALID_PARAMETER);
    assert_null(NmapiGetFunction("GetSaps"));
    SetLastError(4711);
    /* An address where nothing lies is not our code. */
    assert_int_equal(NmapiSetFunction("GetSaps", (FARPROC)(ULONG_PTR)-1), NMERR_SUCCESS);
    assert_int_equal(NmapiSetFunction("GetSaps", NULL), NMERR_SUCCESS);
    assert_int_equal(GetLastError(), 4711);
}

static void a_stopped_experts_calls_end_here(void **state)
{
    (void)state;
    assert_int_equal(NmapiSetFunction("ExpertGetFrame", (FARPROC)(ULONG_PTR)host_code),
                     NMERR_SUCCESS);
    assert_ptr_equal(forward_target(INDEX_ExpertGetFrame, NULL), host_code);
    assert_ptr_equal(forward_target(INDEX_ExpertGetFrame, KEY), host_code);
    assert_int_equal(NmapiOpenExpert(KEY, NULL), NMERR_SUCCESS);
    assert_ptr_equal(forward_target(INDEX_ExpertGetFrame, KEY), host_code);
    assert_int_equal(NmapiTerminateExpert(KEY), NMERR_SUCCESS);
    assert_ptr_equal(forward_target(INDEX_ExpertGetFrame, KEY), forward_stopped_ExpertGetFrame);
    assert_int_equal(NmapiCloseExpert(KEY, NULL), NMERR_SUCCESS);
    assert_ptr_equal(forward_target(INDEX_ExpertGetFrame, KEY), forward_stopped_ExpertGetFrame);
    assert_int_equal(NmapiSetFunction("ExpertGetFrame", NULL), NMERR_SUCCESS);
}

/* The original; each case in its own process */

static void is_beside_us(void)
{
    SetLastError(4711);
    UNIT_MUST(FRAME == original_code);
    UNIT_MUST(GetLastError() == 4711);
    UNIT_MUST(strcmp(loader.loaded, "C:\\host\\Nmapi.original.dll") == 0);
    UNIT_MUST(FRAME == original_code && OTHER == original_code);
    UNIT_MUST(loader.loads == 1 && loader.releases == 0);
    UNIT_MUST(loader.lookups == 2); /* each is decided once */
    UNIT_MUST(!said("Nmapi"));
}

static void is_not_there(void)
{
    loader.there = FALSE;
    UNIT_MUST(FRAME == forward_failure_GetFrameLength);
    UNIT_MUST(FRAME == forward_failure_GetFrameLength);
    UNIT_MUST(OTHER == forward_failure_GetSaps);
    UNIT_MUST(loader.loads == 0);
    UNIT_MUST(said("GetFrameLength: not supported, no function supplied and no original DLL\r\n"));
    UNIT_MUST(!said("the original DLL can't"));
}

static void has_no_folder_name(void)
{
    loader.own_path = "Nmapi.dll";
    UNIT_MUST(FRAME == original_code);
    UNIT_MUST(strcmp(loader.loaded, "Nmapi.original.dll") == 0);
}

static void is_beside_us_whatever_we_are_called(void)
{
    loader.own_path = "C:\\host\\A copy of it.dll";
    UNIT_MUST(FRAME == original_code);
    UNIT_MUST(strcmp(loader.loaded, "C:\\host\\Nmapi.original.dll") == 0);
}

static void our_own_path_is_unknown(void)
{
    loader.own_path = NULL;
    UNIT_MUST(FRAME == forward_failure_GetFrameLength);
    UNIT_MUST(loader.loads == 0);
}

static void our_own_path_is_too_long(void)
{
    loader.own_length = 510;
    UNIT_MUST(FRAME == forward_failure_GetFrameLength);
    UNIT_MUST(loader.loads == 0);
}

static void does_not_load(void)
{
    loader.module = NULL;
    UNIT_MUST(FRAME == forward_failure_GetFrameLength);
    UNIT_MUST(said("Nmapi.original.dll: the original DLL can't be loaded\r\n"));
}

static void lacks_the_function(void)
{
    loader.function = NULL;
    UNIT_MUST(FRAME == forward_failure_GetFrameLength);
    UNIT_MUST(said("the original DLL has none"));
}

static void leads_back(void)
{
    loader.function = (char *)own + 64;
    UNIT_MUST(FRAME == forward_failure_GetFrameLength);
    UNIT_MUST(said("leads back here"));
}

static void is_ourselves(void)
{
    loader.module = own;
    UNIT_MUST(FRAME == forward_failure_GetFrameLength);
    UNIT_MUST(loader.releases == 1);
    UNIT_MUST(said("is this DLL under another name"));
}

static void is_a_copy_of_ours(void)
{
    loader.is_ours = TRUE;
    UNIT_MUST(FRAME == forward_failure_GetFrameLength);
    UNIT_MUST(loader.releases == 1);
    UNIT_MUST(said("is this DLL under another name"));
}

/* The option's path, and as text for comparisons. */
static WCHAR original_wide[64];
static const char *original_option;

static void set_original(const char *path)
{
    unsigned i = 0;

    for (; path[i]; i++)
        original_wide[i] = (BYTE)path[i];
    original_wide[i] = 0;
    options.original = original_wide;
    original_option = path;
}

static void is_where_the_option_says(void)
{
    UNIT_MUST(FRAME == original_code);
    UNIT_MUST(strcmp(loader.loaded, original_option) == 0);
}

static void is_not_where_the_option_says(void)
{
    static WCHAR path[700];

    for (unsigned i = 0; i < sizeof path / sizeof *path - 1; i++)
        path[i] = i < 2 ? '\\' : 'x';
    options.original = path;
    loader.module = NULL;
    UNIT_MUST(FRAME == forward_failure_GetFrameLength);
    UNIT_MUST(loader.loads == 1);
    UNIT_MUST(said("Nmapi: \\\\xxx") && strlen(standin_debug_text()) < 500);
}

static void has_no_absolute_path(void)
{
    UNIT_MUST(FRAME == forward_failure_GetFrameLength);
    UNIT_MUST(loader.loads == 0);
    UNIT_MUST(said("is not an absolute path"));
}

static void is_looked_for_once_the_loader_is_free(void)
{
    standin_in_loader = TRUE;
    for (int i = 0; i < 2; i++)
        UNIT_MUST(FRAME == forward_failure_GetFrameLength);
    UNIT_MUST(loader.loads == 0);
    UNIT_MUST(said("called from a DllMain"));
    standin_in_loader = FALSE;
    UNIT_MUST(FRAME == original_code);
    standin_in_loader = TRUE; /* now that it is loaded a DllMain may call */
    UNIT_MUST(OTHER == original_code);
}

/* As if another thread had loaded it first */
static void another_thread(void)
{
    UNIT_MUST(OTHER == original_code);
}

static void is_loaded_by_two(void)
{
    loader.meanwhile = another_thread;
    UNIT_MUST(FRAME == original_code);
    UNIT_MUST(loader.loads == 2 && loader.releases == 1);
}

static void is_loaded_by_the_other_alone(void)
{
    loader.meanwhile = another_thread;
    loader.module = NULL;
    UNIT_MUST(FRAME == original_code);
    UNIT_MUST(loader.loads == 2 && loader.releases == 0);
    UNIT_MUST(!said("can't be loaded"));
}

static void what_lies_behind_the_host_is_the_original_or_the_failure(void **state)
{
    static void (*const answers[])(void) = {
        is_beside_us,
        is_not_there,
        has_no_folder_name,
        is_beside_us_whatever_we_are_called,
        our_own_path_is_unknown,
        our_own_path_is_too_long,
        does_not_load,
        lacks_the_function,
        leads_back,
        is_ourselves,
        is_a_copy_of_ours,
        is_not_where_the_option_says,
        is_looked_for_once_the_loader_is_free,
        is_loaded_by_two,
        is_loaded_by_the_other_alone,
    };

    (void)state;
    for (unsigned i = 0; i < sizeof answers / sizeof *answers; i++)
        unit_child(answers[i]);
}

static void only_absolute_paths_are_loaded(void **state)
{
    static const char *const absolute[] = {"C:\\old\\Nmapi.dll", "D:/old/Nmapi.dll",
                                           "\\\\host\\x.dll"};
    static const char *const paths[] = {"",         "Nmapi.dll", "C",         "C:", "C:Nmapi.dll",
                                        "\\no.dll", "\\",        "old\\x.dll"};

    (void)state;
    for (unsigned i = 0; i < sizeof paths / sizeof *paths; i++) {
        set_original(paths[i]);
        unit_child(has_no_absolute_path);
    }
    for (unsigned i = 0; i < sizeof absolute / sizeof *absolute; i++) {
        set_original(absolute[i]);
        unit_child(is_where_the_option_says);
    }
    options.original = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_host_supplies_functions_by_name_and_takes_them_back),
        cmocka_unit_test(every_export_that_is_not_ours_can_be_supplied),
        cmocka_unit_test(other_names_and_our_own_code_are_refused),
        cmocka_unit_test(a_stopped_experts_calls_end_here),
        cmocka_unit_test(what_lies_behind_the_host_is_the_original_or_the_failure),
        cmocka_unit_test(only_absolute_paths_are_loaded),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
