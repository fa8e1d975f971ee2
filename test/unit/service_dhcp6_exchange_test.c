/* When a DHCPv6 client says a thing again (RFC 8415 §15): each wait within its bounds, the limits of waits and of
 * times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "service/dhcp6_exchange.h"

static const struct baro_instant start = { INT64_C(5000000000) };

static struct service_random random_of(uint8_t seed)
{
    const uint8_t octets[32] = { seed };
    struct service_random random;

    service_random_init(&random, octets);
    return random;
}

static void each_wait_is_twice_the_last_a_tenth_more_or_less(void **state)
{
    (void)state;
    for (uint8_t seed = 0; seed < 200; seed++) {
        struct service_random random = random_of(seed);
        struct dhcp6_exchange exchange;
        int64_t last_ms = 0;

        dhcp6_exchange_begin(&exchange, &random, (struct dhcp6_timing){ .first_s = 1, .most_s = 30 }, start);
        assert_true(exchange.transaction <= 0xffffff);
        for (int i = 0; i < 12; i++) {
            struct baro_instant due = dhcp6_exchange_send(&exchange, &random, start);
            int64_t wait_ms = (due.ns - start.ns) / 1000000;

            if (i == 0)
                assert_in_range(wait_ms, 900, 1100);
            else if (last_ms * 21 / 10 <= 30000)
                assert_true(wait_ms >= last_ms * 19 / 10 && wait_ms <= last_ms * 21 / 10 + 1);
            else if (last_ms * 19 / 10 > 30000)
                assert_in_range(wait_ms, 27000, 33000);
            last_ms = wait_ms;
            assert_false(dhcp6_exchange_is_over(&exchange));
        }
    }
}

static void the_first_wait_for_offers_is_not_shorter(void **state)
{
    (void)state;
    for (uint8_t seed = 0; seed < 200; seed++) {
        struct service_random random = random_of(seed);
        struct dhcp6_exchange exchange;

        dhcp6_exchange_begin(&exchange, &random, (struct dhcp6_timing){ .first_s = 1, .not_sooner = true }, start);
        assert_in_range(dhcp6_exchange_send(&exchange, &random, start).ns - start.ns, 1000000001, 1100000000);
    }
}

static void it_ends_after_so_many_times(void **state)
{
    struct service_random random = random_of(1);
    struct dhcp6_exchange exchange;

    (void)state;
    dhcp6_exchange_begin(&exchange, &random, (struct dhcp6_timing){ .first_s = 1, .times = 4 }, start);
    for (int i = 0; i < 4; i++) {
        assert_false(dhcp6_exchange_is_over(&exchange));
        (void)dhcp6_exchange_send(&exchange, &random, start);
    }
    assert_true(dhcp6_exchange_is_over(&exchange));
    dhcp6_exchange_begin(&exchange, &random, (struct dhcp6_timing){ .first_s = 10 }, start);
    for (int i = 0; i < 1000; i++) /* without limits: it neither ends nor overflows */
        assert_true(dhcp6_exchange_send(&exchange, &random, start).ns <= start.ns + INT64_C(86400000000000));
    assert_false(dhcp6_exchange_is_over(&exchange));
}

static void the_time_since_the_first_message(void **state)
{
    struct service_random random = random_of(2);
    struct dhcp6_exchange exchange;
    struct baro_instant later = { start.ns + INT64_C(12340000000) };

    (void)state;
    dhcp6_exchange_begin(&exchange, &random, (struct dhcp6_timing){ .first_s = 1 }, start);
    assert_int_equal(dhcp6_exchange_elapsed_cs(&exchange, later), 0);
    (void)dhcp6_exchange_send(&exchange, &random, start);
    assert_int_equal(dhcp6_exchange_elapsed_cs(&exchange, later), 1234);
    later.ns += INT64_C(655000000000);
    assert_int_equal(dhcp6_exchange_elapsed_cs(&exchange, later), UINT16_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wait_is_twice_the_last_a_tenth_more_or_less),
        cmocka_unit_test(the_first_wait_for_offers_is_not_shorter),
        cmocka_unit_test(it_ends_after_so_many_times),
        cmocka_unit_test(the_time_since_the_first_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
