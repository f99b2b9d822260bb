#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "library.h"
#include "pattern.h"

#define UNSET 0xDEADU /* what pError points to beforehand */

struct model check_model;
uint64_t check_digest;
unsigned long check_calls;
int check_trace;

static const struct check_call *current; /* for the message of a failure */
static DWORD current_code, current_expected;
static uint32_t seeds;

static void say(const struct check_call *call)
{
    const struct model_call *c = &call->call;

    fprintf(stderr,
            "call %lu: operation %d, expert %d, other %d, block %p, %lu bytes, flawed %d, "
            "elsewhere %d, faults %d %u %lu %d: ",
            check_calls, (int)c->op, c->expert, c->other, c->memory, (unsigned long)c->bytes,
            c->flawed, call->elsewhere, call->faults, call->fault_kind, call->fault_at,
            call->fault_forever);
}

static void fail(int line, const char *what)
{
    if (current) {
        say(current);
        fprintf(stderr, "code %lu, expected %lu\n", (unsigned long)current_code,
                (unsigned long)current_expected);
    }
    fprintf(stderr, "check.c:%d: call %lu: not so: %s\n", line, check_calls, what);
    fflush(stderr);
    abort();
}

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail(__LINE__, #condition);                                                            \
    } while (0)

/* For functions that return NULL on success. */
#define CHECK_WELL(call)                                                                           \
    do {                                                                                           \
        const char *wrong_ = (call);                                                               \
        if (wrong_)                                                                                \
            fail(__LINE__, wrong_);                                                                \
    } while (0)

static void digest(uint64_t value)
{
    for (int i = 0; i < 4; i++, value >>= 16)
        check_digest = (check_digest ^ (value & 0xFFFF)) * 0x100000001B3ULL;
}

HEXPERTKEY check_key(int expert)
{
    static const ULONG_PTR odd[] = {1, (ULONG_PTR)-1, 0x10000};

    if (expert == MODEL_NOBODY)
        return NULL;
    return (HEXPERTKEY)(expert < 3 ? odd[expert] : 0x00C0FFE0U + 4U * (unsigned)expert);
}

static int number_of(HEXPERTKEY key)
{
    for (int i = 0; i < MODEL_EXPERTS; i++)
        if (check_key(i) == key)
            return i;
    return MODEL_NOBODY;
}

/* Usage */

static void check_usage(const struct model_expert *e, const NMAPI_EXPERT_USAGE *usage)
{
    CHECK(usage->cbSize == sizeof *usage);
    CHECK(usage->State == e->state);
    CHECK(usage->Flags == (e->implicit ? NMAPI_USAGE_IMPLICIT : 0U));
    CHECK(usage->Reserved == 0);
    CHECK(usage->MemoryLimit == e->limit);
    CHECK(usage->LiveBlocks == e->blocks);
    CHECK(usage->LiveBytes == e->bytes);
    CHECK(usage->PeakBytes == e->peak);
    CHECK(usage->Allocations == e->allocations);
    CHECK(usage->Frees == e->frees);
    CHECK(usage->Refused == e->refused);
    if (e->state == MODEL_CLOSED)
        CHECK(usage->CommittedBytes == 0);
    digest(usage->State);
    digest(usage->LiveBlocks);
    digest(usage->LiveBytes);
    digest(usage->PeakBytes);
    digest(usage->Allocations + (usage->Frees << 24) + (usage->Refused << 48));
}

static void check_expert(int number)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    DWORD code;

    if (number == MODEL_NOBODY)
        return;
    code = nm.query(check_key(number), &usage);
    if (check_model.experts[number].state == MODEL_NEVER) {
        CHECK(code == NMERR_INVALID_EXPERT_HANDLE);
        return;
    }
    CHECK(code == NMERR_SUCCESS);
    check_usage(&check_model.experts[number], &usage);
    CHECK_WELL(library_check_expert(check_key(number)));
}

/* A call failed for lack of memory: whether it opened its expert, and whether it was counted, is
   not defined. */
static void learn(const struct model_call *call)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    struct model_expert *e = &check_model.experts[call->expert];
    DWORD code = nm.query(check_key(call->expert), &usage);

    if (code == NMERR_SUCCESS && e->state == MODEL_NEVER && call->op <= MODEL_REALLOC)
        model_note_opened(&check_model, call->expert);
    if (code != NMERR_SUCCESS || call->op > MODEL_FREE)
        return;
    CHECK(usage.Refused - e->refused <= 1);
    e->refused = usage.Refused;
}

/* Enumerations */

struct found {
    const struct check_call *call;
    unsigned count;
    SIZE_T bytes;
    SIZE_T victim_bytes;
    unsigned victim_freed, victim_seen;
};

static BOOL CALLBACK see_expert(HEXPERTKEY key, LPVOID context)
{
    struct found *found = context;
    int number = number_of(key);

    CHECK(number != MODEL_NOBODY);
    CHECK(check_model.experts[number].state != MODEL_NEVER);
    CHECK(!check_model.experts[number].seen);
    check_model.experts[number].seen = 1;
    return ++found->count != found->call->stop_after;
}

static void free_victim(struct found *found)
{
    struct check_call freeing = {.call = {.op = MODEL_FREE,
                                          .expert = found->call->call.expert,
                                          .memory = found->call->victim}};
    const struct check_call *outer = current;

    found->victim_bytes = model_find(&check_model, found->call->victim)->bytes;
    found->victim_freed = 1;
    check(&freeing);
    current = outer;
}

/* Blocks are listed as they were at one moment, so this one is listed even if it is freed by
   then. */
static BOOL CALLBACK see_block(HEXPERTKEY key, LPVOID memory, SIZE_T bytes, LPVOID context)
{
    struct found *found = context;
    struct model_block *b = model_find(&check_model, memory);

    CHECK(key == check_key(found->call->call.expert));
    if (memory == found->call->victim && found->victim_freed) {
        CHECK(bytes == found->victim_bytes && !found->victim_seen);
        found->victim_seen = 1;
    } else {
        CHECK(b != NULL);
        CHECK(b->owner == found->call->call.expert && b->bytes == bytes && !b->seen);
        b->seen = 1;
        found->victim_seen |= memory == found->call->victim;
    }
    if (found->call->victim && !found->victim_freed)
        free_victim(found);
    found->count++;
    found->bytes += bytes;
    return found->count != found->call->stop_after;
}

static void check_found(const struct found *found)
{
    unsigned all = 0, stop = found->call->stop_after;
    int number = found->call->call.expert;

    if (found->call->call.op == MODEL_ENUM_MEMORY) {
        all = (unsigned)(check_model.experts[number].blocks + found->victim_freed);
        for (int i = 0; i < check_model.count; i++)
            check_model.blocks[i].seen = 0;
        digest(stop ? 0 : found->bytes);
    } else {
        for (int i = 0; i < MODEL_EXPERTS; i++) {
            all += check_model.experts[i].state != MODEL_NEVER;
            check_model.experts[i].seen = 0;
        }
    }
    CHECK(found->count == (stop && stop < all ? stop : all));
    digest(found->count);
}

/* Calls */

struct answer {
    const struct check_call *call;
    struct found found;
    DWORD code;
    void *block;
    SIZE_T size;
    NMAPI_EXPERT_USAGE usage;
};

static void make(struct answer *a)
{
    const struct model_call *c = &a->call->call;
    HEXPERTKEY key = check_key(c->expert);
    NMAPI_EXPERT_OPTIONS options = {sizeof options, 0, c->bytes};
    DWORD error = UNSET, *pointer = a->call->no_error ? NULL : &error;

    a->usage.cbSize = c->flawed ? 8 : sizeof a->usage;
    switch (c->op) {
    case MODEL_ALLOC:
        a->block = nm.alloc(key, c->bytes, pointer);
        a->code = error;
        break;
    case MODEL_REALLOC:
        a->block = nm.realloc(key, c->memory, c->bytes, pointer);
        a->code = error;
        break;
    case MODEL_FREE:
        a->code = nm.free(key, c->memory);
        break;
    case MODEL_SIZE:
        a->size = nm.size(key, c->memory);
        break;
    case MODEL_OPENS:
        options.Flags = (DWORD)(c->flawed & 2);
        options.cbSize = c->flawed & 1 ? 4 : sizeof options;
        a->code = nm.open(key, c->bytes || c->flawed ? &options : NULL);
        break;
    case MODEL_TERMINATES:
        a->code = nm.terminate(key);
        break;
    case MODEL_CLOSES:
        a->code = nm.close(key, a->call->no_error ? NULL : &a->usage);
        break;
    case MODEL_QUERY:
        a->code = nm.query(key, c->flawed & 2 ? NULL : &a->usage);
        break;
    case MODEL_ENUM_EXPERTS:
        a->code = nm.enum_experts(c->flawed ? NULL : see_expert, &a->found);
        break;
    case MODEL_ENUM_MEMORY:
        a->code = nm.enum_memory(key, c->flawed ? NULL : see_block, &a->found);
        break;
    case MODEL_TRANSFER:
        a->code = nm.transfer(key, check_key(c->other), c->memory);
        break;
    }
}

static DWORD WINAPI make_elsewhere(LPVOID answer)
{
    make(answer);
    return 0;
}

static void perform(struct answer *a)
{
    HANDLE thread;

    if (a->call->faults)
        library_fail(a->call->fault_kind, a->call->fault_at, a->call->fault_forever);
    if (a->call->elsewhere) {
        thread = CreateThread(NULL, 0, make_elsewhere, a, 0, NULL);
        CHECK(thread != NULL);
        CHECK(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0);
        CloseHandle(thread);
    } else {
        make(a);
    }
    if (a->call->faults)
        library_fail_never();
}

static void check_content(const struct model_call *c, const struct model_block *was, void *block)
{
    SIZE_T common = !was ? 0 : was->bytes < c->bytes ? was->bytes : c->bytes;
    struct model_block *b = model_find(&check_model, block);

    CHECK((ULONG_PTR)block % MEMORY_ALLOCATION_ALIGNMENT == 0);
    if (was)
        CHECK(pattern_holds(block, was->bytes, common, was->seed));
    CHECK(pattern_is_zero(block, common, c->bytes));
    check_write(b);
    CHECK(nm.size(check_key(c->expert), block) == c->bytes);
}

/* The codes that NMERR_OUT_OF_MEMORY may replace. */
static int may_lack_memory(enum model_op op)
{
    return op != MODEL_FREE && op != MODEL_SIZE && op != MODEL_TERMINATES && op != MODEL_QUERY &&
           op != MODEL_ENUM_EXPERTS;
}

static void *check_answer(const struct check_call *call, struct answer *a, DWORD expected)
{
    const struct model_call *c = &call->call;
    struct model_block *b =
        c->op == MODEL_ALLOC || c->op == MODEL_SIZE ? NULL : model_find(&check_model, c->memory);
    struct model_block was = {.owner = MODEL_NOBODY};
    int gives = c->op <= MODEL_REALLOC;

    if (b)
        was = *b;
    if (gives && call->no_error)
        a->code = a->block ? NMERR_SUCCESS : expected ? expected : NMERR_OUT_OF_MEMORY;
    current_code = a->code;
    if (a->code != expected &&
        !(call->faults && a->code == NMERR_OUT_OF_MEMORY && may_lack_memory(c->op)))
        fail(__LINE__, "the code is the expected one");
    if (gives)
        CHECK((a->block != NULL) == (a->code == NMERR_SUCCESS));
    if (call->faults && a->code == NMERR_OUT_OF_MEMORY)
        learn(c);
    else if (!model_note(&check_model, c, a->code, a->block))
        fail(__LINE__, "no block overlaps another");
    digest(a->code);
    if (a->block)
        check_content(c, b ? &was : NULL, a->block);
    else if (b && (b = model_find(&check_model, was.at)) != NULL)
        CHECK(pattern_holds(b->at, b->bytes, b->bytes, b->seed));
    if (was.owner != c->expert)
        check_expert(was.owner);
    return a->block;
}

void *check(const struct check_call *call)
{
    const struct model_call *c = &call->call;
    struct answer answer = {.call = call, .found = {.call = call}};
    DWORD expected = model_code(&check_model, c);
    SIZE_T size = c->op == MODEL_SIZE ? model_size(&check_model, c) : 0;
    struct model_block *b = c->op == MODEL_FREE ? model_find(&check_model, c->memory) : NULL;
    void *result = NULL;

    current = call;
    current_expected = expected;
    current_code = UNSET;
    check_calls++;
    if (b)
        CHECK(pattern_holds(b->at, b->bytes, b->bytes, b->seed));
    perform(&answer);
    current_expected = expected;
    if (c->op == MODEL_SIZE) {
        CHECK(answer.size == size);
        digest(answer.size);
    } else {
        result = check_answer(call, &answer, expected);
    }
    if (answer.code == NMERR_SUCCESS && (c->op == MODEL_QUERY || c->op == MODEL_CLOSES) &&
        !(c->op == MODEL_CLOSES && call->no_error))
        check_usage(&check_model.experts[c->expert], &answer.usage);
    if (answer.code == NMERR_SUCCESS && (c->op == MODEL_ENUM_MEMORY || c->op == MODEL_ENUM_EXPERTS))
        check_found(&answer.found);
    check_expert(c->expert);
    if (c->op == MODEL_TRANSFER)
        check_expert(c->other);
    if (check_trace) {
        say(call);
        fprintf(stderr, "code %lu, block %p\n", (unsigned long)answer.code, result);
    }
    current = NULL;
    return result;
}

void check_write(struct model_block *b)
{
    b->seed = ++seeds;
    pattern_fill(b->at, b->bytes, b->seed);
}

void check_all(void)
{
    for (int i = 0; i < check_model.count; i++) {
        const struct model_block *b = &check_model.blocks[i];
        CHECK(pattern_holds(b->at, b->bytes, b->bytes, b->seed));
    }
    for (int i = 0; i < MODEL_EXPERTS; i++)
        check_expert(i);
    CHECK_WELL(library_check_pages());
}

void check_begin(const char *options, SIZE_T limit, int strict)
{
    library_begin(options);
    model_begin(&check_model, limit, strict);
    seeds = 0;
    CHECK(nm.size(check_key(0), NULL) == 0); /* registers the thread */
}

void check_end(void)
{
    check_all();
    for (int i = 0; i < MODEL_EXPERTS; i++) {
        DWORD state = check_model.experts[i].state;
        struct check_call closing = {.call = {.op = MODEL_CLOSES, .expert = i}};
        if (state == MODEL_OPEN || state == MODEL_TERMINATED)
            check(&closing);
    }
    CHECK(check_model.count == 0);
    CHECK_WELL(library_check_closed());
    CHECK_WELL(library_end());
}
