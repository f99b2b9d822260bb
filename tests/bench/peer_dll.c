/*
 * Ours: the DLL's exported functions, found as a host finds them. The native build links them and
 * still calls through the same pointers, as a peer in a shared library is called.
 */
#include "bench.h"

#include "nmapi.h"

static struct {
    PFN_ExpertAllocMemory alloc;
    PFN_ExpertReallocMemory realloc;
    PFN_ExpertFreeMemory free;
    PFN_NmapiOpenExpert open;
    PFN_NmapiCloseExpert close;
    PFN_NmapiQueryExpert query;
} dll;

#ifdef BENCH_NATIVE

#include "standin.h"

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved);

static bool dll_start(char *version, size_t size)
{
    snprintf(version, size, "Nmapi %s, native build", BENCH_VERSION);
    dll.alloc = ExpertAllocMemory;
    dll.realloc = ExpertReallocMemory;
    dll.free = ExpertFreeMemory;
    dll.open = NmapiOpenExpert;
    dll.close = NmapiCloseExpert;
    dll.query = NmapiQueryExpert;
    standin_set_dllmain(DllMain);
    return DllMain(NULL, DLL_PROCESS_ATTACH, NULL) != FALSE;
}

#else

static void find(HMODULE module, const char *name, void *to)
{
    FARPROC function = GetProcAddress(module, name);

    if (function == NULL)
        bench_die("not exported", name);
    *(FARPROC *)to = function;
}

static bool dll_start(char *version, size_t size)
{
    HMODULE module = LoadLibraryA(bench_dll_path);

    if (module == NULL)
        return false;
    snprintf(version, size, "Nmapi.dll %s", BENCH_VERSION);
    find(module, "ExpertAllocMemory", &dll.alloc);
    find(module, "ExpertReallocMemory", &dll.realloc);
    find(module, "ExpertFreeMemory", &dll.free);
    find(module, "NmapiOpenExpert", &dll.open);
    find(module, "NmapiCloseExpert", &dll.close);
    find(module, "NmapiQueryExpert", &dll.query);
    return true;
}

#endif

/* A host's keys are addresses of its own. A closed one is opened again, as hosts do that run an
   expert many times. */
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
        bench_die("close failed", "nmapi");
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
        bench_die("free failed", "nmapi");
}

static size_t dll_committed(void *heap)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};

    if (dll.query(heap, &usage) != NMERR_SUCCESS)
        bench_die("query failed", "nmapi");
    return usage.CommittedBytes;
}

const struct peer peer_dll = {"nmapi",      PEER_SHARED | PEER_OURS,
                              dll_start,    dll_open,
                              dll_close,    dll_alloc,
                              dll_realloc,  dll_free,
                              dll_committed};
