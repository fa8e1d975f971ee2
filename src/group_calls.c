/* src/group_calls.c: the socket options about multicast groups (RFC 3678).
 *
 * What a socket wants of a group stands in its list in user/, and is merged with what others want on the interface:
 * each call works out what the socket wants afterwards, changes the interface's state from the one to the other, and
 * keeps it. The socket's own list decides what is delivered to it. */
#include "stack.h"

#include <errno.h>
#include <string.h>

#include "base/source_filter.h"
#include "user/user.h"

/* A call about one group: what the socket wants before and after it. */
struct wish {
    struct baro_group group;
    bool joined, stays;
    struct baro_source_filter before, after;
};

/* The group as the stack names it, and what the socket wants of it now. */
static int find(struct baro_stack *stack, int fd, struct wish *wish)
{
    struct baro_group *group = &wish->group;
    int error;

    if (!address_is_multicast(group->group) ||
        (group->group.family == BARO_FAMILY_IPV6 && user_family(stack->user, fd) != BARO_FAMILY_IPV6))
        return -EINVAL;
    if (group->interface == 0)
        group->interface = group->group.zone;
    if (group->interface == 0)
        group->interface = stack_interface_to(stack, group->group);
    if (group->interface < 1 || group->interface >= stack->interfaces)
        return -ENODEV;
    group->group = address_in_zone(group->group, group->interface);
    error = user_group_get(stack->user, fd, group, &wish->before);
    wish->joined = error == 0;
    wish->after = wish->before;
    return error == -EADDRNOTAVAIL ? 0 : error;
}

static int apply(struct baro_stack *stack, int fd, const struct wish *wish)
{
    const struct baro_source_filter *before = wish->joined ? &wish->before : NULL;
    int error;

    if (!wish->stays) {
        if (before != NULL)
            (void)groups_member(stack, wish->group.interface, wish->group.group, before, NULL);
        user_group_remove(stack->user, fd, &wish->group);
        return 0;
    }
    error = user_group_set(stack->user, fd, &wish->group, &wish->after);
    if (error != 0)
        return error;
    error = groups_member(stack, wish->group.interface, wish->group.group, before, &wish->after);
    if (error != 0 && before == NULL)
        user_group_remove(stack->user, fd, &wish->group);
    else if (error != 0)
        (void)user_group_set(stack->user, fd, &wish->group, before); /* it has its place */
    return error;
}

/* The whole group. */
static int change_group(struct wish *wish, bool join)
{
    if (wish->joined == join)
        return join ? -EADDRINUSE : -EADDRNOTAVAIL;
    wish->stays = join;
    wish->after = (struct baro_source_filter){ .exclude = true };
    return 0;
}

static int change_source(struct wish *wish, enum baro_option option, struct baro_address source)
{
    bool exclude = option == BARO_IP_BLOCK_SOURCE || option == BARO_IP_UNBLOCK_SOURCE;
    bool adds = option == BARO_IP_BLOCK_SOURCE || option == BARO_IP_ADD_SOURCE;
    struct baro_source_filter *filter = &wish->after;
    unsigned at;

    if (source.family != wish->group.group.family || address_is_multicast(source) || address_is_unspecified(source))
        return -EINVAL;
    if (!wish->joined && option != BARO_IP_ADD_SOURCE)
        return -EINVAL;
    if (!wish->joined)
        *filter = (struct baro_source_filter){ .exclude = false };
    if (filter->exclude != exclude)
        return -EINVAL;
    source = address_in_zone(source, wish->group.interface);
    at = source_filter_find(filter, source);
    if ((at == filter->sources) != adds)
        return -EADDRNOTAVAIL;
    if (adds && at == BARO_SOURCE_LIMIT)
        return -ENOBUFS;
    if (adds)
        filter->source[filter->sources++] = source;
    else
        filter->source[at] = filter->source[--filter->sources];
    wish->stays = exclude || filter->sources != 0;
    return 0;
}

/* All at once; the same source twice counts once. */
static int change_filter(struct wish *wish, const struct baro_source_filter *filter)
{
    if (filter->sources > BARO_SOURCE_LIMIT)
        return -ENOBUFS;
    wish->after = (struct baro_source_filter){ .exclude = filter->exclude };
    for (unsigned i = 0; i < filter->sources; i++) {
        struct baro_address source = address_in_zone(filter->source[i], wish->group.interface);

        if (source.family != wish->group.group.family || address_is_multicast(source))
            return -EINVAL;
        if (source_filter_find(&wish->after, source) == wish->after.sources)
            wish->after.source[wish->after.sources++] = source;
    }
    wish->stays = filter->exclude || filter->sources != 0;
    return 0;
}

int groups_setsockopt(struct baro_stack *stack, int fd, enum baro_option option, const void *value, size_t length)
{
    bool whole = option == BARO_IP_ADD_GROUP || option == BARO_IP_DROP_GROUP;
    bool filter = option == BARO_IP_GROUP_FILTER;
    struct wish wish = { .joined = false };
    struct baro_group_source one;
    struct baro_group_filter all;
    int error;

    if (user_type(stack->user, fd) == 0)
        return -EBADF;
    if (length != (whole ? sizeof wish.group : filter ? sizeof all : sizeof one))
        return -EINVAL;
    if (whole) {
        memcpy(&wish.group, value, sizeof wish.group);
    } else if (filter) {
        memcpy(&all, value, sizeof all);
        wish.group = all.group;
    } else {
        memcpy(&one, value, sizeof one);
        wish.group = (struct baro_group){ one.group, one.interface };
    }
    error = find(stack, fd, &wish);
    if (error == 0)
        error = whole    ? change_group(&wish, option == BARO_IP_ADD_GROUP)
                : filter ? change_filter(&wish, &all.filter)
                         : change_source(&wish, option, one.source);
    return error != 0 ? error : apply(stack, fd, &wish);
}

int groups_getsockopt(struct baro_stack *stack, int fd, void *value, size_t *length)
{
    struct wish wish = { .joined = false };
    struct baro_group_filter all;
    int error;

    if (*length != sizeof all)
        return user_type(stack->user, fd) == 0 ? -EBADF : -EINVAL;
    memcpy(&all, value, sizeof all);
    wish.group = all.group;
    error = find(stack, fd, &wish);
    if (error != 0)
        return error;
    if (!wish.joined)
        return -EADDRNOTAVAIL;
    all.group = wish.group;
    all.filter = wish.before;
    memcpy(value, &all, sizeof all);
    return 0;
}

static void leave(struct baro_stack *stack, int fd, const struct baro_group *group)
{
    struct wish wish = { .joined = true, .group = *group };

    (void)user_group_get(stack->user, fd, &wish.group, &wish.before);
    (void)apply(stack, fd, &wish);
}

void groups_close(struct baro_stack *stack, int fd)
{
    struct baro_group group;

    while (user_group_first(stack->user, fd, &group))
        leave(stack, fd, &group);
}
