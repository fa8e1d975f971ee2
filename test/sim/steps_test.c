/* The ten steps of the mission, each with a test that fails when the step is broken.
 *
 *   step                          works                        refuses
 *    1 signal to bits             a_datagram_goes_all_the_way  noise
 *    2 FCS                        "                            bits flipped in the signal
 *    3 MAC address                "                            another host's address
 *    4 buffer memory, interrupt   "                            more frames than slots
 *    5 driver                     "                            no interrupt yet: nothing is taken
 *    6 type field                 "                            an unknown type
 *    7 right software             " (ARP before it)            a malformed ARP packet
 *    8 IP header                  "                            a wrong checksum; another host's address
 *    9 fragments                  " (it goes in two)           two that overlap
 *   10 protocol number            "                            an unknown one; no socket on the port
 *
 * The first sends a datagram of 2,000 octets over a faithful wire and looks for each step, in order, in the trace and
 * in the counters, up at the receiver and down at the sender. The others put single frames on such a wire by hand and
 * look for the one reason, of that step, at the host behind it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "baro/network.h"
#include "baro/packet.h"
#include "baro/socket.h"
#include "support/frame_device.h"

#define KIND(name) BARO_TRACE_##name

enum { EVENTS = 4096, OCTETS = 2000 };

static struct baro_trace_event events[EVENTS];
static unsigned event_count;

static void on_event(void *context, const struct baro_trace_event *event)
{
    (void)context;
    if (event_count < EVENTS)
        events[event_count++] = *event;
}

static struct baro_wire *make_wire(struct baro_network *network, const char *words)
{
    struct baro_wire_config config;
    char error[200];

    assert_int_equal(baro_wire_parse(words, &config, error, sizeof error), 0);
    return baro_wire_create(network, &config);
}

/* The kinds one after the other among the events of `host`, others between; and each stands for the step said. */
static void expect_in_order(uint32_t host, const enum baro_trace_kind *kind, const int *step, size_t count)
{
    unsigned at = 0;

    for (size_t i = 0; i < count; i++) {
        while (at < event_count && (events[at].host != host || events[at].kind != kind[i]))
            at++;
        if (at == event_count)
            fail_msg("host %u: step %d, %s does not come in its turn", host, step[i], baro_trace_name(kind[i]));
        assert_int_equal(baro_trace_step(kind[i]), step[i]);
        at++;
    }
}

static void expect_way_up(void)
{
    /* the first piece, the second, and what comes of both */
    static const enum baro_trace_kind kind[] = {
        KIND(SIGNAL_IN), KIND(FCS_IN), KIND(MAC_FILTER), KIND(RX_RING), KIND(INTERRUPT), KIND(DRIVER_BURST),
        KIND(FRAME_IN), KIND(ETHERNET_IN), KIND(ARP_IN), KIND(FRAME_END),
        KIND(SIGNAL_IN), KIND(FCS_IN), KIND(MAC_FILTER), KIND(RX_RING), KIND(INTERRUPT), KIND(DRIVER_BURST),
        KIND(FRAME_IN), KIND(ETHERNET_IN), KIND(IP_IN), KIND(IP_DELIVERY), KIND(FRAGMENT_HELD), KIND(FRAME_END),
        KIND(SIGNAL_IN), KIND(FCS_IN), KIND(MAC_FILTER), KIND(RX_RING), KIND(INTERRUPT), KIND(DRIVER_BURST),
        KIND(FRAME_IN), KIND(ETHERNET_IN), KIND(IP_IN), KIND(IP_DELIVERY), KIND(FRAGMENTS_WHOLE), KIND(PROTOCOL),
        KIND(UDP_IN), KIND(UDP_QUEUED), KIND(WOKE), KIND(FRAME_END)
    };
    static const int step[] = { 1, 2, 3, 4, 4, 5, 5, 6, 7, 0, 1, 2, 3,  4,  4,  5,  5, 6, 8,
                                8, 9, 0, 1, 2, 3, 4, 4, 5, 5, 6, 8, 8, 9, 10, 10, 11, 11, 0 };

    expect_in_order(2, kind, step, sizeof kind / sizeof kind[0]);
}

static void expect_way_down(void)
{
    static const enum baro_trace_kind kind[] = {
        KIND(CALL),         KIND(PACKET_OUT),   KIND(UDP_OUT),    KIND(FRAGMENT_OUT), KIND(IP_OUT),
        KIND(FRAGMENT_OUT), KIND(ARP_OUT),      KIND(FRAME_OUT),  KIND(FCS_OUT),      KIND(SIGNAL_OUT),
        KIND(ARP_IN),       KIND(ETHERNET_OUT), KIND(FRAME_OUT),  KIND(ETHERNET_OUT), KIND(FRAME_OUT),
        KIND(TX_RING),      KIND(FCS_OUT),      KIND(SIGNAL_OUT), KIND(FCS_OUT),      KIND(SIGNAL_OUT)
    };
    static const int step[] = { 11, 0, 10, 9, 8, 9, 7, 5, 2, 1, 7, 6, 5, 6, 5, 4, 2, 1, 2, 1 };

    expect_in_order(1, kind, step, sizeof kind / sizeof kind[0]);
}

static void a_datagram_goes_all_the_way(void **state)
{
    struct baro_network *network = baro_network_create(&(struct baro_network_config){ .seed = 3 });
    struct baro_wire *wire = make_wire(network, "10base-t");
    struct baro_endpoint at = { baro_ipv4(10, 0, 0, 2), { 9 } };
    struct baro_host *host[2];
    struct baro_adapter_counts adapter, adapter_before;
    struct baro_statistics counts, before;
    static uint8_t data[OCTETS], got[OCTETS + 1];
    int from, to;

    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct baro_host_config config = { .wire = wire,
                                           .address = baro_ipv4(10, 0, 0, (uint8_t)(i + 1)),
                                           .prefix_length = 24,
                                           .ipv6 = BARO_HOST_IPV6_BY_HAND,
                                           .trace = { NULL, on_event },
                                           .trace_host = i + 1 };

        host[i] = baro_host_create(network, &config, NULL);
        assert_non_null(host[i]);
    }
    for (unsigned i = 0; i < OCTETS; i++)
        data[i] = (uint8_t)(i * 11);
    from = baro_socket(baro_host_stack(host[0]), BARO_FAMILY_IPV4, BARO_DATAGRAM);
    to = baro_socket(baro_host_stack(host[1]), BARO_FAMILY_IPV4, BARO_DATAGRAM);
    assert_int_equal(baro_bind(baro_host_stack(host[1]), to, &at), 0);
    baro_network_advance(network, (struct baro_instant){ 1000000000 });
    baro_adapter_statistics(baro_host_adapter(host[1]), &adapter_before); /* the addresses were announced */
    baro_stack_statistics(baro_host_stack(host[1]), &before);
    event_count = 0;
    assert_int_equal(baro_sendto(baro_host_stack(host[0]), from, data, OCTETS, 0, &at), OCTETS);
    baro_network_advance(network, (struct baro_instant){ 2000000000 });
    assert_true(event_count < EVENTS);
    expect_way_up();
    expect_way_down();
    assert_int_equal(baro_recv(baro_host_stack(host[1]), to, got, sizeof got, 0), OCTETS);
    assert_memory_equal(got, data, OCTETS);
    baro_adapter_statistics(baro_host_adapter(host[1]), &adapter);
    assert_true(adapter.signals_in - adapter_before.signals_in >= 3);      /* 1, with signs of life */
    assert_int_equal(adapter.frames_in - adapter_before.frames_in, 3);     /* 2, 3, 4: ARP and two pieces */
    assert_in_range(adapter.interrupts - adapter_before.interrupts, 1, 3);
    assert_in_range(adapter.bursts - adapter_before.bursts, 1, 6);         /* 5 */
    baro_stack_statistics(baro_host_stack(host[1]), &counts);
    assert_int_equal(counts.frames_in - before.frames_in, 3);
    assert_int_equal(counts.arp_in - before.arp_in, 1);                    /* 6, 7 */
    assert_int_equal(counts.ip_in, 2);                                     /* 8 */
    assert_int_equal(counts.fragments_in, 2);                              /* 9 */
    assert_int_equal(counts.fragments_whole, 1);
    assert_int_equal(counts.ip_delivered, 1);                              /* 10 */
    assert_int_equal(counts.udp_in, 1);
    for (unsigned i = 1; i < BARO_DROP_COUNT; i++)
        assert_int_equal(adapter.drops[i] + counts.drops[i], adapter_before.drops[i] + before.drops[i]);
    baro_network_free(network);
}

/* ---- frames by hand ---- */

struct line {
    struct baro_network *network;
    struct baro_host *host;
    struct frame_device device; /* what stands in its input goes onto the wire */
    int64_t now_ns;
};

static void wait(struct line *line, int64_t ms)
{
    line->now_ns += ms * 1000000;
    baro_network_advance(line->network, (struct baro_instant){ line->now_ns });
}

static struct line *line_new(const char *words, const struct baro_host_config *like)
{
    struct line *line = calloc(1, sizeof *line);
    struct baro_host_config config = *like;
    struct baro_switch *bridge;

    line->network = baro_network_create(&(struct baro_network_config){ .seed = 3 });
    config.wire = make_wire(line->network, words);
    config.address = baro_ipv4(10, 0, 0, 1);
    config.prefix_length = 24;
    config.mac = (struct baro_mac){ { 2, 0, 0, 0, 0, 1 } };
    line->host = baro_host_create(line->network, &config, NULL);
    assert_non_null(line->host);
    bridge = baro_switch_create(line->network);
    assert_int_equal(baro_switch_join(bridge, config.wire), 0);
    frame_device_init(&line->device, 2, 1500);
    assert_int_equal(baro_switch_add_device(bridge, &line->device.device), 0);
    wait(line, 1000);
    return line;
}

static void line_free(struct line *line)
{
    baro_network_free(line->network);
    frame_device_release(&line->device);
    free(line);
}

/* A good frame from 10.0.0.2, protocol 99; 60 octets and more. */
static struct baro_packet good(void)
{
    static const uint8_t payload[64] = { 1, 2, 3 };

    return (struct baro_packet){ .destination_mac = { { 2, 0, 0, 0, 0, 1 } }, .source_mac = { { 2, 0, 0, 0, 0, 2 } },
                                 .vlan = -1, .source = baro_ipv4(10, 0, 0, 2), .destination = baro_ipv4(10, 0, 0, 1),
                                 .protocol = 99, .layer = BARO_PACKET_OTHER, .payload = { payload, sizeof payload } };
}

/* Onto the wire, with one octet changed by `flip` at `at`. */
static void put(struct line *line, const struct baro_packet *packet, unsigned at, uint8_t flip)
{
    uint8_t octets[200];
    ptrdiff_t length = baro_packet_build_frame(packet, (struct baro_buffer){ octets, sizeof octets });

    assert_true(length > 0);
    octets[at] ^= flip;
    assert_true(frame_device_put(&line->device, octets, (uint32_t)length));
}

static uint64_t drops(const struct line *line, enum baro_drop_reason reason)
{
    struct baro_adapter_counts adapter;
    struct baro_statistics counts;

    baro_adapter_statistics(baro_host_adapter(line->host), &adapter);
    baro_stack_statistics(baro_host_stack(line->host), &counts);
    return adapter.drops[reason] + counts.drops[reason];
}

static uint64_t drops_of_step(const struct line *line, int step)
{
    uint64_t sum = 0;

    for (unsigned i = 1; i < BARO_DROP_COUNT; i++)
        sum += baro_drop_step((enum baro_drop_reason)i) == step ? drops(line, (enum baro_drop_reason)i) : 0;
    return sum;
}

/* The reason, and no other. */
static void only(struct line *line, enum baro_drop_reason reason, int step)
{
    wait(line, 100);
    assert_int_equal(baro_drop_step(reason), step);
    for (unsigned i = 1; i < BARO_DROP_COUNT; i++) {
        if (drops(line, (enum baro_drop_reason)i) != (i == (unsigned)reason))
            fail_msg("%s counted %u times", baro_drop_name((enum baro_drop_reason)i),
                     (unsigned)drops(line, (enum baro_drop_reason)i));
    }
    line_free(line);
}

static void one_flip(unsigned at, uint8_t flip, enum baro_drop_reason reason, int step)
{
    struct line *line = line_new("10base-t", &(struct baro_host_config){ 0 });
    struct baro_packet packet = good();

    put(line, &packet, at, flip);
    only(line, reason, step);
}

static void step_1_signal(void **state)
{
    struct line *line = line_new("10base-t,noise=2500", &(struct baro_host_config){ 0 });
    struct baro_packet packet = good();
    struct baro_statistics counts;

    (void)state;
    for (int i = 0; i < 20; i++) {
        put(line, &packet, 0, 0);
        wait(line, 5);
    }
    baro_stack_statistics(baro_host_stack(line->host), &counts);
    assert_int_equal(counts.frames_in, 0); /* nothing wrong is delivered */
    assert_true(drops_of_step(line, 1) != 0);
    line_free(line);
}

static void step_2_fcs(void **state)
{
    struct line *line = line_new("100base-tx,corrupt=100%", &(struct baro_host_config){ 0 });
    struct baro_packet packet = good();
    struct baro_statistics counts;

    (void)state;
    for (int i = 0; i < 20; i++) {
        put(line, &packet, 0, 0);
        wait(line, 5);
    }
    baro_stack_statistics(baro_host_stack(line->host), &counts);
    assert_int_equal(counts.frames_in, 0);
    assert_true(drops(line, BARO_DROP_FCS_WRONG) != 0);
    line_free(line);
}

static void step_3_mac_address(void **state)
{
    (void)state;
    one_flip(5, 8, BARO_DROP_MAC_NOT_MINE, 3);
}

static void step_4_ring(void **state)
{
    struct baro_host_config slow = { .receive_slots = 4, .interrupt_frames = 100, .interrupt_delay = { 50000000 } };
    struct line *line = line_new("10base-t", &slow);
    struct baro_packet packet = good();

    (void)state;
    for (int i = 0; i < 7; i++)
        put(line, &packet, 0, 0);
    wait(line, 20);
    assert_int_equal(drops(line, BARO_DROP_RX_RING_FULL), 3);
    assert_int_equal(baro_drop_step(BARO_DROP_RX_RING_FULL), 4);
    wait(line, 100);
    assert_int_equal(drops(line, BARO_DROP_PROTOCOL_UNKNOWN), 4);
    line_free(line);
}

/* The driver takes frames when it is interrupted, not before; then all of them at once. */
static void step_5_driver(void **state)
{
    struct baro_host_config slow = { .interrupt_frames = 100, .interrupt_delay = { 50000000 } };
    struct line *line = line_new("10base-t", &slow);
    struct baro_packet packet = good();
    struct baro_adapter_counts adapter;
    struct baro_statistics counts;

    (void)state;
    for (int i = 0; i < 5; i++)
        put(line, &packet, 0, 0);
    wait(line, 20);
    baro_adapter_statistics(baro_host_adapter(line->host), &adapter);
    baro_stack_statistics(baro_host_stack(line->host), &counts);
    assert_int_equal(adapter.frames_in, 5);
    assert_int_equal(adapter.interrupts, 0);
    assert_int_equal(counts.frames_in, 0);
    wait(line, 100);
    baro_adapter_statistics(baro_host_adapter(line->host), &adapter);
    baro_stack_statistics(baro_host_stack(line->host), &counts);
    assert_int_equal(adapter.interrupts, 1);
    assert_int_equal(adapter.coalesced, 5); /* the time raised it, none of them */
    assert_int_equal(counts.frames_in, 5);
    line_free(line);
}

static void step_6_type_field(void **state)
{
    (void)state;
    one_flip(12, 0x40, BARO_DROP_ETHERNET_TYPE_UNKNOWN, 6);
}

static void step_7_right_software(void **state)
{
    (void)state;
    one_flip(13, 6, BARO_DROP_ARP_MALFORMED, 7); /* the type says ARP */
}

static void step_8_ip_header(void **state)
{
    (void)state;
    one_flip(14 + 10, 1, BARO_DROP_IP_CHECKSUM, 8);
    one_flip(14, 0x20, BARO_DROP_IP_VERSION, 8);
    {
        struct line *line = line_new("10base-t", &(struct baro_host_config){ 0 });
        struct baro_packet packet = good();

        packet.destination = baro_ipv4(10, 0, 0, 77);
        put(line, &packet, 0, 0);
        only(line, BARO_DROP_IP_NOT_FOR_ME, 8);
    }
}

static void step_9_fragments(void **state)
{
    struct line *line = line_new("10base-t", &(struct baro_host_config){ 0 });
    struct baro_packet packet = good();

    (void)state;
    packet.more_fragments = true;
    put(line, &packet, 0, 0);
    packet.fragment_offset = 32;
    put(line, &packet, 0, 0);
    only(line, BARO_DROP_FRAGMENT_OVERLAP, 9);
}

static void step_10_protocol_number(void **state)
{
    struct line *line;
    struct baro_packet packet = good();

    (void)state;
    one_flip(0, 0, BARO_DROP_PROTOCOL_UNKNOWN, 10);
    line = line_new("10base-t", &(struct baro_host_config){ 0 });
    packet.layer = BARO_PACKET_UDP;
    packet.destination_port.number = 9;
    put(line, &packet, 0, 0);
    only(line, BARO_DROP_UDP_NO_SOCKET, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_datagram_goes_all_the_way),
        cmocka_unit_test(step_1_signal),
        cmocka_unit_test(step_2_fcs),
        cmocka_unit_test(step_3_mac_address),
        cmocka_unit_test(step_4_ring),
        cmocka_unit_test(step_5_driver),
        cmocka_unit_test(step_6_type_field),
        cmocka_unit_test(step_7_right_software),
        cmocka_unit_test(step_8_ip_header),
        cmocka_unit_test(step_9_fragments),
        cmocka_unit_test(step_10_protocol_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
