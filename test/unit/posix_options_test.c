/* Options and flags of the blocking library: Linux' values and limits over two stacks, waiting for SO_RCVLOWAT, what is
 * thrown away with MSG_TRUNC, and who is told of an option that is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <string.h>
#include <sys/time.h>

#include "support/posix_pair.h"

enum { WINDOW_CLAMP = 10, NOTSENT_LOWAT = 25, MAX_PACING_RATE = 47 };

static void pair_of(int port, int *client, int *server)
{
    int listener = posix_bound(right, SOCK_STREAM, 0, port, 5);

    *client = baro_posix_socket_in(left, AF_INET, SOCK_STREAM, 0);
    assert_int_equal(posix_connect(left, *client, 2, port), 0);
    *server = baro_posix_accept_in(right, listener, NULL, NULL);
    assert_true(*server >= 0);
}

static void numbers_as_linux_keeps_them(void **state)
{
    static const struct { int level, name, value, back; } line[] = { /* back: what is read then, or -errno of setting */
        { SOL_SOCKET, SO_KEEPALIVE, 7, 1 },          { SOL_SOCKET, SO_RCVLOWAT, 0, 1 },
        { IPPROTO_TCP, TCP_KEEPIDLE, 32768, -EINVAL }, { IPPROTO_TCP, TCP_KEEPIDLE, 32767, 32767 },
        { IPPROTO_TCP, TCP_KEEPINTVL, 0, -EINVAL },  { IPPROTO_TCP, TCP_KEEPCNT, 128, -EINVAL },
        { IPPROTO_TCP, TCP_SYNCNT, 0, -EINVAL },     { IPPROTO_TCP, TCP_SYNCNT, 3, 3 },
        { IPPROTO_TCP, TCP_LINGER2, 121, 120 },      { IPPROTO_TCP, TCP_LINGER2, -5, -1 },
        { IPPROTO_TCP, TCP_LINGER2, 0, 60 },         { IPPROTO_TCP, TCP_DEFER_ACCEPT, 5, 7 },
        { IPPROTO_TCP, TCP_DEFER_ACCEPT, -1, 0 },    { IPPROTO_TCP, WINDOW_CLAMP, 10, 1152 },
        { IPPROTO_TCP, WINDOW_CLAMP, 0, 0 },         { IPPROTO_TCP, NOTSENT_LOWAT, -1, -1 },
        { IPPROTO_TCP, TCP_USER_TIMEOUT, -1, -EINVAL }, { IPPROTO_TCP, TCP_MAXSEG, 87, -EINVAL },
        { IPPROTO_TCP, TCP_MAXSEG, 1000, 1000 },
    };
    int fd = baro_posix_socket_in(left, AF_INET, SOCK_STREAM, 0), number, client, server;
    uint64_t rate = 125000;
    socklen_t length = sizeof number;

    (void)state;
    for (size_t i = 0; i < sizeof line / sizeof line[0]; i++) {
        int result = baro_posix_setsockopt_in(left, fd, line[i].level, line[i].name, &line[i].value, sizeof number);

        if (result < 0) {
            assert_int_equal(-errno, line[i].back);
            continue;
        }
        assert_int_equal(baro_posix_getsockopt_in(left, fd, line[i].level, line[i].name, &number, &length), 0);
        assert_int_equal(number, line[i].back);
    }
    assert_int_equal(baro_posix_getsockopt_in(left, fd, SOL_SOCKET, SO_SNDLOWAT, &number, &length), 0);
    assert_int_equal(number, 1);
    assert_fails(baro_posix_setsockopt_in(left, fd, SOL_SOCKET, SO_SNDLOWAT, &number, sizeof number), ENOPROTOOPT);
    assert_int_equal(baro_posix_setsockopt_in(left, fd, SOL_SOCKET, MAX_PACING_RATE, &rate, sizeof rate), 0);
    assert_int_equal(baro_posix_getsockopt_in(left, fd, SOL_SOCKET, MAX_PACING_RATE, &number, &length), 0);
    assert_int_equal(number, 125000); /* four octets for who has four */
    pair_of(80, &client, &server);
    number = 0; /* a clamp is not taken off a connection */
    assert_fails(baro_posix_setsockopt_in(left, client, IPPROTO_TCP, WINDOW_CLAMP, &number, sizeof number), EINVAL);
}

static void *send_the_rest(void *context)
{
    usleep(30000);
    assert_int_equal(baro_posix_send_in(left, *(int *)context, "defgh", 5, 0), 5);
    return NULL;
}

static void a_reader_waits_for_its_low_water(void **state)
{
    struct timeval soon = { 0, 20000 };
    int client, server, least = 6;
    pthread_t thread;
    char room[16];

    (void)state;
    pair_of(80, &client, &server);
    assert_int_equal(baro_posix_setsockopt_in(right, server, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof least), 0);
    assert_int_equal(baro_posix_send_in(left, client, "abc", 3, 0), 3);
    assert_int_equal(pthread_create(&thread, NULL, send_the_rest, &client), 0);
    assert_int_equal(baro_posix_recv_in(right, server, room, sizeof room, 0), 8); /* not the three that were there */
    assert_int_equal(pthread_join(thread, NULL), 0);
    /* Room for less than that is filled as soon as it can be; a time-out gives what is there. */
    assert_int_equal(baro_posix_send_in(left, client, "abcd", 4, 0), 4);
    assert_int_equal(baro_posix_recv_in(right, server, room, 2, 0), 2);
    assert_int_equal(baro_posix_setsockopt_in(right, server, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon), 0);
    assert_int_equal(baro_posix_recv_in(right, server, room, sizeof room, 0), 2);
    assert_fails(baro_posix_recv_in(right, server, room, sizeof room, 0), EAGAIN);
    /* At the end there is no more to wait for. */
    assert_int_equal(baro_posix_send_in(left, client, "z", 1, 0), 1);
    assert_int_equal(baro_posix_close_in(left, client), 0);
    assert_int_equal(baro_posix_recv_in(right, server, room, sizeof room, 0), 1);
    assert_int_equal(baro_posix_recv_in(right, server, room, sizeof room, 0), 0);
}

static void a_connection_waits_as_its_listener(void **state)
{
    struct timeval soon = { 0, 10000 }, told;
    int listener = posix_bound(right, SOCK_STREAM, 0, 80, 5), client, server;
    socklen_t length = sizeof told;

    (void)state;
    assert_int_equal(baro_posix_setsockopt_in(right, listener, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon), 0);
    assert_fails(baro_posix_accept_in(right, listener, NULL, NULL), EAGAIN);
    client = baro_posix_socket_in(left, AF_INET, SOCK_STREAM, 0);
    assert_int_equal(posix_connect(left, client, 2, 80), 0);
    do /* it may take longer than that */
        server = baro_posix_accept_in(right, listener, NULL, NULL);
    while (server < 0 && errno == EAGAIN);
    assert_int_equal(baro_posix_getsockopt_in(right, server, SOL_SOCKET, SO_RCVTIMEO, &told, &length), 0);
    assert_int_equal(told.tv_usec, 10000);
}

static void what_is_thrown_away_is_not_copied(void **state)
{
    int client, server;
    char room[4] = "....";

    (void)state;
    pair_of(80, &client, &server);
    assert_int_equal(baro_posix_send_in(left, client, "abcdef", 6, 0), 6);
    assert_int_equal(baro_posix_recv_in(right, server, room, 4, MSG_TRUNC | MSG_WAITALL), 4);
    assert_memory_equal(room, "....", 4);
    assert_int_equal(baro_posix_recv_in(right, server, room, 4, 0), 2);
    assert_memory_equal(room, "ef..", 4);
}

struct heard {
    unsigned count;
    int level, name;
};

static void hear(void *context, int level, int name)
{
    struct heard *heard = context;

    heard->count++;
    heard->level = level;
    heard->name = name;
}

static void an_unknown_option_is_told_once(void **state)
{
    struct heard heard = { 0 };
    struct baro_posix_config config;
    struct baro_posix_stack *stack;
    int fd, number = 1;
    socklen_t length = sizeof number;

    (void)state;
    baro_posix_config_init(&config);
    config.unknown_option = hear;
    config.unknown_context = &heard;
    stack = baro_posix_create(&config);
    assert_non_null(stack);
    fd = baro_posix_socket_in(stack, AF_INET, SOCK_STREAM, 0);
    for (int i = 0; i < 3; i++) {
        assert_fails(baro_posix_setsockopt_in(stack, fd, IPPROTO_TCP, 99, &number, sizeof number), ENOPROTOOPT);
        assert_fails(baro_posix_getsockopt_in(stack, fd, IPPROTO_TCP, 99, &number, &length), ENOPROTOOPT);
    }
    assert_int_equal(heard.count, 1);
    assert_true(heard.level == IPPROTO_TCP && heard.name == 99);
    assert_fails(baro_posix_setsockopt_in(stack, fd, IPPROTO_IP, 99, &number, sizeof number), ENOPROTOOPT);
    assert_fails(baro_posix_setsockopt_in(stack, fd, SOL_SOCKET, 999, &number, sizeof number), ENOPROTOOPT);
    assert_int_equal(heard.count, 3);
    baro_posix_free(stack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POSIX_PAIR_TEST(numbers_as_linux_keeps_them),
        POSIX_PAIR_TEST(a_reader_waits_for_its_low_water),
        POSIX_PAIR_TEST(a_connection_waits_as_its_listener),
        POSIX_PAIR_TEST(what_is_thrown_away_is_not_copied),
        cmocka_unit_test(an_unknown_option_is_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
