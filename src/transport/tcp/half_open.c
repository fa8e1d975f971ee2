/* transport/tcp/half_open.c: half-open records: their beginning, their SYN+ACKs, their end. See half_open.h.
 *
 * The SYN+ACK is an intent with the values of its moment. Where the queue of intents is full it is as good as lost,
 * and the timer sends it again. */
#include "transport/tcp/parts.h"

#include "base/bytes.h"

#define HELD_NS (180 * NS_PER_S)
#define INTERVAL_FIRST_NS NS_PER_S
#define INTERVAL_LARGEST_NS (120 * NS_PER_S)

/* ---- lists and rings ---- */

struct tcp_half_open *tcp_half_open_at(const struct tcp *tcp, uint32_t link)
{
    return link == 0 ? NULL : pool_at(&tcp->half_opens, link - 1);
}

static uint32_t link_to(const struct tcp *tcp, const struct tcp_half_open *record)
{
    return record == NULL ? 0 : (uint32_t)pool_handle(&tcp->half_opens, record).value + 1;
}

static int64_t interval_ns(unsigned ring)
{
    if (ring == HALF_OPEN_RING_HELD)
        return HELD_NS;
    return ring == HALF_OPEN_INTERVALS - 1 ? INTERVAL_LARGEST_NS : INTERVAL_FIRST_NS << ring;
}

static unsigned ring_of(const struct tcp_half_open *record)
{
    if (record->flags & HALF_OPEN_HELD)
        return HALF_OPEN_RING_HELD;
    return record->retries < HALF_OPEN_INTERVALS ? record->retries : HALF_OPEN_INTERVALS - 1;
}

static void wait_begins(struct tcp *tcp, struct tcp_half_open *record)
{
    unsigned number = ring_of(record);
    struct tcp_half_open_ring *ring = &tcp->half_open_ring[number];
    int64_t delay_ns = interval_ns(number);

    record->began_ns = tcp->core->now.ns;
    record->next = 0;
    record->previous = link_to(tcp, ring->last);
    if (ring->last == NULL)
        ring->first = record;
    else
        ring->last->next = link_to(tcp, record);
    ring->last = record;
    if (!wheel_is_armed(&ring->timer))
        wheel_arm(&tcp->core->wheel, &ring->timer, (struct baro_instant){ record->began_ns + delay_ns });
    TRACE(tcp->core, TCP_TIMER_ARMED, TRACE_N(tcp_half_open_handle(tcp, record).value),
          TRACE_N(record->flags & HALF_OPEN_HELD ? BARO_TRACE_TIMER_USER_TIMEOUT : BARO_TRACE_TIMER_RETRANSMIT),
          TRACE_D(delay_ns));
}

static void wait_ends(struct tcp *tcp, struct tcp_half_open *record)
{
    struct tcp_half_open_ring *ring = &tcp->half_open_ring[ring_of(record)];
    struct tcp_half_open *next = tcp_half_open_at(tcp, record->next),
                         *previous = tcp_half_open_at(tcp, record->previous);

    if (previous == NULL)
        ring->first = next;
    else
        previous->next = record->next;
    if (next == NULL)
        ring->last = previous;
    else
        next->previous = record->previous;
}

static struct tcp_half_open_list *list_of(struct tcp *tcp, const struct tcp_half_open *record)
{
    struct tcp_listener *listener = tcp_half_open_listener(tcp, record);

    return record->flags & HALF_OPEN_UNTOLD ? &listener->held : &listener->half_open;
}

static void list_add(struct tcp *tcp, struct tcp_half_open *record)
{
    struct tcp_half_open_list *list = list_of(tcp, record);

    record->list_next = 0;
    record->list_previous = link_to(tcp, list->last);
    if (list->last == NULL)
        list->first = record;
    else
        list->last->list_next = link_to(tcp, record);
    list->last = record;
    list->count++;
}

static void list_remove(struct tcp *tcp, struct tcp_half_open *record)
{
    struct tcp_half_open_list *list = list_of(tcp, record);
    struct tcp_half_open *next = tcp_half_open_at(tcp, record->list_next),
                         *previous = tcp_half_open_at(tcp, record->list_previous);

    if (previous == NULL)
        list->first = next;
    else
        previous->list_next = record->list_next;
    if (next == NULL)
        list->last = previous;
    else
        next->list_previous = record->list_previous;
    list->count--;
}

struct tcp_listener *tcp_half_open_listener(const struct tcp *tcp, const struct tcp_half_open *record)
{
    struct tcp_listener *listener = pool_at(&tcp->listeners, record->listener);

    assert(listener != NULL);
    return listener;
}

/* ---- beginning and end ---- */

/* What a peer offers as MSS, kept within what we can work with. */
uint16_t tcp_syn_mss(const struct segment *segment)
{
    uint16_t mss = segment->remote.address.family == BARO_FAMILY_IPV6 ? TCP_MSS_DEFAULT_IPV6 : TCP_MSS_DEFAULT;

    if (segment->options.has_mss)
        mss = segment->options.mss;
    return mss < TCP_MSS_FLOOR ? TCP_MSS_FLOOR : mss;
}

void tcp_half_open_fill(struct tcp *tcp, const struct tcp_listener *listener, const struct segment *segment,
                        const struct tcp_offer *offer, struct tcp_half_open *record)
{
    const struct tcp_options *options = &segment->options;
    uint32_t window;

    record->local = segment->local;
    record->remote = segment->remote;
    record->hash = segment->hash;
    record->listener = (uint32_t)pool_handle(&tcp->listeners, listener).value;
    record->irs = segment->seq;
    record->peer_mss = tcp_syn_mss(segment);
    record->peer_window = segment->header.window; /* never scaled in a SYN: RFC 7323 §2.2 */
    if (options->has_timestamps) {
        record->flags |= HALF_OPEN_TIMESTAMPS;
        record->ts_recent = options->ts_value;
    }
    if (options->sack_permitted)
        record->flags |= HALF_OPEN_SACK_PERMITTED;
    if (tcp_ecn_is_setup(tcp, segment))
        record->flags |= HALF_OPEN_ECN;
    if (options->has_scale) {
        record->flags |= HALF_OPEN_SCALED;
        record->snd_scale = options->scale > TCP_SCALE_LIMIT ? TCP_SCALE_LIMIT : options->scale; /* RFC 7323 §2.3 */
        record->rcv_scale = offer->scale;
    }
    record->mss = offer->mss;
    record->grant = offer->grant;
    window = tcp_offer_window(offer->grant, record->rcv_scale);
    if (listener->settings.window_clamp != 0 && window > listener->settings.window_clamp)
        window = listener->settings.window_clamp;
    record->window = (uint16_t)(window < UINT16_MAX ? window : UINT16_MAX);
}

struct tcp_half_open *tcp_half_open_new(struct tcp *tcp, struct tcp_listener *listener, const struct segment *segment,
                                        const struct tcp_offer *offer)
{
    struct tcp_half_open *record = pool_take(&tcp->half_opens);
    const struct tcp_time_wait *rests;
    struct tcp_numbers numbers;

    if (record == NULL)
        return NULL;
    tcp_half_open_fill(tcp, listener, segment, offer, record);
    numbers = tcp_numbers(tcp, &record->local, &record->remote);
    record->iss = numbers.isn;
    record->ts_offset = numbers.ts_offset;
    rests = tcp_resolve_time_wait(tcp, segment->follows);
    if (rests != NULL && seq_le(record->iss, rests->snd_nxt)) /* RFC 9293 §3.10.7.4 MAY-2 */
        record->iss = seq_add(rests->snd_nxt, 65536);
    if (listener->settings.hold_syn)
        record->flags |= HALF_OPEN_HELD | HALF_OPEN_UNTOLD;
    if (!demux_insert(&tcp->demux, (uint32_t)segment->hash, tcp_half_open_handle(tcp, record))) {
        pool_give_back(&tcp->half_opens, record);
        return NULL;
    }
    TRACE(tcp->core, TCP_ISN, TRACE_N(tcp_half_open_handle(tcp, record).value), TRACE_N(record->iss.value));
    TRACE(tcp->core, TCP_STATE, TRACE_N(tcp_half_open_handle(tcp, record).value), TRACE_N(BARO_TCP_LISTEN),
          TRACE_N(BARO_TCP_SYN_RECEIVED));
    if (record->flags & HALF_OPEN_ECN)
        TRACE(tcp->core, TCP_ECN, TRACE_N(tcp_half_open_handle(tcp, record).value), TRACE_N(BARO_TRACE_ECN_AGREED));
    list_add(tcp, record);
    wait_begins(tcp, record);
    tcp->recent_half_open = record;
    return record;
}

void tcp_half_open_free(struct tcp *tcp, struct tcp_half_open *record)
{
    if (tcp->recent_half_open == record)
        tcp->recent_half_open = NULL;
    wait_ends(tcp, record);
    list_remove(tcp, record);
    pool_give_back(&tcp->half_opens, record);
}

void tcp_half_open_end(struct tcp *tcp, struct tcp_half_open *record)
{
    TRACE(tcp->core, TCP_STATE, TRACE_N(tcp_half_open_handle(tcp, record).value), TRACE_N(BARO_TCP_SYN_RECEIVED),
          TRACE_N(BARO_TCP_LISTEN));
    demux_erase(&tcp->demux, (uint32_t)record->hash, tcp_half_open_handle(tcp, record));
    tcp_half_open_free(tcp, record);
}

void tcp_half_open_end_all(struct tcp *tcp, struct tcp_half_open_list *list)
{
    while (list->first != NULL) {
        tcp_send_half_open_reset(tcp, list->first);
        tcp_half_open_end(tcp, list->first);
    }
}

void tcp_half_open_address_removed(struct tcp *tcp, struct baro_address address)
{
    for (uint32_t i = 0; i < tcp->half_opens.places; i++) {
        struct tcp_half_open *record = pool_at(&tcp->half_opens, i);

        if (record != NULL && address_equal(record->local.address, address))
            tcp_half_open_end(tcp, record); /* a RST could not be sent from there any more */
    }
}

/* ---- held SYNs ---- */

void tcp_half_open_told(struct tcp *tcp, struct tcp_half_open *record)
{
    list_remove(tcp, record);
    record->flags &= (uint8_t)~HALF_OPEN_UNTOLD;
    list_add(tcp, record);
}

void tcp_half_open_answer(struct tcp *tcp, struct tcp_half_open *record)
{
    wait_ends(tcp, record);
    if (record->flags & HALF_OPEN_UNTOLD)
        tcp_half_open_told(tcp, record);
    record->flags &= (uint8_t)~HALF_OPEN_HELD;
    wait_begins(tcp, record);
    tcp_send_syn_ack(tcp, record);
}

/* ---- time ---- */

bool tcp_half_open_defers(const struct tcp *tcp, const struct tcp_half_open *record)
{
    uint32_t wanted_s = tcp_half_open_listener(tcp, record)->settings.defer_accept_s;
    unsigned done = record->retries;
    int64_t before_ns = 0; /* of the waits that are over */

    for (unsigned ring = 0; ring < done; ring++)
        before_ns += interval_ns(ring < HALF_OPEN_INTERVALS ? ring : HALF_OPEN_INTERVALS - 1);
    return before_ns + (tcp->core->now.ns - record->began_ns) < (int64_t)wanted_s * NS_PER_S;
}

/* A listener that waits for data is not hurried: nothing leaves meanwhile, and the end of its time is told by one more
 * SYN+ACK, whose ACK will do without data (TCP_DEFER_ACCEPT). */
static void retry(struct tcp *tcp, struct tcp_half_open *record)
{
    const struct tcp_settings *settings = &tcp_half_open_listener(tcp, record)->settings;
    unsigned most = settings->syn_retries != 0 ? settings->syn_retries : TCP_SYN_ACK_RETRIES;
    bool acked = (record->flags & HALF_OPEN_ACKED) != 0, deferred = acked && tcp_half_open_defers(tcp, record);

    TRACE(tcp->core, TCP_TIMER_FIRED, TRACE_N(tcp_half_open_handle(tcp, record).value),
          TRACE_N(record->flags & HALF_OPEN_HELD ? BARO_TRACE_TIMER_USER_TIMEOUT : BARO_TRACE_TIMER_RETRANSMIT));
    if ((record->flags & HALF_OPEN_HELD) != 0 || (record->retries >= most && !acked) ||
        record->retries == UINT8_MAX) {
        tcp_half_open_end(tcp, record);
        return;
    }
    wait_ends(tcp, record);
    record->retries++;
    wait_begins(tcp, record);
    if (deferred)
        return;
    record->flags &= (uint8_t)~HALF_OPEN_ACKED;
    tcp->core->counters.tcp_rto++;
    tcp_half_open_again(tcp, record);
}

void tcp_half_open_again(struct tcp *tcp, struct tcp_half_open *record)
{
    record->flags |= HALF_OPEN_AGAIN;
    tcp->core->counters.tcp_retransmitted++;
    TRACE(tcp->core, TCP_RETRANSMIT, TRACE_N(tcp_half_open_handle(tcp, record).value), TRACE_N(record->iss.value),
          TRACE_N(0), TRACE_N(record->retries));
    tcp_send_syn_ack(tcp, record);
}

void tcp_half_open_timer(struct tcp *tcp, struct wheel_timer *timer)
{
    struct tcp_half_open_ring *ring = (struct tcp_half_open_ring *)(void *)timer; /* its first member */
    int64_t wait_ns = interval_ns((unsigned)(ring - tcp->half_open_ring)), now_ns = tcp->core->now.ns, at_ns;

    while (ring->first != NULL && ring->first->began_ns + wait_ns <= now_ns &&
           !intent_queue_is_nearly_full(&tcp->core->intents))
        retry(tcp, ring->first);
    if (ring->first == NULL)
        return;
    at_ns = ring->first->began_ns + wait_ns;
    if (at_ns <= now_ns) /* the rest when there is room for what they send */
        at_ns = now_ns + NS_PER_MS;
    wheel_arm(&tcp->core->wheel, timer, (struct baro_instant){ at_ns });
}
