/* host/gateway/flow.c: carrying the bytes of a TCP flow between a kernel socket and a socket of the stack.
 *
 * Both ways stop when the other side is full, so windows close instead of memory growing: from outside, nothing is read
 * while the stack's send buffer has no room; from inside, octets stay in the stack's receive buffer until the kernel
 * has taken them from there, which is one copy, and no memory besides. A FIN is passed on once all before it was; a
 * reset on either side becomes a reset on the other. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "internal.h"

static void outside_ready(void *context, uint32_t events)
{
    struct flow *flow = context;

    if (flow->state == FLOW_CONNECTING_OUT) {
        held_connected(flow);
        return;
    }
    if (events & EPOLLERR || (flow->state != FLOW_OPEN && events & EPOLLHUP)) {
        flow_free(flow, true);
        return;
    }
    flow_pump(flow);
}

struct flow *flow_create(struct baro_gateway *gateway, enum flow_state state, int outside)
{
    struct flow *flow = calloc(1, sizeof *flow);

    if (flow == NULL)
        return NULL;
    flow->gateway = gateway;
    flow->state = state;
    flow->outside = outside;
    flow->inside = -1;
    flow->watched = state == FLOW_CONNECTING_OUT ? EPOLLOUT : 0;
    flow->watch = baro_loop_watch(gateway->config.loop, outside, flow->watched, outside_ready, flow);
    if (flow->watch == NULL) {
        free(flow);
        return NULL;
    }
    flow->next = gateway->flows;
    if (flow->next != NULL)
        flow->next->previous = flow;
    gateway->flows = flow;
    gateway->counts.flows++;
    return flow;
}

int flow_join(struct flow *flow, int inside)
{
    struct baro_gateway *gateway = flow->gateway;

    if ((size_t)inside >= gateway->by_inside_size) {
        size_t size = (size_t)inside * 2 + 64;
        struct flow **grown = realloc(gateway->by_inside, size * sizeof(struct flow *));

        if (grown == NULL)
            return -ENOMEM;
        memset(grown + gateway->by_inside_size, 0, (size - gateway->by_inside_size) * sizeof(struct flow *));
        gateway->by_inside = grown;
        gateway->by_inside_size = size;
    }
    gateway->by_inside[inside] = flow;
    flow->inside = inside;
    return 0;
}

void flow_leave(struct flow *flow)
{
    if (flow->inside < 0)
        return;
    flow->gateway->by_inside[flow->inside] = NULL;
    baro_close(flow->gateway->config.stack, flow->inside);
    flow->inside = -1;
}

static void reset_on_close(struct flow *flow)
{
    const struct linger kernel = { .l_onoff = 1, .l_linger = 0 };
    const struct baro_linger stack = { .on = 1 };

    setsockopt(flow->outside, SOL_SOCKET, SO_LINGER, &kernel, sizeof kernel);
    if (flow->inside >= 0)
        baro_setsockopt(flow->gateway->config.stack, flow->inside, BARO_SO_LINGER, &stack, sizeof stack);
}

void flow_free(struct flow *flow, bool reset)
{
    struct baro_gateway *gateway = flow->gateway;

    if (reset)
        reset_on_close(flow);
    flow_leave(flow);
    baro_loop_unwatch(gateway->config.loop, flow->watch);
    close(flow->outside);
    if (flow->previous != NULL)
        flow->previous->next = flow->next;
    else
        gateway->flows = flow->next;
    if (flow->next != NULL)
        flow->next->previous = flow->previous;
    gateway->counts.flows--;
    free(flow);
}

void flow_watch(struct flow *flow, uint32_t events)
{
    if (flow->watched == events)
        return;
    flow->watched = events;
    baro_loop_change(flow->gateway->config.loop, flow->watch, events);
}

void flow_open(struct flow *flow)
{
    flow->state = FLOW_OPEN;
    flow_pump(flow);
}

/* From the kernel to the stack. *wait: the kernel is to say when more comes. False: the flow broke. */
static bool carry_in(struct flow *flow, bool *wait)
{
    struct baro_gateway *gateway = flow->gateway;
    struct baro_stack *stack = gateway->config.stack;

    while (!flow->outside_ended) {
        ptrdiff_t room = baro_writable_bytes(stack, flow->inside);
        ssize_t octets;

        if (room < 0)
            return false;
        if (room == 0)
            return true; /* BARO_EVENT_OUT comes */
        octets = recv(flow->outside, gateway->scratch, room < GATEWAY_SCRATCH ? (size_t)room : GATEWAY_SCRATCH,
                      MSG_DONTWAIT);
        if (octets < 0) {
            *wait = errno == EAGAIN || errno == EINTR;
            return *wait;
        }
        if (octets == 0) {
            flow->outside_ended = true;
            return baro_shutdown(stack, flow->inside, BARO_SHUT_WRITE) == 0;
        }
        if (baro_send(stack, flow->inside, gateway->scratch, (size_t)octets, 0) != octets)
            return false; /* it had the room: the connection broke meanwhile */
    }
    return true;
}

/* To the kernel from where it lies; octets, or -1 with errno. */
static ssize_t send_parts(int outside, const struct baro_bytes part[2])
{
    struct iovec piece[2];
    struct msghdr message = { .msg_iov = piece, .msg_iovlen = part[1].length != 0 ? 2 : 1 };

    for (int i = 0; i < 2; i++)
        piece[i] = (struct iovec){ (void *)(uintptr_t)part[i].data, part[i].length };
    return sendmsg(outside, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* From the stack to the kernel. *full: the kernel is to say when it takes more. False: the flow broke. */
static bool carry_out(struct flow *flow, bool *full)
{
    struct baro_stack *stack = flow->gateway->config.stack;
    struct baro_bytes part[2];

    while (!flow->inside_ended) {
        ptrdiff_t octets = baro_recv_peek(stack, flow->inside, part);
        ssize_t sent;

        if (octets < 0)
            return octets == -EAGAIN;
        if (octets == 0) {
            flow->inside_ended = true;
            return shutdown(flow->outside, SHUT_WR) == 0 || errno == ENOTCONN;
        }
        sent = send_parts(flow->outside, part);
        if (sent < 0) {
            *full = errno == EAGAIN || errno == EINTR;
            return *full;
        }
        if (baro_recv_consume(stack, flow->inside, (size_t)sent) != sent)
            return false;
    }
    return true;
}

void flow_pump(struct flow *flow)
{
    bool wait = false, full = false;
    uint32_t events = 0;

    if (!carry_out(flow, &full) || !carry_in(flow, &wait)) {
        flow_free(flow, true);
        return;
    }
    if (flow->outside_ended && flow->inside_ended) {
        flow_free(flow, false);
        return;
    }
    if (wait)
        events |= EPOLLIN;
    if (full)
        events |= EPOLLOUT;
    flow_watch(flow, events);
}
