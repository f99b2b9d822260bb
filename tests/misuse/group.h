/*
 * group.h - a group of experts, one of every kind, each with blocks of one class, and whether
 * anything about them has changed.
 */
#pragma once

#include "misuse.h"

/* Whose key a call is made with. */
enum key_kind {
    OPENED,              /* by the host */
    OTHER,               /* by the host */
    IMPLICIT,            /* by its first call */
    IMPLICIT_TOO,        /* by its first call */
    TERMINATED,          /* opened by the host, then terminated, with live blocks */
    TERMINATED_IMPLICIT, /* the same, opened by its first call */
    REOPENED,            /* by the host, after a close */
    REUSED,              /* by the host, on memory that another expert had, in other sizes */
    GIVER,               /* by the host: hands blocks over */
    OWNERS,              /* experts above have live blocks, those below have none */
    CLOSED = OWNERS,
    CLOSED_IMPLICIT,
    QUARANTINED, /* closed after it was terminated: its addresses fault */
    KNOWN,       /* the DLL knows the keys above, and not those below */
    UNKNOWN = KNOWN,
    NEAR_MISS,  /* another's key + 1 */
    TINY_KEY,   /* 1, 2, ... */
    HIGH_KEY,   /* -1, -2, ... */
    KERNEL_KEY, /* an address of the system's */
    NO_KEY,     /* NULL */
    KEY_KINDS
};
extern const char *const key_names[KEY_KINDS];

/* What kind of memory blocks lie in. */
struct block_class {
    const char *name;
    SIZE_T bytes;
    int count;  /* that each expert has */
    BOOL given; /* handed over by GIVER: then small ones lie in shared spans */
    BOOL paged; /* tried with pageheap too, where block classes differ less */
};
extern const struct block_class block_classes[];
extern const int block_class_count;

struct group_block {
    unsigned char *address;
    SIZE_T bytes;
    uint32_t seed;
};

enum { GROUP_BLOCKS = 8 };

struct group {
    const struct block_class *kind;
    HEXPERTKEY keys[KEY_KINDS];
    struct group_block live[OWNERS][GROUP_BLOCKS]; /* live[...][0] is what calls are made with */
    int counts[OWNERS];
    NMAPI_EXPERT_USAGE usages[KNOWN];
    /* Addresses of former blocks. */
    unsigned char *freed_later, *moved, *former_life, *closed, *closed_implicit, *quarantined;
    unsigned char *reused; /* NULL: every such address is the start of a block again */
};

void group_begin(struct group *group, const struct block_class *kind);
void group_end(struct group *group);

/* A block of the class for OPENED, or one that GIVER handed over to it. */
unsigned char *group_make(struct group *group);
BOOL group_is_live(const struct group *group, const void *address);

/* Records the present state, which group_check compares with. */
void group_note(struct group *group);
/* Checks that the usages of all experts are as recorded, but for `refused` more refused calls of
   `caller` (KEY_KINDS: of nobody); that every live block, and no other, is listed, has its size and
   its pattern; and that unknown keys are still unknown. Experts in the mask `but` are left out.
   Returns what is wrong, or NULL. */
const char *group_check(struct group *group, int caller, int refused, unsigned but);
