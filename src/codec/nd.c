/* codec/nd.c: see nd.h. The rules of a message and the bodies; options are read and written in nd_options.c. */
#include "codec/nd.h"

#include "codec/nd_options.h"

enum {
    HEAD = 4, /* type, code, checksum */
    FLAG_ROUTER = 0x80,
    FLAG_SOLICITED = 0x40,
    FLAG_OVERRIDE = 0x20,
    FLAG_MANAGED = 0x80,
    FLAG_OTHER = 0x40,
    PREFERENCE_SHIFT = 3,
    PREFERENCE_RESERVED = 2
};

/* Octets in front of the options; 0 for what is none of the five. */
static size_t body_end(uint8_t type)
{
    switch (type) {
    case ICMPV6_ROUTER_SOLICITATION:
        return 8;
    case ICMPV6_ROUTER_ADVERTISEMENT:
        return HEAD + nd_advertisement_SIZE;
    case ICMPV6_NEIGHBOUR_SOLICITATION:
    case ICMPV6_NEIGHBOUR_ADVERTISEMENT:
        return 24;
    case ICMPV6_REDIRECT:
        return 40;
    default:
        return 0;
    }
}

static bool is_solicited_node(struct baro_address address)
{
    const struct baro_address group = address_solicited_node(address, address.zone);

    return address_equal(group, address);
}

/* §6.1.1, §7.1.1: who has no address yet has nothing that could be answered to at a MAC address. */
static enum baro_drop_reason check_nameless(const struct nd_message *message, const struct nd_arrival *arrival)
{
    if (!address_is_unspecified(arrival->source))
        return BARO_DROP_NONE;
    if (message->has_source_mac)
        return BARO_DROP_ND_BAD_SOURCE;
    if (message->type == ICMPV6_NEIGHBOUR_SOLICITATION && !is_solicited_node(arrival->destination))
        return BARO_DROP_ND_BAD_SOURCE;
    return BARO_DROP_NONE;
}

static enum baro_drop_reason check(const struct nd_message *message, const struct nd_arrival *arrival)
{
    switch (message->type) {
    case ICMPV6_ROUTER_SOLICITATION:
        return check_nameless(message, arrival);
    case ICMPV6_ROUTER_ADVERTISEMENT:
        return address_is_link_local(arrival->source) ? BARO_DROP_NONE : BARO_DROP_ND_BAD_SOURCE;
    case ICMPV6_NEIGHBOUR_SOLICITATION:
        if (address_is_multicast(message->target) || address_is_unspecified(message->target))
            return BARO_DROP_ND_BAD_ADDRESS;
        return check_nameless(message, arrival);
    case ICMPV6_NEIGHBOUR_ADVERTISEMENT:
        if (address_is_multicast(message->target) || address_is_unspecified(message->target))
            return BARO_DROP_ND_BAD_ADDRESS;
        if (message->solicited && address_is_multicast(arrival->destination))
            return BARO_DROP_ND_BAD_ADDRESS;
        return address_is_unspecified(arrival->source) ? BARO_DROP_ND_BAD_SOURCE : BARO_DROP_NONE;
    default:
        if (!address_is_link_local(arrival->source))
            return BARO_DROP_ND_BAD_SOURCE;
        if (address_is_multicast(message->destination) || address_is_unspecified(message->destination))
            return BARO_DROP_ND_BAD_ADDRESS;
        if (!address_is_link_local(message->target) && !address_equal(message->target, message->destination))
            return BARO_DROP_ND_BAD_ADDRESS;
        return BARO_DROP_NONE;
    }
}

static void read_body(struct nd_message *message, int interface, const uint8_t *at)
{
    struct nd_advertisement body;
    unsigned preference;

    if (message->type == ICMPV6_ROUTER_SOLICITATION)
        return;
    if (message->type != ICMPV6_ROUTER_ADVERTISEMENT) {
        message->target = address_in_zone(read_ipv6(at + 8), interface);
        if (message->type == ICMPV6_REDIRECT)
            message->destination = address_in_zone(read_ipv6(at + 24), interface);
        if (message->type == ICMPV6_NEIGHBOUR_ADVERTISEMENT) {
            message->router = (at[4] & FLAG_ROUTER) != 0;
            message->solicited = (at[4] & FLAG_SOLICITED) != 0;
            message->override = (at[4] & FLAG_OVERRIDE) != 0;
        }
        return;
    }
    nd_advertisement_read(&body, at + HEAD);
    preference = (unsigned)body.flags >> PREFERENCE_SHIFT & 3;
    message->managed = (body.flags & FLAG_MANAGED) != 0;
    message->other = (body.flags & FLAG_OTHER) != 0;
    message->hop_limit = body.hop_limit;
    message->lifetime_s = body.lifetime_s;
    message->reachable_ms = body.reachable_ms;
    message->retransmit_ms = body.retransmit_ms;
    /* RFC 4191 §2.2: the reserved value, and any of a router that is no default router, count as medium. */
    if (preference != PREFERENCE_RESERVED && body.lifetime_s != 0)
        message->preference = (enum nd_preference)preference;
}

enum baro_drop_reason nd_read(struct nd_message *message, const struct nd_arrival *arrival, struct baro_bytes octets)
{
    size_t end;

    memset(message, 0, sizeof *message);
    if (arrival->fragmented)
        return BARO_DROP_ND_FRAGMENTED;
    if (arrival->hop_limit != ND_HOP_LIMIT)
        return BARO_DROP_ND_HOP_LIMIT;
    if (octets.length < HEAD)
        return BARO_DROP_ND_MALFORMED;
    message->type = octets.data[0];
    end = body_end(message->type);
    if (end == 0 || octets.length < end || octets.data[1] != 0)
        return BARO_DROP_ND_MALFORMED;
    read_body(message, arrival->interface, octets.data);
    if (!nd_options_read(message, arrival->interface,
                         (struct baro_bytes){ octets.data + end, octets.length - end }))
        return BARO_DROP_ND_MALFORMED;
    return check(message, arrival);
}

static void write_body(const struct nd_message *message, uint8_t *to)
{
    const struct nd_advertisement body = {
        .hop_limit = message->hop_limit,
        .flags = (uint8_t)((message->managed ? FLAG_MANAGED : 0) | (message->other ? FLAG_OTHER : 0) |
                           (message->lifetime_s != 0 ? (unsigned)message->preference << PREFERENCE_SHIFT : 0)),
        .lifetime_s = message->lifetime_s,
        .reachable_ms = message->reachable_ms,
        .retransmit_ms = message->retransmit_ms
    };

    to[0] = message->type;
    switch (message->type) {
    case ICMPV6_ROUTER_SOLICITATION:
        break;
    case ICMPV6_ROUTER_ADVERTISEMENT:
        nd_advertisement_write(&body, to + HEAD);
        break;
    case ICMPV6_NEIGHBOUR_ADVERTISEMENT:
        to[4] = (uint8_t)((message->router ? FLAG_ROUTER : 0) | (message->solicited ? FLAG_SOLICITED : 0) |
                          (message->override ? FLAG_OVERRIDE : 0));
        write_ipv6(to + 8, message->target);
        break;
    case ICMPV6_REDIRECT:
        write_ipv6(to + 24, message->destination);
        write_ipv6(to + 8, message->target);
        break;
    default:
        write_ipv6(to + 8, message->target);
        break;
    }
}

size_t nd_write(const struct nd_message *message, uint8_t *to, size_t room)
{
    size_t end = body_end(message->type), options;

    if (end == 0 || end > room)
        return 0;
    memset(to, 0, end);
    write_body(message, to);
    if (!nd_options_write(message, to + end, room - end, &options))
        return 0;
    return end + options;
}
