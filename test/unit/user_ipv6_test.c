/* Sockets of family IPV6: streams and datagrams between two hosts on one link, both families on one socket, and who may
 * have a port. The bind matrix is what Linux 6.18 answers to the same pairs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "baro/socket.h"
#include "base/bytes.h"
#include "support/frame_device.h"

struct host {
    struct test_memory memory;
    struct frame_device device;
    struct baro_stack *stack;
    struct baro_address ipv4, global, local;
};

static struct host a, b;
static int64_t clock_ns;

static void host_init(struct host *host, uint8_t last)
{
    struct baro_stack_config config = { .seed = { last } };

    memset(host, 0, sizeof *host);
    config.memory = test_memory(&host->memory);
    frame_device_init(&host->device, last, 1500);
    host->stack = baro_stack_create(&config);
    assert_non_null(host->stack);
    assert_int_equal(baro_stack_add_interface(host->stack, &host->device.device), 1);
    host->ipv4 = baro_ipv4(10, 0, 0, last);
    host->global = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, last);
    host->local = baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, last);
    host->local.zone = 1; /* both call the link so */
    assert_int_equal(baro_stack_add_address(host->stack, 1, host->local, 64, false), 0);
    assert_int_equal(baro_stack_add_address(host->stack, 1, host->ipv4, 24, false), 0);
    assert_int_equal(baro_stack_add_address(host->stack, 1, host->global, 64, false), 0);
}

/* Lets both hosts talk for `ms`. */
static void settle(int ms)
{
    for (int i = 0; i <= ms; i++) {
        unsigned carried;

        do {
            baro_stack_poll(a.stack, (struct baro_instant){ clock_ns });
            baro_stack_poll(b.stack, (struct baro_instant){ clock_ns });
            carried = frame_device_carry(&a.device, &b.device) + frame_device_carry(&b.device, &a.device);
            baro_stack_check_invariants(a.stack);
            baro_stack_check_invariants(b.stack);
        } while (carried != 0);
        clock_ns += 1000000;
    }
}

static int start(void **state)
{
    (void)state;
    clock_ns = 0;
    host_init(&a, 1);
    host_init(&b, 2);
    settle(10); /* announcements */
    return 0;
}

static void host_release(struct host *host)
{
    baro_stack_check_invariants(host->stack);
    baro_stack_free(host->stack);
    assert_int_equal(host->memory.slabs, 0);
    frame_device_release(&host->device);
}

static int end(void **state)
{
    (void)state;
    host_release(&a);
    host_release(&b);
    return 0;
}

static struct baro_endpoint at(struct baro_address address, uint16_t port)
{
    return (struct baro_endpoint){ address, { port } };
}

static struct baro_address mapped(struct baro_address ipv4)
{
    struct baro_address address = baro_ipv6(0, 0, 0, 0, 0, 0xffff, 0, 0);

    memcpy(address.octet + 12, ipv4.octet, 4);
    return address;
}

static struct baro_address any6(void)
{
    return baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0);
}

static int open6(struct host *host, enum baro_socket_type type, int only)
{
    int fd = baro_socket(host->stack, BARO_FAMILY_IPV6, type);

    assert_true(fd >= 0);
    assert_int_equal(baro_setsockopt(host->stack, fd, BARO_IPV6_ONLY, &only, sizeof only), 0);
    return fd;
}

static int bind_at(struct host *host, int fd, struct baro_address address, uint16_t port)
{
    struct baro_endpoint local = at(address, port);

    return baro_bind(host->stack, fd, &local);
}

static int listen_at(struct host *host, int fd, struct baro_address address, uint16_t port)
{
    assert_int_equal(bind_at(host, fd, address, port), 0);
    assert_int_equal(baro_listen(host->stack, fd, 5), 0);
    return fd;
}

static int dial(struct host *host, int fd, struct baro_address address, uint16_t port)
{
    struct baro_endpoint peer = at(address, port);

    return baro_connect(host->stack, fd, &peer);
}

static ptrdiff_t send_to(struct host *host, int fd, struct baro_address address, uint16_t port)
{
    struct baro_endpoint peer = at(address, port);

    return baro_sendto(host->stack, fd, "hello", 5, 0, &peer);
}

static void assert_endpoint(struct baro_endpoint got, struct baro_address address, uint16_t port)
{
    assert_memory_equal(&got.address, &address, sizeof address);
    if (port != 0)
        assert_int_equal(got.port.number, port);
}

/* One MiB from a to b's port 80 at `to`; the ends are what each side calls them. */
static void carry_a_megabyte(struct baro_address from, struct baro_address to)
{
    enum { OCTETS = 1 << 20 };
    static uint8_t octets[8192], got[8192];
    int listening = listen_at(&b, open6(&b, BARO_STREAM, 0), any6(), 80), client = open6(&a, BARO_STREAM, 0), server;
    struct baro_endpoint peer, local;
    size_t sent = 0, received = 0;

    assert_int_equal(dial(&a, client, to, 80), -EINPROGRESS);
    settle(20);
    server = baro_accept(b.stack, listening, &peer);
    assert_true(server >= 0);
    assert_endpoint(peer, from, 0);
    assert_int_equal(baro_getsockname(b.stack, server, &local), 0);
    assert_endpoint(local, to, 80);
    assert_int_equal(baro_getpeername(a.stack, client, &peer), 0);
    assert_endpoint(peer, to, 80);
    assert_int_equal(baro_getsockname(a.stack, client, &local), 0);
    assert_endpoint(local, from, 0);
    for (int round = 0; round < 20000 && received < OCTETS; round++) {
        size_t want = OCTETS - sent < sizeof octets ? OCTETS - sent : sizeof octets;
        ptrdiff_t count;

        for (size_t i = 0; i < want; i++)
            octets[i] = (uint8_t)((sent + i) * 2654435761u >> 16);
        count = want == 0 ? 0 : baro_send(a.stack, client, octets, want, 0);
        sent += count > 0 ? (size_t)count : 0;
        settle(0);
        while ((count = baro_recv(b.stack, server, got, sizeof got, 0)) > 0)
            for (ptrdiff_t i = 0; i < count; i++, received++)
                assert_int_equal(got[i], (uint8_t)(received * 2654435761u >> 16));
    }
    assert_int_equal(received, OCTETS);
    baro_close(a.stack, client);
    settle(5);
    assert_int_equal(baro_recv(b.stack, server, got, sizeof got, 0), 0);
}

static void a_stream_over_global_addresses(void **state)
{
    (void)state;
    carry_a_megabyte(a.global, b.global);
}

static void a_stream_over_link_local_addresses(void **state)
{
    (void)state;
    carry_a_megabyte(a.local, b.local);
}

/* A dual-stack listener shows who came by IPv4 mapped. */
static void a_stream_over_ipv4_by_mapped_addresses(void **state)
{
    (void)state;
    carry_a_megabyte(mapped(a.ipv4), mapped(b.ipv4));
}

static void a_zone_that_means_nothing_is_ignored(void **state)
{
    int fd = open6(&a, BARO_DATAGRAM, 0), server = open6(&b, BARO_DATAGRAM, 0);
    struct baro_address to = b.global;
    struct baro_endpoint peer;
    char text[8];

    (void)state;
    to.zone = 7;
    assert_int_equal(bind_at(&b, server, any6(), 53), 0);
    assert_int_equal(send_to(&a, fd, to, 53), 5);
    settle(5);
    assert_int_equal(baro_recvfrom(b.stack, server, text, sizeof text, 0, &peer), 5);
    assert_endpoint(peer, a.global, 0);
}

static void datagrams_small_and_in_fragments(void **state)
{
    static uint8_t sent[65528], got[65528];
    static const size_t size[] = { 0, 1, 1452, 1453, 9000, 65487, 65488, 65527 };
    int client = open6(&a, BARO_DATAGRAM, 0), server = open6(&b, BARO_DATAGRAM, 0), one = 1;
    struct baro_endpoint local, peer, to = at(b.global, 53);
    struct baro_buffer piece = { got, sizeof got };

    (void)state;
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (uint8_t)(i * 7 >> 3);
    assert_int_equal(bind_at(&b, server, any6(), 53), 0);
    assert_int_equal(baro_getsockname(b.stack, server, &local), 0);
    assert_endpoint(local, any6(), 53);
    assert_int_equal(send_to(&a, client, b.global, 53), 5); /* finds the neighbour */
    settle(5);
    assert_int_equal(baro_recv(b.stack, server, got, sizeof got, 0), 5);
    for (unsigned i = 0; i < sizeof size / sizeof *size; i++) {
        struct baro_message message = { .buffer = &piece, .buffers = 1 };

        assert_int_equal(baro_sendto(a.stack, client, sent, size[i], 0, &to), size[i]);
        settle(5);
        assert_int_equal(baro_recvmsg(b.stack, server, &message, 0), size[i]);
        assert_memory_equal(got, sent, size[i]);
        assert_endpoint(message.peer, a.global, 0);
        assert_endpoint(message.local, b.global, 53);
        peer = message.peer;
    }
    assert_int_equal(baro_sendto(b.stack, server, "back", 4, 0, &peer), 4);
    settle(5);
    assert_int_equal(baro_recv(a.stack, client, got, sizeof got, 0), 4);
    assert_int_equal(baro_sendto(a.stack, client, sent, 65528, 0, &to), -EMSGSIZE);
    assert_int_equal(baro_setsockopt(a.stack, client, BARO_IP_DONT_FRAGMENT, &one, sizeof one), 0);
    assert_int_equal(baro_sendto(a.stack, client, sent, 1452, 0, &to), 1452);
    assert_int_equal(baro_sendto(a.stack, client, sent, 1453, 0, &to), -EMSGSIZE);
}

static void datagrams_of_both_families(void **state)
{
    int client = open6(&a, BARO_DATAGRAM, 0), server = open6(&b, BARO_DATAGRAM, 0);
    struct baro_endpoint peer;
    uint8_t text[8];
    struct baro_buffer piece = { text, sizeof text };
    struct baro_message message = { .buffer = &piece, .buffers = 1 };

    (void)state;
    assert_int_equal(bind_at(&b, server, any6(), 53), 0);
    assert_int_equal(send_to(&a, client, mapped(b.ipv4), 53), 5);
    settle(5);
    assert_int_equal(baro_recvmsg(b.stack, server, &message, 0), 5);
    assert_endpoint(message.peer, mapped(a.ipv4), 0);
    assert_endpoint(message.local, mapped(b.ipv4), 53);
    assert_int_equal(baro_sendto(b.stack, server, "back", 4, 0, &message.peer), 4);
    assert_int_equal(send_to(&a, client, b.global, 53), 5);
    settle(5);
    assert_int_equal(baro_recvfrom(a.stack, client, text, sizeof text, 0, &peer), 4);
    assert_endpoint(peer, mapped(b.ipv4), 53);
    assert_int_equal(baro_recvfrom(b.stack, server, text, sizeof text, 0, &peer), 5);
    assert_endpoint(peer, a.global, 0);
    /* Connected to one family it has no end in the other. */
    assert_int_equal(dial(&a, client, mapped(b.ipv4), 53), 0);
    assert_int_equal(baro_getsockname(a.stack, client, &peer), 0);
    assert_endpoint(peer, mapped(a.ipv4), 0);
    assert_int_equal(send_to(&a, client, b.global, 53), -EAFNOSUPPORT);
    assert_int_equal(baro_send(a.stack, client, "x", 1, 0), 1);
}

/* On one port: IPv4's SYNs to one listener, IPv6's to the other, and nobody's where only the other family listens. */
static void each_family_to_its_listener(void **state)
{
    int four = baro_socket(b.stack, BARO_FAMILY_IPV4, BARO_STREAM), six = open6(&b, BARO_STREAM, 1);
    int by_four = open6(&a, BARO_STREAM, 0), by_six = open6(&a, BARO_STREAM, 0), refused = open6(&a, BARO_STREAM, 0);
    struct baro_endpoint peer;
    int accepted, only = 0;
    size_t size = sizeof only;

    (void)state;
    listen_at(&b, six, any6(), 80);
    assert_int_equal(dial(&a, refused, mapped(b.ipv4), 80), -EINPROGRESS);
    settle(5);
    assert_int_equal(dial(&a, refused, mapped(b.ipv4), 80), -ECONNREFUSED);
    listen_at(&b, four, baro_ipv4(0, 0, 0, 0), 80);
    assert_int_equal(dial(&a, by_four, mapped(b.ipv4), 80), -EINPROGRESS);
    settle(5);
    assert_int_equal(baro_accept(b.stack, six, NULL), -EAGAIN);
    assert_true(baro_accept(b.stack, four, &peer) >= 0);
    assert_endpoint(peer, a.ipv4, 0);
    assert_int_equal(dial(&a, by_six, b.global, 80), -EINPROGRESS);
    settle(5);
    assert_int_equal(baro_accept(b.stack, four, NULL), -EAGAIN);
    accepted = baro_accept(b.stack, six, &peer);
    assert_true(accepted >= 0);
    assert_endpoint(peer, a.global, 0);
    assert_int_equal(baro_getsockopt(b.stack, accepted, BARO_IPV6_ONLY, &only, &size), 0);
    assert_int_equal(only, 1); /* its listener's */
    baro_close(b.stack, six);
    assert_int_equal(dial(&a, refused, b.global, 80), -EINPROGRESS);
    settle(5);
    assert_int_equal(dial(&a, refused, b.global, 80), -ECONNREFUSED);
}

struct binding {
    int family, only; /* of the socket */
    enum { ANY, OWN, MAPPED_ANY, MAPPED_OWN } what;
};

static int bind_one(struct binding binding, enum baro_socket_type type)
{
    const struct baro_address six[] = { any6(), a.global, mapped(baro_ipv4(0, 0, 0, 0)), mapped(a.ipv4) };
    int fd = binding.family == 6 ? open6(&a, type, binding.only) : baro_socket(a.stack, BARO_FAMILY_IPV4, type);
    struct baro_address four = binding.what == ANY ? baro_ipv4(0, 0, 0, 0) : a.ipv4;
    int error = bind_at(&a, fd, binding.family == 6 ? six[binding.what] : four, 99);

    if (error == 0)
        return fd;
    baro_close(a.stack, fd);
    return error;
}

static void who_may_share_a_port(void **state)
{
    static const struct binding binding[] = { { 4, 0, ANY }, { 4, 0, OWN }, { 6, 0, ANY }, { 6, 1, ANY },
                                              { 6, 0, OWN }, { 6, 0, MAPPED_ANY }, { 6, 0, MAPPED_OWN } };
    /* Row: who was there; column: who came; x: -EADDRINUSE. */
    static const char *const conflict[] = {
        "xxx..xx", "xxx..xx", "xxxxxxx", "..xxx..", "..xxx..", "xxx..xx", "xxx..xx"
    };
    static const enum baro_socket_type type[] = { BARO_STREAM, BARO_DATAGRAM };

    (void)state;
    for (unsigned t = 0; t < 2; t++)
        for (unsigned i = 0; i < 7; i++)
            for (unsigned j = 0; j < 7; j++) {
                int first = bind_one(binding[i], type[t]), second = bind_one(binding[j], type[t]);

                assert_true(first >= 0);
                if ((conflict[i][j] == 'x') != (second == -EADDRINUSE))
                    fail_msg("%s: %u then %u gave %d", t == 0 ? "stream" : "datagram", i, j, second);
                baro_close(a.stack, first);
                if (second >= 0)
                    baro_close(a.stack, second);
            }
}

static void errors_of_addresses(void **state)
{
    struct baro_address no_zone = b.local;
    int four = baro_socket(a.stack, BARO_FAMILY_IPV4, BARO_DATAGRAM), only = open6(&a, BARO_DATAGRAM, 1);
    int stream = open6(&a, BARO_STREAM, 0), only_stream = open6(&a, BARO_STREAM, 1);
    int datagram = open6(&a, BARO_DATAGRAM, 0), value = 1;
    size_t length = sizeof value;

    (void)state;
    no_zone.zone = 0;
    /* the wrong family */
    assert_int_equal(bind_at(&a, four, a.global, 9), -EAFNOSUPPORT);
    assert_int_equal(dial(&a, four, b.global, 9), -EAFNOSUPPORT);
    assert_int_equal(send_to(&a, four, b.global, 9), -EAFNOSUPPORT);
    assert_int_equal(bind_at(&a, stream, a.ipv4, 9), -EAFNOSUPPORT);
    assert_int_equal(dial(&a, stream, b.ipv4, 9), -EAFNOSUPPORT);
    assert_int_equal(send_to(&a, datagram, b.ipv4, 9), -EAFNOSUPPORT);
    /* mapped, but IPv6 only */
    assert_int_equal(bind_at(&a, only, mapped(a.ipv4), 9), -EINVAL);
    assert_int_equal(dial(&a, only, mapped(b.ipv4), 9), -ENETUNREACH);
    assert_int_equal(dial(&a, only_stream, mapped(b.ipv4), 9), -ENETUNREACH);
    assert_int_equal(send_to(&a, only, mapped(b.ipv4), 9), -ENETUNREACH);
    /* without a zone */
    assert_int_equal(bind_at(&a, stream, no_zone, 9), -EINVAL);
    assert_int_equal(dial(&a, stream, no_zone, 9), -EINVAL);
    assert_int_equal(dial(&a, datagram, no_zone, 9), -EINVAL);
    assert_int_equal(send_to(&a, datagram, no_zone, 9), -ENETUNREACH);
    /* not ours; a group is nobody's end */
    assert_int_equal(bind_at(&a, stream, b.global, 9), -EADDRNOTAVAIL);
    assert_int_equal(dial(&a, stream, baro_ipv6(0xff0e, 0, 0, 0, 0, 0, 0, 1), 9), -ENETUNREACH);
    /* bound to one family, sent to the other */
    assert_int_equal(bind_at(&a, stream, a.global, 9), 0);
    assert_int_equal(dial(&a, stream, mapped(b.ipv4), 9), -EAFNOSUPPORT);
    /* the option */
    assert_int_equal(baro_setsockopt(a.stack, stream, BARO_IPV6_ONLY, &value, sizeof value), -EINVAL);
    assert_int_equal(baro_setsockopt(a.stack, four, BARO_IPV6_ONLY, &value, sizeof value), -ENOPROTOOPT);
    assert_int_equal(baro_getsockopt(a.stack, only_stream, BARO_IPV6_ONLY, &value, &length), 0);
    assert_int_equal(value, 1);
    assert_int_equal(baro_getsockopt(a.stack, stream, BARO_IPV6_ONLY, &value, &length), 0);
    assert_int_equal(value, 0);
}

static void the_loopback(void **state)
{
    const struct baro_address one = baro_ipv6(0, 0, 0, 0, 0, 0, 0, 1);
    int listening = listen_at(&a, open6(&a, BARO_STREAM, 0), one, 80), client = open6(&a, BARO_STREAM, 0), server;
    int unspecified = open6(&a, BARO_STREAM, 0);
    struct baro_endpoint peer;
    char text[8];

    (void)state;
    assert_int_equal(dial(&a, client, one, 80), -EINPROGRESS);
    settle(2);
    server = baro_accept(a.stack, listening, &peer);
    assert_true(server >= 0);
    assert_endpoint(peer, one, 0);
    assert_int_equal(baro_send(a.stack, client, "hello", 5, 0), 5);
    settle(2);
    assert_int_equal(baro_recv(a.stack, server, text, sizeof text, 0), 5);
    assert_int_equal(dial(&a, unspecified, any6(), 80), -EINPROGRESS); /* "this host" */
    settle(2);
    assert_true(baro_accept(a.stack, listening, NULL) >= 0);
}

/* What we sent to our own link-local address came by no link, and yet an error about it finds its socket. */
static void an_error_of_ourselves_finds_its_zone(void **state)
{
    const struct baro_address from[3] = { a.local, a.global, a.local }, to[3] = { a.local, a.local, a.global };

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        int fd = open6(&a, BARO_DATAGRAM, 0);

        assert_int_equal(bind_at(&a, fd, from[i], 4000), 0);
        assert_int_equal(dial(&a, fd, to[i], 9), 0);
        assert_int_equal(baro_send(a.stack, fd, "x", 1, 0), 1);
        settle(2);
        assert_int_equal(baro_send(a.stack, fd, "x", 1, 0), -ECONNREFUSED);
        assert_int_equal(baro_close(a.stack, fd), 0);
    }
}

static void a_group(void **state)
{
    struct baro_group group = { .group = baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 0x77), .interface = 1 };
    int client = open6(&a, BARO_DATAGRAM, 0), server = open6(&b, BARO_DATAGRAM, 0);
    int four = baro_socket(b.stack, BARO_FAMILY_IPV4, BARO_DATAGRAM), one = 1;
    struct baro_address to = group.group;
    struct baro_endpoint peer;
    char text[8];

    (void)state;
    to.zone = 1;
    assert_int_equal(baro_setsockopt(b.stack, server, BARO_IPV6_ONLY, &one, sizeof one), 0);
    assert_int_equal(bind_at(&b, server, any6(), 5353), 0);
    assert_int_equal(bind_at(&b, four, baro_ipv4(0, 0, 0, 0), 5353), 0);
    assert_int_equal(baro_setsockopt(b.stack, server, BARO_IP_ADD_GROUP, &group, sizeof group), 0);
    assert_int_equal(send_to(&a, client, to, 5353), 5);
    settle(5);
    assert_int_equal(baro_recvfrom(b.stack, server, text, sizeof text, 0, &peer), 5);
    assert_endpoint(peer, a.local, 0);
    assert_int_equal(baro_recv(b.stack, four, text, sizeof text, 0), -EAGAIN); /* not of its family */
    assert_int_equal(baro_setsockopt(b.stack, server, BARO_IP_DROP_GROUP, &group, sizeof group), 0);
}

#define PAIR_TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIR_TEST(a_stream_over_global_addresses),
        PAIR_TEST(a_stream_over_link_local_addresses),
        PAIR_TEST(a_stream_over_ipv4_by_mapped_addresses),
        PAIR_TEST(a_zone_that_means_nothing_is_ignored),
        PAIR_TEST(datagrams_small_and_in_fragments),
        PAIR_TEST(datagrams_of_both_families),
        PAIR_TEST(each_family_to_its_listener),
        PAIR_TEST(who_may_share_a_port),
        PAIR_TEST(errors_of_addresses),
        PAIR_TEST(the_loopback),
        PAIR_TEST(an_error_of_ourselves_finds_its_zone),
        PAIR_TEST(a_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
