/* Rows F-5, F-7, I4-2, I4-3, I4-5, IC-4, IC-7, IC-8, U-1, U-2, U-3 of the catalogue of published stack vulnerabilities,
 * as packets. After each the host still answers a ping, still echoes over TCP, and its memory is what it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "baro/socket.h"
#include "base/bytes.h"
#include "base/checksum.h"
#include "codec/tcp.h"
#include "hostile/craft.h"

static struct crafted made;
static uint32_t random_state = 1;

static uint32_t any_number(void)
{
    return (random_state = random_state * 1664525 + 1013904223) >> 8;
}

static uint64_t all_drops(const struct victim *v)
{
    struct baro_statistics statistics;
    uint64_t sum = 0;

    baro_stack_statistics(v->stack, &statistics);
    for (unsigned i = 0; i < BARO_DROP_COUNT; i++)
        sum += statistics.drops[i];
    return sum;
}

static uint64_t feed(struct victim *v, const struct craft *craft, const uint8_t *octets, uint32_t length,
                     enum baro_drop_reason reason)
{
    craft_ip(&made, craft, octets, length);
    return victim_feed(v, made.octets, made.length, reason);
}

/* A segment's octets with a right checksum. */
static uint32_t craft_tcp(uint8_t *to, uint32_t seq, uint32_t ack, uint8_t flags, const void *data, uint32_t length)
{
    struct tcp_header header = { .source_port = 4000, .destination_port = 80, .seq = seq, .ack = ack,
                                 .data_offset = 5 << 4, .flags = flags, .window = 30000 };
    uint64_t sum = checksum_pseudo(baro_ipv4(10, 0, 0, 2), baro_ipv4(10, 0, 0, 1), 6, 20 + length);

    tcp_header_write(&header, to);
    if (length != 0)
        memcpy(to + 20, data, length);
    write_be16(to + 16, checksum_fold(checksum_add(sum, to, 20 + length)));
    return 20 + length;
}

/* ---- the pass rule of every row ---- */

static void echo_over_tcp(struct victim *v)
{
    struct baro_endpoint at = { baro_ipv4(127, 0, 0, 1), { 7007 } };
    struct baro_endpoint from = { baro_ipv4(127, 0, 0, 1), { 7008 } }; /* each range of ports takes a page once */
    int listener = baro_socket(v->stack, BARO_FAMILY_IPV4, BARO_STREAM), client, server;
    char buffer[8];

    client = baro_socket(v->stack, BARO_FAMILY_IPV4, BARO_STREAM);
    assert_int_equal(baro_bind(v->stack, client, &from), 0);
    assert_int_equal(baro_bind(v->stack, listener, &at), 0);
    assert_int_equal(baro_listen(v->stack, listener, 2), 0);
    baro_connect(v->stack, client, &at);
    victim_wait(v, 10);
    server = baro_accept(v->stack, listener, NULL);
    assert_true(server >= 0);
    assert_int_equal(baro_send(v->stack, client, "alive", 5, 0), 5);
    victim_wait(v, 10);
    assert_int_equal(baro_recv(v->stack, server, buffer, sizeof buffer, 0), 5);
    assert_memory_equal(buffer, "alive", 5);
    baro_close(v->stack, client);
    baro_close(v->stack, server);
    baro_close(v->stack, listener);
    victim_wait(v, 10);
}

static void ping_answers(struct victim *v)
{
    struct craft c = craft_default();
    uint8_t message[16];

    c.protocol = 1;
    victim_forget(v);
    feed(v, &c, message, craft_icmp(message, 8, 0, 1, "ping", 4), BARO_DROP_NONE);
    assert_non_null(victim_icmp(v, 0));
    victim_forget(v);
}

/* The row several times, so that what is taken once and kept for use is not called a leak. */
static void row(void (*attack)(struct victim *))
{
    static struct victim v;
    struct baro_statistics first, second;

    victim_init(&v, false);
    for (int i = 0; i < 4; i++) {
        attack(&v);
        victim_wait(&v, 130000);
        ping_answers(&v);
        echo_over_tcp(&v);
        victim_wait(&v, 130000);
        baro_stack_statistics(v.stack, i < 3 ? &first : &second);
    }
    assert_int_equal(second.slab_bytes, first.slab_bytes);
    assert_int_equal(second.buffer_bytes, first.buffer_bytes);
    assert_int_equal(second.tcp_connections, 0);
    victim_release(&v);
}

/* ---- F-5 ---- */

static uint16_t id_of_ping_to(struct victim *v, uint8_t last)
{
    const struct device_frame *frame;

    baro_stack_ping(v->stack, baro_ipv4(10, 0, 0, last), 1, 1, 8);
    victim_wait(v, 0);
    frame = victim_icmp(v, 8);
    assert_true(frame != NULL && frame->data[33] == last);
    return read_be16(frame->data + 18);
}

/* What one peer sees of the numbers does not tell it how much another was sent. */
static void f5(struct victim *v)
{
    uint16_t before;

    baro_stack_set_neighbour(v->stack, 1, baro_ipv4(10, 0, 0, 3), (struct baro_mac){ { 2, 0, 0, 0, 0, 3 } });
    before = id_of_ping_to(v, 2);
    for (int i = 0; i < 200; i++) {
        unsigned others = any_number() % 5;
        uint16_t id;

        for (unsigned n = 0; n < others; n++)
            id_of_ping_to(v, 3);
        id = id_of_ping_to(v, 2);
        assert_int_equal((uint16_t)(id - before), 1);
        before = id;
    }
    assert_true((uint16_t)(id_of_ping_to(v, 3) - before) > 1000); /* nor where the other's stand */
}

/* ---- F-7 ---- */

static void f7(struct victim *v)
{
    int fd = baro_socket(v->stack, BARO_FAMILY_IPV4, BARO_DATAGRAM);
    struct baro_endpoint at = { .port = { 9 } };
    static uint8_t datagram[70000], got[70000];
    uint32_t length = craft_udp(datagram, 5, 9, 40);
    struct craft c = craft_default();

    assert_int_equal(baro_bind(v->stack, fd, &at), 0);
    for (unsigned order = 0; order < 2; order++) {
        for (unsigned part = 0; part < 2; part++) {
            bool first = part == order;

            c.id = (uint16_t)(100 + order);
            c.options_length = first ? 40 : 4;
            memset(c.options, 1, sizeof c.options);
            c.flags_offset = first ? 0x2000 : 2;
            feed(v, &c, datagram + (first ? 0 : 16), first ? 16 : length - 16, BARO_DROP_NONE);
        }
        assert_int_equal(baro_recv(v->stack, fd, got, sizeof got, 0), 40);
        assert_memory_equal(got, datagram + 8, 40);
    }
    /* Whole it would have 65,535 octets behind a header of 60. */
    for (uint32_t at_octet = 0; at_octet < 65515; at_octet += 1400) {
        uint32_t piece = at_octet + 1400 < 65515 ? 1400 : 65515 - at_octet;

        craft_udp(datagram, 5, 9, 65507);
        c.id = 200;
        c.options_length = at_octet == 0 ? 40 : 0;
        c.flags_offset = (uint16_t)(at_octet / 8 | (piece == 1400 ? 0x2000u : 0));
        feed(v, &c, datagram + at_octet, piece, BARO_DROP_NONE);
    }
    while (baro_recv(v->stack, fd, got, sizeof got, 0) >= 0)
        assert_memory_equal(got, datagram + 8, 65507);
    baro_close(v->stack, fd);
}

/* ---- a connection of the peer's, by hand ---- */

struct peer {
    int listener, fd;
    uint32_t seq, ack;
};

static uint32_t seq_sent(struct victim *v)
{
    const struct device_frame *frame = frame_device_take(&v->device);

    assert_non_null(frame);
    assert_int_equal(frame->data[23], 6);
    return read_be32(frame->data + 38);
}

static void give(struct victim *v, struct peer *p, uint8_t flags, const char *data)
{
    struct craft c = craft_default();
    uint8_t segment[64];

    c.protocol = 6;
    feed(v, &c, segment, craft_tcp(segment, p->seq, p->ack, flags, data, (uint32_t)strlen(data)), BARO_DROP_NONE);
    p->seq += (uint32_t)strlen(data) + ((flags & TCP_FLAG_SYN) != 0);
}

static struct peer connected(struct victim *v)
{
    struct peer p = { .seq = 0xfffffff0 };
    struct baro_endpoint at = { .port = { 80 } };

    victim_forget(v);
    p.listener = baro_socket(v->stack, BARO_FAMILY_IPV4, BARO_STREAM);
    assert_int_equal(baro_bind(v->stack, p.listener, &at), 0);
    assert_int_equal(baro_listen(v->stack, p.listener, 5), 0);
    give(v, &p, TCP_FLAG_SYN, "");
    p.ack = seq_sent(v) + 1;
    give(v, &p, TCP_FLAG_ACK, "");
    p.fd = baro_accept(v->stack, p.listener, NULL);
    assert_true(p.fd >= 0);
    return p;
}

static void still_transfers(struct victim *v, struct peer *p)
{
    char buffer[16];

    give(v, p, TCP_FLAG_ACK, "hello");
    assert_int_equal(baro_recv(v->stack, p->fd, buffer, sizeof buffer, 0), 5);
    assert_memory_equal(buffer, "hello", 5);
}

static void leave(struct victim *v, struct peer *p)
{
    struct baro_linger linger = { .on = 1 };

    baro_setsockopt(v->stack, p->fd, BARO_SO_LINGER, &linger, sizeof linger);
    baro_close(v->stack, p->fd);
    baro_close(v->stack, p->listener);
    victim_wait(v, 0);
    victim_forget(v);
}

/* I4-2: what the Ethernet pads is not text. */
static void i4_2(struct victim *v)
{
    struct peer p = connected(v);
    struct craft c = craft_default();
    uint8_t segment[64];
    char buffer[16];

    c.protocol = 6;
    for (uint32_t length = 0; length < 6; length++) {
        craft_ip(&made, &c, segment, craft_tcp(segment, p.seq, p.ack, TCP_FLAG_ACK, "abcdef", length));
        memset(made.octets + made.length, 'P', 60 - made.length);
        victim_feed(v, made.octets, 60, BARO_DROP_NONE);
        assert_int_equal(baro_recv(v->stack, p.fd, buffer, sizeof buffer, 0), length == 0 ? -11 : (int)length);
        if (length != 0)
            assert_memory_equal(buffer, "abcdef", length);
        p.seq += length;
    }
    leave(v, &p);
}

/* I4-3: lengths of which one lies about the other. */
static void i4_3(struct victim *v)
{
    static const uint8_t protocol[] = { 1, 6, 17 }, zero[64];

    for (unsigned which = 0; which < 3; which++) {
        for (unsigned words = 0; words < 16; words++) {
            for (uint32_t total = 0; total <= 64; total++) {
                struct craft c = craft_default();
                uint64_t before = all_drops(v);

                c.protocol = protocol[which];
                craft_ip(&made, &c, zero, 44);
                made.octets[14] = (uint8_t)(0x40 | words);
                write_be16(made.octets + 16, (uint16_t)total);
                craft_checksum(&made);
                victim_feed(v, made.octets, made.length, BARO_DROP_NONE);
                assert_int_equal(all_drops(v) - before, 1);
            }
        }
    }
    assert_int_equal(victim_forget(v), 0);
}

/* I4-5: a source route leads no reply anywhere. */
static void i4_5(struct victim *v)
{
    static const uint8_t kind[] = { 131, 137 };
    uint8_t message[16];
    uint32_t length = craft_icmp(message, 8, 0, 1, "ping", 4);

    for (unsigned i = 0; i < 2; i++) {
        for (unsigned size = 0; size < 256; size++) {
            for (unsigned pointer = 0; pointer < 12; pointer += 4) {
                struct craft c = craft_default();
                enum baro_drop_reason reason = size < 2 || size > 12 ? BARO_DROP_IP_BAD_OPTION
                                                                     : BARO_DROP_IP_SOURCE_ROUTE;

                c.protocol = 1;
                c.options_length = 12;
                c.options[0] = kind[i];
                c.options[1] = (uint8_t)size;
                c.options[2] = (uint8_t)pointer;
                write_ipv4(c.options + 3, baro_ipv4(10, 0, 0, 9));
                if (size >= 2 && size < 7) /* behind its end its own octets would be read anew */
                    memset(c.options + size, 0, 12 - size);
                assert_int_equal(feed(v, &c, message, length, reason), 1);
            }
        }
    }
    assert_int_equal(victim_forget(v), 0);
}

/* ---- ICMP about a connection ---- */

static uint32_t error_about(uint8_t *to, uint8_t type, uint8_t code, uint32_t seq, uint32_t rest)
{
    uint8_t quote[28] = { 0x45, 0, 2, 0, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 80, 0x0f, 0xa0 };

    write_be32(quote + 24, seq);
    return craft_icmp(to, type, code, rest, quote, sizeof quote);
}

/* IC-4, RFC 5927: not in flight: not heard; in flight: remembered, no reason to end. */
static void ic4(struct victim *v)
{
    static const uint8_t error[][2] = { { 3, 0 }, { 3, 1 }, { 3, 2 }, { 3, 3 }, { 3, 4 }, { 3, 13 }, { 11, 0 }, { 12, 0 } };
    struct peer p = connected(v);
    struct craft c = craft_default();
    uint8_t message[64];
    uint32_t mtu = 0;

    c.protocol = 1;
    assert_int_equal(baro_send(v->stack, p.fd, "0123456789", 10, 0), 10);
    victim_wait(v, 0);
    for (unsigned i = 0; i < sizeof error / sizeof error[0]; i++) {
        const uint32_t outside[] = { p.ack - 1, p.ack + 10, p.ack + 1000000, p.ack - 0x7fffffff };
        struct baro_tcp_info info;
        size_t length = sizeof info;

        for (unsigned n = 0; n < 4; n++)
            assert_int_equal(feed(v, &c, message, error_about(message, error[i][0], error[i][1], outside[n], 600),
                                  BARO_DROP_ICMP_NO_MATCH), 1);
        assert_int_equal(baro_getsockopt(v->stack, p.fd, BARO_TCP_INFO, &info, &length), 0);
        assert_true(mtu == 0 || info.path_mtu == mtu);
        assert_int_equal(feed(v, &c, message, error_about(message, error[i][0], error[i][1], p.ack + 3, 1400),
                              BARO_DROP_ICMP_NO_MATCH), 0);
        still_transfers(v, &p);
        mtu = error[i][0] == 3 && error[i][1] == 4 ? 1400 : info.path_mtu;
    }
    p.ack += 10;
    still_transfers(v, &p);
    leave(v, &p);
}

/* IC-7: a storm of errors about nothing costs nothing and ends nothing. */
static void ic7(struct victim *v)
{
    struct peer p = connected(v);
    struct craft c = craft_default();
    uint8_t message[64], quote[28] = { 0x45, 0, 0, 28 };

    c.protocol = 1;
    for (int i = 0; i < 20000; i++) {
        for (unsigned at = 8; at < 28; at += 4)
            write_be32(quote + at, any_number() << 8 ^ any_number());
        if (i % 2 == 0)
            memcpy(quote + 12, (uint8_t[]){ 10, 0, 0, 1, 10, 0, 0, 2 }, 8);
        quote[9] = i % 3 == 0 ? 6 : i % 3 == 1 ? 17 : 1;
        feed(v, &c, message, craft_icmp(message, 3, 3, 0, quote, sizeof quote), BARO_DROP_NONE);
        if (i % 4000 == 0) {
            victim_forget(v);
            still_transfers(v, &p);
        }
    }
    leave(v, &p);
}

/* How many of `probes` to closed ports are answered (or would be, were the neighbour known). */
static uint64_t answered(struct victim *v, unsigned probes, bool one_source)
{
    uint64_t refused = victim_drops(v, BARO_DROP_ICMP_RATE_LIMIT);
    struct craft c = craft_default();
    uint8_t datagram[16];

    for (unsigned i = 0; i < probes; i++) {
        if (!one_source)
            c.source.octet[3] = (uint8_t)(3 + i % 250);
        feed(v, &c, datagram, craft_udp(datagram, 9, (uint16_t)(1000 + i), 4), BARO_DROP_NONE);
    }
    victim_forget(v);
    return probes - (victim_drops(v, BARO_DROP_ICMP_RATE_LIMIT) - refused);
}

/* IC-8 (SAD DNS): the limit is each destination's own, and the stack's is not a number that can be counted on. */
static void ic8(struct victim *v)
{
    uint64_t round[6];
    bool differ = false;

    for (unsigned i = 0; i < 6; i++) {
        victim_wait(v, 5000);
        round[i] = answered(v, 1000, false);
        assert_in_range(round[i], 1, 250);
        differ = differ || round[i] != round[0];
    }
    assert_true(differ);
    victim_wait(v, 5000);
    answered(v, 100, true); /* one's own excess does not silence the others */
    assert_true(answered(v, 200, false) > 10);
}

/* ---- UDP ---- */

/* U-1: lengths below the header and beyond the packet; below the packet the datagram ends there. */
static void u1(struct victim *v)
{
    int fd = baro_socket(v->stack, BARO_FAMILY_IPV4, BARO_DATAGRAM);
    struct baro_endpoint at = { .port = { 9 } };
    struct craft c = craft_default();
    uint8_t datagram[64], got[64];

    assert_int_equal(baro_bind(v->stack, fd, &at), 0);
    for (uint32_t claimed = 0; claimed < 65536; claimed += claimed < 64 ? 1 : 997) {
        uint32_t length = craft_udp(datagram, 5, 9, 20);
        bool good = claimed >= 8 && claimed <= length;

        write_be16(datagram + 4, (uint16_t)claimed);
        assert_int_equal(feed(v, &c, datagram, length, BARO_DROP_UDP_TRUNCATED), !good);
        memset(got, 0xee, sizeof got);
        assert_int_equal(baro_recv(v->stack, fd, got, sizeof got, 0), good ? (int)claimed - 8 : -11);
        if (good) {
            assert_memory_equal(got, datagram + 8, claimed - 8);
            assert_int_equal(got[claimed - 8], 0xee);
        }
    }
    for (uint32_t octets = 0; octets < 8; octets++)
        assert_int_equal(feed(v, &c, datagram, octets, BARO_DROP_UDP_TRUNCATED), 1);
    write_be16(datagram + 4, 28);
    write_be16(datagram + 6, 0x1234); /* not zero, so it is looked at */
    assert_int_equal(feed(v, &c, datagram, 28, BARO_DROP_UDP_CHECKSUM), 1);
    baro_close(v->stack, fd);
}

/* U-2: nothing answers a group; ports of zero are nobody's. */
static void u2(struct victim *v)
{
    const struct baro_address group[] = { baro_ipv4(255, 255, 255, 255), baro_ipv4(10, 0, 0, 255), baro_ipv4(224, 0, 0, 1) };
    static const uint16_t port[] = { 7, 19, 12345, 0 };
    uint8_t datagram[64];

    for (unsigned i = 0; i < 3; i++) {
        for (unsigned n = 0; n < 4; n++) {
            struct craft c = craft_default();

            c.destination = group[i];
            c.to = (struct baro_mac){ { 255, 255, 255, 255, 255, 255 } };
            feed(v, &c, datagram, craft_udp(datagram, n == 1 ? 0 : 5, port[n], 4), BARO_DROP_NONE);
        }
    }
    assert_int_equal(victim_forget(v), 0);
    for (unsigned n = 0; n < 4; n++) {
        struct craft c = craft_default();

        assert_int_equal(feed(v, &c, datagram, craft_udp(datagram, 0, port[n], 4), BARO_DROP_UDP_NO_SOCKET), 1);
    }
}

/* U-3: a storm of datagrams to closed ports is answered ten times and ten times a second. */
static void u3(struct victim *v)
{
    victim_wait(v, 5000);
    assert_in_range(answered(v, 10000, true), 1, 10);
    victim_wait(v, 1000);
    assert_in_range(answered(v, 10000, true), 1, 10);
}

#define ROWS(X) X(f5) X(f7) X(i4_2) X(i4_3) X(i4_5) X(ic4) X(ic7) X(ic8) X(u1) X(u2) X(u3)
#define ROW(name) static void row_##name(void **state) { (void)state, row(name); }
#define ROW_TEST(name) cmocka_unit_test(row_##name),

ROWS(ROW)

int main(void)
{
    const struct CMUnitTest tests[] = { ROWS(ROW_TEST) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
