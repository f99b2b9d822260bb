/*
 * world.h - experts and blocks, beside them what a test knows of them, in a process of their own.
 *
 * A scenario runs in a child process: the DLL is attached, `before` sets the stage, `act` runs on a thread
 * of its own, the victim, whose calls fail or which is killed; then world_verify compares every expert
 * and every block with what is known, and world_end unloads the DLL and looks for what is left.
 */
#ifndef WORLD_H
#define WORLD_H

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
            world_fail(__FILE__, __LINE__, #condition);                                            \
    } while (0)
DECLSPEC_NORETURN void world_fail(const char *file, int line, const char *condition);

struct scenario {
    const char *name;
    const char *options; /* NMAPI_OPTIONS, may be NULL */
    void (*before)(void);
    void (*act)(void);
    BOOL waits_for_dead; /* who is told of no death waits for ever */
};
extern const struct scenario scenarios[]; /* the last has no name */

enum { WORLD_EXPERTS = 160, WORLD_BLOCKS = 1024 };
#define WORLD_TRACE (1UL << 18)
#define WORLD_DEATH 64U /* exit code of a victim that was killed */

/* What parent and child both see. */
struct outcome {
    unsigned long failed, steps, killed;
    unsigned long calls[32], hits[64];
    char context[160];        /* said when a check fails */
    void *trace[WORLD_TRACE]; /* where the victim's instructions lie, if stepped to the end */
};
extern struct outcome *outcome;

extern BOOL world_short; /* fewer failures and deaths; the first child that fails is the last */
/* Set by a scenario whose course others at work would change. */
extern BOOL world_is_alone;
void world_arguments(int count, char **arguments); /* --short */
/* Runs body(argument) in a child process; FALSE if it failed, crashed or took too long. */
BOOL world_child(void (*body)(void *), void *argument);
void world_context(const char *format, ...) __attribute__((format(printf, 1, 2)));

HEXPERTKEY world_key(int expert);

/* The stage */
void world_begin(const struct scenario *scenario);
/* Runs `act` on a thread of its own; prepare() is called there first. TRUE if it was killed. */
BOOL world_act(void (*prepare)(void));
void world_verify(void);
void world_works(void); /* everything works again */
/* Closes, unloads; `lost` handles, reservations and TLS indexes may be left, at the most. */
void world_end(unsigned long lost);

/* Calls made on behalf of a scenario. Blocks are known by numbers; -1: refused. */
int world_alloc(int expert, SIZE_T bytes);
void world_realloc(int expert, int block, SIZE_T bytes);
void world_free(int expert, int block);
void world_size(int expert, int block);
void world_open(int expert, SIZE_T limit);
void world_terminate(int expert);
void world_close(int expert);
void world_query(int expert);
void world_enum(int expert);
void world_transfer(int from, int to, int block);
void world_thread_ends(void);

/* Another thread: runs `part`, then waits for the end of the scenario, alive. */
HANDLE world_thread(void (*part)(void));
void world_kill(HANDLE thread);

/* As keep=1 would: what is freed goes back to the system at once. */
void world_keep_nothing(void);

extern BOOL world_may_fail;          /* calls may answer NMERR_OUT_OF_MEMORY just now */
extern BOOL world_lets_go;           /* who is left suspended goes on once the victim is through */
extern __thread int world_is_victim; /* the calling thread is the one that `act` runs on */
extern unsigned long world_step_at;  /* the victim dies at this instruction; 0: nowhere */
extern unsigned long world_steps; /* instructions of the DLL that the victim has made, if stepped */
extern DWORD world_longest;       /* milliseconds that a call took since the victim's death */

#endif
