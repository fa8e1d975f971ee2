/* The trapped calls as a program sees them, with every feature of the kernel and with each one missing. The
 * program is this test itself, run with an argument; it exits with the line of the first check that failed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "support/run_fixture.h"

static const char *self;
static int alarms;

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "line %d: %s (errno %d)\n", __LINE__, #condition, errno);                        \
            return 1;                                                                                        \
        }                                                                                                    \
    } while (0)

static struct sockaddr_in at_port(unsigned port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int listen_at(unsigned port)
{
    struct sockaddr_in address = at_port(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 8) == 0 ? fd
                                                                                                       : -1;
}

static int dial(unsigned port, int flags)
{
    struct sockaddr_in address = at_port(port);
    int fd = socket(AF_INET, SOCK_STREAM | flags, 0);
    int result = connect(fd, (struct sockaddr *)&address, sizeof address);
    return result == 0 || errno == EINPROGRESS ? fd : -1;
}

static short ready(int fd, short events, int wait_ms)
{
    struct pollfd poller = { .fd = fd, .events = events };
    return poll(&poller, 1, wait_ms) == 1 ? poller.revents : 0;
}

static void count_alarm(int signal)
{
    (void)signal;
    alarms++;
}

static int check_streams(void)
{
    struct sockaddr_in name;
    socklen_t length = sizeof name;
    char text[16];
    int listener = listen_at(80);
    CHECK(listener >= 0 && (fcntl(listener, F_GETFD) & FD_CLOEXEC));
    CHECK(ready(listener, POLLIN | POLLOUT, 0) == 0);
    int client = dial(80, 0);
    CHECK(client >= 0 && ready(listener, POLLIN, 5000) == POLLIN);
    int server = accept4(listener, (struct sockaddr *)&name, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    CHECK(server >= 0 && (fcntl(server, F_GETFL) & O_NONBLOCK) && (fcntl(server, F_GETFD) & FD_CLOEXEC));
    CHECK(length == sizeof name && name.sin_family == AF_INET && ntohs(name.sin_port) >= 40000);
    CHECK(ready(listener, POLLIN, 0) == 0);
    CHECK(write(client, "question", 8) == 8 && ready(server, POLLIN, 5000) == POLLIN);
    CHECK(read(server, text, sizeof text) == 8 && memcmp(text, "question", 8) == 0);
    CHECK(shutdown(client, SHUT_WR) == 0 && ready(server, POLLIN, 5000) && read(server, text, 1) == 0);
    CHECK(write(server, "answer", 6) == 6 && close(server) == 0);
    CHECK(recv(client, text, sizeof text, MSG_WAITALL) == 6);
    CHECK(close(listener) == 0 && dial(80, 0) == -1 && errno == ECONNREFUSED);
    CHECK((listener = listen_at(80)) >= 0); /* the port is free as soon as close returns */
    return 0;
}

static int check_reset(void)
{
    const struct linger now = { 1, 0 };
    int listener = listen_at(81), client = dial(81, SOCK_NONBLOCK), error;
    socklen_t length = sizeof error;
    char byte;
    CHECK(ready(client, POLLOUT, 5000) == POLLOUT);
    int server = accept(listener, NULL, NULL);
    CHECK(setsockopt(server, SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0 && close(server) == 0);
    CHECK(ready(client, POLLIN, 5000) & POLLHUP);
    CHECK(getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == ECONNRESET);
    CHECK(send(client, "x", 1, MSG_NOSIGNAL) == -1);
    CHECK(recv(client, &byte, 1, 0) <= 0);
    return 0;
}

static int check_signals(void)
{
    /* The first again and again: it may come before the call, where another program has the processor. */
    const struct itimerval often = { .it_value = { 0, 60000 }, .it_interval = { 0, 60000 } },
                           soon = { .it_value = { 0, 60000 } };
    const struct itimerval never = { .it_value = { 0, 0 } };
    struct timeval limit = { 0, 150000 };
    struct sigaction action = { .sa_handler = count_alarm };
    int listener = listen_at(82);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    CHECK(accept(listener, NULL, NULL) == -1 && errno == EINTR && alarms >= 1);
    setitimer(ITIMER_REAL, &never, NULL);
    alarms = 0;
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    CHECK(accept(listener, NULL, NULL) == -1 && (errno == EAGAIN || errno == EINTR) && alarms == 1);
    return 0;
}

static int check_datagrams(void)
{
    struct sockaddr_in address = at_port(53), from;
    socklen_t length = sizeof from;
    char text[16];
    int server = socket(AF_INET, SOCK_DGRAM, 0), client = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(server >= 896 && client > server && bind(server, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(sendto(client, "one", 3, 0, (struct sockaddr *)&address, sizeof address) == 3);
    CHECK(connect(client, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(write(client, "twice", 5) == 5 && send(client, "three", 5, 0) == 5);
    CHECK(recv(server, text, sizeof text, 0) == 3); /* natively: its address is spent too */
    CHECK(recvfrom(server, text, 2, MSG_TRUNC, (struct sockaddr *)&from, &length) == 5);
    CHECK(memcmp(text, "tw", 2) == 0 && ntohs(from.sin_port) >= 40000);
    struct iovec piece = { text, sizeof text };
    struct msghdr message = {
        .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &piece, .msg_iovlen = 1
    };
    CHECK(recvmsg(server, &message, 0) == 5 && message.msg_namelen == sizeof from && message.msg_flags == 0);
    CHECK(recvmsg(server, &message, MSG_DONTWAIT) == -1 && errno == EAGAIN);
    /* Two of one length from two senders, the first received natively: the second keeps its own address. */
    int other = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(write(client, "first", 5) == 5);
    CHECK(sendto(other, "later", 5, 0, (struct sockaddr *)&address, sizeof address) == 5);
    CHECK(read(server, text, sizeof text) == 5 && memcmp(text, "first", 5) == 0);
    CHECK(recvfrom(server, text, sizeof text, 0, (struct sockaddr *)&from, &length) == 5);
    struct sockaddr_in name;
    length = sizeof name;
    CHECK(getsockname(other, (struct sockaddr *)&name, &length) == 0 && name.sin_port == from.sin_port);
    return 0;
}

static int program(void)
{
    return check_streams() || check_reset() || check_signals() || check_datagrams();
}

static void run_without(unsigned features)
{
    struct run_fixture f;
    fixture_init(&f, features);
    const char *const argument[] = { self, "program", NULL };
    int status = fixture_run(&f, argument);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    struct baro_run_statistics statistics;
    baro_run_statistics(f.run, &statistics);
    assert_true(statistics.calls > 30);
    fixture_release(&f);
}

static void with_all_that_the_kernel_has(void **state)
{
    (void)state;
    run_without(0);
}

static void without_killable_waiting(void **state)
{
    (void)state;
    run_without(BARO_RUN_WAIT_KILLABLE);
}

static void without_anything_new(void **state)
{
    (void)state;
    run_without(BARO_RUN_WAIT_KILLABLE | BARO_RUN_SYNC_WAKE_UP);
}

int main(int count, char **argument)
{
    if (count > 1)
        return program();
    self = argument[0];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_all_that_the_kernel_has),
        cmocka_unit_test(without_killable_waiting),
        cmocka_unit_test(without_anything_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
