/* Threads on streams: one for each connection, two on one descriptor, and what close and shutdown do to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/posix_pair.h"

static int stream(struct baro_posix_stack *stack)
{
    int fd = baro_posix_socket_in(stack, AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    return fd;
}

/* ---- a thread for each connection ---- */

enum { CONNECTIONS = 12, OCTETS = 200000 };

static uint8_t pattern(int index, size_t at)
{
    return (uint8_t)((size_t)index * 31 + at * 7 + (at >> 8));
}

static void *echo(void *context)
{
    int fd = (int)(intptr_t)context;
    char data[5000];
    ssize_t length;

    while ((length = baro_posix_recv_in(right, fd, data, sizeof data, 0)) > 0)
        if (baro_posix_send_in(right, fd, data, (size_t)length, MSG_NOSIGNAL) != length)
            break;
    baro_posix_close_in(right, fd);
    return NULL;
}

static void *serve(void *context)
{
    int listener = (int)(intptr_t)context;
    pthread_t thread[CONNECTIONS];

    for (int i = 0; i < CONNECTIONS; i++) {
        int fd = baro_posix_accept_in(right, listener, NULL, NULL);

        if (fd < 0 || pthread_create(&thread[i], NULL, echo, (void *)(intptr_t)fd) != 0)
            abort();
    }
    for (int i = 0; i < CONNECTIONS; i++)
        pthread_join(thread[i], NULL);
    return NULL;
}

struct client {
    int index, fd;
    long wrong;
    size_t received;
};

static void *write_all(void *context)
{
    struct client *client = context;
    uint8_t data[3000];

    for (size_t at = 0; at < OCTETS; at += sizeof data) {
        size_t length = OCTETS - at < sizeof data ? OCTETS - at : sizeof data;

        for (size_t i = 0; i < length; i++)
            data[i] = pattern(client->index, at + i);
        if (baro_posix_send_in(left, client->fd, data, length, MSG_NOSIGNAL) != (ssize_t)length)
            break;
    }
    baro_posix_shutdown_in(left, client->fd, SHUT_WR);
    return NULL;
}

/* Two threads on one descriptor: one writes, this one reads. */
static void *talk(void *context)
{
    struct client *client = context;
    uint8_t data[4096];
    pthread_t writer;
    ssize_t length;

    client->fd = baro_posix_socket_in(left, AF_INET, SOCK_STREAM, 0);
    if (posix_connect(left, client->fd, 2, 80) != 0 || pthread_create(&writer, NULL, write_all, client) != 0)
        return NULL;
    while ((length = baro_posix_recv_in(left, client->fd, data, sizeof data, 0)) > 0) {
        for (ssize_t i = 0; i < length; i++)
            client->wrong += data[i] != pattern(client->index, client->received + (size_t)i);
        client->received += (size_t)length;
    }
    pthread_join(writer, NULL);
    baro_posix_close_in(left, client->fd);
    return NULL;
}

static void a_thread_for_each_connection(void **state)
{
    int listener = posix_bound(right, SOCK_STREAM, 0, 80, CONNECTIONS);
    struct client client[CONNECTIONS];
    pthread_t server, thread[CONNECTIONS];

    (void)state;
    pthread_create(&server, NULL, serve, (void *)(intptr_t)listener);
    for (int i = 0; i < CONNECTIONS; i++) {
        client[i] = (struct client){ .index = i };
        pthread_create(&thread[i], NULL, talk, &client[i]);
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(client[i].received, OCTETS);
        assert_int_equal(client[i].wrong, 0);
    }
    pthread_join(server, NULL);
}

/* ---- one thread waits for another ---- */

/* A connection from left to a listener of right's. */
static void connect_pair(int *client, int *server, int recv_buffer)
{
    int listener = baro_posix_socket_in(right, AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in here = posix_address(0, 80);

    assert_int_equal(
        baro_posix_setsockopt_in(right, listener, SOL_SOCKET, SO_RCVBUF, &recv_buffer, sizeof recv_buffer), 0);
    assert_int_equal(baro_posix_bind_in(right, listener, (struct sockaddr *)&here, sizeof here), 0);
    assert_int_equal(baro_posix_listen_in(right, listener, 1), 0);
    *client = stream(left);
    assert_int_equal(posix_connect(left, *client, 2, 80), 0);
    *server = baro_posix_accept_in(right, listener, NULL, NULL);
    assert_true(*server >= 0);
}

struct writing {
    int fd;
    ssize_t sent;
};

static void *write_much(void *context)
{
    static char data[4 << 20];
    struct writing *writing = context;

    writing->sent = baro_posix_send_in(left, writing->fd, data, sizeof data, MSG_NOSIGNAL);
    return NULL;
}

static void shutdown_wakes_who_writes(void **state)
{
    struct writing writing = { -1, 0 };
    pthread_t thread;
    int server;

    (void)state;
    connect_pair(&writing.fd, &server, 2048);
    pthread_create(&thread, NULL, write_much, &writing);
    usleep(50000);
    assert_int_equal(baro_posix_shutdown_in(left, writing.fd, SHUT_WR), 0);
    pthread_join(thread, NULL);
    assert_true(writing.sent < 4 << 20);
}

static void *send_later(void *context)
{
    usleep(30000);
    baro_posix_send_in(left, ((struct writing *)context)->fd, "second", 6, 0);
    return NULL;
}

static void waiting_for_all(void **state)
{
    struct writing writing = { -1, 0 };
    char text[12];
    pthread_t thread;
    int server;

    (void)state;
    connect_pair(&writing.fd, &server, 65536);
    assert_int_equal(baro_posix_send_in(left, writing.fd, "first-", 6, 0), 6);
    pthread_create(&thread, NULL, send_later, &writing);
    assert_int_equal(baro_posix_recv_in(right, server, text, sizeof text, MSG_WAITALL), 12);
    assert_memory_equal(text, "first-second", 12);
    pthread_join(thread, NULL);
}

struct reading {
    int fd;
    bool began;
    size_t received;
};

static void *read_slowly(void *context)
{
    struct reading *reading = context;
    char data[1000];
    ssize_t length;

    usleep(100000);
    __atomic_store_n(&reading->began, true, __ATOMIC_SEQ_CST);
    while ((length = baro_posix_recv_in(right, reading->fd, data, sizeof data, 0)) > 0)
        reading->received += (size_t)length;
    return NULL;
}

static void lingering_close_waits_for_the_last_acknowledgement(void **state)
{
    static char data[30000];
    struct linger lingering = { 1, 20 };
    struct reading reading = { -1, false, 0 };
    pthread_t thread;
    int client;

    (void)state;
    connect_pair(&client, &reading.fd, 2048);
    assert_int_equal(baro_posix_setsockopt_in(left, client, SOL_SOCKET, SO_LINGER, &lingering, sizeof lingering), 0);
    assert_int_equal(baro_posix_send_in(left, client, data, sizeof data, 0), sizeof data);
    pthread_create(&thread, NULL, read_slowly, &reading);
    assert_int_equal(baro_posix_close_in(left, client), 0);
    assert_true(__atomic_load_n(&reading.began, __ATOMIC_SEQ_CST)); /* 30,000 octets are more than its buffer */
    pthread_join(thread, NULL);
    assert_int_equal(reading.received, sizeof data);
}

/* On the loopback no frame comes from outside. Nagle's algorithm holds the second octet until the first is
 * acknowledged, and that waits for a timer: only the stack's own thread can bring it about. */
static void the_stack_keeps_time_while_all_wait(void **state)
{
    struct baro_posix_config config;
    struct baro_posix_stack *alone;
    char text[2];
    int listener, client, server;

    (void)state;
    baro_posix_config_init(&config);
    alone = baro_posix_create(&config);
    assert_non_null(alone);
    usleep(30000); /* its thread sleeps with nothing to wait for */
    listener = posix_bound(alone, SOCK_STREAM, 0, 80, 1);
    client = stream(alone);
    assert_int_equal(posix_connect(alone, client, 127, 80), 0);
    server = baro_posix_accept_in(alone, listener, NULL, NULL);
    for (int i = 0; i < 24; i++) { /* the first segments of a connection are acknowledged at once */
        assert_int_equal(baro_posix_send_in(alone, client, "a", 1, 0), 1);
        assert_int_equal(baro_posix_send_in(alone, client, "b", 1, 0), 1);
        assert_int_equal(baro_posix_recv_in(alone, server, text, 2, MSG_WAITALL), 2);
        assert_memory_equal(text, "ab", 2);
    }
    baro_posix_free(alone);
}

/* Nobody reads the wire's other end for a while: what it does not take waits, and goes out when it does again. */
static void a_full_wire_loses_nothing(void **state)
{
    static uint8_t frame[2000];
    struct sockaddr_in to = posix_address(2, 9);
    struct baro_posix_config config;
    struct baro_posix_stack *stack;
    struct pollfd poll_for = { .events = POLLIN };
    int fd, end[2], sent = 0, seen = 0;
    char data[1000];

    (void)state;
    memset(data, 'x', sizeof data);
    assert_int_equal(baro_posix_wire_pair(end), 0);
    baro_posix_config_init(&config);
    config.wire = end[0];
    config.address = baro_ipv4(10, 0, 0, 1);
    config.prefix_length = 24;
    stack = baro_posix_create(&config);
    assert_non_null(stack);
    baro_stack_set_neighbour(baro_posix_lock(stack), 1, baro_ipv4(10, 0, 0, 2), (struct baro_mac){ { 2, 3 } });
    baro_posix_unlock(stack);
    fd = baro_posix_socket_in(stack, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    while (baro_posix_sendto_in(stack, fd, data, sizeof data, 0, (struct sockaddr *)&to, sizeof to) == sizeof data)
        sent++;
    assert_int_equal(errno, EAGAIN);
    poll_for.fd = end[1];
    while (seen < sent && poll(&poll_for, 1, 10000) == 1)
        seen += read(end[1], frame, sizeof frame) == 1042;
    assert_int_equal(seen, sent);
    baro_posix_free(stack);
    close(end[0]);
    close(end[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POSIX_PAIR_TEST(a_thread_for_each_connection),
        POSIX_PAIR_TEST(shutdown_wakes_who_writes),
        POSIX_PAIR_TEST(waiting_for_all),
        POSIX_PAIR_TEST(lingering_close_waits_for_the_last_acknowledgement),
        cmocka_unit_test(the_stack_keeps_time_while_all_wait),
        cmocka_unit_test(a_full_wire_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
