/* host/gateway/gateway.c: the gateway's life, and whose each readiness is.
 *
 * Two catch-all sockets of its stack hear everything that guests send: a listener that holds SYNs and a datagram
 * socket; port 53 at its own address is the name server's. The loop runs gateway_run after the network: it empties the stack's queue of readiness and hands each descriptor to
 * its owner. Once a second flows that ended silently are swept. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

struct sockaddr_in gateway_sockaddr(struct baro_endpoint endpoint)
{
    struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons(endpoint.port.number) };

    memcpy(&name.sin_addr, endpoint.address.octet, 4);
    return name;
}

struct baro_endpoint gateway_endpoint(const struct sockaddr_in *name)
{
    struct baro_endpoint endpoint = { .port = { ntohs(name->sin_port) } };

    endpoint.address.family = BARO_FAMILY_IPV4;
    memcpy(endpoint.address.octet, &name->sin_addr, 4);
    return endpoint;
}

bool gateway_same(const struct baro_endpoint *a, const struct baro_endpoint *b)
{
    return a->port.number == b->port.number && a->address.family == b->address.family &&
           memcmp(a->address.octet, b->address.octet, sizeof a->address.octet) == 0;
}

int gateway_outside(struct baro_gateway *gateway, struct baro_endpoint destination, struct sockaddr_in *outside)
{
    *outside = gateway_sockaddr(destination);
    if (memcmp(destination.address.octet, gateway->config.address.octet, 4) != 0)
        return 0;
    if (gateway->config.no_host_loopback)
        return -ECONNREFUSED;
    outside->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return 0;
}

static void connected_inside(struct flow *flow, unsigned events)
{
    if (events & (BARO_EVENT_ERROR | BARO_EVENT_HANGUP))
        flow_free(flow, true);
    else if (events & BARO_EVENT_OUT)
        flow_open(flow);
}

static void dispatch(struct baro_gateway *gateway, const struct baro_ready *ready)
{
    struct flow *flow;

    if (ready->fd == gateway->listener) {
        held_take(gateway);
        held_accept(gateway);
        return;
    }
    if (ready->fd == gateway->datagrams) {
        datagram_from_inside(gateway);
        return;
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

/* The two catch-all sockets. 0 or -errno. */
static int open_catch_alls(struct baro_gateway *gateway)
{
    struct baro_stack *stack = gateway->config.stack;
    const struct baro_endpoint any = { .address = baro_ipv4(0, 0, 0, 0) };
    const int one = 1, megabyte = 1 << 20;
    int result;

    gateway->listener = baro_socket(stack, BARO_FAMILY_IPV4, BARO_STREAM);
    gateway->datagrams = baro_socket(stack, BARO_FAMILY_IPV4, BARO_DATAGRAM);
    if (gateway->listener < 0 || gateway->datagrams < 0)
        return -ENOBUFS;
    baro_setsockopt(stack, gateway->datagrams, BARO_SO_RECV_BUFFER, &megabyte, sizeof megabyte);
    baro_setsockopt(stack, gateway->datagrams, BARO_SO_SEND_BUFFER, &megabyte, sizeof megabyte);
    if ((result = baro_setsockopt(stack, gateway->listener, BARO_SO_TRANSPARENT, &one, sizeof one)) != 0 ||
        (result = baro_setsockopt(stack, gateway->listener, BARO_SO_HOLD_SYN, &one, sizeof one)) != 0 ||
        (result = baro_bind(stack, gateway->listener, &any)) != 0 ||
        (result = baro_listen(stack, gateway->listener, BACKLOG)) != 0 ||
        (result = baro_setsockopt(stack, gateway->datagrams, BARO_SO_TRANSPARENT, &one, sizeof one)) != 0)
        return result;
    return baro_bind(stack, gateway->datagrams, &any);
}

struct baro_gateway *baro_gateway_create(const struct baro_gateway_config *config)
{
    struct baro_gateway *gateway = calloc(1, sizeof *gateway);
    struct baro_source source = { gateway, gateway_run, gateway_deadline };
    int result;

    if (gateway == NULL)
        return NULL;
    gateway->config = *config;
    result = open_catch_alls(gateway);
    if (result == 0)
        result = gateway_names_open(gateway);
    if (result == 0)
        result = baro_loop_add_source(config->loop, &source);
    if (result != 0) {
        gateway_names_close(gateway);
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
    baro_close(gateway->config.stack, gateway->listener);
    baro_close(gateway->config.stack, gateway->datagrams);
    free(gateway->by_inside);
    free(gateway);
}

void baro_gateway_statistics(const struct baro_gateway *gateway, struct baro_gateway_statistics *statistics)
{
    *statistics = gateway->counts;
}
