/* posix/options_group.c: the options that join and leave multicast groups, and choose whom they are heard from, in the
 * shapes of RFC 3493 §5.2 and RFC 3678: IPv4's own, which names an interface by its number or by an address that it has;
 * IPv6's own; and those for both, which hold socket addresses. */
#include "internal.h"

#include <errno.h>
#include <string.h>


static struct baro_address ipv4_address(const struct in_addr *address)
{
    struct baro_address made = { .family = BARO_FAMILY_IPV4 };

    memcpy(made.octet, address, 4);
    return made;
}

static struct baro_address ipv6_address(const struct in6_addr *address)
{
    struct baro_address made = { .family = BARO_FAMILY_IPV6 };

    memcpy(made.octet, address, 16);
    return made;
}

/* The interface that has that address; 0.0.0.0: whichever leads there. */
static int interface_with(const struct baro_posix_stack *stack, struct in_addr address, int *interface)
{
    *interface = 0;
    if (address.s_addr == INADDR_ANY)
        return 0;
    while (baro_stack_address_state(stack->core, ++*interface, ipv4_address(&address)) == BARO_ADDRESS_NONE)
        if (*interface == POSIX_INTERFACES)
            return -ENODEV;
    return 0;
}

/* struct ip_mreq or ip_mreqn, of which the former is the beginning. */
static int read_ipv4(const struct baro_posix_stack *stack, const void *value, socklen_t length, struct baro_group_source *request)
{
    struct ip_mreqn given = { 0 };

    if (length < sizeof(struct ip_mreq))
        return -EINVAL;
    memcpy(&given, value, length < sizeof given ? length : sizeof given);
    request->group = ipv4_address(&given.imr_multiaddr);
    request->interface = given.imr_ifindex;
    if (given.imr_ifindex != 0)
        return given.imr_ifindex < 0 ? -ENODEV : 0;
    return interface_with(stack, given.imr_address, &request->interface);
}

static int read_ipv4_source(const struct baro_posix_stack *stack, const void *value, socklen_t length,
                            struct baro_group_source *request)
{
    struct ip_mreq_source given;

    if (length < sizeof given)
        return -EINVAL;
    memcpy(&given, value, sizeof given);
    request->group = ipv4_address(&given.imr_multiaddr);
    request->source = ipv4_address(&given.imr_sourceaddr);
    return interface_with(stack, given.imr_interface, &request->interface);
}

static int take_interface(uint32_t number, struct baro_group_source *request)
{
    request->interface = (int)number;
    return number > INT32_MAX ? -ENODEV : 0;
}

static int read_ipv6(const void *value, socklen_t length, struct baro_group_source *request)
{
    struct ipv6_mreq given;

    if (length < sizeof given)
        return -EINVAL;
    memcpy(&given, value, sizeof given);
    request->group = ipv6_address(&given.ipv6mr_multiaddr);
    return take_interface(given.ipv6mr_interface, request);
}

/* An address of `level`'s family; another is not for this socket. */
static int take_address(const struct sockaddr_storage *given, int level, struct baro_address *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (given->ss_family != (level == IPPROTO_IP ? AF_INET : AF_INET6))
        return -EADDRNOTAVAIL;
    if (level == IPPROTO_IP) {
        memcpy(&v4, given, sizeof v4);
        *address = ipv4_address(&v4.sin_addr);
    } else {
        memcpy(&v6, given, sizeof v6);
        *address = ipv6_address(&v6.sin6_addr);
    }
    return 0;
}

static int read_group(int level, const void *value, socklen_t length, struct baro_group_source *request)
{
    struct group_req given;
    int error;

    if (length < sizeof given)
        return -EINVAL;
    memcpy(&given, value, sizeof given);
    error = take_address(&given.gr_group, level, &request->group);
    return error != 0 ? error : take_interface(given.gr_interface, request);
}

static int read_group_source(int level, const void *value, socklen_t length, struct baro_group_source *request)
{
    struct group_source_req given;
    int error;

    if (length < sizeof given)
        return -EINVAL;
    memcpy(&given, value, sizeof given);
    error = take_address(&given.gsr_group, level, &request->group);
    if (error == 0)
        error = take_address(&given.gsr_source, level, &request->source);
    return error != 0 ? error : take_interface(given.gsr_interface, request);
}

static const struct group_line {
    int level, name; /* level -1: of both */
    enum baro_option option;
} lines[] = {
    { IPPROTO_IP, IP_ADD_MEMBERSHIP, BARO_IP_ADD_GROUP },
    { IPPROTO_IP, IP_DROP_MEMBERSHIP, BARO_IP_DROP_GROUP },
    { IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, BARO_IP_ADD_SOURCE },
    { IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, BARO_IP_DROP_SOURCE },
    { IPPROTO_IP, IP_BLOCK_SOURCE, BARO_IP_BLOCK_SOURCE },
    { IPPROTO_IP, IP_UNBLOCK_SOURCE, BARO_IP_UNBLOCK_SOURCE },
    { IPPROTO_IPV6, IPV6_JOIN_GROUP, BARO_IP_ADD_GROUP },
    { IPPROTO_IPV6, IPV6_LEAVE_GROUP, BARO_IP_DROP_GROUP },
    { -1, MCAST_JOIN_GROUP, BARO_IP_ADD_GROUP },
    { -1, MCAST_LEAVE_GROUP, BARO_IP_DROP_GROUP },
    { -1, MCAST_JOIN_SOURCE_GROUP, BARO_IP_ADD_SOURCE },
    { -1, MCAST_LEAVE_SOURCE_GROUP, BARO_IP_DROP_SOURCE },
    { -1, MCAST_BLOCK_SOURCE, BARO_IP_BLOCK_SOURCE },
    { -1, MCAST_UNBLOCK_SOURCE, BARO_IP_UNBLOCK_SOURCE },
};

int posix_group_set(struct baro_posix_stack *stack, int fd, int level, int name, const void *value, socklen_t length)
{
    const struct group_line *line = lines, *end = lines + sizeof lines / sizeof lines[0];
    struct baro_group_source request = { 0 };
    bool whole;
    int error;

    while (line < end && (line->name != name || (line->level != -1 && line->level != level)))
        line++;
    if (line == end)
        return 1;
    whole = line->option == BARO_IP_ADD_GROUP || line->option == BARO_IP_DROP_GROUP;
    if (line->level == -1)
        error = whole ? read_group(level, value, length, &request) : read_group_source(level, value, length, &request);
    else if (level == IPPROTO_IPV6)
        error = read_ipv6(value, length, &request);
    else
        error = whole ? read_ipv4(stack, value, length, &request) : read_ipv4_source(stack, value, length, &request);
    if (error != 0)
        return error;
    if (whole) {
        const struct baro_group group = { request.group, request.interface };

        return baro_setsockopt(stack->core, fd, line->option, &group, sizeof group);
    }
    return baro_setsockopt(stack->core, fd, line->option, &request, sizeof request);
}
