/* test/support/tcp_world.c: see tcp_world.h. */
#include "test/support/tcp_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "transport/tcp/expected.h"

static void *take(void *context, size_t bytes)
{
    struct world_side *side = context;
    void *slab;

    if (side->takes_allowed == 0)
        return NULL;
    if (side->takes_allowed != SIZE_MAX)
        side->takes_allowed--;
    slab = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    memset(slab, 0, bytes);
    return slab;
}

static void give_back(void *context, void *slab, size_t bytes)
{
    (void)context;
    (void)bytes;
    free(slab);
}

static void side_init(struct world_side *side, unsigned number, uint64_t seed, struct baro_instant now)
{
    uint8_t octets[32] = { (uint8_t)number, (uint8_t)seed, (uint8_t)(seed >> 8), (uint8_t)(seed >> 16) };

    *side = (struct world_side){ .address = baro_ipv4(10, 0, 0, (uint8_t)(number + 1)), .takes_allowed = SIZE_MAX };
    side->core.now = now;
    side->core.slabs = (struct slabs){ .memory = { side, take, give_back }, .limit = 64u << 20 };
    random_init(&side->core.random, octets);
    wheel_init(&side->core.wheel, now);
    if (!intent_queue_init(&side->core.intents, &side->core.slabs))
        abort();
    side->tcp = tcp_create(&side->core, 10000);
    side->path = (struct ip_path){ .source = side->address, .mtu = 1500, .hop_limit = 64, .super_segment = 0 };
}

void world_init(struct world *world, uint64_t seed)
{
    *world = (struct world){ .random = seed * 2654435761u + 88172645463325252u, .now = { 1000 * NS_PER_S },
                             .delay_ns = 5 * NS_PER_MS };
    world->packet = calloc(WORLD_PACKETS, sizeof *world->packet);
    world->seen = calloc(WORLD_SEEN, sizeof *world->seen);
    for (unsigned i = 0; i < 2; i++)
        side_init(&world->side[i], i, seed, world->now);
}

void world_free(struct world *world)
{
    for (unsigned i = 0; i < 2; i++) {
        struct world_side *side = &world->side[i];

        tcp_free(side->tcp);
        intent_queue_release(&side->core.intents, &side->core.slabs);
        if (side->core.slabs.taken != 0 || side->core.slabs.charged != 0) {
            fprintf(stderr, "side %u leaks: %zu taken, %zu charged\n", i, side->core.slabs.taken,
                    side->core.slabs.charged);
            abort();
        }
    }
    free(world->packet);
    free(world->seen);
}

uint32_t world_random(struct world *world, uint32_t limit)
{
    world->random ^= world->random << 13;
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return (uint32_t)(world->random >> 32) % limit;
}

static bool chance(struct world *world, unsigned of_1000)
{
    return of_1000 != 0 && world_random(world, 1000) < of_1000;
}

static void carry(struct world *world, unsigned to, const uint8_t *data, uint32_t length)
{
    for (unsigned i = 0; i < WORLD_PACKETS; i++) {
        struct world_packet *packet = &world->packet[i];

        if (packet->used)
            continue;
        *packet = (struct world_packet){ .used = true, .to = to, .length = length, .order = world->orders++ };
        packet->at_ns = world->now.ns + world->delay_ns;
        if (chance(world, world->reordering))
            packet->at_ns += (int64_t)world_random(world, 20000000);
        memcpy(packet->data, data, length);
        if (chance(world, world->corruption))
            packet->data[world_random(world, length)] ^= (uint8_t)(1 + world_random(world, 255));
        return;
    }
    world->dropped++;
}

static void remember(struct world *world, unsigned from, const uint8_t *data, uint32_t length)
{
    struct tcp_header header;
    struct world_segment *seen;
    uint32_t octets;

    if (world->seen_count == WORLD_SEEN)
        return;
    tcp_header_read(&header, data);
    octets = tcp_header_length(&header);
    seen = &world->seen[world->seen_count++];
    memset(seen, 0, sizeof *seen); /* what lies between its fields is compared, too */
    seen->from = from;
    seen->at_ns = world->now.ns;
    seen->flags = header.flags;
    seen->seq = header.seq;
    seen->ack = header.ack;
    seen->window = header.window;
    seen->urgent = header.urgent;
    seen->length = length - octets;
    seen->first_octet = length > octets ? data[octets] : 0;
    tcp_options_read(&seen->options, (struct baro_bytes){ data + 20, octets - 20 });
}

static void send_segment(struct world *world, unsigned from, uint8_t *data, uint32_t length,
                         const struct ip_message *message)
{
    uint64_t sum = checksum_pseudo(message->source, message->destination, 6, length);

    write_be16(data + 16, 0);
    write_be16(data + 16, checksum_fold(checksum_add(sum, data, length)));
    remember(world, from, data, length);
    if (world->seen_count != 0)
        world->seen[world->seen_count - 1].doubt = message->doubt;
    if (world->side[1 - from].deaf)
        return;
    if (chance(world, world->loss)) {
        world->dropped++;
        return;
    }
    carry(world, 1 - from, data, length);
    if (chance(world, world->duplication))
        carry(world, 1 - from, data, length);
}

/* Cuts a super-segment as a device would. */
static void send_message(struct world *world, unsigned from, const struct ip_message *message)
{
    static uint8_t payload[1 << 17];
    uint32_t length = 0, at = 0;

    for (unsigned i = 0; i < message->parts; i++) {
        memcpy(payload + length, message->part[i].data, message->part[i].length);
        length += (uint32_t)message->part[i].length;
    }
    do {
        uint8_t data[WORLD_PACKET_OCTETS];
        uint32_t piece = message->gso_size != 0 && length - at > message->gso_size ? message->gso_size : length - at;

        memcpy(data, message->header, message->header_length);
        write_be32(data + 4, read_be32(data + 4) + at);
        if (at + piece < length)
            data[13] &= (uint8_t) ~(TCP_FLAG_FIN | TCP_FLAG_PSH);
        memcpy(data + message->header_length, payload + at, piece);
        send_segment(world, from, data, message->header_length + piece, message);
        at += piece;
    } while (at < length);
}

static void drain(struct world *world, unsigned number)
{
    struct world_side *side = &world->side[number];
    struct intent *intent;

    if (!side->stuck) /* a host whose programs have nothing to say */
        tcp_turn_is_over(side->tcp, 0);
    while (!side->stuck && (intent = intent_first(&side->core.intents)) != NULL) {
        struct ip_message message;

        if (intent->kind == INTENT_TCP_CONTROL) {
            tcp_control_message(side->tcp, intent, &side->path, &message);
            intent_done(&side->core.intents);
            send_message(world, number, &message);
        } else if (intent->kind == INTENT_TCP_OUTPUT) {
            struct handle owner = intent->owner;

            intent_done(&side->core.intents);
            while (tcp_next_segment(side->tcp, owner, &side->path, &message))
                send_message(world, number, &message);
        } else {
            intent_done(&side->core.intents);
        }
    }
}

void world_drain(struct world *world)
{
    drain(world, 0);
    drain(world, 1);
}

/* As src/expected.c does it. */
static bool is_expected(struct tcp *tcp, const struct ip_packet *packet)
{
    uint8_t addresses[8];
    struct tcp_arrival arrival = { .addresses = addresses, .octets = packet->payload.data,
                                   .length = (uint32_t)packet->payload.length, .family = BARO_FAMILY_IPV4 };

    if (arrival.length < tcp_header_SIZE)
        return false;
    memcpy(addresses, packet->source.octet, 4);
    memcpy(addresses + 4, packet->destination.octet, 4);
    arrival.sum_of_pseudo = tcp_sum_of_pseudo(addresses, sizeof addresses, arrival.length);
    tcp_look_up(tcp, &arrival);
    tcp_look_up_connection(tcp, &arrival);
    tcp_prefetch_text(tcp, &arrival);
    return tcp_expected(tcp, &arrival) || tcp_expected_opening(tcp, &arrival, packet->mtu);
}

static enum baro_drop_reason deliver(struct world *world, unsigned to, struct baro_address source,
                                     const uint8_t *data, uint32_t length)
{
    struct ip_packet packet = { .source = source, .destination = world->side[to].address, .protocol = 6, .ttl = 64,
                                .mtu = 1500, .payload = { data, length } };

    if (world->side[to].expects && is_expected(world->side[to].tcp, &packet))
        return BARO_DROP_NONE;
    return tcp_in(world->side[to].tcp, &packet);
}

static struct world_packet *next_packet(struct world *world)
{
    struct world_packet *best = NULL;

    for (unsigned i = 0; i < WORLD_PACKETS; i++) {
        struct world_packet *packet = &world->packet[i];

        if (packet->used && (best == NULL || packet->at_ns < best->at_ns ||
                             (packet->at_ns == best->at_ns && packet->order < best->order)))
            best = packet;
    }
    return best;
}

static void set_now(struct world *world, int64_t ns)
{
    if (ns > world->now.ns)
        world->now.ns = ns;
    for (unsigned i = 0; i < 2; i++) {
        struct wheel_timer *timer;

        world->side[i].core.now = world->now;
        while ((timer = tcp_late_next(world->side[i].tcp)) != NULL)
            tcp_timer(world->side[i].tcp, timer);
        while ((timer = wheel_expired(&world->side[i].core.wheel, world->now)) != NULL)
            tcp_timer(world->side[i].tcp, timer);
    }
}

void world_pass(struct world *world, int64_t span_ns)
{
    int64_t end_ns = world->now.ns + span_ns;

    for (;;) {
        struct world_packet *packet;
        int64_t next_ns = end_ns;

        world_drain(world);
        for (unsigned i = 0; i < 2; i++) {
            struct baro_instant deadline;

            tcp_check_invariants(world->side[i].tcp);
            if (tcp_timers_next(world->side[i].tcp, &deadline) && deadline.ns < next_ns)
                next_ns = deadline.ns;
        }
        packet = next_packet(world);
        if (packet != NULL && packet->at_ns <= next_ns) {
            set_now(world, packet->at_ns);
            packet->used = false;
            deliver(world, packet->to, world->side[1 - packet->to].address, packet->data, packet->length);
            continue;
        }
        set_now(world, next_ns);
        world_drain(world);
        if (next_ns == end_ns)
            return;
    }
}

struct baro_endpoint world_endpoint(unsigned side, uint16_t port)
{
    return (struct baro_endpoint){ baro_ipv4(10, 0, 0, (uint8_t)(side + 1)), { port } };
}

struct handle world_listen(struct world *world, const struct tcp_settings *settings, int backlog)
{
    struct handle listener;

    if (tcp_listen(world->side[1].tcp, world_endpoint(1, 80), backlog, settings, 1, &listener) != 0)
        abort();
    return listener;
}

struct handle world_connect(struct world *world, const struct tcp_settings *settings, uint16_t port)
{
    struct handle connection;

    if (world_connect_between(world->side[0].tcp, world_endpoint(0, port), world_endpoint(1, 80), &world->side[0].path,
                    settings, 2, &connection) != 0)
        abort();
    return connection;
}

enum baro_drop_reason world_inject_to(struct world *world, unsigned to, struct world_made made)
{
    uint8_t data[WORLD_PACKET_OCTETS];
    struct tcp_options options = { .has_mss = made.mss != 0, .mss = made.mss, .has_scale = made.has_scale,
                                   .scale = (uint8_t)made.scale, .has_timestamps = made.timestamps,
                                   .ts_value = made.ts_value, .ts_echo = made.ts_echo,
                                   .sack_permitted = made.sack_permitted, .sack_count = (uint8_t)made.sack_count,
                                   .sack = { made.sack[0], made.sack[1], made.sack[2], made.sack[3] } };
    uint32_t octets = 20 + tcp_options_write(&options, data + 20);
    struct tcp_header header = { .source_port = made.port != 0 ? made.port : to == 1 ? 40000 : 80,
                                 .destination_port = made.to_port != 0 ? made.to_port : to == 1 ? 80 : 40000,
                                 .seq = made.seq, .ack = made.ack, .data_offset = (uint8_t)(octets / 4 << 4),
                                 .flags = made.flags, .window = (uint16_t)made.window, .urgent = made.urgent };
    struct baro_address source = made.source.family != 0 ? made.source : world->side[1 - to].address;
    enum baro_drop_reason reason;
    uint64_t sum;

    tcp_header_write(&header, data);
    if (made.length != 0) {
        if (made.data != NULL)
            memcpy(data + octets, made.data, made.length);
        else
            memset(data + octets, 'x', made.length);
    }
    sum = checksum_pseudo(source, world->side[to].address, 6, octets + made.length);
    write_be16(data + 16, checksum_fold(checksum_add(sum, data, octets + made.length)));
    if (made.bad_checksum)
        data[16] ^= 0x55;
    reason = deliver(world, to, source, data, octets + made.length);
    world_drain(world);
    tcp_check_invariants(world->side[to].tcp);
    return reason;
}

enum baro_drop_reason world_inject(struct world *world, struct world_made made)
{
    return world_inject_to(world, 1, made);
}

const struct world_segment *world_next(struct world *world, unsigned *mark, unsigned from)
{
    while (*mark < world->seen_count) {
        const struct world_segment *seen = &world->seen[(*mark)++];

        if (seen->from == from)
            return seen;
    }
    return NULL;
}

unsigned world_count(struct world *world, unsigned mark, unsigned from)
{
    unsigned count = 0;

    while (world_next(world, &mark, from) != NULL)
        count++;
    return count;
}

const struct world_segment *world_last(struct world *world, unsigned from)
{
    for (unsigned i = world->seen_count; i-- != 0;) {
        if (world->seen[i].from == from)
            return &world->seen[i];
    }
    return NULL;
}

struct tcp_connection *world_connection(struct world *world, unsigned side, struct handle handle)
{
    return tcp_resolve(world->side[side].tcp, handle);
}
