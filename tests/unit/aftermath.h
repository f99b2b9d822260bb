/*
 * aftermath.h - what a thread does when it is killed, and what others find afterwards.
 *
 * Three experts share segments and spans: the dead thread's own, its neighbour, and, afterwards,
 * one that takes whatever was freed. Public functions alone, so that it holds for any way to keep
 * memory.
 */
#ifndef AFTERMATH_H
#define AFTERMATH_H

#include "ledger.h"

enum { DEAD, NEIGHBOUR, TAKER, NEW };

/* The dead one's blocks; as many are the neighbour's. Large amounts of what both freed wait for
   reuse. */
void stage_set(BOOL isolated, BOOL with_large);

struct act {
    const char *name;
    void (*run)(void);
    /* The expert ends in it, perhaps as any other does: then its addresses may be another's. */
    BOOL ends;
    BOOL with_large;
};
extern const struct act acts[]; /* the last has no name */

/* What comes after a death, whoever is the first to find the dead thread. `turn` varies what is
   done to which block. */
struct aftermath {
    const char *name;
    void (*run)(unsigned turn, BOOL ends);
};
extern const struct aftermath aftermaths[];
enum { AFTERMATHS = 4 };

#endif
