/* transport/tcp/segment.c: a received segment as values, before anybody asks whose it is (RFC 9293 §3.1).
 *
 * Everything that reads bytes checks lengths here; what follows works on values. The checks of RFC 9293 §3.9.2.3
 * (group addresses, impossible sources) and of the LAND attack stand here too: they need no connection. */
#include "transport/tcp/parts.h"

#include "base/bytes.h"
#include "base/words.h"
#include "codec/ipv4.h"

static bool source_is_impossible(const struct baro_address *source)
{
    return address_is_unspecified(*source) || address_is_multicast(*source) || address_is_limited_broadcast(*source);
}

enum baro_drop_reason segment_read(struct segment *segment, const struct ip_packet *packet)
{
    unsigned header_length;

    *segment = (struct segment){ .packet = packet, .count = 1 };
    if (packet->payload.length < tcp_header_SIZE)
        return BARO_DROP_TCP_TRUNCATED;
    tcp_header_read(&segment->header, packet->payload.data);
    header_length = tcp_header_length(&segment->header);
    if (header_length < tcp_header_SIZE || header_length > packet->payload.length)
        return BARO_DROP_TCP_TRUNCATED;
    segment->local = (struct baro_endpoint){ packet->destination, { segment->header.destination_port } };
    segment->remote = (struct baro_endpoint){ packet->source, { segment->header.source_port } };
    segment->seq = seq_of(segment->header.seq);
    segment->ack = seq_of(segment->header.ack);
    segment->flags = segment->header.flags;
    segment->fin = (segment->flags & TCP_FLAG_FIN) != 0;
    segment->window = segment->header.window;
    segment->data = (struct baro_bytes){ packet->payload.data + header_length, packet->payload.length - header_length };
    if (packet->gso_size != 0 && segment->data.length > packet->gso_size)
        segment->count = (uint32_t)((segment->data.length + packet->gso_size - 1) / packet->gso_size);
    tcp_options_read(&segment->options, (struct baro_bytes){ packet->payload.data + tcp_header_SIZE,
                                                             header_length - tcp_header_SIZE });
    if (packet->to_group || address_is_multicast(packet->destination))
        return BARO_DROP_TCP_TO_GROUP;
    if (source_is_impossible(&packet->source))
        return BARO_DROP_TCP_BAD_SOURCE;
    if (endpoint_equal(segment->local, segment->remote))
        return BARO_DROP_TCP_LAND;
    return BARO_DROP_NONE;
}

uint64_t segment_sum_of_header(const struct segment *segment)
{
    const struct ip_packet *packet = segment->packet;
    const unsigned address = packet->source.family == BARO_FAMILY_IPV6 ? 16 : 4;
    uint32_t length = (uint32_t)packet->payload.length, header = length - (uint32_t)segment->data.length;
    uint64_t sum = words_add(0, packet->source.octet, address);

    sum = words_add(sum, packet->destination.octet, address);
    sum = words_add(sum, packet->payload.data, header); /* a multiple of four */
    return checksum_of_native(sum) + IP_PROTOCOL_TCP + (length >> 16) + (length & 0xffff);
}

bool segment_checksum_ok(const struct segment *segment)
{
    if (segment->packet->checksum_verified)
        return true;
    return checksum_fold(checksum_add(segment_sum_of_header(segment), segment->data.data, segment->data.length)) == 0;
}

void segment_trace(const struct tcp *tcp, const struct segment *segment)
{
    const struct tcp_options *options = &segment->options;

    TRACE(tcp->core, TCP_IN, TRACE_E(segment->remote), TRACE_E(segment->local),
          TRACE_N(segment->flags | (tcp_header_ecn(&segment->header) & 4) << 6),
          TRACE_N(segment->seq.value), TRACE_N(segment->ack.value), TRACE_N(segment->header.window),
          TRACE_N(segment->data.length));
    if (tcp_header_length(&segment->header) > tcp_header_SIZE)
        TRACE(tcp->core, TCP_OPTIONS, TRACE_N(options->has_mss ? options->mss : 0),
              TRACE_D(options->has_scale ? options->scale : -1), TRACE_N(options->ts_value),
              TRACE_N(options->ts_echo), TRACE_N(options->sack_permitted));
}
