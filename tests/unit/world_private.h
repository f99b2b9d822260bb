/*
 * world_private.h - what is known of experts and blocks; for the world's own files.
 */
#ifndef WORLD_PRIVATE_H
#define WORLD_PRIVATE_H

#include "world.h"

#include <stdio.h>
#include <string.h>

struct world_expert {
    unsigned states; /* a bit for each EXPERT_... that it may be in */
    int isolated, reclaimed;
};

struct world_block {
    char *at; /* NULL: not in use */
    SIZE_T bytes, also_bytes;
    int owner, also_owner, may_be_gone, seen;
};

enum world_op {
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

struct world_call {
    enum world_op op;
    int expert, other, block;
    SIZE_T bytes;
    void *memory;
    DWORD code;
    SIZE_T result;
};

extern struct world_expert world_experts[WORLD_EXPERTS];
extern struct world_block world_blocks[WORLD_BLOCKS];
extern struct world_call
    world_under_way; /* the victim's; tells what is uncertain after its death */
extern struct standin_usage world_at_start;

void world_perform(struct world_call *call);
/* Whether an expert's state is certain, and this one. */
int world_is(int expert, int state);
/* Notes a block, or the one that lies where one was that may be gone, and fills it. */
int world_new_block(char *at, SIZE_T bytes, int owner);
void world_fill(int block);
/* Checks that the first `bytes` bytes are what the block was filled with when it had `filled`. */
void world_look(const char *at, int block, SIZE_T filled, SIZE_T bytes);
void world_forget_blocks_of(int expert);
/* With `reclaim=thread` the end of a thread, or the next look at it, closes some experts. */
void world_reclaim(void);
/* The world's threads end; their handles are closed. */
void world_threads_end(void);

#endif
