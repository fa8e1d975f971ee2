/* codec/ipv6_chain.c: see ipv6_chain.h. Each header is bounded by the packet before it is looked into, each
 * option by its header. */
#include "codec/ipv6_chain.h"

#include "codec/icmpv6.h"

enum {
    ROUTING_TYPE_AT = 2,
    SEGMENTS_LEFT_AT = 3,
    OPTIONS_AT = 2,
    TCP_LEAST = 20,
    UDP_LEAST = 8,
    ICMPV6_LEAST = 8
};

static bool stop(struct ipv6_chain *chain, enum baro_drop_reason reason)
{
    chain->reason = reason;
    return false;
}

static bool problem(struct ipv6_chain *chain, enum baro_drop_reason reason, enum ipv6_answer answer,
                    enum icmpv6_parameter_code code, size_t pointer)
{
    chain->answer = answer;
    chain->code = (uint8_t)code;
    chain->pointer = (uint16_t)pointer;
    return stop(chain, reason);
}

/* An option that we do not know: its two highest bits say what to do (RFC 8200 §4.2). */
static bool unknown_option(struct ipv6_chain *chain, uint8_t type, size_t at)
{
    static const enum ipv6_answer answer[] = { IPV6_ANSWER_NONE, IPV6_ANSWER_NONE,
                                               IPV6_ANSWER_PROBLEM_EVEN_GROUP,
                                               IPV6_ANSWER_PROBLEM_UNLESS_GROUP };

    if (type >> 6 == 0)
        return true;
    if (type >> 6 == 1)
        return stop(chain, BARO_DROP_IPV6_UNKNOWN_OPTION);
    return problem(chain, BARO_DROP_IPV6_UNKNOWN_OPTION, answer[type >> 6], ICMPV6_UNKNOWN_OPTION, at);
}

/* The options in [at, end). */
static bool options(struct ipv6_chain *chain, const uint8_t *octets, size_t at, size_t end, bool hop_by_hop)
{
    unsigned padding = 0, others = 0;

    while (at < end) {
        uint8_t type = octets[at];
        size_t length = 1;

        if (type != IPV6_OPTION_PAD1) {
            if (end - at < 2 || (size_t)octets[at + 1] + 2 > end - at)
                return stop(chain, BARO_DROP_IP_BAD_OPTION);
            length = (size_t)octets[at + 1] + 2;
        }
        if (type == IPV6_OPTION_PAD1 || type == IPV6_OPTION_PADN) {
            padding += (unsigned)length;
            if (padding > IPV6_CHAIN_PADDING)
                return stop(chain, BARO_DROP_IPV6_CHAIN_TOO_LONG);
        } else {
            padding = 0;
            if (++others > IPV6_CHAIN_OPTIONS)
                return stop(chain, BARO_DROP_IPV6_CHAIN_TOO_LONG);
            if (type == IPV6_OPTION_ROUTER_ALERT && hop_by_hop)
                chain->router_alert = length == 4;
            else if (!unknown_option(chain, type, at))
                return false;
        }
        at += length;
    }
    return true;
}

/* A routing header: none of its types is followed here, so one with segments left ends the packet's way (RFC
 * 8200 §4.4; type 0: RFC 5095 §3). */
static bool routing(struct ipv6_chain *chain, const uint8_t *octets, size_t at)
{
    if (octets[at + SEGMENTS_LEFT_AT] == 0)
        return true;
    return problem(chain, BARO_DROP_IPV6_ROUTING_HEADER, IPV6_ANSWER_PROBLEM, ICMPV6_BAD_FIELD,
                   at + ROUTING_TYPE_AT);
}

static bool is_extension(uint8_t next_header)
{
    return next_header == IP_PROTOCOL_HOP_BY_HOP || next_header == IP_PROTOCOL_ROUTING ||
           next_header == IP_PROTOCOL_FRAGMENT || next_header == IP_PROTOCOL_DESTINATION;
}

/* Octets of the extension header at `at`; 0: it runs past the packet. */
static size_t header_length(struct baro_bytes packet, size_t at, uint8_t kind)
{
    size_t length;

    if (packet.length - at < 8)
        return 0;
    length = kind == IP_PROTOCOL_FRAGMENT ? 8 : ((size_t)packet.data[at + 1] + 1) * 8;
    return length <= packet.length - at ? length : 0;
}

/* RFC 7112 §5: is the upper header in the first fragment, whole? */
static bool upper_is_there(uint8_t protocol, const uint8_t *octets, size_t length)
{
    switch (protocol) {
    case IP_PROTOCOL_TCP:
        return length >= TCP_LEAST && length >= (size_t)(octets[12] >> 4) * 4;
    case IP_PROTOCOL_UDP:
        return length >= UDP_LEAST;
    case IP_PROTOCOL_ICMPV6:
        return length >= ICMPV6_LEAST;
    case IP_PROTOCOL_NONE:
        return true;
    default:
        return length != 0;
    }
}

/* The rest of the chain in a first fragment: only its shape, what it says counts when the packet is whole. */
static bool rest_is_there(struct ipv6_chain *chain, struct baro_bytes packet)
{
    uint8_t kind = chain->protocol;
    size_t at = chain->payload_at;

    for (unsigned headers = chain->headers; is_extension(kind) && kind != IP_PROTOCOL_FRAGMENT; headers++) {
        size_t length = header_length(packet, at, kind);

        if (headers >= IPV6_CHAIN_HEADERS || at + length > IPV6_CHAIN_OCTETS)
            return stop(chain, BARO_DROP_IPV6_CHAIN_TOO_LONG);
        if (length == 0)
            return problem(chain, BARO_DROP_FRAGMENT_CHAIN, IPV6_ANSWER_PROBLEM, ICMPV6_INCOMPLETE_CHAIN, 0);
        kind = packet.data[at];
        at += length;
    }
    if (kind != IP_PROTOCOL_FRAGMENT && !upper_is_there(kind, packet.data + at, packet.length - at))
        return problem(chain, BARO_DROP_FRAGMENT_CHAIN, IPV6_ANSWER_PROBLEM, ICMPV6_INCOMPLETE_CHAIN, 0);
    return true;
}

/* A fragment header. True: it was an atomic one, the chain goes on behind it. */
static bool fragment(struct ipv6_chain *chain, struct baro_bytes packet, bool whole)
{
    struct ipv6_fragment_header header;
    size_t at = chain->payload_at;

    ipv6_fragment_header_read(&header, packet.data + at);
    if ((header.offset_more & (IPV6_OFFSET_MASK | IPV6_MORE_FRAGMENTS)) == 0) {
        chain->atomic = true;
        return true;
    }
    if (whole || chain->atomic)
        return stop(chain, BARO_DROP_FRAGMENT_NESTED);
    chain->fragment = true;
    chain->fragment_at = (uint16_t)at;
    chain->fragment_said_at = chain->protocol_at;
    chain->protocol = header.next_header;
    chain->protocol_at = chain->payload_at;
    chain->payload_at = (uint16_t)(at + ipv6_fragment_header_SIZE);
    if ((header.offset_more & IPV6_OFFSET_MASK) == 0)
        (void)rest_is_there(chain, packet);
    return false;
}

/* The header at payload_at, of the kind `protocol`. False: the walk ends here. */
static bool header(struct ipv6_chain *chain, struct baro_bytes packet, bool whole, size_t length)
{
    size_t at = chain->payload_at;

    switch (chain->protocol) {
    case IP_PROTOCOL_ROUTING:
        return routing(chain, packet.data, at);
    case IP_PROTOCOL_FRAGMENT:
        return fragment(chain, packet, whole);
    default:
        return options(chain, packet.data, at + OPTIONS_AT, at + length,
                       chain->protocol == IP_PROTOCOL_HOP_BY_HOP);
    }
}

void ipv6_chain_walk(struct ipv6_chain *chain, struct baro_bytes packet, bool whole)
{
    *chain =
        (struct ipv6_chain){ .protocol = packet.data[6], .protocol_at = 6, .payload_at = ipv6_header_SIZE };
    while (is_extension(chain->protocol)) {
        size_t at = chain->payload_at, length = header_length(packet, at, chain->protocol);

        /* §4: a zero anywhere but in the IPv6 header is as good as a value nobody knows. */
        if (chain->protocol == IP_PROTOCOL_HOP_BY_HOP && chain->headers != 0) {
            problem(chain, BARO_DROP_IPV6_HOP_BY_HOP, IPV6_ANSWER_PROBLEM, ICMPV6_UNKNOWN_NEXT_HEADER,
                    chain->protocol_at);
            return;
        }
        if (length == 0) {
            stop(chain, BARO_DROP_IPV6_CHAIN_TRUNCATED);
            return;
        }
        if (chain->headers == IPV6_CHAIN_HEADERS || at + length > IPV6_CHAIN_OCTETS) {
            stop(chain, BARO_DROP_IPV6_CHAIN_TOO_LONG);
            return;
        }
        chain->headers++;
        if (!header(chain, packet, whole, length))
            return;
        chain->protocol = packet.data[at];
        chain->protocol_at = (uint16_t)at;
        chain->payload_at = (uint16_t)(at + length);
    }
}

uint8_t ipv6_chain_end(struct baro_bytes packet, size_t *at)
{
    uint8_t kind = packet.data[6];

    *at = ipv6_header_SIZE;
    while (is_extension(kind)) {
        size_t length = header_length(packet, *at, kind);

        if (length == 0 || (kind == IP_PROTOCOL_FRAGMENT && (read_be16(packet.data + *at + 2) & IPV6_OFFSET_MASK) != 0))
            break;
        kind = packet.data[*at];
        *at += length;
    }
    return kind;
}
