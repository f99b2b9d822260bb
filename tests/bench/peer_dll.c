/*
 * Ours: the DLL's exported functions, found as a host finds them. The native build links them and
 * still calls through the same pointers, like a peer in a shared library.
 *
 * peer_dll_keep64.c compiles it again, for a copy of the DLL that is loaded with keep=64M.
 */
#include "bench.h"

#include "nmapi.h"

#include <string.h>

#ifndef PEER_DLL
#define PEER_DLL peer_dll
#define PEER_DLL_NAME "nmapi"
#define PEER_DLL_FLAGS (PEER_SHARED | PEER_OURS)
#define PEER_DLL_OPTIONS NULL
#endif

static struct {
    PFN_ExpertAllocMemory alloc;
    PFN_ExpertReallocMemory realloc;
    PFN_ExpertFreeMemory free;
    PFN_NmapiOpenExpert open;
    PFN_NmapiCloseExpert close;
    PFN_NmapiQueryExpert query;
    DWORD(WINAPI *trim)(void); /* NULL: this version has none */
} dll;

#ifdef BENCH_NATIVE

#include "standin.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved);
DWORD WINAPI NmapiTrimMemory(void) __attribute__((weak));

/* Windows Vista and later flush all processors' write buffers; Linux has the same for one
   process. */
static void flush_write_buffers(void)
{
    syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

static HMODULE find_kernel(LPCSTR name)
{
    return strcmp(name, "kernel32.dll") == 0 ? (HMODULE)&dll : NULL;
}

static FARPROC find_flush(HMODULE module, LPCSTR name)
{
    (void)module;
    return strcmp(name, "FlushProcessWriteBuffers") == 0 ? (FARPROC)flush_write_buffers : NULL;
}

static bool dll_start(char *version, size_t size)
{
    static const struct standin_module_hooks hooks = {.address = find_flush, .find = find_kernel};

    if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0)
        standin_set_module_hooks(&hooks);
    snprintf(version, size, "Nmapi %s, native build", BENCH_VERSION);
    dll.alloc = ExpertAllocMemory;
    dll.realloc = ExpertReallocMemory;
    dll.free = ExpertFreeMemory;
    dll.open = NmapiOpenExpert;
    dll.close = NmapiCloseExpert;
    dll.query = NmapiQueryExpert;
    dll.trim = NmapiTrimMemory;
    standin_set_dllmain(DllMain);
    return DllMain(NULL, DLL_PROCESS_ATTACH, NULL) != FALSE;
}

/* Of the Win32 calls that the library made. */
static void dll_calls(double *memory, double *threads)
{
    *memory = (double)standin_system_calls(STANDIN_MEMORY);
    *threads = (double)standin_system_calls(STANDIN_THREADS);
}

#define dll_writable_image NULL /* part of the program's own */

#else

#include "import_calls.h"

static HMODULE module;

static bool look_up(const char *name, void *to)
{
    FARPROC function = GetProcAddress(module, name);

    memcpy(to, &function, sizeof function);
    return function != NULL;
}

static void find(const char *name, void *to)
{
    if (!look_up(name, to))
        bench_die("not exported", name);
}

/* With options of its own the DLL is loaded as a copy, which is another module. */
static HMODULE load(const char *options)
{
    HMODULE original = LoadLibraryA(bench_dll_path), copy;
    char before[512], from[MAX_PATH], to[MAX_PATH + 32];
    DWORD had;

    if (options == NULL || original == NULL)
        return original;
    GetModuleFileNameA(original, from, sizeof from);
    snprintf(to, sizeof to, "%s.%s.dll", from, options);
    /* In a process that the benchmark started the copy exists and is in use. */
    if (!CopyFileA(from, to, FALSE) && GetLastError() != ERROR_SHARING_VIOLATION)
        return NULL;
    had = GetEnvironmentVariableA("NMAPI_OPTIONS", before, sizeof before);
    SetEnvironmentVariableA("NMAPI_OPTIONS", options);
    copy = LoadLibraryA(to);
    SetEnvironmentVariableA("NMAPI_OPTIONS", had > 0 && had < sizeof before ? before : NULL);
    return copy;
}

static bool dll_start(char *version, size_t size)
{
    if ((PEER_DLL_FLAGS & PEER_KEEPS) != 0 && sizeof(void *) == 8)
        return false; /* the default */
    module = load(PEER_DLL_OPTIONS);
    if (module == NULL)
        return false;
    snprintf(version, size, "Nmapi.dll %s", BENCH_VERSION);
    find("ExpertAllocMemory", &dll.alloc);
    find("ExpertReallocMemory", &dll.realloc);
    find("ExpertFreeMemory", &dll.free);
    find("NmapiOpenExpert", &dll.open);
    find("NmapiCloseExpert", &dll.close);
    find("NmapiQueryExpert", &dll.query);
    look_up("NmapiTrimMemory", &dll.trim);
    import_calls_count(module);
    return true;
}

static void dll_calls(double *memory, double *threads)
{
    import_calls(memory, threads);
}

static size_t dll_writable_image(void)
{
    return import_writable_image(module);
}

#endif

/* A host's keys are its own addresses. A closed key is reopened, as hosts do that run an expert
   many times. */
enum { KEYS_MAX = 16384 };
static char keys[KEYS_MAX];
static char *closed_keys[KEYS_MAX];
static int closed_count, used_count;
static volatile long keys_lock;

static void lock_keys(void)
{
    while (sys_exchange(&keys_lock, 1) != 0)
        sys_yield();
}

static void *dll_open(void)
{
    char *key = NULL;

    lock_keys();
    if (closed_count > 0)
        key = closed_keys[--closed_count];
    else if (used_count < KEYS_MAX)
        key = &keys[used_count++];
    sys_store(&keys_lock, 0);
    if (key == NULL || dll.open(key, NULL) != NMERR_SUCCESS)
        return NULL;
    return key;
}

static void dll_close(void *heap)
{
    if (dll.close(heap, NULL) != NMERR_SUCCESS)
        bench_die("close failed", PEER_DLL_NAME);
    lock_keys();
    closed_keys[closed_count++] = heap;
    sys_store(&keys_lock, 0);
}

static void *dll_alloc(void *heap, size_t size)
{
    DWORD error;

    return dll.alloc(heap, size, &error);
}

static void *dll_realloc(void *heap, void *block, size_t old_size, size_t size)
{
    DWORD error;

    (void)old_size;
    return dll.realloc(heap, block, size, &error);
}

static void dll_free(void *heap, void *block)
{
    if (dll.free(heap, block) != NMERR_SUCCESS)
        bench_die("free failed", PEER_DLL_NAME);
}

static size_t dll_committed(void *heap)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};

    if (dll.query(heap, &usage) != NMERR_SUCCESS)
        bench_die("query failed", PEER_DLL_NAME);
    return usage.CommittedBytes;
}

static bool dll_trim(void)
{
    return dll.trim != NULL && dll.trim() == NMERR_SUCCESS;
}

const struct peer PEER_DLL = {PEER_DLL_NAME, PEER_DLL_FLAGS, dll_start,   dll_open,
                              dll_close,     dll_alloc,      dll_realloc, dll_free,
                              dll_committed, dll_calls,      dll_trim,    dll_writable_image};
