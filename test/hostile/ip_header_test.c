/* Hostile frames and IP headers: rows L-1, L-6, I4-1 to I4-9 of the list of known attacks. Each is dropped for its own
 * reason and answered by nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "hostile/craft.h"

static const struct baro_mac broadcast = { { 255, 255, 255, 255, 255, 255 } };

static void feed(struct victim *v, const struct crafted *frame, enum baro_drop_reason reason)
{
    assert_int_equal(victim_feed(v, frame->octets, frame->length, reason), 1);
    assert_int_equal(victim_forget(v), 0);
}

static void l1_short_and_odd_frames(void **state)
{
    struct victim v;
    struct crafted f;
    struct craft c = craft_default();

    (void)state;
    victim_init(&v, false);
    craft_ip(&f, &c, "", 0);
    for (uint32_t length = 0; length < 14; length++)
        assert_int_equal(victim_feed(&v, f.octets, length, BARO_DROP_ETHERNET_TRUNCATED), 1);
    for (uint32_t length = 14; length < 34; length++)
        assert_int_equal(victim_feed(&v, f.octets, length, BARO_DROP_IP_TRUNCATED), 1);
    write_be16(f.octets + 12, 46);
    feed(&v, &f, BARO_DROP_ETHERNET_LENGTH_FIELD);
    write_be16(f.octets + 12, 0x88b5);
    feed(&v, &f, BARO_DROP_ETHERNET_TYPE_UNKNOWN);
    write_be16(f.octets + 12, 0x8035); /* L-4: RARP */
    feed(&v, &f, BARO_DROP_ETHERNET_TYPE_UNKNOWN);
    write_be16(f.octets + 12, 0x8100);
    f.length = 14;
    feed(&v, &f, BARO_DROP_ETHERNET_TRUNCATED);
    write_be16(f.octets + 16, 0x8100);
    f.length = 60;
    feed(&v, &f, BARO_DROP_VLAN_NESTED);
    victim_release(&v);
}

static void l6_source_and_destination_mac(void **state)
{
    struct victim v;
    struct crafted f;
    struct craft c = craft_default();

    (void)state;
    victim_init(&v, false);
    c.from = (struct baro_mac){ { 2, 0, 0, 0, 0, 1 } };
    craft_ip(&f, &c, "", 0);
    feed(&v, &f, BARO_DROP_SOURCE_MAC_MINE);
    c.from = (struct baro_mac){ { 3, 0, 0, 0, 0, 1 } };
    craft_ip(&f, &c, "", 0);
    feed(&v, &f, BARO_DROP_SOURCE_MAC_GROUP);
    c = craft_default();
    c.to = (struct baro_mac){ { 2, 0, 0, 0, 0, 99 } };
    craft_ip(&f, &c, "", 0);
    feed(&v, &f, BARO_DROP_MAC_NOT_MINE);
    victim_release(&v);
}

static void i4_1_header_fields(void **state)
{
    static const uint8_t payload[26];
    struct victim v;
    struct crafted good, f;
    struct craft c = craft_default();

    (void)state;
    victim_init(&v, false);
    craft_ip(&good, &c, payload, sizeof payload);
    for (unsigned version = 0; version < 16; version++) {
        if (version == 4)
            continue;
        f = good;
        f.octets[14] = (uint8_t)(version << 4 | 5);
        craft_checksum(&f);
        feed(&v, &f, BARO_DROP_IP_VERSION);
    }
    for (unsigned words = 0; words < 5; words++) {
        f = good;
        f.octets[14] = (uint8_t)(0x40 | words);
        feed(&v, &f, BARO_DROP_IP_HEADER_LENGTH);
    }
    f = good;
    f.octets[14] = 0x4f; /* 60 octets of header in a packet of 46 */
    feed(&v, &f, BARO_DROP_IP_HEADER_LENGTH);
    for (uint16_t total = 0; total < 20; total++) {
        f = good;
        write_be16(f.octets + 16, total);
        craft_checksum(&f);
        feed(&v, &f, BARO_DROP_IP_HEADER_LENGTH);
    }
    f = good;
    write_be16(f.octets + 16, 47);
    craft_checksum(&f);
    feed(&v, &f, BARO_DROP_IP_TRUNCATED);
    for (unsigned bit = 0; bit < 16; bit++) {
        f = good;
        f.octets[24 + bit / 8] ^= (uint8_t)(1 << bit % 8);
        feed(&v, &f, BARO_DROP_IP_CHECKSUM);
    }
    victim_release(&v);
}

static void i4_4_options(void **state)
{
    struct victim v;
    struct crafted f;
    uint8_t ping[16];
    uint32_t length = craft_icmp(ping, 8, 0, 1, "abcdefgh", 8);

    (void)state;
    victim_init(&v, false);
    for (unsigned kind = 0; kind < 256; kind++) {
        for (unsigned option = 0; option < 12; option++) {
            struct craft c = craft_default();
            bool route = kind == 131 || kind == 137;

            c.protocol = 1;
            c.options_length = 8;
            c.options[0] = (uint8_t)kind;
            c.options[1] = (uint8_t)option;
            c.options[2] = option > 2 ? 255 : 0; /* the pointer of a source route */
            craft_ip(&f, &c, ping, length);
            if (kind < 2 || (option >= 2 && option <= 8 && !route)) {
                uint64_t bad = victim_feed(&v, f.octets, f.length, BARO_DROP_IP_BAD_OPTION);

                /* kind 1 steps on to the length as if it was a kind */
                assert_true(bad == 0 ? victim_icmp(&v, 0) != NULL : kind != 0);
                victim_forget(&v);
            } else {
                feed(&v, &f, option >= 2 && option <= 8 ? BARO_DROP_IP_SOURCE_ROUTE : BARO_DROP_IP_BAD_OPTION);
            }
        }
    }
    victim_release(&v);
}

static void i4_6_unknown_protocol_is_told_at_a_rate(void **state)
{
    const struct device_frame *frame;
    struct victim v;
    struct crafted f;
    struct craft c = craft_default();
    uint8_t payload[64] = { 0 };
    unsigned told = 0;

    (void)state;
    victim_init(&v, false);
    c.protocol = 4;
    craft_ip(&f, &c, payload, sizeof payload);
    assert_int_equal(victim_feed(&v, f.octets, f.length, BARO_DROP_PROTOCOL_UNKNOWN), 1);
    frame = victim_icmp(&v, 3);
    assert_non_null(frame);
    assert_int_equal(frame->data[35], 2);
    assert_int_equal(frame->length, 14 + 20 + 8 + 84);
    assert_memory_equal(frame->data + 42, f.octets + 14, 84);
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(victim_feed(&v, f.octets, f.length, BARO_DROP_PROTOCOL_UNKNOWN), 1);
        told += victim_forget(&v);
    }
    assert_true(told > 0 && told < 50);
    assert_int_equal(victim_drops(&v, BARO_DROP_ICMP_RATE_LIMIT), 1000 - told);
    victim_wait(&v, 5000);
    victim_feed(&v, f.octets, f.length, BARO_DROP_NONE);
    assert_non_null(victim_icmp(&v, 3));
    victim_release(&v);
}

static void i4_7_martians(void **state)
{
    static const uint8_t source[][4] = { { 0, 0, 0, 0 }, { 0, 1, 2, 3 }, { 127, 0, 0, 1 }, { 224, 0, 0, 1 },
                                         { 240, 0, 0, 1 }, { 255, 255, 255, 255 }, { 10, 0, 0, 1 },
                                         { 10, 0, 0, 255 } };
    static const uint8_t destination[][4] = { { 127, 0, 0, 1 }, { 127, 1, 1, 1 }, { 0, 0, 0, 0 }, { 240, 0, 0, 1 } };
    uint8_t udp[32];
    uint32_t length = craft_udp(udp, 1, 2, 8);
    struct victim v;
    struct crafted f;

    (void)state;
    for (unsigned gateway = 0; gateway < 2; gateway++) {
        victim_init(&v, gateway != 0);
        for (unsigned i = 0; i < sizeof source / sizeof source[0]; i++) {
            struct craft c = craft_default();

            c.source = read_ipv4(source[i]);
            craft_ip(&f, &c, udp, length);
            feed(&v, &f, BARO_DROP_IP_MARTIAN_SOURCE);
        }
        for (unsigned i = 0; i < sizeof destination / sizeof destination[0]; i++) {
            struct craft c = craft_default();

            c.destination = read_ipv4(destination[i]);
            craft_ip(&f, &c, udp, length);
            feed(&v, &f, BARO_DROP_IP_MARTIAN_DESTINATION);
        }
        victim_release(&v);
    }
}

static void i4_9_whom_it_is_for(void **state)
{
    uint8_t udp[32];
    uint32_t length = craft_udp(udp, 1, 2, 8);
    struct frame_device second;
    struct victim v;
    struct crafted f;
    struct craft c = craft_default();

    (void)state;
    victim_init(&v, false);
    frame_device_init(&second, 3, 1500);
    assert_int_equal(baro_stack_add_interface(v.stack, &second.device), 2);
    assert_int_equal(baro_stack_add_address(v.stack, 2, baro_ipv4(10, 9, 0, 1), 24, false), 0);
    victim_wait(&v, 0);
    victim_forget(&v);
    c.destination = baro_ipv4(10, 9, 0, 1); /* the other interface's: a strong host does not take it */
    craft_ip(&f, &c, udp, length);
    feed(&v, &f, BARO_DROP_IP_NOT_FOR_ME);
    c.destination = baro_ipv4(10, 0, 0, 3);
    craft_ip(&f, &c, udp, length);
    feed(&v, &f, BARO_DROP_IP_NOT_FOR_ME);
    c.destination = baro_ipv4(224, 0, 0, 251); /* a group that nobody joined */
    c.to = (struct baro_mac){ { 1, 0, 0x5e, 0, 0, 251 } };
    craft_ip(&f, &c, udp, length);
    feed(&v, &f, BARO_DROP_IP_NOT_FOR_ME);
    c = craft_default();
    c.to = broadcast;
    craft_ip(&f, &c, udp, length);
    feed(&v, &f, BARO_DROP_IP_UNICAST_IN_BROADCAST);
    c = craft_default();
    c.to = broadcast;
    c.destination = baro_ipv4(10, 0, 0, 255); /* nobody listens: but no error about a broadcast */
    craft_ip(&f, &c, udp, length);
    feed(&v, &f, BARO_DROP_UDP_NO_SOCKET);
    victim_release(&v);
    frame_device_release(&second);
}

static void a_gateway_takes_all_and_ends_the_last_hop(void **state)
{
    const struct device_frame *frame;
    uint8_t udp[32];
    uint32_t length = craft_udp(udp, 1, 2, 8);
    struct victim v;
    struct crafted f;
    struct craft c = craft_default();

    (void)state;
    victim_init(&v, true);
    c.destination = baro_ipv4(192, 0, 2, 9);
    craft_ip(&f, &c, udp, length);
    assert_int_equal(victim_feed(&v, f.octets, f.length, BARO_DROP_UDP_NO_SOCKET), 1);
    frame = victim_icmp(&v, 3);
    assert_non_null(frame);
    assert_memory_equal(frame->data + 26, c.destination.octet, 4); /* told by whom it was sent to */
    c.ttl = 1;
    craft_ip(&f, &c, udp, length);
    assert_int_equal(victim_feed(&v, f.octets, f.length, BARO_DROP_IP_TTL_EXPIRED), 1);
    frame = victim_icmp(&v, 11);
    assert_non_null(frame);
    assert_int_equal(frame->data[29], 1); /* told by the gateway itself: traceroute sees it */
    c.destination = baro_ipv4(10, 0, 0, 1);
    craft_ip(&f, &c, udp, length);
    assert_int_equal(victim_feed(&v, f.octets, f.length, BARO_DROP_UDP_NO_SOCKET), 1); /* RFC 1122 §3.2.1.7 */
    victim_release(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(l1_short_and_odd_frames),
        cmocka_unit_test(l6_source_and_destination_mac),
        cmocka_unit_test(i4_1_header_fields),
        cmocka_unit_test(i4_4_options),
        cmocka_unit_test(i4_6_unknown_protocol_is_told_at_a_rate),
        cmocka_unit_test(i4_7_martians),
        cmocka_unit_test(i4_9_whom_it_is_for),
        cmocka_unit_test(a_gateway_takes_all_and_ends_the_last_hop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
