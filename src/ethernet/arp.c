/* ethernet/arp.c: see arp.h. */
#include "ethernet/arp.h"

#include "codec/ethernet.h"

enum baro_drop_reason arp_read(struct arp_packet *arp, struct baro_bytes payload)
{
    if (payload.length < arp_packet_SIZE)
        return BARO_DROP_ARP_MALFORMED;
    arp_packet_read(arp, payload.data);
    if (arp->hardware != ARP_HARDWARE_ETHERNET || arp->protocol != ETHERNET_TYPE_IPV4 ||
        arp->hardware_length != 6 || arp->protocol_length != 4)
        return BARO_DROP_ARP_MALFORMED;
    if (arp->operation != ARP_REQUEST && arp->operation != ARP_REPLY)
        return BARO_DROP_ARP_MALFORMED;
    if (mac_is_group(arp->sender_mac))
        return BARO_DROP_ARP_BAD_SENDER;
    if (address_is_unspecified(arp->sender) && arp->operation == ARP_REPLY)
        return BARO_DROP_ARP_BAD_SENDER;
    if (address_is_multicast(arp->sender) || address_is_limited_broadcast(arp->sender) ||
        address_is_loopback(arp->sender))
        return BARO_DROP_ARP_BAD_SENDER;
    return BARO_DROP_NONE;
}

void arp_write(const struct intent_arp *intent, struct baro_mac own, uint8_t *to)
{
    const struct arp_packet arp = { .hardware = ARP_HARDWARE_ETHERNET,
                                    .protocol = ETHERNET_TYPE_IPV4,
                                    .hardware_length = 6,
                                    .protocol_length = 4,
                                    .operation = intent->operation,
                                    .sender_mac = own,
                                    .sender = intent->sender,
                                    .target_mac = intent->target_mac,
                                    .target = intent->target };

    arp_packet_write(&arp, to);
}

bool arp_intend(struct core *core, const struct intent_arp *arp)
{
    struct intent *intent = intent_add(&core->intents, INTENT_ARP);

    if (intent == NULL)
        return false;
    intent->as.arp = *arp;
    return true;
}
