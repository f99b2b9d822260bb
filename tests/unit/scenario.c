#include "scenario_private.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CHILD_SECONDS = 90
}; /* then it counts as hung; hundreds of thousands of single steps take some seconds */

struct outcome *outcome;
BOOL scenario_resumes;
struct standin_usage scenario_at_start;

static const struct scenario *scenario;
static HANDLE threads[128];
static int thread_count;
static volatile LONG over, ready, looked_after;
static HANDLE conductor;
static HANDLE volatile victim; /* the victim's thread, once it has started */

/* Child processes */

__attribute__((constructor)) static void share(void)
{
    outcome =
        mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

void scenario_fail(const char *file, int line, const char *condition)
{
    dprintf(2, "%s:%d: not so: %s [%s]\n", file, line, condition, outcome->context);
    _exit(1);
}

void scenario_context(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(outcome->context, sizeof outcome->context, format, arguments);
    va_end(arguments);
}

struct start {
    void (*body)(void *);
    void *argument;
};

static DWORD WINAPI conduct(LPVOID parameter)
{
    struct start *start = parameter;

    start->body(start->argument);
    _exit(0);
    return 0;
}

/* Test frameworks handle signals by a jump into the parent's stack. */
static void crash_as_usual(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], SIG_DFL);
}

/* The first thread is the host's. When the victim is gone it makes a call, as a host does, and so
   resumes a thread that the victim had suspended. */
static void look_after(void)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    DWORD code;

    while (!atomic_load(&victim) || !GetExitCodeThread(victim, &code) || code == STILL_ACTIVE)
        Sleep(1);
    standin_fail_never();
    for (int i = -1; scenario_resumes && i < thread_count; i++)
        while ((LONG)ResumeThread(i < 0 ? conductor : threads[i]) > 0)
            ;
    NmapiQueryExpert(scenario_key(0), &usage);
    atomic_store(&looked_after, 1);
    for (;;)
        pause();
}

BOOL scenario_short, scenario_is_alone;

void scenario_arguments(int count, char **arguments)
{
    for (int i = 1; i < count; i++)
        scenario_short = scenario_short || strcmp(arguments[i], "--short") == 0;
}

/* The stand-in knows the first thread by its id in the parent process: it can't be suspended
   here. */
BOOL scenario_child(void (*body)(void *), void *argument)
{
    struct start start = {body, argument};
    int status = 0;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        alarm(CHILD_SECONDS * (standin_is_slow() ? 4 : 1));
        crash_as_usual();
        conductor = CreateThread(NULL, 0, conduct, &start, 0, NULL);
        look_after();
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return FALSE;
    if (WIFSIGNALED(status))
        fprintf(stderr, "ended by signal %d [%s]\n", WTERMSIG(status), outcome->context);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return TRUE;
    if (scenario_short)
        exit(1);
    return FALSE;
}

/* Threads */

static DWORD WINAPI thread_main(LPVOID parameter)
{
    void (*part)(void);

    memcpy(&part, parameter, sizeof part);
    part();
    atomic_add(&ready, 1);
    while (!atomic_load(&over))
        Sleep(1);
    return 0;
}

HANDLE scenario_thread(void (*part)(void))
{
    LONG before = atomic_load(&ready);
    HANDLE thread = CreateThread(NULL, 0, thread_main, &part, 0, NULL);

    threads[thread_count++] = thread;
    while (atomic_load(&ready) == before)
        Sleep(0);
    return thread;
}

void scenario_kill(HANDLE thread)
{
    TerminateThread(thread, 1);
    WaitForSingleObject(thread, INFINITE);
}

void scenario_threads_end(void)
{
    atomic_store(&over, 1);
    for (int i = 0; i < thread_count; i++) {
        WaitForSingleObject(threads[i], INFINITE);
        CloseHandle(threads[i]);
    }
}

/* Setting up */

void scenario_begin(const struct scenario *s)
{
    scenario = s;
    for (int i = 0; i < SCENARIO_EXPERTS; i++)
        scenario_experts[i].states = 1U << EXPERT_NEVER;
    standin_get_usage(&scenario_at_start);
    SetEnvironmentVariableA("NMAPI_OPTIONS", s->options);
    DllMain(NULL, DLL_PROCESS_ATTACH, NULL);
    standin_set_dllmain(DllMain);
    if (s->before)
        s->before();
}

static DWORD WINAPI victim_main(LPVOID parameter)
{
    void (*prepare)(void);

    memcpy(&prepare, parameter, sizeof prepare);
    scenario_is_victim = 1;
    prepare();
    scenario->act();
    return 0;
}

BOOL scenario_act(void (*prepare)(void))
{
    HANDLE thread = CreateThread(NULL, 0, victim_main, &prepare, CREATE_SUSPENDED, NULL);
    DWORD code = 0;

    threads[thread_count++] = thread;
    atomic_store(&victim, thread); /* known before the victim can suspend it */
    ResumeThread(thread);
    while (!atomic_load(&looked_after))
        Sleep(0);
    GetExitCodeThread(thread, &code);
    scenario_longest = 0;
    return code == SCENARIO_DEATH;
}
