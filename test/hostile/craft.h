/* test/hostile/craft.h: one host with a frame device, and frames crafted for it octet by octet. */
#ifndef TEST_CRAFT_H
#define TEST_CRAFT_H

#include "baro/stack.h"
#include "support/frame_device.h"

/* The host is 10.0.0.1/24 at 02:..:01; the peer that crafts is 10.0.0.2 at 02:..:02 and a fixed neighbour. */
struct victim {
    struct test_memory memory;
    struct frame_device device;
    struct baro_stack *stack;
    struct baro_instant now;
};
void victim_init(struct victim *victim, bool gateway);
void victim_release(struct victim *victim);
/* Lets `ms` go by and polls. */
void victim_wait(struct victim *victim, int64_t ms);
uint64_t victim_drops(const struct victim *victim, enum baro_drop_reason reason);
/* Polls with one frame; returns how often `reason` was counted meanwhile. Sent frames stay in the device. */
uint64_t victim_feed(struct victim *victim, const uint8_t *frame, uint32_t length, enum baro_drop_reason reason);
/* Forgets what was sent; returns how many frames. */
unsigned victim_forget(struct victim *victim);
/* The next frame that carries ICMP of this type, or NULL. */
const struct device_frame *victim_icmp(struct victim *victim, uint8_t type);

struct crafted {
    uint8_t octets[70000];
    uint32_t length;
};

struct craft {
    struct baro_address source, destination;
    uint8_t protocol, ttl;
    uint16_t id, flags_offset;
    uint8_t options[40];
    unsigned options_length;         /* a multiple of four */
    struct baro_mac to, from;        /* all zero: the host's and the peer's */
};
/* From the peer to the host, protocol UDP. */
struct craft craft_default(void);
/* Ethernet and IP header around `payload`; the header checksum is right. */
void craft_ip(struct crafted *frame, const struct craft *craft, const void *payload, uint32_t length);
/* After a change of the IP header. */
void craft_checksum(struct crafted *frame);
/* A UDP datagram's octets without checksum: ports, `length` octets of payload. Returns the length in all. */
uint32_t craft_udp(uint8_t *to, uint16_t source_port, uint16_t destination_port, uint32_t length);
/* An ICMP message with its checksum. Returns its length. */
uint32_t craft_icmp(uint8_t *to, uint8_t type, uint8_t code, uint32_t rest, const void *data, uint32_t length);
/* An ARP packet in a frame to `to`. */
void craft_arp(struct crafted *frame, uint16_t operation, struct baro_address sender, struct baro_mac sender_mac,
               struct baro_address target, struct baro_mac to);

#endif
