/* transport/tcp/info.c: STATUS (RFC 9293 §3.10.6): what a program may ask about its connection. */
#include "base/likely.h"
#include "transport/tcp/exchange.h"
#include "transport/tcp/rest.h"

/* What came where the program wanted it and was not collected. */
static uint32_t posted_octets(const struct tcp_connection *c)
{
    return (c->flags & TCP_POSTED) != 0 ? c->posted.filled : 0;
}

static uint32_t readable_of(const struct tcp_connection *c)
{
    uint32_t used = ring_used(&c->recv);
    /* The urgent octet does not count where it is not in line. */
    bool urgent_inside = used != 0 && !c->settings.oob_inline && (c->flags & TCP_URGENT_KNOWN) != 0 &&
                         seq_lt(seq_sub(c->rcv.up, 1), tcp_recv_seq(c, c->recv.end)) &&
                         seq_ge(seq_sub(c->rcv.up, 1), tcp_recv_seq(c, c->recv.begin));

    return used - urgent_inside + posted_octets(c);
}

/* Is as much there as the program wants at least (SO_RCVLOWAT), or will no more come before it reads: the window is
 * closed, or as good as that? */
static inline bool is_worth_reading(const struct tcp_connection *c, uint32_t readable)
{
    return readable != 0 && (readable >= c->settings.recv_low_water || tcp_recv_window(c) <= c->rcv_full);
}

static unsigned readiness_of(const struct tcp *tcp, const struct tcp_connection *c)
{
    unsigned events = 0;
    bool over;

    over = (c->flags & TCP_CLOSED_DONE) != 0;
    if (is_worth_reading(c, readable_of(c)) || c->error != 0 || over ||
        (c->flags & (TCP_FIN_RECEIVED | TCP_SHUT_READ)) != 0)
        events |= BARO_EVENT_IN;
    if (over || (tcp_synchronised(c) && ((c->flags & TCP_FIN_WANTED) != 0 ||
                                         (tcp_send_takes(tcp, c, 0) != 0 && tcp_little_unsent(c)))))
        events |= BARO_EVENT_OUT;
    if ((c->flags & (TCP_URGENT_KNOWN | TCP_URGENT_TAKEN)) == TCP_URGENT_KNOWN)
        events |= BARO_EVENT_PRIORITY;
    if (c->error != 0)
        events |= BARO_EVENT_ERROR;
    if (over || (c->flags & (TCP_FIN_RECEIVED | TCP_SHUT_READ)) != 0)
        events |= BARO_EVENT_READ_HANGUP;
    if (over || ((c->flags & (TCP_FIN_RECEIVED | TCP_SHUT_READ)) != 0 && (c->flags & TCP_FIN_WANTED) != 0))
        events |= BARO_EVENT_HANGUP;
    return events;
}

/* Open both ways, and nothing said besides: then two rings say all. */
static inline bool is_plain(const struct tcp_connection *c)
{
    const uint32_t unusual = TCP_CLOSED_DONE | TCP_FIN_RECEIVED | TCP_SHUT_READ | TCP_FIN_WANTED | TCP_URGENT_KNOWN |
                             TCP_URGENT_TAKEN | TCP_POSTED;

    return c->state == BARO_TCP_ESTABLISHED && (c->flags & unusual) == 0 && c->error == 0 &&
           c->settings.notsent_low_water == 0;
}

/* Who sees that there is no room is told when there is, as one whom tcp_send refused. */
static __attribute__((noinline)) void wants_room(const struct tcp *tcp, struct handle connection)
{
    tcp_resolve(tcp, connection)->flags |= TCP_WANT_WRITE;
}

static __attribute__((noinline)) unsigned other_readiness(const struct tcp *tcp, struct handle connection)
{
    struct tcp_sleeper sleeper;
    const struct tcp_connection *c = tcp_look(tcp, connection, &sleeper);
    unsigned events = c == NULL ? BARO_EVENT_INVALID : readiness_of(tcp, c);

    if (c == NULL || (c->flags & TCP_FIN_WANTED) != 0)
        return events;
    if (tcp_rest_waits(tcp, connection, c))
        events &= ~(unsigned)BARO_EVENT_OUT;
    else if ((events & BARO_EVENT_OUT) == 0 && tcp_synchronised(c) && tcp_send_takes(tcp, c, 0) == 0) /* it is awake */
        wants_room(tcp, connection);
    return events;
}

/* The send ring has to grow for it, or is full. */
static __attribute__((noinline)) unsigned readiness_for_more(const struct tcp *tcp, struct handle connection,
                                                             const struct tcp_connection *c)
{
    if (tcp_send_takes(tcp, c, 0) != 0)
        return BARO_EVENT_OUT;
    wants_room(tcp, connection);
    return 0;
}

unsigned tcp_readiness(const struct tcp *tcp, struct handle connection)
{
    const struct tcp_connection *c = tcp_resolve_here(tcp, connection);
    unsigned events;

    if (c == NULL || !is_plain(c))
        return other_readiness(tcp, connection);
    events = is_worth_reading(c, ring_used(&c->recv)) ? BARO_EVENT_IN : 0u;
    if (LIKELY(ring_used(&c->send) < c->send.limit &&
               (ring_used(&c->send) == 0 || ring_used(&c->send) < c->send.size)))
        return events | BARO_EVENT_OUT;
    return events | readiness_for_more(tcp, connection, c);
}

uint32_t tcp_readable(const struct tcp *tcp, struct handle connection)
{
    const struct tcp_connection *c = tcp_resolve(tcp, connection); /* at rest it holds nothing */

    return c == NULL ? 0 : readable_of(c);
}

uint32_t tcp_writable(struct tcp *tcp, struct handle connection)
{
    struct tcp_sleeper sleeper;
    const struct tcp_connection *c = tcp_look(tcp, connection, &sleeper);
    uint32_t room;

    if (c == NULL || !tcp_synchronised(c) || (c->flags & TCP_FIN_WANTED) != 0 || tcp_rest_waits(tcp, connection, c))
        return 0;
    room = tcp_send_takes(tcp, c, tcp_is_at_rest(connection) ? tcp_promise() : 0);
    if (room == 0) /* at rest there is room */
        wants_room(tcp, connection);
    return room;
}

static enum baro_ca_state ca_state(const struct tcp_connection *c)
{
    switch (c->congestion.phase) {
    case CONGESTION_REDUCTION:
        return BARO_CA_CWR;
    case CONGESTION_RECOVERY:
        return BARO_CA_RECOVERY;
    case CONGESTION_LOSS:
        return BARO_CA_LOSS;
    default:
        return c->duplicate_acks != 0 || (c->sender != NULL && c->sender->board.sacked != 0) ? BARO_CA_DISORDER
                                                                                            : BARO_CA_OPEN;
    }
}

/* What of the flight is where. Without a scoreboard that is the span to be sent again, and what of it has been. */
static void tell_flight(const struct tcp_connection *c, struct baro_tcp_info *info)
{
    bool repairing = c->congestion.phase >= CONGESTION_RECOVERY;

    if (c->sender != NULL) {
        uint32_t again = scoreboard_again_octets(&c->sender->board);
        uint32_t probe = c->tail.out && c->tail.again ? tcp_payload_limit(c) : 0;

        info->sacked = c->sender->board.sacked;
        info->retransmitted = again;
        info->lost = c->sender->board.lost + (repairing && again > probe ? again - probe : 0);
    } else if (repairing) {
        info->retransmitted = seq_span(c->retransmit_next, c->snd.una);
        info->lost = seq_span(seq_max(c->retransmit_end, c->retransmit_next), c->snd.una);
    }
    info->bytes_delivered = c->bytes_acked + info->sacked;
}

static struct baro_duration since(const struct tcp *tcp, int64_t at_ns)
{
    return (struct baro_duration){ at_ns == 0 ? 0 : tcp->core->now.ns - at_ns };
}

static void tell_counts(const struct tcp *tcp, const struct tcp_connection *c, struct baro_tcp_info *info)
{
    uint64_t next = tcp_send_offset(c, c->snd.nxt);

    if (seq_eq(c->snd.nxt, c->snd.iss))
        next = 0; /* the SYN has not left yet */
    else if (next > c->send.end)
        next = c->send.end; /* the FIN's place */
    info->last_data_sent = since(tcp, c->sent_at_ns);
    info->last_data_recv = since(tcp, c->text_at_ns);
    info->last_ack_recv = since(tcp, c->received_at_ns);
    info->ack_delay.ns = c->data_in != 0 ? TCP_ACK_DELAY_MS * NS_PER_MS : 0;
    info->bytes_acked = c->bytes_acked;
    info->bytes_received = c->recv.end;
    info->bytes_sent = next + c->counts.again;
    info->bytes_retransmitted = c->counts.again;
    info->segments_in = c->segments_in;
    info->segments_out = c->segments_out;
    info->data_segments_in = c->data_in;
    info->data_segments_out = c->data_out;
    info->retransmits = c->counts.retransmits;
    info->timeouts = c->timeouts;
    info->duplicates_told = c->counts.duplicates;
    info->reordered = c->counts.reordered;
    info->out_of_order = c->counts.out_of_order;
    info->unsent = tcp_unsent(c);
    info->unread = ring_used(&c->recv) + posted_octets(c);
    info->consecutive_timeouts = c->retries;
    info->probes = c->probes;
    info->backoff = c->retries != 0 ? c->retries : tcp_flight(c) != 0 || tcp_unsent(c) != 0 ? c->probes : 0;
}

void tcp_info(const struct tcp *tcp, struct handle connection, struct baro_tcp_info *info)
{
    struct tcp_sleeper sleeper;
    const struct tcp_connection *c = tcp_look(tcp, connection, &sleeper);
    const struct tcp_half_open *record = tcp_resolve_half_open(tcp, connection);

    *info = (struct baro_tcp_info){ .state = record == NULL ? BARO_TCP_CLOSED : BARO_TCP_SYN_RECEIVED };
    if (c == NULL)
        return;
    *info = (struct baro_tcp_info){
        .state = (enum baro_tcp_state)c->state,
        .ca_state = ca_state(c),
        .snd_una = c->snd.una.value,
        .snd_nxt = c->snd.nxt.value,
        .snd_wnd = c->snd.wnd,
        .rcv_nxt = c->rcv.nxt.value,
        .rcv_wnd = tcp_recv_window(c),
        .snd_mss = tcp_payload_limit(c),
        .rcv_mss = c->rcv_full,
        .advmss = c->rcv_mss,
        .path_mtu = c->path_mtu,
        .rcv_ssthresh = c->recv.limit,
        .rcv_space = c->tuning.space,
        .rcv_rtt = { c->tuning.rtt_us * NS_PER_US },
        .cwnd = c->congestion.cwnd,
        .ssthresh = c->congestion.ssthresh,
        .flight = tcp_flight(c),
        .duplicate_threshold = 3,
        .snd_scale = c->snd_scale,
        .rcv_scale = c->rcv_scale,
        .scaled = (c->flags & TCP_SCALED) != 0,
        .timestamps = (c->flags & TCP_TIMESTAMPS) != 0,
        .ecn = (c->ecn_flags & TCP_ECN_SENDS) != 0,
        .ecn_seen = (c->ecn_flags & TCP_ECN_SEEN) != 0,
        .sack_permitted = (c->flags & TCP_SACK_PERMITTED) != 0,
        .srtt = { c->rtt.srtt_ns },
        .rttvar = { c->rtt.rttvar_ns },
        .rto = { c->rtt.rto_ns },
        .min_rtt = { least_ns(&c->rtt.least) },
        .pacing_rate = tcp_synchronised(c) ? tcp_pacing_rate(tcp, c) : 0,
        .max_pacing_rate = c->settings.max_pacing_rate,
    };
    tell_flight(c, info);
    tell_counts(tcp, c, info);
}

void tcp_listener_info(const struct tcp *tcp, struct handle listener, struct baro_tcp_info *info)
{
    const struct tcp_listener *l = tcp_resolve_listener(tcp, listener);

    *info = (struct baro_tcp_info){ .state = l == NULL ? BARO_TCP_CLOSED : BARO_TCP_LISTEN };
    if (l == NULL)
        return;
    info->queued = l->queue.count;
    info->backlog = l->backlog;
}

void tcp_settings_of(const struct tcp *tcp, struct handle connection, struct tcp_settings *settings)
{
    struct tcp_sleeper sleeper;
    const struct tcp_connection *c = tcp_look(tcp, connection, &sleeper);

    if (c == NULL)
        tcp_settings_begin(tcp, settings);
    else
        *settings = c->settings;
}

bool tcp_is_connected(const struct tcp *tcp, struct handle connection)
{
    struct tcp_sleeper sleeper;
    const struct tcp_connection *c = tcp_look(tcp, connection, &sleeper);

    return c != NULL && tcp_synchronised(c);
}

bool tcp_endpoints(const struct tcp *tcp, struct handle connection, struct baro_endpoint *local,
                   struct baro_endpoint *remote)
{
    struct tcp_sleeper sleeper;
    const struct tcp_connection *c = tcp_look(tcp, connection, &sleeper);

    if (c == NULL)
        return false;
    *local = c->local;
    *remote = c->remote;
    return true;
}
