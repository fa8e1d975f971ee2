/* Which calls the filter traps, which it refuses, which it leaves alone; and that there is one listener only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/run/child.h"
#include "host/run/filter.h"

static int expected[32], expectations;

/* The child makes one call and checks its errno; the parent is told in advance that it will be trapped. */
#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            _exit(100 + __LINE__ % 100);                                                                     \
    } while (0)

static void refused_and_native(void)
{
    CHECK(syscall(SYS_io_uring_setup, 1, NULL) == -1 && errno == ENOSYS);
#ifdef __x86_64__
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(20L)
                     : "memory", "r8", "r9", "r10", "r11"); /* i386 getpid */
    CHECK(result == -ENOSYS);
#endif
    int pair[2], place = DATAGRAM_FIRST;
    char byte = 'x';
    CHECK(socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
    CHECK(write(pair[0], &byte, 1) == 1 && sendto(pair[0], &byte, 1, 0, NULL, 0) == 1);
    struct iovec piece = { &byte, 1 };
    struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };
    CHECK(sendmsg(pair[0], &message, 0) == 1);
    CHECK(recvmsg(pair[1], &message, 0) == 1);
    CHECK(recv(pair[1], &byte, 1, 0) == 1);
    CHECK(dup2(pair[0], place) == place);
    CHECK(sendmsg(place, &message, 0) == -1 && errno == EXDEV);
}

static void trapped(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t length = sizeof address;
    char byte = 0;
    CHECK(socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == EXDEV);
    CHECK(socket(AF_INET6, SOCK_STREAM, 0) == -1 && errno == EXDEV);
    CHECK(socket(40, SOCK_STREAM, 0) == -1 && errno == EXDEV); /* AF_VSOCK */
    CHECK(syscall(SYS_socket, 0x100000000 + AF_INET, SOCK_STREAM, 0) == -1 && errno == EXDEV);
    CHECK(connect(0, (struct sockaddr *)&address, length) == -1 && errno == EXDEV);
    CHECK(accept(0, NULL, NULL) == -1 && errno == EXDEV);
    CHECK(shutdown(0, SHUT_RD) == -1 && errno == EXDEV);
    CHECK(sendto(0, &byte, 1, 0, (struct sockaddr *)&address, length) == -1 && errno == EXDEV);
    CHECK(recvfrom(0, &byte, 1, 0, (struct sockaddr *)&address, &length) == -1 && errno == EXDEV);
}

static _Noreturn void child(int control, const struct sock_fprog *code, bool killable)
{
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    int listener = filter_install(code, &killable);
    if (listener < 0)
        _exit(77);
    report_send(control, (struct report){ REPORT_LISTENER, killable, 0 }, listener);
    close(listener);
    CHECK(filter_install(code, &killable) == -EBUSY);
    refused_and_native();
    trapped();
    _exit(0);
}

/* Answers everything with EXDEV, which none of the calls can give by itself; counts the calls. */
static void answer_all(int listener)
{
    for (;;) {
        struct pollfd ready = { .fd = listener, .events = POLLIN };
        poll(&ready, 1, -1);
        if (!(ready.revents & POLLIN))
            return;
        struct seccomp_notif notification = { 0 };
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notification) < 0)
            continue;
        if (expectations < 32)
            expected[expectations++] = notification.data.nr;
        struct seccomp_notif_resp response = { .id = notification.id, .error = -EXDEV };
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
    }
}

static void run_filtered(bool killable)
{
    struct sock_fprog code;
    struct report report;
    int pair[2], listener, process, status, on = 1;
    expectations = 0;
    assert_true(filter_init(&code, false));
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    pid_t pid = fork();
    if (pid == 0)
        child(pair[1], &code, killable);
    close(pair[1]);
    if (report_recv(pair[0], &report, &listener, &process, 0) != 1) {
        printf("skipped: no seccomp user notification\n");
        exit(77);
    }
    assert_int_equal(process, pid);
    if (!killable)
        assert_int_equal(report.value, 0);
    answer_all(listener);
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    static const int order[] = { SYS_sendmsg, SYS_socket, SYS_socket,   SYS_socket, SYS_socket,
                                 SYS_connect, SYS_accept, SYS_shutdown, SYS_sendto, SYS_recvfrom };
    assert_int_equal(expectations, sizeof order / sizeof *order);
    assert_memory_equal(expected, order, sizeof order);
    close(listener);
    close(pair[0]);
    filter_release(&code);
}

static void traps_what_names_a_socket(void **state)
{
    (void)state;
    run_filtered(true);
}

static void without_killable_waiting_too(void **state)
{
    (void)state;
    run_filtered(false);
}

static void all_messages_if_wanted(void **state)
{
    (void)state;
    struct sock_fprog some, all;
    assert_true(filter_init(&some, false));
    assert_true(filter_init(&all, true));
    assert_true(some.len > 40);
    assert_true(all.len < some.len); /* the range needs no comparison */
    filter_release(&some);
    filter_release(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traps_what_names_a_socket),
        cmocka_unit_test(without_killable_waiting_too),
        cmocka_unit_test(all_messages_if_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
