/* posix/poll.c: one thread waits for many descriptors: a node in the list of each, one condition for all. */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

enum { NODES_AT_HAND = 16, LONE_WAIT_MS = 100 };

static short events_of(unsigned ready)
{
    int events = 0;

    if (ready & BARO_EVENT_IN)
        events |= POLLIN | POLLRDNORM;
    if (ready & BARO_EVENT_OUT)
        events |= POLLOUT | POLLWRNORM;
    if (ready & BARO_EVENT_PRIORITY)
        events |= POLLPRI;
    if (ready & BARO_EVENT_ERROR)
        events |= POLLERR;
    if (ready & BARO_EVENT_HANGUP)
        events |= POLLHUP;
    if (ready & BARO_EVENT_READ_HANGUP)
        events |= POLLRDHUP;
    if (ready & BARO_EVENT_INVALID)
        events |= POLLNVAL;
    return (short)events;
}

/* How many have something to tell. */
static int look(struct baro_posix_stack *stack, struct pollfd *descriptors, nfds_t count)
{
    int found = 0;

    for (nfds_t i = 0; i < count; i++) {
        short wanted = (short)(descriptors[i].events | POLLERR | POLLHUP | POLLNVAL);

        descriptors[i].revents = 0;
        if (descriptors[i].fd < 0)
            continue;
        descriptors[i].revents = (short)(events_of(baro_poll(stack->core, descriptors[i].fd)) & wanted);
        found += descriptors[i].revents != 0;
    }
    return found;
}

/* Sleeps once, until something happens to one of them. False: the deadline has passed. */
static bool sleep_on(struct baro_posix_stack *stack, const struct pollfd *descriptors, nfds_t count,
                     struct posix_wait_node *node, struct baro_instant deadline)
{
    struct posix_waiter waiter;
    struct baro_instant until = deadline;
    bool listed = false, woken;

    posix_waiter_init(&waiter);
    for (nfds_t i = 0; i < count; i++) {
        node[i] = (struct posix_wait_node){ .fd = -1 };
        if (descriptors[i].fd < 0)
            continue;
        posix_node_add(stack, &node[i], &waiter, descriptors[i].fd);
        listed = true;
    }
    if (!listed) { /* nobody could wake it when the stack ends */
        struct baro_instant step = { posix_now().ns + LONE_WAIT_MS * 1000000 };

        until = step.ns < deadline.ns ? step : deadline;
    }
    woken = posix_sleep(stack, &waiter, until);
    for (nfds_t i = 0; i < count; i++)
        posix_node_remove(stack, &node[i]);
    posix_waiter_release(&waiter);
    return woken || posix_now().ns < deadline.ns;
}

int baro_posix_poll_in(struct baro_posix_stack *stack, struct pollfd *descriptors, nfds_t count, int timeout_ms)
{
    struct posix_wait_node at_hand[NODES_AT_HAND], *node = at_hand;
    struct baro_instant deadline = { INT64_MAX };
    int found;

    if (count > NODES_AT_HAND)
        node = malloc(count * sizeof *node);
    if (node == NULL) {
        errno = ENOMEM;
        return -1;
    }
    if (timeout_ms >= 0)
        deadline.ns = posix_now().ns + (int64_t)timeout_ms * 1000000;
    if (!posix_enter(stack)) {
        if (node != at_hand)
            free(node);
        return -1;
    }
    while ((found = look(stack, descriptors, count)) == 0 && timeout_ms != 0 && !stack->ending)
        if (!sleep_on(stack, descriptors, count, node, deadline)) {
            found = look(stack, descriptors, count);
            break;
        }
    found = (int)posix_leave(stack, stack->ending ? -EBADF : found);
    if (node != at_hand)
        free(node);
    return found;
}
