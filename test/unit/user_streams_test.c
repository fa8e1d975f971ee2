/* Streams of the core over the loopback: connect, accept, data, readiness, the trace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "stack.h"
#include "support/one_stack.h"
#include "user/user.h"

static void a_fresh_stream_knows_nobody(void **state)
{
    struct baro_endpoint peer;
    int fd = stream();
    char octet;

    (void)state;
    assert_int_equal(baro_poll(stack, fd), BARO_EVENT_OUT | BARO_EVENT_HANGUP);
    assert_int_equal(baro_getpeername(stack, fd, &peer), -ENOTCONN);
    assert_int_equal(baro_send(stack, fd, "x", 1, 0), -ENOTCONN);
    assert_int_equal(baro_recv(stack, fd, &octet, 1, 0), -ENOTCONN);
    assert_int_equal(baro_shutdown(stack, fd, BARO_SHUT_WRITE), -ENOTCONN);
    assert_int_equal(baro_readable_bytes(stack, fd), 0);
    assert_int_equal(get_int(fd, BARO_IP_MTU), -ENOTCONN);
    assert_int_equal(get_int(fd, BARO_SO_ERROR), 0);
}

static void connect_refuses(void **state)
{
    struct baro_endpoint peer = loopback(80);
    int fd = stream();

    (void)state;
    assert_int_equal(connect_to(fd, to(224, 0, 0, 1, 80)), -ENETUNREACH);
    assert_int_equal(connect_to(fd, to(255, 255, 255, 255, 80)), -ENETUNREACH);
    assert_int_equal(connect_to(fd, to(10, 0, 0, 255, 80)), -ENETUNREACH);
    assert_int_equal(connect_to(fd, to(192, 168, 1, 1, 80)), -ENETUNREACH); /* no route */
    assert_int_equal(connect_to(fd, loopback(0)), -EADDRNOTAVAIL);
    assert_int_equal(connect_to(fd, (struct baro_endpoint){ .port = { 80 } }), -EAFNOSUPPORT);
    peer.address.family = BARO_FAMILY_IPV6;
    assert_int_equal(connect_to(fd, peer), -EAFNOSUPPORT);
}

/* A pair of connected descriptors. */

static void the_dialogue(void **state)
{
    struct baro_endpoint local, peer;
    int listening = listener(80), client = stream(), server;
    char text[10] = "";

    (void)state;
    assert_int_equal(connect_to(client, loopback(80)), -EINPROGRESS);
    pass(5);
    assert_true(baro_poll(stack, listening) & BARO_EVENT_IN);
    server = baro_accept(stack, listening, &peer);
    assert_true(server > listening);
    assert_int_equal(baro_accept(stack, listening, NULL), -EAGAIN);
    assert_int_equal(baro_getsockname(stack, client, &local), 0);
    assert_true(endpoint_equal(local, peer));
    assert_int_equal(baro_getpeername(stack, client, &peer), 0);
    assert_true(endpoint_equal(peer, loopback(80)));
    assert_int_equal(baro_getsockname(stack, server, &local), 0);
    assert_true(endpoint_equal(local, loopback(80))); /* the port stays the same */
    assert_int_equal(connect_to(client, loopback(80)), 0);
    assert_int_equal(baro_send(stack, client, "hello", 5, 0), 5);
    pass(1);
    assert_int_equal(baro_readable_bytes(stack, server), 5);
    assert_int_equal(baro_recv(stack, server, text, sizeof text, BARO_MSG_PEEK), 5);
    assert_int_equal(baro_recv(stack, server, text, sizeof text, 0), 5);
    assert_string_equal(text, "hello");
    assert_int_equal(baro_recv(stack, server, text, sizeof text, 0), -EAGAIN);
    assert_int_equal(baro_shutdown(stack, client, BARO_SHUT_WRITE), 0);
    assert_int_equal(baro_send(stack, client, "x", 1, 0), -EPIPE);
    pass(1);
    assert_int_equal(baro_recv(stack, server, text, sizeof text, 0), 0);
    assert_int_equal(baro_send(stack, server, "bye", 3, 0), 3);
    pass(1);
    assert_int_equal(baro_recv(stack, client, text, sizeof text, 0), 3);
    assert_int_equal(baro_close(stack, server), 0);
    pass(1);
    assert_int_equal(baro_recv(stack, client, text, sizeof text, 0), 0);
    assert_int_equal(baro_close(stack, client), 0);
    pass(1);
}

static void messages_in_pieces(void **state)
{
    uint8_t a[3] = "abc", b[4] = "defg", x[2], y[10];
    struct baro_buffer out[2] = { { a, 3 }, { b, 4 } }, in[2] = { { x, 2 }, { y, 10 } };
    struct baro_message sent = { .buffer = out, .buffers = 2 }, got = { .buffer = in, .buffers = 2 };
    int listening = listener(80), client, server;

    (void)state;
    connected(listening, 80, &client, &server);
    assert_int_equal(baro_sendmsg(stack, client, &sent, 0), 7);
    pass(50);
    assert_int_equal(baro_recvmsg(stack, server, &got, 0), 7);
    assert_memory_equal(x, "ab", 2);
    assert_memory_equal(y, "cdefg", 5);
    assert_int_equal(baro_shutdown(stack, client, BARO_SHUT_WRITE), 0);
    pass(1);
    assert_int_equal(baro_recvmsg(stack, server, &got, 0), 0);
}

static void refused_once(void **state)
{
    int fd = stream();
    int listening;

    (void)state;
    assert_int_equal(connect_to(fd, loopback(80)), -EINPROGRESS);
    pass(5);
    assert_true(baro_poll(stack, fd) & BARO_EVENT_ERROR);
    assert_int_equal(connect_to(fd, loopback(80)), -ECONNREFUSED);
    assert_int_equal(get_int(fd, BARO_SO_ERROR), 0);
    /* It may be tried again, with the same socket. */
    assert_int_equal(connect_to(fd, loopback(80)), -EINPROGRESS);
    pass(5);
    assert_int_equal(get_int(fd, BARO_SO_ERROR), ECONNREFUSED);
    assert_int_equal(get_int(fd, BARO_SO_ERROR), 0);
    listening = listener(80);
    assert_int_equal(connect_to(fd, loopback(80)), -EINPROGRESS);
    pass(5);
    assert_true(baro_accept(stack, listening, NULL) >= 0);
    assert_int_equal(connect_to(fd, loopback(80)), 0);
}

static void a_bound_port_outlives_a_failed_connect(void **state)
{
    int fd = stream();

    (void)state;
    assert_int_equal(bind_to(fd, loopback(4000)), 0);
    assert_int_equal(connect_to(fd, loopback(80)), -EINPROGRESS);
    pass(5);
    assert_int_equal(connect_to(fd, loopback(80)), -ECONNREFUSED);
    assert_int_equal(bind_to(stream(), loopback(4000)), -EADDRINUSE);
    assert_int_equal(baro_close(stack, fd), 0);
    assert_int_equal(bind_to(stream(), loopback(4000)), 0);
}

static void what_a_listener_was_told_late_holds_too(void **state)
{
    const struct baro_trace_event *event;
    int listening = listener(80), client, server;

    (void)state;
    assert_int_equal(set_int(listening, BARO_IP_TTL, 33), 0);
    connected(listening, 80, &client, &server);
    trace_on();
    assert_int_equal(baro_send(stack, server, "x", 1, 0), 1);
    baro_stack_flush(stack);
    event = first_event(BARO_TRACE_IP_OUT); /* what follows is the answer */
    assert_non_null(event);
    assert_int_equal(event->value[3].as.number, 33);
}

static void connect_says_already(void **state)
{
    struct baro_endpoint peer;
    int fd = stream();

    (void)state;
    assert_int_equal(connect_to(fd, to(10, 0, 0, 2, 80)), -EINPROGRESS); /* nobody there */
    assert_int_equal(connect_to(fd, to(10, 0, 0, 2, 80)), -EALREADY);
    assert_int_equal(baro_getpeername(stack, fd, &peer), -ENOTCONN);
    assert_int_equal(baro_listen(stack, fd, 1), -EINVAL);
    assert_int_equal(bind_to(fd, any(1)), -EINVAL);
    pass(1);
    assert_int_equal(baro_getsockname(stack, fd, &peer), 0);
    assert_true(address_equal(peer.address, baro_ipv4(10, 0, 0, 1))); /* the source that routing gave */
    assert_int_equal(baro_close(stack, fd), 0);
}

static void accept_needs_a_descriptor(void **state)
{
    int listening = listener(80), client, extra;

    (void)state;
    client = stream();
    assert_int_equal(connect_to(client, loopback(80)), -EINPROGRESS);
    pass(5);
    extra = stream();
    assert_int_equal(baro_accept(stack, listening, NULL), -EMFILE);
    baro_close(stack, extra);
    assert_int_equal(baro_accept(stack, listening, NULL), extra); /* it waited in the queue */
}

static void accepted_sockets_inherit(void **state)
{
    int listening = stream(), client, server;

    (void)state;
    assert_int_equal(set_int(listening, BARO_TCP_NODELAY, 1), 0);
    assert_int_equal(set_int(listening, BARO_IP_TTL, 33), 0);
    assert_int_equal(bind_to(listening, any(80)), 0);
    assert_int_equal(baro_listen(stack, listening, 5), 0);
    connected(listening, 80, &client, &server);
    assert_int_equal(get_int(server, BARO_TCP_NODELAY), 1);
    assert_int_equal(get_int(server, BARO_IP_TTL), 33);
    assert_int_equal(get_int(client, BARO_TCP_NODELAY), 0);
    assert_int_equal(get_int(server, BARO_SO_ACCEPTING), 0);
    assert_true(get_int(client, BARO_TCP_MAXSEG) > 500);
    assert_true(get_int(client, BARO_IP_MTU) > 1500);
}

/* Whoever was called before: another, or one that had the number. */
static void a_call_is_for_who_has_the_number_now(void **state)
{
    int listening = listener(80), client[2], server[2], again;
    char text[2];

    (void)state;
    for (int i = 0; i < 2; i++)
        connected(listening, 80, &client[i], &server[i]);
    assert_int_equal(baro_send(stack, client[0], "a", 1, 0), 1);
    assert_int_equal(baro_send(stack, client[1], "bc", 2, 0), 2);
    pass(1);
    assert_int_equal(baro_recv(stack, server[0], text, sizeof text, 0), 1);
    assert_int_equal(baro_recv(stack, server[1], text, sizeof text, 0), 2);
    assert_int_equal(baro_recv(stack, server[0], text, sizeof text, 0), -EAGAIN);
    assert_int_equal(baro_close(stack, server[0]), 0);
    assert_int_equal(baro_recv(stack, server[0], text, sizeof text, 0), -EBADF);
    again = stream();
    assert_int_equal(again, server[0]);
    assert_int_equal(baro_recv(stack, again, text, sizeof text, 0), -ENOTCONN);
    assert_int_equal(baro_recv(stack, 0, text, sizeof text, 0), -EBADF);
    assert_int_equal(baro_recv(stack, -1, text, sizeof text, 0), -EBADF);
}

/* Also what the listener was told while they waited; only that SYNs are held is its own. */
static void accepted_sockets_have_the_options_of_now(void **state)
{
    int listening = listener(80), client = stream(), server;

    (void)state;
    assert_int_equal(connect_to(client, loopback(80)), -EINPROGRESS);
    pass(5);
    assert_int_equal(set_int(listening, BARO_TCP_NODELAY, 1), 0);
    assert_int_equal(set_int(listening, BARO_SO_KEEPALIVE, 1), 0);
    assert_int_equal(set_int(listening, BARO_SO_HOLD_SYN, 1), 0);
    server = baro_accept(stack, listening, NULL);
    assert_true(server >= 0);
    assert_int_equal(get_int(server, BARO_TCP_NODELAY), 1);
    assert_int_equal(get_int(server, BARO_SO_KEEPALIVE), 1);
    assert_int_equal(get_int(server, BARO_SO_HOLD_SYN), 0);
}

static void readiness_is_told(void **state)
{
    int listening = listener(80), client, server, udp = datagram();
    struct baro_endpoint peer = loopback(5000);

    (void)state;
    client = stream();
    assert_int_equal(connect_to(client, loopback(80)), -EINPROGRESS);
    pass(5);
    assert_true(is_ready(listening, BARO_EVENT_IN));
    assert_false(is_ready(listening, 0));
    server = baro_accept(stack, listening, NULL);
    assert_true(is_ready(server, BARO_EVENT_OUT));
    assert_int_equal(connect_to(client, loopback(80)), 0);
    assert_int_equal(baro_send(stack, client, "x", 1, 0), 1);
    pass(1);
    assert_true(is_ready(server, BARO_EVENT_IN | BARO_EVENT_OUT));
    baro_close(stack, client);
    pass(1);
    assert_true(is_ready(server, BARO_EVENT_READ_HANGUP));
    assert_int_equal(bind_to(udp, any(5000)), 0);
    assert_int_equal(baro_sendto(stack, udp, "x", 1, 0, &peer), 1);
    pass(1);
    baro_close(stack, server);
    assert_true(is_ready(udp, BARO_EVENT_IN));
}

/* Who asked for room and saw none, by either question, is told when there is some. */
static void new_room_is_told(void **state)
{
    int listening = listener(80), client, server;
    char data[4096] = { 0 };

    (void)state;
    connected(listening, 80, &client, &server);
    for (int question = 0; question < 2; question++) {
        while (baro_writable_bytes(stack, client) >= (ptrdiff_t)sizeof data) {
            assert_int_equal(baro_send(stack, client, data, sizeof data, 0), sizeof data);
            pass(1);
        }
        while (baro_writable_bytes(stack, client) > 1)
            assert_int_equal(baro_send(stack, client, data, 1, 0), 1);
        /* nobody was refused, nor asked for what there is not */
        assert_int_equal(baro_send(stack, client, data, 1, 0), 1);
        is_ready(client, 0); /* what was told before does not count */
        if (question == 1)
            assert_false(baro_poll(stack, client) & BARO_EVENT_OUT);
        else
            assert_int_equal(baro_writable_bytes(stack, client), 0);
        for (int i = 0; i < 100; i++) {
            while (baro_recv(stack, server, data, sizeof data, 0) > 0)
                continue;
            pass(1);
        }
        assert_true(is_ready(client, BARO_EVENT_OUT));
    }
}

/* However little budget there is: so many octets as are said to have room are taken, and readiness says whether there is any. */
static void room_is_what_the_budget_has(void **state)
{
    const size_t budget = stack->core.slabs.limit;
    static char data[300000];
    int listening = listener(80), client, server;
    ptrdiff_t room;

    (void)state;
    for (unsigned left = 0; left < 300000; left += 7000) {
        stack->core.slabs.limit = budget;
        connected(listening, 80, &client, &server);
        stack->core.slabs.limit = stack->core.slabs.charged + left;
        for (int i = 0; i < 3; i++) {
            room = baro_writable_bytes(stack, client);
            assert_int_equal((baro_poll(stack, client) & BARO_EVENT_OUT) != 0, room != 0);
            assert_int_equal(baro_send(stack, client, data, room != 0 ? (size_t)room : 1, 0), room != 0 ? room : -EAGAIN);
        }
        baro_stack_check_invariants(stack);
        is_ready(client, 0);
        for (int i = 0; i < 100; i++) {
            while (baro_recv(stack, server, data, sizeof data, 0) > 0)
                continue;
            pass(1);
        }
        assert_true(is_ready(client, BARO_EVENT_OUT));
        baro_close(stack, client);
        baro_close(stack, server);
        pass(5);
    }
    stack->core.slabs.limit = budget;
}

static void the_trace_tells_of_calls(void **state)
{
    const struct baro_trace_event *event;
    int fd;

    (void)state;
    trace_on();
    fd = stream();
    assert_int_equal(traced_event(0)->kind, BARO_TRACE_CALL);
    assert_int_equal(traced_event(0)->value[0].as.number, BARO_TRACE_CALL_SOCKET);
    assert_int_equal(traced_event(0)->value[1].as.signed_number, -1);
    event = last_event(BARO_TRACE_SOCKET_NEW);
    assert_non_null(event);
    assert_int_equal(event->value[0].as.number, fd);
    assert_int_equal(event->value[1].as.number, BARO_STREAM);
    assert_int_equal(traced_event(traced() - 1)->kind, BARO_TRACE_CALL_END);
    assert_int_equal(traced_event(traced() - 1)->value[1].as.signed_number, fd);
    assert_int_equal(bind_to(fd, to(10, 0, 0, 1, 80)), 0);
    event = last_event(BARO_TRACE_SOCKET_CONTROL);
    assert_non_null(event);
    assert_true(endpoint_equal(event->value[1].as.endpoint, any(0)));
    assert_true(endpoint_equal(event->value[2].as.endpoint, to(10, 0, 0, 1, 80)));
    assert_int_equal(connect_to(fd, to(10, 0, 0, 2, 99)), -EINPROGRESS);
    event = last_event(BARO_TRACE_SOCKET_CONTROL);
    assert_true(endpoint_equal(event->value[1].as.endpoint, to(10, 0, 0, 1, 80)));
    assert_true(endpoint_equal(event->value[3].as.endpoint, any(0)));
    assert_true(endpoint_equal(event->value[4].as.endpoint, to(10, 0, 0, 2, 99)));
    assert_int_equal(baro_close(stack, fd), 0);
    event = last_event(BARO_TRACE_SOCKET_CLOSED);
    assert_non_null(event);
    assert_int_equal(baro_close(stack, fd), -EBADF);
    event = last_event(BARO_TRACE_CALL_END);
    assert_int_equal(event->value[1].as.signed_number, -EBADF);
    fd = datagram();
    assert_int_equal(bind_to(fd, any(5000)), 0);
    struct baro_endpoint peer = loopback(5000);
    assert_int_equal(baro_sendto(stack, fd, "x", 1, 0, &peer), 1);
    pass(1);
    event = last_event(BARO_TRACE_WOKE);
    assert_non_null(event);
    assert_int_equal(event->value[0].as.number, fd);
    assert_true(event->value[1].as.number & BARO_EVENT_IN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE_STACK_TEST(a_fresh_stream_knows_nobody),
        ONE_STACK_TEST(connect_refuses),
        ONE_STACK_TEST(the_dialogue),
        ONE_STACK_TEST(messages_in_pieces),
        ONE_STACK_TEST(refused_once),
        ONE_STACK_TEST(a_bound_port_outlives_a_failed_connect),
        ONE_STACK_TEST(what_a_listener_was_told_late_holds_too),
        ONE_STACK_TEST(connect_says_already),
        ONE_STACK_SMALL(accept_needs_a_descriptor),
        ONE_STACK_TEST(accepted_sockets_inherit),
        ONE_STACK_TEST(accepted_sockets_have_the_options_of_now),
        ONE_STACK_TEST(a_call_is_for_who_has_the_number_now),
        ONE_STACK_TEST(readiness_is_told),
        ONE_STACK_TEST(new_room_is_told),
        ONE_STACK_TEST(room_is_what_the_budget_has),
        ONE_STACK_TEST(the_trace_tells_of_calls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
