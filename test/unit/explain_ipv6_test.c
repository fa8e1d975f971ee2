/* The telling of IPv6: addresses as RFC 5952 and RFC 4007 write them, frames in one line, and the same events with the
 * words and the sources of their family. */
#include "baro/packet.h"
#include "explain/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define DOCUMENTATION(n) baro_ipv6(0x2001, 0xdb8, 0, 0, 0, 0, 0, (n))
#define LINK_LOCAL(n) baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, (n))

static void addresses_are_written_as_rfc_5952_says(void **state)
{
    static const struct {
        uint16_t group[8];
        uint8_t zone;
        const char *text;
    } cases[] = {
        { { 0 }, 0, "::" },
        { { 0, 0, 0, 0, 0, 0, 0, 1 }, 0, "::1" },
        { { 0x2001, 0xdb8, 0, 0, 1, 0, 0, 1 }, 0, "2001:db8::1:0:0:1" },    /* §4.2.3: the first of two alike */
        { { 0x2001, 0xdb8, 0, 1, 1, 1, 1, 1 }, 0, "2001:db8:0:1:1:1:1:1" }, /* §4.2.2: not a single group */
        { { 0x2001, 0, 0, 1, 0, 0, 0, 0xABCD }, 0, "2001:0:0:1::abcd" },    /* §4.2.3: the longest; §4.3 */
        { { 0xfe80, 0, 0, 0, 0, 0, 0, 1 }, 3, "fe80::1%3" },
        { { 0, 0, 0, 0, 0, 0xffff, 0x0a00, 0x0001 }, 0, "::ffff:10.0.0.1" }, /* §5 */
        { { 0x2001, 0xdb8, 0, 0, 0, 0, 0, 0 }, 0, "2001:db8::" },
    };
    char data[64];
    struct text text;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const uint16_t *g = cases[i].group;
        struct baro_address address = baro_ipv6(g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7]);
        address.zone = cases[i].zone;
        text_init(&text, data, sizeof data);
        text_address(&text, &address);
        assert_string_equal(data, cases[i].text);
    }
}

/* The frame's summary; and every shorter one must stay inside its octets (a sanitizer sees to it). */
static const char *summary(const uint8_t *frame, size_t length, enum baro_language language)
{
    static char text[256];
    for (size_t cut = 0; cut <= length; cut++) {
        uint8_t *exact = malloc(cut + 1);
        memcpy(exact + 1, frame, cut);
        baro_frame_summary((struct baro_bytes){ exact + 1, cut }, language, text, sizeof text);
        free(exact);
    }
    return text;
}

static const char *told(const struct baro_packet *packet, enum baro_language language)
{
    uint8_t frame[512];
    ptrdiff_t length = baro_packet_build_frame(packet, (struct baro_buffer){ frame, sizeof frame });
    assert_true(length > 0);
    return summary(frame, (size_t)length, language);
}

static const char *icmp(struct baro_address from, uint8_t type, uint32_t word, const char *octets, size_t length)
{
    struct baro_packet packet = { .vlan = -1, .source = from, .destination = LINK_LOCAL(2), .layer = BARO_PACKET_ICMP,
                                  .icmp_type = type, .icmp_rest = word,
                                  .payload = { (const uint8_t *)octets, length } };
    return told(&packet, BARO_LANGUAGE_ENGLISH);
}

static void frames_of_tcp_and_udp(void **state)
{
    static const uint8_t chain[] = { 60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0 };
    struct baro_packet packet = { .vlan = -1, .source = DOCUMENTATION(1), .destination = DOCUMENTATION(2),
                                  .layer = BARO_PACKET_TCP, .source_port = { 40000 }, .destination_port = { 80 },
                                  .flags = BARO_TCP_SYN, .seq = 7, .window = 100 };
    const char *words = "TCP [2001:db8::1]:40000 > [2001:db8::2]:80 SYN seq 7 win 100, control only";
    (void)state;
    assert_string_equal(told(&packet, BARO_LANGUAGE_ENGLISH), words);
    packet.next_header = 0;
    packet.extensions = (struct baro_bytes){ chain, sizeof chain };
    assert_string_equal(told(&packet, BARO_LANGUAGE_ENGLISH), words);
    packet = (struct baro_packet){ .vlan = -1, .source = DOCUMENTATION(1), .destination = DOCUMENTATION(2),
                                   .protocol = 17, .fragment = true, .fragment_offset = 1480, .id = 70000,
                                   .payload = { chain, sizeof chain } };
    assert_string_equal(told(&packet, BARO_LANGUAGE_ENGLISH),
                        "UDP 2001:db8::1 > 2001:db8::2 fragment at octet 1480 of packet 70000");
    packet.protocol = 1; /* ICMP of the other family */
    packet.fragment = false;
    assert_string_equal(told(&packet, BARO_LANGUAGE_ENGLISH), "IPv6 2001:db8::1 > 2001:db8::2 16 octets");
}

static void a_chain_that_lies_is_told_as_cut(void **state)
{
    static const uint8_t chain[] = { 6, 30, 1, 4, 0, 0, 0, 0 };
    struct baro_packet packet = { .vlan = -1, .source = DOCUMENTATION(1), .destination = DOCUMENTATION(2),
                                  .layer = BARO_PACKET_UDP, .next_header = 60, .extensions = { chain, sizeof chain } };
    (void)state;
    assert_non_null(strstr(told(&packet, BARO_LANGUAGE_ENGLISH), "(cut short)"));
}

static void neighbour_discovery_in_words(void **state)
{
    static const char target[] = "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x02\x02\x01\x02\0\0\0\0\x02";
    struct baro_packet packet = { .vlan = -1, .source = LINK_LOCAL(1), .destination = LINK_LOCAL(2),
                                  .layer = BARO_PACKET_ICMP, .icmp_type = 135,
                                  .payload = { (const uint8_t *)target, 24 } };
    (void)state;
    assert_string_equal(icmp(LINK_LOCAL(1), 135, 0, target, 24), "ICMPv6 fe80::1 > fe80::2 who has fe80::2?");
    assert_string_equal(icmp(baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0), 135, 0, target, 16),
                        "ICMPv6 :: > fe80::2 does anybody use fe80::2?");
    assert_string_equal(icmp(LINK_LOCAL(1), 136, 0, target, 24),
                        "ICMPv6 fe80::1 > fe80::2 fe80::2 is at 02:00:00:00:00:02");
    assert_string_equal(icmp(LINK_LOCAL(1), 136, 0, target, 16), "ICMPv6 fe80::1 > fe80::2 fe80::2 is here");
    assert_string_equal(icmp(LINK_LOCAL(1), 133, 0, "", 0), "ICMPv6 fe80::1 > fe80::2 is there a router?, 0 octets");
    assert_string_equal(icmp(LINK_LOCAL(1), 134, 0x40000708, "\0\0\0\0\0\0\0\0", 8),
                        "ICMPv6 fe80::1 > fe80::2 I am a router, for 1800 s");
    assert_string_equal(told(&packet, BARO_LANGUAGE_KOREAN), "ICMPv6 fe80::1 > fe80::2 fe80::2 주소를 누가 쓰는가?");
}

static void errors_and_echo_in_words(void **state)
{
    (void)state;
    assert_string_equal(icmp(LINK_LOCAL(1), 128, 1, "abcd", 4), "ICMPv6 fe80::1 > fe80::2 echo request, 4 octets");
    assert_string_equal(icmp(LINK_LOCAL(1), 2, 1280, "abcd", 4),
                        "ICMPv6 fe80::1 > fe80::2 packet too big, MTU 1280, 4 octets");
    assert_string_equal(icmp(LINK_LOCAL(1), 1, 0, "abcd", 4),
                        "ICMPv6 fe80::1 > fe80::2 destination unreachable (1/0), 4 octets");
    assert_string_equal(icmp(LINK_LOCAL(1), 143, 1, "", 0),
                        "ICMPv6 fe80::1 > fe80::2 multicast listener report, 0 octets");
    assert_string_equal(icmp(LINK_LOCAL(1), 200, 1, "", 0), "ICMPv6 fe80::1 > fe80::2 200/0, 0 octets");
}

static struct baro_trace_event ip_in(struct baro_address source, struct baro_address destination)
{
    struct baro_trace_event event = { .kind = BARO_TRACE_IP_IN, .host = 1, .count = 6 };
    event.value[0].as.endpoint.address = source;
    event.value[1].as.endpoint.address = destination;
    event.value[2].as.number = 6;
    event.value[3].as.number = 64;
    event.value[4].as.number = 60;
    event.value[5].as.number = 0xbeef;
    return event;
}

static void the_words_are_those_of_the_family(void **state)
{
    char text[256];
    struct baro_trace_event event = ip_in(DOCUMENTATION(1), DOCUMENTATION(2));
    (void)state;
    baro_event_words(&event, BARO_LANGUAGE_ENGLISH, text, sizeof text);
    assert_string_equal(text, "2001:db8::1 > 2001:db8::2, next header 6, hop limit 64, 60 octets");
    baro_event_words(&event, BARO_LANGUAGE_KOREAN, text, sizeof text);
    assert_string_equal(text, "2001:db8::1 > 2001:db8::2, 다음 헤더 6, 홉 제한 64, 길이 60");
    event = ip_in(baro_ipv4(10, 0, 0, 1), baro_ipv4(10, 0, 0, 2));
    baro_event_words(&event, BARO_LANGUAGE_ENGLISH, text, sizeof text);
    assert_string_equal(text, "10.0.0.1 > 10.0.0.2, protocol 6, TTL 64, 60 octets, header checksum 0xbeef");
    event = (struct baro_trace_event){ .kind = BARO_TRACE_ICMP_IN, .count = 4 };
    event.value[0].as.endpoint.address = LINK_LOCAL(1);
    event.value[1].as.number = 3; /* of ICMP: unreachable */
    baro_event_words(&event, BARO_LANGUAGE_ENGLISH, text, sizeof text);
    assert_string_equal(text, "time exceeded (type 3, code 0) from fe80::1, 0 octets");
    event.value[1].as.number = 136;
    baro_event_words(&event, BARO_LANGUAGE_ENGLISH, text, sizeof text);
    assert_string_equal(text, "neighbour advertisement (type 136, code 0) from fe80::1, 0 octets");
    event.value[1].as.number = 100;
    baro_event_words(&event, BARO_LANGUAGE_ENGLISH, text, sizeof text);
    assert_string_equal(text, "100 (type 100, code 0) from fe80::1, 0 octets");
}

/* One frame in, told by the journey: a TCP segment, where a protocol number and a drop stand without an address. */
static void journey(struct baro_address source, struct baro_address destination, char *text, size_t size)
{
    uint8_t frame[128];
    struct baro_packet packet = { .vlan = -1, .source = source, .destination = destination, .layer = BARO_PACKET_TCP };
    ptrdiff_t length = baro_packet_build_frame(&packet, (struct baro_buffer){ frame, sizeof frame });
    FILE *out = fmemopen(text, size, "w");
    struct baro_journey_config config = { .out = out };
    struct baro_journey *journey = baro_journey_create(&config);
    struct baro_trace_sink sink = baro_journey_sink(journey);
    struct baro_trace_event events[] = {
        { .kind = BARO_TRACE_FRAME_IN, .host = 1, .count = 3, .bytes = { frame, (size_t)length } },
        ip_in(source, destination),
        { .kind = BARO_TRACE_PROTOCOL, .host = 1, .count = 1 },
        { .kind = BARO_TRACE_DROP, .host = 1, .count = 1 },
        { .kind = BARO_TRACE_FRAME_END, .host = 1 },
        { .kind = BARO_TRACE_NEIGHBOUR_WAIT, .host = 1, .count = 2 },
    };
    events[2].value[0].as.number = 6;
    events[3].value[0].as.number = BARO_DROP_IP_TRUNCATED;
    events[5].value[0].as.endpoint.address = source;
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        sink.event(sink.context, &events[i]);
    baro_journey_free(journey);
    fclose(out);
}

static void the_sources_are_those_of_the_family(void **state)
{
    char text[4096] = { 0 };
    (void)state;
    journey(DOCUMENTATION(1), DOCUMENTATION(2), text, sizeof text - 1);
    assert_non_null(strstr(text, "TCP [2001:db8::1]:* > [2001:db8::2]:*"));
    assert_non_null(strstr(text, "hop limit 64, 60 octets (RFC 8200 §3)"));
    assert_non_null(strstr(text, "6, so TCP (RFC 8200 §4)"));
    assert_non_null(strstr(text, "packet shorter than its header says (RFC 8200 §3)"));
    assert_non_null(strstr(text, "neighbour cache: the MAC address of 2001:db8::1"));
    assert_null(strstr(text, "RFC 791"));
    assert_null(strstr(text, "ARP"));
    memset(text, 0, sizeof text);
    journey(baro_ipv4(10, 0, 0, 1), baro_ipv4(10, 0, 0, 2), text, sizeof text - 1);
    assert_non_null(strstr(text, "header checksum 0xbeef (RFC 791 §3.1)"));
    assert_non_null(strstr(text, "6, so TCP (RFC 1122 §3.2.1.6)"));
    assert_non_null(strstr(text, "packet shorter than its header says (RFC 791 §3.1)"));
    assert_non_null(strstr(text, "ARP cache: the MAC address of 10.0.0.1"));
    assert_null(strstr(text, "RFC 8200"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_written_as_rfc_5952_says),
        cmocka_unit_test(frames_of_tcp_and_udp),
        cmocka_unit_test(a_chain_that_lies_is_told_as_cut),
        cmocka_unit_test(neighbour_discovery_in_words),
        cmocka_unit_test(errors_and_echo_in_words),
        cmocka_unit_test(the_words_are_those_of_the_family),
        cmocka_unit_test(the_sources_are_those_of_the_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
