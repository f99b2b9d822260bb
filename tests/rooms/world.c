#include "world.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_SECONDS = 5 };

struct known_expert {
    unsigned states; /* a bit for each EXPERT_... that it may be in */
    int isolated, reclaimed;
};

struct known_block {
    char *at; /* NULL: not in use */
    SIZE_T bytes, also_bytes;
    int owner, also_owner, may_be_gone, seen;
};

enum op {
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

struct call {
    enum op op;
    int expert, other, block;
    SIZE_T bytes;
    void *memory;
    DWORD code;
    SIZE_T result;
};

struct outcome *outcome;
BOOL world_may_fail, world_lets_go;
__thread int world_is_victim;
unsigned long world_step_at, world_steps;
DWORD world_longest;

static struct known_expert experts[WORLD_EXPERTS];
static struct known_block blocks[WORLD_BLOCKS];
static struct call under_way; /* the victim's; tells what is uncertain after its death */
static const struct scenario *scenario;
static struct standin_usage at_start;
static HANDLE threads[128];
static int thread_count;
static volatile LONG over, ready, looked_after;
static HANDLE conductor;
static HANDLE volatile victim; /* its thread, once it was begun */

extern void __gcov_dump(void) __attribute__((weak));

static HEXPERTKEY key(int expert)
{
    return (HEXPERTKEY)(ULONG_PTR)(0x10000 + 0x1230 * expert);
}

/* Child processes */

__attribute__((constructor)) static void share(void)
{
    outcome =
        mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static void leave(int status)
{
    if (__gcov_dump)
        __gcov_dump();
    _exit(status);
}

void world_fail(const char *file, int line, const char *condition)
{
    dprintf(2, "%s:%d: not so: %s [%s]\n", file, line, condition, outcome->context);
    leave(1);
    abort();
}

void world_context(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(outcome->context, sizeof outcome->context, format, arguments);
    va_end(arguments);
}

int world_is_slow(void)
{
#ifdef __SANITIZE_ADDRESS__
    return 1;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    return 1;
#endif
#endif
    return standin_under_tsan();
}

struct start {
    void (*body)(void *);
    void *argument;
};

static DWORD WINAPI conduct(LPVOID parameter)
{
    struct start *start = parameter;

    start->body(start->argument);
    leave(0);
    return 0;
}

/* Test frameworks catch signals, with a jump into the parent's stack. */
static void crash_as_usual(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], SIG_DFL);
}

/* The first thread is the host's: when the victim is gone it makes a call, as a host does, and so sets
   free whom the victim had suspended. */
static void look_after(void)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    DWORD code;

    while (!atomic_load(&victim) || !GetExitCodeThread(victim, &code) || code == STILL_ACTIVE)
        Sleep(1);
    standin_fail_never();
    for (int i = -1; world_lets_go && i < thread_count; i++)
        while ((LONG)ResumeThread(i < 0 ? conductor : threads[i]) > 0)
            ;
    NmapiQueryExpert(key(0), &usage);
    atomic_store(&looked_after, 1);
    for (;;)
        pause();
}

/* The stand-in knows the first thread by the id that it has in the parent: it can't be suspended here. */
BOOL world_child(void (*body)(void *), void *argument)
{
    struct start start = {body, argument};
    int status = 0;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        alarm(CHILD_SECONDS * (world_is_slow() ? 4 : 1));
        crash_as_usual();
        conductor = CreateThread(NULL, 0, conduct, &start, 0, NULL);
        look_after();
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return FALSE;
    if (WIFSIGNALED(status))
        fprintf(stderr, "ended by signal %d [%s]\n", WTERMSIG(status), outcome->context);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
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

static void fill(int block)
{
    struct known_block *b = &blocks[block];

    for (SIZE_T i = 0; i < b->bytes; i = next_sample(i, b->bytes))
        b->at[i] = pattern(block, i);
}

static void look(const char *at, int block, SIZE_T filled, SIZE_T bytes)
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
    struct call *c = argument;
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    NMAPI_EXPERT_OPTIONS open = {.cbSize = sizeof open, .MemoryLimit = c->bytes};
    HEXPERTKEY k = key(c->expert);

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
        c->code = NmapiTransferMemory(k, key(c->other), c->memory);
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

static void perform(struct call *call)
{
    DWORD since = GetTickCount(), took;

    if (!world_is_victim) {
        run(call);
    } else {
        under_way = *call;
        if (world_step_at) {
            unsigned long left = world_step_at - world_steps;
            world_steps += standin_step(run, call, left, die, NULL);
        } else {
            run(call);
        }
        under_way.op = OP_NONE;
    }
    took = GetTickCount() - since;
    if (took > world_longest)
        world_longest = took;
}

/* Whether the call did what it does in a world where nothing fails. */
static int went_well(const struct call *call, DWORD expected)
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

static int is(int expert, int state)
{
    return experts[expert].states == 1U << state;
}

/* What an expert function answers when all goes well. */
static DWORD expected(int expert)
{
    return is(expert, EXPERT_TERMINATED) || is(expert, EXPERT_CLOSED) ? NMERR_EXPERT_TERMINATE
                                                                      : NMERR_SUCCESS;
}

static int new_block(char *at, SIZE_T bytes, int owner)
{
    for (int i = 0; i < WORLD_BLOCKS; i++) {
        if (blocks[i].at != at)
            continue;
        CHECK(blocks[i].may_be_gone);
        blocks[i].at = NULL;
    }
    for (int i = 0; i < WORLD_BLOCKS; i++) {
        if (blocks[i].at)
            continue;
        blocks[i] = (struct known_block){
            .at = at, .bytes = bytes, .also_bytes = bytes, .owner = owner, .also_owner = owner};
        fill(i);
        return i;
    }
    world_fail(__FILE__, __LINE__, "there is room for a block");
}

int world_alloc(int expert, SIZE_T bytes)
{
    struct call call = {.op = OP_ALLOC, .expert = expert, .block = -1, .bytes = bytes};

    perform(&call);
    if (experts[expert].states & 1U << EXPERT_NEVER || experts[expert].reclaimed)
        experts[expert].states =
            1U << EXPERT_OPEN | (call.code == NMERR_SUCCESS ? 0 : experts[expert].states);
    CHECK((call.result != 0) == (call.code == NMERR_SUCCESS));
    if (!went_well(&call, expected(expert)) || !call.result)
        return -1;
    look_for_zeros((char *)call.result, 0, bytes);
    return new_block((char *)call.result, bytes, expert);
}

void world_realloc(int expert, int block, SIZE_T bytes)
{
    struct call call = {.op = OP_REALLOC, .expert = expert, .block = block, .bytes = bytes};
    struct known_block *b;
    SIZE_T common;

    if (block < 0)
        return;
    b = &blocks[block];
    call.memory = b->at;
    perform(&call);
    CHECK((call.result != 0) == (call.code == NMERR_SUCCESS));
    if (experts[expert].states & 1U << EXPERT_NEVER)
        experts[expert].states =
            1U << EXPERT_OPEN | (call.code == NMERR_SUCCESS ? 0 : 1U << EXPERT_NEVER);
    if (!went_well(&call, expected(expert)) || !call.result)
        return;
    common = bytes < b->bytes ? bytes : b->bytes;
    look((char *)call.result, block, b->bytes, common);
    look_for_zeros((char *)call.result, common, bytes);
    b->at = (char *)call.result;
    b->bytes = b->also_bytes = bytes;
    b->owner = b->also_owner = expert;
    fill(block);
}

void world_free(int expert, int block)
{
    struct call call = {.op = OP_FREE, .expert = expert, .block = block};

    if (block < 0)
        return;
    call.memory = blocks[block].at;
    perform(&call);
    if (went_well(&call, expected(expert)) && !is(expert, EXPERT_CLOSED))
        blocks[block].at = NULL;
}

void world_size(int expert, int block)
{
    struct call call = {.op = OP_SIZE, .expert = expert, .block = block};

    if (block < 0)
        return;
    call.memory = blocks[block].at;
    perform(&call);
    CHECK(call.result == blocks[block].bytes || (world_may_fail && call.result == 0));
}

void world_open(int expert, SIZE_T limit)
{
    struct call call = {.op = OP_OPEN, .expert = expert, .bytes = limit};
    int open = is(expert, EXPERT_OPEN) || is(expert, EXPERT_TERMINATED);

    perform(&call);
    if (!went_well(&call, open ? NMERR_INVALID_EXPERT_HANDLE : NMERR_SUCCESS) || open)
        return;
    experts[expert] = (struct known_expert){.states = 1U << EXPERT_OPEN, .isolated = 1};
}

void world_terminate(int expert)
{
    struct call call = {.op = OP_TERMINATE, .expert = expert};

    perform(&call);
    if (experts[expert].states & 1U << EXPERT_NEVER) {
        CHECK(call.code == NMERR_INVALID_EXPERT_HANDLE || call.code == NMERR_SUCCESS);
        experts[expert].states = call.code ? 1U << EXPERT_NEVER : 1U << EXPERT_TERMINATED;
        return;
    }
    CHECK(call.code == (is(expert, EXPERT_CLOSED) ? NMERR_EXPERT_TERMINATE : NMERR_SUCCESS));
    if (!is(expert, EXPERT_CLOSED))
        experts[expert].states = 1U << EXPERT_TERMINATED;
}

static void forget_blocks_of(int expert)
{
    for (int i = 0; i < WORLD_BLOCKS; i++)
        if (blocks[i].at && blocks[i].owner == expert)
            blocks[i].at = NULL;
}

void world_close(int expert)
{
    struct call call = {.op = OP_CLOSE, .expert = expert};

    perform(&call);
    if (experts[expert].states & 1U << EXPERT_NEVER && call.code == NMERR_INVALID_EXPERT_HANDLE)
        return;
    if (!went_well(&call, is(expert, EXPERT_CLOSED) ? NMERR_EXPERT_TERMINATE : NMERR_SUCCESS) ||
        is(expert, EXPERT_CLOSED))
        return;
    experts[expert] = (struct known_expert){.states = 1U << EXPERT_CLOSED};
    forget_blocks_of(expert);
}

void world_query(int expert)
{
    struct call call = {.op = OP_QUERY, .expert = expert};

    perform(&call);
    if (!(experts[expert].states & 1U << EXPERT_NEVER))
        went_well(&call, NMERR_SUCCESS);
}

void world_enum(int expert)
{
    struct call call = {.op = OP_ENUM, .expert = expert};
    SIZE_T count = 0;

    for (int i = 0; i < WORLD_BLOCKS; i++)
        count += blocks[i].at && blocks[i].owner == expert;
    perform(&call);
    if (!(experts[expert].states & 1U << EXPERT_NEVER) &&
        went_well(&call, is(expert, EXPERT_CLOSED) ? NMERR_EXPERT_TERMINATE : NMERR_SUCCESS) &&
        !call.code)
        CHECK(call.result == count);
}

void world_transfer(int from, int to, int block)
{
    struct call call = {.op = OP_TRANSFER, .expert = from, .other = to, .block = block};

    if (block < 0)
        return;
    call.memory = blocks[block].at;
    perform(&call);
    if (experts[from].states & 1U << EXPERT_NEVER || experts[to].states & 1U << EXPERT_NEVER)
        return;
    /* Who did not get it from `from` does not have it. */
    if (blocks[block].owner != from) {
        CHECK(call.code == NMERR_ACCESS_DENIED || call.code == NMERR_OUT_OF_MEMORY);
        return;
    }
    if (went_well(&call, NMERR_SUCCESS))
        blocks[block].owner = blocks[block].also_owner = to;
}

/* With `reclaim=thread` the end of a thread, or the next look at it, closes some experts. */
static void reclaim(void)
{
    if (!options.reclaim_thread)
        return;
    for (int i = 0; i < WORLD_EXPERTS; i++) {
        if (!(experts[i].states & 1U << EXPERT_OPEN) || experts[i].isolated)
            continue;
        experts[i].states |= 1U << EXPERT_CLOSED;
        experts[i].reclaimed = 1;
    }
    for (int i = 0; i < WORLD_BLOCKS; i++)
        if (blocks[i].at && experts[blocks[i].owner].reclaimed)
            blocks[i].may_be_gone = 1;
}

void world_thread_ends(void)
{
    struct call call = {.op = OP_THREAD_ENDS};

    reclaim();
    perform(&call);
}

/* Threads */

static DWORD WINAPI thread_main(LPVOID parameter)
{
    void (*part)(void);

    memcpy(&part, parameter, sizeof part);
    part();
    atomic_add(&ready, 1);
    while (!atomic_load(&over))
        Sleep(1);
    return 0;
}

HANDLE world_thread(void (*part)(void))
{
    LONG before = atomic_load(&ready);
    HANDLE thread = CreateThread(NULL, 0, thread_main, &part, 0, NULL);

    threads[thread_count++] = thread;
    while (atomic_load(&ready) == before)
        Sleep(0);
    return thread;
}

void world_kill(HANDLE thread)
{
    TerminateThread(thread, 1);
    WaitForSingleObject(thread, INFINITE);
}

/* The stage */

void world_begin(const struct scenario *s)
{
    scenario = s;
    for (int i = 0; i < WORLD_EXPERTS; i++)
        experts[i].states = 1U << EXPERT_NEVER;
    standin_get_usage(&at_start);
    SetEnvironmentVariableA("NMAPI_OPTIONS", s->options);
    DllMain(NULL, DLL_PROCESS_ATTACH, NULL);
    standin_set_dllmain(DllMain);
    if (s->before)
        s->before();
}

static DWORD WINAPI victim_main(LPVOID parameter)
{
    void (*prepare)(void);

    memcpy(&prepare, parameter, sizeof prepare);
    world_is_victim = 1;
    prepare();
    scenario->act();
    return 0;
}

BOOL world_act(void (*prepare)(void))
{
    HANDLE thread = CreateThread(NULL, 0, victim_main, &prepare, CREATE_SUSPENDED, NULL);
    DWORD code = 0;

    threads[thread_count++] = thread;
    atomic_store(&victim, thread); /* known before it can suspend us */
    ResumeThread(thread);
    while (!atomic_load(&looked_after))
        Sleep(0);
    GetExitCodeThread(thread, &code);
    world_longest = 0;
    return code == WORLD_DEATH;
}

/* What the victim's death leaves open. */
static void doubt(void)
{
    struct known_block *b = under_way.block < 0 ? NULL : &blocks[under_way.block];
    struct known_expert *e = &experts[under_way.expert];

    switch (under_way.op) {
    case OP_ALLOC:
    case OP_REALLOC:
        if (e->states & 1U << EXPERT_NEVER)
            e->states |= 1U << EXPERT_OPEN;
        if (under_way.op == OP_ALLOC)
            break;
        b->also_bytes = under_way.bytes;
        b->may_be_gone = 1;
        break;
    case OP_FREE:
        b->may_be_gone = 1;
        break;
    case OP_TRANSFER:
        b->also_owner = under_way.other;
        break;
    case OP_CLOSE:
        e->states |= 1U << EXPERT_CLOSED;
        break;
    case OP_TERMINATE:
        e->states |= 1U << EXPERT_TERMINATED;
        break;
    case OP_OPEN:
        e->states |= 1U << EXPERT_OPEN;
        e->isolated = 1; /* as good as */
        break;
    default:
        break;
    }
}

struct found {
    int expert;
    SIZE_T count, bytes;
};

static BOOL CALLBACK match(HEXPERTKEY expert, LPVOID memory, SIZE_T bytes, LPVOID context)
{
    struct found *found = context;
    int made = under_way.op == OP_ALLOC || under_way.op == OP_REALLOC;

    (void)expert;
    found->count++;
    found->bytes += bytes;
    for (int i = 0; i < WORLD_BLOCKS; i++) {
        struct known_block *b = &blocks[i];
        int anew = b->may_be_gone && made && under_way.block != i &&
                   under_way.expert == found->expert && under_way.bytes == bytes;
        if (b->at != memory || anew)
            continue;
        CHECK(!b->seen);
        CHECK(bytes == b->bytes || bytes == b->also_bytes);
        CHECK(found->expert == b->owner || found->expert == b->also_owner);
        look(memory, i, b->bytes, bytes);
        b->bytes = b->also_bytes = bytes;
        b->owner = b->also_owner = found->expert;
        b->seen = 1;
        fill(i);
        return TRUE;
    }
    /* Only what the victim was about to get may be there besides. */
    CHECK(made && under_way.expert == found->expert && under_way.bytes == bytes);
    under_way.op = OP_NONE;
    blocks[new_block(memory, bytes, found->expert)].seen = 1;
    return TRUE;
}

static void verify_expert(int x)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    struct found found = {x, 0, 0};
    DWORD code, state, since = GetTickCount();
    struct expert *e;

    code = NmapiEnumMemory(key(x), match, &found);
    state = NmapiQueryExpert(key(x), &usage) == NMERR_SUCCESS ? usage.State : EXPERT_NEVER;
    if (GetTickCount() - since > world_longest)
        world_longest = GetTickCount() - since;
    CHECK(experts[x].states & 1U << state);
    CHECK(code == (state == EXPERT_NEVER    ? NMERR_INVALID_EXPERT_HANDLE
                   : state == EXPERT_CLOSED ? NMERR_EXPERT_TERMINATE
                                            : NMERR_SUCCESS));
    experts[x].states = 1U << state;
    if (state == EXPERT_CLOSED) {
        forget_blocks_of(x);
        return;
    }
    CHECK(usage.LiveBlocks == found.count || state == EXPERT_NEVER);
    CHECK(usage.LiveBytes == found.bytes || state == EXPERT_NEVER);
    e = table_find(key(x));
    CHECK(!e || !e->heap || heap_is_valid(thread_self(), e->heap));
}

void world_verify(void)
{
    doubt();
    reclaim();
    for (int x = 0; x < WORLD_EXPERTS; x++)
        verify_expert(x);
    for (int i = 0; i < WORLD_BLOCKS; i++) {
        struct known_block *b = &blocks[i];
        if (b->at && !b->seen) {
            CHECK(b->may_be_gone);
            b->at = NULL;
        }
        b->seen = b->may_be_gone = 0;
        if (b->at)
            CHECK(ExpertMemorySize(key(b->owner), b->at) == b->bytes);
    }
    under_way.op = OP_NONE;
    CHECK(chunk_is_valid(thread_self()));
}

void world_works(void)
{
    static const SIZE_T sizes[] = {0, 24, 700, 5000, 50000};

    for (int x = 0; x < WORLD_EXPERTS; x++) {
        int got[5];
        int stops = is(x, EXPERT_TERMINATED) || (is(x, EXPERT_CLOSED) && !experts[x].reclaimed);
        if (is(x, EXPERT_NEVER) && x != WORLD_EXPERTS - 1)
            continue;
        for (int i = 0; i < 5; i++) {
            got[i] = world_alloc(x, sizes[i]);
            CHECK(stops == (got[i] < 0));
            world_realloc(x, got[i], sizes[i] + 900);
        }
        for (int i = 0; i < 5; i++)
            world_free(x, got[i]);
    }
}

void world_end(unsigned long lost)
{
    struct standin_usage now;
    SIZE_T left;

    atomic_store(&over, 1);
    for (int i = 0; i < thread_count; i++) {
        WaitForSingleObject(threads[i], INFINITE);
        CloseHandle(threads[i]);
    }
    for (int x = 0; x < WORLD_EXPERTS; x++) {
        if (is(x, EXPERT_NEVER))
            continue;
        if (!is(x, EXPERT_CLOSED) && options.reclaim_thread)
            experts[x].states |= 1U << EXPERT_CLOSED; /* its threads ended just now */
        if (experts[x].states & (experts[x].states - 1)) {
            struct call call = {.op = OP_CLOSE, .expert = x};
            perform(&call);
            CHECK(call.code == NMERR_SUCCESS || call.code == NMERR_EXPERT_TERMINATE);
        } else {
            world_close(x);
        }
    }
    CHECK(chunk_is_valid(thread_self()));
    standin_set_dllmain(NULL);
    DllMain(NULL, DLL_PROCESS_DETACH, NULL);
    standin_get_usage(&now);
    left = now.reservations - at_start.reservations + now.handles - at_start.handles +
           now.tls_indexes - at_start.tls_indexes;
    if (left > lost)
        dprintf(2, "left: %zu reservations, %zu bytes, %zu committed, %zu handles, %zu TLS\n",
                now.reservations - at_start.reservations, now.reserved - at_start.reserved,
                now.committed - at_start.committed, now.handles - at_start.handles,
                now.tls_indexes - at_start.tls_indexes);
    CHECK(left <= lost);
    CHECK(left || (now.reserved == at_start.reserved && now.committed == at_start.committed));
}
