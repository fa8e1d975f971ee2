/* posix/options_ip.c: the options of IPPROTO_IP and IPPROTO_IPV6 (RFC 3493 §5, RFC 3542 §6 and §11), as Linux has them.
 *
 * Most are one number in the core, of both families alike. What the library keeps itself is what only its own control
 * data asks for, and which of Linux's six ways of path MTU discovery was named: the core knows two flags. On a socket
 * of AF_INET the level IPPROTO_IPV6 does not exist; on one of AF_INET6 both do, and a number that both families have is
 * one number there (of the last who set it). */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "internal.h"

/* What Linux takes -1 for. */
enum { TTL_DEFAULT = -1 /* the stack's too */, GROUP_TTL_DEFAULT = 1, TRAFFIC_CLASS_DEFAULT = 0, NO_DEFAULT = -2 };

struct ip_line {
    int level, name;
    enum baro_option option;
    int otherwise;     /* what -1 means, or NO_DEFAULT */
    bool zero_or_one;  /* nothing else is taken */
};

static const struct ip_line lines[] = {
    { IPPROTO_IP, IP_TTL, BARO_IP_TTL, TTL_DEFAULT, false },
    { IPPROTO_IP, IP_TOS, BARO_IP_TOS, NO_DEFAULT, false },
    { IPPROTO_IP, IP_TRANSPARENT, BARO_SO_TRANSPARENT, NO_DEFAULT, false },
    { IPPROTO_IP, IP_MULTICAST_TTL, BARO_IP_MULTICAST_TTL, GROUP_TTL_DEFAULT, false },
    { IPPROTO_IP, IP_MULTICAST_LOOP, BARO_IP_MULTICAST_LOOP, NO_DEFAULT, false },
    { IPPROTO_IP, IP_MTU, BARO_IP_MTU, NO_DEFAULT, false },
    { IPPROTO_IP, IP_RECVERR, BARO_IP_RECV_ERROR, NO_DEFAULT, false },
    { IPPROTO_IPV6, IPV6_V6ONLY, BARO_IPV6_ONLY, NO_DEFAULT, false },
    { IPPROTO_IPV6, IPV6_UNICAST_HOPS, BARO_IP_TTL, TTL_DEFAULT, false },
    { IPPROTO_IPV6, IPV6_TCLASS, BARO_IP_TOS, TRAFFIC_CLASS_DEFAULT, false },
    { IPPROTO_IPV6, IPV6_MULTICAST_HOPS, BARO_IP_MULTICAST_TTL, GROUP_TTL_DEFAULT, false },
    { IPPROTO_IPV6, IPV6_MULTICAST_LOOP, BARO_IP_MULTICAST_LOOP, NO_DEFAULT, true },
    { IPPROTO_IPV6, IPV6_MULTICAST_IF, BARO_IP_MULTICAST_INTERFACE, NO_DEFAULT, false },
    { IPPROTO_IPV6, IPV6_RECVERR, BARO_IP_RECV_ERROR, NO_DEFAULT, false },
    { IPPROTO_IPV6, IPV6_TRANSPARENT, BARO_SO_TRANSPARENT, NO_DEFAULT, false },
};

static const struct ip_line *find_line(int level, int name)
{
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (lines[i].level == level && lines[i].name == name)
            return &lines[i];
    return NULL;
}

/* The library's own yes or no; NULL: it is none. */
static bool *flag_of(struct posix_file *file, int level, int name)
{
    if (level == IPPROTO_IP) {
        switch (name) {
        case IP_PKTINFO:
            return &file->tell_packet_info;
        case IP_RECVTTL:
            return &file->tell_ttl;
        case IP_RECVTOS:
            return &file->tell_tos;
        default:
            return NULL;
        }
    }
    switch (name) {
    case IPV6_RECVPKTINFO:
        return &file->tell_packet_info_v6;
    case IPV6_RECVHOPLIMIT:
        return &file->tell_hop_limit;
    case IPV6_RECVTCLASS:
        return &file->tell_traffic_class;
    case IPV6_DONTFRAG:
        return &file->dont_fragment;
    default:
        return NULL;
    }
}

/* ---- getting ---- */

/* Linux gives the octets that the caller has room for. */
static int give(void *value, socklen_t *length, const void *from, size_t size)
{
    if (*length > size)
        *length = (socklen_t)size;
    memcpy(value, from, *length);
    return 0;
}

static int give_int(void *value, socklen_t *length, int number)
{
    return give(value, length, &number, sizeof number);
}

static int get_number(struct baro_posix_stack *stack, int fd, enum baro_option option, void *value,
                      socklen_t *length)
{
    int number = 0, error;
    size_t size = sizeof number;

    error = baro_getsockopt(stack->core, fd, option, &number, &size);
    return error != 0 ? error : give_int(value, length, number);
}

/* RFC 3542 §11.4: the path MTU of a connected socket, with nobody's address as on Linux. */
static int get_path_mtu(struct baro_posix_stack *stack, int fd, void *value, socklen_t *length)
{
    struct ip6_mtuinfo info;
    int mtu, error;
    size_t size = sizeof mtu;

    if (*length < sizeof info)
        return -EINVAL;
    memset(&info, 0, sizeof info);
    error = baro_getsockopt(stack->core, fd, BARO_IP_MTU, &mtu, &size);
    if (error != 0)
        return error;
    info.ip6m_mtu = (uint32_t)mtu;
    return give(value, length, &info, sizeof info);
}

static int get_sticky(const struct posix_file *file, void *value, socklen_t *length)
{
    struct in6_pktinfo info;

    memset(&info, 0, sizeof info);
    if (file->sticky_source.family == BARO_FAMILY_IPV6)
        memcpy(&info.ipi6_addr, file->sticky_source.octet, 16);
    info.ipi6_ifindex = (unsigned)file->sticky_interface;
    return give(value, length, &info, sizeof info);
}

int posix_ip_get(struct baro_posix_stack *stack, int fd, int level, int name, void *value, socklen_t *length)
{
    struct posix_file *file = posix_file(stack, fd);
    const struct ip_line *line = find_line(level, name);
    const bool *flag = flag_of(file, level, name);
    int group;

    if (level == IPPROTO_IPV6 && !file->is_ipv6)
        return -EOPNOTSUPP;
    if (line != NULL)
        return get_number(stack, fd, line->option, value, length);
    if (flag != NULL)
        return give_int(value, length, *flag);
    if (level == IPPROTO_IP && name == IP_MTU_DISCOVER)
        return give_int(value, length, file->discover);
    if (level == IPPROTO_IP && name == IP_MULTICAST_IF)
        return give(value, length, &file->group_source, sizeof file->group_source);
    if (level == IPPROTO_IPV6 && name == IPV6_MTU_DISCOVER)
        return give_int(value, length, file->discover_v6);
    if (level == IPPROTO_IPV6 && name == IPV6_MTU)
        return get_number(stack, fd, BARO_IP_MTU, value, length);
    if (level == IPPROTO_IPV6 && name == IPV6_PATHMTU)
        return get_path_mtu(stack, fd, value, length);
    if (level == IPPROTO_IPV6 && name == IPV6_PKTINFO)
        return get_sticky(file, value, length);
    group = posix_group_get(stack, fd, level, name, value, length);
    return group == 1 ? -ENOPROTOOPT : group;
}

/* ---- setting ---- */

/* IPv6's options are ints; those of IPv4 may be an octet. */
static int take_int(int level, const void *value, socklen_t length, int *number)
{
    uint8_t octet;

    if (length >= sizeof *number) {
        memcpy(number, value, sizeof *number);
        return 0;
    }
    if (length == 0 || level == IPPROTO_IPV6)
        return -EINVAL;
    memcpy(&octet, value, 1);
    *number = octet;
    return 0;
}

static int set_core(struct baro_posix_stack *stack, int fd, enum baro_option option, int number)
{
    return baro_setsockopt(stack->core, fd, option, &number, sizeof number);
}

static int set_line(struct baro_posix_stack *stack, int fd, const struct ip_line *line, int number)
{
    if (number == -1 && line->otherwise != NO_DEFAULT)
        number = line->otherwise;
    if (line->zero_or_one && number != 0 && number != 1)
        return -EINVAL;
    if (line->option == BARO_IP_TOS && line->level == IPPROTO_IP)
        number &= 0xff; /* Linux takes what fits */
    return set_core(stack, fd, line->option, number);
}

/* What of the six ways is a flag of the core's: may it be fragmented, and whose MTU counts. */
static int apply_discovery(struct baro_posix_stack *stack, int fd, const struct posix_file *file)
{
    int way = file->is_ipv6 ? file->discover_v6 : file->discover;
    bool whole = way == IP_PMTUDISC_DO || way == IP_PMTUDISC_PROBE || way == IP_PMTUDISC_INTERFACE;
    bool ignore = way == IP_PMTUDISC_PROBE || way == IP_PMTUDISC_INTERFACE || way == IP_PMTUDISC_OMIT;
    int error;

    if (file->is_stream)
        return 0; /* TCP finds its path MTU by itself, always */
    error = set_core(stack, fd, BARO_IP_DONT_FRAGMENT, whole || file->dont_fragment);
    return error != 0 ? error : set_core(stack, fd, BARO_IP_IGNORE_PATH_MTU, ignore);
}

static int set_discovery(struct baro_posix_stack *stack, int fd, int level, int number)
{
    struct posix_file *file = posix_file(stack, fd);

    if (number < IP_PMTUDISC_DONT || number > IP_PMTUDISC_OMIT)
        return -EINVAL;
    *(level == IPPROTO_IP ? &file->discover : &file->discover_v6) = (uint8_t)number;
    return apply_discovery(stack, fd, file);
}

/* RFC 3542 §6: for every datagram that says nothing else; all zero: for none. */
static int set_sticky(struct posix_file *file, const void *value, socklen_t length)
{
    struct in6_pktinfo info;

    if (length < sizeof info)
        return -EINVAL;
    memcpy(&info, value, sizeof info);
    posix_packet_info_read(&info, &file->sticky_source, &file->sticky_interface);
    return 0;
}

/* IPv4 names the interface by its number or by an address that it has. */
static int set_group_interface(struct baro_posix_stack *stack, int fd, const void *value, socklen_t length)
{
    struct posix_file *file = posix_file(stack, fd);
    struct ip_mreqn request = { 0 };
    struct baro_address address = { .family = BARO_FAMILY_IPV4 };
    int interface = 0, error;

    if (length < sizeof request.imr_address)
        return -EINVAL;
    if (length >= sizeof(struct ip_mreq))
        memcpy(&request, value, length < sizeof request ? length : sizeof request);
    else
        memcpy(&request.imr_address, value, sizeof request.imr_address);
    memcpy(address.octet, &request.imr_address, 4);
    if (request.imr_ifindex != 0) {
        interface = request.imr_ifindex;
    } else if (request.imr_address.s_addr != INADDR_ANY) {
        while (baro_stack_address_state(stack->core, ++interface, address) == BARO_ADDRESS_NONE)
            if (interface == POSIX_INTERFACES)
                return -EADDRNOTAVAIL;
    }
    error = set_core(stack, fd, BARO_IP_MULTICAST_INTERFACE, interface);
    if (error == 0)
        file->group_source = request.imr_address;
    return error == -ENODEV ? -EADDRNOTAVAIL : error;
}

/* What is not an int. 1: it is. */
static int set_structure(struct baro_posix_stack *stack, int fd, int level, int name, const void *value,
                         socklen_t length)
{
    if (level == IPPROTO_IP && name == IP_MULTICAST_IF)
        return set_group_interface(stack, fd, value, length);
    if (level == IPPROTO_IPV6 && name == IPV6_PKTINFO)
        return set_sticky(posix_file(stack, fd), value, length);
    return posix_group_set(stack, fd, level, name, value, length);
}

int posix_ip_set(struct baro_posix_stack *stack, int fd, int level, int name, const void *value, socklen_t length)
{
    struct posix_file *file = posix_file(stack, fd);
    const struct ip_line *line = find_line(level, name);
    bool *flag = flag_of(file, level, name);
    bool discovery = (level == IPPROTO_IP && name == IP_MTU_DISCOVER) ||
                     (level == IPPROTO_IPV6 && name == IPV6_MTU_DISCOVER);
    bool size = level == IPPROTO_IPV6 && name == IPV6_MTU;
    int number, error;

    if (level == IPPROTO_IPV6 && !file->is_ipv6)
        return -ENOPROTOOPT;
    error = set_structure(stack, fd, level, name, value, length);
    if (error <= 0)
        return error;
    if (line == NULL && flag == NULL && !discovery && !size)
        return -ENOPROTOOPT;
    error = take_int(level, value, length, &number);
    if (error != 0)
        return error;
    if (line != NULL)
        return set_line(stack, fd, line, number);
    if (discovery)
        return set_discovery(stack, fd, level, number);
    if (size)
        return set_core(stack, fd, BARO_IP_FRAGMENT_SIZE, number > UINT16_MAX ? UINT16_MAX : number);
    *flag = number != 0;
    return flag == &file->dont_fragment ? apply_discovery(stack, fd, file) : 0;
}
