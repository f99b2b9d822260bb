#include "ledger.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum call { NO_CALL, ALLOC, REALLOC, FREE, TRANSFER, OPEN, TERMINATE, CLOSE, LOOK };

struct block {
    char *at; /* NULL: not in use */
    SIZE_T bytes;
    int owner;
    unsigned seed;
    BOOL seen, may_be_gone;
};

struct request {
    enum call call;
    int expert, other, block;
    SIZE_T bytes;
    void *memory;
    SIZE_T result;
    DWORD code;
};

static struct block blocks[LEDGER_BLOCKS];
static DWORD states[LEDGER_EXPERTS]; /* NMAPI_STATE_..., 0: never opened */
static struct request under_way;     /* of a killed thread, until ledger_resolve */
static unsigned seeds;

char *ledger_context;
__thread ledger_way ledger_calls;

void ledger_fail(const char *file, int line, const char *condition)
{
    dprintf(2, "%s:%d: not so: %s [%s]\n", file, line, condition,
            ledger_context ? ledger_context : "");
    _exit(1);
}

HEXPERTKEY ledger_key(int expert)
{
    return (HEXPERTKEY)(ULONG_PTR)(0x20000 + 0x1230 * expert);
}

void ledger_clear(void)
{
    memset(blocks, 0, sizeof blocks);
    memset(states, 0, sizeof states);
    memset(&under_way, 0, sizeof under_way);
}

/* Contents */

static uint64_t pattern(unsigned seed, SIZE_T word)
{
    return (((uint64_t)seed << 32) + word + 1) * 0x9E3779B97F4A7C15U | 0x0101010101010101U;
}

/* Fills, or compares, the bytes from `from` on; returns how many bytes are as expected. */
static SIZE_T go_over(const struct block *b, SIZE_T from, SIZE_T to, BOOL fill)
{
    for (SIZE_T i = from, part; i < to; i += part) {
        uint64_t word = pattern(b->seed, i / 8), there = 0;
        char *bytes = (char *)&word + i % 8;
        part = 8 - i % 8 < to - i ? 8 - i % 8 : to - i;
        if (part == 8 && fill) {
            memcpy(b->at + i, &word, 8);
        } else if (part == 8) {
            memcpy(&there, b->at + i, 8);
            if (there != word)
                return i;
        } else if (fill) {
            memcpy(b->at + i, bytes, part);
        } else if (memcmp(b->at + i, bytes, part) != 0) {
            return i;
        }
    }
    return to;
}

static void must_be_whole(const struct block *b, SIZE_T bytes)
{
    SIZE_T good = go_over(b, 0, bytes, FALSE);

    if (good != bytes)
        dprintf(2, "expert %d's block of %zu bytes at %p: another content from byte %zu on\n",
                b->owner, b->bytes, (void *)b->at, good);
    LEDGER_MUST(good == bytes);
}

/* The first byte that is not zero; `to` if none. */
static SIZE_T first_of_old(const char *at, SIZE_T from, SIZE_T to)
{
    if (from >= to || (!at[from] && !memcmp(at + from, at + from + 1, to - from - 1)))
        return to;
    while (!at[from])
        from++;
    return from;
}

static void must_be_zero(const char *at, SIZE_T from, SIZE_T to)
{
    SIZE_T bad = first_of_old(at, from, to);

    if (from >= to || bad == to)
        return;
    dprintf(2, "bytes %zu to %zu at %p are not zero: old content at byte %zu\n", from, to,
            (const void *)at, bad);
    ledger_fail(__FILE__, __LINE__, "new memory is zero");
}

/* Whether a killed thread's call may have freed the block, though nobody has checked yet. */
static BOOL may_be_free(int block)
{
    const struct request *r = &under_way;

    return blocks[block].may_be_gone ||
           ((r->call == FREE || r->call == REALLOC) && r->block == block) ||
           (r->call == CLOSE && r->expert == blocks[block].owner);
}

static int note(char *at, SIZE_T bytes, int owner)
{
    for (int i = 0; i < LEDGER_BLOCKS; i++) {
        if (blocks[i].at != at)
            continue;
        LEDGER_MUST(may_be_free(i));
        blocks[i].at = NULL;
    }
    for (int i = 0; i < LEDGER_BLOCKS; i++) {
        if (blocks[i].at)
            continue;
        blocks[i] = (struct block){.at = at, .bytes = bytes, .owner = owner, .seed = ++seeds};
        go_over(&blocks[i], 0, bytes, TRUE);
        return i;
    }
    ledger_fail(__FILE__, __LINE__, "the ledger has room for a block");
}

static void forget_blocks_of(int expert)
{
    for (int i = 0; i < LEDGER_BLOCKS; i++)
        if (blocks[i].owner == expert)
            blocks[i].at = NULL;
}

/* Calls */

static BOOL CALLBACK count(HEXPERTKEY key, LPVOID memory, SIZE_T bytes, LPVOID context)
{
    (void)key, (void)memory, (void)bytes;
    ++*(SIZE_T *)context;
    return TRUE;
}

static void run(void *argument)
{
    struct request *r = argument;
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    HEXPERTKEY key = ledger_key(r->expert);

    switch (r->call) {
    case ALLOC:
        r->result = (SIZE_T)ExpertAllocMemory(key, r->bytes, &r->code);
        break;
    case REALLOC:
        r->result = (SIZE_T)ExpertReallocMemory(key, r->memory, r->bytes, &r->code);
        break;
    case FREE:
        r->code = ExpertFreeMemory(key, r->memory);
        break;
    case TRANSFER:
        r->code = NmapiTransferMemory(key, ledger_key(r->other), r->memory);
        break;
    case OPEN:
        r->code = NmapiOpenExpert(key, NULL);
        break;
    case TERMINATE:
        r->code = NmapiTerminateExpert(key);
        break;
    case CLOSE:
        r->code = NmapiCloseExpert(key, NULL);
        break;
    case LOOK:
        NmapiEnumMemory(key, count, &r->result);
        r->code = NmapiQueryExpert(key, &usage);
        break;
    default:
        break;
    }
}

static void make(struct request *r)
{
    r->memory = r->block == LEDGER_NONE ? NULL : blocks[r->block].at;
    if (!ledger_calls) {
        run(r);
        return;
    }
    under_way = *r;
    ledger_calls(run, r);
    under_way.call = NO_CALL;
}

/* What an expert's own call answers. */
static DWORD answer(int expert)
{
    return states[expert] >= NMAPI_STATE_TERMINATED ? NMERR_EXPERT_TERMINATE : NMERR_SUCCESS;
}

static void must_answer(const struct request *r, DWORD code)
{
    if (r->code != code)
        dprintf(2, "call %d of expert %d, %zu bytes at %p: code %u, expected %u\n", r->call,
                r->expert, r->bytes, r->memory, (unsigned)r->code, (unsigned)code);
    LEDGER_MUST(r->code == code);
}

int ledger_alloc(int expert, SIZE_T bytes)
{
    struct request r = {.call = ALLOC, .expert = expert, .block = LEDGER_NONE, .bytes = bytes};

    make(&r);
    must_answer(&r, answer(expert));
    LEDGER_MUST((r.result != 0) == (r.code == NMERR_SUCCESS));
    if (!r.result)
        return LEDGER_NONE;
    if (!states[expert])
        states[expert] = NMAPI_STATE_OPEN;
    LEDGER_MUST(ledger_calls || ExpertMemorySize(ledger_key(expert), (void *)r.result) == bytes);
    must_be_zero((char *)r.result, 0, bytes);
    return note((char *)r.result, bytes, expert);
}

void ledger_realloc(int expert, int block, SIZE_T bytes)
{
    struct request r = {.call = REALLOC, .expert = expert, .block = block, .bytes = bytes};
    struct block *b = &blocks[block < 0 ? 0 : block];
    SIZE_T common = bytes < b->bytes ? bytes : b->bytes;

    if (block == LEDGER_NONE)
        return;
    make(&r);
    must_answer(&r, answer(expert));
    if (r.code != NMERR_SUCCESS)
        return;
    LEDGER_MUST(ledger_calls || ExpertMemorySize(ledger_key(expert), (void *)r.result) == bytes);
    b->at = (char *)r.result;
    must_be_whole(b, common);
    must_be_zero(b->at, common, bytes);
    b->bytes = bytes;
    b->owner = expert;
    go_over(b, common, bytes, TRUE);
}

void ledger_free(int expert, int block)
{
    struct request r = {.call = FREE, .expert = expert, .block = block};

    if (block == LEDGER_NONE)
        return;
    make(&r);
    must_answer(&r, answer(expert));
    if (states[expert] != NMAPI_STATE_CLOSED)
        blocks[block].at = NULL;
}

void ledger_transfer(int from, int to, int block)
{
    struct request r = {.call = TRANSFER, .expert = from, .other = to, .block = block};

    if (block == LEDGER_NONE)
        return;
    make(&r);
    must_answer(&r, NMERR_SUCCESS);
    blocks[block].owner = to;
}

void ledger_open(int expert)
{
    struct request r = {.call = OPEN, .expert = expert, .block = LEDGER_NONE};

    make(&r);
    must_answer(&r, NMERR_SUCCESS);
    states[expert] = NMAPI_STATE_OPEN;
}

void ledger_terminate(int expert)
{
    struct request r = {.call = TERMINATE, .expert = expert, .block = LEDGER_NONE};

    make(&r);
    must_answer(&r, NMERR_SUCCESS);
    states[expert] = NMAPI_STATE_TERMINATED;
}

void ledger_close(int expert)
{
    struct request r = {.call = CLOSE, .expert = expert, .block = LEDGER_NONE};

    make(&r);
    must_answer(&r, NMERR_SUCCESS);
    states[expert] = NMAPI_STATE_CLOSED;
    forget_blocks_of(expert);
}

void ledger_look(int expert)
{
    struct request r = {.call = LOOK, .expert = expert, .block = LEDGER_NONE};

    make(&r);
    must_answer(&r, NMERR_SUCCESS);
    LEDGER_MUST(r.result == (SIZE_T)ledger_count(expert));
}

/* Comparison */

struct found {
    int expert, orphan; /* orphan: a block that a killed thread was about to get */
    BOOL whole;         /* it has the content of the block that it was to replace */
    SIZE_T count, bytes;
};

/* Whether a killed thread's call could have left the block in this state. */
static BOOL fits(int block, int expert, SIZE_T bytes)
{
    const struct block *b = &blocks[block];
    const struct request *r = &under_way;
    BOOL its = r->call != NO_CALL && r->block == block;

    return (bytes == b->bytes || (its && r->call == REALLOC && bytes == r->bytes)) &&
           (expert == b->owner || (its && r->call == TRANSFER && expert == r->other));
}

static BOOL CALLBACK find(HEXPERTKEY key, LPVOID memory, SIZE_T bytes, LPVOID context)
{
    struct found *found = context;
    const struct request *r = &under_way;

    (void)key;
    found->count++;
    found->bytes += bytes;
    for (int i = 0; i < LEDGER_BLOCKS; i++) {
        struct block *b = &blocks[i];
        SIZE_T common = bytes < b->bytes ? bytes : b->bytes;
        if (b->at != memory)
            continue;
        LEDGER_MUST(!b->seen && fits(i, found->expert, bytes));
        must_be_whole(b, common);
        must_be_zero(b->at, common, bytes);
        b->seen = TRUE;
        b->bytes = bytes;
        b->owner = found->expert;
        go_over(b, common, bytes, TRUE);
        return TRUE;
    }
    LEDGER_MUST((r->call == ALLOC || r->call == REALLOC) && r->expert == found->expert &&
                r->bytes == bytes && found->orphan == LEDGER_NONE);
    if (r->call == REALLOC) {
        struct block moved = blocks[r->block];
        SIZE_T common = bytes < moved.bytes ? bytes : moved.bytes;
        moved.at = memory;
        found->whole = go_over(&moved, 0, common, FALSE) == common &&
                       (bytes <= common || first_of_old(memory, common, bytes) == bytes);
    }
    found->orphan = note(memory, bytes, found->expert);
    blocks[found->orphan].seen = TRUE;
    return TRUE;
}

static BOOL may_be(int expert, DWORD state)
{
    const struct request *r = &under_way;

    if (state == states[expert])
        return TRUE;
    if (r->expert != expert)
        return FALSE;
    return (r->call == OPEN && state == NMAPI_STATE_OPEN) ||
           (r->call == TERMINATE && state == NMAPI_STATE_TERMINATED) ||
           (r->call == CLOSE && state == NMAPI_STATE_CLOSED) ||
           ((r->call == ALLOC || r->call == REALLOC) && !states[expert] &&
            state == NMAPI_STATE_OPEN);
}

static void compare(struct found *found)
{
    static const DWORD codes[] = {NMERR_INVALID_EXPERT_HANDLE, NMERR_SUCCESS, NMERR_SUCCESS,
                                  NMERR_EXPERT_TERMINATE};
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    HEXPERTKEY key = ledger_key(found->expert);
    DWORD code = NmapiEnumMemory(key, find, found);

    if (NmapiQueryExpert(key, &usage) != NMERR_SUCCESS)
        usage.State = 0;
    LEDGER_MUST(may_be(found->expert, usage.State) && code == codes[usage.State]);
    states[found->expert] = usage.State;
    if (code != NMERR_SUCCESS) {
        forget_blocks_of(found->expert);
        return;
    }
    LEDGER_MUST(usage.LiveBlocks == found->count && usage.LiveBytes == found->bytes);
}

void ledger_resolve(void)
{
    BOOL moved = FALSE;

    for (int x = 0; x < LEDGER_EXPERTS; x++) {
        struct found found = {.expert = x, .orphan = LEDGER_NONE};
        compare(&found);
        if (found.orphan != LEDGER_NONE && under_way.call == REALLOC)
            moved = found.whole || blocks[under_way.block].seen;
    }
    for (int i = 0; i < LEDGER_BLOCKS; i++) {
        struct block *b = &blocks[i];
        BOOL its = under_way.call != NO_CALL && under_way.block == i;
        if (b->at && !b->seen) {
            LEDGER_MUST(b->may_be_gone ||
                        (its && (under_way.call == FREE || (under_way.call == REALLOC && moved))));
            b->at = NULL;
        }
        b->seen = b->may_be_gone = FALSE;
        if (b->at)
            LEDGER_MUST(ExpertMemorySize(ledger_key(b->owner), b->at) == b->bytes);
    }
    under_way.call = NO_CALL;
}

void ledger_check(void)
{
    LEDGER_MUST(under_way.call == NO_CALL);
    ledger_resolve();
}

void ledger_close_unresolved(int expert)
{
    struct request *r = &under_way;
    BOOL its = r->call != NO_CALL && r->expert == expert;
    DWORD code = NmapiCloseExpert(ledger_key(expert), NULL);

    LEDGER_MUST(code == NMERR_SUCCESS ||
                (code == NMERR_EXPERT_TERMINATE &&
                 ((its && r->call == CLOSE) || states[expert] == NMAPI_STATE_CLOSED)) ||
                (code == NMERR_INVALID_EXPERT_HANDLE && !states[expert]));
    states[expert] = code == NMERR_INVALID_EXPERT_HANDLE ? 0 : NMAPI_STATE_CLOSED;
    if (r->call == TRANSFER && (its || r->other == expert)) {
        /* It belongs to the other expert, or was released with the closed one. */
        blocks[r->block].owner = its ? r->other : r->expert;
        blocks[r->block].may_be_gone = TRUE;
    } else if (its) {
        r->call = NO_CALL;
    }
    forget_blocks_of(expert);
}

int ledger_count(int expert)
{
    int count_of = 0;

    for (int i = ledger_first(expert); i != LEDGER_NONE; i = ledger_next(i))
        count_of++;
    return count_of;
}

static int next(int expert, int from)
{
    for (int i = from; i < LEDGER_BLOCKS; i++)
        if (blocks[i].at && blocks[i].owner == expert)
            return i;
    return LEDGER_NONE;
}

int ledger_first(int expert)
{
    return next(expert, 0);
}

int ledger_next(int block)
{
    return next(blocks[block].owner, block + 1);
}

char *ledger_address(int block)
{
    return blocks[block].at;
}

SIZE_T ledger_bytes(int block)
{
    return blocks[block].bytes;
}

BOOL ledger_is_certain(int block)
{
    return under_way.call == NO_CALL || under_way.block != block;
}

BOOL ledger_in_call(void)
{
    return under_way.call != NO_CALL;
}

BOOL ledger_is_open(int expert)
{
    return states[expert] == NMAPI_STATE_OPEN;
}
