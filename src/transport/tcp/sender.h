/* transport/tcp/sender.h: what a sender with SACK knows of its flight.
 *
 * It exists only while there is something to tell apart: more than one moment of sending, a SACK block, a
 * retransmission. Before that everything in flight was sent at rtt_at_ns, and when nothing is in flight any more it is
 * given back. An idle connection and one in a request-response dialogue have none. */
#ifndef TRANSPORT_TCP_SENDER_H
#define TRANSPORT_TCP_SENDER_H

#include "transport/tcp/prr.h"
#include "transport/tcp/rack.h"
#include "transport/tcp/scoreboard.h"
#include "transport/tcp/undo.h"

struct tcp_sender {
    struct scoreboard board;
    struct rack rack;
    struct prr prr;
    struct tcp_undo undo;
};

#endif
