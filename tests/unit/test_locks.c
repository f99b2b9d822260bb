/* test_locks.c - every call that reads what a lock guards waits for that lock, and releases it. */
#include "unit.h"

#include "base/permanent.h"
#include "expert/snapshot.h"
#include "heap/large.h"
#include "heap/shared.h"
#include "pages/region.h"

#define ME ((void *)0x4440)
#define YOU ((void *)0x6660)
#define KEY ((HEXPERTKEY)0x660000)
#define OTHER ((HEXPERTKEY)0x661000)

static struct region *with_states, *medium, *own;
static struct heap heap;
static char *block;
static volatile LONG through;

static void take_with_states(struct thread *me)
{
    with_states = region_take(me, ME, 8, 100);
}

static void take_medium(struct thread *me)
{
    medium = region_take_block(me, ME, 100000, 0);
}

static void take_own(struct thread *me)
{
    own = region_take_block(me, ME, 3 << 20, 0);
}

static void commit(struct thread *me)
{
    region_commit(me, with_states, 20000);
}

static void shrink(struct thread *me)
{
    region_shrink(me, medium, 10000);
}

static void give_own(struct thread *me)
{
    region_give(me, own, YOU);
}

static void quarantine(struct thread *me)
{
    region_quarantine(me, with_states);
}

static void release_medium(struct thread *me)
{
    region_release(me, medium);
}

static void release_own(struct thread *me)
{
    region_release(me, own);
}

static void trim(struct thread *me)
{
    region_trim(me);
}

static void validate(struct thread *me)
{
    region_is_valid(me);
}

static void find_foreign(struct thread *me)
{
    struct heap_block found;

    heap_find(me, NULL, block, &found);
}

static void repair(struct thread *me)
{
    heap_repair(me, &heap, 0);
}

static const struct {
    void (*act)(struct thread *);
} on_regions[] = {
    {take_with_states}, {take_medium}, {take_own},     {commit}, {shrink}, {give_own}, {quarantine},
    {release_medium},   {release_own}, {find_foreign}, {repair}, {trim},   {validate}};

static DWORD WINAPI run(LPVOID parameter)
{
    void (*act)(struct thread *);

    memcpy(&act, parameter, sizeof act);
    act(bias_thread());
    atomic_store(&through, 1);
    return 0;
}

/* Starts the call; it must not return before the lock is released. */
static HANDLE start(const void *act)
{
    HANDLE thread;

    atomic_store(&through, 0);
    thread = CreateThread(NULL, 0, run, (void *)(ULONG_PTR)act, 0, NULL);
    unit_let_wait(&through);
    return thread;
}

static void finish(HANDLE thread)
{
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    assert_true(atomic_load(&through));
}

static void regions_move_only_while_nobody_holds_them_still(void **state)
{
    (void)state;
    block = ExpertAllocMemory(KEY, 100, NULL);
    heap_open(&heap, (void *)0x5550, (SIZE_T)-1);
    for (unsigned i = 0; i < sizeof on_regions / sizeof *on_regions; i++) {
        HANDLE thread;
        region_lock(self);
        thread = start(&on_regions[i].act);
        region_unlock();
        finish(thread);
        region_lock(self); /* the call released it */
        region_unlock();
    }
    assert_true(region_is_valid(self));
}

/* Calls of another thread while one has the expert's lock */

static char *of_key, *of_other, *more;

static void call_alloc(struct thread *me)
{
    (void)me;
    more = ExpertAllocMemory(KEY, 10, NULL);
}

static void call_realloc(struct thread *me)
{
    (void)me;
    of_key = ExpertReallocMemory(KEY, of_key, 50000, NULL);
}

static void call_size(struct thread *me)
{
    (void)me;
    ExpertMemorySize(KEY, of_key);
}

static void call_realloc_legacy(struct thread *me)
{
    (void)me;
    of_other = ExpertReallocMemory(KEY, of_other, 500, NULL);
}

static void call_free(struct thread *me)
{
    (void)me;
    ExpertFreeMemory(KEY, of_key);
}

static void call_free_legacy(struct thread *me)
{
    (void)me;
    ExpertFreeMemory(OTHER, of_other);
}

static BOOL CALLBACK see(HEXPERTKEY key, LPVOID at, SIZE_T bytes, LPVOID context)
{
    (void)key, (void)at, (void)bytes, (void)context;
    return TRUE;
}

static void call_enum(struct thread *me)
{
    (void)me;
    NmapiEnumMemory(KEY, see, NULL);
}

static void call_query(struct thread *me)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};

    (void)me;
    NmapiQueryExpert(KEY, &usage);
}

static void call_transfer(struct thread *me)
{
    (void)me;
    NmapiTransferMemory(KEY, OTHER, more);
}

static void call_transfer_to_itself(struct thread *me)
{
    (void)me;
    NmapiTransferMemory(KEY, KEY, more);
}

static void call_transfer_back(struct thread *me)
{
    (void)me;
    NmapiTransferMemory(OTHER, KEY, more);
}

static void call_close(struct thread *me)
{
    (void)me;
    NmapiCloseExpert(KEY, NULL);
}

static void call_open(struct thread *me)
{
    (void)me;
    NmapiOpenExpert(KEY, NULL);
}

static void an_expert_is_used_only_by_who_has_its_lock(void **state)
{
    static const struct {
        void (*act)(struct thread *);
    } calls[] = {{call_alloc}, {call_realloc},  {call_size},          {call_realloc_legacy},
                 {call_query}, {call_enum},     {call_free_legacy},   {call_free},
                 {call_alloc}, {call_transfer}, {call_transfer_back}, {call_transfer_to_itself},
                 {call_close}, {call_open}};

    (void)state;
    of_key = ExpertAllocMemory(KEY, 10, NULL);
    of_other = ExpertAllocMemory(OTHER, 10, NULL);
    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct expert *e = table_find(KEY), *other = table_find(OTHER);
        HANDLE thread;
        bias_lock(self, e);
        thread = start(&calls[i].act);
        lock_release(&e->lock);
        finish(thread);
        for (int k = 0; k < 2; k++) { /* the call released both */
            assert_int_equal((k ? e : other)->lock.holder, 0);
            bias_lock(self, k ? e : other);
            lock_release(&(k ? e : other)->lock);
        }
    }
}

/* Shared spans, while another thread visits their blocks under the lock */

static struct heap taker;
static void *of_taker[2], *of_giver[3];
static unsigned shared_class;

static void share_another(struct thread *me)
{
    struct span *span = span_open(me, ME, SPAN_LATER, shared_class + 1, 1024);

    shared_make(me, span, ME);
}

static void take_shared(struct thread *me)
{
    of_giver[2] = shared_alloc(me, ME, shared_class, 500);
}

static void give_at(struct thread *me, void *at, void *owner)
{
    struct span *span = span_of(region_find(at));
    SIZE_T bytes;

    shared_give(me, span, span_index(span, at, &bytes), owner);
}

static void give_shared(struct thread *me)
{
    give_at(me, of_giver[0], YOU);
}

static void free_shared(struct thread *me)
{
    give_at(me, of_giver[1], NULL);
}

static void ignore(void *at, SIZE_T bytes, void *context)
{
    (void)at, (void)bytes, (void)context;
}

static void visit_shared(struct thread *me)
{
    shared_visit(me, ME, ignore, NULL);
}

static void release_shared(struct thread *me)
{
    shared_release(me, ME, 0);
}

static HANDLE waiting;

static void let_another_wait(void *at, SIZE_T bytes, void *act)
{
    (void)at, (void)bytes;
    if (!waiting)
        waiting = start(act);
}

static void blocks_of_shared_spans_are_used_only_by_who_has_their_lock(void **state)
{
    static const struct {
        void (*act)(struct thread *);
    } calls[] = {{share_another}, {take_shared},  {give_shared},
                 {free_shared},   {visit_shared}, {release_shared}};

    (void)state;
    heap_open(&heap, ME, (SIZE_T)-1);
    heap_open(&taker, YOU, (SIZE_T)-1);
    for (int i = 0; i < 2; i++) {
        of_taker[i] = heap_alloc(self, &heap, 500);
        of_giver[i] = heap_alloc(self, &heap, 500);
    }
    shared_class = span_of(region_find(of_giver[0]))->size_class;
    for (int i = 0; i < 2; i++)
        assert_int_equal(heap_transfer(self, &heap, &taker, of_taker[i]), HEAP_OK);
    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
        waiting = NULL;
        shared_visit(self, YOU, let_another_wait, (void *)(ULONG_PTR)&calls[i].act);
        assert_non_null(waiting);
        finish(waiting);
    }
    shared_release(self, YOU, 0);
    assert_true(region_is_valid(self));
}

static struct heap ordinary;
static void *ordinaries[40];

static DWORD WINAPI free_ordinary(LPVOID unused)
{
    struct thread *me = bias_thread();
    int freed = 0;

    (void)unused;
    for (int i = 0; i < 40; i++)
        freed += heap_free(me, &ordinary, ordinaries[i]) == HEAP_OK;
    return freed == 40;
}

static void let_another_free(void *at, SIZE_T bytes, void *freed)
{
    (void)at, (void)bytes;
    *(DWORD *)freed |= unit_on_thread(free_ordinary, NULL);
}

/* Frees blocks of full spans, of other spans, and large ones. */
static void who_frees_what_is_not_shared_does_not_wait_for_that_lock(void **state)
{
    DWORD freed = 0;
    void *given;

    (void)state;
    heap_open(&heap, ME, (SIZE_T)-1);
    heap_open(&taker, YOU, (SIZE_T)-1);
    heap_open(&ordinary, &ordinary, (SIZE_T)-1);
    given = heap_alloc(self, &heap, 500);
    assert_int_equal(heap_transfer(self, &heap, &taker, given), HEAP_OK);
    for (int i = 0; i < 40; i++)
        ordinaries[i] = heap_alloc(self, &ordinary, i % 2 ? 1000 : 100000);
    shared_visit(self, YOU, let_another_free, &freed);
    assert_true(freed);
    heap_close(self, &ordinary, 0);
    heap_close(self, &taker, 0);
    heap_close(self, &heap, 0);
}

/* Records, while another thread is in a system call under the lock */

enum { SNAPSHOT_BLOCKS = 80000 };
static struct snapshot *list;

static void make_permanent(struct thread *me)
{
    permanent_alloc(me, 3 << 20);
}

static void make_small_permanent(struct thread *me)
{
    permanent_alloc(me, 10);
}

static void make_expert(struct thread *me)
{
    for (ULONG_PTR i = 0; i < (3 << 20) / sizeof(struct expert); i++)
        table_make(me, (HEXPERTKEY)(0x663000 + i));
}

static void make_known_expert(struct thread *me)
{
    table_make(me, KEY);
}

static void make_record(struct thread *me)
{
    record_heap_free(me, record_heap_alloc(me, 3 << 20));
}

static void make_small_record(struct thread *me)
{
    record_heap_free(me, record_heap_alloc(me, 16));
}

static void free_list(struct thread *me)
{
    snapshot_free(me, list);
}

static void free_no_list(struct thread *me)
{
    snapshot_free(me, NULL);
}

static const char *in_call;
static const void *waiter;

static void let_the_waiter_wait(const char *name, BOOL after)
{
    if (after || strcmp(name, in_call) != 0)
        return;
    standin_on_call(NULL);
    waiting = start(waiter);
}

static void records_are_made_and_freed_by_one_thread_at_a_time(void **state)
{
    static const struct {
        const char *call;
        void (*act)(struct thread *);
        struct {
            void (*act)(struct thread *);
        } waits;
    } rows[] = {{"VirtualAlloc.reserve", make_permanent, {make_small_permanent}},
                {"VirtualAlloc.reserve", make_expert, {make_known_expert}},
                {"VirtualAlloc.reserve", make_record, {make_small_record}},
                {"VirtualFree.release", free_list, {free_no_list}}};

    (void)state;
    options.keep_given = 1; /* little, so that the list is not cached */
    options.keep = (SIZE_T)1 << 20;
    make_small_record(self);
    for (int i = 0; i < SNAPSHOT_BLOCKS; i++)
        ExpertAllocMemory(OTHER, 1, NULL);
    assert_int_equal(snapshot_take(self, OTHER, &list), NMERR_SUCCESS);
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        waiting = NULL;
        in_call = rows[i].call;
        waiter = &rows[i].waits.act;
        standin_on_call(let_the_waiter_wait);
        rows[i].act(self);
        standin_on_call(NULL);
        assert_non_null(waiting);
        finish(waiting);
    }
}

static DWORD WINAPI terminate(LPVOID key)
{
    return NmapiTerminateExpert(key);
}

/* It waits neither for the lock's holder nor for the thread inside. */
static void a_terminate_waits_for_nobody(void **state)
{
    struct expert *e = table_find(OTHER);

    (void)state;
    bias_lock(self, e);
    assert_int_equal(unit_on_thread(terminate, OTHER), NMERR_SUCCESS);
    lock_release(&e->lock);
    assert_non_null(ExpertAllocMemory((HEXPERTKEY)0x662000, 10, NULL));
    assert_true(bias_enter_fast(self, (HEXPERTKEY)0x662000));
    assert_int_equal(unit_on_thread(terminate, (HEXPERTKEY)0x662000), NMERR_SUCCESS);
    bias_leave_fast(self, (HEXPERTKEY)0x662000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regions_move_only_while_nobody_holds_them_still),
        cmocka_unit_test(an_expert_is_used_only_by_who_has_its_lock),
        cmocka_unit_test(blocks_of_shared_spans_are_used_only_by_who_has_their_lock),
        cmocka_unit_test(who_frees_what_is_not_shared_does_not_wait_for_that_lock),
        cmocka_unit_test(records_are_made_and_freed_by_one_thread_at_a_time),
        cmocka_unit_test(a_terminate_waits_for_nobody),
    };

    return UNIT_RUN(tests);
}
