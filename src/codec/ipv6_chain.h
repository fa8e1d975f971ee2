/* codec/ipv6_chain.h: the headers between IPv6's own and what it carries (RFC 8200 §4), walked once, bytes to
 * a value.
 *
 * Any order and any number is walked, as §4.1 asks of a receiver, but the hop-by-hop header stands first or
 * not at all, and a walk ends: after IPV6_CHAIN_HEADERS headers, IPV6_CHAIN_OCTETS octets, IPV6_CHAIN_OPTIONS
 * options in one header, or IPV6_CHAIN_PADDING octets of padding in a row (RFC 8504 §5.3). The walk decides
 * nothing beyond the chain: it tells what stands where, and of the first thing that is wrong what RFC 8200
 * wants done about it. Which upper protocols are spoken here the caller knows.
 *
 * A fragment ends the walk, since what follows counts only when the packet is whole; of a first fragment it
 * is looked at just enough to know that the chain is all there (RFC 7112). An atomic fragment (RFC 6946) is a
 * packet like any other with eight octets more of header. */
#ifndef CODEC_IPV6_CHAIN_H
#define CODEC_IPV6_CHAIN_H

#include "baro/drop_reasons.h"
#include "codec/ipv6.h"

enum {
    IPV6_CHAIN_HEADERS = 8,
    IPV6_CHAIN_OCTETS =
        IPV6_LEAST_MTU, /* from the start of the packet: it must fit the smallest link (RFC 7112 §5) */
    IPV6_CHAIN_OPTIONS = 8,
    IPV6_CHAIN_PADDING = 7
};

enum ipv6_option {
    IPV6_OPTION_PAD1 = 0,
    IPV6_OPTION_PADN = 1,
    IPV6_OPTION_ROUTER_ALERT = 5 /* RFC 2711 */
};

/* What the source is told of a packet that is dropped. */
enum ipv6_answer {
    IPV6_ANSWER_NONE = 0,
    IPV6_ANSWER_PROBLEM,              /* parameter problem */
    IPV6_ANSWER_PROBLEM_UNLESS_GROUP, /* the same, not if the packet went to a group (§4.2, action 11) */
    IPV6_ANSWER_PROBLEM_EVEN_GROUP    /* the same, to whomever it went (§4.2, action 10) */
};

struct ipv6_chain {
    enum baro_drop_reason reason; /* NONE: walked to its end, or to a fragment header */
    enum ipv6_answer answer;      /* with a reason */
    uint8_t code;                 /* enum icmpv6_parameter_code */
    uint16_t pointer;             /* octets from the start of the packet */

    uint8_t protocol;     /* what stands behind the chain */
    uint16_t protocol_at; /* the octet that says so */
    uint16_t payload_at;  /* where that begins */
    uint16_t headers;     /* extension headers walked */
    bool router_alert;

    bool fragment;        /* one with company; protocol, payload_at: of what the fragment header announces */
    bool atomic;          /* there was a fragment header for a whole packet */
    uint16_t fragment_at; /* the fragment header */
    uint16_t fragment_said_at; /* the next header field that announces it */
};

/* Walks `packet`, whole from its IPv6 header on, whose length is right (at least 40 octets). `whole`: it was
 * put together from fragments, so another fragment is one too many. */
void ipv6_chain_walk(struct ipv6_chain *chain, struct baro_bytes packet, bool whole);

/* What the packet carries behind all its extension headers, whatever is wrong with what they say, and at *at where
 * that begins. Where they run past its end, or behind a fragment header that is not the first's, it is that header's
 * number. */
uint8_t ipv6_chain_end(struct baro_bytes packet, size_t *at);

#endif
