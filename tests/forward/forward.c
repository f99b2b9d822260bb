#include "forward.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef _WIN64
_Static_assert(offsetof(checked_call, popped) == 0x58, "calls_x64.S");
_Static_assert(offsetof(checked_call, result) == 0x68, "calls_x64.S");
_Static_assert(offsetof(checked_call, vectors) == 0x70, "calls_x64.S");
#else
_Static_assert(offsetof(checked_call, popped) == 0x2c, "calls_x86.S");
_Static_assert(offsetof(checked_call, result) == 0x38, "calls_x86.S");
#endif

ULONGLONG recorder_tag = HOST_TAG;

const char *forward_nmapi_file, *forward_original_file, *forward_caller_file,
    *forward_backward_file, *forward_work_folder;

HMODULE forward_dll;
char forward_folder[MAX_PATH];
recording *forward_original_recording;

DWORD(WINAPI *forward_set)(LPCSTR, FARPROC);
FARPROC(WINAPI *forward_get)(LPCSTR);

static char lines[256][512];
volatile LONG forward_line_count;
volatile LONG forward_walk_wanted, forward_walk_reached;

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
            forward_walk_reached = 1;
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
    forward_walk_reached = 1; /* x86 unwinds without tables */
#endif
}

LONG CALLBACK forward_catch_line(EXCEPTION_POINTERS *info)
{
    const EXCEPTION_RECORD *record = info->ExceptionRecord;
    if (record->ExceptionCode == 0x40010006 /* DBG_PRINTEXCEPTION_C */) {
        const char *text = (const char *)record->ExceptionInformation[1];
        LONG index = InterlockedIncrement(&forward_line_count) - 1;
        if (index < 256)
            strncpy(lines[index], text, sizeof lines[index] - 1);
        if (forward_walk_wanted)
            walk_stack(info->ContextRecord);
    }
    return EXCEPTION_CONTINUE_SEARCH;
}

int forward_lines_with(const char *text)
{
    int count = 0;
    for (LONG i = 0; i < forward_line_count; i++)
        count += strstr(lines[i], text) != NULL;
    return count;
}

/* Folders and files */

void forward_path(char *path, const char *file)
{
    snprintf(path, MAX_PATH, "%s\\%s", forward_folder, file);
}

void forward_copy_in(const char *from, const char *file)
{
    char path[MAX_PATH];
    forward_path(path, file);
    assert_true(CopyFileA(from, path, FALSE));
}

static void remove_from_folder(const char *file)
{
    char path[MAX_PATH];
    forward_path(path, file);
    DeleteFileA(path);
}

FARPROC forward_function(HMODULE module, const char *name)
{
    FARPROC function = GetProcAddress(module, name);
    if (!function)
        fail_msg("%s is not exported", name);
    return function;
}

static void load(void)
{
    char path[MAX_PATH];
    forward_path(path, "Nmapi.dll");
    forward_dll = LoadLibraryA(path);
    assert_non_null(forward_dll);
    forward_set = (DWORD(WINAPI *)(LPCSTR, FARPROC))(ULONG_PTR)forward_function(forward_dll,
                                                                                "NmapiSetFunction");
    forward_get =
        (FARPROC(WINAPI *)(LPCSTR))(ULONG_PTR)forward_function(forward_dll, "NmapiGetFunction");
}

void forward_load(const char *options)
{
    SetEnvironmentVariableA("NMAPI_OPTIONS", options);
    load();
}

void forward_load_wide(const WCHAR *options)
{
    SetEnvironmentVariableW(L"NMAPI_OPTIONS", options);
    load();
}

void forward_unload(void)
{
    HMODULE original;
    if (forward_dll)
        FreeLibrary(forward_dll);
    forward_dll = NULL;
    while ((original = GetModuleHandleA("Nmapi.original.dll")) != NULL)
        FreeLibrary(original);
    while ((original = GetModuleHandleA("elsewhere.dll")) != NULL)
        FreeLibrary(original);
    SetEnvironmentVariableA("NMAPI_OPTIONS", NULL);
}

int forward_setup(void **state)
{
    (void)state;
    char relative[MAX_PATH];
    static const char *const files[] = {"Nmapi.dll", "Nmapi.original.dll", "elsewhere.dll"};
    snprintf(relative, sizeof relative, "%s", forward_work_folder);
    GetFullPathNameA(relative, sizeof forward_folder, forward_folder, NULL);
    CreateDirectoryA(forward_folder, NULL);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        remove_from_folder(files[i]);
    forward_copy_in(forward_nmapi_file, "Nmapi.dll");
    memset(lines, 0, sizeof lines);
    forward_line_count = 0;
    memset(&recorded, 0, sizeof recorded);
    forward_original_recording = NULL;
    return 0;
}

int forward_teardown(void **state)
{
    (void)state;
    forward_unload();
    return 0;
}

HMODULE forward_original_module(void)
{
    HMODULE module = GetModuleHandleA("Nmapi.original.dll");
    return module ? module : GetModuleHandleA("elsewhere.dll");
}

/* Calls */

static void call_row(int row, checked_call *call)
{
    memset(call, 0, sizeof *call);
    call->function = (void *)(ULONG_PTR)forward_function(forward_dll, exports[row].name);
    for (int i = 0; i < CALL_ARGUMENTS; i++) {
        ULONG_PTR pattern = (ULONG_PTR)0x5A17C0DE0BADF00Dull;
        call->arguments[i] = pattern * (ULONG_PTR)(2 * i + 1) + (ULONG_PTR)row;
    }
    for (int i = 0; i < CALL_VECTORS; i++) {
        call->vectors[i].low = 0x0102030405060708ull * (unsigned)(i + 1);
        call->vectors[i].high = ~call->vectors[i].low;
    }
    /* The memory functions really run, so they get no value that could be a key or a block. */
    if (exports[row].provider == PROVIDER_OURS)
        memset(call->arguments, 0, sizeof call->arguments);
    call_checked(call);
    if (!call->preserved)
        fail_msg("%s destroyed a register that it must keep", exports[row].name);
    if (call->popped != exports[row].popped)
        fail_msg("%s took %u bytes off the stack", exports[row].name, (unsigned)call->popped);
}

BOOL forward_is_memory_function(int row)
{
    return exports[row].provider == PROVIDER_OURS && strncmp(exports[row].name, "Nmapi", 5) != 0;
}

void forward_check_failure(int row)
{
    checked_call call;
    call_row(row, &call);
    LONGLONG failure = exports[row].failure;
    if (call.result != (ULONGLONG)failure)
        fail_msg("%s returned %016llx with nothing behind it", exports[row].name, call.result);
}

void forward_check_recorded(int row, ULONGLONG tag, const recording *where)
{
    checked_call call;
    DWORD calls = where->calls;
    call_row(row, &call);
    if (where->calls != calls + 1 || where->index != (DWORD)row)
        fail_msg("%s did not arrive", exports[row].name);
    if (call.result != RECORDER_RESULT(tag, (ULONGLONG)row))
        fail_msg("%s returned %016llx", exports[row].name, call.result);
    if (memcmp(where->arguments, call.arguments, sizeof call.arguments) != 0)
        fail_msg("the arguments of %s changed on the way", exports[row].name);
    assert_true(where->aligned);
#ifdef _WIN64
    if (memcmp(where->vectors, call.vectors, sizeof call.vectors) != 0)
        fail_msg("the vector arguments of %s changed on the way", exports[row].name);
#else
    assert_int_equal(where->registers[0], 0xc0ffee01);
    assert_int_equal(where->registers[1], 0xdecade02);
#endif
}

void forward_check_memory_function(int row)
{
    checked_call call;
    DWORD calls =
        recorded.calls + (forward_original_recording ? forward_original_recording->calls : 0);
    call_row(row, &call);
    assert_int_equal(recorded.calls +
                         (forward_original_recording ? forward_original_recording->calls : 0),
                     calls);
}

void forward_supply(int row)
{
    FARPROC function = (FARPROC)(ULONG_PTR)exports[row].recorder;
    assert_int_equal(forward_set(exports[row].name, function), NMERR_SUCCESS);
    assert_ptr_equal((void *)(ULONG_PTR)forward_get(exports[row].name), exports[row].recorder);
}

void forward_take_back(int row)
{
    assert_int_equal(forward_set(exports[row].name, NULL), NMERR_SUCCESS);
    assert_null(forward_get(exports[row].name));
}

void forward_find_original(void)
{
    HMODULE module = forward_original_module();
    assert_non_null(module);
    forward_original_recording =
        ((recording * (*)(void))(ULONG_PTR)forward_function(module, "original_recorded"))();
}

int forward_row(const char *name)
{
    int row = 0;
    while (strcmp(exports[row].name, name) != 0)
        row++;
    return row;
}

DWORD forward_call_frame_length(void)
{
    return ((forward_one_argument)(ULONG_PTR)forward_function(forward_dll, "GetFrameLength"))(NULL);
}

DWORD forward_original_frame_length(void)
{
    return (DWORD)RECORDER_RESULT(ORIGINAL_TAG, (ULONGLONG)forward_row("GetFrameLength"));
}
