/* Marks of congestion on a wire (RFC 3168 §5): who gets one, that checksums stay right, and when it is crowded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "baro/packet.h"
#include "network/network_internal.h"
#include "support/test_line.h"

enum { NOT_ECT, ECT_1, ECT_0, CE, ROOM = 256 };

static size_t make(uint8_t *frame, bool v6, uint8_t tos, int vlan)
{
    static const uint8_t text[100] = { 7, 1, 9 };
    struct baro_packet packet = { .destination_mac = { { 2, 0, 0, 0, 0, 2 } },
                                  .source_mac = { { 2, 0, 0, 0, 0, 1 } },
                                  .vlan = vlan,
                                  .ttl = 64,
                                  .tos = tos,
                                  .flow_label = 0x81234,
                                  .id = 0xfffe,
                                  .layer = BARO_PACKET_UDP,
                                  .source_port = { 1000 },
                                  .destination_port = { 2000 },
                                  .payload = { text, sizeof text } };
    ptrdiff_t length;

    packet.source = v6 ? baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1) : baro_ipv4(10, 0, 0, 1);
    packet.destination = v6 ? baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 2) : baro_ipv4(10, 0, 0, 2);
    packet.ethernet_type = v6 ? 0x86dd : 0x0800;
    length = baro_packet_build_frame(&packet, (struct baro_buffer){ frame, ROOM });
    assert_true(length > 0);
    return (size_t)length;
}

static void ect_becomes_ce_and_nothing_else_does(void **state)
{
    uint8_t frame[ROOM], before[ROOM];
    struct baro_packet packet;

    (void)state;
    for (unsigned kind = 0; kind < 4; kind++) {
        for (unsigned tos = 0; tos < 256; tos++) {
            bool ect = (tos & CE) == ECT_0 || (tos & CE) == ECT_1;
            size_t length = make(frame, kind & 1, (uint8_t)tos, kind & 2 ? 5 : -1);

            memcpy(before, frame, length);
            assert_int_equal(mark_congestion(frame, (uint32_t)length), ect);
            if (!ect)
                assert_memory_equal(frame, before, length);
            assert_int_equal(baro_packet_parse_frame(&packet, (struct baro_bytes){ frame, length }), 0);
            assert_int_equal(packet.tos, ect ? tos | CE : tos);
            assert_true(packet.ip_checksum_right);
            assert_true(packet.transport_checksum_right);
            assert_int_equal(packet.flow_label, kind & 1 ? 0x81234 : 0);
        }
    }
}

/* Every value of the word beside the one that changes, so that each carry comes about. */
static void the_checksum_is_right_whatever_it_was(void **state)
{
    uint8_t frame[ROOM];
    struct baro_packet packet;

    (void)state;
    for (unsigned id = 0; id < 65536; id++) {
        size_t length = make(frame, false, ECT_0, -1);
        unsigned sum = (unsigned)frame[24] << 8 | frame[25], from = 0xfffe;

        frame[18] = (uint8_t)(id >> 8);
        frame[19] = (uint8_t)id;
        sum = (~sum & 0xffff) + (~from & 0xffff) + id;
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        frame[24] = (uint8_t)(~sum >> 8);
        frame[25] = (uint8_t)~sum;
        assert_true(mark_congestion(frame, (uint32_t)length));
        assert_int_equal(baro_packet_parse_frame(&packet, (struct baro_bytes){ frame, length }), 0);
        if (!packet.ip_checksum_right)
            fail_msg("identification %u", id);
    }
}

static void what_is_no_ip_packet_stays(void **state)
{
    uint8_t frame[ROOM], before[ROOM];
    size_t length = make(frame, false, ECT_0, -1);

    (void)state;
    memcpy(before, frame, length);
    for (uint32_t short_of = 0; short_of < 34; short_of++)
        assert_false(mark_congestion(frame, short_of));
    frame[13] = 6; /* ARP */
    assert_false(mark_congestion(frame, (uint32_t)length));
    frame[13] = 0;
    frame[14] = 0x65; /* says IPv4 outside, IPv6 inside */
    assert_false(mark_congestion(frame, (uint32_t)length));
    frame[14] = before[14];
    assert_memory_equal(frame, before, length);
    length = make(frame, true, ECT_0, -1);
    assert_false(mark_congestion(frame, 14 + 39));
    assert_true(mark_congestion(frame, (uint32_t)length));
}

struct station {
    unsigned count, marked, fcs_wrong;
};

static void note(void *context, const struct baro_transmission *transmission)
{
    struct station *station = context;
    struct baro_packet packet;
    uint8_t frame[ROOM];
    size_t length = 0;

    for (unsigned i = 0; i < transmission->parts; i++) {
        memcpy(frame + length, transmission->part[i].data, transmission->part[i].length);
        length += transmission->part[i].length;
    }
    if (transmission->fcs)
        station->fcs_wrong += baro_fcs(frame, length) != BARO_FCS_RESIDUE;
    assert_int_equal(baro_packet_parse_frame(&packet, (struct baro_bytes){ frame, length }), 0);
    station->count++;
    station->marked += (packet.tos & CE) == CE;
}

static void ignore(void *context, const struct baro_transmission *transmission)
{
    (void)context;
    (void)transmission;
}

static struct baro_wire_counts ten_at_once(const char *specification, uint8_t tos, struct station *station)
{
    struct baro_network_config config = { .seed = 1 };
    struct baro_network *network = baro_network_create(&config);
    struct baro_wire_config faults;
    struct baro_wire_counts counts;
    struct baro_medium medium;
    struct baro_wire *wire;
    uint8_t frame[ROOM];
    size_t length = make(frame, false, tos, -1);
    char error[200];

    assert_int_equal(baro_wire_parse(specification, &faults, error, sizeof error), 0);
    wire = baro_wire_create(network, &faults);
    medium = wire_medium(wire, 0);
    wire_attach(wire, 0, (struct baro_station){ station, ignore, NULL, NULL });
    wire_attach(wire, 1, (struct baro_station){ station, note, NULL, NULL });
    if (medium.fcs)
        length = test_frame_add_fcs(frame, (uint32_t)length);
    for (unsigned i = 0; i < 10; i++) {
        struct baro_transmission transmission = { .start = baro_network_now(network), .part = { { frame, length } },
                                                  .parts = 1, .fcs = medium.fcs };
        assert_int_equal(medium.transmit(medium.context, &transmission), 0);
    }
    baro_network_advance(network, (struct baro_instant){ 100000000000 });
    baro_wire_statistics(wire, 0, &counts);
    baro_network_free(network);
    return counts;
}

/* Of ten that come at once the first four find fewer than four in the queue. */
static void a_crowded_queue_marks(void **state)
{
    static const char *const wires[] = { "rate=1mbit,ecn=4", "rate=1mbit,ecn=4,corrupt=0.0001%" };
    struct baro_wire_counts counts;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct station capable = { 0 }, incapable = { 0 };

        counts = ten_at_once(wires[i], ECT_0, &capable);
        assert_int_equal(capable.count, 10);
        assert_int_equal(capable.marked, 6);
        assert_int_equal(capable.fcs_wrong, 0);
        assert_int_equal(counts.marked, 6);
        counts = ten_at_once(wires[i], NOT_ECT, &incapable);
        assert_int_equal(incapable.count, 10);
        assert_int_equal(incapable.marked, 0);
        assert_int_equal(counts.marked, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ect_becomes_ce_and_nothing_else_does),
        cmocka_unit_test(the_checksum_is_right_whatever_it_was),
        cmocka_unit_test(what_is_no_ip_packet_stays),
        cmocka_unit_test(a_crowded_queue_marks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
