/* posix/options_group.c: the options that join and leave multicast groups, and choose whom they are heard from, in the
 * shapes of RFC 3493 §5.2 and RFC 3678: IPv4's own, which names an interface by its number or by an address that it
 * has; IPv6's own; and those for both, which hold socket addresses. */
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
static int read_ipv4(const struct baro_posix_stack *stack, const void *value, socklen_t length,
                     struct baro_group_source *request)
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

/* ---- all sources at once (RFC 3678 §4.2, §5.2) ---- */

/* Either family's filter: a head, then sources of `each` octets. */
struct filter_form {
    size_t head, each;
    bool both; /* struct group_filter; else struct ip_msfilter */
};

static bool filter_form(int level, int name, struct filter_form *form)
{
    if (name == MCAST_MSFILTER)
        *form = (struct filter_form){ GROUP_FILTER_SIZE(0), sizeof(struct sockaddr_storage), true };
    else
        *form = (struct filter_form){ IP_MSFILTER_SIZE(0), sizeof(struct in_addr), false };
    return name == MCAST_MSFILTER || (level == IPPROTO_IP && name == IP_MSFILTER);
}

/* The head: which group, and what it says of mode and number. */
static int read_filter_head(const struct baro_posix_stack *stack, int level, const struct filter_form *form,
                            const void *value, struct baro_group_filter *filter, unsigned *mode)
{
    struct baro_group_source named = { .interface = 0 };
    struct group_filter both;
    struct ip_msfilter own;
    int error;

    if (form->both) {
        memcpy(&both, value, GROUP_FILTER_SIZE(0));
        *mode = both.gf_fmode;
        filter->filter.sources = both.gf_numsrc;
        error = take_address(&both.gf_group, level, &named.group);
        if (error == 0)
            error = take_interface(both.gf_interface, &named);
    } else {
        memcpy(&own, value, IP_MSFILTER_SIZE(0));
        *mode = own.imsf_fmode;
        filter->filter.sources = own.imsf_numsrc;
        named.group = ipv4_address(&own.imsf_multiaddr);
        error = interface_with(stack, own.imsf_interface, &named.interface);
    }
    filter->group = (struct baro_group){ named.group, named.interface };
    return error;
}

static int read_source(int level, const struct filter_form *form, const uint8_t *at, struct baro_address *source)
{
    struct sockaddr_storage both;
    struct in_addr own;

    if (form->both) {
        memcpy(&both, at, sizeof both);
        return take_address(&both, level, source);
    }
    memcpy(&own, at, sizeof own);
    *source = ipv4_address(&own);
    return 0;
}

/* As on Linux a group must be joined before; none included leaves it. */
static int set_filter(struct baro_posix_stack *stack, int fd, int level, const struct filter_form *form,
                      const void *value, size_t length)
{
    struct baro_group_filter filter = { .filter.sources = 0 }, before;
    size_t size = sizeof before;
    unsigned mode;
    int error;

    if (length < form->head)
        return -EINVAL;
    error = read_filter_head(stack, level, form, value, &filter, &mode);
    if (error != 0)
        return error;
    if (filter.filter.sources > BARO_SOURCE_LIMIT)
        return -ENOBUFS;
    if ((mode != MCAST_INCLUDE && mode != MCAST_EXCLUDE) || length < form->head + filter.filter.sources * form->each)
        return -EINVAL;
    filter.filter.exclude = mode == MCAST_EXCLUDE;
    for (unsigned i = 0; i < filter.filter.sources && error == 0; i++)
        error =
            read_source(level, form, (const uint8_t *)value + form->head + i * form->each, &filter.filter.source[i]);
    if (error != 0)
        return error;
    before.group = filter.group;
    error = baro_getsockopt(stack->core, fd, BARO_IP_GROUP_FILTER, &before, &size);
    if (error == -EADDRNOTAVAIL && (filter.filter.exclude || filter.filter.sources != 0))
        return -EINVAL;
    return error != 0 ? error : baro_setsockopt(stack->core, fd, BARO_IP_GROUP_FILTER, &filter, sizeof filter);
}

static void write_source(const struct filter_form *form, const struct baro_address *source, uint8_t *at)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

    memset(at, 0, form->each);
    memcpy(&v4.sin_addr, source->octet, 4);
    memcpy(&v6.sin6_addr, source->octet, 16);
    if (!form->both)
        memcpy(at, &v4.sin_addr, sizeof v4.sin_addr);
    else if (source->family == BARO_FAMILY_IPV4)
        memcpy(at, &v4, sizeof v4);
    else
        memcpy(at, &v6, sizeof v6);
}

int posix_group_get(struct baro_posix_stack *stack, int fd, int level, int name, void *value, socklen_t *length)
{
    struct baro_group_filter filter = { .filter.sources = 0 };
    size_t size = sizeof filter;
    struct filter_form form;
    uint32_t mode, sources;
    unsigned room;
    int error;

    if (!filter_form(level, name, &form))
        return 1;
    if (*length < form.head)
        return -EINVAL;
    error = read_filter_head(stack, level, &form, value, &filter, &room);
    if (error != 0)
        return error;
    room = filter.filter.sources; /* as many as the caller has room for */
    if (*length < form.head + (size_t)room * form.each)
        return -EINVAL;
    error = baro_getsockopt(stack->core, fd, BARO_IP_GROUP_FILTER, &filter, &size);
    if (error != 0)
        return error;
    mode = filter.filter.exclude ? MCAST_EXCLUDE : MCAST_INCLUDE;
    sources = filter.filter.sources; /* all of them are counted, those that fit are given */
    memcpy((uint8_t *)value + form.head - 2 * sizeof mode, &mode, sizeof mode);
    memcpy((uint8_t *)value + form.head - sizeof sources, &sources, sizeof sources);
    room = room < sources ? room : sources;
    for (unsigned i = 0; i < room; i++)
        write_source(&form, &filter.filter.source[i], (uint8_t *)value + form.head + i * form.each);
    *length = (socklen_t)(form.head + room * form.each);
    return 0;
}

/* ---- one at a time ---- */

int posix_group_set(struct baro_posix_stack *stack, int fd, int level, int name, const void *value, socklen_t length)
{
    const struct group_line *line = lines, *end = lines + sizeof lines / sizeof lines[0];
    struct baro_group_source request = { 0 };
    struct filter_form form;
    bool whole;
    int error;

    if (filter_form(level, name, &form))
        return set_filter(stack, fd, level, &form, value, length);
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
