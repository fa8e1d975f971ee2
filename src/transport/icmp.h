/* transport/icmp.h: ICMP messages that arrive (RFC 792, RFC 1122 §3.2.2), and pings of our own.
 *
 * Echo requests are answered, except those to a group (RFC 1122 §3.2.2.6 leaves it open; Smurf closed it). Echo
 * replies and errors about our requests become ping results. Errors about what else we sent are read here, and
 * receive.c hands them to TCP, UDP or the path MTU. Source quench (RFC 6633), redirects, and the types that RFC
 * 6918 retired are not spoken. */
#ifndef TRANSPORT_ICMP_H
#define TRANSPORT_ICMP_H

#include "base/core.h"
#include "codec/icmp.h"
#include "codec/ip_packet.h"

enum { ICMP_PING_RESULTS = 16, ICMP_PINGS = 64 };

/* A request of ours that may still be answered. */
struct ping {
    struct baro_address destination;
    uint16_t id, sequence;
    bool open;
};

struct icmp {
    struct core *core;
    struct ping ping[ICMP_PINGS]; /* the newest take the oldest's place */
    unsigned ping_next;
    struct baro_ping_result result[ICMP_PING_RESULTS];
    unsigned result_first, results;
};

/* What an ICMP error says about a packet of ours. */
struct icmp_error {
    uint8_t type, code, protocol;
    struct baro_address from;          /* who says so; family NONE: this host, without a packet */
    struct baro_address local, remote; /* of the quoted packet: its source, its destination */
    /* "too big": 0 from an old router (IPv4); to transports: the path's from now on */
    uint32_t reported_mtu;
    uint32_t length;                   /* of the quoted packet */
    struct baro_bytes transport;       /* at least eight octets of what stood behind the IP header */
    /* by which the error came, with this in its own IP header; 0: without a packet */
    int interface;
    uint8_t ttl, tos;
};

void icmp_init(struct icmp *icmp, struct core *core);

enum icmp_verdict { ICMP_DONE, ICMP_IS_ERROR, ICMP_IS_REPLY, ICMP_DROPPED };

/* One message of either family but neighbour discovery's. DONE: answered or reported. IS_ERROR: `error` is for whoever
 * sent the quoted packet. IS_REPLY: an echo reply to none of baro_stack_ping: it may be for a ping socket. DROPPED:
 * counted. */
enum icmp_verdict icmp_in(struct icmp *icmp, const struct ip_packet *packet, struct icmp_error *error);

/* Reads a packet of ours, of either family, that an error quotes; link-local addresses are in the zone of `interface`.
 * False: it is not whole enough to know whose it was. */
bool icmp_quote_read(struct baro_bytes quote, int interface, struct icmp_error *error);

/* Notes a request; its answer will be a result. */
void icmp_ping_sent(struct icmp *icmp, struct baro_address destination, uint16_t id, uint16_t sequence);
/* An error about a request of ours. False: we have sent no such one. */
bool icmp_ping_error(struct icmp *icmp, const struct icmp_error *error);
bool icmp_ping_result(struct icmp *icmp, struct baro_ping_result *result);

#endif
