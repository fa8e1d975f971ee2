/* 4B5B and the scrambler against what the standards promise of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "adapter/signal/code_groups.h"

static void nibbles_and_groups_agree(void **state)
{
    (void)state;
    unsigned data = 0, control = 0, nothing = 0;
    for (unsigned nibble = 0; nibble < 16; nibble++)
        assert_int_equal(code_meaning_of_group[code_group_of_nibble[nibble]], nibble);
    for (unsigned group = 0; group < 32; group++) {
        unsigned meaning = code_meaning_of_group[group];
        data += meaning < 16;
        control += meaning >= MEANS_IDLE && meaning <= MEANS_HALT;
        nothing += meaning == MEANS_NOTHING;
        if (meaning < 16)
            assert_int_equal(code_group_of_nibble[meaning], group);
    }
    assert_int_equal(data, 16);
    assert_int_equal(control, 6);
    assert_int_equal(nothing, 10);
    assert_int_equal(code_meaning_of_group[GROUP_I], MEANS_IDLE);
    assert_int_equal(code_meaning_of_group[GROUP_J], MEANS_J);
    assert_int_equal(code_meaning_of_group[GROUP_K], MEANS_K);
    assert_int_equal(code_meaning_of_group[GROUP_T], MEANS_T);
    assert_int_equal(code_meaning_of_group[GROUP_R], MEANS_R);
    assert_int_equal(code_meaning_of_group[GROUP_H], MEANS_HALT);
}

/* A data group begins with at most one zero and ends with at most two, so data never has more than three
 * zeros on end: that is what the five-bit code was made for. */
static void data_has_no_long_run_of_zeros(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 16; first++)
        for (unsigned second = 0; second < 16; second++) {
            unsigned bits = (unsigned)code_group_of_nibble[first] << 5 | code_group_of_nibble[second];
            for (unsigned at = 0; at + 4 <= 10; at++)
                assert_int_not_equal(bits >> at & 0xF, 0);
        }
}

/* /J/K/ stands in no sequence of data, at no alignment: so it aligns. */
static void start_is_unique(void **state)
{
    (void)state;
    const unsigned start = GROUP_J << 5 | GROUP_K;
    for (unsigned i = 0; i < 4096; i++) {
        unsigned bits = (unsigned)code_group_of_nibble[i >> 8] << 10 |
                        (unsigned)code_group_of_nibble[i >> 4 & 15] << 5 | code_group_of_nibble[i & 15];
        for (unsigned at = 0; at <= 5; at++)
            assert_int_not_equal(bits >> at & 0x3FF, start);
    }
}

static void scrambler_has_its_full_period(void **state)
{
    (void)state;
    uint16_t generator = 0x155;
    unsigned period = 0, ones = 0;
    do {
        ones += scrambler_one(&generator);
        period++;
    } while (generator != 0x155 && period < 5000);
    assert_int_equal(period, 2047);
    assert_int_equal(ones, 1024); /* of a maximal sequence */
}

static void scrambler_follows_its_recurrence(void **state)
{
    (void)state;
    uint16_t one = 0x7FF, five = 0x7FF;
    unsigned key[3000];
    for (unsigned n = 0; n < 3000; n++) {
        key[n] = scrambler_one(&one);
        if (n >= 11)
            assert_int_equal(key[n], key[n - 9] ^ key[n - 11]);
    }
    for (unsigned n = 0; n + 5 <= 3000; n += 5) {
        unsigned bits = scrambler_five(&five);
        for (unsigned i = 0; i < 5; i++)
            assert_int_equal(bits >> (4 - i) & 1, key[n + i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nibbles_and_groups_agree),
        cmocka_unit_test(data_has_no_long_run_of_zeros),
        cmocka_unit_test(start_is_unique),
        cmocka_unit_test(scrambler_has_its_full_period),
        cmocka_unit_test(scrambler_follows_its_recurrence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
