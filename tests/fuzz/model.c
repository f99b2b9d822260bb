#include "model.h"

#include <string.h>

void model_begin(struct model *m, SIZE_T limit, int strict)
{
    memset(m->experts, 0, sizeof m->experts);
    m->limit = limit;
    m->strict = strict;
    m->count = 0;
    m->bytes = 0;
}

/* Blocks by address */

static int place(const struct model *m, const void *address)
{
    int low = 0, high = m->count;

    while (low < high) {
        int middle = (low + high) / 2;
        if ((ULONG_PTR)m->blocks[m->order[middle]].at < (ULONG_PTR)address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct model_block *model_find(struct model *m, const void *address)
{
    int at = place(m, address);

    if (at == m->count || m->blocks[m->order[at]].at != address)
        return NULL;
    return &m->blocks[m->order[at]];
}

static int overlaps(const struct model_block *a, const struct model_block *b)
{
    /* A block of size 0 has an address of its own. */
    return (ULONG_PTR)a->at < (ULONG_PTR)b->at + (b->bytes ? b->bytes : 1) &&
           (ULONG_PTR)b->at < (ULONG_PTR)a->at + (a->bytes ? a->bytes : 1);
}

static int add_block(struct model *m, int owner, void *address, SIZE_T bytes)
{
    int at = place(m, address);
    struct model_block *b = &m->blocks[m->count];

    *b = (struct model_block){.at = address, .bytes = bytes, .owner = owner};
    if ((at > 0 && overlaps(b, &m->blocks[m->order[at - 1]])) ||
        (at < m->count && overlaps(b, &m->blocks[m->order[at]])))
        return 0;
    memmove(&m->order[at + 1], &m->order[at], (size_t)(m->count - at) * sizeof *m->order);
    m->order[at] = m->count++;
    m->bytes += bytes;
    return 1;
}

static void remove_block(struct model *m, struct model_block *b)
{
    int at = place(m, b->at), last = m->count - 1;

    m->bytes -= b->bytes;
    m->order[place(m, m->blocks[last].at)] = (int)(b - m->blocks);
    memmove(&m->order[at], &m->order[at + 1], (size_t)(last - at) * sizeof *m->order);
    *b = m->blocks[last];
    m->count = last;
}

/* Experts */

static struct model_expert *expert(struct model *m, int number)
{
    return number == MODEL_NOBODY ? NULL : &m->experts[number];
}

static void open_expert(struct model *m, struct model_expert *e, SIZE_T limit, int implicit)
{
    if (!limit)
        limit = m->limit;
    if (limit == (SIZE_T)-1) /* as if there were none */
        limit = 0;
    *e = (struct model_expert){.state = MODEL_OPEN, .implicit = implicit, .limit = limit};
}

void model_note_opened(struct model *m, int number)
{
    open_expert(m, expert(m, number), 0, 1);
}

/* Implicit experts may use each other's blocks. */
static int is_implicit(const struct model *m, const struct model_expert *e)
{
    return e->state == MODEL_NEVER ? !m->strict : e->implicit;
}

static int is_legacy(const struct model *m, const struct model_block *b)
{
    return b && m->experts[b->owner].implicit;
}

static int may_use(const struct model *m, int number, const struct model_block *b)
{
    return b->owner == number || (is_legacy(m, b) && is_implicit(m, &m->experts[number]));
}

static int fits(const struct model *m, const struct model_expert *e, SIZE_T more)
{
    SIZE_T limit = e->state == MODEL_NEVER ? m->limit : e->limit;

    return more < MODEL_ABSURD && (!limit || (more <= limit && e->bytes <= limit - more));
}

static DWORD code_of_state(const struct model *m, const struct model_expert *e, int may_open)
{
    if (!e)
        return NMERR_INVALID_EXPERT_HANDLE;
    if (e->state == MODEL_NEVER)
        return may_open && !m->strict ? NMERR_SUCCESS : NMERR_INVALID_EXPERT_HANDLE;
    return e->state == MODEL_OPEN ? NMERR_SUCCESS : NMERR_EXPERT_TERMINATE;
}

/* Codes */

static DWORD code_of_alloc(struct model *m, const struct model_call *call)
{
    struct model_expert *e = expert(m, call->expert);
    DWORD code = code_of_state(m, e, 1);

    if (code != NMERR_SUCCESS)
        return code;
    return fits(m, e, call->bytes) ? NMERR_SUCCESS : NMERR_OUT_OF_MEMORY;
}

static DWORD code_of_realloc(struct model *m, const struct model_call *call)
{
    struct model_expert *e = expert(m, call->expert);
    struct model_block *b = model_find(m, call->memory);
    DWORD code = code_of_state(m, e, is_legacy(m, b));
    SIZE_T had;

    if (code != NMERR_SUCCESS)
        return code;
    if (!b)
        return NMERR_INVALID_PARAMETER;
    if (!may_use(m, call->expert, b))
        return NMERR_ACCESS_DENIED;
    had = b->owner == call->expert ? b->bytes : 0;
    if (call->bytes <= had)
        return NMERR_SUCCESS;
    return fits(m, e, call->bytes - had) ? NMERR_SUCCESS : NMERR_OUT_OF_MEMORY;
}

static DWORD code_of_free(struct model *m, const struct model_call *call)
{
    struct model_expert *e = expert(m, call->expert);
    struct model_block *b = model_find(m, call->memory);
    DWORD code;

    if (e && !call->memory)
        return NMERR_SUCCESS;
    code = code_of_state(m, e, is_legacy(m, b));
    if (code != NMERR_SUCCESS)
        return code;
    if (!b)
        return NMERR_INVALID_PARAMETER;
    return may_use(m, call->expert, b) ? NMERR_SUCCESS : NMERR_ACCESS_DENIED;
}

static DWORD code_of_transfer(struct model *m, const struct model_call *call)
{
    struct model_expert *from = expert(m, call->expert), *to = expert(m, call->other);
    struct model_block *b = model_find(m, call->memory);

    if (!from || !to || from->state == MODEL_NEVER || to->state == MODEL_NEVER)
        return NMERR_INVALID_EXPERT_HANDLE;
    if (from->state == MODEL_CLOSED || to->state != MODEL_OPEN)
        return NMERR_EXPERT_TERMINATE;
    if (!b)
        return NMERR_INVALID_PARAMETER;
    if (b->owner != call->expert)
        return NMERR_ACCESS_DENIED;
    return from == to || fits(m, to, b->bytes) ? NMERR_SUCCESS : NMERR_OUT_OF_MEMORY;
}

DWORD model_code(struct model *m, const struct model_call *call)
{
    const struct model_expert *e = expert(m, call->expert);

    switch (call->op) {
    case MODEL_ALLOC:
        return code_of_alloc(m, call);
    case MODEL_REALLOC:
        return call->memory ? code_of_realloc(m, call) : code_of_alloc(m, call);
    case MODEL_FREE:
        return code_of_free(m, call);
    case MODEL_TRANSFER:
        return code_of_transfer(m, call);
    case MODEL_SIZE:
        return NMERR_SUCCESS;
    case MODEL_ENUM_EXPERTS:
        return call->flawed ? NMERR_INVALID_PARAMETER : NMERR_SUCCESS;
    default:
        break;
    }
    if (call->flawed)
        return NMERR_INVALID_PARAMETER;
    if (!e || (e->state == MODEL_NEVER && call->op != MODEL_OPENS))
        return NMERR_INVALID_EXPERT_HANDLE;
    if (call->op == MODEL_OPENS)
        return e->state == MODEL_NEVER || e->state == MODEL_CLOSED ? NMERR_SUCCESS
                                                                   : NMERR_INVALID_EXPERT_HANDLE;
    return e->state == MODEL_CLOSED && call->op != MODEL_QUERY ? NMERR_EXPERT_TERMINATE
                                                               : NMERR_SUCCESS;
}

SIZE_T model_size(struct model *m, const struct model_call *call)
{
    const struct model_block *b = model_find(m, call->memory);

    return b && b->owner == call->expert ? b->bytes : 0;
}

/* What calls do */

static int gain(struct model *m, int number, void *address, SIZE_T bytes)
{
    struct model_expert *e = expert(m, number);

    e->blocks++;
    e->bytes += bytes;
    if (e->peak < e->bytes)
        e->peak = e->bytes;
    return add_block(m, number, address, bytes);
}

static void lose(struct model *m, struct model_block *b)
{
    struct model_expert *e = expert(m, b->owner);

    e->blocks--;
    e->bytes -= b->bytes;
    remove_block(m, b);
}

static void let_go(struct model *m, struct model_block *b)
{
    expert(m, b->owner)->frees++;
    lose(m, b);
}

static int note_block(struct model *m, const struct model_call *call, DWORD code, void *result)
{
    struct model_block *b = call->op == MODEL_ALLOC ? NULL : model_find(m, call->memory);
    struct model_expert *e = expert(m, call->expert);

    if (e && e->state == MODEL_NEVER && code != NMERR_INVALID_EXPERT_HANDLE)
        open_expert(m, e, 0, 1);
    if (code != NMERR_SUCCESS)
        return 1;
    if (b && b->owner == call->expert) {
        lose(m, b); /* reallocation: neither an allocation nor a free */
        return gain(m, call->expert, result, call->bytes);
    }
    if (b)
        let_go(m, b);
    e->allocations++;
    return gain(m, call->expert, result, call->bytes);
}

static void note_free(struct model *m, const struct model_call *call, DWORD code)
{
    struct model_block *b = model_find(m, call->memory);
    const struct model_expert *e = expert(m, call->expert);

    if (b && (code == NMERR_SUCCESS ||
              (e && e->state == MODEL_TERMINATED && may_use(m, call->expert, b))))
        let_go(m, b);
}

static int note_transfer(struct model *m, const struct model_call *call)
{
    struct model_block *b = model_find(m, call->memory);
    struct model_block was = *b;
    int good;

    if (call->expert == call->other)
        return 1;
    let_go(m, b);
    expert(m, call->other)->allocations++;
    good = gain(m, call->other, was.at, was.bytes);
    m->blocks[m->count - 1].seed = was.seed;
    return good;
}

static void note_close(struct model *m, int number)
{
    struct model_expert *e = expert(m, number);

    e->state = MODEL_CLOSED;
    for (int i = m->count - 1; i >= 0; i--)
        if (m->blocks[i].owner == number)
            remove_block(m, &m->blocks[i]);
}

int model_note(struct model *m, const struct model_call *call, DWORD code, void *result)
{
    struct model_expert *e = expert(m, call->expert);
    int good = 1;

    if (call->op == MODEL_ALLOC || call->op == MODEL_REALLOC)
        good = note_block(m, call, code, result);
    else if (call->op == MODEL_FREE)
        note_free(m, call, code);
    else if (code == NMERR_SUCCESS && call->op == MODEL_TRANSFER)
        good = note_transfer(m, call);
    else if (code == NMERR_SUCCESS && call->op == MODEL_OPENS)
        open_expert(m, e, call->bytes, 0);
    else if (code == NMERR_SUCCESS && call->op == MODEL_TERMINATES)
        e->state = MODEL_TERMINATED;
    else if (code == NMERR_SUCCESS && call->op == MODEL_CLOSES)
        note_close(m, call->expert);
    if (e && e->state != MODEL_NEVER && code != NMERR_SUCCESS && call->op <= MODEL_FREE)
        e->refused++;
    return good;
}
