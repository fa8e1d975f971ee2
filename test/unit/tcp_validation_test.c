/* Congestion window validation by RFC 7661's numbers: pipeACK and its period, the two phases, losses, and the end after
 * five minutes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/time.h"
#include "transport/tcp/congestion.h"
#include "transport/tcp/validation.h"

enum { MSS = 1000, SRTT_MS = 100 };
#define SRTT_NS (SRTT_MS * NS_PER_MS)

/* `count` round trips in each of which `octets` are acknowledged. */
static void round_trips(struct validation *validation, uint32_t *una, uint32_t octets, unsigned count, int64_t *now_ns)
{
    for (unsigned i = 0; i < count; i++) {
        *una += octets;
        *now_ns += SRTT_NS;
        validation_acked(validation, seq_of(*una), seq_of(*una + octets), octets, *now_ns, SRTT_NS);
    }
}

static void half_of_the_window_validates_it(void **state)
{
    struct validation validation = { 0 };
    uint32_t una = 0u - 20000;
    int64_t now_ns = NS_PER_S;

    (void)state;
    assert_true(validation_is_valid(&validation, 100 * MSS, 0, now_ns, SRTT_NS)); /* not known yet (§4.2) */
    round_trips(&validation, &una, 10 * MSS, 5, &now_ns);
    assert_true(validation_is_valid(&validation, 20 * MSS, 0, now_ns, SRTT_NS));
    assert_true(validation_is_valid(&validation, 20 * MSS + 1, 0, now_ns, SRTT_NS));
    assert_false(validation_is_valid(&validation, 20 * MSS + 2, 0, now_ns, SRTT_NS));
    round_trips(&validation, &una, 15 * MSS, 2, &now_ns); /* used again: validated again */
    assert_true(validation_is_valid(&validation, 30 * MSS, 0, now_ns, SRTT_NS));
    /* The most of the sampling period counts, a second here; then it is forgotten. */
    round_trips(&validation, &una, MSS, 4, &now_ns);
    assert_true(validation_is_valid(&validation, 30 * MSS, 0, now_ns, SRTT_NS));
    round_trips(&validation, &una, MSS, 7, &now_ns);
    assert_false(validation_is_valid(&validation, 30 * MSS, 0, now_ns, SRTT_NS));
}

/* A round trip of slow start ago the window was half of what it is, and what was acknowledged then half of that. */
static void slow_start_is_validated(void **state)
{
    struct validation validation = { 0 };
    uint32_t una = 0;
    int64_t now_ns = NS_PER_S;

    (void)state;
    round_trips(&validation, &una, 10 * MSS, 2, &now_ns);
    assert_true(validation_is_valid(&validation, 40 * MSS, 40 * MSS, now_ns, SRTT_NS));
    assert_true(validation_is_valid(&validation, 40 * MSS, 30 * MSS, now_ns, SRTT_NS));
    assert_false(validation_is_valid(&validation, 40 * MSS, 29 * MSS, now_ns, SRTT_NS));
    assert_false(validation_is_valid(&validation, 44 * MSS, 44 * MSS, now_ns, SRTT_NS));
    now_ns += 5 * NS_PER_S; /* a full window after a silence was not validated by anything */
    assert_false(validation_is_valid(&validation, 10 * MSS, 10 * MSS, now_ns, SRTT_NS));
}

static void silence_is_not_validated_and_ends_after_five_minutes(void **state)
{
    struct validation validation = { 0 };
    uint32_t una = 0;
    int64_t now_ns = NS_PER_S, silent_ns;

    (void)state;
    round_trips(&validation, &una, 10 * MSS, 3, &now_ns);
    silent_ns = now_ns;
    assert_int_equal(validation_periods(&validation, now_ns + 3600 * NS_PER_S), 0); /* validated when last asked */
    now_ns = silent_ns + 300 * NS_PER_S;
    assert_false(validation_is_valid(&validation, 20 * MSS, 0, now_ns, SRTT_NS));
    /* in the phase since a second after the last sample */
    assert_int_equal(validation_periods(&validation, now_ns), 0);
    now_ns = silent_ns + 301 * NS_PER_S;
    assert_int_equal(validation_periods(&validation, now_ns), 1);
    assert_int_equal(validation_periods(&validation, now_ns), 0);
    assert_int_equal(validation_periods(&validation, now_ns + 900 * NS_PER_S), 3);
}

static void a_loss_counts_against_what_was_used(void **state)
{
    struct validation validation = { 0 };
    uint32_t una = 0;
    int64_t now_ns = NS_PER_S;

    (void)state;
    round_trips(&validation, &una, 10 * MSS, 3, &now_ns);
    /* Validated: as usual. */
    assert_int_equal(validation_loss(&validation, 20 * MSS, 12 * MSS, 12 * MSS, 0, now_ns, SRTT_NS), 0);
    assert_int_equal(validation_recovered(&validation, 2 * MSS, MSS), 0);
    assert_true(validation_is_valid(&validation, 1000 * MSS, 0, now_ns, SRTT_NS)); /* pipeACK is undefined after it */
    round_trips(&validation, &una, 10 * MSS, 3, &now_ns);
    /* pipeACK 10, LossFlightSize 12: 6, and at the end (12 - R) / 2. */
    assert_int_equal(validation_loss(&validation, 40 * MSS, 12 * MSS, 12 * MSS, 7000, now_ns, SRTT_NS), 6 * MSS);
    assert_int_equal(validation_recovered(&validation, 7000 + 2 * MSS, MSS), 5 * MSS);
    round_trips(&validation, &una, 10 * MSS, 3, &now_ns);
    assert_int_equal(validation_loss(&validation, 40 * MSS, 3 * MSS, 3 * MSS, 0, now_ns, SRTT_NS), 5 * MSS);
    assert_int_equal(validation_recovered(&validation, 90 * MSS, MSS), MSS); /* never below one segment */
}

static void the_end_of_the_phase_halves_the_window(void **state)
{
    struct congestion congestion;

    (void)state;
    congestion_init(&congestion, BARO_CONGESTION_RENO, MSS);
    congestion_loss(&congestion, 40 * MSS, MSS);
    congestion.cwnd = 60 * MSS;
    congestion_unused(&congestion, MSS);
    assert_int_equal(congestion.ssthresh, 45 * MSS); /* 3/4 of the window */
    assert_int_equal(congestion.cwnd, 30 * MSS);
    congestion_unused(&congestion, MSS);
    congestion_unused(&congestion, MSS);
    assert_int_equal(congestion.cwnd, 10 * MSS); /* the initial window */
    assert_int_equal(congestion.ssthresh, 45 * MSS);
    congestion.cwnd = 3 * MSS;
    congestion_unused(&congestion, MSS);
    assert_int_equal(congestion.cwnd, 3 * MSS); /* it never grows by it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_of_the_window_validates_it),
        cmocka_unit_test(slow_start_is_validated),
        cmocka_unit_test(silence_is_not_validated_and_ends_after_five_minutes),
        cmocka_unit_test(a_loss_counts_against_what_was_used),
        cmocka_unit_test(the_end_of_the_phase_halves_the_window)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
