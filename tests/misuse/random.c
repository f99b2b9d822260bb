/*
 * random.c - random addresses in every call that takes one, with any key: the code is that of
 * codes.h, and nothing changes unless the address happens to be a live block's.
 */
#include "codes.h"

#include <stdio.h>

enum { GROUPS = 9, FORMER = 4096, RUNS = 512, EACH = 100000, CHECK = 2000 };

static struct group groups[GROUPS];
static unsigned char *former[FORMER]; /* former blocks */
static unsigned former_count;
static char *ends[RUNS],
    *begins[RUNS]; /* of committed pages with blocks, and reservations of them */
static int run_count;
static char *image_begin, *image_end; /* of the DLL, or of this program */
static uint32_t random_state;
static unsigned long refused_calls, right_calls, checks;

static uint32_t number(void)
{
    return content_random(&random_state);
}

static ULONG_PTR wide(void)
{
#ifdef _WIN64
    return (ULONG_PTR)number() << 32 | number();
#else
    return number();
#endif
}

static void find_runs(void)
{
    run_count = 0;
    for (int c = 0; c < GROUPS; c++)
        for (int who = 0; who < OWNERS; who++) {
            char *from, *to;
            if (run_count == RUNS || !groups[c].counts[who] ||
                !misuse_run(groups[c].live[who][0].address, &from, &to))
                continue;
            begins[run_count] = misuse_reservation(from);
            ends[run_count++] = to;
        }
    assert_true(run_count > 0);
}

static void find_image(void)
{
    MEMORY_BASIC_INFORMATION area;

#ifdef NMAPI_NATIVE
    image_begin = (char *)(ULONG_PTR)nm.free;
    image_end = image_begin + 0x10000;
    (void)area;
#else
    image_begin = misuse_reservation((const void *)(ULONG_PTR)nm.free);
    for (image_end = image_begin;
         VirtualQuery(image_end, &area, sizeof area) && area.AllocationBase == image_begin;)
        image_end += area.RegionSize;
#endif
}

static const struct group_block *any_live(void)
{
    for (;;) {
        const struct group *group = &groups[number() % GROUPS];
        uint32_t who = number() % OWNERS;
        if (group->counts[who])
            return &group->live[who][number() % (uint32_t)group->counts[who]];
    }
}

static void *any_address(void)
{
    ULONG_PTR any = wide(), at;
    int run = (int)(number() % (uint32_t)run_count);
    uint32_t kind = number() % 16;

    switch (kind) {
    case 0:
        return (void *)any;
    case 1: /* of the program's half */
        return (void *)(any >> 17 & ~(MISUSE_ALIGNMENT - 1));
    case 2: /* of the system's */
        return (void *)(any | (ULONG_PTR)1 << (8 * sizeof any - 1));
    case 3:
        return (void *)(any % 0x20000);
    case 4: /* near the end of a region */
    case 5:
        return ends[run] - 128 + any % 256;
    case 6: /* in a guard page */
        return ends[run] + any % MISUSE_PAGE;
    case 7: /* in block states, or elsewhere among the regions */
    case 8:
        return begins[run] + any % 0x400000;
    case 9: /* in the DLL */
        return image_begin + any % (ULONG_PTR)(image_end - image_begin);
    case 10:
        return former_count ? former[number() % (former_count < FORMER ? former_count : FORMER)]
                            : NULL;
    case 11: /* a few bits wrong */
        at = (ULONG_PTR)any_live()->address;
        return (void *)(at ^ (ULONG_PTR)1 << any % (8 * sizeof any));
    case 12:
        if (number() % 16 == 0)
            return any_live()->address;
        /* fall through */
    default: /* near a live block */
        at = (ULONG_PTR)any_live()->address - 4096 + any % 8192;
        return (void *)(kind & 1 ? at : at & ~(MISUSE_ALIGNMENT - 1));
    }
}

struct found {
    int group, owner, index; /* owner -1: not a live block */
};

static struct found find(const void *address)
{
    for (int c = 0; c < GROUPS; c++)
        for (int who = 0; who < OWNERS; who++)
            for (int i = 0; i < groups[c].counts[who]; i++)
                if (groups[c].live[who][i].address == address)
                    return (struct found){c, who, i};
    return (struct found){-1, -1, -1};
}

static BOOL is_implicit(int who)
{
    return who == IMPLICIT || who == IMPLICIT_TOO || who == TERMINATED_IMPLICIT;
}

/* What kind of pointer a block is to a key; experts of other groups count as other experts of their
   kind. */
static enum column column_of(int group, enum key_kind key, const void *address, struct found found)
{
    if (!address)
        return NOTHING;
    if (found.owner < 0)
        return NO_BLOCK;
    for (int column = OF_OPENED; column < NO_BLOCK; column++)
        if (found.group == group && column_owners[column] == found.owner)
            return (enum column)column;
    if (is_implicit(found.owner))
        return key == IMPLICIT ? OF_IMPLICIT_TOO : OF_IMPLICIT;
    return key == OTHER ? OF_OPENED : OF_OTHER;
}

static void check_all(void)
{
    for (int c = 0; c < GROUPS; c++) {
        const char *wrong = group_check(&groups[c], KEY_KINDS, 0, 0);
        if (wrong)
            fail_msg("class %s: %s (seed %lu)", groups[c].kind->name, wrong,
                     (unsigned long)soak_seed);
    }
    checks++;
}

static void note_all(void)
{
    for (int c = 0; c < GROUPS; c++)
        group_note(&groups[c]);
}

/* The block is freed: a new one takes its place if its owner may still allocate. */
static void replace(struct found found)
{
    struct group *group = &groups[found.group];
    struct group_block *block = &group->live[found.owner][found.index];

    former[former_count++ % FORMER] = block->address;
    if (found.owner == TERMINATED || found.owner == TERMINATED_IMPLICIT) {
        *block = group->live[found.owner][--group->counts[found.owner]];
        return;
    }
    block->address = nm.alloc(group->keys[found.owner], block->bytes, NULL);
    assert_non_null(block->address);
    misuse_fill(block->address, block->bytes, block->seed);
}

static void call_with(enum call call, int c, const struct row *row, void *address)
{
    struct group *group = &groups[c];
    struct found found = find(address);
    HEXPERTKEY key = group->keys[row->key], taker = key;
    enum key_kind subject = call == CALL_TRANSFER_TO ? OPENED : row->key;
    enum column column = column_of(c, subject, address, found);
    BOOL own = found.group == c && (int)row->key == found.owner;
    char letter = codes_letter(row, call, column);
    SIZE_T size = found.owner < 0 ? 0 : groups[found.group].live[found.owner][found.index].bytes;
    unsigned char *result = address;
    DWORD code = 0x5A5A5A5A;
    BOOL changes;

    if (own && (row->key == REOPENED || row->key == REUSED) && call != CALL_TRANSFER_TO)
        letter = codes_letter(&rows[0], call, OF_OPENED);
    changes = letter == 'F' || (letter == 'S' && (address || call == CALL_REALLOC));
    if (changes)
        check_all();
    switch (call) {
    case CALL_FREE:
        code = nm.free(key, address);
        break;
    case CALL_REALLOC:
        result = nm.realloc(key, address, number() % 3000, &code);
        break;
    case CALL_TRANSFER_FROM:
        taker = group->keys[OTHER];
        code = nm.transfer(key, taker, address);
        break;
    case CALL_TRANSFER_TO:
        code = nm.transfer(group->keys[OPENED], key, address);
        break;
    default:
        if (nm.size(key, address) != (letter == '#' ? size : 0))
            fail_msg("Size, class %s, key '%s', %p: wrong", group->kind->name, key_names[row->key],
                     address);
        refused_calls += letter != '#';
        right_calls += letter == '#';
        return;
    }
    if (code != codes_value(letter))
        fail_msg("%s, class %s, key '%s', %s %p: code %lu (seed %lu)", call_names[call],
                 group->kind->name, key_names[row->key], column_names[column], address,
                 (unsigned long)code, (unsigned long)soak_seed);
    if (!changes) {
        refused_calls += code != NMERR_SUCCESS;
        if (code != NMERR_SUCCESS && row->key < KNOWN && call <= CALL_REALLOC)
            group->usages[row->key].Refused++;
        return;
    }
    right_calls++;
    if (call != CALL_FREE)
        assert_int_equal(nm.free(taker, result), NMERR_SUCCESS);
    if (found.owner >= 0)
        replace(found);
    if (row->key >= KNOWN && call == CALL_REALLOC) /* the call opened the key */
        group->keys[row->key] =
            (HEXPERTKEY)((ULONG_PTR)0xA0000000 + 64 * right_calls + (ULONG_PTR)c);
    note_all();
}

static void try_addresses(enum call call)
{
    DWORD each = misuse_count ? misuse_count : EACH;

    refused_calls = right_calls = checks = 0;
    for (DWORD i = 0; i < each; i++) {
        enum call which = call == CALL_TRANSFER_FROM && number() % 2 ? CALL_TRANSFER_TO : call;
        int row = number() % 2 ? (int)(number() % 4) : (int)(number() % (uint32_t)row_count);
        if (i % 50000 == 0)
            find_runs();
        call_with(which, (int)(number() % GROUPS), &rows[row], any_address());
        if (i % CHECK == CHECK - 1)
            check_all();
    }
    check_all();
    print_message(
        "%s: %lu addresses, %lu of them no block of the key's, %lu right; %lu checks of all "
        "experts; seed %lu\n",
        call == CALL_TRANSFER_FROM ? "Transfer" : call_names[call], (unsigned long)each,
        refused_calls, right_calls, checks, (unsigned long)soak_seed);
    assert_true(refused_calls > each / 2);
}

static void free_of_any_address_does_harm_to_nobody(void **state)
{
    (void)state;
    try_addresses(CALL_FREE);
}

static void realloc_of_any_address_does_harm_to_nobody(void **state)
{
    (void)state;
    try_addresses(CALL_REALLOC);
}

static void size_of_any_address_does_harm_to_nobody(void **state)
{
    (void)state;
    try_addresses(CALL_SIZE);
}

static void transfer_of_any_address_does_harm_to_nobody(void **state)
{
    (void)state;
    try_addresses(CALL_TRANSFER_FROM);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(free_of_any_address_does_harm_to_nobody),
        cmocka_unit_test(realloc_of_any_address_does_harm_to_nobody),
        cmocka_unit_test(size_of_any_address_does_harm_to_nobody),
        cmocka_unit_test(transfer_of_any_address_does_harm_to_nobody),
    };

    misuse_begin(argc, argv);
    assert_true(block_class_count == GROUPS);
    random_state = soak_seed;
    for (int c = 0; c < GROUPS; c++)
        group_begin(&groups[c], &block_classes[c]);
    note_all(); /* a later group may reuse the memory of an earlier one's closed experts */
    find_image();
    return cmocka_run_group_tests_name("random addresses", tests, NULL, NULL) != 0;
}
