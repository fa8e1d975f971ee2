/* packetdrill/descriptors.c: real descriptors of this process that stand for the stack's sockets.
 *
 * Each is an eventfd that nobody reads: only its number counts, which the tool may close by itself at its end. */
#include "adapter.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>

static int give(struct adapter *adapter, struct descriptor descriptor)
{
    int fd = eventfd(0, EFD_CLOEXEC);

    if (fd < 0)
        return -1;
    if (fd >= DESCRIPTORS) {
        close(fd);
        errno = EMFILE;
        return -1;
    }
    pthread_mutex_lock(&adapter->mutex);
    adapter->descriptor[fd] = descriptor;
    pthread_mutex_unlock(&adapter->mutex);
    return fd;
}

int adapter_give_socket(struct adapter *adapter, int socket)
{
    int fd, error;

    if (socket < 0)
        return -1;
    fd = give(adapter, (struct descriptor){ .kind = DESCRIPTOR_SOCKET, .socket = socket });
    if (fd < 0) {
        error = errno;
        baro_posix_close_in(adapter->stack, socket);
        errno = error;
    }
    return fd;
}

int adapter_give_epoll(struct adapter *adapter)
{
    struct epoll_set *set = calloc(1, sizeof *set);
    int fd;

    if (set == NULL)
        return -1;
    fd = give(adapter, (struct descriptor){ .kind = DESCRIPTOR_EPOLL, .epoll = set });
    if (fd < 0)
        free(set);
    return fd;
}

static struct descriptor look(struct adapter *adapter, int fd)
{
    struct descriptor found = { 0 };

    if (fd < 0 || fd >= DESCRIPTORS)
        return found;
    pthread_mutex_lock(&adapter->mutex);
    found = adapter->descriptor[fd];
    pthread_mutex_unlock(&adapter->mutex);
    return found;
}

bool adapter_is_ours(struct adapter *adapter, int fd)
{
    return look(adapter, fd).kind != DESCRIPTOR_NONE;
}

int adapter_socket(struct adapter *adapter, int fd)
{
    struct descriptor found = look(adapter, fd);

    if (found.kind == DESCRIPTOR_SOCKET)
        return found.socket;
    errno = found.kind == DESCRIPTOR_NONE ? EBADF : ENOTSOCK;
    return -1;
}

struct epoll_set *adapter_epoll(struct adapter *adapter, int fd)
{
    struct descriptor found = look(adapter, fd);

    if (found.kind == DESCRIPTOR_EPOLL)
        return found.epoll;
    errno = found.kind == DESCRIPTOR_NONE ? EBADF : EINVAL;
    return NULL;
}

int adapter_take_back(struct adapter *adapter, int fd)
{
    struct descriptor found = look(adapter, fd);

    if (found.kind == DESCRIPTOR_NONE)
        return -1;
    pthread_mutex_lock(&adapter->mutex);
    adapter->descriptor[fd] = (struct descriptor){ 0 };
    pthread_mutex_unlock(&adapter->mutex);
    free(found.epoll);
    close(fd);
    return found.kind == DESCRIPTOR_SOCKET ? found.socket : -1;
}
