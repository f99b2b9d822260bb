/*
 * ledger.h - a record of every block that experts own, compared with what the DLL reports. It uses
 * public functions only.
 *
 * Each block is filled with a pattern of its own that has no zero byte. So content that is lost,
 * shared by two blocks or left by an earlier owner shows. A thread may be killed in a call of the
 * ledger's; ledger_resolve finds out which of the possible results occurred.
 */
#pragma once

#include "nmapi.h"

enum { LEDGER_EXPERTS = 5, LEDGER_BLOCKS = 1024, LEDGER_NONE = -1 };

/* Ends the process with status 1, and prints where, unless the condition holds. */
#define LEDGER_MUST(condition)                                                                     \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ledger_fail(__FILE__, __LINE__, #condition);                                           \
    } while (0)
DECLSPEC_NORETURN void ledger_fail(const char *file, int line, const char *condition);
/* Printed when a check fails; may lie in memory that two processes share. */
extern char *ledger_context;

/* How the calling thread makes a call: run(call), unless it is to be killed within it. */
typedef void (*ledger_way)(void (*run)(void *), void *call);
extern __thread ledger_way ledger_calls;

HEXPERTKEY ledger_key(int expert);
void ledger_clear(void); /* forgets everything: the DLL was loaded anew */

/* Calls whose result is checked. A block is a number; with LEDGER_NONE nothing is called. */
int ledger_alloc(int expert, SIZE_T bytes);
void ledger_realloc(int expert, int block, SIZE_T bytes);
void ledger_free(int expert, int block);
void ledger_transfer(int from, int to, int block);
void ledger_open(int expert);
void ledger_terminate(int expert);
void ledger_close(int expert);
void ledger_look(int expert); /* lists an expert's blocks and queries its usage */

/* Checks that the DLL reports of every expert what the ledger has, and that all blocks are
   intact. */
void ledger_check(void);
/* The same after a thread was killed, whose call may have been done or not. From then on the ledger
   has what was found. */
void ledger_resolve(void);
BOOL ledger_in_call(void); /* the thread was killed in a call of the ledger's */
/* The killed thread's call did not concern this block. */
BOOL ledger_is_certain(int block);
/* Closes an expert that a killed thread's call may have left in any state. */
void ledger_close_unresolved(int expert);

/* Blocks of an expert, after ledger_resolve. */
int ledger_count(int expert);
int ledger_first(int expert); /* LEDGER_NONE: the expert has no block */
int ledger_next(int block);   /* the next block of the same expert */
char *ledger_address(int block);
SIZE_T ledger_bytes(int block);
BOOL ledger_is_open(int expert);
