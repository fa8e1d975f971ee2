/* report.c: packets between the supervisor and a namespace's init, over a SOCK_SEQPACKET pair.
 *
 * The kernel stamps every packet with the sender's credentials, translated into the reader's PID namespace:
 * so the supervisor learns a process ID that the sender itself does not know. */
#include "run/child.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

union control_space {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
};

bool report_send(int control, struct report report, int descriptor)
{
    union control_space space = { 0 };
    struct iovec piece = { &report, sizeof report };
    struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };
    if (descriptor >= 0) {
        message.msg_control = space.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    return sendmsg(control, &message, MSG_NOSIGNAL) == (ssize_t)sizeof report;
}

int report_recv(int control, struct report *report, int *descriptor, int *process, int flags)
{
    union control_space space;
    struct iovec piece = { report, sizeof *report };
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = sizeof space.bytes
    };
    ssize_t count;
    *descriptor = -1;
    *process = 0;
    do {
        count = recvmsg(control, &message, flags | MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    if (count < 0)
        return -errno;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET)
            continue;
        if (header->cmsg_type == SCM_RIGHTS) {
            memcpy(descriptor, CMSG_DATA(header), sizeof *descriptor);
        } else if (header->cmsg_type == SCM_CREDENTIALS) {
            struct ucred credentials;
            memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
            *process = credentials.pid;
        }
    }
    return count == (ssize_t)sizeof *report;
}
