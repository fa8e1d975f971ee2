/* test/fuzz/stack_peer.c: see stack_peer.h. */
#include "test/fuzz/stack_peer.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "codec/tcp_options.h"

uint8_t script_u8(struct script *script)
{
    if (script->left == 0)
        return 0;
    script->left--;
    return *script->at++;
}

uint16_t script_u16(struct script *script)
{
    uint16_t high = script_u8(script);

    return (uint16_t)(high << 8 | script_u8(script));
}

struct baro_bytes script_bytes(struct script *script, size_t limit)
{
    struct baro_bytes bytes = { script->at, limit < script->left ? limit : script->left };

    script->at += bytes.length;
    script->left -= bytes.length;
    return bytes;
}

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* ---- what the stack says ---- */

static struct talk *talk_of(struct peer *peer, const struct baro_packet *packet)
{
    struct talk *talk;

    for (unsigned i = 0; i < PEER_TALKS; i++) {
        talk = &peer->talk[i];
        if (talk->known && talk->stack_port == packet->source_port.number &&
            talk->peer_port == packet->destination_port.number)
            return talk;
    }
    talk = &peer->talk[peer->next_talk++ % PEER_TALKS];
    *talk = (struct talk){ .remote = packet->destination, .stack_port = packet->source_port.number,
                           .peer_port = packet->destination_port.number, .seq = 0xfffff000U, .known = true };
    return talk;
}

static void hear_tcp(struct peer *peer, const struct baro_packet *packet)
{
    struct talk *talk = talk_of(peer, packet);
    uint32_t end = packet->seq + (uint32_t)packet->payload.length + ((packet->flags & BARO_TCP_SYN) != 0) +
                   ((packet->flags & BARO_TCP_FIN) != 0);
    struct baro_tcp_options options;

    baro_tcp_options_parse(&options, packet->tcp_options);
    require(!options.malformed);
    if ((int32_t)(end - talk->ack) > 0 || (packet->flags & BARO_TCP_SYN) != 0)
        talk->ack = end;
    if ((packet->flags & BARO_TCP_ACK) != 0)
        talk->seq = packet->ack;
    if (options.has_timestamps)
        talk->ts_echo = options.ts_value;
}

/* What was passed on, or said, on the other link: it fits, it is as long as it says, and it may go one hop more. */
static void listen_far(struct peer *peer)
{
    const struct device_frame *frame;
    struct baro_packet packet;

    while (peer->far != NULL && (frame = frame_device_take(peer->far)) != NULL) {
        bool whole = frame->gso_size == 0;

        require(!whole || frame->length <= peer->far->device.mtu + 14);
        if (read_be16(frame->data + 12) == 0x0806)
            continue;
        require(whole || (peer->far->device.capabilities & BARO_DEVICE_TSO) != 0);
        /* What stands behind the IP header is the hosts' business, and may be anything. */
        require(frame->length >= 34 && frame->data[14] >> 4 == (read_be16(frame->data + 12) == 0x86dd ? 6 : 4));
        if (frame->data[14] >> 4 == 6) {
            require(frame->length >= 54 && frame->length == 54U + read_be16(frame->data + 18));
            require(frame->data[21] != 0);
        } else {
            baro_packet_parse_frame(&packet, (struct baro_bytes){ frame->data, frame->length });
            require(packet.ip_checksum_right && frame->length == 14U + read_be16(frame->data + 16));
            require(frame->data[22] != 0);
        }
    }
}

void peer_listen(struct peer *peer)
{
    const struct device_frame *frame;
    struct baro_packet packet;

    listen_far(peer);

    while ((frame = frame_device_take(peer->device)) != NULL) {
        enum baro_drop_reason reason;

        require(!peer->checked || frame->length <= peer->mtu + 14);
        reason = baro_packet_parse_frame(&packet, (struct baro_bytes){ frame->data, frame->length });
        if (reason == BARO_DROP_ETHERNET_TYPE_UNKNOWN)
            continue; /* ARP */
        require(reason == BARO_DROP_NONE && packet.ip_checksum_right);
        if (peer->checked && packet.layer != BARO_PACKET_OTHER && !packet.more_fragments)
            require(packet.transport_checksum_right);
        peer->last_length = frame->length - 14 < sizeof peer->last ? frame->length - 14 : sizeof peer->last;
        memcpy(peer->last, frame->data + 14, peer->last_length);
        if (packet.layer == BARO_PACKET_TCP)
            hear_tcp(peer, &packet);
    }
}

/* ---- what the peer says ---- */

static struct baro_address here(const struct peer *peer, uint8_t host)
{
    return peer->v6 ? baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, host) : baro_ipv4(10, 0, 0, host);
}

static void say(struct peer *peer, struct baro_packet *packet)
{
    uint8_t octets[4096];
    ptrdiff_t length;

    packet->destination_mac = (struct baro_mac){ { 2, 0, 0, 0, 0, 1 } };
    packet->source_mac = (struct baro_mac){ { 2, 0, 0, 0, 0, 2 } };
    packet->vlan = -1;
    if (packet->source.family == BARO_FAMILY_NONE)
        packet->source = here(peer, 2);
    if (packet->destination.family == BARO_FAMILY_NONE)
        packet->destination = packet->source.family == BARO_FAMILY_IPV6 ? baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1)
                                                                        : baro_ipv4(10, 0, 0, 1);
    length = baro_packet_build_frame(packet, (struct baro_buffer){ octets, sizeof octets });
    require(length > 0);
    frame_device_put(peer->device, octets, (uint32_t)length);
}

/* A distance around an honest number: near ones often, far ones too. */
static uint32_t distance(struct script *script, uint8_t choice)
{
    switch (choice & 3) {
    case 0: return 0;
    case 1: return (uint32_t)(int8_t)script_u8(script);
    case 2: return (uint32_t)(int16_t)script_u16(script);
    default: return (uint32_t)script_u16(script) << 16 | script_u16(script);
    }
}

static unsigned options_of(struct peer *peer, struct script *script, const struct talk *talk, uint8_t choice,
                           uint8_t to[TCP_OPTIONS_LIMIT])
{
    struct tcp_options options = { .has_mss = (choice & 1) != 0, .has_scale = (choice & 2) != 0,
                                   .has_timestamps = (choice & 4) != 0, .sack_permitted = (choice & 8) != 0,
                                   .ts_value = (uint32_t)(peer->now.ns / 1000000), .ts_echo = talk->ts_echo };
    struct baro_bytes raw;

    if ((choice & 16) != 0) {
        memset(to, 0, TCP_OPTIONS_LIMIT);
        raw = script_bytes(script, script_u8(script) % (TCP_OPTIONS_LIMIT + 1U));
        memcpy(to, raw.data, raw.length);
        return (unsigned)(raw.length + 3) & ~3U;
    }
    if (options.has_mss)
        options.mss = script_u16(script);
    if (options.has_scale)
        options.scale = script_u8(script) & 15;
    if ((choice & 32) != 0)
        options.ts_value += (uint32_t)(int8_t)script_u8(script);
    if ((choice & 64) != 0)
        options.ts_echo += (uint32_t)(int8_t)script_u8(script);
    return tcp_options_write(&options, to);
}

void peer_segment(struct peer *peer, struct script *script)
{
    uint8_t which = script_u8(script), numbers = script_u8(script), options_choice;
    struct talk *talk = &peer->talk[which % PEER_TALKS];
    uint8_t options[TCP_OPTIONS_LIMIT], data[2048];
    struct baro_packet packet = { .layer = BARO_PACKET_TCP, .protocol = 6, .dont_fragment = true };

    if (!talk->known) /* someone new calls the listener */
        *talk = (struct talk){ .remote = here(peer, 2), .stack_port = 80, .known = true,
                               .peer_port = (uint16_t)(40000 + which % PEER_TALKS), .seq = 0xffffff00U };
    packet.source = talk->remote;
    packet.source_port.number = talk->peer_port;
    packet.destination_port.number = talk->stack_port;
    packet.flags = script_u8(script);
    packet.seq = talk->seq + distance(script, numbers);
    packet.ack = talk->ack + distance(script, numbers >> 2);
    packet.window = (numbers & 16) != 0 ? script_u16(script) : 0xffff;
    packet.urgent = (numbers & 32) != 0 ? script_u8(script) : 0;
    packet.payload = (struct baro_bytes){ data, (numbers & 64) != 0 ? script_u16(script) % 1461U : which >> 3 };
    packet.tos = (numbers & 128) != 0 ? script_u8(script) : 0;
    for (size_t i = 0; i < packet.payload.length; i++)
        data[i] = (uint8_t)(packet.seq + i);
    options_choice = script_u8(script);
    packet.tcp_options = (struct baro_bytes){ options, options_of(peer, script, talk, options_choice, options) };
    say(peer, &packet);
}

void peer_honest(struct peer *peer, unsigned which, uint8_t flags, uint16_t length)
{
    static const uint8_t data[1460];
    struct talk *talk = &peer->talk[which % PEER_TALKS];
    struct tcp_options options = { .has_mss = true, .mss = 1460, .has_scale = true, .scale = 2,
                                   .has_timestamps = (which & 1) != 0, .ts_echo = talk->ts_echo,
                                   .ts_value = (uint32_t)(peer->now.ns / 1000000) };
    uint8_t octets[TCP_OPTIONS_LIMIT];
    struct baro_packet packet = { .layer = BARO_PACKET_TCP, .protocol = 6, .flags = flags, .window = 8000 };

    if ((flags & BARO_TCP_SYN) == 0)
        options.has_mss = options.has_scale = false;
    else if (!talk->known) /* someone new calls the listener */
        *talk = (struct talk){ .remote = here(peer, 2), .stack_port = 80, .known = true,
                               .peer_port = (uint16_t)(40000 + which % PEER_TALKS), .seq = 0xffffff00U };
    packet.source = talk->remote;
    packet.source_port.number = talk->peer_port;
    packet.destination_port.number = talk->stack_port;
    packet.seq = talk->seq;
    packet.ack = (flags & BARO_TCP_ACK) != 0 ? talk->ack : 0;
    packet.payload = (struct baro_bytes){ data, length % (sizeof data + 1) };
    packet.tcp_options = (struct baro_bytes){ octets, tcp_options_write(&options, octets) };
    if (talk->known)
        say(peer, &packet);
}

void peer_datagram(struct peer *peer, struct script *script)
{
    struct baro_packet packet = { .layer = BARO_PACKET_UDP, .protocol = 17, .source_port = { 5353 } };

    packet.destination_port.number = (script_u8(script) & 1) != 0 ? 80 : script_u16(script);
    packet.payload = script_bytes(script, script_u8(script));
    say(peer, &packet);
}

void peer_icmp_error(struct peer *peer, struct script *script)
{
    static const uint8_t types[2][8] = { { 3, 3, 3, 4, 8, 11, 12, 0 }, { 1, 1, 1, 2, 128, 3, 4, 129 } };
    const uint8_t *type = types[peer->v6];
    struct baro_packet packet = { .layer = BARO_PACKET_ICMP };
    uint8_t choice;

    choice = script_u8(script);
    packet.icmp_type = (choice & 0x40) != 0 ? script_u8(script) : type[choice & 7];
    packet.icmp_code = (choice & 0x20) != 0 ? script_u8(script) : choice >> 3 & 3;
    packet.icmp_code += packet.icmp_type == type[0]; /* host, protocol, port, fragmentation needed */
    packet.icmp_rest = script_u16(script);
    packet.payload = (struct baro_bytes){ peer->last, peer->last_length };
    if ((choice & 0x80) != 0 && packet.payload.length > 28)
        packet.payload.length = 28;
    if (packet.icmp_type == type[7] || packet.icmp_type == type[4])
        packet.payload = script_bytes(script, script_u8(script));
    say(peer, &packet);
}

/* The checksum of what stands behind the IPv6 header, if it is one that has any. */
static void right_v6(uint8_t *frame, uint32_t length)
{
    uint32_t octets = read_be16(frame + 18);
    unsigned at = frame[20] == 58 ? 2 : frame[20] == 17 ? 6 : frame[20] == 6 ? 16 : 0;

    frame[14] = (uint8_t)(0x60 | (frame[14] & 15));
    if (at == 0 || octets > length - 54 || at + 2 > octets)
        return;
    write_be16(frame + 54 + at, 0);
    write_be16(frame + 54 + at, checksum_fold(checksum_add(
                                    checksum_pseudo(read_ipv6(frame + 22), read_ipv6(frame + 38), frame[20], octets),
                                    frame + 54, octets)));
}

static void right(uint8_t *frame, uint32_t length)
{
    static const uint8_t front[13] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8 };
    unsigned header;

    if (length >= 54 && frame[13] == 0xdd) {
        memcpy(frame, front, 12);
        frame[12] = 0x86;
        if (frame[38] == 0xff) /* to a group */
            memcpy(frame, (const uint8_t[]){ 0x33, 0x33, frame[50], frame[51], frame[52], frame[53] }, 6);
        right_v6(frame, length);
        return;
    }

    if (length < 34)
        return;
    memcpy(frame, front, sizeof front);
    if (frame[13] != 6)
        frame[13] = 0;
    header = (frame[14] & 15U) * 4;
    if (frame[13] != 0 || header < 20 || 14 + header > length)
        return;
    write_be16(frame + 24, 0);
    write_be16(frame + 24, checksum_fold(checksum_add(0, frame + 14, header)));
}

void peer_frame(struct peer *peer, struct script *script, bool make_right)
{
    struct baro_bytes bytes = script_bytes(script, script_u16(script));
    uint8_t *frame = malloc(bytes.length + (bytes.length == 0));

    require(frame != NULL);
    memcpy(frame, bytes.data, bytes.length);
    if (make_right)
        right(frame, (uint32_t)bytes.length);
    frame_device_put(peer->device, frame, (uint32_t)bytes.length);
    free(frame);
}

void peer_crossing(struct peer *peer, struct script *script)
{
    static const uint8_t chain_next[4] = { 0, 43, 44, 60 };
    uint8_t choice = script_u8(script), shape = script_u8(script), data[3000], chain[24], octets[4096];
    bool v6 = (choice & 1) != 0;
    struct baro_packet packet = { .vlan = -1,
                                  .destination_mac = { { 2, 0, 0, 0, 0, 1 } },
                                  .source_mac = { { 2, 0, 0, 0, 0, 2 } },
                                  .layer = (enum baro_packet_layer)(choice >> 1 & 3),
                                  .dont_fragment = (choice & 8) != 0,
                                  .more_fragments = (shape & 7) == 7,
                                  .ttl = script_u8(script),
                                  .tos = shape,
                                  .id = shape,
                                  .icmp_type = shape >> 3,
                                  .flags = BARO_TCP_ACK };
    uint8_t host = (choice & 16) != 0 ? script_u8(script) : 2;
    struct baro_bytes raw;
    struct device_frame *in;
    ptrdiff_t length;

    packet.source = v6 ? baro_ipv6((choice & 32) != 0 ? 0xfe80 : 0xfd00, 0, 0, 0, 0, 0, 0, 2) : baro_ipv4(10, 0, 0, 2);
    packet.destination = v6 ? baro_ipv6(0xfd02, 0, 0, 0, 0, 0, 0, host) : baro_ipv4(10, 2, 0, host);
    packet.protocol = script_u8(script);
    packet.payload = (struct baro_bytes){ data, script_u16(script) % sizeof data };
    memset(data, shape, sizeof data);
    raw = script_bytes(script, shape & 3 ? (shape & 3) * 8U : 0);
    memset(chain, 0, sizeof chain);
    memcpy(chain, raw.data, raw.length);
    if (v6)
        packet.extensions = (struct baro_bytes){ chain, (shape & 3) * 8U };
    else
        packet.ip_options = (struct baro_bytes){ chain, (shape & 3) * 8U };
    packet.next_header = chain_next[shape >> 6];
    length = baro_packet_build_frame(&packet, (struct baro_buffer){ octets, sizeof octets });
    if (length <= 0 || !frame_device_put(peer->device, octets, (uint32_t)length))
        return;
    in = &peer->device->in[(peer->device->in_first + peer->device->in_count - 1) % FRAME_DEVICE_FRAMES];
    if ((choice & 64) != 0) /* it never was on a wire */
        in->checksum = BARO_RX_CHECKSUM_VERIFIED;
    if ((choice & 128) != 0)
        in->gso_size = (uint16_t)(1 + script_u8(script) * 6);
}
