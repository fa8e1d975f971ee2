/* transport/tcp/rest.c: see rest.h. */
#include "transport/tcp/rest.h"

#include "base/bytes.h"
#include "transport/tcp/calendar.h"

/* Longer than most programs think, so that who talks every few seconds need not be woken each time. */
static const int64_t TCP_REST_LEAST_NS = 8 * NS_PER_S;
/* A probe that is due so soon is waited for awake. */
static const int64_t TCP_REST_PROBE_NS = NS_PER_S;

enum {
    /* What says that something is going on or is owed. */
    BUSY_FLAGS = TCP_OUTPUT_QUEUED | TCP_OUTPUT_WAITING | TCP_ACK_OWED | TCP_URGENT_SENDING | TCP_URGENT_KNOWN |
                 TCP_RTT_TIMING | TCP_WANT_WRITE | TCP_CLOSED_DONE | TCP_TAIL | TCP_PROBE |
                 TCP_FLUSH | TCP_IN_QUEUE | TCP_POSTED,
    NEEDED_FLAGS = TCP_OWNED | TCP_IN_DEMUX,
    PROMISE = TCP_RECV_LEAST + TCP_SEND_LEAST
};

void tcp_let_rest(struct tcp *tcp, tcp_place *place, tcp_waits *waits, void *context)
{
    tcp->place = place;
    tcp->waits = waits;
    tcp->place_context = context;
}

static struct handle rest_handle(uint32_t name)
{
    return (struct handle){ name | (uint64_t)TCP_KIND_REST << TCP_KIND_SHIFT };
}

static uint32_t name_of(struct handle handle)
{
    return (uint32_t)(handle.value & ((UINT64_C(1) << TCP_KIND_SHIFT) - 1));
}

static bool timers_allow(const struct tcp_connection *c)
{
    for (int timer = 0; timer < TCP_TIMER_COUNT; timer++) {
        if (c->deadline_ns[timer] != 0 && timer != TCP_TIMER_KEEPALIVE)
            return false;
    }
    return true;
}

static bool may_rest(const struct tcp_connection *c)
{
    return (c->state == BARO_TCP_ESTABLISHED || c->state == BARO_TCP_CLOSE_WAIT || c->state == BARO_TCP_FIN_WAIT_2) &&
           (c->flags & (BUSY_FLAGS | NEEDED_FLAGS)) == NEEDED_FLAGS && c->send.data == NULL && c->recv.data == NULL &&
           ring_used(&c->send) == 0 && ring_used(&c->recv) == 0 && c->ranges == NULL && c->sender == NULL &&
           tcp_flight(c) == 0 && seq_eq(c->retransmit_next, c->retransmit_end) && c->error == 0 &&
           c->event.next == NULL && c->charged == PROMISE && timers_allow(c);
}

/* What no longer means anything. */
static void forget(struct tcp_connection *c)
{
    c->listener = HANDLE_NONE;
    if (c->flow != NULL && !c->flow->undo.possible)
        c->flow->undo = (struct tcp_undo){ .possible = false };
}

static bool probes_soon(const struct tcp *tcp, const struct tcp_connection *c)
{
    int64_t at_ns = c->deadline_ns[TCP_TIMER_KEEPALIVE];

    return at_ns != 0 && at_ns - tcp->core->now.ns <= TCP_REST_PROBE_NS;
}

/* Until when it is not idle for long enough. */
static int64_t awake_until_ns(const struct tcp *tcp, const struct tcp_connection *c, int64_t least_ns)
{
    int64_t quiet_ns = tcp_idle_since_ns(c) + least_ns, dialogue_ns = c->received_at_ns + c->rtt.rto_ns;

    if (probes_soon(tcp, c))
        dialogue_ns = c->deadline_ns[TCP_TIMER_KEEPALIVE] + c->rtt.rto_ns;
    return quiet_ns > dialogue_ns ? quiet_ns : dialogue_ns;
}

/* It is not idle for long enough, or something is held or owed, if only that its owner asks what happened. */
static bool wait_more(struct tcp *tcp, struct tcp_connection *c)
{
    int64_t least_ns = 4 * c->rtt.rto_ns, left_ns;

    least_ns = least_ns < TCP_REST_LEAST_NS ? TCP_REST_LEAST_NS : least_ns;
    left_ns = awake_until_ns(tcp, c, least_ns) - tcp->core->now.ns;
    if (left_ns <= 0 && !may_rest(c))
        left_ns = 4 * least_ns;
    if (left_ns > 0 && !tcp_timer_armed(c, TCP_TIMER_REST))
        tcp_timer_arm(tcp, c, TCP_TIMER_REST, left_ns);
    return left_ns > 0;
}

void tcp_timers_begin(struct tcp *tcp)
{
    tcp->moves = 0;
}

bool tcp_timers_go_on(const struct tcp *tcp)
{
    return tcp->moves < TCP_MOVES;
}

void tcp_timers_stop(struct tcp *tcp)
{
    tcp->moves = TCP_MOVES;
}

/* There is no memory for its record now. */
static bool try_again(struct tcp *tcp, struct tcp_connection *c)
{
    tcp_timer_arm(tcp, c, TCP_TIMER_REST, TCP_REST_LEAST_NS);
    return false;
}

bool tcp_rest(struct tcp *tcp, struct tcp_connection *c)
{
    struct handle own = tcp_handle(tcp, c),
                  *place = tcp->place == NULL ? NULL : tcp->place(tcp->place_context, c->event.owner);
    struct rest_expected expected;
    uint8_t record[REST_OCTETS_MOST];
    struct handle rest;
    uint32_t length, name;

    if (place == NULL || !handle_equal(*place, own) || wait_more(tcp, c))
        return false;
    forget(c);
    rest_expected_init(&expected, tcp);
    length = rest_encode(&expected, c, record);
    if (length > BLOCK_MOST)
        return false;
    name = blocks_take(&tcp->rests, length);
    if (name == BLOCK_NONE)
        return try_again(tcp, c);
    memcpy(blocks_at(&tcp->rests, name), record, length);
    if (rest_is_kept(record) && !tcp_calendar_enter(tcp, name, c->deadline_ns[TCP_TIMER_KEEPALIVE])) {
        blocks_give_back(&tcp->rests, name);
        return try_again(tcp, c);
    }
    rest = rest_handle(name);
    TRACE(tcp->core, TCP_RESTED, TRACE_N(rest.value), TRACE_N(own.value), TRACE_N(length));
    demux_replace(&tcp->demux, c->hash, own, rest);
    *place = rest;
    wheel_cancel(&tcp->core->wheel, &c->wheel);
    tcp_flow_release(tcp, c);
    tcp_discharge(tcp, c, c->charged);
    pool_give_back(&tcp->connections, c);
    tcp->core->counters.tcp_resting++;
    tcp->moves++;
    return true;
}

const struct tcp_connection *tcp_look(const struct tcp *tcp, struct handle handle, struct tcp_sleeper *sleeper)
{
    struct rest_expected expected;

    if (!tcp_is_at_rest(handle))
        return tcp_resolve(tcp, handle);
    memset(sleeper, 0, sizeof *sleeper);
    rest_expected_init(&expected, tcp);
    if (rest_decode(&expected, blocks_at(&tcp->rests, name_of(handle)), &sleeper->c, &sleeper->flow))
        sleeper->c.flow = &sleeper->flow;
    sleeper->c.charged = PROMISE; /* that the windows are reckoned by */
    return &sleeper->c;
}

/* A connection with what the record says. NULL: no memory for all of it, or the budget has no promise left
 * (`promised`). */
static inline struct tcp_connection *decoded(struct tcp *tcp, const uint8_t *record, bool promised)
{
    struct tcp_connection *c = pool_take(&tcp->connections);
    struct tcp_flow flow = { .pacing = { 0 } };
    struct rest_expected expected;
    bool whole;

    if (c == NULL)
        return NULL;
    rest_expected_init(&expected, tcp);
    whole = !rest_decode(&expected, record, c, &flow) || tcp_flow_open(tcp, c) != NULL;
    if (whole && (!promised || tcp_charge(tcp, c, PROMISE))) {
        if (c->flow != NULL)
            *c->flow = flow;
        return c;
    }
    tcp_flow_release(tcp, c);
    pool_give_back(&tcp->connections, c);
    return NULL;
}

/* Its record is no more. */
static void drop_record(struct tcp *tcp, uint32_t name)
{
    if (rest_is_kept(blocks_at(&tcp->rests, name)))
        tcp_calendar_leave(tcp, name);
    blocks_give_back(&tcp->rests, name);
    tcp->core->counters.tcp_resting--;
}

/* There is no memory for it, and its end has come: nobody hears of it any more. */
static void forget_record(struct tcp *tcp, struct handle handle)
{
    struct tcp_sleeper sleeper;
    const struct tcp_connection *c = tcp_look(tcp, handle, &sleeper);

    demux_erase(&tcp->demux, c->hash, handle);
    tcp_uncount_port(tcp, c->local.port.number, c->local.address.family == BARO_FAMILY_IPV6);
    tcp->core->counters.tcp_connections--;
    *tcp->place(tcp->place_context, c->event.owner) = HANDLE_NONE;
    drop_record(tcp, name_of(handle));
}

static inline struct tcp_connection *wake(struct tcp *tcp, struct handle handle, bool promised)
{
    struct tcp_connection *c = decoded(tcp, blocks_at(&tcp->rests, name_of(handle)), promised);
    struct handle own;

    if (c == NULL)
        return NULL;
    own = tcp_handle(tcp, c);
    TRACE(tcp->core, TCP_WOKEN, TRACE_N(own.value), TRACE_N(handle.value));
    demux_replace(&tcp->demux, c->hash, handle, own);
    *tcp->place(tcp->place_context, c->event.owner) = own;
    drop_record(tcp, name_of(handle));
    tcp->core->counters.tcp_woken++;
    return c;
}

uint32_t tcp_promise(void)
{
    return PROMISE;
}

bool tcp_has_promise(const struct tcp *tcp)
{
    return tcp->core->slabs.limit - tcp->core->slabs.charged >= PROMISE;
}

bool tcp_rest_waits(const struct tcp *tcp, struct handle handle, const struct tcp_connection *c)
{
    if (!tcp_is_at_rest(handle) || tcp_has_promise(tcp))
        return false;
    tcp->waits(tcp->place_context, c->event.owner);
    return true;
}

/* A call wanted it awake. */
static __attribute__((noinline)) void sleeps_on(const struct tcp *tcp, struct handle handle, bool *asleep)
{
    struct tcp_sleeper sleeper;

    *asleep = true;
    tcp_rest_waits(tcp, handle, tcp_look(tcp, handle, &sleeper));
}

struct tcp_connection *tcp_wake(struct tcp *tcp, struct handle handle, bool *asleep)
{
    struct tcp_connection *c;

    if (!tcp_is_at_rest(handle))
        return tcp_resolve(tcp, handle);
    c = wake(tcp, handle, true);
    if (c == NULL) {
        if (asleep != NULL)
            sleeps_on(tcp, handle, asleep);
        return NULL;
    }
    if (c->deadline_ns[TCP_TIMER_KEEPALIVE] != 0)
        tcp_timer_look(tcp, c, c->deadline_ns[TCP_TIMER_KEEPALIVE]);
    if (c->rtt.rto_ns < TCP_REST_RINGS_NS)
        tcp_timer_arm(tcp, c, TCP_TIMER_REST, c->rtt.rto_ns); /* then it shows whether there is more to do */
    tcp_rest_later(tcp, c);
    return c;
}

struct tcp_connection *tcp_wake_to_end(struct tcp *tcp, struct handle handle)
{
    struct tcp_connection *c = wake(tcp, handle, false);

    if (c == NULL)
        forget_record(tcp, handle);
    return c;
}

bool tcp_rest_probes(struct tcp *tcp, uint32_t name)
{
    tcp->moves++;
    return tcp_wake(tcp, rest_handle(name), NULL) != NULL;
}

void tcp_rest_address_removed(struct tcp *tcp, struct baro_address address)
{
    for (uint32_t name = blocks_next(&tcp->rests, 0); name != BLOCK_NONE; name = blocks_next(&tcp->rests, name + 1)) {
        struct baro_endpoint local, remote;

        struct tcp_connection *c;

        rest_ends(blocks_at(&tcp->rests, name), &local, &remote);
        if (!address_equal(local.address, address) || (c = tcp_wake_to_end(tcp, rest_handle(name))) == NULL)
            continue;
        tcp_finish(tcp, c, ECONNABORTED);
        tcp_reap(tcp, c);
    }
}

bool tcp_rest_has_port(const struct tcp *tcp, struct baro_endpoint wanted)
{
    for (uint32_t name = blocks_next(&tcp->rests, 0); name != BLOCK_NONE; name = blocks_next(&tcp->rests, name + 1)) {
        struct baro_endpoint local, remote;

        rest_ends(blocks_at(&tcp->rests, name), &local, &remote);
        if (local.port.number == wanted.port.number && bindings_meet(local.address, wanted.address))
            return true;
    }
    return false;
}

bool tcp_rest_is_of(const struct tcp *tcp, struct handle handle, const struct baro_endpoint *local,
                    const struct baro_endpoint *remote)
{
    return rest_is_of(blocks_at(&tcp->rests, name_of(handle)), local, remote);
}
