/* transport/tcp/hold.c: SYNs that are answered when somebody says how.
 *
 * A gateway must not say "connected" before it is. A listener with hold_syn keeps the SYN as a connection in
 * SYN-RECEIVED that sends nothing (the peer's repetitions are not heard) until the answer: SYN+ACK, RST, an ICMP
 * error that quotes the SYN as we understood it (its header is written anew, the data behind is not kept), or
 * silence. After 180 s without an answer it is silence. */
#include "transport/tcp/parts.h"

#include "codec/icmp.h"
#include "codec/ip_protocol.h"
#include "codec/ip_quote.h"

int tcp_hold_next(struct tcp *tcp, struct handle handle, struct baro_held *held)
{
    struct tcp_listener *listener = tcp_resolve_listener(tcp, handle);
    struct tcp_connection *c;

    if (listener == NULL)
        return -EINVAL;
    if (listener->held.count == 0)
        return -EAGAIN;
    c = tcp_resolve(tcp, listener->held.first);
    tcp_leave_listener(tcp, c);
    tcp_list_add(tcp, &listener->half_open, c);
    c->flags |= TCP_IN_HALF_OPEN;
    *held = (struct baro_held){ .id = tcp_handle(tcp, c).value, .local = c->local, .remote = c->remote };
    return 0;
}

/* The SYN as an IP packet, in memory that lives until the queue of intents is empty. */
static struct baro_bytes quote(struct tcp *tcp, const struct tcp_connection *c)
{
    const struct tcp_header header = { .source_port = c->remote.port.number,
                                       .destination_port = c->local.port.number,
                                       .seq = c->rcv.irs.value,
                                       .data_offset = 5 << 4,
                                       .flags = TCP_FLAG_SYN,
                                       .window = (uint16_t)c->snd.wnd };
    unsigned ip;
    uint8_t *at;

    if (tcp->core->intents.count == 0)
        tcp->quotes = 0;
    if (tcp->quotes == TCP_QUOTES)
        return (struct baro_bytes){ NULL, 0 };
    at = tcp->quote[tcp->quotes++];
    ip = ip_quote_write(at, c->remote.address, c->local.address, IP_PROTOCOL_TCP, tcp_header_SIZE);
    tcp_header_write(&header, at + ip);
    return (struct baro_bytes){ at, ip + tcp_header_SIZE };
}

static void unreachable(struct tcp *tcp, struct tcp_connection *c, enum icmp_meaning meaning)
{
    const struct icmp_kind kind = icmp_unreachable(c->remote.address.family, meaning);
    struct baro_bytes packet = quote(tcp, c);
    struct intent *intent = packet.data == NULL ? NULL : intent_add(&tcp->core->intents, INTENT_ICMP_ERROR);

    if (intent == NULL) { /* a refusal is the second best answer */
        tcp_send_reset(tcp, c);
        return;
    }
    intent->borrowed = packet;
    intent->as.icmp = (struct intent_icmp){ .destination = c->remote.address, .type = kind.type, .code = kind.code };
}

int tcp_hold_answer(struct tcp *tcp, uint64_t id, enum baro_hold_verdict verdict)
{
    struct tcp_connection *c = tcp_resolve(tcp, (struct handle){ id });

    if (c == NULL || (c->flags & TCP_HELD) == 0 || (c->flags & TCP_CLOSED_DONE) != 0)
        return -ENOENT;
    switch (verdict) {
    case BARO_HOLD_ACCEPT:
        c->flags &= ~(uint32_t)TCP_HELD;
        tcp_timer_cancel(tcp, c, TCP_TIMER_USER_TIMEOUT);
        tcp_want_output(tcp, c);
        return 0;
    case BARO_HOLD_REFUSE:
        tcp_send_reset(tcp, c);
        break;
    case BARO_HOLD_HOST_UNREACHABLE:
        unreachable(tcp, c, ICMP_MEANS_HOST_UNREACHABLE);
        break;
    case BARO_HOLD_NET_UNREACHABLE:
        unreachable(tcp, c, ICMP_MEANS_NET_UNREACHABLE);
        break;
    case BARO_HOLD_PROHIBITED:
        unreachable(tcp, c, ICMP_MEANS_PROHIBITED);
        break;
    case BARO_HOLD_DROP:
        break;
    }
    tcp_finish(tcp, c, 0);
    tcp_reap(tcp, c);
    return 0;
}
