#include "session.h"

#include <string.h>

#include "say.h"
#include "supply.h"
#include "viewer.h"

enum {
    CONFIGURE_CALLS = 2,
    KEYS = CONFIGURE_CALLS + 1, /* each call gets a key of its own, as Network Monitor does */
    POOL = 4 * 1024 * 1024      /* bytes that Nmapi.dll may keep for the next expert */
};

/* The expert's DLL and what passes between the host and it. */
typedef struct EXPERT {
    HMODULE module;
    PEXPERTREGISTERPROC register_expert;
    PEXPERTCONFIGPROC configure;
    PEXPERTRUNPROC run;
    EXPERTENUMINFO info;
    EXPERTSTARTUPINFO startup;
    PEXPERTCONFIG config;
} EXPERT;

/* One call of an expert, on a thread of its own. */
typedef struct CALL {
    EXPERT *expert;
    HEXPERTKEY key;
    BOOL configures; /* else runs */
    BOOL returned;
    BOOL result; /* what it returned */
    GUARD guard;
    SIZE_T stack; /* bytes that its thread's stack committed */
} CALL;

SIZE_T session_committed_memory(void)
{
    MEMORY_BASIC_INFORMATION region;
    const char *address = NULL;
    SIZE_T bytes = 0;

    while (VirtualQuery(address, &region, sizeof region) == sizeof region) {
        if (region.State == MEM_COMMIT && region.Type == MEM_PRIVATE)
            bytes += region.RegionSize;
        address = (const char *)region.BaseAddress + region.RegionSize;
    }
    return bytes;
}

static DWORD microseconds_since(LARGE_INTEGER start)
{
    LARGE_INTEGER now, frequency;

    QueryPerformanceCounter(&now);
    QueryPerformanceFrequency(&frequency);
    return (DWORD)((now.QuadPart - start.QuadPart) * 1000000 / frequency.QuadPart);
}

/* Never one that was used before: a closed key stays closed. To the DLL it is a number, no
   address. */
static HEXPERTKEY new_key(void)
{
    static ULONG_PTR last;
    return (HEXPERTKEY)++last;
}

static BOOL load_expert(EXPERT *expert, const char *file, const char *path, HCAPTURE capture)
{
    memset(expert, 0, sizeof *expert);
    expert->module = LoadLibraryA(file);
    if (expert->module == NULL) {
        say("-- %s: can't be loaded: error %lu\n", file, GetLastError());
        return FALSE;
    }
    expert->register_expert =
        (PEXPERTREGISTERPROC)library_function(expert->module, EXPERTENTRY_REGISTER);
    expert->configure = (PEXPERTCONFIGPROC)library_function(expert->module, EXPERTENTRY_CONFIGURE);
    expert->run = (PEXPERTRUNPROC)library_function(expert->module, EXPERTENTRY_RUN);
    if (expert->register_expert == NULL || expert->run == NULL ||
        !expert->register_expert(&expert->info)) {
        say("-- %s: is no expert\n", file);
        FreeLibrary(expert->module);
        return FALSE;
    }
    lstrcpynA(expert->startup.szCaptureFile, path, sizeof expert->startup.szCaptureFile);
    expert->startup.hCapture = capture;
    return TRUE;
}

static DWORD WINAPI call_thread(LPVOID parameter)
{
    CALL *call = parameter;
    EXPERT *expert = call->expert;

    guard_thread(&call->guard);
    supply_thread(call->key);
    call->result = call->configures
                       ? expert->configure(call->key, &expert->config, &expert->startup, 0, NULL)
                       : expert->run(call->key, expert->config, &expert->startup, 0, NULL);
    call->returned = TRUE;
    supply_thread(NULL);
    guard_thread(NULL);
    return 0;
}

/* Makes the call and waits for its end: by itself, by request, by force. Until that end the
   thread may write to *call. */
static OUTCOME make_call(const LIBRARY *library, CALL *call, DWORD time_limit)
{
    OUTCOME outcome = OUTCOME_RETURNED;

    SIZE_T memory = session_committed_memory();
    HANDLE thread = CreateThread(NULL, 0, call_thread, call, CREATE_SUSPENDED, NULL);
    if (thread == NULL) {
        say("   no thread: error %lu\n", GetLastError());
        return OUTCOME_NOT_LOADED;
    }
    call->stack = session_committed_memory() - memory;
    ResumeThread(thread);
    if (WaitForSingleObject(thread, time_limit) != WAIT_OBJECT_0) {
        say("   still running after %lu ms: told to terminate\n", time_limit);
        outcome = OUTCOME_TERMINATED;
        library->terminate_expert(call->key);
        if (WaitForSingleObject(thread, GRACE) != WAIT_OBJECT_0) {
            say("   still running %d ms later: killed\n", GRACE);
            outcome = OUTCOME_KILLED;
            TerminateThread(thread, ERROR_TIMEOUT);
            WaitForSingleObject(thread, INFINITE); /* it ends soon, not at once */
        }
    }
    CloseHandle(thread);
    if (outcome == OUTCOME_KILLED)
        return outcome;
    if (call->guard.exception != 0) {
        say("   %s (%08lX) at %p: its thread has ended\n",
            guard_exception_name(call->guard.exception), call->guard.exception,
            call->guard.address);
        return OUTCOME_FAILED;
    }
    if (!call->returned) {
        say("   its thread has ended without a return or an exception\n");
        return OUTCOME_VANISHED;
    }
    if (outcome == OUTCOME_RETURNED && !call->result)
        return OUTCOME_GAVE_UP;
    return outcome;
}

/* Opens the key and gives it the configuration that the key before it made. */
static BOOL open_key(const LIBRARY *library, const EXPERT *expert, HEXPERTKEY key,
                     HEXPERTKEY before)
{
    NMAPI_EXPERT_OPTIONS options = {.cbSize = sizeof options, .MemoryLimit = MEMORY_LIMIT};

    DWORD error = library->open_expert(key, &options);
    if (error == NMERR_SUCCESS && expert->config != NULL)
        error = library->transfer_memory(before, key, expert->config);
    if (error != NMERR_SUCCESS)
        say("   the key can't be opened: error %lu\n", error);
    return error == NMERR_SUCCESS;
}

/* Calls Configure under one key after the other, if it has something to configure, then Run.
   Returns how many keys were used. */
static int make_calls(const LIBRARY *library, EXPERT *expert, HEXPERTKEY keys[KEYS],
                      SESSION *session)
{
    int first = session->configurable ? 0 : CONFIGURE_CALLS;
    int used = 0;

    for (int step = first; step < KEYS; step++) {
        CALL call = {.expert = expert, .key = new_key(), .configures = step < CONFIGURE_CALLS};
        keys[used++] = call.key;
        if (session->handover == HANDOVER_TRANSFER &&
            !open_key(library, expert, call.key, used > 1 ? keys[used - 2] : NULL)) {
            session->outcome = OUTCOME_NOT_LOADED;
            break;
        }
        session->outcome = make_call(library, &call, session->time_limit);
        session->guard = call.guard;
        if (session->outcome == OUTCOME_KILLED || session->outcome == OUTCOME_VANISHED)
            session->stack = call.stack;
        if (session->outcome != OUTCOME_RETURNED)
            break;
    }
    return used;
}

/* The bulk free. FALSE if the key still has memory afterwards. */
static BOOL close_key(const LIBRARY *library, HEXPERTKEY key, SESSION *session)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    LARGE_INTEGER start;

    QueryPerformanceCounter(&start);
    DWORD error = library->close_expert(key, &usage);
    session->microseconds += microseconds_since(start);
    if (error == NMERR_INVALID_EXPERT_HANDLE && session->handover == HANDOVER_IMPLICIT)
        return TRUE; /* never asked for anything */
    if (error != NMERR_SUCCESS) {
        say("   ERROR: closing its key failed: error %lu\n", error);
        return FALSE;
    }
    session->blocks += usage.LiveBlocks;
    session->bytes += usage.LiveBytes;
    return library->query_expert(key, &usage) == NMERR_SUCCESS &&
           usage.State == NMAPI_STATE_CLOSED && usage.CommittedBytes == 0;
}

void session_run(const LIBRARY *library, const char *capture, SESSION *session)
{
    HEXPERTKEY keys[KEYS];
    EXPERT expert;

    session->memory_before = session_committed_memory();
    session->reclaimed = TRUE;
    session->outcome = OUTCOME_NOT_LOADED;
    lstrcpynA(session->name, session->file, sizeof session->name);
    if (!session->alone && !supply_begin())
        session->reclaimed = FALSE;
    if (load_expert(&expert, session->file, capture, session->alone ? NULL : supply_capture())) {
        session->configurable =
            expert.configure != NULL && (expert.info.Flags & EXPERT_ENUM_FLAG_CONFIGURABLE) != 0;
        wsprintfA(session->name, "%.18s%s", expert.info.szName,
                  session->alone                           ? ", alone"
                  : !session->configurable                 ? ""
                  : session->handover == HANDOVER_IMPLICIT ? ", implicit"
                                                           : ", transfer");
        say("-- %s: %.58s\n", session->name, expert.info.szDescription);
        viewer_begin();
        int used = make_calls(library, &expert, keys, session);
        viewer_end();
        for (int index = 0; index < used; index++) {
            if (!close_key(library, keys[index], session))
                session->reclaimed = FALSE;
        }
        FreeLibrary(expert.module);
    }
    if (!session->alone)
        supply_end();
    session->memory_after = session_committed_memory();
    if (session->memory_after < session->memory_before + session->stack)
        session->stack = 0; /* freed after all */
    if (session->memory_after > session->memory_before + session->stack + POOL)
        session->reclaimed = FALSE;
}
