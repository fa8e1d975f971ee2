/* A frame read just far enough to be told in one line. */
#ifndef EXPLAIN_FRAME_H
#define EXPLAIN_FRAME_H

#include "words.h"

enum frame_kind { FRAME_OTHER, FRAME_ARP, FRAME_IPV4, FRAME_IPV6 };

struct frame_view {
    enum frame_kind kind;
    bool cut;                /* shorter than it claims, as far as it was read */
    uint16_t type;           /* type field behind any VLAN tag */
    struct baro_mac sender_mac; /* of ARP, or of neighbour discovery if has_mac */
    bool has_mac;
    struct baro_endpoint source, destination; /* of ARP: sender and target */
    uint16_t arp_operation;
    uint8_t protocol;        /* IP's, behind the last extension header */
    bool fragment;           /* IPv6: there is a fragment header */
    uint32_t id;
    unsigned fragment_offset;
    bool transport;          /* ports, and for TCP all below, are there */
    unsigned length;         /* octets behind the transport header, or IP payload */
    uint8_t flags;           /* TCP */
    uint16_t window;
    uint32_t seq, ack;
    uint8_t icmp_type, icmp_code;
    uint32_t icmp_word;      /* ICMPv6: the second word: an MTU, a pointer, flags */
    struct baro_address target; /* neighbour discovery: whom it is about */
};

/* A frame being read: what is not there reads as 0 and sets `cut`. */
struct frame_reader {
    const uint8_t *data;
    size_t length;
    bool cut;
};
uint32_t frame_number(struct frame_reader *reader, size_t at, unsigned octets);
void frame_address(struct frame_reader *reader, size_t at, struct baro_address *address, bool ipv6);

/* frame_icmpv6.c: what follows type and code, and the words. */
void frame_read_icmpv6(struct frame_view *view, struct frame_reader *reader, size_t at);
void frame_write_icmpv6(struct text *text, const struct frame_view *view, enum baro_language language);

/* Reads a frame, or a bare IP packet as the loopback may carry. */
void frame_read(struct frame_view *view, struct baro_bytes frame);
/* Whether these bytes are a bare IP packet rather than an Ethernet frame. */
bool frame_is_bare(struct baro_bytes frame);
/* One line; the bases are taken from sequence and acknowledgement number. */
void frame_write(struct text *text, const struct frame_view *view, enum baro_language language,
                 uint32_t seq_base, uint32_t ack_base);

#endif
