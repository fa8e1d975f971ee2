/* table.c: the sockets, found by the inode of their program's end and by the stack's descriptor.
 *
 * The inode names a socket whatever number, process or copy a program uses. We keep no copy of A, or we would
 * not see its last reference go. An inode's number can be used again once A is gone, so an entry in the way
 * of a new one is stale and makes room. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/internal.h"

static struct socket **bucket_of(struct baro_run *run, uint64_t inode)
{
    return &run->bucket[(inode * 0x9e3779b97f4a7c15u >> 32) % SOCKET_BUCKETS];
}

struct socket *socket_find(struct baro_run *run, uint64_t inode)
{
    struct socket *socket = *bucket_of(run, inode);
    while (socket && socket->inode != inode)
        socket = socket->next_by_inode;
    return socket;
}

static void unlink_inode(struct socket *socket)
{
    struct socket **place = bucket_of(socket->host->run, socket->inode);
    while (*place && *place != socket)
        place = &(*place)->next_by_inode;
    if (*place)
        *place = socket->next_by_inode;
}

/* Makes the pair and enters the socket under A's inode. 0 or -errno. */
static int make_pair(struct socket *socket, int *a)
{
    struct baro_run *run = socket->host->run;
    int pair[2];
    struct stat status;
    int type = socket->type == SOCK_STREAM ? SOCK_STREAM : SOCK_SEQPACKET;
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) < 0)
        return errno == EMFILE || errno == ENFILE ? -ENFILE : -errno;
    socket->watch = baro_loop_watch(run->config.loop, pair[1], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                    b_ready, socket);
    if (!socket->watch || fstat(pair[0], &status) < 0) {
        close(pair[0]);
        close(pair[1]);
        return -ENOBUFS;
    }
    struct socket *stale = socket_find(run, status.st_ino);
    if (stale)
        socket_free(stale);
    socket->b = pair[1];
    socket->inode = status.st_ino;
    struct socket **bucket = bucket_of(run, socket->inode);
    socket->next_by_inode = *bucket;
    *bucket = socket;
    *a = pair[0];
    return 0;
}

struct socket *socket_create(struct host *host, int family, int type, int fd, int *a)
{
    struct socket *socket = calloc(1, sizeof *socket);
    if (!socket) {
        errno = ENOMEM;
        return NULL;
    }
    socket->host = host;
    socket->family = family;
    socket->type = type;
    socket->fd = socket->b = -1;
    socket->last_descriptor = -1;
    if (!socket_set_fd(socket, fd)) {
        free(socket);
        errno = ENOMEM;
        return NULL;
    }
    int result = make_pair(socket, a);
    if (result < 0) {
        baro_loop_unwatch(host->run->config.loop, socket->watch);
        socket_set_fd(socket, -1);
        free(socket);
        errno = -result;
        return NULL;
    }
    host->run->sockets++;
    return socket;
}

bool socket_set_fd(struct socket *socket, int fd)
{
    struct host *host = socket->host;
    if (fd >= 0 && (size_t)fd >= host->by_fd_room) {
        size_t room = host->by_fd_room ? host->by_fd_room : 64;
        while (room <= (size_t)fd)
            room *= 2;
        struct socket **grown = realloc(host->by_fd, room * sizeof(struct socket *));
        if (!grown)
            return false;
        for (size_t i = host->by_fd_room; i < room; i++)
            grown[i] = NULL;
        host->by_fd = grown;
        host->by_fd_room = room;
    }
    if (socket->fd >= 0)
        host->by_fd[socket->fd] = NULL;
    socket->fd = fd;
    if (fd >= 0)
        host->by_fd[fd] = socket;
    return true;
}

void socket_close_b(struct socket *socket)
{
    if (socket->b < 0)
        return;
    baro_loop_unwatch(socket->host->run->config.loop, socket->watch);
    socket->watch = NULL;
    close(socket->b);
    socket->b = -1;
}

static void drop_fd(struct socket *socket)
{
    int fd = socket->fd;
    if (fd < 0)
        return;
    socket_set_fd(socket, -1);
    baro_close(socket->host->config.stack, fd);
    socket->host->touched = true;
}

static void drop_buffers(struct socket *socket)
{
    free(socket->spill);
    free(socket->unsent);
    socket->spill = socket->unsent = NULL;
    socket->spill_length = socket->unsent_length = 0;
}

static void undoubt(struct socket *socket)
{
    struct socket **place = &socket->host->run->doubtful;
    while (*place && *place != socket)
        place = &(*place)->next_doubtful;
    if (*place)
        *place = socket->next_doubtful;
    socket->doubtful = false;
}

void socket_free(struct socket *socket)
{
    struct baro_run *run = socket->host->run;
    waiters_fail(socket, WAIT_ACCEPT, EBADF);
    waiters_fail(socket, WAIT_CONNECT, EBADF);
    waiters_fail(socket, WAIT_RECV, EBADF);
    waiters_fail(socket, WAIT_SEND, EBADF);
    if (socket->doubtful)
        undoubt(socket);
    unlink_inode(socket);
    socket_close_b(socket);
    drop_fd(socket);
    drop_buffers(socket);
    free(socket->arrival);
    free(socket->datagram);
    free(socket->option);
    free(socket);
    run->sockets--;
}

void socket_doubt(struct socket *socket)
{
    struct baro_run *run = socket->host->run;
    if (socket->doubtful)
        return;
    socket->doubtful = true;
    socket->next_doubtful = run->doubtful;
    run->doubtful = socket;
    if (!run->next_collect_ns)
        run->next_collect_ns = run_now_ns() + 1000000000;
}

void socket_over(struct socket *socket)
{
    socket->state = SOCKET_OVER;
    if (socket->fd >= 0)
        baro_getsockname(socket->host->config.stack, socket->fd, &socket->local);
    socket_close_b(socket);
    drop_fd(socket);
    drop_buffers(socket);
    socket_doubt(socket);
}

int socket_renew(struct socket *socket, int *a)
{
    socket_close_b(socket);
    unlink_inode(socket);
    if (socket->doubtful)
        undoubt(socket);
    socket->filler = 0;
    return make_pair(socket, a);
}

void socket_fill(struct socket *socket, int a)
{
    static const char zeros[16384];
    ssize_t count;
    while ((count = send(a, zeros, sizeof zeros, MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
        socket->filler += (size_t)count;
}

void table_free(struct baro_run *run)
{
    for (size_t i = 0; i < SOCKET_BUCKETS; i++) {
        while (run->bucket[i])
            socket_free(run->bucket[i]);
    }
}
