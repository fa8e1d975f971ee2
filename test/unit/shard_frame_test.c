/* Whose a frame is: flows both ways, errors by what they quote, what is everybody's, and nothing read beyond a frame's
 * end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "baro/shard.h"

enum { FOUR = 14 + 20, SIX = 14 + 40 };

static struct baro_shard of(uint32_t count)
{
    /* Who asks need not be one of them. */
    return (struct baro_shard){ .number = count, .count = count, .key = { 0x0123456789abcdef, 42 } };
}

static struct baro_address address(bool v6, uint8_t last)
{
    return v6 ? baro_ipv6(0xfd00, 9, 0, 0, 0, 0, 0, last) : baro_ipv4(10, 9, 0, last);
}

/* An IP packet behind `at` octets; the transport's first octets are `data`. Its end. */
static size_t put_packet(uint8_t *to, bool v6, uint8_t from, uint8_t towards, uint8_t protocol, const uint8_t *data,
                         size_t length)
{
    struct baro_address source = address(v6, from), destination = address(v6, towards);
    size_t header = v6 ? 40 : 20;

    memset(to, 0, header);
    to[0] = v6 ? 0x60 : 0x45;
    to[v6 ? 6 : 9] = protocol;
    memcpy(to + (v6 ? 8 : 12), source.octet, v6 ? 16 : 4);
    memcpy(to + (v6 ? 24 : 16), destination.octet, v6 ? 16 : 4);
    memcpy(to + header, data, length);
    return header + length;
}

/* Asks about a copy that ends just where the frame does. */
static uint32_t whose(const struct baro_shard *shard, bool v6, const uint8_t *packet, size_t length)
{
    uint8_t *frame = calloc(1, 14 + length);
    uint32_t number;

    assert_non_null(frame);
    frame[0] = 2;
    frame[12] = v6 ? 0x86 : 0x08;
    frame[13] = v6 ? 0xdd : 0x00;
    memcpy(frame + 14, packet, length);
    number = baro_shard_of_frame(shard, (struct baro_bytes){ frame, 14 + length });
    free(frame);
    return number;
}

static void ports(uint8_t *to, uint16_t source, uint16_t destination)
{
    const uint8_t octets[8] = { (uint8_t)(source >> 8), (uint8_t)source, (uint8_t)(destination >> 8),
                                (uint8_t)destination };

    memcpy(to, octets, 8);
}

static void test_flows(void **state)
{
    (void)state;
    for (uint32_t count = 2; count <= 5; count++) {
        const struct baro_shard shard = of(count);
        unsigned share[5] = { 0 };

        for (unsigned i = 0; i < 2000; i++) {
            bool v6 = i % 2 != 0;
            uint8_t protocol = i % 4 < 2 ? 6 : 17, data[8], packet[64];
            struct baro_endpoint one = { address(v6, 1), { (uint16_t)(30000 + i) } },
                                 other = { address(v6, 2), { 80 } };
            uint32_t number = baro_shard_of_flow(&shard, protocol, &one, &other);

            assert_true(number < count);
            assert_int_equal(baro_shard_of_flow(&shard, protocol, &other, &one), number);
            ports(data, one.port.number, 80);
            assert_int_equal(whose(&shard, v6, packet, put_packet(packet, v6, 1, 2, protocol, data, 8)), number);
            ports(data, 80, one.port.number);
            assert_int_equal(whose(&shard, v6, packet, put_packet(packet, v6, 2, 1, protocol, data, 8)), number);
            share[number]++;
        }
        for (uint32_t i = 0; i < count; i++) /* 5 standard deviations */
            assert_in_range(share[i], 2000 / count - 110, 2000 / count + 110);
    }
}

static void test_errors(void **state)
{
    const struct baro_shard shard = of(4);

    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        bool v6 = i % 2 != 0;
        uint8_t message[128] = { v6 ? 1 : 3 }, data[8], packet[200];
        struct baro_endpoint local = { address(v6, 1), { (uint16_t)(30000 + i) } }, remote = { address(v6, 2), { 80 } };
        size_t length;

        ports(data, local.port.number, 80);
        length = 8 + put_packet(message + 8, v6, 1, 2, 17, data, 8); /* what we sent, quoted by a router, 9 */
        assert_int_equal(whose(&shard, v6, packet, put_packet(packet, v6, 9, 1, v6 ? 58 : 1, message, length)),
                         baro_shard_of_flow(&shard, 17, &local, &remote));
        for (size_t cut = 0; cut < length; cut++) /* whatever is left of it: an answer, and nothing read beyond */
            (void)whose(&shard, v6, packet, put_packet(packet, v6, 9, 1, v6 ? 58 : 1, message, cut));
    }
}

static void test_everybodys(void **state)
{
    const struct baro_shard shard = of(4);
    uint8_t packet[128], data[16] = { 0 }, frame[60] = { 2 };

    (void)state;
    frame[12] = 0x08;
    frame[13] = 0x06;
    assert_int_equal(baro_shard_of_frame(&shard, (struct baro_bytes){ frame, 60 }), BARO_SHARD_ALL); /* ARP */
    frame[13] = 0x00;
    frame[14] = 0x45;
    assert_int_not_equal(baro_shard_of_frame(&shard, (struct baro_bytes){ frame, 60 }), BARO_SHARD_ALL);
    frame[0] = 0xff;
    assert_int_equal(baro_shard_of_frame(&shard, (struct baro_bytes){ frame, 60 }), BARO_SHARD_ALL); /* broadcast */
    for (int v6 = 0; v6 < 2; v6++) {
        size_t length;

        data[0] = v6 ? 129 : 0;
        length = put_packet(packet, v6, 2, 1, v6 ? 58 : 1, data, 8);
        assert_int_equal(whose(&shard, v6, packet, length), BARO_SHARD_ALL); /* echo reply */
        data[0] = v6 ? 128 : 8;
        length = put_packet(packet, v6, 2, 1, v6 ? 58 : 1, data, 8);
        assert_int_not_equal(whose(&shard, v6, packet, length), BARO_SHARD_ALL); /* echo request */
    }
    put_packet(packet, false, 2, 1, 17, data, 16);
    packet[6] = 0x20; /* more fragments */
    assert_int_equal(whose(&shard, false, packet, 36), BARO_SHARD_ALL);
    packet[6] = 0;
    packet[7] = 1; /* an offset */
    assert_int_equal(whose(&shard, false, packet, 36), BARO_SHARD_ALL);
    data[0] = 17;
    data[3] = 8; /* a fragment header, offset 8 */
    assert_int_equal(whose(&shard, true, packet, put_packet(packet, true, 2, 1, 44, data, 16)), BARO_SHARD_ALL);
    data[0] = 135; /* a neighbour solicitation */
    assert_int_equal(whose(&shard, true, packet, put_packet(packet, true, 2, 1, 58, data, 8)), BARO_SHARD_ALL);
}

static void test_short(void **state)
{
    const struct baro_shard shard = of(4), alone = of(1);
    uint8_t packet[128], data[8];

    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        size_t length;

        ports(data, 1, 2);
        length = put_packet(packet, v6, 1, 2, 6, data, 8);
        for (size_t cut = 0; cut < length; cut++)
            assert_in_range(whose(&shard, v6, packet, cut), 0, 3);
        assert_int_equal(whose(&alone, v6, packet, length), 0);
    }
    for (size_t cut = 0; cut < 14; cut++)
        assert_int_equal(baro_shard_of_frame(&shard, (struct baro_bytes){ packet, cut }), 0);
}

/* Frames that differ from the one before in a single octet, each in turn: a burst's answers are those of its frames. */
static void test_bursts(void **state)
{
    enum { FRAMES = 64 };
    const struct baro_shard shard = of(4);
    static const uint8_t changes[] = { 1, 2, 4, 0x20, 0x80 };

    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        static uint8_t octets[FRAMES][14 + 40 + 8];
        struct baro_bytes frames[FRAMES];
        uint32_t number[FRAMES];
        uint8_t data[8];

        ports(data, 1000, 2000);
        for (size_t change = 0; change < sizeof changes; change++) {
            for (size_t i = 0; i < FRAMES; i++) { /* every second one is the plain one */
                size_t length = 14 + put_packet(octets[i] + 14, v6, 1, 2, 6, data, 8);

                memcpy(octets[i], v6 ? "\2\0\0\0\0\1\2\0\0\0\0\2\x86\xdd" : "\2\0\0\0\0\1\2\0\0\0\0\2\x08\0", 14);
                if (i % 2 == 1)
                    octets[i][i / 2 + (v6 && change % 2 == 1 ? 26 : 0)] ^= changes[change];
                frames[i] = (struct baro_bytes){ octets[i], length };
            }
            baro_shard_of_burst(&shard, frames, FRAMES, number);
            for (size_t i = 0; i < FRAMES; i++)
                assert_int_equal(number[i], baro_shard_of_frame(&shard, frames[i]));
        }
        for (size_t cut = 0; cut < 64; cut++) { /* one that ends early between two that do not */
            frames[0] = frames[2] = (struct baro_bytes){ octets[0], v6 ? 62 : 42 };
            frames[1] = (struct baro_bytes){ octets[0], cut < frames[0].length ? cut : frames[0].length };
            baro_shard_of_burst(&shard, frames, 3, number);
            for (size_t i = 0; i < 3; i++)
                assert_int_equal(number[i], baro_shard_of_frame(&shard, frames[i]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flows),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_everybodys),
        cmocka_unit_test(test_short),
        cmocka_unit_test(test_bursts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
