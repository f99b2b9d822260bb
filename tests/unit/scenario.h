/*
 * scenario.h - runs a scenario in a process of its own, and knows what experts and blocks it has
 * left.
 *
 * A scenario runs in a child process: the DLL is attached, `before` sets the stage, `act` runs on a
 * thread of its own, the victim, whose calls fail or which is killed; then scenario_verify compares
 * every expert and every block with what is known, and scenario_end unloads the DLL and looks for
 * what is left.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include "expert/closing.h"
#include "expert/bias.h"
#include "expert/control.h"
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
    BOOL waits_for_dead; /* who is told of no death waits for ever */
};
extern const struct scenario scenarios[]; /* the last has no name */

enum { SCENARIO_EXPERTS = 160, SCENARIO_BLOCKS = 1024 };
#define SCENARIO_TRACE (1UL << 18)
#define SCENARIO_DEATH 64U /* exit code of a victim that was killed */

/* What parent and child both see. */
struct outcome {
    unsigned long failed, steps, killed;
    unsigned long calls[32], hits[64];
    char context[160];           /* said when a check fails */
    void *trace[SCENARIO_TRACE]; /* where the victim's instructions lie, if stepped to the end */
};
extern struct outcome *outcome;

extern BOOL scenario_short; /* fewer failures and deaths; the first child that fails is the last */
/* Set by a scenario whose course others at work would change. */
extern BOOL scenario_is_alone;
void scenario_arguments(int count, char **arguments); /* --short */
/* Runs body(argument) in a child process; FALSE if it failed, crashed or took too long. */
BOOL scenario_child(void (*body)(void *), void *argument);
void scenario_context(const char *format, ...) __attribute__((format(printf, 1, 2)));

HEXPERTKEY scenario_key(int expert);

/* The stage */
void scenario_begin(const struct scenario *scenario);
/* Runs `act` on a thread of its own; prepare() is called there first. TRUE if it was killed. */
BOOL scenario_act(void (*prepare)(void));
void scenario_verify(void);
void scenario_works(void); /* everything works again */
/* Closes, unloads; `lost` handles, reservations and TLS indexes may be left, at the most. */
void scenario_end(unsigned long lost);

/* Calls made on behalf of a scenario. Blocks are known by numbers; -1: refused. */
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

/* Another thread: runs `part`, then waits for the end of the scenario, alive. */
HANDLE scenario_thread(void (*part)(void));
void scenario_kill(HANDLE thread);

/* As keep=1 would: what is freed goes back to the system at once. */
void scenario_keep_nothing(void);

extern BOOL scenario_may_fail; /* calls may answer NMERR_OUT_OF_MEMORY just now */
extern BOOL scenario_resumes;  /* who is left suspended goes on once the victim is through */
extern __thread int scenario_is_victim; /* the calling thread is the one that `act` runs on */
extern unsigned long scenario_step_at;  /* the victim dies at this instruction; 0: nowhere */
extern unsigned long
    scenario_steps;            /* instructions of the DLL that the victim has made, if stepped */
extern DWORD scenario_longest; /* milliseconds that a call took since the victim's death */

#endif
