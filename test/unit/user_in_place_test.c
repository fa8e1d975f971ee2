/* Sending and receiving without a copy (baro_send_reserve, _commit, baro_recv_peek, _consume): octets and readiness as
 * by send and recv, and programs that take what is not theirs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "support/one_stack.h"

static size_t octets_of(const struct baro_buffer part[2])
{
    return part[0].length + part[1].length;
}

static void put_from(const struct baro_buffer part[2], uint64_t offset)
{
    for (unsigned i = 0; i < 2; i++)
        for (size_t at = 0; at < part[i].length; at++)
            part[i].data[at] = octet_at(offset++);
}

static void are_from(const struct baro_bytes part[2], uint64_t offset)
{
    for (unsigned i = 0; i < 2; i++)
        for (size_t at = 0; at < part[i].length; at++)
            assert_int_equal(part[i].data[at], octet_at(offset++));
}

/* Many times around both rings, in uneven pieces; each seam is met, since neither end's ring is ever empty: one holds
 * back what makes no full segment, of the other not all is taken. */
static void octets_go_through_both_rings(void **state)
{
    struct ends ends = open_ends(0, 0);
    uint64_t sent = 0, read = 0;
    unsigned seams_written = 0, seams_read = 0;
    const int cork = 1, segment = 1000;

    (void)state;
    baro_setsockopt(stack, ends.client, BARO_TCP_MAXSEG, &segment, sizeof segment);
    baro_setsockopt(stack, ends.client, BARO_TCP_CORK, &cork, sizeof cork);
    for (unsigned round = 0; round < 3000; round++) {
        struct baro_buffer room[2];
        struct baro_bytes there[2];
        size_t wanted = 1 + round * 37 % 1900;
        ptrdiff_t got = baro_send_reserve(stack, ends.client, wanted, room);

        if (got != -EAGAIN) {
            assert_true(got > 0 && (size_t)got <= wanted && octets_of(room) == (size_t)got);
            seams_written += room[1].length != 0;
            put_from(room, sent);
            got -= round % 3 == 0 ? got / 2 : 0; /* not all that was reserved */
            assert_int_equal(baro_send_commit(stack, ends.client, (size_t)got), got);
            sent += (uint64_t)got;
        }
        baro_stack_poll(stack, now);
        now.ns += 100000;
        got = baro_recv_peek(stack, ends.server, there);
        if (got == -EAGAIN)
            continue;
        assert_true(got > 0 && there[0].length + there[1].length == (size_t)got);
        assert_int_equal(baro_readable_bytes(stack, ends.server), got);
        seams_read += there[1].length != 0;
        are_from(there, read);
        got -= got / 3;
        assert_int_equal(baro_recv_consume(stack, ends.server, (size_t)got), got);
        read += (uint64_t)got;
    }
    assert_true(seams_written > 10 && seams_read > 10);
    assert_true(read > 1000000 && sent >= read);
}

/* Where all that was sent is read, the next octets stand in the memory of the last ones, at both ends. Octets that are
 * left, a reservation that waits: their places stay. */
static void empty_rings_begin_again(void **state)
{
    struct ends ends = open_ends(0, 0);
    struct baro_buffer room[2];
    struct baro_bytes there[2];
    const uint8_t *written = NULL, *read = NULL;

    (void)state;
    for (uint64_t round = 0; round < 100; round++) {
        assert_int_equal(baro_send_reserve(stack, ends.client, 1001, room), 1001);
        assert_int_equal(room[1].length, 0);
        assert_true(written == NULL || written == room[0].data);
        written = room[0].data;
        put_from(room, round * 1001);
        assert_int_equal(baro_send_commit(stack, ends.client, 1001), 1001);
        pass(100); /* the ACK that waited, too */
        assert_int_equal(baro_recv_peek(stack, ends.server, there), 1001);
        assert_true(read == NULL || read == there[0].data);
        read = there[0].data;
        are_from(there, round * 1001);
        assert_int_equal(baro_recv_consume(stack, ends.server, 1001), 1001);
    }
    assert_int_equal(baro_send(stack, ends.client, "ab", 2, 0), 2);
    assert_int_equal(baro_send_reserve(stack, ends.client, 1, room), 1);
    assert_ptr_equal(room[0].data, written + 2);
    *room[0].data = 'c';
    pass(100); /* the ring is empty now, but for what is reserved */
    assert_int_equal(baro_send_commit(stack, ends.client, 1), 1);
    pass(100);
    assert_int_equal(baro_recv_peek(stack, ends.server, there), 3);
    assert_memory_equal(there[0].data, "abc", 3);
    assert_int_equal(baro_recv_consume(stack, ends.server, 2), 2);
    assert_int_equal(baro_recv_peek(stack, ends.server, there), 1);
    assert_ptr_equal(there[0].data, read + 2);
}

/* Both kinds of calls on one connection: one stream of octets. */
static void both_kinds_of_calls_mix(void **state)
{
    struct ends ends = open_ends(0, 0);
    struct baro_buffer room[2];
    struct baro_bytes there[2];
    char text[16] = "";

    (void)state;
    assert_int_equal(baro_send(stack, ends.client, "one ", 4, 0), 4);
    assert_int_equal(baro_send_reserve(stack, ends.client, 4, room), 4);
    memcpy(room[0].data, "two ", 4);
    assert_int_equal(baro_send_commit(stack, ends.client, 4), 4);
    assert_int_equal(baro_send(stack, ends.client, "three", 5, 0), 5);
    pass(1);
    assert_int_equal(baro_recv(stack, ends.server, text, 2, 0), 2);
    assert_int_equal(baro_recv_peek(stack, ends.server, there), 11);
    assert_memory_equal(there[0].data, "e two three", 11);
    assert_int_equal(baro_recv(stack, ends.server, text, 4, BARO_MSG_PEEK), 4);
    assert_memory_equal(text, "e tw", 4);
    assert_int_equal(baro_recv_consume(stack, ends.server, 6), 6);
    assert_int_equal(baro_recv(stack, ends.server, text, sizeof text, 0), 5);
    assert_memory_equal(text, "three", 5);
    assert_int_equal(baro_recv_peek(stack, ends.server, there), -EAGAIN);
    assert_null(there[0].data);
}

/* More than there is, twice, too late: refused, and nothing is sent or lost. */
static void takes_that_are_not_ours(void **state)
{
    struct ends ends = open_ends(0, 0);
    struct baro_buffer room[2], again[2];
    struct baro_bytes there[2];
    char text[16];

    (void)state;
    assert_int_equal(baro_send_commit(stack, ends.client, 1), -EINVAL); /* nothing is reserved */
    assert_int_equal(baro_send_commit(stack, ends.client, 0), 0);
    assert_int_equal(baro_send_reserve(stack, ends.client, 10, room), 10);
    assert_int_equal(baro_send_commit(stack, ends.client, 11), -EINVAL);
    assert_int_equal(baro_send_commit(stack, ends.client, SIZE_MAX), -EINVAL);
    assert_int_equal(baro_send_reserve(stack, ends.client, 5, again), 5); /* replaces the first */
    assert_ptr_equal(again[0].data, room[0].data);
    assert_int_equal(baro_send_commit(stack, ends.client, 6), -EINVAL);
    memcpy(again[0].data, "right", 5);
    assert_int_equal(baro_send_commit(stack, ends.client, 5), 5);
    assert_int_equal(baro_send_commit(stack, ends.client, 1), -EINVAL); /* committed already */
    assert_int_equal(baro_send_reserve(stack, ends.client, 8, room), 8);
    assert_int_equal(baro_send(stack, ends.client, "!", 1, 0), 1); /* writes where the reservation was */
    assert_int_equal(baro_send_commit(stack, ends.client, 1), -EINVAL);
    assert_int_equal(baro_send_reserve(stack, ends.client, 8, room), 8);
    assert_int_equal(baro_send_reserve(stack, ends.client, 0, room), 0); /* given up */
    assert_int_equal(baro_send_commit(stack, ends.client, 1), -EINVAL);
    pass(1);
    assert_int_equal(baro_recv_consume(stack, ends.server, 7), -EINVAL);
    assert_int_equal(baro_recv_consume(stack, ends.server, SIZE_MAX), -EINVAL);
    assert_int_equal(baro_recv_consume(stack, ends.server, 0), 0);
    assert_int_equal(baro_recv_peek(stack, ends.server, there), 6);
    assert_int_equal(baro_recv(stack, ends.server, text, sizeof text, 0), 6); /* reads what was peeked at */
    assert_memory_equal(text, "right!", 6);
    assert_int_equal(baro_recv_consume(stack, ends.server, 1), -EINVAL);
}

static void sockets_that_cannot(void **state)
{
    struct baro_buffer room[2];
    struct baro_bytes there[2];
    int fresh = stream(), listening = listener(81), packets = datagram(), connecting = stream();

    (void)state;
    assert_int_equal(baro_send_reserve(stack, 99, 1, room), -EBADF);
    assert_int_equal(baro_send_commit(stack, -1, 1), -EBADF);
    assert_int_equal(baro_recv_peek(stack, 99, there), -EBADF);
    assert_int_equal(baro_recv_consume(stack, 99, 1), -EBADF);
    assert_int_equal(baro_send_reserve(stack, packets, 1, room), -EOPNOTSUPP);
    assert_int_equal(baro_recv_peek(stack, packets, there), -EOPNOTSUPP);
    assert_int_equal(baro_recv_consume(stack, packets, 0), -EOPNOTSUPP);
    for (int i = 0; i < 2; i++) {
        int fd = i == 0 ? fresh : listening;

        assert_int_equal(baro_send_reserve(stack, fd, 1, room), -ENOTCONN);
        assert_null(room[0].data);
        assert_int_equal(baro_send_commit(stack, fd, 0), -ENOTCONN);
        assert_int_equal(baro_recv_peek(stack, fd, there), -ENOTCONN);
        assert_int_equal(baro_recv_consume(stack, fd, 0), -ENOTCONN);
    }
    connect_to(connecting, to(10, 0, 0, 9, 80)); /* nobody answers */
    assert_int_equal(baro_send_reserve(stack, connecting, 1, room), -EAGAIN);
    assert_int_equal(baro_recv_peek(stack, connecting, there), -EAGAIN);
}

/* Our end, the peer's, and a reset, between the two halves of each call. */
static void ends_in_between(void **state)
{
    struct ends ends = open_ends(0, 0), other;
    struct baro_buffer room[2];
    struct baro_bytes there[2];
    struct baro_linger reset = { .on = 1 };

    (void)state;
    assert_int_equal(baro_send(stack, ends.client, "last", 4, 0), 4);
    assert_int_equal(baro_send_reserve(stack, ends.client, 10, room), 10);
    assert_int_equal(baro_shutdown(stack, ends.client, BARO_SHUT_WRITE), 0);
    assert_int_equal(baro_send_commit(stack, ends.client, 10), -EPIPE);
    assert_int_equal(baro_send_reserve(stack, ends.client, 10, room), -EPIPE);
    pass(1);
    assert_int_equal(baro_recv_peek(stack, ends.server, there), 4);
    assert_int_equal(baro_recv_consume(stack, ends.server, 4), 4);
    assert_int_equal(baro_recv_peek(stack, ends.server, there), 0); /* its FIN, again and again */
    assert_int_equal(baro_recv_peek(stack, ends.server, there), 0);
    assert_int_equal(baro_recv_consume(stack, ends.server, 1), -EINVAL);
    assert_int_equal(baro_send(stack, ends.server, "unread", 6, 0), 6);
    pass(1);
    assert_int_equal(baro_recv_peek(stack, ends.client, there), 6);
    assert_int_equal(baro_shutdown(stack, ends.client, BARO_SHUT_READ), 0); /* throws it away */
    assert_int_equal(baro_recv_consume(stack, ends.client, 6), -EINVAL);
    assert_int_equal(baro_recv_peek(stack, ends.client, there), 0);
    assert_int_equal(baro_close(stack, ends.client), 0);
    assert_int_equal(baro_send_commit(stack, ends.client, 1), -EBADF);

    other.client = stream();
    assert_int_equal(connect_to(other.client, loopback(80)), -EINPROGRESS);
    pass(5);
    other.server = baro_accept(stack, 4, NULL);
    assert_true(other.server >= 0);
    assert_int_equal(baro_send(stack, other.client, "x", 1, 0), 1);
    pass(1);
    assert_int_equal(baro_recv_peek(stack, other.server, there), 1);
    assert_int_equal(baro_send_reserve(stack, other.server, 10, room), 10);
    assert_int_equal(baro_setsockopt(stack, other.client, BARO_SO_LINGER, &reset, sizeof reset), 0);
    assert_int_equal(baro_close(stack, other.client), 0);
    pass(1);
    assert_int_equal(baro_send_commit(stack, other.server, 10), -ECONNRESET); /* takes the error, as send does */
    assert_int_equal(baro_send_commit(stack, other.server, 10), -EPIPE);
    assert_int_equal(baro_recv_consume(stack, other.server, 1), 1); /* what came before can be read */
    assert_int_equal(baro_recv_peek(stack, other.server, there), 0);
}

/* A buffer that is full, and one that is full at the other end: readiness and window updates as with send and recv. */
static void full_buffers_open_again(void **state)
{
    struct ends ends = open_ends(8192, 8192);
    struct baro_buffer room[2];
    struct baro_bytes there[2];
    struct baro_ready ready;
    uint64_t sent = 0, read = 0;
    ptrdiff_t got;
    bool told = false;

    (void)state;
    for (int i = 0; i < 200 && (got = baro_send_reserve(stack, ends.client, 100000, room)) != -EAGAIN; i++) {
        assert_true(got > 0);
        put_from(room, sent);
        assert_int_equal(baro_send_commit(stack, ends.client, (size_t)got), got);
        sent += (uint64_t)got;
        pass(1);
    }
    pass(50);
    assert_int_equal(baro_send_reserve(stack, ends.client, 1, room), -EAGAIN);
    assert_false(baro_poll(stack, ends.client) & BARO_EVENT_OUT);
    while (baro_next_ready(stack, &ready))
        continue;
    while (read < sent) {
        got = baro_recv_peek(stack, ends.server, there);
        if (got > 0) {
            are_from(there, read);
            assert_int_equal(baro_recv_consume(stack, ends.server, (size_t)got), got);
            read += (uint64_t)got;
        }
        pass(10);
        while (baro_next_ready(stack, &ready))
            told = told || (ready.fd == ends.client && (ready.events & BARO_EVENT_OUT) != 0);
    }
    assert_true(told);
    assert_true(baro_send_reserve(stack, ends.client, 1, room) == 1);
}

/* Urgent data: the parts end in front of the octet, and go on behind it, as recv does. */
static void urgent_octets_are_not_among_them(void **state)
{
    struct ends ends = open_ends(0, 0);
    struct baro_bytes there[2];
    struct baro_buffer room[2];
    char octet;

    (void)state;
    assert_int_equal(baro_send(stack, ends.client, "abU", 3, BARO_MSG_OOB), 3);
    assert_int_equal(baro_send_reserve(stack, ends.client, 2, room), 2);
    memcpy(room[0].data, "cd", 2);
    assert_int_equal(baro_send_commit(stack, ends.client, 2), 2);
    pass(1);
    assert_true(baro_poll(stack, ends.server) & BARO_EVENT_PRIORITY);
    assert_int_equal(baro_recv_peek(stack, ends.server, there), 2);
    assert_memory_equal(there[0].data, "ab", 2);
    assert_int_equal(baro_recv_consume(stack, ends.server, 3), -EINVAL);
    assert_int_equal(baro_recv_consume(stack, ends.server, 2), 2);
    assert_int_equal(baro_recv(stack, ends.server, &octet, 1, BARO_MSG_OOB), 1);
    assert_int_equal(octet, 'U');
    assert_int_equal(baro_recv_peek(stack, ends.server, there), 2);
    assert_memory_equal(there[0].data, "cd", 2);
    assert_int_equal(baro_recv_consume(stack, ends.server, 2), 2);
    assert_int_equal(baro_recv_peek(stack, ends.server, there), -EAGAIN);
}

/* A reservation that nothing comes of gives its memory back, and cannot be committed then. */
static void forgotten_reservations_hold_nothing(void **state)
{
    struct ends ends = open_ends(0, 0);
    struct baro_buffer room[2];
    size_t before;

    (void)state;
    pass(20000); /* both ends rest then */
    before = memory.bytes;
    assert_true(baro_send_reserve(stack, ends.client, 20000, room) >= 10000);
    assert_true(memory.bytes > before);
    pass(20000);
    assert_int_equal(memory.bytes, before);
    assert_int_equal(baro_send_commit(stack, ends.client, 10), -EINVAL);
    assert_int_equal(baro_send_reserve(stack, ends.client, 2, room), 2);
    memcpy(room[0].data, "ok", 2);
    assert_int_equal(baro_send_commit(stack, ends.client, 2), 2);
    pass(1);
    assert_int_equal(baro_readable_bytes(stack, ends.server), 2);
}

/* However long it was idle before, and where it rested, too: a reservation lasts for two seconds of its own. */
static void reservations_last_for_two_seconds(void **state)
{
    static const int idle_ms[] = { 1950, 2100, 7990, 60000 };
    struct ends ends = open_ends(0, 0);
    struct baro_buffer room[2];
    uint8_t data[8];

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(baro_send(stack, ends.client, "text", 4, 0), 4);
        pass(10);
        assert_int_equal(baro_recv(stack, ends.server, data, sizeof data, 0), 4);
        pass(idle_ms[i]);
        assert_int_equal(baro_send_reserve(stack, ends.client, 3, room), 3);
        memcpy(room[0].data, "new", 3);
        pass(1900);
        assert_int_equal(baro_send_commit(stack, ends.client, 3), 3);
        pass(10);
        assert_int_equal(baro_recv(stack, ends.server, data, sizeof data, 0), 3);
        assert_memory_equal(data, "new", 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE_STACK_TEST(octets_go_through_both_rings), ONE_STACK_TEST(empty_rings_begin_again),
        ONE_STACK_TEST(both_kinds_of_calls_mix),
        ONE_STACK_TEST(takes_that_are_not_ours),      ONE_STACK_TEST(sockets_that_cannot),
        ONE_STACK_TEST(ends_in_between),              ONE_STACK_TEST(full_buffers_open_again),
        ONE_STACK_TEST(urgent_octets_are_not_among_them), ONE_STACK_TEST(forgotten_reservations_hold_nothing),
        ONE_STACK_TEST(reservations_last_for_two_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
