/* Any fragments in any order at any times, against a model that is as simple as can be: a flag and an octet for
 * every place. What comes whole is what was sent; what conflicts never does; what the model calls whole is.
 *
 * Octet 0: bit 0 little memory (then nothing has to come whole, but what does is right). Then records of six octets:
 * datagram (4 bits, 8 and above are IPv6) with a longer header (bit 4) and "more fragments" (bit 7), place (2), length
 * (2), what is written there and the time. */
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "ip/reassembly.h"

enum { KEYS = 16, PLACES = 65536, V6_HEADERS = ipv6_header_SIZE + ipv6_fragment_header_SIZE };

struct model {
    bool live, given_up, v6;
    bool first_came;
    struct baro_instant deadline;
    uint32_t total, end, header;
    uint16_t owner[PLACES]; /* number of the fragment that wrote there, 0: none */
    uint8_t octet[PLACES];
    uint16_t fragments;
};

static struct model models[KEYS];
static struct reassembly reassembly;
static struct core core;

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void *take(void *context, size_t bytes)
{
    (void)context;
    return calloc(1, bytes);
}

static void give_back(void *context, void *slab, size_t bytes)
{
    (void)context, (void)bytes;
    free(slab);
}

static void begin(bool little)
{
    static const uint8_t seed[32] = { 1 };

    for (unsigned i = 0; i < KEYS; i++)
        models[i].live = false;
    memset(&core, 0, sizeof core);
    core.slabs = (struct slabs){ .memory = { NULL, take, give_back }, .limit = little ? 16384 : 4 << 20 };
    random_init(&core.random, seed);
    wheel_init(&core.wheel, core.now);
    reassembly_init(&reassembly, &core);
}

static void pass(int64_t ns)
{
    struct wheel_timer *timer;
    struct ip_packet packet;
    unsigned live = 0;

    core.now.ns += ns;
    while ((timer = wheel_expired(&core.wheel, core.now)) != NULL)
        if (reassembly_timer(&reassembly, timer, &packet)) {
            require(packet.whole.length >= packet.payload.length + 20);
            reassembly_returned(&reassembly);
        }
    for (unsigned i = 0; i < KEYS; i++) {
        models[i].live = models[i].live && models[i].deadline.ns > core.now.ns;
        live += models[i].live;
    }
    require(reassembly.datagrams.used <= live);
}

/* The model's answer to a fragment. */
static enum baro_drop_reason judge(struct model *model, uint32_t offset, struct baro_bytes bytes, bool more,
                                   uint32_t header)
{
    uint32_t end = offset + (uint32_t)bytes.length, held = 0;
    uint16_t owner = model->owner[offset];
    bool same;

    if (model->given_up)
        return BARO_DROP_FRAGMENT_OVERLAP;
    if ((offset == 0 ? header : model->first_came ? model->header : model->v6 ? 0 : 20) + end > UINT16_MAX ||
        (offset == 0 && header + model->end > UINT16_MAX))
        return BARO_DROP_FRAGMENT_TOO_LONG;
    if (model->total != 0 && (end > model->total || (!more && end != model->total)))
        return BARO_DROP_FRAGMENT_OVERLAP;
    if (!more && model->end > end)
        return BARO_DROP_FRAGMENT_OVERLAP;
    for (uint32_t i = offset; i < end; i++)
        held += model->owner[i] != 0;
    if (held == 0)
        return BARO_DROP_NONE;
    same = held == bytes.length && memcmp(model->octet + offset, bytes.data, bytes.length) == 0;
    for (uint32_t i = offset; same && i < end; i++)
        same = model->owner[i] == owner;
    same = same && (offset == 0 || model->owner[offset - 1] != owner) && model->owner[end] != owner;
    same = same && (more || model->total == end) && (!more || model->total != end || end == model->total);
    return same ? BARO_DROP_FRAGMENT_DUPLICATE : BARO_DROP_FRAGMENT_OVERLAP;
}

static void remember(struct model *model, uint32_t offset, struct baro_bytes bytes, bool more, uint32_t header)
{
    uint32_t end = offset + (uint32_t)bytes.length;

    model->fragments++;
    for (uint32_t i = offset; i < end; i++)
        model->owner[i] = model->fragments;
    memcpy(model->octet + offset, bytes.data, bytes.length);
    if (end > model->end)
        model->end = end;
    if (!more)
        model->total = end;
    if (offset == 0) {
        model->first_came = true;
        model->header = header;
    }
}

static bool is_whole(const struct model *model)
{
    for (uint32_t i = 0; i < model->total; i++)
        if (model->owner[i] == 0)
            return false;
    return model->total != 0;
}

/* The header in front of a fragment's data, as long as `packet` says. */
static struct fragment build(uint8_t *octets, struct ip_packet *packet, unsigned key, uint32_t offset, bool more)
{
    unsigned header_length = (unsigned)(packet->payload.data - packet->whole.data);
    struct ipv6_header header = { .next_header = IP_PROTOCOL_FRAGMENT, .version_class_flow = ipv6_first_word(0, 0),
                                  .payload_length = (uint16_t)(packet->whole.length - ipv6_header_SIZE) };
    const struct ipv6_fragment_header cut = { .next_header = 17, .id = key,
                                              .offset_more = (uint16_t)(offset | more) };
    struct ipv4_header v4 = { .version_length = (uint8_t)(0x40 | header_length / 4), .id = (uint16_t)key,
                              .source = baro_ipv4(10, 0, 0, (uint8_t)(key / 2)), .protocol = 17,
                              .destination = baro_ipv4(10, 0, 1, 1), .ttl = 9,
                              .flags_offset = (uint16_t)(offset / 8 | (more ? IPV4_MORE_FRAGMENTS : 0)) };
    struct ipv6_chain chain;

    if (key < KEYS / 2) {
        packet->source = v4.source;
        packet->destination = v4.destination;
        ipv4_header_write(&v4, octets);
        memset(octets + 20, 1, header_length - 20);
        return fragment_of_ipv4(&v4);
    }
    packet->source = header.source = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, (uint16_t)(key / 2));
    packet->destination = header.destination = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 1, 1);
    if (header_length > V6_HEADERS) {
        header.next_header = IP_PROTOCOL_DESTINATION;
        memset(octets + ipv6_header_SIZE, 0, 8);
        octets[ipv6_header_SIZE] = IP_PROTOCOL_FRAGMENT;
    }
    ipv6_header_write(&header, octets);
    ipv6_fragment_header_write(&cut, octets + header_length - ipv6_fragment_header_SIZE);
    ipv6_chain_walk(&chain, packet->whole, false);
    require(chain.fragment || (offset == 0 && !more));
    if (!chain.fragment) { /* an atomic one does not come here: it is taken as a cut with nothing behind it */
        chain.fragment_at = (uint16_t)(header_length - ipv6_fragment_header_SIZE);
        chain.fragment_said_at = header_length > V6_HEADERS ? ipv6_header_SIZE : 6;
    }
    return fragment_of_ipv6(&chain, packet->whole);
}

/* IPv6: the header reads as if nothing had been cut, and another walk finds what was inside. */
static void mended(const struct ip_packet *packet)
{
    struct ipv6_chain chain;

    require(read_be16(packet->whole.data + 4) + (size_t)ipv6_header_SIZE == packet->whole.length);
    ipv6_chain_walk(&chain, packet->whole, true);
    require(chain.reason == BARO_DROP_NONE && chain.protocol == 17);
    require(packet->whole.data + chain.payload_at == packet->payload.data);
}

static void compare(const struct model *model, const struct ip_packet *packet, bool little)
{
    if (!little)
        require(packet->payload.length == model->total &&
                memcmp(packet->payload.data, model->octet, model->total) == 0);
    require(packet->whole.length == packet->payload.length + (size_t)(packet->payload.data - packet->whole.data));
    if (model->v6)
        mended(packet);
}

static void fragment(const uint8_t record[6], bool little)
{
    unsigned key = record[0] & (KEYS - 1);
    bool v6 = key >= KEYS / 2, more = (record[0] & 0x80) != 0;
    unsigned header_length = (v6 ? V6_HEADERS : 20U) + (record[0] >> 4 & 1) * 8;
    unsigned counted = v6 ? header_length - V6_HEADERS : header_length;
    uint32_t offset = (read_be16(record + 1) & (unsigned)IPV4_OFFSET_MASK) * 8;
    uint32_t length = read_be16(record + 3) & 0x7ff;
    struct model *model = &models[key];
    uint8_t *octets = malloc(header_length + length);
    struct ip_packet packet = { .protocol = 17, .whole = { octets, header_length + length },
                                .payload = { octets + header_length, length } };
    enum baro_drop_reason reason = BARO_DROP_NONE, expected = BARO_DROP_FRAGMENT_MALFORMED;
    bool whole, valid = length != 0 && (!more || length % 8 == 0);
    struct fragment cut;

    require(octets != NULL);
    for (uint32_t i = 0; i < length; i++)
        octets[header_length + i] = (uint8_t)((offset + i) * 31 + (record[5] >> 6 == 3));
    cut = build(octets, &packet, key, offset, more);
    if (valid && !model->live) {
        memset(model, 0, sizeof *model);
        model->live = true;
        model->v6 = v6;
        model->deadline = instant_add(core.now, duration_s(v6 ? REASSEMBLY_TIMEOUT_V6_S : REASSEMBLY_TIMEOUT_S));
    }
    if (valid)
        expected = offset + length >= PLACES ? BARO_DROP_FRAGMENT_TOO_LONG
                                             : judge(model, offset, packet.payload, more, counted);
    if (model->live && model->given_up && valid)
        expected = BARO_DROP_FRAGMENT_OVERLAP;
    whole = reassembly_take(&reassembly, &cut, &packet, &reason);
    require(little || whole || reason == expected);
    if (expected == BARO_DROP_NONE && (whole || reason == BARO_DROP_NONE))
        remember(model, offset, (struct baro_bytes){ octets + header_length, length }, more, counted);
    if (expected == BARO_DROP_FRAGMENT_OVERLAP || expected == BARO_DROP_FRAGMENT_TOO_LONG)
        model->given_up = true;
    if (!little)
        require(whole == (expected == BARO_DROP_NONE && is_whole(model)));
    if (whole) {
        compare(model, &packet, little);
        reassembly_returned(&reassembly);
        model->live = false;
    }
    free(octets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool little = size != 0 && (data[0] & 1) != 0;

    begin(little);
    for (size_t at = 1; at + 6 <= size && at < 6 * 400; at += 6) {
        fragment(data + at, little);
        reassembly_check_invariants(&reassembly);
        pass((int64_t)(data[at + 5] & 0x3f) * (data[at + 5] & 0x3f) * 1000000);
    }
    reassembly_release(&reassembly);
    require(core.slabs.taken == 0 && core.slabs.charged == 0);
    return 0;
}
