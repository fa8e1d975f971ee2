/* A mark of congestion on a frame, as a router sets it (RFC 3168 §5): CE over ECT in the IP header, of either family.
 *
 * What says that it is not ECN-capable stays as it is, and so does what is no IP packet. IPv4's header checksum follows
 * (RFC 1624). The packet behind one VLAN tag is found too. */
#include "network_internal.h"

enum {
    NOT_ECT = 0,
    CE = 3,
    TYPE_IPV4 = 0x0800,
    TYPE_IPV6 = 0x86dd,
    TYPE_VLAN = 0x8100,
    IPV4_LEAST = 20,
    IPV6_LEAST = 40
};

static unsigned read16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

/* RFC 1624 equation 3, for the header's first 16 bits. */
static void change_first_word(uint8_t *ip, uint8_t traffic)
{
    uint32_t sum = (uint16_t)~read16(ip + 10), before = (uint16_t)~read16(ip);
    ip[1] = traffic;
    sum += before + read16(ip);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    ip[10] = (uint8_t)(~sum >> 8);
    ip[11] = (uint8_t)~sum;
}

bool mark_congestion(uint8_t *frame, uint32_t octets)
{
    uint32_t at = BARO_FRAME_HEADER;
    if (octets < at + IPV4_LEAST)
        return false;
    unsigned type = read16(frame + at - 2);
    if (type == TYPE_VLAN) {
        at += BARO_FRAME_VLAN_TAG;
        type = read16(frame + at - 2);
    }
    uint8_t *ip = frame + at;
    if (type == TYPE_IPV4 && octets >= at + IPV4_LEAST && ip[0] >> 4 == 4) {
        if ((ip[1] & CE) == NOT_ECT || (ip[1] & CE) == CE)
            return false;
        change_first_word(ip, ip[1] | CE);
        return true;
    }
    if (type == TYPE_IPV6 && octets >= at + IPV6_LEAST && ip[0] >> 4 == 6) {
        unsigned ecn = ip[1] >> 4 & CE; /* the traffic class lies across two octets */
        if (ecn == NOT_ECT || ecn == CE)
            return false;
        ip[1] |= CE << 4;
        return true;
    }
    return false;
}
