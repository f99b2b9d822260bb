#include "session.h"

#include <string.h>

#include "capture.h"
#include "config.h"
#include "events.h"
#include "status.h"
#include "supply.h"

enum {
    TURN = 50,            /* milliseconds after which the host looks at what the expert has told */
    STATUS_INTERVAL = 200 /* milliseconds between two that are told */
};

/* The expert wants to be in the menu of what the user looks at, or of its details. */
#define FROM_A_FRAME                                                                               \
    (EXPERT_ENUM_FLAG_ADD_ME_TO_RMC_IN_SUMMARY | EXPERT_ENUM_FLAG_ADD_ME_TO_RMC_IN_DETAIL)

/* The expert's DLL and what passes between the host and it. */
typedef struct EXPERT {
    HMODULE module;
    PEXPERTREGISTERPROC register_expert;
    PEXPERTCONFIGPROC configure;
    PEXPERTRUNPROC run;
    EXPERTENUMINFO info;
    PEXPERTCONFIG config;
} EXPERT;

/* One call of an expert, on a thread of its own. */
typedef struct CALL {
    const LIBRARY *library;
    const SESSION *session;
    EXPERT *expert;
    HEXPERTKEY key;
    BOOL configures; /* else runs */
    BOOL returned;
    BOOL result; /* what it returned */
    GUARD guard;
    EXPERTSTARTUPINFO startup;
} CALL;

static void tell(const SESSION *session, MESSAGE_KIND kind, const void *data, DWORD bytes)
{
    session->sink(session->context, kind, data, bytes);
}

static void note(const SESSION *session, const char *format, DWORD number)
{
    char text[256];
    wsprintfA(text, format, number);
    tell(session, MESSAGE_NOTE, text, (DWORD)lstrlenA(text) + 1);
}

/* Never one that was used before: a closed key stays closed. To the DLL it is a number, no
   address. */
static HEXPERTKEY new_key(void)
{
    static ULONG_PTR last;
    return (HEXPERTKEY)++last;
}

static void copy_text(char *to, const char *from, int characters)
{
    lstrcpynA(to, from, characters);
    for (; *to != '\0'; to++) {
        if ((BYTE)*to < ' ')
            *to = ' ';
    }
}

static BOOL load_expert(EXPERT *expert, const SESSION *session)
{
    EXPERT_FACTS facts = {0};

    memset(expert, 0, sizeof *expert);
    expert->module = LoadLibraryA(session->file);
    if (expert->module == NULL) {
        DWORD error = GetLastError();
        char text[128];
        wsprintfA(text, "it cannot be loaded: error %lu%s", error, library_why(error));
        tell(session, MESSAGE_NOTE, text, (DWORD)lstrlenA(text) + 1);
        return FALSE;
    }
    expert->register_expert =
        (PEXPERTREGISTERPROC)library_function(expert->module, EXPERTENTRY_REGISTER);
    expert->configure = (PEXPERTCONFIGPROC)library_function(expert->module, EXPERTENTRY_CONFIGURE);
    expert->run = (PEXPERTRUNPROC)library_function(expert->module, EXPERTENTRY_RUN);
    if (expert->register_expert == NULL || expert->run == NULL ||
        !expert->register_expert(&expert->info)) {
        note(session, "it is no expert", 0);
        return FALSE;
    }
    copy_text(facts.name, expert->info.szName, sizeof facts.name);
    copy_text(facts.vendor, expert->info.szVendor, sizeof facts.vendor);
    copy_text(facts.description, expert->info.szDescription, sizeof facts.description);
    facts.version = expert->info.Version;
    facts.flags = expert->info.Flags;
    tell(session, MESSAGE_EXPERT, &facts, sizeof facts);
    return TRUE;
}

static DWORD WINAPI call_thread(LPVOID parameter)
{
    CALL *call = parameter;
    EXPERT *expert = call->expert;
    DWORD flags = call->startup.Flags;

    guard_thread(&call->guard);
    supply_thread(call->key);
    call->result = call->configures
                       ? expert->configure(call->key, &expert->config, &call->startup, flags, NULL)
                       : expert->run(call->key, expert->config, &call->startup, flags, NULL);
    call->returned = TRUE;
    supply_thread(NULL);
    guard_thread(NULL);
    return 0;
}

static void tell_status(const SESSION *session, DWORD start, BOOL in_any_case)
{
    static DWORD told;
    STATUS_FACTS facts = {0};
    DWORD now = GetTickCount();

    if (!in_any_case && now - told < STATUS_INTERVAL)
        return;
    if (!status_get(&facts) && !in_any_case)
        return;
    told = now;
    facts.milliseconds = now - start;
    facts.frames = capture_reads();
    tell(session, MESSAGE_STATUS, &facts, sizeof facts);
}

/* Hands on what the expert tells until its thread has ended, or time is up. TRUE: it has ended. */
static BOOL wait_for(const SESSION *session, HANDLE thread, DWORD start, DWORD limit)
{
    HANDLE both[2] = {thread, events_signal()};
    DWORD waits_since = GetTickCount();

    for (;;) {
        DWORD passed = GetTickCount() - waits_since, turn = TURN;
        if (limit != 0 && passed >= limit)
            return FALSE;
        if (limit != 0 && limit - passed < turn)
            turn = limit - passed;
        DWORD ended = WaitForMultipleObjects(2, both, FALSE, turn);
        events_drain(session->sink, session->context, ended == WAIT_OBJECT_0);
        tell(session, MESSAGE_IDLE, NULL, 0);
        if (ended == WAIT_OBJECT_0)
            return TRUE;
        tell_status(session, start, FALSE);
    }
}

/* Only a thread that is stopped outside the system's own code can be killed without harm under
   Wine: it has come to such a place once its registers can be read. */
static void kill_thread(HANDLE thread)
{
    CONTEXT context = {.ContextFlags = CONTEXT_CONTROL};

    SuspendThread(thread);
    GetThreadContext(thread, &context);
    TerminateThread(thread, ERROR_TIMEOUT);
    WaitForSingleObject(thread, INFINITE); /* it ends soon, not at once */
}

static OUTCOME outcome_of(const SESSION *session, const CALL *call, OUTCOME stopped)
{
    char text[96];

    if (stopped == OUTCOME_KILLED)
        return stopped;
    if (call->guard.exception != 0) {
        wsprintfA(text, "%s (%08lX) at %p: its thread has ended",
                  guard_exception_name(call->guard.exception), call->guard.exception,
                  call->guard.address);
        tell(session, MESSAGE_NOTE, text, (DWORD)lstrlenA(text) + 1);
        return OUTCOME_FAILED;
    }
    if (!call->returned) {
        note(session, "its thread has ended without a return or an exception", 0);
        return OUTCOME_VANISHED;
    }
    if (stopped == OUTCOME_RETURNED && !call->result)
        return OUTCOME_GAVE_UP;
    return stopped;
}

/* Makes the call and waits for its end: by itself, by request, by force. Until that end the
   thread may write to *call. */
static OUTCOME make_call(CALL *call)
{
    const SESSION *session = call->session;
    OUTCOME stopped = OUTCOME_RETURNED;
    DWORD limit = call->configures ? 0 : session->time_limit; /* a dialog waits for its user */
    DWORD start = GetTickCount();

    HANDLE thread = CreateThread(NULL, 0, call_thread, call, 0, NULL);
    if (thread == NULL) {
        note(session, "there is no thread for it: error %lu", GetLastError());
        return OUTCOME_NOT_LOADED;
    }
    if (!wait_for(session, thread, start, limit)) {
        note(session, "still running after %lu ms: told to terminate", limit);
        stopped = OUTCOME_TERMINATED;
        call->library->terminate_expert(call->key);
        if (!wait_for(session, thread, start, SESSION_GRACE)) {
            note(session, "still running %lu ms later: killed", SESSION_GRACE);
            stopped = OUTCOME_KILLED;
            kill_thread(thread);
            events_drain(session->sink, session->context, TRUE);
        }
    }
    CloseHandle(thread);
    tell_status(session, start, TRUE);
    return outcome_of(session, call, stopped);
}

/* Opens the key and gives it the configuration: the one that the key before it made, in the host's
   own process, else the file's. */
static DWORD open_key(const LIBRARY *library, const SESSION *session, EXPERT *expert,
                      HEXPERTKEY key, HEXPERTKEY before)
{
    NMAPI_EXPERT_OPTIONS options = {.cbSize = sizeof options, .MemoryLimit = session->memory_limit};

    DWORD error = library->open_expert(key, &options);
    if (error != NMERR_SUCCESS)
        return error;
    if (session->one_process && expert->config != NULL)
        return library->transfer_memory(before, key, expert->config);
    expert->config = config_load(library, key, session->config);
    return NMERR_SUCCESS;
}

/* What the host gave, or the expert returned, is no leak. */
static void take_config_back(const LIBRARY *library, EXPERT *expert, HEXPERTKEY key)
{
    (void)library->free_memory(key, expert->config);
    expert->config = NULL;
}

/* The bulk free. */
static void close_key(const LIBRARY *library, const SESSION *session, HEXPERTKEY key,
                      RESULT *result)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};

    DWORD error = library->close_expert(key, &usage);
    if (error != NMERR_SUCCESS) {
        note(session, "its key cannot be closed: error %lu", error);
        result->usage_known = FALSE;
        return;
    }
    result->blocks += usage.LiveBlocks;
    result->bytes += usage.LiveBytes;
    if (usage.PeakBytes > result->peak)
        result->peak = usage.PeakBytes;
}

/* Why the place that the user names is none, and which one to name. */
static void note_place(const SESSION *session, DWORD error)
{
    const STARTUP *place = session->startup;
    char text[256]; /* the names have 128 at most */

    if (error == NMERR_FRAME_NOT_FOUND) {
        note(session, "--startup: there is no frame %lu to read", place->frame);
        return;
    }
    if (error == NMERR_PROTOCOL_NOT_FOUND) {
        wsprintfA(text, "--startup: no protocol is called %s; FUNCTIONS.md lists them",
                  place->protocol);
    } else if (error == NMERR_PROPERTY_NOT_FOUND) {
        wsprintfA(text, "--startup: %s has no property %s; FUNCTIONS.md lists them",
                  place->protocol, place->property);
    } else {
        DWORD first = supply_first_frame(place->protocol, place->property);
        int used = wsprintfA(text, "--startup: frame %lu has no %s.%s", place->frame,
                             place->protocol, place->property);
        if (first == CAPTURE_NO_FRAME)
            lstrcpyA(text + used, ", nor has any of the first 1,000,000");
        else
            wsprintfA(text + used, "; frame %lu is the first that has", first);
    }
    tell(session, MESSAGE_NOTE, text, (DWORD)lstrlenA(text) + 1);
}

/* FALSE: the place that the user names is not in the capture. */
static BOOL prepare(CALL *call, BOOL configured)
{
    const STARTUP *place = call->session->startup;
    EXPERTSTARTUPINFO *startup = &call->startup;

    startup->hCapture = call->session->alone ? NULL : supply_capture();
    DWORD length =
        GetShortPathNameA(capture_file(), startup->szCaptureFile, sizeof startup->szCaptureFile);
    if (length == 0 || length >= sizeof startup->szCaptureFile)
        lstrcpynA(startup->szCaptureFile, capture_file(), sizeof startup->szCaptureFile);
    if (call->session->alone)
        return TRUE;
    if (place->given) {
        DWORD error =
            supply_startup(place->frame, place->protocol, place->property, place->bit, startup);
        if (error != NMERR_SUCCESS) {
            note_place(call->session, error);
            return FALSE;
        }
        if (configured) /* what the user chose in the dialog counts, not where he looked before */
            startup->Flags = 0;
    }
    supply_tell_startup(startup);
    return TRUE;
}

/* Configure, if it is wanted and there is something to configure, then Run: each under a key of its
   own, as Network Monitor does. */
static void make_calls(const LIBRARY *library, const SESSION *session, EXPERT *expert,
                       RESULT *result)
{
    BOOL configurable =
        expert->configure != NULL && (expert->info.Flags & EXPERT_ENUM_FLAG_CONFIGURABLE) != 0;
    HEXPERTKEY keys[2] = {NULL, NULL};
    DWORD start = GetTickCount();

    result->usage_known = TRUE;
    for (int step = session->configure && configurable ? 0 : 1; step < 2; step++) {
        CALL call = {.library = library, .session = session, .expert = expert};
        call.configures = step == 0;
        call.key = keys[step] = new_key();
        result->outcome = OUTCOME_NOT_LOADED;
        DWORD error = open_key(library, session, expert, call.key, keys[0]);
        if (error != NMERR_SUCCESS) {
            note(session, "its key cannot be opened: error %lu", error);
            break;
        }
        if (!prepare(&call, keys[0] != NULL && !call.configures))
            break;
        if (!call.configures)
            tell(session, MESSAGE_RUN, NULL, 0);
        result->outcome = (DWORD)make_call(&call);
        result->code = call.guard.exception;
        result->address = (ULONG_PTR)call.guard.address;
        if (call.configures && result->outcome == OUTCOME_RETURNED &&
            !config_save(library, call.key, expert->config, session->config))
            note(session, "its configuration is not saved: no file for it, or no such length", 0);
        if (result->outcome != OUTCOME_RETURNED) {
            if (!session->startup->given && (expert->info.Flags & FROM_A_FRAME) != 0)
                note(session, "it can be started from a frame: it may need --startup", 0);
            break;
        }
        if (!call.configures || !session->one_process)
            take_config_back(library, expert, call.key);
    }
    result->milliseconds = GetTickCount() - start;
    for (int step = 0; step < 2; step++) {
        if (keys[step] != NULL)
            close_key(library, session, keys[step], result);
    }
}

void session_run(const LIBRARY *library, const SESSION *session)
{
    RESULT result = {.outcome = OUTCOME_NOT_LOADED};
    ULONGLONG reads = capture_reads();
    EXPERT expert;

    expert.module = NULL;
    status_begin();
    if (!events_begin() || (!session->alone && !session->list && !supply_begin())) {
        note(session, "there is no memory for it", 0);
    } else {
        if (load_expert(&expert, session)) {
            result.outcome = OUTCOME_RETURNED;
            if (!session->list)
                make_calls(library, session, &expert, &result);
        }
        events_count(&result.events, &result.events_lost);
        result.frames = capture_reads() - reads;
    }
    /* Before what may hang or crash once more. */
    tell(session, MESSAGE_RESULT, &result, sizeof result);
    if (expert.module != NULL)
        FreeLibrary(expert.module);
    if (!session->alone && !session->list)
        supply_end();
}
