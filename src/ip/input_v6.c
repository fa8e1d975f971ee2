/* ip/input_v6.c: see input_v6.h. Every length is compared with what is really there before it is used. There is no
 * checksum to look at: the transports' take in the addresses (RFC 8200 §8.1). */
#include "ip/input_v6.h"

#include "codec/ipv6.h"

enum baro_drop_reason ip_read_v6(struct core *core, struct baro_bytes bytes, struct ip_packet *packet)
{
    struct ipv6_header header;

    if (bytes.length < ipv6_header_SIZE)
        return BARO_DROP_IP_TRUNCATED;
    ipv6_header_read(&header, bytes.data);
    if (ipv6_version(&header) != 6)
        return BARO_DROP_IP_VERSION;
    if (header.payload_length > bytes.length - ipv6_header_SIZE)
        return BARO_DROP_IP_TRUNCATED;
    packet->source = address_in_zone(header.source, packet->interface);
    packet->destination = address_in_zone(header.destination, packet->interface);
    packet->protocol = header.next_header;
    packet->ttl = header.hop_limit;
    packet->tos = ipv6_traffic_class(&header);
    packet->flow_label = ipv6_flow_label(&header);
    packet->whole = (struct baro_bytes){ bytes.data, (size_t)ipv6_header_SIZE + header.payload_length };
    packet->payload = (struct baro_bytes){ bytes.data + ipv6_header_SIZE, header.payload_length };
    TRACE(core, IP_IN, TRACE_A(packet->source), TRACE_A(packet->destination), TRACE_N(packet->protocol),
          TRACE_N(packet->ttl), TRACE_N(packet->whole.length), TRACE_N(0));
    return BARO_DROP_NONE;
}

/* On the loopback the zone is not the interface's: whose link-local address is it? */
static void find_zones(const struct ip_table *table, struct ip_packet *packet)
{
    for (int zone = 1; zone < table->interfaces && address_needs_zone(packet->destination); zone++) {
        packet->destination.zone = (uint8_t)zone;
        if (ip_owner(table, packet->destination) == zone || ip_is_member(table, zone, packet->destination))
            break;
    }
    for (int zone = 1; zone < table->interfaces && address_needs_zone(packet->source); zone++) {
        packet->source.zone = (uint8_t)zone;
        if (ip_owner(table, packet->source) == zone)
            break;
    }
}

enum baro_drop_reason ip_accept_v6(struct core *core, const struct ip_table *table, bool link_group,
                                   struct ip_packet *packet)
{
    enum baro_trace_delivery how;
    bool unicast;

    if (packet->interface == 0)
        find_zones(table, packet);
    how = ip_delivery(table, packet->interface, packet->destination);
    unicast = how == BARO_TRACE_DELIVERY_MINE || how == BARO_TRACE_DELIVERY_ANY;
    if (packet->interface != 0) {
        /* RFC 4291 §2.5.2, §2.5.3: neither :: nor ::1 is a destination on any wire. */
        if (address_is_loopback(packet->destination) || address_is_unspecified(packet->destination) ||
            address_is_mapped(packet->destination))
            return BARO_DROP_IP_MARTIAN_DESTINATION;
        /* A host that learns its address speaks from :: to groups: neighbour discovery, MLD (RFC 4861 §4.3). */
        if (ip_is_martian_source(table, packet->interface, packet->source) &&
            !(address_is_unspecified(packet->source) && how == BARO_TRACE_DELIVERY_GROUP))
            return BARO_DROP_IP_MARTIAN_SOURCE;
    }
    TRACE(core, IP_DELIVERY, TRACE_A(packet->destination), TRACE_N(how));
    if (how == BARO_TRACE_DELIVERY_NOT_MINE)
        return BARO_DROP_IP_NOT_FOR_ME;
    if (unicast && link_group)
        return BARO_DROP_IP_UNICAST_IN_BROADCAST;
    packet->to_group = link_group || how == BARO_TRACE_DELIVERY_GROUP;
    return BARO_DROP_NONE;
}
