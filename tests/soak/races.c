/*
 * races.c - Close, Terminate, Open, Query, Enum and Transfer against experts at work: keys of one
 * thread, keys that several threads share, keys that two threads exchange. Bystanders are not
 * affected.
 */
#include "stall.h"
#include "soak.h"

#include <stdio.h>

enum { KEYS = 4, WORKERS = 4, HOSTS = 2, HELD = 32, SHOWN = 64 };

static volatile LONG stop;
static void *volatile shown[SHOWN]; /* blocks that workers have or had: for Transfer */

struct caller {
    uint32_t seed;
    int number;
    uint64_t calls;
    LONG failures;
    DWORD longest, strange; /* strange: codes that nothing explains */
    const char *slowest;    /* the function that took longest */
    HANDLE thread;
};

static HEXPERTKEY key_of(uint32_t number)
{
    return (HEXPERTKEY)(ULONG_PTR)(0x10000 + 16 * (number % KEYS));
}

static int stopped(void)
{
    return InterlockedCompareExchange(&stop, 0, 0) != 0;
}

static void note(struct caller *caller, const char *function, DWORD code, DWORD since)
{
    DWORD took = GetTickCount() - since;

    if (took > caller->longest) {
        caller->longest = took;
        caller->slowest = function;
    }
    caller->calls++;
    /* The block may have been released by a close, or its address reused. */
    if (code == NMERR_SUCCESS || code == NMERR_EXPERT_TERMINATE || code == NMERR_ACCESS_DENIED ||
        code == NMERR_INVALID_PARAMETER)
        return;
    caller->failures++;
    caller->strange = code;
}

/* Never touches its blocks, which may be released at any moment. */
static DWORD WINAPI work(LPVOID argument)
{
    struct caller *caller = argument;
    uint32_t random = caller->seed;
    void *held[HELD] = {NULL};
    uint32_t key = (uint32_t)caller->number;

    while (!stopped()) {
        /* 0: of a thread's own; 1: shared by the others; 2 and 3: swapped crosswise. */
        if (caller->number)
            key = content_random(&random) % 64 ? key : 1 + content_random(&random) % (KEYS - 1);
        for (int i = 0; i < 20; i++) {
            uint32_t which = content_random(&random) % HELD;
            uint32_t kind = content_random(&random);
            SIZE_T bytes = (kind >> 8) % (kind % 100 ? 500 : 200000);
            DWORD error = NMERR_SUCCESS, since = GetTickCount();
            const char *function;
            if (!held[which]) {
                function = "Alloc";
                held[which] = nm.alloc(key_of(key), bytes, &error);
                InterlockedExchangePointer(&shown[kind % SHOWN], held[which]);
            } else if (kind % 4 == 0) {
                function = "Realloc";
                void *moved = nm.realloc(key_of(key), held[which], bytes, &error);
                held[which] = moved ? moved : NULL;
            } else if (kind % 4 == 1) {
                function = "Size";
                nm.size(key_of(key), held[which]);
            } else {
                function = "Free";
                error = nm.free(key_of(key), held[which]);
                held[which] = NULL;
            }
            note(caller, function, error, since);
        }
    }
    return 0;
}

static BOOL CALLBACK see_block(HEXPERTKEY key, LPVOID block, SIZE_T bytes, LPVOID context)
{
    (void)block;
    (void)bytes;
    *(HEXPERTKEY *)context = key;
    return TRUE;
}

static BOOL CALLBACK see_expert(HEXPERTKEY key, LPVOID context)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};

    *(DWORD *)context = nm.query(key, &usage);
    return TRUE;
}

static DWORD WINAPI manage(LPVOID argument)
{
    struct caller *caller = argument;
    uint32_t random = caller->seed;

    while (!stopped()) {
        uint32_t kind = content_random(&random) % 16;
        HEXPERTKEY key = key_of(content_random(&random)), other = key_of(content_random(&random));
        NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
        HEXPERTKEY seen;
        DWORD code, since = GetTickCount();
        const char *function;
        switch (kind) {
        case 0:
            function = "Close";
            code = nm.close(key, &usage);
            if (code == NMERR_SUCCESS && usage.CommittedBytes)
                caller->failures++;
            break;
        case 1:
            function = "Terminate";
            code = nm.terminate(key);
            break;
        case 2:
        case 3:
        case 4:
            function = "Open";
            code = nm.open(key, NULL);
            if (code == NMERR_INVALID_EXPERT_HANDLE) /* it is open */
                code = NMERR_SUCCESS;
            break;
        case 5:
        case 6:
            function = "EnumMemory";
            code = nm.enum_memory(key, see_block, &seen);
            break;
        case 7:
            function = "EnumExperts";
            nm.enum_experts(see_expert, &code);
            break;
        case 8:
        case 9:
        case 10:
            function = "Query";
            code = nm.query(key, &usage);
            break;
        default:
            function = "Transfer";
            code = nm.transfer(key, other,
                               InterlockedCompareExchangePointer(
                                   &shown[content_random(&random) % SHOWN], NULL, NULL));
            break;
        }
        note(caller, function, code, since);
        if (kind < 5)
            Sleep(1); /* let all threads work again for a while */
    }
    return 0;
}

static void hosts_and_experts_race_and_bystanders_see_nothing_of_it(void **state)
{
    struct bystander bystanders[2];
    struct caller callers[WORKERS + HOSTS];
    uint64_t calls = 0;
    DWORD longest = 0, idle;
    const char *slowest = "";

    (void)state;
    for (uint32_t i = 0; i < KEYS; i++)
        assert_int_equal(nm.open(key_of(i), NULL), NMERR_SUCCESS);
    assert_int_equal(nm.open((HEXPERTKEY)(ULONG_PTR)0x20000, NULL), NMERR_SUCCESS);
    assert_true(stall_watch());
    bystander_begin(&bystanders[0], (HEXPERTKEY)(ULONG_PTR)0x20000, soak_seed + 100);
    bystander_begin(&bystanders[1], (HEXPERTKEY)(ULONG_PTR)0x20010, soak_seed + 101);
    for (int i = 0; i < WORKERS + HOSTS; i++) {
        callers[i] = (struct caller){.seed = soak_seed + (uint32_t)i, .number = i};
        callers[i].thread = soak_start(i < WORKERS ? work : manage, &callers[i]);
    }
    Sleep(soak_seconds * 1000);
    InterlockedExchange(&stop, 1);
    for (int i = 0; i < WORKERS + HOSTS; i++) {
        assert_true(soak_join(callers[i].thread));
        if (callers[i].failures)
            print_error("caller %d: %ld failures, code %lu\n", i, (long)callers[i].failures,
                        (unsigned long)callers[i].strange);
        assert_int_equal(callers[i].failures, 0);
        calls += callers[i].calls;
        if (callers[i].longest > longest) {
            longest = callers[i].longest;
            slowest = callers[i].slowest;
        }
    }
    for (int i = 0; i < 2; i++) {
        bystander_end(&bystanders[i]);
        calls += bystanders[i].calls;
        if (bystanders[i].longest > longest) {
            longest = bystanders[i].longest;
            slowest = "a bystander's";
        }
    }
    idle = stall_longest();
    print_message("%lu thousand calls, the longest %lu ms (%s; %lu ms without a call)\n",
                  (unsigned long)(calls / 1000), (unsigned long)longest, slowest,
                  (unsigned long)idle);
    assert_true(longest <= STALL_PATIENCE + idle);
    for (uint32_t i = 0; i < KEYS; i++) {
        NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
        nm.close(key_of(i), NULL);
        assert_int_equal(nm.query(key_of(i), &usage), NMERR_SUCCESS);
        assert_int_equal(usage.State, NMAPI_STATE_CLOSED);
        assert_int_equal(usage.CommittedBytes, 0);
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_and_experts_race_and_bystanders_see_nothing_of_it),
    };
    soak_begin(argc, argv);
    return cmocka_run_group_tests_name("races", tests, NULL, NULL) != 0;
}
