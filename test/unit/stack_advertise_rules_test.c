/* When a stack that is a router advertises and when it does not: forwarding, its link-local address, other routers,
 * changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/advertise_world.h"

/* §6.2.5: who forwards no longer says so. */
static void it_is_a_default_router_while_it_forwards(void **state)
{
    const struct baro_advertise_config config = config_of(4);
    struct nd_message said;

    (void)state;
    baro_stack_set_forwarding(stack, false);
    assert_int_equal(baro_stack_advertise(stack, 1, &config), -EPERM);
    baro_stack_set_forwarding(stack, true);
    advertise(4);
    assert_true(wait(500, &said) && said.lifetime_s == 1800);
    baro_stack_set_forwarding(stack, false);
    assert_true(wait(4000, &said) && said.lifetime_s == 0);
}

/* Other contents are told as fast as a beginning. */
static void a_change_is_told(void **state)
{
    struct baro_advertise_config config = config_of(1800);
    struct nd_message said;

    (void)state;
    advertise(1800);
    for (unsigned i = 0; i < 3; i++)
        assert_true(wait(16000, &said));
    assert_false(wait(60000, &said));
    config.prefix[0].preferred_s = 0;
    assert_int_equal(baro_stack_advertise(stack, 1, &config), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_true(wait(i == 0 ? 500 : 16000, &said) && said.prefix[0].preferred_s == 0);
    assert_false(wait(60000, &said));
}

static void without_a_link_local_address_it_waits(void **state)
{
    struct nd_message said;

    (void)state;
    assert_int_equal(baro_stack_remove_address(stack, 1, own), 0);
    advertise(600);
    ask();
    assert_false(wait(60000, &said));
    assert_int_equal(baro_stack_add_address(stack, 1, own, 64, true), 0);
    assert_true(wait(3000, &said));
}

/* §6.2.2, §6.3: it neither listens to other routers nor asks for them. */
static void it_takes_nothing_from_others(void **state)
{
    const struct baro_ipv6_config ipv6 = { .accept_advertisements = true };
    const struct nd_message other = { .type = ICMPV6_ROUTER_ADVERTISEMENT, .lifetime_s = 1800 };
    struct baro_packet packet;
    struct nd_message said;

    (void)state;
    baro_stack_free(stack);
    stack = baro_stack_create(&(struct baro_stack_config){ .memory = test_memory(&memory), .seed = { 1 },
                                                           .forward_any_destination = true });
    assert_int_equal(baro_stack_add_interface(stack, &device.device), 1);
    assert_int_equal(baro_stack_enable_ipv6(stack, 1, &ipv6), 0);
    advertise(600);
    assert_true(wait(3000, &said));
    assert_int_equal(advertised_in(stack, 1, host, &other), BARO_DROP_ND_NOT_LISTENING);
    while (frame_device_take(&device) != NULL)
        continue;
    for (unsigned i = 0; i < 100; i++) {
        now.ns += 100 * MS;
        baro_stack_poll(stack, now);
    }
    assert_false(sent(&packet, &said));
    assert_int_equal(stack->advertised.interface[1].interval.ns, 0); /* no question of ours was ever sent */
}

static unsigned told[BARO_TRACE_COUNT], differences;

static void on_event(void *context, const struct baro_trace_event *event)
{
    (void)context;
    told[event->kind]++;
    if (event->kind == BARO_TRACE_ROUTER_DIFFERS)
        differences |= 1U << event->value[1].as.number;
}

/* §6.2.7: what another router says otherwise is told, what it leaves open is not. */
static void another_router_that_contradicts_is_told_of(void **state)
{
    struct nd_message same = { .type = ICMPV6_ROUTER_ADVERTISEMENT,
                               .lifetime_s = 1800,
                               .other = true,
                               .prefixes = 1,
                               .prefix = {
                                   { baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 0), 64, true, true, 3600, 1800 } } };
    struct nd_message other = same, said;

    (void)state;
    memset(told, 0, sizeof told);
    differences = 0;
    baro_stack_set_trace(stack, (struct baro_trace_sink){ NULL, on_event }, 1);
    advertise(600);
    assert_int_equal(advertised_in(stack, 1, host, &same), BARO_DROP_ND_NOT_LISTENING);
    assert_int_equal(told[BARO_TRACE_ROUTER_DIFFERS], 0);
    other.managed = other.has_mtu = true;
    other.hop_limit = 65;
    other.reachable_ms = other.retransmit_ms = 1;
    other.mtu = 1500;
    other.prefix[0].valid_s = 7200;
    (void)advertised_in(stack, 1, host, &other);
    assert_int_equal(told[BARO_TRACE_ROUTER_DIFFERS], 6);
    assert_int_equal(differences, 0x3f);
    ask();
    assert_int_equal(told[BARO_TRACE_ROUTER_ASKED], 1);
    assert_true(wait(500, &said));
    assert_int_equal(told[BARO_TRACE_ROUTER_SAID], 1);
}

/* Questions of ever new hosts make neither a flood of answers nor of neighbours, and who is in use stays known. */
static void a_flood_of_questions(void **state)
{
    const struct baro_address nobody = { .family = BARO_FAMILY_NONE };
    struct neighbour *entry;
    struct nd_message said;
    struct baro_packet packet;
    struct baro_mac mac;
    unsigned answers = 0;

    (void)state;
    advertise(1800);
    for (unsigned i = 0; i < 3; i++)
        assert_true(wait(16000, &said));
    (void)neighbour_resolve(&stack->neighbours, 1, host, own, &mac, &entry);
    neighbour_learn(&stack->neighbours, 1, host, host_mac, false, true);
    for (unsigned i = 0; i < 3000; i++) {
        struct baro_address from = host;

        from.octet[12] = 1;
        from.octet[13] = (uint8_t)(i >> 8);
        from.octet[14] = (uint8_t)i;
        now.ns += 10 * MS;
        ask_from(from, true, 255);
        answers += sent(&packet, &said);
    }
    assert_in_range(answers, 9, 11); /* in thirty seconds */
    assert_int_equal(stack->neighbours.count[NEIGHBOUR_UNPROVEN], NEIGHBOUR_UNPROVEN_LIMIT);
    assert_true(neighbour_resolve(&stack->neighbours, 1, host, nobody, &mac, &entry) && mac_equal(mac, host_mac));
}

static void what_cannot_be_said(void **state)
{
    struct baro_advertise_config wrong[12];

    (void)state;
    for (unsigned i = 0; i < 12; i++)
        wrong[i] = config_of(600);
    wrong[0].interval_max_s = 3;
    wrong[1].interval_max_s = 1801;
    wrong[2].lifetime_s = 599;
    wrong[3].mtu = 1279;
    wrong[4].mtu = 1501;
    wrong[5].prefixes = 5;
    wrong[6].dns_servers = 5;
    wrong[7].prefix[0].preferred_s = 3601;
    wrong[8].prefix[0].prefix.octet[15] = 1;
    wrong[9].prefix[0].prefix = baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 0);
    wrong[10].dns_server[0] = baro_ipv4(10, 0, 0, 1);
    wrong[11].reachable_ms = 3600001;
    for (unsigned i = 0; i < 12; i++)
        assert_int_equal(baro_stack_advertise(stack, 1, &wrong[i]), -EINVAL);
    assert_int_equal(baro_stack_advertise(stack, 2, &wrong[0]), -ENODEV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_a_default_router_while_it_forwards, start, end),
        cmocka_unit_test_setup_teardown(a_change_is_told, start, end),
        cmocka_unit_test_setup_teardown(without_a_link_local_address_it_waits, start, end),
        cmocka_unit_test_setup_teardown(it_takes_nothing_from_others, start, end),
        cmocka_unit_test_setup_teardown(another_router_that_contradicts_is_told_of, start, end),
        cmocka_unit_test_setup_teardown(a_flood_of_questions, start, end),
        cmocka_unit_test_setup_teardown(what_cannot_be_said, start, end)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
