/* ethernet/frame.h: Ethernet frames in and out (step 6): the header, one VLAN tag, the type field.
 *
 * Pure: bytes to values. One 802.1Q tag is accepted and told, and the frame then goes on as an untagged one; the
 * stack keeps no VLANs apart. */
#ifndef ETHERNET_FRAME_H
#define ETHERNET_FRAME_H

#include "baro/drop_reasons.h"
#include "codec/ethernet.h"

struct ethernet_arrival {
    struct baro_mac destination, source;
    uint16_t type;                  /* behind the tag */
    int32_t vlan;                   /* the tag's 16 bits (priority and VLAN number), -1: none */
    enum baro_drop_reason verdict;  /* NONE: goes on to the software that `type` names */
    bool to_group;                  /* the frame was a broadcast or multicast */
    bool header_read;               /* there were 14 octets: the first three values are good */
    struct baro_bytes payload;      /* behind the type field, padding included */
};

/* Looks at a frame that arrived where the MAC address is `own`. */
void ethernet_parse(struct ethernet_arrival *arrival, struct baro_bytes frame, struct baro_mac own);

/* Writes the 14 octets of a header. */
void ethernet_write(uint8_t *to, struct baro_mac destination, struct baro_mac source, uint16_t type);

/* The address of a frame to a group (RFC 1112 §6.4, RFC 2464 §7) or IPv4's broadcast address. */
struct baro_mac ethernet_group_mac(struct baro_address group);
struct baro_mac ethernet_broadcast_mac(void);

#endif
