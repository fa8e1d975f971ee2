/* transport/icmp.c: see icmp.h. */
#include "transport/icmp.h"

#include "base/checksum.h"
#include "codec/icmpv6.h"
#include "codec/ipv4.h"
#include "codec/ipv6_chain.h"

enum { QUOTE_LEAST = 8 /* octets of the quoted packet's data, RFC 792 */ };

void icmp_init(struct icmp *icmp, struct core *core)
{
    *icmp = (struct icmp){ .core = core };
}

/* ---- pings ---- */

void icmp_ping_sent(struct icmp *icmp, struct baro_address destination, uint16_t id, uint16_t sequence)
{
    icmp->ping[icmp->ping_next] = (struct ping){ destination, id, sequence, true };
    icmp->ping_next = (icmp->ping_next + 1) % ICMP_PINGS;
}

/* A ping to a group is answered by many, from addresses of their own. */
static bool matches(const struct ping *ping, struct baro_address from, uint16_t id, uint16_t sequence)
{
    return ping->open && ping->id == id && ping->sequence == sequence &&
           (address_equal(ping->destination, from) || address_is_multicast(ping->destination) ||
            address_is_limited_broadcast(ping->destination));
}

static struct ping *find(struct icmp *icmp, struct baro_address from, uint16_t id, uint16_t sequence)
{
    for (unsigned i = 0; i < ICMP_PINGS; i++) {
        if (matches(&icmp->ping[i], from, id, sequence))
            return &icmp->ping[i];
    }
    return NULL;
}

static void report(struct icmp *icmp, const struct baro_ping_result *result)
{
    if (icmp->results == ICMP_PING_RESULTS) { /* the newest are kept */
        icmp->result_first = (icmp->result_first + 1) % ICMP_PING_RESULTS;
        icmp->results--;
    }
    icmp->result[(icmp->result_first + icmp->results++) % ICMP_PING_RESULTS] = *result;
}

bool icmp_ping_result(struct icmp *icmp, struct baro_ping_result *result)
{
    if (icmp->results == 0)
        return false;
    *result = icmp->result[icmp->result_first];
    icmp->result_first = (icmp->result_first + 1) % ICMP_PING_RESULTS;
    icmp->results--;
    return true;
}

bool icmp_ping_error(struct icmp *icmp, const struct icmp_error *error)
{
    struct icmp_header header;
    struct ping *ping;

    icmp_header_read(&header, error->transport.data);
    if (header.type != (error->remote.family == BARO_FAMILY_IPV6 ? (int)ICMPV6_ECHO_REQUEST : (int)ICMP_ECHO_REQUEST))
        return false;
    ping = find(icmp, error->remote, (uint16_t)(header.rest >> 16), (uint16_t)header.rest);
    if (ping == NULL)
        return false;
    ping->open = false;
    report(icmp, &(struct baro_ping_result){ .from = error->from, .id = ping->id, .sequence = ping->sequence,
                                             .type = error->type, .code = error->code, .at = icmp->core->now });
    return true;
}

/* ---- messages ---- */

static enum icmp_verdict drop(struct icmp *icmp, enum baro_drop_reason reason)
{
    core_drop(icmp->core, reason);
    return ICMP_DROPPED;
}

static enum icmp_verdict echo_request(struct icmp *icmp, const struct ip_packet *packet,
                                      const struct icmp_header *header)
{
    bool v6 = packet->protocol == IP_PROTOCOL_ICMPV6;
    struct core *core = icmp->core;
    struct intent *intent;

    if (packet->to_group && !v6)
        return drop(icmp, BARO_DROP_ICMP_TO_GROUP);
    if (address_is_multicast(packet->source) || address_is_unspecified(packet->source))
        return drop(icmp, BARO_DROP_IP_MARTIAN_SOURCE);
    TRACE(core, ICMP_ECHO, TRACE_A(packet->source), TRACE_N(header->rest >> 16), TRACE_N(header->rest & 0xffff),
          TRACE_N(packet->payload.length - icmp_header_SIZE));
    intent = intent_add(&core->intents, INTENT_ICMP_ECHO_REPLY);
    if (intent == NULL)
        return drop(icmp, BARO_DROP_INTENT_QUEUE_FULL);
    intent->borrowed = packet->payload;
    intent->as.icmp = (struct intent_icmp){ .source = packet->destination, .destination = packet->source,
                                            .type = v6 ? (uint8_t)ICMPV6_ECHO_REPLY : (uint8_t)ICMP_ECHO_REPLY,
                                            .value = header->rest };
    if (packet->to_group) /* RFC 4443 §4.2: from an address of one host */
        intent->as.icmp.source = (struct baro_address){ .family = BARO_FAMILY_NONE };
    return ICMP_DONE;
}

static enum icmp_verdict echo_reply(struct icmp *icmp, const struct ip_packet *packet,
                                    const struct icmp_header *header)
{
    uint16_t id = (uint16_t)(header->rest >> 16), sequence = (uint16_t)header->rest;
    struct ping *ping = find(icmp, packet->source, id, sequence);

    if (ping == NULL)
        return ICMP_IS_REPLY;
    ping->open = address_is_multicast(ping->destination) || address_is_limited_broadcast(ping->destination);
    report(icmp, &(struct baro_ping_result){ .from = packet->source, .id = id, .sequence = sequence,
                                             .type = header->type, .at = icmp->core->now,
                                             .length = packet->payload.length - icmp_header_SIZE });
    return ICMP_DONE;
}

static bool quote_read_v4(struct baro_bytes quote, struct icmp_error *error)
{
    struct ipv4_header header;
    unsigned header_length;

    if (quote.length < ipv4_header_SIZE)
        return false;
    ipv4_header_read(&header, quote.data);
    header_length = ipv4_header_length(&header);
    if (ipv4_version(&header) != 4 || header_length < ipv4_header_SIZE || header.total_length < header_length)
        return false;
    if (quote.length < header_length || quote.length - header_length < QUOTE_LEAST)
        return false;
    if (ipv4_fragment_offset(&header) != 0) /* no ports in it */
        return false;
    error->protocol = header.protocol;
    error->local = header.source;
    error->remote = header.destination;
    error->length = header.total_length;
    error->transport = (struct baro_bytes){ quote.data + header_length, quote.length - header_length };
    return true;
}

static bool quote_read_v6(struct baro_bytes quote, int interface, struct icmp_error *error)
{
    struct ipv6_fragment_header fragment;
    struct ipv6_header header;
    struct ipv6_chain chain;

    if (quote.length < ipv6_header_SIZE)
        return false;
    ipv6_header_read(&header, quote.data);
    ipv6_chain_walk(&chain, quote, false);
    if (chain.reason != BARO_DROP_NONE || quote.length < (size_t)chain.payload_at + QUOTE_LEAST)
        return false;
    if (chain.fragment) {
        ipv6_fragment_header_read(&fragment, quote.data + chain.fragment_at);
        if ((fragment.offset_more & IPV6_OFFSET_MASK) != 0) /* no ports in it */
            return false;
    }
    error->protocol = chain.protocol;
    error->local = address_in_zone(header.source, interface);
    error->remote = address_in_zone(header.destination, interface);
    error->length = (uint32_t)ipv6_header_SIZE + header.payload_length;
    error->transport = (struct baro_bytes){ quote.data + chain.payload_at, quote.length - chain.payload_at };
    return true;
}

bool icmp_quote_read(struct baro_bytes quote, int interface, struct icmp_error *error)
{
    if (quote.length != 0 && quote.data[0] >> 4 == 6)
        return quote_read_v6(quote, interface, error);
    return quote_read_v4(quote, error);
}

/* The link that link-local addresses in a quote are of. What we sent to ourselves came by none, but the error goes from
 * and to the addresses of the packet that it is about, whose zones have been found. */
static int zone_of(const struct ip_packet *packet)
{
    if (packet->interface != 0)
        return packet->interface;
    return packet->destination.zone != 0 ? packet->destination.zone : packet->source.zone;
}

static enum icmp_verdict read_error(struct icmp *icmp, const struct ip_packet *packet,
                                    const struct icmp_header *header, struct icmp_error *error)
{
    const struct baro_bytes quote = { packet->payload.data + icmp_header_SIZE,
                                      packet->payload.length - icmp_header_SIZE };

    *error = (struct icmp_error){ .type = header->type, .code = header->code, .from = packet->source,
                                  .interface = packet->interface, .ttl = packet->ttl, .tos = packet->tos };
    if (icmp_meaning(packet->source.family, header->type, header->code) == ICMP_MEANS_TOO_BIG)
        error->reported_mtu = packet->source.family == BARO_FAMILY_IPV6 ? header->rest : header->rest & UINT16_MAX;
    if (packet->to_group || !icmp_quote_read(quote, zone_of(packet), error) ||
        error->remote.family != packet->source.family)
        return drop(icmp, BARO_DROP_ICMP_NO_MATCH);
    return ICMP_IS_ERROR;
}

/* ICMPv6's sum takes in the pseudo-header (RFC 4443 §2.3). */
static bool sum_is_right(const struct ip_packet *packet)
{
    uint64_t sum = packet->protocol == IP_PROTOCOL_ICMP
                       ? 0
                       : checksum_pseudo(packet->source, packet->destination, IP_PROTOCOL_ICMPV6,
                                         (uint32_t)packet->payload.length);

    return checksum_fold(checksum_add(sum, packet->payload.data, packet->payload.length)) == 0;
}

static enum icmp_verdict message_v6(struct icmp *icmp, const struct ip_packet *packet,
                                    const struct icmp_header *header, struct icmp_error *error)
{
    if (header->type == ICMPV6_ECHO_REQUEST)
        return echo_request(icmp, packet, header);
    if (header->type == ICMPV6_ECHO_REPLY)
        return echo_reply(icmp, packet, header);
    /* Errors of a type that is not known go up, too (RFC 4443 §2.4 (a)); other messages are dropped (b). */
    if (icmpv6_is_error(header->type))
        return read_error(icmp, packet, header, error);
    return drop(icmp, BARO_DROP_ICMP_TYPE_UNKNOWN);
}

enum icmp_verdict icmp_in(struct icmp *icmp, const struct ip_packet *packet, struct icmp_error *error)
{
    struct icmp_header header;

    if (packet->payload.length < icmp_header_SIZE)
        return drop(icmp, BARO_DROP_ICMP_TRUNCATED);
    icmp_header_read(&header, packet->payload.data);
    TRACE(icmp->core, ICMP_IN, TRACE_A(packet->source), TRACE_N(header.type), TRACE_N(header.code),
          TRACE_N(packet->payload.length));
    icmp->core->counters.icmp_in++;
    if (!sum_is_right(packet))
        return drop(icmp, BARO_DROP_ICMP_CHECKSUM);
    if (packet->protocol == IP_PROTOCOL_ICMPV6)
        return message_v6(icmp, packet, &header, error);
    switch (header.type) {
    case ICMP_ECHO_REQUEST:
        return echo_request(icmp, packet, &header);
    case ICMP_ECHO_REPLY:
        return echo_reply(icmp, packet, &header);
    case ICMP_UNREACHABLE:
    case ICMP_TIME_EXCEEDED:
    case ICMP_PARAMETER_PROBLEM:
        return read_error(icmp, packet, &header, error);
    default:
        return drop(icmp, BARO_DROP_ICMP_TYPE_UNKNOWN);
    }
}
