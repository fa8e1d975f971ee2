/* transport/tcp/flow.h: what a connection keeps from its first text on, apart from the connection itself, which many never need.
 *
 * Where there was no memory for it nothing is paced, every window counts as validated, and without SACK nothing is
 * undone. */
#ifndef TRANSPORT_TCP_FLOW_H
#define TRANSPORT_TCP_FLOW_H

#include "transport/tcp/pacing.h"
#include "transport/tcp/undo.h"
#include "transport/tcp/validation.h"

struct tcp_flow {
    struct tcp_undo undo;      /* without SACK; with it the sender's (sender.h) counts */
    struct pacing pacing;
    struct validation validation;
};

#endif
