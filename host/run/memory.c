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

static bool is_link_local_unicast(const uint8_t *octet)
{
    return octet[0] == 0xfe && (octet[1] & 0xc0) == 0x80;
}

/* Groups of interface or link scope (RFC 4291 §2.7). */
static bool is_local_group(const uint8_t *octet)
{
    return octet[0] == 0xff && ((octet[1] & 15) == 1 || (octet[1] & 15) == 2);
}

bool address_lacks_interface(const struct baro_address *address)
{
    return address->family == BARO_FAMILY_IPV6 && !address->zone &&
           (is_link_local_unicast(address->octet) || is_local_group(address->octet));
}

static int from_ipv6(const struct socket *s, const char *bytes, size_t length, struct baro_endpoint *endpoint)
{
    struct sockaddr_in6 name = { 0 };
    if (length < offsetof(struct sockaddr_in6, sin6_scope_id))
        return -EINVAL; /* RFC 2133's, without a scope, is long enough */
    memcpy(&name, bytes, length < sizeof name ? length : sizeof name);
    endpoint->address.family = BARO_FAMILY_IPV6;
    memcpy(endpoint->address.octet, &name.sin6_addr, 16);
    endpoint->port.number = ntohs(name.sin6_port);
    if (!address_lacks_interface(&endpoint->address))
        return 0;
    int number = interface_number(name.sin6_scope_id > INT32_MAX ? INT32_MAX : (int)name.sin6_scope_id);
    if (!number && is_local_group(endpoint->address.octet))
        number = option_multicast_interface(s);
    if (!number)
        number = s->device;
    if (number > UINT8_MAX)
        return -ENODEV;
    endpoint->address.zone = (uint8_t)number;
    return 0;
}

/* An IPv4 address, which a datagram socket of IPv6 takes too, as Linux's do: getaddrinfo relies on it. */
static int from_ipv4(const struct socket *s, const char *bytes, size_t length, struct baro_endpoint *endpoint)
{
    struct sockaddr_in name;
    uint8_t *octet = endpoint->address.octet;
    if (length < sizeof name)
        return -EINVAL;
    memcpy(&name, bytes, sizeof name);
    endpoint->port.number = ntohs(name.sin_port);
    endpoint->address.family = BARO_FAMILY_IPV4;
    if (s->family == AF_INET6) {
        endpoint->address.family = BARO_FAMILY_IPV6;
        octet[10] = octet[11] = 0xff;
        octet += 12;
    }
    memcpy(octet, &name.sin_addr, 4);
    return 0;
}

static int endpoint_from_sockaddr(const struct call *call, const struct socket *s, const char *bytes, size_t length,
                                  struct baro_endpoint *endpoint)
{
    sa_family_t family;
    bool takes_both = s->family == AF_INET6 && s->type == SOCK_DGRAM && call->number != SYS_bind;
    memset(endpoint, 0, sizeof *endpoint);
    if (length < sizeof family)
        return -EINVAL;
    memcpy(&family, bytes, sizeof family);
    if (family == AF_UNSPEC)
        return 0;
    if (family == AF_INET6 && s->family == AF_INET6)
        return from_ipv6(s, bytes, length, endpoint);
    if (family == AF_INET && (s->family == AF_INET || takes_both))
        return from_ipv4(s, bytes, length, endpoint);
    return -EAFNOSUPPORT;
}

size_t endpoint_to_sockaddr(const struct baro_endpoint *endpoint, int family, struct sockaddr_in6 *name)
{
    const struct baro_address *address = &endpoint->address;
    memset(name, 0, sizeof *name);
    if (family == AF_INET) {
        struct sockaddr_in ipv4 = { .sin_family = AF_INET, .sin_port = htons(endpoint->port.number) };
        memcpy(&ipv4.sin_addr, address->octet, 4);
        memcpy(name, &ipv4, sizeof ipv4);
        return sizeof ipv4;
    }
    name->sin6_family = AF_INET6;
    name->sin6_port = htons(endpoint->port.number);
    if (address->family == BARO_FAMILY_IPV4) {
        name->sin6_addr.s6_addr[10] = name->sin6_addr.s6_addr[11] = 0xff;
        memcpy(name->sin6_addr.s6_addr + 12, address->octet, 4);
    } else if (address->family == BARO_FAMILY_IPV6) {
        memcpy(&name->sin6_addr, address->octet, 16);
        name->sin6_scope_id = address->zone ? (uint32_t)interface_index(address->zone) : 0;
    }
    return sizeof *name;
}

int call_read_address(const struct call *call, const struct socket *s, uint64_t address, uint64_t length,
                      struct baro_endpoint *endpoint)
{
    char bytes[128];
    int given = (int)length;
    if (given < 0 || given > (int)sizeof bytes)
        return -EINVAL;
    int result = call_read(call, address, bytes, (size_t)given);
    return result ? result : endpoint_from_sockaddr(call, s, bytes, (size_t)given, endpoint);
}

int call_write_address(const struct call *call, const struct socket *s, uint64_t address, uint64_t length_address,
                       const struct baro_endpoint *endpoint)
{
    struct sockaddr_in6 value;
    int room, length = (int)endpoint_to_sockaddr(endpoint, s->family, &value);
    if (!address)
        return 0;
    int result = call_read(call, length_address, &room, sizeof room);
    if (!result && room < 0)
        return -EINVAL;
    if (!result)
        result = call_write(call, address, &value, (size_t)(room < length ? room : length));
    return result ? result : call_write(call, length_address, &length, sizeof length);
}
