/* test/support/udp_alone.h: UDP over a core made by hand, and datagrams as IP hands them up. Each test has its own
 * copy. Included after cmocka.h. */
#ifndef TEST_UDP_ALONE_H
#define TEST_UDP_ALONE_H

#include <errno.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "codec/icmp.h"
#include "codec/ipv4.h"
#include "codec/udp.h"
#include "transport/udp/udp.h"

#define TEST_HELPER static __attribute__((unused))

static struct core core;
static struct udp *udp;

TEST_HELPER void *take(void *context, size_t bytes)
{
    (void)context;
    void *slab = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    memset(slab, 0, bytes);
    return slab;
}

TEST_HELPER void give_back(void *context, void *slab, size_t bytes)
{
    (void)context, (void)bytes;
    free(slab);
}

TEST_HELPER int setup(void **state)
{
    static const uint8_t seed[32] = { 7 };
    (void)state;
    memset(&core, 0, sizeof core);
    core.slabs = (struct slabs){ .memory = { NULL, take, give_back }, .limit = 1 << 20 };
    random_init(&core.random, seed);
    assert_true(intent_queue_init(&core.intents, &core.slabs));
    udp = udp_create(&core, UDP_DATAGRAMS, 1000);
    assert_non_null(udp);
    return 0;
}

TEST_HELPER int teardown(void **state)
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

TEST_HELPER struct baro_endpoint at(uint8_t host, uint16_t port)
{
    return (struct baro_endpoint){ baro_ipv4(10, 0, 0, host), { port } };
}

TEST_HELPER struct baro_endpoint any(uint16_t port)
{
    return (struct baro_endpoint){ .port = { port } };
}

TEST_HELPER struct handle open_with(uint32_t owner, const struct udp_settings *settings)
{
    struct handle socket;
    assert_int_equal(udp_open(udp, owner, settings, &socket), 0);
    return socket;
}

TEST_HELPER struct handle open_socket(uint32_t owner)
{
    struct udp_settings settings;
    udp_settings_init(&settings);
    return open_with(owner, &settings);
}

TEST_HELPER struct handle bound(uint32_t owner, struct baro_endpoint local)
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
TEST_HELPER const struct lie truth = { -1, -1, false, false };

static uint8_t wire[70000];

TEST_HELPER enum baro_drop_reason in_with(struct baro_endpoint from, struct baro_endpoint to, const void *data,
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
    memmove(wire + 8, data, length); /* a test may hand in what lies there */
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

TEST_HELPER enum baro_drop_reason in(struct baro_endpoint from, struct baro_endpoint to, const char *text)
{
    return in_with(from, to, text, strlen(text), truth);
}

TEST_HELPER ptrdiff_t recv_text(struct handle socket, char *text, size_t size, unsigned flags,
                                struct baro_message *told)
{
    struct baro_buffer piece = { (uint8_t *)text, size };
    told->buffer = &piece;
    told->buffers = 1;
    return udp_recv(udp, socket, told, flags);
}

TEST_HELPER void expect_text(struct handle socket, const char *expected)
{
    struct baro_message told = { 0 };
    char text[100] = "";
    assert_int_equal(recv_text(socket, text, sizeof text, 0, &told), strlen(expected));
    assert_string_equal(text, expected);
}

TEST_HELPER ptrdiff_t send_text(struct handle socket, struct baro_endpoint to, struct baro_endpoint from,
                                const char *text)
{
    struct baro_buffer piece = { (uint8_t *)(uintptr_t)text, strlen(text) };
    struct baro_message message = { .peer = to, .local = from, .buffer = &piece, .buffers = 1 };
    ptrdiff_t sent = udp_send(udp, socket, &message);
    udp_check_invariants(udp);
    return sent;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
