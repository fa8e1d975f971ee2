/* PRR by the numbers of RFC 9937: the proportional part, the bound in which the flight is rebuilt, the first
 * segment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "transport/tcp/prr.h"

enum { MSS = 1000 };

/* 20 segments in flight, one lost, ssthresh 14 (CUBIC's 0.7): 19 ACKs let out 13 to 14, evenly. */
static void one_loss_is_spread_over_the_round_trip(void **state)
{
    struct prr prr;
    uint32_t pipe = 19 * MSS, sent = 0;

    (void)state;
    prr_begin(&prr, 20 * MSS);
    for (unsigned ack = 1; ack <= 19; ack++) {
        uint32_t may;

        pipe -= MSS;
        may = prr_acked(&prr, MSS, pipe, 14 * MSS, MSS, false);
        for (; may >= MSS; may -= MSS) {
            prr.out += MSS;
            pipe += MSS;
            sent++;
        }
        if (pipe > 14 * MSS) /* evenly, until the flight is what it shall be */
            assert_true(sent * 10 + 10 >= ack * 7 && sent * 10 <= ack * 7 + 10);
    }
    assert_in_range(sent, 13, 14);
    assert_in_range(pipe, 13 * MSS, 14 * MSS); /* at its end the flight is what ssthresh says */
}

/* Most of the window is lost: the flight is below ssthresh; one for one, and one more where the ACK is safe. */
static void after_heavy_loss_it_is_rebuilt(void **state)
{
    struct prr prr;

    (void)state;
    prr_begin(&prr, 20 * MSS);
    assert_int_equal(prr_acked(&prr, MSS, 2 * MSS, 10 * MSS, MSS, false), MSS);
    prr.out += MSS;
    assert_int_equal(prr_acked(&prr, MSS, 2 * MSS, 10 * MSS, MSS, true), 2 * MSS);
    prr.out += 2 * MSS;
    assert_int_equal(prr_acked(&prr, MSS, 10 * MSS - 500, 10 * MSS, MSS, true), 500); /* never above ssthresh */
    assert_int_equal(prr_acked(&prr, 0, 9 * MSS, 10 * MSS, MSS, false), 0); /* nothing delivered */
}

static void the_first_segment_leaves_at_once(void **state)
{
    struct prr prr;

    (void)state;
    prr_begin(&prr, 100 * MSS);
    assert_int_equal(prr_acked(&prr, MSS, 96 * MSS, 50 * MSS, MSS, false), MSS);
    prr.out = MSS;
    assert_int_equal(prr_acked(&prr, MSS, 96 * MSS, 50 * MSS, MSS, false), 0);
    prr_begin(&prr, 0); /* nothing in flight: no division by it */
    assert_int_equal(prr_acked(&prr, 0, 0, 2 * MSS, MSS, false), MSS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_loss_is_spread_over_the_round_trip),
        cmocka_unit_test(after_heavy_loss_it_is_rebuilt),
        cmocka_unit_test(the_first_segment_leaves_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
