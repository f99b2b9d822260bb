/*
 * check.h - makes calls, and compares each one's answer and effect with the model.
 */
#pragma once

#include "model.h"

struct check_call {
    struct model_call call;
    int no_error;        /* pError is NULL */
    int elsewhere;       /* made by a thread that ends afterwards */
    int faults;          /* system calls may fail meanwhile */
    unsigned fault_kind; /* library_fail's */
    unsigned long fault_at;
    int fault_forever;
    unsigned stop_after; /* an enumeration ends after so many callbacks; 0: never */
    void *victim;        /* a block of the expert's that an enumeration's callback frees at once */
};

extern struct model check_model;
extern uint64_t check_digest; /* of all answers, without addresses */
extern unsigned long check_calls;
extern int check_trace; /* prints each call */

HEXPERTKEY check_key(int expert);

/* Loads the library and starts a new series; options may be NULL. */
void check_begin(const char *options, SIZE_T limit, int strict);
/* Checks everything, closes what is open, unloads. */
void check_end(void);

/* Makes a call. Returns the block of a call that gives one. An error ends the process. */
void *check(const struct check_call *call);
/* Writes another pattern into a whole block. */
void check_write(struct model_block *block);
/* Checks the patterns of all blocks and the usage of all experts. */
void check_all(void);
