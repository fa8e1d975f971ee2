/* A router between fd00::/64 and fd02::/64 (RFC 8200): what it passes on is the packet but for its hop limit, what it
 * does not its sender hears of, where he may (RFC 4443). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "hostile/router6.h"

/* Nothing went on, and an ICMP error of this kind came back, or none (type NOTHING). */
static void refused(enum baro_drop_reason reason, uint8_t type, uint8_t code, uint32_t value)
{
    const struct device_frame *error;
    uint32_t quoted = router.length - IP_AT < 1232 ? router.length - IP_AT : 1232;

    assert_int_equal(victim_feed(&router.victim, router.frame, router.length, reason), 1);
    assert_null(frame_device_take(&router.far));
    error = icmp(type);
    if (type == NOTHING) {
        assert_null(error);
        return;
    }
    assert_non_null(error);
    assert_int_equal(error->data[DATA_AT + 1], code);
    assert_int_equal(read_be32(error->data + DATA_AT + 4), value);
    assert_int_equal(error->length, DATA_AT + 8 + quoted);
    assert_memory_equal(error->data + DATA_AT + 8, router.frame + IP_AT, quoted); /* as it came, hop limit too */
    assert_memory_equal(error->data + 38, router.frame + 22, 16);                 /* to the source */
    assert_true(error->length <= 1280 + IP_AT);
    assert_int_equal(error->data[22 + 15], 1); /* from the interface's address */
    assert_null(icmp(NOTHING));
    victim_wait(&router.victim, 1000); /* the rate of errors */
}

static void a_packet_goes_on_with_one_hop_less(void **state)
{
    struct sample sample = across();
    (void)state;
    setup(1500, 0);
    for (unsigned hops = 2; hops < 256; hops++) {
        sample.hop_limit = (uint8_t)hops;
        datagram(&sample, hops + 8);
        memset(router.frame + router.length, 0xee, 20); /* padding of the frame does not go on */
        router.length += hops % 20;
        untouched(hops % 20);
    }
    datagram(&sample, 1460);
    untouched(0); /* just fits */
    assert_int_equal(victim_forget(&router.victim), 0);
    teardown();
}

/* Hop-by-hop options (unknown ones too), routing headers and fragments are the hosts' business. */
static void extension_headers_go_on_unread(void **state)
{
    static const uint8_t chains[][9] = {
        { 0, 17, 0, 1, 4, 0, 0, 0, 0 },     { 0, 17, 0, 0xde, 4, 1, 2, 3, 4 }, { 0, 17, 255, 0, 0, 0, 0, 0, 0 },
        { 43, 17, 0, 0, 1, 0, 0, 0, 0 },    { 44, 17, 0, 0, 1, 9, 9, 9, 9 },   { 44, 17, 0, 1, 0, 9, 9, 9, 9 },
        { 60, 17, 0, 0x9e, 4, 0, 0, 0, 0 }, { 59, 0, 0, 0, 0, 0, 0, 0, 0 },    { 200, 1, 2, 3, 4, 5, 6, 7, 8 },
    };
    struct sample sample = across();
    (void)state;
    setup(1500, 0);
    for (unsigned i = 0; i < sizeof chains / sizeof chains[0]; i++) {
        sample.next = chains[i][0];
        sample.chain = chains[i] + 1;
        sample.chain_length = 8;
        datagram(&sample, 100);
        untouched(0);
    }
    assert_int_equal(victim_forget(&router.victim), 0);
    teardown();
}

static void what_cannot_go_on(void **state)
{
    static const uint8_t fragment[8] = { 17, 0, 0, 9, 1, 2, 3, 4 };
    struct sample sample = across();
    (void)state;
    setup(1280, 0);
    for (sample.hop_limit = 0; sample.hop_limit <= 1; sample.hop_limit++) {
        datagram(&sample, 100);
        refused(BARO_DROP_IP_TTL_EXPIRED, ICMPV6_TIME_EXCEEDED, 0, 0);
    }
    sample = across();
    sample.destination = net(9, 1);
    datagram(&sample, 100);
    refused(BARO_DROP_IP_NO_ROUTE, ICMPV6_UNREACHABLE, ICMPV6_NO_ROUTE, 0);
    sample = across();
    datagram(&sample, 1241); /* one octet too many */
    refused(BARO_DROP_IP_TOO_BIG, ICMPV6_PACKET_TOO_BIG, 0, 1280);
    sample.next = IP_PROTOCOL_FRAGMENT;
    sample.chain = fragment;
    sample.chain_length = 8;
    datagram(&sample, 1240);
    refused(BARO_DROP_IP_TOO_BIG, ICMPV6_PACKET_TOO_BIG, 0, 1280);
    sample = across();
    sample.source = local(2);
    datagram(&sample, 100);
    refused(BARO_DROP_IP_NOT_FORWARDED, ICMPV6_UNREACHABLE, ICMPV6_BEYOND_SCOPE, 0);
    teardown();
}

static void no_word(struct sample sample, enum baro_drop_reason reason)
{
    datagram(&sample, 100);
    refused(reason, NOTHING, 0, 0);
}

static void what_is_dropped_without_a_word(void **state)
{
    struct sample sample = across();
    (void)state;
    setup(1500, 0);
    sample.source = baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0);
    no_word(sample, BARO_DROP_IP_MARTIAN_SOURCE);
    sample.source = baro_ipv6(0, 0, 0, 0, 0, 0, 0, 1);
    no_word(sample, BARO_DROP_IP_MARTIAN_SOURCE);
    sample.source = net(2, 1); /* the router's own, on the other side */
    no_word(sample, BARO_DROP_IP_MARTIAN_SOURCE);
    sample.source = baro_ipv6(0xff05, 0, 0, 0, 0, 0, 0, 1);
    no_word(sample, BARO_DROP_IP_MARTIAN_SOURCE);
    sample = across();
    sample.destination = local(77); /* of whatever link */
    no_word(sample, BARO_DROP_IP_NOT_FORWARDED);
    sample.source = local(2);
    no_word(sample, BARO_DROP_IP_NOT_FORWARDED);
    sample = across();
    sample.group_frame = true;
    no_word(sample, BARO_DROP_IP_NOT_FORWARDED);
    sample.source = local(2);
    no_word(sample, BARO_DROP_IP_NOT_FORWARDED);
    sample.source = net(0, 2);
    sample.destination = baro_ipv6(0xff0e, 0, 0, 0, 0, 0, 0, 0x101);
    no_word(sample, BARO_DROP_IP_NOT_FORWARDED);
    sample = across();
    sample.destination = baro_ipv6(0, 0, 0, 0, 0, 0, 0, 1);
    no_word(sample, BARO_DROP_IP_MARTIAN_DESTINATION);
    teardown();
}

/* RFC 4443 §2.4 (e.1): behind extension headers too. */
static void no_error_about_an_error(void **state)
{
    static const uint8_t chain[8] = { 58, 0, 1, 4 }, error[48] = { ICMPV6_TIME_EXCEEDED },
                         request[48] = { ICMPV6_ECHO_REQUEST };
    struct sample sample = across();
    (void)state;
    setup(1500, 0);
    sample.hop_limit = 1;
    for (unsigned i = 0; i < 2; i++) {
        sample.next = i == 0 ? 58 : IP_PROTOCOL_HOP_BY_HOP;
        sample.chain = chain;
        sample.chain_length = i * 8;
        build(&sample, error, sizeof error);
        refused(BARO_DROP_IP_TTL_EXPIRED, NOTHING, 0, 0);
        build(&sample, request, sizeof request);
        refused(BARO_DROP_IP_TTL_EXPIRED, ICMPV6_TIME_EXCEEDED, 0, 0);
    }
    teardown();
}

static void nobody_at_the_next_hop(void **state)
{
    struct sample sample = across();
    const struct device_frame *error;
    (void)state;
    setup(1500, 0);
    sample.destination = net(2, 77);
    datagram(&sample, 64);
    victim_feed(&router.victim, router.frame, router.length, BARO_DROP_IP_NOT_FOR_ME);
    for (int second = 0; second < 4; second++)
        victim_wait(&router.victim, 1000);
    assert_int_equal(victim_drops(&router.victim, BARO_DROP_NEIGHBOUR_UNREACHABLE), 1);
    error = icmp(ICMPV6_UNREACHABLE);
    assert_non_null(error);
    assert_int_equal(error->data[DATA_AT + 1], ICMPV6_ADDRESS_UNREACHABLE);
    assert_int_equal(error->data[DATA_AT + 8 + 39], 77); /* quotes the destination */
    assert_memory_equal(error->data + 38, router.frame + 22, 16);
    teardown();
}

/* Back by the interface it came in: passed on, no redirect. All global addresses answer on every interface, link-local
 * ones on their own. */
static void one_arm_and_far_addresses(void **state)
{
    struct sample sample = across();
    const struct device_frame *out;
    (void)state;
    setup(1500, 0);
    assert_int_equal(baro_stack_set_neighbour(router.victim.stack, 1, net(0, 3), far_mac), 0);
    sample.destination = net(0, 3);
    datagram(&sample, 64);
    victim_feed(&router.victim, router.frame, router.length, BARO_DROP_IP_NOT_FOR_ME);
    out = frame_device_take(&router.victim.device);
    assert_non_null(out);
    assert_int_equal(out->data[21], 63);
    assert_memory_equal(out->data, far_mac.octet, 6);
    assert_null(frame_device_take(&router.victim.device));
    sample.destination = net(2, 1);
    datagram(&sample, 64);
    assert_int_equal(victim_feed(&router.victim, router.frame, router.length, BARO_DROP_UDP_NO_SOCKET), 1);
    out = icmp(ICMPV6_UNREACHABLE);
    assert_non_null(out);
    assert_int_equal(out->data[DATA_AT + 1], ICMPV6_PORT_UNREACHABLE);
    assert_memory_equal(out->data + 22, router.frame + 38, 16);
    baro_stack_set_forwarding(router.victim.stack, false); /* a strong host again */
    assert_int_equal(victim_feed(&router.victim, router.frame, router.length, BARO_DROP_IP_NOT_FOR_ME), 1);
    teardown();
}

/* The neighbours hear that this is a router (RFC 4861 §7.2.4). */
static void advertised_as_a_router(void **state)
{
    struct sample sample = { .source = net(0, 2), .destination = net(0, 1), .next = 58, .hop_limit = 255 };
    uint8_t solicitation[24] = { ICMPV6_NEIGHBOUR_SOLICITATION };
    (void)state;
    setup(1500, 0);
    write_ipv6(solicitation + 8, net(0, 1));
    write_be16(solicitation + 2, sum_of(&sample, 58, solicitation, 24));
    for (unsigned i = 0; i < 2; i++) {
        const struct device_frame *out;

        baro_stack_set_forwarding(router.victim.stack, i == 0);
        build(&sample, solicitation, 24);
        victim_feed(&router.victim, router.frame, router.length, BARO_DROP_IP_NOT_FOR_ME);
        out = frame_device_take(&router.victim.device);
        assert_non_null(out);
        assert_int_equal(out->data[DATA_AT], ICMPV6_NEIGHBOUR_ADVERTISEMENT);
        assert_int_equal(out->data[DATA_AT + 4] & 0x80, i == 0 ? 0x80 : 0);
    }
    teardown();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packet_goes_on_with_one_hop_less),
        cmocka_unit_test(extension_headers_go_on_unread),
        cmocka_unit_test(what_cannot_go_on),
        cmocka_unit_test(what_is_dropped_without_a_word),
        cmocka_unit_test(no_error_about_an_error),
        cmocka_unit_test(nobody_at_the_next_hop),
        cmocka_unit_test(one_arm_and_far_addresses),
        cmocka_unit_test(advertised_as_a_router),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
