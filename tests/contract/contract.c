#include "contract.h"

#include <stdio.h>
#include <stdlib.h>

HMODULE contract_dll;
const char *contract_dll_path;
BOOL contract_aware;
uint32_t contract_seed = 20240229;

const char *contract_options;
static BOOL high, far_tls;

#ifdef _WIN32
#define LOW_END ((ULONG_PTR)1 << 31)

/* In pieces where it must: under Wine not all that looks free is. */
static void reserve_all(ULONG_PTR first, ULONG_PTR end)
{
    ULONG_PTR middle = (first + (end - first) / 2) & ~(ULONG_PTR)65535;

    if (first < end && !VirtualAlloc((void *)first, end - first, MEM_RESERVE, PAGE_NOACCESS) &&
        first < middle) {
        reserve_all(first, middle);
        reserve_all(middle, end);
    }
}

/* Leaves no free addresses below 2 GiB. */
static void take_low_addresses(void)
{
    MEMORY_BASIC_INFORMATION area;
    ULONG_PTR at = 65536;

    while (at < LOW_END && VirtualQuery((const void *)at, &area, sizeof area) == sizeof area) {
        ULONG_PTR end = (ULONG_PTR)area.BaseAddress + area.RegionSize;
        ULONG_PTR first = (at + 65535) & ~(ULONG_PTR)65535;
        if (end > LOW_END)
            end = LOW_END;
        if (area.State == MEM_FREE)
            reserve_all(first, end);
        at = end;
    }
}

/* Leaves no TLS slot in the thread environment block itself, which has 64. The DLL gets the next. */
static void take_near_tls(void)
{
    DWORD index;

    while ((index = TlsAlloc()) < 64)
        ;
    TlsFree(index);
}
#endif

void contract_arguments(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--aware") == 0)
            contract_aware = TRUE;
        else if (strncmp(argv[i], "--options=", 10) == 0)
            contract_options = argv[i] + 10;
        else if (strcmp(argv[i], "--high") == 0)
            high = TRUE;
        else if (strcmp(argv[i], "--far-tls") == 0)
            far_tls = TRUE;
        else if (strncmp(argv[i], "--seed=", 7) == 0)
            contract_seed = (uint32_t)strtoul(argv[i] + 7, NULL, 0);
        else if (contract_dll_path == NULL)
            contract_dll_path = argv[i];
    }
    if (contract_dll_path == NULL)
        contract_dll_path = "Nmapi.dll";
    if (contract_seed == 0)
        contract_seed = 1;
    SetEnvironmentVariableA("NMAPI_OPTIONS", contract_options);
}

void contract_load_dll(void)
{
#ifdef _WIN32
    if (high)
        take_low_addresses();
    if (far_tls)
        take_near_tls();
#endif
    contract_dll = functions_load(contract_dll_path);
}

void contract_load(int argc, char **argv)
{
    contract_arguments(argc, argv);
    contract_load_dll();
}

HEXPERTKEY contract_unknown_key(void)
{
    static LONG made;
    return (HEXPERTKEY)(ULONG_PTR)(0x00C0FFE0u + 4u * (ULONG)InterlockedIncrement(&made));
}

HEXPERTKEY contract_open_key(SIZE_T limit)
{
    HEXPERTKEY key = contract_unknown_key();
    NMAPI_EXPERT_OPTIONS how = {sizeof how, 0, limit};
    expect_code(nm.open(key, &how), NMERR_SUCCESS);
    return key;
}

HEXPERTKEY contract_implicit_key(void)
{
    HEXPERTKEY key = contract_unknown_key();
    expect_free(key, must_alloc(key, 1), NMERR_SUCCESS);
    return key;
}

HEXPERTKEY contract_key(void)
{
    return contract_aware ? contract_open_key(0) : contract_unknown_key();
}

SIZE_T contract_committed(void)
{
    SIZE_T committed, reserved;
    process_memory(&committed, &reserved);
    return committed;
}

SIZE_T contract_trimmed(void)
{
    nm.trim();
    return contract_committed();
}

SIZE_T contract_reserved(void)
{
    SIZE_T committed, reserved;
    process_memory(&committed, &reserved);
    return reserved;
}

BOOL contract_readable(const void *address)
{
    MEMORY_BASIC_INFORMATION region;
    if (VirtualQuery(address, &region, sizeof region) == 0)
        return FALSE;
    return region.State == MEM_COMMIT && !(region.Protect & (PAGE_NOACCESS | PAGE_GUARD));
}

HANDLE contract_start(LPTHREAD_START_ROUTINE routine, void *argument)
{
    HANDLE thread = CreateThread(NULL, 0, routine, argument, 0, NULL);
    assert_non_null(thread);
    return thread;
}

DWORD contract_join_at(HANDLE thread, const char *file, int line)
{
    DWORD code = 0;
    if (WaitForSingleObject(thread, CONTRACT_PATIENCE) != WAIT_OBJECT_0) {
        print_error("a thread did not end within a minute\n");
        _fail(file, line);
    }
    GetExitCodeThread(thread, &code);
    CloseHandle(thread);
    return code;
}

void contract_await_at(HANDLE event, const char *file, int line)
{
    if (WaitForSingleObject(event, CONTRACT_PATIENCE) != WAIT_OBJECT_0) {
        print_error("a thread did not set an event within a minute\n");
        _fail(file, line);
    }
}

static DWORD WINAPI sleep_on(LPVOID argument)
{
    SetEvent(argument);
    Sleep(INFINITE);
    return 0;
}

/* A thread is killed only after it has begun; otherwise it would keep the loader's lock. */
SIZE_T contract_left_by_killed_threads(int count)
{
    SIZE_T before = contract_committed(), after;
    for (int i = 0; i < count; i++) {
        HANDLE ready = CreateEventA(NULL, TRUE, FALSE, NULL);
        HANDLE thread = contract_start(sleep_on, ready);
        contract_await(ready);
        process_kill(thread, 99);
        contract_join(thread);
        CloseHandle(ready);
    }
    after = contract_committed();
    return after > before ? after - before : 0;
}

NMAPI_EXPERT_USAGE contract_usage_at(HEXPERTKEY key, const char *file, int line)
{
    NMAPI_EXPERT_USAGE usage;
    DWORD code;

    memset(&usage, 0xA5, sizeof usage);
    usage.cbSize = sizeof usage;
    code = nm.query(key, &usage);
    if (code != NMERR_SUCCESS) {
        print_error("NmapiQueryExpert answered %lu\n", (unsigned long)code);
        _fail(file, line);
    }
    return usage;
}

static void check_block(const char *call, const void *block, SIZE_T bytes, DWORD error,
                        HEXPERTKEY key, const char *file, int line)
{
    if (block == NULL || error != NMERR_SUCCESS) {
        print_error("%s of %lu bytes gave %p, error %lu\n", call, (unsigned long)bytes, block,
                    (unsigned long)error);
        _fail(file, line);
    }
    if ((ULONG_PTR)block % CONTRACT_ALIGNMENT != 0) {
        print_error("%s of %lu bytes gave %p: not aligned\n", call, (unsigned long)bytes, block);
        _fail(file, line);
    }
    if (high && !((ULONG_PTR)block >> 31)) {
        print_error("%s of %lu bytes gave %p: not a high address\n", call, (unsigned long)bytes,
                    block);
        _fail(file, line);
    }
    if (nm.size(key, (LPVOID)(ULONG_PTR)block) != bytes) {
        print_error("%s of %lu bytes: ExpertMemorySize says %lu\n", call, (unsigned long)bytes,
                    (unsigned long)nm.size(key, (LPVOID)(ULONG_PTR)block));
        _fail(file, line);
    }
}

void *contract_alloc_at(HEXPERTKEY key, SIZE_T bytes, const char *file, int line)
{
    DWORD error = CONTRACT_UNSET;
    void *block = nm.alloc(key, bytes, &error);
    check_block("ExpertAllocMemory", block, bytes, error, key, file, line);
    if (!content_is_zero(block, bytes)) {
        print_error("ExpertAllocMemory of %lu bytes: not zeroed\n", (unsigned long)bytes);
        _fail(file, line);
    }
    return block;
}

void *contract_realloc_at(HEXPERTKEY key, void *block, SIZE_T bytes, const char *file, int line)
{
    DWORD error = CONTRACT_UNSET;
    void *now = nm.realloc(key, block, bytes, &error);
    check_block("ExpertReallocMemory", now, bytes, error, key, file, line);
    return now;
}

BOOL CALLBACK contract_count_block(HEXPERTKEY key, LPVOID block, SIZE_T bytes, LPVOID context)
{
    (void)key;
    (void)block;
    (void)bytes;
    ++*(int *)context;
    return TRUE;
}
