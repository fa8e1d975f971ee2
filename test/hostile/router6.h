/* test/hostile/router6.h: a router between fd00::/64 (interface 1, where the victim's peer is) and fd02::/64, and IPv6
 * packets crafted for it. One at a time. */
#ifndef TEST_ROUTER6_H
#define TEST_ROUTER6_H

#include "codec/icmpv6.h"
#include "codec/ipv6.h"
#include "hostile/craft.h"

enum { NOTHING = 255, IP_AT = 14, DATA_AT = 54 };

struct router {
    struct victim victim;
    struct frame_device far; /* interface 2, fd02::1 */
    uint8_t frame[70000];    /* what build() made, `length` octets */
    uint32_t length;
};
extern struct router router;

struct sample {
    struct baro_address source, destination;
    uint8_t next, hop_limit;
    const uint8_t *chain; /* extension headers, `chain_length` octets */
    uint32_t chain_length;
    bool group_frame;
};

extern const struct baro_mac near_mac, far_mac;

/* fd00::host for number 0, fd02::host for number 2; fe80::host. */
struct baro_address net(unsigned number, unsigned host);
struct baro_address local(unsigned host);

/* The far interface has this MTU and these capabilities; fd00::2, fe80::2 and fd02::2 are fixed neighbours. */
void setup(uint32_t mtu, uint32_t capabilities);
void teardown(void);

/* From fd00::2 to fd02::2, UDP, hop limit 64. */
struct sample across(void);
void build(const struct sample *sample, const uint8_t *data, uint32_t octets);
/* Of a transport header and what follows; 0: it is right. */
uint16_t sum_of(const struct sample *sample, uint8_t protocol, const uint8_t *data, uint32_t octets);
/* A UDP datagram of `octets` in all behind the chain, its checksum right. */
void datagram(const struct sample *sample, uint32_t octets);
/* The next ICMPv6 error of this type (NOTHING: any) that went out by interface 1, or NULL. */
const struct device_frame *icmp(uint8_t type);
/* The frame went on: the same but for the hop limit, `padding` octets at its end left behind. */
void untouched(uint32_t padding);

#endif
