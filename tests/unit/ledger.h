/*
 * ledger.h - what experts hold, as a test knows it, compared with what the DLL says: public
 * functions alone.
 *
 * Each block is filled with a pattern of its own, with no zero byte in it. So content that is lost,
 * shared by two blocks or left by an earlier owner shows. A thread may be killed in a call of the
 * ledger's; ledger_resolve finds out which of the results that this allows came true.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include "nmapi.h"

enum { LEDGER_EXPERTS = 5, LEDGER_BLOCKS = 1024, LEDGER_NONE = -1 };

/* Ends the process with 1, and says where, unless the condition holds. */
#define LEDGER_MUST(condition)                                                                     \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ledger_fail(__FILE__, __LINE__, #condition);                                           \
    } while (0)
DECLSPEC_NORETURN void ledger_fail(const char *file, int line, const char *condition);
/* Said when a check fails; may lie in memory that two processes share. */
extern char *ledger_context;

/* How the calling thread makes a call: run(call), but for one that is to be killed within it. */
typedef void (*ledger_way)(void (*run)(void *), void *call);
extern __thread ledger_way ledger_calls;

HEXPERTKEY ledger_key(int expert);
void ledger_clear(void); /* nothing is known: the DLL was loaded anew */

/* Calls, each with its result looked at. A block is a number; LEDGER_NONE in place of one is no
   call. */
int ledger_alloc(int expert, SIZE_T bytes);
void ledger_realloc(int expert, int block, SIZE_T bytes);
void ledger_free(int expert, int block);
void ledger_transfer(int from, int to, int block);
void ledger_open(int expert);
void ledger_terminate(int expert);
void ledger_close(int expert);
void ledger_look(int expert); /* lists its blocks and asks for its usage */

/* What the DLL says of every expert is what is known, and every block's content is whole. */
void ledger_check(void);
/* The same after a thread was killed, whose call may have been done or not; from here on that is
   known. */
void ledger_resolve(void);
BOOL ledger_in_call(void); /* it was killed in a call of the ledger's */
/* The call was not about this block. */
BOOL ledger_is_certain(int block);
/* Closes an expert of which a killed thread's call may have left anything. */
void ledger_close_unresolved(int expert);

/* Blocks of an expert, after ledger_resolve. */
int ledger_count(int expert);
int ledger_first(int expert); /* LEDGER_NONE: it has none */
int ledger_next(int block);   /* of the same expert */
char *ledger_address(int block);
SIZE_T ledger_bytes(int block);
BOOL ledger_is_open(int expert);

#endif
