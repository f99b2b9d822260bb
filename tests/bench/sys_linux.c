#include "bench.h"

#include "standin.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

double sys_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

double sys_cpu_now(void)
{
    struct timespec ran;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ran);
    return (double)ran.tv_sec * 1e9 + (double)ran.tv_nsec;
}

double sys_faults(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return NAN;
    return (double)usage.ru_minflt + (double)usage.ru_majflt;
}

void sys_yield(void)
{
    sched_yield();
}

long sys_load(volatile long *from)
{
    return __atomic_load_n(from, __ATOMIC_ACQUIRE);
}

void sys_store(volatile long *to, long value)
{
    __atomic_store_n(to, value, __ATOMIC_RELEASE);
}

long sys_exchange(volatile long *to, long value)
{
    return __atomic_exchange_n(to, value, __ATOMIC_SEQ_CST);
}

long sys_add(volatile long *to, long value)
{
    return __atomic_fetch_add(to, value, __ATOMIC_SEQ_CST);
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
    cpu_set_t allowed, one;

    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return;
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &allowed) && index-- == 0) {
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            sched_setaffinity(0, sizeof one, &one);
        }
    }
}

static void *thread_main(void *parameter)
{
    struct thread_start *start = parameter;

    stay_on(start->index);
    start->run(start->index, start->context);
    return NULL;
}

void sys_run_threads(int count, void (*run)(int index, void *context), void *context)
{
    struct thread_start starts[8];
    pthread_t threads[8];

    for (int i = 0; i < count; i++) {
        starts[i] = (struct thread_start){run, context, i};
        if (pthread_create(&threads[i], NULL, thread_main, &starts[i]) != 0)
            bench_die("no thread", "the system");
    }
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

bool sys_run_self(const char *const *arguments, const char *options, char *text, size_t size)
{
    char *line[16] = {"bench"};
    size_t used = 0;
    ssize_t got;
    int ends[2];
    int status;
    pid_t child;

    for (int i = 0; i < 14 && arguments[i] != NULL; i++)
        line[i + 1] = (char *)arguments[i];
    fflush(NULL);
    if (pipe(ends) != 0 || (child = fork()) < 0)
        return false;
    if (child == 0) {
        if (options != NULL)
            setenv("NMAPI_OPTIONS", options, 1);
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execv("/proc/self/exe", line);
        _exit(127);
    }
    close(ends[1]);
    while (used < size - 1 && (got = read(ends[0], text + used, size - 1 - used)) > 0)
        used += (size_t)got;
    text[used] = '\0';
    close(ends[0]);
    return waitpid(child, &status, 0) == child && status == 0;
}

void *sys_open_library(const char *path)
{
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

void *sys_find_function(void *library, const char *name)
{
    return dlsym(library, name);
}

/* One line of smaps: a mapping's head, "from-to rw-p ...", or "Name:  number kB". */
static void count_line(const char *line, bool *counts, size_t *committed, size_t *resident)
{
    char perms[8];
    unsigned long from, to, kilobytes;

    if (sscanf(line, "%lx-%lx %7s", &from, &to, perms) == 3) {
        *counts = perms[1] == 'w' && perms[3] == 'p';
        if (*counts)
            *committed += to - from;
    } else if (*counts && sscanf(line, "Private_Dirty: %lu", &kilobytes) == 1) {
        *resident += kilobytes * 1024;
    }
}

/* Reads without stdio, whose buffers would count as memory. */
static void read_smaps(size_t *committed, size_t *resident)
{
    static char text[65536];
    size_t kept = 0;
    bool counts = false;
    int file = open("/proc/self/smaps", O_RDONLY);

    *committed = 0;
    *resident = 0;
    for (;;) {
        ssize_t got = file < 0 ? 0 : read(file, text + kept, sizeof text - 1 - kept);
        char *line = text;
        char *end;

        if (got <= 0)
            break;
        text[kept + (size_t)got] = '\0';
        while ((end = strchr(line, '\n')) != NULL) {
            *end = '\0';
            count_line(line, &counts, committed, resident);
            line = end + 1;
        }
        kept = strlen(line);
        memmove(text, line, kept);
    }
    if (file >= 0)
        close(file);
}

size_t sys_committed(void)
{
    size_t committed, resident;

    read_smaps(&committed, &resident);
    return committed - standin_own_bytes();
}

size_t sys_resident(void)
{
    size_t committed, resident;

    read_smaps(&committed, &resident);
    return resident;
}

void sys_describe(char *text, size_t size)
{
    struct utsname name;

    /* Up to the first dash, which begins what a vendor calls its kernel. */
    uname(&name);
    name.release[strcspn(name.release, "-")] = '\0';
    snprintf(text, size, "%.32s %.64s, %.32s, %ld processors", name.sysname, name.release,
             name.machine, sysconf(_SC_NPROCESSORS_ONLN));
}
