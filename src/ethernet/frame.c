/* ethernet/frame.c: see frame.h. */
#include "ethernet/frame.h"

static enum baro_drop_reason judge(struct ethernet_arrival *arrival, struct baro_bytes frame, struct baro_mac own)
{
    size_t at = ethernet_header_SIZE;

    if (arrival->type == ETHERNET_TYPE_VLAN) {
        struct vlan_tag tag;

        if (frame.length - at < vlan_tag_SIZE)
            return BARO_DROP_ETHERNET_TRUNCATED;
        vlan_tag_read(&tag, frame.data + at);
        at += vlan_tag_SIZE;
        arrival->vlan = tag.control;
        arrival->type = tag.type;
        if (tag.type == ETHERNET_TYPE_VLAN)
            return BARO_DROP_VLAN_NESTED;
    }
    arrival->payload = (struct baro_bytes){ frame.data + at, frame.length - at };
    if (!arrival->to_group && !mac_equal(arrival->destination, own))
        return BARO_DROP_MAC_NOT_MINE;
    if (mac_is_group(arrival->source))
        return BARO_DROP_SOURCE_MAC_GROUP;
    if (mac_equal(arrival->source, own))
        return BARO_DROP_SOURCE_MAC_MINE;
    if (arrival->type < ETHERNET_TYPE_LEAST)
        return BARO_DROP_ETHERNET_LENGTH_FIELD;
    if (arrival->type != ETHERNET_TYPE_IPV4 && arrival->type != ETHERNET_TYPE_IPV6 &&
        arrival->type != ETHERNET_TYPE_ARP)
        return BARO_DROP_ETHERNET_TYPE_UNKNOWN;
    return BARO_DROP_NONE;
}

void ethernet_parse(struct ethernet_arrival *arrival, struct baro_bytes frame, struct baro_mac own)
{
    struct ethernet_header header;

    *arrival = (struct ethernet_arrival){ .vlan = -1 };
    if (frame.length < ethernet_header_SIZE) {
        arrival->verdict = BARO_DROP_ETHERNET_TRUNCATED;
        return;
    }
    ethernet_header_read(&header, frame.data);
    arrival->destination = header.destination;
    arrival->source = header.source;
    arrival->type = header.type;
    arrival->header_read = true;
    arrival->to_group = mac_is_group(header.destination);
    arrival->verdict = judge(arrival, frame, own);
}

void ethernet_write(uint8_t *to, struct baro_mac destination, struct baro_mac source, uint16_t type)
{
    const struct ethernet_header header = { destination, source, type };

    ethernet_header_write(&header, to);
}

struct baro_mac ethernet_group_mac(struct baro_address group)
{
    if (!address_is_multicast(group))
        return ethernet_broadcast_mac();
    if (group.family == BARO_FAMILY_IPV6)
        return (struct baro_mac){ { 0x33, 0x33, group.octet[12], group.octet[13], group.octet[14], group.octet[15] } };
    return (struct baro_mac){ { 0x01, 0x00, 0x5e, (uint8_t)(group.octet[1] & 0x7f), group.octet[2],
                                group.octet[3] } };
}

struct baro_mac ethernet_broadcast_mac(void)
{
    return (struct baro_mac){ { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
}
