/* What AF_PACKET's slots and AF_XDP's rings say is believed only where it can be; super-segments are cut and checksums
 * completed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <linux/if_packet.h>

#include "host/device/packet_slot.h"
#include "host/device/whole.h"
#include "host/device/xdp_ring.h"

enum { SLOT = 2048, CHUNK = 2048, CHUNKS = 8, RING = 8 };

/* ---- a slot ---- */

static void put_slot(uint8_t *slot, uint16_t mac, uint32_t snaplen, uint32_t length, struct virtio_net_hdr virtio)
{
    struct tpacket2_hdr header = { .tp_mac = mac, .tp_snaplen = snaplen, .tp_len = length };

    memset(slot, 0, SLOT);
    memcpy(slot, &header, sizeof header);
    if (mac >= sizeof virtio && mac <= SLOT)
        memcpy(slot + mac - sizeof virtio, &virtio, sizeof virtio);
}

static void test_slot(void **state)
{
    uint8_t slot[SLOT];
    struct packet_slot out;
    struct virtio_net_hdr virtio = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 16 };

    (void)state;
    put_slot(slot, 98, 60, 60, virtio);
    assert_true(packet_slot_read(slot, SLOT, TP_STATUS_USER, &out));
    assert_int_equal(out.at, 98);
    assert_int_equal(out.length, 60);
    assert_true(out.undone && !out.sum_is_right && !out.copied && !out.tagged);
    put_slot(slot, 98, 60, 60, (struct virtio_net_hdr){ .flags = VIRTIO_NET_HDR_F_DATA_VALID });
    assert_true(packet_slot_read(slot, SLOT, TP_STATUS_USER | TP_STATUS_VLAN_VALID, &out));
    assert_true(out.sum_is_right && out.tagged);
    put_slot(
        slot, 98, SLOT - 98, 30000,
        (struct virtio_net_hdr){ .gso_type = VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN, .gso_size = 1448 });
    assert_true(packet_slot_read(slot, SLOT, TP_STATUS_USER | TP_STATUS_COPY, &out));
    assert_true(out.copied && out.whole == 30000 && out.gso_type == VIRTIO_NET_HDR_GSO_TCPV4 && out.gso_size == 1448);
}

static void test_slot_bounds(void **state)
{
    uint8_t slot[SLOT];
    struct packet_slot out;
    const struct virtio_net_hdr none = { 0 };

    (void)state;
    put_slot(slot, 20, 60, 60, none); /* the frame in the header */
    assert_false(packet_slot_read(slot, SLOT, TP_STATUS_USER, &out));
    put_slot(slot, SLOT + 1, 0, 0, none);
    assert_false(packet_slot_read(slot, SLOT, TP_STATUS_USER, &out));
    put_slot(slot, 98, SLOT - 98 + 1, 4000, none); /* beyond the slot */
    assert_false(packet_slot_read(slot, SLOT, TP_STATUS_USER, &out));
    put_slot(slot, 98, 61, 60, none);
    assert_false(packet_slot_read(slot, SLOT, TP_STATUS_USER | TP_STATUS_COPY, &out));
    assert_true(out.copied); /* or the queue would be one behind for ever */
    put_slot(slot, 98, 60, 60,
             (struct virtio_net_hdr){ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 25 });
    assert_false(packet_slot_read(slot, SLOT, TP_STATUS_USER, &out)); /* the checksum behind the frame */
    put_slot(slot, 98, 60, 60, (struct virtio_net_hdr){ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 61 });
    assert_false(packet_slot_read(slot, SLOT, TP_STATUS_USER, &out));
    put_slot(slot, 98, 60, 60, (struct virtio_net_hdr){ .gso_type = VIRTIO_NET_HDR_GSO_TCPV6 }); /* of no size */
    assert_false(packet_slot_read(slot, SLOT, TP_STATUS_USER, &out));
}

/* ---- rings ---- */

struct world {
    uint32_t producer, consumer, flags;
    struct xdp_desc entry[RING];
    struct xdp_ring ring;
};

static const struct xdp_area area = { CHUNK, CHUNKS };

static void world_init(struct world *world, uint32_t at)
{
    memset(world, 0, sizeof *world);
    world->producer = world->consumer = at;
    world->ring = (struct xdp_ring){ .producer = &world->producer, .consumer = &world->consumer, .flags = &world->flags,
                                     .entry = world->entry, .size = RING, .at = at };
}

static void put(struct world *world, uint64_t address, uint32_t length, uint32_t options)
{
    world->entry[world->producer++ % RING] = (struct xdp_desc){ address, length, options };
}

static void test_ring_counts(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, UINT32_MAX - 2); /* indices run over */
    put(&world, 0, 60, 0);
    put(&world, 0, 60, 0);
    put(&world, 0, 60, 0);
    put(&world, 0, 60, 0);
    assert_int_equal(xdp_ring_filled(&world.ring), 4);
    world.ring.at += 4;
    xdp_ring_consumed(&world.ring);
    assert_int_equal(world.consumer, 1);
    world.producer = 0; /* behind us: nonsense */
    assert_int_equal(xdp_ring_filled(&world.ring), 0);
    world.producer = 1 + RING + 1; /* more than there is */
    assert_int_equal(xdp_ring_filled(&world.ring), 0);
    world.consumer = (uint32_t)1 - RING;
    assert_int_equal(xdp_ring_room(&world.ring), 0);
    world.consumer = 2; /* ahead of us: nonsense */
    assert_int_equal(xdp_ring_room(&world.ring), 0);
}

static void test_frames_of_pieces(void **state)
{
    struct world world;
    struct xdp_frame frame;

    (void)state;
    world_init(&world, 5);
    put(&world, 256, 60, 0);
    put(&world, CHUNK + 256, 1792, XDP_PKT_CONTD);
    put(&world, 2 * CHUNK + 256, 1000, 0);
    put(&world, 3 * CHUNK + 256, 1792, XDP_PKT_CONTD);
    frame = xdp_frame_look(&world.ring, 4, &area);
    assert_true(frame.whole && frame.right && frame.entries == 1 && frame.octets == 60);
    world.ring.at++;
    frame = xdp_frame_look(&world.ring, 3, &area);
    assert_true(frame.whole && frame.right && frame.entries == 2 && frame.octets == 2792);
    world.ring.at += 2;
    frame = xdp_frame_look(&world.ring, 1, &area);
    assert_true(!frame.whole && frame.right && frame.entries == 1); /* the rest is on its way */
}

static void test_frames_out_of_bounds(void **state)
{
    struct world world;
    struct xdp_frame frame;

    (void)state;
    world_init(&world, 0);
    put(&world, (uint64_t)CHUNK * CHUNKS, 1, 0); /* in the chunks of sending */
    put(&world, UINT64_MAX - 10, 60, 0);
    put(&world, CHUNK + 256, CHUNK - 256 + 1, 0); /* over the chunk's end */
    put(&world, 0, UINT32_MAX, XDP_PKT_CONTD);
    put(&world, 0, 60, 0);
    for (unsigned i = 0; i < 4; i++) {
        frame = xdp_frame_look(&world.ring, 5 - i, &area);
        assert_false(frame.right);
        assert_int_equal(frame.entries, i < 3 ? 1 : 2); /* all pieces of a wrong frame go with it */
        world.ring.at++;
    }
}

/* ---- frames of a wire ---- */

static uint32_t sum_of(const uint8_t *octets, uint32_t length)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < length; i++)
        sum += (i & 1) != 0 ? octets[i] : (uint32_t)octets[i] << 8;
    return sum;
}

/* The sum over a packet's transport with its pseudo-header: 0xffff where the checksum is right. */
static uint32_t verify(const uint8_t *frame, uint32_t length, bool ipv4, uint8_t protocol)
{
    uint32_t header = ipv4 ? 20 : 40, sum = ipv4 ? sum_of(frame + 14 + 12, 8) : sum_of(frame + 14 + 8, 32);

    sum += protocol + (length - 14 - header) + sum_of(frame + 14 + header, length - 14 - header);
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static uint32_t make(uint8_t *frame, bool ipv4, uint8_t protocol, uint32_t payload)
{
    uint32_t ip = ipv4 ? 20 : 40, transport = protocol == 6 ? 32 : 8, length = 14 + ip + transport + payload;

    for (uint32_t i = 0; i < length; i++)
        frame[i] = (uint8_t)(i * 7 + i / 251);
    frame[12] = ipv4 ? 0x08 : 0x86;
    frame[13] = ipv4 ? 0x00 : 0xdd;
    frame[14] = ipv4 ? 0x45 : 0x60;
    if (ipv4) {
        frame[16] = (uint8_t)((length - 14) >> 8);
        frame[17] = (uint8_t)(length - 14);
        frame[18] = 0x12;
        frame[19] = 0xff;
        frame[20] = 0x40;
        frame[21] = 0;
        frame[23] = protocol;
    } else {
        frame[18] = (uint8_t)((length - 54) >> 8);
        frame[19] = (uint8_t)(length - 54);
        frame[20] = protocol;
    }
    if (protocol == 6) {
        frame[14 + ip + 12] = 0x80;
        frame[14 + ip + 13] = 0x99; /* CWR, ACK, PSH, FIN */
        memset(frame + 14 + ip + 4, 0xff, 4);
    }
    return length;
}

static void test_cut(void **state)
{
    static uint8_t frame[70000], piece[2000];
    static const struct {
        bool ipv4;
        uint8_t protocol;
    } kind[] = { { true, 6 }, { false, 6 }, { true, 17 }, { false, 17 } };

    (void)state;
    for (unsigned k = 0; k < 4; k++) {
        bool ipv4 = kind[k].ipv4;
        uint32_t head = 14 + (ipv4 ? 20 : 40), length = make(frame, ipv4, kind[k].protocol, 10001), at = 0, pieces = 0;
        uint32_t data = head + (kind[k].protocol == 6 ? 32 : 8), part;
        struct whole_cut cut;

        assert_true(whole_cut_begin(&cut, frame, length, 1400, 1518));
        while ((part = whole_cut_next(&cut, piece)) != 0) {
            bool last = at + 1400 >= 10001;

            assert_int_equal(part, data + (last ? 10001 - at : 1400));
            assert_memory_equal(piece + data, frame + data + at, part - data);
            assert_int_equal(verify(piece, part, ipv4, kind[k].protocol), 0xffff);
            if (ipv4) {
                assert_int_equal(piece[16] << 8 | piece[17], part - 14);
                assert_int_equal(piece[18] << 8 | piece[19], 0x12ff + pieces);
                assert_int_equal(sum_of(piece + 14, 20) % 0xffff, 0);
            } else {
                assert_int_equal(piece[18] << 8 | piece[19], part - 54);
            }
            if (kind[k].protocol == 6) {
                assert_int_equal((uint32_t)piece[head + 4] << 24 | (uint32_t)piece[head + 5] << 16 |
                                     (uint32_t)piece[head + 6] << 8 | piece[head + 7], UINT32_MAX + at);
                assert_int_equal(piece[head + 13], 0x10 | (last ? 0x09 : 0) | (at == 0 ? 0x80 : 0));
            } else {
                assert_int_equal(piece[head + 4] << 8 | piece[head + 5], part - head);
            }
            at += part - data;
            pieces++;
        }
        assert_int_equal(at, 10001);
        assert_int_equal(pieces, 8);
    }
}

static void test_cut_refuses(void **state)
{
    static uint8_t frame[70000];
    uint32_t length = make(frame, true, 6, 5000);
    struct whole_cut cut;

    (void)state;
    assert_false(whole_cut_begin(&cut, frame, length, 0, 1518));
    assert_false(whole_cut_begin(&cut, frame, length, 1518 - 66 + 1, 1518)); /* pieces above the frame's limit */
    assert_true(whole_cut_begin(&cut, frame, length, 1518 - 66, 1518));
    assert_false(whole_cut_begin(&cut, frame, length, UINT32_MAX, 1518));
    frame[14 + 20 + 12] = 0x40; /* a TCP header of 16 octets */
    assert_false(whole_cut_begin(&cut, frame, length, 1400, 1518));
    make(frame, true, 6, 5000);
    frame[21] = 1; /* a fragment */
    assert_false(whole_cut_begin(&cut, frame, length, 1400, 1518));
    make(frame, true, 6, 5000);
    assert_false(whole_cut_begin(&cut, frame, 14 + 20 + 32, 1400, 1518)); /* nothing but headers */
    for (uint32_t i = 0; i < 66; i++)
        assert_false(whole_cut_begin(&cut, frame, i, 1400, 1518));
    frame[23] = 1;
    assert_false(whole_cut_begin(&cut, frame, length, 1400, 1518));
}

static void test_undone(void **state)
{
    uint8_t frame[1600];
    struct whole_transport transport;

    (void)state;
    for (unsigned k = 0; k < 4; k++) {
        bool ipv4 = k % 2 == 0;
        uint8_t protocol = k < 2 ? 6 : 17;
        uint32_t length = make(frame, ipv4, protocol, 333), padded = length + 7;
        uint32_t pseudo, field;

        memset(frame + length, 0xaa, 7);
        assert_true(whole_find(frame, padded, &transport));
        assert_false(whole_is_undone(frame, padded, &transport));
        field = transport.checksum;
        pseudo = (ipv4 ? sum_of(frame + 26, 8) : sum_of(frame + 22, 32)) + protocol + (length - transport.transport);
        while (pseudo >> 16 != 0)
            pseudo = (pseudo & 0xffff) + (pseudo >> 16);
        frame[field] = (uint8_t)(pseudo >> 8);
        frame[field + 1] = (uint8_t)pseudo;
        assert_true(whole_is_undone(frame, padded, &transport));
        assert_false(whole_is_undone(frame, length - 1, &transport)); /* cut short */
        assert_true(whole_complete(frame, transport.end, transport.transport, field - transport.transport));
        assert_int_equal(verify(frame, length, ipv4, protocol), 0xffff);
    }
    assert_false(whole_complete(frame, 60, 61, 0));
    assert_false(whole_complete(frame, 60, 50, 9));
    assert_false(whole_complete(frame, 60, 50, UINT32_MAX));
    assert_true(whole_complete(frame, 60, 50, 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slot),
        cmocka_unit_test(test_slot_bounds),
        cmocka_unit_test(test_ring_counts),
        cmocka_unit_test(test_frames_of_pieces),
        cmocka_unit_test(test_frames_out_of_bounds),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_cut_refuses),
        cmocka_unit_test(test_undone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
