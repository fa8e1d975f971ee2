/* The virtio-net header: what the stack leaves undone is told, what comes in is held against its frame, and each wrong
 * field has a verdict of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <linux/virtio_net.h>
#include <string.h>

#include "base/checksum.h"
#include "host/device/vnet.h"

enum { ETHERNET = 14, TCP = 20, PAYLOAD = 3000, LONGEST = 8192 };

struct made {
    uint8_t octets[LONGEST]; /* the header and the frame */
    uint32_t length;
    uint32_t transport;      /* in the frame */
    struct virtio_net_hdr header;
};

/* A TCP (6) or UDP (17) frame over IPv4 or IPv6, behind a header that says nothing. */
static void make(struct made *made, bool v6, uint8_t protocol)
{
    uint8_t *frame = made->octets + VNET_HEADER;
    uint32_t front = protocol == 6 ? TCP : 8;

    memset(made, 0, sizeof *made);
    frame[12] = v6 ? 0x86 : 0x08;
    frame[13] = v6 ? 0xdd : 0x00;
    frame[ETHERNET] = v6 ? 0x60 : 0x45;
    frame[ETHERNET + (v6 ? 6 : 9)] = protocol;
    made->transport = ETHERNET + (v6 ? 40 : 20);
    if (protocol == 6)
        frame[made->transport + 12] = TCP / 4 << 4;
    for (uint32_t i = 0; i < PAYLOAD; i++)
        frame[made->transport + front + i] = (uint8_t)(i * 7);
    made->length = VNET_HEADER + made->transport + front + PAYLOAD;
    made->header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    made->header.csum_start = (uint16_t)made->transport;
    made->header.csum_offset = protocol == 6 ? 16 : 6;
}

static enum vnet_verdict take(struct made *made, bool finish, struct baro_rx_frame *frame)
{
    memset(frame, 0xff, sizeof *frame);
    memcpy(made->octets, &made->header, sizeof made->header);
    return vnet_read(made->octets, made->length, finish, frame);
}

static void undone_checksums_count_as_verified(void **state)
{
    struct baro_rx_frame frame;
    struct made made;
    (void)state;

    for (unsigned i = 0; i < 4; i++) {
        make(&made, i & 1, i & 2 ? 6 : 17);
        assert_int_equal(take(&made, false, &frame), VNET_OK);
        assert_int_equal(frame.checksum, BARO_RX_CHECKSUM_VERIFIED);
        assert_int_equal(frame.gso_size, 0);
        assert_ptr_equal(frame.data, made.octets + VNET_HEADER);
        assert_int_equal(frame.length, made.length - VNET_HEADER);
    }
    made.header = (struct virtio_net_hdr){ .flags = VIRTIO_NET_HDR_F_DATA_VALID };
    assert_int_equal(take(&made, false, &frame), VNET_OK);
    assert_int_equal(frame.checksum, BARO_RX_CHECKSUM_VERIFIED);
    made.header.flags = 0;
    assert_int_equal(take(&made, false, &frame), VNET_OK);
    assert_int_equal(frame.checksum, BARO_RX_CHECKSUM_NONE);
}

/* The pseudo-header's sum stands in the place; afterwards the sum over all, that one included, is right. */
static void assert_finished(struct made *made, bool finish, enum baro_rx_checksum checksum)
{
    uint8_t *at = made->octets + VNET_HEADER + made->header.csum_start;
    uint8_t *place = at + made->header.csum_offset;
    const uint8_t pseudo[2] = { 0x12, 0x34 };
    struct baro_rx_frame frame;
    uint32_t length = made->length - VNET_HEADER - made->header.csum_start;

    memcpy(place, pseudo, 2);
    assert_int_equal(take(made, finish, &frame), VNET_OK);
    assert_int_equal(frame.checksum, checksum);
    assert_int_not_equal(memcmp(place, pseudo, 2), 0);
    assert_int_equal(checksum_fold(checksum_add(checksum_add(0, pseudo, 2), at, length)), 0);
}

static void checksums_are_finished_on_wish_and_where_no_transport_header_begins(void **state)
{
    struct made made;
    (void)state;

    for (unsigned odd = 0; odd < 2; odd++) {
        make(&made, odd, 6);
        made.length -= odd;
        assert_finished(&made, true, BARO_RX_CHECKSUM_VERIFIED);
    }
    make(&made, true, 44); /* behind a fragment header of IPv6 */
    made.header.csum_start = (uint16_t)(made.transport + 8);
    made.header.csum_offset = 16;
    assert_finished(&made, false, BARO_RX_CHECKSUM_NONE);
    make(&made, false, 17); /* UDP, but the place is TCP's */
    made.header.csum_offset = 16;
    assert_finished(&made, false, BARO_RX_CHECKSUM_NONE);
    make(&made, false, 6); /* a fragment of IPv4 */
    made.octets[VNET_HEADER + ETHERNET + 6] = 0x20;
    assert_finished(&made, false, BARO_RX_CHECKSUM_NONE);
}

static void a_sum_of_zero_is_written_as_ones(void **state)
{
    struct baro_rx_frame frame;
    struct made made;
    (void)state;

    make(&made, false, 17);
    memset(made.octets + VNET_HEADER + made.transport, 0, 8 + PAYLOAD);
    memset(made.octets + VNET_HEADER + made.transport + 6, 0xff, 2);
    assert_int_equal(take(&made, true, &frame), VNET_OK);
    assert_int_equal(frame.data[made.transport + 6], 0xff);
    assert_int_equal(frame.data[made.transport + 7], 0xff);
}

static void make_super(struct made *made, bool v6)
{
    make(made, v6, 6);
    made->header.gso_type = v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
    made->header.gso_size = 1448;
}

static void super_frames_keep_their_size(void **state)
{
    struct baro_rx_frame frame;
    struct made made;
    (void)state;

    for (unsigned v6 = 0; v6 < 2; v6++) {
        make_super(&made, v6);
        assert_int_equal(take(&made, false, &frame), VNET_OK);
        assert_int_equal(frame.gso_size, 1448);
        made.header.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
        assert_int_equal(take(&made, false, &frame), VNET_OK);
        assert_int_equal(frame.gso_size, 1448);
        made.header.gso_size = PAYLOAD; /* one piece is an ordinary segment */
        assert_int_equal(take(&made, false, &frame), VNET_OK);
        assert_int_equal(frame.gso_size, 0);
        made.header.gso_size = PAYLOAD - 1;
        assert_int_equal(take(&made, false, &frame), VNET_OK);
        assert_int_equal(frame.gso_size, PAYLOAD - 1);
    }
}

static void wrong_headers_are_refused(void **state)
{
    struct baro_rx_frame frame;
    struct made made;
    (void)state;

    make(&made, false, 6);
    made.length = VNET_HEADER + ETHERNET - 1;
    assert_int_equal(take(&made, false, &frame), VNET_SHORT);
    make(&made, false, 6);
    made.header.csum_start = (uint16_t)(made.length - VNET_HEADER - 17);
    assert_int_equal(take(&made, false, &frame), VNET_CHECKSUM_RANGE);
    made.header.csum_start--; /* the last place that is inside */
    assert_int_equal(take(&made, false, &frame), VNET_OK);
    made.header.csum_start = UINT16_MAX;
    made.header.csum_offset = UINT16_MAX;
    assert_int_equal(take(&made, false, &frame), VNET_CHECKSUM_RANGE);
    made.header.csum_start = ETHERNET - 1;
    made.header.csum_offset = 16;
    assert_int_equal(take(&made, false, &frame), VNET_CHECKSUM_RANGE);
    make_super(&made, false);
    made.header.gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
    assert_int_equal(take(&made, false, &frame), VNET_GSO_KIND);
    made.header.gso_type = 5; /* UDP_L4, unknown to older headers */
    assert_int_equal(take(&made, false, &frame), VNET_GSO_KIND);
    make(&made, true, 17);
    made.header.gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
    made.header.gso_size = 1448;
    assert_int_equal(take(&made, false, &frame), VNET_GSO_KIND);
    make_super(&made, false);
    made.header.flags = 0;
    assert_int_equal(take(&made, false, &frame), VNET_GSO_CHECKSUM);
    make_super(&made, true);
    made.header.gso_size = 0;
    assert_int_equal(take(&made, false, &frame), VNET_GSO_SIZE);
    make_super(&made, true);
    made.length = VNET_HEADER + made.transport + 19;
    assert_int_equal(take(&made, false, &frame), VNET_GSO_HEADERS);
    make_super(&made, true);
    made.octets[VNET_HEADER + made.transport + 12] = 4 << 4;
    assert_int_equal(take(&made, false, &frame), VNET_GSO_HEADERS);
    made.octets[VNET_HEADER + made.transport + 12] = 15 << 4;
    made.length = VNET_HEADER + made.transport + 59;
    assert_int_equal(take(&made, false, &frame), VNET_GSO_HEADERS);
}

/* What is written is read again as it was meant. */
static void written_headers_are_read_again(void **state)
{
    struct baro_rx_frame frame;
    struct made made;
    (void)state;

    for (unsigned v6 = 0; v6 < 2; v6++) {
        make(&made, v6, 6);
        struct baro_tx_frame out = { .part = { { made.octets + VNET_HEADER, made.length - VNET_HEADER } }, .parts = 1,
                                     .gso_size = 1400, .header_length = (uint16_t)(made.transport + TCP),
                                     .checksum_start = (uint16_t)made.transport, .checksum_offset = 16 };
        for (unsigned cwr = 0; cwr < 2; cwr++) {
            made.octets[VNET_HEADER + made.transport + 13] = cwr ? 0x80 : 0x40;
            vnet_write(made.octets, &out);
            memcpy(&made.header, made.octets, sizeof made.header);
            assert_int_equal(made.header.gso_type & VIRTIO_NET_HDR_GSO_ECN, cwr ? VIRTIO_NET_HDR_GSO_ECN : 0);
            assert_int_equal(made.header.hdr_len, made.transport + TCP);
            assert_int_equal(take(&made, false, &frame), VNET_OK);
            assert_int_equal(frame.gso_size, 1400);
            assert_int_equal(frame.checksum, BARO_RX_CHECKSUM_VERIFIED);
        }
        out.gso_size = out.checksum_start = out.checksum_offset = 0;
        vnet_write(made.octets, &out);
        memcpy(&made.header, made.octets, sizeof made.header);
        assert_int_equal(take(&made, false, &frame), VNET_OK);
        assert_int_equal(frame.checksum, BARO_RX_CHECKSUM_NONE);
    }
}

static void every_verdict_has_words(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VNET_VERDICT_COUNT; i++)
        assert_true(strlen(vnet_verdict_text((enum vnet_verdict)i)) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(undone_checksums_count_as_verified),
        cmocka_unit_test(checksums_are_finished_on_wish_and_where_no_transport_header_begins),
        cmocka_unit_test(a_sum_of_zero_is_written_as_ones),
        cmocka_unit_test(super_frames_keep_their_size),
        cmocka_unit_test(wrong_headers_are_refused),
        cmocka_unit_test(written_headers_are_read_again),
        cmocka_unit_test(every_verdict_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
