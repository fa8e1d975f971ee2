/* ip/input.c: see input.h. Every length is compared with what is really there before it is used. */
#include "ip/input.h"

#include "base/checksum.h"

enum baro_drop_reason ip_read(struct core *core, struct baro_bytes bytes, struct ipv4_header *header,
                              struct ip_packet *packet)
{
    unsigned header_length;

    if (bytes.length < ipv4_header_SIZE)
        return BARO_DROP_IP_TRUNCATED;
    ipv4_header_read(header, bytes.data);
    if (ipv4_version(header) != 4)
        return BARO_DROP_IP_VERSION;
    header_length = ipv4_header_length(header);
    if (header_length < ipv4_header_SIZE || header_length > header->total_length)
        return BARO_DROP_IP_HEADER_LENGTH;
    if (header->total_length > bytes.length)
        return BARO_DROP_IP_TRUNCATED;
    packet->source = header->source;
    packet->destination = header->destination;
    packet->protocol = header->protocol;
    packet->ttl = header->ttl;
    packet->tos = header->tos;
    packet->whole = (struct baro_bytes){ bytes.data, header->total_length };
    packet->payload = (struct baro_bytes){ bytes.data + header_length, header->total_length - header_length };
    TRACE(core, IP_IN, TRACE_A(packet->source), TRACE_A(packet->destination), TRACE_N(packet->protocol),
          TRACE_N(packet->ttl), TRACE_N(header->total_length), TRACE_N(header->checksum));
    if (checksum_fold(checksum_add(0, bytes.data, header_length)) != 0)
        return BARO_DROP_IP_CHECKSUM;
    if (header_length > ipv4_header_SIZE) {
        const struct baro_bytes options = { bytes.data + ipv4_header_SIZE, header_length - ipv4_header_SIZE };

        TRACE(core, IP_OPTIONS, TRACE_N(options.length), TRACE_N(options.data[0]));
        enum baro_drop_reason reason = ipv4_options_check(options);
        packet->router_alert = reason == BARO_DROP_NONE && ipv4_options_alert(options);
        return reason;
    }
    return BARO_DROP_NONE;
}

/* 0.0.0.0 may ask a broadcast for its address (RFC 1122 §3.2.1.3 (a)): that is DHCP's client speaking. A switch without
 * an address may ask who listens to groups (RFC 4541 §2.1.1 (2)). */
static bool speaks_without_address(const struct ip_packet *packet, enum baro_trace_delivery how)
{
    return address_is_unspecified(packet->source) &&
           ((how == BARO_TRACE_DELIVERY_BROADCAST && packet->protocol == IP_PROTOCOL_UDP) ||
            (how == BARO_TRACE_DELIVERY_GROUP && packet->protocol == IP_PROTOCOL_IGMP));
}

enum baro_drop_reason ip_accept(struct core *core, const struct ip_table *table, bool link_group,
                                struct ip_packet *packet)
{
    struct baro_address source = packet->source, destination = packet->destination;
    enum baro_trace_delivery how = ip_delivery(table, packet->interface, destination);
    bool unicast = how == BARO_TRACE_DELIVERY_MINE || how == BARO_TRACE_DELIVERY_ANY;

    if (packet->interface != 0) {
        /* RFC 1122 §3.2.1.3 (g): loopback addresses are on no wire. 0.0.0.0/8 and 240.0.0.0/4 are nobody's. */
        if (address_is_loopback(destination) || destination.octet[0] == 0 ||
            (destination.octet[0] >= 240 && !address_is_limited_broadcast(destination)))
            return BARO_DROP_IP_MARTIAN_DESTINATION;
        if (ip_is_martian_source(table, packet->interface, source) && !speaks_without_address(packet, how))
            return BARO_DROP_IP_MARTIAN_SOURCE;
    }
    TRACE(core, IP_DELIVERY, TRACE_A(destination), TRACE_N(how));
    if (how == BARO_TRACE_DELIVERY_NOT_MINE)
        return BARO_DROP_IP_NOT_FOR_ME;
    if (unicast && link_group)
        return BARO_DROP_IP_UNICAST_IN_BROADCAST;
    packet->to_group = link_group || how == BARO_TRACE_DELIVERY_BROADCAST || how == BARO_TRACE_DELIVERY_GROUP;
    return BARO_DROP_NONE;
}
