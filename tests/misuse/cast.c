#include "cast.h"

#include <stdio.h>

const char *const actor_names[ACTORS] = {
    "opened",   "other",     "implicit", "implicit too", "terminated",      "terminated implicit",
    "reopened", "reused",    "giver",    "closed",       "closed implicit", "quarantined",
    "unknown",  "near miss", "tiny key", "high key",     "kernel key",      "no key"};

const struct block_class block_classes[] = {
    {"empty", 0, 3, FALSE, FALSE},           {"mini", 100, 3, FALSE, TRUE},
    {"full mini", 1000, 5, FALSE, FALSE},    {"slot", 2000, 3, FALSE, FALSE},
    {"large", 40000, 2, FALSE, TRUE},        {"huge", 1500000, 1, FALSE, TRUE},
    {"shared mini", 96, 2, TRUE, TRUE},      {"shared slot", 3000, 2, TRUE, FALSE},
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

static unsigned char *make_for(struct cast *cast, enum actor actor)
{
    unsigned char *block;

    if (!cast->kind->given || actor == GIVER)
        return must_alloc(cast->keys[actor], cast->kind->bytes);
    block = must_alloc(cast->keys[GIVER], cast->kind->bytes);
    assert_int_equal(nm.transfer(cast->keys[GIVER], cast->keys[actor], block), NMERR_SUCCESS);
    return block;
}

unsigned char *cast_make(struct cast *cast)
{
    return make_for(cast, OPENED);
}

static void add(struct cast *cast, enum actor actor, void *address, SIZE_T bytes)
{
    struct cast_block *block = &cast->live[actor][cast->counts[actor]];

    assert_true(cast->counts[actor] < CAST_BLOCKS);
    cast->counts[actor]++;
    block->address = address;
    block->bytes = bytes;
    block->seed = (uint32_t)actor * CAST_BLOCKS + (uint32_t)cast->counts[actor];
    misuse_fill(address, bytes, block->seed);
}

static void make_keys(struct cast *cast)
{
    generation++;
    for (ULONG_PTR i = 0; i < ACTORS; i++)
        cast->keys[i] = (HEXPERTKEY)(0x100000 + 64 * (generation * ACTORS + i));
    cast->keys[NEAR_MISS] = (HEXPERTKEY)((ULONG_PTR)cast->keys[OPENED] + 1);
    cast->keys[TINY_KEY] = (HEXPERTKEY)generation;
    cast->keys[HIGH_KEY] = (HEXPERTKEY)(0 - generation);
    cast->keys[KERNEL_KEY] =
        (HEXPERTKEY)(((ULONG_PTR)1 << (8 * sizeof(ULONG_PTR) - 1)) + 0x1000 * generation);
    cast->keys[NO_KEY] = NULL;
}

static void make_owner(struct cast *cast, enum actor actor)
{
    HEXPERTKEY key = cast->keys[actor];

    if (actor != IMPLICIT && actor != IMPLICIT_TOO && actor != TERMINATED_IMPLICIT)
        assert_int_equal(nm.open(key, NULL), NMERR_SUCCESS);
    else
        must_free(key, must_alloc(key, 1));
}

static unsigned char *lived_once(struct cast *cast, enum actor actor, BOOL opened, BOOL terminated)
{
    HEXPERTKEY key = cast->keys[actor];
    unsigned char *block;

    if (opened)
        assert_int_equal(nm.open(key, NULL), NMERR_SUCCESS);
    else
        must_free(key, must_alloc(key, 1));
    block = make_for(cast, actor);
    if (terminated)
        assert_int_equal(nm.terminate(key), NMERR_SUCCESS);
    assert_int_equal(nm.close(key, NULL), NMERR_SUCCESS);
    return block;
}

/* Two experts, one after the other, on the same memory cut in two ways: an address that was a block is none
   now, if there is such a one. */
static void make_reused(struct cast *cast)
{
    enum { FORMER = 8 };
    HEXPERTKEY key = cast->keys[REUSED];
    SIZE_T bytes = cast->kind->bytes, now = bytes + bytes / 2 + 40;
    unsigned char *former[FORMER];

    assert_int_equal(nm.open(key, NULL), NMERR_SUCCESS);
    for (int i = 0; i < FORMER; i++)
        former[i] = must_alloc(key, bytes);
    assert_int_equal(nm.close(key, NULL), NMERR_SUCCESS);
    make_owner(cast, REUSED);
    for (int i = 0; i < 4; i++)
        add(cast, REUSED, must_alloc(key, now), now);
    for (int i = 0; i < FORMER && !cast->reused; i++)
        for (int k = 0; k < 4; k++)
            if (former[i] > cast->live[REUSED][k].address &&
                former[i] < cast->live[REUSED][k].address + now)
                cast->reused = former[i];
}

/* Blocks that die come last, so that nothing comes to lie where they lay. */
static void make_dead(struct cast *cast)
{
    HEXPERTKEY key = cast->keys[OPENED];
    unsigned char *others[3], *moved;

    cast->former_life = lived_once(cast, REOPENED, TRUE, TRUE);
    make_owner(cast, REOPENED);
    for (int i = 0; i < cast->kind->count; i++)
        add(cast, REOPENED, make_for(cast, REOPENED), cast->kind->bytes);
    cast->quarantined = lived_once(cast, QUARANTINED, TRUE, TRUE);
    cast->moved = cast_make(cast);
    for (int i = 0; i < 3; i++)
        others[i] = cast_make(cast);
    cast->freed_later = others[0];
    moved = nm.realloc(key, cast->moved, 4 * cast->kind->bytes + 5000, NULL);
    assert_non_null(moved);
    if (moved == cast->moved)
        cast->moved = NULL; /* it had the room */
    for (int i = 0; i < 3; i++)
        must_free(key, others[i]);
    must_free(key, moved);
    cast->closed = lived_once(cast, CLOSED, TRUE, FALSE);
    cast->closed_implicit = lived_once(cast, CLOSED_IMPLICIT, FALSE, FALSE);
}

void cast_begin(struct cast *cast, const struct block_class *kind)
{
    memset(cast, 0, sizeof *cast);
    cast->kind = kind;
    make_keys(cast);
    make_owner(cast, GIVER);
    make_reused(cast);
    add(cast, GIVER, make_for(cast, GIVER), kind->bytes);
    for (int actor = 0; actor < OWNERS; actor++) {
        if (actor == REOPENED || actor == REUSED || actor == GIVER)
            continue;
        make_owner(cast, (enum actor)actor);
        for (int i = 0; i < kind->count; i++)
            add(cast, (enum actor)actor, make_for(cast, (enum actor)actor), kind->bytes);
    }
    make_dead(cast);
    assert_int_equal(nm.terminate(cast->keys[TERMINATED]), NMERR_SUCCESS);
    assert_int_equal(nm.terminate(cast->keys[TERMINATED_IMPLICIT]), NMERR_SUCCESS);
    cast_note(cast);
}

void cast_end(struct cast *cast)
{
    for (int actor = 0; actor < ACTORS; actor++)
        nm.close(cast->keys[actor], NULL);
}

BOOL cast_is_live(const struct cast *cast, const void *address)
{
    for (int actor = 0; actor < OWNERS; actor++)
        for (int i = 0; i < cast->counts[actor]; i++)
            if (cast->live[actor][i].address == address)
                return TRUE;
    return FALSE;
}

void cast_note(struct cast *cast)
{
    for (int actor = 0; actor < KNOWN; actor++) {
        memset(&cast->usages[actor], 0, sizeof cast->usages[actor]);
        cast->usages[actor].cbSize = sizeof cast->usages[actor];
        assert_int_equal(nm.query(cast->keys[actor], &cast->usages[actor]), NMERR_SUCCESS);
    }
}

struct listing {
    const struct cast *cast;
    int actor;
    unsigned seen; /* a bit for each live block */
    BOOL strange;
};

static BOOL CALLBACK see(HEXPERTKEY key, LPVOID address, SIZE_T bytes, LPVOID context)
{
    struct listing *listing = context;
    const struct cast *cast = listing->cast;

    for (int i = 0; i < cast->counts[listing->actor]; i++) {
        const struct cast_block *block = &cast->live[listing->actor][i];
        if (block->address != address || block->bytes != bytes ||
            key != cast->keys[listing->actor] || (listing->seen & (1U << i)))
            continue;
        listing->seen |= 1U << i;
        return TRUE;
    }
    listing->strange = TRUE;
    return TRUE;
}

static const char *check_owner(const struct cast *cast, int actor)
{
    struct listing listing = {cast, actor, 0, FALSE};

    if (nm.enum_memory(cast->keys[actor], see, &listing) != NMERR_SUCCESS)
        return "NmapiEnumMemory fails";
    if (listing.strange)
        return "a block is listed that is none";
    if (listing.seen != (1U << cast->counts[actor]) - 1)
        return "a live block is not listed";
    for (int i = 0; i < cast->counts[actor]; i++) {
        const struct cast_block *block = &cast->live[actor][i];
        if (nm.size(cast->keys[actor], block->address) != block->bytes)
            return "a live block has another size";
        if (!misuse_holds(block->address, block->bytes, block->seed))
            return "a live block has lost its pattern";
    }
    return NULL;
}

const char *cast_check(struct cast *cast, int caller, int refused, unsigned but)
{
    NMAPI_EXPERT_USAGE usage;
    const char *wrong = NULL;

    for (int actor = 0; actor < KNOWN; actor++) {
        if (but >> actor & 1)
            continue;
        memset(&usage, 0, sizeof usage);
        usage.cbSize = sizeof usage;
        if (nm.query(cast->keys[actor], &usage) != NMERR_SUCCESS)
            return "NmapiQueryExpert fails";
        if (actor == caller)
            cast->usages[actor].Refused += (unsigned)refused;
        if (memcmp(&usage, &cast->usages[actor], sizeof usage) != 0)
            return "an expert's usage has changed";
        if (actor < OWNERS && (wrong = check_owner(cast, actor)) != NULL)
            return wrong;
    }
    usage.cbSize = sizeof usage;
    for (int actor = KNOWN; actor < ACTORS; actor++)
        if (!(but >> actor & 1) &&
            nm.query(cast->keys[actor], &usage) != NMERR_INVALID_EXPERT_HANDLE)
            return "a key is known now";
    return NULL;
}
