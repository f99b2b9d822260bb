#include "drive.h"

#include "check.h"

#define BYTES_MOST ((SIZE_T)24 << 20) /* live at once, so that every system has the memory */
#define PAGED_MOST 256                /* blocks with pageheap, for x86's address space */
#define CALLS_MOST 20000              /* in one batch */
#define LOOK_EVERY 128                /* everything is checked after so many calls */
#define FREED 32

static const uint8_t *next, *end;
static int experts; /* in use */
static int blocks_most;
static unsigned long calls_end;
static struct check_call call; /* the next one */
static char *freed[FREED];
static unsigned freed_at;

static unsigned byte(void)
{
    return next < end ? *next++ : 0;
}

static int take_expert(void)
{
    unsigned b = byte();

    return b >= 252 ? MODEL_NOBODY : (int)(b % (unsigned)experts);
}

/* Too large everywhere. */
static SIZE_T absurd(unsigned which)
{
    const SIZE_T all = (SIZE_T)-1;
    const SIZE_T sizes[] = {all,
                            all - 15,
                            all - 16,
                            all - 4095,
                            all - 65535,
                            all - 65536,
                            all - (4U << 20),
                            all - (64U << 20),
                            all / 4 * 3,
                            all / 2 + 1,
                            all / 2 + 0x10000,
                            all / 2 + 2,
#ifdef _WIN64
                            all / 2,
                            all / 2 - 1,
                            all / 4,
                            (SIZE_T)1 << 47
#else
                            all - 1,
                            all - 2,
                            all - 3,
                            all - 4
#endif
    };
    return sizes[which & 15];
}

static SIZE_T take_bytes(void)
{
    unsigned kind = byte(), b = byte();
    SIZE_T fine = kind >> 4, bytes;

    switch (kind & 15) {
    case 0:
        return b < 128 ? 0 : 1;
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
        return b;
    case 6:
    case 7:
    case 8:
        return (SIZE_T)b * 8 + fine;
    case 9: /* where inline zeroing ends, and the classes become coarse */
        return 1024 - 128 + b;
    case 10:
        bytes = (SIZE_T)b * 128 + fine;
        break;
    case 11: /* where large blocks begin */
        bytes = 32767 - 128 + b;
        break;
    case 12: /* about pages */
        bytes = (SIZE_T)(b & 31) * 4096 + fine;
        bytes = bytes > 8 ? bytes - 8 : bytes;
        break;
    case 13:
        bytes = (SIZE_T)b * 2048 + fine;
        break;
    case 14:
        bytes = ((SIZE_T)(b & 63) << 16) + fine;
        bytes = b >= 192 ? bytes / 8 : bytes;
        break;
    default:
        return b < 96 ? absurd(b) : b;
    }
    return check_model.bytes + bytes > BYTES_MOST ? b : bytes;
}

/* Addresses at which no block ever begins, whatever block there is. */
static void *wild(unsigned which)
{
    static char ours[64];
    const ULONG_PTR all = (ULONG_PTR)-1;
    const ULONG_PTR addresses[] = {1,
                                   8,
                                   15,
                                   4096,
                                   0x10000,
                                   0xFFFF,
                                   all,
                                   all - 7,
                                   all - 15,
                                   all - 4095,
                                   all / 2,
                                   all / 2 + 1,
                                   all / 4 * 3,
                                   (ULONG_PTR)1 << 31,
                                   (ULONG_PTR)(void *)ours,
                                   (ULONG_PTR)(void *)&call};

    return (void *)addresses[which & 15];
}

/* Most calls use the owner's key. */
static void take_memory(void)
{
    struct model_call *c = &call.call;
    unsigned kind = byte(), which = byte();
    struct model_block *b = NULL;
    char *at = NULL;

    if (check_model.count)
        b = &check_model.blocks[(which | (kind >> 4) << 8) % (unsigned)check_model.count];
    c->memory = b ? b->at : NULL;
    switch (kind & 15) {
    default:
        if (b)
            c->expert = b->owner;
        return;
    case 9:
    case 10:
        return;
    case 11:
        c->memory = NULL;
        return;
    case 12:
        at = freed[which % FREED];
        break;
    case 13:
        if (b && b->bytes > 1)
            at = b->at + 1 + (kind & 32 ? which % 32 * (b->bytes / 32) : which) % (b->bytes - 1);
        break;
    case 14:
        if (b && which < 64)
            at = (char *)((ULONG_PTR)b->at - 16 * (ULONG_PTR)which);
        else if (b && which < 128)
            at = (char *)((ULONG_PTR)b->at + b->bytes + which - 64);
        else if (b)
            at = (char *)((ULONG_PTR)b->at >> which % 32 << which % 32);
        break;
    case 15:
        at = wild(which);
        break;
    }
    /* Addresses differ from build to build, and so would the kind of this pointer. */
    c->memory = at && !model_find(&check_model, at) ? at : wild(1);
}

static int is_full(void)
{
    return check_model.count >= blocks_most;
}

static void *make_call(void)
{
    void *result = check(&call);

    call.elsewhere = call.faults = 0;
    return result;
}

static void do_alloc(void)
{
    call.call.expert = take_expert();
    call.call.bytes = take_bytes();
    if (!is_full())
        make_call();
}

static void do_realloc(void)
{
    call.call.op = MODEL_REALLOC;
    call.call.expert = take_expert();
    take_memory();
    call.call.bytes = take_bytes();
    if (!is_full())
        make_call();
}

/* A block that grows again and again, as a buffer does; or grows, shrinks a little and grows
   again. */
static void do_growth(void)
{
    unsigned count = byte() % 16, more = byte();

    call.call.op = MODEL_REALLOC;
    call.call.expert = take_expert();
    take_memory();
    while (count-- && !is_full() && call.call.memory) {
        const struct model_block *b = model_find(&check_model, call.call.memory);
        if (!b || check_model.bytes + b->bytes + more > BYTES_MOST)
            return;
        call.call.bytes = b->bytes + b->bytes / (1 + more % 4) + more;
        if (more & 0x80) {
            unsigned step = byte();
            SIZE_T part = b->bytes / (8 + step % 64);
            call.call.bytes = step & 0x80 ? b->bytes - part : b->bytes + part + step % 8;
        }
        call.call.memory = make_call();
    }
}

static void do_free(void)
{
    call.call.op = MODEL_FREE;
    call.call.expert = take_expert();
    take_memory();
    make_call();
    freed[freed_at++ % FREED] = call.call.memory;
}

static void do_open(unsigned variation)
{
    static const SIZE_T limits[] = {0, 0, 100, 1000, 50000, 100000, 1000000, (SIZE_T)-1};

    call.call.op = MODEL_OPENS;
    call.call.expert = take_expert();
    call.call.bytes = limits[byte() & 7];
    call.call.flawed = variation == 7 && call.call.expert >= 0 ? 1 + (call.call.expert & 1) : 0;
    make_call();
}

static void *some_block_of(int expert)
{
    for (int i = 0; i < check_model.count; i++)
        if (check_model.blocks[i].owner == expert)
            return check_model.blocks[i].at;
    return NULL;
}

static void do_host_call(enum model_op op, unsigned variation)
{
    call.call.op = op;
    call.call.expert = take_expert();
    call.call.flawed = variation == 7 && call.call.expert >= 0 && op != MODEL_TERMINATES &&
                       !(op == MODEL_CLOSES && call.no_error);
    if (call.call.flawed && op == MODEL_QUERY)
        call.call.flawed += call.call.expert & 1;
    if (op == MODEL_ENUM_MEMORY || op == MODEL_ENUM_EXPERTS) {
        call.stop_after = variation == 1 ? 1 + (byte() & 7) : 0;
        call.victim = variation == 2 ? some_block_of(call.call.expert) : NULL;
    }
    make_call();
}

static void do_transfer(void)
{
    call.call.op = MODEL_TRANSFER;
    call.call.other = take_expert();
    call.call.expert = take_expert();
    take_memory();
    make_call();
}

static void do_write(void)
{
    unsigned b = byte();

    if (check_model.count)
        check_write(&check_model.blocks[b * 7 % (unsigned)check_model.count]);
}

/* Many blocks of a size, so that regions fill up. */
static void do_allocs(void)
{
    unsigned count = byte();

    call.call.expert = take_expert();
    call.call.bytes = take_bytes();
    while (count-- && !is_full() && check_calls < calls_end &&
           check_model.bytes + call.call.bytes < BYTES_MOST && call.call.bytes < 100000)
        make_call();
}

/* Many frees, so that they become empty again. */
static void do_frees(void)
{
    unsigned count = byte(), at = byte(), step = 1 + byte() % 16;

    call.call.op = MODEL_FREE;
    while (count-- && check_model.count && check_calls < calls_end) {
        const struct model_block *b = &check_model.blocks[at % (unsigned)check_model.count];
        call.call.expert = b->owner;
        call.call.memory = freed[freed_at++ % FREED] = b->at;
        make_call();
        at += step;
    }
}

/* How the next call is made. */
static void set_up_call(int faults)
{
    unsigned b = byte(), n = byte();

    if (b & 1) {
        call.elsewhere = n < 64;
        return;
    }
    call.faults = faults;
    call.fault_kind = b >> 1 & 3;
    call.fault_at = 1 + n % 4;
    call.fault_forever = b >> 3 & 1;
}

static void do_next(int faults)
{
    unsigned b = byte(), op = b & 31, variation = b >> 5;

    call.no_error = variation == 3;
    if (op < 9)
        do_alloc();
    else if (op == 9 && variation > 4)
        do_growth();
    else if (op < 14)
        do_realloc();
    else if (op < 20)
        do_free();
    else if (op == 20 && variation < 6)
        do_host_call(variation < 3 ? MODEL_TERMINATES : MODEL_CLOSES, variation);
    else if (op == 20 || op == 21)
        do_open(variation);
    else if (op == 22 || op == 23)
        do_transfer();
    else if (op == 24)
        do_host_call(MODEL_QUERY, variation);
    else if (op == 25)
        do_host_call(variation < 5 ? MODEL_ENUM_MEMORY : MODEL_ENUM_EXPERTS, variation);
    else if (op == 26)
        do_host_call(variation == 7 ? MODEL_ENUM_MEMORY : MODEL_CLOSES, variation);
    else if (op == 27)
        do_write();
    else if (op == 28)
        do_allocs();
    else if (op == 29)
        do_frees();
    else if (op == 30) {
        call.call.op = MODEL_SIZE;
        call.call.expert = take_expert();
        take_memory();
        make_call();
    } else {
        set_up_call(faults);
        return; /* for the next one */
    }
    call = (struct check_call){.call = {.op = MODEL_ALLOC}};
}

void drive(const uint8_t *bytes, size_t count, int faults)
{
    static const struct {
        const char *text;
        SIZE_T limit;
        int strict;
    } options[] = {{"limit=100000", 100000, 0}, {"strict", 0, 1}, {"pageheap", 0, 0}, {NULL, 0, 0}};
    unsigned choice, looks = 0;

    next = bytes;
    end = bytes + count;
    choice = byte();
    experts = (int)(1 + (choice >> 3) % MODEL_EXPERTS);
    choice = (choice & 7) > 3 ? 3 : choice & 3;
    blocks_most = choice == 2 ? PAGED_MOST : MODEL_BLOCKS - 1;
    calls_end = check_calls + CALLS_MOST;
    freed_at = 0;
    call = (struct check_call){.call = {.op = MODEL_ALLOC}};
    for (int i = 0; i < FREED; i++)
        freed[i] = NULL;
    check_begin(options[choice].text, options[choice].limit, options[choice].strict);
    while (next < end && check_calls < calls_end) {
        do_next(faults);
        if (++looks % LOOK_EVERY == 0)
            check_all();
    }
    check_end();
}
