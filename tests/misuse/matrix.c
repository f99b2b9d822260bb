/*
 * matrix.c - every wrong call with its code from the contract. After each one nothing has changed,
 * and the same call done right succeeds.
 */
#include "codes.h"
#include "pointers.h"

#include <stdio.h>

/* clang-format off */
/* The calls that take no pointer. Wrong arguments are: no callback, a NULL usage, a cbSize that is
   too small, a flag, too many bytes. */
enum plain { ALLOC, QUERY, ENUM_MEMORY, TERMINATE, CLOSE, OPEN, ALLOC_TOO_MUCH, QUERY_INTO_NOTHING,
             QUERY_TOO_SMALL, ENUM_NO_CALLBACK, CLOSE_TOO_SMALL, OPEN_TOO_SMALL, OPEN_WITH_FLAGS,
             PLAINS };

static const char *const plain_names[] = {
    "Alloc", "Query", "EnumMemory", "Terminate", "Close", "Open", "Alloc too much",
    "Query into NULL", "Query too small", "EnumMemory without callback", "Close too small",
    "Open too small", "Open with flags"};

static const struct plain_row {
    enum key_kind key;
    const char *codes;
} plain_rows[] = {
    /* Alloc Query EnumMemory Terminate Close Open | too much, wrong arguments */
    {OPENED,              "SSSSSH" "MPPPPPP"},
    {REOPENED,            "SSSSSH" "MPPPPPP"},
    {IMPLICIT,            "SSSSSH" "MPPPPPP"},
    {TERMINATED,          "TSSSSH" "TPPPPPP"},
    {TERMINATED_IMPLICIT, "TSSSSH" "TPPPPPP"},
    {CLOSED,              "TSTTTS" "TPPPPPP"},
    {CLOSED_IMPLICIT,     "TSTTTS" "TPPPPPP"},
    {QUARANTINED,         "TSTTTS" "TPPPPPP"},
    {UNKNOWN,             "SHHHHS" "MPPPPPP"},
    {NEAR_MISS,           "SHHHHS" "MPPPPPP"},
    {TINY_KEY,            "SHHHHS" "MPPPPPP"},
    {HIGH_KEY,            "SHHHHS" "MPPPPPP"},
    {KERNEL_KEY,          "SHHHHS" "MPPPPPP"},
    {NO_KEY,              "HHHHHH" "HHHHPHH"},
};
/* clang-format on */

static struct group group;
static unsigned long misused, rightful;
static unsigned long tried[64]; /* of no_blocks */

struct cell {
    enum call call;
    const struct row *row;
    enum column column;
    const char *pointer_name;
    void *pointer;
    void *result; /* of Realloc */
    char code;
};

static void fail_cell(const struct cell *cell, const char *why, unsigned long got)
{
    fail_msg("%s, class %s, key '%s', pointer %s (%s) %p: %s (%lu)", call_names[cell->call],
             group.kind->name, key_names[cell->row->key], column_names[cell->column],
             cell->pointer_name, cell->pointer, why, got);
}

static SIZE_T new_size(void)
{
    return group.kind->bytes + 5000;
}

/* The call of the cell and its code. */
static void make_call(struct cell *cell)
{
    HEXPERTKEY key = group.keys[cell->row->key];
    DWORD code = 0x5A5A5A5A;
    SIZE_T bytes;

    switch (cell->call) {
    case CALL_FREE:
        code = nm.free(key, cell->pointer);
        break;
    case CALL_REALLOC:
        cell->result = nm.realloc(key, cell->pointer, new_size(), &code);
        if ((cell->result != NULL) != (code == NMERR_SUCCESS))
            fail_cell(cell, "a block and an error", code);
        break;
    case CALL_TRANSFER_FROM:
        code = nm.transfer(key, group.keys[OTHER], cell->pointer);
        break;
    case CALL_TRANSFER_TO:
        code = nm.transfer(group.keys[OPENED], key, cell->pointer);
        break;
    default:
        bytes = nm.size(key, cell->pointer);
        if (bytes != (cell->code == '#' ? group.kind->bytes : 0))
            fail_cell(cell, "the size is", (unsigned long)bytes);
        return;
    }
    if (code != codes_value(cell->code))
        fail_cell(cell, "the code is", code);
}

/* The same call done right. */
static void twin(const struct cell *cell)
{
    HEXPERTKEY key = group.keys[OPENED], to = group.keys[OTHER], giver = group.keys[GIVER];
    unsigned char *block;
    DWORD error = 0;

    switch (cell->call) {
    case CALL_FREE:
        assert_int_equal(nm.free(key, group_make(&group)), NMERR_SUCCESS);
        break;
    case CALL_REALLOC:
        block = nm.realloc(key, group_make(&group), new_size(), &error);
        assert_int_equal(error, NMERR_SUCCESS);
        assert_int_equal(nm.size(key, block), new_size());
        assert_int_equal(nm.free(key, block), NMERR_SUCCESS);
        break;
    case CALL_SIZE:
        assert_int_equal(nm.size(key, group.live[OPENED][0].address), group.kind->bytes);
        return;
    default:
        block = nm.alloc(giver, group.kind->bytes, NULL);
        assert_int_equal(nm.transfer(giver, to, block), NMERR_SUCCESS);
        assert_int_equal(nm.size(to, block), group.kind->bytes);
        assert_int_equal(nm.free(to, block), NMERR_SUCCESS);
        break;
    }
    group_note(&group);
}

static void begin_anew(void)
{
    const struct block_class *kind = group.kind;

    group_end(&group);
    group_begin(&group, kind);
}

static SIZE_T live_blocks(int who)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};

    return nm.query(group.keys[who], &usage) == NMERR_SUCCESS ? usage.LiveBlocks : 0;
}

/* Checks the effect of a right call: the owner has one block less, the receiver one more, and
   nobody else changed. Then the group is made anew. */
static void check_rightful(const struct cell *cell)
{
    int owner = column_owners[cell->column];
    int caller = (int)cell->row->key;
    int taker = cell->call == CALL_TRANSFER_FROM ? OTHER : cell->call == CALL_FREE ? -1 : caller;
    /* Freeing another expert's block does not open the key. */
    unsigned but = cell->call == CALL_FREE && caller >= KNOWN ? 0 : 1U << caller;
    const unsigned char *block = cell->call == CALL_REALLOC ? cell->result : cell->pointer;
    SIZE_T bytes = cell->call == CALL_REALLOC ? new_size() : group.kind->bytes;
    const char *wrong;

    but |= (owner < 0 ? 0 : 1U << owner) | (taker < 0 ? 0 : 1U << taker);
    wrong = group_check(&group, KEY_KINDS, 0, but);
    if (wrong)
        fail_cell(cell, wrong, 0);
    if (owner >= 0 && owner != taker) {
        if (live_blocks(owner) != (SIZE_T)group.counts[owner] - 1)
            fail_cell(cell, "its owner has as many blocks as before", 0);
        if (nm.size(group.keys[owner], cell->pointer) != 0)
            fail_cell(cell, "its owner still has it", 0);
    }
    if (taker >= 0) {
        if (nm.size(group.keys[taker], (LPVOID)(ULONG_PTR)block) != bytes)
            fail_cell(cell, "who got it does not have it", 0);
        if (owner >= 0 && !misuse_holds(block, group.kind->bytes, group.live[owner][0].seed))
            fail_cell(cell, "its content is lost", 0);
    }
    begin_anew();
}

static BOOL check_cell(struct cell *cell)
{
    const char *wrong;
    int refused;

    if (cell->pointer && cell->column == NO_BLOCK && group_is_live(&group, cell->pointer))
        return FALSE; /* the random address is a block's address, so it is that block */
    make_call(cell);
    if (cell->code == 'F' || (cell->code == 'S' && (cell->pointer || cell->call == CALL_REALLOC))) {
        rightful++;
        check_rightful(cell);
        return TRUE;
    }
    /* Only the expert's own failed calls are counted. */
    refused = (cell->call == CALL_FREE || cell->call == CALL_REALLOC) && cell->row->key < KNOWN &&
              cell->code != 'S';
    wrong = group_check(&group, (int)cell->row->key, refused, 0);
    if (wrong)
        fail_cell(cell, wrong, 0);
    twin(cell);
    if (cell->code == 'S' || cell->code == '#')
        rightful++;
    else
        misused++;
    return TRUE;
}

static void check_column(struct cell *cell)
{
    int owner = column_owners[cell->column];

    cell->code = codes_letter(cell->row, cell->call, cell->column);
    if (cell->column != NO_BLOCK) {
        cell->pointer_name = "live";
        cell->pointer = owner < 0 ? NULL : group.live[owner][0].address;
        check_cell(cell);
        return;
    }
    for (int i = 0; i < no_block_count; i++) {
        cell->pointer_name = no_blocks[i].name;
        cell->pointer = no_blocks[i].make(&group);
        if (cell->pointer && check_cell(cell))
            tried[i]++;
    }
}

static void a_wrong_pointer_or_key_is_answered_by_its_code_and_changes_nothing(void **state)
{
    (void)state;
    for (int kind = 0; kind < block_class_count; kind++) {
        if (misuse_pageheap && !block_classes[kind].paged)
            continue;
        group_begin(&group, &block_classes[kind]);
        for (size_t row = 0; row < (size_t)row_count; row++)
            for (int call = 0; call < CALLS; call++)
                for (int column = 0; column < COLUMNS; column++) {
                    struct cell cell = {
                        (enum call)call, &rows[row], (enum column)column, NULL, NULL, NULL, 0};
                    check_column(&cell);
                }
        group_end(&group);
    }
    for (int i = 0; i < no_block_count; i++)
        if (!tried[i])
            fail_msg("never tried: %s", no_blocks[i].name);
    print_message("%lu cells of misuse, each with its code and a benign twin; %lu rightful ones "
                  "beside them\n",
                  misused, rightful);
    assert_true(misused > 10000);
}

static BOOL CALLBACK count_key(HEXPERTKEY key, LPVOID context)
{
    (void)key;
    ++*(SIZE_T *)context;
    return TRUE;
}

static BOOL CALLBACK see_block(HEXPERTKEY key, LPVOID block, SIZE_T bytes, LPVOID context)
{
    (void)key;
    (void)block;
    (void)bytes;
    (void)context;
    return TRUE;
}

static SIZE_T count_keys(void)
{
    SIZE_T count = 0;

    assert_int_equal(nm.enum_experts(NULL, &count), NMERR_INVALID_PARAMETER);
    assert_int_equal(nm.enum_experts(count_key, &count), NMERR_SUCCESS);
    return count;
}

static DWORD alloc_code(HEXPERTKEY key, SIZE_T bytes)
{
    DWORD code = 0x5A5A5A5A;
    void *block = nm.alloc(key, bytes, &code);

    assert_true((block != NULL) == (code == NMERR_SUCCESS));
    return code;
}

static DWORD plain_call(enum plain call, HEXPERTKEY key)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    NMAPI_EXPERT_USAGE small_usage = {.cbSize = sizeof small_usage - 1};
    NMAPI_EXPERT_OPTIONS options = {.cbSize = sizeof options, .Flags = 0x80000000};
    NMAPI_EXPERT_OPTIONS small_options = {.cbSize = sizeof small_options - 1};

    switch (call) {
    case ALLOC:
        return alloc_code(key, group.kind->bytes);
    case ALLOC_TOO_MUCH:
        return alloc_code(key, (SIZE_T)-1 - group.kind->bytes);
    case QUERY:
        return nm.query(key, &usage);
    case QUERY_INTO_NOTHING:
        return nm.query(key, NULL);
    case QUERY_TOO_SMALL:
        return nm.query(key, &small_usage);
    case ENUM_MEMORY:
        return nm.enum_memory(key, see_block, NULL);
    case ENUM_NO_CALLBACK:
        return nm.enum_memory(key, NULL, NULL);
    case TERMINATE:
        return nm.terminate(key);
    case CLOSE:
        return nm.close(key, &usage);
    case CLOSE_TOO_SMALL:
        return nm.close(key, &small_usage);
    case OPEN_TOO_SMALL:
        return nm.open(key, &small_options);
    case OPEN_WITH_FLAGS:
        return nm.open(key, &options);
    default:
        return nm.open(key, NULL);
    }
}

/* The same call done right, on an expert made for that. */
static void plain_twin(enum plain call)
{
    static ULONG_PTR next_key = 0x100003;
    HEXPERTKEY key = (HEXPERTKEY)(next_key += 64);
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};

    if (call == OPEN || call >= OPEN_TOO_SMALL)
        assert_int_equal(nm.open(key, NULL), NMERR_SUCCESS);
    assert_int_equal(alloc_code(key, group.kind->bytes), NMERR_SUCCESS);
    assert_int_equal(nm.query(key, &usage), NMERR_SUCCESS);
    assert_int_equal(usage.LiveBlocks, 1);
    assert_int_equal(nm.enum_memory(key, see_block, NULL), NMERR_SUCCESS);
    assert_int_equal(nm.terminate(key), NMERR_SUCCESS);
    assert_int_equal(nm.close(key, &usage), NMERR_SUCCESS);
}

static void check_plain(const struct plain_row *row, enum plain call)
{
    char letter = row->codes[call];
    SIZE_T keys = count_keys();
    DWORD code = plain_call(call, group.keys[row->key]);
    const char *wrong;
    int refused;

    if (code != codes_value(letter))
        fail_msg("%s, class %s, key '%s': code %lu", plain_names[call], group.kind->name,
                 key_names[row->key], (unsigned long)code);
    if (letter == 'S') {
        rightful++;
        wrong = group_check(&group, KEY_KINDS, 0, 1U << row->key);
        if (call != QUERY && call != ENUM_MEMORY)
            begin_anew();
    } else {
        misused++;
        refused = (call == ALLOC || call == ALLOC_TOO_MUCH) && row->key < KNOWN;
        /* An unknown key is opened for its first call, whatever comes of that. */
        wrong = group_check(&group, (int)row->key, refused,
                            call == ALLOC_TOO_MUCH && row->key >= KNOWN ? 1U << row->key : 0);
        if (!wrong && count_keys() != keys && !(call == ALLOC_TOO_MUCH && row->key >= KNOWN))
            wrong = "there are other keys";
        plain_twin(call);
        if (call == ALLOC_TOO_MUCH)
            begin_anew();
    }
    if (wrong)
        fail_msg("%s, class %s, key '%s': %s", plain_names[call], group.kind->name,
                 key_names[row->key], wrong);
}

static void a_wrong_call_without_a_pointer_is_answered_by_its_code_and_changes_nothing(void **state)
{
    (void)state;
    misused = rightful = 0;
    for (int kind = 0; kind < block_class_count; kind++) {
        if (misuse_pageheap && !block_classes[kind].paged)
            continue;
        group_begin(&group, &block_classes[kind]);
        for (size_t row = 0; row < MISUSE_COUNT(plain_rows); row++)
            for (int call = 0; call < PLAINS; call++)
                check_plain(&plain_rows[row], (enum plain)call);
        group_end(&group);
    }
    print_message(
        "%lu cells of misuse without a pointer, each with its code and a benign twin; %lu "
        "rightful ones beside them\n",
        misused, rightful);
    assert_true(misused > 500);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_pointer_or_key_is_answered_by_its_code_and_changes_nothing),
        cmocka_unit_test(
            a_wrong_call_without_a_pointer_is_answered_by_its_code_and_changes_nothing),
    };

    misuse_begin(argc, argv);
    return cmocka_run_group_tests_name("misuse", tests, NULL, NULL) != 0;
}
