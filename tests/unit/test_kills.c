/*
 * test_kills.c - a thread is killed at every KILL_POINT, before and after every system call, and at
 * instructions inside the library. No other thread waits, no other expert is affected, and the dead
 * thread's expert works on, can be closed, and is released completely.
 *
 *   (none)       every point and system call, and a dozen instructions of each scenario
 *   --deaths=N   N instructions of each scenario, at equal distances
 *   --deaths=N --part=P
 *                the P-th instruction of each distance; P is a number or `clock`, which takes
 *                another one each time
 *   --all        hours: each instruction of each scenario, the first time that it is reached
 *   --all=N      the first N times
 *   --points     no instructions: only the points and the system calls
 */
#include "kill_points.h"

#include "../stall.h"
#include "kill_point_names.h"
#include "part.h"
#include "scenario.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char *const points[] = {KILL_POINT_NAMES};
#define POINTS (int)(sizeof points / sizeof *points)

static unsigned long all; /* how often each instruction is tried; 0: only a few instructions */
static unsigned long few = 12;
static const char *chosen_part; /* the argument; NULL: the middle of each distance */
static unsigned long part;

struct death {
    const struct scenario *scenario;
    int point; /* -1: no death, points are only counted */
    unsigned long occurrence, step, call;
};

static const struct death *the_death;
static unsigned long seen;

void kill_point(const char *name)
{
    if (!scenario_is_victim || !the_death || the_death->step || the_death->call)
        return;
    for (int i = 0; i < POINTS; i++) {
        if (strcmp(points[i], name) != 0)
            continue;
        outcome->hits[i]++;
        if (i == the_death->point && seen++ == the_death->occurrence)
            TerminateThread(GetCurrentThread(), SCENARIO_DEATH);
    }
}

/* Each system call has two places: before it and after it. */
static unsigned long instants;

static void system_call(const char *name, BOOL after)
{
    (void)name, (void)after;
    if (scenario_is_victim && the_death->call && ++instants == the_death->call)
        TerminateThread(GetCurrentThread(), SCENARIO_DEATH);
}

/* Other threads at work */

static volatile LONG stop, at_work;
static DWORD longest; /* the longest round in milliseconds; read once they have ended */

static DWORD WINAPI work(LPVOID parameter)
{
    HEXPERTKEY key = parameter;
    unsigned char *blocks[16] = {0};
    SIZE_T sizes[16] = {0};
    DWORD code;

    for (unsigned round = 0; !atomic_load(&stop); round++) {
        unsigned i = round * 7 % 16;
        SIZE_T bytes = round % 29 == 0 ? 40000 : round * 37 % 1500;
        DWORD since = GetTickCount();
        for (SIZE_T k = 0; k < sizes[i]; k += sizes[i] / 16 + 1)
            CHECK(blocks[i][k] == (unsigned char)(i + k));
        if (blocks[i] && round % 3 == 0) {
            CHECK(ExpertFreeMemory(key, blocks[i]) == NMERR_SUCCESS);
            blocks[i] = NULL;
            sizes[i] = 0;
        } else {
            blocks[i] = ExpertReallocMemory(key, blocks[i], bytes, &code);
            CHECK(blocks[i] && code == NMERR_SUCCESS);
            sizes[i] = bytes;
            for (SIZE_T k = 0; k < bytes; k += bytes / 16 + 1)
                blocks[i][k] = (unsigned char)(i + k);
        }
        if (GetTickCount() - since > longest)
            longest = GetTickCount() - since;
        if (round % 64 == 63) {
            atomic_store(&at_work, 1);
            Sleep(0);
        }
    }
    CHECK(NmapiCloseExpert(key, NULL) == NMERR_SUCCESS);
    return 0;
}

static void get_ready(void)
{
    scenario_step_at = the_death->step;
    instants = 0;
}

static void kill(void *argument)
{
    HANDLE worker = NULL;
    DWORD idle;

    the_death = argument;
    scenario_begin(the_death->scenario);
    CHECK(stall_watch());
    if (!the_death->step && !scenario_is_alone)
        worker = CreateThread(NULL, 0, work, (HEXPERTKEY)(ULONG_PTR)0x7770, 0, NULL);
    while (worker && !atomic_load(&at_work))
        Sleep(0);
    if (the_death->call)
        standin_on_call(system_call);
    outcome->killed = (unsigned long)scenario_act(get_ready);
    standin_on_call(NULL);
    outcome->steps = the_death->call ? instants : scenario_steps;
    scenario_verify();
    scenario_works();
    scenario_verify();
    if (worker) {
        atomic_store(&stop, 1);
        WaitForSingleObject(worker, INFINITE);
        CloseHandle(worker);
    }
    idle = stall_longest();
    CHECK(scenario_longest <= STALL_PATIENCE + idle);
    CHECK(longest <= STALL_PATIENCE + idle);
    scenario_end(0);
}

/* Runs in a child process; 0 if that found a fault. scenario_context says which death it is. */
static int die(struct death *death, unsigned long *deaths)
{
    int good;

    outcome->killed = 0;
    good = scenario_child(kill, death);
    *deaths += outcome->killed;
    return good;
}

static void killed_at_a_named_point_a_thread_harms_nobody(void **state)
{
    unsigned long total[POINTS] = {0}, deaths = 0, bad = 0;

    (void)state;
    for (const struct scenario *s = scenarios; s->name; s++) {
        struct death death = {s, -1, 0, 0, 0};
        unsigned long hits[POINTS];
        memset(outcome->hits, 0, sizeof outcome->hits);
        scenario_context("%s: counting", s->name);
        if (!scenario_child(kill, &death)) {
            bad++;
            continue;
        }
        memcpy(hits, outcome->hits, sizeof hits);
        for (death.point = 0; death.point < POINTS; death.point++) {
            unsigned long most = all || hits[death.point] < 2 ? hits[death.point] : 2;
            if (scenario_short && total[death.point] >= 3)
                most = 0;
            for (death.occurrence = 0; death.occurrence < most; death.occurrence++) {
                scenario_context("%s: killed at \"%s\", time %lu", s->name, points[death.point],
                                 death.occurrence + 1);
                bad += !die(&death, &deaths);
                total[death.point] += outcome->killed;
            }
        }
    }
    print_message("%lu deaths at %d points\n", deaths, POINTS);
    for (int i = 0; i < POINTS; i++) {
        if (!total[i]) {
            print_message("nobody died at \"%s\"\n", points[i]);
            bad++;
        }
    }
    assert_int_equal(bad, 0);
}

static void killed_before_or_after_any_system_call_a_thread_harms_nobody(void **state)
{
    unsigned long deaths = 0, bad = 0;

    (void)state;
    for (const struct scenario *s = scenarios; s->name; s++) {
        struct death death = {s, -1, 0, 0, ~0UL};
        unsigned long count;
        scenario_context("%s: counting system calls", s->name);
        if (!scenario_child(kill, &death)) {
            bad++;
            continue;
        }
        count = outcome->steps;
        for (death.call = 1; death.call <= count; death.call += scenario_short ? 7 : 1) {
            scenario_context("%s: killed %s system call %lu", s->name,
                             death.call % 2 ? "before" : "after", (death.call + 1) / 2);
            bad += !die(&death, &deaths);
        }
    }
    print_message("%lu deaths\n", deaths);
    assert_int_equal(bad, 0);
    assert_true(deaths > 100);
}

/* The approximate distance between the few instructions. */
static unsigned long stride_for(unsigned long steps)
{
    return steps / (standin_is_slow() ? 4 : few) + 1;
}

/* The steps that reach an instruction for at most the `all`-th time. Otherwise loops would make
   millions of them. */
static unsigned long choose(unsigned long *chosen, unsigned long steps)
{
    enum { SEEN = 1 << 16 };
    static struct {
        void *at;
        unsigned long times;
    } seen_at[SEEN];
    unsigned long count = 0, stride = stride_for(steps);

    if (!all) {
        unsigned long first = chosen_part ? part % stride : stride / 2;
        for (unsigned long step = 1 + first; step <= steps; step += stride)
            chosen[count++] = step;
        return count;
    }
    memset(seen_at, 0, sizeof seen_at);
    for (unsigned long i = 0; i < steps && i < SCENARIO_TRACE; i++) {
        size_t k = (size_t)outcome->trace[i] * 0x9E3779B1U % SEEN;
        while (seen_at[k].at && seen_at[k].at != outcome->trace[i])
            k = (k + 1) % SEEN;
        seen_at[k].at = outcome->trace[i];
        if (seen_at[k].times++ < all)
            chosen[count++] = i + 1;
    }
    return count;
}

static void killed_at_any_instruction_a_thread_harms_nobody(void **state)
{
    static unsigned long chosen[SCENARIO_TRACE];
    unsigned long deaths = 0, bad = 0, instructions = 0;

    (void)state;
    if (!standin_can_step() || scenario_short)
        skip();
    for (const struct scenario *s = scenarios; s->name; s++) {
        struct death death = {s, -1, 0, ~0UL, 0};
        unsigned long count;
        scenario_context("%s: counting instructions", s->name);
        if (!scenario_child(kill, &death)) {
            bad++;
            continue;
        }
        instructions += outcome->steps;
        count = choose(chosen, outcome->steps);
        if (all)
            print_message("%s: %lu of %lu instructions\n", s->name, count, outcome->steps);
        for (unsigned long i = 0; i < count; i++) {
            death.step = chosen[i];
            scenario_context("%s: killed at instruction %lu", s->name, death.step);
            bad += !die(&death, &deaths);
        }
    }
    print_message("%lu deaths at %lu instructions", deaths, instructions);
    if (chosen_part)
        print_message(", --deaths=%lu --part=%lu", few, part);
    print_message("\n");
    assert_int_equal(bad, 0);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_a_named_point_a_thread_harms_nobody),
        cmocka_unit_test(killed_before_or_after_any_system_call_a_thread_harms_nobody),
        cmocka_unit_test(killed_at_any_instruction_a_thread_harms_nobody),
    };

    const struct CMUnitTest points_alone[] = {
        cmocka_unit_test(killed_at_a_named_point_a_thread_harms_nobody),
        cmocka_unit_test(killed_before_or_after_any_system_call_a_thread_harms_nobody),
    };

    /* SCENARIO INSTRUCTION or SCENARIO POINT: only that death */
    for (const struct scenario *s = scenarios; count == 3 && *arguments[1] != '-' && s->name; s++) {
        struct death death = {s, 0, 0, strtoul(arguments[2], NULL, 0), 0};
        while (!death.step && strcmp(points[death.point], arguments[2]) != 0)
            death.point++;
        if (strcmp(s->name, arguments[1]) == 0)
            return !scenario_child(kill, &death);
    }
    scenario_arguments(count, arguments);
    if (count > 1 && strncmp(arguments[1], "--all", 5) == 0)
        all = arguments[1][5] ? strtoul(arguments[1] + 6, NULL, 10) : 1;
    if (count > 1 && strncmp(arguments[1], "--deaths=", 9) == 0)
        few = strtoul(arguments[1] + 9, NULL, 10);
    if (count > 2 && strncmp(arguments[2], "--part=", 7) == 0) {
        chosen_part = arguments[2];
        part = part_of(chosen_part);
    }
    if (count > 1 && strcmp(arguments[1], "--points") == 0)
        return cmocka_run_group_tests(points_alone, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
