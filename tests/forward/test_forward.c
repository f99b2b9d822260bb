/*
 * What an exported function that is not ours does: in each state every one is called through the DLL
 * with the stack, the registers and the result checked.
 *
 *   test_forward Nmapi.dll ORIGINAL.dll DLLMAIN_CALLER.dll BACKWARD.dll FOLDER
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <cmocka.h>

#include "calls.h"
#include "nmapi.h"
#include "surface_rows.h"

#ifdef _WIN64
_Static_assert(offsetof(checked_call, popped) == 0x50, "calls_x64.S");
_Static_assert(offsetof(checked_call, result) == 0x68, "calls_x64.S");
_Static_assert(offsetof(checked_call, vectors) == 0x70, "calls_x64.S");
#else
_Static_assert(offsetof(checked_call, popped) == 0x28, "calls_x86.S");
_Static_assert(offsetof(checked_call, result) == 0x38, "calls_x86.S");
#endif

ULONGLONG recorder_tag = HOST_TAG;

static const char *nmapi_file, *original_file, *caller_file, *backward_file, *work_folder;

/* The DLL under test, a copy in a folder of its own. */
static HMODULE dll;
static char folder[MAX_PATH];
static recording *original_recording;

static DWORD(WINAPI *set_function)(LPCSTR, FARPROC);
static FARPROC(WINAPI *get_function)(LPCSTR);

typedef DWORD(WINAPI *one_argument)(LPVOID);

/* The debugger output, caught on its way. */
static char lines[256][512];
static volatile LONG line_count;
static volatile LONG walk_wanted, walk_reached;

static void walk_stack(const CONTEXT *from)
{
#ifdef _WIN64
    CONTEXT context = *from;
    for (int i = 0; i < 64 && context.Rip; i++) {
        MEMORY_BASIC_INFORMATION region;
        DWORD64 base, frame;
        void *data;
        if (VirtualQuery((void *)context.Rip, &region, sizeof region) &&
            region.AllocationBase == GetModuleHandleA(NULL)) {
            walk_reached = 1;
            return;
        }
        PRUNTIME_FUNCTION entry = RtlLookupFunctionEntry(context.Rip, &base, NULL);
        if (entry) {
            RtlVirtualUnwind(0, base, context.Rip, entry, &context, &data, &frame, NULL);
        } else {
            context.Rip = *(DWORD64 *)context.Rsp;
            context.Rsp += 8;
        }
    }
#else
    (void)from;
    walk_reached = 1; /* x86 unwinds without tables */
#endif
}

static LONG CALLBACK catch_line(EXCEPTION_POINTERS *info)
{
    const EXCEPTION_RECORD *record = info->ExceptionRecord;
    if (record->ExceptionCode == 0x40010006 /* DBG_PRINTEXCEPTION_C */) {
        const char *text = (const char *)record->ExceptionInformation[1];
        LONG index = InterlockedIncrement(&line_count) - 1;
        if (index < 256)
            strncpy(lines[index], text, sizeof lines[index] - 1);
        if (walk_wanted)
            walk_stack(info->ContextRecord);
    }
    return EXCEPTION_CONTINUE_SEARCH;
}

static int lines_with(const char *text)
{
    int count = 0;
    for (LONG i = 0; i < line_count; i++)
        count += strstr(lines[i], text) != NULL;
    return count;
}

/* Folders and files */

static void path_in_folder(char *path, const char *file)
{
    snprintf(path, MAX_PATH, "%s\\%s", folder, file);
}

static void copy_into_folder(const char *from, const char *file)
{
    char path[MAX_PATH];
    path_in_folder(path, file);
    assert_true(CopyFileA(from, path, FALSE));
}

static void remove_from_folder(const char *file)
{
    char path[MAX_PATH];
    path_in_folder(path, file);
    DeleteFileA(path);
}

static FARPROC function_of(HMODULE module, const char *name)
{
    FARPROC function = GetProcAddress(module, name);
    if (!function)
        fail_msg("%s is not exported", name);
    return function;
}

static void load(const char *options)
{
    char path[MAX_PATH];
    SetEnvironmentVariableA("NMAPI_OPTIONS", options);
    path_in_folder(path, "Nmapi.dll");
    dll = LoadLibraryA(path);
    assert_non_null(dll);
    set_function =
        (DWORD(WINAPI *)(LPCSTR, FARPROC))(ULONG_PTR)function_of(dll, "NmapiSetFunction");
    get_function = (FARPROC(WINAPI *)(LPCSTR))(ULONG_PTR)function_of(dll, "NmapiGetFunction");
}

static void unload(void)
{
    HMODULE original;
    if (dll)
        FreeLibrary(dll);
    dll = NULL;
    while ((original = GetModuleHandleA("Nmapi.original.dll")) != NULL)
        FreeLibrary(original);
    while ((original = GetModuleHandleA("elsewhere.dll")) != NULL)
        FreeLibrary(original);
    SetEnvironmentVariableA("NMAPI_OPTIONS", NULL);
}

/* The usual start: our DLL alone in a fresh folder; a test puts more beside it. */
static int setup(void **state)
{
    (void)state;
    char relative[MAX_PATH];
    static const char *const files[] = {"Nmapi.dll", "Nmapi.original.dll", "elsewhere.dll"};
    snprintf(relative, sizeof relative, "%s", work_folder);
    GetFullPathNameA(relative, sizeof folder, folder, NULL);
    CreateDirectoryA(folder, NULL);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        remove_from_folder(files[i]);
    copy_into_folder(nmapi_file, "Nmapi.dll");
    memset(lines, 0, sizeof lines);
    line_count = 0;
    memset(&recorded, 0, sizeof recorded);
    original_recording = NULL;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unload();
    return 0;
}

static HMODULE original_module(void)
{
    HMODULE module = GetModuleHandleA("Nmapi.original.dll");
    return module ? module : GetModuleHandleA("elsewhere.dll");
}

/* Calls */

static void call_row(int row, checked_call *call)
{
    memset(call, 0, sizeof *call);
    call->function = (void *)(ULONG_PTR)function_of(dll, surface[row].name);
    for (int i = 0; i < CALL_ARGUMENTS; i++) {
        ULONG_PTR pattern = (ULONG_PTR)0x5A17C0DE0BADF00Dull;
        call->arguments[i] = pattern * (ULONG_PTR)(2 * i + 1) + (ULONG_PTR)row;
    }
    for (int i = 0; i < CALL_VECTORS; i++) {
        call->vectors[i].low = 0x0102030405060708ull * (unsigned)(i + 1);
        call->vectors[i].high = ~call->vectors[i].low;
    }
    /* The memory functions really run: nothing that they could take for a key or a block. */
    if (surface[row].provider == PROVIDER_OURS)
        memset(call->arguments, 0, sizeof call->arguments);
    call_checked(call);
    if (!call->preserved)
        fail_msg("%s destroyed a register that it must keep", surface[row].name);
    if (call->popped != surface[row].popped)
        fail_msg("%s took %u bytes off the stack", surface[row].name, (unsigned)call->popped);
}

static BOOL is_memory_function(int row)
{
    return surface[row].provider == PROVIDER_OURS && strncmp(surface[row].name, "Nmapi", 5) != 0;
}

static void check_failure(int row)
{
    checked_call call;
    call_row(row, &call);
    LONGLONG failure = surface[row].failure;
    if (call.result != (ULONGLONG)failure)
        fail_msg("%s returned %016llx with nothing behind it", surface[row].name, call.result);
}

static void check_recorded(int row, ULONGLONG tag, const recording *where)
{
    checked_call call;
    DWORD calls = where->calls;
    call_row(row, &call);
    if (where->calls != calls + 1 || where->index != (DWORD)row)
        fail_msg("%s did not arrive", surface[row].name);
    if (call.result != RECORDER_RESULT(tag, (ULONGLONG)row))
        fail_msg("%s returned %016llx", surface[row].name, call.result);
    if (memcmp(where->arguments, call.arguments, sizeof call.arguments) != 0)
        fail_msg("the arguments of %s changed on the way", surface[row].name);
    assert_true(where->aligned);
#ifdef _WIN64
    if (memcmp(where->vectors, call.vectors, sizeof call.vectors) != 0)
        fail_msg("the vector arguments of %s changed on the way", surface[row].name);
#else
    assert_int_equal(where->registers[0], 0xc0ffee01);
    assert_int_equal(where->registers[1], 0xdecade02);
#endif
}

static void check_memory_function(int row)
{
    checked_call call;
    DWORD calls = recorded.calls + (original_recording ? original_recording->calls : 0);
    call_row(row, &call);
    assert_int_equal(recorded.calls + (original_recording ? original_recording->calls : 0), calls);
}

static void supply(int row)
{
    FARPROC function = (FARPROC)(ULONG_PTR)surface[row].recorder;
    assert_int_equal(set_function(surface[row].name, function), NMERR_SUCCESS);
    assert_ptr_equal((void *)(ULONG_PTR)get_function(surface[row].name), surface[row].recorder);
}

static void take_back(int row)
{
    assert_int_equal(set_function(surface[row].name, NULL), NMERR_SUCCESS);
    assert_null(get_function(surface[row].name));
}

/* The original loads at the first call; its recordings are looked at from then on. */
static void find_original(void)
{
    HMODULE module = original_module();
    assert_non_null(module);
    original_recording =
        ((recording * (*)(void))(ULONG_PTR)function_of(module, "original_recorded"))();
}

static int row_of(const char *name)
{
    int row = 0;
    while (strcmp(surface[row].name, name) != 0)
        row++;
    return row;
}

static DWORD call_frame_length(void)
{
    return ((one_argument)(ULONG_PTR)function_of(dll, "GetFrameLength"))(NULL);
}

static DWORD original_frame_length(void)
{
    return (DWORD)RECORDER_RESULT(ORIGINAL_TAG, (ULONGLONG)row_of("GetFrameLength"));
}

/* The tests */

static void every_documented_function_is_in_the_table(void **state)
{
    int documented = 0;
    (void)state;
    for (int row = 0; row < SURFACE_ROWS; row++)
        documented += surface[row].provider != PROVIDER_OURS || is_memory_function(row);
    assert_int_equal(documented, 129);
}

static void with_nothing_behind_each_fails_in_its_way(void **state)
{
    (void)state;
    load(NULL);
    for (int row = 0; row < SURFACE_ROWS; row++) {
        if (is_memory_function(row))
            check_memory_function(row);
        else if (surface[row].provider != PROVIDER_OURS)
            check_failure(row);
    }
    for (int row = 0; row < SURFACE_ROWS; row++)
        if (surface[row].provider != PROVIDER_OURS)
            check_failure(row); /* not only the first time */
}

static void the_first_failure_of_each_is_reported_in_one_line(void **state)
{
    int expected = 0;
    (void)state;
    load(NULL);
    for (int round = 0; round < 2; round++)
        for (int row = 0; row < SURFACE_ROWS; row++)
            if (surface[row].provider != PROVIDER_OURS)
                check_failure(row);
    for (int row = 0; row < SURFACE_ROWS; row++) {
        char text[64];
        if (surface[row].provider == PROVIDER_OURS)
            continue;
        snprintf(text, sizeof text, "Nmapi: %s: ", surface[row].name);
        if (lines_with(text) != 1)
            fail_msg("%d lines name %s", lines_with(text), surface[row].name);
        expected++;
    }
    assert_int_equal(line_count, expected);
}

static void a_host_function_gets_what_the_caller_passed(void **state)
{
    (void)state;
    load(NULL);
    for (int row = 0; row < SURFACE_ROWS; row++) {
        if (surface[row].provider == PROVIDER_OURS)
            continue;
        supply(row);
        check_recorded(row, HOST_TAG, &recorded);
    }
    for (int row = 0; row < SURFACE_ROWS; row++)
        if (is_memory_function(row))
            check_memory_function(row);
    assert_int_equal(line_count, 0);
}

static void a_function_taken_back_fails_again(void **state)
{
    (void)state;
    load(NULL);
    for (int row = 0; row < SURFACE_ROWS; row++) {
        if (surface[row].provider == PROVIDER_OURS)
            continue;
        supply(row);
        take_back(row);
        check_failure(row);
        supply(row);
        check_recorded(row, HOST_TAG, &recorded);
    }
}

static void the_original_gets_what_the_caller_passed(void **state)
{
    (void)state;
    copy_into_folder(original_file, "Nmapi.original.dll");
    load(NULL);
    assert_int_equal(call_frame_length(), original_frame_length());
    find_original();
    for (int round = 0; round < 2; round++) {
        for (int row = 0; row < SURFACE_ROWS; row++) {
            if (surface[row].provider != PROVIDER_OURS)
                check_recorded(row, ORIGINAL_TAG, original_recording);
            else if (is_memory_function(row))
                check_memory_function(row);
        }
    }
    assert_int_equal(line_count, 0);
}

static void the_host_comes_before_the_original(void **state)
{
    (void)state;
    copy_into_folder(original_file, "Nmapi.original.dll");
    load(NULL);
    assert_int_equal(call_frame_length(), original_frame_length());
    find_original();
    for (int row = 0; row < SURFACE_ROWS; row++) {
        if (surface[row].provider == PROVIDER_OURS)
            continue;
        supply(row);
        check_recorded(row, HOST_TAG, &recorded);
        take_back(row);
        check_recorded(row, ORIGINAL_TAG, original_recording);
    }
}

static void a_host_may_supply_the_originals_own_function(void **state)
{
    (void)state;
    copy_into_folder(original_file, "Nmapi.original.dll");
    load(NULL);
    call_frame_length();
    FARPROC function = function_of(original_module(), "GetFrameLength");
    assert_null(get_function("GetFrameLength"));
    assert_int_equal(set_function("GetFrameLength", function), NMERR_SUCCESS);
    assert_true(get_function("GetFrameLength") == function);
    assert_int_equal(call_frame_length(), original_frame_length());
}

static void the_original_is_loaded_by_the_first_call_that_needs_it(void **state)
{
    (void)state;
    copy_into_folder(original_file, "Nmapi.original.dll");
    load(NULL);
    supply(row_of("GetFrameLength"));
    call_frame_length();
    assert_null(original_module());
    take_back(row_of("GetFrameLength"));
    assert_null(original_module());
    call_frame_length();
    assert_non_null(original_module());
}

static void load_with_original(const char *path)
{
    char options[MAX_PATH + 16];
    snprintf(options, sizeof options, "original=%s", path);
    load(options);
}

static void the_option_names_the_original(void **state)
{
    char path[MAX_PATH];
    (void)state;
    copy_into_folder(original_file, "elsewhere.dll");
    path_in_folder(path, "elsewhere.dll");
    load_with_original(path);
    assert_int_equal(call_frame_length(), original_frame_length());
    assert_non_null(GetModuleHandleA("elsewhere.dll"));
}

/* Nothing behind, and one line about the original however many functions are called. */
static void check_refused_original(const char *problem)
{
    for (int row = 0; row < SURFACE_ROWS; row++)
        if (surface[row].provider != PROVIDER_OURS)
            check_failure(row);
    assert_int_equal(lines_with("the original DLL "), 1);
    assert_int_equal(lines_with(problem), 1);
    assert_null(original_module());
}

static void a_missing_original_is_reported_once(void **state)
{
    char path[MAX_PATH];
    (void)state;
    path_in_folder(path, "elsewhere.dll");
    load_with_original(path);
    check_refused_original("can't be loaded");
}

static void a_broken_original_is_reported_once(void **state)
{
    char path[MAX_PATH];
    (void)state;
    path_in_folder(path, "Nmapi.original.dll");
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs("MZ and nothing more", file);
    fclose(file);
    load(NULL);
    check_refused_original("can't be loaded");
}

static void a_relative_path_is_refused(void **state)
{
    (void)state;
    copy_into_folder(original_file, "elsewhere.dll");
    char before[MAX_PATH];
    GetCurrentDirectoryA(sizeof before, before);
    SetCurrentDirectoryA(folder);
    load("original=elsewhere.dll");
    check_refused_original("not an absolute path");
    SetCurrentDirectoryA(before);
}

static void ourselves_under_another_name_are_refused(void **state)
{
    (void)state;
    copy_into_folder(nmapi_file, "Nmapi.original.dll");
    load(NULL);
    check_refused_original("this DLL under another name");
}

static void ourselves_under_our_own_name_are_refused(void **state)
{
    char path[MAX_PATH];
    (void)state;
    path_in_folder(path, "Nmapi.dll");
    load_with_original(path);
    check_refused_original("this DLL under another name");
    assert_true(GetModuleHandleA("Nmapi.dll") == dll);
}

static void an_original_that_leads_back_here_counts_as_none(void **state)
{
    (void)state;
    copy_into_folder(backward_file, "Nmapi.original.dll");
    load(NULL);
    assert_int_equal(call_frame_length(), 0);
    assert_int_equal(lines_with("leads back here"), 1);
}

static void names_that_a_host_may_not_supply_are_refused(void **state)
{
    static const char *const refused[] = {"",
                                          "NoSuchFunction",
                                          "getframelength",
                                          "GetFrameLengt",
                                          "GetFrameLengthX",
                                          "GetFrame ",
                                          "ExpertAllocMemory",
                                          "ExpertReallocMemory",
                                          "ExpertFreeMemory",
                                          "ExpertMemorySize",
                                          "NmapiOpenExpert",
                                          "NmapiSetFunction"};
    FARPROC function = (FARPROC)(ULONG_PTR)surface[0].recorder;
    (void)state;
    load(NULL);
    assert_int_equal(set_function(NULL, function), NMERR_INVALID_PARAMETER);
    assert_null(get_function(NULL));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_int_equal(set_function(refused[i], function), NMERR_INVALID_PARAMETER);
        assert_int_equal(set_function(refused[i], NULL), NMERR_INVALID_PARAMETER);
        assert_null(get_function(refused[i]));
    }
}

static void a_function_of_our_own_is_refused(void **state)
{
    (void)state;
    load(NULL);
    FARPROC own = function_of(dll, "GetFrameLength");
    assert_int_equal(set_function("GetFrameLength", own), NMERR_INVALID_PARAMETER);
    assert_int_equal(call_frame_length(), 0);
}

static void the_last_error_survives_a_failing_call(void **state)
{
    (void)state;
    load("original=Q:\\no\\such\\file.dll");
    SetLastError(4711);
    call_frame_length();
    assert_int_equal(GetLastError(), 4711);
}

static void a_stack_walk_from_the_resolver_reaches_the_caller(void **state)
{
    (void)state;
    load(NULL);
    walk_wanted = 1;
    walk_reached = 0;
    check_failure(row_of("GetFrameLength"));
    walk_wanted = 0;
    assert_int_equal(walk_reached, 1);
}

static void nothing_is_loaded_for_a_call_from_a_dllmain(void **state)
{
    (void)state;
    copy_into_folder(original_file, "Nmapi.original.dll");
    load(NULL);
    HMODULE caller = LoadLibraryA(caller_file);
    assert_non_null(caller);
    assert_int_equal(((DWORD(*)(void))(ULONG_PTR)function_of(caller, "dllmain_answer"))(), 0);
    FreeLibrary(caller);
    assert_null(original_module());
    assert_int_equal(lines_with("Nmapi: GetFrameLength: "), 1);
    assert_int_equal(call_frame_length(), original_frame_length());
}

/* Threads */

enum { THREADS = 4 };

static volatile LONG stop, strange, answered[4];
static HANDLE go;

static DWORD WINAPI answer_a(LPVOID frame)
{
    (void)frame;
    return 0xAAAA;
}

static DWORD WINAPI answer_b(LPVOID frame)
{
    (void)frame;
    return 0xBBBB;
}

static DWORD WINAPI call_without_end(LPVOID context)
{
    one_argument function = (one_argument)(ULONG_PTR)function_of(dll, "GetFrameLength");
    one_argument guarded = (one_argument)(ULONG_PTR)function_of(dll, "GetFrameMacType");
    (void)context;
    while (!stop) {
        DWORD answer = function(NULL);
        InterlockedIncrement(&answered[answer == 0 ? 0 : answer == 0xAAAA ? 1 : 2]);
        if (answer != 0 && answer != 0xAAAA && answer != 0xBBBB)
            InterlockedIncrement(&strange);
        answer = guarded(NULL);
        if (answer != 0 && answer != 0xAAAA)
            InterlockedIncrement(&strange);
    }
    return 0;
}

static void functions_come_and_go_while_threads_call(void **state)
{
    HANDLE threads[THREADS];
    (void)state;
    load(NULL);
    stop = strange = 0;
    memset((void *)answered, 0, sizeof answered);
    for (int i = 0; i < THREADS; i++)
        threads[i] = CreateThread(NULL, 0, call_without_end, NULL, 0, NULL);
    FARPROC a = (FARPROC)(ULONG_PTR)answer_a;
    FARPROC b = (FARPROC)(ULONG_PTR)answer_b;
    /* Until every thread has met each of the three often enough; bounded by the test's time limit. */
    for (int i = 0; i < 600 || answered[0] < 200 || answered[1] < 200 || answered[2] < 200; i++) {
        FARPROC next = i % 3 == 0 ? a : i % 3 == 1 ? b : NULL;
        assert_int_equal(set_function("GetFrameLength", next), NMERR_SUCCESS);
        assert_true(get_function("GetFrameLength") == next);
        assert_int_equal(set_function("GetFrameMacType", i & 1 ? a : NULL), NMERR_SUCCESS);
        if (i % 16 == 0)
            Sleep(0);
    }
    stop = 1;
    WaitForMultipleObjects(THREADS, threads, TRUE, INFINITE);
    for (int i = 0; i < THREADS; i++)
        CloseHandle(threads[i]);
    assert_int_equal(strange, 0);
}

static DWORD WINAPI call_once(LPVOID context)
{
    one_argument function = (one_argument)(ULONG_PTR)function_of(dll, "GetFrameLength");
    WaitForSingleObject(go, INFINITE);
    *(DWORD *)context = function(NULL);
    return 0;
}

static void threads_that_need_the_original_at_once_all_get_it(void **state)
{
    (void)state;
    copy_into_folder(original_file, "Nmapi.original.dll");
    for (int round = 0; round < 20; round++) {
        HANDLE threads[THREADS];
        DWORD answers[THREADS];
        load(NULL);
        go = CreateEventA(NULL, TRUE, FALSE, NULL);
        for (int i = 0; i < THREADS; i++)
            threads[i] = CreateThread(NULL, 0, call_once, &answers[i], 0, NULL);
        SetEvent(go);
        WaitForMultipleObjects(THREADS, threads, TRUE, INFINITE);
        for (int i = 0; i < THREADS; i++) {
            CloseHandle(threads[i]);
            assert_int_equal(answers[i], original_frame_length());
        }
        CloseHandle(go);
        /* The losers gave their references back: one is left. */
        HMODULE original = original_module();
        assert_non_null(original);
        FreeLibrary(original);
        assert_null(original_module());
        unload();
    }
}

/* Termination */

static DWORD host_call(const char *name, HEXPERTKEY key)
{
    DWORD(WINAPI * function)
    (HEXPERTKEY) = (DWORD(WINAPI *)(HEXPERTKEY))(ULONG_PTR)function_of(dll, name);
    return function(key);
}

static DWORD host_call_2(const char *name, HEXPERTKEY key)
{
    DWORD(WINAPI * function)
    (HEXPERTKEY, void *) = (DWORD(WINAPI *)(HEXPERTKEY, void *))(ULONG_PTR)function_of(dll, name);
    return function(key, NULL);
}

static ULONGLONG call_with_key(int row, HEXPERTKEY key)
{
    checked_call call;
    memset(&call, 0, sizeof call);
    call.function = (void *)(ULONG_PTR)function_of(dll, surface[row].name);
    call.arguments[0] = (ULONG_PTR)key;
    call_checked(&call);
    assert_true(call.preserved);
    assert_int_equal(call.popped, surface[row].popped);
    return call.result;
}

static void check_guarded(HEXPERTKEY key, BOOL stopped, BOOL supplied)
{
    int count = 0;
    for (int row = 0; row < SURFACE_ROWS; row++) {
        if (surface[row].provider != PROVIDER_GUARDED)
            continue;
        DWORD calls = recorded.calls;
        ULONGLONG result = call_with_key(row, key);
        if (stopped)
            assert_int_equal((DWORD)result, NMERR_EXPERT_TERMINATE);
        else if (supplied)
            assert_true(result == RECORDER_RESULT(HOST_TAG, (ULONGLONG)row));
        else
            assert_int_equal((DWORD)result, NMERR_NOT_SUPPORTED);
        assert_int_equal(recorded.calls, calls + (supplied && !stopped));
        count++;
    }
    assert_int_equal(count, 4);
}

static void check_life_of_a_key(BOOL supplied)
{
    HEXPERTKEY key = (HEXPERTKEY)(ULONG_PTR)0x1230;
    HEXPERTKEY other = (HEXPERTKEY)(ULONG_PTR)0x4560;
    check_guarded(NULL, FALSE, supplied);
    check_guarded(key, FALSE, supplied); /* never seen */
    assert_int_equal(host_call_2("NmapiOpenExpert", key), NMERR_SUCCESS);
    assert_int_equal(host_call_2("NmapiOpenExpert", other), NMERR_SUCCESS);
    check_guarded(key, FALSE, supplied);
    assert_int_equal(host_call("NmapiTerminateExpert", key), NMERR_SUCCESS);
    check_guarded(key, TRUE, supplied);
    check_guarded(other, FALSE, supplied);
    assert_int_equal(host_call_2("NmapiCloseExpert", key), NMERR_SUCCESS);
    check_guarded(key, TRUE, supplied);
    assert_int_equal(host_call_2("NmapiOpenExpert", key), NMERR_SUCCESS);
    check_guarded(key, FALSE, supplied);
    assert_int_equal(host_call_2("NmapiCloseExpert", key), NMERR_SUCCESS);
    assert_int_equal(host_call_2("NmapiCloseExpert", other), NMERR_SUCCESS);
}

static void four_functions_tell_a_stopped_expert_to_terminate(void **state)
{
    (void)state;
    load(NULL);
    for (int row = 0; row < SURFACE_ROWS; row++)
        if (surface[row].provider == PROVIDER_GUARDED)
            supply(row);
    check_life_of_a_key(TRUE);
}

static void termination_is_told_with_nothing_behind_too(void **state)
{
    (void)state;
    load(NULL);
    check_life_of_a_key(FALSE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(every_documented_function_is_in_the_table),
        TEST(with_nothing_behind_each_fails_in_its_way),
        TEST(the_first_failure_of_each_is_reported_in_one_line),
        TEST(a_host_function_gets_what_the_caller_passed),
        TEST(a_function_taken_back_fails_again),
        TEST(the_original_gets_what_the_caller_passed),
        TEST(the_host_comes_before_the_original),
        TEST(a_host_may_supply_the_originals_own_function),
        TEST(the_original_is_loaded_by_the_first_call_that_needs_it),
        TEST(the_option_names_the_original),
        TEST(a_missing_original_is_reported_once),
        TEST(a_broken_original_is_reported_once),
        TEST(a_relative_path_is_refused),
        TEST(ourselves_under_another_name_are_refused),
        TEST(ourselves_under_our_own_name_are_refused),
        TEST(an_original_that_leads_back_here_counts_as_none),
        TEST(names_that_a_host_may_not_supply_are_refused),
        TEST(a_function_of_our_own_is_refused),
        TEST(the_last_error_survives_a_failing_call),
        TEST(a_stack_walk_from_the_resolver_reaches_the_caller),
        TEST(nothing_is_loaded_for_a_call_from_a_dllmain),
        TEST(functions_come_and_go_while_threads_call),
        TEST(threads_that_need_the_original_at_once_all_get_it),
        TEST(four_functions_tell_a_stopped_expert_to_terminate),
        TEST(termination_is_told_with_nothing_behind_too),
    };
    if (argc != 6) {
        fprintf(stderr, "usage: test_forward NMAPI ORIGINAL DLLMAIN_CALLER BACKWARD FOLDER\n");
        return 2;
    }
    nmapi_file = argv[1];
    original_file = argv[2];
    caller_file = argv[3];
    backward_file = argv[4];
    work_folder = argv[5];
    AddVectoredExceptionHandler(1, catch_line);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
