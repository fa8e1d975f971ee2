/* Three wires in a row, joined by two routers of IPv6, the one in the middle narrower (1500, 1280, 1500). The hosts at
 * the ends are frames built and read by hand; the routers find one another by neighbour discovery. What goes across,
 * and what the routers on the way say to the host at the near end. Twice: the middle wire carries single packets, or
 * super-segments and undone checksums that the second router has to finish. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "baro/stack.h"
#include "codec/icmpv6.h"
#include "codec/ipv6.h"
#include "support/frame_device.h"

enum { DATA_AT = 54 };

struct router {
    struct test_memory memory;
    struct frame_device device[2]; /* to the near end, to the far end */
    struct baro_stack *stack;
};

static struct router routers[2];
static struct baro_instant now;
static uint8_t frame[8192];
static uint32_t length;

static struct baro_address net(unsigned number, unsigned host)
{
    return baro_ipv6((uint16_t)(0xfd00 + number), 0, 0, 0, 0, 0, 0, (uint16_t)host);
}

static void add(struct router *router, int interface, uint32_t mtu, uint32_t capabilities, unsigned number,
                unsigned host)
{
    struct frame_device *device = &router->device[interface - 1];

    frame_device_init(device, (uint8_t)(0x10 * number + host), mtu);
    device->device.capabilities = capabilities;
    assert_int_equal(baro_stack_add_interface(router->stack, &device->device), interface);
    assert_int_equal(baro_stack_add_address(router->stack, interface, net(number, host), 64, false), 0);
}

static void poll_all(int64_t ms)
{
    now.ns += ms * 1000000;
    for (unsigned moved = 1; moved != 0;) {
        for (unsigned i = 0; i < 2; i++) {
            baro_stack_poll(routers[i].stack, now);
            baro_stack_check_invariants(routers[i].stack);
        }
        moved = frame_device_carry(&routers[0].device[1], &routers[1].device[0]);
        moved += frame_device_carry(&routers[1].device[0], &routers[0].device[1]);
    }
}

/* fd01::2 -- fd01::1 [0] fd02::1 -- fd02::2 [1] fd03::1 -- fd03::2 */
static void setup(uint32_t middle_capabilities)
{
    static const struct baro_mac near_mac = { { 2, 0, 0, 0, 0, 0x12 } }, far_mac = { { 2, 0, 0, 0, 0, 0x32 } };

    now.ns = 0;
    for (unsigned i = 0; i < 2; i++) {
        struct baro_stack_config config = { .memory = test_memory(&routers[i].memory), .seed = { (uint8_t)(i + 1) } };

        routers[i].stack = baro_stack_create(&config);
        assert_non_null(routers[i].stack);
        add(&routers[i], 1, i == 0 ? 1500 : 1280, i == 0 ? 0 : middle_capabilities, i + 1, i + 1);
        add(&routers[i], 2, i == 0 ? 1280 : 1500, i == 0 ? middle_capabilities : 0, i + 2, 1);
        baro_stack_set_forwarding(routers[i].stack, true);
    }
    assert_int_equal(baro_stack_add_route(routers[0].stack, net(3, 0), 64, net(2, 2), 2), 0);
    assert_int_equal(baro_stack_add_route(routers[1].stack, net(1, 0), 64, net(2, 1), 1), 0);
    assert_int_equal(baro_stack_set_neighbour(routers[0].stack, 1, net(1, 2), near_mac), 0);
    assert_int_equal(baro_stack_set_neighbour(routers[1].stack, 2, net(3, 2), far_mac), 0);
    poll_all(5000);
}

static void teardown(void)
{
    for (unsigned i = 0; i < 2; i++) {
        baro_stack_free(routers[i].stack);
        assert_int_equal(routers[i].memory.slabs, 0);
        frame_device_release(&routers[i].device[0]);
        frame_device_release(&routers[i].device[1]);
        memset(&routers[i], 0, sizeof routers[i]);
    }
}

/* From the near host: to `to`, with `hops`. `octets` of transport header and payload, the checksum at `sum_at`
 * right. */
static void build(struct baro_address to, uint8_t protocol, uint8_t hops, uint32_t octets, unsigned sum_at)
{
    const struct ipv6_header header = { .version_class_flow = ipv6_first_word(0, 0x54321),
                                        .payload_length = (uint16_t)octets, .next_header = protocol,
                                        .hop_limit = hops, .source = net(1, 2), .destination = to };

    memcpy(frame, (const uint8_t[]){ 2, 0, 0, 0, 0, 0x11, 2, 0, 0, 0, 0, 0x12, 0x86, 0xdd }, 14);
    ipv6_header_write(&header, frame + 14);
    for (uint32_t i = 0; i < octets; i++)
        frame[DATA_AT + i] = (uint8_t)(i * 7 + i / 1000);
    if (protocol == IP_PROTOCOL_TCP)
        memcpy(frame + DATA_AT + 12, (const uint8_t[]){ 5 << 4, 0x18 }, 2); /* PSH, ACK */
    else
        write_be16(frame + DATA_AT + 4, (uint16_t)octets);
    write_be16(frame + DATA_AT + sum_at, 0);
    write_be16(frame + DATA_AT + sum_at,
               checksum_fold(checksum_add(checksum_pseudo(net(1, 2), to, protocol, octets), frame + DATA_AT, octets)));
    length = DATA_AT + octets;
}

static void datagram(struct baro_address to, uint8_t hops, uint32_t octets)
{
    build(to, IP_PROTOCOL_UDP, hops, octets, 6);
    assert_true(frame_device_put(&routers[0].device[0], frame, length));
    poll_all(0);
}

/* The next frame to that end of this protocol, its checksum right; NULL: none. */
static const struct device_frame *taken(struct frame_device *device, uint8_t protocol)
{
    const struct device_frame *out;

    while ((out = frame_device_take(device)) != NULL) {
        if (out->data[12] == 0x86 && out->data[20] == protocol &&
            (protocol != IP_PROTOCOL_ICMPV6 || icmpv6_is_error(out->data[DATA_AT]))) {
            uint32_t octets = out->length - DATA_AT;
            uint64_t sum = checksum_pseudo(read_ipv6(out->data + 22), read_ipv6(out->data + 38), protocol, octets);

            assert_int_equal(checksum_fold(checksum_add(sum, out->data + DATA_AT, octets)), 0);
            return out;
        }
    }
    return NULL;
}

/* The near host hears this from that router's address, `hops` on the way, about the frame as that router saw it. */
static void told(struct baro_address from, uint8_t hops, uint8_t type, uint8_t code, uint32_t value,
                 uint8_t quoted_hops)
{
    const struct device_frame *error = taken(&routers[0].device[0], IP_PROTOCOL_ICMPV6);
    uint32_t quoted = length - 14 < 1232 ? length - 14 : 1232;

    assert_non_null(error);
    assert_int_equal(error->data[DATA_AT], type);
    assert_int_equal(error->data[DATA_AT + 1], code);
    assert_int_equal(read_be32(error->data + DATA_AT + 4), value);
    assert_int_equal(error->data[21], hops);
    assert_true(address_equal(read_ipv6(error->data + 22), from));
    assert_true(address_equal(read_ipv6(error->data + 38), net(1, 2)));
    assert_int_equal(error->data[DATA_AT + 8 + 7], quoted_hops);
    frame[21] = quoted_hops;
    assert_int_equal(error->length, DATA_AT + 8 + quoted);
    assert_memory_equal(error->data + DATA_AT + 8, frame + 14, quoted);
    assert_null(taken(&routers[0].device[0], IP_PROTOCOL_ICMPV6));
    assert_null(taken(&routers[1].device[1], IP_PROTOCOL_UDP));
    poll_all(1000);
}

static void datagrams(void)
{
    const struct device_frame *out;

    for (unsigned i = 0; i < 3; i++) {
        datagram(net(3, 2), 64, 1240); /* the first waits for the middle's neighbour discovery */
        out = taken(&routers[1].device[1], IP_PROTOCOL_UDP);
        assert_non_null(out);
        assert_int_equal(out->length, length);
        assert_int_equal(out->data[21], 62);
        assert_memory_equal(out->data + 22, frame + 22, length - 22);
    }
    datagram(net(3, 2), 64, 1241);
    told(net(1, 1), 64, ICMPV6_PACKET_TOO_BIG, 0, 1280, 64);
    datagram(net(3, 2), 1, 100);
    told(net(1, 1), 64, ICMPV6_TIME_EXCEEDED, 0, 0, 1);
    datagram(net(3, 2), 2, 100); /* as traceroute counts */
    told(net(2, 2), 63, ICMPV6_TIME_EXCEEDED, 0, 0, 1);
    datagram(net(3, 1), 2, 100); /* the second router itself, by the address behind it */
    told(net(3, 1), 63, ICMPV6_UNREACHABLE, ICMPV6_PORT_UNREACHABLE, 0, 1);
    datagram(net(3, 77), 64, 100);
    for (unsigned i = 0; i < 4; i++)
        poll_all(1000);
    told(net(2, 2), 63, ICMPV6_UNREACHABLE, ICMPV6_ADDRESS_UNREACHABLE, 0, 62);
}

static void segments(void)
{
    enum { EACH = 1220, ALL = 5000 };
    struct frame_device *device = &routers[0].device[0];
    struct device_frame *in;
    const struct device_frame *out;
    uint32_t got = 0, first;

    build(net(3, 2), IP_PROTOCOL_TCP, 64, 20 + ALL, 16);
    first = read_be32(frame + DATA_AT + 4);
    write_be16(frame + DATA_AT + 16, 0x5a5a); /* undone */
    assert_true(frame_device_put(device, frame, length));
    in = &device->in[(device->in_first + device->in_count - 1) % FRAME_DEVICE_FRAMES];
    in->checksum = BARO_RX_CHECKSUM_VERIFIED;
    in->gso_size = EACH;
    poll_all(0);
    while ((out = taken(&routers[1].device[1], IP_PROTOCOL_TCP)) != NULL) {
        uint32_t octets = out->length - DATA_AT - 20;

        assert_int_equal(octets, ALL - got < EACH ? ALL - got : EACH);
        assert_int_equal(out->data[21], 62);
        assert_int_equal(read_be32(out->data + DATA_AT + 4), first + got);
        assert_int_equal(out->data[DATA_AT + 13], got + octets == ALL ? 0x18 : 0x10);
        assert_memory_equal(out->data + DATA_AT + 20, frame + DATA_AT + 20 + got, octets);
        got += octets;
    }
    assert_int_equal(got, ALL);
}

static void across_wires_that_carry_single_packets(void **state)
{
    (void)state;
    setup(0);
    datagrams();
    segments();
    teardown();
}

static void across_a_wire_that_carries_super_segments(void **state)
{
    (void)state;
    setup(BARO_DEVICE_TX_CHECKSUM | BARO_DEVICE_TSO);
    datagrams();
    segments();
    teardown();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(across_wires_that_carry_single_packets),
        cmocka_unit_test(across_a_wire_that_carries_super_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
