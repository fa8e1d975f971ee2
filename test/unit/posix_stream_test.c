/* Blocking streams: the dialogue as POSIX says it, the accept queue, time-outs, a thread for each connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/asleep.h"
#include "support/posix_pair.h"

static int stream(struct baro_posix_stack *stack)
{
    int fd = baro_posix_socket_in(stack, AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    return fd;
}

/* A connection from left to right's listener; *client and the new descriptor there. */
static int connection(int listener, int port, int *client)
{
    int server;

    *client = stream(left);
    assert_int_equal(posix_connect(left, *client, 2, port), 0);
    server = baro_posix_accept_in(right, listener, NULL, NULL);
    assert_true(server >= 0);
    return server;
}

static int port_of(struct baro_posix_stack *stack, int fd, bool peer)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;

    if (peer)
        assert_int_equal(baro_posix_getpeername_in(stack, fd, (struct sockaddr *)&address, &length), 0);
    else
        assert_int_equal(baro_posix_getsockname_in(stack, fd, (struct sockaddr *)&address, &length), 0);
    return ntohs(address.sin_port);
}

static void accept_gives_a_new_descriptor(void **state)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    int listener = posix_bound(right, SOCK_STREAM, 0, 80, 5), client[3], server[3];
    char octet;

    (void)state;
    for (int i = 0; i < 3; i++) {
        client[i] = stream(left);
        assert_int_equal(posix_connect(left, client[i], 2, 80), 0);
        server[i] = baro_posix_accept_in(right, listener, (struct sockaddr *)&peer, &length);
        assert_true(server[i] != listener);
        assert_int_equal(ntohs(peer.sin_port), port_of(left, client[i], false));
        assert_int_equal(port_of(right, server[i], false), 80); /* the port stays the same */
        assert_int_equal(port_of(left, client[i], true), 80);
    }
    /* Told apart by the four-tuple. */
    for (int i = 2; i >= 0; i--) {
        char sent = (char)('a' + i);
        assert_int_equal(baro_posix_send_in(left, client[i], &sent, 1, 0), 1);
        assert_int_equal(baro_posix_recv_in(right, server[i], &octet, 1, 0), 1);
        assert_int_equal(octet, sent);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(baro_posix_close_in(right, server[i]), 0);
        assert_int_equal(baro_posix_recv_in(left, client[i], &octet, 1, 0), 0);
        assert_int_equal(baro_posix_close_in(left, client[i]), 0);
    }
}

static void the_queue_is_served_in_order(void **state)
{
    int listener = posix_bound(right, SOCK_STREAM, 0, 80, 8), client[8];

    (void)state;
    for (int i = 0; i < 8; i++) {
        client[i] = stream(left);
        assert_int_equal(posix_connect(left, client[i], 2, 80), 0); /* done before anyone accepts */
    }
    for (int i = 0; i < 8; i++) {
        int server = baro_posix_accept_in(right, listener, NULL, NULL);
        assert_int_equal(port_of(right, server, true), port_of(left, client[i], false));
    }
    assert_int_equal(baro_posix_fcntl_in(right, listener, F_SETFL, O_NONBLOCK), 0);
    assert_fails(baro_posix_accept_in(right, listener, NULL, NULL), EAGAIN);
}

static void accept_needs_a_listener(void **state)
{
    int fd = stream(left);

    (void)state;
    assert_fails(baro_posix_accept_in(left, fd, NULL, NULL), EINVAL);
    assert_fails(baro_posix_accept_in(left, 77, NULL, NULL), EBADF);
    assert_fails(baro_posix_accept4_in(left, fd, NULL, NULL, 1 << 30), EINVAL);
    assert_fails(baro_posix_listen_in(left, 77, 1), EBADF);
}

static void connect_fails_as_posix_says(void **state)
{
    int fd = stream(left), listener = posix_bound(right, SOCK_STREAM, 0, 80, 5);
    struct sockaddr_in v6 = posix_address(2, 80);
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(80), .sin6_addr = IN6ADDR_LOOPBACK_INIT };

    (void)state;
    assert_int_equal(posix_connect(left, fd, 2, 81), -ECONNREFUSED);
    assert_int_equal(posix_connect(left, fd, 2, 80), 0); /* the same socket again */
    assert_int_equal(posix_connect(left, fd, 2, 80), -EISCONN);
    assert_int_equal(posix_connect(left, 77, 2, 80), -EBADF);
    assert_fails(baro_posix_connect_in(left, stream(left), (struct sockaddr *)&six, sizeof six), EAFNOSUPPORT);
    v6.sin_addr.s_addr = htonl(0x08080808);
    assert_fails(baro_posix_connect_in(left, stream(left), (struct sockaddr *)&v6, sizeof v6), ENETUNREACH);
    (void)listener;
}

static void connect_without_waiting(void **state)
{
    int fd = baro_posix_socket_in(left, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), error = -1;
    int listener = posix_bound(right, SOCK_STREAM, 0, 80, 5);
    struct pollfd poll_for = { fd, POLLOUT, 0 };
    socklen_t length = sizeof error;

    (void)state;
    assert_int_equal(posix_connect(left, fd, 2, 80), -EINPROGRESS);
    assert_int_equal(baro_posix_poll_in(left, &poll_for, 1, -1), 1);
    assert_int_equal(poll_for.revents, POLLOUT);
    assert_int_equal(baro_posix_getsockopt_in(left, fd, SOL_SOCKET, SO_ERROR, &error, &length), 0);
    assert_int_equal(error, 0);
    assert_int_equal(posix_connect(left, fd, 2, 80), 0);
    assert_int_equal(baro_posix_close_in(left, fd), 0);
    /* Refused. */
    assert_int_equal(baro_posix_close_in(right, listener), 0);
    fd = poll_for.fd = baro_posix_socket_in(left, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(posix_connect(left, fd, 2, 80), -EINPROGRESS);
    assert_int_equal(baro_posix_poll_in(left, &poll_for, 1, -1), 1);
    assert_true(poll_for.revents & POLLERR);
    assert_int_equal(baro_posix_getsockopt_in(left, fd, SOL_SOCKET, SO_ERROR, &error, &length), 0);
    assert_int_equal(error, ECONNREFUSED);
}

static void time_outs(void **state)
{
    struct timeval time = { 0, 30000 };
    int listener = posix_bound(right, SOCK_STREAM, 0, 80, 5), client, server, fd = stream(left);
    static char big[1 << 20];
    ssize_t sent;

    (void)state;
    assert_int_equal(baro_posix_setsockopt_in(right, listener, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time), 0);
    assert_fails(baro_posix_accept_in(right, listener, NULL, NULL), EAGAIN);
    assert_int_equal(baro_posix_setsockopt_in(left, fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time), 0);
    assert_int_equal(posix_connect(left, fd, 77, 80), -EINPROGRESS); /* nobody there */
    server = connection(listener, 80, &client);
    assert_int_equal(baro_posix_setsockopt_in(left, client, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time), 0);
    /* Nobody reads: what fits is taken, then it gives up. */
    do
        sent = baro_posix_send_in(left, client, big, sizeof big, 0);
    while (sent > 0);
    assert_int_equal(sent, -1);
    assert_int_equal(errno, EAGAIN);
    (void)server;
}

static void flags_of_recv_and_send(void **state)
{
    int listener = posix_bound(right, SOCK_STREAM, 0, 80, 5), client, server;
    char text[16] = "", octet;

    (void)state;
    server = connection(listener, 80, &client);
    assert_fails(baro_posix_recv_in(right, server, text, 4, MSG_DONTWAIT), EAGAIN);
    assert_int_equal(baro_posix_send_in(left, client, "abcd", 4, 0), 4);
    assert_int_equal(baro_posix_recv_in(right, server, text, 4, MSG_PEEK | MSG_WAITALL), 4);
    assert_int_equal(baro_posix_recv_in(right, server, text, 2, 0), 2);
    assert_int_equal(baro_posix_send_in(left, client, "efgh", 4, 0), 4);
    assert_int_equal(baro_posix_recv_in(right, server, text + 2, 6, MSG_WAITALL), 6);
    assert_memory_equal(text, "abcdefgh", 8);
    assert_int_equal(baro_posix_send_in(left, client, "xy", 2, 0), 2);
    assert_int_equal(baro_posix_shutdown_in(left, client, SHUT_WR), 0);
    assert_int_equal(baro_posix_recv_in(right, server, text, 16, MSG_WAITALL), 2); /* the end comes first */
    assert_int_equal(baro_posix_recv_in(right, server, text, 16, MSG_WAITALL), 0);
    assert_fails(baro_posix_send_in(left, client, "x", 1, MSG_NOSIGNAL), EPIPE);
    assert_fails(baro_posix_shutdown_in(left, client, 9), EINVAL);
    assert_fails(baro_posix_shutdown_in(left, stream(left), SHUT_RD), ENOTCONN);
    assert_fails(baro_posix_recv_in(left, stream(left), &octet, 1, 0), ENOTCONN);
}

static volatile sig_atomic_t pipes;

static void on_pipe(int number)
{
    (void)number;
    pipes++;
}

static void a_broken_stream_signals(void **state)
{
    int listener = posix_bound(right, SOCK_STREAM, 0, 80, 5), client;

    (void)state;
    connection(listener, 80, &client);
    signal(SIGPIPE, on_pipe);
    assert_int_equal(baro_posix_shutdown_in(left, client, SHUT_WR), 0);
    assert_fails(baro_posix_write_in(left, client, "x", 1), EPIPE);
    assert_int_equal(pipes, 1);
    assert_fails(baro_posix_send_in(left, client, "x", 1, MSG_NOSIGNAL), EPIPE);
    assert_int_equal(pipes, 1);
    signal(SIGPIPE, SIG_DFL);
}

/* ---- threads ---- */

struct waiting {
    struct baro_posix_stack *stack;
    int fd;
    ssize_t result;
    int error;
    pid_t thread;
};

static void *wait_in_accept(void *context)
{
    struct waiting *waiting = context;

    asleep_number(&waiting->thread);
    waiting->result = baro_posix_accept_in(waiting->stack, waiting->fd, NULL, NULL);
    waiting->error = errno;
    return NULL;
}

static void *wait_in_recv(void *context)
{
    struct waiting *waiting = context;
    char octet;

    asleep_number(&waiting->thread);
    waiting->result = baro_posix_recv_in(waiting->stack, waiting->fd, &octet, 1, 0);
    waiting->error = errno;
    return NULL;
}

static void *wait_in_connect(void *context)
{
    struct waiting *waiting = context;

    asleep_number(&waiting->thread);
    waiting->result = posix_connect(waiting->stack, waiting->fd, 77, 80); /* nobody there */
    waiting->error = waiting->result < 0 ? (int)-waiting->result : 0;
    return NULL;
}

static void close_wakes_accept_recv_and_connect(void **state)
{
    int listener = posix_bound(right, SOCK_STREAM, 0, 80, 5), client;
    struct waiting waiting[3] = { { right, listener, 0, 0, 0 }, { right, 0, 0, 0, 0 }, { left, 0, 0, 0, 0 } };
    pthread_t thread[3];

    (void)state;
    waiting[1].fd = connection(listener, 80, &client);
    waiting[2].fd = stream(left);
    pthread_create(&thread[0], NULL, wait_in_accept, &waiting[0]);
    pthread_create(&thread[1], NULL, wait_in_recv, &waiting[1]);
    pthread_create(&thread[2], NULL, wait_in_connect, &waiting[2]);
    for (int i = 0; i < 3; i++)
        asleep_until(waiting[i].stack, &waiting[i].thread);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(baro_posix_close_in(waiting[i].stack, waiting[i].fd), 0);
        /* The number is another's now; who waited must not take it for his. */
        assert_int_equal(stream(waiting[i].stack), waiting[i].fd);
        pthread_join(thread[i], NULL);
        assert_true(waiting[i].result < 0);
        assert_int_equal(waiting[i].error, EBADF);
    }
}

static void shutdown_of_a_listener_wakes_accept(void **state)
{
    struct waiting waiting = { right, posix_bound(right, SOCK_STREAM, 0, 80, 5), 0, 0, 0 };
    pthread_t thread;

    (void)state;
    pthread_create(&thread, NULL, wait_in_accept, &waiting);
    asleep_until(right, &waiting.thread);
    assert_int_equal(baro_posix_shutdown_in(right, waiting.fd, SHUT_RD), 0);
    pthread_join(thread, NULL);
    assert_int_equal(waiting.result, -1);
    assert_int_equal(waiting.error, EINVAL);
}

static void shutdown_wakes_who_reads(void **state)
{
    int listener = posix_bound(right, SOCK_STREAM, 0, 80, 5), client;
    struct waiting waiting = { right, connection(listener, 80, &client), -1, 0, 0 };
    pthread_t thread;

    (void)state;
    pthread_create(&thread, NULL, wait_in_recv, &waiting);
    asleep_until(right, &waiting.thread);
    assert_int_equal(baro_posix_shutdown_in(right, waiting.fd, SHUT_RD), 0);
    pthread_join(thread, NULL);
    assert_int_equal(waiting.result, 0);
}

/* Only the stack's own thread can end this: nobody calls, no frame comes. */
static void time_passes_while_all_wait(void **state)
{
    int fd = stream(left), ms = 300;

    (void)state;
    assert_int_equal(baro_posix_setsockopt_in(left, fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms), 0);
    assert_int_equal(posix_connect(left, fd, 77, 80), -ETIMEDOUT); /* nobody there */
}

/* ---- options ---- */

static void options_of_streams(void **state)
{
    int listener = posix_bound(right, SOCK_STREAM, 0, 80, 5), client, server, number;
    static const struct { int name, value; } line[] = {
        { TCP_NODELAY, 1 }, { TCP_CORK, 1 }, { TCP_QUICKACK, 0 }, { TCP_KEEPIDLE, 10 }, { TCP_KEEPINTVL, 3 },
        { TCP_KEEPCNT, 4 }, { TCP_USER_TIMEOUT, 5000 },
    };
    struct linger lingering = { 1, 5 };
    struct tcp_info info;
    socklen_t length = sizeof info;

    (void)state;
    server = connection(listener, 80, &client);
    for (size_t i = 0; i < sizeof line / sizeof line[0]; i++) {
        socklen_t size = sizeof number;
        assert_int_equal(baro_posix_setsockopt_in(left, client, IPPROTO_TCP, line[i].name, &line[i].value, 4), 0);
        assert_int_equal(baro_posix_getsockopt_in(left, client, IPPROTO_TCP, line[i].name, &number, &size), 0);
        assert_int_equal(number, line[i].value);
    }
    assert_int_equal(baro_posix_getsockopt_in(left, client, IPPROTO_TCP, TCP_INFO, &info, &length), 0);
    assert_int_equal(info.tcpi_state, TCP_ESTABLISHED);
    assert_in_range(info.tcpi_snd_mss, 536, 1460);
    /* close waits here until the last octet is acknowledged. */
    assert_int_equal(baro_posix_setsockopt_in(right, server, SOL_SOCKET, SO_LINGER, &lingering, sizeof lingering), 0);
    lingering.l_linger = 0;
    length = sizeof lingering;
    assert_int_equal(baro_posix_getsockopt_in(right, server, SOL_SOCKET, SO_LINGER, &lingering, &length), 0);
    assert_int_equal(lingering.l_linger, 5);
    assert_int_equal(baro_posix_send_in(right, server, "last", 4, 0), 4);
    assert_int_equal(baro_posix_close_in(right, server), 0);
}

/* By name, as programs choose it; a connection has what its listener had. */
static void congestion_control_by_name(void **state)
{
    int listener = posix_bound(right, SOCK_STREAM, 0, 80, 5), client, server;
    char name[20];
    socklen_t length = sizeof name;

    (void)state;
    assert_int_equal(baro_posix_setsockopt_in(right, listener, IPPROTO_TCP, TCP_CONGESTION, "reno", 4), 0);
    server = connection(listener, 80, &client);
    assert_int_equal(baro_posix_getsockopt_in(left, client, IPPROTO_TCP, TCP_CONGESTION, name, &length), 0);
    assert_int_equal(length, 16);
    assert_string_equal(name, "cubic");
    assert_int_equal(baro_posix_getsockopt_in(right, server, IPPROTO_TCP, TCP_CONGESTION, name, &length), 0);
    assert_string_equal(name, "reno");
    assert_int_equal(baro_posix_setsockopt_in(left, client, IPPROTO_TCP, TCP_CONGESTION, "vegas", 6), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(baro_posix_setsockopt_in(left, client, IPPROTO_TCP, TCP_CONGESTION, "reno", 0), -1);
    assert_int_equal(errno, EINVAL);
    length = 3; /* as much as fits */
    assert_int_equal(baro_posix_getsockopt_in(left, client, IPPROTO_TCP, TCP_CONGESTION, name, &length), 0);
    assert_int_equal(length, 3);
    assert_memory_equal(name, "cub", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POSIX_PAIR_TEST(accept_gives_a_new_descriptor),
        POSIX_PAIR_TEST(the_queue_is_served_in_order),
        POSIX_PAIR_TEST(accept_needs_a_listener),
        POSIX_PAIR_TEST(connect_fails_as_posix_says),
        POSIX_PAIR_TEST(connect_without_waiting),
        POSIX_PAIR_TEST(time_outs),
        POSIX_PAIR_TEST(flags_of_recv_and_send),
        POSIX_PAIR_TEST(a_broken_stream_signals),
        POSIX_PAIR_TEST(close_wakes_accept_recv_and_connect),
        POSIX_PAIR_TEST(shutdown_of_a_listener_wakes_accept),
        POSIX_PAIR_TEST(shutdown_wakes_who_reads),
        POSIX_PAIR_TEST(time_passes_while_all_wait),
        POSIX_PAIR_TEST(options_of_streams),
        POSIX_PAIR_TEST(congestion_control_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
