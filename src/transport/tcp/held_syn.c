/* transport/tcp/held_syn.c: SYNs that are answered when somebody says how.
 *
 * A gateway must not say "connected" before it is. A listener with hold_syn keeps the SYN as a half-open
 * record that sends nothing (the peer's repetitions are not heard) until the answer: SYN+ACK, RST, an ICMP
 * error that quotes the SYN as we understood it (its header is written anew, the data behind is not kept), or
 * silence. After 180 s without an answer it is silence. */
#include "transport/tcp/parts.h"

#include "codec/icmp.h"
#include "codec/ip_protocol.h"
#include "codec/ip_quote.h"

int tcp_hold_next(struct tcp *tcp, struct handle handle, struct baro_held *held)
{
    struct tcp_listener *listener = tcp_resolve_listener(tcp, handle);
    struct tcp_half_open *record;

    if (listener == NULL)
        return -EINVAL;
    if (listener->held.count == 0)
        return -EAGAIN;
    record = listener->held.first;
    tcp_half_open_told(tcp, record);
    *held = (struct baro_held){ .id = tcp_half_open_handle(tcp, record).value, .local = record->local,
                                .remote = record->remote };
    return 0;
}

/* The SYN as an IP packet, in memory that lives until the queue of intents is empty. */
static struct baro_bytes quote(struct tcp *tcp, const struct tcp_half_open *record)
{
    const struct tcp_header header = { .source_port = record->remote.port.number,
                                       .destination_port = record->local.port.number,
                                       .seq = record->irs.value,
                                       .data_offset = 5 << 4,
                                       .flags = TCP_FLAG_SYN,
                                       .window = record->peer_window };
    unsigned ip;
    uint8_t *at;

    if (tcp->core->intents.count == 0)
        tcp->quotes = 0;
    if (tcp->quotes == TCP_QUOTES)
        return (struct baro_bytes){ NULL, 0 };
    at = tcp->quote[tcp->quotes++];
    ip = ip_quote_write(at, record->remote.address, record->local.address, IP_PROTOCOL_TCP, tcp_header_SIZE);
    tcp_header_write(&header, at + ip);
    return (struct baro_bytes){ at, ip + tcp_header_SIZE };
}

static void unreachable(struct tcp *tcp, struct tcp_half_open *record, enum icmp_meaning meaning)
{
    const struct icmp_kind kind = icmp_unreachable(record->remote.address.family, meaning);
    struct baro_bytes packet = quote(tcp, record);
    struct intent *intent = packet.data == NULL ? NULL : intent_add(&tcp->core->intents, INTENT_ICMP_ERROR);

    if (intent == NULL) { /* a refusal is the second best answer */
        tcp_send_half_open_reset(tcp, record);
        return;
    }
    intent->borrowed = packet;
    intent->as.icmp =
        (struct intent_icmp){ .destination = record->remote.address, .type = kind.type, .code = kind.code };
}

int tcp_hold_answer(struct tcp *tcp, uint64_t id, enum baro_hold_verdict verdict)
{
    struct tcp_half_open *record = tcp_resolve_half_open(tcp, (struct handle){ id });

    if (record == NULL || (record->flags & HALF_OPEN_HELD) == 0)
        return -ENOENT;
    switch (verdict) {
    case BARO_HOLD_ACCEPT:
        tcp_half_open_answer(tcp, record);
        return 0;
    case BARO_HOLD_REFUSE:
        tcp_send_half_open_reset(tcp, record);
        break;
    case BARO_HOLD_HOST_UNREACHABLE:
        unreachable(tcp, record, ICMP_MEANS_HOST_UNREACHABLE);
        break;
    case BARO_HOLD_NET_UNREACHABLE:
        unreachable(tcp, record, ICMP_MEANS_NET_UNREACHABLE);
        break;
    case BARO_HOLD_PROHIBITED:
        unreachable(tcp, record, ICMP_MEANS_PROHIBITED);
        break;
    case BARO_HOLD_DROP:
        break;
    }
    tcp_half_open_end(tcp, record);
    return 0;
}
