/* baro/packet.h: a packet as a value, for programs that look at packets or make them: drill, explain,
 * gateways. The stack itself does not come this way.
 *
 * Parsing is pure and bounded: every length field is checked against the bytes that are there, nothing is
 * copied, and the slices of the value point into the bytes that were given. Building writes what the value
 * says with right lengths and checksums. IPv4 and IPv6 with TCP, UDP and ICMP; other protocols and fragments
 * after the first have their IP header and a payload. Of IPv6 the chain of extension headers is walked, a
 * bounded number of them: hop-by-hop options, destination options, routing and fragment headers. What stands
 * behind any other (authentication, ESP, "no next header") is payload. Jumbograms (RFC 2675) are not read. */
#ifndef BARO_PACKET_H
#define BARO_PACKET_H

#include "baro/drop_reasons.h"
#include "baro/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What stands behind the IP header, as far as it was read. */
enum baro_packet_layer {
    BARO_PACKET_OTHER = 0, /* a protocol not known here, or a fragment that is not the first */
    BARO_PACKET_TCP,
    BARO_PACKET_UDP,
    BARO_PACKET_ICMP /* ICMP in IPv4, ICMPv6 in IPv6 */
};

/* TCP's flags (RFC 9293 §3.1, RFC 3168 §6.1). */
enum baro_tcp_flag {
    BARO_TCP_FIN = 0x01, BARO_TCP_SYN = 0x02, BARO_TCP_RST = 0x04, BARO_TCP_PSH = 0x08,
    BARO_TCP_ACK = 0x10, BARO_TCP_URG = 0x20, BARO_TCP_ECE = 0x40, BARO_TCP_CWR = 0x80
};

struct baro_packet {
    /* Ethernet: only of a frame */
    struct baro_mac destination_mac, source_mac;
    uint16_t ethernet_type;              /* behind the VLAN tag, if there is one */
    int vlan;                            /* VLAN number, -1: no tag */
    /* IP: IPv4 (RFC 791 §3.1) or IPv6 (RFC 8200 §3), as the family of both addresses says. Zones are 0 when
     * parsing (octets know no interface) and are not looked at when building. */
    struct baro_address source, destination;
    uint8_t protocol;                    /* IPv6: of what stands behind the last extension header read */
    uint8_t ttl, tos;                    /* IPv6: hop limit and traffic class */
    uint32_t id;                         /* IPv4: 16 bits */
    bool dont_fragment;                  /* IPv4 */
    bool fragment;                       /* IPv6: there is a fragment header (alone it makes an atomic fragment) */
    bool more_fragments;
    uint16_t fragment_offset;            /* octets */
    struct baro_bytes ip_options;        /* IPv4; building: a multiple of four, up to 40 */
    bool ip_checksum_right;              /* parsing; IPv6 has none: true */
    uint32_t flow_label;                 /* IPv6 (RFC 6437), 20 bits */
    uint8_t next_header;                 /* IPv6: of the fixed header; building: only looked at with extensions */
    struct baro_bytes extensions;        /* IPv6: all extension headers as they stand, written as they are */
    enum baro_packet_layer layer;
    bool transport_checksum_right;       /* parsing; a UDP sum of zero counts as right in IPv4, a
                                          * quote's sum as wrong */
    /* TCP and UDP */
    struct baro_port source_port, destination_port;
    uint32_t seq, ack;
    uint8_t flags;                       /* enum baro_tcp_flag, ored */
    bool accurate_ecn;                   /* the flag AE in front of them (RFC 9768 §3.1) */
    uint16_t window, urgent;             /* as in the header: not scaled */
    struct baro_bytes tcp_options;       /* building: a multiple of four, up to 40 */
    /* ICMP (RFC 792, RFC 4443): types and codes are the family's */
    uint8_t icmp_type, icmp_code;
    uint32_t icmp_rest;                  /* the second word: id << 16 | sequence, an MTU, a pointer */
    /* what stands behind the last header that was read; of an ICMP error: the quoted packet */
    struct baro_bytes payload;
    uint32_t payload_length;             /* parsing: as the headers say; more than payload.length in a quote */
};

/* Reads a bare datagram of either family; octets behind its length are ignored. NONE, or why it cannot be one
 * (a wrong checksum is not a reason: it is told in the value). IPv6: a chain of more extension headers than
 * are walked ends there, the next of them is the payload and `protocol` its number. */
enum baro_drop_reason baro_packet_parse(struct baro_packet *packet, struct baro_bytes datagram);

/* Reads an Ethernet frame without FCS, with or without a VLAN tag, that carries IPv4 or IPv6.
 * ETHERNET_TYPE_UNKNOWN: something else, the Ethernet part of the value is filled in. */
enum baro_drop_reason baro_packet_parse_frame(struct baro_packet *packet, struct baro_bytes frame);

/* Reads what an ICMP error quotes: an IP header and at least eight octets of what follows (RFC 1122 §3.2.2,
 * RFC 4443 §2.4).
 * Of TCP perhaps only ports and seq are there; what is not there is zero. */
enum baro_drop_reason baro_packet_parse_quote(struct baro_packet *packet, struct baro_bytes quote);

/* Writes the datagram; its length, or -ENOSPC when `to` is too small, -EINVAL when an options slice is not a
 * multiple of four up to 40 octets, extensions are not a multiple of eight, the addresses are of two families
 * or the packet would be longer than 65535 (IPv6: behind its fixed header). `ttl` 0 becomes 64. With `fragment`
 * and without `extensions` a fragment header is written from id, fragment_offset and more_fragments.
 * BARO_PACKET_OTHER writes the payload as it is. No slice of the value may point into `to`. */
ptrdiff_t baro_packet_build(const struct baro_packet *packet, struct baro_buffer to);
/* The same with the Ethernet header in front; a VLAN tag unless `vlan` is -1. Not padded. */
ptrdiff_t baro_packet_build_frame(const struct baro_packet *packet, struct baro_buffer to);

/* One TCP option as it stands in the header (RFC 9293 §3.2). */
struct baro_tcp_option {
    uint8_t kind;
    struct baro_bytes value; /* behind kind and length; empty for EOL and NOP */
};

/* Takes the next option off the front of `options`. False: there is none, or its length is wrong (then
 * `options` is not empty). EOL is returned as an option, too; what follows it is padding. */
bool baro_tcp_option_next(struct baro_bytes *options, struct baro_tcp_option *option);

/* The options that matter to a reader, decoded. */
struct baro_tcp_options {
    bool has_mss, has_scale, has_timestamps, sack_permitted;
    bool malformed;
    uint16_t mss;
    uint8_t scale, sack_count;
    uint32_t ts_value, ts_echo;
    struct { uint32_t left, right; } sack[4];
};
void baro_tcp_options_parse(struct baro_tcp_options *options, struct baro_bytes bytes);

#ifdef __cplusplus
}
#endif
#endif
