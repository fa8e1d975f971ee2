/* transport/ping.h: ping sockets: datagram sockets whose datagrams are echo messages of ICMP (RFC 792, RFC 1122
 * §3.2.2.6) or, on sockets of family IPV6, of ICMPv6 (RFC 4443 §4).
 *
 * They are UDP's sockets of another kind (udp_create with UDP_PINGS): the same queues, readiness and errors. The port
 * is the identifier; here is what that changes. A reply goes to the socket that has its identifier and the address it
 * was sent to, whoever sent it: a ping to a group is answered by addresses that nobody was connected to. */
#ifndef TRANSPORT_PING_H
#define TRANSPORT_PING_H

#include "transport/icmp.h"
#include "transport/udp/udp.h"

struct udp_record;
struct udp_socket;

/* Is it an echo request of that family with a whole header? */
bool ping_may_be_sent(const struct baro_message *message, enum baro_family family);
/* The first request of the socket's queue as a message: its own header with identifier filled in, the rest borrowed. */
void ping_write_request(struct udp *pings, const struct udp_socket *socket, const struct udp_record *record,
                        struct ip_message *message);

/* An echo reply, its checksum found right. ICMP_NO_MATCH: nobody has that identifier. */
enum baro_drop_reason ping_in(struct udp *pings, const struct ip_packet *packet);
/* An error about a packet of ours that was ICMP itself. ICMP_NO_MATCH: no request of these sockets. */
enum baro_drop_reason ping_icmp_error(struct udp *pings, const struct icmp_error *error);

#endif
