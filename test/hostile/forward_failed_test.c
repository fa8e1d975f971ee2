/* The next hop of a packet does not answer: was it passed on, its sender hears of it, or was it ours? A router between
 * 10.0.0.0/24, fd00::/64 and 10.2.0.0/24, fd02::/64; nobody is on the second link. */
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
#include "codec/icmp.h"
#include "codec/icmpv6.h"
#include "codec/ipv6.h"

enum { AT = 14, SILENCE_MS = 5000 };

static struct victim victim;
static struct frame_device far;

static struct baro_address net(uint16_t number, uint16_t host)
{
    return baro_ipv6((uint16_t)(0xfd00 + number), 0, 0, 0, 0, 0, 0, host);
}

static struct baro_address near_link_local(void)
{
    struct baro_address address = baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 1);

    address.zone = 2;
    return address;
}

static int begin(void **state)
{
    struct baro_stack *stack;

    (void)state;
    victim_init(&victim, false);
    stack = victim.stack;
    frame_device_init(&far, 3, 1500);
    assert_int_equal(baro_stack_add_interface(stack, &far.device), 2);
    assert_int_equal(baro_stack_add_address(stack, 2, baro_ipv4(10, 2, 0, 1), 24, false), 0);
    assert_int_equal(baro_stack_add_address(stack, 1, net(0, 1), 64, false), 0);
    assert_int_equal(baro_stack_add_address(stack, 2, net(2, 1), 64, false), 0);
    assert_int_equal(baro_stack_add_address(stack, 2, near_link_local(), 64, false), 0);
    assert_int_equal(baro_stack_set_neighbour(stack, 1, net(0, 2), (struct baro_mac){ { 2, 0, 0, 0, 0, 2 } }), 0);
    baro_stack_set_forwarding(stack, true);
    victim_wait(&victim, 5000);
    victim_forget(&victim);
    return 0;
}

static int end(void **state)
{
    (void)state;
    victim_release(&victim);
    frame_device_release(&far);
    return 0;
}

/* Lets the neighbour be asked for in vain; the next ICMP or ICMPv6 packet that went out by the first link, or NULL. */
static const struct device_frame *after_silence(void)
{
    const struct device_frame *out;

    for (int i = 0; i < SILENCE_MS; i += 500)
        victim_wait(&victim, 500);
    while (frame_device_take(&far) != NULL)
        continue;
    while ((out = frame_device_take(&victim.device)) != NULL)
        if ((out->data[12] == 8 && out->data[13] == 0 && out->data[AT + 9] == 1) ||
            (out->data[12] == 0x86 && out->data[AT + 6] == 58 && icmpv6_is_error(out->data[AT + 40])))
            return out;
    return NULL;
}

/* An ICMP message of this type from 10.0.0.2 to nobody, with four octets of options, the first of them `option`. */
static const struct device_frame *pass_icmp(uint8_t type, uint8_t option)
{
    struct craft c = craft_default();
    static struct crafted f;
    uint8_t message[64], quote[40] = { 0x45, 0, 0, 40 };

    c.destination = baro_ipv4(10, 2, 0, 77);
    c.protocol = 1;
    c.options_length = 4;
    c.options[0] = option;
    c.options[1] = option == 1 ? 0 : 4;
    craft_ip(&f, &c, message, craft_icmp(message, type, 0, 0, quote, sizeof quote));
    assert_true(frame_device_put(&victim.device, f.octets, f.length));
    victim_wait(&victim, 0);
    return after_silence();
}

static const struct device_frame *pass_icmpv6(uint8_t type)
{
    const struct ipv6_header header = { .version_class_flow = ipv6_first_word(0, 0), .payload_length = 48,
                                        .next_header = 58, .hop_limit = 64, .source = net(0, 2),
                                        .destination = net(2, 77) };
    uint8_t frame[AT + 40 + 48] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd };

    ipv6_header_write(&header, frame + AT);
    frame[AT + 40] = type;
    write_be16(frame + AT + 42, checksum_fold(checksum_add(checksum_pseudo(header.source, header.destination, 58, 48),
                                                           frame + AT + 40, 48)));
    assert_true(frame_device_put(&victim.device, frame, sizeof frame));
    victim_wait(&victim, 0);
    return after_silence();
}

/* About any packet but an error, whatever its options look like. */
static void a_sender_hears_but_of_errors(void **state)
{
    const struct device_frame *out;

    (void)state;
    out = pass_icmp(ICMP_ECHO_REQUEST, 1);
    assert_non_null(out);
    assert_int_equal(out->data[AT + 20], ICMP_UNREACHABLE);
    assert_int_equal(out->data[AT + 21], ICMP_HOST_UNREACHABLE);
    assert_memory_equal(out->data + AT + 16, baro_ipv4(10, 0, 0, 2).octet, 4);
    assert_non_null(pass_icmp(ICMP_ECHO_REQUEST, 0x1e)); /* an unknown option, that as a type would be no error */
    assert_null(pass_icmp(ICMP_UNREACHABLE, 0x1e));
    assert_null(pass_icmp(ICMP_TIME_EXCEEDED, 1));
    out = pass_icmpv6(ICMPV6_ECHO_REQUEST);
    assert_non_null(out);
    assert_int_equal(out->data[AT + 41], ICMPV6_ADDRESS_UNREACHABLE);
    assert_null(pass_icmpv6(ICMPV6_TIME_EXCEEDED));
    assert_null(pass_icmpv6(ICMPV6_REDIRECT));
    assert_int_equal(victim_drops(&victim, BARO_DROP_NEIGHBOUR_UNREACHABLE), 7);
}

static int pending(int fd)
{
    int error = 0;
    size_t length = sizeof error;

    assert_int_equal(baro_getsockopt(victim.stack, fd, BARO_SO_ERROR, &error, &length), 0);
    return error;
}

static int talk_to(enum baro_family family, struct baro_address peer)
{
    const struct baro_endpoint to = { peer, { 9 } };
    int fd = baro_socket(victim.stack, family, BARO_DATAGRAM);

    assert_true(fd >= 0);
    assert_int_equal(baro_connect(victim.stack, fd, &to), 0);
    assert_int_equal(baro_send(victim.stack, fd, "x", 1, 0), 1);
    victim_wait(&victim, 0);
    return fd;
}

/* What the router sent itself is its own socket's business. */
static void a_router_s_own_packets(void **state)
{
    struct baro_address link_local = baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 0x77);
    int four = talk_to(BARO_FAMILY_IPV4, baro_ipv4(10, 2, 0, 77)), six = talk_to(BARO_FAMILY_IPV6, net(2, 77)), local;

    (void)state;
    link_local.zone = 2;
    local = talk_to(BARO_FAMILY_IPV6, link_local); /* its source is ours too, though the packet does not say where */
    assert_null(after_silence());
    assert_int_equal(pending(four), EHOSTUNREACH);
    assert_int_equal(pending(six), EHOSTUNREACH);
    assert_int_equal(pending(local), EHOSTUNREACH);
}

/* And no error that is limited in rate: all of many hear of it. */
static void many_of_its_own_packets(void **state)
{
    enum { SOCKETS = 30 };
    int fd[SOCKETS];

    (void)state;
    for (unsigned i = 0; i < SOCKETS; i++)
        fd[i] = talk_to(i % 2 == 0 ? BARO_FAMILY_IPV4 : BARO_FAMILY_IPV6,
                        i % 2 == 0 ? baro_ipv4(10, 2, 0, (uint8_t)(100 + i)) : net(2, (uint16_t)(100 + i)));
    assert_null(after_silence());
    for (unsigned i = 0; i < SOCKETS; i++)
        assert_int_equal(pending(fd[i]), EHOSTUNREACH);
}

/* Who is no router does not speak as one, even about a packet that it sent in another's name. */
static void no_router_no_word(void **state)
{
    const struct baro_endpoint other = { baro_ipv4(10, 0, 0, 2), { 77 } }, nobody = { baro_ipv4(10, 2, 0, 77), { 9 } };
    int fd = baro_socket(victim.stack, BARO_FAMILY_IPV4, BARO_DATAGRAM), one = 1;

    (void)state;
    baro_stack_set_forwarding(victim.stack, false);
    assert_int_equal(baro_setsockopt(victim.stack, fd, BARO_SO_TRANSPARENT, &one, sizeof one), 0);
    assert_int_equal(baro_bind(victim.stack, fd, &other), 0);
    assert_int_equal(baro_sendto(victim.stack, fd, "x", 1, 0, &nobody), 1);
    victim_wait(&victim, 0);
    assert_null(after_silence());
    assert_int_equal(victim_drops(&victim, BARO_DROP_NEIGHBOUR_UNREACHABLE), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_sender_hears_but_of_errors),
        TEST(a_router_s_own_packets),
        TEST(many_of_its_own_packets),
        TEST(no_router_no_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
