/* transport/icmp.c: see icmp.h. */
#include "transport/icmp.h"

#include "base/checksum.h"
#include "codec/ipv4.h"

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

bool icmp_ping_error(struct icmp *icmp, struct baro_address from, const struct icmp_error *error)
{
    struct icmp_header header;
    struct ping *ping;

    icmp_header_read(&header, error->transport.data);
    if (header.type != ICMP_ECHO_REQUEST)
        return false;
    ping = find(icmp, error->remote, (uint16_t)(header.rest >> 16), (uint16_t)header.rest);
    if (ping == NULL)
        return false;
    ping->open = false;
    report(icmp, &(struct baro_ping_result){ .from = from, .id = ping->id, .sequence = ping->sequence,
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
    struct core *core = icmp->core;
    struct intent *intent;

    if (packet->to_group)
        return drop(icmp, BARO_DROP_ICMP_TO_GROUP);
    TRACE(core, ICMP_ECHO, TRACE_A(packet->source), TRACE_N(header->rest >> 16), TRACE_N(header->rest & 0xffff),
          TRACE_N(packet->payload.length - icmp_header_SIZE));
    intent = intent_add(&core->intents, INTENT_ICMP_ECHO_REPLY);
    if (intent == NULL)
        return drop(icmp, BARO_DROP_INTENT_QUEUE_FULL);
    intent->borrowed = packet->payload;
    intent->as.icmp = (struct intent_icmp){ .source = packet->destination, .destination = packet->source,
                                            .type = ICMP_ECHO_REPLY, .value = header->rest };
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
                                             .type = ICMP_ECHO_REPLY, .at = icmp->core->now,
                                             .length = packet->payload.length - icmp_header_SIZE });
    return ICMP_DONE;
}

bool icmp_quote_read(struct baro_bytes quote, struct icmp_error *error)
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

static enum icmp_verdict read_error(struct icmp *icmp, const struct ip_packet *packet,
                                    const struct icmp_header *header, struct icmp_error *error)
{
    const struct baro_bytes quote = { packet->payload.data + icmp_header_SIZE,
                                      packet->payload.length - icmp_header_SIZE };

    *error = (struct icmp_error){ .type = header->type, .code = header->code };
    if (header->type == ICMP_UNREACHABLE && header->code == ICMP_FRAGMENTATION_NEEDED)
        error->reported_mtu = (uint16_t)header->rest;
    if (packet->to_group || !icmp_quote_read(quote, error))
        return drop(icmp, BARO_DROP_ICMP_NO_MATCH);
    return ICMP_IS_ERROR;
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
    if (checksum_fold(checksum_add(0, packet->payload.data, packet->payload.length)) != 0)
        return drop(icmp, BARO_DROP_ICMP_CHECKSUM);
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
