/* Sequence numbers counted from a connection's first, as people read them.
 *
 * A SYN in a TCP_IN or TCP_OUT event, or TCP_ISN, tells where numbers begin. Other events of the same
 * group belong to the same flow; outside a group the core's connection number finds it. At most
 * FLOW_LIMIT flows a host are kept, the longest unused gives way, and a connection whose SYN was not
 * seen is told with the numbers of the wire. */
#include "flow.h"

#include <string.h>

enum { FLAG_SYN = 2, FLAG_ACK = 16 };

static bool endpoint_equal(const struct baro_endpoint *a, const struct baro_endpoint *b)
{
    return a->port.number == b->port.number && a->address.family == b->address.family &&
           memcmp(a->address.octet, b->address.octet, sizeof a->address.octet) == 0;
}

static struct flow *flow_new(struct flows *flows)
{
    struct flow *oldest = &flows->flow[0];
    for (int i = 1; i < FLOW_LIMIT; i++)
        if (flows->flow[i].touched < oldest->touched)
            oldest = &flows->flow[i];
    memset(oldest, 0, sizeof *oldest);
    return oldest;
}

struct flow *flow_find(struct flows *flows, const struct baro_endpoint *local,
                       const struct baro_endpoint *remote)
{
    for (int i = 0; i < FLOW_LIMIT; i++) {
        struct flow *flow = &flows->flow[i];
        if (flow->touched != 0 && endpoint_equal(&flow->local, local) &&
            endpoint_equal(&flow->remote, remote))
            return flow;
    }
    return NULL;
}

static struct flow *flow_of_connection(struct flows *flows, uint64_t connection)
{
    struct flow *found = NULL;
    for (int i = 0; i < FLOW_LIMIT; i++) {
        struct flow *flow = &flows->flow[i];
        if (flow->touched != 0 && flow->connection == connection && connection != 0 &&
            (found == NULL || flow->touched > found->touched))
            found = flow;
    }
    return found;
}

/* connect chose the number before the first segment told the four-tuple. */
static struct flow *flow_nameless(struct flows *flows, uint32_t isn)
{
    for (int i = 0; i < FLOW_LIMIT; i++) {
        struct flow *flow = &flows->flow[i];
        if (flow->touched != 0 && flow->local.address.family == BARO_FAMILY_NONE && flow->isn == isn)
            return flow;
    }
    return NULL;
}

static const struct baro_trace_value *value_of(const struct baro_trace_event *event, const char *name)
{
    int index = argument_find(event->kind, name, strlen(name), NULL);
    return index < 0 ? NULL : &event->value[index];
}

static struct flow *learn_segment(struct flows *flows, const struct baro_trace_event *event, bool out)
{
    const struct baro_endpoint *source = &value_of(event, "source")->as.endpoint;
    const struct baro_endpoint *destination = &value_of(event, "destination")->as.endpoint;
    const struct baro_endpoint *local = out ? source : destination, *remote = out ? destination : source;
    uint32_t seq = (uint32_t)value_of(event, "seq")->as.number;
    bool syn = (value_of(event, "flags")->as.number & FLAG_SYN) != 0;
    struct flow *flow = out && syn ? flow_nameless(flows, seq) : NULL;
    if (flow == NULL)
        flow = flow_find(flows, local, remote);
    if (flow == NULL && syn)
        flow = flow_new(flows);
    if (flow == NULL)
        return NULL;
    flow->local = *local;
    flow->remote = *remote;
    if (syn) {
        uint32_t *mine = out ? &flow->isn : &flow->irs, *other = out ? &flow->irs : &flow->isn;
        if (*mine != 0 && *mine != seq) /* the four-tuple lives again */
            *other = 0;
        *mine = seq;
    }
    return flow;
}

/* A half-open record is a connection now, a connection rests or wakes: in words it stays the same one. */
static void same_ordinal(struct flows *flows, uint64_t record, uint64_t connection)
{
    if (flows->names != 0 && flows->named[(flows->names - 1) % ORDINAL_LIMIT] == connection)
        flows->names--; /* its buffers were told of just before */
    for (uint64_t i = flows->names; i > 0 && flows->names - i < ORDINAL_LIMIT; i--)
        if (flows->named[(i - 1) % ORDINAL_LIMIT] == record)
            flows->named[(i - 1) % ORDINAL_LIMIT] = connection;
}

struct flow *flow_learn(struct flows *flows, struct flow *current, const struct baro_trace_event *event)
{
    const struct baro_trace_value *connection = value_of(event, "connection");
    const struct baro_trace_value *state = value_of(event, "state");
    struct flow *flow = current;
    bool renamed = event->kind == BARO_TRACE_TCP_PROMOTED || event->kind == BARO_TRACE_TCP_RESTED ||
                   event->kind == BARO_TRACE_TCP_WOKEN;
    uint64_t before = renamed ? value_of(event, "record")->as.number : 0;
    if (renamed)
        same_ordinal(flows, before, connection->as.number);
    if (event->kind == BARO_TRACE_TCP_IN || event->kind == BARO_TRACE_TCP_OUT) {
        flow = learn_segment(flows, event, event->kind == BARO_TRACE_TCP_OUT);
    } else if (connection != NULL && event->kind != BARO_TRACE_TCP_FOUND &&
               (state == NULL || state->as.number != 1 /* LISTEN: the listener's number */)) {
        if (flow == NULL)
            flow = flow_of_connection(flows, renamed ? before : connection->as.number);
        if (flow == NULL && event->kind == BARO_TRACE_TCP_ISN)
            flow = flow_new(flows);
        if (flow != NULL)
            flow->connection = connection->as.number;
    }
    if (flow == NULL)
        return NULL;
    if (event->kind == BARO_TRACE_TCP_ISN)
        flow->isn = (uint32_t)value_of(event, "isn")->as.number;
    flow->touched = ++flows->clock;
    return flow;
}

uint64_t flow_ordinal(struct flows *flows, uint64_t connection)
{
    for (uint64_t i = flows->names; i > 0 && flows->names - i < ORDINAL_LIMIT; i--)
        if (flows->named[(i - 1) % ORDINAL_LIMIT] == connection)
            return i;
    flows->named[flows->names++ % ORDINAL_LIMIT] = connection;
    return flows->names;
}

void flow_bases(const struct flow *flow, const struct baro_trace_event *event,
                uint32_t base[BARO_TRACE_ARGUMENTS])
{
    static const struct {
        enum baro_trace_kind kind;
        const char *name;
        bool ours;
    } numbers[] = {
        { BARO_TRACE_TCP_IN, "seq", false },
        { BARO_TRACE_TCP_IN, "ack", true },
        { BARO_TRACE_TCP_OUT, "seq", true },
        { BARO_TRACE_TCP_OUT, "ack", false },
        { BARO_TRACE_TCP_BEFORE, "snd_una", true },
        { BARO_TRACE_TCP_BEFORE, "snd_nxt", true },
        { BARO_TRACE_TCP_BEFORE, "rcv_nxt", false },
        { BARO_TRACE_TCP_AFTER, "snd_una", true },
        { BARO_TRACE_TCP_AFTER, "snd_nxt", true },
        { BARO_TRACE_TCP_AFTER, "rcv_nxt", false },
        { BARO_TRACE_TCP_SEQUENCE_TEST, "seq", false },
        { BARO_TRACE_TCP_SEQUENCE_TEST, "rcv_nxt", false },
        { BARO_TRACE_TCP_ACK_TEST, "ack", true },
        { BARO_TRACE_TCP_ACK_TEST, "snd_una", true },
        { BARO_TRACE_TCP_ACK_TEST, "snd_nxt", true },
        { BARO_TRACE_TCP_OUT_OF_ORDER, "seq", false },
        { BARO_TRACE_TCP_RETRANSMIT, "seq", true },
        { BARO_TRACE_TCP_FAST_RETRANSMIT, "seq", true },
    };
    memset(base, 0, sizeof(uint32_t) * BARO_TRACE_ARGUMENTS);
    for (size_t i = 0; flow != NULL && i < sizeof numbers / sizeof numbers[0]; i++) {
        if (numbers[i].kind != event->kind)
            continue;
        int index = argument_find(event->kind, numbers[i].name, strlen(numbers[i].name), NULL);
        if (index >= 0 && event->value[index].as.number != 0) /* 0: the field is not in use */
            base[index] = numbers[i].ours ? flow->isn : flow->irs;
    }
}
