/* codec/ip_quote.h: the IP header of a packet that is gone, written anew, so that an ICMP error can quote it. What the
 * quote is for is that its reader finds the socket (RFC 1122 §3.2.2, RFC 4443 §2.4 (d)): addresses, protocol and length
 * are the packet's, the rest is as a host would have sent it. */
#ifndef CODEC_IP_QUOTE_H
#define CODEC_IP_QUOTE_H

#include "codec/ip_packet.h"

enum { IP_QUOTE_HEADER_LIMIT = 40 }; /* octets: IPv6's header */

/* Writes the header of a packet with `length` octets behind it; both addresses are of one family. Its octets. */
unsigned ip_quote_write(uint8_t *to, struct baro_address source, struct baro_address destination, uint8_t protocol,
                        uint16_t length);

#endif
