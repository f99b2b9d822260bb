/*
 * test_faults.c - the n-th system call fails, for n = 1, 2, 3 ... until the scenario needs fewer:
 * once, and from then on. Each time only documented codes come back, nothing is lost, and
 * afterwards everything works.
 */
#include "scenario.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* The system calls that the library makes. NULL: all of them. */
static const char *const calls[] = {
    "VirtualAlloc.reserve", "VirtualAlloc.commit",
    "VirtualFree.decommit", "VirtualFree.release",
    "VirtualQuery",         "TlsAlloc",
    "TlsSetValue",          "DuplicateHandle",
    "CloseHandle",          "WaitForSingleObject",
    "SuspendThread",        "ResumeThread",
    "GetThreadContext",     NULL,
};
#define CALLS (int)(sizeof calls / sizeof *calls)

struct injection {
    const struct scenario *scenario;
    int call;
    unsigned long n; /* 0: none fails, they are only counted */
    BOOL forever;
};

static const struct injection *the_injection;

static void arm(void)
{
    const struct injection *i = the_injection;

    for (int k = 0; k < CALLS; k++)
        outcome->calls[k] = standin_calls(calls[k]);
    if (i->n) {
        scenario_may_fail = TRUE;
        scenario_resumes = i->forever;
        standin_fail_at(calls[i->call], i->n, i->forever);
    }
}

/* What the system refuses to release is lost, whatever the library does. */
static int returns(const char *name)
{
    return name && (strcmp(name, "VirtualFree.release") == 0 || strcmp(name, "CloseHandle") == 0);
}

static void inject(void *argument)
{
    unsigned long lost = 0;

    the_injection = argument;
    scenario_begin(the_injection->scenario);
    scenario_act(arm);
    standin_fail_never();
    scenario_may_fail = FALSE;
    for (int k = 0; k < CALLS; k++) {
        outcome->calls[k] = standin_calls(calls[k]) - outcome->calls[k];
        if (the_injection->n && returns(calls[k]) &&
            (!calls[the_injection->call] || the_injection->call == k))
            lost += outcome->calls[k];
    }
    outcome->failed = the_injection->n ? standin_failed() : 0;
    if (lost > outcome->failed)
        lost = outcome->failed;
    scenario_verify();
    scenario_works();
    scenario_verify();
    scenario_end(lost);
}

static void each_scenario(BOOL forever)
{
    unsigned long failures = 0, runs = 0, bad = 0;

    for (const struct scenario *s = scenarios; s->name; s++) {
        struct injection i = {s, 0, 0, FALSE};
        unsigned long counts[CALLS];
        if (forever && s->waits_for_dead)
            continue;
        scenario_context("%s: counting", s->name);
        if (!scenario_child(inject, &i)) {
            bad++;
            continue;
        }
        for (int k = 0; k < CALLS; k++)
            counts[k] = outcome->calls[k];
        i.forever = forever;
        for (i.call = 0; i.call < CALLS; i.call++) {
            if (!counts[i.call] || (!forever && !calls[i.call]))
                continue;
            for (i.n = 1;; i.n += scenario_short ? 1 + i.n / 3 : 1) {
                scenario_context("%s: %s fails %s %lu", s->name,
                                 calls[i.call] ? calls[i.call] : "every call",
                                 forever ? "from" : "at", i.n);
                outcome->failed = 0;
                if (!scenario_child(inject, &i)) {
                    bad++;
                    if (!outcome->failed && i.n >= 2 * counts[i.call])
                        break;
                } else if (!outcome->failed) {
                    break;
                }
                runs++;
                failures += outcome->failed;
            }
        }
    }
    print_message("%lu failures injected in %lu runs\n", failures, runs);
    assert_int_equal(bad, 0);
    assert_true(failures > 100);
}

static void one_failure_is_answered_as_documented_and_loses_nothing(void **state)
{
    (void)state;
    each_scenario(FALSE);
}

static void failures_from_then_on_are_answered_as_documented_and_lose_nothing(void **state)
{
    (void)state;
    each_scenario(TRUE);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_failure_is_answered_as_documented_and_loses_nothing),
        cmocka_unit_test(failures_from_then_on_are_answered_as_documented_and_lose_nothing),
    };

    scenario_arguments(count, arguments);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
