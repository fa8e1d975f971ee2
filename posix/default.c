/* posix/default.c: the calls without a stack's name: on the process's default stack. */
#include <pthread.h>

#include "baro/posix.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct baro_posix_stack *current;

/* Made at the first call unless it was set: a stack with nothing but its loopback. */
static struct baro_posix_stack *the_stack(void)
{
    struct baro_posix_stack *stack;

    pthread_mutex_lock(&mutex);
    if (current == NULL) {
        struct baro_posix_config config;

        baro_posix_config_init(&config);
        current = baro_posix_create(&config);
    }
    stack = current;
    pthread_mutex_unlock(&mutex);
    return stack;
}

struct baro_posix_stack *baro_posix_set_default(struct baro_posix_stack *stack)
{
    struct baro_posix_stack *before;

    pthread_mutex_lock(&mutex);
    before = current;
    current = stack;
    pthread_mutex_unlock(&mutex);
    return before;
}

int baro_posix_socket(int domain, int type, int protocol)
{
    return baro_posix_socket_in(the_stack(), domain, type, protocol);
}

int baro_posix_bind(int fd, const struct sockaddr *address, socklen_t length)
{
    return baro_posix_bind_in(the_stack(), fd, address, length);
}

int baro_posix_listen(int fd, int backlog)
{
    return baro_posix_listen_in(the_stack(), fd, backlog);
}

int baro_posix_accept(int fd, struct sockaddr *address, socklen_t *length)
{
    return baro_posix_accept_in(the_stack(), fd, address, length);
}

int baro_posix_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    return baro_posix_accept4_in(the_stack(), fd, address, length, flags);
}

int baro_posix_connect(int fd, const struct sockaddr *address, socklen_t length)
{
    return baro_posix_connect_in(the_stack(), fd, address, length);
}

int baro_posix_shutdown(int fd, int how)
{
    return baro_posix_shutdown_in(the_stack(), fd, how);
}

int baro_posix_close(int fd)
{
    return baro_posix_close_in(the_stack(), fd);
}

int baro_posix_getsockname(int fd, struct sockaddr *address, socklen_t *length)
{
    return baro_posix_getsockname_in(the_stack(), fd, address, length);
}

int baro_posix_getpeername(int fd, struct sockaddr *address, socklen_t *length)
{
    return baro_posix_getpeername_in(the_stack(), fd, address, length);
}

int baro_posix_fcntl(int fd, int command, int value)
{
    return baro_posix_fcntl_in(the_stack(), fd, command, value);
}

ssize_t baro_posix_send(int fd, const void *data, size_t length, int flags)
{
    return baro_posix_send_in(the_stack(), fd, data, length, flags);
}

ssize_t baro_posix_sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *address,
                          socklen_t address_length)
{
    return baro_posix_sendto_in(the_stack(), fd, data, length, flags, address, address_length);
}

ssize_t baro_posix_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return baro_posix_sendmsg_in(the_stack(), fd, message, flags);
}

ssize_t baro_posix_write(int fd, const void *data, size_t length)
{
    return baro_posix_write_in(the_stack(), fd, data, length);
}

ssize_t baro_posix_recv(int fd, void *data, size_t length, int flags)
{
    return baro_posix_recv_in(the_stack(), fd, data, length, flags);
}

ssize_t baro_posix_recvfrom(int fd, void *data, size_t length, int flags, struct sockaddr *address,
                            socklen_t *address_length)
{
    return baro_posix_recvfrom_in(the_stack(), fd, data, length, flags, address, address_length);
}

ssize_t baro_posix_recvmsg(int fd, struct msghdr *message, int flags)
{
    return baro_posix_recvmsg_in(the_stack(), fd, message, flags);
}

ssize_t baro_posix_read(int fd, void *data, size_t length)
{
    return baro_posix_read_in(the_stack(), fd, data, length);
}

int baro_posix_getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
    return baro_posix_getsockopt_in(the_stack(), fd, level, name, value, length);
}

int baro_posix_setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
    return baro_posix_setsockopt_in(the_stack(), fd, level, name, value, length);
}

int baro_posix_poll(struct pollfd *descriptors, nfds_t count, int timeout_ms)
{
    return baro_posix_poll_in(the_stack(), descriptors, count, timeout_ms);
}
