/* transport/tcp/undo.h: what there is to go back to when a loss was none (RFC 4015), with or without SACK.
 *
 * With SACK it is a part of the record of the flight (sender.h), without SACK of the connection's (flow.h). */
#ifndef TRANSPORT_TCP_UNDO_H
#define TRANSPORT_TCP_UNDO_H

#include "base/seq.h"
#include "transport/tcp/congestion.h"

struct tcp_undo {
    bool possible;
    bool stamped;            /* something was sent again: the following are known */
    uint8_t spare[6];
    struct congestion before;
    uint32_t stamp;          /* timestamp of the first retransmission */
    struct seq from, to;     /* all that was sent again lies in between */
    uint32_t octets;         /* sent again and not yet told of as duplicates */
};

#endif
