#include "world_private.h"

struct world_expert world_experts[WORLD_EXPERTS];
struct world_block world_blocks[WORLD_BLOCKS];
struct world_call world_under_way;
BOOL world_may_fail;
__thread int world_is_victim;
unsigned long world_step_at, world_steps;
DWORD world_longest;

HEXPERTKEY world_key(int expert)
{
    return (HEXPERTKEY)(ULONG_PTR)(0x10000 + 0x1230 * expert);
}

/* Contents. Of large blocks not every byte is looked at. */

static int is_sample(SIZE_T i, SIZE_T bytes)
{
    return i < 512 || i + 64 >= bytes || i % (bytes / 64 + 1) == 0;
}

static char pattern(int block, SIZE_T i)
{
    return (char)(block * 31 + (int)(i * 7) + 1);
}

static SIZE_T next_sample(SIZE_T i, SIZE_T bytes)
{
    SIZE_T stride = bytes / 64 + 1;

    if (is_sample(++i, bytes))
        return i;
    i += stride - i % stride;
    return i + 64 > bytes ? bytes - 64 : i;
}

void world_fill(int block)
{
    struct world_block *b = &world_blocks[block];

    for (SIZE_T i = 0; i < b->bytes; i = next_sample(i, b->bytes))
        b->at[i] = pattern(block, i);
}

void world_look(const char *at, int block, SIZE_T filled, SIZE_T bytes)
{
    for (SIZE_T i = 0; i < filled && i < bytes; i = next_sample(i, filled))
        CHECK(at[i] == pattern(block, i));
}

static void look_for_zeros(const char *at, SIZE_T from, SIZE_T bytes)
{
    SIZE_T stride = bytes - from < 65536 ? 1 : (bytes - from) / 64;

    for (SIZE_T i = from; i < bytes; i += stride) {
        if (at[i])
            dprintf(2, "byte %zu of %zu to %zu is not zero\n", i, from, bytes);
        CHECK(at[i] == 0);
    }
}

/* Calls */

static BOOL CALLBACK count_block(HEXPERTKEY expert, LPVOID memory, SIZE_T bytes, LPVOID context)
{
    (void)expert, (void)memory, (void)bytes;
    ++*(SIZE_T *)context;
    return TRUE;
}

static void run(void *argument)
{
    struct world_call *c = argument;
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    NMAPI_EXPERT_OPTIONS open = {.cbSize = sizeof open, .MemoryLimit = c->bytes};
    HEXPERTKEY k = world_key(c->expert);

    switch (c->op) {
    case OP_ALLOC:
        c->result = (SIZE_T)ExpertAllocMemory(k, c->bytes, &c->code);
        break;
    case OP_REALLOC:
        c->result = (SIZE_T)ExpertReallocMemory(k, c->memory, c->bytes, &c->code);
        break;
    case OP_FREE:
        c->code = ExpertFreeMemory(k, c->memory);
        break;
    case OP_SIZE:
        c->result = ExpertMemorySize(k, c->memory);
        break;
    case OP_OPEN:
        c->code = NmapiOpenExpert(k, &open);
        break;
    case OP_TERMINATE:
        c->code = NmapiTerminateExpert(k);
        break;
    case OP_CLOSE:
        c->code = NmapiCloseExpert(k, &usage);
        c->result = usage.LiveBlocks;
        break;
    case OP_QUERY:
        c->code = NmapiQueryExpert(k, &usage);
        break;
    case OP_ENUM:
        c->code = NmapiEnumMemory(k, count_block, &c->result);
        break;
    case OP_TRANSFER:
        c->code = NmapiTransferMemory(k, world_key(c->other), c->memory);
        break;
    case OP_THREAD_ENDS:
        DllMain(NULL, DLL_THREAD_DETACH, NULL);
        break;
    default:
        break;
    }
}

static void die(void *argument)
{
    (void)argument;
    TerminateThread(GetCurrentThread(), WORLD_DEATH);
}

void world_perform(struct world_call *call)
{
    DWORD since = GetTickCount(), took;

    if (!world_is_victim) {
        run(call);
    } else {
        world_under_way = *call;
        if (world_step_at) {
            unsigned long left = world_step_at - world_steps;
            if (world_step_at == ~0UL && world_steps < WORLD_TRACE)
                standin_step_trace(outcome->trace + world_steps, WORLD_TRACE - world_steps);
            world_steps += standin_step(run, call, left, die, NULL);
            standin_step_trace(NULL, 0);
        } else {
            run(call);
        }
        world_under_way.op = OP_NONE;
    }
    took = GetTickCount() - since;
    if (took > world_longest)
        world_longest = took;
}

/* Whether the call did what it does in a world where nothing fails. */
static int went_well(const struct world_call *call, DWORD expected)
{
    if (call->code == expected)
        return 1;
    if (!world_may_fail || call->code != NMERR_OUT_OF_MEMORY)
        dprintf(2, "operation %d of expert %d, %zu bytes: code %u, expected %u\n", call->op,
                call->expert, call->bytes, call->code, expected);
    CHECK(world_may_fail);
    CHECK(call->code == NMERR_OUT_OF_MEMORY);
    return 0;
}

int world_is(int expert, int state)
{
    return world_experts[expert].states == 1U << state;
}

/* What an expert function answers when all goes well. */
static DWORD expected(int expert)
{
    return world_is(expert, EXPERT_TERMINATED) || world_is(expert, EXPERT_CLOSED)
               ? NMERR_EXPERT_TERMINATE
               : NMERR_SUCCESS;
}

int world_new_block(char *at, SIZE_T bytes, int owner)
{
    for (int i = 0; i < WORLD_BLOCKS; i++) {
        if (world_blocks[i].at != at)
            continue;
        CHECK(world_blocks[i].may_be_gone);
        world_blocks[i].at = NULL;
    }
    for (int i = 0; i < WORLD_BLOCKS; i++) {
        if (world_blocks[i].at)
            continue;
        world_blocks[i] = (struct world_block){
            .at = at, .bytes = bytes, .also_bytes = bytes, .owner = owner, .also_owner = owner};
        world_fill(i);
        return i;
    }
    world_fail(__FILE__, __LINE__, "there is room for a block");
}

int world_alloc(int expert, SIZE_T bytes)
{
    struct world_call call = {.op = OP_ALLOC, .expert = expert, .block = -1, .bytes = bytes};

    world_perform(&call);
    if (world_experts[expert].states & 1U << EXPERT_NEVER || world_experts[expert].reclaimed)
        world_experts[expert].states =
            1U << EXPERT_OPEN | (call.code == NMERR_SUCCESS ? 0 : world_experts[expert].states);
    CHECK((call.result != 0) == (call.code == NMERR_SUCCESS));
    if (!went_well(&call, expected(expert)) || !call.result)
        return -1;
    look_for_zeros((char *)call.result, 0, bytes);
    return world_new_block((char *)call.result, bytes, expert);
}

void world_realloc(int expert, int block, SIZE_T bytes)
{
    struct world_call call = {.op = OP_REALLOC, .expert = expert, .block = block, .bytes = bytes};
    struct world_block *b;
    SIZE_T common;

    if (block < 0)
        return;
    b = &world_blocks[block];
    call.memory = b->at;
    world_perform(&call);
    CHECK((call.result != 0) == (call.code == NMERR_SUCCESS));
    if (world_experts[expert].states & 1U << EXPERT_NEVER)
        world_experts[expert].states =
            1U << EXPERT_OPEN | (call.code == NMERR_SUCCESS ? 0 : 1U << EXPERT_NEVER);
    if (!went_well(&call, expected(expert)) || !call.result)
        return;
    common = bytes < b->bytes ? bytes : b->bytes;
    world_look((char *)call.result, block, b->bytes, common);
    look_for_zeros((char *)call.result, common, bytes);
    b->at = (char *)call.result;
    b->bytes = b->also_bytes = bytes;
    b->owner = b->also_owner = expert;
    world_fill(block);
}

void world_free(int expert, int block)
{
    struct world_call call = {.op = OP_FREE, .expert = expert, .block = block};

    if (block < 0)
        return;
    call.memory = world_blocks[block].at;
    world_perform(&call);
    if (went_well(&call, expected(expert)) && !world_is(expert, EXPERT_CLOSED))
        world_blocks[block].at = NULL;
}

void world_size(int expert, int block)
{
    struct world_call call = {.op = OP_SIZE, .expert = expert, .block = block};

    if (block < 0)
        return;
    call.memory = world_blocks[block].at;
    world_perform(&call);
    CHECK(call.result == world_blocks[block].bytes || (world_may_fail && call.result == 0));
}

void world_open(int expert, SIZE_T limit)
{
    struct world_call call = {.op = OP_OPEN, .expert = expert, .bytes = limit};
    int open = world_is(expert, EXPERT_OPEN) || world_is(expert, EXPERT_TERMINATED);

    world_perform(&call);
    if (!went_well(&call, open ? NMERR_INVALID_EXPERT_HANDLE : NMERR_SUCCESS) || open)
        return;
    world_experts[expert] = (struct world_expert){.states = 1U << EXPERT_OPEN, .isolated = 1};
}

void world_terminate(int expert)
{
    struct world_call call = {.op = OP_TERMINATE, .expert = expert};

    world_perform(&call);
    if (world_experts[expert].states & 1U << EXPERT_NEVER) {
        CHECK(call.code == NMERR_INVALID_EXPERT_HANDLE || call.code == NMERR_SUCCESS);
        world_experts[expert].states = call.code ? 1U << EXPERT_NEVER : 1U << EXPERT_TERMINATED;
        return;
    }
    CHECK(call.code == (world_is(expert, EXPERT_CLOSED) ? NMERR_EXPERT_TERMINATE : NMERR_SUCCESS));
    if (!world_is(expert, EXPERT_CLOSED))
        world_experts[expert].states = 1U << EXPERT_TERMINATED;
}

void world_forget_blocks_of(int expert)
{
    for (int i = 0; i < WORLD_BLOCKS; i++)
        if (world_blocks[i].at && world_blocks[i].owner == expert)
            world_blocks[i].at = NULL;
}

void world_close(int expert)
{
    struct world_call call = {.op = OP_CLOSE, .expert = expert};

    world_perform(&call);
    if (world_experts[expert].states & 1U << EXPERT_NEVER &&
        call.code == NMERR_INVALID_EXPERT_HANDLE)
        return;
    if (!went_well(&call,
                   world_is(expert, EXPERT_CLOSED) ? NMERR_EXPERT_TERMINATE : NMERR_SUCCESS) ||
        world_is(expert, EXPERT_CLOSED))
        return;
    world_experts[expert] = (struct world_expert){.states = 1U << EXPERT_CLOSED};
    world_forget_blocks_of(expert);
}

void world_query(int expert)
{
    struct world_call call = {.op = OP_QUERY, .expert = expert};

    world_perform(&call);
    if (!(world_experts[expert].states & 1U << EXPERT_NEVER))
        went_well(&call, NMERR_SUCCESS);
}

void world_enum(int expert)
{
    struct world_call call = {.op = OP_ENUM, .expert = expert};
    SIZE_T count = 0;

    for (int i = 0; i < WORLD_BLOCKS; i++)
        count += world_blocks[i].at && world_blocks[i].owner == expert;
    world_perform(&call);
    if (!(world_experts[expert].states & 1U << EXPERT_NEVER) &&
        went_well(&call,
                  world_is(expert, EXPERT_CLOSED) ? NMERR_EXPERT_TERMINATE : NMERR_SUCCESS) &&
        !call.code)
        CHECK(call.result == count);
}

void world_transfer(int from, int to, int block)
{
    struct world_call call = {.op = OP_TRANSFER, .expert = from, .other = to, .block = block};

    if (block < 0)
        return;
    call.memory = world_blocks[block].at;
    world_perform(&call);
    if (world_experts[from].states & 1U << EXPERT_NEVER ||
        world_experts[to].states & 1U << EXPERT_NEVER)
        return;
    /* Who did not get it from `from` does not have it. */
    if (world_blocks[block].owner != from) {
        CHECK(call.code == NMERR_ACCESS_DENIED || call.code == NMERR_OUT_OF_MEMORY);
        return;
    }
    if (went_well(&call, NMERR_SUCCESS))
        world_blocks[block].owner = world_blocks[block].also_owner = to;
}

void world_reclaim(void)
{
    if (!options.reclaim_thread)
        return;
    for (int i = 0; i < WORLD_EXPERTS; i++) {
        if (!(world_experts[i].states & 1U << EXPERT_OPEN) || world_experts[i].isolated)
            continue;
        world_experts[i].states |= 1U << EXPERT_CLOSED;
        world_experts[i].reclaimed = 1;
    }
    for (int i = 0; i < WORLD_BLOCKS; i++)
        if (world_blocks[i].at && world_experts[world_blocks[i].owner].reclaimed)
            world_blocks[i].may_be_gone = 1;
}

void world_thread_ends(void)
{
    struct world_call call = {.op = OP_THREAD_ENDS};

    world_reclaim();
    world_perform(&call);
}
