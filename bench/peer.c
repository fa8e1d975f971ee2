/* bench/peer.c: a peer made by hand.
 *
 * One stack is the server, and what it receives is octets of frames that were made before; what it sends is looked at
 * while connections are made (the server's sequence number and timestamp) and thrown away later. So the receiver alone
 * is measured, and a connection costs the peer no more than the few numbers of struct flow.
 *
 * Clients live behind one router, 50,000 an address; the peer answers nothing and acknowledges nothing new. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

enum {
    PORT = 7, AN_ADDRESS = 50000, FIRST_CLIENT_PORT = 10000, BATCH = 1024, ROOM = 256,
    SYN = 0x02, PUSH = 0x08, ACK = 0x10, ETHERNET = 14, LARGEST = 128
};

struct flow {
    uint32_t seq, ack, echo; /* the peer's next number, what it acknowledges, the server's timestamp */
    int fd;
};

struct bench_peer {
    enum baro_family family;
    struct baro_stack *stack;
    struct baro_device device;
    struct flow *flow;
    uint32_t flows, answered; /* answered: the connection whose SYN+ACK was last seen, plus 1 */
    struct baro_rx_frame frame[BATCH];
    uint32_t first, count;
    uint8_t octets[BATCH][ROOM];
};

/* ---- octets ---- */

static void put16(uint8_t *to, uint32_t value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

static void put32(uint8_t *to, uint32_t value)
{
    put16(to, value >> 16);
    put16(to + 2, value & 0xffff);
}

static uint32_t get32(const uint8_t *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

static uint32_t sum(uint32_t start, const uint8_t *octets, uint32_t length)
{
    for (uint32_t i = 0; i + 1 < length; i += 2)
        start += (uint32_t)octets[i] << 8 | octets[i + 1];
    return length % 2 ? start + ((uint32_t)octets[length - 1] << 8) : start;
}

static uint16_t folded(uint32_t value)
{
    value = (value & 0xffff) + (value >> 16);
    return (uint16_t)~((value & 0xffff) + (value >> 16));
}

static const struct baro_mac server_mac = { { 2, 0, 0, 0, 0, 2 } }, router_mac = { { 2, 0, 0, 0, 0, 1 } };

/* The IP header in front of `length` octets of TCP; its length. */
static uint32_t write_ip(const struct bench_peer *peer, uint8_t *to, uint32_t which, uint32_t length, uint32_t *pseudo)
{
    uint32_t client = which / AN_ADDRESS + 1;

    if (peer->family == BARO_FAMILY_IPV6) {
        const uint8_t source[16] = { 0xfd, 0, 0, 8, [14] = (uint8_t)(client >> 8), [15] = (uint8_t)client };
        const uint8_t destination[16] = { 0xfd, 0, 0, 7, [15] = 2 };

        memset(to, 0, 40);
        to[0] = 0x60;
        put16(to + 4, length);
        to[6] = 6;
        to[7] = 64;
        memcpy(to + 8, source, 16);
        memcpy(to + 24, destination, 16);
        *pseudo = sum(length + 6, to + 8, 32);
        return 40;
    }
    memset(to, 0, 20);
    to[0] = 0x45;
    put16(to + 2, length + 20);
    to[6] = 0x40; /* do not fragment */
    to[8] = 64;
    to[9] = 6;
    put32(to + 12, UINT32_C(0x0a010000) + client);
    put32(to + 16, UINT32_C(0x0a000002));
    put16(to + 10, folded(sum(0, to, 20)));
    *pseudo = sum(length + 6, to + 12, 8);
    return 20;
}

/* A segment of a connection joins the waiting frames. Its options are a SYN's, or a timestamp. */
static void make_segment(struct bench_peer *peer, uint32_t which, uint8_t flags, uint32_t length)
{
    static const uint8_t syn_options[] = { 2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7 };
    static const uint8_t options[] = { 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0 };
    struct flow *flow = &peer->flow[which];
    uint8_t *frame = peer->octets[peer->count], *tcp;
    uint32_t header = 20 + (flags & SYN ? sizeof syn_options : sizeof options), pseudo, at = ETHERNET;

    bench_expect(peer->count < BATCH && length <= LARGEST, "room for a frame");
    memcpy(frame, &server_mac, 6);
    memcpy(frame + 6, &router_mac, 6);
    put16(frame + 12, peer->family == BARO_FAMILY_IPV6 ? 0x86dd : 0x0800);
    at += write_ip(peer, frame + at, which, header + length, &pseudo);
    tcp = frame + at;
    memset(tcp, 0, 20);
    put16(tcp, FIRST_CLIENT_PORT + which % AN_ADDRESS);
    put16(tcp + 2, PORT);
    put32(tcp + 4, flow->seq);
    put32(tcp + 8, flow->ack);
    tcp[12] = (uint8_t)(header / 4 << 4);
    tcp[13] = flags;
    put16(tcp + 14, 512);
    memcpy(tcp + 20, flags & SYN ? syn_options : options, header - 20);
    if (!(flags & SYN))
        put32(tcp + 28, flow->echo);
    memset(tcp + header, (uint8_t)which, length);
    put16(tcp + 16, folded(sum(pseudo, tcp, header + length)));
    peer->frame[peer->count++] = (struct baro_rx_frame){ .data = frame, .length = at + header + length };
    flow->seq += length + (flags & SYN ? 1 : 0);
}

/* ---- the device ---- */

static unsigned peer_rx(void *context, struct baro_rx_frame *frames, unsigned limit)
{
    struct bench_peer *peer = context;
    unsigned count = peer->count - peer->first;

    if (count > limit)
        count = limit;
    memcpy(frames, &peer->frame[peer->first], count * sizeof *frames);
    peer->first += count;
    return count;
}

/* They stand there until others are made. */
static void peer_rx_end(void *context)
{
    (void)context;
}

static unsigned peer_room(void *context)
{
    (void)context;
    return BARO_BURST_LIMIT;
}

/* Of a SYN+ACK it notes the numbers; all else is gone. */
static unsigned peer_tx(void *context, const struct baro_tx_frame *frames, unsigned count)
{
    struct bench_peer *peer = context;
    uint32_t at = ETHERNET + (peer->family == BARO_FAMILY_IPV6 ? 40 : 20);

    for (unsigned i = 0; i < count && peer->answered < peer->flows; i++) {
        const uint8_t *tcp = frames[i].part[0].data + at;
        struct flow *flow = &peer->flow[peer->answered];

        if (frames[i].part[0].length < at + 40 || tcp[13] != (SYN | ACK))
            continue;
        flow->ack = get32(tcp + 4) + 1;
        for (uint32_t j = 20; j + 10 <= frames[i].part[0].length - at; j += tcp[j] == 1 ? 1 : tcp[j + 1]) {
            if (tcp[j] == 8)
                flow->echo = get32(tcp + j + 6);
            if (tcp[j] == 0 || (tcp[j] != 1 && tcp[j + 1] == 0))
                break;
        }
        peer->answered++;
    }
    return count;
}

/* ---- connections ---- */

static void poll_all(struct bench_peer *peer)
{
    while (bench_peer_waiting(peer) != 0)
        baro_stack_poll(peer->stack, bench_now());
    peer->first = peer->count = 0;
}

/* So many at once that a burst is full and the listener's queue is not. */
static void open_some(struct bench_peer *peer, int listener, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        peer->flow[i].seq = i * 7919;
        make_segment(peer, i, SYN, 0);
    }
    poll_all(peer);
    bench_expect(peer->answered == first + count, "every SYN was answered");
    for (uint32_t i = first; i < first + count; i++)
        make_segment(peer, i, ACK, 0);
    poll_all(peer);
    for (uint32_t i = first; i < first + count; i++) {
        peer->flow[i].fd = baro_accept(peer->stack, listener, NULL);
        bench_expect(peer->flow[i].fd >= 0, "a connection was accepted");
    }
}

static void configure(struct bench_peer *peer)
{
    bool ipv6 = peer->family == BARO_FAMILY_IPV6;
    struct baro_address here = ipv6 ? baro_ipv6(0xfd00, 7, 0, 0, 0, 0, 0, 2) : baro_ipv4(10, 0, 0, 2);
    struct baro_address router = ipv6 ? baro_ipv6(0xfd00, 7, 0, 0, 0, 0, 0, 1) : baro_ipv4(10, 0, 0, 1);
    struct baro_address clients = ipv6 ? baro_ipv6(0xfd00, 8, 0, 0, 0, 0, 0, 0) : baro_ipv4(10, 1, 0, 0);
    unsigned length = ipv6 ? 64 : 24;
    int interface = baro_stack_add_interface(peer->stack, &peer->device);

    bench_expect(interface > 0 && baro_stack_add_address(peer->stack, interface, here, length, false) == 0 &&
                     baro_stack_set_neighbour(peer->stack, interface, router, router_mac) == 0 &&
                     baro_stack_add_route(peer->stack, clients, ipv6 ? 64 : 16, router, interface) == 0,
                 "an interface was configured");
    for (int i = 0; i < 4; i++)
        baro_stack_poll(peer->stack, bench_now());
}

struct bench_peer *bench_peer_create(const struct bench_case *question)
{
    struct bench_peer *peer = calloc(1, sizeof *peer);
    struct baro_stack_config config = { .memory = bench_memory(), .seed = { 2 }, .now = bench_now(),
                                        .memory_limit = (size_t)1 << 36, .descriptor_limit = 1 << 24 };
    struct baro_endpoint local = { .port = { PORT } };
    int listener;

    bench_expect(peer != NULL, "memory");
    peer->family = question->family;
    peer->flow = calloc(question->connections, sizeof *peer->flow);
    peer->device = (struct baro_device){ .context = peer, .mac = server_mac, .mtu = 1500, .rx_burst = peer_rx,
                                         .rx_end = peer_rx_end, .tx_room = peer_room, .tx_burst = peer_tx };
    peer->stack = baro_stack_create(&config);
    bench_expect(peer->stack != NULL && peer->flow != NULL, "a stack was created");
    configure(peer);
    peer->flows = question->connections;
    listener = baro_socket(peer->stack, peer->family, BARO_STREAM);
    bench_expect(listener >= 0 && baro_bind(peer->stack, listener, &local) == 0 &&
                     baro_listen(peer->stack, listener, 256) == 0, "listen");
    for (uint32_t i = 0; i < peer->flows; i += BARO_BURST_LIMIT)
        open_some(peer, listener, i, peer->flows - i < BARO_BURST_LIMIT ? peer->flows - i : BARO_BURST_LIMIT);
    for (struct baro_ready ready; baro_next_ready(peer->stack, &ready);)
        continue;
    return peer;
}

void bench_peer_free(struct bench_peer *peer)
{
    baro_stack_free(peer->stack);
    free(peer->flow);
    free(peer);
}

struct baro_stack *bench_peer_stack(struct bench_peer *peer)
{
    return peer->stack;
}

void bench_peer_make(struct bench_peer *peer, uint32_t count, uint32_t length, uint32_t *random)
{
    bench_expect(bench_peer_waiting(peer) == 0, "the frames before were taken");
    peer->first = peer->count = 0;
    for (uint32_t i = 0; i < count; i++)
        make_segment(peer, bench_random(random, peer->flows), PUSH | ACK, length);
}

uint32_t bench_peer_make_each(struct bench_peer *peer, uint32_t first, uint32_t length)
{
    uint32_t count = peer->flows - first < BATCH ? peer->flows - first : BATCH;

    bench_expect(bench_peer_waiting(peer) == 0, "the frames before were taken");
    peer->first = peer->count = 0;
    for (uint32_t i = 0; i < count; i++)
        make_segment(peer, first + i, PUSH | ACK, length);
    return count;
}

uint32_t bench_peer_waiting(const struct bench_peer *peer)
{
    return peer->count - peer->first;
}
