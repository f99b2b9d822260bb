#include "scenario_private.h"

struct scenario_expert scenario_experts[SCENARIO_EXPERTS];
struct scenario_block scenario_blocks[SCENARIO_BLOCKS];
struct scenario_call scenario_under_way;
BOOL scenario_may_fail;
__thread int scenario_is_victim;
unsigned long scenario_step_at, scenario_steps;
DWORD scenario_longest;

HEXPERTKEY scenario_key(int expert)
{
    return (HEXPERTKEY)(ULONG_PTR)(0x10000 + 0x1230 * expert);
}

/* Contents. Large blocks are checked in part. */

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

void scenario_fill(int block)
{
    struct scenario_block *b = &scenario_blocks[block];

    for (SIZE_T i = 0; i < b->bytes; i = next_sample(i, b->bytes))
        b->at[i] = pattern(block, i);
}

void scenario_look(const char *at, int block, SIZE_T filled, SIZE_T bytes)
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
    struct scenario_call *c = argument;
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    NMAPI_EXPERT_OPTIONS open = {.cbSize = sizeof open, .MemoryLimit = c->bytes};
    HEXPERTKEY k = scenario_key(c->expert);

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
        c->code = NmapiTransferMemory(k, scenario_key(c->other), c->memory);
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
    TerminateThread(GetCurrentThread(), SCENARIO_DEATH);
}

void scenario_perform(struct scenario_call *call)
{
    DWORD since = GetTickCount(), took;

    if (!scenario_is_victim) {
        run(call);
    } else {
        scenario_under_way = *call;
        if (scenario_step_at) {
            unsigned long left = scenario_step_at - scenario_steps;
            if (scenario_step_at == ~0UL && scenario_steps < SCENARIO_TRACE)
                standin_step_trace(outcome->trace + scenario_steps,
                                   SCENARIO_TRACE - scenario_steps);
            scenario_steps += standin_step(run, call, left, die, NULL);
            standin_step_trace(NULL, 0);
        } else {
            run(call);
        }
        scenario_under_way.op = OP_NONE;
    }
    took = GetTickCount() - since;
    if (took > scenario_longest)
        scenario_longest = took;
}

/* Whether the call succeeded, as it does where nothing fails. */
static int went_well(const struct scenario_call *call, DWORD expected)
{
    if (call->code == expected)
        return 1;
    if (!scenario_may_fail || call->code != NMERR_OUT_OF_MEMORY)
        dprintf(2, "operation %d of expert %d, %zu bytes: code %u, expected %u\n", call->op,
                call->expert, call->bytes, call->code, expected);
    CHECK(scenario_may_fail);
    CHECK(call->code == NMERR_OUT_OF_MEMORY);
    return 0;
}

int scenario_is(int expert, int state)
{
    return scenario_experts[expert].states == 1U << state;
}

/* What an expert function returns on success. */
static DWORD expected(int expert)
{
    return scenario_is(expert, EXPERT_TERMINATED) || scenario_is(expert, EXPERT_CLOSED)
               ? NMERR_EXPERT_TERMINATE
               : NMERR_SUCCESS;
}

int scenario_new_block(char *at, SIZE_T bytes, int owner)
{
    for (int i = 0; i < SCENARIO_BLOCKS; i++) {
        if (scenario_blocks[i].at != at)
            continue;
        CHECK(scenario_blocks[i].may_be_gone);
        scenario_blocks[i].at = NULL;
    }
    for (int i = 0; i < SCENARIO_BLOCKS; i++) {
        if (scenario_blocks[i].at)
            continue;
        scenario_blocks[i] = (struct scenario_block){
            .at = at, .bytes = bytes, .also_bytes = bytes, .owner = owner, .also_owner = owner};
        scenario_fill(i);
        return i;
    }
    scenario_fail(__FILE__, __LINE__, "there is room for a block");
}

int scenario_alloc(int expert, SIZE_T bytes)
{
    struct scenario_call call = {.op = OP_ALLOC, .expert = expert, .block = -1, .bytes = bytes};

    scenario_perform(&call);
    if (scenario_experts[expert].states & 1U << EXPERT_NEVER || scenario_experts[expert].reclaimed)
        scenario_experts[expert].states =
            1U << EXPERT_OPEN | (call.code == NMERR_SUCCESS ? 0 : scenario_experts[expert].states);
    CHECK((call.result != 0) == (call.code == NMERR_SUCCESS));
    if (!went_well(&call, expected(expert)) || !call.result)
        return -1;
    look_for_zeros((char *)call.result, 0, bytes);
    return scenario_new_block((char *)call.result, bytes, expert);
}

void scenario_realloc(int expert, int block, SIZE_T bytes)
{
    struct scenario_call call = {
        .op = OP_REALLOC, .expert = expert, .block = block, .bytes = bytes};
    struct scenario_block *b;
    SIZE_T common;

    if (block < 0)
        return;
    b = &scenario_blocks[block];
    call.memory = b->at;
    scenario_perform(&call);
    CHECK((call.result != 0) == (call.code == NMERR_SUCCESS));
    if (scenario_experts[expert].states & 1U << EXPERT_NEVER)
        scenario_experts[expert].states =
            1U << EXPERT_OPEN | (call.code == NMERR_SUCCESS ? 0 : 1U << EXPERT_NEVER);
    if (!went_well(&call, expected(expert)) || !call.result)
        return;
    common = bytes < b->bytes ? bytes : b->bytes;
    scenario_look((char *)call.result, block, b->bytes, common);
    look_for_zeros((char *)call.result, common, bytes);
    b->at = (char *)call.result;
    b->bytes = b->also_bytes = bytes;
    b->owner = b->also_owner = expert;
    scenario_fill(block);
}

void scenario_free(int expert, int block)
{
    struct scenario_call call = {.op = OP_FREE, .expert = expert, .block = block};

    if (block < 0)
        return;
    call.memory = scenario_blocks[block].at;
    scenario_perform(&call);
    if (went_well(&call, expected(expert)) && !scenario_is(expert, EXPERT_CLOSED))
        scenario_blocks[block].at = NULL;
}

void scenario_size(int expert, int block)
{
    struct scenario_call call = {.op = OP_SIZE, .expert = expert, .block = block};

    if (block < 0)
        return;
    call.memory = scenario_blocks[block].at;
    scenario_perform(&call);
    CHECK(call.result == scenario_blocks[block].bytes || (scenario_may_fail && call.result == 0));
}

void scenario_open(int expert, SIZE_T limit)
{
    struct scenario_call call = {.op = OP_OPEN, .expert = expert, .bytes = limit};
    int open = scenario_is(expert, EXPERT_OPEN) || scenario_is(expert, EXPERT_TERMINATED);

    scenario_perform(&call);
    if (!went_well(&call, open ? NMERR_INVALID_EXPERT_HANDLE : NMERR_SUCCESS) || open)
        return;
    scenario_experts[expert] = (struct scenario_expert){.states = 1U << EXPERT_OPEN, .isolated = 1};
}

void scenario_terminate(int expert)
{
    struct scenario_call call = {.op = OP_TERMINATE, .expert = expert};

    scenario_perform(&call);
    if (scenario_experts[expert].states & 1U << EXPERT_NEVER) {
        CHECK(call.code == NMERR_INVALID_EXPERT_HANDLE || call.code == NMERR_SUCCESS);
        scenario_experts[expert].states = call.code ? 1U << EXPERT_NEVER : 1U << EXPERT_TERMINATED;
        return;
    }
    CHECK(call.code ==
          (scenario_is(expert, EXPERT_CLOSED) ? NMERR_EXPERT_TERMINATE : NMERR_SUCCESS));
    if (!scenario_is(expert, EXPERT_CLOSED))
        scenario_experts[expert].states = 1U << EXPERT_TERMINATED;
}

void scenario_forget_blocks_of(int expert)
{
    for (int i = 0; i < SCENARIO_BLOCKS; i++)
        if (scenario_blocks[i].at && scenario_blocks[i].owner == expert)
            scenario_blocks[i].at = NULL;
}

void scenario_close(int expert)
{
    struct scenario_call call = {.op = OP_CLOSE, .expert = expert};

    scenario_perform(&call);
    if (scenario_experts[expert].states & 1U << EXPERT_NEVER &&
        call.code == NMERR_INVALID_EXPERT_HANDLE)
        return;
    if (!went_well(&call,
                   scenario_is(expert, EXPERT_CLOSED) ? NMERR_EXPERT_TERMINATE : NMERR_SUCCESS) ||
        scenario_is(expert, EXPERT_CLOSED))
        return;
    scenario_experts[expert] = (struct scenario_expert){.states = 1U << EXPERT_CLOSED};
    scenario_forget_blocks_of(expert);
}

void scenario_query(int expert)
{
    struct scenario_call call = {.op = OP_QUERY, .expert = expert};

    scenario_perform(&call);
    if (!(scenario_experts[expert].states & 1U << EXPERT_NEVER))
        went_well(&call, NMERR_SUCCESS);
}

void scenario_enum(int expert)
{
    struct scenario_call call = {.op = OP_ENUM, .expert = expert};
    SIZE_T count = 0;

    for (int i = 0; i < SCENARIO_BLOCKS; i++)
        count += scenario_blocks[i].at && scenario_blocks[i].owner == expert;
    scenario_perform(&call);
    if (!(scenario_experts[expert].states & 1U << EXPERT_NEVER) &&
        went_well(&call,
                  scenario_is(expert, EXPERT_CLOSED) ? NMERR_EXPERT_TERMINATE : NMERR_SUCCESS) &&
        !call.code)
        CHECK(call.result == count);
}

void scenario_transfer(int from, int to, int block)
{
    struct scenario_call call = {.op = OP_TRANSFER, .expert = from, .other = to, .block = block};

    if (block < 0)
        return;
    call.memory = scenario_blocks[block].at;
    scenario_perform(&call);
    if (scenario_experts[from].states & 1U << EXPERT_NEVER ||
        scenario_experts[to].states & 1U << EXPERT_NEVER)
        return;
    /* An expert that did not get it from `from` does not have it. */
    if (scenario_blocks[block].owner != from) {
        CHECK(call.code == NMERR_ACCESS_DENIED || call.code == NMERR_OUT_OF_MEMORY);
        return;
    }
    if (went_well(&call, NMERR_SUCCESS))
        scenario_blocks[block].owner = scenario_blocks[block].also_owner = to;
}

void scenario_reclaim(void)
{
    if (!options.reclaim_thread)
        return;
    for (int i = 0; i < SCENARIO_EXPERTS; i++) {
        if (!(scenario_experts[i].states & 1U << EXPERT_OPEN) || scenario_experts[i].isolated)
            continue;
        scenario_experts[i].states |= 1U << EXPERT_CLOSED;
        scenario_experts[i].reclaimed = 1;
    }
    for (int i = 0; i < SCENARIO_BLOCKS; i++)
        if (scenario_blocks[i].at && scenario_experts[scenario_blocks[i].owner].reclaimed)
            scenario_blocks[i].may_be_gone = 1;
}

void scenario_thread_ends(void)
{
    struct scenario_call call = {.op = OP_THREAD_ENDS};

    scenario_reclaim();
    scenario_perform(&call);
}
