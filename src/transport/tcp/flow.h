/* transport/tcp/flow.h: what a connection keeps from its first text on, apart from the connection itself, which many
 * never need.
 *
 * Where there was no memory for it nothing is paced, every window counts as validated, and without SACK nothing is
 * undone. */
#ifndef TRANSPORT_TCP_FLOW_H
#define TRANSPORT_TCP_FLOW_H

#include "base/prefetch.h"
#include "transport/tcp/pacing.h"
#include "transport/tcp/sums.h"
#include "transport/tcp/undo.h"
#include "transport/tcp/validation.h"

struct tcp_flow {
    struct validation validation; /* what text after a while asks stands in one line */
    struct pacing pacing;
    struct tcp_undo undo;         /* without SACK; with it the sender's (sender.h) counts */
    struct text_sums *sums;       /* NULL: text is read when it leaves */
};

/* What text that leaves and its ACK touch. */
static inline void tcp_flow_prefetch(const struct tcp_flow *flow)
{
    if (flow == NULL)
        return;
    prefetch_line(&flow->validation);
    prefetch_line(&flow->pacing);
}

#endif
