/* packetdrill/wait.c: poll, epoll, pipe and splice.
 *
 * poll is the blocking library's. epoll is kept here: a set of placeholders with what each wants, looked at by poll; a
 * waiting epoll_wait looks again every millisecond. An edge (EPOLLET) is readiness that was not there at the last look,
 * or new octets since. splice moves what a buffer holds between a pipe and a socket. */
#include "adapter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>

enum { SPLICE_PIECE = 65536, LOOK_AGAIN_NS = 1000000 };

static int call_poll(void *userdata, struct pollfd *descriptors, nfds_t count, int timeout_ms)
{
    struct adapter *adapter = userdata;
    struct pollfd *sockets;
    int found;

    if (count > DESCRIPTORS) {
        errno = EINVAL;
        return -1;
    }
    sockets = calloc(count + 1, sizeof *sockets);
    if (sockets == NULL)
        return -1;
    for (nfds_t i = 0; i < count; i++) {
        int socket = descriptors[i].fd < 0 ? -1 : adapter_socket(adapter, descriptors[i].fd);

        /* A number that no socket has is told as POLLNVAL, as one that was never opened. */
        sockets[i] = (struct pollfd){ .fd = descriptors[i].fd < 0 ? -1 : socket < 0 ? INT32_MAX : socket,
                                      .events = descriptors[i].events };
    }
    found = baro_posix_poll_in(adapter->stack, sockets, count, timeout_ms);
    for (nfds_t i = 0; i < count && found >= 0; i++)
        descriptors[i].revents = sockets[i].revents;
    free(sockets);
    return found;
}

/* ---- epoll ---- */

static int call_epoll_create(void *userdata, int size)
{
    if (size <= 0) {
        errno = EINVAL;
        return -1;
    }
    return adapter_give_epoll(userdata);
}

static struct epoll_entry *find(struct epoll_set *set, int fd)
{
    for (int i = 0; i < EPOLL_ENTRIES; i++)
        if (set->entry[i].used && set->entry[i].fd == fd)
            return &set->entry[i];
    return NULL;
}

static int add(struct epoll_set *set, int fd, const struct epoll_event *event)
{
    for (int i = 0; i < EPOLL_ENTRIES; i++) {
        if (set->entry[i].used)
            continue;
        set->entry[i] = (struct epoll_entry){ .used = true, .fd = fd, .event = *event };
        return 0;
    }
    return -ENOSPC;
}

static int control(struct epoll_set *set, int operation, int fd, const struct epoll_event *event)
{
    struct epoll_entry *entry = find(set, fd);

    if (operation != EPOLL_CTL_DEL && event == NULL)
        return -EFAULT;
    switch (operation) {
    case EPOLL_CTL_ADD:
        return entry != NULL ? -EEXIST : add(set, fd, event);
    case EPOLL_CTL_MOD:
        if (entry == NULL)
            return -ENOENT;
        *entry = (struct epoll_entry){ .used = true, .fd = fd, .event = *event };
        return 0;
    case EPOLL_CTL_DEL:
        if (entry == NULL)
            return -ENOENT;
        entry->used = false;
        return 0;
    default:
        return -EINVAL;
    }
}

static int call_epoll_ctl(void *userdata, int epoll_fd, int operation, int fd, struct epoll_event *event)
{
    struct adapter *adapter = userdata;
    struct epoll_set *set = adapter_epoll(adapter, epoll_fd);
    int result;

    if (set == NULL || adapter_socket(adapter, fd) < 0)
        return -1;
    pthread_mutex_lock(&adapter->mutex);
    result = control(set, operation, fd, event);
    pthread_mutex_unlock(&adapter->mutex);
    if (result == 0)
        return 0;
    errno = -result;
    return -1;
}

/* EPOLLET: of what is ready now, what is new. */
static uint32_t edges(struct adapter *adapter, struct epoll_entry *entry, uint32_t ready)
{
    struct baro_tcp_info info = { 0 };
    size_t length = sizeof info;
    uint32_t fresh = ready & ~entry->told;

    (void)baro_getsockopt(baro_posix_lock(adapter->stack), adapter_socket(adapter, entry->fd), BARO_TCP_INFO, &info,
                          &length); /* a datagram socket has none */
    baro_posix_unlock(adapter->stack);
    if (info.bytes_received != entry->received)
        fresh |= ready & (EPOLLIN | EPOLLRDNORM);
    if (info.bytes_acked != entry->acknowledged)
        fresh |= ready & (EPOLLOUT | EPOLLWRNORM);
    entry->told = ready;
    entry->received = info.bytes_received;
    entry->acknowledged = info.bytes_acked;
    return fresh;
}

static int look(struct adapter *adapter, struct epoll_set *set, struct epoll_event *events, int room)
{
    int found = 0;

    for (int i = 0; i < EPOLL_ENTRIES && found < room; i++) {
        struct epoll_entry *entry = &set->entry[i];
        /* the first 16 bits of epoll's events are poll's */
        struct pollfd one = { .fd = entry->fd, .events = (short)(entry->event.events & 0xffff) };
        uint32_t ready;

        if (!entry->used || entry->disabled)
            continue;
        if (!adapter_is_ours(adapter, entry->fd)) { /* closed: it has left the set */
            entry->used = false;
            continue;
        }
        ready = call_poll(adapter, &one, 1, 0) > 0 ? (uint16_t)one.revents : 0;
        if (entry->event.events & EPOLLET)
            ready = edges(adapter, entry, ready);
        if (ready == 0)
            continue;
        entry->disabled = (entry->event.events & EPOLLONESHOT) != 0;
        events[found++] = (struct epoll_event){ .events = ready, .data = entry->event.data };
    }
    return found;
}

static int call_epoll_wait(void *userdata, int epoll_fd, struct epoll_event *events, int room, int timeout_ms)
{
    static const struct timespec again = { .tv_nsec = LOOK_AGAIN_NS };
    struct adapter *adapter = userdata;
    int64_t left_ns = timeout_ms < 0 ? INT64_MAX : (int64_t)timeout_ms * 1000000;
    int found;

    if (room <= 0) {
        errno = EINVAL;
        return -1;
    }
    for (;; left_ns -= LOOK_AGAIN_NS) {
        struct epoll_set *set = adapter_epoll(adapter, epoll_fd);

        if (set == NULL)
            return -1;
        found = look(adapter, set, events, room);
        if (found != 0 || left_ns <= 0)
            return found;
        nanosleep(&again, NULL);
    }
}

/* ---- pipe and splice ---- */

static int call_pipe(void *userdata, int end[2])
{
    (void)userdata;
    return pipe(end);
}

/* All of what was read goes out, or as much as the other end takes. */
static ssize_t pass_on(struct adapter *adapter, int socket, int out, const char *data, ssize_t count)
{
    ssize_t put = 0;

    while (put < count) {
        size_t left = (size_t)(count - put);
        ssize_t more = socket < 0 ? write(out, data + put, left)
                                  : baro_posix_send_in(adapter->stack, socket, data + put, left, MSG_NOSIGNAL);

        if (more < 0)
            return put != 0 ? put : -1;
        put += more;
    }
    return put;
}

/* One of the two is a socket of ours, the other a pipe of the kernel's. */
static ssize_t call_splice(void *userdata, int in, loff_t *in_offset, int out, loff_t *out_offset, size_t length,
                           unsigned flags)
{
    struct adapter *adapter = userdata;
    bool from_socket = adapter_is_ours(adapter, in);
    int socket = adapter_socket(adapter, from_socket ? in : out);
    ssize_t count;
    char *piece;

    if (in_offset != NULL || out_offset != NULL) {
        errno = ESPIPE;
        return -1;
    }
    if (socket < 0 || from_socket == adapter_is_ours(adapter, out)) {
        errno = EINVAL;
        return -1;
    }
    piece = malloc(SPLICE_PIECE);
    if (piece == NULL)
        return -1;
    if (length > SPLICE_PIECE)
        length = SPLICE_PIECE; /* as much as a pipe of Linux's holds */
    count = from_socket ? baro_posix_recv_in(adapter->stack, socket, piece, length,
                                             (flags & SPLICE_F_NONBLOCK) != 0 ? MSG_DONTWAIT : 0)
                        : read(in, piece, length);
    if (count > 0)
        count = pass_on(adapter, from_socket ? -1 : socket, out, piece, count);
    free(piece);
    return count;
}

void adapter_fill_waiting(struct packetdrill_interface *interface)
{
    interface->poll = call_poll;
    interface->epoll_create = call_epoll_create;
    interface->epoll_ctl = call_epoll_ctl;
    interface->epoll_wait = call_epoll_wait;
    interface->pipe = call_pipe;
    interface->splice = call_splice;
}
