/* host/gateway/gateway.c: the gateway's life, and whose each readiness is.
 *
 * Two catch-all sockets of its stack for each family hear everything that guests send: a listener that holds SYNs and a
 * datagram socket; port 53 at its own addresses is the name server's. The loop runs gateway_run after the network: it
 * empties the stack's queue of readiness and hands each descriptor to its owner. Once a second flows that ended
 * silently are swept. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "internal.h"

enum { BACKLOG = 4096 };

static const struct baro_duration sweep_interval = { INT64_C(1000000000) };

void gateway_say(struct baro_gateway *gateway, const char *format, ...)
{
    char line[256];
    va_list arguments;

    if (gateway->config.say == NULL)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    gateway->config.say(gateway->config.context, line);
}

static void connected_inside(struct flow *flow, unsigned events)
{
    if (events & (BARO_EVENT_ERROR | BARO_EVENT_HANGUP))
        publish_next(flow);
    else if (events & BARO_EVENT_OUT)
        flow_open(flow);
}

static void dispatch(struct baro_gateway *gateway, const struct baro_ready *ready)
{
    struct flow *flow;

    for (unsigned i = 0; i < GATEWAY_FAMILIES; i++) {
        if (ready->fd == gateway->listener[i]) {
            held_take(gateway, ready->fd);
            held_accept(gateway, ready->fd);
            return;
        }
        if (ready->fd == gateway->datagrams[i]) {
            datagram_from_inside(gateway, ready->fd);
            return;
        }
    }
    flow = (size_t)ready->fd < gateway->by_inside_size ? gateway->by_inside[ready->fd] : NULL;
    if (flow == NULL)
        return;
    if (flow->state == FLOW_CONNECTING_IN)
        connected_inside(flow, ready->events);
    else if (flow->state == FLOW_OPEN)
        flow_pump(flow);
}

static void sweep(struct baro_gateway *gateway, struct baro_instant now)
{
    struct flow *next;

    for (struct flow *flow = gateway->flows; flow != NULL; flow = next) {
        next = flow->next;
        if (flow->state == FLOW_ACCEPTING && flow->deadline.ns <= now.ns)
            flow_free(flow, true);
    }
    datagram_sweep(gateway, now);
    gateway->next_sweep.ns = now.ns + sweep_interval.ns;
}

static bool gateway_run(void *context, struct baro_instant now)
{
    struct baro_gateway *gateway = context;
    struct baro_ready ready;
    bool busy = false;

    while (baro_next_ready(gateway->config.stack, &ready)) {
        dispatch(gateway, &ready);
        busy = true;
    }
    busy = gateway_names_run(gateway, now) || busy;
    if (gateway->next_sweep.ns <= now.ns)
        sweep(gateway, now);
    return busy;
}

static bool gateway_deadline(void *context, struct baro_instant *deadline)
{
    struct baro_gateway *gateway = context;

    bool names = gateway_names_deadline(gateway, deadline);

    if (gateway->flows == NULL && gateway->datagram_flows == NULL)
        return names;
    if (!names || gateway->next_sweep.ns < deadline->ns)
        *deadline = gateway->next_sweep;
    return true;
}

/* A socket that hears what comes for any address and port of its family, or -errno. */
static int catch_all(struct baro_stack *stack, enum baro_family family, enum baro_socket_type type)
{
    const struct baro_endpoint any = { .address = { .family = (uint8_t)family } };
    const int one = 1, megabyte = 1 << 20;
    int fd = baro_socket(stack, family, type), result = 0;

    if (fd < 0)
        return -ENOBUFS;
    if (type == BARO_DATAGRAM) {
        baro_setsockopt(stack, fd, BARO_SO_RECV_BUFFER, &megabyte, sizeof megabyte);
        baro_setsockopt(stack, fd, BARO_SO_SEND_BUFFER, &megabyte, sizeof megabyte);
    }
    if (family == BARO_FAMILY_IPV6)
        result = baro_setsockopt(stack, fd, BARO_IPV6_ONLY, &one, sizeof one);
    if (result == 0)
        result = baro_setsockopt(stack, fd, BARO_SO_TRANSPARENT, &one, sizeof one);
    if (result == 0 && type == BARO_STREAM)
        result = baro_setsockopt(stack, fd, BARO_SO_HOLD_SYN, &one, sizeof one);
    if (result == 0)
        result = baro_bind(stack, fd, &any);
    if (result == 0 && type == BARO_STREAM)
        result = baro_listen(stack, fd, BACKLOG);
    if (result == 0)
        return fd;
    baro_close(stack, fd);
    return result;
}

static void close_catch_alls(struct baro_gateway *gateway)
{
    for (unsigned i = 0; i < GATEWAY_FAMILIES; i++) {
        if (gateway->listener[i] >= 0)
            baro_close(gateway->config.stack, gateway->listener[i]);
        if (gateway->datagrams[i] >= 0)
            baro_close(gateway->config.stack, gateway->datagrams[i]);
    }
}

static int open_catch_alls(struct baro_gateway *gateway)
{
    int result = 0;

    for (unsigned i = 0; i < GATEWAY_FAMILIES; i++) {
        enum baro_family family = i == 0 ? BARO_FAMILY_IPV4 : BARO_FAMILY_IPV6;

        gateway->listener[i] = result < 0 ? -1 : (result = catch_all(gateway->config.stack, family, BARO_STREAM));
        gateway->datagrams[i] = result < 0 ? -1 : (result = catch_all(gateway->config.stack, family, BARO_DATAGRAM));
    }
    return result < 0 ? result : 0;
}

struct baro_gateway *baro_gateway_create(const struct baro_gateway_config *config)
{
    struct baro_gateway *gateway = calloc(1, sizeof *gateway);
    struct baro_source source = { gateway, gateway_run, gateway_deadline };
    int result;

    if (gateway == NULL)
        return NULL;
    gateway->config = *config;
    datagram_init(gateway);
    result = open_catch_alls(gateway);
    if (getrandom(&gateway->flow_key, sizeof gateway->flow_key, 0) != (ssize_t)sizeof gateway->flow_key && result == 0)
        result = -EIO;
    if (result == 0)
        result = gateway_names_open(gateway);
    if (result == 0)
        result = baro_loop_add_source(config->loop, &source);
    if (result != 0) {
        gateway_names_close(gateway);
        close_catch_alls(gateway);
        free(gateway);
        errno = -result;
        return NULL;
    }
    return gateway;
}

void baro_gateway_free(struct baro_gateway *gateway)
{
    if (gateway == NULL)
        return;
    baro_loop_remove_source(gateway->config.loop, gateway);
    while (gateway->flows != NULL)
        flow_free(gateway->flows, true);
    datagram_free_all(gateway);
    publish_free(gateway);
    gateway_names_close(gateway);
    close_catch_alls(gateway);
    free(gateway->by_inside);
    free(gateway);
}

void baro_gateway_statistics(const struct baro_gateway *gateway, struct baro_gateway_statistics *statistics)
{
    *statistics = gateway->counts;
}
