/* transport/tcp/parts.h: what TCP's files show to one another; its neighbours see tcp.h only. */
#ifndef TRANSPORT_TCP_PARTS_H
#define TRANSPORT_TCP_PARTS_H

#include "base/likely.h"
#include "transport/tcp/connection.h"
#include "transport/tcp/deadline.h"
#include "transport/tcp/port.h"
#include "transport/tcp/state.h"

/* ---- segment.c: a received segment as values ---- */

struct segment {
    const struct ip_packet *packet;
    struct baro_endpoint local, remote;
    struct tcp_header header;
    struct tcp_options options;
    struct seq seq, ack;
    struct baro_bytes data;
    uint8_t flags;
    bool fin;              /* the FIN is in the window and not trimmed off */
    bool copied;           /* its data stands behind the receive ring's end already, the sum being right */
    uint32_t window;       /* scaled as the state wants */
    uint32_t count;        /* segments on the wire: more than one for a super-segment */
    struct handle follows; /* a TIME-WAIT record that this SYN may end, or none */
    uint64_t hash;         /* of its four-tuple, the whole */
};

/* Reads header and options, all lengths checked. NONE or the reason. */
enum baro_drop_reason segment_read(struct segment *segment, const struct ip_packet *packet);
/* Is the checksum right? Looks at every octet unless the device did. */
bool segment_checksum_ok(const struct segment *segment);
/* The sum of pseudo-header and header, to which the data's sum is added. */
uint64_t segment_sum_of_header(const struct segment *segment);
/* SEG.LEN: data, SYN and FIN. */
static inline uint32_t segment_length(const struct segment *segment)
{
    return (uint32_t)segment->data.length + ((segment->flags & TCP_FLAG_SYN) != 0) +
           ((segment->flags & TCP_FLAG_FIN) != 0);
}
void segment_trace(const struct tcp *tcp, const struct segment *segment);

/* ---- input.c and the states ---- */

enum baro_drop_reason tcp_input_closed(struct tcp *tcp, const struct segment *segment);
enum baro_drop_reason tcp_input_listen(struct tcp *tcp, struct tcp_listener *listener, struct segment *segment);
enum baro_drop_reason tcp_input_syn_sent(struct tcp *tcp, struct tcp_connection *c, struct segment *segment);
enum baro_drop_reason tcp_input_half_open(struct tcp *tcp, struct tcp_half_open *record, struct segment *segment);
enum baro_drop_reason tcp_input_time_wait(struct tcp *tcp, struct handle record, struct segment *segment);
enum baro_drop_reason tcp_input_synchronised(struct tcp *tcp, struct tcp_connection *c, struct segment *segment);
/* Steps of RFC 9293 §3.10.7.4. NONE: go on with the next one. */
enum baro_drop_reason tcp_step_paws(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment);
enum baro_drop_reason tcp_step_sequence(struct tcp *tcp, struct tcp_connection *c, struct segment *segment);
enum baro_drop_reason tcp_step_rst(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment);
enum baro_drop_reason tcp_step_syn(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment);
/* RFC 5961 §5: neither of the future nor too old. */
bool tcp_ack_in_range(const struct tcp_connection *c, const struct segment *segment);
enum baro_drop_reason tcp_step_ack(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment);
void tcp_step_urgent(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment);
enum baro_drop_reason tcp_step_text(struct tcp *tcp, struct tcp_connection *c, struct segment *segment);
void tcp_step_fin(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment);
/* Its parts: the peer's FIN, known to be at RCV.NXT, is taken; our FIN is acknowledged. */
void tcp_fin_in_order(struct tcp *tcp, struct tcp_connection *c);
void tcp_fin_acknowledged(struct tcp *tcp, struct tcp_connection *c);
/* From the fifth step on: the ACK, and what comes behind it. */
enum baro_drop_reason tcp_input_acknowledged(struct tcp *tcp, struct tcp_connection *c, struct segment *segment);
/* The peer's SYN in SYN-SENT: what its options and window say. */
void tcp_learn_syn(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment);
/* The dialogue is done: ESTABLISHED. */
void tcp_established(struct tcp *tcp, struct tcp_connection *c);

/* ---- half_open.c: see half_open.h ---- */
struct tcp_offer; /* state.c */

struct handle tcp_half_open_handle(const struct tcp *tcp, const struct tcp_half_open *record);
struct tcp_half_open *tcp_resolve_half_open(const struct tcp *tcp, struct handle handle);
/* What a link of a record names, or NULL. */
struct tcp_half_open *tcp_half_open_at(const struct tcp *tcp, uint32_t link);
struct tcp_listener *tcp_half_open_listener(const struct tcp *tcp, const struct tcp_half_open *record);
/* The MSS of a peer's SYN, its default without the option. */
uint16_t tcp_syn_mss(const struct segment *segment);
/* What a SYN says and what is answered, without an ISS; `record` is zeroed. */
void tcp_half_open_fill(struct tcp *tcp, const struct tcp_listener *listener, const struct segment *segment,
                        const struct tcp_offer *offer, struct tcp_half_open *record);
/* A record for a SYN, in all lists, nothing sent. NULL: no memory. */
struct tcp_half_open *tcp_half_open_new(struct tcp *tcp, struct tcp_listener *listener, const struct segment *segment,
                                        const struct tcp_offer *offer);
/* A connection has its place in the demux now; or back to LISTEN. */
void tcp_half_open_free(struct tcp *tcp, struct tcp_half_open *record);
void tcp_half_open_end(struct tcp *tcp, struct tcp_half_open *record);
/* The listener goes: all are reset. */
void tcp_half_open_end_all(struct tcp *tcp, struct tcp_half_open_list *list);
void tcp_half_open_address_removed(struct tcp *tcp, struct baro_address address);
/* The SYN+ACK once more. */
void tcp_half_open_again(struct tcp *tcp, struct tcp_half_open *record);
/* Does the listener still wait for data (TCP_DEFER_ACCEPT)? */
bool tcp_half_open_defers(const struct tcp *tcp, const struct tcp_half_open *record);
void tcp_half_open_timer(struct tcp *tcp, struct wheel_timer *timer);
/* A held SYN: tcp_hold_next told of it; it is answered with SYN+ACK. */
void tcp_half_open_told(struct tcp *tcp, struct tcp_half_open *record);
void tcp_half_open_answer(struct tcp *tcp, struct tcp_half_open *record);
static inline struct seq tcp_half_open_snd_nxt(const struct tcp_half_open *record)
{
    return seq_add(record->iss, (record->flags & HALF_OPEN_HELD) == 0); /* nothing was sent of one that is held */
}

/* ---- cookie.c ---- */

/* Answers a SYN and forgets it. */
enum baro_drop_reason tcp_answer_by_cookie(struct tcp *tcp, struct tcp_listener *listener,
                                           const struct segment *segment, const struct tcp_offer *offer);
/* An ACK that belongs to nothing: may it bring a cookie back? */
bool tcp_may_be_cookie(const struct tcp *tcp, const struct tcp_listener *listener);
/* It may: a connection, or a drop and an RST where it is none of ours. */
enum baro_drop_reason tcp_input_cookie(struct tcp *tcp, struct tcp_listener *listener, struct segment *segment);

/* ---- half_open_input.c ---- */

void tcp_trace_half_open(const struct tcp *tcp, const struct tcp_half_open *record, bool after);
/* A connection with what `record` knows, in SYN-RECEIVED, in no list; in the demux for `instead`. NULL: no memory. */
struct tcp_connection *tcp_half_open_connect(struct tcp *tcp, struct tcp_listener *listener,
                                             const struct tcp_half_open *record, uint32_t mtu, struct handle instead);
/* Its dialogue is ended by a segment with these values: into the accept queue, which has room, and ESTABLISHED. */
void tcp_half_open_begun(struct tcp *tcp, struct tcp_listener *listener, struct tcp_connection *c, struct seq seq,
                         struct seq ack, uint16_t window);
/* The same, and on with the segment. */
enum baro_drop_reason tcp_half_open_done(struct tcp *tcp, struct tcp_listener *listener, struct tcp_connection *c,
                                         struct segment *segment);

/* ---- receive_buffer.c, reassembly.c ---- */

/* May `c` take this data straight from the frame, summed while it is copied? Does so; false: another way. */
bool tcp_receive_fused(struct tcp *tcp, struct tcp_connection *c, struct segment *segment, bool *sum_ok);
/* Stores data at a stream offset at or beyond the in-order end. Held octets win. False: no memory. */
bool tcp_receive_store(struct tcp *tcp, struct tcp_connection *c, uint64_t offset, struct baro_bytes data);
/* Bytes to which the window may grow. */
uint32_t tcp_receive_limit(const struct tcp *tcp, const struct tcp_settings *settings);
/* The receive buffer may grow to `want` octets, which are more than it is. */
void tcp_receive_grow(struct tcp *tcp, struct tcp_connection *c, uint32_t want);
/* Nothing happens on the connection, and the ring is empty. */
void tcp_receive_rest(struct tcp *tcp, struct tcp_connection *c);
/* Room in the ring for the octets up to `end`, and in the budget. */
bool tcp_receive_room(struct tcp *tcp, struct tcp_connection *c, uint64_t end);
/* Moves the in-order end over what is held there. */
void tcp_receive_advance(struct tcp *tcp, struct tcp_connection *c, uint32_t octets);
/* posted.c: what came in order goes to the posted buffer; `octets` are there already, and behind the ring's end. */
void tcp_posted_fill(struct tcp *tcp, struct tcp_connection *c);
void tcp_posted_filled(struct tcp *tcp, struct tcp_connection *c, uint32_t octets);
/* The window that a grant's free octets allow, by the scale in force. */
uint32_t tcp_offer_window(uint32_t grant, unsigned scale);
/* Offset behind the last octet held, in order or not. */
uint64_t tcp_receive_last(const struct tcp_connection *c);
bool tcp_ranges_add(struct tcp *tcp, struct tcp_connection *c, uint64_t begin, uint64_t end);

/* ---- sack.c ---- */

/* Octets of a list with so many places. Nothing is held any more: the list goes. */
size_t tcp_ranges_size(uint32_t places);
void tcp_ranges_free(struct tcp *tcp, struct tcp_connection *c);
/* The index of the first range that ends at `offset` or behind it, or their number. */
uint32_t tcp_ranges_first(const struct tcp_ranges *ranges, uint64_t offset);
/* A segment whose data begins at `offset` was held: its range is reported first (RFC 2018 §4). */
void tcp_sack_note(struct tcp_ranges *ranges, uint64_t offset);
/* The octets of a segment that lie before RCV.NXT, or none of them within reason (RFC 2883 §4). */
struct tcp_sack_block tcp_sack_old(const struct tcp_connection *c, const struct segment *segment);
/* The first octets of [begin, end) that are held out of order already; empty: none. */
struct tcp_sack_block tcp_sack_repeated(const struct tcp_connection *c, uint64_t begin, uint64_t end);
/* The blocks of an ACK sent now; `repeated`: octets that came twice, or empty. */
unsigned tcp_sack_blocks(const struct tcp_connection *c, struct tcp_sack_block repeated,
                         struct tcp_sack_block block[TCP_SACK_LIMIT]);

/* ---- send_buffer.c ---- */

/* The send buffer holds again what it does when nothing is known of the path. */
void tcp_send_limit_begin(struct tcp_connection *c);
uint32_t tcp_send_room(const struct tcp_connection *c);
/* The same as far as the budget has memory for it when `owed` octets more are charged: so much a send takes now. */
uint32_t tcp_send_takes(const struct tcp *tcp, const struct tcp_connection *c, size_t owed);
/* Octets that the program gave and that were never sent. */
uint32_t tcp_unsent(const struct tcp_connection *c);
/* Of these `before` were there until now: may the program be woken to give more (TCP_NOTSENT_LOWAT)? */
void tcp_tell_of_less_unsent(struct tcp *tcp, struct tcp_connection *c, uint32_t before);
/* How much of `octets` the connection may hold more now and there is memory for: behind the ring's end is room for it
 * then. */
uint32_t tcp_send_make_room(struct tcp *tcp, struct tcp_connection *c, size_t octets);
/* Is what waits unsent little enough to be worth waking the program? */
bool tcp_little_unsent(const struct tcp_connection *c);
/* Buffer memory in the budget. */
bool tcp_charge(struct tcp *tcp, struct tcp_connection *c, uint32_t bytes);
void tcp_discharge(struct tcp *tcp, struct tcp_connection *c, uint32_t bytes);
uint32_t tcp_ring_cost(uint32_t bytes);
/* What a buffer that costs `now` may cost, `wanted` or less; `fixed`: a program has asked for it, so it need leave
 * nothing to others. */
uint32_t tcp_share(const struct tcp *tcp, uint32_t now, uint32_t wanted, bool fixed);

/* ---- control.c: segments without data, with the values of the moment ---- */

void tcp_send_ack(struct tcp *tcp, struct tcp_connection *c);
/* An ACK that also tells which octets came twice (RFC 2883); empty: none. */
void tcp_send_ack_repeated(struct tcp *tcp, struct tcp_connection *c, struct tcp_sack_block repeated);
/* An ACK of text in order, of which none is held out of order. */
void tcp_send_ack_in_order(struct tcp *tcp, struct tcp_connection *c);
void tcp_send_challenge(struct tcp *tcp, struct tcp_connection *c, enum baro_drop_reason why);
/* An ACK for a segment without data outside the window: at most two a second (an ACK war ends there). */
void tcp_send_blind_ack(struct tcp *tcp, struct tcp_connection *c);
/* ack_turn.c: an ACK that may wait for the program's turn, or leaves with what is sent before. */
void tcp_send_ack_soon(struct tcp *tcp, struct tcp_connection *c);
/* A probe that carries the octet before SND.UNA's place and no data (keepalive). */
void tcp_send_probe(struct tcp *tcp, struct tcp_connection *c);
void tcp_send_reset(struct tcp *tcp, struct tcp_connection *c);
/* The RST that RFC 9293 §3.10.7.1 wants for a segment that belongs to nothing. */
void tcp_send_reset_for(struct tcp *tcp, const struct segment *segment);
/* A record's SYN+ACK, ACK and RST. */
void tcp_send_syn_ack(struct tcp *tcp, struct tcp_half_open *record);
/* The same without a record behind it: a SYN cookie. */
void tcp_send_syn_cookie(struct tcp *tcp, const struct tcp_half_open *record, const struct syn_cookie *cookie);
void tcp_send_half_open_ack(struct tcp *tcp, struct tcp_half_open *record);
void tcp_send_half_open_reset(struct tcp *tcp, struct tcp_half_open *record);
void tcp_send_time_wait_ack(struct tcp *tcp, struct handle handle);
/* Our clock as the peer sees it, milliseconds (RFC 7323 §5.4). */
static inline uint32_t tcp_timestamp(const struct tcp *tcp, uint32_t offset)
{
    return (uint32_t)((uint64_t)tcp->core->now.ns / NS_PER_MS) + offset;
}

/* ---- output.c ---- */

/* Records that `c` may have something to send. */
void tcp_want_output(struct tcp *tcp, struct tcp_connection *c);
void tcp_set_path_mtu(struct tcp_connection *c, uint32_t mtu);
/* The next segment's plan, see plan.c. */
struct plan {
    struct seq seq;
    uint32_t length;          /* payload octets */
    bool syn, fin, push, again;
    bool lost;                /* `again` because the scoreboard says so */
    bool probe;               /* beyond a closed window */
};
/* Could nothing leave, whatever the path? So most ACKs find it, and the segment behind the last one. */
static inline bool tcp_has_nothing(const struct tcp_connection *c)
{
    if ((c->flags & TCP_ACK_NOW) != 0 || UNLIKELY(seq_lt(c->retransmit_next, c->retransmit_end)) ||
        UNLIKELY(c->sender != NULL && c->sender->board.lost != 0))
        return false;
    if (c->state == BARO_TCP_SYN_SENT || c->state == BARO_TCP_SYN_RECEIVED)
        return !seq_eq(c->snd.nxt, c->snd.iss); /* behind the SYN comes nothing before its ACK */
    return (c->flags & TCP_FIN_SENT) != 0 || ((c->flags & TCP_FIN_WANTED) == 0 && tcp_unsent_text(c) == 0);
}
/* Something came in that may let out more of what there is: most ACKs find nothing. */
static inline void tcp_want_more_output(struct tcp *tcp, struct tcp_connection *c)
{
    if (!tcp_has_nothing(c))
        tcp_want_output(tcp, c);
}
/* `at_once`: octets of text that may leave in one, at least those of a full-sized segment. */
bool tcp_plan(struct tcp *tcp, struct tcp_connection *c, uint32_t at_once, struct plan *plan);

/* ---- blackhole_response.c ---- */

/* The retransmission timer fired: smaller segments may get through. */
void tcp_blackhole_timeout(struct tcp *tcp, struct tcp_connection *c);
/* The segment size follows what `hole` says now. */
void tcp_blackhole_changed(struct tcp *tcp, struct tcp_connection *c);

/* ---- recovery.c ---- */

void tcp_recover_acked(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment, uint32_t acked,
                       uint32_t flight);
void tcp_recover_duplicate(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment);
void tcp_recover_timeout(struct tcp *tcp, struct tcp_connection *c);
void tcp_retransmit_from(struct tcp *tcp, struct tcp_connection *c, struct seq from, struct seq end);

/* tcp_grow() (exchange.h) where the window was in use; `valid`: it is validated. */
void tcp_grow_filled(struct tcp *tcp, struct tcp_connection *c, uint32_t acked, uint32_t flight, int64_t rtt_ns,
                     bool valid);

void tcp_trace_congestion(const struct tcp *tcp, const struct tcp_connection *c);

/* ---- sender.c: the same for peers with SACK ---- */

/* Makes the record of the flight if there is none yet and memory for it. */
void tcp_sender_open(struct tcp *tcp, struct tcp_connection *c);
void tcp_sender_release(struct tcp *tcp, struct tcp_connection *c);
/* New octets from SND.NXT to `end` leave; [from, to) leaves again. */
void tcp_sender_sent(struct tcp *tcp, struct tcp_connection *c, struct seq end);
void tcp_sender_again(struct tcp *tcp, struct tcp_connection *c, struct seq from, struct seq to);
/* An acceptable ACK; `acked` octets are new, `flight` were under way before it. */
void tcp_sender_acked(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment, uint32_t acked,
                      uint32_t flight);
void tcp_sender_timeout(struct tcp *tcp, struct tcp_connection *c);
void tcp_sender_reorder_timer(struct tcp *tcp, struct tcp_connection *c);
/* Octets on their way as far as is known. */
static inline uint32_t tcp_pipe(const struct tcp_connection *c)
{
    return c->sender == NULL ? tcp_flight(c) : scoreboard_pipe(&c->sender->board);
}

/* ---- flow.c ---- */

/* The connection's record; made if there is none yet and memory for it. */
struct tcp_flow *tcp_flow_open(struct tcp *tcp, struct tcp_connection *c);
void tcp_flow_release(struct tcp *tcp, struct tcp_connection *c);
/* As text_sums_take(), for new text of a connection; sums are kept from the first full-sized segment on. */
unsigned tcp_sums_take(struct tcp *tcp, struct tcp_connection *c, uint64_t offset, uint32_t length,
                       const uint16_t **of);
/* Octets a second, 0: as the windows let it. */
uint64_t tcp_pacing_rate(const struct tcp *tcp, const struct tcp_connection *c);
/* Is there a rate at all now? What waited for its time once may have found that there is none any more. */
bool tcp_is_paced(const struct tcp *tcp, const struct tcp_connection *c);
/* How much of `length` octets may leave now: all of them, some whole segments, or none; then the timer is armed. */
uint32_t tcp_pace(struct tcp *tcp, struct tcp_connection *c, uint32_t length);
/* Of the periods in which the window was not used, each halves it. */
void tcp_lapse(struct tcp_connection *c, int64_t now_ns);
/* Nothing was sent for longer than an RTO. */
void tcp_rested(struct tcp_connection *c, int64_t now_ns);
/* A recovery begins, congestion_loss() is done: `cwnd` before it; ends: the window of a flight that used less than it
 * had. */
void tcp_validate_loss(struct tcp *tcp, struct tcp_connection *c, uint32_t cwnd, uint32_t missing);
void tcp_validate_recovered(struct tcp_connection *c);
/* Text left. */
void tcp_paced(struct tcp *tcp, struct tcp_connection *c, uint32_t octets);

/* ---- undo.c ---- */

/* A recovery begins: what there is to go back to. */
void tcp_undo_remember(struct tcp *tcp, struct tcp_connection *c);
/* What was repaired was lost. */
void tcp_undo_forget(struct tcp_connection *c);
/* [from, to) was sent again. */
void tcp_undo_again(struct tcp *tcp, struct tcp_connection *c, struct seq from, struct seq to);
/* Is something being repaired that could be taken back? */
bool tcp_undo_possible(const struct tcp_connection *c);
/* Its timestamp is from before the first retransmission: it answers an original (RFC 3522). */
bool tcp_answers_original(const struct tcp_connection *c, const struct segment *segment);
/* The same as proof that nothing was lost: `acked` octets are new. */
bool tcp_undo_by_timestamp(const struct tcp_connection *c, const struct segment *segment, uint32_t acked);
/* The loss was a mistake. */
void tcp_undo(struct tcp *tcp, struct tcp_connection *c);
/* F-RTO hears an ACK; of `ack` the caller fills in `sack`, `advances`, `news` and `duplicate`. True: undone. */
bool tcp_frto_acked(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment, struct frto_ack *ack);

/* ---- ack.c ---- */

/* The send window, `before` so far, grew: there is no need to probe it. */
void tcp_window_opened(struct tcp *tcp, struct tcp_connection *c, uint32_t before);
/* RFC 5681 §2: what counts as a duplicate. */
bool tcp_is_duplicate(const struct tcp_connection *c, const struct segment *segment);

/* ---- ecn.c ---- */

/* An active open: the SYN asks if the stack wants so. */
void tcp_ecn_connect(struct tcp *tcp, struct tcp_connection *c);
/* The SYN is sent again: it asks no more. */
void tcp_ecn_syn_unanswered(struct tcp *tcp, struct tcp_connection *c);
/* Does this SYN ask, and do we agree? */
bool tcp_ecn_is_setup(const struct tcp *tcp, const struct segment *segment);
/* What the peer's SYN or SYN+ACK says to an active open; a later one of the same dialogue counts. */
void tcp_ecn_learn(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment);
/* ECE and CWR of our SYN or SYN+ACK, and ECE of any other segment with an ACK. */
uint8_t tcp_ecn_syn_flags(const struct tcp_connection *c);
uint8_t tcp_ecn_ack_flags(const struct tcp_connection *c);
/* Text within the window came: its mark, its CWR. */
void tcp_ecn_text(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment);
/* A planned segment leaves: the IP header's two bits, and CWR into `flags` if it is due. */
uint8_t tcp_ecn_leave(struct tcp_connection *c, const struct plan *plan, uint8_t *flags);
/* The window was reduced, for whatever reason. */
void tcp_ecn_reduced(struct tcp_connection *c);
/* An acceptable ACK, before anything else is made of it: its ECE. */
void tcp_ecn_heard(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment);
/* The window after an ACK while it is being reduced for a mark; false: it is not. */
bool tcp_ecn_reducing(struct tcp_connection *c, uint32_t delivered, bool safe);
/* The retransmission timer fired; true: it was for this alone. */
bool tcp_ecn_timer(struct tcp *tcp, struct tcp_connection *c);

/* ---- tail.c ---- */

/* Something was sent or acknowledged: the probe's time begins anew, if it has one. */
void tcp_tail_arm(struct tcp *tcp, struct tcp_connection *c);
/* False: it is no time for a probe. */
bool tcp_tail_probe(struct tcp *tcp, struct tcp_connection *c);
/* True: the ACK shows that the probe repaired a loss, and the window was reduced. */
bool tcp_tail_acked(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment, uint32_t acked,
                    bool duplicate);

/* ---- timers.c ---- */

void tcp_timer_arm(struct tcp *tcp, struct tcp_connection *c, enum tcp_timer_name name, int64_t delay_ns);
void tcp_timer_cancel(struct tcp *tcp, struct tcp_connection *c, enum tcp_timer_name name);
/* As tcp_timer_arm(), in place where nobody watches. */
static inline void tcp_timer_start(struct tcp *tcp, struct tcp_connection *c, enum tcp_timer_name name,
                                   int64_t delay_ns)
{
    if (TRACE_ON(tcp->core))
        tcp_timer_arm(tcp, c, name, delay_ns);
    else
        tcp_timer_set(tcp, c, name, tcp->core->now.ns + delay_ns);
}
void tcp_timer_cancel_all(struct tcp *tcp, struct tcp_connection *c);
void tcp_keepalive_restart(struct tcp *tcp, struct tcp_connection *c);
void tcp_rest_later(struct tcp *tcp, struct tcp_connection *c);

/* ---- lookup.c ---- */

struct handle tcp_find(const struct tcp *tcp, struct baro_endpoint local, struct baro_endpoint remote);
/* The handle of a name that stands in the demux; HANDLE_NONE: nobody has it any more. */
struct handle tcp_named(const struct tcp *tcp, uint32_t name);
/* The same as tcp_find where the hash of the four-tuple is known. */
struct handle tcp_find_by_hash(const struct tcp *tcp, uint32_t hash, const struct baro_endpoint *local,
                               const struct baro_endpoint *remote);
/* Both ends choose among those that share a port. */
struct tcp_listener *tcp_find_listener(const struct tcp *tcp, const struct baro_endpoint *local,
                                       const struct baro_endpoint *remote);

/* ---- listener.c ---- */

void tcp_trace_queue(const struct tcp *tcp, const struct tcp_listener *listener);
bool tcp_accept_queue_has_room(const struct tcp_listener *listener);
/* Into the accept queue, which has room. */
void tcp_queue_for_accept(struct tcp *tcp, struct tcp_listener *listener, struct tcp_connection *c);

/* ---- time_wait.c ---- */

/* The connection's last rest: a record takes its place; the connection is finished. */
void tcp_enter_time_wait(struct tcp *tcp, struct tcp_connection *c);
/* Of the record that a link of that table names. */
struct handle tcp_time_wait_handle(const struct tcp *tcp, unsigned v6, uint32_t link);
/* Of a record in the demux, by its handle's lower half. */
struct handle tcp_time_wait_named(const struct tcp *tcp, uint32_t name);
struct tcp_time_wait *tcp_resolve_time_wait(const struct tcp *tcp, struct handle handle);
/* The four-tuple of a record that there is. */
void tcp_time_wait_ends(const struct tcp *tcp, struct handle handle, struct baro_endpoint *local,
                        struct baro_endpoint *remote);
/* A new connection of the same four-tuple ends it; `replaced`: it has the record's place in the demux already. */
void tcp_time_wait_reused(struct tcp *tcp, struct handle handle, bool replaced);
void tcp_time_wait_expire(struct tcp *tcp);
/* May a connection of ours begin on this record's four-tuple already? False too where the handle is none of a
 * record. */
bool tcp_time_wait_may_go(const struct tcp *tcp, struct handle handle);

/* ---- isn.c, events.c, close.c ---- */

/* What one end of a connection begins with. */
struct tcp_numbers {
    struct seq isn;
    uint32_t ts_offset;
};
struct tcp_numbers tcp_numbers(const struct tcp *tcp, const struct baro_endpoint *local,
                               const struct baro_endpoint *remote);
void tcp_event(struct tcp *tcp, struct tcp_event *event);
void tcp_event_forget(struct tcp *tcp, struct tcp_event *event);
/* Tells whoever owns `c` that its readiness changed. */
void tcp_tell(struct tcp *tcp, struct tcp_connection *c);
/* The program sends no more: the FIN is due behind the last octet (RFC 9293 §3.10.4). */
void tcp_close_sending(struct tcp *tcp, struct tcp_connection *c);
/* Our FIN is acknowledged, the peer's has not come, and no descriptor is left: how long is it waited for? */
void tcp_orphan_in_fin_wait_2(struct tcp *tcp, struct tcp_connection *c);

#endif
