/* UDP by itself: ports, what goes out, and every error of sending. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/udp_alone.h"
#include "transport/icmp.h"

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
    struct ip_path path = { .source = baro_ipv4(10, 0, 0, 1), .mtu = 1500, .hop_limit = 64 };
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
    assert_true(udp_destination(udp, all, &local, &remote, &(int){ 0 }));
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
    struct ip_path path = { .source = baro_ipv4(10, 0, 0, 1), .mtu = 1500, .hop_limit = 64 };
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
    assert_false(udp_destination(udp, socket, &(struct baro_endpoint){ 0 }, &(struct baro_endpoint){ 0 }, &(int){ 0 }));
}

static void limits_of_sending(void **state)
{
    static uint8_t octets[65508];
    struct baro_buffer piece[2] = { { octets, 65507 }, { octets, 1 } };
    struct baro_message message = { .peer = at(2, 1), .buffer = piece, .buffers = 2 };
    struct ip_path path = { .source = baro_ipv4(10, 0, 0, 1), .mtu = 1500, .hop_limit = 64 };
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

/* An ICMP error about a datagram from one end to the other that carried "lost". */
static enum baro_drop_reason tell(struct baro_endpoint local, struct baro_endpoint remote, uint8_t type, uint8_t code)
{
    uint8_t quoted[12] = { 0, 0, 0, 0, 0, 12, 0, 0, 'l', 'o', 's', 't' };
    const struct icmp_error error = { .type = type, .code = code, .protocol = 17, .from = at(9, 0).address,
                                      .local = local.address, .remote = remote.address, .reported_mtu = 1300,
                                      .length = 32, .transport = { quoted, sizeof quoted } };

    write_be16(quoted, local.port.number);
    write_be16(quoted + 2, remote.port.number);
    return udp_icmp_error(udp, &error);
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
    assert_int_equal(tell(at(1, 4001), at(2, 53), 3, 3), BARO_DROP_ICMP_NO_MATCH);
    assert_int_equal(tell(at(1, 4000), at(2, 53), 3, 3), BARO_DROP_NONE);
    assert_int_equal(udp_take_error(udp, socket), 0); /* not connected: nobody is told */
    assert_int_equal(udp_connect(udp, socket, at(1, 0), at(2, 53)), 0);
    for (size_t i = 0; i < sizeof line / sizeof line[0]; i++) {
        assert_int_equal(tell(at(1, 4000), at(2, 53), line[i].type, line[i].code), BARO_DROP_NONE);
        assert_int_equal((udp_readiness(udp, socket) & BARO_EVENT_ERROR) != 0, line[i].error != 0);
        assert_int_equal(udp_take_error(udp, socket), line[i].error);
    }
    /* Each is told once, by whichever call comes first. */
    tell(at(1, 4000), at(2, 53), 3, 3);
    assert_int_equal(send_text(socket, none, none, "x"), -ECONNREFUSED);
    assert_int_equal(send_text(socket, none, none, "x"), 1);
    tell(at(1, 4000), at(2, 53), 3, 3);
    assert_int_equal(recv_text(socket, text, sizeof text, 0, &told), -ECONNREFUSED);
    assert_int_equal(recv_text(socket, text, sizeof text, 0, &told), -EAGAIN);
    /* From another peer it is not about us. */
    tell(at(1, 4000), at(3, 53), 3, 3);
    assert_int_equal(udp_take_error(udp, socket), 0);
    settings.dont_fragment = false;
    udp_change(udp, socket, &settings);
    tell(at(1, 4000), at(2, 53), 3, 4);
    assert_int_equal(udp_take_error(udp, socket), 0);
    udp_close(udp, socket);
}

/* A socket that asks for them keeps each with its details; readiness tells, and the pending error goes along. */
static void errors_are_kept_for_those_who_ask(void **state)
{
    const struct baro_endpoint router = at(9, 0), peer = at(2, 53), local = at(1, 4000);
    struct udp_settings settings;
    struct baro_error_report report;
    uint8_t text[10];
    struct baro_buffer piece = { text, sizeof text };
    struct baro_message told = { .buffer = &piece, .buffers = 1, .report = &report };
    struct handle socket;
    unsigned kept = 0;

    (void)state;
    udp_settings_init(&settings);
    settings.recv_error = settings.dont_fragment = true;
    socket = open_with(1, &settings);
    assert_int_equal(udp_bind(udp, socket, any(4000)), 0);
    assert_int_equal(udp_recv_error(udp, socket, &told, 0), -EAGAIN);
    assert_int_equal(tell(at(1, 4000), at(2, 53), ICMP_TIME_EXCEEDED, 0), BARO_DROP_NONE); /* without connect */
    assert_int_equal(tell(at(1, 4000), at(3, 54), ICMP_UNREACHABLE, ICMP_FRAGMENTATION_NEEDED), BARO_DROP_NONE);
    assert_int_equal(tell(at(1, 4000), at(3, 54), ICMP_SOURCE_QUENCH, 0), BARO_DROP_NONE);
    assert_int_equal(udp_take_error(udp, socket), EMSGSIZE);
    assert_true(udp_readiness(udp, socket) & BARO_EVENT_ERROR); /* reports are left */
    assert_int_equal(udp_recv_error(udp, socket, &told, BARO_MSG_PEEK), 4);
    assert_int_equal(udp_recv_error(udp, socket, &told, 0), 4);
    assert_memory_equal(text, "lost", 4);
    assert_int_equal(report.error, EHOSTUNREACH);
    assert_int_equal(report.type, ICMP_TIME_EXCEEDED);
    assert_memory_equal(&report.from, &router.address, sizeof report.from);
    assert_memory_equal(&told.peer, &peer, sizeof told.peer);
    assert_memory_equal(&told.local, &local, sizeof told.local);
    assert_int_equal(udp_take_error(udp, socket), EMSGSIZE); /* the next one's */
    piece.length = 3;
    assert_int_equal(udp_recv_error(udp, socket, &told, 0), 3);
    assert_int_equal(told.flags, BARO_MSG_TRUNCATED);
    assert_int_equal(report.mtu, 1300);
    assert_int_equal(udp_take_error(udp, socket), 0);
    assert_int_equal(udp_readiness(udp, socket) & BARO_EVENT_ERROR, 0);
    assert_int_equal(udp_recv_error(udp, socket, &told, 0), -EAGAIN);
    for (int i = 0; i < 1000; i++)
        tell(at(1, 4000), at(2, 53), ICMP_TIME_EXCEEDED, 0);
    while (udp_recv_error(udp, socket, &told, 0) >= 0)
        kept++;
    assert_in_range(kept, 100, 400); /* some 16 KiB */
    settings.recv_error = false;
    udp_change(udp, socket, &settings);
    tell(at(1, 4000), at(2, 53), ICMP_TIME_EXCEEDED, 0);
    assert_int_equal(udp_recv_error(udp, socket, &told, 0), -EAGAIN);
    udp_close(udp, socket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ports_are_shared_only_by_agreement),
        TEST(reuse_port_spreads_flows),
        TEST(many_ports_at_once),
        TEST(a_catch_all_takes_what_nobody_wants),
        TEST(a_send_becomes_an_intent_and_a_message),
        TEST(limits_of_sending),
        TEST(icmp_errors_reach_the_connected),
        TEST(errors_are_kept_for_those_who_ask),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
