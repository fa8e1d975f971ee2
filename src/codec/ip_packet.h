/* codec/ip_packet.h: a packet as it passes between IP and what stands above it, whatever the family. */
#ifndef CODEC_IP_PACKET_H
#define CODEC_IP_PACKET_H

#include "baro/types.h"

/* Codepoints of explicit congestion notification, the two lower bits of TOS or traffic class (RFC 3168 §5). */
enum ip_ecn { ECN_NOT_ECT = 0, ECN_ECT_1 = 1, ECN_ECT_0 = 2, ECN_CE = 3, ECN_BITS = 3 };

/* What IP hands up: values, and borrowed bytes that stay until the burst's drain ends. */
struct ip_packet {
    struct baro_address source, destination;
    uint8_t protocol;             /* enum ip_protocol */
    uint8_t ttl, tos;             /* IPv6: hop limit and traffic class */
    uint32_t flow_label;          /* IPv6 (RFC 6437) */
    bool to_group;                /* destination (IP or link) is a broadcast or multicast address */
    bool router_alert;            /* its header asks every router to look at it */
    bool from_loopback;           /* never was on a wire */
    bool checksum_verified;       /* the transport checksum needs no look */
    bool reassembled;             /* came in fragments */
    uint16_t gso_size;            /* TCP payload of each piece when it is a super-segment, else 0 */
    int interface;                /* it came in by this one */
    uint32_t mtu;                 /* of that interface */
    struct baro_bytes payload;    /* what stands behind the IP header */
    struct baro_bytes whole;      /* header and payload, for ICMP's quote */
};

/* What the sending side of a transport must know of the way to a peer. */
struct ip_path {
    struct baro_address source;   /* the address to send from */
    uint32_t mtu;                 /* path MTU, bytes of IP packet (RFC 1191) */
    uint32_t link_mtu;            /* of the interface, whatever the path is said to be */
    uint8_t hop_limit;            /* of what has none of its own */
    uint32_t super_segment;       /* TCP payload bytes that may leave at once; 0: one MSS */
    uint32_t room;                /* and segments of it, for a device that does not cut; 0: it does */
    bool sums;                    /* text is summed here, not by the device */
};

/* The hop limit of what wants its own, or with -1 the path's. */
static inline uint8_t ip_path_hop_limit(const struct ip_path *path, int16_t wanted)
{
    return wanted < 0 ? path->hop_limit : (uint8_t)wanted;
}

/* TCP payload that may leave at once: full-sized segments, `mss` octets in each. */
static inline uint32_t ip_path_at_once(const struct ip_path *path, uint32_t mss)
{
    uint32_t segments = path->super_segment / mss;

    if (path->room != 0 && segments > path->room)
        segments = path->room;
    return segments > 1 ? segments * mss : mss;
}

/* A message to send, before its IP header: what a transport hands to transmit.c. */
struct ip_message {
    struct baro_address source, destination;
    uint8_t protocol, ttl, tos;   /* IPv6: hop limit and traffic class */
    bool router_alert;            /* every router on the way shall look at it (RFC 2113, RFC 2711) */
    bool dont_fragment;
    bool ignore_path_mtu;         /* the interface's counts (RFC 8899 §3: probes) */
    bool broadcast_allowed;
    bool multicast_loop;          /* members on this host get a copy (RFC 1112 §6.1) */
    bool doubt;                   /* answers stay away: is the neighbour still there? (RFC 9293 §3.8.3 MUST-20) */
    bool progress;                /* what was sent before arrives: the neighbour is there (RFC 4861 §7.3.1) */
    bool checksum_none;           /* leave the transport checksum zero */
    uint8_t checksum_offset;      /* of the transport checksum in `header`; its field is zero */
    uint8_t header_length;
    uint16_t gso_size;            /* TCP payload of each piece, 0: one packet */
    uint32_t flow_label;          /* IPv6; 0: it belongs to no flow (RFC 6437 §2) */
    int interface;                /* the one to use, or 0 */
    uint32_t fragment_size;       /* no fragment larger than this, header included; 0: as the path says */
    uint8_t header[60];           /* the transport header with options */
    unsigned parts;               /* 0 to 2 */
    struct baro_bytes part[2];    /* borrowed payload */
};

#endif
