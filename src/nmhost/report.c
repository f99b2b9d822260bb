#include "report.h"

#include <string.h>

#include "capture.h"
#include "csv.h"
#include "html.h"
#include "report_run.h"
#include "say.h"
#include "terminal.h"

#include <netmon.h>
#pragma pack() /* some versions of netmon.h leave 1 in force */

static const OPTIONS *options;
static REPORT_RUN *runs;
static DWORD count;
static const char *last_capture;

const char *report_file_name(const char *path)
{
    const char *name = path;

    for (; *path != '\0'; path++) {
        if (*path == '\\' || *path == '/')
            name = path + 1;
    }
    return name;
}

BOOL report_begin(const OPTIONS *all)
{
    SIZE_T most = (SIZE_T)all->experts * (all->captures != 0 ? all->captures : 1);

    options = all;
    count = 0;
    last_capture = NULL;
    runs = VirtualAlloc(NULL, most * sizeof *runs, MEM_RESERVE, PAGE_READWRITE);
    if (runs == NULL) {
        say("nmhost: there is no memory for so many runs\n");
        return FALSE;
    }
    if (all->csv != NULL && !csv_open(all->csv)) {
        say("nmhost: %.200s cannot be written\n", all->csv);
        return FALSE;
    }
    if (all->html != NULL && !html_open(all->html)) {
        say("nmhost: %.200s cannot be written\n", all->html);
        return FALSE;
    }
    return TRUE;
}

void report_run(const RUN *run)
{
    REPORT_RUN *record = &runs[count++];

    if (VirtualAlloc(record, sizeof *record, MEM_COMMIT, PAGE_READWRITE) == NULL)
        ExitProcess(2); /* there is no memory for anything more */
    record->capture = run->capture;
    record->expert = run->expert;
    lstrcpynA(record->facts.name, report_file_name(run->expert), sizeof record->facts.name);
    terminal_begin();
    if (run->capture != NULL && run->capture != last_capture)
        say("%s== %s\n", last_capture != NULL ? "\n" : "", report_file_name(run->capture));
    last_capture = run->capture;
}

static void show_expert(const EXPERT_FACTS *facts)
{
    static const struct {
        DWORD flag;
        const char *word;
    } words[] = {{EXPERT_ENUM_FLAG_CONFIGURABLE, "configurable"},
                 {EXPERT_ENUM_FLAG_VIEWER_PRIVATE, "own viewer"},
                 {EXPERT_ENUM_FLAG_NO_VIEWER, "no viewer"},
                 {EXPERT_ENUM_FLAG_ADD_ME_TO_RMC_IN_SUMMARY, "menu in summary"},
                 {EXPERT_ENUM_FLAG_ADD_ME_TO_RMC_IN_DETAIL, "menu in detail"}};
    char text[96] = "";

    if (!options->list) {
        say("-- %s: %.58s\n", facts->name, facts->description);
        return;
    }
    for (DWORD index = 0; index < sizeof words / sizeof *words; index++) {
        if (facts->flags & words[index].flag) {
            lstrcatA(text, text[0] != '\0' ? ", " : "");
            lstrcatA(text, words[index].word);
        }
    }
    say("%s\n    %s, version %lu, by %s%s%s\n    %s\n", report_file_name(runs[count - 1].expert),
        facts->name, facts->version, facts->vendor[0] != '\0' ? facts->vendor : "nobody named",
        text[0] != '\0' ? "; " : "", text, facts->description);
}

static void show_capture(const CAPTURE_FACTS *facts)
{
    char text[160], frames[32], offset[32];

    wsprintfA(text, "the capture: %s, %s frames", facts->format, say_number(facts->frames, frames));
    terminal_line(text);
    if (facts->torn) {
        wsprintfA(text, "it stops at frame %s, byte %s: there is no whole frame",
                  say_number(facts->frames, frames), say_number(facts->torn_offset, offset));
        terminal_line(text);
    }
}

static void show_comment(const COMMENT_FACTS *comment)
{
    char text[192];

    if (comment->frame == CAPTURE_NO_FRAME)
        wsprintfA(text, "comment on no frame: %s", comment->text);
    else
        wsprintfA(text, "comment on frame %lu: %s", comment->frame, comment->text);
    terminal_line(text);
}

void report_sink(void *context, MESSAGE_KIND kind, const void *data, DWORD bytes)
{
    REPORT_RUN *record = &runs[count - 1];
    const MESSAGE_DATA *message = data;
    (void)context, (void)bytes;

    switch (kind) {
    case MESSAGE_EXPERT:
        record->facts = message->expert;
        record->loaded = TRUE;
        show_expert(&record->facts);
        break;
    case MESSAGE_STATUS:
        terminal_status(&message->status);
        break;
    case MESSAGE_EVENT:
        terminal_event(&message->event);
        csv_event(report_file_name(record->capture), record->facts.name, &message->event);
        html_event(record, &message->event);
        break;
    case MESSAGE_NOTE:
        if (!record->loaded) /* it has not said its name */
            say("-- %s\n", record->facts.name);
        record->loaded = TRUE;
        terminal_line(message->note);
        lstrcpynA(record->note, message->note, sizeof record->note);
        break;
    case MESSAGE_CAPTURE:
        show_capture(&message->capture);
        break;
    case MESSAGE_COMMENT:
        show_comment(&message->comment);
        break;
    case MESSAGE_RESULT:
        terminal_end();
        record->result = message->result;
        break;
    default:
        break;
    }
}

/*
 * At the end
 */

const char *report_outcome(const RESULT *result, char text[32])
{
    static const char *const words[] = {"not loaded", "returned",   "gave up",
                                        "failed",     "terminated", "killed",
                                        "vanished",   "exited",     "no capture"};

    if (result->outcome == OUTCOME_FAILED && result->code != 0)
        wsprintfA(text, "failed: %08lX", result->code);
    else if (result->outcome == OUTCOME_EXITED)
        wsprintfA(text, "exited: %lu", result->code);
    else
        lstrcpyA(text, words[result->outcome]);
    return text;
}

ULONGLONG report_rate(const RESULT *result)
{
    return result->frames * 1000 / (result->milliseconds != 0 ? result->milliseconds : 1);
}

static void print_run(const REPORT_RUN *record)
{
    char outcome[32], rate[32], peak[32], blocks[32], bytes[32];
    const RESULT *result = &record->result;

    report_outcome(result, outcome);
    if (result->usage_known) {
        say("%-19.19s %-16s %12s %9s %8s %10s\n", record->facts.name, outcome,
            say_number(report_rate(result), rate), say_number((result->peak + 1023) / 1024, peak),
            say_number(result->blocks, blocks), say_number(result->bytes, bytes));
    } else {
        say("%-19.19s %-16s %12s %9s %8s %10s\n", record->facts.name, outcome, "-", "unknown",
            "unknown", "unknown");
    }
    if (result->events_lost != 0)
        say("    %s of its %s events are not told: more than a run may have\n",
            say_number(result->events_lost, blocks), say_number(result->events, bytes));
}

/* A DLL that lay in a folder beside experts, and is none. */
static BOOL is_bystander(const REPORT_RUN *record)
{
    if (record->result.outcome != OUTCOME_NOT_LOADED)
        return FALSE;
    for (DWORD index = 0; index < options->experts; index++) {
        if (options->expert[index] == record->expert)
            return options->searched[index] && lstrcmpA(record->note, "it is no expert") == 0;
    }
    return FALSE;
}

int report_end(void)
{
    BOOL bad = FALSE, no_capture = FALSE;
    const char *capture = NULL;

    for (DWORD index = 0; index < count; index++) {
        const REPORT_RUN *record = &runs[index];
        if (is_bystander(record))
            continue;
        if (record->result.outcome == OUTCOME_NO_CAPTURE)
            no_capture = TRUE;
        else if (record->result.outcome != OUTCOME_RETURNED)
            bad = TRUE;
        if (options->list)
            continue;
        if (capture == NULL) {
            say("\n%-19s %-16s %12s %9s %19s\n", "", "", "frames", "peak", "still held");
            say("%-19s %-16s %12s %9s %8s %10s\n", "expert", "outcome", "a second", "KiB", "blocks",
                "bytes");
        }
        if (record->capture != capture && options->captures > 1)
            say("%s\n", report_file_name(record->capture));
        capture = record->capture;
        print_run(record);
    }
    html_close(runs, count);
    if (!csv_close() || html_failed()) {
        say("nmhost: a file could not be written to its end\n");
        bad = TRUE;
    }
    VirtualFree(runs, 0, MEM_RELEASE);
    return no_capture ? 2 : bad ? 1 : 0;
}
