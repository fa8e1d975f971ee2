/* host/gateway/publish.c: published ports: connections from outside led to a listener inside.
 *
 * The guest is connected to from the true peer's address where that is not this machine's own loopback, so that its log
 * tells the truth; replies come back because the gateway takes packets for any destination. A guest that refuses
 * makes a reset outside: the kernel has accepted by then, and a reset is the nearest thing to the truth. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

/* Binds the stack's socket to the peer's true address if it can be told apart from ours. */
static void keep_source(struct baro_stack *stack, int inside, const struct sockaddr_in *peer)
{
    const int one = 1;
    struct baro_endpoint source = gateway_endpoint(peer);

    if (source.address.octet[0] == 127)
        return;
    baro_setsockopt(stack, inside, BARO_SO_TRANSPARENT, &one, sizeof one);
    baro_bind(stack, inside, &source);
}

static void lead_in(struct published *published, int outside, const struct sockaddr_in *peer)
{
    struct baro_gateway *gateway = published->gateway;
    struct baro_stack *stack = gateway->config.stack;
    struct flow *flow = flow_create(gateway, FLOW_CONNECTING_IN, outside);
    const int one = 1;
    int inside, result;

    if (flow == NULL) {
        close(outside);
        return;
    }
    setsockopt(outside, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    inside = baro_socket(stack, BARO_FAMILY_IPV4, BARO_STREAM);
    if (inside < 0 || flow_join(flow, inside) != 0) {
        if (inside >= 0)
            baro_close(stack, inside);
        flow_free(flow, true);
        return;
    }
    baro_setsockopt(stack, inside, BARO_TCP_NODELAY, &one, sizeof one);
    keep_source(stack, inside, peer);
    result = baro_connect(stack, inside, &published->guest);
    if (result != 0 && result != -EINPROGRESS) {
        flow_free(flow, true);
        return;
    }
    gateway->counts.published++;
}

static void listener_ready(void *context, uint32_t events)
{
    struct published *published = context;

    (void)events;
    for (;;) {
        struct sockaddr_in peer;
        socklen_t length = sizeof peer;
        int outside = accept4(published->outside, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (outside < 0)
            return;
        lead_in(published, outside, &peer);
    }
}

int baro_gateway_publish(struct baro_gateway *gateway, struct baro_address address, struct baro_port host_port,
                         struct baro_endpoint guest)
{
    struct baro_endpoint at = { address, host_port };
    struct published *published = calloc(1, sizeof *published);
    struct sockaddr_in name;
    const int one = 1;
    int error;

    if (published == NULL)
        return -ENOMEM;
    if (address.family == BARO_FAMILY_NONE)
        at.address = baro_ipv4(127, 0, 0, 1);
    name = gateway_sockaddr(at);
    published->gateway = gateway;
    published->guest = guest;
    published->outside = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (published->outside < 0)
        goto failed;
    setsockopt(published->outside, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(published->outside, (const struct sockaddr *)&name, sizeof name) != 0 ||
        listen(published->outside, 128) != 0)
        goto failed;
    published->watch = baro_loop_watch(gateway->config.loop, published->outside, EPOLLIN, listener_ready, published);
    if (published->watch == NULL)
        goto failed;
    published->next = gateway->published;
    gateway->published = published;
    return 0;

failed:
    error = errno;
    if (published->outside >= 0)
        close(published->outside);
    free(published);
    return -error;
}

void publish_free(struct baro_gateway *gateway)
{
    while (gateway->published != NULL) {
        struct published *published = gateway->published;

        gateway->published = published->next;
        baro_loop_unwatch(gateway->config.loop, published->watch);
        close(published->outside);
        free(published);
    }
}
