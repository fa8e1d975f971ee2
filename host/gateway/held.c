/* host/gateway/held.c: connections from inside. A SYN is held until the outside has answered.
 *
 * The kernel's connect is started at once; what it ends with decides the answer: a connection is SYN+ACK, refused is
 * RST, unreachable is the ICMP that says so, a time-out is silence (the guest's own SYN timer has run as long). The
 * accepted connection finds its flow by the four-tuple. */
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

enum { ACCEPT_SECONDS = 75 }; /* a guest that does not finish the dialogue by then has gone */

enum baro_hold_verdict held_verdict(int error)
{
    switch (error) {
    case 0:
        return BARO_HOLD_ACCEPT;
    case EHOSTUNREACH:
    case EHOSTDOWN:
        return BARO_HOLD_HOST_UNREACHABLE;
    case ENETUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL: /* no address to send from */
    case EAFNOSUPPORT:  /* a kernel without IPv6 */
        return BARO_HOLD_NET_UNREACHABLE;
    case EACCES:
    case EPERM:
        return BARO_HOLD_PROHIBITED;
    case ETIMEDOUT:
        return BARO_HOLD_DROP;
    default:
        return BARO_HOLD_REFUSE;
    }
}

static void refuse(struct baro_gateway *gateway, const struct baro_held *held, int error)
{
    gateway->counts.refused++;
    baro_hold_answer(gateway->config.stack, held->id, held_verdict(error));
}

void held_connected(struct flow *flow)
{
    struct baro_gateway *gateway = flow->gateway;
    int error = 0;
    socklen_t length = sizeof error;

    if (getsockopt(flow->outside, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
        error = errno;
    if (error != 0) {
        refuse(gateway, &flow->held, error);
        flow_free(flow, false);
        return;
    }
    flow_watch(flow, 0);
    if (baro_hold_answer(gateway->config.stack, flow->held.id, BARO_HOLD_ACCEPT) != 0) {
        flow_free(flow, true); /* the guest gave up meanwhile */
        return;
    }
    gateway->counts.connected++;
    flow->state = FLOW_ACCEPTING;
    flow->deadline.ns = baro_loop_now().ns + ACCEPT_SECONDS * INT64_C(1000000000);
}

static void connect_outside(struct baro_gateway *gateway, const struct baro_held *held)
{
    struct outside_address outside;
    struct flow *flow;
    const int one = 1;
    int fd, error = -gateway_outside(gateway, held->local, &outside);

    if (error != 0) {
        refuse(gateway, held, error);
        return;
    }
    fd = socket(outside.name.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        error = errno;
        if (error != EAFNOSUPPORT)
            gateway_say(gateway, "no descriptor for a connection to the outside");
        refuse(gateway, held, error);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* Nagle ran inside already */
    if (connect(fd, &outside.name, outside.length) != 0 && errno != EINPROGRESS) {
        refuse(gateway, held, errno);
        close(fd);
        return;
    }
    flow = flow_create(gateway, FLOW_CONNECTING_OUT, fd);
    if (flow == NULL) {
        refuse(gateway, held, ENOMEM);
        close(fd);
        return;
    }
    flow->held = *held;
}

void held_take(struct baro_gateway *gateway, int listener)
{
    struct baro_held held;

    while (baro_hold_next(gateway->config.stack, listener, &held) == 0)
        connect_outside(gateway, &held);
}

static struct flow *flow_of(struct baro_gateway *gateway, struct baro_endpoint local, struct baro_endpoint remote)
{
    for (struct flow *flow = gateway->flows; flow != NULL; flow = flow->next) {
        if (flow->state == FLOW_ACCEPTING && gateway_same(&flow->held.local, &local) &&
            gateway_same(&flow->held.remote, &remote))
            return flow;
    }
    return NULL;
}

void held_accept(struct baro_gateway *gateway, int listener)
{
    struct baro_stack *stack = gateway->config.stack;
    struct baro_endpoint local, remote;
    int inside;

    while ((inside = baro_accept(stack, listener, &remote)) >= 0) {
        const int one = 1;
        struct flow *flow = NULL;

        if (baro_getsockname(stack, inside, &local) == 0)
            flow = flow_of(gateway, local, remote);
        baro_setsockopt(stack, inside, BARO_TCP_NODELAY, &one, sizeof one);
        if (flow == NULL || flow_join(flow, inside) != 0) {
            baro_close(stack, inside);
            continue;
        }
        flow_open(flow);
    }
}
