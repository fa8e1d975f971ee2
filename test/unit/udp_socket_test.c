/* UDP by itself: what comes in, what goes out, who gets it, and every error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "codec/icmp.h"
#include "codec/ipv4.h"
#include "codec/udp.h"
#include "transport/udp/udp.h"

static struct core core;
static struct udp *udp;

static void *take(void *context, size_t bytes)
{
    (void)context;
    void *slab = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    memset(slab, 0, bytes);
    return slab;
}

static void give_back(void *context, void *slab, size_t bytes)
{
    (void)context, (void)bytes;
    free(slab);
}

static int setup(void **state)
{
    static const uint8_t seed[32] = { 7 };
    (void)state;
    memset(&core, 0, sizeof core);
    core.slabs = (struct slabs){ .memory = { NULL, take, give_back }, .limit = 1 << 20 };
    random_init(&core.random, seed);
    assert_true(intent_queue_init(&core.intents, &core.slabs));
    udp = udp_create(&core, 1000);
    assert_non_null(udp);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    udp_check_invariants(udp);
    udp_free(udp);
    intent_queue_release(&core.intents, &core.slabs);
    assert_int_equal(core.slabs.taken, 0);
    assert_int_equal(core.slabs.charged, 0);
    return 0;
}

static const struct baro_endpoint none;

static struct baro_endpoint at(uint8_t host, uint16_t port)
{
    return (struct baro_endpoint){ baro_ipv4(10, 0, 0, host), { port } };
}

static struct baro_endpoint any(uint16_t port)
{
    return (struct baro_endpoint){ .port = { port } };
}

static struct handle open_with(uint32_t owner, const struct udp_settings *settings)
{
    struct handle socket;
    assert_int_equal(udp_open(udp, owner, settings, &socket), 0);
    return socket;
}

static struct handle open_socket(uint32_t owner)
{
    struct udp_settings settings;
    udp_settings_init(&settings);
    return open_with(owner, &settings);
}

static struct handle bound(uint32_t owner, struct baro_endpoint local)
{
    struct handle socket = open_socket(owner);
    assert_int_equal(udp_bind(udp, socket, local), 0);
    return socket;
}

/* A datagram as IP hands it up; what the header says can be made to lie. */
struct lie {
    int length; /* of the length field, -1: the truth */
    int checksum; /* -1: the right one, -2: a wrong one */
    bool to_group;
    bool verified; /* the device has seen to the checksum */
};
static const struct lie truth = { -1, -1, false, false };

static uint8_t wire[70000];

static enum baro_drop_reason in_with(struct baro_endpoint from, struct baro_endpoint to, const void *data,
                                     size_t length, struct lie lie)
{
    struct udp_header header = { from.port.number, to.port.number, (uint16_t)(8 + length), 0 };
    struct ip_packet packet = { .source = from.address, .destination = to.address, .protocol = IP_PROTOCOL_UDP,
                                .ttl = 61, .tos = 4, .interface = 1, .to_group = lie.to_group,
                                .checksum_verified = lie.verified };
    uint64_t sum;

    if (lie.length >= 0)
        header.length = (uint16_t)lie.length;
    udp_header_write(&header, wire);
    memcpy(wire + 8, data, length);
    sum = checksum_pseudo(from.address, to.address, IP_PROTOCOL_UDP, (uint32_t)(8 + length));
    header.checksum = checksum_fold(checksum_add(sum, wire, 8 + length));
    if (lie.checksum == -2)
        header.checksum ^= 0x1000;
    else if (lie.checksum >= 0)
        header.checksum = (uint16_t)lie.checksum;
    udp_header_write(&header, wire);
    packet.payload = (struct baro_bytes){ wire, 8 + length };
    enum baro_drop_reason reason = udp_in(udp, &packet);
    udp_check_invariants(udp);
    return reason;
}

static enum baro_drop_reason in(struct baro_endpoint from, struct baro_endpoint to, const char *text)
{
    return in_with(from, to, text, strlen(text), truth);
}

static ptrdiff_t recv_text(struct handle socket, char *text, size_t size, unsigned flags, struct baro_message *told)
{
    struct baro_buffer piece = { (uint8_t *)text, size };
    told->buffer = &piece;
    told->buffers = 1;
    return udp_recv(udp, socket, told, flags);
}

static void expect_text(struct handle socket, const char *expected)
{
    struct baro_message told = { 0 };
    char text[100] = "";
    assert_int_equal(recv_text(socket, text, sizeof text, 0, &told), strlen(expected));
    assert_string_equal(text, expected);
}

static ptrdiff_t send_text(struct handle socket, struct baro_endpoint to, struct baro_endpoint from, const char *text)
{
    struct baro_buffer piece = { (uint8_t *)(uintptr_t)text, strlen(text) };
    struct baro_message message = { .peer = to, .local = from, .buffer = &piece, .buffers = 1 };
    ptrdiff_t sent = udp_send(udp, socket, &message);
    udp_check_invariants(udp);
    return sent;
}

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
    assert_int_equal(in_with(at(2, 9), at(1, 53), "abc", 3, (struct lie){ 12, -1, false, false }), BARO_DROP_UDP_TRUNCATED);
    assert_int_equal(in_with(at(2, 9), at(1, 53), "abc", 3, (struct lie){ -1, -2, false, false }), BARO_DROP_UDP_CHECKSUM);
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

static void ports_are_shared_only_by_agreement(void **state)
{
    struct udp_settings settings;
    struct handle first = bound(1, at(1, 80)), second, third;
    struct baro_endpoint local, remote;

    (void)state;
    second = open_socket(2);
    assert_int_equal(udp_bind(udp, second, any(80)), -EADDRINUSE);
    assert_int_equal(udp_bind(udp, second, at(1, 80)), -EADDRINUSE);
    assert_int_equal(udp_bind(udp, second, at(2, 80)), 0);
    assert_int_equal(udp_bind(udp, second, at(2, 81)), -EINVAL);
    udp_settings_init(&settings);
    settings.reuse_address = true;
    third = open_with(3, &settings);
    assert_int_equal(udp_bind(udp, third, at(1, 80)), -EADDRINUSE);
    udp_change(udp, first, &settings);
    assert_int_equal(udp_bind(udp, third, at(1, 80)), 0);
    udp_close(udp, first);
    first = bound(1, any(0));
    assert_true(udp_endpoints(udp, first, &local, &remote));
    assert_in_range(local.port.number, 32768, 65535);
    udp_close(udp, first);
    udp_close(udp, second);
    udp_close(udp, third);
}

static void reuse_port_spreads_flows(void **state)
{
    struct udp_settings settings;
    struct handle one, two;
    struct baro_message told = { 0 };
    char text[10];
    int got[2] = { 0, 0 };

    (void)state;
    udp_settings_init(&settings);
    settings.reuse_port = true;
    one = open_with(1, &settings);
    two = open_with(2, &settings);
    assert_int_equal(udp_bind(udp, one, any(80)), 0);
    assert_int_equal(udp_bind(udp, two, any(80)), 0);
    for (uint16_t i = 1; i <= 100; i++)
        for (int again = 0; again < 2; again++)
            assert_int_equal(in(at(2, i), at(1, 80), "x"), BARO_DROP_NONE);
    while (recv_text(one, text, sizeof text, 0, &told) == 1)
        got[0]++;
    while (recv_text(two, text, sizeof text, 0, &told) == 1)
        got[1]++;
    assert_int_equal(got[0] + got[1], 200);
    assert_int_equal(got[0] % 2, 0); /* a flow stays with one */
    assert_in_range(got[0], 40, 160);
    udp_close(udp, one);
    udp_close(udp, two);
}

static void many_ports_at_once(void **state)
{
    struct handle socket[300];
    struct baro_endpoint local, remote;

    (void)state;
    for (uint32_t i = 0; i < 300; i++)
        socket[i] = bound(i, any(0));
    for (uint32_t i = 0; i < 300; i++) {
        assert_true(udp_endpoints(udp, socket[i], &local, &remote));
        assert_int_equal(in(at(2, 9), at(1, local.port.number), "x"), BARO_DROP_NONE);
        expect_text(socket[i], "x");
        if (i % 2 == 0)
            assert_int_equal(udp_connect(udp, socket[i], at(1, 0), at(2, 9)), 0);
    }
    for (uint32_t i = 0; i < 300; i++) {
        assert_true(udp_endpoints(udp, socket[i], &local, &remote));
        assert_int_equal(in(at(2, 9), at(1, local.port.number), "y"), BARO_DROP_NONE);
        assert_int_equal(in(at(2, 8), at(1, local.port.number), "z"),
                         i % 2 == 0 ? BARO_DROP_UDP_NO_SOCKET : BARO_DROP_NONE);
        udp_close(udp, socket[i]);
    }
}

static void a_catch_all_takes_what_nobody_wants(void **state)
{
    struct udp_settings settings;
    struct handle all, wanted = bound(1, any(53));
    struct baro_message told = { 0 };
    struct baro_endpoint local, remote;
    struct ip_path path = { .source = baro_ipv4(10, 0, 0, 1) };
    struct ip_message message;
    char text[10] = "";

    (void)state;
    udp_settings_init(&settings);
    settings.transparent = true;
    all = open_with(2, &settings);
    assert_int_equal(udp_bind(udp, all, any(0)), 0);
    assert_int_equal(in(at(2, 9), at(200, 53), "wanted"), BARO_DROP_NONE);
    assert_int_equal(in(at(2, 9), at(200, 123), "other"), BARO_DROP_NONE);
    expect_text(wanted, "wanted");
    assert_int_equal(recv_text(all, text, sizeof text, 0, &told), 5);
    assert_true(endpoint_equal(told.local, at(200, 123)));
    assert_int_equal(send_text(all, told.peer, none, "x"), -EINVAL); /* from which port? */
    assert_int_equal(send_text(all, told.peer, told.local, "reply"), 5);
    assert_true(udp_destination(udp, all, &local, &remote));
    assert_true(endpoint_equal(local, at(200, 123)));
    assert_true(endpoint_equal(remote, at(2, 9)));
    assert_true(udp_next_datagram(udp, all, &path, &message));
    assert_true(address_equal(message.source, baro_ipv4(10, 0, 0, 200)));
    assert_int_equal(read_be16(message.header), 123);
    udp_close(udp, all);
    assert_false(udp_next_datagram(udp, all, &path, &message));
    udp_close(udp, wanted);
}

static void a_send_becomes_an_intent_and_a_message(void **state)
{
    struct handle socket = bound(1, any(4000));
    struct ip_path path = { .source = baro_ipv4(10, 0, 0, 1), .mtu = 1500 };
    struct ip_message message;
    struct intent *intent;

    (void)state;
    assert_int_equal(send_text(socket, none, none, "x"), -EDESTADDRREQ);
    assert_int_equal(send_text(socket, at(2, 0), none, "x"), -EINVAL);
    assert_null(intent_first(&core.intents));
    assert_int_equal(send_text(socket, at(2, 5000), none, "one"), 3);
    assert_int_equal(send_text(socket, at(3, 5000), none, ""), 0);
    intent = intent_first(&core.intents);
    assert_non_null(intent);
    assert_int_equal(intent->kind, INTENT_UDP_OUTPUT);
    assert_true(handle_equal(intent->owner, socket));
    assert_int_equal(core.intents.count, 1);
    assert_true(udp_next_datagram(udp, socket, &path, &message));
    assert_true(address_equal(message.source, path.source));
    assert_true(address_equal(message.destination, at(2, 0).address));
    assert_int_equal(message.protocol, IP_PROTOCOL_UDP);
    assert_int_equal(message.ttl, 64);
    assert_int_equal(message.checksum_offset, 6);
    assert_int_equal(message.header_length, 8);
    assert_memory_equal(message.header, "\x0f\xa0\x13\x88\x00\x0b\x00\x00", 8);
    assert_int_equal(message.parts, 1);
    assert_memory_equal(message.part[0].data, "one", 3);
    assert_true(udp_next_datagram(udp, socket, &path, &message));
    assert_int_equal(message.parts, 0);
    intent_done(&core.intents);
    assert_int_equal(core.counters.udp_out, 2);
    assert_int_equal(send_text(socket, (struct baro_endpoint){ baro_ipv4(224, 0, 0, 5), { 9 } }, none, "all"), 3);
    assert_true(udp_next_datagram(udp, socket, &path, &message));
    assert_int_equal(message.ttl, 1);
    assert_true(message.multicast_loop);
    intent_done(&core.intents);
    assert_int_equal(send_text(socket, at(2, 5000), none, "two"), 3);
    assert_int_equal(core.intents.count, 1);
    /* Closed at once: what was sent still goes out, then the socket is gone. */
    udp_close(udp, socket);
    udp_check_invariants(udp);
    assert_true(udp_next_datagram(udp, socket, &path, &message));
    assert_memory_equal(message.part[0].data, "two", 3);
    assert_false(udp_next_datagram(udp, socket, &path, &message));
    assert_int_equal(core.slabs.charged, 0);
    assert_false(udp_destination(udp, socket, &(struct baro_endpoint){ 0 }, &(struct baro_endpoint){ 0 }));
}

static void limits_of_sending(void **state)
{
    static uint8_t octets[65508];
    struct baro_buffer piece[2] = { { octets, 65507 }, { octets, 1 } };
    struct baro_message message = { .peer = at(2, 1), .buffer = piece, .buffers = 2 };
    struct ip_path path = { .source = baro_ipv4(10, 0, 0, 1), .mtu = 1500 };
    struct ip_message out;
    struct udp_settings settings;
    struct handle socket;
    uint32_t owner;

    (void)state;
    udp_settings_init(&settings);
    settings.send_buffer = 4096;
    socket = open_with(1, &settings);
    assert_int_equal(udp_bind(udp, socket, any(0)), 0);
    assert_int_equal(udp_send(udp, socket, &message), -EMSGSIZE);
    message.buffers = 1;
    assert_int_equal(udp_writable(udp, socket), 65507);
    assert_int_equal(udp_send(udp, socket, &message), 65507);
    assert_int_equal(udp_writable(udp, socket), 0);
    assert_int_equal(udp_send(udp, socket, &message), -EAGAIN);
    assert_int_equal(udp_readiness(udp, socket), 0);
    assert_false(udp_next_event(udp, &owner));
    assert_true(udp_next_datagram(udp, socket, &path, &out));
    assert_true(udp_next_event(udp, &owner));
    assert_int_equal(udp_readiness(udp, socket), BARO_EVENT_OUT);
    core.slabs.limit = core.slabs.charged;
    settings.send_buffer = 1 << 20;
    udp_change(udp, socket, &settings);
    assert_int_equal(udp_send(udp, socket, &message), 65507);
    assert_int_equal(udp_send(udp, socket, &message), -ENOBUFS);
    message.peer.address = baro_ipv4(255, 255, 255, 255);
    assert_int_equal(udp_send(udp, socket, &message), -EACCES);
    udp_close(udp, socket);
}

static void icmp_errors_reach_the_connected(void **state)
{
    static const struct { uint8_t type, code; int error; } line[] = {
        { ICMP_UNREACHABLE, ICMP_NET_UNREACHABLE, ENETUNREACH },
        { ICMP_UNREACHABLE, ICMP_HOST_UNREACHABLE, EHOSTUNREACH },
        { ICMP_UNREACHABLE, ICMP_PORT_UNREACHABLE, ECONNREFUSED },
        { ICMP_UNREACHABLE, ICMP_ADMINISTRATIVELY_PROHIBITED, EHOSTUNREACH },
        { ICMP_TIME_EXCEEDED, 0, EHOSTUNREACH },
        { ICMP_UNREACHABLE, ICMP_FRAGMENTATION_NEEDED, EMSGSIZE },
        { ICMP_SOURCE_QUENCH, 0, 0 },
    };
    struct udp_settings settings;
    struct baro_message told = { 0 };
    struct handle socket;
    char text[10];

    (void)state;
    udp_settings_init(&settings);
    settings.dont_fragment = true;
    socket = open_with(1, &settings);
    assert_int_equal(udp_bind(udp, socket, any(4000)), 0);
    assert_int_equal(udp_icmp_error(udp, at(1, 4001), at(2, 53), 3, 3, 0), BARO_DROP_ICMP_NO_MATCH);
    assert_int_equal(udp_icmp_error(udp, at(1, 4000), at(2, 53), 3, 3, 0), BARO_DROP_NONE);
    assert_int_equal(udp_take_error(udp, socket), 0); /* not connected: nobody is told */
    assert_int_equal(udp_connect(udp, socket, at(1, 0), at(2, 53)), 0);
    for (size_t i = 0; i < sizeof line / sizeof line[0]; i++) {
        assert_int_equal(udp_icmp_error(udp, at(1, 4000), at(2, 53), line[i].type, line[i].code, 0), BARO_DROP_NONE);
        assert_int_equal((udp_readiness(udp, socket) & BARO_EVENT_ERROR) != 0, line[i].error != 0);
        assert_int_equal(udp_take_error(udp, socket), line[i].error);
    }
    /* Each is told once, by whichever call comes first. */
    udp_icmp_error(udp, at(1, 4000), at(2, 53), 3, 3, 0);
    assert_int_equal(send_text(socket, none, none, "x"), -ECONNREFUSED);
    assert_int_equal(send_text(socket, none, none, "x"), 1);
    udp_icmp_error(udp, at(1, 4000), at(2, 53), 3, 3, 0);
    assert_int_equal(recv_text(socket, text, sizeof text, 0, &told), -ECONNREFUSED);
    assert_int_equal(recv_text(socket, text, sizeof text, 0, &told), -EAGAIN);
    /* From another peer it is not about us. */
    udp_icmp_error(udp, at(1, 4000), at(3, 53), 3, 3, 0);
    assert_int_equal(udp_take_error(udp, socket), 0);
    settings.dont_fragment = false;
    udp_change(udp, socket, &settings);
    udp_icmp_error(udp, at(1, 4000), at(2, 53), 3, 4, 0);
    assert_int_equal(udp_take_error(udp, socket), 0);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_datagram_comes_whole_with_its_addresses),
        TEST(short_buffers_truncate_and_say_so),
        TEST(lying_headers_are_dropped),
        TEST(the_best_socket_gets_it),
        TEST(a_group_datagram_goes_to_all),
        TEST(one_full_queue_does_not_spoil_a_group),
        TEST(a_full_queue_drops),
        TEST(ports_are_shared_only_by_agreement),
        TEST(reuse_port_spreads_flows),
        TEST(many_ports_at_once),
        TEST(a_catch_all_takes_what_nobody_wants),
        TEST(a_send_becomes_an_intent_and_a_message),
        TEST(limits_of_sending),
        TEST(icmp_errors_reach_the_connected),
        TEST(random_traffic_stays_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
