/* ICMPv6 that lies, and ICMP of one family in the other's packets: nothing of it is believed, and the host lives on. */
#include "hostile/craft.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "codec/icmpv6.h"
#include "codec/ipv6.h"

enum { AT = 14, MESSAGE_AT = AT + 40, QUOTE = 48 };

static const struct baro_mac peer_mac = { { 2, 0, 0, 0, 0, 2 } };
static struct victim victim;
static uint8_t frame[1514];
static uint32_t length; /* of the frame */

static struct baro_address net(uint16_t host)
{
    return baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, host);
}

static void begin_as(bool gateway)
{
    victim_init(&victim, gateway);
    assert_int_equal(baro_stack_add_address(victim.stack, 1, net(1), 64, false), 0);
    victim_wait(&victim, 5000);
    assert_int_equal(baro_stack_set_neighbour(victim.stack, 1, net(2), peer_mac), 0);
    victim_forget(&victim);
}

static int begin(void **state)
{
    (void)state;
    begin_as(false);
    return 0;
}

static int begin_gateway(void **state)
{
    (void)state;
    begin_as(true);
    return 0;
}

static int end(void **state)
{
    (void)state;
    victim_release(&victim);
    return 0;
}

/* A message of ICMPv6 with a right checksum, in an IPv6 packet to `to`. */
static void build(struct baro_address to, uint8_t type, uint8_t code, uint32_t rest, const void *data, uint32_t octets)
{
    const struct ipv6_header header = { .version_class_flow = ipv6_first_word(0, 0),
                                        .payload_length = (uint16_t)(8 + octets),
                                        .next_header = IP_PROTOCOL_ICMPV6,
                                        .hop_limit = 255,
                                        .source = net(2),
                                        .destination = to };
    uint8_t *message = frame + MESSAGE_AT;

    memset(frame, 0, sizeof frame);
    memcpy(frame, (const uint8_t[]){ 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd }, AT);
    if (to.octet[0] == 0xff)
        memcpy(frame, (const uint8_t[]){ 0x33, 0x33, 0, 0, 0, 1 }, 6);
    ipv6_header_write(&header, frame + AT);
    message[0] = type;
    message[1] = code;
    write_be32(message + 4, rest);
    if (octets != 0)
        memcpy(message + 8, data, octets);
    write_be16(message + 2, checksum_fold(checksum_add(checksum_pseudo(net(2), to, IP_PROTOCOL_ICMPV6, 8 + octets),
                                                       message, 8 + octets)));
    length = MESSAGE_AT + 8 + octets;
}

static uint64_t feed(enum baro_drop_reason reason)
{
    return victim_feed(&victim, frame, length, reason);
}

/* The type of the next ICMPv6 message that was sent, -1: none. `from`: its source's last octet. */
static int sent(uint8_t *from)
{
    const struct device_frame *f;

    while ((f = frame_device_take(&victim.device)) != NULL) {
        if (f->length >= MESSAGE_AT + 8 && read_be16(f->data + 12) == 0x86dd && f->data[AT + 6] == IP_PROTOCOL_ICMPV6) {
            *from = f->data[AT + 23];
            return f->data[MESSAGE_AT];
        }
    }
    return -1;
}

static void echo_truncated_and_wrong(void **state)
{
    uint8_t from = 0;

    (void)state;
    build(net(1), ICMPV6_ECHO_REQUEST, 0, 7, "abcde", 5);
    frame[length - 1] ^= 1;
    assert_int_equal(feed(BARO_DROP_ICMP_CHECKSUM), 1);
    build(net(1), ICMPV6_ECHO_REQUEST, 0, 7, "abcde", 5);
    for (uint16_t octets = 0; octets < 13; octets++) {
        write_be16(frame + AT + 4, octets);
        assert_int_equal(feed(octets < 8 ? BARO_DROP_ICMP_TRUNCATED : BARO_DROP_ICMP_CHECKSUM), 1);
    }
    assert_int_equal(sent(&from), -1);
    write_be16(frame + AT + 4, 13);
    feed(BARO_DROP_NONE);
    assert_int_equal(sent(&from), ICMPV6_ECHO_REPLY);
    assert_int_equal(from, 1);
}

static void a_group_is_answered_from_one_address(void **state)
{
    uint8_t from = 0;

    (void)state;
    build(baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1), ICMPV6_ECHO_REQUEST, 0, 7, "abcd", 4);
    feed(BARO_DROP_NONE);
    assert_int_equal(sent(&from), ICMPV6_ECHO_REPLY);
    assert_int_equal(from, 1);
}

static void unknown_messages_are_dropped_in_silence(void **state)
{
    uint8_t from = 0;

    (void)state;
    build(net(1), 200, 0, 0, "abcd", 4);
    assert_int_equal(feed(BARO_DROP_ICMP_TYPE_UNKNOWN), 1);
    assert_int_equal(sent(&from), -1);
}

/* An echo request of ours as an error quotes it. */
static void write_quote(uint8_t *quote, uint32_t payload, uint16_t sequence)
{
    const struct ipv6_header header = { .version_class_flow = ipv6_first_word(0, 0),
                                        .payload_length = (uint16_t)payload,
                                        .next_header = IP_PROTOCOL_ICMPV6,
                                        .hop_limit = 64,
                                        .source = net(1),
                                        .destination = net(2) };

    memset(quote, 0, QUOTE);
    ipv6_header_write(&header, quote);
    quote[40] = ICMPV6_ECHO_REQUEST;
    write_be16(quote + 44, 9);
    write_be16(quote + 46, sequence);
}

static void errors_about_what_we_did_not_send(void **state)
{
    struct baro_ping_result result;
    uint8_t quote[QUOTE];

    (void)state;
    assert_int_equal(baro_stack_ping(victim.stack, net(2), 9, 9, 0), 0);
    victim_wait(&victim, 0);
    write_quote(quote, 8, 9);
    for (uint32_t octets = 0; octets < QUOTE; octets++) {
        build(net(1), ICMPV6_UNREACHABLE, 0, 0, quote, octets);
        assert_int_equal(feed(BARO_DROP_ICMP_NO_MATCH), 1);
    }
    quote[23] = 3; /* "from" another host */
    build(net(1), ICMPV6_UNREACHABLE, 0, 0, quote, QUOTE);
    assert_int_equal(feed(BARO_DROP_ICMP_NO_MATCH), 1);
    write_quote(quote, 8, 8);
    build(net(1), ICMPV6_UNREACHABLE, 0, 0, quote, QUOTE);
    assert_int_equal(feed(BARO_DROP_ICMP_NO_MATCH), 1);
    assert_false(baro_stack_ping_result(victim.stack, &result));
    write_quote(quote, 8, 9);
    build(net(1), ICMPV6_UNREACHABLE, ICMPV6_NO_ROUTE, 0, quote, QUOTE);
    feed(BARO_DROP_NONE);
    assert_true(baro_stack_ping_result(victim.stack, &result));
    assert_int_equal(result.type, ICMPV6_UNREACHABLE);
}

/* The largest packet of a ping of 1,400 octets. */
static uint32_t largest(uint16_t sequence)
{
    const struct device_frame *f;
    uint32_t most = 0;

    assert_int_equal(baro_stack_ping(victim.stack, net(2), 9, sequence, 1400), 0);
    victim_wait(&victim, 0);
    while ((f = frame_device_take(&victim.device)) != NULL)
        most = f->length > most ? f->length : most;
    return most - AT;
}

static void path_mtu_falls_only_for_what_was_sent_and_not_below_1280(void **state)
{
    uint8_t quote[QUOTE];

    (void)state;
    assert_int_equal(largest(1), 1448);
    write_quote(quote, 1408, 77); /* nothing of ours */
    build(net(1), ICMPV6_PACKET_TOO_BIG, 0, 1300, quote, QUOTE);
    assert_int_equal(feed(BARO_DROP_ICMP_NO_MATCH), 1);
    assert_int_equal(largest(2), 1448);
    write_quote(quote, 1408, 2);
    build(net(1), ICMPV6_PACKET_TOO_BIG, 0, 1279, quote, QUOTE);
    feed(BARO_DROP_NONE);
    assert_int_equal(largest(3), 1448);
    write_quote(quote, 1408, 3);
    build(net(1), ICMPV6_PACKET_TOO_BIG, 0, 1280, quote, QUOTE);
    feed(BARO_DROP_NONE);
    assert_int_equal(largest(4), 1280);
}

/* A solicitation for our IPv6 address in an IPv4 packet: no neighbour is learnt, nothing is said. */
static void icmpv6_in_ipv4_is_nobodys(void **state)
{
    struct craft c = craft_default();
    static struct crafted f;
    uint8_t message[32] = { ICMPV6_NEIGHBOUR_SOLICITATION };
    uint8_t from = 0;

    (void)state;
    write_ipv6(message + 8, net(1));
    message[24] = 1;
    message[25] = 1;
    memcpy(message + 26, (const uint8_t[]){ 2, 0, 0, 0, 0, 0x66 }, 6);
    c.source = baro_ipv4(10, 0, 0, 9);
    c.protocol = IP_PROTOCOL_ICMPV6;
    c.ttl = 255;
    write_be16(message + 2, checksum_fold(checksum_add(checksum_pseudo(c.source, c.destination, IP_PROTOCOL_ICMPV6,
                                                                       sizeof message), message, sizeof message)));
    craft_ip(&f, &c, message, sizeof message);
    assert_int_equal(victim_feed(&victim, f.octets, f.length, BARO_DROP_PROTOCOL_UNKNOWN), 1);
    assert_int_equal(sent(&from), -1);
}

static void icmp_in_ipv6_is_nobodys(void **state)
{
    uint8_t from = 0;

    (void)state;
    build(net(1), 8, 0, 7, "abcd", 4);
    frame[AT + 6] = IP_PROTOCOL_ICMP;
    write_be16(frame + MESSAGE_AT + 2, 0);
    write_be16(frame + MESSAGE_AT + 2, checksum_fold(checksum_add(0, frame + MESSAGE_AT, 12)));
    assert_int_equal(feed(BARO_DROP_PROTOCOL_UNKNOWN), 1);
    assert_int_equal(sent(&from), ICMPV6_PARAMETER_PROBLEM);
}

static void a_gateway_does_not_answer_for_others(void **state)
{
    uint8_t from = 0;

    (void)state;
    build(baro_ipv6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7), ICMPV6_ECHO_REQUEST, 0, 7, "abcd", 4);
    assert_int_equal(feed(BARO_DROP_ICMP_NOT_OURS), 1);
    assert_int_equal(sent(&from), ICMPV6_UNREACHABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(echo_truncated_and_wrong, begin, end),
        cmocka_unit_test_setup_teardown(a_group_is_answered_from_one_address, begin, end),
        cmocka_unit_test_setup_teardown(unknown_messages_are_dropped_in_silence, begin, end),
        cmocka_unit_test_setup_teardown(errors_about_what_we_did_not_send, begin, end),
        cmocka_unit_test_setup_teardown(path_mtu_falls_only_for_what_was_sent_and_not_below_1280, begin, end),
        cmocka_unit_test_setup_teardown(icmpv6_in_ipv4_is_nobodys, begin, end),
        cmocka_unit_test_setup_teardown(icmp_in_ipv6_is_nobodys, begin, end),
        cmocka_unit_test_setup_teardown(a_gateway_does_not_answer_for_others, begin_gateway, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
