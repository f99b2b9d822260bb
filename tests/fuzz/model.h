/*
 * model.h - what the contract says that each call returns, and the state in between.
 *
 * It identifies keys by numbers, and blocks by the addresses that the library gave. Nothing here
 * calls the library.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "nmapi.h"

enum { MODEL_EXPERTS = 12, MODEL_BLOCKS = 4096 };
/* More bytes than any system has; no call asks for a size that some systems have. */
#define MODEL_ABSURD ((SIZE_T)1 << 28)
enum { MODEL_NOBODY = -1 }; /* the key NULL */
enum { MODEL_NEVER, MODEL_OPEN = NMAPI_STATE_OPEN, MODEL_TERMINATED, MODEL_CLOSED }; /* states */

struct model_block {
    char *at;
    SIZE_T bytes;
    int owner;
    int seen;      /* by an enumeration */
    uint32_t seed; /* of the pattern in it */
};

struct model_expert {
    DWORD state;
    int implicit;               /* opened by its first call */
    int seen;                   /* by an enumeration */
    SIZE_T limit;               /* 0: none */
    SIZE_T blocks, bytes, peak; /* of a closed one: what it had leaked */
    ULONGLONG allocations, frees, refused;
};

struct model {
    SIZE_T limit; /* of experts without a limit of their own; 0: none */
    int strict;   /* no implicit experts */
    struct model_expert experts[MODEL_EXPERTS];
    struct model_block blocks[MODEL_BLOCKS];
    int order[MODEL_BLOCKS]; /* numbers of blocks by address */
    int count;               /* live blocks */
    SIZE_T bytes;            /* in them */
};

enum model_op {
    MODEL_ALLOC,
    MODEL_REALLOC,
    MODEL_FREE,
    MODEL_SIZE,
    MODEL_OPENS,
    MODEL_TERMINATES,
    MODEL_CLOSES,
    MODEL_QUERY,
    MODEL_ENUM_EXPERTS,
    MODEL_ENUM_MEMORY,
    MODEL_TRANSFER
};

struct model_call {
    enum model_op op;
    int expert, other; /* `other` takes what is transferred */
    void *memory;
    SIZE_T bytes; /* or the limit with which an expert is opened */
    int flawed;   /* a structure of the wrong size, an unknown flag, or no callback */
};

void model_begin(struct model *m, SIZE_T limit, int strict);

/* The live block that begins at an address, or NULL. */
struct model_block *model_find(struct model *m, const void *address);

/* The code that a call must return. MODEL_SIZE has none. */
DWORD model_code(struct model *m, const struct model_call *call);
/* What MODEL_SIZE must return. */
SIZE_T model_size(struct model *m, const struct model_call *call);

/* Updates the model for a call that returned `code`; `result` is the address of a new or moved
   block. Returns 0 if that block overlaps another. */
int model_note(struct model *m, const struct model_call *call, DWORD code, void *result);

/* An expert's first call failed for lack of memory, and left it open. */
void model_note_opened(struct model *m, int expert);
