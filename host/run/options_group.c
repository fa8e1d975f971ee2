/* host/run/options_group.c: the options of programs about multicast groups and whom they are heard from, in the shapes
 * of RFC 3493 §5.2 and RFC 3678. The layouts are the kernel's; the interface of 0 is the only one. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "run/internal.h"

static const struct group_option {
    int level, name; /* level -1: of both */
    int option;      /* enum baro_option */
} group_options[] = {
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

static struct baro_address address_of(int family, const void *octets)
{
    struct baro_address address = { .family = family == AF_INET ? BARO_FAMILY_IPV4 : BARO_FAMILY_IPV6 };
    memcpy(address.octet, octets, family == AF_INET ? 4 : 16);
    return address;
}

static int take_interface(uint32_t index, struct baro_group_source *wish)
{
    wish->interface = index > UINT8_MAX ? 0 : interface_number((int)index);
    return index > UINT8_MAX ? -ENODEV : 0;
}

/* struct ip_mreq, ip_mreqn or ip_mreq_source. The address of an interface names the only one. */
static int read_ipv4(bool whole, const char *bytes, size_t length, struct baro_group_source *wish)
{
    struct ip_mreqn group = { 0 };
    struct ip_mreq_source source;
    if (length < (whole ? sizeof(struct ip_mreq) : sizeof source))
        return -EINVAL;
    if (!whole) {
        memcpy(&source, bytes, sizeof source);
        wish->group = address_of(AF_INET, &source.imr_multiaddr);
        wish->source = address_of(AF_INET, &source.imr_sourceaddr);
        return 0;
    }
    memcpy(&group, bytes, length < sizeof group ? length : sizeof group);
    wish->group = address_of(AF_INET, &group.imr_multiaddr);
    return length < sizeof group ? 0 : take_interface((uint32_t)group.imr_ifindex, wish);
}

static int read_ipv6(const char *bytes, size_t length, struct baro_group_source *wish)
{
    struct ipv6_mreq group;
    if (length < sizeof group)
        return -EINVAL;
    memcpy(&group, bytes, sizeof group);
    wish->group = address_of(AF_INET6, &group.ipv6mr_multiaddr);
    return take_interface(group.ipv6mr_interface, wish);
}

static int take_address(int family, const struct sockaddr_storage *given, struct baro_address *address)
{
    if (given->ss_family != family)
        return -EADDRNOTAVAIL;
    *address = family == AF_INET ? address_of(family, &((const struct sockaddr_in *)given)->sin_addr)
                                 : address_of(family, &((const struct sockaddr_in6 *)given)->sin6_addr);
    return 0;
}

/* struct group_req or group_source_req, of which the former is the beginning. */
static int read_both(int family, bool whole, const char *bytes, size_t length, struct baro_group_source *wish)
{
    struct group_source_req given;
    size_t wanted = whole ? sizeof(struct group_req) : sizeof given;
    memset(&given, 0, sizeof given);
    if (length < wanted)
        return -EINVAL;
    memcpy(&given, bytes, wanted);
    int error = take_address(family, &given.gsr_group, &wish->group);
    if (error == 0 && !whole)
        error = take_address(family, &given.gsr_source, &wish->source);
    return error != 0 ? error : take_interface(given.gsr_interface, wish);
}

int option_group(struct socket *s, int level, int name, const char *bytes, size_t length)
{
    const struct group_option *found = NULL;
    for (size_t i = 0; i < sizeof group_options / sizeof group_options[0] && found == NULL; i++)
        if (group_options[i].name == name &&
            (group_options[i].level == level ||
             (group_options[i].level == -1 && (level == IPPROTO_IP || level == IPPROTO_IPV6))))
            found = &group_options[i];
    if (found == NULL)
        return 1;

    struct baro_group_source wish = { .interface = 0 };
    bool whole = found->option == BARO_IP_ADD_GROUP || found->option == BARO_IP_DROP_GROUP;
    int error = found->level == -1 ? read_both(level == IPPROTO_IP ? AF_INET : AF_INET6, whole, bytes, length, &wish)
                : level == IPPROTO_IPV6 ? read_ipv6(bytes, length, &wish)
                                        : read_ipv4(whole, bytes, length, &wish);
    if (error != 0)
        return error;
    const struct baro_group group = { wish.group, wish.interface };
    return whole ? option_to_stack(s, found->option, &group, sizeof group)
                 : option_to_stack(s, found->option, &wish, sizeof wish);
}
