/* transport/tcp/ecn.h: what a connection knows of explicit congestion notification (RFC 3168, RFC 8311); ecn.c says
 * how.
 *
 * The two halves are apart, as the RFC has them: our data may be ECN-capable (SENDS) while the peer's is not listened
 * to for marks, and the other way round (HEARS) after a SYN that asked was followed by one that did not. */
#ifndef TRANSPORT_TCP_ECN_H
#define TRANSPORT_TCP_ECN_H

#include <stdint.h>

#include "base/seq.h"

enum tcp_ecn_flag {
    TCP_ECN_ASKED = 1u << 0,   /* a SYN of ours was an ECN-setup SYN */
    TCP_ECN_ASKS = 1u << 1,    /* ... and the next one is too */
    TCP_ECN_SENDS = 1u << 2,   /* new data leaves as ECT(0) */
    TCP_ECN_HEARS = 1u << 3,   /* marks on the peer's data are told to it */
    TCP_ECN_ECHO = 1u << 4,    /* every ACK says ECE, until the peer's CWR */
    TCP_ECN_REDUCED = 1u << 5, /* the window was reduced at `end`: an ECE that acknowledges no more tells nothing new */
    TCP_ECN_CWR = 1u << 6,     /* the next new data says so */
    TCP_ECN_HEARD = 1u << 7,   /* the ACK that is being looked at says ECE: it lets no window grow */
    TCP_ECN_SEEN = 1u << 9,    /* text came that could be marked, or was: for who asks only */
    TCP_ECN_WAITS = 1u << 8    /* even one segment was too much: the next leaves when the retransmission timer fires */
};

/* Its flags are asked for at every segment: they stand elsewhere in the connection. */
struct tcp_ecn {
    struct seq end;       /* SND.NXT at the last reduction: the CWR stands there */
    uint32_t window;      /* what the congestion window shall be when this reduction is done */
};

#endif
