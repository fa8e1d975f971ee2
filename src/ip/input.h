/* ip/input.h: the IPv4 header of a packet that arrived (step 8), bytes to a checked value. */
#ifndef IP_INPUT_H
#define IP_INPUT_H

#include "base/core.h"
#include "codec/ip_packet.h"
#include "codec/ipv4.h"
#include "ip/table.h"

/* Reads `bytes`, what stands behind the type field with its padding, into `header` and `packet`: version, lengths,
 * header checksum, options. Sets of the packet everything that the header says, and `payload` and `whole`. */
enum baro_drop_reason ip_read(struct core *core, struct baro_bytes bytes, struct ipv4_header *header,
                              struct ip_packet *packet);

/* Is the packet for this host, and can its addresses be true here? `link_group`: its frame was a broadcast or
 * multicast. Sets packet->to_group. */
enum baro_drop_reason ip_accept(struct core *core, const struct ip_table *table, bool link_group,
                                struct ip_packet *packet);

#endif
