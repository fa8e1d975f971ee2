/* test/fuzz/stack_peer.h: who the fuzzed stack talks with. It reads what the stack sends, so that what it says
 * itself can be nearly right: ports, numbers and checksums that reach the innermost rooms of TCP. */
#ifndef TEST_FUZZ_STACK_PEER_H
#define TEST_FUZZ_STACK_PEER_H

#include "baro/packet.h"
#include "baro/stack.h"
#include "test/support/frame_device.h"

/* The input, read octet by octet; zeros behind its end. */
struct script {
    const uint8_t *at;
    size_t left;
};
uint8_t script_u8(struct script *script);
uint16_t script_u16(struct script *script);
/* Up to `limit` octets, fewer when fewer are left. */
struct baro_bytes script_bytes(struct script *script, size_t limit);

enum { PEER_TALKS = 8 };

/* A conversation as the peer sees it. */
struct talk {
    struct baro_address remote;      /* the peer's address in it */
    uint16_t stack_port, peer_port;
    uint32_t seq, ack;               /* of the next segment, if it were an honest one */
    uint32_t ts_echo;
    bool known;
};

struct peer {
    struct frame_device *device;
    struct frame_device *far;        /* the stack is a router: its other link, where nobody speaks; else NULL */
    bool v6;                         /* it is fd00::2, and talks with fd00::1 */
    struct baro_instant now;
    uint32_t mtu;
    bool checked;                    /* the stack does all itself: look at its checksums and lengths */
    struct talk talk[PEER_TALKS];
    unsigned next_talk;
    uint8_t last[600];               /* the head of the stack's last IP packet, for ICMP's quote */
    uint32_t last_length;
};

/* Takes all that the stack sent, aborts if something about it is wrong. */
void peer_listen(struct peer *peer);
/* Sayings, each drawn from the script. */
void peer_segment(struct peer *peer, struct script *script);
/* What an honest peer would say in conversation `which`: SYN begins it. */
void peer_honest(struct peer *peer, unsigned which, uint8_t flags, uint16_t length);
void peer_datagram(struct peer *peer, struct script *script);
void peer_icmp_error(struct peer *peer, struct script *script);
void peer_frame(struct peer *peer, struct script *script, bool make_right);
/* A packet of either family through the router, to 10.2.0.0/24 or fd02::/64, where .2 and ::2 are known: honest but for
 * what the script says. */
void peer_crossing(struct peer *peer, struct script *script);

#endif
