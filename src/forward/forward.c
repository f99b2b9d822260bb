/*
 * forward.c - whose code a call of an exported function that is not ours reaches.
 *
 * Each function has two cells. `slots` holds what its export jumps to: the host's function, or the
 * stub that jumps through the other cell. `behinds` holds what lies behind the host: first the stub
 * that asks forward_target, then, once and for all, the original DLL's function or the stub that
 * returns the failure value. Each cell is one pointer, so that every change is a single store: no
 * lock, nothing that a killed thread could leave half done.
 */
#include "forward/forward.h"

#include "base/options.h"
#include "base/report.h"
#include "expert/table.h"

/* clang-format off */
enum {
#define OURS(...)
#define FORWARDED(name, ...) INDEX_##name,
#define GUARDED(name, ...) INDEX_##name,
#include "forward/exports.h"
    FUNCTIONS
};

/* The stubs are code in forward_*.S; here only their addresses matter. */
#define OURS(...)
#define FORWARDED(name, ...) \
    extern char forward_behind_##name[], forward_resolve_##name[], forward_failure_##name[];
#define GUARDED(name, ...) FORWARDED(name) extern char forward_stopped_##name[];
#include "forward/exports.h"

static const struct {
    const char *name;
    void *behind;  /* stub: jumps through `behinds` */
    void *resolve; /* stub: asks forward_target and jumps there */
    void *failure; /* stub: returns the failure value */
    void *stopped; /* stub: returns NMERR_EXPERT_TERMINATE; NULL where termination is not known */
} functions[FUNCTIONS] = {
#define OURS(...)
#define ROW(name, stopped) \
    {#name, forward_behind_##name, forward_resolve_##name, forward_failure_##name, stopped},
#define FORWARDED(name, ...) ROW(name, NULL)
#define GUARDED(name, ...) ROW(name, forward_stopped_##name)
#include "forward/exports.h"
};

void *volatile forward_slots[FUNCTIONS] = {
#define OURS(...)
#define FORWARDED(name, ...) forward_behind_##name,
#define GUARDED(name, ...) forward_behind_##name,
#include "forward/exports.h"
};

void *volatile forward_behinds[FUNCTIONS] = {
#define OURS(...)
#define FORWARDED(name, ...) forward_resolve_##name,
#define GUARDED(name, ...) forward_resolve_##name,
#include "forward/exports.h"
};
/* clang-format on */

/* In forward_*.S: whether the calling thread holds the loader lock. */
int forward_in_loader(void);

/* Called by the thunks alone: where the call of function `index` is to go on. */
void *forward_target(DWORD index, HEXPERTKEY first_argument);

static HINSTANCE own_module;
static volatile LONG said[FUNCTIONS]; /* 1: its failure was reported */

/* The original DLL: NULL until it was looked for, then its module or NO_ORIGINAL. */
static void *volatile original;
#define NO_ORIGINAL ((void *)said)

enum { PATH_CHARS = 520 };

void forward_attach(HINSTANCE self)
{
    own_module = self;
}

static int is_own_code(const void *code)
{
    MEMORY_BASIC_INFORMATION area;
    DWORD error = GetLastError();
    int known = VirtualQuery(code, &area, sizeof area) != 0;

    SetLastError(error);
    return known && area.AllocationBase == own_module;
}

static int is_absolute(const WCHAR *path)
{
    int drive = path[0] && path[1] == ':' && (path[2] == '\\' || path[2] == '/');

    return drive || (path[0] == '\\' && path[1] == '\\');
}

static const WCHAR original_file[] = u"Nmapi.original.dll";

/* Where it lies in our own folder; 0: it does not. */
static int find_beside(WCHAR path[PATH_CHARS])
{
    DWORD length = GetModuleFileNameW(own_module, path, PATH_CHARS);

    if (!length || length >= PATH_CHARS - sizeof original_file / sizeof *original_file)
        return 0;
    while (length && path[length - 1] != '\\')
        length--;
    for (DWORD i = 0; i < sizeof original_file / sizeof *original_file; i++)
        path[length + i] = original_file[i];
    return GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES;
}

static HMODULE load_original(const WCHAR *path, const char **problem)
{
    WCHAR beside[PATH_CHARS];
    HMODULE module;

    if (!path && !find_beside(beside))
        return NULL; /* the usual case: nothing to report */
    if (path && !is_absolute(path)) {
        *problem = ": the original DLL is not an absolute path";
        return NULL;
    }
    module = LoadLibraryExW(path ? path : beside, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (!module)
        *problem = ": the original DLL can't be loaded";
    if (module && (module == own_module || GetProcAddress(module, "NmapiOpenExpert"))) {
        FreeLibrary(module);
        module = NULL;
        *problem = ": the original DLL is this DLL under another name";
    }
    return module;
}

/* The original DLL, loaded by the first call that needs it; NULL if there is none. Two threads may
   both load it: one keeps its reference. */
static HMODULE original_module(void)
{
    void *known;

    if (!atomic_load(&original)) {
        const WCHAR *path = options.original;
        const char *problem = NULL;
        HMODULE module = load_original(path, &problem);
        void *found = module ? (void *)module : NO_ORIGINAL;

        if (!InterlockedCompareExchangePointer(&original, found, NULL)) {
            if (problem)
                report_line(NULL, "%w%s", path ? path : original_file, problem);
        } else if (module) {
            FreeLibrary(module);
        }
    }
    known = atomic_load(&original);
    return known == NO_ORIGINAL ? NULL : (HMODULE)known;
}

static void *fail(DWORD index, const char *why)
{
    if (!atomic_swap(&said[index], 1))
        report_line(NULL, "%s: not supported, %s", functions[index].name, why);
    return functions[index].failure;
}

/* What lies behind the host for a function that was not asked for before. */
static void *resolve(DWORD index)
{
    HMODULE module;
    void *target;

    /* A DllMain calls: loading is not allowed now, so this call fails and a later one may not. */
    if (!atomic_load(&original) && forward_in_loader())
        return fail(index, "called from a DllMain before the original DLL was loaded");
    module = original_module();
    target = module ? (void *)(ULONG_PTR)GetProcAddress(module, functions[index].name) : NULL;
    if (!module)
        target = fail(index, "no function supplied and no original DLL");
    else if (!target)
        target = fail(index, "no function supplied and the original DLL has none");
    else if (is_own_code(target)) /* the original forwards it to us */
        target = fail(index, "the original DLL leads back here");
    InterlockedExchangePointer(&forward_behinds[index], target);
    return target;
}

void *forward_target(DWORD index, HEXPERTKEY first_argument)
{
    void *target;

    if (functions[index].stopped && expert_is_stopped(table_find(first_argument)))
        return functions[index].stopped;
    target = atomic_load(&forward_slots[index]);
    if (target == functions[index].behind)
        target = atomic_load(&forward_behinds[index]);
    if (target == functions[index].resolve) {
        DWORD error = GetLastError();
        target = resolve(index);
        SetLastError(error);
    }
    return target;
}

/* The index of a function that a host may supply; FUNCTIONS if there is none of this name. */
static DWORD find_function(const char *name)
{
    for (DWORD index = 0; name && index < FUNCTIONS; index++)
        for (SIZE_T i = 0; functions[index].name[i] == name[i]; i++)
            if (!name[i])
                return index;
    return FUNCTIONS;
}

DWORD WINAPI NmapiSetFunction(LPCSTR pName, FARPROC pFunction)
{
    DWORD index = find_function(pName);
    void *function = (void *)(ULONG_PTR)pFunction;

    /* One of our own exports would call itself for ever. */
    if (index == FUNCTIONS || (function && is_own_code(function)))
        return NMERR_INVALID_PARAMETER;
    InterlockedExchangePointer(&forward_slots[index],
                               function ? function : functions[index].behind);
    return NMERR_SUCCESS;
}

FARPROC WINAPI NmapiGetFunction(LPCSTR pName)
{
    DWORD index = find_function(pName);
    void *function = index == FUNCTIONS ? NULL : atomic_load(&forward_slots[index]);

    return !function || function == functions[index].behind ? NULL : (FARPROC)(ULONG_PTR)function;
}
