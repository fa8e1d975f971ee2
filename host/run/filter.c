/* filter.c: the seccomp filter under which programs run.
 *
 * Trapped are the calls that name a socket without moving bytes: they are few in a program's life. What moves
 * bytes (read, write, send, recv, poll, epoll, sendfile ...) stays native, but sendto and recvfrom with an
 * address and, on the descriptors of datagram sockets, the message calls: there the address matters.
 *
 * Fails closed: every family but AF_UNIX, AF_NETLINK and AF_ALG is trapped and thus refused unless the stack speaks
 * it. AF_VSOCK is the reason: no network namespace holds it back. AF_PACKET sockets of the kernel would see but the
 * mirrored interfaces, over which nothing goes: a capture that stays empty says less than a refusal. Calls of another
 * architecture's table and io_uring, which could open sockets behind the filter's back, do not exist
 * (ENOSYS).
 *
 * libseccomp 2.5.4 makes the code; it knows neither of the two newest flags, so the code is exported and
 * installed by seccomp(2) itself, with the flags defined here. */
#include "run/filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#define SYNC_WAKE_UP_FLAG (1UL << 0)
#define IOCTL_SET_FLAGS _IOW('!', 4, unsigned long long)

#define FAMILIES 46 /* AF_MAX; larger numbers the kernel refuses itself */

/* Arguments are compared in their low 32 bits, as the kernel takes them. */
static struct scmp_arg_cmp low_bits(unsigned argument, unsigned mask, unsigned value)
{
    return SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, (scmp_datum_t)mask, (scmp_datum_t)value);
}

static bool family_is_native(int family)
{
    return family == AF_UNIX || family == AF_NETLINK || family == AF_ALG;
}

static int add_rules(scmp_filter_ctx filter, bool trap_every_message)
{
    static const int always[] = { SCMP_SYS(connect),     SCMP_SYS(bind),       SCMP_SYS(listen),
                                  SCMP_SYS(accept),      SCMP_SYS(accept4),    SCMP_SYS(getsockname),
                                  SCMP_SYS(getpeername), SCMP_SYS(setsockopt), SCMP_SYS(getsockopt),
                                  SCMP_SYS(shutdown) };
    static const int messages[] = { SCMP_SYS(sendmsg), SCMP_SYS(recvmsg), SCMP_SYS(sendmmsg),
                                    SCMP_SYS(recvmmsg) };
    static const int never[] = { SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
                                 SCMP_SYS(io_uring_register) };
    int error = 0;
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        error |= seccomp_rule_add(filter, SCMP_ACT_NOTIFY, always[i], 0);
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        struct scmp_arg_cmp range = low_bits(0, ~(DATAGRAM_COUNT - 1u), DATAGRAM_FIRST);
        error |=
            seccomp_rule_add_array(filter, SCMP_ACT_NOTIFY, messages[i], trap_every_message ? 0 : 1, &range);
    }
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        error |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), never[i], 0);
    for (int family = 0; family < FAMILIES; family++) {
        struct scmp_arg_cmp is_family = low_bits(0, ~0u, (unsigned)family);
        if (!family_is_native(family))
            error |= seccomp_rule_add_array(filter, SCMP_ACT_NOTIFY, SCMP_SYS(socket), 1, &is_family);
    }
    struct scmp_arg_cmp has_address = SCMP_CMP64(4, SCMP_CMP_NE, 0, 0);
    error |= seccomp_rule_add_array(filter, SCMP_ACT_NOTIFY, SCMP_SYS(sendto), 1, &has_address);
    error |= seccomp_rule_add_array(filter, SCMP_ACT_NOTIFY, SCMP_SYS(recvfrom), 1, &has_address);
    /* The pair knows no queue of errors and would wait for bytes. */
    struct scmp_arg_cmp from_errors = low_bits(3, MSG_ERRQUEUE, MSG_ERRQUEUE);
    struct scmp_arg_cmp errors = low_bits(2, MSG_ERRQUEUE, MSG_ERRQUEUE);
    error |= seccomp_rule_add_array(filter, SCMP_ACT_NOTIFY, SCMP_SYS(recvfrom), 1, &from_errors);
    if (!trap_every_message)
        error |= seccomp_rule_add_array(filter, SCMP_ACT_NOTIFY, SCMP_SYS(recvmsg), 1, &errors);
    /* It does know urgent octets, and would keep them to itself. */
    struct scmp_arg_cmp urgent = low_bits(3, MSG_OOB, MSG_OOB), urgent_message = low_bits(2, MSG_OOB, MSG_OOB);
    error |= seccomp_rule_add_array(filter, SCMP_ACT_NOTIFY, SCMP_SYS(sendto), 1, &urgent);
    if (!trap_every_message) {
        error |= seccomp_rule_add_array(filter, SCMP_ACT_NOTIFY, SCMP_SYS(sendmsg), 1, &urgent_message);
        error |= seccomp_rule_add_array(filter, SCMP_ACT_NOTIFY, SCMP_SYS(sendmmsg), 1, &urgent);
    }
    return error ? -1 : 0;
}

/* libseccomp writes the code to a descriptor only: a file in memory. */
static bool export_code(scmp_filter_ctx filter, struct sock_fprog *code)
{
    int file = memfd_create("filter", MFD_CLOEXEC);
    if (file < 0)
        return false;
    struct stat status;
    bool done = false;
    if (seccomp_export_bpf(filter, file) == 0 && fstat(file, &status) == 0 && status.st_size > 0) {
        size_t size = (size_t)status.st_size;
        code->len = (unsigned short)(size / sizeof *code->filter);
        code->filter = malloc(size);
        done = code->filter && pread(file, code->filter, size, 0) == (ssize_t)size;
    }
    close(file);
    return done;
}

bool filter_init(struct sock_fprog *code, bool trap_every_message)
{
    *code = (struct sock_fprog){ 0 };
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter) {
        errno = ENOMEM;
        return false;
    }
    bool done = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)) == 0 &&
                add_rules(filter, trap_every_message) == 0 && export_code(filter, code);
    seccomp_release(filter);
    if (!done) {
        filter_release(code);
        errno = ENOTSUP;
    }
    return done;
}

void filter_release(struct sock_fprog *code)
{
    free(code->filter);
    *code = (struct sock_fprog){ 0 };
}

int filter_install(const struct sock_fprog *code, bool *killable)
{
    unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
    if (*killable) {
        long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, code);
        if (listener >= 0 || errno != EINVAL)
            return listener < 0 ? -errno : (int)listener;
        *killable = false;
    }
    long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, code);
    return listener < 0 ? -errno : (int)listener;
}

bool filter_sync_wake_up(int listener)
{
    return ioctl(listener, IOCTL_SET_FLAGS, SYNC_WAKE_UP_FLAG) == 0;
}
