/* test_bits.c - the promises of bits.h, against loops that look at one bit after the other. */
#include "base/bits.h"
#include "unit.h"

enum { WORDS = 5, COUNT = WORDS * 32 };

static int is_set(const uint32_t *bits, unsigned i)
{
    return bits[i / 32] >> i % 32 & 1;
}

static unsigned slow_next(const uint32_t *bits, unsigned count, unsigned from, int set)
{
    for (unsigned i = from; i < count; i++)
        if (is_set(bits, i) == set)
            return i;
    return count;
}

static unsigned slow_run_at(const uint32_t *bits, unsigned count, unsigned begin)
{
    unsigned length = 0;

    while (begin + length < count && is_set(bits, begin + length))
        length++;
    return length;
}

static unsigned slow_find_run(const uint32_t *bits, unsigned count, unsigned length)
{
    for (unsigned i = 0; i < count; i++)
        if (slow_run_at(bits, count, i) >= length)
            return i;
    return count;
}

static unsigned slow_longest_run(const uint32_t *bits, unsigned count)
{
    unsigned longest = 0;

    for (unsigned i = 0; i < count; i++)
        if (slow_run_at(bits, count, i) > longest)
            longest = slow_run_at(bits, count, i);
    return longest;
}

/* Some runs, some of them long. */
static void make_some(uint32_t *bits, unsigned *seed)
{
    unsigned most = 1 + unit_random(seed) % 70;

    for (unsigned i = 0, set = unit_random(seed) & 1; i < COUNT; set = !set)
        for (unsigned k = 1 + unit_random(seed) % most; k > 0 && i < COUNT; k--, i++)
            bits[i / 32] = (bits[i / 32] & ~(1U << i % 32)) | (uint32_t)set << i % 32;
}

static void the_highest_and_the_lowest_bit_of_any_word(void **state)
{
    unsigned seed = 5;

    (void)state;
    for (unsigned i = 0; i < 32; i++) {
        uint32_t bit = 1U << i;
        assert_int_equal(bits_highest(bit), i);
        assert_int_equal(bits_lowest(bit), i);
        assert_int_equal(bits_highest(bit | (unit_random(&seed) & (bit - 1))), i);
        assert_int_equal(bits_lowest(bit | (unit_random(&seed) & ~(bit - 1) & ~bit)), i);
    }
    assert_int_equal(bits_highest(0xFFFFFFFFU), 31);
    assert_int_equal(bits_lowest(0xFFFFFFFFU), 0);
}

static void runs_are_found_as_by_a_slow_loop(void **state)
{
    unsigned seed = 17;
    uint32_t bits[WORDS];

    (void)state;
    for (int round = 0; round < 3000; round++) {
        unsigned count = unit_random(&seed) % (COUNT + 1), from = unit_random(&seed) % (COUNT + 1);
        make_some(bits, &seed);
        for (int set = 0; set < 2; set++)
            assert_int_equal(bits_next(bits, count, from, set),
                             from < count ? slow_next(bits, count, from, set) : count);
        assert_int_equal(bits_longest_run(bits, count), slow_longest_run(bits, count));
        for (unsigned length = 1; length <= COUNT; length += 1 + unit_random(&seed) % 9)
            assert_int_equal(bits_find_run(bits, count, length),
                             slow_find_run(bits, count, length));
    }
}

static void all_bits_and_no_bits_are_handled(void **state)
{
    uint32_t bits[WORDS];

    (void)state;
    for (unsigned count = 1; count <= COUNT; count++) {
        memset(bits, 0xFF, sizeof bits);
        assert_int_equal(bits_longest_run(bits, count), count);
        assert_int_equal(bits_find_run(bits, count, count), 0);
        assert_int_equal(bits_find_run(bits, count, count + 1), count);
        assert_int_equal(bits_next(bits, count, 0, 0), count);
        memset(bits, 0, sizeof bits);
        assert_int_equal(bits_longest_run(bits, count), 0);
        assert_int_equal(bits_find_run(bits, count, 1), count);
        assert_int_equal(bits_next(bits, count, 0, 1), count);
    }
}

static void a_run_is_set_and_cleared_and_nothing_beside_it(void **state)
{
    unsigned seed = 23;
    uint32_t bits[WORDS], was[WORDS];

    (void)state;
    for (int round = 0; round < 20000; round++) {
        unsigned begin = unit_random(&seed) % COUNT;
        unsigned length = unit_random(&seed) % (COUNT - begin + 1);
        int set = round & 1;
        make_some(bits, &seed);
        memcpy(was, bits, sizeof was);
        bits_set_run(bits, begin, length, set);
        for (unsigned i = 0; i < COUNT; i++)
            assert_int_equal(is_set(bits, i),
                             i >= begin && i < begin + length ? set : is_set(was, i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_highest_and_the_lowest_bit_of_any_word),
        cmocka_unit_test(runs_are_found_as_by_a_slow_loop),
        cmocka_unit_test(all_bits_and_no_bits_are_handled),
        cmocka_unit_test(a_run_is_set_and_cleared_and_nothing_beside_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
