/* transport/tcp/stretch_ack.c: one ACK for what a burst brought (a stretch ACK, RFC 2525).
 *
 * A device with BARO_DEVICE_GRO has in-order segments of one connection and one burst taken as one for acknowledging,
 * as all systems do whose devices or drivers put them together (generic receive offload; RFC 9293 §3.8.6.3 names it
 * under SHLD-19, "an ACK for at least every second full-sized segment"). The ACK of every second segment is intended as
 * ever; where a later one stands behind it as the burst's intents are drained, at its end, only that one leaves. So
 * none leaves later than it would have, and one tells 65,535 octets at most, as of a super-segment.
 *
 * What senders lose by it is that many count ACKs where they grow: of one ACK slow start takes two segments (RFC 5681
 * §3.1 with RFC 3465), eight (RFC 9406), after a timeout one. So a connection begins as ever, with an ACK for at least
 * every second segment, until 1,024 full-sized ones have come in order, and does so again after each that came out of
 * order, twice, or with a mark of congestion, the ACKs of that one's burst included. What is acknowledged at once stays
 * so: ACKs of duplicates, and of what fills a hole, are none of every second segment. */
#include "transport/tcp/stretch_ack.h"

#include "transport/tcp/parts.h"

__attribute__((noinline)) bool tcp_burst_tells(struct tcp *tcp, struct tcp_connection *c, struct seq ack)
{
    if (!c->settings.quickack && seq_lt(ack, c->rcv.acked) && tcp_even_at(c) - c->burst.uneven >= c->rcv_full &&
        seq_span(ack, c->burst.told) + 2u * c->rcv_full <= TCP_BURST_AS_ONE) {
        TRACE(tcp->core, TCP_ACK_OF_BURST, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(ack.value),
              TRACE_N(c->rcv.acked.value));
        return true;
    }
    c->burst.told = ack;
    return false;
}
