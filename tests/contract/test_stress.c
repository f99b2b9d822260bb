/*
 * test_stress.c - a seeded random run of calls by several experts against a model: every answer,
 * every size, every byte, and what NmapiQueryExpert and NmapiEnumMemory report. --seed=N repeats a
 * run; the seed is printed.
 */
#include "contract.h"

#include <stdio.h>
#include <stdlib.h>

enum { CALLS = 1000000, EXPERTS = 8, BLOCKS = 3000, LIST_EVERY = 4096, MODEL_BYTES = 48 << 20 };

struct model_expert {
    HEXPERTKEY key;
    BOOL isolated, terminated, unseen; /* unseen: the DLL does not know the key */
    SIZE_T limit, blocks, bytes, peak;
    ULONGLONG handed_out, given_up; /* Allocations and Frees */
};

struct model_block {
    unsigned char *at; /* NULL: an empty place in the table */
    SIZE_T bytes;
    uint32_t seed;
    struct model_expert *owner;
};

static struct model_expert experts[EXPERTS];
static struct model_block blocks[BLOCKS];
static SIZE_T model_bytes;
static uint32_t random_state;
static unsigned long step;
static unsigned char *stale[64]; /* addresses of blocks freed lately */

static uint32_t draw(uint32_t below)
{
    return content_random(&random_state) % below;
}

#define HOLD(good)                                                                                 \
    do {                                                                                           \
        if (!(good)) {                                                                             \
            print_error("seed %lu, call %lu: %s\n", (unsigned long)contract_seed, step, #good);    \
            _fail(__FILE__, __LINE__);                                                             \
        }                                                                                          \
    } while (0)

static struct model_expert *any_expert(void)
{
    return &experts[draw(EXPERTS)];
}

static struct model_block *any_block(void)
{
    for (int tries = 0; tries < 8; tries++) {
        struct model_block *block = &blocks[draw(BLOCKS)];
        if (block->at != NULL)
            return block;
    }
    return NULL;
}

static SIZE_T any_size(void)
{
    uint32_t kind = draw(1000);
    if (kind < 700)
        return draw(256);
    if (kind < 950)
        return draw(2048);
    if (kind < 995)
        return draw(40000);
    return draw(600000);
}

/* Long blocks are checked at both ends and at places in between. */
static void look(const struct model_block *block)
{
    SIZE_T head = block->bytes < 512 ? block->bytes : 512;
    HOLD(content_holds(block->at, head, block->seed));
    for (SIZE_T i = head; i < block->bytes; i += 509)
        HOLD(block->at[i] == content_byte(i, block->seed));
}

static void expert_gains(struct model_expert *expert, SIZE_T bytes)
{
    expert->blocks++;
    expert->bytes += bytes;
    expert->handed_out++;
    model_bytes += bytes;
    if (expert->bytes > expert->peak)
        expert->peak = expert->bytes;
}

static void expert_loses(struct model_expert *expert, SIZE_T bytes)
{
    expert->blocks--;
    expert->bytes -= bytes;
    expert->given_up++;
    model_bytes -= bytes;
}

static void query(const struct model_expert *expert)
{
    NMAPI_EXPERT_USAGE usage;
    usage.cbSize = sizeof usage;
    if (expert->unseen) {
        HOLD(nm.query(expert->key, &usage) == NMERR_INVALID_EXPERT_HANDLE);
        return;
    }
    HOLD(nm.query(expert->key, &usage) == NMERR_SUCCESS);
    HOLD(usage.LiveBlocks == expert->blocks);
    HOLD(usage.LiveBytes == expert->bytes);
    HOLD(usage.PeakBytes == expert->peak);
    HOLD(usage.Allocations - usage.Frees == expert->blocks);
    HOLD(usage.Allocations == expert->handed_out);
    HOLD(usage.State == (DWORD)(expert->terminated ? NMAPI_STATE_TERMINATED : NMAPI_STATE_OPEN));
    HOLD(usage.Flags == (DWORD)(expert->isolated ? 0 : NMAPI_USAGE_IMPLICIT));
    HOLD(usage.MemoryLimit == expert->limit);
}

/* The whole list of one expert, sorted by address, against the model's. */
struct found {
    unsigned char *at;
    SIZE_T bytes;
};

struct found_list {
    struct found at[BLOCKS];
    size_t count;
};

static int by_address(const void *left, const void *right)
{
    const struct found *a = left, *b = right;
    return a->at < b->at ? -1 : a->at > b->at;
}

static BOOL CALLBACK on_block(HEXPERTKEY key, LPVOID block, SIZE_T bytes, LPVOID context)
{
    struct found_list *list = context;
    (void)key;
    if (list->count == BLOCKS)
        return FALSE;
    list->at[list->count++] = (struct found){block, bytes};
    return TRUE;
}

static void list_all(void)
{
    static struct found_list got, want;
    for (int e = 0; e < EXPERTS; e++) {
        if (experts[e].unseen)
            continue;
        got.count = want.count = 0;
        for (int b = 0; b < BLOCKS; b++)
            if (blocks[b].at != NULL && blocks[b].owner == &experts[e]) {
                want.at[want.count++] = (struct found){blocks[b].at, blocks[b].bytes};
                look(&blocks[b]);
            }
        HOLD(nm.enum_memory(experts[e].key, on_block, &got) == NMERR_SUCCESS);
        HOLD(got.count == want.count);
        qsort(got.at, got.count, sizeof got.at[0], by_address);
        qsort(want.at, want.count, sizeof want.at[0], by_address);
        for (size_t i = 0; i < got.count; i++) {
            HOLD(got.at[i].at == want.at[i].at);
            HOLD(got.at[i].bytes == want.at[i].bytes);
            if (i > 0) /* and no block overlaps the next one */
                HOLD(got.at[i - 1].at + got.at[i - 1].bytes <= got.at[i].at);
        }
    }
}

/* Whether this call needs more than the limit leaves. */
static BOOL over(const struct model_expert *expert, SIZE_T gone, SIZE_T bytes)
{
    return expert->limit != 0 && expert->bytes - gone + bytes > expert->limit;
}

static void call_alloc(void)
{
    struct model_expert *expert = any_expert();
    struct model_block *block = &blocks[draw(BLOCKS)];
    SIZE_T bytes = draw(200) == 0 ? SIZE_MAX - draw(100000) : any_size();
    DWORD error = CONTRACT_UNSET;
    void *at;

    if (block->at != NULL || (bytes < SIZE_MAX / 2 && model_bytes + bytes > MODEL_BYTES))
        return;
    if (expert->unseen && bytes > SIZE_MAX / 2)
        return; /* the contract does not say whether that opens the key */
    if (draw(4) == 0)
        at = nm.realloc(expert->key, NULL, bytes, &error);
    else
        at = nm.alloc(expert->key, bytes, &error);
    expert->unseen = FALSE;
    if (expert->terminated) {
        HOLD(at == NULL && error == NMERR_EXPERT_TERMINATE);
    } else if (bytes > SIZE_MAX / 2 || over(expert, 0, bytes)) {
        HOLD(at == NULL && error == NMERR_OUT_OF_MEMORY);
    } else {
        HOLD(at != NULL && error == NMERR_SUCCESS);
        HOLD((ULONG_PTR)at % CONTRACT_ALIGNMENT == 0);
        HOLD(content_is_zero(at, bytes));
        *block = (struct model_block){at, bytes, content_random(&random_state), expert};
        content_fill(at, bytes, block->seed);
        expert_gains(expert, bytes);
    }
}

/* What another expert's call on this block must return; NMERR_SUCCESS: it may use it. */
static DWORD verdict(const struct model_expert *caller, const struct model_block *block)
{
    if (caller->terminated && block->owner == caller)
        return NMERR_EXPERT_TERMINATE;
    if (block->owner == caller)
        return NMERR_SUCCESS;
    if (caller->unseen && block->owner->isolated)
        return NMERR_INVALID_EXPERT_HANDLE;
    return caller->isolated || block->owner->isolated ? NMERR_ACCESS_DENIED : NMERR_SUCCESS;
}

/* The contract does not define these: a terminated expert's calls on others' blocks, and calls on a
   terminated expert's legacy blocks. */
static BOOL unsettled(const struct model_expert *caller, const struct model_block *block)
{
    return block->owner != caller && (caller->terminated || block->owner->terminated);
}

static void resize(struct model_expert *expert, struct model_block *block, SIZE_T bytes)
{
    SIZE_T kept;
    DWORD error = CONTRACT_UNSET, want;
    unsigned char *at;

    if (unsettled(expert, block) || (bytes < SIZE_MAX / 2 && model_bytes + bytes > MODEL_BYTES))
        return;
    want = verdict(expert, block);
    if (want == NMERR_SUCCESS &&
        (bytes > SIZE_MAX / 2 || over(expert, block->owner == expert ? block->bytes : 0, bytes)))
        want = NMERR_OUT_OF_MEMORY;
    if (want == NMERR_OUT_OF_MEMORY && expert->unseen)
        return; /* the contract does not say whether that opens the key */
    look(block);
    at = nm.realloc(expert->key, block->at, bytes, &error);
    if (error != want)
        print_error("error %lu, expected %lu; caller %s, owner %s, own %d, %lu -> %lu bytes\n",
                    (unsigned long)error, (unsigned long)want,
                    expert->isolated ? "isolated" : "implicit",
                    block->owner->isolated ? "isolated" : "implicit", expert == block->owner,
                    (unsigned long)block->bytes, (unsigned long)bytes);
    HOLD(error == want);
    HOLD((at != NULL) == (want == NMERR_SUCCESS));
    if (at == NULL) {
        look(block);
        return;
    }
    expert->unseen = FALSE;
    kept = bytes < block->bytes ? bytes : block->bytes;
    HOLD(content_holds(at, kept, block->seed));
    HOLD(content_is_zero(at + kept, bytes - kept));
    if (expert == block->owner) { /* neither an allocation nor a free, moved or not */
        block->owner->bytes = block->owner->bytes - block->bytes + bytes;
        model_bytes = model_bytes - block->bytes + bytes;
        if (block->owner->bytes > block->owner->peak)
            block->owner->peak = block->owner->bytes;
    } else {
        expert_loses(block->owner, block->bytes);
        expert_gains(expert, bytes);
    }
    if (at != block->at)
        stale[draw(CONTRACT_COUNT(stale))] = block->at;
    *block = (struct model_block){at, bytes, content_random(&random_state), expert};
    content_fill(at, bytes, block->seed);
}

/* Also larger, a little smaller and larger again, in place or not. */
static void call_realloc(void)
{
    struct model_block *block = any_block();

    if (block == NULL)
        return;
    if (draw(3) != 0) {
        resize(draw(5) == 0 ? any_expert() : block->owner, block,
               draw(200) == 0 ? SIZE_MAX - draw(100000) : any_size());
        return;
    }
    for (unsigned times = draw(6) + 1; times > 0 && block->at != NULL; times--) {
        uint32_t by = (uint32_t)(block->bytes / 6) + 16;
        resize(block->owner, block, block->bytes + draw(by) - (block->bytes < by ? 0 : draw(by)));
    }
}

static void call_free(void)
{
    struct model_block *block = any_block();
    struct model_expert *expert = block == NULL || draw(5) == 0 ? any_expert() : block->owner;
    DWORD want;

    if (block == NULL || unsettled(expert, block))
        return;
    want = verdict(expert, block);
    look(block);
    HOLD(nm.free(expert->key, block->at) == want);
    if (want == NMERR_SUCCESS || want == NMERR_EXPERT_TERMINATE) {
        expert_loses(block->owner, block->bytes);
        stale[draw(CONTRACT_COUNT(stale))] = block->at;
        block->at = NULL;
    } else {
        HOLD(nm.size(block->owner->key, block->at) == block->bytes);
    }
}

static void call_size(void)
{
    struct model_block *block = any_block();
    struct model_expert *expert = any_expert();
    if (block == NULL)
        return;
    HOLD(nm.size(block->owner->key, block->at) == block->bytes);
    HOLD(nm.size(expert->key, block->at) == (expert == block->owner ? block->bytes : 0));
}

/* A pointer to no block: stale, interior, beside a block, wild. */
static void call_misuse(void)
{
    struct model_block *block = any_block();
    struct model_expert *expert = any_expert();
    DWORD want = expert->unseen ? NMERR_INVALID_EXPERT_HANDLE : NMERR_INVALID_PARAMETER;
    DWORD error = CONTRACT_UNSET;
    unsigned char *at = stale[draw(CONTRACT_COUNT(stale))];
    uint32_t kind = draw(4);

    if (kind == 1 && block != NULL && block->bytes > 1)
        at = block->at + 1 + draw((uint32_t)block->bytes - 1);
    else if (kind == 2)
        at = (unsigned char *)(ULONG_PTR)(content_random(&random_state) | 1);
    else if (kind == 3 && block != NULL)
        at = block->at - 1 - draw(15);
    if (at == NULL || expert->terminated)
        return;
    for (int b = 0; b < BLOCKS; b++)
        if (blocks[b].at == at)
            return;
    HOLD(nm.size(expert->key, at) == 0);
    HOLD(nm.free(expert->key, at) == want);
    HOLD(nm.realloc(expert->key, at, any_size(), &error) == NULL);
    HOLD(error == want);
}

static void call_transfer(void)
{
    struct model_block *block = any_block();
    struct model_expert *to = any_expert(), *from;
    DWORD want = NMERR_SUCCESS;

    if (block == NULL)
        return;
    from = draw(8) == 0 ? any_expert() : block->owner;
    if (from->unseen || to->unseen)
        want = NMERR_INVALID_EXPERT_HANDLE;
    else if (to->terminated)
        want = NMERR_EXPERT_TERMINATE;
    else if (from != block->owner)
        want = NMERR_ACCESS_DENIED;
    else if (from != to && over(to, 0, block->bytes))
        want = NMERR_OUT_OF_MEMORY;
    if ((from == to && from->terminated) || (want != NMERR_SUCCESS && from != block->owner &&
                                             (to->terminated || over(to, 0, block->bytes))))
        return; /* several errors at once: the contract does not say which one is returned */
    HOLD(nm.transfer(from->key, to->key, block->at) == want);
    look(block);
    if (want == NMERR_SUCCESS && from != to) {
        expert_loses(from, block->bytes);
        expert_gains(to, block->bytes);
        block->owner = to;
    }
    HOLD(nm.size(block->owner->key, block->at) == block->bytes);
}

static void reopen(struct model_expert *expert, uint32_t kind)
{
    HEXPERTKEY old = expert->key;
    memset(expert, 0, sizeof *expert);
    if (kind % 2 == 0) { /* an unaware host's expert: a new key, unknown until its first call */
        expert->key = contract_unknown_key();
        expert->unseen = TRUE;
    } else {
        NMAPI_EXPERT_OPTIONS how = {sizeof how, 0, kind % 4 == 1 ? 2u << 20 : 0};
        expert->key = old != NULL ? old : contract_unknown_key();
        expert->isolated = TRUE;
        expert->limit = how.MemoryLimit;
        HOLD(nm.open(expert->key, &how) == NMERR_SUCCESS);
    }
}

static void call_close(void)
{
    struct model_expert *expert = any_expert();
    NMAPI_EXPERT_USAGE usage;
    DWORD error = CONTRACT_UNSET;

    if (expert->unseen)
        return;
    usage.cbSize = sizeof usage;
    HOLD(nm.close(expert->key, &usage) == NMERR_SUCCESS);
    HOLD(usage.State == NMAPI_STATE_CLOSED);
    HOLD(usage.LiveBlocks == expert->blocks);
    HOLD(usage.LiveBytes == expert->bytes);
    HOLD(usage.PeakBytes == expert->peak);
    HOLD(usage.CommittedBytes == 0);
    model_bytes -= expert->bytes;
    for (int b = 0; b < BLOCKS; b++)
        if (blocks[b].at != NULL && blocks[b].owner == expert) {
            if (draw(10) == 0)
                stale[draw(CONTRACT_COUNT(stale))] = blocks[b].at;
            HOLD(nm.size(expert->key, blocks[b].at) == 0);
            HOLD(nm.free(expert->key, blocks[b].at) == NMERR_EXPERT_TERMINATE);
            blocks[b].at = NULL;
        }
    HOLD(nm.alloc(expert->key, 1, &error) == NULL && error == NMERR_EXPERT_TERMINATE);
    reopen(expert, (uint32_t)(expert - experts));
}

static void call_terminate(void)
{
    struct model_expert *expert = any_expert();
    if (!expert->unseen) {
        HOLD(nm.terminate(expert->key) == NMERR_SUCCESS);
        expert->terminated = TRUE;
    }
}

static void a_million_random_calls_agree_with_the_model(void **state)
{
    (void)state;
    random_state = contract_seed;
    for (uint32_t e = 0; e < EXPERTS; e++)
        reopen(&experts[e], e);
    for (step = 0; step < CALLS; step++) {
        uint32_t kind = draw(1000);
        if (kind < 420)
            call_alloc();
        else if (kind < 620)
            call_realloc();
        else if (kind < 900)
            call_free();
        else if (kind < 930)
            call_size();
        else if (kind < 960)
            call_misuse();
        else if (kind < 999)
            call_transfer();
        else if (draw(3) != 0)
            call_close();
        else
            call_terminate();
        query(&experts[step % EXPERTS]);
        if (step % LIST_EVERY == 0)
            list_all();
    }
    list_all();
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_random_calls_agree_with_the_model),
    };
    contract_load(argc, argv);
    printf("seed %lu\n", (unsigned long)contract_seed);
    fflush(stdout);
    return cmocka_run_group_tests_name("stress", tests, NULL, NULL) != 0;
}
