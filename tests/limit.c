/*
 * limit.c - linked into each test program: when it runs longer than its limit (NMAPI_TEST_SECONDS,
 * which CMakeLists.txt sets near ten times what it takes), it prints where each of its threads is
 * and ends. So a hang fails within seconds.
 *
 * A child process that has set its own alarm prints the same when that expires.
 */
#ifdef _WIN32

#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <tlhelp32.h>

static DWORD seconds;

static void say_where(DWORD id)
{
    HANDLE thread = OpenThread(THREAD_SUSPEND_RESUME | THREAD_GET_CONTEXT, FALSE, id);
    CONTEXT context = {.ContextFlags = CONTEXT_CONTROL};
    MEMORY_BASIC_INFORMATION area = {0};
    char module[MAX_PATH] = "?";
    ULONG_PTR at;

    if (!thread)
        return;
    SuspendThread(thread);
    GetThreadContext(thread, &context);
    ResumeThread(thread);
    CloseHandle(thread);
#ifdef _WIN64
    at = context.Rip;
#else
    at = context.Eip;
#endif
    VirtualQuery((void *)at, &area, sizeof area);
    if (area.AllocationBase)
        GetModuleFileNameA(area.AllocationBase, module, sizeof module);
    fprintf(stderr, "thread %lu: %s + 0x%lX\n", id, module,
            (unsigned long)(at - (ULONG_PTR)area.AllocationBase));
}

static DWORD WINAPI watch(LPVOID unused)
{
    THREADENTRY32 entry = {.dwSize = sizeof entry};
    HANDLE threads;

    (void)unused;
    Sleep(1000 * seconds);
    fprintf(stderr, "time is up after %lu s; where each thread is:\n", seconds);
    threads = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    for (BOOL more = Thread32First(threads, &entry); more; more = Thread32Next(threads, &entry))
        if (entry.th32OwnerProcessID == GetCurrentProcessId() &&
            entry.th32ThreadID != GetCurrentThreadId())
            say_where(entry.th32ThreadID);
    TerminateProcess(GetCurrentProcess(), 3);
    return 0;
}

/* Run before main. */
#if defined(__GNUC__) || defined(__clang__)
__attribute__((constructor)) static void begin(void);
#else
static void __cdecl begin(void);
#pragma section(".CRT$XCU", read) /* the C runtime's list of such functions */
extern __declspec(allocate(".CRT$XCU")) void(__cdecl *const limit_begin)(void);
__declspec(allocate(".CRT$XCU")) void(__cdecl *const limit_begin)(void) = begin;
#endif

static void begin(void)
{
    const char *text = getenv("NMAPI_TEST_SECONDS");
    HANDLE thread;

    seconds = text ? strtoul(text, NULL, 10) : 0;
    thread = seconds ? CreateThread(NULL, 65536, watch, NULL, 0x10000 /* reserved, not committed */,
                                    NULL)
                     : NULL;
    if (thread)
        CloseHandle(thread);
}

#else

#define _GNU_SOURCE
#include <dirent.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DEEP = 24, WAIT = 300000 /* microseconds for a thread or child to answer */ };

static volatile sig_atomic_t answered;

static void say_where(int number)
{
    void *at[DEEP];

    (void)number;
    backtrace_symbols_fd(at, backtrace(at, DEEP), 2);
    answered = 1;
}

static void ask_thread(pid_t thread)
{
    dprintf(2, "thread %d:\n", (int)thread);
    answered = 0;
    if (thread == (pid_t)syscall(SYS_gettid)) {
        say_where(0);
        return;
    }
    syscall(SYS_tgkill, getpid(), thread, SIGRTMAX - 3);
    for (int waited = 0; !answered && waited < WAIT; waited += 1000)
        usleep(1000);
    if (!answered)
        dprintf(2, "does not answer: suspended\n");
}

/* What a thread waits for may be a process that hangs. */
static void ask_children(pid_t thread)
{
    char path[64], text[256];
    ssize_t length;
    int file;

    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)thread);
    file = open(path, O_RDONLY);
    length = file < 0 ? 0 : read(file, text, sizeof text - 1);
    close(file);
    text[length < 0 ? 0 : length] = 0;
    for (char *at = text; *at; at += strspn(at, " ")) {
        kill((pid_t)strtol(at, &at, 10), SIGALRM);
        usleep(WAIT);
    }
}

static void time_is_up(int number)
{
    DIR *tasks = opendir("/proc/self/task");
    sigset_t all;

    signal(number, SIG_DFL);
    dprintf(2, "process %d: time is up; where each thread is (addr2line -fpe PROGRAM ADDRESS):\n",
            (int)getpid());
    for (struct dirent *task; tasks && (task = readdir(tasks));) {
        if (task->d_name[0] == '.')
            continue;
        ask_thread((pid_t)atoi(task->d_name));
        ask_children((pid_t)atoi(task->d_name));
    }
    raise(number);
    sigfillset(&all);
    sigprocmask(SIG_UNBLOCK, &all, NULL);
    _exit(1);
}

__attribute__((constructor)) static void begin(void)
{
    struct sigaction action = {.sa_handler = say_where, .sa_flags = SA_RESTART};
    const char *text = getenv("NMAPI_TEST_SECONDS");
    void *at[1];

    backtrace(at, 1); /* it loads a library the first time */
    sigaction(SIGRTMAX - 3, &action, NULL);
    action.sa_handler = time_is_up;
    sigaction(SIGALRM, &action, NULL);
    if (text)
        alarm((unsigned)strtoul(text, NULL, 10));
}

#endif
