/* Which connection a TCP event speaks of, and where its sequence numbers began. */
#ifndef EXPLAIN_FLOW_H
#define EXPLAIN_FLOW_H

#include "words.h"

#define FLOW_LIMIT 64
#define ORDINAL_LIMIT 256

struct flow {
    struct baro_endpoint local, remote;
    uint64_t connection; /* the core's number, 0: not known yet */
    uint64_t touched;    /* 0: the place is free */
    uint32_t isn, irs;   /* the first numbers, ours and the peer's; 0: not seen */
};

/* The connections of one host that were active last. */
struct flows {
    struct flow flow[FLOW_LIMIT];
    uint64_t clock;
    uint64_t named[ORDINAL_LIMIT]; /* the core's numbers, by the order in which they were first told */
    uint64_t names;
};

/* Learns from an event; `current` is the flow of its group, NULL if none. Returns the flow it belongs to. */
struct flow *flow_learn(struct flows *flows, struct flow *current, const struct baro_trace_event *event);
/* The flow between two endpoints, NULL if none is known. */
struct flow *flow_find(struct flows *flows, const struct baro_endpoint *local,
                       const struct baro_endpoint *remote);
/* What people call the core's connection number (a handle of 64 bits): 1, 2, 3, as they appear. The last
 * ORDINAL_LIMIT are remembered; an older one gets a new name. */
uint64_t flow_ordinal(struct flows *flows, uint64_t connection);
/* Sets what is to be taken from each argument so that sequence numbers count from the connection's first. */
void flow_bases(const struct flow *flow, const struct baro_trace_event *event,
                uint32_t base[BARO_TRACE_ARGUMENTS]);

#endif
