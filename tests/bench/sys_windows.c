#include "bench.h"

#include <windows.h>

#include <math.h>
#include <stdlib.h>
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

/* The program starts itself with --alone and reads the figures from its output, a line each. */
void sys_run_alone(const struct workload *work, const struct peer *peer, double *figures)
{
    SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
    STARTUPINFOA startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    char program[MAX_PATH], command[3 * MAX_PATH], text[1024];
    HANDLE from, to;
    DWORD used = 0;
    DWORD got, status;
    char *at = text;

    GetModuleFileNameA(NULL, program, sizeof program);
    snprintf(command, sizeof command, "\"%s\" --dll \"%s\"%s --alone %s %s", program,
             bench_dll_path, bench_quick ? " --quick" : "", work->name, peer->name);
    if (!CreatePipe(&from, &to, &inherit, 0))
        bench_die("no pipe", "the system");
    startup.hStdOutput = to;
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!CreateProcessA(program, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process))
        bench_die("no process", "the system");
    CloseHandle(to);
    while (used < sizeof text - 1 &&
           ReadFile(from, text + used, (DWORD)sizeof text - 1 - used, &got, NULL) && got > 0)
        used += got;
    text[used] = '\0';
    CloseHandle(from);
    WaitForSingleObject(process.hProcess, INFINITE);
    if (!GetExitCodeProcess(process.hProcess, &status) || status != 0)
        bench_die("failed in a process of its own", work->name);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    for (int i = 0; i < WORK_METRICS_MAX; i++) {
        while (*at == '\r' || *at == '\n')
            at++;
        figures[i] = *at == '-' && at[1] == '-' ? NAN : strtod(at, NULL);
        at += strcspn(at, "\r\n");
    }
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
