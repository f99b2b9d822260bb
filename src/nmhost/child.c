#include "run.h"

#include "say.h"

/* Handles of the child's. An expert may use or close them: then its parent hears nonsense, or
   nothing. */
static HANDLE pipe_to_parent;

static BYTE buffer[32 * 1024];
static DWORD used;

static void flush(void)
{
    DWORD written;

    if (used != 0)
        (void)WriteFile(pipe_to_parent, buffer, used, &written, NULL);
    used = 0;
}

/* Events wait for others, as a write costs more than an event. */
static void write_message(void *context, MESSAGE_KIND kind, const void *data, DWORD bytes)
{
    MESSAGE_HEADER header = {MESSAGE_MAGIC, (DWORD)kind, bytes};
    (void)context;

    if (kind != MESSAGE_IDLE) {
        if (sizeof header + bytes > sizeof buffer - used)
            flush();
        CopyMemory(buffer + used, &header, sizeof header);
        if (bytes != 0)
            CopyMemory(buffer + used + sizeof header, data, bytes);
        used += (DWORD)sizeof header + bytes;
    }
    if (kind != MESSAGE_EVENT)
        flush();
}

/* No child outlives its parent, whatever its expert does. */
static DWORD WINAPI watch(LPVOID parent)
{
    if (WaitForSingleObject(parent, INFINITE) == WAIT_OBJECT_0)
        TerminateProcess(GetCurrentProcess(), ERROR_PROCESS_ABORTED);
    return 0;
}

int run_as_child(const OPTIONS *options)
{
    LIBRARY library;
    RUN run = {.options = options,
               .capture = options->captures != 0 ? options->capture[0] : NULL,
               .expert = options->expert[0],
               .first = options->first,
               .sink = write_message};

    pipe_to_parent = (HANDLE)options->pipe;
    HANDLE watcher = CreateThread(NULL, 0, watch, (LPVOID)options->parent, 0, NULL);
    if (watcher == NULL)
        return 2;
    CloseHandle(watcher);
    /* No window that asks what to do about a crash. */
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    if (!run_prepare(&library))
        return 2;
    run_here(&library, &run);
    /* Without a call of any DllMain: an expert's may hang. */
    TerminateProcess(GetCurrentProcess(), 0);
    return 0;
}
