#include "group.h"

#include <stdio.h>

const char *const key_names[KEY_KINDS] = {
    "opened",   "other",     "implicit", "implicit too", "terminated",      "terminated implicit",
    "reopened", "reused",    "giver",    "closed",       "closed implicit", "quarantined",
    "unknown",  "near miss", "tiny key", "high key",     "kernel key",      "no key"};

const struct block_class block_classes[] = {
    {"empty", 0, 3, FALSE, FALSE},           {"one unit", 100, 3, FALSE, TRUE},
    {"full unit", 1000, 5, FALSE, FALSE},    {"eight units", 2000, 3, FALSE, FALSE},
    {"large", 40000, 2, FALSE, TRUE},        {"huge", 1500000, 1, FALSE, TRUE},
    {"shared unit", 96, 2, TRUE, TRUE},      {"shared units", 3000, 2, TRUE, FALSE},
    {"large, given", 50000, 1, TRUE, FALSE},
};
const int block_class_count = (int)MISUSE_COUNT(block_classes);

static ULONG_PTR generation; /* keys are never used twice */

static unsigned char *must_alloc(HEXPERTKEY key, SIZE_T bytes)
{
    DWORD error = 0;
    unsigned char *block = nm.alloc(key, bytes, &error);

    assert_int_equal(error, NMERR_SUCCESS);
    assert_non_null(block);
    assert_true(bytes > 65536 || content_is_zero(block, bytes));
    return block;
}

static void must_free(HEXPERTKEY key, void *block)
{
    assert_int_equal(nm.free(key, block), NMERR_SUCCESS);
}

static unsigned char *make_for(struct group *group, enum key_kind who)
{
    unsigned char *block;

    if (!group->kind->given || who == GIVER)
        return must_alloc(group->keys[who], group->kind->bytes);
    block = must_alloc(group->keys[GIVER], group->kind->bytes);
    assert_int_equal(nm.transfer(group->keys[GIVER], group->keys[who], block), NMERR_SUCCESS);
    return block;
}

unsigned char *group_make(struct group *group)
{
    return make_for(group, OPENED);
}

static void add(struct group *group, enum key_kind who, void *address, SIZE_T bytes)
{
    struct group_block *block = &group->live[who][group->counts[who]];

    assert_true(group->counts[who] < GROUP_BLOCKS);
    group->counts[who]++;
    block->address = address;
    block->bytes = bytes;
    block->seed = (uint32_t)who * GROUP_BLOCKS + (uint32_t)group->counts[who];
    misuse_fill(address, bytes, block->seed);
}

static void make_keys(struct group *group)
{
    generation++;
    for (ULONG_PTR i = 0; i < KEY_KINDS; i++)
        group->keys[i] = (HEXPERTKEY)(0x100000 + 64 * (generation * KEY_KINDS + i));
    group->keys[NEAR_MISS] = (HEXPERTKEY)((ULONG_PTR)group->keys[OPENED] + 1);
    group->keys[TINY_KEY] = (HEXPERTKEY)generation;
    group->keys[HIGH_KEY] = (HEXPERTKEY)(0 - generation);
    group->keys[KERNEL_KEY] =
        (HEXPERTKEY)(((ULONG_PTR)1 << (8 * sizeof(ULONG_PTR) - 1)) + 0x1000 * generation);
    group->keys[NO_KEY] = NULL;
}

static void make_owner(struct group *group, enum key_kind who)
{
    HEXPERTKEY key = group->keys[who];

    if (who != IMPLICIT && who != IMPLICIT_TOO && who != TERMINATED_IMPLICIT)
        assert_int_equal(nm.open(key, NULL), NMERR_SUCCESS);
    else
        must_free(key, must_alloc(key, 1));
}

static unsigned char *lived_once(struct group *group, enum key_kind who, BOOL opened,
                                 BOOL terminated)
{
    HEXPERTKEY key = group->keys[who];
    unsigned char *block;

    if (opened)
        assert_int_equal(nm.open(key, NULL), NMERR_SUCCESS);
    else
        must_free(key, must_alloc(key, 1));
    block = make_for(group, who);
    if (terminated)
        assert_int_equal(nm.terminate(key), NMERR_SUCCESS);
    assert_int_equal(nm.close(key, NULL), NMERR_SUCCESS);
    return block;
}

/* Two experts, one after the other, use the same memory in two block sizes: where possible, an
   address that was a block's start is none now. */
static void make_reused(struct group *group)
{
    enum { FORMER = 8 };
    HEXPERTKEY key = group->keys[REUSED];
    SIZE_T bytes = group->kind->bytes, now = bytes + bytes / 2 + 40;
    unsigned char *former[FORMER];

    assert_int_equal(nm.open(key, NULL), NMERR_SUCCESS);
    for (int i = 0; i < FORMER; i++)
        former[i] = must_alloc(key, bytes);
    assert_int_equal(nm.close(key, NULL), NMERR_SUCCESS);
    make_owner(group, REUSED);
    for (int i = 0; i < 4; i++)
        add(group, REUSED, must_alloc(key, now), now);
    for (int i = 0; i < FORMER && !group->reused; i++)
        for (int k = 0; k < 4; k++)
            if (former[i] > group->live[REUSED][k].address &&
                former[i] < group->live[REUSED][k].address + now)
                group->reused = former[i];
}

/* Blocks that are freed are allocated last, so that nothing takes their place. */
static void make_dead(struct group *group)
{
    HEXPERTKEY key = group->keys[OPENED];
    unsigned char *others[3], *moved;

    group->former_life = lived_once(group, REOPENED, TRUE, TRUE);
    make_owner(group, REOPENED);
    for (int i = 0; i < group->kind->count; i++)
        add(group, REOPENED, make_for(group, REOPENED), group->kind->bytes);
    group->quarantined = lived_once(group, QUARANTINED, TRUE, TRUE);
    group->moved = group_make(group);
    for (int i = 0; i < 3; i++)
        others[i] = group_make(group);
    group->freed_later = others[0];
    moved = nm.realloc(key, group->moved, 4 * group->kind->bytes + 5000, NULL);
    assert_non_null(moved);
    if (moved == group->moved)
        group->moved = NULL; /* the block could grow in place */
    for (int i = 0; i < 3; i++)
        must_free(key, others[i]);
    must_free(key, moved);
    group->closed = lived_once(group, CLOSED, TRUE, FALSE);
    group->closed_implicit = lived_once(group, CLOSED_IMPLICIT, FALSE, FALSE);
}

void group_begin(struct group *group, const struct block_class *kind)
{
    memset(group, 0, sizeof *group);
    group->kind = kind;
    make_keys(group);
    make_owner(group, GIVER);
    make_reused(group);
    add(group, GIVER, make_for(group, GIVER), kind->bytes);
    for (int who = 0; who < OWNERS; who++) {
        if (who == REOPENED || who == REUSED || who == GIVER)
            continue;
        make_owner(group, (enum key_kind)who);
        for (int i = 0; i < kind->count; i++)
            add(group, (enum key_kind)who, make_for(group, (enum key_kind)who), kind->bytes);
    }
    make_dead(group);
    assert_int_equal(nm.terminate(group->keys[TERMINATED]), NMERR_SUCCESS);
    assert_int_equal(nm.terminate(group->keys[TERMINATED_IMPLICIT]), NMERR_SUCCESS);
    group_note(group);
}

void group_end(struct group *group)
{
    for (int who = 0; who < KEY_KINDS; who++)
        nm.close(group->keys[who], NULL);
}

BOOL group_is_live(const struct group *group, const void *address)
{
    for (int who = 0; who < OWNERS; who++)
        for (int i = 0; i < group->counts[who]; i++)
            if (group->live[who][i].address == address)
                return TRUE;
    return FALSE;
}

void group_note(struct group *group)
{
    for (int who = 0; who < KNOWN; who++) {
        memset(&group->usages[who], 0, sizeof group->usages[who]);
        group->usages[who].cbSize = sizeof group->usages[who];
        assert_int_equal(nm.query(group->keys[who], &group->usages[who]), NMERR_SUCCESS);
    }
}

struct listing {
    const struct group *group;
    int who;
    unsigned seen; /* a bit for each live block */
    BOOL strange;
};

static BOOL CALLBACK see(HEXPERTKEY key, LPVOID address, SIZE_T bytes, LPVOID context)
{
    struct listing *listing = context;
    const struct group *group = listing->group;

    for (int i = 0; i < group->counts[listing->who]; i++) {
        const struct group_block *block = &group->live[listing->who][i];
        if (block->address != address || block->bytes != bytes ||
            key != group->keys[listing->who] || (listing->seen & (1U << i)))
            continue;
        listing->seen |= 1U << i;
        return TRUE;
    }
    listing->strange = TRUE;
    return TRUE;
}

static const char *check_owner(const struct group *group, int who)
{
    struct listing listing = {group, who, 0, FALSE};

    if (nm.enum_memory(group->keys[who], see, &listing) != NMERR_SUCCESS)
        return "NmapiEnumMemory fails";
    if (listing.strange)
        return "a block is listed that is none";
    if (listing.seen != (1U << group->counts[who]) - 1)
        return "a live block is not listed";
    for (int i = 0; i < group->counts[who]; i++) {
        const struct group_block *block = &group->live[who][i];
        if (nm.size(group->keys[who], block->address) != block->bytes)
            return "a live block has another size";
        if (!misuse_holds(block->address, block->bytes, block->seed))
            return "a live block has lost its pattern";
    }
    return NULL;
}

const char *group_check(struct group *group, int caller, int refused, unsigned but)
{
    NMAPI_EXPERT_USAGE usage;
    const char *wrong = NULL;

    for (int who = 0; who < KNOWN; who++) {
        if (but >> who & 1)
            continue;
        memset(&usage, 0, sizeof usage);
        usage.cbSize = sizeof usage;
        if (nm.query(group->keys[who], &usage) != NMERR_SUCCESS)
            return "NmapiQueryExpert fails";
        if (who == caller)
            group->usages[who].Refused += (unsigned)refused;
        if (memcmp(&usage, &group->usages[who], sizeof usage) != 0)
            return "an expert's usage has changed";
        if (who < OWNERS && (wrong = check_owner(group, who)) != NULL)
            return wrong;
    }
    usage.cbSize = sizeof usage;
    for (int who = KNOWN; who < KEY_KINDS; who++)
        if (!(but >> who & 1) && nm.query(group->keys[who], &usage) != NMERR_INVALID_EXPERT_HANDLE)
            return "a key is known now";
    return NULL;
}
