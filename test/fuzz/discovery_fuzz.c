/* Whatever routers and neighbours say to a stack that forms its addresses by itself, or is a router: well-formed
 * messages of neighbour discovery with any content, spoilt ones, and its own frames given back, in any order with the
 * passing of time, its own traffic and calls. The stack stays consistent; what it keeps stays bounded; it sends nothing
 * malformed; and its advertisements are three seconds apart. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "baro/packet.h"
#include "baro/stack.h"
#include "base/checksum.h"
#include "codec/ethernet.h"
#include "codec/icmpv6.h"
#include "codec/ip_protocol.h"
#include "codec/nd.h"
#include "stack.h"
#include "stack_peer.h"

#define require(condition) ((condition) ? (void)0 : abort())

enum { ACTS = 400, MS = 1000000, KEPT = 16, BETWEEN_MS = 3000 };

static struct frame_device device;
static struct baro_stack *stack;
static struct test_memory memory;
static struct baro_instant now;
static int64_t said_at; /* the last advertisement; -1: none */
static uint8_t kept[KEPT][1600];
static uint32_t kept_length[KEPT];
static unsigned kept_count;

/* Few, so that they meet: our own, neighbours' and routers' link-local ones, global ones, groups, nobody. */
static struct baro_address pick_address(struct script *script)
{
    struct baro_address_status own[IP_ADDRESSES];
    uint8_t what = script_u8(script);
    int count = baro_stack_addresses(stack, 1, own, IP_ADDRESSES);

    switch (what & 7) {
    case 0: case 1:
        if (count > 0)
            return own[what / 8 % (unsigned)count].address;
        return baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    case 2: case 3:
        return address_in_zone(baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, (uint16_t)(0x10 + what / 8 % 12)), 1);
    case 4:
        return baro_ipv6(0x2001, 0xdb8, (uint16_t)(what / 8 % 3), 0, 0, 0, 0, what / 64);
    case 5:
        return count > 0 ? address_solicited_node(own[what / 8 % (unsigned)count].address, 1)
                         : baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1);
    case 6:
        return address_in_zone(baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, what & 8 ? 2 : 1), 1);
    default:
        return baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0);
    }
}

static uint32_t pick_time(struct script *script)
{
    static const uint32_t usual[] = { 0, 1, 5, 60, 1800, 7200, 86400, UINT32_MAX };
    uint8_t what = script_u8(script);

    return what < 128 ? usual[what % 8] : (uint32_t)what << what % 24;
}

static struct baro_mac pick_mac(struct script *script)
{
    return (struct baro_mac){ { 2, 0, 0, 0, 0, (uint8_t)(2 + script_u8(script) % 4) } };
}

static void add_options(struct script *script, struct nd_message *message)
{
    uint8_t what = script_u8(script);

    message->prefixes = what & 3;
    message->routes = what >> 2 & 1;
    message->servers = what >> 3 & 3;
    message->has_mtu = (what & 0x20) != 0;
    message->mtu = 1000 + pick_time(script) % 1000;
    for (unsigned i = 0; i < message->prefixes; i++)
        message->prefix[i] =
            (struct nd_prefix){ .prefix = baro_ipv6(0x2001, 0xdb8, script_u8(script) % 12, 0, 0, 0, 0, 0),
                                .length = (what & 0x40) != 0 ? script_u8(script) % 129 : 64,
                                .on_link = (what & 0x80) != 0,
                                .autonomous = true,
                                .valid_s = pick_time(script),
                                .preferred_s = pick_time(script) };
    for (unsigned i = 0; i < message->routes; i++)
        message->route[i] = (struct nd_route){ baro_ipv6(0x2001, 0xdb8, 0x100U + script_u8(script) % 20, 0, 0, 0, 0, 0),
                                               script_u8(script) % 49, ND_PREFERENCE_HIGH, pick_time(script) };
    for (unsigned i = 0; i < message->servers; i++)
        message->server[i] = (struct nd_server){ baro_ipv6(0x2001, 0xdb8, 0, 0, 0, 0, 0, script_u8(script) % 8),
                                                 pick_time(script) };
}

static struct nd_message pick_message(struct script *script, uint8_t nonce[ND_NONCE])
{
    static const enum nd_preference preference[] = { ND_PREFERENCE_MEDIUM, ND_PREFERENCE_HIGH, ND_PREFERENCE_LOW };
    uint8_t type = script_u8(script), flags = script_u8(script);
    struct nd_message message = { .type = (uint8_t)(ICMPV6_ROUTER_SOLICITATION + type % 5),
                                  .router = (flags & 1) != 0, .solicited = (flags & 2) != 0,
                                  .override = (flags & 4) != 0, .managed = (flags & 8) != 0,
                                  .other = (flags & 16) != 0, .preference = preference[flags % 3],
                                  .has_source_mac = (flags & 32) != 0, .has_target_mac = (flags & 64) != 0 };

    message.target = pick_address(script);
    message.source_mac = message.target_mac = pick_mac(script);
    if (message.type == ICMPV6_REDIRECT)
        message.destination = pick_address(script);
    if ((flags & 128) != 0) {
        memset(nonce, script_u8(script), ND_NONCE);
        message.nonce = (struct baro_bytes){ nonce, ND_NONCE };
    }
    if (message.type == ICMPV6_ROUTER_ADVERTISEMENT) {
        message.hop_limit = script_u8(script);
        message.lifetime_s = (uint16_t)pick_time(script);
        message.reachable_ms = pick_time(script);
        message.retransmit_ms = pick_time(script);
        add_options(script, &message);
    }
    return message;
}

static void put(const uint8_t *body, size_t length, struct baro_address from, struct baro_address to,
                struct baro_mac source, uint8_t hop_limit)
{
    uint8_t frame[1600], *ip = frame + 14;
    uint64_t sum = checksum_pseudo(from, to, IP_PROTOCOL_ICMPV6, (uint32_t)length);

    memcpy(frame, device.device.mac.octet, 6);
    if (address_is_multicast(to)) {
        frame[0] = frame[1] = 0x33;
        memcpy(frame + 2, to.octet + 12, 4);
    }
    memcpy(frame + 6, source.octet, 6);
    write_be16(frame + 12, ETHERNET_TYPE_IPV6);
    memset(ip, 0, 40);
    ip[0] = 0x60;
    write_be16(ip + 4, (uint16_t)length);
    ip[6] = IP_PROTOCOL_ICMPV6;
    ip[7] = hop_limit;
    write_ipv6(ip + 8, from);
    write_ipv6(ip + 24, to);
    memcpy(ip + 40, body, length);
    write_be16(ip + 42, 0);
    write_be16(ip + 42, checksum_fold(checksum_add(sum, ip + 40, length)));
    (void)frame_device_put(&device, frame, (uint32_t)(54 + length));
}

static void say(struct script *script, bool spoilt)
{
    uint8_t body[1024], nonce[ND_NONCE], hop_limit = 255;
    struct nd_message message = pick_message(script, nonce);
    struct baro_address from = pick_address(script), to = pick_address(script);
    struct baro_mac source = pick_mac(script);
    size_t length = nd_write(&message, body, sizeof body);

    require(length != 0);
    for (unsigned i = 0; spoilt && i < 3; i++)
        body[script_u8(script) % length] = script_u8(script);
    if (spoilt && script_u8(script) % 8 == 0)
        hop_limit = script_u8(script);
    if (spoilt && script_u8(script) % 4 == 0)
        length = script_u8(script) % length;
    put(body, length < 4 ? 4 : length, from, to, source, hop_limit);
}

/* What the stack sent is a packet, and its advertisements keep their distance. */
static void look(const struct device_frame *frame)
{
    struct baro_packet packet;

    require(baro_packet_parse_frame(&packet, (struct baro_bytes){ frame->data, frame->length }) == BARO_DROP_NONE);
    if (packet.layer == BARO_PACKET_ICMP && packet.icmp_type == ICMPV6_ROUTER_ADVERTISEMENT) {
        require(packet.ttl == 255 && packet.transport_checksum_right);
        require(said_at < 0 || now.ns - said_at >= (int64_t)BETWEEN_MS * MS);
        said_at = now.ns;
    }
    if (frame->length <= sizeof kept[0]) {
        unsigned at = kept_count++ % KEPT;

        memcpy(kept[at], frame->data, frame->length);
        kept_length[at] = frame->length;
    }
}

static void settle(void)
{
    const struct device_frame *frame;

    baro_stack_poll(stack, now);
    while ((frame = frame_device_take(&device)) != NULL)
        look(frame);
    baro_stack_check_invariants(stack);
    require(stack->table.routes_advertised <= IP_ROUTES_ADVERTISED);
    require(stack->neighbours.count[NEIGHBOUR_UNPROVEN] <= NEIGHBOUR_UNPROVEN_LIMIT);
    require(stack->interface[1].mtu_v6 == 0 || stack->interface[1].mtu_v6 >= 1280);
}

/* A frame of ours comes back by a bridge that puts its own MAC address in. */
static void bounce(struct script *script)
{
    uint8_t which = script_u8(script);
    unsigned at = kept_count == 0 ? 0 : which % (kept_count < KEPT ? kept_count : (unsigned)KEPT);

    if (kept_count == 0)
        return;
    kept[at][11] ^= 0x40;
    (void)frame_device_put(&device, kept[at], kept_length[at]);
}

static void advertise(struct script *script)
{
    uint8_t what = script_u8(script);
    const struct baro_advertise_config config = {
        .lifetime_s = (what & 2) != 0 ? 1800 : 0, .interval_max_s = 4 + what / 4U, .managed = true, .prefixes = 1,
        .prefix = { { baro_ipv6(0x2001, 0xdb8, what % 4U, 0, 0, 0, 0, 0), 64, true, true, 3600, 1800 } }
    };

    (void)baro_stack_advertise(stack, 1, (what & 1) != 0 ? &config : NULL);
}

static void act(struct script *script)
{
    struct baro_instant next;
    uint8_t what = script_u8(script);

    switch (what & 15) {
    case 0: case 1: case 2: case 3: case 4: say(script, false); break;
    case 5: say(script, true); break;
    case 6: case 7: case 8:
        if (baro_stack_next_deadline(stack, &next) && next.ns > now.ns)
            now = next;
        break;
    case 9: now.ns += (int64_t)script_u8(script) * script_u8(script) * MS; break;
    case 10: case 11: (void)baro_stack_ping(stack, pick_address(script), 1, 1, what); break;
    case 12: (void)baro_stack_add_address(stack, 1, pick_address(script), 64, (what & 16) != 0); break;
    case 13:
        if ((what & 0x30) == 0)
            baro_stack_set_forwarding(stack, (what & 64) != 0);
        else
            (void)baro_stack_remove_address(stack, 1, pick_address(script));
        break;
    case 14: bounce(script); break;
    default: advertise(script); break;
    }
    if ((what & 0x80) == 0)
        settle();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct script script = { data, size };
    uint8_t choice = script_u8(&script);
    struct baro_stack_config config = { .memory = test_memory(&memory), .seed = { 1 } };
    const struct baro_ipv6_config ipv6 = { .secret = { 7 }, .accept_advertisements = true,
                                           .temporary_addresses = (choice & 1) != 0,
                                           .probes = (choice & 2) != 0 ? -1 : 0 };

    memset(&memory, 0, sizeof memory);
    now.ns = kept_count = 0;
    said_at = -1;
    frame_device_init(&device, 1, 1500);
    stack = baro_stack_create(&config);
    require(stack != NULL && baro_stack_add_interface(stack, &device.device) == 1);
    require(baro_stack_enable_ipv6(stack, 1, &ipv6) == 0);
    baro_stack_set_forwarding(stack, (choice & 4) != 0);
    for (unsigned i = 0; i < ACTS && script.left != 0; i++)
        act(&script);
    settle();
    baro_stack_free(stack);
    require(memory.slabs == 0);
    frame_device_release(&device);
    return 0;
}
