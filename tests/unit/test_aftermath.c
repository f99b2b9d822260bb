/*
 * test_aftermath.c - a thread is killed at every KILL_POINT and after every store. Then every block
 * of its expert and of a neighbouring expert is used, and a third expert gets what was freed.
 *
 *   (none)             one death behind each store for each way; one aftermath a death
 *   --all              hours: the same in each act; every aftermath for each death
 *   --every=N --part=P one of N parts of all those deaths: P is 0 to N-1, or `clock`, which takes
 *                      another one each time
 *   --points           only the named points
 *   ACT                only this act: its number
 *   ACT WAY AFTERMATH DEATH [TURN]
 *                      only this one: numbers; DEATH is a point's name or an instruction's number
 */
#include "aftermath.h"
#include "kill_points.h"
#include "kill_point_names.h"
#include "part.h"
#include "standin.h"
#include "stores.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved);

static const char *const points[] = {KILL_POINT_NAMES};
#define POINTS (int)(sizeof points / sizeof *points)

enum { KILLED = 64, SECONDS = 20, PLACES = 4096, MET = 4096, STORES = 16384 };
#define TRACE (1UL << 20)

/* Whose expert the victim uses, and the options. */
static const struct way {
    const char *name, *options;
    BOOL isolated, of_another; /* of_another: a thread that lives has the bias */
} ways[] = {
    {"its owner's", "", FALSE, FALSE},
    {"another's", "", TRUE, TRUE},
    {"page heap", "pageheap", TRUE, FALSE},
};
#define WAYS (int)(sizeof ways / sizeof *ways)

struct death {
    const struct act *act;
    const struct way *way;
    int point; /* -1: none */
    unsigned long occurrence;
    unsigned long step; /* ~0: none */
};

/* What parent and child both see. */
static struct outcome {
    char context[200];
    unsigned long deaths, at[POINTS], died;
    /* Where somebody could be killed, with each aftermath; those of the part. Few of them are not
       reached. */
    unsigned long places, tried;
    struct {
        void *store;
        const struct way *way;
    } behind[STORES]; /* stores that somebody was killed behind */
} * outcome;

static BOOL all, points_alone;
static unsigned long every = 1, part;
static int only = -1; /* the act */

/* The victim */

static struct death death;
static unsigned long steps, seen, met_count;
static const char *met[MET]; /* the points that it reached */
static void *trace[TRACE];
static __thread BOOL is_victim;

static int number_of(const char *point)
{
    for (int i = 0; i < POINTS; i++)
        if (strcmp(points[i], point) == 0)
            return i;
    return POINTS;
}

/* Few instructions when no death at a point is wanted, because each one is a single step. */
void kill_point(const char *name)
{
    if (!is_victim)
        return;
    if (death.point < 0 && met_count < MET)
        met[met_count++] = name;
    if (death.point >= 0 && strcmp(points[death.point], name) == 0 && seen++ == death.occurrence)
        TerminateThread(GetCurrentThread(), KILLED);
}

static void die(void *unused)
{
    (void)unused;
    TerminateThread(GetCurrentThread(), KILLED);
}

static void call_in_steps(void (*run)(void *), void *call)
{
    if (death.point >= 0 || !standin_can_step()) {
        run(call);
        return;
    }
    if (death.step == ~0UL)
        standin_step_trace(trace + steps, TRACE - steps);
    steps += standin_step(run, call, death.step - steps, die, NULL);
    standin_step_trace(NULL, 0);
    if (steps > TRACE)
        steps = TRACE;
}

static volatile LONG staged, over;

static void set_stage(void)
{
    stage_set(death.way->isolated, death.act->with_large);
    InterlockedExchange(&staged, 1);
}

static DWORD WINAPI owner_main(LPVOID unused)
{
    (void)unused;
    set_stage();
    while (!InterlockedCompareExchange(&over, 0, 0))
        Sleep(1);
    return 0;
}

static DWORD WINAPI victim_main(LPVOID unused)
{
    (void)unused;
    if (!death.way->of_another)
        set_stage();
    is_victim = TRUE;
    ledger_calls = call_in_steps;
    death.act->run();
    return 0;
}

/* One run: from the DLL's load to its unload. Returns whether the victim was killed. */
static BOOL live_and_die(unsigned after, unsigned turn)
{
    struct standin_usage before, now;
    HANDLE owner = NULL, victim;
    DWORD code = 0;

    alarm(SECONDS * (standin_is_slow() ? 6 : 1));
    standin_get_usage(&before);
    ledger_clear();
    steps = seen = met_count = 0;
    staged = over = 0;
    SetEnvironmentVariableA("NMAPI_OPTIONS", death.way->options);
    DllMain(NULL, DLL_PROCESS_ATTACH, NULL);
    standin_set_dllmain(DllMain);
    if (death.way->of_another)
        owner = CreateThread(NULL, 0, owner_main, NULL, 0, NULL);
    while (owner && !InterlockedCompareExchange(&staged, 0, 0))
        Sleep(0);
    victim = CreateThread(NULL, 0, victim_main, NULL, 0, NULL);
    WaitForSingleObject(victim, INFINITE);
    GetExitCodeThread(victim, &code);
    CloseHandle(victim);
    aftermaths[after].run(turn, death.act->ends || !ledger_in_call());
    for (int x = 0; x < LEDGER_EXPERTS; x++)
        if (ledger_is_open(x))
            ledger_close(x);
    InterlockedExchange(&over, 1);
    if (owner) {
        WaitForSingleObject(owner, INFINITE);
        CloseHandle(owner);
    }
    standin_set_dllmain(NULL);
    DllMain(NULL, DLL_PROCESS_DETACH, NULL);
    standin_get_usage(&now);
    LEDGER_MUST(now.reserved == before.reserved && now.committed == before.committed);
    return code == KILLED;
}

/* Whether the next place is of the part. The place of each `every` places moves by one each time:
   otherwise an `every` that is a multiple of AFTERMATHS would leave the other aftermaths out. */
static BOOL is_of_part(void)
{
    unsigned long place = outcome->places++;

    if ((place + place / every) % every != part)
        return FALSE;
    outcome->tried++;
    return TRUE;
}

static void die_in_ways(const char *where, unsigned long number)
{
    unsigned turn = (unsigned)(number * 7 + outcome->places);

    for (unsigned k = 0; k < AFTERMATHS; k++) {
        if ((!all && k != turn % AFTERMATHS) || !is_of_part())
            continue;
        snprintf(outcome->context, sizeof outcome->context, "%s, %s, killed %s %lu, %s, turn %u",
                 death.act->name, death.way->name, where, number, aftermaths[k].name, turn);
        if (live_and_die(k, turn)) {
            outcome->deaths++;
            if (death.point >= 0)
                outcome->at[death.point]++;
        }
    }
}

static BOOL is_new(void *store)
{
    for (unsigned long i = 0; i < outcome->died; i++)
        if (outcome->behind[i].store == store && outcome->behind[i].way == death.way)
            return FALSE;
    if (outcome->died < STORES) {
        outcome->behind[outcome->died].store = store;
        outcome->behind[outcome->died++].way = death.way;
    }
    return TRUE;
}

/* All deaths of one act in one way. */
static void die_everywhere(void)
{
    static unsigned long places[PLACES];
    unsigned long counted[POINTS] = {0}, count = 0;

    snprintf(outcome->context, sizeof outcome->context, "%s, %s, nobody killed", death.act->name,
             death.way->name);
    death.point = -1;
    death.step = ~0UL;
    live_and_die(0, 0);
    for (unsigned long i = 0; i < met_count; i++)
        counted[number_of(met[i])]++;
    if (standin_can_step() && !points_alone)
        count = stores_places(trace, steps, places, PLACES);
    for (death.point = 0; death.point < POINTS; death.point++) {
        for (death.occurrence = 0; death.occurrence < counted[death.point]; death.occurrence++) {
            if (!all && death.occurrence >= 2)
                break;
            die_in_ways(points[death.point], death.occurrence + 1);
        }
    }
    death.point = -1;
    for (unsigned long i = 0; i < count; i++) {
        death.step = places[i];
        if (all || is_new(trace[death.step - 1]))
            die_in_ways("before instruction", death.step);
    }
}

static DWORD WINAPI conduct(LPVOID body)
{
    void (*run)(void);

    memcpy(&run, body, sizeof run);
    run();
    _exit(0);
}

/* The stand-in knows the first thread by its id in the parent process, so another thread does
   it. */
static BOOL in_child(void (*body)(void))
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    int status = 0;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
            signal(signals[i], SIG_DFL);
        CreateThread(NULL, 0, conduct, &body, 0, NULL);
        for (;;)
            pause();
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return FALSE;
    if (WIFSIGNALED(status))
        print_error("ended by signal %d [%s]\n", WTERMSIG(status), outcome->context);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void what_a_killed_thread_leaves_is_whole(void **state)
{
    int bad = 0;

    (void)state;
    for (const struct act *act = acts; act->name; act++) {
        for (int i = 0; i < WAYS && (only < 0 || act == &acts[only]); i++) {
            death.act = act;
            death.way = &ways[i];
            bad += !in_child(die_everywhere);
        }
    }
    print_message("%lu deaths at %lu of %lu places", outcome->deaths, outcome->tried,
                  outcome->places);
    if (every > 1)
        print_message(", --every=%lu --part=%lu", every, part);
    print_message("\n");
    for (int i = 0; i < POINTS; i++)
        if (only < 0 && !outcome->at[i])
            print_message("nobody died at \"%s\"\n", points[i]);
    assert_int_equal(bad, 0);
}

static unsigned one_after, one_turn;

static void die_once(void)
{
    LEDGER_MUST(live_and_die(one_after, one_turn));
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_killed_thread_leaves_is_whole),
    };

    /* Instructions that repeat for each byte would take as many steps. */
    if (!getenv("GLIBC_TUNABLES")) {
        setenv("GLIBC_TUNABLES",
               "glibc.cpu.x86_rep_movsb_threshold=0x40000000:"
               "glibc.cpu.x86_rep_stosb_threshold=0x40000000",
               1);
        execv("/proc/self/exe", arguments);
    }
    outcome =
        mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ledger_context = outcome->context;
    if (count == 5 || count == 6) {
        death.act = &acts[atoi(arguments[1])];
        death.way = &ways[atoi(arguments[2])];
        one_after = (unsigned)atoi(arguments[3]);
        one_turn = count == 6 ? (unsigned)strtoul(arguments[5], NULL, 0) : one_after;
        death.step = strtoul(arguments[4], NULL, 0);
        death.point = death.step ? -1 : number_of(arguments[4]);
        return !in_child(die_once);
    }
    if (count == 2 && arguments[1][0] != '-')
        only = atoi(arguments[1]);
    if (count == 3 && strncmp(arguments[1], "--every=", 8) == 0) {
        every = strtoul(arguments[1] + 8, NULL, 10);
        part = part_of(arguments[2]) % every;
    }
    all = count > 1 && (strcmp(arguments[1], "--all") == 0 || every > 1);
    points_alone = count > 1 && strcmp(arguments[1], "--points") == 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
