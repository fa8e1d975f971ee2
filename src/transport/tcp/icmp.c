/* transport/tcp/icmp.c: what an ICMP error means to a connection (RFC 9293 §3.9.2.2, RFC 5461, RFC 5927).
 *
 * It counts only when the quoted sequence number is of something in flight (RFC 5927 §4). While the dialogue is
 * going on an unreachable destination ends it; afterwards every error is soft: remembered, told if the connection
 * gives up later, never a reason to give up by itself. "Fragmentation needed" lowers the segment size and what was
 * too big is sent again at once (RFC 1191 §6.4). Source quench is not heard (MUST-55, RFC 6633). */
#include "transport/tcp/ease.h"

#include "codec/icmp.h"

static void too_big(struct tcp *tcp, struct tcp_connection *c, uint32_t mtu)
{
    uint16_t before = c->mss;
    bool guessed;

    if (mtu == 0 || mtu >= c->path_mtu)
        return;
    guessed = blackhole_told(&c->blackhole) == BLACKHOLE_AS_BEFORE; /* it was larger when the path dropped it */
    tcp_set_path_mtu(c, mtu);
    /* Not a sign of congestion: the window stays, the flight goes again in smaller segments. */
    if ((c->mss < before || guessed) && tcp_flight(c) != 0 && tcp_synchronised(c))
        tcp_retransmit_from(tcp, c, c->snd.una, c->snd.nxt);
}

/* An unreachable peer ends a half-open record: nobody is told. Its path MTU is asked for when it is a connection. */
static enum baro_drop_reason for_half_open(struct tcp *tcp, struct tcp_half_open *record, struct seq quoted,
                                           enum icmp_meaning meaning, uint8_t type, uint8_t code)
{
    if (!seq_eq(quoted, record->iss) || (record->flags & HALF_OPEN_HELD) != 0 || meaning == ICMP_MEANS_NOTHING)
        return BARO_DROP_ICMP_NO_MATCH;
    TRACE(tcp->core, ICMP_ERROR_MATCHED, TRACE_N(6), TRACE_E(record->local), TRACE_E(record->remote), TRACE_N(type),
          TRACE_N(code), TRACE_N(true));
    if (icmp_means_unreachable(meaning))
        tcp_half_open_end(tcp, record);
    return BARO_DROP_NONE;
}

enum baro_drop_reason tcp_icmp_error(struct tcp *tcp, struct baro_endpoint local, struct baro_endpoint remote,
                                     struct seq quoted, uint8_t type, uint8_t code, uint32_t mtu)
{
    struct handle handle = tcp_find(tcp, local, remote);
    struct tcp_connection *c = tcp_resolve(tcp, handle);
    enum icmp_meaning meaning = icmp_meaning(local.address.family, type, code);
    bool dialogue, in_flight;

    if (tcp_kind_of(handle) == TCP_KIND_HALF_OPEN)
        return for_half_open(tcp, tcp_resolve_half_open(tcp, handle), quoted, meaning, type, code);
    if (c == NULL)
        return BARO_DROP_ICMP_NO_MATCH;
    tcp_ease_ends(c);
    in_flight = seq_le(c->snd.una, quoted) && seq_lt(quoted, c->snd.nxt);
    if (!in_flight || meaning == ICMP_MEANS_NOTHING)
        return BARO_DROP_ICMP_NO_MATCH;
    dialogue = c->state == BARO_TCP_SYN_SENT || c->state == BARO_TCP_SYN_RECEIVED;
    TRACE(tcp->core, ICMP_ERROR_MATCHED, TRACE_N(6), TRACE_E(local), TRACE_E(remote), TRACE_N(type), TRACE_N(code),
          TRACE_N(dialogue));
    if (meaning == ICMP_MEANS_TOO_BIG) {
        too_big(tcp, c, mtu);
    } else if (dialogue && icmp_means_unreachable(meaning)) {
        tcp_finish(tcp, c, icmp_meaning_errno(meaning));
        tcp_reap(tcp, c);
    } else {
        c->soft_error = (uint16_t)icmp_meaning_errno(meaning);
        if (c->settings.recv_error && c->soft_error != 0) { /* the program wants to know at once: IP_RECVERR */
            c->error = c->soft_error;
            tcp_tell(tcp, c);
        }
    }
    return BARO_DROP_NONE;
}
