/* ethernet/arp.h: ARP packets (RFC 826), bytes to a checked value and back. What to do about one is decided by
 * neighbour.h (who is where) and claim.h (is somebody using my address). */
#ifndef ETHERNET_ARP_H
#define ETHERNET_ARP_H

#include "base/core.h"
#include "codec/arp.h"

/* Reads and checks: Ethernet and IPv4 with their lengths, request or reply, a usable sender. The sender's address may
 * be 0.0.0.0 in a request: an address probe (RFC 5227 §1.1). */
enum baro_drop_reason arp_read(struct arp_packet *arp, struct baro_bytes payload);

/* The 28 octets of an intent's packet; `own` is the sending interface's MAC address. */
void arp_write(const struct intent_arp *intent, struct baro_mac own, uint8_t *to);

/* Records that an ARP packet shall be sent; false when the queue of intents is full. */
bool arp_intend(struct core *core, const struct intent_arp *arp);

#endif
