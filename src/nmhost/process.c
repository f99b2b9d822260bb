#include <string.h>

#include "run.h"

enum {
    LINE_CHARS = 8192,
    /* Milliseconds. */
    POLL = 5,
    LOAD_LIMIT = 30000, /* to start a process and load an expert, on a busy machine too */
    SLACK = 5000,       /* that a child may take longer than it should */
    EXIT_LIMIT = 2000   /* to end once the result has come */
};

/* A child and what has come of it until now. */
typedef struct CHILD {
    const RUN *run;
    HANDLE process;
    HANDLE job;  /* NULL: this system has none, or lets no process into two */
    HANDLE pipe; /* our end */
    BYTE buffer[64 * 1024];
    DWORD used;
    BOOL has_result;
    BOOL broken; /* what came through the pipe was no message */
    DWORD since; /* the limit below counts from here */
    DWORD limit; /* milliseconds; 0: none */
} CHILD;

static void note(const RUN *run, const char *format, DWORD number)
{
    char text[256];
    wsprintfA(text, format, number);
    run->sink(run->context, MESSAGE_NOTE, text, (DWORD)lstrlenA(text) + 1);
}

static void set_limit(CHILD *child, DWORD limit)
{
    child->since = GetTickCount();
    child->limit = limit;
}

/* A job that kills what is in it when its last handle is closed: ours goes with this process. Since
   Windows 2000; asked for, because NT 4 has none. */
static HANDLE new_job(void)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits;

    HANDLE job = CreateJobObjectA(NULL, NULL);
    if (job == NULL)
        return NULL;
    memset(&limits, 0, sizeof limits);
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    if (!SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits)) {
        CloseHandle(job);
        return NULL;
    }
    return job;
}

/* A handle of this process that the child inherits, to wait for. */
static HANDLE own_handle(void)
{
    HANDLE handle = NULL;
    HANDLE process = GetCurrentProcess();

    return DuplicateHandle(process, process, process, &handle, SYNCHRONIZE, TRUE, 0) ? handle
                                                                                     : NULL;
}

static BOOL start(CHILD *child)
{
    static char line[LINE_CHARS];
    const RUN *run = child->run;
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process = {0};
    char program[MAX_PATH];
    HANDLE end = NULL;

    HANDLE parent = own_handle();
    DWORD length = GetModuleFileNameA(NULL, program, sizeof program);
    if (parent == NULL || length == 0 || length >= sizeof program ||
        !CreatePipe(&child->pipe, &end, &inherited, 64 * 1024)) {
        if (parent != NULL)
            CloseHandle(parent);
        return FALSE;
    }
    SetHandleInformation(child->pipe, HANDLE_FLAG_INHERIT, 0);
    BOOL good = options_command_line(run->options, run->capture, run->expert, (ULONG_PTR)end,
                                     (ULONG_PTR)parent, run->first, line, sizeof line) &&
                CreateProcessA(program, line, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL,
                               &startup, &process);
    CloseHandle(end);
    CloseHandle(parent);
    if (!good)
        return FALSE;
    child->process = process.hProcess;
    child->job = new_job();
    if (child->job != NULL)
        (void)AssignProcessToJobObject(child->job, process.hProcess);
    ResumeThread(process.hThread);
    CloseHandle(process.hThread);
    return TRUE;
}

static void take(CHILD *child, const MESSAGE_HEADER *header, const MESSAGE_DATA *data)
{
    const OPTIONS *options = child->run->options;

    switch (header->kind) {
    case MESSAGE_EXPERT: /* loaded; a dialog may take as long as it likes */
        set_limit(child, options->configure ? 0 : child->limit);
        break;
    case MESSAGE_RUN:
        set_limit(child,
                  options->time_limit == 0 ? 0 : options->time_limit + SESSION_GRACE + SLACK);
        break;
    case MESSAGE_RESULT:
        child->has_result = TRUE;
        set_limit(child, EXIT_LIMIT);
        break;
    default:
        break;
    }
    child->run->sink(child->run->context, (MESSAGE_KIND)header->kind, data, header->bytes);
}

/* Takes the whole messages out of the buffer. */
static void take_all(CHILD *child)
{
    static MESSAGE_DATA data;
    MESSAGE_HEADER header;
    DWORD at = 0;

    while (!child->broken && !child->has_result && child->used - at >= sizeof header) {
        memcpy(&header, child->buffer + at, sizeof header);
        if (header.magic != MESSAGE_MAGIC || header.bytes > MESSAGE_MOST) {
            child->broken = TRUE;
            break;
        }
        if (child->used - at < sizeof header + header.bytes)
            break;
        memset(&data, 0, sizeof data);
        memcpy(&data, child->buffer + at + sizeof header, header.bytes);
        if (message_check(header.kind, &data, header.bytes))
            take(child, &header, &data);
        else
            child->broken = TRUE;
        at += (DWORD)sizeof header + header.bytes;
    }
    memmove(child->buffer, child->buffer + at, child->used - at);
    child->used -= at;
}

/* Reads what the pipe has. FALSE: nothing more will come. */
static BOOL read_pipe(CHILD *child)
{
    DWORD available = 0, got = 0;

    for (;;) {
        if (!PeekNamedPipe(child->pipe, NULL, 0, NULL, &available, NULL))
            return FALSE;
        if (available == 0)
            return TRUE;
        if (!ReadFile(child->pipe, child->buffer + child->used, sizeof child->buffer - child->used,
                      &got, NULL))
            return FALSE;
        child->used += got;
        take_all(child);
        if (child->broken || child->has_result)
            return FALSE;
    }
}

/* Until it ends, has told its result, talks nonsense, or time is up; TRUE: it had to be killed. */
static BOOL listen(CHILD *child)
{
    for (;;) {
        BOOL ended = WaitForSingleObject(child->process, POLL) == WAIT_OBJECT_0;
        BOOL more = read_pipe(child);
        if (ended || child->broken || child->has_result)
            break;
        if (!more) /* it closed the pipe; then only its end can come */
            Sleep(POLL);
        if (child->limit != 0 && GetTickCount() - child->since > child->limit)
            return TRUE;
    }
    if (WaitForSingleObject(child->process, child->broken ? 0 : EXIT_LIMIT) == WAIT_OBJECT_0)
        return FALSE;
    return TRUE;
}

/* The RESULT of a child that told none. */
static void conclude(const CHILD *child, BOOL killed)
{
    RESULT result = {.outcome = OUTCOME_KILLED};
    DWORD code = 0;

    GetExitCodeProcess(child->process, &code);
    if (child->broken) {
        note(child->run, "what its process told is no message: killed", 0);
        result.outcome = OUTCOME_FAILED;
    } else if (killed) {
        note(child->run, "its process gave no sign in %lu ms: killed", child->limit);
    } else if (code >= 0xC0000000) {
        note(child->run, "its process has ended by %08lX", code);
        result.outcome = OUTCOME_FAILED;
        result.code = code;
    } else {
        note(child->run, "it has ended its process, with %lu", code);
        result.outcome = OUTCOME_EXITED;
        result.code = code;
    }
    child->run->sink(child->run->context, MESSAGE_RESULT, &result, sizeof result);
}

void run_in_child(const RUN *run)
{
    static CHILD child;

    memset(&child, 0, sizeof child);
    child.run = run;
    if (start(&child)) {
        set_limit(&child, LOAD_LIMIT);
        BOOL killed = listen(&child);
        if (killed || child.broken)
            TerminateProcess(child.process, ERROR_TIMEOUT);
        if (!child.has_result)
            conclude(&child, killed);
    } else {
        RESULT result = {.outcome = OUTCOME_NOT_LOADED};
        note(run, "its process cannot be started: error %lu", GetLastError());
        run->sink(run->context, MESSAGE_RESULT, &result, sizeof result);
    }
    if (child.pipe != NULL)
        CloseHandle(child.pipe);
    if (child.process != NULL)
        CloseHandle(child.process);
    if (child.job != NULL)
        CloseHandle(child.job); /* and what the expert has left running in it */
}
