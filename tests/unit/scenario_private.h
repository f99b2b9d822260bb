/*
 * scenario_private.h - the record of experts and blocks; for the scenario's own files.
 */
#pragma once

#include "scenario.h"

#include <stdio.h>
#include <string.h>

struct scenario_expert {
    unsigned states; /* a bit for each EXPERT_... that it may be in */
    int isolated, reclaimed;
};

struct scenario_block {
    char *at; /* NULL: not in use */
    SIZE_T bytes, also_bytes;
    int owner, also_owner, may_be_gone, seen;
};

enum scenario_op {
    OP_NONE,
    OP_ALLOC,
    OP_REALLOC,
    OP_FREE,
    OP_SIZE,
    OP_OPEN,
    OP_TERMINATE,
    OP_CLOSE,
    OP_QUERY,
    OP_ENUM,
    OP_TRANSFER,
    OP_THREAD_ENDS
};

struct scenario_call {
    enum scenario_op op;
    int expert, other, block;
    SIZE_T bytes;
    void *memory;
    DWORD code;
    SIZE_T result;
};

extern struct scenario_expert scenario_experts[SCENARIO_EXPERTS];
extern struct scenario_block scenario_blocks[SCENARIO_BLOCKS];
extern struct scenario_call
    scenario_under_way; /* the victim's call; tells what is uncertain after its death */
extern struct standin_usage scenario_at_start;

void scenario_perform(struct scenario_call *call);
/* Whether an expert's state is certain, and is this one. */
int scenario_is(int expert, int state);
/* Notes and fills a block. It may lie where one was that may be gone. */
int scenario_new_block(char *at, SIZE_T bytes, int owner);
void scenario_fill(int block);
/* Checks that the first `bytes` bytes are what the block was filled with when it had `filled`. */
void scenario_look(const char *at, int block, SIZE_T filled, SIZE_T bytes);
void scenario_forget_blocks_of(int expert);
/* With `reclaim=thread` the end of a thread, or the next look at it, closes some experts. */
void scenario_reclaim(void);
/* Ends a scenario's helper threads and closes their handles. */
void scenario_threads_end(void);
