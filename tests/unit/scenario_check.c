#include "scenario_private.h"

#include "../heap_check.h"
#include "../region_check.h"
#include "heap/shared.h"

/* What the victim's death leaves uncertain. */
static void doubt(void)
{
    struct scenario_block *b =
        scenario_under_way.block < 0 ? NULL : &scenario_blocks[scenario_under_way.block];
    struct scenario_expert *e = &scenario_experts[scenario_under_way.expert];

    switch (scenario_under_way.op) {
    case OP_ALLOC:
    case OP_REALLOC:
        if (e->states & 1U << EXPERT_NEVER)
            e->states |= 1U << EXPERT_OPEN;
        if (scenario_under_way.op == OP_ALLOC)
            break;
        b->also_bytes = scenario_under_way.bytes;
        b->may_be_gone = 1;
        break;
    case OP_FREE:
        b->may_be_gone = 1;
        break;
    case OP_TRANSFER:
        b->also_owner = scenario_under_way.other;
        break;
    case OP_CLOSE:
        e->states |= 1U << EXPERT_CLOSED;
        break;
    case OP_TERMINATE:
        e->states |= 1U << EXPERT_TERMINATED;
        break;
    case OP_OPEN:
        e->states |= 1U << EXPERT_OPEN;
        e->isolated = 1; /* it counts as isolated */
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
    int made = scenario_under_way.op == OP_ALLOC || scenario_under_way.op == OP_REALLOC;

    (void)expert;
    found->count++;
    found->bytes += bytes;
    for (int i = 0; i < SCENARIO_BLOCKS; i++) {
        struct scenario_block *b = &scenario_blocks[i];
        int anew = b->may_be_gone && made && scenario_under_way.block != i &&
                   scenario_under_way.expert == found->expert && scenario_under_way.bytes == bytes;
        if (b->at != memory || anew)
            continue;
        CHECK(!b->seen);
        CHECK(bytes == b->bytes || bytes == b->also_bytes);
        CHECK(found->expert == b->owner || found->expert == b->also_owner);
        scenario_look(memory, i, b->bytes, bytes);
        b->bytes = b->also_bytes = bytes;
        b->owner = b->also_owner = found->expert;
        b->seen = 1;
        scenario_fill(i);
        return TRUE;
    }
    /* Besides, only the block that the victim was about to get may exist. */
    CHECK(made && scenario_under_way.expert == found->expert && scenario_under_way.bytes == bytes);
    scenario_under_way.op = OP_NONE;
    scenario_blocks[scenario_new_block(memory, bytes, found->expert)].seen = 1;
    return TRUE;
}

static void verify_expert(int x)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    struct found found = {x, 0, 0};
    DWORD code, state, since = GetTickCount();
    struct expert *e;

    code = NmapiEnumMemory(scenario_key(x), match, &found);
    state = NmapiQueryExpert(scenario_key(x), &usage) == NMERR_SUCCESS ? usage.State : EXPERT_NEVER;
    if (GetTickCount() - since > scenario_longest)
        scenario_longest = GetTickCount() - since;
    CHECK(scenario_experts[x].states & 1U << state);
    CHECK(code == (state == EXPERT_NEVER    ? NMERR_INVALID_EXPERT_HANDLE
                   : state == EXPERT_CLOSED ? NMERR_EXPERT_TERMINATE
                                            : NMERR_SUCCESS));
    scenario_experts[x].states = 1U << state;
    if (state == EXPERT_CLOSED) {
        scenario_forget_blocks_of(x);
        return;
    }
    CHECK(usage.LiveBlocks == found.count || state == EXPERT_NEVER);
    CHECK(usage.LiveBytes == found.bytes || state == EXPERT_NEVER);
    e = table_find(scenario_key(x));
    CHECK(!e || !e->heap || heap_is_valid(thread_self(), e->heap));
}

static void check_committed(const void *address, SIZE_T bytes)
{
    const char *at = address;

    while (bytes) {
        MEMORY_BASIC_INFORMATION area;
        SIZE_T here;
        CHECK(VirtualQuery(at, &area, sizeof area) == sizeof area);
        CHECK(area.State == MEM_COMMIT);
        here = area.RegionSize - (SIZE_T)(at - (char *)area.BaseAddress);
        here = here < bytes ? here : bytes;
        at += here;
        bytes -= here;
    }
}

static void check_zero(const char *at, SIZE_T bytes)
{
    for (SIZE_T i = 0; i < bytes; i += sizeof(SIZE_T))
        CHECK(*(const SIZE_T *)(const void *)(at + i) == 0);
}

/* Nobody changes it now: it is free, or one of the scenario's. */
static int is_at_rest(const struct region *r)
{
    const struct expert *e = r->owner > REGION_RESERVED ? r->owner : NULL;

    for (int x = 0; e && x < SCENARIO_EXPERTS; x++)
        if (e->key == scenario_key(x))
            return 1;
    return !r->owner;
}

/* Pages that a record counts as committed are committed: a next owner would crash otherwise. Pages
   that it does not count as dirty are zero. */
static void verify_region(struct region *region, void *context)
{
    const struct record *r = record_of(region);
    SIZE_T committed = r->region.committed * OS_PAGE, dirty = r->region.dirty * OS_PAGE;

    (void)context;
    if (!is_at_rest(&r->region))
        return;
    check_committed(r->region.base, committed);
    if (r->region.state_count)
        check_committed((const char *)r->region.states, r->region.state_count * sizeof(uint16_t));
    if (!r->region.owner && dirty < committed)
        check_zero(r->region.base + dirty, committed - dirty);
}

static void verify_regions(void)
{
    region_lock(thread_self());
    record_each(verify_region, NULL);
    region_unlock();
}

/* Once all experts are closed, a region has no owner or is one of the DLL's own records. */
static void count_owned(struct region *r, void *context)
{
    (void)context;
    CHECK(r->owner <= REGION_RESERVED && r->owner != SHARED_OWNER);
}

static void verify_nothing_is_owned(void)
{
    record_each(count_owned, NULL);
}

void scenario_keep_nothing(void)
{
    options.keep_given = 1;
    options.keep = 1;
}

void scenario_verify(void)
{
    doubt();
    scenario_reclaim();
    for (int x = 0; x < SCENARIO_EXPERTS; x++)
        verify_expert(x);
    for (int i = 0; i < SCENARIO_BLOCKS; i++) {
        struct scenario_block *b = &scenario_blocks[i];
        if (b->at && !b->seen) {
            CHECK(b->may_be_gone);
            b->at = NULL;
        }
        b->seen = b->may_be_gone = 0;
        if (b->at)
            CHECK(ExpertMemorySize(scenario_key(b->owner), b->at) == b->bytes);
    }
    scenario_under_way.op = OP_NONE;
    CHECK(region_is_valid(thread_self()));
    CHECK(record_heap_is_valid(thread_self()));
    verify_regions();
}

void scenario_works(void)
{
    static const SIZE_T sizes[] = {0, 24, 700, 5000, 50000};

    for (int x = 0; x < SCENARIO_EXPERTS; x++) {
        int got[5];
        int stops = scenario_is(x, EXPERT_TERMINATED) ||
                    (scenario_is(x, EXPERT_CLOSED) && !scenario_experts[x].reclaimed);
        if (scenario_is(x, EXPERT_NEVER) && x != SCENARIO_EXPERTS - 1)
            continue;
        for (int i = 0; i < 5; i++) {
            got[i] = scenario_alloc(x, sizes[i]);
            CHECK(stops == (got[i] < 0));
            scenario_realloc(x, got[i], sizes[i] + 900);
        }
        for (int i = 0; i < 5; i++)
            scenario_free(x, got[i]);
    }
}

/* Handles of threads whose record a killed thread was freeing: forgotten, but not closed yet. */
static unsigned long lost_handles(void)
{
    unsigned long count = 0;

    for (LONG i = 0; i < 4096; i++)
        count += thread_record(i)->state == THREAD_CLOSING && !thread_record(i)->handle;
    return count;
}

void scenario_end(unsigned long lost)
{
    struct standin_usage now;
    SIZE_T left;

    scenario_threads_end();
    for (int x = 0; x < SCENARIO_EXPERTS; x++) {
        if (scenario_is(x, EXPERT_NEVER))
            continue;
        if (!scenario_is(x, EXPERT_CLOSED) && options.reclaim_thread)
            scenario_experts[x].states |= 1U << EXPERT_CLOSED; /* its threads have just ended */
        if (scenario_experts[x].states & (scenario_experts[x].states - 1)) {
            struct scenario_call call = {.op = OP_CLOSE, .expert = x};
            scenario_perform(&call);
            CHECK(call.code == NMERR_SUCCESS || call.code == NMERR_EXPERT_TERMINATE);
        } else {
            scenario_close(x);
        }
    }
    CHECK(region_is_valid(thread_self()));
    verify_nothing_is_owned();
    CHECK(record_sums.used <= 64); /* almost nothing is in use, and the sums say so */
    lost += lost_handles();
    standin_set_dllmain(NULL);
    DllMain(NULL, DLL_PROCESS_DETACH, NULL);
    standin_get_usage(&now);
    left = now.reservations - scenario_at_start.reservations + now.handles -
           scenario_at_start.handles + now.tls_indexes - scenario_at_start.tls_indexes;
    if (left > lost)
        dprintf(2, "left: %zu reservations, %zu bytes, %zu committed, %zu handles, %zu TLS\n",
                now.reservations - scenario_at_start.reservations,
                now.reserved - scenario_at_start.reserved,
                now.committed - scenario_at_start.committed,
                now.handles - scenario_at_start.handles,
                now.tls_indexes - scenario_at_start.tls_indexes);
    CHECK(left <= lost);
    CHECK(left || (now.reserved == scenario_at_start.reserved &&
                   now.committed == scenario_at_start.committed));
}
