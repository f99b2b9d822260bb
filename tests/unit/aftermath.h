/*
 * aftermath.h - what a thread does when it is killed, and what others find afterwards.
 *
 * Three experts share segments and spans: the dead thread's own, its neighbour, and, afterwards,
 * one that takes whatever was freed. Only public functions are used, so the test holds for any way
 * to keep memory.
 */
#pragma once

#include "ledger.h"

enum { DEAD, NEIGHBOUR, TAKER, NEW };

/* The blocks of the dead thread's expert; its neighbour has as many. Both freed large amounts of
   memory before. */
void stage_set(BOOL isolated, BOOL with_large);

struct act {
    const char *name;
    void (*run)(void);
    /* The act closes the expert, perhaps normally: then its addresses may be another's. */
    BOOL ends;
    BOOL with_large;
};
extern const struct act acts[]; /* the last one has no name */

/* What happens after a death: who detects it first. `turn` varies what is done to which block. */
struct aftermath {
    const char *name;
    void (*run)(unsigned turn, BOOL ends);
};
extern const struct aftermath aftermaths[];
enum { AFTERMATHS = 4 };
