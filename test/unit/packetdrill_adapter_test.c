/* libbaro-packetdrill.so as the original tool uses it: loaded by name, fed with bare datagrams, its calls made in one
 * thread while another goes on. The object's path is in BARO_PACKETDRILL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "baro/packet.h"
#include "packetdrill/interface.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DEEP 0 /* the sanitizers' runtime refuses it */
#else
#define DEEP RTLD_DEEPBIND
#endif

enum { ROOM = 65536, PORT = 8080, TRIES = 100 };

static struct packetdrill_interface tool;
static struct baro_address own, peer;
static uint32_t stack_next, peer_next; /* sequence numbers */

static void begin(const char *flags)
{
    void (*init)(const char *, struct packetdrill_interface *);
    void *object = dlopen(getenv("BARO_PACKETDRILL"), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE | DEEP);

    if (object == NULL)
        fail_msg("%s", dlerror());
    *(void **)&init = dlsym(object, "packetdrill_interface_init");
    assert_non_null(init);
    init(flags, &tool);
}

static int start(void **state)
{
    (void)state;
    begin(NULL);
    own = baro_ipv4(192, 168, 0, 1);
    peer = baro_ipv4(192, 0, 2, 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    tool.free(tool.userdata);
    return 0;
}

static void inject(uint8_t flags, const void *data, size_t length)
{
    struct baro_packet packet = { .source = peer, .destination = own, .protocol = 6, .layer = BARO_PACKET_TCP,
                                  .source_port = { 40000 }, .destination_port = { PORT }, .seq = peer_next,
                                  .ack = (flags & BARO_TCP_ACK) ? stack_next : 0, .flags = flags, .window = 65535,
                                  .payload = { data, length } };
    uint8_t octets[2048];
    ptrdiff_t size = baro_packet_build(&packet, (struct baro_buffer){ octets, sizeof octets });

    assert_true(size > 0);
    assert_int_equal(tool.netdev_send(tool.userdata, octets, (size_t)size), 0);
    peer_next += (uint32_t)length + ((flags & BARO_TCP_SYN) != 0) + ((flags & BARO_TCP_FIN) != 0);
}

static uint8_t octets[ROOM];

/* The next packet that the stack sent. */
static struct baro_packet expect(uint8_t flags)
{
    struct baro_packet packet;
    long long time_us = 0;
    struct timeval now;
    size_t length;
    int tries = 0;

    do
        length = sizeof octets;
    while (tool.netdev_receive(tool.userdata, octets, &length, &time_us) != 0 && ++tries < TRIES);
    assert_true(tries < TRIES);
    assert_int_equal(tool.gettimeofday(tool.userdata, &now, NULL), 0);
    assert_true(time_us <= now.tv_sec * 1000000LL + now.tv_usec);
    assert_int_equal(baro_packet_parse(&packet, (struct baro_bytes){ octets, length }), BARO_DROP_NONE);
    assert_true(packet.transport_checksum_right);
    assert_int_equal(packet.flags, flags);
    stack_next = packet.seq + packet.payload_length + ((flags & BARO_TCP_SYN) != 0) + ((flags & BARO_TCP_FIN) != 0);
    return packet;
}

static socklen_t address_of(struct sockaddr_storage *address, struct baro_address from, uint16_t port)
{
    memset(address, 0, sizeof *address);
    if (from.family == BARO_FAMILY_IPV6) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;

        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        memcpy(&v6->sin6_addr, from.octet, 16);
        return sizeof *v6;
    }
    ((struct sockaddr_in *)address)->sin_family = AF_INET;
    ((struct sockaddr_in *)address)->sin_port = htons(port);
    memcpy(&((struct sockaddr_in *)address)->sin_addr, from.octet, 4);
    return sizeof(struct sockaddr_in);
}

static int listening(void)
{
    struct sockaddr_storage address;
    socklen_t length = address_of(&address, own, PORT);
    int fd = tool.socket(tool.userdata, own.family == BARO_FAMILY_IPV6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_true(fcntl(fd, F_GETFD) >= 0); /* a real descriptor */
    assert_int_equal(tool.bind(tool.userdata, fd, (struct sockaddr *)&address, length), 0);
    assert_int_equal(tool.listen(tool.userdata, fd, 1), 0);
    return fd;
}

static void dialogue(void)
{
    peer_next = 0;
    inject(BARO_TCP_SYN, NULL, 0);
    assert_int_equal(expect(BARO_TCP_SYN | BARO_TCP_ACK).ack, 1);
    inject(BARO_TCP_ACK, NULL, 0);
}

static int accepted(int listener)
{
    int fd;

    dialogue();
    fd = tool.accept(tool.userdata, listener, NULL, NULL);
    assert_true(fd >= 0);
    return fd;
}

static void finish(int listener, int fd)
{
    assert_int_equal(tool.close(tool.userdata, fd), 0);
    expect(BARO_TCP_FIN | BARO_TCP_ACK);
    inject(BARO_TCP_FIN | BARO_TCP_ACK, NULL, 0);
    expect(BARO_TCP_ACK);
    assert_int_equal(tool.close(tool.userdata, listener), 0);
}

/* ---- tests ---- */

static void exchange(void)
{
    int listener = listening(), fd = accepted(listener), count = -1;
    struct iovec parts[2] = { { "hel", 3 }, { "lo", 2 } };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
    char text[8];

    assert_int_equal(tool.write(tool.userdata, fd, "data", 4), 4);
    assert_memory_equal(expect(BARO_TCP_PSH | BARO_TCP_ACK).payload.data, "data", 4);
    assert_int_equal(tool.ioctl(tool.userdata, fd, SIOCOUTQ, &count), 0);
    assert_int_equal(count, 4);
    inject(BARO_TCP_ACK, NULL, 0);
    assert_int_equal(tool.writev(tool.userdata, fd, parts, 2), 5);
    expect(BARO_TCP_PSH | BARO_TCP_ACK);
    inject(BARO_TCP_PSH | BARO_TCP_ACK, "abcdef", 6);
    expect(BARO_TCP_ACK);
    assert_int_equal(tool.ioctl(tool.userdata, fd, SIOCINQ, &count), 0);
    assert_int_equal(count, 6);
    assert_int_equal(tool.recv(tool.userdata, fd, text, 2, MSG_PEEK), 2);
    assert_int_equal(tool.read(tool.userdata, fd, text, 2), 2);
    parts[0] = (struct iovec){ text + 2, 1 };
    parts[1] = (struct iovec){ text + 3, 1 };
    assert_int_equal(tool.readv(tool.userdata, fd, parts, 2), 2);
    parts[0] = (struct iovec){ text + 4, 4 };
    message.msg_iovlen = 1;
    assert_int_equal(tool.recvmsg(tool.userdata, fd, &message, 0), 2);
    assert_memory_equal(text, "abcdef", 6);
    assert_int_equal(tool.recv(tool.userdata, fd, text, 2, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
    finish(listener, fd);
}

static void a_server_talks(void **state)
{
    (void)state;
    exchange();
}

static void over_ipv6(void **state)
{
    (void)state;
    own = baro_ipv6(0xfd3d, 0x0a0b, 0x17d6, 0, 0, 0, 0, 1);
    peer = baro_ipv6(0xfd3d, 0xfa7b, 0xd17d, 0, 0, 0, 0, 1);
    exchange();
}

static void options_and_errors(void **state)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof(int);
    int fd = tool.socket(tool.userdata, AF_INET, SOCK_STREAM, 0), value = 1;

    (void)state;
    assert_int_equal(tool.setsockopt(tool.userdata, fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &value, sizeof value), 0);
    value = 0;
    assert_int_equal(tool.getsockopt(tool.userdata, fd, IPPROTO_TCP, 1, &value, &length), 0);
    assert_int_equal(value, 1);
    assert_int_equal(tool.fcntl(tool.userdata, fd, F_SETFL, O_RDWR | O_NONBLOCK), 0);
    assert_true((tool.fcntl(tool.userdata, fd, F_GETFL) & O_NONBLOCK) != 0);
    length = address_of(&address, peer, PORT);
    assert_int_equal(tool.connect(tool.userdata, fd, (struct sockaddr *)&address, length), -1);
    assert_int_equal(errno, EINPROGRESS);
    expect(BARO_TCP_SYN);
    assert_int_equal(tool.shutdown(tool.userdata, fd, SHUT_RDWR), -1);
    assert_int_equal(errno, ENOTCONN);
    assert_int_equal(tool.listen(tool.userdata, 999, 1), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(tool.close(tool.userdata, fd), 0);
    assert_int_equal(tool.close(tool.userdata, fd), -1);
    assert_int_equal(errno, EBADF);
}

struct caller {
    int listener, fd;
    pid_t thread;
};

static void *accept_blocking(void *argument)
{
    struct caller *caller = argument;

    __atomic_store_n(&caller->thread, (pid_t)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
    caller->fd = tool.accept(tool.userdata, caller->listener, NULL, NULL);
    return NULL;
}

/* As the kernel tells it: the tool goes on when its other thread sleeps. */
static char state_of(pid_t thread)
{
    char path[64], line[512] = "", *after;
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)thread);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    fclose(file);
    after = strrchr(line, ')');
    return after[2];
}

static void a_blocking_call_sleeps(void **state)
{
    struct caller caller = { .listener = listening() };
    pthread_t thread;
    pid_t number;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, accept_blocking, &caller), 0);
    while ((number = __atomic_load_n(&caller.thread, __ATOMIC_SEQ_CST)) == 0 || state_of(number) != 'S')
        tool.usleep(tool.userdata, 1000);
    dialogue();
    pthread_join(thread, NULL);
    assert_true(caller.fd >= 0);
    finish(caller.listener, caller.fd);
}

static void readiness_is_told(void **state)
{
    int listener = listening(), set = tool.epoll_create(tool.userdata, 1), fd;
    struct pollfd both[2] = { { listener, POLLIN, 0 }, { 999, POLLIN, 0 } };
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = 7 }, told[4];
    char text[8];

    (void)state;
    assert_int_equal(tool.poll(tool.userdata, both, 1, 0), 0);
    assert_int_equal(tool.epoll_ctl(tool.userdata, set, EPOLL_CTL_ADD, listener, &event), 0);
    assert_int_equal(tool.epoll_ctl(tool.userdata, set, EPOLL_CTL_ADD, listener, &event), -1);
    assert_int_equal(errno, EEXIST);
    assert_int_equal(tool.epoll_wait(tool.userdata, set, told, 4, 0), 0);
    dialogue();
    assert_int_equal(tool.epoll_wait(tool.userdata, set, told, 4, -1), 1);
    assert_int_equal(told[0].data.u64, 7);
    assert_int_equal(told[0].events, EPOLLIN);
    assert_int_equal(tool.poll(tool.userdata, both, 2, 1000), 2);
    assert_int_equal(both[0].revents, POLLIN);
    assert_int_equal(both[1].revents, POLLNVAL);
    fd = tool.accept(tool.userdata, listener, NULL, NULL);
    event.events = EPOLLIN | EPOLLET;
    assert_int_equal(tool.epoll_ctl(tool.userdata, set, EPOLL_CTL_ADD, fd, &event), 0);
    inject(BARO_TCP_PSH | BARO_TCP_ACK, "ab", 2);
    expect(BARO_TCP_ACK);
    assert_int_equal(tool.epoll_wait(tool.userdata, set, told, 4, 1000), 1);
    assert_int_equal(tool.epoll_wait(tool.userdata, set, told, 4, 20), 0); /* an edge is told once */
    inject(BARO_TCP_PSH | BARO_TCP_ACK, "cd", 2);
    assert_int_equal(tool.epoll_wait(tool.userdata, set, told, 4, 1000), 1);
    assert_int_equal(tool.read(tool.userdata, fd, text, sizeof text), 4);
    expect(BARO_TCP_ACK);
    event.events = EPOLLIN | EPOLLONESHOT;
    assert_int_equal(tool.epoll_ctl(tool.userdata, set, EPOLL_CTL_MOD, fd, &event), 0);
    inject(BARO_TCP_PSH | BARO_TCP_ACK, "ef", 2);
    assert_int_equal(tool.epoll_wait(tool.userdata, set, told, 4, 1000), 1);
    assert_int_equal(tool.epoll_wait(tool.userdata, set, told, 4, 0), 0);
    assert_int_equal(tool.epoll_ctl(tool.userdata, set, EPOLL_CTL_DEL, fd, NULL), 0);
    assert_int_equal(tool.epoll_ctl(tool.userdata, set, EPOLL_CTL_DEL, fd, NULL), -1);
    assert_int_equal(errno, ENOENT);
    expect(BARO_TCP_ACK);
    assert_int_equal(tool.read(tool.userdata, fd, text, sizeof text), 2);
    assert_int_equal(tool.close(tool.userdata, set), 0);
    finish(listener, fd);
}

static void through_a_pipe(void **state)
{
    int listener = listening(), fd = accepted(listener), end_[2];
    char text[8];

    (void)state;
    assert_int_equal(tool.pipe(tool.userdata, end_), 0);
    assert_int_equal(tool.write(tool.userdata, end_[1], "piped", 5), 5);
    assert_int_equal(tool.splice(tool.userdata, end_[0], NULL, fd, NULL, 100, 0), 5);
    assert_memory_equal(expect(BARO_TCP_PSH | BARO_TCP_ACK).payload.data, "piped", 5);
    inject(BARO_TCP_PSH | BARO_TCP_ACK, "back", 4);
    expect(BARO_TCP_ACK);
    assert_int_equal(tool.splice(tool.userdata, fd, NULL, end_[1], NULL, 100, 0), 4);
    assert_int_equal(tool.read(tool.userdata, end_[0], text, sizeof text), 4);
    assert_memory_equal(text, "back", 4);
    assert_int_equal(tool.splice(tool.userdata, fd, NULL, end_[1], NULL, 100, SPLICE_F_NONBLOCK), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(tool.splice(tool.userdata, end_[0], NULL, end_[1], NULL, 100, 0), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(tool.close(tool.userdata, end_[0]), 0);
    assert_int_equal(tool.close(tool.userdata, end_[1]), 0);
    finish(listener, fd);
}

/* What the script left open the tool closes with the real close(). */
static void left_open(void **state)
{
    int listener = listening(), fd = accepted(listener);

    (void)state;
    assert_int_equal(close(fd), 0);
    assert_int_equal(close(listener), 0);
}

static void flags_are_heard(void **state)
{
    (void)state;
    tool.free(tool.userdata);
    begin("local=10.9.8.7/24,gateway=10.9.8.1,mtu=600");
    own = baro_ipv4(10, 9, 8, 7);
    exchange();
}

static void wrong_flags_end_the_tool(void **state)
{
    pid_t child = fork();
    int status;

    (void)state;
    if (child == 0) {
        struct packetdrill_interface unused = tool;

        close(STDERR_FILENO);
        begin("local=10.9.8.7/33");
        tool = unused;
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_server_talks, start, end),
        cmocka_unit_test_setup_teardown(over_ipv6, start, end),
        cmocka_unit_test_setup_teardown(options_and_errors, start, end),
        cmocka_unit_test_setup_teardown(a_blocking_call_sleeps, start, end),
        cmocka_unit_test_setup_teardown(readiness_is_told, start, end),
        cmocka_unit_test_setup_teardown(through_a_pipe, start, end),
        cmocka_unit_test_setup_teardown(left_open, start, end),
        cmocka_unit_test_setup_teardown(flags_are_heard, start, end),
        cmocka_unit_test_setup_teardown(wrong_flags_end_the_tool, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
