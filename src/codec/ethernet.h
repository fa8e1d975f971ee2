/* codec/ethernet.h: Ethernet II frames (RFC 894) and the 802.1Q tag. */
#ifndef CODEC_ETHERNET_H
#define CODEC_ETHERNET_H

#include "codec/fields.h"

#define ETHERNET_FIELDS(F)                                \
    F(mac, destination, 0, "IEEE 802.3 §3.2.3")           \
    F(mac, source, 6, "IEEE 802.3 §3.2.3")                \
    F(u16, type, 12, "IEEE 802.3 §3.2.6, RFC 894")
CODEC_HEADER(ethernet_header, 14, ETHERNET_FIELDS)

#define VLAN_FIELDS(F)                                    \
    F(u16, control, 0, "IEEE 802.1Q §9.6")                \
    F(u16, type, 2, "IEEE 802.1Q §9.6")
CODEC_HEADER(vlan_tag, 4, VLAN_FIELDS)

enum ethernet_type {
    ETHERNET_TYPE_LEAST = 0x0600, /* below: an 802.3 length */
    ETHERNET_TYPE_IPV4 = 0x0800,
    ETHERNET_TYPE_ARP = 0x0806,
    ETHERNET_TYPE_VLAN = 0x8100,
    ETHERNET_TYPE_IPV6 = 0x86dd
};

#endif
