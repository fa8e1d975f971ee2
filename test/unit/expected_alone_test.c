/* Frames that come alone, each of them the next of the same connection: what stands in front of their TCP header is
 * compared with that of the one before (src/expected.c), and what is not known of it any more is asked again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "baro/socket.h"
#include "transport/tcp/connection.h"

#include "support/two_ends.h" /* its `now` stands behind the others' */

enum { PORT = 7000, TURNS = 4 };

static int fd[2];

static void connect_them(bool ipv6)
{
    const struct baro_endpoint to = { cable_address(ipv6, 1), { PORT } };
    const enum baro_family family = ipv6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4;
    int listener;

    now.ns = 1000000000;
    create(0, ipv6);
    create(1, ipv6);
    listener = baro_socket(side[1].stack, family, BARO_STREAM);
    assert_int_equal(baro_bind(side[1].stack, listener, &to), 0);
    assert_int_equal(baro_listen(side[1].stack, listener, 4), 0);
    fd[0] = baro_socket(side[0].stack, family, BARO_STREAM);
    assert_int_equal(baro_connect(side[0].stack, fd[0], &to), -EINPROGRESS);
    settle();
    fd[1] = baro_accept(side[1].stack, listener, NULL);
    assert_true(fd[1] >= 0);
}

static void end_them(void)
{
    for (unsigned end = 0; end < 2; end++) {
        baro_stack_check_invariants(side[end].stack);
        cable_end(side[end].stack, &side[end].device, &side[end].memory);
    }
}

static void say(unsigned end)
{
    assert_int_equal(baro_send(side[end].stack, fd[end], "abcd", 4, 0), 4);
    baro_stack_flush(side[end].stack);
}

static ptrdiff_t hear(unsigned end)
{
    uint8_t data[8];

    baro_stack_poll(side[end].stack, now);
    return baro_recv(side[end].stack, fd[end], data, sizeof data, 0);
}

/* Both say something in turn; each end remembers the other's header then. */
static void talk(void)
{
    for (unsigned turn = 0; turn < TURNS; turn++) {
        for (unsigned end = 0; end < 2; end++) {
            say(end);
            assert_int_equal(frame_device_carry(&side[end].device, &side[1 - end].device), 1);
            assert_int_equal(hear(1 - end), 4);
        }
    }
    assert_true(side[0].stack->before.type != 0 && side[1].stack->before.type != 0);
}

static void each_is_taken(void **state)
{
    (void)state;
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        uint64_t before;

        connect_them(ipv6);
        talk();
        before = side[1].stack->tcp->expected;
        talk();
        assert_int_equal(side[1].stack->tcp->expected - before, TURNS);
        end_them();
    }
}

/* What was found out of the source is found out again. */
static void who_has_an_address_of_ours_is_not_heard(void **state)
{
    (void)state;
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        connect_them(ipv6);
        talk();
        assert_int_equal(baro_stack_add_address(side[1].stack, 1, cable_address(ipv6, 0), ipv6 ? 64 : 24, false), 0);
        say(0);
        frame_device_carry(&side[0].device, &side[1].device);
        assert_int_equal(hear(1), -EAGAIN);
        end_them();
    }
}

/* It is for the other device's MAC address. */
static void by_another_device_it_is_another_frame(void **state)
{
    static struct frame_device other;

    (void)state;
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        connect_them(ipv6);
        frame_device_init(&other, 9, 1500);
        assert_int_equal(baro_stack_add_interface(side[1].stack, &other.device), 2);
        talk();
        say(0);
        frame_device_carry(&side[0].device, &other);
        assert_int_equal(hear(1), -EAGAIN);
        end_them();
        frame_device_release(&other);
    }
}

/* Of the way out the last connection's is remembered, too (src/fast_output.c): not when a reset went another way
 * meanwhile. */
static void an_answer_to_others_takes_another_way(void **state)
{
    const struct baro_endpoint other = { baro_ipv4(10, 0, 0, 77), { 0 } },
                               closed = { cable_address(false, 0), { PORT + 1 } };
    int from;

    (void)state;
    connect_them(false);
    assert_int_equal(baro_stack_add_address(side[1].stack, 1, other.address, 24, false), 0);
    assert_int_equal(baro_stack_set_neighbour(side[0].stack, 1, other.address, side[1].device.device.mac), 0);
    settle(); /* the address is announced */
    talk();
    from = baro_socket(side[1].stack, BARO_FAMILY_IPV4, BARO_STREAM);
    assert_int_equal(baro_bind(side[1].stack, from, &other), 0);
    assert_int_equal(baro_connect(side[1].stack, from, &closed), -EINPROGRESS);
    baro_stack_flush(side[1].stack);
    assert_int_equal(frame_device_carry(&side[1].device, &side[0].device), 1);
    baro_stack_poll(side[0].stack, now);
    say(0);
    assert_int_equal(frame_device_carry(&side[0].device, &side[1].device), 3); /* an ACK, the reset, and the text */
    assert_int_equal(hear(1), 4);
    end_them();
}

/* May this octet of the front be another, and the segment still be for the same connection and whole? */
static bool may_differ(bool ipv6, unsigned octet)
{
    const unsigned source_mac = 6, type = 12, ip = 14;

    if (octet < ip)
        return octet >= source_mac && octet < type;
    return ipv6 && ((octet > ip && octet < ip + 4) || octet == ip + 7); /* class and label; hop limit */
}

/* In each octet a bit turns on the way; and what is lost so comes again. */
static void each_octet_counts(void **state)
{
    uint8_t sent[256], turned[256];

    (void)state;
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        connect_them(ipv6);
        talk();
        for (unsigned octet = 0; octet < (ipv6 ? 58u : 38u); octet++) {
            const struct device_frame *frame;
            const bool heard = may_differ(ipv6, octet);
            uint32_t length;

            say(0);
            frame = frame_device_take(&side[0].device);
            length = frame->length;
            assert_true(length <= sizeof sent);
            memcpy(sent, frame->data, length);
            memcpy(turned, sent, length);
            turned[octet] ^= 0x10;
            assert_true(frame_device_put(&side[1].device, turned, length));
            assert_int_equal(hear(1), heard ? 4 : -EAGAIN);
            if (!heard) {
                assert_true(frame_device_put(&side[1].device, sent, length));
                assert_int_equal(hear(1), 4);
            }
            say(1);
            assert_true(frame_device_carry(&side[1].device, &side[0].device) != 0); /* and what else there was to say */
            assert_int_equal(hear(0), 4);
            talk();
        }
        end_them();
    }
}

/* As a device that tells more of it than its octets. */
static void put(unsigned end, const uint8_t *frame, uint32_t length, bool verified, uint16_t gso_size)
{
    struct frame_device *device = &side[end].device;
    struct device_frame *last;

    assert_true(frame_device_put(device, frame, length));
    last = &device->in[(device->in_first + device->in_count - 1) % FRAME_DEVICE_FRAMES];
    last->checksum = verified ? BARO_RX_CHECKSUM_VERIFIED : BARO_RX_CHECKSUM_NONE;
    last->gso_size = gso_size;
}

/* What was true of the last one's sum and pieces is not of the next one. */
static void what_the_device_says_counts(void **state)
{
    uint8_t sent[256] = { 0 };

    (void)state;
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        const struct baro_statistics *counters;

        connect_them(ipv6);
        talk();
        counters = &side[1].stack->core.counters;
        for (unsigned turn = 0; turn < TURNS; turn++) {
            const uint64_t before = counters->tcp_in;
            const struct device_frame *frame;
            uint32_t length;

            say(0);
            frame = frame_device_take(&side[0].device);
            length = frame->length;
            memcpy(sent, frame->data, length);
            sent[length - 1] ^= 1; /* its sum is wrong */
            put(1, sent, length, false, 0);
            assert_int_equal(hear(1), -EAGAIN);
            put(1, sent, length, true, turn % 2 == 0 ? 2 : 0);
            assert_int_equal(hear(1), 4);
            assert_int_equal(counters->tcp_in - before, turn % 2 == 0 ? 3 : 2);
            say(1);
            assert_true(frame_device_carry(&side[1].device, &side[0].device) != 0);
            assert_int_equal(hear(0), 4);
        }
        end_them();
    }
}

/* Who watches sees each. */
static void a_capture_sees_it(void **state)
{
    uint8_t frame[256];

    (void)state;
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        int watching;

        connect_them(ipv6);
        talk();
        watching = baro_socket(side[1].stack, BARO_FAMILY_NONE, BARO_PACKET);
        assert_true(watching >= 0);
        say(0);
        frame_device_carry(&side[0].device, &side[1].device);
        assert_int_equal(hear(1), 4);
        assert_in_range(baro_recv(side[1].stack, watching, frame, sizeof frame, 0), 58, sizeof frame);
        assert_memory_equal(frame + 6, side[0].device.device.mac.octet, 6);
        baro_close(side[1].stack, watching);
        end_them();
    }
}

/* A frame that ends before its packet does is no segment, whatever it begins with; one that goes on behind it is. */
static void what_is_not_whole_is_not_taken(void **state)
{
    uint8_t sent[256] = { 0 };

    (void)state;
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        for (int more = -1; more < 2; more++) {
            const struct device_frame *frame;

            connect_them(ipv6);
            talk();
            say(0);
            frame = frame_device_take(&side[0].device);
            memcpy(sent, frame->data, frame->length);
            put(1, sent, (uint32_t)((int)frame->length + more), true, 0); /* no sum tells it */
            assert_int_equal(hear(1), more < 0 ? -EAGAIN : 4);
            end_them();
        }
    }
}

/* Of other lengths, in turn. */
static void other_lengths_are_taken(void **state)
{
    uint8_t data[8];

    (void)state;
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        connect_them(ipv6);
        talk();
        for (unsigned length = 1; length <= sizeof data; length++) {
            for (unsigned end = 0; end < 2; end++) {
                assert_int_equal(baro_send(side[end].stack, fd[end], "abcdefgh", length, 0), (int)length);
                baro_stack_flush(side[end].stack);
                assert_int_equal(frame_device_carry(&side[end].device, &side[1 - end].device), 1);
                assert_int_equal(hear(1 - end), (int)length);
            }
        }
        end_them();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_to_others_takes_another_way),
        cmocka_unit_test(each_is_taken),
        cmocka_unit_test(who_has_an_address_of_ours_is_not_heard),
        cmocka_unit_test(by_another_device_it_is_another_frame),
        cmocka_unit_test(each_octet_counts),
        cmocka_unit_test(what_the_device_says_counts),
        cmocka_unit_test(a_capture_sees_it),
        cmocka_unit_test(what_is_not_whole_is_not_taken),
        cmocka_unit_test(other_lengths_are_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
