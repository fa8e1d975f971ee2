/* What a host says by ICMPv6 and what it must not (RFC 4443 §2.4, §4.2), and what of RFC 8200 it takes or sends itself:
 * each packet crafted, each answer looked at octet by octet. */
#include "hostile/craft.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "baro/socket.h"
#include "base/bytes.h"
#include "base/checksum.h"
#include "codec/icmpv6.h"
#include "codec/ipv6.h"
#include "codec/udp.h"
#include "ip/error.h"

enum { AT = 14, DATA_AT = AT + 40, PORT = 53 };

static struct victim victim;
static uint8_t frame[1514];
static uint32_t length; /* of the frame */

/* fd00::host */
static struct baro_address net(uint16_t host)
{
    return baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, host);
}

static struct baro_address all_nodes(void)
{
    return baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1);
}

/* The host is fd00::1 and fd00::9; fd00::2 to fd00::5 are fixed neighbours. */
static int begin(void **state)
{
    (void)state;
    victim_init(&victim, false);
    assert_int_equal(baro_stack_add_address(victim.stack, 1, net(1), 64, false), 0);
    assert_int_equal(baro_stack_add_address(victim.stack, 1, net(9), 64, false), 0);
    for (uint16_t host = 2; host <= 5; host++)
        assert_int_equal(
            baro_stack_set_neighbour(victim.stack, 1, net(host), (struct baro_mac){ { 2, 0, 0, 0, 0, 2 } }), 0);
    victim_wait(&victim, 5000);
    victim_forget(&victim);
    return 0;
}

static int end(void **state)
{
    (void)state;
    victim_release(&victim);
    return 0;
}

/* A packet to the host's `to` (or a group) with these octets behind the IPv6 header, from fd00::2. */
static void build(struct baro_address to, uint8_t next, uint8_t hop_limit, const void *data, uint32_t octets)
{
    const struct ipv6_header header = { .version_class_flow = ipv6_first_word(0, 0), .payload_length = (uint16_t)octets,
                                        .next_header = next, .hop_limit = hop_limit, .source = net(2),
                                        .destination = to };

    memset(frame, 0, sizeof frame);
    memcpy(frame, (const uint8_t[]){ 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd }, AT);
    if (to.octet[0] == 0xff)
        memcpy(frame, (const uint8_t[]){ 0x33, 0x33, 0, 0, 0, 1 }, 6);
    ipv6_header_write(&header, frame + AT);
    memcpy(frame + DATA_AT, data, octets);
    length = DATA_AT + octets;
}

/* The checksum of the transport's octets at `data`, whose field is zero. */
static uint16_t sum_of(struct baro_address to, uint8_t protocol, const uint8_t *data, uint32_t octets)
{
    return checksum_fold(checksum_add(checksum_pseudo(net(2), to, protocol, octets), data, octets));
}

/* `octets` of payload to a port. */
static void datagram(struct baro_address to, uint8_t hop_limit, uint16_t port, uint32_t octets)
{
    static uint8_t udp[1400];

    memset(udp, 0x5a, sizeof udp);
    craft_udp(udp, 1000, port, octets);
    write_be16(udp + 6, 0);
    write_be16(udp + 6, sum_of(to, IP_PROTOCOL_UDP, udp, octets + udp_header_SIZE));
    build(to, IP_PROTOCOL_UDP, hop_limit, udp, octets + (uint32_t)udp_header_SIZE);
}

static void message(struct baro_address to, uint8_t type, uint8_t code, const void *rest, uint32_t octets)
{
    uint8_t icmp[1400] = { type, code };

    memcpy(icmp + 4, rest, octets);
    write_be16(icmp + 2, sum_of(to, IP_PROTOCOL_ICMPV6, icmp, 4 + octets));
    build(to, IP_PROTOCOL_ICMPV6, 255, icmp, 4 + octets);
}

/* The frame goes in; the next ICMPv6 message that comes out, or NULL. */
static const struct device_frame *answer(void)
{
    const struct device_frame *out;

    assert_true(frame_device_put(&victim.device, frame, length));
    victim_wait(&victim, 0);
    while ((out = frame_device_take(&victim.device)) != NULL)
        if (out->length > DATA_AT && read_be16(out->data + 12) == 0x86dd && out->data[AT + 6] == IP_PROTOCOL_ICMPV6)
            return out;
    return NULL;
}

static void answered(uint8_t type, uint8_t code, uint16_t from)
{
    const struct device_frame *out = answer();
    struct baro_address source = net(from);

    assert_non_null(out);
    assert_int_equal(out->data[DATA_AT], type);
    assert_int_equal(out->data[DATA_AT + 1], code);
    assert_memory_equal(out->data + AT + 8, source.octet, 16);
    assert_memory_equal(out->data + AT + 24, net(2).octet, 16);
    assert_in_range(out->length, DATA_AT + 8, AT + IPV6_LEAST_MTU);
}

/* ---- what is sent ---- */

/* RFC 4443 §4.2: identifier, sequence and every octet of the data come back. */
static void an_echo_comes_back_as_it_was(void **state)
{
    static const uint32_t size[] = { 0, 1, 56, 1391 };
    uint8_t rest[1400];

    (void)state;
    for (unsigned i = 0; i < sizeof size / sizeof size[0]; i++) {
        const struct device_frame *out;

        for (uint32_t j = 0; j < sizeof rest; j++)
            rest[j] = (uint8_t)(j * 7 + i);
        message(net(9), ICMPV6_ECHO_REQUEST, 0, rest, 4 + size[i]);
        out = answer();
        assert_non_null(out);
        assert_int_equal(out->data[DATA_AT], ICMPV6_ECHO_REPLY);
        assert_int_equal(out->length, length);
        assert_memory_equal(out->data + DATA_AT + 4, rest, 4 + size[i]);
        assert_memory_equal(out->data + AT + 8, net(9).octet, 16); /* from the address that was asked */
    }
}

/* RFC 4443 §2.2: from the address that the packet was sent to, or one that fits the way back. */
static void an_error_comes_from_the_address_that_was_meant(void **state)
{
    static const uint8_t option[16] = { IP_PROTOCOL_UDP, 0, 0x9e, 4 };

    (void)state;
    datagram(net(1), 64, 9999, 20);
    answered(ICMPV6_UNREACHABLE, ICMPV6_PORT_UNREACHABLE, 1);
    datagram(net(9), 64, 9999, 20);
    answered(ICMPV6_UNREACHABLE, ICMPV6_PORT_UNREACHABLE, 9);
    build(all_nodes(), IP_PROTOCOL_DESTINATION, 64, option, sizeof option);
    answered(ICMPV6_PARAMETER_PROBLEM, ICMPV6_UNKNOWN_OPTION, 1);
}

/* §2.4 (e.3) to (e.5): to groups, IP's and the link's, only an option may ask for an answer. */
static void what_went_to_a_group_is_not_answered(void **state)
{
    static const uint8_t tell[16] = { IP_PROTOCOL_UDP, 0, 0x9e, 4 }, not_group[16] = { IP_PROTOCOL_UDP, 0, 0xde, 4 };

    (void)state;
    datagram(all_nodes(), 64, 9999, 20);
    assert_null(answer());
    build(all_nodes(), 200, 64, tell, sizeof tell); /* a protocol of nobody's */
    assert_null(answer());
    build(all_nodes(), IP_PROTOCOL_DESTINATION, 64, not_group, sizeof not_group);
    assert_null(answer());
    build(all_nodes(), IP_PROTOCOL_DESTINATION, 64, tell, sizeof tell);
    answered(ICMPV6_PARAMETER_PROBLEM, ICMPV6_UNKNOWN_OPTION, 1);
    /* To one address in a frame for many: it is not even looked into. */
    for (unsigned i = 0; i < 2; i++) {
        static const uint8_t many[2][6] = { { 0x33, 0x33, 0, 0, 0, 1 }, { 255, 255, 255, 255, 255, 255 } };

        datagram(net(1), 64, 9999, 20);
        memcpy(frame, many[i], 6);
        assert_null(answer());
        build(net(1), IP_PROTOCOL_DESTINATION, 64, not_group, sizeof not_group);
        memcpy(frame, many[i], 6);
        assert_null(answer());
    }
    assert_int_equal(victim_drops(&victim, BARO_DROP_IP_UNICAST_IN_BROADCAST), 4);
}

/* §2.4 (e.1), (e.2): nothing about an error or a redirect, also behind extension headers; about other messages there
 * is. */
static void errors_and_redirects_are_not_answered(void **state)
{
    static const uint8_t type[] = { 1, 2, 3, 4, 5, 127, ICMPV6_REDIRECT, ICMPV6_ECHO_REPLY };

    (void)state;
    for (unsigned i = 0; i < sizeof type; i++) {
        /* An option that wants an answer, then the message. */
        uint8_t chain[16] = { IP_PROTOCOL_ICMPV6, 0, 0x9e, 4, 0, 0, 0, 0, type[i] };

        build(net(1), IP_PROTOCOL_DESTINATION, 64, chain, sizeof chain);
        if (type[i] == ICMPV6_ECHO_REPLY)
            answered(ICMPV6_PARAMETER_PROBLEM, ICMPV6_UNKNOWN_OPTION, 1);
        else
            assert_null(answer());
    }
}

/* §2.4 (f): a burst, then a few a second to one host; another host has its own. */
static void errors_are_limited(void **state)
{
    unsigned told = 0;

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        datagram(net(1), 64, 9999, 20);
        told += answer() != NULL;
    }
    assert_int_equal(told, IP_ERROR_PEER_BURST);
    assert_int_equal(victim_drops(&victim, BARO_DROP_ICMP_RATE_LIMIT), 100 - IP_ERROR_PEER_BURST);
    victim_wait(&victim, 1000 / IP_ERROR_PEER_RATE);
    datagram(net(1), 64, 9999, 20);
    assert_non_null(answer());
    datagram(net(1), 64, 9999, 20);
    assert_null(answer());
}

/* ---- what is taken ---- */

static int listener(void)
{
    const struct baro_endpoint any = { baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0), { PORT } };
    int fd = baro_socket(victim.stack, BARO_FAMILY_IPV6, BARO_DATAGRAM);

    assert_true(fd >= 0);
    assert_int_equal(baro_bind(victim.stack, fd, &any), 0);
    return fd;
}

/* RFC 8200 §3: a hop limit of zero is no reason for its destination to drop a packet. */
static void hop_limit_zero_arrives(void **state)
{
    int fd = listener();
    char text[32];

    (void)state;
    datagram(net(1), 0, PORT, 20);
    assert_null(answer());
    assert_int_equal(baro_recv(victim.stack, fd, text, sizeof text, 0), 20);
}

/* RFC 8200 §4.5: a fragment that comes twice does not spoil the packet. */
static void a_fragment_that_came_twice(void **state)
{
    uint8_t whole[64 + 8], piece[40 + 8] = { IP_PROTOCOL_UDP, 0, 0, 1, 0, 0, 0, 7 };
    int fd = listener();
    char text[64];

    (void)state;
    datagram(net(1), 64, PORT, 56); /* 64 octets with its header */
    memcpy(whole, frame + DATA_AT, 64);
    for (unsigned i = 0; i < 3; i++) { /* the first 40, three times */
        memcpy(piece + 8, whole, 40);
        build(net(1), IP_PROTOCOL_FRAGMENT, 64, piece, sizeof piece);
        assert_null(answer());
    }
    assert_int_equal(victim_drops(&victim, BARO_DROP_FRAGMENT_DUPLICATE), 2);
    memcpy(piece + 8, whole + 40, 24);
    write_be16(piece + 2, 40);
    build(net(1), IP_PROTOCOL_FRAGMENT, 64, piece, 24 + 8);
    assert_null(answer());
    assert_int_equal(baro_recv(victim.stack, fd, text, sizeof text, 0), 56);
    assert_memory_equal(text, whole + 8, 56);
}

/* RFC 8200 §5: a link that carries less than 1,280 octets has no IPv6. */
static void a_link_too_narrow_has_no_ipv6(void **state)
{
    struct frame_device narrow[2];

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        frame_device_init(&narrow[i], (uint8_t)(7 + i), 1279 + i);
        assert_int_equal(baro_stack_add_interface(victim.stack, &narrow[i].device), 2 + i);
        assert_int_equal(baro_stack_add_address(victim.stack, (int)(2 + i), baro_ipv6(0xfd01, 0, 0, 0, 0, 0, 0, 1), 64,
                                                false),
                         i == 0 ? -EINVAL : 0);
    }
    baro_stack_free(victim.stack);
    frame_device_release(&narrow[0]);
    frame_device_release(&narrow[1]);
    frame_device_release(&victim.device);
    victim_init(&victim, false); /* for `end` */
}

/* ---- what a datagram of ours looks like ---- */

static const struct device_frame *say(int fd, const void *data, size_t octets)
{
    const struct baro_endpoint peer = { net(2), { PORT } };

    assert_int_equal(baro_sendto(victim.stack, fd, data, octets, 0, &peer), octets);
    victim_wait(&victim, 0);
    return frame_device_take(&victim.device);
}

/* RFC 8200 §8.1: a checksum that comes out as zero is sent as all ones. Two octets of payload that make it so are found
 * by trying. */
static void a_sum_of_zero_is_sent_as_ones(void **state)
{
    int fd = listener();
    const struct device_frame *out = say(fd, "\0\0", 2);
    uint8_t payload[2];
    uint16_t sum;

    (void)state;
    assert_non_null(out);
    sum = read_be16(out->data + DATA_AT + 6); /* of payload 0: adding this to the octets makes it zero */
    write_be16(payload, sum);
    out = say(fd, payload, 2);
    assert_non_null(out);
    assert_int_equal(read_be16(out->data + DATA_AT + 6), 0xffff);
    write_be16(payload, (uint16_t)(sum - 1));
    assert_int_equal(read_be16(say(fd, payload, 2)->data + DATA_AT + 6), 1);
}

/* RFC 8200 §4.5, RFC 7739 §5: numbers of fragmented packets do not come again soon, and tell nobody the next one. */
static void fragmented_packets_have_numbers_of_their_own(void **state)
{
    enum { PACKETS = 200 };
    static uint8_t data[1500];
    static uint32_t id[PACKETS];
    int fd = listener();
    unsigned in_order = 0;

    (void)state;
    for (unsigned i = 0; i < PACKETS; i++) {
        const struct device_frame *first = say(fd, data, sizeof data), *second;

        assert_non_null(first);
        assert_int_equal(first->data[AT + 6], IP_PROTOCOL_FRAGMENT);
        id[i] = read_be32(first->data + DATA_AT + 4);
        second = frame_device_take(&victim.device);
        assert_non_null(second);
        assert_int_equal(read_be32(second->data + DATA_AT + 4), id[i]); /* one number a packet */
        for (unsigned j = 0; j < i; j++)
            assert_int_not_equal(id[i], id[j]);
        in_order += i != 0 && id[i] - id[i - 1] < 1000;
    }
    assert_in_range(in_order, 0, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(an_echo_comes_back_as_it_was),
        TEST(an_error_comes_from_the_address_that_was_meant),
        TEST(what_went_to_a_group_is_not_answered),
        TEST(errors_and_redirects_are_not_answered),
        TEST(errors_are_limited),
        TEST(hop_limit_zero_arrives),
        TEST(a_fragment_that_came_twice),
        TEST(a_link_too_narrow_has_no_ipv6),
        TEST(a_sum_of_zero_is_sent_as_ones),
        TEST(fragmented_packets_have_numbers_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
