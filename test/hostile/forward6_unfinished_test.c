/* Packets of IPv6 to be passed on that never were on a wire: super-segments and undone checksums are finished here or
 * left to the next device; behind extension headers they are dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "hostile/router6.h"

/* The frame goes in as from a device that left its checksum undone, or a super-segment. */
static uint64_t feed_unfinished(uint16_t gso_size, enum baro_drop_reason reason)
{
    struct frame_device *device = &router.victim.device;
    uint64_t before = victim_drops(&router.victim, reason);
    struct device_frame *in;

    assert_true(frame_device_put(device, router.frame, router.length));
    in = &device->in[(device->in_first + device->in_count - 1) % FRAME_DEVICE_FRAMES];
    in->checksum = BARO_RX_CHECKSUM_VERIFIED;
    in->gso_size = gso_size;
    victim_wait(&router.victim, 0);
    return victim_drops(&router.victim, reason) - before;
}

static uint32_t super_segment(uint8_t *tcp, uint32_t octets)
{
    memset(tcp, 0, 20);
    write_be16(tcp, 1000);
    write_be16(tcp + 2, 2000);
    write_be32(tcp + 4, 0xfffffff0);
    tcp[12] = 5 << 4;
    tcp[13] = 0x99; /* CWR, ACK, PSH, FIN */
    for (uint32_t i = 0; i < octets; i++)
        tcp[20 + i] = (uint8_t)(i * 7 + i / 1000);
    return 20 + octets;
}

static void a_checksum_is_filled_in_or_left(void **state)
{
    struct sample sample = across();
    const struct device_frame *out;
    (void)state;
    for (unsigned able = 0; able < 2; able++) {
        uint16_t right;

        setup(1500, able == 0 ? 0 : BARO_DEVICE_TX_CHECKSUM);
        datagram(&sample, 333);
        right = read_be16(router.frame + DATA_AT + 6);
        write_be16(router.frame + DATA_AT + 6, 0x1234);
        feed_unfinished(0, BARO_DROP_IP_NOT_FOR_ME);
        out = frame_device_take(&router.far);
        assert_non_null(out);
        assert_int_equal(out->checksum_start, able == 0 ? 0 : DATA_AT);
        assert_int_equal(out->checksum_offset, able == 0 ? 0 : 6);
        if (able == 0)
            assert_int_equal(read_be16(out->data + DATA_AT + 6), right);
        else
            assert_int_equal((uint16_t)~read_be16(out->data + DATA_AT + 6),
                             checksum_fold(checksum_pseudo(sample.source, sample.destination, 17, 333)));
        teardown();
    }
}

static void a_super_segment_is_cut(void **state)
{
    static uint8_t tcp[4000];
    struct sample sample = across();
    const struct device_frame *out;
    uint32_t octets = super_segment(tcp, 3000), got = 0;
    (void)state;
    setup(1280, 0);
    sample.next = 6;
    build(&sample, tcp, octets);
    feed_unfinished(1200, BARO_DROP_IP_NOT_FOR_ME);
    for (unsigned i = 0; i < 3; i++) {
        uint32_t here;

        out = frame_device_take(&router.far);
        assert_non_null(out);
        here = out->length - DATA_AT - 20;
        assert_int_equal(here, i < 2 ? 1200 : 600);
        assert_int_equal(read_be16(out->data + 18), here + 20);
        assert_int_equal(out->data[21], 63);
        assert_memory_equal(out->data + 14, router.frame + 14, 4); /* class and flow label */
        assert_int_equal(sum_of(&sample, 6, out->data + DATA_AT, here + 20), 0);
        assert_int_equal(read_be32(out->data + DATA_AT + 4), (uint32_t)(0xfffffff0 + got));
        assert_int_equal(out->data[DATA_AT + 13], i == 0 ? 0x90 : i == 1 ? 0x10 : 0x19);
        assert_memory_equal(out->data + DATA_AT + 20, tcp + 20 + got, here);
        got += here;
    }
    assert_null(frame_device_take(&router.far));
    build(&sample, tcp, octets);
    assert_int_equal(feed_unfinished(1221, BARO_DROP_IP_TOO_BIG), 1); /* its pieces do not fit */
    out = icmp(ICMPV6_PACKET_TOO_BIG);
    assert_non_null(out);
    assert_int_equal(read_be32(out->data + DATA_AT + 4), 1280);
    teardown();
}

static void a_super_segment_goes_on_where_the_device_cuts(void **state)
{
    static uint8_t tcp[4000];
    struct sample sample = across();
    const struct device_frame *out;
    uint32_t octets = super_segment(tcp, 3000);
    (void)state;
    setup(1280, BARO_DEVICE_TX_CHECKSUM | BARO_DEVICE_TSO);
    sample.next = 6;
    build(&sample, tcp, octets);
    feed_unfinished(1200, BARO_DROP_IP_NOT_FOR_ME);
    out = frame_device_take(&router.far);
    assert_non_null(out);
    assert_int_equal(out->length, router.length);
    assert_int_equal(out->gso_size, 1200);
    assert_int_equal(out->header_length, DATA_AT + 20);
    assert_int_equal(out->checksum_start, DATA_AT);
    assert_int_equal(out->checksum_offset, 16);
    assert_int_equal(read_be16(out->data + 18), octets);
    assert_null(frame_device_take(&router.far));
    teardown();
}

static void behind_extension_headers_nothing_is_finished(void **state)
{
    static const uint8_t udp_follows[8] = { 17, 0, 1, 4 }, tcp_follows[8] = { 6, 0, 1, 4 },
                         fragment[8] = { 17, 0, 0, 1, 1, 2, 3, 4 };
    static uint8_t tcp[4000];
    struct sample sample = across();
    (void)state;
    setup(1500, BARO_DEVICE_TX_CHECKSUM | BARO_DEVICE_TSO);
    sample.next = IP_PROTOCOL_HOP_BY_HOP;
    sample.chain_length = 8;
    sample.chain = udp_follows;
    datagram(&sample, 100);
    assert_int_equal(feed_unfinished(0, BARO_DROP_IPV6_UNFINISHED), 0); /* it is right */
    assert_non_null(frame_device_take(&router.far));
    router.frame[DATA_AT + 8 + 7] ^= 1;
    assert_int_equal(feed_unfinished(0, BARO_DROP_IPV6_UNFINISHED), 1);
    assert_null(frame_device_take(&router.far));
    assert_int_equal(victim_drops(&router.victim, BARO_DROP_IPV6_UNFINISHED), 1);
    untouched(0); /* from a wire, a wrong one is its receiver's business */
    memset(router.frame + DATA_AT + 8 + 6, 0, 2); /* none: nothing to finish (RFC 6935) */
    assert_int_equal(feed_unfinished(0, BARO_DROP_IPV6_UNFINISHED), 0);
    assert_non_null(frame_device_take(&router.far));
    sample.next = IP_PROTOCOL_FRAGMENT;
    sample.chain = fragment;
    datagram(&sample, 100); /* of the datagram's sum this is not all */
    router.frame[DATA_AT + 8 + 7] ^= 1;
    assert_int_equal(feed_unfinished(0, BARO_DROP_IPV6_UNFINISHED), 0);
    assert_non_null(frame_device_take(&router.far));
    sample.next = IP_PROTOCOL_HOP_BY_HOP;
    sample.chain = tcp_follows;
    super_segment(tcp, 1300);
    write_be16(tcp + 16, sum_of(&sample, 6, tcp, 1320)); /* right as a whole, but it is two */
    build(&sample, tcp, 1320);
    assert_int_equal(feed_unfinished(650, BARO_DROP_IPV6_UNFINISHED), 1);
    assert_null(frame_device_take(&router.far));
    teardown();
}

/* Whatever comes: what goes out fits the wire and is as long as it says, and the router lives on. */
static void anything(void **state)
{
    static const uint8_t nexts[] = { 6, 17, 58, 59, 0, 43, 44, 60, 255 };
    static uint8_t data[4000], chain[16];
    uint32_t random = 1, passed = 0;
    (void)state;
    setup(1280, 0);
    for (unsigned round = 0; round < 20000; round++) {
        struct sample sample = across();
        const struct device_frame *out;
        uint32_t word[6];

        for (unsigned i = 0; i < 6; i++)
            word[i] = (random = random * 1664525 + 1013904223) >> 8;
        sample.next = nexts[word[0] % sizeof nexts];
        sample.hop_limit = (uint8_t)(word[0] >> 8);
        memcpy(chain, word, sizeof chain);
        chain[0] = nexts[word[1] % sizeof nexts];
        chain[1] = (uint8_t)(word[1] >> 8 & 3);
        sample.chain = chain;
        sample.chain_length = (word[2] & 3) * 4;
        memcpy(data, word, sizeof word);
        data[12] = (uint8_t)word[4];
        build(&sample, data, word[3] % (round % 2 == 0 ? 40 : 3000));
        feed_unfinished((uint16_t)(word[5] % 3 == 0 ? 0 : 1 + word[5] % 1400), BARO_DROP_IPV6_UNFINISHED);
        while ((out = frame_device_take(&router.far)) != NULL) {
            assert_true(out->length <= 1280 + IP_AT);
            assert_int_equal(read_be16(out->data + 18), out->length - DATA_AT);
            passed++;
        }
        victim_forget(&router.victim);
    }
    assert_true(passed > 5000);
    teardown();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_checksum_is_filled_in_or_left),
        cmocka_unit_test(a_super_segment_is_cut),
        cmocka_unit_test(a_super_segment_goes_on_where_the_device_cuts),
        cmocka_unit_test(behind_extension_headers_nothing_is_finished),
        cmocka_unit_test(anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
