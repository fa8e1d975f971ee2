/* memory.c: reaching into the calling thread: its memory, its descriptors.
 *
 * All of it is by thread ID, which can be used again once the thread is gone; so what was read counts only if
 * the notification is still valid after the reading. Descriptors of another process are looked at by
 * /proc and taken for a moment by pidfd_getfd. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "run/internal.h"

#define PIDFD_OF_THREAD O_EXCL /* kernel 6.9: pidfd_open of any thread, not of the first alone */

int call_read(const struct call *call, uint64_t address, void *data, size_t length)
{
    struct iovec here = { data, length }, there = { (void *)(uintptr_t)address, length };
    ssize_t count = length ? process_vm_readv(call->tid, &here, 1, &there, 1, 0) : 0;
    if (!call_is_valid(call))
        return -ENOENT;
    return count == (ssize_t)length ? 0 : -EFAULT;
}

int call_write(const struct call *call, uint64_t address, const void *data, size_t length)
{
    struct iovec here = { (void *)(uintptr_t)data, length }, there = { (void *)(uintptr_t)address, length };
    if (!call_is_valid(call))
        return -ENOENT;
    ssize_t count = length ? process_vm_writev(call->tid, &here, 1, &there, 1, 0) : 0;
    return count == (ssize_t)length ? 0 : -EFAULT;
}

uint64_t call_inode(const struct call *call, int descriptor)
{
    char path[64];
    struct stat status;
    if (descriptor < 0)
        return 0;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)call->tid, descriptor);
    if (stat(path, &status) < 0 || !S_ISSOCK(status.st_mode))
        return 0;
    return call_is_valid(call) ? status.st_ino : 0;
}

bool call_place_free(const struct call *call, int place)
{
    char path[64];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)call->tid, place);
    return lstat(path, &status) < 0 && errno == ENOENT;
}

/* The process that a thread belongs to, 0 if there is none. */
static pid_t process_of(pid_t tid)
{
    char path[32], line[256];
    int process = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)tid);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    while (fgets(line, sizeof line, file) && sscanf(line, "Tgid: %d", &process) != 1)
        ;
    fclose(file);
    return process;
}

int take_end(pid_t tid, int descriptor, uint64_t inode)
{
    struct stat status;
    int process = (int)syscall(SYS_pidfd_open, tid, PIDFD_OF_THREAD);
    if (process < 0 && errno == EINVAL)
        process = (int)syscall(SYS_pidfd_open, process_of(tid), 0);
    if (process < 0)
        return -errno;
    int end = (int)syscall(SYS_pidfd_getfd, process, descriptor, 0);
    int error = errno;
    close(process);
    if (end < 0)
        return -error;
    if (fstat(end, &status) < 0 || status.st_ino != inode) {
        close(end); /* another one has this number by now */
        return -EBADF;
    }
    return end;
}

int endpoint_from_sockaddr(const void *bytes, size_t length, struct baro_endpoint *endpoint)
{
    struct sockaddr_in address = { 0 };
    memset(endpoint, 0, sizeof *endpoint);
    if (length < sizeof(sa_family_t))
        return -EINVAL;
    memcpy(&address, bytes, length < sizeof address ? length : sizeof address);
    if (address.sin_family == AF_UNSPEC)
        return 0;
    if (address.sin_family != AF_INET)
        return -EAFNOSUPPORT;
    if (length < sizeof address)
        return -EINVAL;
    endpoint->address.family = BARO_FAMILY_IPV4;
    memcpy(endpoint->address.octet, &address.sin_addr, 4);
    endpoint->port.number = ntohs(address.sin_port);
    return 0;
}

struct sockaddr_in endpoint_to_sockaddr(const struct baro_endpoint *endpoint)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(endpoint->port.number) };
    memcpy(&address.sin_addr, endpoint->address.octet, 4);
    return address;
}

int call_read_address(const struct call *call, uint64_t address, uint64_t length,
                      struct baro_endpoint *endpoint)
{
    char bytes[128];
    int given = (int)length;
    if (given < 0 || given > (int)sizeof bytes)
        return -EINVAL;
    int result = call_read(call, address, bytes, (size_t)given);
    return result ? result : endpoint_from_sockaddr(bytes, (size_t)given, endpoint);
}

int call_write_address(const struct call *call, uint64_t address, uint64_t length_address,
                       const struct baro_endpoint *endpoint)
{
    struct sockaddr_in value = endpoint_to_sockaddr(endpoint);
    int room, length = (int)sizeof value;
    if (!address)
        return 0;
    int result = call_read(call, length_address, &room, sizeof room);
    if (!result && room < 0)
        return -EINVAL;
    if (!result)
        result = call_write(call, address, &value, (size_t)(room < length ? room : length));
    return result ? result : call_write(call, length_address, &length, sizeof length);
}
