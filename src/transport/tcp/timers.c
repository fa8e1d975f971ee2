/* transport/tcp/timers.c: named deadlines in a connection, one timer in the wheel (RFC 9293 §3.8).
 *
 * Setting or cancelling a deadline writes a number. The wheel's timer stands at the earliest deadline or before
 * it and is only moved to come earlier; when it fires too early it is armed again for what is earliest then. So
 * the retransmission timer, set anew at every ACK, costs the wheel nothing.
 * And it is not moved at once: late.c. */
#include "transport/tcp/calendar.h"
#include "transport/tcp/ease.h"
#include "transport/tcp/lines.h"
#include "transport/tcp/rest.h"

/* As the trace calls them. TCP_TIMER_REST is the stack's own affair and never told. */
static unsigned trace_number(enum tcp_timer_name name)
{
    static const uint8_t number[TCP_TIMER_COUNT] = { [TCP_TIMER_RETRANSMIT] = BARO_TRACE_TIMER_RETRANSMIT,
                                                     [TCP_TIMER_PERSIST] = BARO_TRACE_TIMER_PERSIST,
                                                     [TCP_TIMER_DELAYED_ACK] = BARO_TRACE_TIMER_DELAYED_ACK,
                                                     [TCP_TIMER_KEEPALIVE] = BARO_TRACE_TIMER_KEEPALIVE,
                                                     [TCP_TIMER_USER_TIMEOUT] = BARO_TRACE_TIMER_USER_TIMEOUT,
                                                     [TCP_TIMER_FIN_WAIT_2] = BARO_TRACE_TIMER_FIN_WAIT_2,
                                                     [TCP_TIMER_CORK] = BARO_TRACE_TIMER_CORK,
                                                     [TCP_TIMER_REORDER] = BARO_TRACE_TIMER_REORDER,
                                                     [TCP_TIMER_TAIL] = BARO_TRACE_TIMER_TAIL,
                                                     [TCP_TIMER_PACE] = BARO_TRACE_TIMER_PACE };

    return number[name];
}

void tcp_timer_arm(struct tcp *tcp, struct tcp_connection *c, enum tcp_timer_name name, int64_t delay_ns)
{
    if (name != TCP_TIMER_REST && (name != TCP_TIMER_KEEPALIVE || c->deadline_ns[name] == 0))
        TRACE(tcp->core, TCP_TIMER_ARMED, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(trace_number(name)),
              TRACE_D(delay_ns));
    tcp_timer_set(tcp, c, name, tcp->core->now.ns + delay_ns);
}

void tcp_timer_cancel(struct tcp *tcp, struct tcp_connection *c, enum tcp_timer_name name)
{
    if (c->deadline_ns[name] == 0)
        return;
    c->deadline_ns[name] = 0;
    if (name != TCP_TIMER_REST)
        TRACE(tcp->core, TCP_TIMER_CANCELLED, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(trace_number(name)));
}

void tcp_timer_cancel_all(struct tcp *tcp, struct tcp_connection *c)
{
    static const int64_t none[TCP_TIMER_COUNT];

    for (int name = 0; TRACE_ON(tcp->core) && name < TCP_TIMER_COUNT; name++)
        tcp_timer_cancel(tcp, c, (enum tcp_timer_name)name);
    memcpy(c->deadline_ns, none, sizeof none); /* memset() would be a loop of the processor's, slow for so few */
    wheel_cancel(&tcp->core->wheel, &c->wheel);
}

void tcp_keepalive_restart(struct tcp *tcp, struct tcp_connection *c)
{
    if (c->settings.keepalive && tcp_synchronised(c))
        tcp_timer_arm(tcp, c, TCP_TIMER_KEEPALIVE, c->settings.keepalive_idle_ms * NS_PER_MS);
}

void tcp_rest_later(struct tcp *tcp, struct tcp_connection *c)
{
    if (tcp_rest_is_far(tcp, c) && (c->flags & TCP_CLOSED_DONE) == 0)
        tcp_timer_arm(tcp, c, TCP_TIMER_REST, TCP_REST_RINGS_NS);
}

/* Rings that were empty and unused for a while give their memory back. */
static void rest(struct tcp *tcp, struct tcp_connection *c)
{
    int64_t idle_ns = tcp->core->now.ns - tcp_idle_since_ns(c);

    if (idle_ns < TCP_REST_RINGS_NS) {
        if (tcp->place != NULL || c->send.data != NULL || c->recv.data != NULL)
            /* to the point: whether it rested shall not show */
            tcp_timer_arm(tcp, c, TCP_TIMER_REST, TCP_REST_RINGS_NS - idle_ns);
        return;
    }
    if (ring_used(&c->send) == 0) {
        if (c->send.size > TCP_SEND_LEAST)
            tcp_discharge(tcp, c, c->send.size - TCP_SEND_LEAST);
        ring_release(&c->send, &tcp->core->slabs);
        tcp_send_limit_begin(c);
    }
    if (ring_used(&c->recv) == 0 && c->ranges == NULL)
        tcp_receive_rest(tcp, c);
}

/* R2 is passed (RFC 9293 §3.8.3): what an ICMP error told meanwhile is the better reason. */
static void give_up(struct tcp *tcp, struct tcp_connection *c)
{
    int error = c->soft_error != 0 ? c->soft_error : ETIMEDOUT;

    if (tcp_synchronised(c))
        tcp_abort(tcp, c, error);
    else
        tcp_finish(tcp, c, error);
}

static bool exhausted(const struct tcp_connection *c)
{
    if (c->state == BARO_TCP_SYN_SENT || c->state == BARO_TCP_SYN_RECEIVED)
        return c->retries > (c->settings.syn_retries != 0 ? c->settings.syn_retries : TCP_SYN_RETRIES);
    if (c->flags & TCP_ORPHAN)
        return c->retries > TCP_ORPHAN_RETRIES;
    return c->settings.user_timeout_ms == 0 && c->retries > TCP_RETRIES_R2;
}

static void start_user_timeout(struct tcp *tcp, struct tcp_connection *c)
{
    int64_t left_ns = c->settings.user_timeout_ms * NS_PER_MS - (tcp->core->now.ns - c->sent_at_ns);

    if (c->settings.user_timeout_ms == 0 || tcp_timer_armed(c, TCP_TIMER_USER_TIMEOUT))
        return;
    tcp_timer_arm(tcp, c, TCP_TIMER_USER_TIMEOUT, left_ns > 0 ? left_ns : 0);
}

/* The peer's window is closed: ask for news, at growing intervals, as long as it answers (RFC 9293 §3.8.6.1). */
static bool may_probe(struct tcp *tcp, struct tcp_connection *c)
{
    c->probes++;
    if (c->probes > (c->flags & TCP_ORPHAN ? TCP_ORPHAN_PROBES : TCP_RETRIES_R2)) {
        give_up(tcp, c);
        return false;
    }
    start_user_timeout(tcp, c);
    TRACE(tcp->core, TCP_WINDOW_PROBE, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(c->probes));
    return true;
}

static void on_retransmit(struct tcp *tcp, struct tcp_connection *c)
{
    if (tcp_ecn_timer(tcp, c) || tcp_flight(c) == 0)
        return;
    if (c->snd.wnd == 0 && tcp_synchronised(c)) {
        if (!may_probe(tcp, c))
            return;
        rtt_back_off(&c->rtt);
        tcp_retransmit_from(tcp, c, c->snd.una, seq_add(c->snd.una, 1));
        tcp_timer_arm(tcp, c, TCP_TIMER_RETRANSMIT, c->rtt.rto_ns);
        return;
    }
    if (tcp_timer_armed(c, TCP_TIMER_TAIL)) { /* the probe comes first: one segment instead of the whole window */
        tcp_timer_cancel(tcp, c, TCP_TIMER_TAIL);
        if (tcp_tail_probe(tcp, c))
            return;
    }
    c->retries++;
    if (exhausted(c)) {
        give_up(tcp, c);
        return;
    }
    if (c->retries == TCP_RETRIES_R1)
        tcp_tell(tcp, c); /* R1: whoever looks sees consecutive_timeouts (SHLD-9) */
    c->timeouts++;
    tcp->core->counters.tcp_rto++;
    start_user_timeout(tcp, c);
    rtt_back_off(&c->rtt);
    if (tcp_synchronised(c)) {
        tcp_blackhole_timeout(tcp, c);
        tcp_recover_timeout(tcp, c);
    } else {
        c->syn_retries++;
        tcp_ecn_syn_unanswered(tcp, c);
        tcp_retransmit_from(tcp, c, c->snd.iss, c->snd.nxt);
    }
    tcp_timer_arm(tcp, c, TCP_TIMER_RETRANSMIT, c->rtt.rto_ns);
}

static void on_persist(struct tcp *tcp, struct tcp_connection *c)
{
    if (tcp_flight(c) != 0 || !may_probe(tcp, c))
        return;
    c->flags |= TCP_PROBE;
    rtt_back_off(&c->rtt); /* the octet that leaves has its retransmission timer: the next interval is the double */
    tcp_want_output(tcp, c);
}

/* A silent peer is given up after so many probes, or when the user timeout has passed (RFC 5482 §3.1 leaves their order
 * open; as on Linux the user timeout is the one that counts). */
static bool is_silent_for_good(const struct tcp_connection *c, int64_t idle_ns)
{
    if (c->settings.user_timeout_ms != 0)
        return c->probes != 0 && idle_ns >= c->settings.user_timeout_ms * NS_PER_MS;
    return c->probes >= c->settings.keepalive_count;
}

/* RFC 9293 §3.8.4: a probe carries no data, and one without an answer is not death. */
static void on_keepalive(struct tcp *tcp, struct tcp_connection *c)
{
    int64_t idle_ns = tcp->core->now.ns - c->received_at_ns, first_ns = c->settings.keepalive_idle_ms * NS_PER_MS;

    if (!c->settings.keepalive)
        return;
    if (tcp_flight(c) != 0 || idle_ns < first_ns) {
        tcp_timer_arm(tcp, c, TCP_TIMER_KEEPALIVE, tcp_flight(c) != 0 ? first_ns : first_ns - idle_ns);
        return;
    }
    if (is_silent_for_good(c, idle_ns)) {
        give_up(tcp, c);
        return;
    }
    c->probes++;
    TRACE(tcp->core, TCP_KEEPALIVE, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(c->probes));
    tcp_send_probe(tcp, c);
    tcp_timer_arm(tcp, c, TCP_TIMER_KEEPALIVE, c->settings.keepalive_interval_ms * NS_PER_MS);
}

/* Nothing carried it. Where no more text came meanwhile, either, the delay was in vain: ack_turn.c says what
 * follows. */
static void on_delayed_ack(struct tcp *tcp, struct tcp_connection *c)
{
    tcp_lines_prefetch_ack(c); /* it leaves when other timers have fired */
    if (tcp->core->now.ns - c->text_at_ns >= TCP_ACK_DELAY_MS * NS_PER_MS)
        c->quick_acks = TCP_QUICK_ACKS + TCP_ALONE_ACKS;
    c->flags |= TCP_ACK_NOW;
    tcp_want_output(tcp, c);
}

static void fired(struct tcp *tcp, struct tcp_connection *c, enum tcp_timer_name name)
{
    if (name != TCP_TIMER_REST)
        TRACE(tcp->core, TCP_TIMER_FIRED, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(trace_number(name)));
    switch (name) {
    case TCP_TIMER_RETRANSMIT:
        on_retransmit(tcp, c);
        break;
    case TCP_TIMER_PERSIST:
        on_persist(tcp, c);
        break;
    case TCP_TIMER_DELAYED_ACK:
        on_delayed_ack(tcp, c);
        break;
    case TCP_TIMER_KEEPALIVE:
        on_keepalive(tcp, c);
        break;
    case TCP_TIMER_REST:
        rest(tcp, c);
        break;
    case TCP_TIMER_USER_TIMEOUT:
        give_up(tcp, c);
        break;
    case TCP_TIMER_FIN_WAIT_2:
        tcp_finish(tcp, c, 0);
        break;
    case TCP_TIMER_REORDER:
        tcp_sender_reorder_timer(tcp, c);
        break;
    case TCP_TIMER_TAIL:
        (void)tcp_tail_probe(tcp, c);
        break;
    case TCP_TIMER_PACE:
        tcp_want_output(tcp, c);
        break;
    case TCP_TIMER_CORK:
        c->flags |= TCP_FLUSH;
        tcp_want_output(tcp, c);
        break;
    default:
        break;
    }
}

/* ---- the wheel ---- */

static inline struct tcp_connection *owner_of(const struct wheel_timer *timer)
{
    return (struct tcp_connection *)(uintptr_t)((const uint8_t *)timer - offsetof(struct tcp_connection, wheel));
}

void tcp_timer_prefetch(const struct wheel_timer *timer)
{
    const struct tcp_connection *c;

    if (timer == NULL || timer->kind != TCP_WHEEL_CONNECTION)
        return;
    c = owner_of(timer);
    tcp_lines_prefetch_timer(c);
    if ((uint64_t)c->deadline_ns[TCP_TIMER_REST] - 1 < (uint64_t)timer->deadline.ns)
        tcp_lines_prefetch_rest(c);
}

void tcp_timer(struct tcp *tcp, struct wheel_timer *timer)
{
    struct tcp_connection *c;
    bool rests, is_late;

    if (timer->kind == TCP_WHEEL_TIME_WAIT) {
        tcp_time_wait_expire(tcp);
        return;
    }
    if (timer->kind == TCP_WHEEL_HALF_OPEN) {
        tcp_half_open_timer(tcp, timer);
        return;
    }
    if (timer->kind == TCP_WHEEL_CALENDAR) {
        tcp_calendar_timer(tcp);
        return;
    }
    c = owner_of(timer);
    is_late = c->late;
    c->late = true; /* what is armed meanwhile is seen to below */
    rests = tcp_timer_armed(c, TCP_TIMER_REST) && c->deadline_ns[TCP_TIMER_REST] <= tcp->core->now.ns;
    for (int name = 0; name < tcp_timers_of(c) && (c->flags & TCP_CLOSED_DONE) == 0; name++) {
        if (c->deadline_ns[name] == 0 || c->deadline_ns[name] > tcp->core->now.ns)
            continue;
        c->deadline_ns[name] = 0;
        if (name != TCP_TIMER_DELAYED_ACK && name != TCP_TIMER_REST)
            tcp_ease_ends(c); /* who knows what it does */
        fired(tcp, c, (enum tcp_timer_name)name);
    }
    c->late = is_late;
    if ((c->flags & TCP_CLOSED_DONE) == 0) {
        tcp_timer_tell_wheel(tcp, c);
        /* where it is armed it was not idle at all */
        if (rests && !tcp_timer_armed(c, TCP_TIMER_REST) && tcp_rest(tcp, c))
            return;
    }
    tcp_reap(tcp, c);
}
