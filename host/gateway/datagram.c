/* host/gateway/datagram.c: UDP flows.
 *
 * A flow is one guest endpoint talking with one destination: a connected socket of the kernel's, so that answers from
 * anybody else are not let in. Flows end after 30 s of silence, two-way ones after 120 s (RFC 4787 REQ-5 asks for two
 * minutes); at 4,096 flows, or half as many as this process may have descriptors, or where there are none left, the one
 * silent for longest makes room. What the outside refuses, its sender inside is told by ICMP, so that a connected
 * socket there gets the same errno. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

enum { ONE_WAY_SECONDS = 30, TWO_WAY_SECONDS = 120, DATAGRAM_FLOWS = 4096 };

static uint64_t mix(uint64_t hash, const void *octets, size_t length)
{
    uint64_t word;

    for (const uint8_t *at = octets; length != 0; at += sizeof word, length -= sizeof word) {
        memcpy(&word, at, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    return hash;
}

/* Where the flow of these two stands, or would stand. */
static struct datagram_flow **chain_of(struct baro_gateway *gateway, const struct baro_endpoint *guest,
                                       const struct baro_endpoint *destination)
{
    const uint64_t ports = (uint64_t)guest->port.number << 16 | destination->port.number;
    uint64_t hash = mix(gateway->flow_key, &ports, sizeof ports);

    hash = mix(hash, guest->address.octet, sizeof guest->address.octet);
    hash = mix(hash, destination->address.octet, sizeof destination->address.octet);
    return &gateway->flow_chain[hash % GATEWAY_FLOW_CHAINS];
}

static void datagram_flow_free(struct datagram_flow *flow)
{
    struct baro_gateway *gateway = flow->gateway;
    struct datagram_flow **at = chain_of(gateway, &flow->guest, &flow->destination);

    while (*at != flow)
        at = &(*at)->chain;
    *at = flow->chain;
    if (flow->previous != NULL)
        flow->previous->next = flow->next;
    else
        gateway->datagram_flows = flow->next;
    if (flow->next != NULL)
        flow->next->previous = flow->previous;
    baro_loop_unwatch(gateway->config.loop, flow->watch);
    close(flow->outside);
    gateway->counts.datagram_flows--;
    free(flow);
}

/* An error of the outside about `flow`, as the kernel knows it from ICMP, or as it refuses to send at all, goes on
 * inside. Others than these are this machine's own affairs. */
static void tell(struct baro_gateway *gateway, struct baro_endpoint guest, struct baro_endpoint destination, int error)
{
    switch (error) {
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case EACCES:
    case EPERM:
        baro_refuse_datagram(gateway->config.stack, guest, destination, held_verdict(error));
        break;
    default:
        break;
    }
}

/* Datagrams from outside go in under the name the guest knows their sender by. */
static void outside_ready(void *context, uint32_t events)
{
    struct datagram_flow *flow = context;
    struct baro_gateway *gateway = flow->gateway;

    (void)events;
    for (int i = 0; i < 64; i++) {
        ssize_t octets = recv(flow->outside, gateway->scratch, GATEWAY_SCRATCH, MSG_DONTWAIT);
        struct baro_buffer piece = { gateway->scratch, octets < 0 ? 0 : (size_t)octets };
        struct baro_message message = {
            .peer = flow->guest, .local = flow->destination, .buffer = &piece, .buffers = 1
        };

        if (octets < 0 && errno != EAGAIN)
            tell(gateway, flow->guest, flow->destination, errno);
        if (octets < 0)
            return;
        flow->two_way = true;
        flow->last = baro_loop_now();
        if (baro_sendmsg(gateway->config.stack, flow->inside, &message, 0) >= 0)
            gateway->counts.datagrams_in++;
    }
}

static struct datagram_flow *find(struct baro_gateway *gateway, const struct baro_message *message)
{
    struct datagram_flow *flow = *chain_of(gateway, &message->peer, &message->local);

    while (flow != NULL && !(gateway_same(&flow->guest, &message->peer) &&
                             gateway_same(&flow->destination, &message->local)))
        flow = flow->chain;
    return flow;
}

/* The one silent for longest goes. */
static void free_oldest(struct baro_gateway *gateway)
{
    struct datagram_flow *oldest = gateway->datagram_flows;

    for (struct datagram_flow *flow = oldest; flow != NULL; flow = flow->next) {
        if (flow->last.ns < oldest->last.ns)
            oldest = flow;
    }
    if (oldest != NULL)
        datagram_flow_free(oldest);
}

/* A socket of the kernel's, or -1 with errno. At the bound, and where there are no more descriptors, a flow goes. */
static int open_outside(struct baro_gateway *gateway, int family)
{
    int fd;

    if (gateway->counts.datagram_flows >= gateway->flow_limit)
        free_oldest(gateway);
    fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE) && gateway->datagram_flows != NULL) {
        free_oldest(gateway);
        fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    }
    return fd;
}

static struct datagram_flow *create(struct baro_gateway *gateway, const struct baro_message *message)
{
    struct outside_address outside;
    struct datagram_flow *flow, **chain;
    int fd;

    if (gateway_outside(gateway, message->local, &outside) != 0) {
        tell(gateway, message->peer, message->local, ECONNREFUSED);
        return NULL;
    }
    fd = open_outside(gateway, outside.name.sa_family);
    if (fd < 0) {
        tell(gateway, message->peer, message->local, errno);
        return NULL;
    }
    flow = calloc(1, sizeof *flow);
    if (flow == NULL || connect(fd, &outside.name, outside.length) != 0) {
        tell(gateway, message->peer, message->local, flow == NULL ? ENOMEM : errno);
        close(fd);
        free(flow);
        return NULL;
    }
    flow->watch = baro_loop_watch(gateway->config.loop, fd, EPOLLIN, outside_ready, flow);
    if (flow->watch == NULL) {
        close(fd);
        free(flow);
        return NULL;
    }
    flow->gateway = gateway;
    flow->guest = message->peer;
    flow->destination = message->local;
    chain = chain_of(gateway, &flow->guest, &flow->destination);
    flow->chain = *chain;
    *chain = flow;
    flow->outside = fd;
    flow->inside = gateway->datagrams[gateway_family(message->local.address)];
    flow->next = gateway->datagram_flows;
    if (flow->next != NULL)
        flow->next->previous = flow;
    gateway->datagram_flows = flow;
    gateway->counts.datagram_flows++;
    return flow;
}

/* An error that send gives may be about an earlier datagram, and is then gone: this one is tried again. */
static void send_out(struct datagram_flow *flow, size_t octets)
{
    struct baro_gateway *gateway = flow->gateway;

    for (int i = 0; i < 2; i++) {
        if (send(flow->outside, gateway->scratch, octets, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
            gateway->counts.datagrams_out++;
            return;
        }
        int error = errno;

        tell(gateway, flow->guest, flow->destination, error);
        if (error != ECONNREFUSED && error != EHOSTUNREACH)
            return;
    }
}

void datagram_from_inside(struct baro_gateway *gateway, int inside)
{
    for (;;) {
        struct baro_buffer piece = { gateway->scratch, GATEWAY_SCRATCH };
        struct baro_message message = { .buffer = &piece, .buffers = 1 };
        ptrdiff_t octets = baro_recvmsg(gateway->config.stack, inside, &message, 0);
        struct datagram_flow *flow;

        if (octets < 0)
            return;
        flow = find(gateway, &message);
        if (flow == NULL)
            flow = create(gateway, &message);
        if (flow == NULL)
            continue;
        flow->last = baro_loop_now();
        send_out(flow, (size_t)octets);
    }
}

void datagram_init(struct baro_gateway *gateway)
{
    struct rlimit limit;

    gateway->flow_limit = DATAGRAM_FLOWS;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 2 < DATAGRAM_FLOWS)
        gateway->flow_limit = limit.rlim_cur / 2;
}

void datagram_sweep(struct baro_gateway *gateway, struct baro_instant now)
{
    struct datagram_flow *next;

    for (struct datagram_flow *flow = gateway->datagram_flows; flow != NULL; flow = next) {
        int64_t limit_s = flow->two_way ? TWO_WAY_SECONDS : ONE_WAY_SECONDS;

        next = flow->next;
        if (now.ns - flow->last.ns > limit_s * INT64_C(1000000000))
            datagram_flow_free(flow);
    }
}

void datagram_free_all(struct baro_gateway *gateway)
{
    while (gateway->datagram_flows != NULL)
        datagram_flow_free(gateway->datagram_flows);
}
