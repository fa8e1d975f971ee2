/* host/gateway/flow.c: carrying the bytes of a TCP flow between a kernel socket and a socket of the stack.
 *
 * Both ways stop when the other side is full, so windows close instead of memory growing: from outside, nothing is
 * read while the stack's send buffer has no room; from inside, nothing is read while the kernel has not taken what was
 * read before (at most one scratch buffer, kept in `pending`). A FIN is passed on once all before it was; a reset on
 * either side becomes a reset on the other. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
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
    free(flow->pending);
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

static bool send_pending(struct flow *flow)
{
    while (flow->pending_sent < flow->pending_length) {
        ssize_t octets = send(flow->outside, flow->pending + flow->pending_sent,
                              flow->pending_length - flow->pending_sent, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (octets < 0)
            return errno == EAGAIN || errno == EINTR;
        flow->pending_sent += (size_t)octets;
    }
    free(flow->pending);
    flow->pending = NULL;
    flow->pending_length = flow->pending_sent = 0;
    return true;
}

static bool keep_pending(struct flow *flow, const uint8_t *data, size_t length)
{
    flow->pending = malloc(length);
    if (flow->pending == NULL)
        return false;
    memcpy(flow->pending, data, length);
    flow->pending_length = length;
    flow->pending_sent = 0;
    return true;
}

/* From the stack to the kernel. False: the flow broke. */
static bool carry_out(struct flow *flow)
{
    struct baro_gateway *gateway = flow->gateway;

    while (flow->pending == NULL && !flow->inside_ended) {
        ptrdiff_t octets = baro_recv(gateway->config.stack, flow->inside, gateway->scratch, GATEWAY_SCRATCH, 0);
        ssize_t sent;

        if (octets < 0)
            return octets == -EAGAIN;
        if (octets == 0) {
            flow->inside_ended = true;
            return shutdown(flow->outside, SHUT_WR) == 0 || errno == ENOTCONN;
        }
        sent = send(flow->outside, gateway->scratch, (size_t)octets, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (sent < 0)
            sent = 0;
        if (sent < octets && !keep_pending(flow, gateway->scratch + sent, (size_t)(octets - sent)))
            return false;
    }
    return true;
}

void flow_pump(struct flow *flow)
{
    bool wait = false;
    uint32_t events = 0;

    if (!send_pending(flow) || !carry_out(flow) || !carry_in(flow, &wait)) {
        flow_free(flow, true);
        return;
    }
    if (flow->outside_ended && flow->inside_ended && flow->pending == NULL) {
        flow_free(flow, false);
        return;
    }
    if (wait)
        events |= EPOLLIN;
    if (flow->pending != NULL)
        events |= EPOLLOUT;
    flow_watch(flow, events);
}
