/* Flow labels (RFC 6437): each flow has one that is not zero and stays from its first packet to its last; others have
 * others; nobody who does not know the key can say which. Two stacks on a cable whose frames are looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "baro/packet.h"
#include "baro/socket.h"
#include "baro/stack.h"
#include "base/flow.h"
#include "codec/ip_protocol.h"
#include "codec/tcp.h"
#include "support/frame_device.h"

enum { SEEN = 4096 };

static struct test_memory memory[2];
static struct frame_device device[2];
static struct baro_stack *stack[2];
static struct baro_instant now;
static struct seen {
    uint8_t protocol, flags;
    uint16_t source_port;
    uint32_t label;
} seen[SEEN];
static unsigned count;

static struct baro_address address(unsigned side)
{
    return baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, (uint16_t)(side + 1));
}

static int start_with(uint8_t seed)
{
    now.ns = 0;
    count = 0;
    for (unsigned i = 0; i < 2; i++) {
        struct baro_stack_config config = { .seed = { (uint8_t)(seed + i) } };

        memory[i] = (struct test_memory){ 0 };
        config.memory = test_memory(&memory[i]);
        frame_device_init(&device[i], (uint8_t)(i + 1), 1500);
        stack[i] = baro_stack_create(&config);
        assert_int_equal(baro_stack_add_interface(stack[i], &device[i].device), 1);
        assert_int_equal(baro_stack_add_address(stack[i], 1, address(i), 64, false), 0);
    }
    return 0;
}

static int start(void **state)
{
    (void)state;
    return start_with(1);
}

static int end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        baro_stack_check_invariants(stack[i]);
        baro_stack_free(stack[i]);
        frame_device_release(&device[i]);
        assert_int_equal(memory[i].slabs, 0);
    }
    return 0;
}

static void carry(unsigned from)
{
    const struct device_frame *frame;
    struct baro_packet packet;

    while ((frame = frame_device_take(&device[from])) != NULL) {
        assert_int_equal(baro_packet_parse_frame(&packet, (struct baro_bytes){ frame->data, frame->length }), 0);
        assert_true(count < SEEN);
        seen[count++] = (struct seen){ .protocol = packet.protocol, .label = packet.flow_label,
                                       .flags = packet.layer == BARO_PACKET_TCP ? packet.flags : packet.icmp_type,
                                       .source_port = packet.source_port.number };
        assert_true(frame_device_put(&device[1 - from], frame->data, frame->length));
    }
}

static void pass(unsigned tenths)
{
    for (unsigned i = 0; i < tenths; i++) {
        now.ns += 100000000;
        for (unsigned turn = 0; turn < 40; turn++) {
            baro_stack_poll(stack[0], now);
            carry(0);
            baro_stack_poll(stack[1], now);
            carry(1);
        }
    }
}

/* The one label of all packets of that protocol from that port, and what flags they had between them. */
static uint32_t label_of(uint8_t protocol, uint16_t source_port, unsigned *flags)
{
    uint32_t label = 0;

    *flags = 0;
    for (unsigned i = 0; i < count; i++) {
        if (seen[i].protocol != protocol || seen[i].source_port != source_port)
            continue;
        assert_true(seen[i].label != 0 && (label == 0 || seen[i].label == label));
        label = seen[i].label;
        *flags |= seen[i].flags;
    }
    assert_int_not_equal(label, 0);
    return label;
}

static uint16_t port_of(int fd)
{
    struct baro_endpoint local;

    assert_int_equal(baro_getsockname(stack[0], fd, &local), 0);
    return local.port.number;
}

/* One connection with data both ways, from SYN to the ACK of TIME-WAIT; another one from a port of its own. */
static void a_connection_has_one_label(void **state)
{
    const struct baro_endpoint server = { address(1), { 7 } };
    static uint8_t octets[30000];
    int listener = baro_socket(stack[1], BARO_FAMILY_IPV6, BARO_STREAM), fd[2];
    unsigned flags;
    uint32_t label[2];

    (void)state;
    assert_int_equal(baro_bind(stack[1], listener, &server), 0);
    assert_int_equal(baro_listen(stack[1], listener, 2), 0);
    for (unsigned i = 0; i < 2; i++) {
        uint16_t port;
        int accepted;

        count = 0;
        fd[i] = baro_socket(stack[0], BARO_FAMILY_IPV6, BARO_STREAM);
        (void)baro_connect(stack[0], fd[i], &server);
        pass(5);
        port = port_of(fd[i]);
        accepted = baro_accept(stack[1], listener, NULL);
        assert_true(accepted >= 0);
        assert_int_equal(baro_send(stack[0], fd[i], octets, sizeof octets, 0), sizeof octets);
        for (ptrdiff_t got = 0; got < (ptrdiff_t)sizeof octets; pass(1)) {
            ptrdiff_t now_got = baro_recv(stack[1], accepted, octets, sizeof octets, 0);

            got += now_got > 0 ? now_got : 0;
        }
        assert_int_equal(baro_close(stack[0], fd[i]), 0);
        pass(5);
        assert_int_equal(baro_close(stack[1], accepted), 0);
        pass(5);
        label[i] = label_of(IP_PROTOCOL_TCP, port, &flags);
        assert_true((flags & (TCP_FLAG_SYN | TCP_FLAG_FIN)) == (TCP_FLAG_SYN | TCP_FLAG_FIN));
        assert_int_not_equal(label_of(IP_PROTOCOL_TCP, 7, &flags), label[i]); /* each way is a flow of its own */
        assert_true((flags & (TCP_FLAG_SYN | TCP_FLAG_FIN)) == (TCP_FLAG_SYN | TCP_FLAG_FIN));
    }
    assert_int_not_equal(label[0], label[1]);
}

/* An RST of a port where nobody is has the label that a connection would have. */
static void a_reset_has_one_too(void **state)
{
    const struct baro_endpoint server = { address(1), { 7 } };
    int fd = baro_socket(stack[0], BARO_FAMILY_IPV6, BARO_STREAM);
    unsigned flags;

    (void)state;
    (void)baro_connect(stack[0], fd, &server);
    pass(5);
    (void)label_of(IP_PROTOCOL_TCP, 7, &flags);
    assert_true((flags & TCP_FLAG_RST) != 0);
}

static void a_datagram_socket_has_one_for_each_peer(void **state)
{
    const struct baro_endpoint one = { address(1), { 9 } }, other = { address(1), { 10 } };
    const struct baro_endpoint local = { address(0), { 5000 } };
    int fd = baro_socket(stack[0], BARO_FAMILY_IPV6, BARO_DATAGRAM);
    unsigned flags;
    uint32_t label;

    (void)state;
    assert_int_equal(baro_bind(stack[0], fd, &local), 0);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(baro_sendto(stack[0], fd, "x", 1, 0, &one), 1);
    pass(2);
    label = label_of(IP_PROTOCOL_UDP, 5000, &flags);
    count = 0;
    assert_int_equal(baro_sendto(stack[0], fd, "x", 1, 0, &other), 1);
    pass(2);
    assert_int_not_equal(label_of(IP_PROTOCOL_UDP, 5000, &flags), label);
    count = 0;
    assert_int_equal(baro_sendto(stack[0], fd, "x", 1, 0, &one), 1);
    pass(2);
    assert_int_equal(label_of(IP_PROTOCOL_UDP, 5000, &flags), label);
}

/* Both the question and the answer; neighbour discovery is no flow. */
static void an_echo_has_one(void **state)
{
    uint32_t request = 0, reply = 0;

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(baro_stack_ping(stack[0], address(1), 77, (uint16_t)i, 8), 0);
    pass(2);
    for (unsigned i = 0; i < count; i++) {
        uint32_t *of = seen[i].flags == 128 ? &request : &reply;

        if (seen[i].flags != 128 && seen[i].flags != 129) {
            assert_int_equal(seen[i].label, 0);
            continue;
        }
        assert_true(seen[i].label != 0 && (*of == 0 || *of == seen[i].label));
        *of = seen[i].label;
    }
    assert_true(request != 0 && reply != 0 && request != reply);
}

/* The same flow of a stack with another seed has another one; and they are spread over all that can be. */
static void labels_are_keyed_and_spread(void **state)
{
    const struct hash_key key = { { 1, 2 } }, other = { { 1, 3 } };
    struct baro_endpoint local = { address(0), { 0 } }, remote = { address(1), { 80 } };
    const struct baro_endpoint v4 = { baro_ipv4(10, 0, 0, 1), { 80 } };
    unsigned octet[256] = { 0 }, same = 0;

    (void)state;
    for (unsigned port = 1; port <= UINT16_MAX; port++) {
        uint32_t label;

        local.port.number = (uint16_t)port;
        label = flow_label(&key, IP_PROTOCOL_TCP, &local, &remote);
        assert_in_range(label, 1, 0xfffff);
        assert_int_equal(label, flow_label(&key, IP_PROTOCOL_TCP, &local, &remote));
        same += label == flow_label(&other, IP_PROTOCOL_TCP, &local, &remote);
        same += label == flow_label(&key, IP_PROTOCOL_UDP, &local, &remote);
        octet[label >> 12]++;
    }
    assert_true(same < 10);
    for (unsigned i = 0; i < 256; i++)
        assert_in_range(octet[i], 128, 512);
    assert_int_equal(flow_label(&key, IP_PROTOCOL_TCP, &v4, &v4), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_connection_has_one_label, start, end),
        cmocka_unit_test_setup_teardown(a_reset_has_one_too, start, end),
        cmocka_unit_test_setup_teardown(a_datagram_socket_has_one_for_each_peer, start, end),
        cmocka_unit_test_setup_teardown(an_echo_has_one, start, end),
        cmocka_unit_test(labels_are_keyed_and_spread)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
