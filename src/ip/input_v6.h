/* ip/input_v6.h: the IPv6 header of a packet that arrived (step 8), bytes to a checked value. */
#ifndef IP_INPUT_V6_H
#define IP_INPUT_V6_H

#include "base/core.h"
#include "codec/ip_packet.h"
#include "ip/table.h"

/* Reads `bytes`, what stands behind the type field with its padding, into `packet`: version and lengths. Sets of the
 * packet everything that the fixed header says, `protocol` to its next header, and `payload` and `whole`; link-local
 * addresses are in the zone of packet->interface. */
enum baro_drop_reason ip_read_v6(struct core *core, struct baro_bytes bytes, struct ip_packet *packet);

/* Is the packet for this host, and can its addresses be true here? `link_group`: its frame was a multicast or
 * broadcast. Sets packet->to_group. */
enum baro_drop_reason ip_accept_v6(struct core *core, const struct ip_table *table, bool link_group,
                                   struct ip_packet *packet);

#endif
