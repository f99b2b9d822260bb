#include "bench.h"

#include <windows.h>
#include <psapi.h>

#include <math.h>
#include <string.h>

double sys_now(void)
{
    static double ns_per_tick;
    LARGE_INTEGER now;

    if (ns_per_tick == 0) {
        LARGE_INTEGER frequency;

        QueryPerformanceFrequency(&frequency);
        ns_per_tick = 1e9 / (double)frequency.QuadPart;
    }
    QueryPerformanceCounter(&now);
    return (double)now.QuadPart * ns_per_tick;
}

/*
 * Windows counts page faults itself. Wine does not, but the Linux below does, and a program under Wine may ask it
 * directly: getrusage(RUSAGE_SELF).
 */
#if defined(__GNUC__) || defined(__clang__)

static double linux_faults(void)
{
#ifdef _WIN64
    enum { SYS_GETRUSAGE = 98, MINOR = 8, MAJOR = 9 };
    long long usage[18], result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"((long long)SYS_GETRUSAGE), "D"(0LL), "S"(usage)
                     : "rcx", "r11", "memory");
#else
    enum { SYS_GETRUSAGE = 77, MINOR = 8, MAJOR = 9 };
    long usage[18], result;

    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "0"(SYS_GETRUSAGE), "b"(0), "c"(usage)
                     : "memory");
#endif
    return result == 0 ? (double)usage[MINOR] + (double)usage[MAJOR] : NAN;
}

#else

static double linux_faults(void)
{
    return NAN;
}

#endif

static bool is_wine(void)
{
    return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != NULL;
}

static double windows_faults(void)
{
    PROCESS_MEMORY_COUNTERS counters = {.cb = sizeof counters};
    typedef BOOL(WINAPI * get_memory_info)(HANDLE, PROCESS_MEMORY_COUNTERS *, DWORD);
    static get_memory_info get;

    if (get == NULL) {
        FARPROC found = GetProcAddress(LoadLibraryA("psapi.dll"), "GetProcessMemoryInfo");

        memcpy(&get, &found, sizeof get);
    }
    if (get == NULL || !get(GetCurrentProcess(), &counters, sizeof counters))
        return NAN;
    return counters.PageFaultCount;
}

double sys_faults(void)
{
    static int wine = -1;

    if (wine < 0)
        wine = is_wine();
    return wine ? linux_faults() : windows_faults();
}

void sys_yield(void)
{
    SwitchToThread();
}

long sys_load(volatile long *from)
{
    return InterlockedCompareExchange((volatile LONG *)from, 0, 0);
}

void sys_store(volatile long *to, long value)
{
    InterlockedExchange((volatile LONG *)to, value);
}

long sys_exchange(volatile long *to, long value)
{
    return InterlockedExchange((volatile LONG *)to, value);
}

long sys_add(volatile long *to, long value)
{
    return InterlockedExchangeAdd((volatile LONG *)to, value);
}

struct thread_start {
    void (*run)(int index, void *context);
    void *context;
    int index;
};

/* Each on a processor of its own: which of them the system gives a thread at first, and when it changes its mind, is
   not what is measured. */
static void stay_on(int index)
{
    DWORD_PTR allowed, present;

    if (!GetProcessAffinityMask(GetCurrentProcess(), &allowed, &present))
        return;
    for (DWORD_PTR one = 1; one != 0; one <<= 1) {
        if ((allowed & one) != 0 && index-- == 0)
            SetThreadAffinityMask(GetCurrentThread(), one);
    }
}

static DWORD WINAPI thread_main(LPVOID parameter)
{
    struct thread_start *start = parameter;

    stay_on(start->index);
    start->run(start->index, start->context);
    return 0;
}

void sys_run_threads(int count, void (*run)(int index, void *context), void *context)
{
    struct thread_start starts[8];
    HANDLE handles[8] = {0};

    for (int i = 0; i < count; i++) {
        starts[i] = (struct thread_start){run, context, i};
        handles[i] = CreateThread(NULL, 0, thread_main, &starts[i], 0, NULL);
        if (handles[i] == NULL)
            bench_die("no thread", "the system");
    }
    WaitForMultipleObjects((DWORD)count, handles, TRUE, INFINITE);
    for (int i = 0; i < count; i++)
        CloseHandle(handles[i]);
}

bool sys_run_self(const char *const *arguments, const char *options, char *text, size_t size)
{
    SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
    STARTUPINFOA startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    char program[MAX_PATH], command[4 * MAX_PATH];
    HANDLE from, to;
    DWORD used = 0;
    DWORD got, status;
    size_t length;

    GetModuleFileNameA(NULL, program, sizeof program);
    length = (size_t)snprintf(command, sizeof command, "\"%s\"", program);
    for (int i = 0; arguments[i] != NULL && length < sizeof command; i++)
        length +=
            (size_t)snprintf(command + length, sizeof command - length, " \"%s\"", arguments[i]);
    if (length >= sizeof command || !CreatePipe(&from, &to, &inherit, 0))
        return false;
    SetEnvironmentVariableA("NMAPI_OPTIONS", options);
    startup.hStdOutput = to;
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!CreateProcessA(program, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process))
        return false;
    CloseHandle(to);
    while (used < size - 1 && ReadFile(from, text + used, (DWORD)size - 1 - used, &got, NULL) &&
           got > 0)
        used += got;
    text[used] = '\0';
    CloseHandle(from);
    WaitForSingleObject(process.hProcess, INFINITE);
    if (!GetExitCodeProcess(process.hProcess, &status))
        status = 1;
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return status == 0;
}

void *sys_open_library(const char *path)
{
    return LoadLibraryA(path);
}

void *sys_find_function(void *library, const char *name)
{
    FARPROC found = GetProcAddress(library, name);
    void *function;

    memcpy(&function, &found, sizeof function);
    return function;
}

size_t sys_committed(void)
{
    MEMORY_BASIC_INFORMATION info;
    const char *at = NULL;
    size_t total = 0;

    while (VirtualQuery(at, &info, sizeof info) == sizeof info) {
        if (info.State == MEM_COMMIT && info.Type == MEM_PRIVATE)
            total += info.RegionSize;
        if ((const char *)info.BaseAddress + info.RegionSize <= at)
            break;
        at = (const char *)info.BaseAddress + info.RegionSize;
    }
    return total;
}

size_t sys_resident(void)
{
    return 0;
}

void sys_describe(char *text, size_t size)
{
    typedef const char *(__cdecl * wine_version_function)(void);
    typedef LONG(WINAPI * rtl_version_function)(OSVERSIONINFOW *);
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    wine_version_function wine_version =
        (wine_version_function)(void (*)(void))GetProcAddress(ntdll, "wine_get_version");
    rtl_version_function rtl_version =
        (rtl_version_function)(void (*)(void))GetProcAddress(ntdll, "RtlGetVersion");
    OSVERSIONINFOW version = {.dwOSVersionInfoSize = sizeof version};
    SYSTEM_INFO machine;
    char bits[32];

    GetSystemInfo(&machine);
    snprintf(bits, sizeof bits, "%s, %lu processors", sizeof(void *) == 8 ? "x64" : "x86",
             machine.dwNumberOfProcessors);
    if (wine_version != NULL)
        snprintf(text, size, "Wine %s, %s", wine_version(), bits);
    else if (rtl_version != NULL && rtl_version(&version) == 0)
        snprintf(text, size, "Windows %lu.%lu.%lu, %s", version.dwMajorVersion,
                 version.dwMinorVersion, version.dwBuildNumber, bits);
    else
        snprintf(text, size, "Windows, %s", bits);
}
