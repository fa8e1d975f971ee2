/* codec/arp.h: ARP for IPv4 over Ethernet (RFC 826). */
#ifndef CODEC_ARP_H
#define CODEC_ARP_H

#include "codec/fields.h"

#define ARP_FIELDS(F)                            \
    F(u16, hardware, 0, "RFC 826")               \
    F(u16, protocol, 2, "RFC 826")               \
    F(u8, hardware_length, 4, "RFC 826")         \
    F(u8, protocol_length, 5, "RFC 826")         \
    F(u16, operation, 6, "RFC 826")              \
    F(mac, sender_mac, 8, "RFC 826")             \
    F(ip4, sender, 14, "RFC 826")                \
    F(mac, target_mac, 18, "RFC 826")            \
    F(ip4, target, 24, "RFC 826")
CODEC_HEADER(arp_packet, 28, ARP_FIELDS)

enum { ARP_HARDWARE_ETHERNET = 1, ARP_REQUEST = 1, ARP_REPLY = 2 };

#endif
