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

static bool is_wine(void)
{
    static int wine = -1;

    if (wine < 0)
        wine = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != NULL;
    return wine;
}

/* Wine counts no page faults and knows processor time to a hundredth of a second, but the Linux
   below knows both, and a program under Wine may ask it directly: getrusage(RUSAGE_SELF). */
struct usage {
    double cpu_ns, faults;
};

static struct usage linux_usage(void)
{
    struct usage usage = {NAN, NAN};
#if defined(__GNUC__) || defined(__clang__)
    enum { SECONDS = 0, MICROSECONDS = 1, SYSTEM = 2, MINOR = 8, MAJOR = 9 };
#ifdef _WIN64
    long long words[18], result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(98LL), "D"(0LL), "S"(words)
                     : "rcx", "r11", "memory");
#else
    long words[18], result;

    __asm__ volatile("int $0x80" : "=a"(result) : "0"(77), "b"(0), "c"(words) : "memory");
#endif
    if (result == 0) {
        usage.cpu_ns = (double)(words[SECONDS] + words[SYSTEM + SECONDS]) * 1e9 +
                       (double)(words[MICROSECONDS] + words[SYSTEM + MICROSECONDS]) * 1e3;
        usage.faults = (double)words[MINOR] + (double)words[MAJOR];
    }
#endif
    return usage;
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

static double windows_cpu_ns(void)
{
    FILETIME times[4];
    ULARGE_INTEGER kernel, user;

    if (!GetProcessTimes(GetCurrentProcess(), &times[0], &times[1], &times[2], &times[3]))
        return NAN;
    kernel.LowPart = times[2].dwLowDateTime;
    kernel.HighPart = times[2].dwHighDateTime;
    user.LowPart = times[3].dwLowDateTime;
    user.HighPart = times[3].dwHighDateTime;
    return (double)(kernel.QuadPart + user.QuadPart) * 100;
}

double sys_faults(void)
{
    return is_wine() ? linux_usage().faults : windows_faults();
}

double sys_cpu_now(void)
{
    return is_wine() ? linux_usage().cpu_ns : windows_cpu_ns();
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

/* Each thread on its own processor. Otherwise the system's choice, and its changes, would be
   measured too. */
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
    char program[MAX_PATH], command[4 * MAX_PATH], before[512];
    HANDLE from, to;
    DWORD used = 0;
    DWORD got, status, had;
    size_t length;
    BOOL started = FALSE;

    GetModuleFileNameA(NULL, program, sizeof program);
    length = (size_t)snprintf(command, sizeof command, "\"%s\"", program);
    for (int i = 0; arguments[i] != NULL && length < sizeof command; i++)
        length +=
            (size_t)snprintf(command + length, sizeof command - length, " \"%s\"", arguments[i]);
    if (length >= sizeof command || !CreatePipe(&from, &to, &inherit, 0))
        return false;
    had = GetEnvironmentVariableA("NMAPI_OPTIONS", before, sizeof before);
    if (options != NULL)
        SetEnvironmentVariableA("NMAPI_OPTIONS", options);
    startup.hStdOutput = to;
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    /* Wine fails to start a process now and then, with ERROR_INTERNAL_ERROR. */
    for (int tries = 0; tries < 3; tries++) {
        started =
            CreateProcessA(program, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process);
        if (started)
            break;
        fprintf(stderr, "bench: CreateProcess failed with %lu\n", GetLastError());
    }
    if (options != NULL)
        SetEnvironmentVariableA("NMAPI_OPTIONS", had > 0 && had < sizeof before ? before : NULL);
    CloseHandle(to);
    if (!started) {
        CloseHandle(from);
        return false;
    }
    while (used < size - 1 && ReadFile(from, text + used, (DWORD)size - 1 - used, &got, NULL) &&
           got > 0)
        used += got;
    text[used] = '\0';
    CloseHandle(from);
    WaitForSingleObject(process.hProcess, INFINITE);
    if (!GetExitCodeProcess(process.hProcess, &status))
        status = 1;
    if (status != 0)
        fprintf(stderr, "bench: %s ended with status %#lx\n", command, status);
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
