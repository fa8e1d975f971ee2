/* packetdrill/interface.h: what the original packetdrill asks of a shared object (`--so_filename`).
 *
 * The object exports packetdrill_interface_init(), which fills this table. Each function gets `userdata` first and is
 * otherwise the POSIX or Linux call of its name: -1 and errno on failure. The order of the members is the contract. */
#ifndef PACKETDRILL_INTERFACE_H
#define PACKETDRILL_INTERFACE_H

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

struct packetdrill_interface {
    void *userdata;
    void (*free)(void *userdata);
    int (*socket)(void *userdata, int domain, int type, int protocol);
    int (*bind)(void *userdata, int fd, const struct sockaddr *address, socklen_t length);
    int (*listen)(void *userdata, int fd, int backlog);
    int (*accept)(void *userdata, int fd, struct sockaddr *address, socklen_t *length);
    int (*connect)(void *userdata, int fd, const struct sockaddr *address, socklen_t length);
    ssize_t (*read)(void *userdata, int fd, void *data, size_t length);
    ssize_t (*readv)(void *userdata, int fd, const struct iovec *parts, int count);
    ssize_t (*recv)(void *userdata, int fd, void *data, size_t length, int flags);
    ssize_t (*recvfrom)(void *userdata, int fd, void *data, size_t length, int flags, struct sockaddr *address,
                        socklen_t *address_length);
    ssize_t (*recvmsg)(void *userdata, int fd, struct msghdr *message, int flags);
    ssize_t (*write)(void *userdata, int fd, const void *data, size_t length);
    ssize_t (*writev)(void *userdata, int fd, const struct iovec *parts, int count);
    ssize_t (*send)(void *userdata, int fd, const void *data, size_t length, int flags);
    ssize_t (*sendto)(void *userdata, int fd, const void *data, size_t length, int flags,
                      const struct sockaddr *address, socklen_t address_length);
    ssize_t (*sendmsg)(void *userdata, int fd, const struct msghdr *message, int flags);
    int (*fcntl)(void *userdata, int fd, int command, ...);
    int (*ioctl)(void *userdata, int fd, unsigned long request, ...);
    int (*close)(void *userdata, int fd);
    int (*shutdown)(void *userdata, int fd, int how);
    int (*getsockopt)(void *userdata, int fd, int level, int name, void *value, socklen_t *length);
    int (*setsockopt)(void *userdata, int fd, int level, int name, const void *value, socklen_t length);
    int (*poll)(void *userdata, struct pollfd *descriptors, nfds_t count, int timeout_ms);
    /* One bare IPv4 or IPv6 datagram for the stack. 0 or -1. */
    int (*netdev_send)(void *userdata, const void *datagram, size_t length);
    /* The next one that the stack sent: *length is the room before and its octets after, *time_us when it was sent, on
     * the clock of gettimeofday below. 0, or another number to be asked again. */
    int (*netdev_receive)(void *userdata, void *datagram, size_t *length, long long *time_us);
    int (*usleep)(void *userdata, useconds_t time_us);
    int (*gettimeofday)(void *userdata, struct timeval *now, struct timezone *zone);
    int (*epoll_create)(void *userdata, int size);
    int (*epoll_ctl)(void *userdata, int epoll_fd, int operation, int fd, struct epoll_event *event);
    int (*epoll_wait)(void *userdata, int epoll_fd, struct epoll_event *events, int room, int timeout_ms);
    int (*pipe)(void *userdata, int end[2]);
    ssize_t (*splice)(void *userdata, int in, loff_t *in_offset, int out, loff_t *out_offset, size_t length,
                      unsigned flags);
};

/* `flags`: packetdrill's --so_flags, NULL or empty for what its scripts expect (flags.c). */
void packetdrill_interface_init(const char *flags, struct packetdrill_interface *interface);

#endif
