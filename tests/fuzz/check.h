/*
 * check.h - makes calls, and compares what each answers and does with the model.
 */
#ifndef CHECK_H
#define CHECK_H

#include "model.h"

struct check_call {
    struct model_call call;
    int no_error;        /* pError is NULL */
    int elsewhere;       /* made by a thread that ends afterwards */
    int faults;          /* system calls may fail meanwhile */
    unsigned fault_kind; /* library_fail's */
    unsigned long fault_at;
    int fault_forever;
    unsigned stop_after; /* an enumeration ends after so many; 0: never */
    void *victim;        /* a block of the expert's: an enumeration's callback frees it at once */
};

extern struct model check_model;
extern uint64_t check_digest; /* of all that was answered, addresses left out */
extern unsigned long check_calls;
extern int check_trace; /* says each call */

HEXPERTKEY check_key(int expert);

/* Loads the library and begins anew; options may be NULL. */
void check_begin(const char *options, SIZE_T limit, int strict);
/* Looks at everything, closes what is open, unloads. */
void check_end(void);

/* Makes a call. Returns the block of one that gives one. Whatever is wrong ends the process. */
void *check(const struct check_call *call);
/* Writes another pattern into a whole block. */
void check_write(struct model_block *block);
/* Looks at the patterns of all blocks and at the figures of all experts. */
void check_all(void);

#endif
