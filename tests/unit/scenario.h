/*
 * scenario.h - runs a scenario in its own process, and records which experts and blocks it leaves.
 *
 * The child process attaches the DLL. `before` sets up the experts. `act` runs on its own thread,
 * the victim, whose system calls fail or which is killed. Then scenario_verify compares every
 * expert and every block with the record, and scenario_end unloads the DLL and looks for leaks.
 */
#pragma once

#include "expert/closing.h"
#include "expert/bias.h"
#include "expert/reclaim.h"
#include "nmapi.h"
#include "base/options.h"
#include "standin.h"

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved);

/* Ends the child process, and so fails the test, unless the condition holds. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            scenario_fail(__FILE__, __LINE__, #condition);                                         \
    } while (0)
DECLSPEC_NORETURN void scenario_fail(const char *file, int line, const char *condition);

struct scenario {
    const char *name;
    const char *options; /* NMAPI_OPTIONS, may be NULL */
    void (*before)(void);
    void (*act)(void);
    BOOL waits_for_dead; /* a thread that is not told of a death waits for ever */
};
extern const struct scenario scenarios[]; /* the last one has no name */

enum { SCENARIO_EXPERTS = 160, SCENARIO_BLOCKS = 1024 };
#define SCENARIO_TRACE (1UL << 18)
#define SCENARIO_DEATH 64U /* exit code of a victim that was killed */

/* What parent and child both see. */
struct outcome {
    unsigned long failed, steps, killed;
    unsigned long calls[32], hits[64];
    char context[160];           /* printed when a check fails */
    void *trace[SCENARIO_TRACE]; /* the victim's instructions, if stepped to the end */
};
extern struct outcome *outcome;

extern BOOL scenario_short; /* fewer failures and deaths; stops at the first child that fails */
/* Set by a scenario that other threads at work would disturb. */
extern BOOL scenario_is_alone;
void scenario_arguments(int count, char **arguments); /* --short */
/* Runs body(argument) in a child process; FALSE if it failed, crashed or took too long. */
BOOL scenario_child(void (*body)(void *), void *argument);
void scenario_context(const char *format, ...) __attribute__((format(printf, 1, 2)));

HEXPERTKEY scenario_key(int expert);

/* Setting up */
void scenario_begin(const struct scenario *scenario);
/* Runs `act` on a thread of its own; prepare() is called there first. TRUE if it was killed. */
BOOL scenario_act(void (*prepare)(void));
void scenario_verify(void);
void scenario_works(void); /* system calls succeed again */
/* Closes and unloads. At most `lost` handles, reservations and TLS indexes may be left. */
void scenario_end(unsigned long lost);

/* Calls made for a scenario. Blocks are numbers; -1: the call was refused. */
int scenario_alloc(int expert, SIZE_T bytes);
void scenario_realloc(int expert, int block, SIZE_T bytes);
void scenario_free(int expert, int block);
void scenario_size(int expert, int block);
void scenario_open(int expert, SIZE_T limit);
void scenario_terminate(int expert);
void scenario_close(int expert);
void scenario_query(int expert);
void scenario_enum(int expert);
void scenario_transfer(int from, int to, int block);
void scenario_thread_ends(void);

/* Runs `part` on another thread, which then waits, alive, for the end of the scenario. */
HANDLE scenario_thread(void (*part)(void));
void scenario_kill(HANDLE thread);

/* Like keep=1: freed memory goes back to the system at once. */
void scenario_keep_nothing(void);

extern BOOL scenario_may_fail; /* calls may fail with NMERR_OUT_OF_MEMORY now */
extern BOOL scenario_resumes;  /* a thread left suspended is resumed once the victim has ended */
extern __thread int scenario_is_victim; /* whether the calling thread is the victim */
extern unsigned long scenario_step_at;  /* the victim is killed at this instruction; 0: at none */
extern unsigned long
    scenario_steps;            /* instructions of the DLL that the victim has run, if stepped */
extern DWORD scenario_longest; /* the longest call since the victim's death, in milliseconds */
