/* UDP by itself: what comes in, who gets it, and what is dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/udp_alone.h"

static void a_datagram_comes_whole_with_its_addresses(void **state)
{
    struct handle socket = bound(5, any(53));
    struct baro_message told = { 0 };
    char text[100] = "";
    uint32_t owner = 0;

    (void)state;
    assert_int_equal(udp_readiness(udp, socket), BARO_EVENT_OUT);
    assert_int_equal(in(at(2, 999), at(1, 53), "hello"), BARO_DROP_NONE);
    assert_true(udp_next_event(udp, &owner));
    assert_int_equal(owner, 5);
    assert_false(udp_next_event(udp, &owner));
    assert_int_equal(udp_readiness(udp, socket), BARO_EVENT_OUT | BARO_EVENT_IN);
    assert_int_equal(udp_readable(udp, socket), 5);
    assert_int_equal(recv_text(socket, text, sizeof text, BARO_MSG_PEEK, &told), 5);
    memset(text, 0, sizeof text);
    assert_int_equal(recv_text(socket, text, sizeof text, 0, &told), 5);
    assert_string_equal(text, "hello");
    assert_true(endpoint_equal(told.peer, at(2, 999)));
    assert_true(endpoint_equal(told.local, at(1, 53)));
    assert_int_equal(told.ttl, 61);
    assert_int_equal(told.tos, 4);
    assert_int_equal(told.interface, 1);
    assert_int_equal(told.flags, 0);
    assert_int_equal(recv_text(socket, text, sizeof text, 0, &told), -EAGAIN);
    assert_int_equal(core.counters.udp_in, 1);
    udp_close(udp, socket);
    assert_null((void *)(uintptr_t)udp_readable(udp, socket));
}

static void short_buffers_truncate_and_say_so(void **state)
{
    struct handle socket = bound(5, any(53));
    struct baro_message told = { 0 };
    char text[4] = "";

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(in(at(2, 999), at(1, 53), "hello"), BARO_DROP_NONE);
    assert_int_equal(recv_text(socket, text, 3, 0, &told), 3);
    assert_int_equal(told.flags, BARO_MSG_TRUNCATED);
    assert_memory_equal(text, "hel", 4);
    assert_int_equal(recv_text(socket, text, 3, BARO_MSG_TRUNCATE, &told), 5);
    assert_int_equal(told.flags, BARO_MSG_TRUNCATED);
    assert_int_equal(in(at(2, 999), at(1, 53), ""), BARO_DROP_NONE);
    assert_int_equal(recv_text(socket, text, 3, 0, &told), 0);
    assert_int_equal(told.flags, 0);
    udp_close(udp, socket);
}

static void lying_headers_are_dropped(void **state)
{
    struct handle socket = bound(5, any(53));
    struct ip_packet packet = { .source = baro_ipv4(10, 0, 0, 2), .destination = baro_ipv4(10, 0, 0, 1),
                                .payload = { wire, 0 } };

    (void)state;
    for (size_t length = 0; length < 8; length++) {
        uint8_t *exact = malloc(length + 1); /* so that a read beyond it is seen */
        packet.payload = (struct baro_bytes){ exact, length };
        assert_int_equal(udp_in(udp, &packet), BARO_DROP_UDP_TRUNCATED);
        free(exact);
    }
    for (int length = 0; length < 8; length++)
        assert_int_equal(in_with(at(2, 9), at(1, 53), "abc", 3, (struct lie){ length, -1, false, false }),
                         BARO_DROP_UDP_TRUNCATED);
    assert_int_equal(in_with(at(2, 9), at(1, 53), "abc", 3, (struct lie){ 12, -1, false, false }),
                     BARO_DROP_UDP_TRUNCATED);
    assert_int_equal(in_with(at(2, 9), at(1, 53), "abc", 3, (struct lie){ -1, -2, false, false }),
                     BARO_DROP_UDP_CHECKSUM);
    assert_int_equal(udp_readable(udp, socket), 0);
    /* A zero checksum was not made; what stands behind the length field's end is padding. */
    assert_int_equal(in_with(at(2, 9), at(1, 53), "abc", 3, (struct lie){ 10, 0, false, false }), BARO_DROP_NONE);
    expect_text(socket, "ab");
    assert_int_equal(in_with(at(2, 9), at(1, 53), "abc", 3, (struct lie){ -1, -2, false, true }), BARO_DROP_NONE);
    expect_text(socket, "abc");
    /* RFC 8200 §8.1: not so over IPv6. */
    packet.source.family = packet.destination.family = BARO_FAMILY_IPV6;
    memset(wire, 0, 8);
    wire[5] = 8;
    packet.payload = (struct baro_bytes){ wire, 8 };
    assert_int_equal(udp_in(udp, &packet), BARO_DROP_UDP_CHECKSUM);
    udp_close(udp, socket);
}

static void the_best_socket_gets_it(void **state)
{
    struct udp_settings settings;
    struct handle wild, exact, connected;

    (void)state;
    assert_int_equal(in(at(2, 9), at(1, 7000), "x"), BARO_DROP_UDP_NO_SOCKET);
    udp_settings_init(&settings);
    settings.reuse_address = true;
    wild = open_with(1, &settings);
    exact = open_with(2, &settings);
    connected = open_with(3, &settings);
    assert_int_equal(udp_bind(udp, wild, any(7000)), 0);
    assert_int_equal(udp_bind(udp, exact, at(1, 7000)), 0);
    assert_int_equal(udp_bind(udp, connected, at(1, 7000)), 0);
    assert_int_equal(udp_connect(udp, connected, none, at(2, 9)), 0);
    assert_int_equal(in(at(2, 9), at(1, 7000), "connected"), BARO_DROP_NONE);
    assert_int_equal(in(at(2, 8), at(1, 7000), "exact"), BARO_DROP_NONE);
    assert_int_equal(in(at(2, 8), at(4, 7000), "wild"), BARO_DROP_NONE);
    assert_int_equal(in(at(2, 8), at(4, 0), "port 0"), BARO_DROP_UDP_NO_SOCKET);
    expect_text(connected, "connected");
    expect_text(exact, "exact");
    expect_text(wild, "wild");
    assert_int_equal(udp_connect(udp, connected, none, none), 0);
    udp_close(udp, exact);
    assert_int_equal(in(at(2, 9), at(1, 7000), "unconnected"), BARO_DROP_NONE);
    expect_text(connected, "unconnected");
    udp_close(udp, connected);
    udp_close(udp, wild);
    assert_int_equal(in(at(2, 9), at(1, 7000), "x"), BARO_DROP_UDP_NO_SOCKET);
    exact = open_with(2, &settings);
    wild = open_with(1, &settings);
    assert_int_equal(udp_bind(udp, exact, at(1, 7000)), 0);
    assert_int_equal(udp_bind(udp, wild, any(7000)), 0);
    assert_int_equal(in(at(2, 8), at(1, 7000), "exact"), BARO_DROP_NONE);
    expect_text(exact, "exact");
    udp_close(udp, exact);
    udp_close(udp, wild);
}

static void one_full_queue_does_not_spoil_a_group(void **state)
{
    struct baro_endpoint group = { baro_ipv4(224, 0, 0, 251), { 5353 } };
    struct udp_settings settings;
    struct handle first, second, all;

    (void)state;
    udp_settings_init(&settings);
    settings.reuse_address = true;
    first = open_with(1, &settings);
    settings.recv_buffer = 1;
    second = open_with(2, &settings);
    settings.transparent = true;
    all = open_with(3, &settings);
    /* Whichever comes first in the chain: one is full, the other takes it. */
    assert_int_equal(udp_bind(udp, second, any(5353)), 0);
    while (in_with(at(2, 1), at(1, 5353), wire + 100, 500, truth) == BARO_DROP_NONE)
        continue;
    assert_int_equal(udp_bind(udp, first, any(5353)), 0);
    assert_int_equal(in_with(at(2, 1), group, "a", 1, (struct lie){ -1, -1, true, false }), BARO_DROP_NONE);
    expect_text(first, "a");
    udp_close(udp, first);
    assert_int_equal(in_with(at(2, 1), group, "a", 1, (struct lie){ -1, -1, true, false }),
                     BARO_DROP_UDP_QUEUE_FULL);
    udp_close(udp, second);
    /* What nobody else wants is a catch-all's. */
    assert_int_equal(udp_bind(udp, all, any(0)), 0);
    assert_int_equal(in_with(at(2, 1), group, "b", 1, (struct lie){ -1, -1, true, false }), BARO_DROP_NONE);
    expect_text(all, "b");
    udp_close(udp, all);
}

static void a_group_datagram_goes_to_all(void **state)
{
    struct baro_endpoint group = { baro_ipv4(224, 0, 0, 251), { 5353 } };
    struct lie to_group = { -1, -1, true, false };
    struct udp_settings settings;
    struct handle wild, joined, other, connected;

    (void)state;
    udp_settings_init(&settings);
    settings.reuse_address = true;
    wild = open_with(1, &settings);
    joined = open_with(2, &settings);
    other = open_with(3, &settings);
    connected = open_with(4, &settings);
    assert_int_equal(udp_bind(udp, wild, any(5353)), 0);
    assert_int_equal(udp_bind(udp, joined, group), 0);
    assert_int_equal(udp_bind(udp, other, at(1, 5353)), 0);
    assert_int_equal(udp_bind(udp, connected, group), 0);
    assert_int_equal(udp_connect(udp, connected, none, at(3, 5353)), 0);
    assert_int_equal(in_with(at(2, 5353), group, "who", 3, to_group), BARO_DROP_NONE);
    expect_text(wild, "who");
    expect_text(joined, "who");
    assert_int_equal(udp_readable(udp, other), 0);
    assert_int_equal(udp_readable(udp, connected), 0);
    group.port.number = 1;
    assert_int_equal(in_with(at(2, 5353), group, "who", 3, to_group), BARO_DROP_UDP_NO_SOCKET);
    udp_close(udp, wild);
    udp_close(udp, joined);
    udp_close(udp, other);
    udp_close(udp, connected);
}

static void a_full_queue_drops(void **state)
{
    static char big[1500];
    struct udp_settings settings;
    struct handle socket;
    struct baro_message told = { 0 };
    int taken = 0;

    (void)state;
    udp_settings_init(&settings);
    settings.recv_buffer = 8192;
    socket = open_with(1, &settings);
    assert_int_equal(udp_bind(udp, socket, any(9)), 0);
    while (in_with(at(2, 9), at(1, 9), big, sizeof big, truth) == BARO_DROP_NONE)
        assert_in_range(++taken, 1, 10);
    assert_in_range(taken, 5, 6);
    assert_int_equal(in_with(at(2, 9), at(1, 9), big, sizeof big, truth), BARO_DROP_UDP_QUEUE_FULL);
    assert_int_equal(recv_text(socket, big, sizeof big, 0, &told), sizeof big);
    assert_int_equal(in_with(at(2, 9), at(1, 9), big, sizeof big, truth), BARO_DROP_NONE);
    core.slabs.limit = core.slabs.charged; /* the stack's budget is spent */
    settings.recv_buffer = 1 << 20;
    udp_change(udp, socket, &settings);
    taken = 0;
    while (in_with(at(2, 9), at(1, 9), big, sizeof big, truth) == BARO_DROP_NONE)
        assert_in_range(++taken, 1, 20);
    assert_int_equal(in_with(at(2, 9), at(1, 9), big, sizeof big, truth), BARO_DROP_NO_SOCKET_MEMORY);
    udp_close(udp, socket);
}

static void random_traffic_stays_whole(void **state)
{
    struct handle socket = bound(1, any(9));
    uint8_t sent = 0, expected = 0;
    static uint8_t octets[3000];

    (void)state;
    for (int i = 0; i < 3000; i++) {
        struct baro_message told = { 0 };
        size_t length = 1 + random_below(&core.random, sizeof octets - 1);

        memset(octets, sent, length);
        if (in_with(at(2, (uint16_t)length), at(1, 9), octets, length, truth) == BARO_DROP_NONE)
            sent++;
        while (random_below(&core.random, 3) != 0 && udp_readable(udp, socket) != 0) {
            ptrdiff_t got = recv_text(socket, (char *)octets, sizeof octets, 0, &told);
            assert_int_equal(got, told.peer.port.number);
            for (ptrdiff_t k = 0; k < got; k++)
                assert_int_equal(octets[k], expected);
            expected++;
        }
    }
    for (int i = 0; i < 60; i++)
        assert_int_equal(in_with(at(2, 9), at(1, 9), octets, 1400, truth), BARO_DROP_NONE);
    assert_true(core.slabs.charged > 65536);
    while (udp_readable(udp, socket) != 0)
        recv_text(socket, (char *)octets, sizeof octets, 0, &(struct baro_message){ .flags = 0 });
    assert_true(core.slabs.charged <= 16384); /* drained, it gave its memory back */
    udp_close(udp, socket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_datagram_comes_whole_with_its_addresses),
        TEST(short_buffers_truncate_and_say_so),
        TEST(lying_headers_are_dropped),
        TEST(the_best_socket_gets_it),
        TEST(one_full_queue_does_not_spoil_a_group),
        TEST(a_group_datagram_goes_to_all),
        TEST(a_full_queue_drops),
        TEST(random_traffic_stays_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
