/*
 * main.c - a host for Network Monitor experts:
 *
 *     nmhost [--time-limit=SECONDS] CAPTURE [EXPERT.dll ...] [--alone EXPERT.dll ...]
 *
 * runs each expert over a capture file (without a name: the demonstration's, beside the host) and
 * gives back all its memory, whatever became of it. Those behind --alone have to do without the
 * functions that the host supplies. Each call may take as long as the limit says, or three seconds.
 * The exit status is 0 if everything was reclaimed, be the experts' own ends good or bad.
 */
#include <stdlib.h>
#include <string.h>

#include "say.h"
#include "session.h"
#include "supply.h"

enum {
    RUNS = 32,
    SLACK = 1024 * 1024,        /* bytes of Windows' own that come and go */
    MOST_SECONDS = 24 * 60 * 60 /* of a time limit */
};

static const char option_alone[] = "--alone";
static const char option_time_limit[] = "--time-limit=";

static const char *const demonstration[] = {
    "topusers.dll",      "leaky.dll",      "crasher.dll",   "runaway.dll",
    "hung.dll",          "configured.dll", "protocols.dll",
#ifdef HOST_HAS_PROTOCOLS_SDK
    "protocols_sdk.dll",
#endif
    option_alone,        "protocols.dll",
#ifdef HOST_HAS_PROTOCOLS_SDK
    "protocols_sdk.dll",
#endif
};

/* 1234567 as 1,234,567. */
static const char *grouped(SIZE_T number, char text[32])
{
    char *digit = text + 31;
    int digits = 0;

    *digit = '\0';
    do {
        if (digits > 0 && digits % 3 == 0)
            *--digit = ',';
        *--digit = (char)('0' + number % 10);
        number /= 10;
        digits++;
    } while (number != 0);
    return digit;
}

static void outcome_text(const SESSION *session, char text[32])
{
    static const char *const words[] = {"not loaded", "returned", "gave up", "failed",
                                        "terminated", "killed",   "vanished"};

    wsprintfA(text, "%s", words[session->outcome]);
    if (session->outcome == OUTCOME_FAILED)
        wsprintfA(text, "failed: %08lX", session->guard.exception);
}

static void print_table(const SESSION *sessions, int count)
{
    char outcome[32], blocks[32], bytes[32], time[32], before[32], after[32];

    say("\n%-20s %-16s %18s %6s %15s\n", "", "", "still held", "freed", "committed KiB");
    say("%-20s %-16s %7s %10s %6s %7s %7s\n", "expert", "outcome", "blocks", "bytes", "in us",
        "before", "after");
    for (int index = 0; index < count; index++) {
        const SESSION *session = &sessions[index];
        outcome_text(session, outcome);
        say("%-20s %-16s %7s %10s %6s %7s %7s%s\n", session->name, outcome,
            grouped(session->blocks, blocks), grouped(session->bytes, bytes),
            grouped(session->microseconds, time), grouped(session->memory_before / 1024, before),
            grouped(session->memory_after / 1024, after), session->stack != 0 ? "*" : "");
    }
    for (int index = 0; index < count; index++) {
        if (sessions[index].stack != 0)
            say("* with the lost thread's stack, %s KiB, which Wine and old Windows never free\n",
                grouped(sessions[index].stack / 1024, bytes));
    }
}

/* Names what is wrong, given how much the whole run left committed; TRUE if nothing is. */
static BOOL judge(const SESSION *sessions, int count, SIZE_T left)
{
    SIZE_T blocks = 0, bytes = 0;
    BOOL good = TRUE;
    char text[2][32];

    say("\n");
    for (int index = 0; index < count; index++) {
        blocks += sessions[index].blocks;
        bytes += sessions[index].bytes;
        left -= sessions[index].stack < left ? sessions[index].stack : left;
        if (!sessions[index].reclaimed) {
            say("ERROR: %s: not everything was reclaimed\n", sessions[index].name);
            good = FALSE;
        }
        if (sessions[index].outcome == OUTCOME_NOT_LOADED) {
            say("ERROR: %s: did not run\n", sessions[index].name);
            good = FALSE;
        }
    }
    if (left > SLACK) {
        say("ERROR: %s KiB are still committed after Nmapi.dll was unloaded\n",
            grouped(left / 1024, text[0]));
        good = FALSE;
    }
    if (good)
        say("Everything reclaimed: %s blocks, %s bytes; runs: %d.\n", grouped(blocks, text[0]),
            grouped(bytes, text[1]), count);
    return good;
}

static DWORD WINAPI do_nothing(LPVOID parameter)
{
    (void)parameter;
    return 0;
}

/* Windows and Wine keep a thread's stack for the next one; without this the first expert would be
   charged for it. */
static void warm_up(void)
{
    HANDLE thread = CreateThread(NULL, 0, do_nothing, NULL, 0, NULL);
    if (thread != NULL) {
        WaitForSingleObject(thread, INFINITE);
        CloseHandle(thread);
    }
}

static int run_all(const LIBRARY *library, const char *capture, const char *const *files,
                   int file_count, DWORD time_limit, SESSION sessions[RUNS])
{
    BOOL alone = FALSE;
    int count = 0;

    for (int index = 0; index < file_count && count < RUNS - 1; index++) {
        if (lstrcmpA(files[index], option_alone) == 0) {
            alone = TRUE;
            continue;
        }
        SESSION *session = &sessions[count++];
        session->file = files[index];
        session->handover = HANDOVER_TRANSFER;
        session->time_limit = time_limit;
        session->alone = alone;
        session_run(library, capture, session);
        if (session->configurable) {
            sessions[count] = (SESSION){.file = files[index],
                                        .handover = HANDOVER_IMPLICIT,
                                        .time_limit = time_limit,
                                        .alone = alone};
            session_run(library, capture, &sessions[count++]);
        }
    }
    return count;
}

/* In milliseconds; 0: it is none. */
static DWORD time_limit_of(const char *seconds)
{
    char *end;
    unsigned long number = strtoul(seconds, &end, 10);
    return *end == '\0' && number <= MOST_SECONDS ? number * 1000 : 0;
}

int main(int argument_count, char **arguments)
{
    static SESSION sessions[RUNS];
    char capture[MAX_PATH];
    LIBRARY library;
    DWORD time_limit = TIME_LIMIT;

    if (argument_count > 1 &&
        strncmp(arguments[1], option_time_limit, sizeof option_time_limit - 1) == 0) {
        time_limit = time_limit_of(arguments[1] + sizeof option_time_limit - 1);
        argument_count--;
        arguments++;
    }
    if (argument_count < 2 || time_limit == 0) {
        say("usage: nmhost [--time-limit=SECONDS] CAPTURE"
            " [EXPERT.dll ...] [--alone EXPERT.dll ...]\n");
        return 2;
    }
    DWORD length = GetFullPathNameA(arguments[1], MAX_PATH, capture, NULL);
    if (length == 0 || length >= MAX_PATH ||
        GetFileAttributesA(capture) == INVALID_FILE_ATTRIBUTES) {
        say("ERROR: there is no capture %s\n", arguments[1]);
        return 2;
    }
    if (!guard_install()) {
        say("ERROR: no thread-local slot is left\n");
        return 2;
    }
    warm_up();
    SIZE_T memory_before = session_committed_memory();
    if (!library_load(&library))
        return 2;
    if (!supply_open(&library, capture)) {
        library_unload(&library);
        return 2;
    }

    say("Host for %s, capture %s; each call of an expert:\n"
        "at most %lu ms, then %d ms to obey; at most %d MiB of memory.\n\n",
        sizeof(void *) == 8 ? "x64" : "x86", arguments[1], time_limit, GRACE,
        MEMORY_LIMIT / 1024 / 1024);
    const char *const *files =
        argument_count > 2 ? (const char *const *)arguments + 2 : demonstration;
    int file_count = argument_count > 2 ? argument_count - 2
                                        : (int)(sizeof demonstration / sizeof *demonstration);
    int count = run_all(&library, capture, files, file_count, time_limit, sessions);
    supply_close();
    library_unload(&library);
    SIZE_T memory_after = session_committed_memory();

    print_table(sessions, count);
    SIZE_T left = memory_after > memory_before ? memory_after - memory_before : 0;
    return judge(sessions, count, left) ? 0 : 1;
}
