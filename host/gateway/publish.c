/* host/gateway/publish.c: published ports: connections from outside led to a listener inside.
 *
 * The guest is connected to from the true peer's address where that is not this machine's own loopback, so that its log
 * tells the truth; replies come back because the gateway takes packets for any destination. A guest may have addresses
 * of both families and a server that listens on one: what is refused is tried at the next of its addresses, from the
 * gateway's own, if need be. A guest that refuses everywhere makes a reset outside: the kernel has accepted by then,
 * and a reset is the nearest thing to the truth. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

static bool is_loopback(struct baro_address address)
{
    const struct baro_address one = gateway_loopback(BARO_FAMILY_IPV6);

    return address.family == BARO_FAMILY_IPV4 ? address.octet[0] == 127 : memcmp(&address, &one, sizeof one) == 0;
}

/* Binds the stack's socket to the peer's true address if it can be told apart from ours, and from those of the guest's
 * own link. */
static void keep_source(struct flow *flow, const struct baro_endpoint *guest)
{
    struct baro_stack *stack = flow->gateway->config.stack;
    const struct baro_endpoint source = gateway_endpoint(&flow->peer);
    const int one = 1;

    if (source.address.family != guest->address.family || is_loopback(source.address) ||
        gateway_is_link_local(source.address))
        return;
    baro_setsockopt(stack, flow->inside, BARO_SO_TRANSPARENT, &one, sizeof one);
    baro_bind(stack, flow->inside, &source);
}

/* The guest's next endpoint, one of the peer's family if there is such; NULL: all were tried. */
static const struct baro_endpoint *next_guest(struct flow *flow)
{
    const struct published *published = flow->published;
    const struct baro_endpoint peer = gateway_endpoint(&flow->peer);

    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < published->guests; i++) {
            if ((flow->tried & 1U << i) != 0 ||
                (pass == 0 && published->guest[i].address.family != peer.address.family))
                continue;
            flow->tried |= 1U << i;
            return &published->guest[i];
        }
    }
    return NULL;
}

/* Begins a connection to one of the guest's endpoints. False: that cannot be. */
static bool connect_inside(struct flow *flow, const struct baro_endpoint *guest)
{
    struct baro_stack *stack = flow->gateway->config.stack;
    int inside = baro_socket(stack, (enum baro_family)guest->address.family, BARO_STREAM), result;
    const int one = 1;

    if (inside < 0)
        return false;
    if (flow_join(flow, inside) != 0) {
        baro_close(stack, inside);
        return false;
    }
    baro_setsockopt(stack, inside, BARO_TCP_NODELAY, &one, sizeof one);
    keep_source(flow, guest);
    result = baro_connect(stack, inside, guest);
    if (result == 0 || result == -EINPROGRESS)
        return true;
    flow_leave(flow);
    return false;
}

void publish_next(struct flow *flow)
{
    const struct baro_endpoint *guest;

    flow_leave(flow);
    while ((guest = next_guest(flow)) != NULL) {
        if (connect_inside(flow, guest))
            return;
    }
    flow_free(flow, true);
}

static void lead_in(struct published *published, int outside, const struct outside_address *peer)
{
    struct baro_gateway *gateway = published->gateway;
    struct flow *flow = flow_create(gateway, FLOW_CONNECTING_IN, outside);
    const int one = 1;

    if (flow == NULL) {
        close(outside);
        return;
    }
    setsockopt(outside, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    flow->published = published;
    flow->peer = *peer;
    gateway->counts.published++;
    publish_next(flow);
}

static void listener_ready(void *context, uint32_t events)
{
    struct published *published = context;

    (void)events;
    for (;;) {
        struct outside_address peer = { .length = sizeof peer.v6 };
        int outside = accept4(published->outside, &peer.name, &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (outside < 0)
            return;
        lead_in(published, outside, &peer);
    }
}

/* A socket that listens there, or -errno. */
static int listen_at(struct baro_endpoint host)
{
    const struct outside_address name = gateway_sockaddr(host);
    const int one = 1;
    int error, fd = socket(name.name.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (host.address.family == BARO_FAMILY_IPV6) /* no IPv4 peers in IPv6's clothes */
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(fd, &name.name, name.length) == 0 && listen(fd, 128) == 0)
        return fd;
    error = errno;
    close(fd);
    return -error;
}

static void unpublish(struct baro_gateway *gateway)
{
    struct published *published = gateway->published;

    gateway->published = published->next;
    baro_loop_unwatch(gateway->config.loop, published->watch);
    close(published->outside);
    free(published);
}

static int publish_one(struct baro_gateway *gateway, struct baro_endpoint host, const struct baro_endpoint *guest,
                       unsigned guests)
{
    struct published *published = calloc(1, sizeof *published);
    int fd = listen_at(host);

    if (published != NULL && fd >= 0)
        published->watch = baro_loop_watch(gateway->config.loop, fd, EPOLLIN, listener_ready, published);
    if (published == NULL || fd < 0 || published->watch == NULL) {
        if (fd >= 0)
            close(fd);
        free(published);
        return fd < 0 ? fd : -ENOMEM;
    }
    published->gateway = gateway;
    memcpy(published->guest, guest, guests * sizeof *guest);
    published->guests = guests;
    published->outside = fd;
    published->next = gateway->published;
    gateway->published = published;
    return 0;
}

int baro_gateway_publish(struct baro_gateway *gateway, struct baro_endpoint host, const struct baro_endpoint *guest,
                         unsigned guests)
{
    bool both = host.address.family == BARO_FAMILY_NONE;
    int result;

    if (guests == 0 || guests > BARO_GATEWAY_GUESTS)
        return -EINVAL;
    if (both)
        host.address = gateway_loopback(BARO_FAMILY_IPV4);
    result = publish_one(gateway, host, guest, guests);
    if (result != 0 || !both)
        return result;
    host.address = gateway_loopback(BARO_FAMILY_IPV6);
    result = publish_one(gateway, host, guest, guests);
    if (result == -EADDRNOTAVAIL || result == -EAFNOSUPPORT)
        return 0; /* this machine has no ::1 */
    if (result != 0)
        unpublish(gateway);
    return result;
}

void publish_free(struct baro_gateway *gateway)
{
    while (gateway->published != NULL)
        unpublish(gateway);
}
