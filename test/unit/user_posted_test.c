/* Receiving where the program says beforehand (baro_recv_post, baro_recv_collect): octets, windows, readiness, what
 * finds no room, urgent octets, ends and errors, and calls at the wrong time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "support/one_stack.h"

static uint8_t buffer[65536];

static ptrdiff_t send_from(int fd, uint64_t offset, size_t octets)
{
    static uint8_t data[65536];

    for (size_t i = 0; i < octets; i++)
        data[i] = octet_at(offset + i);
    return baro_send(stack, fd, data, octets, 0);
}

static void are_from(const uint8_t *data, uint64_t offset, size_t octets)
{
    for (size_t i = 0; i < octets; i++)
        assert_int_equal(data[i], octet_at(offset + i));
}

/* Buffers of all sizes, octets in all pieces: some wait before the post, some fill it, some find no room. */
static void octets_come_where_they_are_wanted(void **state)
{
    struct ends ends = open_ends(0, 0);
    uint64_t sent = 0, read = 0;
    unsigned full = 0, waited = 0, direct = 0;

    (void)state;
    for (unsigned round = 0; round < 4000; round++) {
        bool calm = round % 100 < 50; /* what was sent is read before more comes */
        size_t wanted = 1 + round * 37 % 1900, room = calm ? 30000 : 1 + round * 101 % 2900;
        ptrdiff_t got, there;

        if (!calm && (got = send_from(ends.client, sent, wanted)) > 0)
            sent += (uint64_t)got; /* without a buffer there */
        if (!calm)
            pass(1);
        there = baro_recv_post(stack, ends.server, buffer, room);
        assert_true(there >= 0 && (size_t)there <= room);
        buffer[room] = 0xaa;
        if ((got = send_from(ends.client, sent, wanted)) > 0)
            sent += (uint64_t)got;
        pass(1);
        assert_true(baro_readable_bytes(stack, ends.server) >= there);
        got = baro_recv_collect(stack, ends.server);
        assert_int_equal(buffer[room], 0xaa); /* never behind its end */
        if (got == -EAGAIN)
            continue;
        assert_true(got > 0 && got >= there && (size_t)got <= room);
        are_from(buffer, read, (size_t)got);
        read += (uint64_t)got;
        waited += there != 0;
        direct += there == 0;
        full += (size_t)got == room;
    }
    assert_true(full > 100 && waited > 100 && direct > 100);
    assert_true(read > 1000000 && sent >= read);
}

/* The window does not close though the program takes nothing: what is posted counts as read. */
static void the_window_stays_open(void **state)
{
    struct ends ends = open_ends(0, 8192);
    uint64_t sent = 0;

    (void)state;
    for (int i = 0; i < 60; i++) {
        ptrdiff_t taken = send_from(ends.client, sent, 1000);

        sent += taken > 0 ? (uint64_t)taken : 0;
        pass(2);
    }
    pass(500);
    assert_true(baro_readable_bytes(stack, ends.server) < 20000);
    assert_true(baro_recv_post(stack, ends.server, buffer, sizeof buffer) > 0);
    for (int i = 0; i < 200 && sent < 60000; i++) {
        ptrdiff_t taken = send_from(ends.client, sent, 60000 - sent < 1000 ? (size_t)(60000 - sent) : 1000);

        sent += taken > 0 ? (uint64_t)taken : 0;
        pass(2);
    }
    pass(1000);
    assert_int_equal(sent, 60000);
    assert_int_equal(baro_readable_bytes(stack, ends.server), 60000);
    assert_int_equal(baro_recv_collect(stack, ends.server), 60000);
    are_from(buffer, 0, 60000);
    assert_int_equal(baro_recv(stack, ends.server, buffer, 1, 0), -EAGAIN);
}

static void readiness_tells_of_what_came(void **state)
{
    struct ends ends = open_ends(0, 0);

    (void)state;
    is_ready(ends.server, 0);
    assert_int_equal(baro_recv_post(stack, ends.server, buffer, 100), 0);
    pass(1);
    assert_false(is_ready(ends.server, BARO_EVENT_IN));
    assert_false(baro_poll(stack, ends.server) & BARO_EVENT_IN);
    assert_int_equal(send_from(ends.client, 0, 10), 10);
    pass(1);
    assert_true(is_ready(ends.server, BARO_EVENT_IN));
    assert_true(baro_poll(stack, ends.server) & BARO_EVENT_IN);
    assert_int_equal(baro_recv_collect(stack, ends.server), 10);
    assert_false(baro_poll(stack, ends.server) & BARO_EVENT_IN);
}

/* One buffer a descriptor; while it is out nobody else reads. */
static void calls_at_the_wrong_time(void **state)
{
    struct ends ends = open_ends(0, 0);
    struct baro_bytes part[2];
    int fresh = stream(), packets = datagram();

    (void)state;
    assert_int_equal(baro_recv_collect(stack, ends.server), -EINVAL);
    assert_int_equal(baro_recv_post(stack, ends.server, buffer, 0), -EINVAL);
    assert_int_equal(baro_recv_post(stack, ends.server, buffer, 100), 0);
    assert_int_equal(baro_recv_post(stack, ends.server, buffer, 100), -EBUSY);
    assert_int_equal(send_from(ends.client, 0, 200), 200);
    pass(1);
    assert_int_equal(baro_recv(stack, ends.server, buffer + 1000, 10, 0), -EBUSY);
    assert_int_equal(baro_recv(stack, ends.server, buffer + 1000, 10, BARO_MSG_PEEK), -EBUSY);
    assert_int_equal(baro_recv_peek(stack, ends.server, part), -EBUSY);
    assert_int_equal(baro_recv_consume(stack, ends.server, 1), -EBUSY);
    assert_int_equal(baro_recv_collect(stack, ends.server), 100);
    assert_int_equal(baro_recv_collect(stack, ends.server), -EINVAL);
    assert_int_equal(baro_recv(stack, ends.server, buffer + 100, 1000, 0), 100); /* what found no room waited */
    are_from(buffer, 0, 200);
    assert_int_equal(baro_recv_post(stack, ends.client, buffer, 100), 0); /* the other direction's is another */
    assert_int_equal(baro_recv_collect(stack, ends.client), -EAGAIN);
    assert_int_equal(baro_recv_post(stack, 99, buffer, 1), -EBADF);
    assert_int_equal(baro_recv_collect(stack, 99), -EBADF);
    assert_int_equal(baro_recv_post(stack, packets, buffer, 1), -EOPNOTSUPP);
    assert_int_equal(baro_recv_post(stack, fresh, buffer, 1), -ENOTCONN);
    assert_int_equal(baro_recv_collect(stack, fresh), -ENOTCONN);
}

/* Reading stops in front of the mark; what is behind it waits for the next buffer. */
static void urgent_octets_are_not_among_them(void **state)
{
    struct ends ends = open_ends(0, 0);
    char octet;

    (void)state;
    assert_int_equal(baro_recv_post(stack, ends.server, buffer, 100), 0);
    assert_int_equal(baro_send(stack, ends.client, "ab", 2, 0), 2);
    pass(1);
    assert_int_equal(baro_send(stack, ends.client, "cdU", 3, BARO_MSG_OOB), 3);
    pass(1);
    assert_int_equal(baro_send(stack, ends.client, "ef", 2, 0), 2);
    pass(1);
    assert_int_equal(baro_recv_collect(stack, ends.server), 2);
    assert_memory_equal(buffer, "ab", 2);
    assert_int_equal(baro_recv_post(stack, ends.server, buffer, 100), 2);
    assert_int_equal(baro_recv(stack, ends.server, &octet, 1, BARO_MSG_OOB), 1);
    assert_int_equal(octet, 'U');
    assert_int_equal(baro_recv_collect(stack, ends.server), 2);
    assert_memory_equal(buffer, "cd", 2);
    assert_int_equal(baro_recv_post(stack, ends.server, buffer, 100), 2);
    assert_int_equal(baro_recv_collect(stack, ends.server), 2);
    assert_memory_equal(buffer, "ef", 2);
}

/* The end of the stream comes behind its octets, so does a reset; who closes has the buffer back. */
static void ends_in_between(void **state)
{
    struct ends ends = open_ends(0, 0), other = { .client = stream() };
    struct baro_linger reset = { .on = 1 };

    (void)state;
    assert_int_equal(baro_recv_post(stack, ends.server, buffer, 100), 0);
    assert_int_equal(baro_send(stack, ends.client, "last", 4, 0), 4);
    assert_int_equal(baro_shutdown(stack, ends.client, BARO_SHUT_WRITE), 0);
    pass(5);
    assert_int_equal(baro_recv_collect(stack, ends.server), 4);
    assert_memory_equal(buffer, "last", 4);
    assert_int_equal(baro_recv_post(stack, ends.server, buffer, 100), 0);
    assert_true(baro_poll(stack, ends.server) & BARO_EVENT_IN);
    assert_int_equal(baro_recv_collect(stack, ends.server), 0);

    assert_int_equal(connect_to(other.client, loopback(80)), -EINPROGRESS);
    pass(5);
    other.server = baro_accept(stack, 4, NULL);
    assert_true(other.server >= 0);
    assert_int_equal(baro_recv_post(stack, other.server, buffer, 100), 0);
    assert_int_equal(baro_send(stack, other.client, "x", 1, 0), 1);
    pass(1);
    assert_int_equal(baro_setsockopt(stack, other.client, BARO_SO_LINGER, &reset, sizeof reset), 0);
    assert_int_equal(baro_close(stack, other.client), 0);
    pass(1);
    assert_int_equal(baro_recv_collect(stack, other.server), 1);
    assert_int_equal(baro_recv_post(stack, other.server, buffer, 100), 0);
    assert_int_equal(baro_recv_collect(stack, other.server), -ECONNRESET);
    assert_int_equal(baro_close(stack, other.server), 0);

    assert_int_equal(baro_recv_post(stack, ends.client, buffer, 100), 0);
    memset(buffer, 0xee, 100);
    assert_int_equal(baro_send(stack, ends.server, "unread", 6, 0), 6);
    assert_int_equal(baro_close(stack, ends.client), 0);
    pass(10);
    assert_int_equal(buffer[0], 0xee);
}

/* A resting connection is woken by the post, and stays awake as long as its buffer is out. */
static void who_waits_with_a_buffer_does_not_rest(void **state)
{
    struct ends ends = open_ends(0, 0);
    struct baro_statistics statistics;

    (void)state;
    pass(20000);
    baro_stack_statistics(stack, &statistics);
    assert_int_equal(statistics.tcp_resting, 2);
    assert_int_equal(baro_recv_post(stack, ends.server, buffer, 100), 0);
    pass(20000);
    baro_stack_statistics(stack, &statistics);
    assert_int_equal(statistics.tcp_resting, 1);
    assert_int_equal(send_from(ends.client, 0, 50), 50);
    pass(1);
    assert_int_equal(baro_recv_collect(stack, ends.server), 50);
    are_from(buffer, 0, 50);
    pass(20000);
    baro_stack_statistics(stack, &statistics);
    assert_int_equal(statistics.tcp_resting, 2);
    assert_int_equal(baro_recv_collect(stack, ends.server), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE_STACK_TEST(octets_come_where_they_are_wanted), ONE_STACK_TEST(the_window_stays_open),
        ONE_STACK_TEST(readiness_tells_of_what_came),      ONE_STACK_TEST(calls_at_the_wrong_time),
        ONE_STACK_TEST(urgent_octets_are_not_among_them),  ONE_STACK_TEST(ends_in_between),
        ONE_STACK_TEST(who_waits_with_a_buffer_does_not_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
