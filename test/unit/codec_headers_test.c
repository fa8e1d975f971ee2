/* The headers' tables against octets written by hand: each field stands where its RFC draws it, reading undoes
 * writing, and the tables cover every octet once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "codec/arp.h"
#include "codec/ethernet.h"
#include "codec/icmp.h"
#include "codec/ipv4.h"
#include "codec/tcp.h"
#include "codec/udp.h"

/* RFC 1071 counted by hand for this header gives 0xb1e6, the example of many a textbook. */
static const uint8_t ip_octets[] = { 0x45, 0x00, 0x00, 0x3c, 0x1c, 0x46, 0x40, 0x00, 0x40, 0x06,
                                     0xb1, 0xe6, 0xac, 0x10, 0x0a, 0x63, 0xac, 0x10, 0x0a, 0x0c };
static const uint8_t tcp_octets[] = { 0xc0, 0x00, 0x01, 0xbb, 0xff, 0xff, 0xff, 0xfe, 0x80, 0x00,
                                      0x00, 0x01, 0x80, 0x12, 0xfa, 0xf0, 0xab, 0xcd, 0x00, 0x05 };
static const uint8_t arp_octets[] = { 0, 1, 8, 0, 6, 4, 0, 2, 2, 3, 4, 5, 6, 7, 10, 0, 0, 1, 8, 9, 10, 11, 12, 13,
                                      10, 0, 0, 2 };

static void ipv4_fields(void **state)
{
    struct ipv4_header header;
    uint8_t again[20];

    (void)state;
    ipv4_header_read(&header, ip_octets);
    assert_int_equal(ipv4_version(&header), 4);
    assert_int_equal(ipv4_header_length(&header), 20);
    assert_int_equal(header.tos, 0);
    assert_int_equal(header.total_length, 60);
    assert_int_equal(header.id, 0x1c46);
    assert_int_equal(header.flags_offset, IPV4_DONT_FRAGMENT);
    assert_int_equal(ipv4_fragment_offset(&header), 0);
    assert_false(ipv4_is_fragment(&header));
    assert_int_equal(header.ttl, 64);
    assert_int_equal(header.protocol, 6);
    assert_int_equal(header.checksum, 0xb1e6);
    assert_true(address_equal(header.source, baro_ipv4(172, 16, 10, 99)));
    assert_true(address_equal(header.destination, baro_ipv4(172, 16, 10, 12)));
    ipv4_header_write(&header, again);
    assert_memory_equal(again, ip_octets, 20);
    header.flags_offset = 0x3fff;
    assert_int_equal(ipv4_fragment_offset(&header), 65528);
    assert_true(ipv4_is_fragment(&header));
    header.flags_offset = IPV4_MORE_FRAGMENTS;
    assert_true(ipv4_is_fragment(&header));
    header.version_length = 0x4f;
    assert_int_equal(ipv4_header_length(&header), 60);
}

static void tcp_fields(void **state)
{
    struct tcp_header header;
    uint8_t again[20];

    (void)state;
    tcp_header_read(&header, tcp_octets);
    assert_int_equal(header.source_port, 49152);
    assert_int_equal(header.destination_port, 443);
    assert_int_equal(header.seq, 0xfffffffe);
    assert_int_equal(header.ack, 0x80000001);
    assert_int_equal(tcp_header_length(&header), 32);
    assert_int_equal(header.flags, TCP_FLAG_SYN | TCP_FLAG_ACK);
    assert_int_equal(header.window, 64240);
    assert_int_equal(header.checksum, 0xabcd);
    assert_int_equal(header.urgent, 5);
    tcp_header_write(&header, again);
    assert_memory_equal(again, tcp_octets, 20);
    assert_int_equal(TCP_FLAG_FIN | TCP_FLAG_SYN | TCP_FLAG_RST | TCP_FLAG_PSH | TCP_FLAG_ACK | TCP_FLAG_URG |
                     TCP_FLAG_ECE | TCP_FLAG_CWR, 0xff);
}

static void arp_fields(void **state)
{
    struct arp_packet packet;
    uint8_t again[28];

    (void)state;
    arp_packet_read(&packet, arp_octets);
    assert_int_equal(packet.hardware, ARP_HARDWARE_ETHERNET);
    assert_int_equal(packet.protocol, ETHERNET_TYPE_IPV4);
    assert_int_equal(packet.hardware_length, 6);
    assert_int_equal(packet.protocol_length, 4);
    assert_int_equal(packet.operation, ARP_REPLY);
    assert_true(mac_equal(packet.sender_mac, (struct baro_mac){ { 2, 3, 4, 5, 6, 7 } }));
    assert_true(address_equal(packet.sender, baro_ipv4(10, 0, 0, 1)));
    assert_true(mac_equal(packet.target_mac, (struct baro_mac){ { 8, 9, 10, 11, 12, 13 } }));
    assert_true(address_equal(packet.target, baro_ipv4(10, 0, 0, 2)));
    arp_packet_write(&packet, again);
    assert_memory_equal(again, arp_octets, 28);
}

static void small_headers(void **state)
{
    static const uint8_t frame[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x08, 0x06 };
    static const uint8_t tag[] = { 0xe0, 0x05, 0x86, 0xdd };
    static const uint8_t datagram[] = { 0x00, 0x35, 0xff, 0xff, 0x02, 0x01, 0x12, 0x34 };
    static const uint8_t message[] = { 3, 4, 0x56, 0x78, 0, 0, 0x05, 0x78 };
    struct ethernet_header ethernet;
    struct vlan_tag vlan;
    struct udp_header udp;
    struct icmp_header icmp;
    uint8_t again[14];

    (void)state;
    ethernet_header_read(&ethernet, frame);
    assert_int_equal(ethernet.destination.octet[5], 6);
    assert_int_equal(ethernet.source.octet[0], 7);
    assert_int_equal(ethernet.type, ETHERNET_TYPE_ARP);
    ethernet_header_write(&ethernet, again);
    assert_memory_equal(again, frame, 14);
    vlan_tag_read(&vlan, tag);
    assert_int_equal(vlan.control, 0xe005);
    assert_int_equal(vlan.type, ETHERNET_TYPE_IPV6);
    vlan_tag_write(&vlan, again);
    assert_memory_equal(again, tag, 4);
    udp_header_read(&udp, datagram);
    assert_int_equal(udp.source_port, 53);
    assert_int_equal(udp.destination_port, 65535);
    assert_int_equal(udp.length, 513);
    assert_int_equal(udp.checksum, 0x1234);
    udp_header_write(&udp, again);
    assert_memory_equal(again, datagram, 8);
    icmp_header_read(&icmp, message);
    assert_int_equal(icmp.type, ICMP_UNREACHABLE);
    assert_int_equal(icmp.code, ICMP_FRAGMENTATION_NEEDED);
    assert_int_equal(icmp.checksum, 0x5678);
    assert_int_equal(icmp.rest, 1400);
    icmp_header_write(&icmp, again);
    assert_memory_equal(again, message, 8);
}

/* Any octets at all, at any alignment: writing what was read gives them back. */
#define ROUND_TRIP(name)                                        \
    do {                                                        \
        struct name value;                                      \
        uint8_t again[64];                                      \
        memset(again, 0xee, sizeof again);                      \
        name##_read(&value, octets + shift);                    \
        name##_write(&value, again + 1);                        \
        assert_memory_equal(again + 1, octets + shift, name##_SIZE); \
        assert_int_equal(again[0], 0xee);                       \
        assert_int_equal(again[1 + name##_SIZE], 0xee);         \
    } while (0)

static void reading_undoes_writing(void **state)
{
    uint8_t octets[80];
    uint32_t random = 1;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        unsigned shift = (unsigned)i % 8;

        for (unsigned at = 0; at < sizeof octets; at++) {
            random = random * 1664525 + 1013904223;
            octets[at] = (uint8_t)(random >> 24);
        }
        ROUND_TRIP(ethernet_header);
        ROUND_TRIP(vlan_tag);
        ROUND_TRIP(arp_packet);
        ROUND_TRIP(ipv4_header);
        ROUND_TRIP(icmp_header);
        ROUND_TRIP(udp_header);
        ROUND_TRIP(tcp_header);
    }
}

/* The description, for printing, covers each octet once and in order. */
static void check_table(const struct codec_field *fields, size_t count, unsigned size)
{
    unsigned at = 0;

    for (size_t i = 0; i < count; i++) {
        assert_int_equal(fields[i].offset, at);
        assert_true(fields[i].name[0] != 0 && fields[i].source[0] != 0);
        at += fields[i].size;
    }
    assert_int_equal(at, size);
}

#define CHECK_TABLE(name) check_table(name##_fields, sizeof name##_fields / sizeof name##_fields[0], name##_SIZE)

static void tables_have_no_gaps(void **state)
{
    (void)state;
    CHECK_TABLE(ethernet_header);
    CHECK_TABLE(vlan_tag);
    CHECK_TABLE(arp_packet);
    CHECK_TABLE(ipv4_header);
    CHECK_TABLE(icmp_header);
    CHECK_TABLE(udp_header);
    CHECK_TABLE(tcp_header);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ipv4_fields),
        cmocka_unit_test(tcp_fields),
        cmocka_unit_test(arp_fields),
        cmocka_unit_test(small_headers),
        cmocka_unit_test(reading_undoes_writing),
        cmocka_unit_test(tables_have_no_gaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
