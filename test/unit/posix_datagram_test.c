/* Blocking datagram sockets: two stacks on a wire, threads that wait, time-outs, poll, control data, errno. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <linux/errqueue.h> /* wants struct timespec */
#include <netinet/tcp.h>
#include <pthread.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/asleep.h"
#include "support/posix_pair.h"

static const struct timeval short_time = { 0, 30000 };

static void set_timeout(struct baro_posix_stack *stack, int fd)
{
    assert_int_equal(baro_posix_setsockopt_in(stack, fd, SOL_SOCKET, SO_RCVTIMEO, &short_time, sizeof short_time), 0);
}

static void over_the_wire(void **state)
{
    struct sockaddr_in to = posix_address(2, 53), from;
    socklen_t length = sizeof from;
    int one = baro_posix_socket_in(left, AF_INET, SOCK_DGRAM, 0), two = posix_bound(right, SOCK_DGRAM, 0, 53, 0);
    char text[20] = "";

    (void)state;
    assert_int_equal(baro_posix_sendto_in(left, one, "question", 8, 0, (struct sockaddr *)&to, sizeof to), 8);
    assert_int_equal(baro_posix_recvfrom_in(right, two, text, sizeof text, 0, (struct sockaddr *)&from, &length), 8);
    assert_string_equal(text, "question");
    assert_int_equal(length, sizeof from);
    assert_int_equal(from.sin_family, AF_INET);
    assert_int_equal(from.sin_addr.s_addr, htonl(0x0a000001));
    assert_int_equal(baro_posix_sendto_in(right, two, "answer", 6, 0, (struct sockaddr *)&from, length), 6);
    assert_int_equal(baro_posix_recv_in(left, one, text, 3, MSG_PEEK), 3);
    assert_int_equal(baro_posix_recv_in(left, one, text, 3, MSG_TRUNC), 6);
    assert_int_equal(baro_posix_close_in(left, one), 0);
    assert_fails(baro_posix_close_in(left, one), EBADF);
}

static void the_default_stack_is_a_loopback(void **state)
{
    struct sockaddr_in here = posix_address(127, 5000), there;
    socklen_t length = sizeof there;
    int fd = baro_posix_socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    struct pollfd poll_for = { fd, POLLIN | POLLOUT, 0 };
    struct baro_posix_stack *stack;
    char text[10];

    (void)state;
    assert_int_equal(baro_posix_bind(fd, (struct sockaddr *)&here, sizeof here), 0);
    assert_int_equal(baro_posix_getsockname(fd, (struct sockaddr *)&there, &length), 0);
    assert_int_equal(there.sin_port, here.sin_port);
    assert_int_equal(baro_posix_connect(fd, (struct sockaddr *)&here, sizeof here), 0);
    assert_int_equal(baro_posix_getpeername(fd, (struct sockaddr *)&there, &length), 0);
    assert_int_equal(baro_posix_poll(&poll_for, 1, 0), 1);
    assert_int_equal(poll_for.revents, POLLOUT);
    assert_int_equal(baro_posix_write(fd, "me", 2), 2);
    assert_int_equal(baro_posix_read(fd, text, sizeof text), 2);
    assert_int_equal(baro_posix_close(fd), 0);
    stack = baro_posix_set_default(NULL);
    assert_non_null(stack);
    baro_posix_free(stack);
}

static void what_socket_refuses(void **state)
{
    (void)state;
    assert_fails(baro_posix_socket_in(left, AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6), EPROTONOSUPPORT);
    assert_fails(baro_posix_socket_in(left, AF_UNIX, SOCK_STREAM, 0), EAFNOSUPPORT);
    assert_fails(baro_posix_socket_in(left, AF_INET, SOCK_RAW, 0), ESOCKTNOSUPPORT);
    assert_fails(baro_posix_socket_in(left, AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
    assert_fails(baro_posix_socket_in(left, AF_INET, 77, 0), EINVAL);
}

static void no_descriptors_left(void **state)
{
    struct baro_posix_config config;
    struct baro_posix_stack *small;
    int fd;

    (void)state;
    baro_posix_config_init(&config);
    config.descriptor_limit = 2;
    small = baro_posix_create(&config);
    assert_non_null(small);
    fd = baro_posix_socket_in(small, AF_INET, SOCK_DGRAM, 0);
    assert_true(baro_posix_socket_in(small, AF_INET, SOCK_DGRAM, 0) >= 0);
    assert_fails(baro_posix_socket_in(small, AF_INET, SOCK_DGRAM, 0), EMFILE);
    assert_int_equal(baro_posix_close_in(small, fd), 0);
    assert_int_equal(baro_posix_socket_in(small, AF_INET, SOCK_DGRAM, 0), fd);
    baro_posix_free(small);
}

static void addresses_are_read_with_care(void **state)
{
    struct sockaddr_in address = posix_address(0, 5000);
    int fd = baro_posix_socket_in(left, AF_INET, SOCK_DGRAM, 0);

    (void)state;
    assert_fails(baro_posix_bind_in(left, fd, (struct sockaddr *)&address, 3), EINVAL);
    assert_fails(baro_posix_bind_in(left, fd, NULL, 16), EFAULT);
    address.sin_family = AF_UNIX;
    assert_fails(baro_posix_bind_in(left, fd, (struct sockaddr *)&address, sizeof address), EAFNOSUPPORT);
    address = posix_address(77, 5000);
    assert_fails(baro_posix_bind_in(left, fd, (struct sockaddr *)&address, sizeof address), EADDRNOTAVAIL);
    assert_fails(baro_posix_bind_in(left, 99, (struct sockaddr *)&address, sizeof address), EBADF);
    assert_fails(baro_posix_send_in(left, fd, "x", 1, 0), EDESTADDRREQ);
    assert_fails(baro_posix_getpeername_in(left, fd, (struct sockaddr *)&address, &(socklen_t){ 16 }), ENOTCONN);
    assert_fails(baro_posix_listen_in(left, fd, 1), EOPNOTSUPP);
    assert_fails(baro_posix_accept_in(left, fd, NULL, NULL), EOPNOTSUPP);
}

static void ways_not_to_wait(void **state)
{
    int fd = posix_bound(left, SOCK_DGRAM, 0, 5000, 0), other;
    char octet;

    (void)state;
    assert_fails(baro_posix_recv_in(left, fd, &octet, 1, MSG_DONTWAIT), EAGAIN);
    set_timeout(left, fd);
    assert_fails(baro_posix_recv_in(left, fd, &octet, 1, 0), EAGAIN);
    assert_int_equal(baro_posix_fcntl_in(left, fd, F_GETFL, 0), O_RDWR);
    assert_int_equal(baro_posix_fcntl_in(left, fd, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(baro_posix_fcntl_in(left, fd, F_GETFL, 0), O_RDWR | O_NONBLOCK);
    assert_fails(baro_posix_recv_in(left, fd, &octet, 1, 0), EAGAIN);
    assert_fails(baro_posix_fcntl_in(left, fd, F_DUPFD, 0), EINVAL);
    assert_fails(baro_posix_fcntl_in(left, 999, F_GETFL, 0), EBADF);
    other = baro_posix_socket_in(left, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_fails(baro_posix_recv_in(left, other, &octet, 1, 0), EAGAIN);
}

/* ---- threads ---- */

struct waiting {
    struct baro_posix_stack *stack;
    int fd;
    ssize_t result;
    int error;
    pid_t thread;
};

static void *wait_in_recv(void *context)
{
    struct waiting *waiting = context;
    char octet;

    asleep_number(&waiting->thread);
    waiting->result = baro_posix_recv_in(waiting->stack, waiting->fd, &octet, 1, 0);
    waiting->error = errno;
    return NULL;
}

static void *wait_in_poll(void *context)
{
    struct waiting *waiting = context;
    struct pollfd poll_for[3] = { { -1, POLLIN, 0 }, { waiting->fd, POLLIN, 0 }, { waiting->fd, POLLIN, 0 } };

    asleep_number(&waiting->thread);
    waiting->result = baro_posix_poll_in(waiting->stack, poll_for, 3, -1);
    waiting->error = poll_for[1].revents;
    return NULL;
}

static void close_wakes_who_waits(void **state)
{
    struct waiting reading = { left, posix_bound(left, SOCK_DGRAM, 0, 5000, 0), 0, 0, 0 }, polling = reading;
    pthread_t thread[2];

    (void)state;
    pthread_create(&thread[0], NULL, wait_in_recv, &reading);
    pthread_create(&thread[1], NULL, wait_in_poll, &polling);
    asleep_until(reading.stack, &reading.thread);
    asleep_until(polling.stack, &polling.thread);
    assert_int_equal(baro_posix_close_in(left, reading.fd), 0);
    pthread_join(thread[0], NULL);
    pthread_join(thread[1], NULL);
    assert_int_equal(reading.result, -1);
    assert_int_equal(reading.error, EBADF);
    assert_int_equal(polling.result, 2);
    assert_int_equal(polling.error, POLLNVAL);
}

static void arrival_wakes_who_waits(void **state)
{
    struct waiting reading = { right, posix_bound(right, SOCK_DGRAM, 0, 1000, 0), 0, 0, 0 };
    struct waiting polling = { right, posix_bound(right, SOCK_DGRAM, 0, 1001, 0), 0, 0, 0 };
    struct sockaddr_in to = posix_address(2, 1000);
    int fd = baro_posix_socket_in(left, AF_INET, SOCK_DGRAM, 0);
    pthread_t thread[2];

    (void)state;
    pthread_create(&thread[0], NULL, wait_in_recv, &reading);
    pthread_create(&thread[1], NULL, wait_in_poll, &polling);
    asleep_until(reading.stack, &reading.thread);
    asleep_until(polling.stack, &polling.thread);
    assert_int_equal(baro_posix_sendto_in(left, fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to), 1);
    pthread_join(thread[0], NULL);
    assert_int_equal(reading.result, 1);
    to = posix_address(2, 1001);
    assert_int_equal(baro_posix_sendto_in(left, fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to), 1);
    pthread_join(thread[1], NULL);
    assert_int_equal(polling.result, 2);
    assert_int_equal(polling.error, POLLIN);
}

static void shutdown_wakes_who_reads(void **state)
{
    struct waiting reading = { left, posix_bound(left, SOCK_DGRAM, 0, 5000, 0), -1, 0, 0 };
    pthread_t thread;

    (void)state;
    assert_int_equal(posix_connect(left, reading.fd, 2, 9), 0);
    pthread_create(&thread, NULL, wait_in_recv, &reading);
    asleep_until(reading.stack, &reading.thread);
    assert_int_equal(baro_posix_shutdown_in(left, reading.fd, SHUT_RD), 0);
    pthread_join(thread, NULL);
    assert_int_equal(reading.result, 0);
}

static void the_end_of_a_stack_wakes_all(void **state)
{
    struct baro_posix_config config;
    struct waiting reading = { NULL, 0, 0, 0, 0 };
    pthread_t thread;

    (void)state;
    baro_posix_config_init(&config);
    reading.stack = baro_posix_create(&config);
    reading.fd = posix_bound(reading.stack, SOCK_DGRAM, 0, 5000, 0);
    pthread_create(&thread, NULL, wait_in_recv, &reading);
    asleep_until(reading.stack, &reading.thread); /* freeing a stack that others are about to call is a mistake */
    baro_posix_free(reading.stack);
    pthread_join(thread, NULL);
    assert_int_equal(reading.result, -1);
    assert_int_equal(reading.error, EBADF);
}

/* ---- errors, options, control data ---- */

static void refused_by_the_other_host(void **state)
{
    int fd = baro_posix_socket_in(left, AF_INET, SOCK_DGRAM, 0), number = -1;
    socklen_t length = sizeof number;
    char octet;

    (void)state;
    assert_int_equal(posix_connect(left, fd, 2, 9), 0);
    assert_int_equal(baro_posix_send_in(left, fd, "x", 1, 0), 1);
    assert_fails(baro_posix_recv_in(left, fd, &octet, 1, 0), ECONNREFUSED);
    assert_int_equal(baro_posix_getsockopt_in(left, fd, SOL_SOCKET, SO_ERROR, &number, &length), 0);
    assert_int_equal(number, 0);
}

/* MSG_ERRQUEUE: what was refused, and by whom, without waiting; over it the pending error is gone. By both families. */
static void errors_are_told_in_detail(void **state)
{
    struct sockaddr_in four = posix_address(2, 9);
    struct sockaddr_in6 six = { .sin6_family = AF_INET6,
                                .sin6_port = htons(9),
                                .sin6_addr.s6_addr = { [10] = 0xff, 0xff } };

    (void)state;
    memcpy(six.sin6_addr.s6_addr + 12, &four.sin_addr, 4);
    for (int i = 0; i < 2; i++) {
        int fd = baro_posix_socket_in(left, i == 0 ? AF_INET : AF_INET6, SOCK_DGRAM, 0), on = 1;
        const struct sockaddr *to = i == 0 ? (const struct sockaddr *)&four : (const struct sockaddr *)&six;
        struct sockaddr_storage where;
        char text[20], space[200];
        struct iovec piece = { text, sizeof text };
        struct msghdr message = { .msg_name = &where, .msg_namelen = sizeof where, .msg_iov = &piece, .msg_iovlen = 1,
                                  .msg_control = space, .msg_controllen = sizeof space };
        struct pollfd poll_for = { fd, POLLIN, 0 };
        struct cmsghdr *header;
        struct sock_extended_err error;

        assert_int_equal(baro_posix_setsockopt_in(left, fd, i == 0 ? IPPROTO_IP : IPPROTO_IPV6,
                                                  i == 0 ? IP_RECVERR : IPV6_RECVERR, &on, sizeof on), 0);
        assert_fails(baro_posix_recvmsg_in(left, fd, &message, MSG_ERRQUEUE), EAGAIN);
        assert_int_equal(baro_posix_sendto_in(left, fd, "lost", 4, 0, to, i == 0 ? sizeof four : sizeof six), 4);
        assert_int_equal(baro_posix_poll_in(left, &poll_for, 1, 5000), 1);
        assert_true(poll_for.revents & POLLERR);
        assert_int_equal(baro_posix_recvmsg_in(left, fd, &message, MSG_ERRQUEUE), 4);
        assert_memory_equal(text, "lost", 4);
        assert_memory_equal(&where, to, message.msg_namelen);
        assert_int_equal(message.msg_flags, MSG_ERRQUEUE);
        header = CMSG_FIRSTHDR(&message);
        assert_non_null(header);
        assert_int_equal(header->cmsg_level, i == 0 ? IPPROTO_IP : IPPROTO_IPV6);
        assert_int_equal(header->cmsg_type, i == 0 ? IP_RECVERR : IPV6_RECVERR);
        memcpy(&error, CMSG_DATA(header), sizeof error);
        assert_int_equal(error.ee_errno, ECONNREFUSED);
        assert_int_equal(error.ee_origin, SO_EE_ORIGIN_ICMP);
        assert_int_equal(error.ee_type, 3);
        assert_int_equal(error.ee_code, 3);
        if (i == 0)
            assert_memory_equal(CMSG_DATA(header) + sizeof error + 4, &four.sin_addr, 4);
        else
            assert_memory_equal(CMSG_DATA(header) + sizeof error + 8, &six.sin6_addr, 16);
        assert_fails(baro_posix_recvmsg_in(left, fd, &message, MSG_ERRQUEUE), EAGAIN);
        assert_fails(baro_posix_recv_in(left, fd, text, sizeof text, MSG_DONTWAIT), EAGAIN);
        assert_int_equal(baro_posix_close_in(left, fd), 0);
    }
}

static void options_by_their_posix_names(void **state)
{
    static const struct { int level, name, value; } line[] = {
        { SOL_SOCKET, SO_REUSEADDR, 1 }, { SOL_SOCKET, SO_REUSEPORT, 1 }, { SOL_SOCKET, SO_BROADCAST, 1 },
        { SOL_SOCKET, SO_RCVBUF, 40000 }, { SOL_SOCKET, SO_SNDBUF, 40000 }, { IPPROTO_IP, IP_TTL, 9 },
        { IPPROTO_IP, IP_TOS, 16 }, { IPPROTO_IP, IP_PKTINFO, 1 }, { IPPROTO_IP, IP_RECVTTL, 1 },
        { IPPROTO_IP, IP_RECVTOS, 1 }, { IPPROTO_IP, IP_MULTICAST_TTL, 3 }, { IPPROTO_IP, IP_MULTICAST_LOOP, 0 },
        { IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO },
    };
    static const struct { int name, value; } told[] = {
        { SO_TYPE, SOCK_DGRAM }, { SO_DOMAIN, AF_INET }, { SO_PROTOCOL, IPPROTO_UDP }, { SO_ACCEPTCONN, 0 },
    };
    int fd = baro_posix_socket_in(left, AF_INET, SOCK_DGRAM, 0), number;
    struct timeval time;
    socklen_t length;

    (void)state;
    for (size_t i = 0; i < sizeof line / sizeof line[0]; i++) {
        number = -1;
        length = sizeof number;
        assert_int_equal(baro_posix_setsockopt_in(left, fd, line[i].level, line[i].name, &line[i].value, 4), 0);
        assert_int_equal(baro_posix_getsockopt_in(left, fd, line[i].level, line[i].name, &number, &length), 0);
        assert_int_equal(number, line[i].value);
    }
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        length = sizeof number;
        assert_int_equal(baro_posix_getsockopt_in(left, fd, SOL_SOCKET, told[i].name, &number, &length), 0);
        assert_int_equal(number, told[i].value);
    }
    set_timeout(left, fd);
    length = sizeof time;
    assert_int_equal(baro_posix_getsockopt_in(left, fd, SOL_SOCKET, SO_RCVTIMEO, &time, &length), 0);
    assert_int_equal(time.tv_usec, short_time.tv_usec);
    time.tv_usec = 1000000;
    assert_fails(baro_posix_setsockopt_in(left, fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time), EDOM);
    assert_fails(baro_posix_setsockopt_in(left, fd, SOL_SOCKET, SO_RCVTIMEO, &time, 3), EINVAL);
    assert_fails(baro_posix_setsockopt_in(left, fd, SOL_SOCKET, 9999, &number, 4), ENOPROTOOPT);
    assert_fails(baro_posix_getsockopt_in(left, fd, SOL_SOCKET, 9999, &number, &length), ENOPROTOOPT);
    assert_fails(baro_posix_setsockopt_in(left, fd, IPPROTO_TCP, TCP_NODELAY, &number, 4), ENOPROTOOPT);
    assert_fails(baro_posix_setsockopt_in(left, fd, SOL_SOCKET, SO_BROADCAST, &number, 1), EINVAL);
    assert_fails(baro_posix_getsockopt_in(left, 99, SOL_SOCKET, SO_TYPE, &number, &length), EBADF);
}

static void control_data_tells_where_it_was_sent_to(void **state)
{
    struct sockaddr_in to = posix_address(2, 1000), from;
    int one = baro_posix_socket_in(left, AF_INET, SOCK_DGRAM, 0), two = posix_bound(right, SOCK_DGRAM, 0, 1000, 0);
    int on = 1;
    char text[4], control[256];
    struct iovec iov[2] = { { text, 2 }, { text + 2, 1 } };
    struct msghdr message = { .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = iov, .msg_iovlen = 2,
                              .msg_control = control, .msg_controllen = sizeof control };
    struct in_pktinfo info;
    bool seen = false;

    (void)state;
    assert_int_equal(baro_posix_setsockopt_in(right, two, IPPROTO_IP, IP_PKTINFO, &on, sizeof on), 0);
    assert_int_equal(baro_posix_setsockopt_in(right, two, IPPROTO_IP, IP_RECVTTL, &on, sizeof on), 0);
    assert_int_equal(baro_posix_sendto_in(left, one, "four", 4, 0, (struct sockaddr *)&to, sizeof to), 4);
    assert_int_equal(baro_posix_recvmsg_in(right, two, &message, 0), 3);
    assert_memory_equal(text, "fou", 3);
    assert_int_equal(message.msg_flags, MSG_TRUNC);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_type == IP_PKTINFO) {
            memcpy(&info, CMSG_DATA(c), sizeof info);
            seen = true;
            assert_int_equal(info.ipi_addr.s_addr, htonl(0x0a000002));
            assert_int_equal(info.ipi_ifindex, 1);
        } else {
            assert_int_equal(c->cmsg_type, IP_TTL);
            assert_int_equal(*CMSG_DATA(c), 64);
        }
    }
    assert_true(seen);
    assert_int_equal(message.msg_controllen, CMSG_SPACE(sizeof info) + CMSG_SPACE(sizeof(int)));
    /* Too little room is said. */
    assert_int_equal(baro_posix_sendto_in(left, one, "four", 4, 0, (struct sockaddr *)&to, sizeof to), 4);
    message.msg_controllen = CMSG_SPACE(sizeof info);
    assert_int_equal(baro_posix_recvmsg_in(right, two, &message, 0), 3);
    assert_int_equal(message.msg_flags, MSG_TRUNC | MSG_CTRUNC);
    /* What came in goes out again: the answer's source is where the question was sent to. */
    message.msg_iovlen = 1;
    assert_int_equal(baro_posix_sendmsg_in(right, two, &message, 0), 2);
    assert_int_equal(baro_posix_recv_in(left, one, text, 4, 0), 2);
}

static void pings_over_the_wire(void **state)
{
    const struct sockaddr_in peer = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000002) };
    int fd = baro_posix_socket_in(left, AF_INET, SOCK_DGRAM, IPPROTO_ICMP), number = 0;
    uint8_t octets[16] = { 8, 0, 0, 0, 0, 0, 0, 3, 'p', 'i', 'n', 'g' };
    struct sockaddr_in from = { 0 };
    socklen_t length = sizeof number;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(baro_posix_getsockopt_in(left, fd, SOL_SOCKET, SO_PROTOCOL, &number, &length), 0);
    assert_int_equal(number, IPPROTO_ICMP);
    assert_int_equal(baro_posix_getsockopt_in(left, fd, SOL_SOCKET, SO_TYPE, &number, &length), 0);
    assert_int_equal(number, SOCK_DGRAM);
    number = 1;
    assert_int_equal(baro_posix_setsockopt_in(left, fd, IPPROTO_IP, IP_RECVERR, &number, sizeof number), 0);
    assert_int_equal(baro_posix_sendto_in(left, fd, octets, sizeof octets, 0, (const struct sockaddr *)&peer,
                                          sizeof peer), 16);
    memset(octets, 0, sizeof octets);
    length = sizeof from;
    assert_int_equal(baro_posix_recvfrom_in(left, fd, octets, sizeof octets, 0, (struct sockaddr *)&from, &length), 16);
    assert_int_equal(octets[0], 0);
    assert_int_equal(octets[7], 3);
    assert_memory_equal(octets + 8, "ping", 4);
    assert_int_equal(from.sin_addr.s_addr, peer.sin_addr.s_addr);
    assert_int_equal(baro_posix_close_in(left, fd), 0);
}

static void poll_gives_up_in_time(void **state)
{
    struct pollfd poll_for[2] = { { posix_bound(left, SOCK_DGRAM, 0, 1000, 0), POLLIN, 7 }, { -1, POLLIN, 7 } };

    (void)state;
    assert_int_equal(baro_posix_poll_in(left, poll_for, 2, 20), 0);
    assert_int_equal(poll_for[0].revents, 0);
    assert_int_equal(poll_for[1].revents, 0);
    assert_int_equal(baro_posix_poll_in(left, poll_for, 0, 20), 0);
    poll_for[1].fd = 555;
    assert_int_equal(baro_posix_poll_in(left, poll_for, 2, -1), 1);
    assert_int_equal(poll_for[1].revents, POLLNVAL);
}

static void the_core_is_there_under_the_lock(void **state)
{
    struct baro_statistics statistics;
    struct baro_stack *core = baro_posix_lock(left);

    (void)state;
    assert_int_equal(baro_stack_add_address(core, 1, baro_ipv4(10, 0, 0, 9), 24, false), 0);
    baro_posix_unlock(left);
    posix_bound(left, SOCK_DGRAM, 9, 1000, 0);
    core = baro_posix_lock(left);
    baro_stack_statistics(core, &statistics);
    baro_stack_check_invariants(core);
    baro_posix_unlock(left);
    assert_true(statistics.slab_bytes != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POSIX_PAIR_TEST(over_the_wire),
        cmocka_unit_test(the_default_stack_is_a_loopback),
        POSIX_PAIR_TEST(what_socket_refuses),
        cmocka_unit_test(no_descriptors_left),
        POSIX_PAIR_TEST(addresses_are_read_with_care),
        POSIX_PAIR_TEST(ways_not_to_wait),
        POSIX_PAIR_TEST(close_wakes_who_waits),
        POSIX_PAIR_TEST(arrival_wakes_who_waits),
        POSIX_PAIR_TEST(shutdown_wakes_who_reads),
        cmocka_unit_test(the_end_of_a_stack_wakes_all),
        POSIX_PAIR_TEST(refused_by_the_other_host),
        POSIX_PAIR_TEST(errors_are_told_in_detail),
        POSIX_PAIR_TEST(options_by_their_posix_names),
        POSIX_PAIR_TEST(control_data_tells_where_it_was_sent_to),
        POSIX_PAIR_TEST(pings_over_the_wire),
        POSIX_PAIR_TEST(poll_gives_up_in_time),
        POSIX_PAIR_TEST(the_core_is_there_under_the_lock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
