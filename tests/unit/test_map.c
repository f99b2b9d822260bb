/* test_map.c - the promises of map.h: reservations, what lies at an address, and a reservation that
   was half made. */
#include "regions.h"

#define ENTRY ((ULONG_PTR)0x1230 + MAP_SEGMENT)
#define OWN_ENTRY ((ULONG_PTR)0x1230)

static char *reserve(SIZE_T bytes, SIZE_T alignment)
{
    char *base;

    region_lock(self);
    base = map_reserve(self, bytes, alignment);
    region_unlock();
    return base;
}

static void release(char *base, SIZE_T bytes)
{
    region_lock(self);
    map_note_release(base, bytes);
    map_release();
    region_unlock();
}

static void a_reservation_is_found_once_it_is_published(void **state)
{
    static const SIZE_T sizes[] = {1, 2, 8};
    SIZE_T addresses = reserved();

    (void)state;
    for (int i = 0; i < 3; i++) {
        SIZE_T bytes = sizes[i] * MAP_BYTES;
        char *base = reserve(bytes, bytes);
        assert_non_null(base);
        assert_int_equal((ULONG_PTR)base % bytes, 0);
        assert_int_equal(reserved() - addresses, bytes);
        assert_int_equal(map_find((ULONG_PTR)base), 0);
        map_publish(base, bytes, ENTRY);
        for (SIZE_T k = 0; k < sizes[i]; k++)
            assert_int_equal(map_find((ULONG_PTR)base + k * MAP_BYTES + 5), ENTRY);
        assert_int_equal(map_find((ULONG_PTR)base + bytes), 0);
        assert_int_equal(map_find((ULONG_PTR)base - 1), 0);
        release(base, bytes);
        assert_int_equal(map_find((ULONG_PTR)base), 0);
        assert_int_equal(reserved(), addresses);
    }
}

static void of_a_region_alone_in_its_reservation_the_first_entry_is_set(void **state)
{
    char *base = reserve(3 * MAP_BYTES, MAP_BYTES);

    (void)state;
    map_publish(base, 3 * MAP_BYTES, OWN_ENTRY);
    assert_int_equal(map_find((ULONG_PTR)base + MAP_BYTES - 1), OWN_ENTRY);
    assert_int_equal(map_find((ULONG_PTR)base + MAP_BYTES), 0);
    release(base, 3 * MAP_BYTES);
    assert_int_equal(map_find((ULONG_PTR)base), 0);
}

static void addresses_outside_the_user_range_have_no_owner(void **state)
{
    (void)state;
    assert_int_equal(map_find(0), 0);
    assert_int_equal(map_find((ULONG_PTR)-1), 0);
    assert_int_equal(map_find((ULONG_PTR)1 << OS_ADDRESS_BITS), 0);
    assert_int_equal(map_find(((ULONG_PTR)1 << OS_ADDRESS_BITS) - 1), 0);
}

/* The lock's holder died before the segment was published, or before or after it was released. */
static void a_half_made_segment_is_released_and_a_recorded_one_stays(void **state)
{
    SIZE_T addresses = reserved();
    char *base = reserve(MAP_BYTES, MAP_BYTES);

    (void)state;
    assert_true(region_is_valid(self)); /* which repairs: no record has it */
    assert_int_equal(reserved(), addresses);
    base = reserve(MAP_BYTES, MAP_BYTES);
    map_enter(base, MAP_BYTES, ENTRY);
    map_repair_begin();
    assert_int_equal(map_find((ULONG_PTR)base), 0);
    map_enter(base, MAP_BYTES, ENTRY); /* a record has it */
    map_repair_end();
    assert_int_equal(map_find((ULONG_PTR)base), ENTRY);
    assert_int_equal(reserved() - addresses, MAP_BYTES);
    map_note_release(base, MAP_BYTES);
    map_repair_begin(); /* its record has been cleared */
    map_repair_end();
    assert_int_equal(map_find((ULONG_PTR)base), 0);
    assert_int_equal(reserved(), addresses);
    map_note_release(base, MAP_BYTES); /* and it is released already */
    map_repair_begin();
    map_repair_end();
    assert_int_equal(reserved(), addresses);
}

static void what_another_has_reserved_there_meanwhile_is_not_touched(void **state)
{
    SIZE_T addresses = reserved();
    char *base = reserve(MAP_BYTES, MAP_BYTES);

    (void)state;
    os_release(base);
    assert_true(os_reserve(base, MAP_BYTES / 2) == base);
    map_repair_begin();
    map_repair_end();
    assert_int_equal(reserved() - addresses, MAP_BYTES / 2);
    os_release(base);
}

static int taken;

/* Another thread is faster, twice. */
static void take_it_first(const char *name, BOOL after)
{
    if (!after && strncmp(name, "VirtualAlloc", 12) == 0 && taken++ < 2)
        standin_fail_at("VirtualAlloc.reserve", 1, FALSE);
}

static void where_another_is_first_the_next_place_is_tried(void **state)
{
    char *base;

    (void)state;
    taken = 0;
    standin_on_call(take_it_first);
    base = reserve(MAP_BYTES, MAP_BYTES);
    standin_on_call(NULL);
    standin_fail_never();
    assert_non_null(base);
    assert_int_equal(taken, 3);
    map_publish(base, MAP_BYTES, ENTRY);
    release(base, MAP_BYTES);
}

/* The size of the largest free range. */
static SIZE_T largest_free(void)
{
    SIZE_T bytes = 0;

    for (SIZE_T bit = (SIZE_T)1 << (OS_ADDRESS_BITS - 1); bit >= MAP_BYTES; bit /= 2)
        if (os_find_free(NULL, bytes + bit, MAP_BYTES, NULL))
            bytes += bit;
    return bytes;
}

static void without_free_addresses_the_search_gives_up(void **state)
{
    static struct map_leaf leaf;
    SIZE_T addresses = reserved(), largest = largest_free();
    ULONG_PTR place = (ULONG_PTR)os_find_free(NULL, largest, MAP_BYTES, NULL);
    struct map_leaf *volatile *root = &map_root[place >> (MAP_SHIFT + MAP_LEAF_BITS)], *had = *root;

    (void)state;
    standin_fail_at("VirtualAlloc.reserve", 1, TRUE);
    assert_null(reserve(MAP_BYTES, MAP_BYTES));
    assert_in_range(standin_failed(), 1, 100);
    standin_fail_never();
    /* So much lies free in one place alone, which is not tried twice. */
    *root = had ? had : &leaf;
    standin_fail_at("VirtualAlloc.reserve", 1, TRUE);
    assert_null(reserve(largest, MAP_BYTES));
    assert_int_equal(standin_failed(), 1);
    standin_fail_never();
    *root = had;
    assert_null(reserve((SIZE_T)1 << OS_ADDRESS_BITS, MAP_BYTES));
    assert_true(region_is_valid(self));
    assert_int_equal(reserved(), addresses);
}

/* A search makes no system call for the pages of a segment that is in its way. */
static void a_search_steps_over_a_segment_at_once(void **state)
{
    enum { HOLES = 100 };
    char *base = reserve(MAP_BYTES, MAP_BYTES);
    unsigned long asked[2];

    (void)state;
    for (SIZE_T i = 0; i < HOLES; i++)
        assert_true(os_commit(base + 2 * i * OS_PAGE, OS_PAGE));
    for (int is_segment = 0; is_segment < 2; is_segment++) {
        map_enter(base, MAP_BYTES, is_segment ? ENTRY : 0);
        asked[is_segment] = standin_calls("VirtualQuery");
        assert_null(reserve((SIZE_T)1 << OS_ADDRESS_BITS, MAP_BYTES));
        asked[is_segment] = standin_calls("VirtualQuery") - asked[is_segment];
    }
    assert_in_range(asked[0] - asked[1], 2 * HOLES, 5 * HOLES);
    map_publish(base, MAP_BYTES, ENTRY);
    release(base, MAP_BYTES);
}

/* The map is never written beyond a leaf's end, nor where there is no leaf. */
static void entries_end_with_their_leaf(void **state)
{
    const unsigned part = 5; /* far below the addresses that the system gives */
    char *last = (char *)((ULONG_PTR)MAP_BYTES * ((part + 1) << MAP_LEAF_BITS) - MAP_BYTES);
    struct map_leaf *leaf = permanent_alloc(self, 2 * sizeof *leaf);

    (void)state;
    assert_non_null(leaf);
    assert_null(map_root[part]);
    map_enter(last, MAP_BYTES, ENTRY);
    assert_int_equal(map_find((ULONG_PTR)last), 0);
    map_root[part] = leaf;
    map_enter(last, 2 * MAP_BYTES, ENTRY);
    assert_int_equal(map_find((ULONG_PTR)last), ENTRY);
    assert_int_equal(leaf[1].entries[0], 0);
    map_root[part] = NULL;
}

/* So far apart that each needs its own leaf. */
static void without_memory_for_the_map_there_is_no_reservation(void **state)
{
    SIZE_T part = MAP_BYTES << MAP_LEAF_BITS, addresses;
    char *first = reserve(MAP_BYTES, MAP_BYTES), *base;

    (void)state;
    map_publish(first, MAP_BYTES, ENTRY);
    addresses = reserved();
    exhaust_permanent(sizeof(struct map_leaf));
    standin_fail_never();
    standin_fail_at("VirtualAlloc.commit", 1, TRUE);
    base = reserve(part, part); /* not where the first segment lies */
    standin_fail_never();
    if (base) { /* its leaf existed already */
        assert_non_null(map_root[(ULONG_PTR)base >> (MAP_SHIFT + MAP_LEAF_BITS)]);
        map_publish(base, part, ENTRY);
        release(base, part);
    }
    assert_int_equal(reserved(), addresses);
    base = reserve(part, part);
    assert_non_null(base);
    map_publish(base, part, ENTRY);
    assert_int_equal(map_find((ULONG_PTR)base + part - 1), ENTRY);
    release(base, part);
    release(first, MAP_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(a_reservation_is_found_once_it_is_published),
        ONE(of_a_region_alone_in_its_reservation_the_first_entry_is_set),
        ONE(addresses_outside_the_user_range_have_no_owner),
        ONE(a_half_made_segment_is_released_and_a_recorded_one_stays),
        ONE(what_another_has_reserved_there_meanwhile_is_not_touched),
        ONE(where_another_is_first_the_next_place_is_tried),
        ONE(without_free_addresses_the_search_gives_up),
        ONE(a_search_steps_over_a_segment_at_once),
        ONE(entries_end_with_their_leaf),
        ONE(without_memory_for_the_map_there_is_no_reservation),
    };

    return UNIT_RUN(tests);
}
