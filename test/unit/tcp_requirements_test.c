/* Requirements of RFC 9293 that neither a script nor the table of states can show: what a burst of segments does, which
 * addresses a connection has, what reaches nobody, and what IP is told. A whole stack, frames by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "baro/packet.h"
#include "support/tcp_hand.h"
#include "support/one_stack.h" /* last: its `now` */

static const struct baro_mac own_mac = { { 2, 0, 0, 0, 0, 1 } }, peer_mac = { { 2, 0, 0, 0, 0, 9 } };

/* A frame with one segment of 10.0.0.9:5000, as the wire would bring it. */
static void put_segment(struct baro_mac mac, struct baro_address destination, struct baro_packet packet)
{
    uint8_t frame[1514] = { 0 };
    ptrdiff_t length;

    packet.layer = BARO_PACKET_TCP;
    packet.source = baro_ipv4(10, 0, 0, 9);
    packet.destination = destination;
    packet.source_port.number = 5000;
    packet.destination_port.number = 80;
    packet.ttl = 64;
    packet.window = 60000;
    memcpy(frame, mac.octet, 6);
    memcpy(frame + 6, peer_mac.octet, 6);
    frame[12] = 8;
    length = baro_packet_build(&packet, (struct baro_buffer){ frame + 14, sizeof frame - 14 });
    assert_true(length > 0);
    assert_true(frame_device_put(&one_device, frame, (uint32_t)length + 14));
}

/* The next TCP segment that left; false: none. */
static bool next_segment(struct baro_packet *packet)
{
    const struct device_frame *frame;

    while ((frame = frame_device_take(&one_device)) != NULL)
        if (baro_packet_parse_frame(packet, (struct baro_bytes){ frame->data, frame->length }) == BARO_DROP_NONE &&
            packet->layer == BARO_PACKET_TCP)
            return true;
    return false;
}

/* Through the dialogue; the peer's next octet is 101, ours is returned. */
static uint32_t open_from_peer(void)
{
    struct baro_packet seen;

    assert_int_equal(baro_stack_set_neighbour(stack, 1, baro_ipv4(10, 0, 0, 9), peer_mac), 0);
    put_segment(own_mac, baro_ipv4(10, 0, 0, 1), (struct baro_packet){ .flags = BARO_TCP_SYN, .seq = 100 });
    pass(1);
    assert_true(next_segment(&seen));
    assert_int_equal(seen.flags, BARO_TCP_SYN | BARO_TCP_ACK);
    put_segment(own_mac, baro_ipv4(10, 0, 0, 1),
                (struct baro_packet){ .flags = BARO_TCP_ACK, .seq = 101, .ack = seen.seq + 1 });
    pass(1);
    return seen.seq + 1;
}

/* MUST-58, MUST-59: all segments of a burst are processed before an ACK leaves, and there are fewer ACKs than segments
 * (one for every second full-sized one, which RFC 5681 §4.2 wants at the least). */
static void a_burst_is_processed_before_it_is_acknowledged(void **state)
{
    static uint8_t text[1000];
    unsigned acks = 0, last_in = 0, first_out = 0;
    struct baro_packet seen;
    uint32_t ack;

    (void)state;
    listener(80);
    ack = open_from_peer();
    for (uint32_t i = 0; i < 10; i++) { /* it is young: each at once */
        put_segment(
            own_mac, baro_ipv4(10, 0, 0, 1),
            (struct baro_packet){ .flags = BARO_TCP_ACK, .seq = 101 + i * 100, .ack = ack, .payload = { text, 100 } });
        pass(50);
    }
    while (next_segment(&seen))
        ;
    trace_on();
    for (uint32_t i = 0; i < 10; i++)
        put_segment(own_mac, baro_ipv4(10, 0, 0, 1),
                    (struct baro_packet){
                        .flags = BARO_TCP_ACK, .seq = 1101 + i * 1000, .ack = ack, .payload = { text, 1000 } });
    baro_stack_poll(stack, now);
    for (unsigned i = 0; i < event_count; i++) {
        if (events[i].kind == BARO_TRACE_TCP_IN)
            last_in = i;
        if (events[i].kind == BARO_TRACE_TCP_OUT && first_out == 0)
            first_out = i;
    }
    assert_true(first_out > last_in && last_in != 0);
    for (; next_segment(&seen); acks++)
        assert_int_equal(seen.payload_length, 0);
    assert_int_equal(seen.ack, 11101);
    assert_int_equal(acks, 5);
}

/* MUST-57: what was sent to a group or a broadcast address, or by a broadcast of the link, gets no answer. */
static void groups_get_no_answer(void **state)
{
    static const struct baro_mac everybody = { { 255, 255, 255, 255, 255, 255 } };
    const struct baro_address destination[] = { baro_ipv4(255, 255, 255, 255), baro_ipv4(10, 0, 0, 255),
                                                baro_ipv4(224, 0, 0, 1), baro_ipv4(10, 0, 0, 1) };
    static const uint8_t flags[] = { BARO_TCP_SYN, BARO_TCP_ACK, BARO_TCP_FIN | BARO_TCP_ACK };
    struct baro_packet seen;

    (void)state;
    listener(80);
    assert_int_equal(baro_stack_set_neighbour(stack, 1, baro_ipv4(10, 0, 0, 9), peer_mac), 0);
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned j = 0; j < 3; j++) {
            put_segment(everybody, destination[i], (struct baro_packet){ .flags = flags[j], .seq = 100, .ack = 1 });
            pass(1);
            assert_false(next_segment(&seen));
        }
    }
    put_segment(own_mac, baro_ipv4(10, 0, 0, 1), (struct baro_packet){ .flags = BARO_TCP_SYN, .seq = 100 });
    pass(1);
    assert_true(next_segment(&seen)); /* it was not the address's fault */
}

/* MUST-44, MUST-45: the source address is the route's when it is not given, and stays whatever happens to the
 * routes. */
static void the_source_address_stays(void **state)
{
    struct baro_packet seen;
    int fd = stream();

    (void)state;
    assert_int_equal(baro_stack_set_neighbour(stack, 1, baro_ipv4(10, 0, 0, 9), peer_mac), 0);
    assert_int_equal(connect_to(fd, to(10, 0, 0, 9, 5000)), -EINPROGRESS);
    pass(1);
    assert_true(next_segment(&seen));
    assert_true(address_equal(seen.source, baro_ipv4(10, 0, 0, 1)));
    assert_int_equal(baro_stack_add_address(stack, 1, baro_ipv4(10, 0, 0, 10), 29, false), 0); /* nearer to 10.0.0.9 */
    pass(1100);
    assert_true(next_segment(&seen)); /* the SYN again */
    assert_int_equal(seen.flags, BARO_TCP_SYN);
    assert_true(address_equal(seen.source, baro_ipv4(10, 0, 0, 1)));
}

/* MUST-20, SHLD-9, SHLD-10: at R1, after three retransmissions, IP is told that the way may be dead, and the program
 * that so many were without an answer. */
static void ip_is_told_at_r1(void **state)
{
    struct world world;
    struct hand hand;
    unsigned sent = 0;
    struct baro_tcp_info info;
    const struct world_segment *seen;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    hand_open(&hand);
    hand_skip(&hand);
    tcp_send(hand.tcp, hand.connection, (struct baro_bytes){ (const uint8_t *)"text", 4 }, 0);
    world_pass(&world, 20 * NS_PER_S);
    for (; (seen = world_next(&world, &hand.mark, 1)) != NULL; sent++)
        assert_int_equal(seen->doubt, sent >= TCP_RETRIES_R1);
    assert_true(sent > TCP_RETRIES_R1 + 1);
    tcp_info(hand.tcp, hand.connection, &info);
    assert_int_equal(info.consecutive_timeouts, sent - 1);
    world_free(&world);
}

/* RFC 7323 §5.4, §7.1: each pair of ends has timestamps that begin at a number of its own, another one after a restart
 * (another seed), so that neither another connection's clock nor the host's age can be read off. */
static void timestamps_begin_anywhere(void **state)
{
    struct world world, restarted;
    unsigned bits[32] = { 0 }, same = 0;

    (void)state;
    world_init(&world, 1);
    world_init(&restarted, 2);
    for (uint16_t port = 1024; port < 1024 + 10000; port++) {
        struct baro_endpoint local = world_endpoint(1, 80), remote = world_endpoint(0, port);
        struct baro_endpoint next = world_endpoint(0, (uint16_t)(port + 1));
        uint32_t offset = world_numbers(world.side[1].tcp, &local, &remote).ts_offset;
        uint32_t step = world_numbers(world.side[1].tcp, &local, &next).ts_offset - offset;

        for (int bit = 0; bit < 32; bit++)
            bits[bit] += step >> bit & 1;
        same += offset == world_numbers(restarted.side[1].tcp, &local, &remote).ts_offset;
    }
    for (int bit = 0; bit < 32; bit++) /* each bit of the step is a coin: 5000 +- 6 sigma */
        assert_in_range(bits[bit], 4700, 5300);
    assert_true(same < 3);
    world_free(&world);
    world_free(&restarted);
}

/* RFC 6528 §3: the key of the initial sequence numbers is the stack's seed: after a restart with another one they say
 * nothing of those before. */
static void a_restart_changes_the_initial_sequence_numbers(void **state)
{
    struct world world, restarted;
    unsigned bits[32] = { 0 };

    (void)state;
    world_init(&world, 1);
    world_init(&restarted, 2);
    for (uint16_t port = 1024; port < 1024 + 10000; port++) {
        struct baro_endpoint local = world_endpoint(1, 80), remote = world_endpoint(0, port);
        uint32_t difference = world_numbers(world.side[1].tcp, &local, &remote).isn.value -
                              world_numbers(restarted.side[1].tcp, &local, &remote).isn.value;

        for (int bit = 0; bit < 32; bit++)
            bits[bit] += difference >> bit & 1;
    }
    for (int bit = 0; bit < 32; bit++) /* each bit of the difference is a coin: 5000 +- 6 sigma */
        assert_in_range(bits[bit], 4700, 5300);
    world_free(&world);
    world_free(&restarted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE_STACK_TEST(a_burst_is_processed_before_it_is_acknowledged),
        ONE_STACK_TEST(groups_get_no_answer),
        ONE_STACK_TEST(the_source_address_stays),
        cmocka_unit_test(ip_is_told_at_r1),
        cmocka_unit_test(timestamps_begin_anywhere),
        cmocka_unit_test(a_restart_changes_the_initial_sequence_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
