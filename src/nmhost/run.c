#include "run.h"

#include <string.h>

#include "capture.h"
#include "say.h"
#include "supply.h"

static DWORD WINAPI do_nothing(LPVOID parameter)
{
    (void)parameter;
    return 0;
}

BOOL run_prepare(LIBRARY *library)
{
    if (!guard_install()) {
        say("nmhost: no thread-local slot is left\n");
        return FALSE;
    }
    /* Windows and Wine keep a thread's stack for the next one: so that the first expert finds one
       too. */
    HANDLE thread = CreateThread(NULL, 0, do_nothing, NULL, 0, NULL);
    if (thread != NULL) {
        WaitForSingleObject(thread, INFINITE);
        CloseHandle(thread);
    }
    return library_load(library);
}

static void give_up(const RUN *run, OUTCOME outcome, const char *why)
{
    RESULT result = {.outcome = (DWORD)outcome};
    run->sink(run->context, MESSAGE_NOTE, why, (DWORD)lstrlenA(why) + 1);
    run->sink(run->context, MESSAGE_RESULT, &result, sizeof result);
}

static void tell_capture(const RUN *run)
{
    CAPTURE_FACTS facts = {.start = capture_start()};
    CAPTURE_COMMENT comment;

    lstrcpynA(facts.format, capture_format(), sizeof facts.format);
    facts.torn = capture_torn(&facts.frames, &facts.torn_offset);
    run->sink(run->context, MESSAGE_CAPTURE, &facts, sizeof facts);
    for (DWORD index = 0; capture_frame_comment(index, &comment); index++) {
        COMMENT_FACTS told = {.frame = comment.frame};
        lstrcpynA(told.text, comment.text, sizeof told.text);
        run->sink(run->context, MESSAGE_COMMENT, &told, sizeof told);
    }
}

/* Before the last message it tells of the capture, which has been looked through by then. */
static void pass_on(void *context, MESSAGE_KIND kind, const void *data, DWORD bytes)
{
    const RUN *run = context;

    if (kind == MESSAGE_RESULT && run->first && run->capture != NULL)
        tell_capture(run);
    run->sink(run->context, kind, data, bytes);
}

/* CAPTURE.EXPERT.config, unless told otherwise. FALSE: that is too long. */
static BOOL config_path(const RUN *run, char path[MAX_PATH + 8])
{
    const char *name = run->expert;

    if (run->options->config != NULL) {
        lstrcpynA(path, run->options->config, MAX_PATH);
        return lstrlenA(run->options->config) < MAX_PATH;
    }
    for (const char *at = run->expert; *at != '\0'; at++) {
        if (*at == '\\' || *at == '/')
            name = at + 1;
    }
    int length = lstrlenA(name) - (int)sizeof ".dll" + 1;
    if (lstrlenA(run->capture) + 1 + length + (int)sizeof ".config" > MAX_PATH)
        return FALSE;
    lstrcpyA(path, run->capture);
    lstrcatA(path, ".");
    lstrcpynA(path + lstrlenA(path), name, length + 1);
    lstrcatA(path, ".config");
    return TRUE;
}

static void run_over_capture(const LIBRARY *library, const RUN *run, SESSION *session)
{
    char why[128], text[192];

    if (!capture_open(run->capture, why, sizeof why)) {
        wsprintfA(text, "the capture is %s", why);
        give_up(run, OUTCOME_NO_CAPTURE, text);
        return;
    }
    capture_restrict(run->options->first_frame, run->options->last_frame);
    if (supply_open(library, NULL)) {
        DWORD at = 0;
        DWORD error = supply_ui_filter(run->options->filter, &at);
        if (error == NMERR_SUCCESS) {
            session_run(library, session);
        } else {
            wsprintfA(text, "the filter is refused at its character %lu: %s", at + 1,
                      error == NMERR_PROTOCOL_NOT_FOUND   ? "there is no such protocol"
                      : error == NMERR_PROPERTY_NOT_FOUND ? "its protocol has no such property"
                      : error == NMERR_OUT_OF_MEMORY      ? "there is no memory for it"
                                                          : "this cannot stand here");
            give_up(run, OUTCOME_NOT_LOADED, text);
        }
        supply_close();
    } else {
        give_up(run, OUTCOME_NOT_LOADED, "there is no memory for it");
    }
    capture_close();
}

void run_here(const LIBRARY *library, const RUN *run)
{
    const OPTIONS *options = run->options;
    RUN inner = *run;
    char config[MAX_PATH + 8] = "";
    SESSION session = {.file = run->expert,
                       .time_limit = options->time_limit,
                       .memory_limit = options->memory_limit,
                       .list = run->capture == NULL,
                       .configure = options->configure,
                       .alone = options->alone,
                       .one_process = options->pipe == 0,
                       .config = config,
                       .startup = &options->startup,
                       .sink = pass_on,
                       .context = &inner};

    if (run->capture == NULL) {
        session_run(library, &session);
    } else if (!config_path(run, config)) {
        give_up(run, OUTCOME_NOT_LOADED, "the name of its configuration's file is too long");
    } else {
        run_over_capture(library, run, &session);
    }
}
