/* A stack that is a router, and hand-written hosts that ask for one: what it says, when, and to whom it does not
 * answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/advertise_world.h"

static void it_says_what_it_is_told_to(void **state)
{
    struct baro_packet packet;
    struct nd_message said;
    struct baro_instant next;

    (void)state;
    advertise(600);
    while (!sent(&packet, &said)) {
        assert_true(baro_stack_next_deadline(stack, &next) && next.ns <= 500 * MS);
        baro_stack_poll(stack, now = next);
    }
    assert_int_equal(packet.ttl, 255);
    assert_true(address_equal(address_in_zone(packet.source, 1), own));
    assert_int_equal(packet.destination.octet[1], 2);
    assert_int_equal(packet.destination.octet[15], 1);
    assert_int_equal(packet.destination_mac.octet[5], 1);
    assert_true(said.has_source_mac && mac_equal(said.source_mac, device.device.mac));
    assert_true(said.lifetime_s == 1800 && said.hop_limit == 64 && said.other && !said.managed);
    assert_true(said.reachable_ms == 30000 && said.retransmit_ms == 1000);
    assert_true(said.preference == ND_PREFERENCE_HIGH && said.has_mtu && said.mtu == 1400);
    assert_int_equal(said.prefixes, 1);
    assert_true(address_equal(said.prefix[0].prefix, baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 0)));
    assert_true(said.prefix[0].length == 64 && said.prefix[0].on_link && said.prefix[0].autonomous);
    assert_true(said.prefix[0].valid_s == 3600 && said.prefix[0].preferred_s == 1800);
    assert_int_equal(said.servers, 1);
    assert_int_equal(said.server[0].lifetime_s, 1800); /* three intervals */
}

/* Four prefixes and four servers are more than a message's own header holds. */
static void it_says_all_that_may_be_said(void **state)
{
    struct baro_advertise_config config = config_of(600);
    struct nd_message said;

    (void)state;
    config.prefixes = config.dns_servers = 4;
    for (unsigned i = 0; i < 4; i++) {
        config.prefix[i] = config.prefix[0];
        config.prefix[i].prefix.octet[7] = (uint8_t)i;
        config.dns_server[i] = config.dns_server[0];
        config.dns_server[i].octet[14] = (uint8_t)i;
    }
    assert_int_equal(baro_stack_advertise(stack, 1, &config), 0);
    assert_true(wait(500, &said));
    assert_true(said.prefixes == 4 && said.servers == 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_true(address_equal(said.prefix[i].prefix, config.prefix[i].prefix));
        assert_true(address_equal(said.server[i].address, config.dns_server[i]));
    }
}

/* RFC 4861 §6.2.4: three at 16 seconds at most, then each after a time drawn anew, for many seeds. */
static void intervals(void **state)
{
    struct nd_message said;
    int64_t least = INT64_MAX, most = 0;

    (void)state;
    for (uint8_t seed = 1; seed < 20; seed++) {
        int64_t before;

        end(NULL);
        start_with(seed);
        advertise(600);
        assert_true(wait(500, &said));
        for (unsigned i = 0; i < 10; i++) {
            int64_t span_ms;

            before = now.ns;
            assert_true(wait(600000, &said));
            span_ms = (now.ns - before) / MS;
            if (i < 2) {
                assert_int_equal(span_ms, 16000); /* all that may be drawn are longer */
                continue;
            }
            assert_true(span_ms >= 198000 && span_ms <= 600000);
            least = span_ms < least ? span_ms : least;
            most = span_ms > most ? span_ms : most;
        }
    }
    assert_true(least < 240000 && most > 560000); /* spread over the whole */
}

static void short_intervals(void **state)
{
    struct nd_message said;

    (void)state;
    advertise(4);
    assert_true(wait(500, &said));
    for (unsigned i = 0; i < 50; i++) {
        int64_t before = now.ns;

        assert_true(wait(4000, &said));
        assert_true(now.ns - before >= INT64_C(3000) * MS);
    }
}

/* §6.2.6: half a second at most, and three seconds between two, however many ask. */
static void who_asks_is_answered_soon(void **state)
{
    struct nd_message said;
    int64_t asked, last;

    (void)state;
    advertise(1800);
    for (unsigned i = 0; i < 3; i++)
        assert_true(wait(16000, &said));
    now.ns += INT64_C(60000) * MS;
    for (unsigned i = 0; i < 20; i++) {
        baro_stack_poll(stack, now);
        asked = now.ns;
        ask();
        assert_true(wait(500, &said));
        assert_true(now.ns >= asked);
        last = now.ns;
        now.ns += 100 * MS;
        for (unsigned j = 0; j < 10; j++)
            ask(); /* within three seconds of the last answer: one more, three seconds behind it */
        assert_true(wait(4000, &said));
        assert_true(now.ns - last >= INT64_C(3000) * MS && now.ns - last <= INT64_C(3500) * MS);
        assert_false(wait(4000, &said)); /* one for all of them */
    }
    last = now.ns - INT64_C(4000) * MS;
    assert_true(wait(1800000, &said)); /* and the interval begins anew with each answer */
    assert_true(now.ns - last >= INT64_C(590000) * MS);
}

/* An answer is not later than what would have been said anyway. */
static void an_answer_does_not_put_off_what_is_due(void **state)
{
    struct nd_message said;
    struct baro_instant next;

    (void)state;
    advertise(1800);
    assert_true(wait(500, &said));
    for (;;) {
        assert_true(baro_stack_next_deadline(stack, &next));
        if (next.ns - now.ns < INT64_C(1000) * MS)
            break;
        now.ns += INT64_C(1000) * MS;
        baro_stack_poll(stack, now);
        assert_false(wait(0, &said));
    }
    now.ns = stack->advertise.interface[1].timer.deadline.ns - 1;
    ask();
    assert_true(wait(1, &said));
}

static void who_asks_wrongly_is_not_answered(void **state)
{
    const struct baro_address nobody = baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0);
    struct nd_message said;

    (void)state;
    ask(); /* not a router here: not in their group */
    assert_int_equal(dropped(BARO_DROP_ND_NOT_ADVERTISING), 0);
    assert_int_equal(baro_stack_join_group(stack, 1, all_routers), 0);
    ask();
    assert_int_equal(dropped(BARO_DROP_ND_NOT_ADVERTISING), 1);
    advertise(1800);
    for (unsigned i = 0; i < 3; i++)
        assert_true(wait(16000, &said));
    now.ns += INT64_C(60000) * MS;
    ask_from(nobody, true, 255); /* from nobody, who cannot be at that address */
    assert_int_equal(dropped(BARO_DROP_ND_BAD_SOURCE), 1);
    ask_from(host, true, 254);
    assert_int_equal(dropped(BARO_DROP_ND_HOP_LIMIT), 1);
    assert_false(wait(4000, &said));
    ask_from(nobody, false, 255); /* a host without an address may ask */
    assert_true(wait(500, &said));
    now.ns += INT64_C(4000) * MS;
    ask_from(host, false, 255); /* and one need not say where it is */
    assert_true(wait(500, &said));
}

/* §6.2.6: who says where he is is remembered. */
static void who_asks_is_remembered(void **state)
{
    const struct baro_address nobody = { .family = BARO_FAMILY_NONE };
    struct neighbour *entry;
    struct baro_mac mac;

    (void)state;
    advertise(600);
    ask();
    assert_true(neighbour_resolve(&stack->neighbours, 1, host, nobody, &mac, &entry));
    assert_true(mac_equal(mac, host_mac));
}

/* §6.2.5: three times the lifetime zero, three seconds apart, then silence. */
static void the_end_is_said(void **state)
{
    struct nd_message said;
    int64_t before;

    (void)state;
    assert_int_equal(baro_stack_advertise(stack, 1, NULL), 0);
    advertise(600);
    assert_true(wait(500, &said));
    assert_true(ip_is_member(&stack->table, 1, address_in_zone(all_routers, 1)));
    assert_true(baro_stack_advertise(stack, 1, NULL) == 3 && baro_stack_advertise(stack, 1, NULL) == 3);
    assert_false(ip_is_member(&stack->table, 1, address_in_zone(all_routers, 1)));
    for (int i = 2; i >= 0; i--) {
        before = now.ns;
        assert_true(wait(3000, &said));
        assert_int_equal(now.ns - before, INT64_C(3000) * MS);
        assert_true(said.lifetime_s == 0 && said.server[0].lifetime_s == 0 && said.prefix[0].valid_s == 3600);
        assert_int_equal(said.preference, ND_PREFERENCE_MEDIUM); /* RFC 4191 §2.2 */
        assert_int_equal(baro_stack_advertise(stack, 1, NULL), i);
    }
    assert_false(wait(4000000, &said));
    advertise(600);
    assert_true(wait(500, &said) && said.lifetime_s == 1800);
}

/* What was never said need not be taken back. */
static void an_end_before_the_beginning_is_silent(void **state)
{
    struct nd_message said;

    (void)state;
    advertise(600);
    assert_int_equal(baro_stack_advertise(stack, 1, NULL), 0);
    assert_false(wait(10000, &said));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_says_what_it_is_told_to, start, end),
        cmocka_unit_test_setup_teardown(it_says_all_that_may_be_said, start, end),
        cmocka_unit_test_setup_teardown(intervals, start, end),
        cmocka_unit_test_setup_teardown(short_intervals, start, end),
        cmocka_unit_test_setup_teardown(who_asks_is_answered_soon, start, end),
        cmocka_unit_test_setup_teardown(an_answer_does_not_put_off_what_is_due, start, end),
        cmocka_unit_test_setup_teardown(who_asks_wrongly_is_not_answered, start, end),
        cmocka_unit_test_setup_teardown(who_asks_is_remembered, start, end),
        cmocka_unit_test_setup_teardown(the_end_is_said, start, end),
        cmocka_unit_test_setup_teardown(an_end_before_the_beginning_is_silent, start, end)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
