/* A gateway's stack and a guest of IPv6 that sends whatever it likes: packets with nearly right headers, their
 * checksums made right, to and from every kind of address, behind any extension headers. SYNs are held and answered by
 * every verdict, datagrams taken and refused by every verdict, and time passes.
 *
 * Octet 0 chooses: bit 0 a device with little room, bit 1 little memory. Then acts, an octet each with what it needs.
 * Besides the sanitizers: the stack's own invariants, right lengths and checksums of all it sends, nothing sent in the
 * name of a group or of ::1, an end to its work at every moment, and all memory given back. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "baro/socket.h"
#include "codec/ip_protocol.h"
#include "codec/ipv6.h"
#include "codec/ipv6_chain.h"
#include "test/support/frame_device.h"

enum { ACTS = 400, FRONT = 14 + 40, PAYLOAD = 600, ADDRESSES = 12 };

struct script {
    const uint8_t *at;
    size_t left;
};

static struct frame_device device;
static struct baro_stack *stack;
static struct baro_instant now;
static int listener, datagrams;
static size_t memory_out;

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void *take(void *context, size_t bytes)
{
    (void)context;
    memory_out += bytes;
    return calloc(1, bytes);
}

static void give_back(void *context, void *slab, size_t bytes)
{
    (void)context;
    memory_out -= bytes;
    free(slab);
}

static uint8_t next(struct script *script)
{
    if (script->left == 0)
        return 0;
    script->left--;
    return *script->at++;
}

/* The guest, the gateway, the outside, and what no packet may come from or go to. */
static struct baro_address address(unsigned which)
{
    static const uint16_t words[ADDRESSES][3] = { { 0xfd00, 0, 2 }, { 0xfd00, 0, 1 }, { 0x2001, 0, 7 },
                                                  { 0xfe80, 0, 2 }, { 0xfe80, 0, 1 }, { 0xfe80, 0, 9 },
                                                  { 0xff02, 0, 1 }, { 0xff02, 0, 2 }, { 0, 0xffff, 0x0102 },
                                                  { 0, 0, 0 },      { 0, 0, 1 },      { 0xff0e, 0, 5 } };
    const uint16_t *word = words[which % ADDRESSES];

    return baro_ipv6(word[0], 0, 0, 0, 0, word[1], 0, word[2]);
}

/* Where the checksum of a whole transport message stands; 0: it has none. */
static uint32_t checksum_at(uint8_t protocol, uint32_t length)
{
    if (protocol == IP_PROTOCOL_TCP && length >= 20)
        return 16;
    if (protocol == IP_PROTOCOL_UDP && length >= 8)
        return 6;
    return protocol == IP_PROTOCOL_ICMPV6 && length >= 8 ? 2 : 0;
}

static void make_sum_right(uint8_t *packet, uint32_t length)
{
    struct ipv6_chain chain;
    uint32_t at;

    ipv6_chain_walk(&chain, (struct baro_bytes){ packet, length }, false);
    if (chain.reason != BARO_DROP_NONE || chain.fragment || chain.payload_at > length)
        return;
    at = checksum_at(chain.protocol, length - chain.payload_at);
    if (at == 0)
        return;
    write_be16(packet + chain.payload_at + at, 0);
    write_be16(packet + chain.payload_at + at,
               checksum_fold(checksum_add(checksum_pseudo(read_ipv6(packet + 8), read_ipv6(packet + 24), chain.protocol,
                                                          length - chain.payload_at),
                                          packet + chain.payload_at, length - chain.payload_at)));
}

/* A packet: addresses, next header and hop limit by an octet each, then its payload. */
static void send_packet(struct script *script, bool right)
{
    static const uint8_t protocols[] = { IP_PROTOCOL_TCP, IP_PROTOCOL_UDP, IP_PROTOCOL_ICMPV6, 0, 43, 44, 60, 59 };
    uint8_t frame[FRONT + PAYLOAD] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd };
    struct ipv6_header header = { .version_class_flow = ipv6_first_word(0, 0) };
    uint8_t kind = next(script), hops = next(script);
    uint32_t length = next(script) * 2U;

    header.source = address(kind & 15);
    header.destination = address(kind >> 4);
    header.next_header = protocols[hops & 7];
    header.hop_limit = (hops & 8) != 0 ? 255 : hops >> 4;
    if (length > script->left)
        length = (uint32_t)script->left;
    header.payload_length = (uint16_t)length;
    ipv6_header_write(&header, frame + 14);
    memcpy(frame + FRONT, script->at, length);
    script->at += length;
    script->left -= length;
    if (right)
        make_sum_right(frame + 14, length + 40);
    if (address_is_multicast(header.destination)) /* RFC 2464 §7 */
        memcpy(frame, (const uint8_t[]){ 0x33, 0x33, 0, 0, 0, frame[14 + 39] }, 6);
    frame_device_put(&device, frame, length + FRONT);
}

/* A right SYN or datagram of the guest's for a host outside. */
static void send_right(struct script *script, uint8_t protocol)
{
    uint8_t frame[FRONT + 20] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd };
    const struct ipv6_header header = { .version_class_flow = ipv6_first_word(0, 0), .payload_length = 20,
                                        .next_header = protocol, .hop_limit = 64, .source = address(0),
                                        .destination = address(2) };

    ipv6_header_write(&header, frame + 14);
    write_be16(frame + FRONT, (uint16_t)(0x8000 | next(script)));
    write_be16(frame + FRONT + 2, 80);
    write_be32(frame + FRONT + 4, protocol == IP_PROTOCOL_TCP ? 0x1000 : 20 << 16);
    frame[FRONT + 12] = 5 << 4;
    frame[FRONT + 13] = 2;
    make_sum_right(frame + 14, sizeof frame - 14);
    frame_device_put(&device, frame, sizeof frame);
}

/* What is told of SYNs and datagrams that wait. */
static void answer(struct script *script)
{
    enum baro_hold_verdict verdict = (enum baro_hold_verdict)(next(script) % 6);
    uint8_t octets[16];
    struct baro_buffer piece = { octets, sizeof octets };
    struct baro_message message = { .buffer = &piece, .buffers = 1 };
    struct baro_held held;

    if (baro_hold_next(stack, listener, &held) == 0)
        require(baro_hold_answer(stack, held.id, verdict) == 0);
    if (baro_recvmsg(stack, datagrams, &message, 0) >= 0)
        baro_refuse_datagram(stack, message.peer, message.local, verdict);
    baro_close(stack, baro_accept(stack, listener, NULL));
}

static void look_at_sent(void)
{
    const struct device_frame *frame;

    while ((frame = frame_device_take(&device)) != NULL) {
        const uint8_t *packet = frame->data + 14;
        struct ipv6_chain chain;
        uint32_t length;

        require(frame->length >= FRONT && read_be16(frame->data + 12) == 0x86dd && packet[0] >> 4 == 6);
        length = read_be16(packet + 4);
        require(frame->length == length + FRONT && length + 40 <= 1500);
        require(!address_is_multicast(read_ipv6(packet + 8)) && !address_is_loopback(read_ipv6(packet + 8)));
        ipv6_chain_walk(&chain, (struct baro_bytes){ packet, length + 40 }, false);
        require(chain.reason == BARO_DROP_NONE);
        if (chain.fragment || checksum_at(chain.protocol, length + 40 - chain.payload_at) == 0)
            continue;
        require(checksum_fold(checksum_add(checksum_pseudo(read_ipv6(packet + 8), read_ipv6(packet + 24),
                                                           chain.protocol, length + 40 - chain.payload_at),
                                           packet + chain.payload_at, length + 40 - chain.payload_at)) == 0);
    }
}

static void settle(void)
{
    struct baro_instant deadline;
    unsigned rounds = 0;

    do {
        baro_stack_poll(stack, now);
        baro_stack_check_invariants(stack);
        look_at_sent();
        require(rounds++ < 1000);
    } while (device.in_count != 0 ||
             (device.room != 0 && baro_stack_next_deadline(stack, &deadline) && deadline.ns <= now.ns));
}

static int catch_all(enum baro_socket_type type)
{
    const struct baro_endpoint any = { .address = { .family = BARO_FAMILY_IPV6 } };
    int fd = baro_socket(stack, BARO_FAMILY_IPV6, type), one = 1;

    require(baro_setsockopt(stack, fd, BARO_IPV6_ONLY, &one, sizeof one) == 0);
    require(baro_setsockopt(stack, fd, BARO_SO_TRANSPARENT, &one, sizeof one) == 0);
    if (type == BARO_STREAM)
        require(baro_setsockopt(stack, fd, BARO_SO_HOLD_SYN, &one, sizeof one) == 0);
    require(baro_bind(stack, fd, &any) == 0);
    require(type != BARO_STREAM || baro_listen(stack, fd, 16) == 0);
    return fd;
}

static void build(uint8_t choice)
{
    const struct baro_stack_config config = { .memory = { NULL, take, give_back }, .descriptor_limit = 64,
                                              .memory_limit = (choice & 2) != 0 ? 65536 : 1 << 20,
                                              .forward_any_destination = true };
    const struct baro_advertise_config says = { .lifetime_s = 1800,
                                                .managed = true,
                                                .other = true,
                                                .prefix = { { baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 0), 64, true, true,
                                                              86400, 14400 } },
                                                .prefixes = 1,
                                                .dns_server = { address(1) },
                                                .dns_servers = 1 };
    const struct baro_mac guest = { { 2, 0, 0, 0, 0, 2 } };

    frame_device_init(&device, 1, 1500);
    device.device.capabilities = 0;
    now = (struct baro_instant){ 0 };
    memory_out = 0;
    stack = baro_stack_create(&config);
    require(stack != NULL && baro_stack_add_interface(stack, &device.device) == 1);
    require(baro_stack_add_address(stack, 1, address(1), 64, false) == 0);
    require(baro_stack_add_address(stack, 1, address(4), 64, false) == 0);
    require(baro_stack_advertise(stack, 1, &says) == 0);
    require(baro_stack_set_neighbour(stack, 1, address(0), guest) == 0);
    listener = catch_all(BARO_STREAM);
    datagrams = catch_all(BARO_DATAGRAM);
    settle();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct script script = { data, size };
    uint8_t choice = next(&script);

    build(choice);
    for (unsigned i = 0; i < ACTS && script.left != 0; i++) {
        uint8_t what = next(&script);

        if ((choice & 1) != 0)
            device.room = what >> 4;
        switch (what & 7) {
        case 0: case 1: case 2: send_packet(&script, true); break;
        case 3: send_packet(&script, false); break;
        case 4: send_right(&script, IP_PROTOCOL_TCP); break;
        case 5: send_right(&script, IP_PROTOCOL_UDP); break;
        case 6: answer(&script); break;
        default: now.ns += (int64_t)next(&script) * 50000000; break;
        }
        if ((what & 8) == 0 || device.in_count > 60)
            settle();
    }
    device.room = UINT32_MAX;
    settle();
    baro_stack_free(stack);
    require(memory_out == 0);
    frame_device_release(&device);
    return 0;
}
